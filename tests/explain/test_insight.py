"""What a network sees, against finite differences, direct computation and a network worked out by hand."""
import re

import numpy as np
import pytest

import npnet
from networks import every_class, moved
from npnet import LRN, Conv2D, Dense, Dropout, Flatten, MaxPool, Network, ReLU, Softmax
from npnet.explain import ascent, insight, neighbours, patches
from npnet.explain.ascent import blurred, excite
from npnet.explain.insight import (deconvolution, feature_maps, first_filters, grad_cam, guided_backprop, last_maps,
                                   logits_of, occlusion, occlusion_map, saliency)
from npnet.explain.neighbours import features, nearest
from npnet.explain.patches import limits, pixels
from npnet.explain.words import table
from npnet.layers import Concat
from npnet.weights.prepared import PREPARED


@pytest.fixture(autouse=True)
def numpy_row():
    """Nothing here needs to be compiled, but where a test asks for it."""
    npnet.use("numpy")


def small(dtype=np.float64, last=None, channels=3):
    """A network with every kind of layer that AlexNet has, small, of which biases are not 0."""
    net = Network((channels, 15, 13), seed=1, dtype=dtype, conv1=Conv2D(6, 3, init="he"), relu1=ReLU(),
                  norm1=LRN(n=3, alpha=0.5), pool1=MaxPool(3, 2), conv2=Conv2D(8, 3, pad=1, groups=2, init="he"),
                  relu2=ReLU(), flatten=Flatten(), fc3=Dense(9, init="he"), relu3=ReLU(), drop3=Dropout(0.5),
                  fc4=Dense(5, init="he"), **(last or {}))
    for name in ("conv1", "conv2", "fc3", "fc4"):
        net[name].b += npnet.layers.rng(0, name).uniform(-0.1, 0.1, net[name].b.shape).astype(dtype)
    return net


def picture(net, random):
    return random.standard_normal((1, *net.input_shape)).astype(net.dtype)


# ---------------------------------------------------------------------------- saliency, Grad-CAM: finite differences

