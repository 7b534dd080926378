"""Pictures of convolution."""
import numpy as np

from npnet.ops import conv2d_forward
from npnet.plots.course import Grid, operation
from npnet.plots.figure import BAR, INK, finish, new_axes, new_figure
from npnet.plots.gradients import OTHER

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
    figure = new_figure(4.4, 2.6)
    left, right = (new_axes(figure, 1, 2, place) for place in (1, 2))
    draw_cells(left, X, "x", {(h, v): OTHER})
    reached = {(h - r, v - s): f"w[{r},{s}]" for r in range(rows) for s in range(columns)}
    y = output()
    inside = {(p, q): words for (p, q), words in reached.items() if 0 <= p < y.shape[0] and 0 <= q < y.shape[1]}
    draw_cells(right, y, "y", {place: BAR for place in inside}, inside)
    return finish(figure, None)


def draw_cells(axes, table, title, marked, words=None):
    """Cells with their numbers; those of `marked` have a thick edge, and words beneath their number."""
    from matplotlib.patches import Rectangle
    rows, columns = table.shape
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")
    axes.set_title(title, fontsize=10)
    for (row, column), number in np.ndenumerate(table):
        edge = marked.get((row, column))
        axes.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor="white",
                                 edgecolor=edge or "#b8c0c8", linewidth=2.5 if edge else 0.8))
        beneath = (words or {}).get((row, column))
        up = 0.15 if beneath else 0
        axes.text(column, row - up, f"{number:g}", ha="center", va="center", fontsize=10, color=INK)
        if beneath:
            axes.text(column, row + 0.22, beneath, ha="center", va="center", fontsize=9, color=INK)
