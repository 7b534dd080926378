"""Networks with paths side by side: what is counted, seen, computed by hand and said of a Concat and of what is inside."""
import math

import numpy as np
import pytest

import npnet
from networks import branched, moved, paths, walked
from npnet import Conv2D, MaxPool, Network, ReLU
from npnet.cli import main
from npnet.explain import by_hand, notebook, terminal
from npnet.explain.counts import summary
from npnet.explain.facts import every, layer_facts
from npnet.explain.loops import loop
from npnet.explain.walk import Explain
from npnet.layers import Concat
from npnet.weights.prepared import pipeline_for, version_of


@pytest.fixture(autouse=True)
def numpy_row():
    """Nothing here needs to be compiled."""
    npnet.use("numpy")


@pytest.fixture(scope="module")
def squeezenet():
    npnet.use("numpy")
    return summary(npnet.model("squeezenet1_1"))


# ------------------------------------------------------------------------------- facts and counts

def test_what_is_inside_has_facts_of_its_own():
    net = branched()
    fire = {facts.name: facts for facts in layer_facts(net)}["fire2"]
    assert [[each.name for each in path] for path in fire.paths] == [
        ["fire2.one", "fire2.relu_one"], ["fire2.most", "fire2.three", "fire2.norm", "fire2.tanh"], []]
    assert fire.parameters == sum(each.parameters for path in fire.paths for each in path) == 20 + 8 * 2 * 9 + 8 + 16
    assert fire.multiply_adds == 100 * (16 + 8 * 2 * 9) and fire.shape_out == (16, 10, 10)
    assert fire.expression == "Concat(one relu_one | most three norm tanh | x)"
    assert [path[-1].field for path in fire.paths if path] == [(3, 3), (11, 11)] and fire.field == (11, 11)
    assert [facts.name for facts in every(layer_facts(net))][4:12] == [
        "fire2.one", "fire2.relu_one", "fire2.most", "fire2.three", "fire2.norm", "fire2.tanh", "fire2", "fire3.one"]


def test_a_mean_over_whole_maps_sees_the_whole_picture():
    pool = {facts.name: facts for facts in layer_facts(branched())}["pool4"]
    assert pool.field == (21, 21) and pool.stride is None


def test_a_field_is_where_the_gradient_of_the_widest_path_arrives():
    net = Network((1, 31, 31), dtype=np.float64, conv1=Conv2D(2, 3, stride=2), both=Concat([
        dict(one=Conv2D(2, 1)), dict(three=Conv2D(2, 3, pad=1), five=Conv2D(2, 5, pad=2))]), pool2=MaxPool(1, 2))
    for array in net.params().values():
        array[...] = 1
    dy = np.zeros_like(net.forward(np.ones((1, 1, 31, 31))))
    dy[0, :, 3, 3] = 1
    rows = np.flatnonzero(net.backward(dy)[0, 0].any(axis=1))
    facts = layer_facts(net)[-1]
    assert facts.field == (rows[-1] - rows[0] + 1,) * 2 == (15, 15) and facts.stride == 4


def test_the_counts_of_squeezenet(squeezenet):
    assert squeezenet.total("parameters") == 1_235_496              # torchvision's
    assert squeezenet.version == "squeezenet1_1"
    text = squeezenet.as_torchsummary()
    assert "Total params: 1,235,496" in text
    assert "            Conv2d-6           [-1, 64, 55, 55]           1,088" in text
    assert "           Concat-10          [-1, 128, 55, 55]               0" in text
    inside = [facts for facts in every(squeezenet.layers) if not facts.paths]
    assert squeezenet.total("multiply_adds") == sum(facts.multiply_adds for facts in inside)
    assert squeezenet.neurons == sum(facts.activations for facts in inside if facts.multiply_adds)


def test_the_table_of_squeezenet_fits_80_columns(squeezenet):
    lines = str(squeezenet).splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    assert ["expand1x1", "64x55x55", "1,088"] in [row[:3] for row in rows]
    assert [row[:2] + row[-2:] for row in rows if row[:1] == ["expand2"]] == [["expand2", "128x55x55", "15", "4"]]
    assert sum(line.startswith("  expand3x3") for line in lines) == 8
    assert "inside the Concat below them" in " ".join(str(squeezenet).split())


def test_counts_inside_are_data(squeezenet):
    layers = {layer["name"]: layer for layer in squeezenet.as_data()["layers"]}
    assert layers["expand2"]["paths"][1][0]["name"] == "expand2.expand3x3"
    assert layers["expand2"]["paths"][1][0]["output_bytes"] == 64 * 55 * 55 * 4


def test_a_version_with_paths_is_recognised_unless_one_differs():
    assert version_of(npnet.model("squeezenet1_0", classes=7, size=64, init="torch")) == "squeezenet1_0"
    changed = npnet.model("squeezenet1_0", size=64)
    changed["expand5"].paths[1]["expand3x3"].pad = 0
    assert version_of(changed) is None


# ------------------------------------------------------------------------------- the walk

def test_by_hand_along_every_path(random, monkeypatch):
    net = moved(branched(), random)
    step = walked(net, random)["fire3"]
    channels = {0: 1, 4: 2, 12: 3}
    for place in np.ndindex(step.y.shape):
        monkeypatch.setattr(by_hand, "telling_place", lambda y: place)
        hand = by_hand.by_hand(step.layer, step.x, step.y)
        assert hand.agrees, (place, hand)
        if place[1] in channels and place[2:] == (0, 0):
            assert hand.words.startswith(f"path {channels[place[1]]}, channel 0: ")


