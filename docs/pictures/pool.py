"""What the pages on pooling draw: windows that overlap, who won them, how gradients go back, what the mean divides by.

`panels` and `line` serve the other pages with grids of numbers too. No words stand inside a picture, only symbols and
numbers, so that a page in any language uses the same one.
"""
import numpy as np

from npnet.ops import (adaptive_avg_pool_forward, avg_pool_backward, avg_pool_forward, max_pool_backward,
                       max_pool_forward)
from npnet.ops.pool import window_areas
from npnet.plots.course import BOXES, CELL, LINES, Bars, Grid, operation
from npnet.plots.figure import BAR, INK, TRACK, finish, new_axes, new_figure
from npnet.plots.gradients import OTHER

WIDEST = 4.6                    # inches: a phone shows it whole
X = np.array([[1.0, 2, 0, 1, 3], [0, 1, 2, 0, 1], [2, 0, 9, 1, 0], [1, 3, 0, 2, 1], [0, 1, 2, 0, 4]])
DY = np.array([[1.0, 10], [100, 1000]])
WINDOWS = [(p, q, 3, 3) for p in (0, 2) for q in (0, 2)]
NEGATIVE = np.array([[-3.0, -1], [-2, -4]])


def panels(rows, cell=None):
    """Rows of Grid and Bars, at most WIDEST inches wide, with letters of at least 9 points; the figure and its axes."""
    figure = operation(rows)
    across = max(sum(panel.size[1] * CELL + 0.55 for panel in row) for row in rows) + 0.3
    ratio = min(1, WIDEST / across) if cell is None else cell / CELL
    high = sum(max(panel.size[0] for panel in row) * CELL * ratio + 0.45 for row in rows)
    figure.set_size_inches(min(WIDEST, across), high + 0.2)
    figure.get_layout_engine().set(h_pad=0.04, hspace=0.02)
    for text in texts(figure):
        text.set_fontsize(max(text.get_fontsize(), 9))
    for axes in figure.axes:
        axes.tick_params(labelsize=9)
    return figure, figure.axes


def texts(figure):
    """All letters of a figure."""
    from matplotlib.text import Text
    return figure.findobj(Text)


def plain(axes):
    """Takes the numbers of rows and columns off grids where they would say nothing."""
    for each in axes:
        each.set(xticks=[], yticks=[])


def line(figure, start, place, end, target, number=0, curve=0.0):
    """An arrow from a place (row, column) on the axes `start` to a place on the axes `end`."""
    from matplotlib.patches import ConnectionPatch
    arrow = ConnectionPatch(place[::-1], target[::-1], "data", "data", axesA=start, axesB=end, arrowstyle="-|>",
                            connectionstyle=f"arc3,rad={curve}", linestyle=LINES[number % 4],
                            color=BOXES[number % 4], linewidth=1.6, shrinkA=13, shrinkB=13, mutation_scale=12)
    arrow.set_in_layout(False)
    figure.add_artist(arrow)


def four(array):
    """A map (H, W) as (1, 1, H, W)."""
    return np.asarray(array, float)[None, None]


# ---------------------------------------------------------------------------- the maximum

def overlapping(x=X):
    """Four windows of 3 x 3, two apart, over a 5 x 5 map; beside it the largest numbers, and where they stood."""
    y, argmax = max_pool_forward(four(x), 3, 3, 2, 0, False)
    ones = [(p, q, 1, 1) for p in (0, 1) for q in (0, 1)]
    figure, axes = panels([[Grid(x, "x", WINDOWS), Grid(y[0, 0], "y", ones), Grid(argmax[0, 0], "argmax", ones)]])
    return figure


