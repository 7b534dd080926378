"""What must hold of A4: overlapping max-pool.

The numbers are quarters, so that every answer is exact. Each table below holds geometries of one kind,
(N, C, H, W, R, S, stride, pad): public properties take the first one, hidden ones another, drawn for the student.
Nothing is square, and no window stands where its rows could be taken for its columns. Padding comes with negative
numbers only, so that a mistake in it leaves the other properties alone; rounding up and ties likewise.
"""
import numpy as np

from ..grader.calls import Call
from ..grader.properties import Failure, Property, equal, missing, unchanged

OUTPUTS = {"max_pool_forward": ("y", "argmax"), "max_pool_backward": ("dx",)}

OVERLAPPING = [(2, 3, 8, 5, 3, 2, 2, 0), (2, 3, 9, 6, 4, 3, 2, 0), (3, 2, 6, 9, 3, 2, 2, 0), (2, 3, 6, 10, 3, 5, 2, 0)]
ONE_APART = [(3, 2, 5, 8, 2, 4, 1, 0), (3, 2, 4, 6, 3, 2, 1, 0), (2, 3, 6, 4, 2, 3, 1, 0), (2, 4, 4, 7, 3, 2, 1, 0)]
WITH_GAPS = [(2, 4, 7, 9, 2, 3, 3, 0), (3, 2, 8, 11, 1, 2, 3, 0), (2, 3, 10, 5, 2, 1, 3, 0), (2, 4, 8, 12, 3, 2, 4, 0)]
PADDED = [(2, 3, 4, 7, 3, 5, 2, 2), (2, 3, 5, 8, 3, 4, 2, 1), (3, 2, 6, 5, 4, 3, 2, 2), (3, 2, 7, 4, 3, 2, 2, 1)]
PADDED_ONE_APART = [(3, 2, 5, 8, 2, 4, 1, 1), (3, 2, 4, 6, 3, 2, 1, 1),
                    (2, 3, 6, 4, 2, 3, 1, 1), (2, 4, 3, 5, 3, 2, 1, 1)]
TIED = [(2, 3, 6, 9, 3, 2, 2, 0), (2, 3, 9, 6, 3, 4, 2, 0), (3, 2, 7, 10, 2, 3, 2, 0), (2, 4, 8, 5, 4, 2, 2, 0)]
HANGING = [(2, 3, 6, 9, 3, 4, 2, 0), (3, 2, 8, 5, 3, 2, 2, 0), (2, 3, 7, 10, 2, 3, 2, 0), (3, 2, 9, 6, 4, 3, 2, 0)]
ONE_DROPPED = [(2, 3, 6, 8, 2, 3, 3, 0), (3, 2, 8, 6, 3, 2, 3, 0), (2, 4, 9, 11, 2, 3, 3, 0), (2, 3, 11, 9, 3, 2, 3, 0)]

NINE = [[1, 2, 0, 1, 3], [0, 1, 2, 0, 1], [2, 0, 9, 1, 0], [1, 3, 0, 2, 1], [0, 1, 2, 0, 4]]       # of the handout
TWO_NINES = [[1, 2, 9, 1, 3], *NINE[1:]]
NEGATIVE = [[-3, -1], [-2, -4]]
POWERS = [[1, 10], [100, 1000]]


# ---------------------------------------------------------------------------- judges

def equal_and_unchanged(outcomes, expected, calls, tolerance=0.0, names=()):
    """The values are right, and the arguments stay as they were."""
    return (equal(outcomes, expected, calls, tolerance, names)
            or unchanged(outcomes, expected, calls, tolerance, names))


def equal_sums(outcomes, expected, calls, tolerance=0.0, names=()):
    """In every map of every image, the sum of dx is the sum of dy: nothing is lost, nothing is given twice."""
    for i, (got, want) in enumerate(zip(outcomes, expected)):
        failure = missing(got) or sums_apart(got.value, want.value)
        if failure:
            failure.call = i
            return failure
    return None


