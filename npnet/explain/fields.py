"""Receptive fields: exactly which pixels one output of a layer sees.

    seen = fields(net, "conv5")
    seen.size, seen.stride, seen.offset     # ((163, 163), (16, 16), (-64, -64)) of AlexNet where there is no edge
    seen.window(channel=12, place=(0, 3))   # (top, bottom, left, right) of the pixels, cut off at the picture's edge

Along one axis every output sees one interval of pixels, from its first to its last. A layer's output sees the union
of what its window's inputs see: from the first of the first one to the last of the last one. That is followed through
the network channel by channel, because paths that run side by side (1 x 1 beside 3 x 3) do not see alike, and groups
of a convolution see their own channels only. Windows are cut at every layer where its maps end: what hangs over
sees nothing. Size, stride and offset are those of the rule p*stride + offset, without an edge.
"""
from dataclasses import dataclass

import numpy as np

from ..layers import LRN, AdaptiveAvgPool, AvgPool, Conv2D, LRNWithin, MaxPool, pair
from .words import Said

NOTHING = 2 ** 31       # the first pixel of an output that sees none; its last one is -1


@dataclass
class Axis:
    """What outputs see along one axis: first and last pixel, (C, P), and the rule, (size, stride, offset) or None."""

    first: np.ndarray
    last: np.ndarray
    rule: tuple

    @classmethod
    def of_pixels(cls, channels, side):
        """Every pixel sees itself."""
        places = np.tile(np.arange(side), (channels, 1))
        return cls(places, places, (1, 1, 0))

    def under(self, begins, ends, rule=None):
        """After a layer whose output p sees its inputs from begins[p] up to, without, ends[p]."""
        cut = [slice(max(0, int(begin)), max(0, int(end))) for begin, end in zip(begins, ends)]
        first = [self.first[:, part].min(axis=1, initial=NOTHING) for part in cut]
        last = [self.last[:, part].max(axis=1, initial=-1) for part in cut]
        return Axis(np.stack(first, axis=1), np.stack(last, axis=1), self.ruled(rule))

    def ruled(self, rule):
        """The rule after a window of (size, stride, pad)."""
        if rule is None or self.rule is None:
            return None
        (size, step, offset), (window, stride, pad) = self.rule, rule
        return size + (window - 1) * step, step * stride, offset - pad * step

    def across(self, groups):
        """What one channel sees that sums over others: groups[k] are the channels of output k."""
        return Axis(np.array([self.first[chosen].min(axis=0) for chosen in groups]),
                    np.array([self.last[chosen].max(axis=0) for chosen in groups]), self.rule)


@dataclass
class Fields:
    """What the outputs of a layer see of the picture: its rows, its columns."""

    rows: Axis
    columns: Axis

    @property
    def size(self):
        """(rows, columns) of the pixels that one output sees where there is no edge; None without a rule."""
        return self.of_rule(0)

    @property
    def stride(self):
        """(rows, columns) from one output to the next."""
        return self.of_rule(1)

    @property
    def offset(self):
        """The first (row, column) that output (0, 0) sees; negative where padding lies before the picture."""
        return self.of_rule(2)

    def of_rule(self, place):
        rules = self.rows.rule, self.columns.rule
        return None if None in rules else tuple(rule[place] for rule in rules)

    def window(self, channel, place):
        """(top, bottom, left, right) of the pixels that one output sees; bottom and right are not in it.

        All are 0 for an output that sees none: a filter of 1 x 1 on padding.
        """
        p, q = place
        if not self.seeing(channel)[p, q]:
            return 0, 0, 0, 0
        return (int(self.rows.first[channel, p]), int(self.rows.last[channel, p]) + 1,
                int(self.columns.first[channel, q]), int(self.columns.last[channel, q]) + 1)

    def seeing(self, channel):
        """Which outputs of a channel see any pixel: True or False, (P, Q)."""
        return (self.rows.last[channel] >= 0)[:, None] & (self.columns.last[channel] >= 0)

    def middles(self):
        """The middles of what the outputs see, (P,) and (Q,), edge or no edge; over all channels."""
        made = []
        for axis in (self.rows, self.columns):
            count = np.arange(axis.first.shape[1])
            if axis.rule is None:                                       # as if all were equally large
                made.append((count + 0.5) * (axis.last.max() + 1) / len(count) - 0.5)
            else:
                size, stride, offset = axis.rule
                made.append(count * stride + offset + (size - 1) / 2)
        return made


