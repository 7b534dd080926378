"""Pictures of convolution."""
import numpy as np

from npnet.ops import conv2d_forward
from npnet.plots.course import Grid, operation

from .cells import BLANK, TINTS, board, box, cell, done, label, table
from .sliding import sliding

__all__ = ["coverage", "output", "sliding", "touched", "window"]

X = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])
W = np.array([[1.0, 0], [2, -1]])
BIAS = 1.0


def output(x=X, w=W, b=BIAS, stride=1, pad=0):
    """The convolution of one map with one filter, (P, Q)."""
    return conv2d_forward(x[None, None], w[None, None], np.array([b]), stride, pad, 1)[0, 0]


def window(p=0, q=2):
    """The window of output (p, q) on x, the filter, and the output with that place marked."""
    rows, columns = W.shape
    return operation([[Grid(X, "x", [(p, q, rows, columns)]), Grid(W, "w")],
                      [Grid(output(), "y", [(p, q, 1, 1)])]], narrowest=2)


def coverage(size=5, filter_size=3, stride=2):
    """How many windows each pixel lies in."""
    count, places = np.zeros((size, size)), range(0, size - filter_size + 1, stride)
    for p in places:
        for q in places:
            count[p:p + filter_size, q:q + filter_size] += 1
    boxes = [(p, q, filter_size, filter_size) for p in places for q in places]
    return operation([[Grid(count, f"{filter_size} x {filter_size}, stride {stride}", boxes)]], narrowest=2)


def touched(h=1, v=2):
    """One pixel of x, and the outputs that it goes into, each with the weight by which."""
    rows, columns = W.shape
    y, left = output(), X.shape[1] + 1.2
    figure, axes = board(left + y.shape[1] + 0.1, X.shape[0] + 1, 0.54)
    table(axes, 0, 0.9, X, "x")
    box(axes, v, 0.9 + h, 1, 1)
    label(axes, left, 0.45, "y", "left")
    for (p, q), number in np.ndenumerate(y):
        r, s = h - p, v - q
        touches = 0 <= r < rows and 0 <= s < columns
        cell(axes, left + q, 0.9 + p, fill=TINTS[0] if touches else BLANK)
        label(axes, left + q + 0.5, 1.4 + p - 0.2 * touches, f"{number:g}")
        if touches:
            label(axes, left + q + 0.5, 1.65 + p, f"w[{r},{s}]", size=9)
    return done(figure)
