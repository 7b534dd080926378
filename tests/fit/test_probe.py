"""The probe names whose backward is wrong and how, says nothing on healthy networks, and leaves no trace."""
import copy
import random

import numpy as np
import pytest

import npnet
from npnet import (LRN, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool, Network, ReLU,
                   Sigmoid, Tanh)
from npnet.backend import ops
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.gradients import Gradients
from npnet.fit.doctor.probe import probe
from npnet.optim import SGD
from npnet.train import Step, train

npnet.use("numpy")


def wrong(kind, array, how):
    """A class like `kind`, one of whose gradients is wrong."""
    class Wrong(kind):
        def backward(self, dy, to_input=True):
            before = getattr(self, f"d{array}", None)
            dx = super().backward(dy, to_input)
            if array == "x":
                return dx if dx is None else how(dx, dx)
            setattr(self, f"d{array}", how(getattr(self, f"d{array}"), before))
            return dx
    return Wrong


def added(new, old):
    old += new
    return old


def half_forgotten(new, _):
    made = new.copy()
    made.reshape(-1)[::2] = 0
    return made


HOW = {"sign": lambda new, _: -new, "factor": lambda new, _: 20 * new, "zero": lambda new, _: 0 * new, "adds": added,
       "direction": lambda new, _: np.roll(new, 1).copy(), "direction ": half_forgotten}


def network(seed=0, conv=Conv2D, norm=BatchNorm, dense=Dense):
    return Network((2, 8, 8), seed=seed, conv1=Conv2D(4, 3, pad=1, init="he"), relu1=ReLU(),
                   conv2=conv(5, 3, pad=1, init="he"), norm2=norm(), relu2=ReLU(), pool2=MaxPool(2, 2),
                   flatten=Flatten(), fc3=dense(12, init="he"), tanh3=Tanh(), fc4=Dense(10, init="he"))


def batches(net, count=3, size=16, seed=0, scale=1.0, classes=10):
    r = np.random.default_rng(seed)
    return [((scale * r.standard_normal((size, *net.input_shape))).astype(np.float32), r.integers(0, classes, size))
            for _ in range(count)]


def trained(net, steps=2, lr=0.01, **more):
    some = batches(net, steps, **more)
    for _ in train(net, SGD(lr=lr), some):
        pass
    return some[-1]


def faults(net, **more):
    found = probe(net, *trained(net, **more), seconds=60)
    assert not found.why and not found.unreached, found
    return [(fault.layer, fault.array, fault.kind) for fault in found.faults], found


# ------------------------------------------------------------------------------- whose backward, and how

