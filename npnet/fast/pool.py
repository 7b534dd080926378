"""Pooling: every map on its own, the maps spread over the threads."""
import numpy as np

from .kernels import jit
from ..ops.shapes import pool_size
from .pieces import over_maps

FRAME = 2 ** 18         # numbers of all sorted pixels
LINE = 1024             # numbers compared at once: with what they are compared to they stay in the first cache


@jit
def inside(size, pad, phase, stride, places):
    """Which i, from .. up to and without .., have pixel i * stride + phase - pad in a row of `size` pixels."""
    return (pad - phase + stride - 1) // stride, min(places, (size + pad - phase + stride - 1) // stride)


@jit
def every(row, stride, line):
    """line[i] = row[stride * i]."""
    for i in range(line.size):
        line[i] = row[stride * i]


@jit
def pairs(row, even, odd):
    """The same for stride 2, both lines at once: the compiler, which knows the stride, sorts eight pairs at once."""
    both = min(odd.size, row.size // 2)
    for i in range(both):
        even[i] = row[2 * i]
        odd[i] = row[2 * i + 1]
    for i in range(both, min(even.size, (row.size + 1) // 2)):
        even[i] = row[2 * i]


@jit
def sort_pixels(x, frame, m, stride, pad):
    """Map number m, x (H, W) -> frame (tops, lefts, maps, rows, columns); its padding is not touched.

    Pixel (h, v) of the padded map becomes frame[h % stride, v % stride, m, h // stride, v // stride], if any window
    sees it. So what one place of the windows sees, pixels that are `stride` apart, are neighbours.
    """
    rows, columns = frame.shape[3:]
    for top in range(frame.shape[0]):
        i0, i1 = inside(x.shape[0], pad, top, stride, rows)
        for i in range(i0, i1):
            row = x[i * stride + top - pad]
            if stride == 2 and frame.shape[1] == 2 and pad == 0:
                pairs(row, frame[top, 0, m, i], frame[top, 1, m, i])
            else:
                for left in range(frame.shape[1]):
                    j0, j1 = inside(row.size, pad, left, stride, columns)
                    every(row[j0 * stride + left - pad:], stride, frame[top, left, m, i, j0:j1])


@jit
def cut(line, columns, y):
    """The first numbers of the first rows: line, in which a row has `columns` numbers, -> y (P, Q), filled."""
    for p in range(y.shape[0]):
        row, out = line[p * columns:], y[p]
        for q in range(out.size):
            out[q] = row[q]


@jit
def compare(x, number, best, place, new_best, new_place):
    """Where x is larger than the best so far it is the new best, and this number its place; else all stays.

    The new ones are arrays of their own: written over the old ones, only where something changes, they would take
    three times as long.
    """
    for i in range(best.size):
        value, old, before = x[i], best[i], place[i]
        better = (value > old) | (value != value)                   # NaN wins, and stays seen
        new_best[i] = value if better else old
        new_place[i] = number if better else before


@jit
def largest(x, y, argmax, R, S, stride, pad):
    """Maps x (maps, H, W) -> y and argmax (maps, P, Q), filled.

    All windows of a few maps are compared at once, as one line of numbers, a map rows * columns of them; the last
    of every row, and the last rows of a map, belong to no window and are not copied to y.
    """
    P, Q = y.shape[1:]
    rows, columns = P + (R - 1) // stride, Q + (S - 1) // stride
    size = rows * columns
    tops, lefts = min(stride, R), min(stride, S)                    # remainders of h and v that a window sees
    together = max(1, min(x.shape[0], LINE // size, FRAME // (tops * lefts * size)))            # maps
    lines = np.empty((tops * lefts, together * size), x.dtype)
    for phase in range(tops * lefts):
        for i in range(together * size):
            lines[phase, i] = -np.inf
    frame = lines.reshape(tops, lefts, together, rows, columns)
    best, place = np.empty((2, together * size), x.dtype), np.empty((2, together * size), np.int32)
    last = together * size - (rows - P) * columns - (columns - Q)   # the last window of the last map, plus 1
    for first in range(0, x.shape[0], together):
        maps = min(together, x.shape[0] - first)
        for m in range(maps):
            sort_pixels(x[first + m], frame, m, stride, pad)
        old, new = 0, 1
        for i in range(last):
            best[old, i], place[old, i] = -np.inf, 0
        for r in range(R):
            for s in range(S):
                begin = r // stride * columns + s // stride
                compare(lines[r % stride * lefts + s % stride, begin:begin + last], np.int32(r * S + s),
                        best[old, :last], place[old, :last], best[new], place[new])
                old, new = new, old
        for m in range(maps):
            cut(best[old, m * size:], columns, y[first + m])
            cut(place[old, m * size:], columns, argmax[first + m])


@jit
def winners(dy, argmax, dx, R, S, stride, pad):
    """Maps dy and argmax (maps, P, Q) -> dx (maps, H, W), filled."""
    H, W = dx.shape[1], dx.shape[2]
    rows, columns = np.arange(R * S) // S, np.arange(R * S) % S     # of every place in the window
    for m in range(dy.shape[0]):
        dx[m] = 0
        for p in range(dy.shape[1]):
            for q in range(dy.shape[2]):
                place = argmax[m, p, q]
                if 0 <= place < R * S:
                    h, v = p * stride - pad + rows[place], q * stride - pad + columns[place]
                    if 0 <= h < H and 0 <= v < W:
                        dx[m, h, v] += dy[m, p, q]


@jit
def overlap(start, window, size, edge):
    """How many pixels a window shares with a picture of `size` pixels and `edge` more on either side."""
    return max(0, min(start + window, size + edge) - max(start, -edge))


@jit
def means(x, y, R, S, stride, pad, edge):
    """Maps x (maps, H, W) -> y (maps, P, Q), filled; `edge` pixels outside the picture count as pixels."""
    maps, H, W = x.shape
    for m in range(maps):
        for p in range(y.shape[1]):
            top = p * stride - pad
            for q in range(y.shape[2]):
                left, total = q * stride - pad, np.float64(0)
                for h in range(max(0, top), min(H, top + R)):
                    for v in range(max(0, left), min(W, left + S)):
                        total += x[m, h, v]
                y[m, p, q] = total / (overlap(top, R, H, edge) * overlap(left, S, W, edge))


@jit
def shares(dy, dx, R, S, stride, pad, edge):
    """Maps dy (maps, P, Q) -> dx (maps, H, W), filled; `edge` pixels outside the picture count as pixels."""
    maps, H, W = dx.shape
    for m in range(maps):
        dx[m] = 0
        for p in range(dy.shape[1]):
            top = p * stride - pad
            for q in range(dy.shape[2]):
                left = q * stride - pad
                share = dy[m, p, q] / dy.dtype.type(overlap(top, R, H, edge) * overlap(left, S, W, edge))
                for h in range(max(0, top), min(H, top + R)):
                    for v in range(max(0, left), min(W, left + S)):
                        dx[m, h, v] += share


@jit
def means_of_parts(x, y, tops, bottoms, lefts, rights):
    """Maps x (maps, H, W) -> y (maps, P, Q), filled."""
    for m in range(y.shape[0]):
        for p in range(y.shape[1]):
            for q in range(y.shape[2]):
                total = np.float64(0)
                for h in range(tops[p], bottoms[p]):
                    for v in range(lefts[q], rights[q]):
                        total += x[m, h, v]
                y[m, p, q] = total / ((bottoms[p] - tops[p]) * (rights[q] - lefts[q]))


@jit
def shares_of_parts(dy, dx, tops, bottoms, lefts, rights):
    """Maps dy (maps, P, Q) -> dx (maps, H, W), filled."""
    for m in range(dy.shape[0]):
        dx[m] = 0
        for p in range(dy.shape[1]):
            for q in range(dy.shape[2]):
                share = dy[m, p, q] / dy.dtype.type((bottoms[p] - tops[p]) * (rights[q] - lefts[q]))
                for h in range(tops[p], bottoms[p]):
                    for v in range(lefts[q], rights[q]):
                        dx[m, h, v] += share


def cuts(size, parts):
    """Where the parts of `size` pixels begin, and where they end; -(-a // b) is a/b rounded up."""
    p = np.arange(parts)
    return p * size // parts, -(-(p + 1) * size // parts)


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    """y and argmax (N, C, P, Q), as in ops/pool.py."""
    shape = shape_out(x, R, S, stride, pad, ceil_mode)
    y, argmax = np.empty(shape, x.dtype), np.empty(shape, np.int32)
    over_maps(largest, (x, y, argmax), R, S, stride, pad)
    return y, argmax


def max_pool_backward(dy, argmax, H, W, R, S, stride, pad):
    """dx (N, C, H, W), as in ops/pool.py."""
    dx = np.empty((*dy.shape[:2], H, W), dy.dtype)
    over_maps(winners, (dy, argmax, dx), R, S, stride, pad)
    return dx


def avg_pool_forward(x, R, S, stride, pad, ceil_mode, count_include_pad):
    """y (N, C, P, Q), as in ops/pool.py."""
    y = np.empty(shape_out(x, R, S, stride, pad, ceil_mode), x.dtype)
    over_maps(means, (x, y), R, S, stride, pad, pad if count_include_pad else 0)
    return y


def avg_pool_backward(dy, H, W, R, S, stride, pad, count_include_pad):
    """dx (N, C, H, W), as in ops/pool.py."""
    dx = np.empty((*dy.shape[:2], H, W), dy.dtype)
    over_maps(shares, (dy, dx), R, S, stride, pad, pad if count_include_pad else 0)
    return dx


def adaptive_avg_pool_forward(x, P, Q):
    """y (N, C, P, Q), as in ops/pool.py."""
    y = np.empty((*x.shape[:2], P, Q), x.dtype)
    over_maps(means_of_parts, (x, y), *cuts(x.shape[2], P), *cuts(x.shape[3], Q))
    return y


def adaptive_avg_pool_backward(dy, H, W):
    """dx (N, C, H, W), as in ops/pool.py."""
    dx = np.empty((*dy.shape[:2], H, W), dy.dtype)
    over_maps(shares_of_parts, (dy, dx), *cuts(H, dy.shape[2]), *cuts(W, dy.shape[3]))
    return dx


def shape_out(x, R, S, stride, pad, ceil_mode):
    """The shape (N, C, P, Q) of what windows over x (N, C, H, W) give."""
    N, C, H, W = x.shape
    return N, C, pool_size(H, R, stride, pad, ceil_mode), pool_size(W, S, stride, pad, ceil_mode)
