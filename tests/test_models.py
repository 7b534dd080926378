"""Every version of the network: layer by layer, number by number (traps 1, 8, 13)."""
import numpy as np
import pytest

import npnet
from npnet.gradcheck import check_directions
from npnet.layers import LRN, AvgPool, Conv2D, Dense, LRNWithin, MaxPool, ReLU, Sigmoid, Tanh
from npnet.models import MODELS

TOTALS = {
    "krizhevsky2012": 60_965_224, "original": 60_965_224, "pool_first": 60_965_224, "caffe": 60_965_224,
    "single_tower": 62_378_344, "batchnorm": 62_379_048, "torchvision": 61_100_840, "half_tower": 59_798_312,
    "cifar_four_layer": 183_210, "cifar_alexnet": 1_105_866, "lenet5": 61_706, "caffe_lenet": 431_080,
    "cifar10_full": 89_578, "cifar10_quick": 145_578, "squeezenet1_0": 1_248_424, "squeezenet1_1": 1_235_496}
GROUPED = {"conv1": 34_944, "conv2": 307_456, "conv3": 885_120, "conv4": 663_936, "conv5": 442_624,
           "fc6": 37_752_832, "fc7": 16_781_312, "fc8": 4_097_000}
WHOLE = {**GROUPED, "conv2": 614_656, "conv4": 1_327_488, "conv5": 884_992}
PARAMETERS = {
    "krizhevsky2012": GROUPED, "original": GROUPED, "pool_first": GROUPED, "caffe": GROUPED, "single_tower": WHOLE,
    "batchnorm": {**WHOLE, "norm1": 192, "norm2": 512},
    "torchvision": {"conv1": 23_296, "conv2": 307_392, "conv3": 663_936, "conv4": 884_992, "conv5": 590_080,
                    "fc6": 37_752_832, "fc7": 16_781_312, "fc8": 4_097_000},
    "half_tower": {**GROUPED, "conv1": 17_472, "conv2": 153_728, "conv3": 221_376, "conv4": 331_968, "conv5": 442_624},
    "cifar_four_layer": {"conv1": 4_864, "conv2": 102_464, "conv3": 36_928, "conv4": 18_464, "fc5": 20_490},
    "cifar_alexnet": {"conv1": 48 * 76, "conv2": 128 * 601, "conv3": 192 * 1153, "conv4": 192 * 865, "conv5": 128 * 865,
                      "fc6": 2049 * 256, "fc7": 2570},
    "lenet5": {"conv1": 156, "conv2": 2_416, "conv3": 48_120, "fc4": 10_164, "fc5": 850},
    "caffe_lenet": {"conv1": 520, "conv2": 25_050, "ip1": 400_500, "ip2": 5_010},
    "cifar10_full": {"conv1": 32 * 76, "conv2": 32 * 801, "conv3": 64 * 801, "ip1": 10_250},
    "cifar10_quick": {"conv1": 32 * 76, "conv2": 32 * 801, "conv3": 64 * 801, "ip1": 1025 * 64, "ip2": 650}}
FIRES = {2: (96, 16, 64), 3: (128, 16, 64), 4: (128, 32, 128), 5: (256, 32, 128), 6: (256, 48, 192), 7: (384, 48, 192),
         8: (384, 64, 256), 9: (512, 64, 256)}                          # channels in, squeezed, and of each expansion
FIRES_1_1 = FIRES | {2: (64, 16, 64)}
for version, fires, first in (("squeezenet1_0", FIRES, 96 * 148), ("squeezenet1_1", FIRES_1_1, 64 * 28)):
    PARAMETERS[version] = {"conv1": first, "conv10": 513_000} | {
        name: count for k, (C, S, E) in fires.items()
        for name, count in ((f"squeeze{k}", S * (C + 1)), (f"expand{k}", E * (S + 1) + E * (9 * S + 1)))}
