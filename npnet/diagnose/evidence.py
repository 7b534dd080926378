"""What the cause of a wrong gradient is told from: forward's own Jacobian beside what backward sends back.

    J[k, i]     the slope of output k by entry i of the array, measured with forward alone
    B[k, i]     what backward gives entry i, for a dy that is 1 at output k and 0 elsewhere

A right backward has B = J, whatever the layer computes, so no reference is needed: how B differs from J tells the
mistake. Everything here is measured when it is first asked for.
"""
import time
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.linalg import norm

STEP, STEP32 = 1e-5, 1e-2       # of central differences; for code that computes in float32 inside
ROUNDING, ROUNDING32 = 1e-15, 3e-7
SECONDS = 2.0                   # for J, and again for B, at most; where more is needed, a sample is taken
ENTRIES = 1500                  # of the array, and as many outputs, at most


@dataclass
class Cause:
    """Why a gradient is wrong.

    kind: of kinds.KINDS; detail: "1/N", "image", as KINDS says. sentence: what is wrong, and what was measured.
    example: one entry, in numbers. look: where to look, or a question that leads on. sure: "exact" if nothing else
    gives these numbers, or "likely".
    """

    kind: str
    sentence: str
    detail: str = ""
    example: str = ""
    look: str = ""
    sure: str = "likely"