def fields(net, layer):
    """The Fields of a layer's outputs; a dense layer's see the whole picture.

    ValueError for a network that does not read pictures.
    """
    names = list(net.layers)
    chosen = names[:names.index(net.known(layer)) + 1]
    if len(net.input_shape) != 3:
        raise ValueError(Said("see.no_pictures", shape=net.input_shape))
    C, H, W = shape = net.input_shape
    rows, columns = Axis.of_pixels(C, H), Axis.of_pixels(C, W)
    for name in chosen:
        rows, columns = through(net.layers[name], shape, net.shapes[name], rows, columns)
        shape = net.shapes[name]
    return Fields(rows, columns)


def through(layer, before, behind, rows, columns):
    """What the outputs of a layer see, from what its inputs see; before, behind: shapes of its input and output."""
    if len(behind) == 1:
        return tuple(whole(axis, behind[0]) for axis in (rows, columns))
    if getattr(layer, "paths", None):
        made = [along(path, before, rows, columns) for path in layer.paths]
        return tuple(joined(axes) for axes in zip(*made))
    mixed = mixing(layer, before[0], behind[0])
    if mixed is not None:
        rows, columns = rows.across(mixed), columns.across(mixed)
    return slid(layer, 0, before, behind, rows), slid(layer, 1, before, behind, columns)


def along(path, shape, rows, columns):
    """What the outputs of one path see."""
    for layer in path.values():
        made = layer.output(shape)
        rows, columns = through(layer, shape, made, rows, columns)
        shape = made
    return rows, columns


def joined(axes):
    """Paths side by side along the channels; the rule is that of the path that sees most."""
    rules = [axis.rule for axis in axes]
    return Axis(np.concatenate([axis.first for axis in axes]), np.concatenate([axis.last for axis in axes]),
                None if None in rules else max(rules))


def whole(axis, outputs):
    """Outputs in a row see all that any input sees."""
    ends = np.full((outputs, 1), axis.first.min()), np.full((outputs, 1), axis.last.max())
    return Axis(*ends, (int(ends[1][0, 0] - ends[0][0, 0]) + 1, 0, int(ends[0][0, 0])))


def mixing(layer, before, behind):
    """Which input channels every output channel of a layer sees; None where each sees its own alone."""
    if isinstance(layer, Conv2D):
        groups = np.split(np.arange(before), layer.groups)
        return [groups[k * layer.groups // behind] for k in range(behind)]
    if isinstance(layer, LRN):
        group, reach = before // layer.groups, layer.n // 2
        return [[j for j in range(i - reach, i + reach + 1) if 0 <= j < before and j // group == i // group]
                for i in range(before)]
    if type(layer).__module__ != Conv2D.__module__:                     # a layer of one's own may do anything
        return [list(range(before))] * behind
    return None


def slid(layer, axis, before, behind, seen):
    """What outputs see along one axis, 0 for rows and 1 for columns, through the window of a layer."""
    side, count = before[1 + axis], np.arange(behind[1 + axis])
    if isinstance(layer, AdaptiveAvgPool):
        parts = pair(layer.size)[axis]
        return seen.under(count * side // parts, -(-(count + 1) * side // parts),
                          (side // parts, side // parts, 0) if side % parts == 0 else None)
    if isinstance(layer, (Conv2D, MaxPool, AvgPool)):
        window, stride, pad = (pair(value)[axis] for value in (layer.size, layer.stride, layer.pad))
    elif isinstance(layer, LRNWithin):
        window, stride, pad = layer.n, 1, layer.n // 2
    elif behind[1 + axis] == side and type(layer).__module__ == Conv2D.__module__:
        return seen                                                     # each output sees the input at its place
    else:                                                               # a layer of one's own: all of it
        return seen.under(0 * count, 0 * count + side)
    return seen.under(count * stride - pad, count * stride - pad + window, (window, stride, pad))
