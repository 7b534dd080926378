"""Panels of numbers as text: the same ones that plots/course.py draws, beside each other where they fit.

    for line in text_of([Grid(x, "x"), Grid(dy, "dy")]):
        print(line)
"""
from itertools import islice

import numpy as np

from ..plots.course import Grid, Path
from .grader.report import COLUMNS, padded, shape, width

MOST = 12                       # rows and columns of a table that are printed
MAPS = 4                        # maps of an array of four axes that are printed


def text_of(row):
    """The panels of a row as text, beside each other where they fit; [] where there are none."""
    if not row:
        return []
    found, line = [], []
    for block in map(block_of, row):
        if line and sum(width(each[0]) for each in line) + 3 * len(line) + width(block[0]) > COLUMNS - 2:
            found, line = [*found, *side_by_side(line), ""], []
        line.append(block)
    return [*found, *(side_by_side(line) if line else [])]


def side_by_side(blocks):
    """Blocks of lines, each block's lines of one width, as lines."""
    high = max(map(len, blocks))
    return ["  " + "   ".join(block[i] if i < len(block) else " " * width(block[0]) for block in blocks).rstrip()
            for i in range(high)]


def block_of(panel):
    """A panel as lines of one width: its title, then its numbers."""
    if isinstance(panel, Path):
        table = [[panel.across, *map(str, range(len(next(iter(panel.lines.values())))))]]
        table += [[name, *(f"{number:.6g}" for number in numbers)] for name, numbers in panel.lines.items()]
        table = list(map(list, zip(*table)))                                # a step in every line
    elif panel.values is None:
        return evened([panel.title, panel.words])
    else:
        numbers = np.atleast_2d(np.asarray(panel.values))
        if not numbers.size:
            return evened([panel.title, shape(np.asarray(panel.values))])
        boxes = panel.boxes if isinstance(panel, Grid) and apart(panel.boxes) else []
        table = [[boxed(written(number), row, column, boxes) for column, number in enumerate(line)]
                 for row, line in enumerate(numbers[:MOST, :MOST])]
    wide = max((width(cell) for line in table for cell in line), default=0)
    return evened([panel.title, *(" ".join(" " * (wide - width(cell)) + cell for cell in line) for line in table)])


def written(number):
    """A number of a table with five digits that count; True and False as they are."""
    return str(number) if isinstance(number, (bool, np.bool_)) else f"{number:.5g}"


def apart(boxes):
    """Whether boxes can be told by brackets: there is one, or each holds one number."""
    return len(boxes) == 1 or all(rows * columns == 1 for _, _, rows, columns in boxes)


def boxed(text, row, column, boxes):
    """A number, in brackets where it lies in a box."""
    inside = any(h <= row < h + rows and v <= column < v + columns for h, v, rows, columns in boxes)
    return f"[{text}]" if inside else f"{text} " if boxes else text


def evened(lines):
    """Lines with blanks after them, so that all are as wide as the widest."""
    wide = max(map(width, lines))
    return [padded(line, wide) for line in lines]


def maps_of(array, name, wrong=None):
    """Grids of an array of any number of axes, a map of the last two for each index of the others; at most MAPS.

    wrong: a mask of numbers that are put into brackets; maps that hold some come first.
    """
    array = np.asarray(array)
    if not array.size:
        return [Grid(None, name, words=shape(array))]
    if array.ndim <= 2:
        return [Grid(array, name, cells(wrong))]
    places = np.ndindex(array.shape[:-2])
    if wrong is not None:
        places = sorted(places, key=lambda place: not wrong[place].any())
    return [Grid(array[place], f"{name}[{','.join(map(str, place))}]", cells(None if wrong is None else wrong[place]))
            for place in islice(places, MAPS)]


def cells(mask):
    """A box around every number of a mask."""
    return [] if mask is None else [(int(row), int(column), 1, 1) for row, column in np.argwhere(np.atleast_2d(mask))]
