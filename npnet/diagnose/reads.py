"""What reads what: which outputs read an entry of an array, in which windows, and what backward sends back to it.

    reads = reads_of(evidence)
    reads.J, reads.B            (asked outputs, entries) without the entries on a kink
    reads.windows               how windows run over the array: [Window(axis=2, output=2, stride=2, pad=1, size=3), ...]
"""
from dataclasses import dataclass
from functools import cached_property

import numpy as np

ENOUGH = 8                      # so many wrong numbers must agree before a rule is believed


@dataclass
class Window:
    """Along one axis of the array: output t, along its own axis, reads entries t*stride - pad and size - 1 more."""

    axis: int                   # of the array
    output: int                 # of y
    stride: int
    pad: int
    size: int
    exact: bool                 # whether every output reads its whole window


class Reads:
    """An Evidence, seen by who reads what. Entries on a kink are left out."""

    def __init__(self, evidence):
        self.evidence, self.name = evidence, evidence.name
        self.keep = ~evidence.kinks
        self.entries, self.outputs = evidence.entries[self.keep], evidence.outputs
        self.all = evidence.J_all[:, self.keep]                             # (y.size, entries)
        self.J, self.B = self.all[self.outputs], evidence.B[:, self.keep]   # (asked, entries)
        self.right, self.got = evidence.right[self.keep], evidence.got[self.keep]
        self.shape, self.y_shape = evidence.array.shape, evidence.y.shape
        self.usable = bool(self.J.size and np.isfinite(self.B).all() and np.isfinite(self.all).all())
        self.limit = max(5 * evidence.noise, 1e-6 * np.abs(self.all).max(initial=0))

    @cached_property
    def B_all(self):
        """(y.size, entries): B, and NaN for the outputs that were not asked."""
        rows = np.full(self.all.shape, np.nan)
        rows[self.outputs] = self.B
        return rows

    @cached_property
    def reading(self):
        """(y.size, entries): whether the output's slope by the entry is not 0."""
        return np.abs(self.all) > self.limit

    @cached_property
    def reads(self):
        """(asked, entries): the same for the outputs that were asked."""
        return self.reading[self.outputs]

    @cached_property
    def reached(self):
        """(asked, entries): whether backward sends anything from the output to the entry."""
        return np.abs(self.B) > self.limit

    @cached_property
    def differs(self):
        return np.abs(self.B - self.J) > self.limit

    @cached_property
    def linear(self):
        """Whether backward's answer to all asked outputs at once is the sum of its answers to each alone."""
        if len(self.outputs) == self.evidence.y.size:
            answer = self.got
        else:
            answer = self.evidence.ask(self.some_dy).ravel()[self.entries]
        return self.evidence.same(answer, self.some_dy[self.outputs] @ self.B)

    @property
    def some_dy(self):
        """dy, flat, without the outputs that were not asked."""
        dy = np.zeros(self.evidence.y.size)
        dy[self.outputs] = self.evidence.dy.ravel()[self.outputs]
        return dy

    @cached_property
    def places(self):
        """The index of every entry: one array (entries,) for each axis of the array."""
        return np.unravel_index(self.entries, self.shape)

    @cached_property
    def every_output(self):
        """The index of every output: one array (y.size,) for each axis of y."""
        return np.unravel_index(np.arange(self.evidence.y.size), self.y_shape)

    @cached_property
    def asked(self):
        """The index of every asked output: one array (asked,) for each axis of y."""
        return tuple(index[self.outputs] for index in self.every_output)

    @cached_property
    def channel_axis(self):
        """The axis of y's channels in pictures of four or three axes; None for others.

        Told by the stranger's layout; else by the windows, or by which filters write which outputs.
        """
        if len(self.y_shape) not in (3, 4):
            return None
        first, last = (1, 3) if len(self.y_shape) == 4 else (0, 2)
        if self.evidence.layout:
            return last if self.evidence.layout == "NHWC" else first
        if len(self.shape) == len(self.y_shape):
            moving = {window.axis for window in self.moving}
            if {first, first + 1} <= moving and last not in moving:
                return last
            if not moving and self.pairs and self.pairs[0][1] == last:
                return last
        return first

    @cached_property
    def pairs(self):
        """[(axis of the array, axis of y)] along which an output reads its own place alone, as filters do."""
        outputs, entries = np.nonzero(self.reading)
        return [(axis, output) for axis, size in enumerate(self.shape) for output, count in enumerate(self.y_shape)
                if size == count > 1 and (self.places[axis][entries] == self.every_output[output][outputs]).all()]

    @cached_property
    def moving(self):
        """A Window for each axis over which windows move, or seem to: groups look like windows over channels."""
        outputs, entries = np.nonzero(self.reading)
        found = []
        for axis in range(len(self.shape)):
            for output in ([axis] if len(self.shape) == len(self.y_shape) else range(len(self.y_shape))):
                window = fitted(self.places[axis][entries], self.every_output[output][outputs], self.shape[axis],
                                self.y_shape[output])
                if window and (window[0] > 1 or window[2] > 1):
                    found.append(Window(axis, output, *window))
                    break
        return found

    @cached_property
    def windows(self):
        """How windows run over the array: at most one Window for each of two axes; [] where none moves."""
        channels = self.channel_axis if len(self.shape) == len(self.y_shape) else None
        return [window for window in self.moving if window.axis != channels][-2:]

    @property
    def single(self):
        """Whether an output reads one entry at most, as a maximum does."""
        return bool((self.reading.sum(axis=1) <= 1).all())

    def starts(self, window):
        """(asked,): the first entry of each asked output's window along its axis, which may lie in the padding."""
        return self.asked[window.output] * window.stride - window.pad

    def spread_out(self, values):
        """(asked, *shape) of (asked, entries); 0 where an entry was not moved."""
        whole = np.zeros((len(values), self.evidence.array.size), values.dtype)
        whole[:, self.entries] = values
        return whole.reshape(len(values), *self.shape)

    @cached_property
    def known(self):
        """A mask of the array's shape: the entries that were moved."""
        mask = np.zeros(self.evidence.array.size, bool)
        mask[self.entries] = True
        return mask.reshape(self.shape)

    def index(self, column):
        """'x[0,3,2,1]': the entry of a column of J."""
        return self.evidence.index(self.entries[column])

    def output(self, row):
        """'y[0,3,2,1]': the output of a row of J."""
        return self.evidence.output(self.outputs[row])


