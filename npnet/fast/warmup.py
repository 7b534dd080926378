"""All that the numba backend compiles, compiled beforehand: `npnet warmup`.

    warm_up()                       float32, what training and predicting use
    warm_up(["float32", "float64"])

A kernel is compiled when it first meets numbers of a dtype in arrays of so many dimensions. So every layer is run,
forward and backward, in networks that have all of them, with a few small pictures and with one.
"""
import numpy as np

from . import kernels
from ..backend import ops, use
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                      MaxPool, ReLU, Sigmoid, Softmax, Tanh)
from ..network import Network
from ..optim import SGD


def networks(dtype):
    """Small networks that have every layer; the last two the convolutions that are computed by Winograd's method."""
    return [
        Network((4, 16, 16), dtype=dtype,
                conv1=Conv2D(8, 3, pad=1, groups=2), relu1=ReLU(), norm1=LRN(groups=2), pool1=MaxPool(3, 2),
                conv2=Conv2D(8, 3, stride=2), paths2=Concat([dict(one=Conv2D(8, 1))]), norm2=BatchNorm(), tanh2=Tanh(),
                within2=LRNWithin(), drop2=Dropout(),
                pool2=MaxPool(2, 1, pad=1), sigmoid2=Sigmoid(), pool3=AvgPool(2, 1), avgpool=AdaptiveAvgPool(2),
                flatten=Flatten(), fc6=Dense(8), relu6=ReLU(), drop6=Dropout(), fc7=Dense(8), tanh7=Tanh(),
                sigmoid7=Sigmoid(), fc8=Dense(4)),
        Network((64, 16, 16), dtype=dtype, conv1=Conv2D(64, 3, pad=1), conv2=Conv2D(64, 5, pad=2), flatten=Flatten(),
                fc8=Dense(4), softmax=Softmax())]


def warm_up(dtypes=("float32",), progress=lambda done, total: None):
    """Compiles what is not yet in the folder of kernels; the backend is numba afterwards.

    progress(done, total) is called after every layer. Returns what was compiled and what was there, a list of
    kernels.Had. Raises OSError where kernels cannot be kept.
    """
    if kernels.kernels() is None:
        raise OSError("compiled kernels cannot be kept, so that there is nothing to do beforehand")
    use("numba")
    before = len(kernels.had)
    runs = [(net, images) for dtype in dtypes for net in networks(dtype) for images in (3, 1)]
    total, done = 2 * sum(len(net.layers) for net, _ in runs), 0
    for net, images in runs:
        for done in steps(net, images, done):
            progress(done, total)
    return kernels.had[before:]


def steps(net, images, done):
    """A training step of one network, and what else it can do, layer by layer. Yields how many layers have been run."""
    x = np.ones((images, *net.input_shape), net.dtype)
    for layer in net.layers.values():
        layer.forward(x)
        x = layer.forward(x, train=True)
        yield (done := done + 1)
    dy = ops.softmax_cross_entropy(x, np.zeros(images, np.int64))[1]
    for layer in reversed(net.layers.values()):
        dy = layer.backward(dy)
        yield (done := done + 1)
    for form in ("paper", "torch"):
        SGD(form=form).update(net.params(), net.grads())
    cols = ops.im2col(dy, 3, 3, 1, 1)
    ops.col2im(cols, *dy.shape[2:], 1, 1)
