"""Convolution, im2col and col2im: by hand, on all backends, gradients, adjoints, towers, the 2012 rule."""
import itertools
import tracemalloc

import numpy as np
import pytest
from helpers import assert_adjoints, assert_right_gradients, assert_same, assert_unchanged

from npnet import backend as backends
from npnet.backend import ops
from npnet.ops.conv import col2im_loops, conv2d_backward_loops, conv2d_forward_loops, im2col_loops

ONE = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])[None, None]
PICTURE = np.concatenate([ONE, ONE])        # twice: some backends have another text for a single picture
FILTER = np.array([[1.0, 0], [2, -1]])[None, None]

# N, C, H, W, K, R, S, stride, pad, groups, ceil_mode
CASES = [
    (1, 1, 5, 5, 1, 3, 3, 1, 0, 1, False),
    (2, 1, 5, 5, 1, 3, 3, 1, 0, 1, False),
    (2, 3, 7, 6, 4, 3, 2, 2, 1, 1, False),
    (2, 4, 6, 7, 6, 2, 3, 1, 2, 2, False),
    (3, 4, 9, 8, 4, 3, 3, 3, 0, 4, False),          # rows that no window covers
    (2, 2, 8, 9, 4, 1, 1, 2, 0, 2, False),          # stride larger than the window
    (2, 3, 8, 7, 2, 5, 3, 4, 1, 1, True),           # windows that hang over
    (3, 2, 10, 10, 2, 3, 3, 4, 0, 2, True),
    (2, 2, 4, 4, 2, 3, 3, 2, 1, 1, True),
    (2, 1, 2, 2, 1, 5, 5, 1, 2, 1, False),          # a window larger than the picture
    (2, 1, 5, 6, 3, 3, 3, 5, 2, 1, False),
]