PAPER = [(96, 55, 55), (96, 27, 27), (256, 27, 27), (256, 13, 13), (384, 13, 13), (384, 13, 13), (256, 13, 13),
         (256, 6, 6), (9216,), (4096,), (4096,), (1000,)]
HALF = [(48, 55, 55), (48, 27, 27), (128, 27, 27), (128, 13, 13), (192, 13, 13), (192, 13, 13), *PAPER[6:]]
WEIRD = [(64, 55, 55), (64, 27, 27), (192, 27, 27), (192, 13, 13), (384, 13, 13), (256, 13, 13), *PAPER[6:]]
SHAPES = {name: {"half_tower": HALF, "torchvision": WEIRD}.get(name, PAPER) for name in list(TOTALS)[:8]}
ORDER = {
    "krizhevsky2012": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 "
                      "flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "original": "conv1 norm1 pool1 relu1 conv2 relu2 norm2 within2 pool2 conv3 relu3 conv4 relu4 conv5 pool5 relu5 "
                "flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "pool_first": "conv1 relu1 pool1 norm1 conv2 relu2 pool2 norm2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 "
                  "flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "single_tower": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 avgpool "
                    "flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8",
    "torchvision": "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 avgpool "
                   "flatten drop6 fc6 relu6 drop7 fc7 relu7 fc8",
    "cifar_four_layer": "conv1 relu1 pool1 norm1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 flatten fc5",
    "cifar_alexnet": "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 "
                     "flatten fc6 relu6 drop6 fc7",
    "lenet5": "conv1 tanh1 pool1 conv2 tanh2 pool2 conv3 tanh3 flatten fc4 tanh4 fc5",
    "caffe_lenet": "conv1 pool1 conv2 pool2 flatten ip1 relu1 ip2",
    "cifar10_full": "conv1 pool1 relu1 norm1 conv2 relu2 pool2 norm2 conv3 relu3 pool3 flatten ip1",
    "cifar10_quick": "conv1 pool1 relu1 conv2 relu2 pool2 conv3 relu3 pool3 flatten ip1 ip2"}
FIRE = {k: f"squeeze{k} relu{k} expand{k}" for k in range(2, 10)}
END = "drop9 conv10 relu10 pool10 flatten"
ORDER["squeezenet1_0"] = " ".join(["conv1 relu1 pool1", *(FIRE[k] + " pool4" * (k == 4) + " pool8" * (k == 8)
                                                          for k in FIRE), END])
ORDER["squeezenet1_1"] = " ".join(["conv1 relu1 pool1", *(FIRE[k] + f" pool{k}" * (k in (3, 5)) for k in FIRE), END])
ORDER |= {name: ORDER["krizhevsky2012"] for name in ("caffe", "batchnorm", "half_tower")}


def counts(net):
    """Parameters per layer, where there are any."""
    found = {name: sum(array.size for array in layer.params().values()) for name, layer in net.layers.items()}
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_per_layer_and_in_all(weightless, name):
    """Per layer, because grouping conv3 instead of conv5 gives the same total."""
    assert counts(npnet.model(name)) == PARAMETERS[name]
    assert sum(counts(npnet.model(name)).values()) == TOTALS[name]


@pytest.mark.parametrize("name", MODELS)
def test_order_of_the_layers(weightless, name):
    assert " ".join(npnet.model(name).layers) == ORDER[name]


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(weightless, name):
    net = npnet.model(name)
    key = "pool1 norm1".split()[name == "pool_first"], "pool2 norm2".split()[name == "pool_first"]
    layers = ["conv1", key[0], "conv2", key[1], "conv3", "conv4", "conv5", "pool5", "flatten", "fc6", "fc7", "fc8"]

    assert [net.shapes[layer] for layer in layers] == SHAPES[name]


@pytest.mark.parametrize("name, size, classes", [
    ("krizhevsky2012", 224, 10), ("original", 227, 7), ("lenet5", 32, 10), ("single_tower", 227, 10)])
