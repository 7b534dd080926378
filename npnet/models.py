"""The versions of AlexNet, and what is beside them: two LeNets, SqueezeNet, Caffe's two networks for CIFAR-10. Each is
a list, one layer per line.

Every function returns (input_shape, layers), which `model` makes into a Network. What differs
between them is the story of the network: where LRN stands and what its alpha means, whether the
two towers (groups=2) are there, how 227 or 224 pixels become 55.

Biases of 1 in conv2, conv4, conv5 and the hidden dense layers and weights from N(0, 0.01) are the
paper's (section 5). Layer names are Caffe's.
"""
import copy
import difflib

import numpy as np

from .layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                     MaxPool, ReLU, Tanh, arguments)
from .network import Network, every_layer


def krizhevsky2012(classes=1000, size=227):
    """The paper: two towers, LRN inside each of them, overlapping pooling. 227 pixels, or 224 rounded up."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4, ceil_mode=True),
        relu1=ReLU(),
        norm1=LRN(n=5, k=2, alpha=1e-4, beta=0.75, groups=2),
        pool1=MaxPool(3, 2),
        conv2=Conv2D(256, 5, pad=2, groups=2, bias=1),
        relu2=ReLU(),
        norm2=LRN(n=5, k=2, alpha=1e-4, beta=0.75, groups=2),
        pool2=MaxPool(3, 2),
        conv3=Conv2D(384, 3, pad=1),                       # the one convolution that sees both towers
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, groups=2, bias=1),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, groups=2, bias=1),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        flatten=Flatten(),
        fc6=Dense(4096, bias=1),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, bias=1),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes),
    )


def original(classes=1000, size=224):
    """Net 145 of the 2012 source: LRN on conv1's raw output, ReLU after pooling, and a layer that the
    paper does not mention (within2)."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4, ceil_mode=True),
        norm1=LRN(n=5, alpha=1e-4, beta=0.75, convention="original", groups=2),
        pool1=MaxPool(3, 2, ceil_mode=True),
        relu1=ReLU(),
        conv2=Conv2D(256, 5, pad=2, groups=2, bias=1),
        relu2=ReLU(),
        norm2=LRN(n=5, alpha=1e-4, beta=0.75, convention="original", groups=2),
        within2=LRNWithin(n=5, alpha=1e-3, beta=0.75),
        pool2=MaxPool(3, 2, ceil_mode=True),
        conv3=Conv2D(384, 3, pad=1, std=0.03),
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, groups=2, std=0.03, bias=1),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, groups=2, std=0.03, bias=1),
        pool5=MaxPool(3, 2, ceil_mode=True),
        relu5=ReLU(),
        flatten=Flatten(),
        fc6=Dense(4096, bias=1),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, bias=1),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes),
    )


def pool_first(classes=1000, size=227):
    """Two towers with pooling before LRN, as CaffeNet has it; LRN over all channels."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4),
        relu1=ReLU(),
        pool1=MaxPool(3, 2),
        norm1=LRN(n=5, k=2, alpha=1e-4, beta=0.75),
        conv2=Conv2D(256, 5, pad=2, groups=2, bias=1),
        relu2=ReLU(),
        pool2=MaxPool(3, 2),
        norm2=LRN(n=5, k=2, alpha=1e-4, beta=0.75),
        conv3=Conv2D(384, 3, pad=1),
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, groups=2, bias=1),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, groups=2, bias=1),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        flatten=Flatten(),
        fc6=Dense(4096, bias=1),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, bias=1),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes),
    )


def caffe(classes=1000, size=227):
    """bvlc_alexnet: LRN over all channels with Caffe's alpha and k, pooling rounded up, biases of 0.1.
    Pictures BGR, 0 to 255, minus the mean picture."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4),
        relu1=ReLU(),
        norm1=LRN(n=5, alpha=1e-4, beta=0.75, convention="caffe"),
        pool1=MaxPool(3, 2, ceil_mode=True),
        conv2=Conv2D(256, 5, pad=2, groups=2, bias=0.1),
        relu2=ReLU(),
        norm2=LRN(n=5, alpha=1e-4, beta=0.75, convention="caffe"),
        pool2=MaxPool(3, 2, ceil_mode=True),
        conv3=Conv2D(384, 3, pad=1),
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, groups=2, bias=0.1),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, groups=2, bias=0.1),
        relu5=ReLU(),
        pool5=MaxPool(3, 2, ceil_mode=True),
        flatten=Flatten(),
        fc6=Dense(4096, std=0.005, bias=0.1),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, std=0.005, bias=0.1),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes),
    )


