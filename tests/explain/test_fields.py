"""Receptive fields against a search: which pixels change an output when they are changed?"""
import numpy as np
import pytest

import npnet
from networks import every_class
from npnet import LRN, AdaptiveAvgPool, AvgPool, Conv2D, Dense, Flatten, LRNWithin, MaxPool, Network, ReLU, Sigmoid
from npnet.explain.fields import fields
from npnet.explain.patches import best_patches
from npnet.layers import Concat
from npnet.weights.prepared import PREPARED


@pytest.fixture(autouse=True)
def numpy_row():
    npnet.use("numpy")


def gradient_windows(net, layer, random, draws=6):
    """{(channel, p, q): (top, bottom, left, right)} by a search: pixels that an output's slope knows of in any of
    several random pictures. All weights are positive, so that nothing cancels, and averages stand for maxima."""
    part, found = net[:next_name(net, layer)], {}
    x = np.abs(random.standard_normal((draws, *net.input_shape))) + 0.1
    y = part.forward(x)
    for index in np.ndindex(y.shape[1:]):
        dy = np.zeros_like(y)
        dy[(slice(None), *index)] = 1
        changed = np.abs(part.backward(dy)).max(axis=(0, 1)) > 0
        found[index] = box(changed)
    return found


def difference_windows(net, layer, random):
    """The same without a backward: every pixel is changed in turn, and every output that moves sees it."""
    part = net[:next_name(net, layer)]
    C, H, W = net.input_shape
    x = np.abs(random.standard_normal((1, C, H, W))) + 0.5
    y = part.forward(x)[0]
    changed = np.zeros((*y.shape, H, W), bool)
    for base in (x, x * 0 + 0.1):
        still = part.forward(base)
        for change in (100.0, -0.5):                                    # as the largest, and as no maximum
            for h in range(H):
                moved = np.repeat(base, W, axis=0)                      # one picture for each pixel of the row
                moved[range(W), :, h, range(W)] += change
                changed[..., h, :] |= np.moveaxis(part.forward(moved) != still, 0, -1)
    return {index: box(changed[index]) for index in np.ndindex(y.shape)}


def next_name(net, layer):
    names = list(net.layers)
    place = names.index(layer) + 1
    return names[place] if place < len(names) else None