def test_other_sizes_and_classes(weightless, name, size, classes):
    net = npnet.model(name, classes=classes, size=size)

    assert net.input_shape[1:] == (size, size)
    assert list(net.shapes.values())[-1] == (classes,)


def test_counts_of_ten_classes(weightless):
    assert sum(counts(npnet.model("single_tower", classes=10)).values()) == 58_322_314
    assert counts(npnet.model("single_tower", classes=10))["fc8"] == 40_970
    assert sum(counts(npnet.model("krizhevsky2012", classes=10)).values()) == 56_909_194


def test_224_needs_the_rule_of_2012(weightless):
    """Floor, 224 and no padding gives 54-26-12-5, another fc6 and 49,430,888 parameters."""
    net = npnet.model("pool_first", size=224)

    assert [net.shapes[name][1] for name in ("conv1", "pool1", "pool2", "pool5")] == [54, 26, 12, 5]
    assert sum(counts(net).values()) == 49_430_888
    assert npnet.model("krizhevsky2012", size=224).shapes == npnet.model("krizhevsky2012").shapes


def test_which_layers_have_towers(weightless):
    groups = {name: layer.groups for name, layer in npnet.model("krizhevsky2012").layers.items() if hasattr(layer, "groups")}

    assert groups == {"conv1": 1, "norm1": 2, "conv2": 2, "norm2": 2, "conv3": 1, "conv4": 2, "conv5": 2}
    for name in ("single_tower", "batchnorm", "torchvision", "half_tower"):
        assert {layer.groups for layer in npnet.model(name).layers.values() if hasattr(layer, "groups")} == {1}


def constants(layer):
    return layer.n, layer.k, layer.alpha, layer.beta, layer.convention, layer.groups


def test_constants_of_every_lrn(weightless):
    assert constants(npnet.model("krizhevsky2012")["norm1"]) == (5, 2, 1e-4, 0.75, "paper", 2)
    assert constants(npnet.model("original")["norm2"]) == (5, None, 1e-4, 0.75, "original", 2)
    assert constants(npnet.model("pool_first")["norm1"]) == (5, 2, 1e-4, 0.75, "paper", 1)
    assert constants(npnet.model("caffe")["norm2"]) == (5, None, 1e-4, 0.75, "caffe", 1)
    assert constants(npnet.model("single_tower")["norm1"]) == (5, 2, 1e-4, 0.75, "torch", 1)
    assert constants(npnet.model("half_tower")["norm2"]) == (5, 2, 1e-4, 0.75, "paper", 1)
    within = npnet.model("original")["within2"]
    assert (within.n, within.k, within.alpha, within.beta) == (5, 1, 1e-3, 0.75)


def test_pooling_overlaps_and_rounds_as_its_version_says(weightless):
    """At 227 pixels 2x2/2 pooling gives the same shapes, so the windows themselves are looked at (trap 4)."""
    for name in list(TOTALS)[:8]:
        for layer in npnet.model(name).layers.values():
            if isinstance(layer, MaxPool):
                assert (layer.size, layer.stride, layer.ceil_mode) == (3, 2, name in ("original", "caffe"))
    assert all(isinstance(npnet.model("lenet5")[pool], AvgPool) for pool in ("pool1", "pool2"))


@pytest.mark.parametrize("name, ones", [
    ("krizhevsky2012", {"conv2": 1, "conv4": 1, "conv5": 1, "fc6": 1, "fc7": 1}),
    ("original", {"conv2": 1, "conv4": 1, "conv5": 1, "fc6": 1, "fc7": 1}),
    ("caffe", {"conv2": 0.1, "conv4": 0.1, "conv5": 0.1, "fc6": 0.1, "fc7": 0.1})])
