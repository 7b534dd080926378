"""What goes into the page: sizes, approximation, exact numbers, names that are no markup, and where it is written."""
import base64
import gzip
import json
import re

import numpy as np
import pytest

import npnet
from networks import every_class, moved, small, walked
from npnet import Conv2D, Dense, Flatten, MaxPool, Network, ReLU, Softmax
from npnet.cli import main
from npnet.explain.insight import contributions, gradients
from npnet.data.pipeline import Pipeline
from npnet.explain.page import file, write
from npnet.explain.page.code import ROOT, code_of
from npnet.explain.page.data import page_data
from npnet.explain.page.pack import Blobs, quantised
from npnet.explain.page.photograph import part_seen
from npnet.explain.page.rows import rows_of
from npnet.explain.walk import Explain


@pytest.fixture(autouse=True)
def numpy_row():
    """Nothing here needs to be compiled."""
    npnet.use("numpy")


def unpacked(entry, texts):
    """The array of an entry, as the page reads it."""
    planes = np.frombuffer(gzip.decompress(base64.b64decode(texts[entry["id"]])), np.uint8)
    dtype = np.dtype(entry["kind"]).newbyteorder("<")
    return np.ascontiguousarray(planes.reshape(dtype.itemsize, -1).T).view(dtype).reshape(entry["shape"])


@pytest.mark.parametrize("kind", ["f4", "i1", "i2", "u1"])
def test_arrays_come_back_as_they_were(kind, random):
    array = (100 * random.random((3, 5, 7))).astype(kind)
    blobs = Blobs()
    entry = blobs.add(array, kind)
    np.testing.assert_array_equal(unpacked(entry, blobs.texts), array)


def test_a_whole_number_is_off_by_half_a_scale_at_most(random):
    w = random.standard_normal((6, 3, 5, 5)) * np.array([1e-9, 0, 1, 5, 1e6, 2]).reshape(6, 1, 1, 1)
    for kind, largest in (("i1", 127), ("i2", 32767)):
        whole, scales = quantised(w, 1, kind)
        assert np.abs(whole.astype(int)).max() <= largest
        apart = np.abs(whole * scales[:, None, None, None] - w).reshape(6, -1).max(axis=1)
        assert (apart <= scales * 0.5000001).all() and scales[1] == 0


def test_what_has_no_room_is_left_out(random):
    blobs = Blobs()
    assert blobs.add(random.random(5000), "f4", most=1000) is None and blobs.size == 0


def test_every_kind_of_layer_is_in_the_page(random):
    explain = walked(moved(every_class(), random), random)
    facts, texts = page_data(explain)
    steps = [row.step for row in rows_of(explain)]
    assert [layer["kind"] for layer in facts["layers"]] == [type(step.layer).__name__ for step in steps]
    assert {type(step.layer).__name__ for step in steps} == set(npnet.layers.LAYERS)
    for layer, step in zip(facts["layers"], steps):
        assert layer["code"], layer["name"]
        for place, number in layer["probes"]:
            assert number == step.y.reshape(-1)[place]
        assert ("array" in layer) == (layer["kind"] in ("Conv2D", "Dense"))
        if "array" in layer:
            np.testing.assert_array_equal(unpacked(layer["array"], texts), step.y[0].astype(np.float32))


@pytest.mark.parametrize("net, bits", [(every_class, {8, 16}), (lambda: npnet.model("lenet5"), {8})])
def test_few_bits_agree_to_1_in_100(net, bits, random):
    facts, _ = page_data(walked(net(), random))
    layers = [layer for layer in facts["layers"] if layer["kind"] == "Conv2D"]
    assert {layer["bits"] for layer in layers} == bits and all(0 < layer["off"] <= 0.01 for layer in layers)


def test_weights_that_8_bits_cannot_hold_get_16(random):
    net = Network((1, 6, 6), conv1=Conv2D(1, 3, init="he"))
    net["conv1"].w[:] = 1e-3
    net["conv1"].w[0, 0, 0, 0] = 1000
    x = np.ones((1, 1, 6, 6), np.float32)
    x[0, 0, :4, :4] = 0                                                 # the large weight meets nothing
    facts, _ = page_data(npnet.explain.Explain(net, x))
    assert facts["layers"][0]["bits"] == 16


