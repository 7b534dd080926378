"""npnet predict: answers with bars and as JSON, of files, folders and patterns."""
import json
import re

import pytest
from colours import COLOURS, picture, width

import npnet
from npnet.cli import main
from npnet.diagnose import layers_of
from npnet.weights import save_checkpoint, trained

pytestmark = pytest.mark.usefixtures("here")


def test_predict(runs, capsys, tmp_path):
    paths = [picture(colour, tmp_path / f"{colour}.png") for colour in COLOURS]
    assert main(["predict", "--weights", str(runs / "a"), *paths]) == 0
    said = capsys.readouterr().out

    sentence = " ".join(said.split())                           # folded where the path of the folder ends
    assert "knows 3 classes: red, green, blue." in sentence and "still one of these names" in sentence
    answers = re.findall(r"\n(\S+)\.png\n  (\w+) +([\d.]+) %  (█+)", said)
    assert [answer[1] for answer in answers] == list(COLOURS) and [answer[0].split("/")[-1] for answer in answers] == list(COLOURS)
    assert max(len(line) for line in said.splitlines() if ".png" not in line) < 80


def test_predict_as_json_and_drawn(runs, capsys, tmp_path):
    path = picture("blue", tmp_path / "blue.png")
    assert main(["predict", path, "--weights", str(runs / "a"), "--weights", str(runs / "b"), "--json", "--ten-crop", "--save", "said.png"]) == 0
    answer = json.loads(capsys.readouterr().out)

    assert answer["picture"] == path and answer["answers"][0]["class"] == "blue" and answer["answers"][0]["number"] == 2
    assert sum(one["probability"] for one in answer["answers"]) == pytest.approx(1, abs=1e-5)
    assert width("said.png") > 300


def test_a_network_with_layers_of_ones_own(runs, capsys, here):
    """predict and evaluate: the file that defines them is run where --layers names it, and only there."""
    (here / "mine.py").write_text("from npnet import ReLU\n\n\nclass MyReLU(ReLU):\n    pass\n")
    known = trained(runs / "a")
    net = npnet.replace(known.net, npnet.ReLU, layers_of("mine.py")["MyReLU"])
    save_checkpoint("mine.npz", net, npnet.SGD(0.1), known.pipeline, {"settings": known.settings})
    path = picture("green", "green.png")
    for words, said in ((["predict", path, "--weights", "mine.npz"], "green.png\n  green "),
                        (["evaluate", "mine.npz", "--workers", "0"], "100.00 % of 15 pictures right")):
        assert main(words) == 2
        assert "MyReLU" in capsys.readouterr().err
        assert main([*words, "--layers", "mine.py"]) == 0
        assert said in capsys.readouterr().out
    assert main(["predict", path, "--layers", "mine.py"]) == 2
    assert "--layers is for --weights" in capsys.readouterr().err


def test_the_picture_itself_is_not_drawn_over(runs, capsys, tmp_path):
    path = picture("red", tmp_path / "red.png")
    before = (tmp_path / "red.png").read_bytes()

    assert main(["predict", path, "--weights", str(runs / "a"), "--save", path]) == 2
    assert "red.png is one of the pictures that are read here; choose another place" in capsys.readouterr().err
    assert (tmp_path / "red.png").read_bytes() == before


def test_one_bad_picture_among_several(runs, capsys, tmp_path):
    good = picture("red", tmp_path / "red.png")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")

    assert main(["predict", str(tmp_path / "bad.jpg"), good, "--weights", str(runs / "a")]) == 2
    said = capsys.readouterr().out
    assert "bad.jpg" in said and re.search(r"red +\d", said)


def test_a_folder_and_a_pattern_stand_for_their_pictures(runs, capsys, here):
    """In the order of their names; a pattern is one that the shell did not expand."""
    (here / "album").mkdir()
    for colour in ("green", "red", "blue"):
        picture(colour, here / "album" / f"{colour}.png")
    (here / "album" / "notes.txt").write_text("not a picture")
    asked = lambda *words: main(["predict", "--weights", str(runs / "a"), "--json", *words])    # noqa: E731

    assert asked("album") == 0
    said = [json.loads(line)["picture"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["album/blue.png", "album/green.png", "album/red.png"]
    assert asked("album/*e*.png", "album/red.png") == 0
    said = [json.loads(line)["picture"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["album/blue.png", "album/green.png", "album/red.png", "album/red.png"]


@pytest.mark.parametrize("word, message", [("*.jpg", "no file matches the pattern *.jpg"), (".", ". has no picture in it: no name that ends in .jpg, ")])
def test_nothing_to_predict(runs, word, message, capsys):
    assert main(["predict", "--weights", str(runs / "a"), word]) == 2
    assert message in capsys.readouterr().err


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(runs, capsys, here):
    picture("red", here / "red[1].png")
    assert main(["predict", "--weights", str(runs / "a"), "red[1].png"]) == 0
    assert "red[1].png" in capsys.readouterr().out
