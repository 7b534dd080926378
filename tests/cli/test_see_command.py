"""npnet see: what is drawn where, what is said, and what cannot be seen."""
import re

import numpy as np
import pytest
from commands import one_line
from colours import COLOURS, picture, width

from npnet.explain.words import table
from npnet.plots import drawn_by_npnet

pytestmark = pytest.mark.usefixtures("here")
PHOTO = ("saliency", "guided", "gradcam", "occlusion", "deconvolution")


def said(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("kind", PHOTO)
def test_a_picture_of_a_photograph_says_what_it_does_not_show(kind, runs, npnet_, here):
    path = picture("green", here / "green.png")
    code, out, err = npnet_("see", kind, path, "--weights", str(runs / "a"))
    assert code == 0 and err == ""
    assert re.match(r"green\.png: green [\d.]+ %\n", out) and table()[f"see.not_{kind}"]["en"] in said(out)
    assert f"drawn: see/green-{kind}.png" in out and width(f"see/green-{kind}.png") > 400


def test_all_of_them_on_a_sheet(runs, npnet_, here):
    path = picture("red", here / "red.png")
    code, out, _ = npnet_("see", "all", path, "--weights", str(runs / "a"), "--class", "blue", "--save", "out")
    assert code == 0 and "red.png: blue " in out
    assert sorted(path.name for path in (here / "out").iterdir())[:2] == ["filters.png", f"red-{last(out)}.png"]
    assert drawn_by_npnet("out/red-sheet-blue.png") and width("out/red-sheet-blue.png") > 1000
    for kind in (*PHOTO, "excite", "maps", "filters"):
        assert table()[f"see.not_{kind}"]["en"] in said(out), kind


def last(out):
    return re.search(r"out/red-((?!sheet)\w+)\.png", out)[1]


def test_filters_excite_maps_and_answers(runs, npnet_, here):
    path, weights = picture("blue", here / "blue.png"), ("--weights", str(runs / "a"))
    for words, name in ((("filters",), "filters"), (("excite", "--class", "1"), "excite-green"),
                        (("excite", "--layer", "conv1", "--channel", "2"), "excite-conv1-2"),
                        (("maps", path, "--layer", "conv1"), "blue-conv1"), (("answers", path), "answers")):
        code, out, _ = npnet_("see", *words, *weights)
        assert code == 0 and f"drawn: see/{name}.png" in out and table()[f"see.not_{words[0]}"]["en"] in said(out)
        assert drawn_by_npnet(f"see/{name}.png")
    assert npnet_("see", "answers", path, *weights)[1].startswith("blue.png: blue ")


@pytest.mark.long
@pytest.mark.reference
def test_filters_of_a_file_of_the_first_layers(npnet_, reference):
    file = str(reference / "alexnet_conv" / "alexnet_conv_float.npz")
    assert npnet_("see", "filters", "--weights", file, "--net", "caffe")[0] == 0 and drawn_by_npnet("see/filters.png")
    assert "it has no array for fc6.w" in one_line(npnet_("see", "excite", "--class", "1", "--weights", file, "--net", "caffe"))


def test_what_is_drawn_is_explained(runs):
    """The colours of the bars, where a truth is known; the answer above what a channel sends back; names cut off."""
    from npnet.explain import seen
    from npnet.weights import trained
    known, green = trained(str(runs / "a")), np.zeros((20, 20, 3), np.uint8)

    def texts(figure):
        from matplotlib.text import Text
        return " ".join(" ".join(text.get_text().split()) for text in figure.findobj(Text))
    for truths, explained in (([1], True), ([None], False), (None, False)):
        figure, _ = seen.answers(known.net, known.pipeline, known.classes, [green], truths)
        assert ("its bar is red, all others are blue" in texts(figure)) is explained
    look = seen.Look(known.net, known.pipeline, known.classes, green)
    assert re.search(rf"{look.name}: [\d.]+ %", texts(seen.sheet(look, ["deconvolution"])))
    with pytest.raises(ValueError, match="0 fox 0, 1 fox 1, 2 fox 2, 3 fox 3, 4 fox 4 and 4 more; give the number"):
        seen.class_number("fox", [f"fox {k}" for k in range(9)])


def test_patches_and_neighbours_of_a_folder(runs, npnet_, here):
    folder = here / "colours"
    folder.mkdir()
    paths = [picture(colour, folder / f"{colour}{number}.png") for colour in COLOURS for number in range(2)]
    code, out, _ = npnet_("see", "patches", str(folder), "--weights", str(runs / "a"), "--layer", "conv1", "--channel", "3")
    rows = re.findall(r"^ *(-?[\d.e-]+)  rows (\d+)-(\d+), columns (\d+)-(\d+) of (\w+\.png)$", out, re.MULTILINE)
    assert code == 0 and len(rows) == len(paths) and "drawn: see/patches-conv1-3.png" in out
    assert "rows and columns are those of the 16 x 16 pixels that the network is given" in said(out)
    values = [float(row[0]) for row in rows]
    assert values == sorted(values, reverse=True) and table()["see.not_patches"]["en"] in said(out)

    query = picture("green", here / "query.png")
    code, out, _ = npnet_("see", "nearest", query, str(folder), "--weights", str(runs / "a"))
    assert code == 0 and re.search(r"^ +\S+  green\d\.png$", out.splitlines()[1]) and out.startswith("distances between the outputs of ") and "see/query-nearest.png" in out
    assert table()["see.not_nearest"]["en"] in said(out)


def test_damaged_pictures_are_named_and_left_out(runs, npnet_, here):
    folder, weights = here / "colours", ("--weights", str(runs / "a"))
    folder.mkdir()
    for colour in COLOURS:
        picture(colour, folder / f"{colour}.png")
    (folder / "cut.png").write_bytes((folder / "red.png").read_bytes()[:50])
    query = picture("blue", here / "query.png")
    for words in (("patches", str(folder), "--layer", "conv1", "--channel", "3"), ("nearest", query, str(folder)),
                  ("answers", str(folder)), ("saliency", str(folder))):
        code, out, _ = npnet_("see", *words, *weights)
        assert code == 0 and out.count("cut.png") == 1 and "npnet: cut.png is damaged or was cut off" in out, words
        assert "blue.png" in out
    assert "cut.png is damaged" in one_line(npnet_("see", "saliency", str(folder / "cut.png"), *weights))


@pytest.mark.long
def test_many_answers_are_not_all_drawn(runs, npnet_, here):
    folder = here / "many"
    folder.mkdir()
    for number in range(26):
        picture("red", folder / f"red{number}.png")
    code, out, _ = npnet_("see", "answers", str(folder), "--weights", str(runs / "a"))
    assert code == 0 and "the first 24 of 26 pictures are drawn" in out and out.count(".png: red") == 24


def test_korean(runs, npnet_, here):
    path = picture("red", here / "red.png")
    code, out, _ = npnet_("see", "gradcam", path, "--weights", str(runs / "a"), "--lang", "ko")
    assert code == 0 and table()["see.not_gradcam"]["ko"] in said(out)
    assert "그린 파일: see/red-gradcam.png" in out and "drawn" not in out
    out = npnet_("see", "patches", path, "--weights", str(runs / "a"), "--layer", "conv1", "--channel", "3", "--lang", "ko")[1]
    assert "rows" not in out and re.search(r"행 \d+-\d+, 열 \d+-\d+, 파일 red.png", out)
    assert "rad-CAM" not in one_line(npnet_("see", "saliency", path, "--weights", str(runs / "a"), "--class", "cat", "--lang", "ko"))
    assert "이런 이름의 클래스가 없습니다" in npnet_("see", "saliency", path, "--weights", str(runs / "a"), "--class", "cat", "--lang", "ko")[2]


def test_what_cannot_be_seen_is_one_line(runs, npnet_, here):
    path, weights = picture("red", here / "red.png"), ("--weights", str(runs / "a"))
    for words, sentence in (
            (("salience", path), "did you mean saliency?"),
            (("saliency", path, "--class", "cat"), "no class is called cat; give its name or a number from 0 to 2"),
            (("saliency", path, "--class", "re"), "several classes are called re: 0 red, 1 green"),
            (("patches", path), "patches needs --channel N; "),
            (("patches", "--channel", "3"), "patches needs pictures"),
            (("patches", path, "--channel", "9999"), "has the channels 0 to"),
            (("gradcam", path, "--layer", "flatten"), "needs a layer that makes maps (C, P, Q), but flatten makes"),
            (("nearest", path), "needs a photograph and others"),
            (("excite",), "needs --class CLASS, or --channel N"),
            (("maps", path, "--layer", "conv77"), "no layer is called 'conv77'"),
            (("saliency", "nowhere.png"), "there is no file nowhere.png"),
            (("all", path, "--save", "one.png"), "give --save a folder"),
            (("saliency", path, "--save", path), "is one of the pictures that are read here"),
            (("saliency", path, "--save", "a.txt"), "must end in")):
        assert sentence in one_line(npnet_("see", *words, *weights)), words
    assert not (here / "see").exists()


def test_a_picture_of_ones_own_is_not_drawn_over(runs, npnet_, here):
    (here / "see").mkdir()
    picture("red", here / "see" / "red-saliency.png")
    path = picture("red", here / "red.png")
    before = (here / "see" / "red-saliency.png").read_bytes()
    assert "was not drawn by npnet" in one_line(npnet_("see", "saliency", path, "--weights", str(runs / "a")))
    assert (here / "see" / "red-saliency.png").read_bytes() == before
    assert npnet_("see", "saliency", path, "--weights", str(runs / "a"), "--save", "mine.png")[0] == 0
    assert width("mine.png") > 400


def test_a_photo_may_stand_after_an_option(runs, npnet_, here):
    path, weights = picture("red", here / "red.png"), ("--weights", str(runs / "a"))
    code, out, err = npnet_("see", "saliency", "--class", "blue", path, *weights)
    assert code == 0 and "red.png: blue " in out and "drawn: see/red-saliency-blue.png\n" in out
    assert npnet_("see", "answers", path, *weights, path)[1].count("red.png: red ") == 2
    assert npnet_("predict", path, *weights, path)[1].count("red.png\n") == 2
    assert "unrecognized arguments: --chanel" in one_line(npnet_("see", "saliency", "--chanel", "3", path, *weights))
    assert "unrecognized arguments: more" in one_line(npnet_("info", "more"))


def test_what_was_chosen_is_in_the_name_of_the_file(runs, npnet_, here):
    path, weights = picture("red", here / "빨강.png"), ("--weights", str(runs / "a"))
    for words, name in ((("gradcam",), "빨강-gradcam"), (("gradcam", "--class", "2"), "빨강-gradcam-blue"),
                        (("gradcam", "--layer", "conv1"), "빨강-gradcam-conv1"),
                        (("deconvolution", "--layer", "conv1", "--channel", "3"), "빨강-deconvolution-conv1-3")):
        assert f"drawn: see/{name}.png\n" in npnet_("see", words[0], path, *words[1:], *weights)[1]
    assert "drawn: see/빨강-gradcam.png (in place of an earlier picture)" in said(npnet_("see", "gradcam", path, *weights)[1])
    (here / "other").mkdir()
    other = picture("blue", here / "other" / "빨강.png")
    out = npnet_("see", "saliency", path, other, *weights, "--save", "out")[1]
    assert "drawn: out/빨강-saliency.png\n" in out and "drawn: out/빨강-saliency-2.png\n" in out


def test_explain_draws_it_beside_the_walk(runs, npnet_, here):
    path = picture("green", here / "green.png")
    code, out, _ = npnet_("explain", path, "--weights", str(runs / "a"), "--layer", "conv1", "--see", "--save", "out")
    assert code == 0 and "What the network sees of green is drawn in out/seen.png." in out and width("out/seen.png") > 1000
    for kind in ("saliency", "gradcam", "occlusion"):
        assert table()[f"see.not_{kind}"]["en"] in said(out)