def test_contributions_of_a_dense_layer_add_up_to_its_output(random):
    explain = walked(Network((3, 9, 9), flatten=Flatten(), fc1=Dense(20, init="he"), fc2=Dense(4)), random)
    facts, _ = page_data(explain)
    for layer in facts["layers"][1:]:
        for output in layer["outputs"]:
            total = sum(x * w for _, x, w in output["rows"]) + output["rest"] + output["bias"]
            np.testing.assert_allclose(total, output["y"], rtol=1e-4, atol=1e-6)
        assert len(layer["outputs"]) == min(8, layer["shape_out"][0])
        assert len(layer["outputs"][0]["rows"]) == min(40, layer["shape_in"][0])


def test_gradients_are_those_of_the_logit(random):
    explain = walked(every_class(), random)
    sent = gradients(explain, 2)
    h, direction = 1e-5, random.standard_normal(explain.x.shape)
    logits = [explain.net[:"softmax"].forward(explain.x + sign * h * direction)[0, 2] for sign in (1, -1)]
    np.testing.assert_allclose((sent.input * direction).sum(), (logits[0] - logits[1]) / (2 * h), rtol=1e-4, atol=1e-9)
    assert "softmax" not in sent.outputs and sent.outputs["conv1"].shape == explain["conv1"].y.shape
    with pytest.raises(ValueError, match="classes go from 0 to 6, got 7"):
        gradients(explain, 7)


def test_contributions_of_a_network_without_biases_are_the_logit(random):
    net = Network((3, 12, 12), dtype=np.float64, conv1=Conv2D(5, 3, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2),
                  flatten=Flatten(), fc2=Dense(3, init="he"))
    explain = walked(net, random)
    sent = gradients(explain, 1)
    np.testing.assert_allclose(contributions(explain, sent.input).sum(), sent.logit, rtol=1e-9)


def test_names_are_no_markup(random, tmp_path):
    names = ["</script><b>bad</b>", "<!--", "a & b", "\u2028", "class"]
    write(walked(small(), random, names=names), tmp_path / "a.html", title="<i>title</i>")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<b>bad" not in text and "<i>title" not in text and "<!--" not in text and "\u2028" not in text
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', text, re.S)[1])
    assert facts["names"] == names and facts["title"] == "<i>title</i>"


def test_a_layer_of_ones_own_and_one_without_backward(random):
    class Doubled(npnet.Layer):
        """Doubles."""

        def forward(self, x, train=False):
            return 2 * x

    net = Network((3, 9, 9), conv1=Conv2D(4, 3, init="torch"), own=Doubled(), flatten=Flatten(), fc2=Dense(5))
    facts, texts = page_data(walked(net, random))
    own = facts["layers"][1]
    assert own["kind"] == "own" and own["type"] == "Doubled" and "return 2 * x" in own["code"][0]["text"]
    assert facts["backward"]["why"] == "none" and "backward" in facts["backward"]["error"]


def test_a_backward_that_fails_costs_only_the_way_back(random):
    class Unfinished(npnet.Layer):
        """Its backward is not ready."""

        def forward(self, x, train=False):
            return x

        def backward(self, dy, to_input=True):
            raise ZeroDivisionError("not ready")

    facts, _ = page_data(walked(Network((7,), own=Unfinished(), fc1=Dense(5)), random))
    assert facts["backward"] == {"why": "none", "error": "not ready"}


def test_a_network_that_ends_in_maps_has_no_way_back(random):
    facts, _ = page_data(walked(Network((1, 28, 28), conv1=Conv2D(2, 3, init="he")), random))
    assert facts["backward"] == {"why": "maps_only"} and facts["best"] == []


def test_nan_and_infinity_are_numbers_by_name(random, tmp_path):
    net = small()
    net["conv1"].b[0], net["conv1"].b[1] = np.nan, np.inf
    with np.errstate(all="ignore"):
        facts, _ = page_data(walked(net, random))
        assert facts["layers"][0]["missing"] == 2 * 49 and facts["layers"][0]["mean"] == "NaN"
        assert write(walked(net, random), tmp_path / "nan.html") > 10_000


def test_a_small_page_says_what_it_left_out(random):
    explain = walked(npnet.model("lenet5"), random)
    facts, texts = page_data(explain, most=20_000)
    assert "conv1" in facts["left_out"] and sum(map(len, texts)) <= 20_000
    whole, _ = page_data(explain)
    assert whole["left_out"] == []