def single_tower(classes=1000, size=227):
    """One graphics card, no groups: the paper's network in PyTorch's terms, weights drawn as PyTorch does."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4, init="torch"),
        relu1=ReLU(),
        norm1=LRN(n=5, k=2, alpha=1e-4, beta=0.75, convention="torch"),
        pool1=MaxPool(3, 2),
        conv2=Conv2D(256, 5, pad=2, init="torch"),
        relu2=ReLU(),
        norm2=LRN(n=5, k=2, alpha=1e-4, beta=0.75, convention="torch"),
        pool2=MaxPool(3, 2),
        conv3=Conv2D(384, 3, pad=1, init="torch"),
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, init="torch"),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, init="torch"),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        avgpool=AdaptiveAvgPool(6),
        flatten=Flatten(),
        fc6=Dense(4096, init="torch"),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, init="torch"),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes, init="torch"),
    )


def batchnorm(classes=1000, size=227):
    """The single tower with batch normalisation, three years younger, where LRN was."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 11, stride=4, init="he"),
        relu1=ReLU(),
        norm1=BatchNorm(),
        pool1=MaxPool(3, 2),
        conv2=Conv2D(256, 5, pad=2, init="he"),
        relu2=ReLU(),
        norm2=BatchNorm(),
        pool2=MaxPool(3, 2),
        conv3=Conv2D(384, 3, pad=1, init="he"),
        relu3=ReLU(),
        conv4=Conv2D(384, 3, pad=1, init="he"),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, init="he"),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        flatten=Flatten(),
        fc6=Dense(4096, init="he"),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, init="he"),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes, init="he"),
    )


def torchvision(classes=1000, size=224):
    """"One weird trick" (Krizhevsky 2014) as torchvision has it: no LRN, 64-192-384-256-256 filters.
    Pictures RGB, 0 to 1, minus the mean, over the deviation."""
    return (3, size, size), dict(
        conv1=Conv2D(64, 11, stride=4, pad=2, init="torch"),
        relu1=ReLU(),
        pool1=MaxPool(3, 2),
        conv2=Conv2D(192, 5, pad=2, init="torch"),
        relu2=ReLU(),
        pool2=MaxPool(3, 2),
        conv3=Conv2D(384, 3, pad=1, init="torch"),
        relu3=ReLU(),
        conv4=Conv2D(256, 3, pad=1, init="torch"),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, init="torch"),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        avgpool=AdaptiveAvgPool(6),
        flatten=Flatten(),
        drop6=Dropout(0.5),                                # before fc6 and fc7, not after
        fc6=Dense(4096, init="torch"),
        relu6=ReLU(),
        drop7=Dropout(0.5),
        fc7=Dense(4096, init="torch"),
        relu7=ReLU(),
        fc8=Dense(classes, init="torch"),
    )


def half_tower(classes=1000, size=227):
    """The paper's footnote: one tower alone; the last convolution and the dense layers keep their width."""
    return (3, size, size), dict(
        conv1=Conv2D(48, 11, stride=4),
        relu1=ReLU(),
        norm1=LRN(n=5, k=2, alpha=1e-4, beta=0.75),
        pool1=MaxPool(3, 2),
        conv2=Conv2D(128, 5, pad=2, bias=1),
        relu2=ReLU(),
        norm2=LRN(n=5, k=2, alpha=1e-4, beta=0.75),
        pool2=MaxPool(3, 2),
        conv3=Conv2D(192, 3, pad=1),
        relu3=ReLU(),
        conv4=Conv2D(192, 3, pad=1, bias=1),
        relu4=ReLU(),
        conv5=Conv2D(256, 3, pad=1, bias=1),
        relu5=ReLU(),
        pool5=MaxPool(3, 2),
        flatten=Flatten(),
        fc6=Dense(4096, bias=1),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(4096, bias=1),
        relu7=ReLU(),
        drop7=Dropout(0.5),
        fc8=Dense(classes),
    )