class Evidence:
    """One wrong array of a Report. All that is read from it is measured at the report's point, which is left as it was.

    array, gradient, slopes, wrong, checked have the array's shape; y and dy have y's. entries and outputs are flat
    indices: the entries that were moved and the outputs that were asked one by one, all of them unless that takes too
    long. kinks (entries,): which columns of J are not to be trusted. layout: "NCHW", "NHWC" or "". answers: of backward
    to single outputs, which the evidences of one report share.
    """

    def __init__(self, point, row, layout="", float32=False, limit=SECONDS, answers=None, seed=0):
        self.point, self.row, self.name, self.parameter = point, row, row.name, row.parameter
        self.layout, self.float32, self.limit, self.seed = layout, float32, limit, seed
        self.step, self.answers = STEP32 if float32 else STEP, {} if answers is None else answers
        self.array, self.y, self.dy = point.arrays[row.name].copy(), point.y, point.dy
        self.gradient = point.gradients[row.name]
        self.slopes, self.checked, self.wrong = row.slopes, row.seen, row.errors
        self.arrays = {name: array.copy() for name, array in point.arrays.items()}

    @cached_property
    def seconds(self):
        """Of one forward, and of one backward after it."""
        start = time.perf_counter()
        self.point.forward()
        middle = time.perf_counter()
        self.point.backward(self.dy.copy())
        return middle - start, time.perf_counter() - middle

    @cached_property
    def entries(self):
        return self.sample(self.array.size, 2 * self.seconds[0], self.wrong)

    @cached_property
    def outputs(self):
        return self.sample(self.y.size, sum(self.seconds))

    def sample(self, size, seconds, wrong=None):
        """Flat indices, sorted: all, or so many as there is time for; of an array's entries wrong ones first."""
        count = int(min(size, ENTRIES, max(24, self.limit / max(seconds, 1e-7))))
        if count == size:
            return np.arange(size)
        order = np.random.default_rng(self.seed).permutation(size)
        if wrong is not None:
            order = order[np.argsort(~wrong.ravel()[order], kind="stable")]
        return np.sort(order[:count])

    @property
    def whole(self):
        """Whether all entries were moved and all outputs asked."""
        return len(self.entries) == self.array.size and len(self.outputs) == self.y.size

    def see(self, **arrays):
        """y for other arrays, by name."""
        saved = {name: self.point.arrays[name].copy() for name in arrays}
        try:
            for name, array in arrays.items():
                self.point.arrays[name][...] = array
            return self.point.forward()
        finally:
            for name, array in saved.items():
                self.point.arrays[name][...] = array

    def ask(self, dy):
        """What backward gives the array for another dy, of y's shape or flat; NaN where it raises."""
        dy = np.array(dy, np.float64).reshape(self.y.shape)
        key = dy.tobytes()
        if key not in self.answers:
            try:
                self.point.forward()
                self.answers[key] = self.point.backward(dy)
            except Exception:                   # code that cannot live with such a dy says nothing
                self.answers[key] = {}
        gradient = self.answers[key].get(self.name)
        if gradient is None or gradient.shape != self.array.shape:
            return np.full(self.array.shape, np.nan)
        return gradient.astype(np.float64)

    @cached_property
    def B(self):
        """(outputs, entries): backward's answer to each output alone."""
        rows = np.empty((len(self.outputs), len(self.entries)))
        for row, k in zip(rows, self.outputs):
            dy = np.zeros(self.y.size)
            dy[k] = 1
            row[:] = self.ask(dy).ravel()[self.entries]
        return rows

    @cached_property
    def sides(self):
        """The slopes to the right and to the left: two arrays (y.size, entries)."""
        array, y = self.point.arrays[self.name], self.y.ravel()
        right, left = np.empty((2, y.size, len(self.entries)))
        for column, i in enumerate(self.entries):
            place = np.unravel_index(i, array.shape)
            saved = array[place].copy()
            try:
                array[place] = saved + self.step
                right[:, column] = (self.point.forward().ravel() - y) / self.step
                array[place] = saved - self.step
                left[:, column] = (y - self.point.forward().ravel()) / self.step
            finally:
                array[place] = saved
        return right, left

    @cached_property
    def J_all(self):
        """(y.size, entries): J for every output, whether it was asked or not."""
        return (self.sides[0] + self.sides[1]) / 2

    @cached_property
    def J(self):
        """(outputs, entries): the slope of each output by each entry, from forward alone."""
        return self.J_all[self.outputs]

    @cached_property
    def kinks(self):
        """(entries,): where the slopes to the right and to the left differ by more than a curve's would."""
        right, left = self.sides
        size = max(np.abs(right).max(initial=0), np.abs(left).max(initial=0))
        return np.abs(right - left).max(axis=0, initial=0) > 1e-2 * size

    @cached_property
    def noise(self):
        """What rounding can do to one entry of J: of y, and of a step that is not small for curved functions."""
        rounding = (ROUNDING32 if self.float32 else ROUNDING) * (1 + np.abs(self.y).max(initial=0)) / self.step
        return 4 * rounding + 1e-9 * np.abs(self.J_all).max(initial=0)

    def same(self, a, b, tolerance=1e-5):
        """Whether two arrays are equal up to rounding, in norm. False where one is not finite."""
        tolerance = max(tolerance, 1e-3) if self.float32 else tolerance
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return False
        return bool(norm(a - b) <= tolerance * (norm(a) + norm(b)) / 2 + self.noise * np.sqrt(a.size))

    @cached_property
    def right(self):
        """(entries,): J's answer to dy, which the gradient should be."""
        return self.dy.ravel() @ self.J_all

    @cached_property
    def got(self):
        """(entries,): what backward gave for dy."""
        return self.gradient.ravel()[self.entries].astype(np.float64)

    @cached_property
    def sizes(self):
        """{"N": 2, "C": 4, "P*Q": 30}: the names of the sizes that a factor may have here; 1 is none."""
        letters = {}
        first = next(iter(self.point.inputs.values()))
        channels = "NHWC" if self.layout == "NHWC" else "NCHW"
        outputs = "NPQK" if self.layout == "NHWC" else "NKPQ"
        for axes, shape in ((channels, first.shape), (outputs, self.y.shape)):
            names = {4: axes, 3: axes[1:], 2: "ND" if axes == channels else "NM", 1: "D" if axes == channels else "M"}
            letters |= zip(names.get(len(shape), ""), shape)
        found = {name: size for name, size in letters.items() if size > 1}
        products = ("H*W", "P*Q", "N*P*Q", "N*H*W", "C*H*W", "N*D", "N*M", "N*C")
        for names in products:
            if set(names.split("*")) <= set(letters):
                found[names] = prod(letters[name] for name in names.split("*"))
        for name, array in self.arrays.items():
            if array.ndim == 4 and (self.point.params or name != next(iter(self.point.inputs))) and array is not first:
                R, S = (array.shape[:2] if self.layout == "NHWC" else array.shape[2:])
                if array.shape != first.shape:
                    found |= {"R*S": R * S, "R": R, "S": S}
        found["the size of y"] = self.y.size
        return {name: size for name, size in found.items() if size > 1}

    @property
    def presented(self):
        """Whether the call presents parameters as inputs, because backward gives no gradient of x."""
        return getattr(getattr(self.point.run, "__self__", None), "presented", False) is True

    @property
    def x(self):
        """The layer's first input."""
        return self.point.run.__self__.own_x[0] if self.presented else next(iter(self.point.inputs.values()))

    @cached_property
    def image_axis(self):
        """0, or 1 if x and y are (features, images): a column of x moves that column of y alone, a row all rows."""
        name, x = next(iter(self.point.inputs)), self.x
        flat = x.ndim == self.y.ndim == 2 and not self.presented
        if not flat or x.shape[1] != self.y.shape[1] or x.shape == self.y.shape:
            return 0                                    # of one shape, it may be a batch norm: rows move all rows there
        moved = []
        for axis in (0, 1):
            other = self.arrays[name].copy()
            other.swapaxes(0, axis)[0] += 0.1
            changed = (np.abs(self.see(**{name: other}) - self.y) > 1e-9).any(axis=1 - axis)
            moved.append(bool(changed[1:].any()))
        return int(moved == [True, False])

    @cached_property
    def channels_last(self):
        """Whether the channels of y are its last axis: as the call found, or as a parameter's slopes show."""
        y = self.y
        first = self.name == next(iter(self.point.inputs)) and not self.presented
        if y.ndim < 3 or self.layout or first:
            return self.layout == "NHWC"
        size = np.abs(self.J_all)
        moved = (size > 1e-7 * size.max(initial=0)).reshape(*y.shape, -1)
        rows, last = (moved.any(axis=tuple(a for a in range(y.ndim) if a != axis)).sum(axis=0)
                      for axis in (y.ndim - 3, y.ndim - 1))
        return bool((rows > 1).any() and (last <= 1).all() and y.shape[-1] > 1)

    def index(self, i):
        """'x[0,3,2,1]': the name and place of the array's flat entry i."""
        return self.name + place(np.unravel_index(i, self.array.shape))

    def output(self, k):
        """'y[0,3,2,1]': the name and place of flat output k."""
        return "y" + place(np.unravel_index(k, self.y.shape))


def place(index):
    """'[0,3,2,1]' of (0, 3, 2, 1)."""
    return "[" + ",".join(str(int(i)) for i in index) + "]" if len(index) else ""
