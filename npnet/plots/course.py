"""One operation in small numbers: what goes in, and the student's answer beside the right one and their difference.

    figure = operation([[Grid(x, "x", boxes=[(0, 2, 3, 3)]), Grid(dy, "dy")],
                        [Grid(yours, "yours"), Grid(right, "right"), Grid(yours - right, "difference")]])

A row is a list of panels: grids of numbers, bars, or paths. Colour is never alone: every number is written, boxes
have lines of their own, and what is wrong is outlined.
"""
from dataclasses import dataclass, field
from unicodedata import east_asian_width

import numpy as np

from .figure import BAR, INK, TRACK, finish, new_axes, new_figure
from .gradients import OTHER, outlined
from .grids import SIGNED

CELL = 0.46                     # inches: the side of one number
MOST = 16                       # so many rows, or columns, of numbers are drawn
LINES = ("-", "--", ":", "-.")  # of boxes, which thus differ without their colours
BOXES = ("#111111", "#8a2f7d", "#1b7a5a", "#b04a00")


@dataclass
class Grid:
    """Numbers in rows and columns, (H, W) or (W,).

    boxes: (row, column, rows, columns) around some of them. grey: a mask of numbers that are no data, padding for
    instance. wrong: a mask of those that are outlined. words: what stands there if there are no values.
    """

    values: object
    title: str = ""
    boxes: list = field(default_factory=list)
    grey: object = None
    wrong: object = None
    words: str = ""
    most: float = None

    @property
    def table(self):
        """The numbers as (H, W); None where there are none."""
        return None if self.values is None else np.atleast_2d(np.asarray(self.values, float))

    @property
    def size(self):
        """Rows and columns that are drawn."""
        rows, columns = (2, room(self.words)) if self.values is None else self.table.shape
        return min(rows, MOST), max(min(columns, MOST), room(self.title))


@dataclass
class Bars:
    """One bar for each number. marked: indices of bars that stand out, hatched so; most: of the scale, or None."""

    values: object
    title: str = ""
    marked: tuple = ()
    most: float = None
    words: str = ""
    hatch: str = "//"

    @property
    def size(self):
        """Rows and columns that it takes, in cells."""
        return 4, max(5, room(self.words) if self.values is None else len(self.values))


@dataclass
class Path:
    """Lines over the steps 0, 1, 2 ...: {name: numbers}."""

    lines: dict
    title: str = ""
    across: str = ""

    size = 6, 12


def operation(rows, title=None, caption=None, narrowest=5.5):
    """The picture of rows of panels, all numbers in cells of one size. narrowest: inches; no picture is narrower."""
    sizes = [[panel.size for panel in row] for row in rows]
    across = [sum(columns for _, columns in row) * CELL + 0.55 * len(row) for row in sizes]
    high = [max(rows for rows, _ in row) * CELL + 0.6 for row in sizes]
    around = (0.75 if title else 0.35) + (0.45 if caption else 0)
    figure = new_figure(max(narrowest, max(across) + 0.4), sum(high) + around)
    whole = figure.add_gridspec(len(rows), 1, height_ratios=high)
    for number, row in enumerate(rows):
        widths = [columns for _, columns in sizes[number]]
        spare = max(max(across) - across[number], 0) / CELL     # an empty place at the right keeps cells alike
        part = whole[number].subgridspec(1, len(row) + 1, width_ratios=[*widths, max(spare, 0.01)])
        for place, panel in enumerate(row):
            axes = new_axes(figure, part[place])
            axes.set_title(panel.title, fontsize=10)
            axes.set_anchor("N")                                            # headings of a row at one height
            {Grid: draw_grid, Bars: draw_bars, Path: draw_path}[type(panel)](axes, panel)
    return finish(figure, title, caption)


