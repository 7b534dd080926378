"""A real AlexNet, trained on ImageNet and cut to 8 bits, against the activations that an independent program saved.

The program computes in integers, each layer's with so many bits after the point:

    convolution   floor of (accumulator * 2^(out - weight - in)), held between -128 and 127, then ReLU
    LRN           of those integers: k=1, n=5, alpha=1e-4 divided by n, beta=0.75; then 3/2 pooling, then floor

npnet computes in floats, and as long as it rounds where the program does, every number must be equal:
not nearly, and not most of them.
"""
import numpy as np
import pytest

import npnet
from npnet.layers import LRN, Conv2D, Dense
from npnet.models import MODELS

pytestmark = pytest.mark.reference

BITS_IN = {"conv1": 5, "conv2": 2, "conv3": 0, "conv4": 0, "conv5": 1, "fc8": 5}       # after the point, of the input
BITS_OUT = {"conv1": 2, "conv2": 0, "conv3": 0, "conv4": 1, "conv5": 1, "fc8": 2}      # and of the output

array_backends = pytest.mark.parametrize("backend", ["numpy", "numba"], indirect=True)
both_types = pytest.mark.parametrize("dtype", ["float32", "float64"])


def folder(reference):
    return reference / "alexnet_conv"


def network(reference, dtype, convention="caffe"):
    """The convolutional part of npnet's `caffe` version, with the weights of the reference."""
    input_shape, layers = MODELS["caffe"]()
    layers = {name: layer for name, layer in list(layers.items())[:list(layers).index("flatten")]}
    for layer in layers.values():
        if isinstance(layer, LRN):
            layer.convention, layer.k = convention, 1
    net = npnet.Network(input_shape, 0, np.dtype(dtype), **layers)
    with np.load(folder(reference) / "alexnet_conv_float.npz") as file:
        for name, array in net.params().items():
            array[...] = file[name.replace(".", "_")]
    return net


def eight_bits(y):
    """Rounded down and held between -128 and 127."""
    return np.clip(np.floor(y), -128, 127)


def chain(net, x):
    """The program's integers after every layer of net, for the integers x of the input."""
    after = {}
    for name, layer in net.layers.items():
        if isinstance(layer, Conv2D):
            x = eight_bits(2 ** BITS_OUT[name] * layer.forward(x / 2 ** BITS_IN[name]))
        else:
            x = layer.forward(x)
        if name in ("pool1", "pool2", "pool5"):
            x = np.floor(x)
        after[name] = x
    return after


def saved(reference, number, dtype):
    """One of the program's saved outputs, with a batch of one."""
    return np.load(folder(reference) / f"output_s8_{number}.npy")[None].astype(dtype)


def goldfish(reference, dtype):
    """The integers of the picture: 32 times a channel minus its mean, divided by its deviation."""
    return np.load(folder(reference) / "input_s8.npy")[None].astype(dtype)


@both_types
@array_backends
def test_convolutions_lrn_and_pooling(reference, dtype, backend, without_winograd):
    """conv4 and pool5 of the goldfish: all 64,896 and all 9,216 numbers. Their sums are exact, Winograd's are not."""
    after = chain(network(reference, dtype), goldfish(reference, dtype))
    for name, number, shape in [("relu4", 3, (1, 384, 13, 13)), ("pool5", 4, (1, 256, 6, 6))]:
        assert after[name].shape == shape and after[name].dtype == dtype
        assert np.array_equal(after[name], saved(reference, number, dtype)), name
        assert np.unique(after[name]).size > 30                         # there was something to compare


@both_types
@array_backends
def test_dense(reference, dtype, backend):
    """fc8 from fc7: all 1000 numbers, goldfish first."""
    layer, fc7 = Dense(1000), saved(reference, 1, dtype).reshape(1, 4096)
    layer.build((4096,), np.random.default_rng(0), np.dtype(dtype))
    with np.load(folder(reference) / "alexnet_conv_float.npz") as file:
        layer.w[...], layer.b[...] = file["fc8_w"].T, file["fc8_b"]
    fc8 = eight_bits(2 ** BITS_OUT["fc8"] * layer.forward(fc7 / 2 ** BITS_IN["fc8"]))
    assert np.array_equal(fc8, saved(reference, 2, dtype).reshape(1, 1000))
    labels = (folder(reference) / "labels.txt").read_text().splitlines()
    assert "goldfish" in labels[fc8.argmax()] and np.sum(fc8 == fc8.max()) == 1


@array_backends
def test_the_paper_s_alpha_is_seen(reference, backend):
    """With alpha not divided by n, only three quarters of conv4 agree: the comparison can fail."""
    after = chain(network(reference, "float32", "paper"), goldfish(reference, "float32"))
    agreeing = np.mean(after["relu4"] == saved(reference, 3, "float32"))
    assert 0.6 < agreeing < 0.85


@array_backends
def test_groups_are_seen(reference, backend):
    """LRN inside each tower, which this network does not have, only touches the channels at the seam: seen too."""
    net = network(reference, "float32")
    net["norm1"].groups = net["norm2"].groups = 2
    after = chain(net, goldfish(reference, "float32"))
    assert not np.array_equal(after["relu4"], saved(reference, 3, "float32"))