@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("layer, kind", [("conv2", Conv2D), ("norm2", BatchNorm), ("fc3", Dense)])
def test_a_wrong_dw_is_named_with_its_kind(layer, kind, how, seed):
    named = {"conv2": "conv", "norm2": "norm", "fc3": "dense"}[layer]
    found, measured = faults(network(seed, **{named: wrong(kind, "w", HOW[how])}))
    assert found == [(layer, "w", how.strip())]
    assert not measured.right
    if how in ("sign", "factor"):
        expected = {"sign": -1, "factor": 0.05}[how]
        assert measured.faults[0].slope == pytest.approx(expected, rel=0.05)
        assert measured.slopes[f"{layer}.w"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", [name for name in HOW if name != "adds"])
@pytest.mark.parametrize("layer, kind", [("conv2", Conv2D), ("norm2", BatchNorm), ("fc3", Dense)])
def test_a_wrong_dx_blames_the_layer_that_hands_it_on_alone(layer, kind, how, seed):
    named = {"conv2": "conv", "norm2": "norm", "fc3": "dense"}[layer]
    found, _ = faults(network(seed, **{named: wrong(kind, "x", HOW[how])}))
    assert found == [(layer, "x", how.strip())]


@pytest.mark.parametrize("kind, inside", [(ReLU(), "sign"), (Tanh(), "factor"), (MaxPool(3, 1, pad=1), "direction")])
def test_a_layer_without_parameters_is_named(kind, inside):
    made = wrong(type(kind), "x", HOW[inside])
    one = made(3, 1, pad=1) if isinstance(kind, MaxPool) else made()
    net = Network((2, 8, 8), conv1=Conv2D(4, 3, init="he"), odd=one, flatten=Flatten(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == [("odd", "x", inside)]


def test_the_layer_inside_a_concat_is_named():
    net = Network((2, 8, 8), conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), both=Concat([
        dict(one=wrong(Conv2D, "w", HOW["sign"])(3, 1, init="he"), relu=ReLU()),
        dict(two=Conv2D(3, 3, pad=1, init="he"))]), flatten=Flatten(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == [("both.one", "w", "sign")]


def test_a_bias_that_is_forgotten_is_found():
    assert faults(network(dense=wrong(Dense, "b", HOW["zero"])))[0] == [("fc3", "b", "zero")]


def test_of_a_first_layer_only_what_trains_is_asked():
    net = Network((6,), fc1=wrong(Dense, "x", HOW["sign"])(8, init="he"), relu1=ReLU(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == []


# ------------------------------------------------------------------------------- healthy networks

HEALTHY = {
    "batch norm": lambda seed: network(seed),
    "tanh": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20, init="torch"), tanh1=Tanh(),
                                 fc2=Dense(20, init="torch"), tanh2=Tanh(), fc3=Dense(10, init="torch")),
    "sigmoid": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20, init="torch"),
                                    s1=Sigmoid(), fc2=Dense(20, init="torch"), s2=Sigmoid(), fc3=Dense(10)),
    "dropout": lambda seed: Network((2, 8, 8), seed=seed, conv1=Conv2D(4, 3, init="he"), relu1=ReLU(),
                                    drop1=Dropout(0.5), flatten=Flatten(), fc2=Dense(10, init="he")),
    "norms": lambda seed: Network((6, 8, 8), seed=seed, conv1=Conv2D(6, 3, groups=2, init="he"), relu1=ReLU(),
                                  norm1=LRN(), within=LRNWithin(3), pool1=AvgPool(2, 2), flatten=Flatten(),
                                  fc2=Dense(10, init="he")),
    "small weights": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20), relu1=ReLU(),
                                          fc2=Dense(20), relu2=ReLU(), fc3=Dense(10)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("size, scale", [(1, 1.0), (16, 1.0), (16, 60.0)])
def test_a_healthy_network_has_no_fault(name, size, scale, seed):
    if name == "batch norm" and size == 1:
        size = 2
    found, measured = faults(HEALTHY[name](seed), size=size, scale=scale, lr=1e-3 / scale, seed=seed)
    assert found == []
    assert measured.right


@pytest.mark.parametrize("steps", [0, 1])
def test_black_pictures_and_biases_of_0_are_no_fault(steps):
    """ReLU at exactly 0 and max-pools at ties: the loss has no gradient there, and no backward is wrong."""
    net = Network((1, 8, 8), conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init="he"), relu2=ReLU(), fc3=Dense(10, init="he"))
    (x, labels), = batches(net, 1)
    x[:, :, 2:] = 0
    x[:4] = 0
    for _ in train(net, SGD(), [(x, labels)] * steps):
        pass
    found = probe(net, x, labels, seconds=60)
    assert found.right and not found.why


def test_frozen_layers_and_weights_of_0_are_no_fault():
    net = network()
    net.freeze("conv1", "conv2", "norm2")
    net["fc4"].w[...] = 0
    assert probe(net, *batches(net, 1)[0], seconds=60).right


def test_a_network_that_is_no_chain_is_not_judged():
    class Odd(Network):
        def forward(self, x, train=False):
            return super().forward(x, train)

    net = Odd((6,), fc1=Dense(10))
    found = probe(net, *batches(net, 1)[0])
    assert "no chain" in found.why and not found.right and not found.faults