def draw_grid(axes, grid):
    """Numbers in cells: blue below 0, red above; at most MOST rows and columns."""
    if grid.values is None:
        return draw_words(axes, grid.words)
    table = grid.table[:MOST, :MOST]
    finite = table[np.isfinite(table)]
    largest = grid.most or float(np.abs(finite).max(initial=0)) or 1.0
    shown = table.copy()
    if grid.grey is not None:
        shown[np.atleast_2d(grid.grey)[:MOST, :MOST]] = np.nan
    axes.set_facecolor(TRACK)
    axes.imshow(shown, cmap=SIGNED, vmin=-largest, vmax=largest, alpha=0.6, interpolation="nearest")
    size = 9 if max(map(len, map(written, table.ravel()))) < 6 else 7
    for (row, column), number in np.ndenumerate(table):
        axes.text(column, row, written(number), ha="center", va="center", fontsize=size)
    axes.set_xticks(range(table.shape[1]), list(map(str, range(table.shape[1]))), fontsize=9)
    axes.set_yticks(range(table.shape[0]), list(map(str, range(table.shape[0]))), fontsize=9)
    if grid.wrong is not None:
        outlined(axes, np.atleast_2d(grid.wrong)[:MOST, :MOST])
    for number, box in enumerate(grid.boxes):
        draw_box(axes, box, number)
    axes.set(xlim=(-0.7, table.shape[1] - 0.3), ylim=(table.shape[0] - 0.3, -0.7))


def draw_box(axes, box, number):
    """A rectangle around some cells; each of several is a little smaller than the one before, so that all are seen."""
    from matplotlib.patches import Rectangle
    row, column, rows, columns = box
    inset = 0.04 + 0.07 * (number % 4)
    axes.add_patch(Rectangle((column - 0.5 + inset, row - 0.5 + inset), columns - 2 * inset, rows - 2 * inset,
                             fill=False, linewidth=2, linestyle=LINES[number % 4], edgecolor=BOXES[number % 4]))


def draw_bars(axes, bars):
    """Bars from 0, each with its number above or below it."""
    if bars.values is None:
        return draw_words(axes, bars.words)
    values = np.asarray(bars.values, float)
    finite = np.where(np.isfinite(values), values, 0)
    places = np.arange(len(values))
    colours = [OTHER if place in bars.marked else BAR for place in places]
    drawn = axes.bar(places, finite, width=0.7, color=colours)
    for place in bars.marked:
        drawn[place].set_hatch(bars.hatch)
    most = bars.most or float(np.abs(finite).max(initial=0)) or 1.0
    for place, value in zip(places, values):
        low = finite[place] < 0
        axes.text(place, finite[place] + (-0.03 if low else 0.03) * most, written(value), ha="center",
                  va="top" if low else "bottom", fontsize=9)
    axes.axhline(0, color=INK, linewidth=0.6)
    least = -most if (finite < 0).any() else 0
    axes.set(xlim=(-0.6, len(values) - 0.4), ylim=(1.25 * least - 0.02 * most, 1.25 * most))
    axes.set_xticks(places, list(map(str, places)), fontsize=9)


def draw_path(axes, path):
    """Lines over steps, with a mark at each; the later ones are dashed, so that they show where they lie on others."""
    marks = "osD^"
    for number, (name, values) in enumerate(path.lines.items()):
        axes.plot(range(len(values)), values, LINES[number % 4], marker=marks[number % 4], markersize=6 - number,
                  color=(BAR, OTHER, INK, BOXES[1])[number % 4], label=name, linewidth=2)
    finite = [value for values in path.lines.values() for value in values if np.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    ends = [low, high] if high > low else [low]
    axes.set_yticks(ends, [f"{end:.4g}" for end in ends], fontsize=9)
    steps = max(map(len, path.lines.values()))
    axes.set_xticks(range(steps), list(map(str, range(steps))), fontsize=9)
    axes.set_xlabel(path.across, fontsize=9)
    axes.grid(axis="y", color=TRACK)
    axes.legend(frameon=False, fontsize=9)


def draw_words(axes, words):
    """What stands in the place of numbers that are not there."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=9)


def room(words):
    """How many cells some words above or in a panel take."""
    return 0.2 * sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def written(number):
    """A number as it is written into a cell: at most five letters where that can be."""
    if not np.isfinite(number):
        return "NaN" if number != number else "inf" if number > 0 else "-inf"
    if number == int(number) and abs(number) < 1e5:
        return str(int(number))
    if abs(number) < 0.005:
        return f"{number:.0e}".replace("e-0", "e-")
    return f"{number:.2f}".replace("0.", ".", 1) if abs(number) < 1 else f"{number:.4g}"