def cifar_four_layer(classes=10, size=32):
    """The four-layer CIFAR-10 network of the paper's figure 1, after cuda-convnet.

    There the last two convolutions are locally connected: every place has filters of its own. Here
    they share their weights like any convolution, so this network has fewer parameters.
    """
    return (3, size, size), dict(
        conv1=Conv2D(64, 5, pad=2, std=0.0001),
        relu1=ReLU(),
        pool1=MaxPool(3, 2, ceil_mode=True),
        norm1=LRN(n=9, k=1, alpha=1e-3, beta=0.75, convention="original"),
        conv2=Conv2D(64, 5, pad=2, std=0.01),
        relu2=ReLU(),
        norm2=LRN(n=9, k=1, alpha=1e-3, beta=0.75, convention="original"),
        pool2=MaxPool(3, 2, ceil_mode=True),
        conv3=Conv2D(64, 3, pad=1, std=0.04),
        relu3=ReLU(),
        conv4=Conv2D(32, 3, pad=1, std=0.04),
        relu4=ReLU(),
        flatten=Flatten(),
        fc5=Dense(classes, std=0.01),
    )


def cifar_alexnet(classes=10, size=32):
    """AlexNet for pictures of 32 pixels: the paper's five convolutions, LRN, pooling and two towers, with fewer
    filters, no stride in conv1, and one hidden dense layer in place of two."""
    return (3, size, size), dict(
        conv1=Conv2D(48, 5, pad=2, init="he"),
        relu1=ReLU(),
        norm1=LRN(n=5, k=2, alpha=1e-4, beta=0.75, groups=2),
        pool1=MaxPool(3, 2, ceil_mode=True),
        conv2=Conv2D(128, 5, pad=2, groups=2, init="he"),
        relu2=ReLU(),
        norm2=LRN(n=5, k=2, alpha=1e-4, beta=0.75, groups=2),
        pool2=MaxPool(3, 2, ceil_mode=True),
        conv3=Conv2D(192, 3, pad=1, init="he"),
        relu3=ReLU(),
        conv4=Conv2D(192, 3, pad=1, groups=2, init="he"),
        relu4=ReLU(),
        conv5=Conv2D(128, 3, pad=1, groups=2, init="he"),
        relu5=ReLU(),
        pool5=MaxPool(3, 2, ceil_mode=True),
        flatten=Flatten(),
        fc6=Dense(256, init="he"),
        relu6=ReLU(),
        drop6=Dropout(0.5),
        fc7=Dense(classes, std=0.01),
    )


