"""A layer made ready for the checker: built in float64, with parameters and inputs where mistakes show."""
import numpy as np

from ..backend import ops
from ..gradcheck import spread
from ..layers import rng


def distinct(shape, seed):
    """An input without ties and kinks: numbers whose sizes all differ, drawn anew for each seed and shape."""
    return spread(shape, rng(seed, "gradcheck", shape))


def build(layer, shape, seed):
    """Builds a layer for float64 and moves its parameters off their first values; the shape of one output.

    A weight of 1 or a bias of 0 would hide mistakes.
    """
    made = layer.build(shape[1:], rng(seed, "init", "gradcheck"), np.float64)
    if not isinstance(made, (tuple, list)):
        raise TypeError(f"build must return the shape of one output, like (7, 5, 4), but returned {made!r}")
    draw, params = rng(seed, "gradcheck", "parameters"), getattr(layer, "params", dict)()
    if not isinstance(params, dict) or not all(hasattr(array, "dtype") for array in params.values()):
        raise TypeError("params() must return a dictionary of arrays, like {'w': self.w, 'b': self.b}")
    for array in params.values():
        array += ops.to_device(draw.uniform(-0.5, 0.5, array.shape))
    return tuple(made)


def on_host(layer):
    """The layer as the checker sees it: with its arrays on the host."""
    return layer if ops.device == "host" else OnHost(layer)


class OnHost:
    """A layer on a graphics card, for a checker that moves numbers on the host."""

    def __init__(self, layer):
        self.layer = layer
        self.own = getattr(layer, "params", dict)
        self.arrays = {name: ops.to_host(array) for name, array in self.own().items()}

    def params(self):
        return self.arrays

    def grads(self):
        return {name: ops.to_host(array) for name, array in getattr(self.layer, "grads", dict)().items()}

    def forward(self, x, train=False):
        for name, array in self.own().items():
            array[...] = ops.to_device(self.arrays[name])
        return ops.to_host(self.layer.forward(ops.to_device(x), **({"train": True} if train else {})))

    def backward(self, dy):
        return ops.to_host(self.layer.backward(ops.to_device(dy)))