def test_saliency_is_the_largest_slope_of_the_logit_over_the_channels(random):
    net, h = small(), 1e-6
    x = picture(net, random)
    expected = np.zeros((3, 15, 13))
    for place in np.ndindex(expected.shape):
        moved_x = [x.copy(), x.copy()]
        moved_x[0][0][place] += h
        moved_x[1][0][place] -= h
        expected[place] = (net.forward(moved_x[0])[0, 3] - net.forward(moved_x[1])[0, 3]) / (2 * h)
    np.testing.assert_allclose(saliency(net, x, 3), np.abs(expected).max(axis=0), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("layer", ["conv2", "pool1", "relu2"])
def test_grad_cam_is_the_definition(layer, random):
    """Weights by finite differences of the logit as a map is moved as a whole; the sum by loops."""
    net, h = small(), 1e-6
    x = picture(net, random)
    following = list(net.layers)[list(net.layers).index(layer) + 1]
    front, back = net[:following], net[following:]
    maps = front.forward(x)
    weights = []
    for c in range(maps.shape[1]):
        moved_maps = [maps.copy(), maps.copy()]
        moved_maps[0][0, c] += h
        moved_maps[1][0, c] -= h
        slope = (back.forward(moved_maps[0])[0, 2] - back.forward(moved_maps[1])[0, 2]) / (2 * h)
        weights.append(slope / maps[0, c].size)                         # the mean of the gradient over the map
    expected = np.maximum(sum(w * m for w, m in zip(weights, maps[0])), 0)
    cam = grad_cam(net, x, 2, layer)
    rows, columns = insight.fields(net, layer).middles()
    assert (rows == rows.astype(int)).all() and cam.shape == (15, 13) and expected.max() > 0
    np.testing.assert_allclose(cam[np.ix_(rows.astype(int), columns.astype(int))], expected, rtol=1e-4, atol=1e-7)


def test_grad_cam_looks_at_the_last_convolution():
    assert last_maps(npnet.model("cifar_alexnet")) == "relu5"
    assert last_maps(Network((3, 9, 9), conv1=Conv2D(2, 3), flatten=Flatten(), fc2=Dense(2))) == "conv1"
    with pytest.raises(ValueError, match="this network has no convolution"):
        last_maps(Network((3, 9, 9), flatten=Flatten(), fc2=Dense(2)))


# ---------------------------------------------------------------------------- occlusion: direct computation

def test_occlusion_is_what_covering_costs(random):
    net = small()
    x = picture(net, random)
    drops, rows, columns = occlusion(net, x, 4, size=4, stride=3)
    assert rows.tolist() == [0, 3, 6, 9, 11] and columns.tolist() == [0, 3, 6, 9]
    whole, total, count = net.forward(x)[0, 4], np.zeros((15, 13)), np.zeros((15, 13))
    for p, top in enumerate(rows):
        for q, left in enumerate(columns):
            covered = x.copy()
            covered[0, :, top:top + 4, left:left + 4] = 0
            np.testing.assert_allclose(drops[p, q], whole - net.forward(covered)[0, 4], rtol=1e-9, atol=1e-12)
            total[top:top + 4, left:left + 4] += drops[p, q]
            count[top:top + 4, left:left + 4] += 1
    np.testing.assert_allclose(occlusion_map(net, x, 4, 4, 3), total / count, rtol=1e-12)
    assert (count > 0).all()


def test_occlusion_covers_the_whole_picture_by_default_and_refuses_impossible_squares(random):
    net = small()
    x = picture(net, random)
    drops, rows, columns = occlusion(net, x, 0)
    assert rows[0] == 0 and rows[-1] == 15 - 2 and columns[-1] == 13 - 2 and drops.shape == (14, 12)
    for size, stride in ((0, 1), (14, 1), (3, 0)):
        with pytest.raises(ValueError, match=f"a square of size {size} that moves by {stride} cannot cover"):
            occlusion(net, x, 0, size, stride)


# ---------------------------------------------------------------------------- a network worked out by hand

def by_hand():
    """x (1, 1, 4) -> conv 1 x 2, two filters -> ReLU -> max-pool 1 x 3 over all -> ReLU -> dense.

    w = [[1, -1]], [[-1, 2]]: of x = [3, 1, 2, 0] they make [2, -1, 2] and [-1, 3, -2]; ReLU [2, 0, 2] and [0, 3, 0];
    the largest, the first of equals: 2 at place 0 and 3 at place 1. Logit 0 is 5 a - 1 b, logit 1 is -2 a + 1 b.
    """
    net = Network((1, 1, 4), dtype=np.float64, conv1=Conv2D(2, (1, 2)), relu1=ReLU(), pool1=MaxPool((1, 3), 1),
                  flatten=Flatten(), relu2=ReLU(), fc3=Dense(2))
    net["conv1"].w[...] = np.array([[1., -1], [-1, 2]]).reshape(2, 1, 1, 2)
    net["conv1"].b[...] = 0
    net["fc3"].w[...] = [[5, -2], [-1, 1]]
    net["fc3"].b[...] = 0
    return net, np.array([3., 1, 2, 0]).reshape(1, 1, 1, 4)


def test_by_hand_guided_backprop_drops_what_is_negative_on_the_way_back():
    """Logit 0 sends 5 to a and -1 to b. The gradient keeps both; guided drops b's: only 5 * [1, -1] at places 0, 1."""
    net, x = by_hand()
    np.testing.assert_array_equal(insight.input_gradient(net, x, 0).ravel(), [5, -5 + 1, -2, 0])
    np.testing.assert_array_equal(guided_backprop(net, x, 0).ravel(), [5, -5, 0, 0])
    np.testing.assert_array_equal(guided_backprop(net, x, 1).ravel(), [0, -1, 2, 0])
    np.testing.assert_array_equal(saliency(net, x, 0).ravel(), [5, 4, 2, 0])


def test_by_hand_deconvolution_puts_the_maximum_back_where_it_was():
    """Of channel 1 of pool1 the number is 3, from place 1 of the map: 3 * [-1, 2] at the pixels 1 and 2."""
    net, x = by_hand()
    np.testing.assert_array_equal(deconvolution(net, x, "pool1", 1).ravel(), [0, -3, 6, 0])
    np.testing.assert_array_equal(deconvolution(net, x, "pool1", 0).ravel(), [2, -2, 0, 0])
    np.testing.assert_array_equal(deconvolution(net, x, "conv1", 0, place=(0, 2)).ravel(), [0, 0, 2, -2])
    # relu1 was 0 at place 1 of channel 0: the deconvnet sends back 0 * w; of channel 0 of conv1 there, -1 * w
    np.testing.assert_array_equal(deconvolution(net, x, "relu1", 0, place=(0, 1)).ravel(), [0, 0, 0, 0])
    np.testing.assert_array_equal(deconvolution(net, x, "conv1", 0, place=(0, 1)).ravel(), [0, -1, 1, 0])


def test_by_hand_the_deconvnets_relu_asks_only_the_way_back():
    """Behind a second convolution with weights 1 and -1: -1 * 3 is dropped by relu1, whatever its input was; 2 stays."""
    net = Network((1, 1, 4), dtype=np.float64, conv1=Conv2D(2, (1, 2)), relu1=ReLU(), conv2=Conv2D(1, 1))
    net["conv1"].w[...] = np.array([[1., -1], [-1, 2]]).reshape(2, 1, 1, 2)
    net["conv2"].w[...] = np.array([1., -1]).reshape(1, 2, 1, 1)
    net["conv2"].b[...] = net["conv1"].b[...] = 0
    x = np.array([3., 1, 2, 0]).reshape(1, 1, 1, 4)                     # conv2 makes 2 - 0, 0 - 3, 2 - 0
    np.testing.assert_array_equal(deconvolution(net, x, "conv2", 0).ravel(), [2, -2, 0, 0])
    # its number -3: sends -3 and +3 to the channels; the gradient's ReLU would keep neither, the deconvnet's the 3
    np.testing.assert_array_equal(deconvolution(net, x, "conv2", 0, place=(0, 1)).ravel(), [0, -3, 6, 0])


# ---------------------------------------------------------------------------- the picture that excites most

@pytest.mark.parametrize("layer, channel", [("conv1", 2), ("relu1", 5), ("relu2", 3), (None, 4), ("fc3", 1)])
def test_uphill_goes_up(layer, channel):
    net = small()
    name = logits_of(net) if layer is None else layer
    mean = (lambda x: feature_maps(net, x[None], name)[channel].mean())
    start, end = (excite(net, layer, channel, -1, 1, steps=steps) for steps in (0, 40))
    assert mean(end) > mean(start) and mean(end) > 0 and end.min() >= -1 and end.max() <= 1
    np.testing.assert_array_equal(end, excite(net, layer, channel, -1, 1, steps=40))            # the same every time
    assert not np.array_equal(end, excite(net, layer, channel, -1, 1, steps=40, seed=1))


def test_the_gradient_uphill_is_the_mean_of_the_channel(random):
    net, h = small(), 1e-6
    x, direction = random.standard_normal((2, 3, 15, 13))
    part = insight.up_to(net, "conv2")
    slope = [feature_maps(net, (x + sign * h * direction)[None], "conv2")[3].mean() for sign in (1, -1)]
    np.testing.assert_allclose((ascent.uphill(part, x, 3) * direction).sum(), (slope[0] - slope[1]) / (2 * h), rtol=1e-5)


def test_a_channel_that_says_nothing_has_no_way_uphill():
    net = small()
    net["conv1"].w[3] = 0
    with pytest.raises(ValueError, match="channel 3 of conv1 does not change with noise"):
        excite(net, "conv1", 3)


def test_a_blur_keeps_the_mean_and_is_the_gaussian():
    x = np.zeros((1, 9, 9))
    x[0, 4, 4] = 1
    y = blurred(x, 1.0)
    weights = np.exp(-np.arange(-2, 3) ** 2 / 2)
    weights /= weights.sum()
    np.testing.assert_allclose(y[0, 2:7, 2:7], np.outer(weights, weights), rtol=1e-12)
    np.testing.assert_allclose(y.sum(), 1)
    np.testing.assert_allclose(blurred(np.full((2, 5, 7), 3.0), 0.7), 3.0)


# ---------------------------------------------------------------------------- every network, and no network changed

def branching(dtype=np.float64):
    """Two fires, the second of which pools: what SqueezeNet is made of."""
    def fire(name, wide):
        return Concat([{f"{name}one": Conv2D(wide, 1, init="he"), f"{name}relu1": ReLU()},
                       {f"{name}three": Conv2D(wide + 1, 3, pad=1, init="he"), f"{name}relu3": ReLU()}])
    return Network((3, 15, 13), dtype=dtype, conv1=Conv2D(4, 3, stride=2, init="he"), relu1=ReLU(), fire2=fire("a", 3),
                   pool2=MaxPool(3, 2, ceil_mode=True), conv2=Conv2D(5, 1, init="he"), fire3=fire("b", 4),
                   conv10=Conv2D(6, 1, pad=1, init="he"), relu10=ReLU(), pool10=npnet.AdaptiveAvgPool(1), flatten=Flatten())


def test_paths_side_by_side_are_swapped_inside_too(random):
    net = branching()
    x = picture(net, random)
    part = insight.up_to(net, "fire3", {ReLU: insight.GuidedReLU})
    kinds = [type(layer).__name__ for layer in part["fire3"].inside().values()]
    assert kinds.count("GuidedReLU") == 2 and not isinstance(net["fire3"].inside()["brelu1"], insight.GuidedReLU)
    assert part["fire3"].inside()["bone"].w is net["fire3"].inside()["bone"].w
    best = int(net.forward(x)[0].argmax())                              # relu10 holds others at 0
    assert last_maps(net) == "relu10"
    assert not np.array_equal(guided_backprop(net, x, best), insight.input_gradient(net, x, best))
    h, direction = 1e-6, random.standard_normal(x.shape)
    slope = (net.forward(x + h * direction)[0, best] - net.forward(x - h * direction)[0, best]) / (2 * h)
    np.testing.assert_allclose((insight.input_gradient(net, x, best) * direction[0]).sum(), slope, rtol=1e-6)
    end = ascent.without_last_relu(insight.up_to(net, "fire3"))["fire3"].inside()
    assert [type(layer).__name__ for layer in end.values()] == ["Conv2D", "Straight"] * 2


def test_the_way_uphill_begins_before_the_last_relu_wherever_it_stands():
    """As in SqueezeNet: convolution, ReLU, mean over the map, Flatten; the class's logit is 0 for noise."""
    net = branching()
    net["conv10"].b[2] = -50
    x = excite(net, None, 2, -1, 1, steps=3)
    assert feature_maps(net, x[None], "conv10")[2].mean() > feature_maps(net, 0 * x[None], "conv10")[2].mean()


def frozen():
    net = small(np.float32)
    net.freeze("conv1", "fc4")
    return net


NETWORKS = {"float32": lambda: small(np.float32), "float64": small, "softmax": lambda: small(last={"softmax": Softmax()}),
            "frozen": frozen, "one channel": lambda: small(channels=1), "every class": every_class, "paths": branching}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_function_takes_every_network_and_changes_nothing(name, random):
    net = moved(NETWORKS[name](), random)
    x = random.standard_normal((1, *net.input_shape)).astype(np.float32)                # whatever the network's dtype
    y = net.forward(x.astype(net.dtype), train=False)
    before = {key: array.copy() for key, array in (net.params() | net.state()).items()}
    made = {"saliency": saliency(net, x, 2), "cam": grad_cam(net, x, 2), "occlusion": occlusion_map(net, x, 2),
            "guided": guided_backprop(net, x, 2), "deconvolution": deconvolution(net, x, "conv2", 1),
            "excite": excite(net, "conv2", 1, -1, 1, steps=2), "maps": feature_maps(net, x, "conv2")}
    for what, array in made.items():
        maps = array.ndim == 2
        assert isinstance(array, np.ndarray) and np.isfinite(array).all() and array.any(), what
        assert what == "maps" or array.shape == (net.input_shape[1:] if maps else net.input_shape), what
    after = net.params() | net.state()
    assert all(np.array_equal(after[key], array) for key, array in before.items())
    dy = random.standard_normal(y.shape).astype(net.dtype)
    one = net.backward(dy)                                              # what its layers remember is still of x
    net.forward(x.astype(net.dtype))
    np.testing.assert_array_equal(one, net.backward(dy))


def test_a_softmax_at_the_end_changes_nothing(random):
    plain, ended = small(), small(last={"softmax": Softmax()})
    x = picture(plain, random)
    for function in (saliency, grad_cam, guided_backprop, occlusion_map):
        np.testing.assert_array_equal(function(plain, x, 1), function(ended, x, 1))


@pytest.mark.parametrize("backend", ["loops", "numba"], indirect=True)
def test_every_backend_sees_the_same(backend, random):
    net = small()
    x = picture(net, random)
    made = [saliency(net, x, 1), grad_cam(net, x, 1), deconvolution(net, x, "relu2", 5), guided_backprop(net, x, 1)]
    npnet.use("numpy")
    for one, other in zip(made, [saliency(net, x, 1), grad_cam(net, x, 1), deconvolution(net, x, "relu2", 5),
                                 guided_backprop(net, x, 1)]):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.gpu
def test_the_card_sees_the_same(random):
    seen = []
    for backend in ("numpy", "cupy"):
        npnet.use(backend)
        net = small()
        x = picture(net, np.random.default_rng(5))
        seen.append([saliency(net, x, 1), grad_cam(net, x, 1), guided_backprop(net, x, 1), occlusion_map(net, x, 1),
                     deconvolution(net, x, "relu2", 5), excite(net, "relu2", 5, -1, 1, steps=5)])
    for one, other in zip(*seen):
        assert isinstance(other, np.ndarray)
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_what_cannot_be_seen_is_said(random):
    net = small()
    x = picture(net, random)
    maps = Network((3, 15, 13), conv1=Conv2D(4, 3))
    for call, words in (
            (lambda: saliency(net, x, 5), "classes go from 0 to 4, got 5"),
            (lambda: saliency(net, x, True), "classes go from 0 to 4, got True"),
            (lambda: saliency(net, x[0], 1), r"one picture as the network reads it, \(1, 3, 15, 13\), got \(3, 15, 13\)"),
            (lambda: saliency(net, np.repeat(x, 2, 0), 1), r"got \(2, 3, 15, 13\)"),
            (lambda: saliency(maps, x.astype(np.float32), 1), r"ends in maps \(4, 13, 11\), not in classes"),
            (lambda: grad_cam(net, x, 1, "fc3"), r"needs a layer that makes maps"),
            (lambda: grad_cam(net, x, 1, "fc4"), "fc4 makes the logits or stands behind them"),
            (lambda: deconvolution(net, x, "conv2", 8), "conv2 has the channels 0 to 7, got 8"),
            (lambda: neighbours.before_classes(Network((3, 4, 4), flatten=Flatten(), fc1=Dense(2))).layers.clear() or
             neighbours.before_classes(Network((4,), fc1=Dense(2))), "no layer with weights before")):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(KeyError, match="no layer is called 'conv9'"):
        deconvolution(net, x, "conv9", 0)


def test_the_first_filters_are_in_the_order_of_colours():
    net = small()
    name, w = first_filters(net, "BGR")
    assert name == "conv1" and np.array_equal(w[:, 0], net["conv1"].w[:, 2]) and np.array_equal(w[:, 2], net["conv1"].w[:, 0])
    assert np.array_equal(first_filters(net)[1], net["conv1"].w)
    assert first_filters(small(channels=1), "BGR")[1].shape == (6, 1, 3, 3)


def test_every_function_says_what_it_does_not_show():
    """The sentence of the captions stands in the docstring, word for word."""
    functions = {"saliency": saliency, "guided": guided_backprop, "gradcam": grad_cam, "occlusion": occlusion,
                 "deconvolution": deconvolution, "excite": excite, "filters": first_filters, "maps": feature_maps,
                 "patches": patches.best_patches, "nearest": nearest}
    for name, function in functions.items():
        sentence = table()[f"see.not_{name}"]["en"]
        assert sentence in re.sub(r"\s+", " ", function.__doc__), name


# ---------------------------------------------------------------------------- neighbours, pixels

def test_features_are_what_stands_before_the_classes(random):
    net, pipeline = npnet.model("cifar_alexnet"), PREPARED["cifar_alexnet"]
    pictures = random.integers(0, 256, (3, 40, 50, 3), np.uint8)
    rows = features(net, pipeline, pictures)
    expected = np.concatenate([net[:"fc7"].forward(pipeline.test(one)[None]) for one in pictures])
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-4)


