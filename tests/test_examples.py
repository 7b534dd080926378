"""The examples run as scripts, as a student runs them, and print what they promise."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shaped import alexnet_shaped

import npnet
from npnet.data import read_picture, sample_picture
from npnet.files.fetch import facts_of
from npnet.weights import fetching, trained
from npnet.weights.readers import compression

ROOT = Path(npnet.__file__).parents[1]
WALK = ROOT / "examples" / "alexnet_forward.py"
PICTURES = ["00-input", "01-conv1-filters", "02-conv1", "03-norm1", "04-pool1", "05-conv2", "06-norm2", "07-pool2",
            "08-conv3", "09-conv4", "10-conv5", "11-pool5", "12-classes", "13-gradients"]


def run(text, folder, home=None):
    """What the script prints, run in a folder of its own with warnings as errors. home: NPNET_HOME, if not the user's."""
    (folder / "script.py").write_text(text, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment |= {"NPNET_HOME": str(home)} if home else {}
    done = subprocess.run([sys.executable, "-W", "error", "script.py"], cwd=folder, env=environment, text=True,
                          encoding="utf-8", capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def set_to(text, **settings):
    """The script with other settings in its first cell."""
    for name, value in settings.items():
        text, count = re.subn(rf"^{name} = \S+", f"{name} = {value!r}", text, flags=re.MULTILINE)
        assert count == 1, name
    return text


@pytest.mark.long
def test_training_on_shapes(tmp_path):
    text = (ROOT / "examples" / "train_shapes.py").read_text("utf-8").replace("EPOCHS, BATCH, RATE = 3, 32, 0.02", "EPOCHS, BATCH, RATE = 1, 32, 0.02")
    assert 'dataset("shapes")' in text
    out = run(text.replace('dataset("shapes")', 'dataset("shapes", train=320, test=100)'), tmp_path)

    assert re.fullmatch(r"step    0  loss 2\.\d+  +\d+ % right\nepoch 1: [\d.]+ % of 100 test pictures right\n", out)
    assert npnet.load(tmp_path / "trained_on_shapes.npz").shapes["fc7"] == (10,)


@pytest.mark.long
def test_training_on_cifar(tmp_path):
    random = np.random.default_rng(0)
    pictures, labels = random.integers(0, 256, (600, 32, 32, 3), np.uint8), np.arange(600) % 10
    np.savez(tmp_path / "my.npz", train_x=pictures[:500], train_y=labels[:500], test_x=pictures[500:], test_y=labels[500:])
    text = (ROOT / "examples" / "train_cifar.py").read_text("utf-8")
    out = run(text.replace("parser.parse_args()", 'parser.parse_args(["my.npz", "--epochs", "1", "--steps", "2", "--validation", "20"])'), tmp_path)

    assert re.fullmatch(r"epoch 1: [\d.]+ % of the validation pictures right, loss [\d.]+, \d+ s\n"
                        r"test: [\d.]+ % right, [\d.]+ % in the best five\n", out)


@pytest.mark.long
@pytest.mark.reference
def test_transfer_to_flowers(tmp_path, reference):
    text = (ROOT / "examples" / "transfer_flowers.py").read_text("utf-8")
    words = [str(reference / "alexnet_conv" / "alexnet_conv_float.npz"), str(reference / "flowers17_128.npz"), "--splits", "1", "--limit", "6"]
    out = run(text.replace("parser.parse_args()", f"parser.parse_args({words})"), tmp_path)
    right = {name: float(share) for name, share in re.findall(r"^(\w+) +([\d.]+) % right", out, re.MULTILINE)}

    assert right["trained"] > 50 and right["trained"] > right["shuffled"] + 10 and set(right) == {"trained", "shuffled", "pixels"}


@pytest.mark.long
@pytest.mark.reference
def test_reading_a_model_of_caffe_s(tmp_path, reference):
    text = (ROOT / "examples" / "read_caffe_model.py").read_text("utf-8")
    folder = reference / "caffe_cifar10"
    words = [str(folder / "cifar10_full_iter_70000.caffemodel"), str(folder / "cifar10_full.prototxt"), str(folder / "mean.binaryproto"),
             "--data", str(reference / "cifar10_lossless_4000_1000.npz"), "--limit", "200"]
    out = run(text.replace("parser.parse_args()", f"parser.parse_args({words})"), tmp_path)
    right = {name.strip(): float(share) for name, share in re.findall(r"^(.{22}) *([\d.]+) %   \w+, \d+ %$", out, re.MULTILINE)}

    assert "8 of 8 arrays" in out and "minus the mean picture" in out and (tmp_path / "read_caffe_model.png").exists()
    assert right.pop("as in training") > 80 and len(right) == 4 and max(right.values()) < 80
    assert right["numbers from 0 to 1"] < 20 and out.endswith(", 100 %\n")


@pytest.mark.long
def test_the_ladder(tmp_path):
    """Six rungs that agree, each with a time and a rate; the times are whatever they are."""
    pytest.importorskip("numba", reason="the ladder needs numba")
    text = (ROOT / "examples" / "compare_backends.py").read_text("utf-8").replace("ROUNDS, CALLS = 5, 3", "ROUNDS, CALLS = 1, 1")
    assert "ROUNDS, CALLS = 1, 1" in text
    out = run(text.replace("parser.parse_args()", 'parser.parse_args(["--save", "ladder.png"])'), tmp_path)
    rungs = re.findall(r"^(\d) (.{31}) +([\d,.]+) +([\d.]+)(?: +([\d.]+))? +(\de-\d\d)$", out, re.MULTILINE)

    assert [rung[0] for rung in rungs] == list("123456")
    assert [bool(rung[4]) for rung in rungs] == [False] + 5 * [True]
    assert all(float(rung[5]) < 1e-6 for rung in rungs[:5]) and float(rungs[5][5]) < 1e-5
    assert max(map(len, out.split("\n"))) <= 80
    with Image.open(tmp_path / "ladder.png") as picture:
        assert min(picture.size) > 300 and np.asarray(picture.convert("L")).std() > 5


def tiny(name, **settings):
    """An example with other settings, each a line of its text that stands there once."""
    text = (ROOT / "examples" / f"{name}.py").read_text("utf-8")
    for old, new in settings.values():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.long
def test_filters_and_feature_maps(tmp_path):
    out = run((ROOT / "examples" / "feature_maps.py").read_text("utf-8"), tmp_path)
    assert out.count(": agree") == 3 and "DIFFER" not in out
    assert re.findall(r"^conv(\d): +\d+ maps", out, re.MULTILINE) == list("12345")
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == [
        "conv1-filters.png", "conv1-maps.png", "conv5-maps.png", "input.png"]


@pytest.mark.long
def test_a_layer_of_your_own(tmp_path):
    out = run(tiny("own_layer", sizes=("TRAIN, TEST, EPOCHS = 1000, 200, 3", "TRAIN, TEST, EPOCHS = 50, 50, 1")), tmp_path)
    assert "gradient check FAILED: x is wrong" in out and "where x > 0; forward's slope elsewhere is" in out
    assert "LearntSlope()\ngradient check passed" in out and out.endswith("LearntSlope()\n")
    assert (tmp_path / "own_layer.png").stat().st_size > 1000


@pytest.mark.long
def test_relu_against_tanh(tmp_path):
    text = tiny("relu_against_tanh", sizes=("EPOCHS, BATCH = 2000, 500, 10, 25", "EPOCHS, BATCH = 100, 50, 1, 25"),
                rates=("(0.001, 0.003, 0.01, 0.03)", "(0.003, 0.01)"))
    out = run(text, tmp_path)
    assert len(re.findall(r"^(?:ReLU|Tanh) +0\.[\d]+ +never +[\d.]+ % +[\d.]+ %$", out, re.MULTILINE)) == 4
    assert "In 1 epochs not both came to 25 %" in out and (tmp_path / "relu_against_tanh.png").exists()


@pytest.mark.long
def test_lrn_on_and_off(tmp_path):
    text = tiny("lrn_on_and_off", sizes=("EPOCHS, BATCH, RATE = 2000, 1000, 6, 25, 0.01", "EPOCHS, BATCH, RATE = 100, 50, 1, 25, 0.01"),
                seeds=("SEEDS = (0, 1, 2)", "SEEDS = (0, 1)"))
    out = run(text, tmp_path)
    assert len(re.findall(r"^seed \d: .*; norm1 multiplied by 0\.\d{3} to 0\.59\d$", out, re.MULTILINE)) == 2
    assert len(re.findall(r"^LRN against .* the (?:same sign|sign changes)", out, re.MULTILINE)) == 2
    assert "2^-0.75 = 0.595" in out and (tmp_path / "lrn_on_and_off.png").exists()


def promised():
    """The lines about conv2 that README.md shows of what the walk prints."""
    shown = re.findall(r"^```text\n(conv2 .*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    return shown[0]


def check_walk(out, layers):
    """Every layer is told about, and its number by hand agrees; so do the two at the end."""
    told = re.findall(r"^(\w+) +[A-Z]\w+\(.*\)\n.* -> .*\n.* zeros\nby hand  .*: agree$", out, re.MULTILINE)
    assert told == layers
    assert out.count("by hand") == out.count(": agree") == len(layers) + 2 and "DIFFER" not in out
    assert max(map(len, out.split("\n"))) <= 80


def check_pictures(folder):
    assert sorted(path.stem for path in folder.glob("*.png")) == PICTURES
    for path in folder.iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 200 and np.asarray(picture.convert("L")).std() > 5, path


def test_the_walk_as_it_is(tmp_path):
    out = run(WALK.read_text("utf-8"), tmp_path, tmp_path / "home")
    assert out.startswith("The weights are random: the answers mean nothing yet.\nnpnet weights get alexnet fetches real ones")
    check_walk(out, list(npnet.MODELS["krizhevsky2012"]()[1]))
    assert "60,965,224 parameters, 724,406,816 multiply-adds" in out
    assert promised() in out
    assert len(re.findall(r"%  class \d+$", out, re.MULTILINE)) == 5
    lengths = re.findall(r"^(\w+) +[\d.e-]+", out[out.index("The way back"):], re.MULTILINE)
    assert lengths == list(npnet.MODELS["krizhevsky2012"]()[1])[::-1]
    check_pictures(tmp_path / "walk")


@pytest.mark.long
def test_the_walk_of_a_fetched_alexnet(tmp_path):
    """A file in AlexNet's shape, with a fortieth of its weights, random, and the names of the classes."""
    file = fetching.entry("alexnet").file
    weights, names = tmp_path / "home" / "weights" / "alexnet" / file, tmp_path / "home" / "weights" / "ilsvrc12"
    weights.parent.mkdir(parents=True)
    compression.write(weights, alexnet_shaped())
    (weights.parent / "contents.json").write_text(json.dumps({"files": {file: facts_of(weights)}}))
    names.mkdir()
    (names / "synset_words.txt").write_text("".join(f"n{k:08} thing {k}, other word\n" for k in range(1000)))
    out = run(WALK.read_text("utf-8"), tmp_path, tmp_path / "home")
    assert out.startswith("The weights are real: alexnet, which npnet weights get has fetched. They belong\nto the version caffe: ")
    assert "random" not in out and "alexnet: 23 layers, 60,965,224 parameters, 724,406,816 multiply-adds" in out
    check_walk(out, list(npnet.MODELS["caffe"]()[1]))
    assert "x / (1 + 2e-05 * " in out and "LRN(convention='caffe')" in out
    assert len(re.findall(r"%  thing \d+, other word$", out, re.MULTILINE)) == 5
    check_pictures(tmp_path / "walk")
    known = trained(weights, net="caffe")
    square = known.pipeline.test(read_picture(sample_picture()))
    assert f"numbers from {square.min():.1f} to {square.max():.1f}" in out          # blue first, minus Caffe's mean


@pytest.mark.long
def test_the_walk_with_other_settings(tmp_path):
    Image.effect_noise((300, 240), 90).save(tmp_path / "noise.png")
    npnet.model("half_tower", classes=7, seed=1).save(tmp_path / "half.npz")
    (tmp_path / "names.txt").write_text("\n".join(f"kött {m}" for m in range(7)), "utf-8")
    settings = {"PHOTO": "noise.png", "WEIGHTS": "half.npz", "CLASS_NAMES": "names.txt", "FOLDER": "here/and there"}
    out = run(set_to(WALK.read_text("utf-8"), **settings), tmp_path)
    assert "random" not in out
    check_walk(out, list(npnet.MODELS["half_tower"]()[1]))
    assert "A photograph of 300 x 240 pixels" in out and "kött" in out
    check_pictures(tmp_path / "here" / "and there")


def test_the_walk_is_flat():
    """A debugger walks it: no argparse, no main, the backend whose functions are the chapters'."""
    text = WALK.read_text("utf-8")
    first = text.split("\n# %%")[1]
    assert 'npnet.use("numpy")' in first and all(f"\n{name} = " in first for name in (
        "PHOTO", "NET", "WEIGHTS", "FOLDER", "CLASS_NAMES"))
    assert not re.search(r"argparse|__main__|__file__|explain\.(walk|terminal)|cli", text)
    for name in npnet.MODELS["krizhevsky2012"]()[1]:
        assert f'x = net["{name}"].forward(x)' in text


@pytest.mark.long
@pytest.mark.parametrize("version", ["torchvision", *(pytest.param(name, marks=pytest.mark.further) for name in ("batchnorm", "pool_first"))])
def test_walk_of_another_network_is_refused_at_once(tmp_path, version):
    (tmp_path / "script.py").write_text(set_to(WALK.read_text("utf-8"), NET=version), "utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          text=True, capture_output=True)

    assert done.returncode == 1
    assert done.stderr == ("This page is written for the layers of krizhevsky2012; for other networks: "
                           "npnet explain --net NAME\n")


@pytest.mark.long
def test_saliency_and_occlusion(tmp_path):
    """The page's own arithmetic agrees with npnet.explain's (it asserts so), and says what a test can repeat."""
    text = (ROOT / "examples" / "saliency.py").read_text("utf-8")
    out = run(text.replace("parser.parse_args()", "parser.parse_args([])"), tmp_path)

    assert re.match(r"cifar_alexnet: \w+, [\d.]+%\nsaliency: most sensitive at row \d+, column \d+ of 32 x 32", out)
    assert "occlusion: 81 squares of 6 x 6; the logit, " in out and (tmp_path / "saliency.png").stat().st_size > 10_000


@pytest.mark.parametrize("name, words, sentence", [
    ("saliency", ["--weights", "nosuch"], "there is no file nosuch"), ("saliency", ["nosuch.jpg"], "there is no file nosuch.jpg"),
    ("read_caffe_model", ["nosuch.caffemodel", "a.prototxt", "b.binaryproto"], "nosuch.caffemodel"),
    ("read_caffe_model", ["bad", "bad", "bad"], "bad"), ("same_class", ["nosuch.npz"], "nosuch.npz"),
    ("transfer_flowers", ["weights.npz", "nosuch.npz"], "weights.npz must hold conv1_w (96, 3, 11, 11), "),
    ("transfer_flowers", ["bad", "nosuch.npz"], "bad"), ("compress", ["nosuch.npz"], "nosuch.npz")])
def test_an_example_that_is_given_wrong_files_says_so_in_one_line(name, words, sentence, tmp_path):
    np.savez(tmp_path / "weights.npz", conv1_w=np.zeros((2, 3, 5, 5), np.float32))
    (tmp_path / "bad").write_bytes(b"\0bad" * 10)
    done = subprocess.run([sys.executable, ROOT / "examples" / f"{name}.py", *words], cwd=tmp_path, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=300)
    assert done.returncode == 1 and sentence in done.stderr and done.stderr.count("\n") == 1, done.stderr
