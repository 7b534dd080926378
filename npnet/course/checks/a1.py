"""What must hold of assignment 1: the number of windows, the frame, convolution as loops.

Probes of a convolution come from a tuple of sizes, in the library's letters; in most of them no two sizes are alike, so
that whoever takes one for another is seen.
"""
from collections import namedtuple

import numpy as np

from ..grader.calls import Call
from ..grader.properties import Property, unchanged

OUTPUTS = {"conv_size": ("size",), "pad_image": ("frame",), "conv2d_forward": ("y",)}

Sizes = namedtuple("Sizes", "N C H W K R S stride pad groups")

HIDDEN = [Sizes(2, 3, 7, 6, 4, 2, 5, 2, 1, 1), Sizes(3, 2, 6, 8, 5, 4, 3, 2, 1, 1), Sizes(2, 5, 8, 6, 4, 3, 2, 3, 2, 1)]
GROUPED = [Sizes(2, 6, 5, 7, 12, 2, 3, 2, 1, 3), Sizes(2, 4, 7, 5, 10, 3, 2, 2, 1, 2),
           Sizes(3, 8, 5, 6, 12, 3, 2, 3, 1, 4)]


def convolution(draw, sizes):
    """A call of conv2d_forward with x, w and b drawn as quarters; no bias is 0 or like another one."""
    N, C, H, W, K, R, S, stride, pad, groups = sizes
    x, w = draw.quarters(N, C, H, W), draw.quarters(K, C // groups, R, S)
    return Call("conv2d_forward", [x, w, biases(draw, K), stride, pad, groups])


def biases(draw, K):
    """(K,) quarters, all different, none of them 0."""
    b = draw.distinct(K)
    return np.where(b < 0, b, b + 0.25)


# ---------------------------------------------------------------------------- conv_size

def sizes_of(*rows):
    """calls for rows of (size, window, stride, pad)."""
    return lambda draw, parts: [Call("conv_size", list(row)) for row in rows]


def sizes_with_remainder(draw, parts):
    rows = []
    for stride in (2, 3, 4, 5):
        window, pad = draw.integers(2, 6), draw.integers(1, 3)
        room = stride * draw.integers(2, 6) + stride - 1            # the most that can be left over
        rows.append([room + window - 2 * pad, window, stride, pad])
    return [Call("conv_size", row) for row in rows]


def sizes_of_every_kind(draw, parts):
    """The first row leaves nothing over, the others what comes."""
    exact = [6 * draw.integers(2, 6) + 1, 7, 3, 0]
    return [Call("conv_size", row) for row in (exact, *(
        [draw.integers(9, 40), draw.integers(2, 8), stride, pad] for stride, pad in ((1, 0), (2, 3), (4, 2))))]


# ---------------------------------------------------------------------------- pad_image

def small_frame(draw, parts):
    return [Call("pad_image", [draw.distinct(1, 1, 2, 3) + 2, 1])]


def frames(*rows):
    """calls for rows of (N, C, H, W, pad)."""
    return lambda draw, parts: [Call("pad_image", [draw.distinct(*row[:4]) + 0.25, row[4]]) for row in rows]


# ---------------------------------------------------------------------------- conv2d_forward

def worked_example(draw, parts):
    x = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])
    w = np.array([[1.0, 0], [2, -1]])
    return [Call("conv2d_forward", [x.reshape(1, 1, 4, 4), w.reshape(1, 1, 2, 2), np.array([1.0]), 1, 0, 1])]


def black_images(draw, parts):
    """x is 0 everywhere, so that y is the bias."""
    w, b = draw.quarters(4, 3, 2, 3), biases(draw, 4)
    return [Call("conv2d_forward", [np.zeros((2, 3, 5, 4)), w, b, 1, 1, 1])]


def one_pixel(*places):
    """calls with one image each, 0 but for one pixel, and a filter whose weights are all different."""
    def calls(draw, parts):
        made = []
        for h, v in places:
            x, w = np.zeros((1, 1, 5, 5)), draw.distinct(2, 1, 3, 3) + 0.25
            x[0, 0, h, v] = 1
            made.append(Call("conv2d_forward", [x, w, np.zeros(2), 1, 1, 1]))
        return made
    return calls


def all_ones(draw, parts):
    """Every output counts the pixels in its window."""
    made = []
    for R, S, pad in ((3, 3, 1), (3, 2, 2)):
        x, w = np.ones((1, 1, 5, 6)), np.ones((1, 1, R, S))
        made.append(Call("conv2d_forward", [x, w, np.zeros(1), 1, pad, 1]))
    return made


