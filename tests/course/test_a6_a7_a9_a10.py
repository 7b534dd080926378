"""A6, A7, A9 and A10: their solutions are the library's functions, their handouts say what the code gives."""
import doctest

import numpy as np
import pytest

import npnet
from npnet import ops
from npnet.course.grader.assignment import load
from npnet.course.grader.draws import Draw
from npnet.explain.facts import layer_facts
from npnet.models import krizhevsky2012

MINE = ["a6", "a7", "a9"]


class Known:
    """A generator that gives the numbers it was made with."""

    def __init__(self, numbers):
        self.numbers, self.asked = numbers, []

    def random(self, shape):
        self.asked.append(shape)
        return self.numbers


def solution(id):
    """The names of an assignment's solution."""
    return load(id).reference.names


def quarters(name, *shape):
    return Draw(name).quarters(*shape)


# ---------------------------------------------------------------------------- the texts

@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("id", MINE)
def test_worked_examples_are_what_the_code_gives(id, language):
    text = load(id).source.handout(language)
    example = doctest.DocTestParser().get_doctest(text, {"np": np, **solution(id)}, f"{id} {language}", None, 0)
    assert len(example.examples) >= 4
    failures = []
    doctest.DocTestRunner().run(example, out=failures.append)
    assert failures == []


@pytest.mark.parametrize("id", MINE)
def test_both_languages_have_the_same_examples_and_regions(id):
    source = load(id).source
    english, korean = source.handout("en"), source.handout("ko")
    examples = [[line for line in text.splitlines() if ">>>" in line] for text in (english, korean)]
    assert examples[0] == examples[1]
    for region in source.regions.values():
        row = f"| `{region.id}` |"
        for text in (english, korean):
            assert [line.rstrip(" |").endswith(f" {region.points}") for line in text.splitlines() if row in line] == [True]


@pytest.mark.parametrize("id", MINE)
def test_nothing_of_the_solution_stands_in_the_handout_or_the_starter(id):
    source = load(id).source
    lines = {line.strip() for region in source.regions.values() for first, end in region.blocks
             for line in source.lines[first:end] if len(line.strip()) > 20}
    for language in ("en", "ko"):
        text = source.handout(language) + source.starter(language)
        assert [line for line in lines if line in text] == []


# ---------------------------------------------------------------------------- A6

@pytest.mark.parametrize("p_drop", [0.0, 0.5, 0.75, 0.875])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4, 5)])
def test_dropout_is_the_librarys_bit_for_bit(p_drop, shape):
    a6, x, dy = solution("a6"), quarters("x", *shape), quarters("dy", *shape)
    given = Known(Draw("mask").integers(0, 256, *shape) / 256)
    y, mask = a6["dropout_forward"](x, p_drop, given, True)
    assert given.asked == [shape]
    np.testing.assert_array_equal(mask, given.numbers >= p_drop)
    np.testing.assert_array_equal(y, ops.dropout_forward(x, mask, p_drop))
    np.testing.assert_array_equal(y, ops.dropout_forward_loops(x, mask, p_drop))
    np.testing.assert_array_equal(a6["dropout_backward"](dy, mask, p_drop), ops.dropout_backward(dy, mask, p_drop))


def test_dropout_at_test_draws_nothing():
    x = quarters("x", 3, 4)
    y, mask = solution("a6")["dropout_forward"](x, 0.5, None, False)
    np.testing.assert_array_equal(y, x)
    assert y is not x and mask.dtype == bool and mask.all()


def test_a_number_is_kept_where_its_random_number_is_p_drop():
    mask = solution("a6")["dropout_forward"](np.ones(3), 0.5, Known(np.array([0.49, 0.5, 0.51])), True)[1]
    assert mask.tolist() == [False, True, True]


def test_relu_is_the_librarys_bit_for_bit():
    a6, x, dy = solution("a6"), quarters("x", 2, 3, 4, 5), quarters("dy", 2, 3, 4, 5)
    y = a6["relu_forward"](x)
    assert (x == 0).any()
    np.testing.assert_array_equal(y, ops.relu_forward(x))
    np.testing.assert_array_equal(a6["relu_backward"](dy, y), ops.relu_backward(dy, y))


# ---------------------------------------------------------------------------- A7

