"""`npnet data`: what is printed, drawn and written, and the sentence for what is wrong."""
import os
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow")

from npnet import cli, data, plots  # noqa: E402
from npnet.cli import data as command  # noqa: E402
from npnet.data import DataSet, Pictures, catalogue  # noqa: E402
from npnet.data.catalogue import Entry, Part  # noqa: E402
from npnet.files.download import digest  # noqa: E402

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "파랑": (0, 0, 255)}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A home and a current folder of its own; 80 columns."""
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NPNET_DEBUG", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.fixture
def npnet(capfd):
    """npnet("data", "list") runs the command; returns exit code, output, errors."""
    def run(*words):
        code = cli.main(["data", *words])
        out, err = capfd.readouterr()
        assert all(len(line) <= 80 for line in out.splitlines() if "/" not in line), out
        return code, out, err
    return run


def refused(answer, message):
    code, out, err = answer
    assert code == 2 and re.search(message, err) and err.count("\n") == 1 and err.startswith("npnet: "), err


@pytest.fixture
def colours(monkeypatch):
    """data.dataset("colours"): 9 red, 6 green and 3 blue pictures to train, one of each but blue to test."""
    def pictures(*counts):
        labels = np.repeat([0, 1, 2], counts)
        values = np.array(list(COLOURS.values()), np.uint8)[labels]
        return Pictures(np.broadcast_to(values[:, None, None], (len(labels), 8, 10, 3)).copy(), labels, tuple(COLOURS))
    sets = {"colours": DataSet("colours", pictures(9, 6, 3), pictures(1, 1, 0), "made by a test"),
            "untested": DataSet("untested", pictures(2, 0, 1))}
    monkeypatch.setattr(data, "dataset", lambda name, progress: sets[name])
    return sets


@pytest.fixture
def sheets(monkeypatch):
    """What plots.samples and plots.before_after were asked to draw."""
    asked = []
    def drawn(*arguments):
        asked.append(arguments)
        return plots.filters(np.ones((1, 1, 2, 2)))
    monkeypatch.setattr(plots, "samples", drawn)
    monkeypatch.setattr(plots, "before_after", drawn)
    return asked


def small_set(place, name="tiny"):
    """A data set of one file that is on this computer already."""
    content = b"tiny"
    entry = Entry(name, "a tiny set: for tests", 60, 10, 2, "1x1 grey", 7_000_000, "nobody, 2000", "free",
                  (Part("a.gz", ("http://127.0.0.1:1/a.gz",), "md5:28ffd80a17c84b1ddb6a0ad3d1f8afbc"[:12]),))
    folder = place / "home" / "data" / name
    folder.mkdir(parents=True)
    (folder / "a.gz").write_bytes(content)
    return entry, folder


# ---------------------------------------------------------------------------- list and get

def test_the_list_has_a_line_for_each(npnet):
    code, out, err = npnet("list")
    assert code == 0 and err == ""
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].split() == ["name", "pictures", "each", "classes", "room", "on", "this", "computer?"]
    assert lines[1].split() == ["shapes", "7,000", "32x32", "in", "colour", "10", "-", "drawn", "when", "needed"]
    assert [line.split()[0] for line in lines[1:7]] == list(catalogue.CATALOGUE)
    assert lines[4].split()[-1] == lines[5].split()[-1] == "no"
    assert "ImageNet (ILSVRC) needs registration at image-net.org" in out


def test_what_is_there_is_listed_as_there(npnet, place, monkeypatch):
    entry, folder = small_set(place)
    known = Part("a.gz", entry.parts[0].addresses, "md5:" + digest(folder / "a.gz", "md5"))
    monkeypatch.setitem(catalogue.CATALOGUE, "tiny", Entry(**{**vars(entry), "parts": (known,)}))
    assert npnet("list")[1].splitlines()[7].split()[-1] == "no"
    code, out, err = npnet("get", "tiny")                       # put there by hand: nothing is downloaded
    assert code == 0 and out == f"tiny is complete: {folder}\n" and err == ""
    assert npnet("list")[1].splitlines()[7].split() == ["tiny", "70", "1x1", "grey", "2", "7.0", "MB", "yes"]
    out = npnet("get", "tiny", "shapes")[1]
    assert out.endswith("shapes is drawn by npnet: there is nothing to download\n")


def test_what_cannot_be_had(npnet, place, monkeypatch):
    known = catalogue.CATALOGUE["cifar100"]
    unknown = Entry(**{**vars(known), "parts": (Part("a.gz", known.parts[0].addresses),)})
    with monkeypatch.context() as patched:
        patched.setitem(catalogue.CATALOGUE, "cifar100", unknown)
        refused(npnet("get", "cifar100"), "cifar100 is unverified: .* npnet data get cifar100 --trust takes it as it comes")
        assert "no, unverified" in npnet("list")[1] and "unverified: none is known" in npnet("info", "cifar100")[1]
    refused(npnet("get", "shapes", "cifar-100"), "no data set is called 'cifar-100'; did you mean cifar100")
    refused(npnet("get", "imagenet"), "given only to registered users")
    refused(npnet("get"), "required: NAME; see npnet data get --help")
    refused(npnet(), "required: ACTION; see npnet data --help")
    refused(npnet("fetch"), "invalid choice: 'fetch'")
    entry, folder = small_set(place)
    (folder / "a.gz").unlink()
    monkeypatch.setitem(catalogue.CATALOGUE, "tiny", entry)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    refused(npnet("get", "tiny"), "a.gz could not be downloaded: http://127.0.0.1:1/a.gz refuses connections; try again later, "
            "or .* put it at .*a.gz, then repeat the command; offline, the data set shapes needs no download")


# ---------------------------------------------------------------------------- info

def test_info_of_what_is_not_there_says_how_to_get_it(npnet):
    code, out, err = npnet("info", "cifar10")
    assert code == 0 and err == ""
    assert "checksum          md5 c58f30108f718f92721af3b95e74349a" in out
    assert "here              cifar10 is not on this computer yet: npnet data get cifar10" in out
    assert "checksum          md5 eb9058c3a382ffc7106e4002c42a8d85" in npnet("info", "cifar100")[1]


def test_info_counts(npnet, colours):
    code, out, err = npnet("info", "colours")
    assert code == 0 and err == ""
    assert "origin            made by a test" in out
    assert "train             18 pictures, 8x10, in colour" in out and "test              2 pictures, 8x10" in out
    assert [line.split() for line in out.splitlines()[-4:]] == [
        ["class", "train", "test"], ["red", "9", "1"], ["green", "6", "1"], ["파랑", "3", "0"]]
    out = npnet("info", "untested")[1]
    assert "test              none\n" in out                   # of three pictures no fifth can be held out
    assert "without pictures  1 class to train on: green" in out and "with one picture  1 class to train on: 파랑" in out
    assert out.splitlines()[-2].split() == ["green", "0"]


def test_info_says_what_train_holds_out(npnet, tmp_path):
    np.savez(tmp_path / "ten.npz", x=np.zeros((10, 8, 8), np.uint8), y=np.arange(10) % 2)
    assert "test              none: npnet train holds out a fifth (2)\n" in npnet("info", str(tmp_path / "ten.npz"))[1]


def test_info_of_what_is_there_checks_every_byte(npnet, place, monkeypatch, colours):
    entry, folder = small_set(place)
    known = Part("a.gz", entry.parts[0].addresses, "md5:" + digest(folder / "a.gz", "md5"))
    monkeypatch.setitem(catalogue.CATALOGUE, "tiny", Entry(**{**vars(entry), "parts": (known,)}))
    colours["tiny"] = colours["colours"]
    catalogue.fetch("tiny")
    plain = lambda out: " ".join(out.split())                   # noqa: E731
    assert "1 file, 4 B, checksums right" in plain(npnet("info", "tiny")[1])
    (folder / "a.gz").write_bytes(b"tinY")
    out = npnet("info", "tiny")[1]
    assert "DAMAGED: a.gz; npnet data get tiny mends it" in plain(out) and "green" in out
    (folder / "a.gz").unlink()
    out = npnet("info", "tiny")[1]
    assert "lacks a.gz or holds it damaged: npnet data get tiny" in plain(out) and "green" not in out


def test_info_of_many_classes_and_of_files(npnet, place, colours):
    many = Pictures(np.zeros((300, 8, 8, 1), np.uint8), np.arange(300) % 100, [f"class {k} " + "x" * 90 for k in range(100)])
    colours["many"] = DataSet("many", many)
    out = npnet("info", "many")[1]
    assert "300 pictures, 8x8, grey" in out and "and 60 more; train: 3 to 3 in a class" in out and "class 39 xxx" in out
    paths = [place / f"{side}.png" for side in (20, 30, 10)] + [place / "broken.png"]
    for side in (20, 30, 10):
        Image.new("RGB", (side, 9)).save(place / f"{side}.png")
    paths[3].write_bytes(b"not a picture")
    colours["files"] = DataSet("files", Pictures(paths, [0, 0, 0, 0], ["[red]"]))
    out = " ".join(npnet("info", "files")[1].split())
    assert "train 4 pictures, from 9x10 to 9x30 pixels (height x width); 1 cannot be read: " in out
    assert "broken.png is not a picture" in out and "; 4 were looked at" in out
    assert out.endswith("class train [red] 4")


# ---------------------------------------------------------------------------- show

def test_show_draws_all_classes_alike(npnet, colours, sheets):
    code, out, err = npnet("show", "colours", "--count", "7")
    assert (code, out, err) == (0, "colours: 7 of 18 training pictures in samples.png\n", "")
    (images, labels, title), = sheets
    assert labels == ["red"] * labels.count("red") + ["green"] * labels.count("green") + ["파랑"] * labels.count("파랑")
    assert sorted(labels.count(name) for name in COLOURS) == [2, 2, 3] and title == "colours: 7 of 18 training pictures"
    for image, label in zip(images, labels):
        assert image.shape == (8, 10, 3) and image.dtype == np.uint8 and tuple(image[0, 0]) == COLOURS[label]
    assert os.listdir() == ["samples.png"]
    assert npnet("show", "colours")[0] == 0                     # drawn by npnet, so it may be drawn anew


@pytest.mark.parametrize("words, name", [(["show", "colours"], "samples.png"), (["augment", "a.png"], "augment.png")])
def test_a_file_of_the_users_is_replaced_only_if_save_names_it(npnet, colours, words, name):
    Image.new("RGB", (30, 20)).save("a.png")
    Image.new("RGB", (5, 5)).save(name)
    mine = Path(name).read_bytes()

    refused(npnet(*words), f"{name} is there and was not drawn by npnet; choose another place with --save FILE")
    assert Path(name).read_bytes() == mine
    assert npnet(*words, "--save", name)[0] == 0 and Path(name).read_bytes() != mine


def test_info_counts_pictures_that_are_in_both_parts(npnet, colours):
    assert "in both parts     2 pictures, such as picture 0 (test), picture 0 (train)" in npnet("info", "colours")[1]
    other = colours["colours"].train
    colours["apart"] = DataSet("apart", other, Pictures(255 - other.images[:2], other.labels[:2], other.classes))
    assert "in both parts     none" in npnet("info", "apart")[1]


def test_show_one_class_of_the_test_pictures(npnet, colours, sheets):
    assert npnet("show", "colours", "--class", "GREEN", "--part", "test", "--save", "sheet.png")[0] == 0
    assert sheets[0][1] == ["green"] and sheets[0][2] == "colours: 1 of 2 test pictures" and os.path.exists("sheet.png")
    refused(npnet("show", "colours", "--class", "파랑", "--part", "test"), "the class 파랑 has no pictures here")
    refused(npnet("show", "colours", "--class", unicodedata.normalize("NFD", "파랑"), "--part", "test"), "the class .* has no pictures here")
    refused(npnet("show", "colours", "--class", "gren"), "no class is called 'gren'; did you mean green[?] there are red, green, 파랑")
    refused(npnet("show", "untested", "--part", "test"), "untested has no pictures to test")
    refused(npnet("show", "colours", "--count", "0"), "--count must be at least 1, got 0")
    refused(npnet("show", "colours", "--save", "sheet.txt"), "sheet.txt must end in")


def test_the_seed_chooses(colours):
    pictures = colours["colours"].train
    first = command.choose(pictures, 5)
    assert len(set(first)) == 5 and np.array_equal(first, command.choose(pictures, 5))
    assert any(not np.array_equal(first, command.choose(pictures, 5, seed=seed)) for seed in (1, 2, 3))
    assert sorted(command.choose(pictures, 100)) == list(range(18))
    assert sorted(command.choose(pictures, 100, "red")) == list(range(9))


# ---------------------------------------------------------------------------- augment

def test_augment_draws_before_and_after(npnet, sheets, monkeypatch):
    Image.new("RGB", (30, 20), (1, 2, 3)).save("a.png")
    rows = [("random crops", [np.zeros((8, 8, 3), np.uint8)]), ("the mirror image", [np.ones((8, 8, 3), np.uint8)])]
    monkeypatch.setattr(data, "augment_examples", lambda picture, seed: rows[seed:])
    assert npnet("augment", "a.png") == (0, "2 augmentations of a.png in augment.png\n", "")
    picture, drawn, title = sheets[0]
    assert picture.shape == (20, 30, 3) and tuple(picture[0, 0]) == (1, 2, 3) and len(drawn) == 2 and title == "a.png, before and after"
    assert npnet("augment", "a.png", "--kind", "Mirror", "--save", "m.png")[1] == "1 augmentation of a.png in m.png\n"
    assert [title for title, _ in sheets[1][1]] == ["the mirror image"]
    assert npnet("augment", "a.png", "--kind", "mirror", "--kind", "crop", "--seed", "1")[0] == 0
    refused(npnet("augment", "a.png", "--kind", "blur"), "no augmentation has blur in its title; there are: random crops; the mirror")
    refused(npnet("augment", "b.png"), "there is no file b.png")
    assert sorted(os.listdir()) == ["a.png", "augment.png", "m.png"]


# ---------------------------------------------------------------------------- the real parts together

def test_a_folder_of_pictures_from_end_to_end(npnet, place):
    colours = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
    for name, colour in colours.items():
        folder = place / "colours" / name
        folder.mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (24 + number, 20), colour).save(folder / f"{number}.png")
    out = npnet("info", str(place / "colours"))[1]
    assert [line.split()[0] for line in out.splitlines()[-3:]] == ["blue", "green", "red"]
    assert npnet("show", str(place / "colours"))[0] == 0 and data.read_picture("samples.png").shape[1] > 300
    picture = place / "colours" / "red" / "0.png"
    assert npnet("augment", str(picture))[0] == 0 and data.read_picture("augment.png").shape[1] > 300