def drawn(*rows):
    """calls for rows of sizes."""
    return lambda draw, parts: [convolution(draw.part(i), Sizes(*row)) for i, row in enumerate(rows)]


def picked(table):
    """calls of one row of a table, which the student's key picks."""
    return lambda draw, parts: [convolution(draw, Sizes(*draw.pick(table)))]


def other_order(draw, parts):
    """A batch, and the same batch in another order."""
    first = convolution(draw, Sizes(3, 2, 5, 6, 4, 3, 2, 2, 1, 1))
    x, *rest = first.arguments
    return [first, Call("conv2d_forward", [x[[2, 0, 1]], *rest])]


def strides(draw, parts):
    """One image with strides 1, 2 and 3: the larger ones keep a part of the first."""
    x, w, b, _, pad, groups = convolution(draw, Sizes(2, 2, 7, 6, 3, 4, 3, 1, 2, 1)).arguments
    return [Call("conv2d_forward", [x, w, b, stride, pad, groups]) for stride in (1, 2, 3)]


def remainders(draw, parts):
    """Strides that leave pixels over, in rows, in columns and in both."""
    rows = [(2, 3, 8, 7, 4, 3, 2, 2, 0, 1), (2, 2, 6, 7, 3, 2, 4, 3, 1, 1), (2, 3, 7, 5, 4, 1, 2, 4, 1, 1)]
    return [convolution(draw.part(i), Sizes(*row)) for i, row in enumerate(rows)]


CONV = "a1.conv_naive"
PROPERTIES = [
    Property("a1.size.counted", "a1.size",
             sizes_of((8, 3, 2, 0), (3, 3, 1, 0), (5, 3, 1, 1), (8, 3, 3, 0), (7, 2, 3, 2))),
    Property("a1.size.alexnet", "a1.size", sizes_of((227, 11, 4, 0), (224, 11, 4, 2), (27, 5, 1, 2), (13, 3, 1, 1))),
    Property("a1.size.remainder", "a1.size", sizes_with_remainder, hidden=True),
    Property("a1.size.drawn", "a1.size", sizes_of_every_kind, hidden=True),

    Property("a1.pad.small", "a1.pad", small_frame),
    Property("a1.pad.batch", "a1.pad", frames((2, 3, 4, 5, 2))),
    Property("a1.pad.none", "a1.pad", frames((2, 1, 3, 2, 0))),
    Property("a1.pad.kept", "a1.pad", frames((2, 3, 2, 4, 1)), judge=unchanged),
    Property("a1.pad.wide", "a1.pad", frames((3, 2, 5, 4, 3), (2, 4, 1, 3, 1)), hidden=True),
    Property("a1.pad.zero", "a1.pad", frames((3, 2, 4, 3, 0)), hidden=True),

    Property("a1.conv.worked", CONV, worked_example),
    Property("a1.conv.bias", CONV, black_images),
    Property("a1.conv.centre", CONV, one_pixel((2, 2))),
    Property("a1.conv.corner", CONV, one_pixel((0, 0), (4, 4), (0, 4))),
    Property("a1.conv.border", CONV, all_ones),
    Property("a1.conv.channels", CONV, drawn((2, 3, 5, 4, 4, 2, 3, 1, 1, 1))),
    Property("a1.conv.stride", CONV, drawn((2, 2, 7, 6, 3, 3, 4, 2, 1, 1), (2, 2, 9, 8, 4, 2, 3, 3, 0, 1))),
    Property("a1.conv.groups", CONV, drawn((2, 4, 5, 4, 6, 3, 2, 1, 1, 2))),
    Property("a1.conv.kept", CONV, drawn((2, 2, 4, 5, 4, 2, 3, 1, 1, 2)), judge=unchanged),
    Property("a1.conv.drawn", CONV, picked(HIDDEN), hidden=True),
    Property("a1.conv.blocks", CONV, picked(GROUPED), hidden=True),
    Property("a1.conv.batch", CONV, other_order, hidden=True),
    Property("a1.conv.subsample", CONV, strides, hidden=True),
    Property("a1.conv.remainder", CONV, remainders, hidden=True),
    Property("a1.conv.untouched", CONV, drawn((2, 4, 5, 3, 4, 3, 2, 2, 1, 2)), judge=unchanged, hidden=True),
]
