"""What the page on im2col and col2im draws."""
import math
from functools import cache

import numpy as np

from npnet.explain.facts import layer_facts
from npnet.models import model
from npnet.ops import col2im, conv_size, im2col
from npnet.plots.figure import BAR, INK, TRACK

from .cells import BLANK, TINTS, arrow, board, box, cell, done, heat, label, split, table


def numbers(rows, columns):
    """1, 2, 3 ... in rows."""
    return np.arange(1.0, rows * columns + 1).reshape(rows, columns)


def matrix(x, R, S, stride, pad=0):
    """The columns of one picture of one channel as a matrix (R*S, P*Q)."""
    return im2col(x[None, None], R, S, stride, pad).reshape(R * S, -1)


def columns(chosen=(0, 1)):
    """A picture of 3 x 4 beside its columns for windows of 2 x 2; a chosen window and its column have one colour."""
    x, right = numbers(3, 4), matrix(numbers(3, 4), 2, 2, 1)
    figure, axes = board(12, 5.9)
    for (row, column), value in np.ndenumerate(x):
        inside = [place for place in chosen if 0 <= row - place // 3 < 2 and 0 <= column - place % 3 < 2]
        colours = [TINTS[chosen.index(place)] for place in inside]
        if colours:
            split(axes, column, 0.9 + row, colours[0], colours[-1])
        cell(axes, column, 0.9 + row, str(int(value)), "none")
    label(axes, 0, 0.45, "x", "left")
    fills = [[TINTS[chosen.index(place)] if place in chosen else BLANK for place in range(6)]] * 4
    table(axes, 5.8, 0.9, right, "cols", fills)
    for style, place in enumerate(chosen):
        box(axes, place % 3, 0.9 + place // 3, 2, 2, style)
        box(axes, 5.8 + place, 0.9, 4, 1, style)
    places(axes)
    return done(figure)


def places(axes):
    """The places of the filter beside the rows of the columns, the places of the output beneath them."""
    for row in range(4):
        label(axes, 5.2, 1.4 + row, f"{row // 2},{row % 2}")
    for column in range(6):
        label(axes, 6.3 + column, 5.2, f"{column // 3},{column % 3}")
    label(axes, 5.2, 0.45, "r,s")
    label(axes, 5.2, 5.2, "p,q")


def copies(place=(1, 1)):
    """One pixel of a picture and all its copies in the columns; every other number stands pale."""
    x = numbers(3, 4)
    figure, axes = board(12, 5.9)
    value = x[place]
    right = matrix(x, 2, 2, 1)
    table(axes, 0, 0.9, x, "x", [[TINTS[3] if number == value else BLANK for number in line] for line in x])
    fills = [[TINTS[3] if number == value else BLANK for number in line] for line in right]
    table(axes, 5.8, 0.9, right, "cols", fills)
    box(axes, place[1], 0.9 + place[0], 1, 1, 0)
    for row, column in np.argwhere(right == value):
        box(axes, 5.8 + column, 0.9 + row, 1, 1, 0)
    places(axes)
    return done(figure)


def coverage(size=5, window=3, stride=2, pad=0):
    """How many windows cover each pixel, as a heat map with its numbers; the windows are the boxes."""
    windows = conv_size(size, window, stride, pad)
    found = col2im(np.ones((1, 1, window, window, windows, windows)), size, size, stride, pad)[0, 0]
    figure, axes = board(size + 2 * pad + 0.1, size + 2 * pad + 0.1, 0.5)
    table(axes, pad, pad, found, fills=heat(found))
    for place in range(min(windows ** 2, 4) if windows == 2 else 0):
        box(axes, place % 2 * stride, place // 2 * stride, window, window, place)
    return done(figure)


def arrows(place=(2, 2), size=5, window=3, stride=2):
    """One pixel and the outputs that it touches: an arrow to each, and the weight that the pixel met there."""
    windows = conv_size(size, window, stride, 0)
    figure, axes = board(12, size + 1.4)
    fills = [[TINTS[3] if (row, column) == place else BLANK for column in range(size)] for row in range(size)]
    table(axes, 0, 1.1, np.zeros((size, size)), "x", fills, words=False)
    label(axes, place[1] + 0.5, 1.6 + place[0], "x")
    outputs = [(p, q) for p in range(windows) for q in range(windows)
               if 0 <= place[0] - p * stride < window and 0 <= place[1] - q * stride < window]
    for number, (p, q) in enumerate(outputs):
        top = 1.1 + number * 1.35
        box(axes, q * stride, 1.1 + p * stride, window, window, number)
        cell(axes, 7.6, top, fill=TINTS[number])
        arrow(axes, (place[1] + 0.8, 1.6 + place[0]), (7.6, top + 0.5), number)
        label(axes, 8.8, top + 0.5, f"y[{p},{q}]", "left")
        label(axes, 10.4, top + 0.5, f"w[{place[0] - p * stride},{place[1] - q * stride}]", "left")
    label(axes, 7.6, 0.65, "y", "left")
    return done(figure)


def digits():
    """Four windows of 3 x 3 on 5 x 5, filled with 1, 10, 100 and 1000, and their col2im: a digit is a window."""
    found = col2im(of_digits(), 5, 5, 2, 0)[0, 0]
    figure, axes = board(5.1, 5.1, 0.56)
    count = np.vectorize(lambda number: str(int(number)).count("1"))(found)
    table(axes, 0, 0, found, fills=heat(count))
    return done(figure)


def of_digits():
    """The columns of four windows of 3 x 3, the first all 1, the second all 10 ...: (1, 1, 3, 3, 2, 2)."""
    return np.broadcast_to(10.0 ** np.arange(4).reshape(2, 2), (1, 1, 3, 3, 2, 2)).copy()


def transpose(x_shape=(3, 4), R=2, S=2):
    """im2col as a matrix of 0 and 1: a row for each number of cols, a column for each pixel; a 1 where it is copied."""
    A = as_matrix(x_shape, R, S, 1)
    side = 0.16
    figure, axes = board(A.shape[1] + 5, A.shape[0] + 2.5, side)
    for row, line in enumerate(A):
        for column, value in enumerate(line):
            cell(axes, column + 4, row + 2, fill=BAR if value else BLANK, line=TRACK)
    label(axes, 4, 1, "x", "left")
    label(axes, 1.8, A.shape[0] / 2 + 2, "cols")
    return done(figure)


def as_matrix(x_shape, R, S, stride, pad=0):
    """The matrix A of im2col for one channel: cols = A x, both as vectors."""
    units = np.eye(int(np.prod(x_shape))).reshape(-1, 1, *x_shape)
    return im2col(units, R, S, stride, pad).reshape(len(units), -1).T


def layers(images=128):
    """[(name, bytes of the input, bytes of its columns)] of AlexNet's convolutions in float32, for a batch."""
    return [(facts.name, 4 * images * math.prod(facts.shape_in), 4 * images * facts.columns)
            for facts in layer_facts(alexnet()) if facts.kind == "Conv2D"]


@cache
def alexnet():
    """The paper's network; its weights do not matter here."""
    return model("krizhevsky2012")


def memory(images=128):
    """Bars: the input of each of AlexNet's convolutions and its columns, in megabytes."""
    rows = layers(images)
    most = max(after for _, _, after in rows)
    figure, axes = board(12, len(rows) * 1.6 + 0.2)
    for number, (name, before, after) in enumerate(rows):
        top = number * 1.6 + 0.15
        label(axes, 0, top + 0.7, name, "left")
        for place, (size, colour, hatch) in enumerate([(before, TRACK, None), (after, BAR, "//")]):
            bar(axes, 2, top + 0.65 * place, 7.6 * size / most, colour, hatch)
            label(axes, 2.15 + 7.6 * size / most, top + 0.65 * place + 0.3, f"{size / 1e6:.0f} MB", "left", 9)
    return done(figure)


def bar(axes, left, top, length, colour, hatch):
    """One lying bar."""
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((left, top), length, 0.55, facecolor=colour, edgecolor=INK, hatch=hatch, linewidth=0.6))