def drawn(draw, case, dtype=np.float64):
    """x, w, b and the options of one case."""
    N, C, H, W, K, R, S, stride, pad, groups, ceil_mode = case
    arrays = draw(N, C, H, W), draw(K, C // groups, R, S), draw(K)
    return [a.astype(dtype) for a in arrays], (stride, pad, groups, ceil_mode)


def test_by_hand(backend):
    y = ops.conv2d_forward(PICTURE, FILTER, np.array([1.0]), 1, 0, 1)
    dx, dw, db = ops.conv2d_backward(np.ones_like(y), PICTURE, FILTER, 1, 0, 1)

    assert y[0, 0].tolist() == [[1, 2, 6], [4, 4, 4], [5, 1, 1]]       # a turned filter gives 5 2 4 / 4 6 0 / 1 1 3
    assert dx[0, 0].tolist() == [[1, 1, 1, 0], [3, 2, 2, -1], [3, 2, 2, -1], [2, 1, 1, -1]]
    assert (dw[0, 0].tolist(), db.tolist()) == ([[20, 18], [18, 18]], [18])        # the sum over both pictures


def test_columns_by_hand(backend):
    cols = ops.im2col(ONE, 2, 2, 2, 0)

    assert cols.shape == (1, 1, 2, 2, 2, 2)
    assert cols.reshape(4, 4).T.tolist() == [[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 1, 0], [0, 0, 1, 2]]   # window by window


def test_col2im_counts_the_windows_over_each_pixel(backend):
    ones = np.ones((1, 1, 3, 3, 2, 2))

    assert ops.col2im(ones, 5, 5, 2, 0)[0, 0].tolist() == [
        [1, 1, 2, 1, 1], [1, 1, 2, 1, 1], [2, 2, 4, 2, 2], [1, 1, 2, 1, 1], [1, 1, 2, 1, 1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_definition(backend, quarters, case, dtype):
    (x, w, b), options = drawn(quarters, case, dtype)
    y = conv2d_forward_loops(x, w, b, *options)
    dy = quarters(*y.shape, dtype=dtype)
    dx, dw, db = conv2d_backward_loops(dy, x, w, *options)

    assert_same(y, assert_unchanged(ops.conv2d_forward, x, w, b, *options))
    assert_same((dx, dw, db), assert_unchanged(ops.conv2d_backward, dy, x, w, *options))
    assert_same((dw, db), ops.conv2d_backward(dy, x, w, *options, False)[1:])


@pytest.mark.parametrize("case", CASES)
def test_columns(backend, quarters, case):
    N, C, H, W, K, R, S, stride, pad, groups, ceil_mode = case
    x = quarters(N, C, H, W)
    cols = im2col_loops(x, R, S, stride, pad, ceil_mode)
    back = quarters(*cols.shape)

    assert_same(cols, assert_unchanged(ops.im2col, x, R, S, stride, pad, ceil_mode))
    assert_same(col2im_loops(back, H, W, stride, pad), assert_unchanged(ops.col2im, back, H, W, stride, pad))
    assert (cols * back).sum() == (x * ops.col2im(back, H, W, stride, pad)).sum()      # the adjoint identity, exact


@pytest.mark.parametrize("case", CASES[1:8])
def test_gradient_and_adjoint(backend, random, case):
    (x, w, b), options = drawn(lambda *shape: random.standard_normal(shape), case)

    assert_right_gradients(lambda x, w, b: ops.conv2d_forward(x, w, b, *options),
                           lambda dy, x, w, b: ops.conv2d_backward(dy, x, w, *options), x, w, b, entries=40)
    assert_adjoints(lambda x, w: ops.conv2d_forward(x, w, np.zeros_like(b), *options),
                    lambda dy, x, w: ops.conv2d_backward(dy, x, w, *options)[:2], x, w)


def test_groups_are_contiguous_blocks(backend, quarters):
    """Each half of the filters sees its half of the channels, and nothing of the other (trap 8)."""
    x, w, b = quarters(2, 4, 6, 5), quarters(6, 2, 3, 3), quarters(6)
    halves = [ops.conv2d_forward(x[:, 2 * g:2 * g + 2], w[3 * g:3 * g + 3], b[3 * g:3 * g + 3], 1, 1, 1)
              for g in (0, 1)]

    assert_same(np.concatenate(halves, axis=1), ops.conv2d_forward(x, w, b, 1, 1, 2))


def test_strides_leave_out_and_the_rule_of_2012_reads_zeros(backend, quarters):
    x, w, b = quarters(2, 2, 10, 10), quarters(3, 2, 3, 3), quarters(3)
    longer = np.zeros((2, 2, 11, 11))
    longer[:, :, :10, :10] = x

    assert_same(ops.conv2d_forward(x, w, b, 1, 0, 1)[:, :, ::4, ::4], ops.conv2d_forward(x, w, b, 4, 0, 1))
    assert_same(ops.conv2d_forward(longer, w, b, 4, 0, 1), ops.conv2d_forward(x, w, b, 4, 0, 1, True))


def test_a_batch_is_its_images(backend, quarters):
    """More images than a block holds: the same numbers, one by one or together (exact on quarters)."""
    N = 2 * backends.BLOCK + 3
    x, w, b = quarters(N, 2, 5, 4), quarters(2, 2, 2, 2), quarters(2)
    y = ops.conv2d_forward(x, w, b, 1, 0, 1)
    dy = quarters(*y.shape)
    dx, dw, db = ops.conv2d_backward(dy, x, w, 1, 0, 1)
    singly = [ops.conv2d_backward(dy[n:n + 1], x[n:n + 1], w, 1, 0, 1) for n in range(N)]

    assert_same(np.concatenate([ops.conv2d_forward(x[n:n + 1], w, b, 1, 0, 1) for n in range(N)]), y)
    assert_same(np.concatenate([one[0] for one in singly]), dx)
    assert_same((sum(one[1] for one in singly), sum(one[2] for one in singly)), (dw, db))


@pytest.mark.parametrize("backend", ["numpy", "numba"], indirect=True)         # the loops make no columns
def test_columns_of_a_large_batch_are_never_whole(backend, quarters):
    """At batch 128 forward and backward together stay far below the memory of all columns."""
    x, w, b = (quarters(*shape, dtype=np.float32) for shape in ((128, 8, 16, 16), (4, 8, 5, 5), (4,)))
    whole = 128 * 8 * 25 * 16 * 16 * 4                                  # bytes
    ops.conv2d_backward(ops.conv2d_forward(x, w, b, 1, 2, 1), x, w, 1, 2, 1)           # compiled, if it must be
    tracemalloc.start()
    dy = ops.conv2d_forward(x, w, b, 1, 2, 1)
    ops.conv2d_backward(dy, x, w, 1, 2, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < whole / 3


@pytest.mark.parametrize("backend", ["numpy", "numba"], indirect=True)
def test_a_large_batch_is_its_images(backend, quarters):
    """Its columns are made in many pieces, whose gradients add up."""
    x, w, b = (quarters(*shape, dtype=np.float32) for shape in ((128, 8, 16, 16), (4, 8, 5, 5), (4,)))
    y = ops.conv2d_forward(x, w, b, 1, 2, 1)
    dy = quarters(*y.shape, dtype=np.float32)
    singly = [ops.conv2d_backward(dy[n:n + 1], x[n:n + 1], w, 1, 2, 1) for n in range(128)]
    dx, dw, db = ops.conv2d_backward(dy, x, w, 1, 2, 1)

    assert_same(y, np.concatenate([ops.conv2d_forward(x[n:n + 1], w, b, 1, 2, 1) for n in range(128)]))
    assert_same((dx, dw, db), (np.concatenate([one[0] for one in singly]), *(sum(one[i] for one in singly) for i in (1, 2))))


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed"])
def test_inputs_in_any_memory_order(backend, quarters, layout):
    x, w, b = quarters(2, 3, 6, 6), quarters(2, 3, 3, 3), quarters(2)
    odd = {"transposed": x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2),
           "strided": np.repeat(x, 2, axis=3)[..., ::2], "reversed": x[..., ::-1].copy()[..., ::-1]}[layout]
    y = ops.conv2d_forward(x, w, b, 1, 1, 1)

    assert not odd.flags.c_contiguous
    assert_same(y, ops.conv2d_forward(odd, w, b, 1, 1, 1))
    assert_same(ops.conv2d_backward(y, x, w, 1, 1, 1), ops.conv2d_backward(y, odd, w, 1, 1, 1))


def test_every_window_of_a_grid(backend, quarters):
    """Shapes of many strides, pads and windows, against the definition."""
    for size, window, stride, pad in itertools.product((5, 6), (2, 3), (1, 2, 3), (0, 1)):
        x, w, b = quarters(2, 1, size, size + 1), quarters(1, 1, window, window), quarters(1)
        y = conv2d_forward_loops(x, w, b, stride, pad, 1, True)

        assert_same(y, ops.conv2d_forward(x, w, b, stride, pad, 1, True))
        assert_same(conv2d_backward_loops(y, x, w, stride, pad, 1, True), ops.conv2d_backward(y, x, w, stride, pad, 1, True))