def sums_apart(dx, right):
    """A Failure where the sums of the maps of dx are not those of the right dx (N, C, H, W)."""
    if not isinstance(dx, np.ndarray) or dx.dtype.kind not in "biuf":
        return Failure("kind", details={"got": type(dx).__name__})
    if dx.shape != right.shape:
        return Failure("shape", details={"got": dx.shape, "want": right.shape})
    got, want = dx.sum(axis=(2, 3)), right.sum(axis=(2, 3))                  # (N, C)
    if np.array_equal(got, want):
        return None
    return Failure("property", details={"got": got.tolist(), "want": want.tolist()})


# ---------------------------------------------------------------------------- numbers

def distinct(draw, N, C, H, W, *window):
    """No two numbers are equal. One large number is where windows overlap, so that it wins several of them."""
    x = draw.distinct(N, C, H, W)
    place = max(window[2] - window[3], 0)                                    # stride - pad: where window 1 starts
    x[:, :, place, place] += x.size
    return x


def negative(draw, N, C, H, W, *window):
    """All numbers are below 0."""
    x = draw.distinct(N, C, H, W)
    return x - x.max() - 0.25


def tied(draw, N, C, H, W, *window):
    """Three different numbers only. In the first window two pixels are largest: (0, 1), first by rows, and (1, 0)."""
    x = draw.order(N * C * H * W).reshape(N, C, H, W) % 3 / 4
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = 1.5
    return x


def gradient(draw, shape):
    """Quarters without 0, so that every lost one is seen."""
    dy = draw.quarters(*shape)
    return np.where(dy == 0, 2.25, dy)


def one_map(rows):
    """Rows of numbers as an array (1, 1, H, W)."""
    return np.array([[rows]], dtype=float)


# ---------------------------------------------------------------------------- calls

def forward(numbers, *tables, ceil_mode=False, hidden=False):
    """calls(draw, parts) of max_pool_forward, one for a geometry of each table."""
    def calls(draw, parts):
        made = []
        for table in tables:
            geometry = draw.pick(table[1:]) if hidden else table[0]
            made.append(Call("max_pool_forward", [numbers(draw, *geometry), *geometry[4:], ceil_mode]))
        return made
    return calls


def backward(numbers, *tables, ceil_mode=False, hidden=False):
    """calls(draw, parts) of max_pool_backward, with the argmax of the right forward."""
    def calls(draw, parts):
        made = []
        for call in forward(numbers, *tables, ceil_mode=ceil_mode, hidden=hidden)(draw, parts):
            x, *window = call.arguments                                      # R, S, stride, pad, ceil_mode
            y, argmax = parts["max_pool_forward"](x, *window)
            made.append(Call("max_pool_backward", [gradient(draw, y.shape), x, argmax, *window[:4]]))
        return made
    return calls


def pooled(rows, *window):
    """The call of max_pool_forward of a map of the handout."""
    return lambda draw, parts: [Call("max_pool_forward", [one_map(rows), *window, False])]


def calls_of_rounding(draw, parts):
    """The handout's 6 rows, whose third window hangs over, and its 5 rows, whose third window is dropped."""
    return [Call("max_pool_forward", [distinct(draw, 1, 1, size, size, *window), *window, True])
            for size, window in ((6, (3, 3, 2, 0)), (5, (2, 2, 3, 1)))]


def routed(rows, *window):
    """The call of max_pool_backward of a map of the handout, with the powers of ten as dy."""
    def calls(draw, parts):
        argmax = parts["max_pool_forward"](one_map(rows), *window, False)[1]
        return [Call("max_pool_backward", [one_map(POWERS), one_map(rows), argmax, *window])]
    return calls


def several(*parts_of):
    """calls(draw, parts) of several of them, one after the other."""
    return lambda draw, parts: [call for calls in parts_of for call in calls(draw, parts)]


