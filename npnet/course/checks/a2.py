"""What must hold of assignment 2: im2col, convolution as a matrix product, the memory of the columns."""
import numpy as np

from ..grader.calls import Call
from ..grader.properties import Failure, Property, missing, unchanged
from .a1 import all_ones, black_images, drawn, other_order, picked

OUTPUTS = {"im2col": ("im2col",), "conv2d_forward": ("y",), "columns_bytes": ("columns_bytes",),
           "loops_over_positions": ("line", "small", "large")}

# The function is run on a small and on a larger image, and every line of the file is counted: a loop over positions
# runs its lines more often. (line, times for the small image, times for the large one), or (0, 0, 0).
LOOPS = '''
def loops_over_positions(name, small, large, *rest):
    import sys
    called, counts = globals()[name], []
    here = getattr(getattr(called, "__code__", None), "co_filename", None)

    def counted(frame, event, argument):
        if frame.f_code.co_filename != here:
            return None
        counts[-1][frame.f_lineno] = counts[-1].get(frame.f_lineno, 0) + 1
        return counted

    for x in (small, large):
        counts.append({})
        before = sys.gettrace()
        sys.settrace(counted)
        try:
            called(x, *(part.copy() if hasattr(part, "copy") else part for part in rest))
        finally:
            sys.settrace(before)
    few, many = counts
    most = max(many, key=lambda line: many[line] - few.get(line, 0), default=0)
    return (most, few.get(most, 0), many[most]) if most and many[most] > few.get(most, 0) else (0, 0, 0)
'''


def without(outcomes, expected, calls, tolerance=0.0, names=()):
    """No line runs more often for a larger image."""
    for i, (call, got) in enumerate(zip(calls, outcomes)):
        failure = missing(got)
        if not failure and any(got.value):
            values = {"function": call.arguments[0], **dict(zip(("line", "small", "large"), map(int, got.value)))}
            failure = Failure("property", details={"say": "a2.loops", "values": values})
        if failure:
            failure.call = i
            return failure
    return None


DIFFERENT = [(2, 4, 8, 7, 3, 5, 2, 1), (3, 2, 7, 9, 4, 3, 2, 2), (2, 5, 6, 8, 2, 3, 3, 1)]


# ---------------------------------------------------------------------------- im2col

def worked_example(draw, parts):
    return [Call("im2col", [np.arange(1.0, 13).reshape(1, 1, 3, 4), 2, 2, 1, 0])]


def columns(draw, row):
    """A call of im2col for a row of (N, C, H, W, R, S, stride, pad); all pixels are different, and none is 0."""
    N, C, H, W, *rest = row
    x = draw.distinct(N, C, H, W)
    return Call("im2col", [np.where(x < 0, x, x + 0.25), *rest])


def windows(*rows):
    """calls for rows of (N, C, H, W, R, S, stride, pad)."""
    return lambda draw, parts: [columns(draw.part(i), row) for i, row in enumerate(rows)]


def windows_picked(draw, parts):
    return [columns(draw, draw.pick(DIFFERENT))]


def without_loops(*rows):
    """calls that count loops in im2col, for rows of (N, C, H, W, R, S, stride, pad). The larger image is 4 pixels wider
    and higher."""
    def calls(draw, parts):
        made = []
        for N, C, H, W, *rest in rows:
            small, large = draw.quarters(N, C, H, W), draw.quarters(N, C, H + 4, W + 4)
            made.append(Call("loops_over_positions", ["im2col", small, large, *rest], LOOPS))
        return made
    return calls


# ---------------------------------------------------------------------------- conv2d_forward

def example_of_a_product(draw, parts):
    x, w = np.arange(1.0, 13).reshape(1, 1, 3, 4), np.array([[1.0, 0], [0, -1]]).reshape(1, 1, 2, 2)
    return [Call("conv2d_forward", [x, w, np.array([0.5]), 1, 0, 1])]


def product_without_loops(*rows):
    """The same of conv2d_forward, for rows of sizes."""
    def calls(draw, parts):
        made = []
        for row in rows:
            [call] = drawn(row)(draw, parts)
            small, *rest = call.arguments
            N, C, H, W = small.shape
            large = draw.quarters(N, C, H + 4, W + 4)
            made.append(Call("loops_over_positions", ["conv2d_forward", small, large, *rest], LOOPS))
        return made
    return calls


# ---------------------------------------------------------------------------- columns_bytes

def alexnet_bytes(draw, parts):
    """Conv1, conv2 and conv3, in batches of 128 and 1, float32 and float64."""
    return [Call("columns_bytes", list(row)) for row in (
        (128, 3, 227, 227, 11, 11, 4, 0, 4), (128, 96, 27, 27, 5, 5, 1, 2, 4), (1, 256, 13, 13, 3, 3, 1, 1, 8),
        (2, 3, 20, 31, 4, 5, 3, 1, 4))]


