"""The network that npnet trained and ships: the figures of its card, measured again, but for the ten crops."""
import re

import numpy as np
import pytest
from PIL import Image

import npnet
from npnet.cli import main
from npnet.data import dataset
from npnet.fit import answers, score
from npnet.weights import shipped, trained
from npnet.weights.trained import SHIPPED

CARD = SHIPPED / "cifar_alexnet.md"
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def card(what):
    """A percentage that the card states."""
    found = re.search(rf"^\| {re.escape(what)} \| ([\d.]+) % \|", CARD.read_text(), re.MULTILINE)
    assert found, what
    return float(found[1])


def test_it_is_there_and_small():
    assert shipped() == ["cifar_alexnet"]
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 3e6
    one = trained("cifar_alexnet")
    assert list(one.classes) == CLASSES and one.settings["seed"] == 2012
    assert one.net.architecture()["layers"] == npnet.model("cifar_alexnet").architecture()["layers"]
    assert all(np.isfinite(array).all() for array in one.net.params().values())


def test_the_card_has_the_command_that_made_it():
    text = CARD.read_text()

    assert trained("cifar_alexnet").settings["command"] in text.replace("\\\n", "").replace("  ", " ")
    assert "JPEG-recompressed" in text and "Krizhevsky" in text
    assert card("10,000 test pictures, JPEG-recompressed") >= 85


@pytest.mark.long
@pytest.mark.reference
@pytest.mark.parametrize("pack, pictures, row", [
    ("cifar10_lossless_4000_1000.npz", 1000, "1,000 test pictures, exact"),
    ("cifar10_jpeg.npz", 10000, "10,000 test pictures, JPEG-recompressed")])
def test_it_is_as_right_as_its_card_says(reference, pack, pictures, row):
    one, test = trained("cifar_alexnet"), dataset(reference / pack).test
    log_p = answers([(one.net, one.pipeline)], test)
    whole, first = score(log_p, test.labels), score(log_p[:1000], test.labels[:1000])

    assert len(test) == pictures and 100 * whole.top1 == pytest.approx(card(row), abs=0.11)
    if pictures > 1000:
        five = re.search(r"([\d.]+) % among the best five", CARD.read_text())[1]
        assert 100 * whole.top5 == pytest.approx(float(five), abs=0.11)
        assert 100 * first.top1 == pytest.approx(card("the same 1,000, JPEG-recompressed"), abs=0.11)
        for k, name in enumerate(CLASSES):
            assert 100 * whole.confusion[k, k] / 1000 == pytest.approx(card(name), abs=0.31), name


@pytest.mark.reference
def test_the_photograph_of_a_cat(reference, capsys):
    assert main(["predict", str(reference / "caffe" / "cat.jpg")]) == 0
    said = capsys.readouterr().out

    assert re.search(r"cat\.jpg\n  cat ", said) and "knows 10 classes" in said


def test_explain_uses_it_with_no_download(capsys, tmp_path):
    Image.new("RGB", (50, 40), (10, 60, 200)).save(tmp_path / "sky.png")
    assert main(["explain", str(tmp_path / "sky.png"), "--net", "cifar_alexnet"]) == 0
    said = capsys.readouterr().out

    assert "random" not in said and "through cifar_alexnet" in said and "airplane" in said
    assert "If a picture shows something else, the answer is still one of these names" in " ".join(said.split())