def lenet5(classes=10, size=28):
    """LeNet-5 of 1998: tanh, average pooling, every filter of conv2 sees all maps. 28 is padded by 2 to 32."""
    return (1, size, size), dict(
        conv1=Conv2D(6, 5, pad=max(0, 32 - size) // 2, init="torch"),
        tanh1=Tanh(),
        pool1=AvgPool(2, 2),
        conv2=Conv2D(16, 5, init="torch"),
        tanh2=Tanh(),
        pool2=AvgPool(2, 2),
        conv3=Conv2D(120, 5, init="torch"),
        tanh3=Tanh(),
        flatten=Flatten(),
        fc4=Dense(84, init="torch"),
        tanh4=Tanh(),
        fc5=Dense(classes, init="torch"),
    )


def caffe_lenet(classes=10, size=28):
    """Caffe's LeNet: 20-50-500, max-pooling, and a single ReLU."""
    return (1, size, size), dict(
        conv1=Conv2D(20, 5, init="torch"),
        pool1=MaxPool(2, 2, ceil_mode=True),
        conv2=Conv2D(50, 5, init="torch"),
        pool2=MaxPool(2, 2, ceil_mode=True),
        flatten=Flatten(),
        ip1=Dense(500, init="torch"),
        relu1=ReLU(),
        ip2=Dense(classes, init="torch"),
    )


def cifar10_full(classes=10, size=32):
    """Caffe's larger network for CIFAR-10, after cuda-convnet: LRN within each map, pooling before ReLU in the first
    block. Pictures RGB, 0 to 255, minus the mean picture."""
    return (3, size, size), dict(
        conv1=Conv2D(32, 5, pad=2, std=0.0001),
        pool1=MaxPool(3, 2, ceil_mode=True),
        relu1=ReLU(),
        norm1=LRNWithin(n=3, alpha=5e-5, beta=0.75),
        conv2=Conv2D(32, 5, pad=2, std=0.01),
        relu2=ReLU(),
        pool2=AvgPool(3, 2, ceil_mode=True),
        norm2=LRNWithin(n=3, alpha=5e-5, beta=0.75),
        conv3=Conv2D(64, 5, pad=2, std=0.01),
        relu3=ReLU(),
        pool3=AvgPool(3, 2, ceil_mode=True),
        flatten=Flatten(),
        ip1=Dense(classes, std=0.01),
    )


def cifar10_quick(classes=10, size=32):
    """Caffe's smaller network for CIFAR-10: no LRN, one hidden dense layer. Pictures as for cifar10_full."""
    return (3, size, size), dict(
        conv1=Conv2D(32, 5, pad=2, std=0.0001),
        pool1=MaxPool(3, 2, ceil_mode=True),
        relu1=ReLU(),
        conv2=Conv2D(32, 5, pad=2, std=0.01),
        relu2=ReLU(),
        pool2=AvgPool(3, 2, ceil_mode=True),
        conv3=Conv2D(64, 5, pad=2, std=0.01),
        relu3=ReLU(),
        pool3=AvgPool(3, 2, ceil_mode=True),
        flatten=Flatten(),
        ip1=Dense(64, std=0.1),
        ip2=Dense(classes, std=0.1),
    )


def expand(filters):
    """SqueezeNet's second half of a fire module: as many filters of 1 x 1 as of 3 x 3, side by side."""
    return Concat([
        dict(expand1x1=Conv2D(filters, 1, init="he"), relu1x1=ReLU()),
        dict(expand3x3=Conv2D(filters, 3, pad=1, init="he"), relu3x3=ReLU())])


def squeezenet1_0(classes=1000, size=227):
    """SqueezeNet 1.0 (Iandola et al. 2016) as its authors' file for Caffe has it: AlexNet's accuracy with a fiftieth of
    its weights, no dense layer. Fire modules: squeeze to few channels, then `expand`. Pictures as for `caffe`."""
    return (3, size, size), dict(
        conv1=Conv2D(96, 7, stride=2, init="he"),
        relu1=ReLU(),
        pool1=MaxPool(3, 2, ceil_mode=True),
        squeeze2=Conv2D(16, 1, init="he"),
        relu2=ReLU(),
        expand2=expand(64),
        squeeze3=Conv2D(16, 1, init="he"),
        relu3=ReLU(),
        expand3=expand(64),
        squeeze4=Conv2D(32, 1, init="he"),
        relu4=ReLU(),
        expand4=expand(128),
        pool4=MaxPool(3, 2, ceil_mode=True),
        squeeze5=Conv2D(32, 1, init="he"),
        relu5=ReLU(),
        expand5=expand(128),
        squeeze6=Conv2D(48, 1, init="he"),
        relu6=ReLU(),
        expand6=expand(192),
        squeeze7=Conv2D(48, 1, init="he"),
        relu7=ReLU(),
        expand7=expand(192),
        squeeze8=Conv2D(64, 1, init="he"),
        relu8=ReLU(),
        expand8=expand(256),
        pool8=MaxPool(3, 2, ceil_mode=True),
        squeeze9=Conv2D(64, 1, init="he"),
        relu9=ReLU(),
        expand9=expand(256),
        drop9=Dropout(0.5),
        conv10=Conv2D(classes, 1, pad=1),                  # a frame of biases alone, which the mean counts
        relu10=ReLU(),
        pool10=AdaptiveAvgPool(1),
        flatten=Flatten(),
    )


def squeezenet1_1(classes=1000, size=224):
    """SqueezeNet 1.1 as torchvision has it: a smaller conv1 and earlier pooling, 2.4 times less work than 1.0.
    Pictures as for `torchvision`."""
    return (3, size, size), dict(
        conv1=Conv2D(64, 3, stride=2, init="he"),
        relu1=ReLU(),
        pool1=MaxPool(3, 2, ceil_mode=True),
        squeeze2=Conv2D(16, 1, init="he"),
        relu2=ReLU(),
        expand2=expand(64),
        squeeze3=Conv2D(16, 1, init="he"),
        relu3=ReLU(),
        expand3=expand(64),
        pool3=MaxPool(3, 2, ceil_mode=True),
        squeeze4=Conv2D(32, 1, init="he"),
        relu4=ReLU(),
        expand4=expand(128),
        squeeze5=Conv2D(32, 1, init="he"),
        relu5=ReLU(),
        expand5=expand(128),
        pool5=MaxPool(3, 2, ceil_mode=True),
        squeeze6=Conv2D(48, 1, init="he"),
        relu6=ReLU(),
        expand6=expand(192),
        squeeze7=Conv2D(48, 1, init="he"),
        relu7=ReLU(),
        expand7=expand(192),
        squeeze8=Conv2D(64, 1, init="he"),
        relu8=ReLU(),
        expand8=expand(256),
        squeeze9=Conv2D(64, 1, init="he"),
        relu9=ReLU(),
        expand9=expand(256),
        drop9=Dropout(0.5),
        conv10=Conv2D(classes, 1),
        relu10=ReLU(),
        pool10=AdaptiveAvgPool(1),
        flatten=Flatten(),
    )


MODELS = {version.__name__: version for version in (
    krizhevsky2012, original, pool_first, caffe, single_tower, batchnorm, torchvision, half_tower, cifar_four_layer,
    cifar_alexnet, lenet5, caffe_lenet, cifar10_full, cifar10_quick, squeezenet1_0, squeezenet1_1)}


def model(name, classes=None, size=None, seed=0, init=None, dtype=np.float32):
    """The version called `name` as a Network; None means the version's own classes, size and init.

    size: pixels on a side. init: "paper", "he" or "torch" for every layer with weights (layers.initial).
    Raises ValueError for a name that is not in MODELS, or a size at which a layer does not fit.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(str(name), MODELS, n=1, cutoff=0.8)
        raise ValueError(f"no network is called {name!r}; {f'did you mean {near[0]}? ' if near else ''}"
                         f"npnet has {', '.join(MODELS)}")
    given = {key: value for key, value in (("classes", classes), ("size", size)) if value is not None}
    input_shape, layers = MODELS[name](**given)
    for layer in every_layer(layers).values():
        if init and "init" in arguments(layer):
            layer.init = init
    return Network(input_shape, seed, dtype, **layers)


def without(net, *names):
    """A network like net with these layers left out: without(net, "norm1", "norm2")."""
    left_out = {net.known(name) for name in names}
    return remade(net, {name: copied(layer) for name, layer in net.layers.items() if name not in left_out})


def replace(net, old, new):
    """A network like net with other layers in some places, those inside a Concat included.

    old: a layer's name or a class, new: a class or a layer: replace(net, ReLU, Tanh) and
    replace(net, MaxPool, MaxPool(2, 2)), replace(net, "norm1", LRN(n=3)).
    """
    if not isinstance(old, (str, type)):
        raise TypeError(f"replace needs a layer's name or a class to look for, got {old!r}")
    layers = every_layer(net.layers)
    chosen = {old: net[old]} if isinstance(old, str) else {
        name: layer for name, layer in layers.items() if type(layer) is old}
    if not chosen:
        raise ValueError(f"this network has no {old.__name__}; it has "
                         f"{', '.join(sorted({type(layer).__name__ for layer in layers.values()}))}")

    def change(layer):
        if not any(layer is one for one in chosen.values()):
            return None
        return new() if isinstance(new, type) else copied(new)
    return remade(net, {name: copied(layer, change) for name, layer in net.layers.items()}, fresh=chosen)


def copied(layer, change=lambda layer: None):
    """A new layer, not built, with the same constructor arguments, or what `change` puts in its place."""
    new = change(layer)
    if new is not None:
        return new
    if isinstance(layer, Concat):
        return Concat([{name: copied(one, change) for name, one in path.items()} for path in layer.paths])
    return type(layer)(**copy.deepcopy(arguments(layer)))


def remade(net, layers, fresh=()):
    """A network of these layers; arrays of net that still fit by name and shape are copied into it, but for
    the layers that are `fresh`, which start as their arguments say."""
    new = Network(net.input_shape, net.seed, net.dtype, **layers)
    old_arrays = net.params() | net.state()
    for name, array in (new.params() | new.state()).items():
        fits = name in old_arrays and old_arrays[name].shape == array.shape
        if fits and not name.startswith(tuple(f"{layer}." for layer in fresh)):
            array[...] = old_arrays[name]
    new.freeze(*(name for name in layers if name in net.frozen))
    new.step, new.rows = net.step, net.rows
    return new