def test_loops_along_every_path(random, monkeypatch):
    step = walked(moved(branched(), random), random)["fire2"]
    for channel in (0, 3, 4, 11, 12, 15):
        step.by_hand.index = (0, channel, 2, 9)
        names = {"layer": step.layer, "x": step.x, "math": math}
        exec(loop(step), names)
        assert names["value"] == pytest.approx(step.y[0, channel, 2, 9], rel=1e-4, abs=1e-6), channel


def test_steps_inside_are_those_of_the_concat(random):
    step = walked(branched(), random)["fire2"]
    assert [[each.facts.name for each in path] for path in step.paths][0] == ["fire2.one", "fire2.relu_one"]
    joined = [path[-1].y if path else step.x for path in step.paths]
    np.testing.assert_array_equal(np.concatenate(joined, axis=1), step.y)
    assert all(each.by_hand.agrees for path in step.paths for each in path)
    assert sum(each.share for path in step.paths for each in path) == pytest.approx(step.share)
    assert walked(branched(), random)["conv1"].paths == []


def test_a_layer_inside_is_found_by_both_names(random, capsys):
    explain = walked(branched(), random)
    assert explain["fire2.three"].layer is explain.net["fire2"].paths[1]["three"] and len(explain.steps) == 5
    assert terminal.pages(explain, layer="fire2.three")[0]()[0].startswith("[ 5/11] fire2.three   Conv2D(8, 3")
    for name in ("fire2.four", "fire9.one", "conv1.x"):
        with pytest.raises(KeyError, match="no layer is called"):
            explain[name]
    assert main(["explain", "--net", "squeezenet1_1", "--layer", "expand2.expand3x3", "--backend", "numpy"]) == 0
    said = capsys.readouterr().out
    assert "[ 6/34] expand2.expand3x3   Conv2D(64, 3, pad=1, init='he')" in said and "they agree" in said


def test_the_block_of_a_concat(random):
    explain = walked(branched(), random)
    block = terminal.block(explain["fire2"])
    assert block[2:4] == ["  size        4 + 8 + 4 = 16 channels, path after path",
                          "  paths       one relu_one: 4x10x10, 20 parameters, 1,600 multiply-adds"]
    text = " ".join(" ".join(block).split())
    assert " most three norm tanh: 8x10x10, 168 parameters, 14,400 multiply-adds no layer: 4x10x10, as it came in" in text
    assert "  parameters  20 + 168 + 0 = 188 (" in "\n".join(block)
    assert terminal.why(explain["fire2"])[0] == "fire2 is paths side by side: each gets the same input"


def test_the_way_back_names_what_is_inside(random):
    explain = walked(branched(), random)
    lines = terminal.way_back(explain)
    assert all(len(line) <= 80 for line in lines)
    inside = [line.split() for line in lines if line.startswith("    ")]
    assert [words[0] for words in inside] == ["one", "three", "norm"] * 2
    grads = explain.net.grads()
    assert float(inside[3][1]) == pytest.approx(np.linalg.norm(grads["fire2.one.w"]), rel=1e-3)


def test_a_layer_of_ones_own_in_a_path_is_not_computed_by_hand(random):
    class Mine(ReLU):
        """What it computes is its own affair."""

    net = Network((3, 9, 9), both=Concat([dict(one=Conv2D(2, 1)), dict(mine=Mine())]))
    step = walked(net, random)["both"]
    assert step.by_hand is None and not any("by hand" in line for line in terminal.block(step))


def test_the_notebook_computes_a_concat(random, tmp_path):
    net = branched()
    net.save(tmp_path / "a.npz")
    picture = random.integers(0, 255, (30, 20, 3), dtype=np.uint8)
    pipeline = pipeline_for(None, net.input_shape)
    explain = walked(net, random, weights="a.npz", picture=picture)
    path = notebook.write(explain, tmp_path / "a.ipynb", notebook.from_file(tmp_path / "a.npz"), pipeline)
    text = path.read_text("utf-8")
    assert "path = layer.paths[" in text and "no layer: 4x10x10, as it came in" in text


def test_a_concat_alone(random):
    """It is the first layer and the last: a network that ends in maps."""
    explain = walked(Network((4, 6, 6), both=paths()), random)
    assert explain["both"].by_hand.agrees and explain.classes == 0 and len(terminal.pages(explain)) == 1


# ------------------------------------------------------------------------------- networks that Caffe trained

@pytest.mark.reference
@pytest.mark.parametrize("file, layers", [("caffe_cifar10/cifar10_full_iter_70000.caffemodel", 13),
                                          ("caffe_cifar10/cifar10_quick_iter_5000.caffemodel.h5", 12),
                                          ("caffe_lenet/lenet_iter_10000.caffemodel", 8)])
def test_caffes_networks_are_walked_by_hand(reference, file, layers, random):
    from npnet.explain.page.data import page_data
    from npnet.weights import trained
    known = trained(reference / file)
    picture = random.integers(0, 255, (40, 40, 3), dtype=np.uint8)
    explain = Explain(known.net, known.pipeline.test(picture)[None], known.classes, known.name, picture)
    for step in explain:
        assert step.by_hand.agrees, step.facts.name
        assert all(len(line) <= 80 for line in terminal.block(step))
    facts, _ = page_data(explain)
    assert len(facts["layers"]) == layers and facts["attention"]["views"] and not facts["left_out"]


@pytest.mark.reference
def test_squeezenet_is_walked_by_hand(reference, random):
    from npnet.weights import trained
    known = trained(reference / "squeezenet" / "compressed_SqueezeNet.net")
    picture = random.integers(0, 255, (256, 256, 3), dtype=np.uint8)
    explain = Explain(known.net, known.pipeline.test(picture)[None], known.classes, known.name, picture)
    for name in ("conv1", "expand2", "squeeze3", "expand3"):
        assert explain[name].by_hand.agrees
    assert explain["expand3.expand3x3"].by_hand.agrees
