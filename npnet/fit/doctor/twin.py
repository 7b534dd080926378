"""A twin of a network: what is tried on it leaves the network as it was.

    with Twin(net, x, labels) as twin:
        twin.learn()                        a forward and a backward pass, as in training: twin.start, twin.gradients
        twin.loss_of({"fc2": moved(twin.layers["fc2"], {"w": direction}, 0.1)})

A twin has layers of its own. npnet's layers share their weights with the network, as they only read them; what a
layer of one's own has is copied, as nobody knows what it writes into. Gradients begin as zeros, which take no memory
until something is written. Random numbers that are drawn at a layer's own address are those of the last step; others
(np.random, random, generators that a layer or its module holds) are drawn alike in each forward, and put back.
"""
import copy
import math
import random
import time

import numpy as np

from ...backend import ops
from ...layers import LAYERS, rng
from ...network import Network, every_layer


class TimeIsUp(Exception):
    """Raised by a twin that is asked for more after its time."""


class Twin:
    """A network's layers once more, for a batch x and its labels. Raises ValueError where there can be no twin.

    inputs: {layer: what it got} and start: the loss, after `forward`; gradients: {"fc1.w": array}, after `learn`.
    asked: the names of the layers whose backward runs, the last one first. until: the time, time.perf_counter, after
    which nothing is computed any more. anew: with new first weights, for a network whose own hold NaN or infinity.
    """

    def __init__(self, net, x, labels, anew=False, until=math.inf):
        if type(net).forward is not Network.forward or type(net).backward is not Network.backward:
            raise ValueError("the network has a forward or a backward of its own, so its layers are no chain")
        self.net, self.anew, self.until = net, anew, until
        self.frozen, self.step, self.first = set(net.frozen), net.step, net.first_trained()
        self.x, self.labels = x.copy(), ops.to_host(labels)
        self.layers = {name: replica(layer) for name, layer in net.layers.items()}
        if anew:
            shapes = [net.input_shape, *net.shapes.values()]
            for (name, layer), shape in zip(self.layers.items(), shapes):
                layer.build(shape, rng(net.seed, "init", name), net.dtype)
        self.asked = list(reversed(list(self.layers)[list(self.layers).index(self.first):] if self.first else []))
        self.chance = Chance(self.layers)
        self.inputs, self.gradients, self.start = {}, {}, math.nan

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.chance.put_back()

    def forget(self, name):
        """Gives back the memory that a layer's gradients take."""
        if not self.anew:
            self.layers[name] = replica(self.net.layers[name])
            self.chance.know(self.layers[name])

    def one(self, name, layer, x):
        """What one layer makes of x, as in training."""
        if time.perf_counter() > self.until:
            raise TimeIsUp
        if layer.draws:
            layer.step, layer.rows = self.step, None
        return layer.forward(x) if name in self.frozen else layer.forward(x, train=True)

    def run(self, layers, x, keep=None):
        """What a chain of layers makes of x; keep, a dictionary, gets what each of them got."""
        x = x.copy()                                                        # for layers that write into it
        for name, layer in layers.items():
            if keep is not None:
                keep[name] = x.copy()
            x = self.one(name, layer, x)
        return x

    def forward(self):
        """The logits of a forward as in training; fills inputs and start."""
        self.chance.repeat()
        self.inputs = {}
        logits = self.run(self.layers, self.x, self.inputs)
        self.start = cross_entropy(logits, self.labels)
        return logits

    def learn(self):
        """A forward and a backward pass; fills gradients, too."""
        dy = gradient(self.forward(), self.labels)
        for name in self.asked:
            layer = self.layers[name]
            dy = layer.backward(dy, to_input=False) if name == self.first else layer.backward(dy)
        self.gradients = {f"{name}.{key}": array for name, layer in self.layers.items() if name not in self.frozen
                          for key, array in layer.grads().items()}

    def loss_of(self, changed, start=None):
        """The loss with some layers changed; from the layer `start` on, as nothing changes before it."""
        self.chance.repeat()
        names = list(self.layers)
        names = names[names.index(start):] if start and not self.chance.drawn else names
        chain = {name: changed.get(name, self.layers[name]) for name in names}
        return cross_entropy(self.run(chain, self.inputs[names[0]]), self.labels)

    def loss_along(self, length):
        """The loss after a step of -length times the gradient, of all layers; one of them is changed at a time."""
        self.chance.repeat()
        x = self.x.copy()
        for name, layer in self.layers.items():
            every = {key: self.gradients.get(f"{name}.{key}") for key in layer.params()}
            every = {key: gradient for key, gradient in every.items() if gradient is not None}
            x = self.one(name, moved(layer, every, -length) if every else layer, x)
        return cross_entropy(x, self.labels)