def test_biases_and_deviations(name, ones):
    """With small pictures: fc6 has a million weights instead of 38 millions."""
    stds = {"original": {"conv3": 0.03, "conv4": 0.03, "conv5": 0.03}, "caffe": {"fc6": 0.005, "fc7": 0.005}}.get(name, {})
    for layer_name, layer in npnet.model(name, classes=10, size=67).layers.items():
        if isinstance(layer, (Conv2D, Dense)):
            assert set(layer.b.tolist()) == {np.float32(ones.get(layer_name, 0))}
            assert layer.w.std() == pytest.approx(stds.get(layer_name, 0.01), rel=0.02)


def test_init_reaches_the_layers_inside_a_concat():
    net = npnet.model("squeezenet1_1", size=35, init="torch")

    assert "init='torch'" in repr(net["expand2"]) and "he" not in repr(net["expand2"])
    assert npnet.model("squeezenet1_1", size=35)["expand2"].inside()["expand1x1"].init == "he"


@pytest.mark.parametrize("init", ["paper", "he", "torch"])
def test_init_by_argument(init):
    net = npnet.model("lenet5", init=init, seed=3)
    same = npnet.model("lenet5", init=init, seed=3)
    wanted = {"paper": 0.01, "he": np.sqrt(2 / 400), "torch": 1 / np.sqrt(3 * 400)}[init]

    assert net["conv3"].w.std() == pytest.approx(wanted, rel=0.02)
    np.testing.assert_array_equal(net["conv3"].w, same["conv3"].w)


def test_unknown_names():
    with pytest.raises(ValueError, match="no network is called 'alexnet'; npnet has krizhevsky2012, original"):
        npnet.model("alexnet")
    with pytest.raises(ValueError, match="no network is called 'lenet'; did you mean lenet5\\? npnet has krizhevsky2012"):
        npnet.model("lenet")


def test_too_small_a_picture_names_the_layer():
    with pytest.raises(ValueError, match="^conv1: a window of 11 x 11 does not fit into 10 x 10 with pad=0"):
        npnet.model("caffe", size=10)
    with pytest.raises(ValueError, match="^pool5: a window of 3 x 3 does not fit into 1 x 1"):
        npnet.model("pool_first", size=35)


