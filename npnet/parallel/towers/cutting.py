"""How a network is cut into two towers: which half of every layer is whose, and where the halves must be joined.

Channels are cut, those of maps or the numbers of a flat row: tower 0 has the first half, tower 1 the rest. A layer that
looks at every channel alone (ReLU, pooling, dropout, batch normalisation ...) or at an even number of groups stays
inside its tower. A convolution or a dense layer that sees all channels makes half of its outputs from all of its
inputs: before it the towers exchange what they have. Before the first such layer both have the whole picture.

    row = rows_of((3, 227, 227), layers)[8]         conv3 of krizhevsky2012
    row.gathers                                     128: of 256 channels, tower 0 sends its 128 and gets the others
    row.cut                                         192: of 384 filters, tower 0 has the first 192

Nothing here needs MPI, nor that the layers are built.
"""
import math
from typing import NamedTuple

import numpy as np

from ...layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, LRNWithin,
                      MaxPool, ReLU, Sigmoid, Softmax, Tanh, built, rng)
from ...models import copied
from ...network import Network

INSIDE = (ReLU, Tanh, Sigmoid, MaxPool, AvgPool, AdaptiveAvgPool, LRNWithin, Dropout)  # each channel by itself
KNOWN = "Conv2D, Dense, LRN, BatchNorm, pooling, activations, Dropout and Flatten"


class Unbuilt(NamedTuple):
    """A network without its arrays: Unbuilt(*npnet.MODELS["krizhevsky2012"]()). `traffic` and `figure` look at no more,
    and TwoTowers makes of it two halves without ever making the whole."""

    input_shape: tuple
    layers: dict
    seed: int = 0
    dtype: type = np.float32
    frozen: frozenset = frozenset()

    def network(self):
        """A Network of these layers, which are not built: it has no arrays and no shapes, and computes nothing.

        TwoTowers takes from it what it takes from any network: layers to be halved, input shape, seed, dtype. A Network
        builds the layers that it is given, so it gets another one in their place, and checks all the rest.
        """
        net = Network(self.input_shape, self.seed, self.dtype, nothing=Flatten())
        net.layers, net.shapes, net.frozen = self.layers, {}, set(self.frozen)
        return net


class Row(NamedTuple):
    """One layer of the whole network, and its cut. before, after: shapes of its input and output, of both towers.

    taken, cut: how many of the channels of its input and of its output are tower 0's; None: both towers have all.
    gathers: how many are tower 0's of the channels that are exchanged before this layer; None: nothing is.
    """

    name: str
    layer: Layer
    before: tuple
    after: tuple
    taken: int | None
    cut: int | None
    gathers: int | None


def rows_of(input_shape, layers):
    """The Row of every layer. ValueError that names the layer where one cannot be cut in two."""
    rows, shape, cut = [], tuple(input_shape), None
    for name, layer in layers.items():
        last = len(rows) == len(layers) - 1
        reason = refused(layer, cut, last)
        if reason:
            raise ValueError(f"{name}: {reason}")
        sees_all = type(layer) is Softmax or type(layer) is Dense or type(layer) is Conv2D and layer.groups == 1
        gathers, taken = (cut, None) if sees_all else (None, cut)
        after = output_of(name, layer, shape)
        cut = cut_after(layer, taken, shape)
        rows.append(Row(name, layer, shape, after, taken, cut, gathers))
        shape = after
    if not any(row.layer.arrays(row.before) for row in rows):
        raise ValueError("this network has no layer with parameters, so there is nothing to divide between two towers")
    return rows


def output_of(name, layer, shape):
    """The shape of a layer's output, which need not be built. Errors begin with the layer's name."""
    try:
        return tuple(layer.output(shape))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def refused(layer, cut, last):
    """Why a layer cannot be cut in two, or None. cut: tower 0's channels of its input, None where both have all."""
    kind, groups = type(layer), getattr(layer, "groups", 1)
    if kind is Conv2D and groups > 1 and cut is None:
        return (f"groups={groups} divides channels that both towers have; the first convolution must see the whole "
                f"picture, with groups=1")
    if kind is BatchNorm and cut is None:
        return "its parameters cannot be divided where both towers have the whole input; put it after a convolution"
    if kind is LRN and groups == 1 and cut is not None:
        return "its window reaches from one tower into the other; use LRN(groups=2), which stays inside each tower"
    if kind in (Conv2D, LRN) and groups > 1 and groups % 2 and cut is not None:
        return f"groups={groups} cannot be divided between two towers; use an even number"
    if kind in (Conv2D, Dense) and outputs(layer) < 2:
        return f"{layer} has 1 output, which cannot be divided between two towers; it needs at least 2"
    if kind is Softmax and not last:
        return "a Softmax needs the numbers of both towers; in two towers it can only be the last layer"
    if kind not in (*INSIDE, Conv2D, Dense, LRN, BatchNorm, Flatten, Softmax):
        return f"a {kind.__name__} cannot be divided between two towers; they can have {KNOWN}"
    return None


