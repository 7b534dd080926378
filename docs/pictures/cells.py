"""Numbers in cells, several tables on one board, so that arrows and boxes can go from one table to the other.

    figure, axes = board(11, 5)                         11 cells wide, 5 high; y grows downwards, as rows do
    table(axes, 0, 1, x, "x")                           its upper left corner at (0, 1)
    box(axes, 0, 1, 2, 2, 0)                            around two rows and two columns, in the style of window 0
"""
import numpy as np

from npnet.plots.course import BOXES, LINES, written
from npnet.plots.figure import INK, finish, new_figure
from npnet.plots.grids import COLOURS, SIGNED

CELL = 0.38                     # inches: the side of one number; 12 of them fit on a phone
SIZE = 9.5                      # points: the letters
BLANK = "#ffffff"
TINTS = ("#cfd8e3", "#ecc7e6", "#bfe5d5", "#ffd9b8")        # of windows 0 to 3: their lines' colours, light


def board(columns, rows, cell=CELL):
    """A Figure and its axes, in which one unit is one cell; (0, 0) is the upper left corner."""
    figure = new_figure(columns * cell, rows * cell)
    figure.set_layout_engine("none")
    axes = figure.add_axes([0, 0, 1, 1], frame_on=False)
    axes.set(xlim=(-0.08, columns), ylim=(rows, -0.08), xticks=[], yticks=[])
    return figure, axes


def table(axes, left, top, values, title="", fills=None, words=True):
    """Numbers in cells. fills: rows of a colour for each cell, or None: white. words: whether numbers are written."""
    values = np.atleast_2d(np.asarray(values))
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            fill = BLANK if fills is None else fills[row][column]
            text = value if isinstance(value, str) else written(value)
            cell(axes, left + column, top + row, text if words else "", fill)
    if title:
        label(axes, left, top - 0.45, title, "left")


def cell(axes, left, top, text="", fill=BLANK, line=INK, width=0.6):
    """One cell and what stands in it."""
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((left, top), 1, 1, facecolor=fill, edgecolor=line, linewidth=width))
    if text:
        label(axes, left + 0.5, top + 0.5, text, size=SIZE if len(text) < 5 else SIZE - 0.5)


def split(axes, left, top, first, second):
    """A cell in two colours, each on its side of the diagonal: it belongs to both."""
    from matplotlib.patches import Polygon
    for corners, fill in (([(0, 0), (1, 0), (0, 1)], first), ([(1, 0), (1, 1), (0, 1)], second)):
        axes.add_patch(Polygon([(left + x, top + y) for x, y in corners], facecolor=fill, edgecolor="none"))


def label(axes, x, y, text, place="center", size=SIZE):
    """Words or a number at a point."""
    axes.text(x, y, text, ha=place, va="center", fontsize=size)


def box(axes, left, top, rows, columns, style=0):
    """A thick line around cells; each style has a colour, dashes and a distance from the edge of its own."""
    from matplotlib.patches import Rectangle
    inset = 0.05 + 0.08 * (style % 4)
    axes.add_patch(Rectangle((left + inset, top + inset), columns - 2 * inset, rows - 2 * inset, fill=False, zorder=3,
                             linewidth=2.2, linestyle=LINES[style % 4], edgecolor=BOXES[style % 4]))


def arrow(axes, start, end, style=0):
    """An arrow from one point to another, in the colour of a box."""
    axes.annotate("", end, start, zorder=4, arrowprops={
        "arrowstyle": "-|>", "color": BOXES[style % 4], "linewidth": 1.6, "linestyle": LINES[style % 4],
        "shrinkA": 0, "shrinkB": 0, "connectionstyle": "arc3,rad=0.08"})


def heat(values, low=0.0):
    """The sequential colours of numbers, light enough to write on."""
    values = np.asarray(values, float)
    return shades(COLOURS, (values - low) / max(values.max() - low, 1e-9), 0.45)


def signed(values, most=None):
    """The diverging colours of numbers about 0, light enough to write on."""
    values = np.asarray(values, float)
    return shades(SIGNED, 0.5 + 0.5 * values / (most or max(np.abs(values).max(), 1e-9)), 0.6)


def shades(name, places, strength):
    """Colours of a map, mixed with white."""
    from matplotlib import colormaps
    colours = colormaps[name](places)
    colours[..., :3] = 1 - strength * (1 - colours[..., :3])
    return colours


def done(figure):
    """Settles fonts and colours of a finished board."""
    return finish(figure, None)


__all__ = ["BLANK", "BOXES", "LINES", "TINTS", "arrow", "board", "box", "cell", "done", "heat", "label",
           "signed", "split", "table"]