class Chance:
    """The random numbers that layers may draw from: drawn alike again and again, and put back in the end."""

    def __init__(self, layers):
        self.kept = {}
        for layer in layers.values():
            self.know(layer)
        self.numpy, self.python, self.drawn = np.random.get_state(), random.getstate(), False

    def know(self, layer):
        """Keeps the states of the generators that a layer holds, and those inside it, or the module of its class."""
        every = every_layer({"": layer}).values()
        worlds = [vars(one) for one in every] + [
            getattr(getattr(type(one), "forward", None), "__globals__", {}) for one in every if not ours(one)]
        self.kept |= {id(one): (one, state_of(one)) for world in worlds for one in list(world.values())
                      if isinstance(one, (np.random.Generator, np.random.RandomState, random.Random))
                      and id(one) not in self.kept}

    def repeat(self):
        """Lets the next draws be those of the first time."""
        self.drawn = self.drawn or self.has_drawn()
        self.put_back()

    def has_drawn(self):
        """Whether any has been drawn since: where not, a chain can be entered in its middle."""
        now = np.random.get_state()
        return now[2] != self.numpy[2] or (now[1] != self.numpy[1]).any() or random.getstate() != self.python or any(
            str(state_of(one)) != str(state) for one, state in self.kept.values())

    def put_back(self):
        """Everything as it was."""
        np.random.set_state(self.numpy)
        random.setstate(self.python)
        for one, state in self.kept.values():
            if isinstance(one, np.random.Generator):
                one.bit_generator.state = state
            elif isinstance(one, np.random.RandomState):
                one.set_state(state)
            else:
                one.setstate(state)


def state_of(generator):
    """The state of a generator, NumPy's or Python's."""
    if isinstance(generator, np.random.Generator):
        return copy.deepcopy(generator.bit_generator.state)
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def ours(layer):
    """Whether a layer is npnet's and nothing of it was replaced, so that it is known what it writes into."""
    kind = LAYERS.get(type(layer).__name__)
    methods = ("forward", "backward", "params", "grads", "state")
    return type(layer) is kind and not any(name in vars(layer) for name in methods) and all(
        getattr(kind, name).__module__ == "npnet.layers" for name in methods)


def replica(layer):
    """A copy with a memory of its own. Raises ValueError for a layer whose methods belong to no layer."""
    memo, alive = {}, []                                    # alive: an id holds only as long as its array
    for one in every_layer({"": layer}).values():
        if any(callable(value) and not hasattr(value, "__self__") and name in ("forward", "backward", "params", "grads")
               for name, value in vars(one).items()):
            raise ValueError(f"{type(one).__name__} has a function in place of a method, which cannot be copied")
        grads, params, state = one.grads(), one.params(), one.state()
        alive.append((grads, params, state))
        if ours(one):
            memo |= {id(array): None for array in vars(one).values() if isinstance(array, np.ndarray)}
            memo |= {id(array): array for array in params.values()}
            memo |= {id(array): array.copy() for array in state.values()}
            memo |= {id(array): None for name, array in vars(one).items() if name == "used"}
        memo |= {id(array): np.zeros_like(array) for array in grads.values()}
    return copy.deepcopy(layer, memo)


def moved(layer, directions, length):
    """A copy of a layer whose parameters lie `length` times their direction further; the layer is as it was."""
    own, memo = layer.params(), {}
    for one in every_layer({"": layer}).values():
        if ours(one):
            memo |= {id(array): None for array in vars(one).values() if isinstance(array, np.ndarray)}
            memo |= {id(array): array for array in (*one.params().values(), *one.state().values())}
    made = {key: directions[key] * w.dtype.type(length) for key, w in own.items() if key in directions}
    for key, array in made.items():
        array += own[key]
    memo |= {id(own[key]): array for key, array in made.items()}
    result = copy.deepcopy(layer, memo)
    for key, array in result.params().items():
        if key in made and array is not made[key]:          # a view of something larger
            array[...] = made[key]
    return result


def cross_entropy(logits, labels):
    """The mean loss in float64, so that small changes are seen."""
    y = np.asarray(ops.to_host(logits), np.float64)
    y = y - y.max(axis=1, keepdims=True)
    return float((np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(y)), labels]).mean())


def gradient(logits, labels):
    """The gradient of the mean loss with respect to the logits, as npnet's own loss gives it."""
    return ops.softmax_cross_entropy(logits, ops.to_device(labels))[1]


def sampled(array, count=256):
    """At most `count` numbers of an array, evenly spread, as float64 on the host."""
    return np.array(ops.to_host(array.reshape(-1)[::max(1, -(-array.size // count))]), np.float64)
