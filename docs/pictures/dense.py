"""The pictures of the dense layer and of flattening."""
import numpy as np
from npnet.ops import dense_forward
from npnet.plots.course import Grid
from npnet.plots.figure import INK, finish, new_figure
from npnet.plots.grids import COLOURS

from .tables import place, sign, table, tables

CELL = 0.44
EDGES = ("-", "--", ":", "-.")


def product(x, w, b, n, m):
    """y = x w + b as a table of products: a row of x meets a column of w, above it, in one number of y."""
    y = dense_forward(x, w, b)
    (N, D), M = x.shape, w.shape[1]
    side, title = 0.4, 0.3                      # in cells, around a table; in inches, above it
    across, high = (D + M + 2 * side) * CELL + 0.5, (D + N + 1 + 3 * side) * CELL + 3 * title + 0.1
    figure = new_figure(across, high)
    figure.set_layout_engine("none")
    left, right, wide = 0.1, 0.4 + (D + side) * CELL, (M + side) * CELL
    low = 0.05 + (1 + side) * CELL + title
    table(place(figure, right, low + (N + side) * CELL + title, wide, (D + side) * CELL), Grid(w, "w", [(0, m, D, 1)]))
    table(place(figure, left, low, (D + side) * CELL, (N + side) * CELL), Grid(x, "x", [(n, 0, 1, D)]))
    table(place(figure, right, low, wide, (N + side) * CELL), Grid(y, "y", [(n, m, 1, 1)]))
    table(place(figure, right, 0.05, wide, (1 + side) * CELL), Grid(b, "b", [(0, m, 1, 1)]))
    terms = " + ".join(f"{x[n, d]:g}·{bracketed(w[d, m])}" for d in range(x.shape[1]))
    axes = place(figure, 0.1, 0.05, right - 0.2, 1.4 * CELL)
    sign(axes, f"{terms}\n+ {bracketed(b[m])} = {y[n, m]:g}")
    axes.texts[0].set_fontsize(10)
    return finish(figure, None)


def bracketed(number):
    """A number, in brackets where it is negative."""
    return f"({number:g})" if number < 0 else f"{number:g}"


def touched(N, D, M, n, d, m):
    """Which outputs a number of x, of w and of b touches: a row, a column, a column."""
    def marks(shape, *places):
        found = np.zeros(shape)
        found[places] = 1
        return found

    def pair(name, shape, place, outputs):
        return [Grid(marks(shape, *place), name), "→", Grid(marks((N, M), *outputs), "y")]

    whole = slice(None)
    return tables([pair(f"x[{n}, {d}]", (N, D), (n, d), (n, whole)), pair(f"w[{d}, {m}]", (D, M), (d, m), (whole, m)),
                   pair(f"b[{m}]", (1, M), (0, m), (whole, m))], 0.3)


def flatten(C, H, W):
    """Maps (C, H, W), every number called by its place c h v, and the two orders in which they may stand in a row."""
    places = np.array([f"{c}{h}{v}" for c, h, v in np.ndindex(C, H, W)]).reshape(C, H, W)
    channel = np.arange(C)[:, None, None] * np.ones((1, H, W))
    cell = min(0.44, 4.3 / (C * H * W))
    figure = new_figure(C * H * W * cell + 0.3, (H + 2.6) * cell + 1.2)
    figure.set_layout_engine("none")
    high = figure.get_figheight()
    for c in range(C):
        axes = place(figure, 0.15 + c * (W + 1) * cell, high - 0.3 - H * cell, W * cell, H * cell)
        named(axes, places[c], channel[c], C, f"c = {c}")
    for number, (order, axis) in enumerate([("C, H, W", (0, 1, 2)), ("H, W, C", (1, 2, 0))]):
        bottom = 0.1 + (1 - number) * (cell + 0.4)
        axes = place(figure, 0.15, bottom, C * H * W * cell, cell)
        named(axes, places.transpose(axis).reshape(1, -1), channel.transpose(axis).reshape(1, -1), C, order)
    return finish(figure, None)


def named(axes, places, channel, C, title):
    """A table of names, each channel with a colour and a border of its own."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle
    shade = colormaps[COLOURS]
    for (row, column), name in np.ndenumerate(places):
        c = int(channel[row, column])
        axes.add_patch(Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, edgecolor=INK, alpha=0.5,
                                 facecolor=shade(0.3 + 0.7 * c / max(C - 1, 1)), linestyle=EDGES[c % 4], linewidth=1.2))
        axes.text(column + 0.5, row + 0.5, name, ha="center", va="center", fontsize=9)
    axes.set(xlim=(0, places.shape[1]), ylim=(places.shape[0], 0))
    axes.set_title(title, fontsize=10, pad=3)