def box(changed):
    """(top, bottom, left, right) of all that is True; all 0 if nothing is."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1) if len(rows) else (0, 0, 0, 0)


def positive(net):
    """The network with positive weights, all different from 0, so that no pixel cancels another."""
    for name, array in net.params().items():
        array[...] = np.abs(array) + 0.05
    return net


def odd(**layers):
    return positive(Network((2, 19, 14), dtype=np.float64, **layers, end=ReLU()))


NETWORKS = {
    "alexnet's kinds": lambda: odd(conv1=Conv2D(4, (5, 3), stride=3, init="he"), relu1=ReLU(),
                                   pool1=MaxPool(3, 2, ceil_mode=True), conv2=Conv2D(3, 3, pad=1, init="he")),
    "padding twice, strides": lambda: odd(conv1=Conv2D(3, 4, stride=2, pad=3, init="he"), pool1=AvgPool(3, 2, pad=1),
                                          conv2=Conv2D(2, 3, pad=2, init="he")),
    "groups": lambda: positive(Network((4, 13, 11), dtype=np.float64, conv1=Conv2D(4, 3, groups=2, init="he"),
                                       pool1=MaxPool(2, 2), conv2=Conv2D(6, 3, pad=1, groups=2, init="he"), end=ReLU())),
    "the 2012 code's ceil": lambda: odd(conv1=Conv2D(3, 3, stride=4, ceil_mode=True, init="he"), conv2=Conv2D(2, 2, init="he")),
    "windows with holes": lambda: odd(conv1=Conv2D(3, 2, stride=3, init="he"), conv2=Conv2D(2, 2, stride=2, init="he")),
    "padding alone": lambda: odd(conv1=Conv2D(3, 3, init="he"), conv2=Conv2D(2, 1, pad=2, init="he"), pool=MaxPool(2, 1)),
    "adaptive": lambda: odd(conv1=Conv2D(3, 3, pad=1, init="he"), pool=AdaptiveAvgPool((4, 5))),
    "paths": lambda: odd(conv1=Conv2D(2, 3, stride=2, init="he"), relu1=ReLU(), two=Concat(
        [{"one": Conv2D(2, 1, init="he"), "r1": ReLU()}, {"three": Conv2D(1, 3, pad=1, init="he"), "r3": ReLU()}, {}]),
        pool2=MaxPool(3, 2, ceil_mode=True), three=Concat([{"p": MaxPool(3, 1, pad=1)}, {"five": Conv2D(2, 5, pad=2, init="he")}]),
        last=Conv2D(2, 1, pad=1, init="he")),
    "within": lambda: odd(conv1=Conv2D(3, 3, stride=2, init="he"), norm=LRNWithin(n=5, alpha=0.9)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_windows_are_those_of_a_search(name, random):
    net = NETWORKS[name]()
    for layer in list(net.layers)[:-1]:
        seen, found = fields(net, layer), difference_windows(net, layer, random)
        for (channel, p, q), window in found.items():
            assert seen.window(channel, (p, q)) == window, (layer, channel, p, q)


def test_windows_of_slopes_are_the_same(random):
    net = positive(Network((3, 21, 17), dtype=np.float64, conv1=Conv2D(6, 5, stride=2, pad=1, init="he"), sigmoid1=Sigmoid(),
                           norm1=LRN(n=3, alpha=0.9), pool1=AvgPool(3, 2, ceil_mode=True),
                           conv2=Conv2D(4, 3, pad=1, groups=2, init="he"), end=ReLU()))
    for layer in ("norm1", "pool1", "conv2"):
        seen, found = fields(net, layer), gradient_windows(net, layer, random)
        assert {index: seen.window(index[0], index[1:]) for index in found} == found


def test_the_rule_holds_where_there_is_no_edge():
    input_shape, layers = npnet.MODELS["caffe"]()                       # without the dense layers, which are large
    net = Network(input_shape, **dict(list(layers.items())[:list(layers).index("fc6")]), fc6=Dense(8))
    for layer, size, stride, offset in (("conv1", 11, 4, 0), ("pool1", 19, 8, 0), ("conv2", 51, 8, -16),
                                        ("conv3", 99, 16, -32), ("conv5", 163, 16, -64), ("pool5", 195, 32, -64)):
        seen = fields(net, layer)
        assert (seen.size, seen.stride, seen.offset) == ((size, size), (stride, stride), (offset, offset)), layer
        for p in range(net.shapes[layer][1]):
            top, bottom, _, _ = seen.window(0, (p, 0))
            assert (top, bottom) == (max(0, p * stride + offset), min(227, p * stride + offset + size)), (layer, p)
    assert fields(net, "fc6").window(7, (0, 0)) == (0, 227, 0, 227)
    assert {facts.field for facts in npnet.explain.layer_facts(net) if facts.name == "conv5"} == {(163, 163)}


def test_a_layer_of_ones_own_may_see_everything(random):
    class Mine(npnet.Layer):
        def forward(self, x, train=False):
            return x

        def backward(self, dy, to_input=True):
            return dy

    net = Network((2, 9, 7), conv1=Conv2D(3, 3), mine=Mine(), end=ReLU())
    assert fields(net, "conv1").window(1, (2, 3)) == (2, 5, 3, 6)
    assert fields(net, "mine").window(1, (2, 3)) == (0, 9, 0, 7) and fields(net, "mine").size is None


def test_the_paths_of_squeezenet_see_differently():
    """Channel 0 of fire2 comes from its 1 x 1 path, channel 64 from its 3 x 3 path; conv10's border is padding alone."""
    net = npnet.model("squeezenet1_0")
    seen = fields(net, "expand2")
    widths = [seen.window(channel, (20, 20))[1] - seen.window(channel, (20, 20))[0] for channel in (0, 63, 64, 127)]
    assert widths == [11, 11, 19, 19] and seen.size == (19, 19) and seen.stride == (4, 4)
    seen = fields(net, "conv10")
    assert seen.window(3, (0, 5)) == (0, 0, 0, 0) and seen.window(3, (14, 14)) == (0, 0, 0, 0)
    assert seen.seeing(3).sum() == 13 * 13 and seen.seeing(3)[1:14, 1:14].all()