FORWARD, BACKWARD = "a4.forward", "a4.backward"
PROPERTIES = [
    Property("a4.forward.example", FORWARD, pooled(NINE, 3, 3, 2, 0)),
    Property("a4.forward.windows", FORWARD, forward(distinct, OVERLAPPING, ONE_APART, WITH_GAPS)),
    Property("a4.forward.ties", FORWARD, several(pooled(TWO_NINES, 3, 3, 2, 0), forward(tied, TIED, ONE_APART))),
    Property("a4.forward.negative", FORWARD,
             several(pooled(NEGATIVE, 2, 2, 2, 1), forward(negative, PADDED, PADDED_ONE_APART)), weight=2),
    Property("a4.forward.ceil", FORWARD,
             several(calls_of_rounding, forward(distinct, HANGING, ONE_DROPPED, ceil_mode=True))),
    Property("a4.forward.arguments", FORWARD, forward(distinct, OVERLAPPING, ONE_APART), judge=equal_and_unchanged),
    Property("a4.forward.seeded_windows", FORWARD,
             forward(distinct, OVERLAPPING, ONE_APART, WITH_GAPS, hidden=True), hidden=True),
    Property("a4.forward.seeded_ties", FORWARD, forward(tied, TIED, ONE_APART, hidden=True), hidden=True),
    Property("a4.forward.seeded_negative", FORWARD,
             forward(negative, PADDED, PADDED_ONE_APART, hidden=True), hidden=True),
    Property("a4.forward.seeded_ceil", FORWARD,
             forward(distinct, HANGING, ONE_DROPPED, ceil_mode=True, hidden=True), hidden=True),
    Property("a4.forward.seeded_arguments", FORWARD, forward(distinct, OVERLAPPING, ONE_APART, hidden=True),
             hidden=True, judge=equal_and_unchanged),
    Property("a4.backward.powers", BACKWARD, routed(NINE, 3, 3, 2, 0)),
    Property("a4.backward.windows", BACKWARD, backward(distinct, OVERLAPPING, ONE_APART, WITH_GAPS)),
    Property("a4.backward.ties", BACKWARD,
             several(routed(TWO_NINES, 3, 3, 2, 0), backward(tied, TIED, ONE_APART)), weight=2),
    Property("a4.backward.negative", BACKWARD,
             several(routed(NEGATIVE, 2, 2, 2, 1), backward(negative, PADDED, PADDED_ONE_APART))),
    Property("a4.backward.ceil", BACKWARD, backward(distinct, HANGING, ONE_DROPPED, ceil_mode=True)),
    Property("a4.backward.sums", BACKWARD, backward(tied, TIED, ONE_APART), judge=equal_sums),
    Property("a4.backward.arguments", BACKWARD, backward(distinct, OVERLAPPING, ONE_APART), judge=equal_and_unchanged),
    Property("a4.backward.seeded_windows", BACKWARD,
             backward(distinct, OVERLAPPING, ONE_APART, WITH_GAPS, hidden=True), hidden=True),
    Property("a4.backward.seeded_ties", BACKWARD, backward(tied, TIED, ONE_APART, hidden=True), hidden=True),
    Property("a4.backward.seeded_negative", BACKWARD,
             backward(negative, PADDED, PADDED_ONE_APART, hidden=True), hidden=True),
    Property("a4.backward.seeded_ceil", BACKWARD,
             backward(distinct, HANGING, ONE_DROPPED, ceil_mode=True, hidden=True), hidden=True),
    Property("a4.backward.seeded_sums", BACKWARD, backward(tied, TIED, ONE_APART, hidden=True), hidden=True,
             judge=equal_sums),
    Property("a4.backward.seeded_arguments", BACKWARD, backward(distinct, OVERLAPPING, ONE_APART, hidden=True),
             hidden=True, judge=equal_and_unchanged),
]