def test_features_of_maps_are_means(random):
    net = Network((3, 32, 32), conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), conv2=Conv2D(5, 1), relu2=ReLU(),
                  pool=npnet.AdaptiveAvgPool(1), flatten=Flatten())
    pictures = random.integers(0, 256, (2, 32, 32, 3), np.uint8)
    x = np.stack([PREPARED["cifar_alexnet"].test(one) for one in pictures])
    np.testing.assert_allclose(features(net, PREPARED["cifar_alexnet"], pictures),
                               net[:"conv2"].forward(x).mean(axis=(2, 3)), rtol=1e-5)


def test_the_nearest_come_first():
    rows = np.array([[0, 0], [3, 4], [1, 0], [0, 1]], np.float32)
    order, distances = nearest(rows, np.array([0, 0]), count=3)
    assert order.tolist() == [0, 2, 3] and distances.tolist() == [0, 1, 1]
    assert nearest(rows, np.array([3, 4]), 9)[0].tolist() == [1, 3, 2, 0]


@pytest.mark.parametrize("version", ["caffe", "torchvision", "cifar_alexnet", "lenet5", "caffe_lenet"])
def test_pixels_come_back(version, random):
    pipeline = PREPARED[version]
    side = pipeline.shorter
    picture = random.integers(0, 256, (side, side, 3), np.uint8)
    if pipeline.channels == 1:
        picture = np.repeat(picture[:, :, :1], 3, axis=2)
    back, edge = pixels(pipeline.test(picture), pipeline), (side - pipeline.size) // 2
    middle = picture[edge:edge + pipeline.size, edge:edge + pipeline.size, :pipeline.channels]
    assert back.shape == middle.shape and back.dtype == np.uint8 and np.abs(back.astype(int) - middle).max() <= 1
    black, white = limits(pipeline)
    assert (white > black).all()