def test_every_layer_has_fields(random):
    net = every_class()
    for layer in net.layers:
        seen, shape = fields(net, layer), net.shapes[layer]
        assert seen.rows.first.shape == ((shape[0], shape[1]) if len(shape) == 3 else (shape[0], 1))
        rows, columns = seen.middles()
        assert np.isfinite(rows).all() and np.isfinite(columns).all()
    with pytest.raises(ValueError, match="reads inputs of shape"):
        fields(Network((4,), fc1=Dense(2)), "fc1")


# ---------------------------------------------------------------------------- patches

def spots(places, side=32):
    """Grey pictures, each with one white square of 3 x 3 at a place, the first the brightest."""
    made = []
    for number, (h, v) in enumerate(places):
        picture = np.full((side, side, 3), 100, np.uint8)
        picture[h:h + 3, v:v + 3] = 250 - 10 * number
        made.append(picture)
    return made


def finder(dtype=np.float32):
    """A network whose conv2 answers to white squares of 3 x 3."""
    net = Network((3, 32, 32), dtype=dtype, conv1=Conv2D(2, 3, pad=1), relu1=ReLU(), pool1=MaxPool(2, 2),
                  conv2=Conv2D(3, 1), relu2=ReLU(), flatten=Flatten(), fc3=Dense(4))
    for array in net.params().values():
        array[...] = 0
    net["conv1"].w[0] = 1
    net["conv2"].w[1, 0] = 1
    net["fc3"].w[:] = 0.01
    return net


def test_the_patches_are_where_the_spots_are_and_the_strongest_first():
    places = [(10, 20), (0, 0), (29, 29), (5, 25)]
    pictures = spots(places)[::-1]                                      # the brightest comes last
    best = best_patches(finder(), PREPARED["cifar_alexnet"], pictures, "relu2", 1, count=3, back=True)
    assert [patch.picture for patch in best] == [3, 2, 1]
    assert best[0].value > best[1].value > best[2].value
    for patch, (h, v) in zip(best, places):
        top, bottom, left, right = patch.window
        assert top <= h and bottom >= h + 3 and left <= v and right >= v + 3 and bottom - top <= 4 and right - left <= 4
        np.testing.assert_array_equal(patch.pixels, pictures[patch.picture][top:bottom, left:right])
        assert patch.back.shape == patch.pixels.shape and patch.back.max() > 0
    assert best[1].window == (0, 3, 0, 3) and best[2].window == (29, 32, 29, 32)       # cut off at the edge


def test_patches_of_dense_layers_are_whole_pictures_and_batches_do_not_matter():
    pictures = spots([(h, 3) for h in range(20)])
    said = []
    best = best_patches(finder(np.float64), PREPARED["cifar_alexnet"], iter(pictures), "fc3", 2, progress=said.append)
    assert len(best) == 9 and best[0].pixels.shape == (32, 32, 3) and sum(said) == 20 and best[0].back is None
    values = [finder(np.float64).forward(PREPARED["cifar_alexnet"].test(one)[None].astype(np.float64))[0, 2] for one in pictures]
    assert [patch.picture for patch in best] == np.argsort(-np.array(values), kind="stable")[:9].tolist()
    with pytest.raises(ValueError, match="there is no picture to look at"):
        best_patches(finder(), PREPARED["cifar_alexnet"], [], "conv2", 1)