def steps(x=X):
    """The window in its four places, each with the pixel that wins it."""
    y, argmax = max_pool_forward(four(x), 3, 3, 2, 0, False)
    figure = new_figure(WIDEST, 4.3)
    for place, (p, q) in enumerate(np.ndindex(2, 2)):
        axes = new_axes(figure, 2, 2, place + 1)
        inside = np.zeros(x.shape, bool)
        inside[2 * p:2 * p + 3, 2 * q:2 * q + 3] = True
        best = int(argmax[0, 0, p, q])
        window_of(axes, x, inside, (2 * p + best // 3, 2 * q + best % 3))
        axes.set_title(f"y[{p}, {q}] = {y[0, 0, p, q]:g}    argmax = {best}", fontsize=10)
    return finish(figure, "")


def window_of(axes, x, inside, winner):
    """A map whose pixels outside the window are pale; the winner has a frame."""
    from matplotlib.patches import Rectangle
    axes.imshow(np.where(inside, 1.0, 0.0), cmap="Blues", vmin=0, vmax=4, interpolation="nearest")
    for (row, column), number in np.ndenumerate(x):
        axes.text(column, row, f"{number:g}", ha="center", va="center", fontsize=10,
                  alpha=1 if inside[row, column] else 0.45)
    axes.add_patch(Rectangle((winner[1] - 0.44, winner[0] - 0.44), 0.88, 0.88, fill=False, linewidth=2.2,
                             edgecolor=BOXES[3]))


def ladder(*rules, size=9):
    """Windows along a row of pixels, a line for each window. rules: (window, stride, pad, windows, dropped)."""
    from matplotlib.patches import Rectangle
    high = sum(rule[3] for rule in rules)
    figure = new_figure(WIDEST, 0.3 * high + 0.5 * len(rules) + 0.2)
    parts = figure.subplots(len(rules), 1, height_ratios=[rule[3] + 1.2 for rule in rules], squeeze=False)[:, 0]
    for axes, (window, stride, pad, windows, dropped) in zip(parts, rules):
        axes.set(xticks=[], yticks=[], frame_on=False)
        ends = max(size + pad, (windows - 1) * stride - pad + window)
        for pixel in range(-pad, ends):
            inside = 0 <= pixel < size
            axes.add_patch(Rectangle((pixel, 0), 1, 0.9, facecolor=TRACK if inside else "white", edgecolor=INK,
                                     linestyle="-" if inside else ":"))
            axes.text(pixel + 0.5, 0.47, pixel if inside else "", ha="center", va="center", fontsize=9)
        for number in range(windows):
            gone = dropped and number == windows - 1
            axes.add_patch(Rectangle((number * stride - pad, 1.15 + number), window, 0.7, hatch="xx" if gone else "",
                                     facecolor="white" if gone else BAR, edgecolor=OTHER if gone else INK, alpha=0.75))
        axes.set(xlim=(-1.2, max(size, 9) + 2.2), ylim=(1.2 + windows, -0.2), aspect="auto")
    return finish(figure, "")


def touched(size=5):
    """How many windows of 3 x 3, two apart, see each pixel; arrows from the middle to the four outputs it is in."""
    P = (size - 3) // 2 + 1
    ones = np.ones((1, 1, P, P))
    counts = avg_pool_backward(9 * ones, size, size, 3, 3, 2, 0, True)[0, 0]
    rows = [[Grid(np.rint(counts), "", [(2, 2, 1, 1)]), Grid(np.arange(P * P).reshape(P, P), "")]]
    figure, axes = panels(rows)
    write_into(axes[1], [[f"y{p}{q}" for q in range(P)] for p in range(P)])
    plain(axes[1:])
    for number, (p, q) in enumerate(np.ndindex(2, 2)):
        line(figure, axes[0], (2, 2), axes[1], (p, q), number)
    return figure


def write_into(axes, words):
    """Puts words in the place of a grid's numbers, and takes its colours away."""
    for text, word in zip(axes.texts, [word for row in words for word in row]):
        text.set_text(word)
    for image in axes.images:
        image.set_alpha(0.25)


def routed(x=X, dy=DY):
    """The powers of ten of dy on their way to the pixels that won, and what arrives there."""
    y, argmax = max_pool_forward(four(x), 3, 3, 2, 0, False)
    dx = max_pool_backward(four(dy), argmax, 5, 5, 3, 3, 2, 0)
    figure, axes = panels([[Grid(dy, "dy"), Grid(dx[0, 0], "dx")]])
    plain(axes[:1])
    for number, (p, q) in enumerate(np.ndindex(2, 2)):
        best = argmax[0, 0, p, q]
        line(figure, axes[0], (p, q), axes[1], (2 * p + best // 3, 2 * q + best % 3), number)
    return figure


def padded(x=NEGATIVE):
    """A map of negative numbers in a frame of minus infinity, and in one of 0, with what windows of 2 x 2 give."""
    rows = []
    for value in (-np.inf, 0.0):
        frame = np.pad(x, 1, constant_values=value)
        y = frame.reshape(2, 2, 2, 2).max(axis=(1, 3))
        outside = np.pad(np.zeros(x.shape, bool), 1, constant_values=True)
        rows.append([Grid(frame, "", [(p, q, 2, 2) for p in (0, 2) for q in (0, 2)], outside),
                     Grid(y, "y", wrong=y > x.max(initial=-99))])
    figure, axes = panels(rows)
    plain(axes)
    return figure


# ---------------------------------------------------------------------------- the mean

MAP = np.array([[4.0, 8, 0, 4], [0, 4, 4, 8], [8, 0, 4, 0], [4, 4, 0, 8]])


def divisors(x=MAP):
    """What windows of 2 x 2 divide by on a padded map: all places, or those of the picture; and the means."""
    outside = np.pad(np.zeros(x.shape, bool), 1, constant_values=True)
    P = len(x) // 2 + 1
    rows = [[Grid(np.pad(x, 1), "x, pad = 1", [(2 * p, 2 * q, 2, 2) for p, q in np.ndindex(P, P)], outside)]]
    for counts in (True, False):
        areas = window_areas(four(x), *x.shape, 2, 2, 2, 1, P, P, counts)[0, 0]
        y = avg_pool_forward(four(x), 2, 2, 2, 1, False, counts)[0, 0]
        rows.append([Grid(areas, f"{counts}: ÷", most=8), Grid(y, "y", most=8)])
    figure, axes = panels(rows)
    plain(axes)
    return figure


def shared():
    """Each number of dy in equal shares over its window: the shares, and their sums where windows overlap."""
    dy = np.array([[9.0, 90], [900, 9000]])
    dx = avg_pool_backward(four(dy), 5, 5, 3, 3, 2, 0, True)[0, 0]
    figure, axes = panels([[Grid(dy, "dy"), Grid(dx, "dx", WINDOWS)]])
    plain(axes[:1])
    return figure


def adaptive(size=7, outputs=3):
    """The parts that adaptive pooling cuts a row of pixels into, one line each."""
    from matplotlib.patches import Rectangle
    figure = new_figure(WIDEST, 0.3 * outputs + 0.7)
    axes = new_axes(figure)
    for pixel in range(size):
        axes.add_patch(Rectangle((pixel, 0), 1, 0.9, facecolor=TRACK, edgecolor=INK))
        axes.text(pixel + 0.5, 0.47, pixel, ha="center", va="center", fontsize=9)
    for p in range(outputs):
        first, end = p * size // outputs, -(-(p + 1) * size // outputs)
        axes.add_patch(Rectangle((first, 1.15 + p), end - first, 0.7, facecolor=BAR, edgecolor=INK, alpha=0.75))
        axes.text(size + 0.3, 1.5 + p, f"p={p}: {first}:{end}", va="center", fontsize=9)
    axes.set(xlim=(-0.2, size + 2.2), ylim=(1.2 + outputs, -0.2))
    return finish(figure, "")


def parted(x, P, Q):
    """A map, the parts of adaptive pooling as frames, and their means."""
    x = np.asarray(x, float)
    H, W = x.shape
    y = adaptive_avg_pool_forward(four(x), P, Q)[0, 0]
    frames = []
    for p, q in np.ndindex(P, Q):
        top, left = p * H // P, q * W // Q
        frames.append((top, left, -(-(p + 1) * H // P) - top, -(-(q + 1) * W // Q) - left))
    figure, axes = panels([[Grid(x, "x", frames), Grid(y, "y", [(p, q, 1, 1) for p, q in np.ndindex(P, Q)])]])
    return figure


# ---------------------------------------------------------------------------- right beside wrong

def beside(wrong, right, bars=False):
    """What a wrong line gives, what the right one gives, and their difference; wrong numbers have a frame.

    wrong, right: maps (H, W) or rows (W,) of one shape. Rows stand one under the other.
    """
    wrong, right = np.asarray(wrong, float), np.asarray(right, float)
    gap = np.where(np.isclose(wrong, right, rtol=1e-6, atol=1e-9), 0, wrong - right)
    most = float(np.abs([wrong, right]).max()) or 1.0
    kind = [Bars(each, name, tuple(np.flatnonzero(gap)) if name != "✓" else (), most, hatch="xx")
            for each, name in ((wrong, "✗"), (right, "✓"))] if bars else \
        [Grid(wrong, "✗", wrong=gap != 0, most=most), Grid(right, "✓", most=most), Grid(gap, "✗ − ✓", most=most)]
    upright = np.atleast_2d(right).shape[1] > 4 or np.atleast_2d(right).shape == (1, 4)
    figure, axes = panels([[each] for each in kind] if upright else [kind])
    plain(axes if not bars else [])
    return figure
