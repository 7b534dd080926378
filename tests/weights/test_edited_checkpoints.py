"""Checkpoints that were edited by hand, or put together: each has one sentence, and nothing of them is used."""
import json
import zipfile

import numpy as np
import pytest

import npnet
from npnet.data import Pictures
from npnet.data.fingerprints import identity
from npnet.train import train
from npnet.weights import checkpoint as room
from npnet.weights import read_checkpoint, save_checkpoint

ROW = {"epoch": 1, "steps": 3, "lr": 0.1, "train_loss": 1.0, "train_top1": 0.5, "loss": None, "top1": None, "top5": None,
       "seconds": 1.0, "waiting": 0.0}
RUN = {"rows": [ROW], "sums": {"batches": 0, "pictures": 0, "loss": 0.0, "right": 0, "seconds": 0.0, "waiting": 0.0},
       "best": None, "waited": 0, "chooses": True, "remarks": [], "stopped": ""}


@pytest.fixture(autouse=True)
def no_compiler():
    npnet.use("numpy")


@pytest.fixture
def pictures():
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    return identity(Pictures(images, np.arange(6) % 2, ("a", "b")))


@pytest.fixture
def path(tmp_path, pictures):
    """A checkpoint of a run after an epoch of three steps."""
    net, optimizer = npnet.Network((3, 8, 8), flatten=npnet.Flatten(), fc=npnet.Dense(2)), npnet.SGD(0.1)
    x = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    losses = [step.loss for step in train(net, optimizer, [(x, np.arange(4) % 2)] * 3)]
    save_checkpoint(tmp_path / "a.npz", net, optimizer, None, RUN, losses, [0.1] * 3, {"training": pictures})
    return tmp_path / "a.npz"


def edited(path, change=lambda arrays: None, about=lambda about: None):
    """Changes the arrays of a checkpoint, and the data in training/about."""
    with np.load(path) as file:
        arrays = dict(file)
    data = json.loads(str(arrays["training/about"]))
    about(data)
    arrays["training/about"] = np.array(json.dumps(data))
    change(arrays)
    np.savez(path, **arrays)


def put(name, value):
    return lambda data: data.update({name: value})


def test_as_it_is_it_is_read(path, pictures):
    edited(path)
    checkpoint = read_checkpoint(path)
    assert checkpoint.identity["training"].digest == pictures.digest and checkpoint.rates.tolist() == [0.1] * 3


@pytest.mark.parametrize("change, said", [
    (lambda arrays: arrays["velocity/fc.w"].fill(np.nan), "velocity/fc.w holds NaN or infinity"),
    (put("velocity/fc.w", np.zeros((3, 3), np.float32)), r"velocity/fc.w is float32 \(3, 3\), and its array \(192, 2\)"),
    (put("velocity/fc.b", np.array(["a", "b"])), "velocity/fc.b is <U1"),
    (put("velocity/other", np.zeros(2, np.float32)), "its array is missing"),
    (lambda arrays: arrays.pop("velocity/fc.b"), "velocity/fc.b is missing after 3 steps"),
    (put("training/losses", np.zeros(2)), "it has 2 losses and 3 rates of 3 steps"),
    (put("training/losses", np.zeros((3, 1))), "training/losses must be a row of float64"),
    (put("training/rates", np.zeros(5)), "it has 3 losses and 5 rates of 3 steps"),
    (lambda arrays: arrays["pictures/training/prints"].__setitem__((0, 0), 255 - arrays["pictures/training/prints"][0, 0]),
     "the fingerprints of the training pictures are not those of its digest"),
])
def test_arrays_that_do_not_fit(path, change, said):
    edited(path, change)
    with pytest.raises(ValueError, match=said) as caught:
        read_checkpoint(path)
    assert "a.npz" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("about, said", [
    (put("rows", [{**ROW, "seconds": "long"}]), "rows 0: seconds must be a finite number, got 'long'"),
    (put("rows", [{name: value for name, value in ROW.items() if name != "lr"}]), "has no lr"),
    (put("rows", [{**ROW, "loss": float("nan")}]), "training/about holds NaN"),
    (put("rows", None), "rows must be a list, got None"),
    (put("rows", [{**ROW, "epoch": 2}]), "its rows are not those of the epochs 1, 2, 3"),
    (put("best", {"epoch": 1}), "best has no steps|best: steps"),
    (put("remarks", "none"), "remarks must be a list"),
    (put("optimizer", None), "describes no optimizer that npnet could make"),
    (put("pictures", {"training": "0" * 32}), "are not those of its digest"),
])
def test_data_that_cannot_be_right(path, about, said):
    edited(path, about=about)
    with pytest.raises(ValueError, match=said) as caught:
        read_checkpoint(path)
    assert "a.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_of_very_many_pictures_the_digest_alone_is_kept(path, pictures, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "MANY", 5)
    checkpoint = read_checkpoint(path)
    save_checkpoint(tmp_path / "b.npz", checkpoint.network(), checkpoint.optimizer(), None, RUN, checkpoint.losses,
                    checkpoint.rates, {"training": pictures})
    assert read_checkpoint(tmp_path / "b.npz").identity == {"training": pictures.digest}


# ---------------------------------------------------------------------------- what damaged files have shown

def member_changed(path, name, change):
    """Writes the .npz anew with other bytes in one member."""
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(member, content)


@pytest.mark.parametrize("name, change", [
    ("architecture.npy", lambda content: content[:128] + b"\0\0\x11\0" + content[132:]),            # a letter that there is not
    ("fc.b.npy", lambda content: content.replace(b"(2,)", b"((2,"))])                                # no end for a tokenizer
def test_texts_and_headers_that_are_none(path, name, change):
    member_changed(path, name, change)
    with pytest.raises(ValueError, match="a.npz is damaged, or is not a network that npnet saved$"):
        npnet.load(path)


@pytest.mark.parametrize("value, words", [({}, "layer conv has an argument of a wrong type$"), ("a\n", r"layer conv has an argument")])
def test_arguments_of_a_wrong_type(tmp_path, value, words):
    npnet.Network((4, 8, 8), conv=npnet.Conv2D(4, 3)).save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    architecture = json.loads(str(arrays["architecture"]))
    architecture["layers"][0][2]["groups"] = value
    np.savez(tmp_path / "a.npz", **{**arrays, "architecture": np.array(json.dumps(architecture))})
    with pytest.raises(ValueError, match=words) as caught:
        npnet.load(tmp_path / "a.npz")
    assert str(caught.value).isprintable()


def test_a_name_that_fills_the_screen(tmp_path, path):
    with np.load(path) as file:
        np.savez(tmp_path / "b.npz", **file, **{"x" * 5000: np.zeros(3)})
    with pytest.raises(ValueError, match=r"b.npz holds no network that npnet could build: it has an array x*\.\.\.$"):
        npnet.load(tmp_path / "b.npz")