@pytest.mark.parametrize("size", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("N, M", [(3, 5), (6, 4), (1, 10)])
def test_cross_entropy_is_the_librarys(N, M, size):
    a7, logits, labels = solution("a7"), size * Draw("z").normal(N, M), Draw("t").integers(0, M, N)
    loss, dlogits = ops.softmax_cross_entropy(logits, labels)
    np.testing.assert_allclose(a7["cross_entropy_loss"](logits, labels), loss, rtol=1e-12)
    np.testing.assert_allclose(a7["cross_entropy_gradient"](logits, labels), dlogits, rtol=1e-12, atol=1e-15)


# ---------------------------------------------------------------------------- A9

PAPER = ([96, 256, 384, 384, 256], [1, 2, 1, 2, 2], [4096, 4096], 1000)
PER_LAYER = dict(conv1=34_944, conv2=307_456, conv3=885_120, conv4=663_936, conv5=442_624,
                 fc6=37_752_832, fc7=16_781_312, fc8=4_097_000)
KINDS = {"conv": "Conv2D", "relu": "ReLU", "lrn": "LRN", "max_pool": "MaxPool", "flatten": "Flatten", "dense": "Dense",
         "dropout": "Dropout"}


def test_alexnet_has_the_librarys_layers():
    theirs, ours = krizhevsky2012()[1], solution("a9")["alexnet_layers"](*PAPER)
    assert [(each["name"], KINDS[each["kind"]]) for each in ours] == [(name, type(theirs[name]).__name__) for name in theirs]
    for layer in ours:
        for key in set(layer) - {"name", "kind"}:
            name = "size" if key == "window" else key
            assert getattr(theirs[layer["name"]], name) == layer[key], (layer["name"], key)


def test_what_the_papers_network_costs():
    a9 = solution("a9")
    layers = a9["alexnet_layers"](*PAPER)
    shapes = a9["output_shapes"](layers, (3, 227, 227))
    assert [shape for shape, layer in zip(shapes, layers) if layer["kind"] in ("conv", "max_pool", "flatten", "dense")] == [
        (96, 55, 55), (96, 27, 27), (256, 27, 27), (256, 13, 13), (384, 13, 13), (384, 13, 13), (256, 13, 13), (256, 6, 6),
        (9216,), (4096,), (4096,), (1000,)]
    parameters = a9["layer_parameters"](layers, (3, 227, 227))
    assert {layer["name"]: count for layer, count in zip(layers, parameters) if count} == PER_LAYER
    costs = a9["layer_multiply_adds"](layers, (3, 227, 227))
    assert sum(costs[:15]) == 665_784_864 and sum(costs[15:]) == 58_621_952


@pytest.mark.long
def test_shapes_parameters_and_multiply_adds_are_the_librarys():
    npnet.use("numpy")
    facts, a9 = layer_facts(npnet.model("krizhevsky2012")), solution("a9")
    layers = a9["alexnet_layers"](*PAPER)
    assert a9["output_shapes"](layers, (3, 227, 227)) == [each.shape_out for each in facts]
    assert a9["layer_parameters"](layers, (3, 227, 227)) == [each.parameters for each in facts]
    assert a9["layer_multiply_adds"](layers, (3, 227, 227)) == [each.multiply_adds for each in facts]


def test_a_variant_has_the_librarys_counts():
    npnet.use("numpy")
    layers = solution("a9")["alexnet_layers"]([8, 16, 24, 32, 40], [1, 4, 1, 2, 4], [56, 48], 10)
    classes = {"conv": lambda o: npnet.Conv2D(o["filters"], o["window"], o["stride"], o["pad"], o["groups"]),
               "max_pool": lambda o: npnet.MaxPool(o["window"], o["stride"]), "relu": lambda o: npnet.ReLU(),
               "lrn": lambda o: npnet.LRN(n=o["n"], k=o["k"], alpha=o["alpha"], beta=o["beta"]),
               "flatten": lambda o: npnet.Flatten(), "dense": lambda o: npnet.Dense(o["units"]),
               "dropout": lambda o: npnet.Dropout(o["p_drop"])}
    net = npnet.Network((3, 107, 131), dtype=np.float64, **{each["name"]: classes[each["kind"]](each) for each in layers})
    facts, a9 = layer_facts(net), solution("a9")
    assert a9["output_shapes"](layers, (3, 107, 131)) == [each.shape_out for each in facts]
    assert a9["layer_parameters"](layers, (3, 107, 131)) == [each.parameters for each in facts]
    assert a9["layer_multiply_adds"](layers, (3, 107, 131)) == [each.multiply_adds for each in facts]
    for w in net.params().values():
        w[...] = Draw(w.shape).normal(*w.shape) / 5
    x = 10 * Draw("x").normal(2, 3, 107, 131)
    logits = a9["network_forward"](x, layers, net.params(), {})
    np.testing.assert_allclose(logits, net.forward(x), rtol=1e-10)


def test_dense_and_flatten_are_the_librarys_bit_for_bit():
    a9, x, w, b = solution("a9"), quarters("x", 3, 5), quarters("w", 5, 4), quarters("b", 4)
    np.testing.assert_array_equal(a9["dense_forward"](x, w, b), ops.dense_forward(x, w, b))
    np.testing.assert_array_equal(a9["dense_forward"](x, w, b), ops.dense_forward_loops(x, w, b))
    maps = quarters("maps", 2, 3, 4, 5)
    np.testing.assert_array_equal(a9["flatten_forward"](maps), npnet.Flatten().forward(maps))


@pytest.mark.parametrize("changed, total", [
    ("layers.no_groups", 62_378_344), ("layers.groups_in_conv2_only", 62_071_144),
    ("layers.conv3_also_grouped", 60_522_856), ("layers.conv3_grouped", 60_965_224),
    ("layers.conv2_window_3", 60_768_616), ("layers.conv1_window_7", 60_944_488)])
def test_the_number_tells_the_mistake(changed, total):
    assignment = load("a9")
    [mistake] = [each for each in assignment.mistakes if each.id == changed]
    layers = assignment.mistaken(mistake).names["alexnet_layers"](*PAPER)
    assert sum(solution("a9")["layer_parameters"](layers, (3, 227, 227))) == total
    assert total == 60_965_224 or f"{total:,}" in mistake.when["en"] and f"{total:,}" in mistake.when["ko"]