def bytes_drawn(draw, parts):
    rows = []
    for stride, pad, size in ((1, 2, 8), (3, 1, 4), (2, 1, 2)):
        H = draw.integers(12, 40)
        rows.append([draw.integers(2, 9), draw.integers(2, 9), H, H + draw.integers(5, 20), draw.integers(3, 6),
                     draw.integers(2, 5), stride, pad, size])
    return [Call("columns_bytes", row) for row in rows]


IM2COL, CONV = "a2.im2col", "a2.conv_im2col"
BLOCKS = [(2, 6, 5, 7, 12, 2, 3, 2, 1, 3), (2, 4, 7, 5, 10, 3, 2, 2, 1, 2), (3, 8, 5, 6, 12, 3, 2, 3, 1, 4)]
SIZES = [(2, 3, 8, 7, 4, 2, 5, 2, 1, 1), (3, 2, 6, 8, 5, 4, 3, 1, 1, 1), (2, 5, 8, 6, 4, 3, 2, 3, 2, 1)]
PROPERTIES = [
    Property("a2.im2col.worked", IM2COL, worked_example),
    Property("a2.im2col.windows", IM2COL, windows((2, 3, 5, 4, 2, 3, 1, 0))),
    Property("a2.im2col.padding", IM2COL, windows((2, 2, 4, 5, 3, 2, 1, 1), (1, 2, 3, 4, 2, 3, 1, 2))),
    Property("a2.im2col.stride", IM2COL, windows((2, 2, 8, 7, 3, 2, 2, 1), (2, 3, 9, 7, 2, 3, 3, 0))),
    Property("a2.im2col.loops", IM2COL, without_loops((2, 2, 4, 5, 2, 3, 1, 1)), judge=without, weight=2),
    Property("a2.im2col.kept", IM2COL, windows((2, 3, 4, 5, 3, 2, 1, 1)), judge=unchanged),
    Property("a2.im2col.drawn", IM2COL, windows_picked, hidden=True),
    Property("a2.im2col.no_padding", IM2COL, windows((3, 2, 6, 7, 4, 3, 2, 0)), hidden=True),
    Property("a2.im2col.one", IM2COL, windows((2, 3, 4, 5, 1, 1, 1, 0), (2, 3, 5, 4, 1, 1, 2, 1)), hidden=True),
    Property("a2.im2col.jump", IM2COL, windows((2, 3, 9, 8, 2, 1, 3, 0), (3, 2, 8, 10, 2, 3, 4, 1)), hidden=True),
    Property("a2.im2col.no_loops", IM2COL, without_loops((2, 3, 5, 4, 3, 1, 2, 0)), judge=without,
             hidden=True, weight=2),
    Property("a2.im2col.untouched", IM2COL, windows((3, 2, 5, 4, 2, 3, 2, 0)), judge=unchanged, hidden=True),

    Property("a2.conv.worked", CONV, example_of_a_product),
    Property("a2.conv.bias", CONV, black_images),
    Property("a2.conv.border", CONV, all_ones),
    Property("a2.conv.as_a1", CONV, drawn((2, 3, 5, 4, 4, 2, 3, 1, 1, 1), (2, 2, 7, 6, 3, 3, 4, 2, 1, 1))),
    Property("a2.conv.groups", CONV, drawn((2, 4, 5, 4, 6, 3, 2, 1, 1, 2), (2, 6, 7, 8, 4, 3, 5, 3, 1, 2))),
    Property("a2.conv.loops", CONV, product_without_loops((2, 2, 4, 5, 4, 2, 3, 1, 1, 2)), judge=without, weight=2),
    Property("a2.conv.kept", CONV, drawn((2, 2, 4, 5, 4, 2, 3, 1, 1, 2)), judge=unchanged),
    Property("a2.conv.drawn", CONV, picked(SIZES), hidden=True),
    Property("a2.conv.blocks", CONV, picked(BLOCKS), hidden=True),
    Property("a2.conv.batch", CONV, other_order, hidden=True),
    Property("a2.conv.one", CONV, drawn((2, 3, 4, 5, 6, 1, 1, 1, 0, 1), (2, 4, 5, 3, 6, 1, 1, 2, 0, 2)), hidden=True),
    Property("a2.conv.jump", CONV, drawn((2, 3, 9, 8, 4, 2, 1, 3, 0, 1)), hidden=True),
    Property("a2.conv.no_loops", CONV, product_without_loops((2, 3, 5, 4, 2, 3, 2, 2, 1, 1)), judge=without,
             hidden=True, weight=2),
    Property("a2.conv.untouched", CONV, drawn((2, 4, 5, 3, 4, 3, 2, 2, 1, 2)), judge=unchanged, hidden=True),

    Property("a2.count.alexnet", "a2.count", alexnet_bytes),
    Property("a2.count.drawn", "a2.count", bytes_drawn, hidden=True),
]
