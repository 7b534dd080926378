"""The smallest run that earns each remark: a function with the remark's name, whose first remark is that one.

    RUNS["softmax-twice"]() -> Watched

What they are made of is in watching.py; those about gradients, losses, units and validation are in runs_inside.py.
"""
import numpy as np

from ...backend import ops
from ...layers import AvgPool, Conv2D, Dense, Flatten, ReLU, Sigmoid, Softmax, Tanh
from ...network import Network
from ...optim import SGD, Cosine
from . import runs_inside
from .kinds import KINDS
from .watching import chain, pictures, small, watch


# ------------------------------------------------------------------------ how the network ends and begins

def softmax_twice():
    return watch(small(prob=Softmax()), SGD(0.02), pictures())


def relu_last():
    return watch(small(relu3=ReLU()), SGD(0.02), pictures())


def outputs_bounded():
    return watch(small(sigmoid3=Sigmoid()), SGD(0.02), pictures())


def outputs():
    return watch(small(), SGD(0.02), pictures(), classes=5)


def equal_weights():
    net = small()
    for w in net.params().values():
        w[...] = 0
    return watch(net, SGD(0.02), pictures())


def weights_large():
    net = small()
    for w in net.params().values():
        w *= 10
    return watch(net, SGD(1e-5), pictures())


def weights_small():
    layers = {f"fc{number}": Dense(16, std=0.01) for number in range(1, 6)}
    return watch(chain(**layers, fc6=Dense(4)), SGD(0.02), pictures())


def biases_hide():
    net = chain(fc1=Dense(256, init="he"), relu1=ReLU(),
                fc2=Dense(256, std=0.01, bias=1), relu2=ReLU(),
                fc3=Dense(4, std=0.01))
    return watch(net, SGD(0.00002), pictures())


# ------------------------------------------------------------------------ what comes in

def input_constant():
    x, labels = pictures()
    return watch(small(), SGD(0.02), (np.full_like(x, 3), labels))


def input_scale():
    x, labels = pictures()
    return watch(small(), SGD(0.001), (60 * x + 120, labels))


def input_faint():
    x, labels = pictures()
    return watch(small("torch"), SGD(0.001), (x / 255, labels))


def input_changes():
    x, labels = pictures()

    def loss(logits, labels):
        np.divide(x, 1.2, out=x)            # the pictures themselves
        return ops.softmax_cross_entropy(logits, labels)
    return watch(small("torch"), SGD(0.001), (x, labels), loss=loss)


def pictures_flat():
    x, labels = pictures()
    x[::2] = x[::2].mean(axis=(1, 2, 3), keepdims=True)
    return watch(small(), SGD(0.02), (x, labels))


def pictures_repeated():
    x, labels = pictures()
    x[...] = x[0]
    return watch(small(), SGD(0.02), (x, labels))


def pictures_nan():
    x, labels = pictures()
    x[3, 0, 2, 2] = np.inf                                  # tanh: 1
    net = chain(fc1=Dense(16), tanh1=Tanh(), fc2=Dense(4))
    return watch(net, SGD(0.02), (x, labels))


# ------------------------------------------------------------------------ labels and answers

def labels_shuffled():
    x, labels = pictures(2048)
    labels = np.random.default_rng(1).permutation(labels)
    return watch(small("torch"), SGD(0.005), (x, labels), epochs=4)


def labels_sorted():
    x, labels = pictures()
    order = np.argsort(labels, kind="stable")
    return watch(small(), SGD(0.02), (x[order], labels[order]))


def labels_one():
    x, labels = pictures()
    return watch(small(), SGD(0.02), (x, np.zeros_like(labels)))


def class_never():
    x, labels = pictures(1024)
    kept = (labels < 3) | (np.arange(1024) % 32 == 0)   # few of the last
    return watch(small(), SGD(0.0005), (x[kept], labels[kept]))


def one_answer():
    x, labels = pictures(1024, noise=2)
    kept = (labels == 0) | (np.arange(1024) % 16 == 0)  # few of the others
    return watch(small("torch"), SGD(0.001), (x[kept], labels[kept]))


# ------------------------------------------------------------------------ the rate

def rate_zero():
    return watch(small(), SGD(0.0), pictures())


def rate_low():
    return watch(small(), SGD(1e-7), pictures())


def rate_high():
    return watch(small(), SGD(3.0), pictures())


def schedule_ended():
    return watch(small("torch"), SGD(Cosine(0.002, steps=16)), pictures())


def decay_strong():
    return watch(small(), SGD(0.05, weight_decay=0.5), pictures())


def clip_short():
    return watch(small(), SGD(0.01, clip=1e-4), pictures())


# ------------------------------------------------------------------------ nothing moves

def all_frozen():
    net = small()
    net.freeze("conv1", "fc2", "fc3")
    return watch(net, SGD(0.02), pictures())


def no_update():
    net = small()

    def update(net):
        for name, w in net.params().items():
            w = w - 0.02 * net.grads()[name]                # a new array
    return watch(net, SGD(0.02), pictures(), update=update)


def gradients_zero():
    def loss(logits, labels):
        return ops.softmax_cross_entropy(logits, labels)[0], 0 * logits
    return watch(small(), SGD(0.02), pictures(), loss=loss)


# ------------------------------------------------------------------------ symptoms without a cause

def stuck():
    layers = dict(conv1=Conv2D(8, 1, init="he"), relu1=ReLU())
    layers |= dict(pool1=AvgPool(8, 8), flatten=Flatten())  # blind
    net = Network((1, 8, 8), **layers, fc2=Dense(4, init="he"))
    return watch(net, SGD(0.02), pictures(), epochs=26)


def grows():
    x, labels = pictures(2048)
    x[1024:] *= -5                                          # others, later
    return watch(small(), SGD(0.02), (x, labels), epochs=1)


HERE = globals()
RUNS = {}
for kind in KINDS:
    function = kind.replace("-", "_")
    RUNS[kind] = HERE.get(function) or getattr(runs_inside, function)