def reads_of(evidence):
    """The Reads of an Evidence, made once."""
    if not hasattr(evidence, "reads"):
        evidence.reads = Reads(evidence)
    return evidence.reads


def fitted(entries, outputs, size, count):
    """(stride, pad, size, exact) of the windows in which outputs 0..count-1 read the entries of one axis, or None.

    entries, outputs: the coordinates of all that is read, and of what reads it. The smallest windows that hold all.
    """
    first, last = np.full(count, size), np.full(count, -1)
    np.minimum.at(first, outputs, entries)
    np.maximum.at(last, outputs, entries)
    t = np.flatnonzero(last >= 0)
    first, last = first[t], last[t]
    if len(t) < 2 or (first == first[0]).all() and (last == last[0]).all():
        return None
    found = []
    for stride in range(1, size + 1):
        pad = int((stride * t - first).max())
        start = stride * t - pad
        length = int((last - start).max()) + 1
        exact = (first == np.maximum(0, start)).all() and (last == np.minimum(size - 1, start + length - 1)).all()
        found.append((not exact, length, stride, pad))
    inexact, length, stride, pad = min(found)
    return (stride, pad, length, not inexact) if length <= size else None


def one_share(reads):
    """One output and one entry, in numbers: forward's slope there, and what backward sends."""
    k, i = np.unravel_index(np.where(reads.differs, np.abs(reads.J), -1).argmax(), reads.J.shape)
    slope, sent = brief(reads.J[k, i]), brief(reads.B[k, i])
    same = np.flatnonzero(np.abs(reads.B[k] - reads.J[k, i]) <= reads.limit)
    elsewhere = f", and {slope} to {reads.index(same[0])}" if len(same) == 1 else ""
    return (f"{reads.output(k)} moves by {slope} for each 1 that {reads.index(i)} moves; for a dy that is 1 there and "
            f"0 elsewhere, backward sends it {sent}{elsewhere}.")


def brief(value):
    """'1.84' of 1.8432: three digits, for people."""
    return f"{value:.3g}" if value else "0"


def join(words):
    """'a, b and c'."""
    words = [str(word) for word in words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
