"""npnet explain, as it is typed."""
import os
import re

import numpy as np
import pytest

import npnet
from npnet import Conv2D, Dense, Flatten, Network, network
from npnet.cli import explain as command
from npnet.cli import main
from npnet.diagnose import layers_of
from npnet.explain import terminal
from npnet.weights import Trained
from npnet.weights.readers.arrays import write_npz
from npnet.weights.prepared import pipeline_for

MINE = """
from npnet import ReLU

class MyReLU(ReLU):
    pass
"""


@pytest.fixture(autouse=True)
def nothing_fetched(monkeypatch):
    """What this computer's user has fetched changes no test."""
    monkeypatch.setattr(command, "located", lambda name: None)


def headings(text):
    return re.findall(r"^\[ ?\d+/\d+\] (\w+)", text, re.M)


def small(**layers):
    return Network((3, 9, 9), conv1=Conv2D(4, 3, init="torch"), **layers, flatten=Flatten(), fc2=Dense(5, init="torch"))


def test_everything_is_printed_where_nobody_sits(capsys):
    assert main(["explain", "--net", "lenet5", "--backward", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "Enter next" not in out and all(len(line) <= 80 for line in out.split("\n"))
    assert out.split("\n")[:5] == [
        "grace_hopper.jpg, 512 x 600 pixels, through lenet5", "The weights are random: the answers mean nothing yet.",
        "npnet weights list says which real ones there are.", "input 1x28x28: grey, 0 to 1",
        "1,249,560 multiply-adds in both directions, less than a second with numpy"]
    assert headings(out) == list(npnet.model("lenet5").layers)
    assert out.count("they agree") == 12 and "DIFFER" not in out
    assert "The five best classes" in out and "One backward pass" in out


@pytest.mark.parametrize("columns", [40, 80])
def test_the_head_is_folded_once(columns, capsys, monkeypatch):
    """No line is too long, and none ends where the first word of the next one had room."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["explain", "--net", "cifar_alexnet", "--layer", "conv1", "--backend", "numpy"]) == 0
    head = capsys.readouterr().out.partition("\n\n")[0].split("\n")
    assert all(len(line) <= columns for line in head)
    for line, after in zip(head, head[1:]):
        assert not after.startswith("  ") or len(line) + 1 + len(after.split()[0]) > columns - 1, (line, after)


def test_one_layer(capsys):
    assert main(["explain", "--net", "cifar_four_layer", "--layer", "norm1"]) == 0
    out = capsys.readouterr().out
    assert headings(out) == ["norm1"] and "multiply-adds up to norm1" in out and "best classes" not in out
    assert main(["explain", "--net", "lenet5", "--layer", "fc4", "--backward"]) == 0
    out = capsys.readouterr().out
    assert headings(out) == ["fc4"] and "One backward pass" in out


def test_weights_and_names(capsys, tmp_path):
    net = npnet.model("lenet5", classes=3)
    net["fc5"].b[...] = (0, 9, 0)
    net.save(tmp_path / "digits.npz")
    (tmp_path / "names.txt").write_text("n01440764 one\n\ntwo\r\nthree\n", "utf-8-sig")
    words = ["explain", "--weights", str(tmp_path / "digits.npz"), "--names", str(tmp_path / "names.txt")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "random" not in out and "mean nothing" not in out
    assert "input 1x28x28: grey, 0 to 1\n" in out                           # recognised: no --net is needed
    assert re.search(r"The classes\n *\d+\.\d %  #+ +1  two\n", out) and re.search(r" 0  one\n", out)
    assert main([*words, "--net", "caffe_lenet"]) == 0
    assert "grey, 0 to 255, over 256" in capsys.readouterr().out


def test_a_fetched_alexnet_is_explained_without_being_asked_for(capsys, monkeypatch):
    """And said to be; --net and --classes ask for random weights."""
    asked, net = [], npnet.model("lenet5", seed=1)
    def trained(*words, **options):
        asked.append(words)
        return Trained(words[0], net, pipeline_for("lenet5", net.input_shape), tuple(f"tench {k}, fish" for k in range(10)), {"format": "a file"})
    monkeypatch.setattr(command, "located", lambda name: "somewhere" if name == "alexnet" else None)
    monkeypatch.setattr(command, "trained", trained)
    assert main(["explain", "--backend", "numpy", "--layer", "conv1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("grace_hopper.jpg, 512 x 600 pixels, through alexnet The weights are real: alexnet, which npnet weights get "
                           "has fetched, on the version lenet5, to which they belong. With --net krizhevsky2012 they are random. "
                           "alexnet knows 10 classes: tench 0, tench 1, ")
    assert "input 1x28x28: grey, 0 to 1 " in said and "mean nothing" not in said and asked == [("alexnet",)]
    assert main(["explain", "--net", "lenet5", "--layer", "conv1", "--backend", "numpy"]) == 0
    assert "The weights are random" in capsys.readouterr().out and len(asked) == 1


def test_any_file_of_weights(capsys, tmp_path, monkeypatch):
    """Arrays alone, under PyTorch's names: the network is found from their shapes; its options go on into a notebook."""
    monkeypatch.chdir(tmp_path)
    write_npz("digits.npz", npnet.model("lenet5", seed=1))
    (tmp_path / "names.txt").write_text("\n".join(f"digit {k}" for k in range(10)))
    words = ["explain", "--weights", "digits.npz", "--names", "names.txt", "--backend", "numpy"]
    assert main([*words, "--layer", "conv1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "through digits.npz digits.npz knows 10 classes: digit 0, digit 1" in said and "input 1x28x28: grey, 0 to 1 " in said
    assert main([*words, "--net", "lenet5", "--notebook", "walk.ipynb"]) == 0
    code = (tmp_path / "walk.ipynb").read_text()
    assert f"npnet.weights.trained('{tmp_path}/digits.npz', net='lenet5', names='{tmp_path}/names.txt')" in code
    assert main(["explain", "--weights", "digits.npz", "--net", "squeezenet1_0", "--backend", "numpy"]) == 2
    assert "digits.npz" in capsys.readouterr().err


def test_a_network_that_nobody_knows(capsys, tmp_path):
    small().save(tmp_path / "mine.npz")
    assert main(["explain", "--weights", str(tmp_path / "mine.npz")]) == 0
    assert "(a guess: --net NAME says what the network was trained as)" in capsys.readouterr().out


def test_a_network_with_layers_of_ones_own(capsys, tmp_path, monkeypatch):
    """explain and summary: the file that defines them is run where it is named, and only there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    small(mine1=layers_of("mine.py")["MyReLU"]()).save("mine.npz")
    for word in ("explain", "summary"):
        assert main([word, "--weights", "mine.npz"]) == 2
        assert "MyReLU" in capsys.readouterr().err
        assert main([word, "--weights", "mine.npz", "--layers", "mine.py"]) == 0
        assert "mine1" in capsys.readouterr().out
        assert main([word, "--layers", "mine.py"]) == 2
        assert "--layers is for --weights" in capsys.readouterr().err


@pytest.mark.parametrize("words, sentence", [
    (["missing.jpg"], "there is no file missing.jpg"),
    (["setup.txt"], "setup.txt is not a picture that can be read; use JPEG, PNG, GIF, WebP, BMP or TIFF"),
    (["--net", "lenet"], "no network is called 'lenet'; did you mean lenet5?"),
    (["--net", "lenet5", "--layer", "conv9"], "no layer is called 'conv9'; did you mean conv3, conv2, conv1?"),
    (["--net", "lenet5", "--names", "setup.txt", "--classes", "4"], "there are 2 names, but the network has 4 classes"),
    (["--weights", "missing.npz"], "there is no file missing.npz"),
    (["--weights", "mine.npz", "--net", "lenet5"], "lenet5 takes pictures of 1 channels, but this network takes"),
    (["--weights", "mine.npz", "--net", "lenet6"], "no network is called 'lenet6'; npnet has krizhevsky2012"),
    (["--weights", "mine.npz", "--classes", "4"], "mine.npz holds a whole network; leave --classes out"),
    (["--weights", "row.npz"], "pictures are prepared for square inputs, grey or in colour; this network takes (8,)"),
    (["--weights", "mine.npz", "--classes", "0"], "mine.npz holds a whole network; leave --classes out"),
    (["--weights", "run", "--classes", "7"], "run holds a whole network; leave --classes out"),
    (["--net", "lenet5", "--names", "."], ". is a folder; give a text file with the name of a class on each line"
        if os.name == "posix" else ""),
    (["--net", "lenet5", "--names", "no.txt"], "there is no file no.txt; give a text file with the name of a class"),
    (["--net", "lenet5", "--names", "mine.npz"], "mine.npz is no text file; give one with the name of a class on"),
    (["--net", "lenet5", "--names", "row.txt"], "row.txt is empty; give a text file with the name of a class on each"),
    (["."], ". is a folder; give the name of a picture in it"),
    (["--net", "lenet5", "--classes", "0"], "fc5: units must be"),
    (["--net", "lenet5", "--backend", "nimba"], "backend must be one of loops, numpy, numba, cupy, got 'nimba'"),
    (["--net", "lenet5", "--save", "setup.txt"], "setup.txt"),
])
def test_mistakes_are_one_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.txt").write_text("one\ntwo\n")
    (tmp_path / "row.txt").write_text("\n")
    small().save("mine.npz")
    Network((8,), fc=Dense(2)).save("row.npz")
    assert main(["explain", *words]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("npnet: ") and sentence in err and err.count("\n") == 1


@pytest.mark.long
def test_loops_say_what_they_will_cost(capsys):
    assert main(["explain", "--backend", "loops"]) == 2
    out, err = capsys.readouterr()
    assert re.search(r"\n724,406,816 multiply-adds, about [\d.]+ min with loops\n", out) and headings(out) == []
    assert re.fullmatch(r"npnet: all layers would take about [\d.]+ min; give --layer NAME for the first ones, --yes "
                        r"for all, or another --backend\n", err)
    assert main(["explain", "--backend", "loops", "--layer", "conv1", "--backward"]) == 2       # backward runs all
    assert main(["explain", "--net", "lenet5", "--backend", "loops"]) == 0
    assert "416,520 multiply-adds, " in capsys.readouterr().out


@pytest.mark.parametrize("answer, blocks", [("n", 0), ("", 0), (EOFError, 0), ("y", 12)])
def test_a_terminal_is_asked(answer, blocks, capsys, monkeypatch):
    def asked(question):
        assert question == "Go on? [y/N] "
        if answer is EOFError:
            raise EOFError
        return answer
    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr(command, "LONG", 0)
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setattr(command, "walk", lambda explain, backward, folder: terminal.print_all(explain))
    assert main(["explain", "--net", "lenet5"]) == 0
    assert len(headings(capsys.readouterr().out)) == blocks


@pytest.mark.parametrize("words", [["--yes"], ["--layer", "conv1"]])
def test_a_long_walk_that_was_asked_for(words, capsys, monkeypatch):
    monkeypatch.setattr(command, "LONG", 0)
    assert main(["explain", "--net", "lenet5"]) == 2
    assert main(["explain", "--net", "lenet5", *words]) == 0
    assert len(headings(capsys.readouterr().out)) == (12 if words == ["--yes"] else 1)


def test_in_a_terminal_it_walks(capsys, monkeypatch, tmp_path):
    walks = []
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setattr(command, "walk", lambda *arguments: walks.append(arguments))
    assert main(["explain", "--net", "lenet5", "--backward"]) == 0
    assert main(["explain", "--net", "lenet5", "--save", str(tmp_path / "p")]) == 0
    assert [rest for explain, *rest in walks] == [[True, "walk"], [False, str(tmp_path / "p")]]
    assert "00-input.png" in os.listdir(tmp_path / "p")                     # saved before the first key


@pytest.mark.reference
def test_a_photograph(reference, capsys):
    photo = reference / "caffe" / "cat.jpg"
    assert main(["explain", str(photo), "--net", "caffe", "--layer", "conv1", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "cat.jpg, 480 x 360 pixels, through caffe" in out and "input 3x227x227: BGR, 0 to 255" in out


def test_check_from_outside(capsys, monkeypatch):
    """NPNET_CHECK=1 and a network with a NaN in it: one sentence."""
    def damaged(name, classes, seed):
        net = npnet.model(name, classes, seed=seed)
        net["conv2"].w[0, 0, 0, 0] = np.nan
        return net
    monkeypatch.setattr(command, "model", damaged)
    assert main(["explain", "--net", "lenet5"]) == 0
    capsys.readouterr()
    monkeypatch.setattr(network, "checking", True)
    assert main(["explain", "--net", "lenet5"]) == 2
    out, err = capsys.readouterr()
    assert headings(out) == ["conv1", "tanh1", "pool1"]
    assert err.startswith("npnet: conv2: its output holds 100 of 1600 numbers that are NaN") and err.count("\n") == 1


def test_pictures_go_where_they_are_told(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "--net", "lenet5", "--layer", "conv1", "--save", "."]) == 0
    assert "3 pictures in ., 00-input.png to 01-conv1.png\n" in capsys.readouterr().out
    assert len(os.listdir(tmp_path)) == 3