class TestSwitches:
    def net(self):
        return npnet.model("cifar_four_layer", seed=2)

    def test_without(self):
        net = npnet.without(self.net(), "norm1", "norm2")

        assert " ".join(net.layers) == "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 flatten fc5"
        np.testing.assert_array_equal(net["conv3"].w, self.net()["conv3"].w)
        with pytest.raises(KeyError, match="no layer is called 'norm3'"):
            npnet.without(self.net(), "norm3")

    @pytest.mark.parametrize("other", [Tanh, Sigmoid])
    def test_another_activation(self, other):
        net = npnet.replace(self.net(), ReLU, other)

        assert [type(layer) for layer in net.layers.values()].count(other) == 4
        assert not [layer for layer in net.layers.values() if isinstance(layer, ReLU)]

    def test_pooling_that_does_not_overlap(self):
        net = npnet.replace(self.net(), MaxPool, MaxPool(2, 2))

        assert (repr(net["pool1"]), repr(net["pool2"])) == ("MaxPool(2, 2)",) * 2
        assert net["pool1"] is not net["pool2"]
        assert net.shapes["fc5"] == (10,)

    def test_layers_inside_a_concat_too(self):
        net = npnet.model("squeezenet1_1", classes=3, size=35)
        tanh = npnet.replace(net, ReLU, Tanh)

        assert not [layer for layer in npnet.network.every_layer(tanh.layers).values() if isinstance(layer, ReLU)]
        np.testing.assert_array_equal(tanh.params()["expand3.expand3x3.w"], net.params()["expand3.expand3x3.w"])
        assert tanh["expand3"].inside()["expand3x3"] is not net["expand3"].inside()["expand3x3"]
        fresh = npnet.replace(net, "expand3", npnet.models.expand(8))
        assert fresh.params()["expand3.expand3x3.w"].shape == (8, 16, 3, 3)
        np.testing.assert_array_equal(fresh.params()["expand2.expand3x3.w"], net.params()["expand2.expand3x3.w"])

    def test_one_layer_by_name(self):
        net = npnet.replace(self.net(), "norm1", LRNWithin(3))

        assert (repr(net["norm1"]), type(net["norm2"])) == ("LRNWithin(n=3)", LRN)
        with pytest.raises(ValueError, match="this network has no Tanh; it has Conv2D, Dense"):
            npnet.replace(self.net(), Tanh, ReLU)

    def test_trained_weights_are_kept(self):
        net = self.net()
        net["conv2"].w += 1

        np.testing.assert_array_equal(npnet.without(net, "norm1")["conv2"].w, net["conv2"].w)
        assert npnet.without(net, "norm1")["conv2"].w is not net["conv2"].w

    def test_a_replaced_layer_starts_afresh(self):
        net = npnet.replace(self.net(), "conv1", Conv2D(64, 5, pad=2, init="he"))

        assert net["conv1"].w.std() == pytest.approx(np.sqrt(2 / 75), rel=0.05)
        np.testing.assert_array_equal(net["conv2"].w, self.net()["conv2"].w)

    def test_frozen_stays_frozen(self):
        net = self.net()
        net.freeze("conv1", "norm1")
        net.step = 5
        variant = npnet.replace(npnet.without(net, "norm1"), ReLU, Tanh)

        assert (variant.frozen, variant.step) == ({"conv1"}, 5)

    @pytest.mark.parametrize("old", [ReLU(), 3])
    def test_what_cannot_be_looked_for(self, old):
        with pytest.raises(TypeError, match="replace needs a layer's name or a class to look for, got"):
            npnet.replace(self.net(), old, Tanh)

    def test_the_first_network_is_left_alone(self):
        net = self.net()
        before = str(net)
        npnet.replace(npnet.without(net, "norm1"), ReLU, Tanh)

        assert str(net) == before

    def test_at_227_windows_that_do_not_overlap_give_the_same_shapes(self):
        for shape in ((96, 55, 55), (256, 27, 27), (256, 13, 13)):
            assert MaxPool(2, 2).build(shape, None) == MaxPool(3, 2).build(shape, None)


@pytest.mark.long
def test_gradient_of_a_whole_network_along_random_directions():
    """All 23 layers at once, at a size at which float64 is quick; He's weights keep every gradient well above rounding."""
    npnet.use("numpy")
    net = npnet.model("krizhevsky2012", classes=10, size=67, init="he", dtype=np.float64)
    report = check_directions(net, np.random.default_rng(0).standard_normal((1, 3, 67, 67)), directions=2)

    assert len(report.rows) == 1 + 16
    assert all(row.checked == 2 and 0 < row.error < 1e-6 for row in report.rows)


@pytest.mark.parametrize("size", [131, pytest.param(227, marks=pytest.mark.long)])
def test_whole_networks_agree_between_backends(size, without_winograd):
    """float32, the same weights, from a picture to its gradient, on numpy and numba.

    Both go back from what numba's forward left: where rounding puts a number on the other side of a ReLU's 0, two
    forwards have gradients that differ, and both are right.
    """
    x = np.random.default_rng(0).standard_normal((2, 3, size, size)).astype(np.float32) * 50
    for name in ("krizhevsky2012", "pool_first"):
        net, outputs, gradients = npnet.model(name, size=size), [], []
        for backend in ("numpy", "numba"):
            npnet.use(backend)
            outputs.append(net.forward(x))
        for backend in ("numba", "numpy"):
            npnet.use(backend)
            gradients.append([net.backward(outputs[0]), *[gradient.copy() for gradient in net.grads().values()]])
        for one, other in [outputs, *zip(*gradients)]:
            assert np.linalg.norm(one - other) <= 2e-6 * np.linalg.norm(one)