def outputs(layer):
    """How many filters or units a layer has."""
    return layer.filters if isinstance(layer, Conv2D) else layer.units


def cut_after(layer, taken, shape):
    """How many channels of a layer's output are tower 0's; None: both towers make all of it."""
    if isinstance(layer, (Conv2D, Dense)):
        return outputs(layer) // 2
    if isinstance(layer, Softmax) or taken is None:
        return None
    return taken * math.prod(shape[1:]) if isinstance(layer, Flatten) else taken        # all pixels of its channels


def part_of(cut, total, tower):
    """The slice of one tower's channels, of `total`."""
    if cut is None:
        return slice(0, total)
    return slice(0, cut) if tower == 0 else slice(cut, total)


def half_shape(shape, cut, tower):
    """The shape of one tower's part of an output."""
    part = part_of(cut, shape[0], tower)
    return part.stop - part.start, *shape[1:]


def axis_of(layer, key):
    """The axis of an array of a layer along which its outputs lie: 1 for w (D, M) of Dense, else 0."""
    return 1 if isinstance(layer, Dense) and key == "w" else 0


def half_array(row, key, array, tower):
    """A copy of one tower's half of an array of a layer: of its parameters, state, gradients or velocity."""
    axis = axis_of(row.layer, key)
    part = part_of(row.cut, array.shape[axis], tower)
    return (array[:, part] if axis else array[part]).copy()


def half_layer(row, tower, net):
    """One tower's half of a layer of a network: a layer of its own, with copies of its half of the arrays, or with
    halves that are drawn where the layer is not built."""
    layer = copied(row.layer)
    if isinstance(layer, Dropout) and row.cut is not None:
        layer = TowerDropout(layer.p_drop).of(row.before, part_of(row.taken, row.before[0], tower))
    if layer.draws:
        layer.seed, layer.name = net.seed, row.name
    if getattr(layer, "groups", 1) > 1 and row.cut is not None:
        layer.groups //= 2
    if isinstance(layer, Conv2D):
        layer.filters = half_shape(row.after, row.cut, tower)[0]
    if isinstance(layer, Dense):
        layer.units = half_shape(row.after, row.cut, tower)[0]
    keys = row.layer.arrays(row.before)
    if not keys or not hasattr(row.layer, next(iter(keys))):            # the whole layer is not built, nor will it be
        draws = HalfDraws(rng(net.seed, "init", row.name), row, tower)
        built(row.name, layer, half_shape(row.before, row.taken, tower), draws, net.dtype)
        return layer
    for key in keys:
        setattr(layer, key, half_array(row, key, getattr(row.layer, key), tower))
    for key in row.layer.grads():
        setattr(layer, f"d{key}", np.zeros_like(getattr(layer, key)))
    return layer


class HalfDraws:
    """A generator that draws all numbers of a layer, as one process does, and keeps one tower's. They are drawn a
    filter or a row at a time, so that never all of them are there."""

    def __init__(self, generator, row, tower):
        self.generator, self.row, self.tower = generator, row, tower

    def standard_normal(self, shape, dtype):
        return self.half(self.generator.standard_normal, shape, dtype)

    def random(self, shape, dtype):
        return self.half(self.generator.random, shape, dtype)

    def half(self, draw, shape, dtype):
        """This tower's numbers, in the shape of its half: of the weights, or of the biases where it is a number."""
        key = "w" if isinstance(shape, tuple) else "b"
        whole, axis = self.row.layer.arrays(self.row.before)[key], axis_of(self.row.layer, key)
        part = part_of(self.row.cut, whole[axis], self.tower)
        if key == "b":
            return draw(whole, dtype)[part]
        kept = np.empty(shape, dtype)
        for number in range(whole[0]):
            drawn = draw(whole[1:], dtype)
            if axis == 1:
                kept[number] = drawn[part]
            elif part.start <= number < part.stop:
                kept[number - part.start] = drawn
        return kept


class TowerDropout(Dropout):
    """Dropout of one tower: its columns of the mask that one process draws for both. Remembers the mask."""

    def of(self, whole, part):
        """Says which part it is of inputs of the shape `whole`; returns itself."""
        self.whole, self.part = whole, part
        return self

    def draw(self, shape):
        return super().draw((shape[0], *self.whole))[:, self.part].copy()
