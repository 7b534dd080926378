"""What arrays a network has, found without building it: an AlexNet takes a quarter of a gigabyte to be looked at.

    plan_of(net)                        of a network that is there
    plan_of_version("caffe", 1000)      of a version in models.py; nothing is drawn or allocated
"""
import math
from dataclasses import dataclass, field

from ..layers import Conv2D, Dense, Flatten, pair
from ..models import MODELS


@dataclass
class Plan:
    """modules: {layer, or Concat.inner: {array: shape}} in order. maps: {dense layer: (C, H, W) that are flattened for
    it}. padded_end: whether the last convolution is 1 x 1 and padded, as Caffe's SqueezeNet has it."""

    modules: dict = field(default_factory=dict)
    maps: dict = field(default_factory=dict)
    padded_end: bool = False

    @property
    def first(self):
        """The name of the first module."""
        return next(iter(self.modules), None)

    @property
    def last(self):
        """The name of the last module."""
        return next(reversed(self.modules), None)

    def take(self, name, layer, shape, arrays, flat):
        """Adds a layer with these arrays. flat: what the last Flatten took, or None."""
        for key, size in arrays.items():
            module, _, role = f"{name}.{key}".rpartition(".")
            self.modules.setdefault(module, {})[role] = tuple(size)
        if flat and isinstance(layer, Dense) and math.prod(flat) == shape[0]:
            self.maps[name] = flat
        if arrays:
            self.padded_end = isinstance(layer, Conv2D) and pair(layer.size) == (1, 1) and layer.pad != 0


def plan_of(net):
    """The plan of a network."""
    plan, shape, flat = Plan(), net.input_shape, None
    for name, layer in net.layers.items():
        plan.take(name, layer, shape, {key: array.shape for key, array in (layer.params() | layer.state()).items()},
                  flat)
        flat = shape if isinstance(layer, Flatten) else None if layer.params() else flat
        shape = net.shapes[name]
    return plan


def plan_of_version(version, classes=None):
    """The plan of a version; None: its own number of classes."""
    shape, layers = MODELS[version](**({} if classes is None else {"classes": classes}))
    plan, flat = Plan(), None
    for name, layer in layers.items():
        arrays = layer.arrays(shape)
        plan.take(name, layer, shape, arrays, flat)
        flat = shape if isinstance(layer, Flatten) else None if arrays else flat
        shape = layer.output(shape)
    return plan