def test_code_stands_where_the_page_says():
    for source in code_of(npnet.LRN(), True):
        lines = (ROOT / source["file"]).read_text(encoding="utf-8").splitlines()
        assert lines[source["line"] - 1] == source["text"].splitlines()[0]


def test_sentences_stand_in_both_languages_with_the_same_places():
    words = file.words()
    scripts = "".join((file.HERE / f"{name}.js").read_text(encoding="utf-8") for name in file.SCRIPTS)
    scripts += (file.HERE / "page.html").read_text(encoding="utf-8")
    for name, entry in words.items():
        assert set(entry) == {"en", "ko"} and entry["en"] and entry["ko"], name
        places = [set(re.findall(r"\{(\w+)\}", entry[language])) for language in ("en", "ko")]
        assert places[0] == places[1], name
        assert "--" not in entry["en"].replace("--html", "")
    for name in re.findall(r'say\("(\w+)"', scripts) + re.findall(r'data-(?:word|label)="(\w+)"', scripts):
        assert name in words, name


@pytest.mark.parametrize("name, message", [("page.txt", "must end in .html"), (".", "must end in .html"), ("folder.html", "is a folder"),
                                           ("other.html", "npnet did not write it"), ("file.html/a.html", "not a folder")])
def test_places_where_no_page_is_written(name, message, random, tmp_path):
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "other.html").write_text("<html>mine</html>")
    (tmp_path / "file.html").write_text("x")
    with pytest.raises((ValueError, OSError), match=message):
        write(walked(small(), random), tmp_path / name)
    assert (tmp_path / "other.html").read_text() == "<html>mine</html>"


def test_a_page_is_written_again_and_into_a_new_folder(random, tmp_path):
    explain, path = walked(small(), random), tmp_path / "new" / "a.html"
    assert write(explain, path) == path.stat().st_size == write(explain, path)
    assert file.is_page(path)


def test_the_command(tmp_path, capsys):
    path = tmp_path / "lenet.html"
    assert main(["explain", "--net", "lenet5", "--html", str(path)]) == 0
    assert "MB: open it in a browser" in capsys.readouterr().out and path.stat().st_size < 1_000_000
    assert main(["explain", "--html", str(tmp_path / "a.txt")]) != 0
    assert "must end in .html" in capsys.readouterr().err
    assert main(["explain", "--html", str(path), "--layer", "conv1"]) != 0
    assert "a page shows all layers" in capsys.readouterr().err
    assert main(["explain", "--html", str(tmp_path / "a.txt"), "--lang", "ko"]) != 0
    assert "끝나는 이름을 주십시오" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("name, most", [("krizhevsky2012", 10_000_000), ("single_tower", 14_000_000),
                                        ("squeezenet1_0", 7_000_000)])
def test_sizes(name, most, tmp_path, capsys):
    assert main(["explain", "--net", name, "--html", str(tmp_path / "a.html"), "--yes"]) == 0
    assert (tmp_path / "a.html").stat().st_size <= most


def test_a_softmax_at_the_end_is_no_part_of_the_way_back(random):
    facts, _ = page_data(walked(Network((3, 9, 9), flatten=Flatten(), fc1=Dense(5), softmax=Softmax()), random))
    assert "back" not in facts["layers"][2] and facts["layers"][1]["back"]["shape"] == [5, 5]


@pytest.mark.parametrize("pipeline, part", [
    (Pipeline(72, 80), [8, 53, 144, 144]), (Pipeline(72, 80, stretch=True), [8, 12.5, 144, 225]),
    (Pipeline(72, 72), [0, 45, 160, 160]), (Pipeline(72, 72, order="BGR", stretch=True, mean=100), [0, 0, 160, 250])])
def test_the_part_of_the_photograph_that_was_seen(pipeline, part):
    """A photograph of 160 x 250: cut to its middle, or the whole of it stretched."""
    rows, columns = np.indices((160, 250))
    picture = np.stack([rows, columns, 100 + 90 * np.sin(rows / 5 + columns / 9)], axis=2).astype(np.uint8)
    net = Network((3, 72, 72), flatten=Flatten(), fc=Dense(3))
    explain = Explain(net, pipeline.test(picture)[None], picture=picture, order=pipeline.order)

    np.testing.assert_allclose(part_seen(explain), part)
    explain.x[...] = np.random.default_rng(0).standard_normal(explain.x.shape)
    assert part_seen(explain) is None
