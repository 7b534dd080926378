"""A6, A7, A9 and A10: their solutions are the library's functions, their handouts say what the code gives."""
import doctest
import re

import numpy as np
import pytest

import npnet
from npnet import ops
from npnet.course.grader.assignment import load
from npnet.course.grader.draws import Draw
from npnet.course.grader.words import say
from npnet.explain.facts import layer_facts
from npnet.models import krizhevsky2012

MINE = ["a6", "a7", "a9", "a10"]


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


# ---------------------------------------------------------------------------- A10

def small(weights, shape):
    """The small network as npnet builds it, with these weights."""
    npnet.use("numpy")
    K, M = len(weights["conv.b"]), len(weights["fc.b"])
    net = npnet.Network(shape, dtype=np.float64, conv=npnet.Conv2D(K, 3, pad=1), relu=npnet.ReLU(),
                        pool=npnet.MaxPool(3, 2), flatten=npnet.Flatten(), fc=npnet.Dense(M))
    for name, w in net.params().items():
        w[...] = weights[name]
    return net


def weights_of(K, C, D, M):
    draw = Draw("weights")
    return {"conv.w": draw.normal(K, C, 3, 3) / 2, "conv.b": draw.normal(K) / 4, "fc.w": draw.normal(D, M) / 4,
            "fc.b": draw.normal(M) / 4}


def test_dense_backward_is_the_librarys_bit_for_bit():
    dy, x, w = quarters("dy", 4, 3), quarters("x", 4, 5), quarters("w", 5, 3)
    for ours, theirs in zip(solution("a10")["dense_backward"](dy, x, w), ops.dense_backward(dy, x, w)):
        np.testing.assert_array_equal(ours, theirs)


def test_the_small_network_has_the_librarys_gradients():
    a10, weights, x, dlogits = solution("a10"), weights_of(4, 2, 48, 5), Draw("x").normal(3, 2, 7, 9), Draw("d").normal(3, 5)
    net = small(weights, (2, 7, 9))
    logits, saved = a10["small_forward"](x, weights)
    np.testing.assert_allclose(logits, net.forward(x), rtol=1e-12)
    net.backward(dlogits)
    grads = a10["small_backward"](dlogits, saved, weights)
    assert set(grads) == set(net.grads())
    for name, theirs in net.grads().items():
        np.testing.assert_allclose(grads[name], theirs, rtol=1e-11, atol=1e-13)


def test_training_is_the_librarys():
    """Two epochs of uneven pieces, beside npnet's optimizer without weight decay."""
    weights, x, labels = weights_of(3, 2, 36, 4), Draw("x").normal(7, 2, 7, 9), np.arange(7) % 4
    losses, trained = solution("a10")["train"](x, labels, weights, 0.2, 0.6, 2, 3, np.random.default_rng(5))
    net, optimizer, rng = small(weights, (2, 7, 9)), npnet.SGD(0.2, momentum=0.6, weight_decay=0), np.random.default_rng(5)
    theirs = []
    for _ in range(2):
        order = rng.permutation(7)
        for piece in (order[:3], order[3:6], order[6:]):
            loss, dlogits = ops.softmax_cross_entropy(net.forward(x[piece]), labels[piece])
            net.backward(dlogits)
            optimizer.update(net.params(), net.grads())
            theirs.append(loss)
    np.testing.assert_allclose(losses, theirs, rtol=1e-11)
    for name, w in net.params().items():
        np.testing.assert_allclose(trained[name], w, rtol=1e-10, atol=1e-12)
        assert not np.array_equal(weights[name], w)                     # the ones that came in have not moved


@pytest.mark.parametrize("seed", range(3))
def test_twenty_pictures_are_learned_by_heart(seed):
    a10 = solution("a10")
    x, labels = a10["pictures"](20, seed)
    losses, trained = a10["train"](x, labels, a10["first_weights"](6, 4, seed), 0.1, 0.9, 60, 20, np.random.default_rng(seed))
    assert len(losses) <= 200 and abs(losses[0] - np.log(4)) < 0.3 and losses[-1] < 0.05
    assert a10["accuracy"](x, labels, trained) == 1
    assert a10["accuracy"](*a10["pictures"](400, 99), trained) > 0.6


def test_maps_are_told_by_their_filters():
    a10, draw = solution("a10"), Draw("maps")
    image, filters = draw.normal(2, 8, 6), draw.normal(5, 2, 3, 3)
    answers = np.maximum(ops.conv2d_forward_loops(image[None], filters, np.zeros(5), 1, 1, 1)[0], 0)
    maps = answers[[3, 0, 4, 1, 2]] / answers[[3, 0, 4, 1, 2]].max(axis=(1, 2), keepdims=True)
    assert a10["match_maps"](image, filters, maps) == [3, 0, 4, 1, 2]


@pytest.mark.long
def test_the_experiments_show_what_the_questions_ask_about(capsys):
    solution("a10")["experiments"]()
    lines = capsys.readouterr().out.splitlines()
    table = {line[:20].strip(): [float(word.strip("%")) for word in line[20:].split()] for line in lines[1:9]}
    assert abs(table["as it is"][0] - np.log(4)) < 0.1 and table["as it is"][1] < 0.001
    assert table["weights 20 x"][0] > 10 and table["rate 10 x"][1] > 10
    assert 0.001 < table["rate 1/10"][1] < 0.05 and 0.001 < table["no momentum"][1] < 0.05
    assert table["200 pictures"][3] > table["as it is"][3] > table["labels at random"][3] + 30
    assert table["labels at random"][2] == 100 and table["weights all 0"][1] > 1


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_questions_have_anchors_points_and_a_rubric(language):
    starter = load("a10").source.starter(language)
    anchors = re.findall(r"# ANSWER\((a10\.q\d), points=(\d)\)\n(.*?)# END ANSWER\(\1\)", starter, re.DOTALL)
    assert [id for id, _, _ in anchors] == ["a10.q1", "a10.q2", "a10.q3", "a10.q4"]
    assert sum(int(points) for _, points, _ in anchors) == 4
    for id, _, text in anchors:
        assert all(line.startswith("#") for line in text.splitlines()) and text.splitlines()[-1] == "#"
        assert say(f"{id}.rubric", language) and say(id, language)
