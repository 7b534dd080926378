"""Pooling: overlapping windows, ties, negative pictures and ceil sizes first (traps 2 to 5)."""
import numpy as np
import pytest
from helpers import assert_adjoints, assert_close, assert_right_gradients, assert_same, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops

# N, C, H, W, R, S, stride, pad, ceil_mode
CASES = [
    (2, 3, 7, 9, 3, 3, 2, 0, False),                # AlexNet's
    (1, 2, 8, 6, 3, 3, 2, 0, True),
    (2, 2, 6, 7, 3, 3, 2, 1, True),
    (1, 2, 6, 7, 3, 2, 2, 1, False),
    (1, 1, 5, 5, 2, 2, 3, 1, True),                 # the last window would start in the padding
    (2, 1, 4, 6, 2, 2, 2, 0, False),
    (1, 2, 5, 4, 1, 2, 2, 0, True),
    (1, 1, 9, 9, 5, 5, 1, 2, False),
    (1, 1, 7, 7, 2, 2, 3, 0, False),                # pixels that no window covers
]


@pytest.fixture
def ties(random):
    """ties(shape, dtype) draws from five numbers, zero often, so that windows are full of equals."""
    return lambda *shape, dtype=np.float64: random.choice([-2, -1, 0, 0, 1], shape).astype(dtype)


def test_one_pixel_wins_four_windows(backend):
    """dy = 1, 10, 100, 1000: the digits of dx tell which windows a pixel won."""
    x, dy = np.zeros((1, 1, 5, 5)), np.array([[[[1.0, 10], [100, 1000]]]])
    x[0, 0, 2, 2] = 9
    y, argmax = ops.max_pool_forward(x, 3, 3, 2, 0, False)
    dx = ops.max_pool_backward(dy, argmax, 5, 5, 3, 3, 2, 0)

    assert y.tolist() == [[[[9, 9], [9, 9]]]]
    assert argmax.tolist() == [[[[8, 6], [2, 0]]]]
    assert (dx[0, 0, 2, 2], dx.sum()) == (1111, 1111)


def test_of_equals_the_first(backend):
    x, dy = np.zeros((1, 1, 5, 5)), np.array([[[[1.0, 10], [100, 1000]]]])
    x[0, 0, 2, 2] = x[0, 0, 0, 2] = 9
    dx = ops.max_pool_backward(dy, ops.max_pool_forward(x, 3, 3, 2, 0, False)[1], 5, 5, 3, 3, 2, 0)

    assert (dx[0, 0, 0, 2], dx[0, 0, 2, 2], dx.sum()) == (11, 1100, 1111)


def test_flat_pictures_give_to_the_corner(backend):
    argmax = ops.max_pool_forward(np.zeros((1, 1, 4, 4)), 2, 2, 2, 0, False)[1]

    assert argmax.tolist() == [[[[0, 0], [0, 0]]]]


def test_negative_pictures_stay_negative_at_the_border(backend):
    y, argmax = ops.max_pool_forward(np.full((1, 1, 4, 4), -3.0), 3, 3, 2, 1, False)

    assert y.tolist() == [[[[-3, -3], [-3, -3]]]]
    assert argmax.tolist() == [[[[4, 3], [1, 0]]]]                      # never a place in the padding


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_max_definition(backend, ties, quarters, case, dtype):
    N, C, H, W, R, S, stride, pad, ceil_mode = case
    x = ties(N, C, H, W, dtype=dtype)
    y, argmax = chapters.max_pool_forward_loops(x, R, S, stride, pad, ceil_mode)
    dy = quarters(*y.shape, dtype=dtype)

    assert argmax.dtype == np.int32
    assert_same((y, argmax), assert_unchanged(ops.max_pool_forward, x, R, S, stride, pad, ceil_mode))
    assert_same(chapters.max_pool_backward_loops(dy, argmax, H, W, R, S, stride, pad),
                assert_unchanged(ops.max_pool_backward, dy, argmax, H, W, R, S, stride, pad))


@pytest.mark.parametrize("case", CASES)
def test_max_gradient(backend, random, case):
    """On numbers that are all different and far apart, so that there is no kink."""
    N, C, H, W, R, S, stride, pad, ceil_mode = case
    x = random.permutation(np.arange(N * C * H * W) - 50.0).reshape(N, C, H, W) / 8

    def backward(dy, x):
        return ops.max_pool_backward(dy, ops.max_pool_forward(x, R, S, stride, pad, ceil_mode)[1],
                                     H, W, R, S, stride, pad)

    assert_right_gradients(lambda x: ops.max_pool_forward(x, R, S, stride, pad, ceil_mode)[0], backward, x)


def test_nan_is_not_lost(backend):
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 1] = np.nan

    assert np.isnan(ops.max_pool_forward(x, 3, 3, 2, 0, False)[0]).tolist() == [[[[True, False], [True, False]]]]


def test_mean_by_hand(backend):
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    counted = ops.avg_pool_forward(x, 2, 2, 2, 1, False, True)
    clipped = ops.avg_pool_forward(x, 2, 2, 2, 1, False, False)
    hanging = ops.avg_pool_forward(x, 2, 2, 2, 0, True, True)

    assert counted.tolist() == [[[[0.25, 1.25], [2.75, 7]]]]
    assert clipped.tolist() == [[[[1, 2.5], [5.5, 7]]]]
    assert hanging.tolist() == [[[[3, 4.5], [7.5, 9]]]]                # what hangs over never counts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_mean(backend, quarters, random, case, count_include_pad, dtype):
    N, C, H, W, R, S, stride, pad, ceil_mode = case
    options = R, S, stride, pad, ceil_mode, count_include_pad
    x = quarters(N, C, H, W, dtype=dtype)
    y = chapters.avg_pool_forward_loops(x, *options)
    dy = quarters(*y.shape, dtype=dtype)

    def backward(dy, x):
        return ops.avg_pool_backward(dy, H, W, R, S, stride, pad, count_include_pad)

    assert_close(y, assert_unchanged(ops.avg_pool_forward, x, *options))
    assert_close(chapters.avg_pool_backward_loops(dy, H, W, R, S, stride, pad, count_include_pad),
                 assert_unchanged(backward, dy, x))
    assert_adjoints(lambda x: ops.avg_pool_forward(x, *options), backward, random.standard_normal(x.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("H, W, P, Q", [(6, 6, 6, 6), (7, 9, 3, 4), (4, 5, 6, 2), (13, 10, 1, 1)])
def test_adaptive_mean(backend, quarters, random, H, W, P, Q, dtype):
    x, dy = quarters(2, 3, H, W, dtype=dtype), quarters(2, 3, P, Q, dtype=dtype)

    assert_close(chapters.adaptive_avg_pool_forward_loops(x, P, Q), assert_unchanged(ops.adaptive_avg_pool_forward, x, P, Q))
    assert_close(chapters.adaptive_avg_pool_backward_loops(dy, H, W),
                 assert_unchanged(ops.adaptive_avg_pool_backward, dy, H, W))
    assert_adjoints(lambda x: ops.adaptive_avg_pool_forward(x, P, Q),
                    lambda dy, x: ops.adaptive_avg_pool_backward(dy, H, W), random.standard_normal((2, 3, H, W)))


def test_adaptive_mean_by_hand(backend):
    x = np.arange(1.0, 6).reshape(1, 1, 1, 5)

    assert ops.adaptive_avg_pool_forward(x, 1, 3).tolist() == [[[[1.5, 3, 4.5]]]]       # 1-2, 2-4, 4-5
    assert ops.adaptive_avg_pool_backward(np.array([[[[6.0, 6, 6]]]]), 1, 5).tolist() == [[[[3, 5, 2, 5, 3]]]]


def test_a_gradient_that_is_infinite_or_nan_reaches_the_winner_alone(backend):
    x, dy = np.array([[[[1.0, 2, 3, 4]]]]), np.array([[[[np.inf, np.nan]]]])
    y, argmax = ops.max_pool_forward(x, 1, 2, 2, 0, False)
    dx = ops.max_pool_backward(dy, argmax, 1, 4, 1, 2, 2, 0)
    assert y.tolist() == [[[[2, 4]]]] and np.array_equal(dx, [[[[0, np.inf, 0, np.nan]]]], equal_nan=True)


@pytest.mark.parametrize("stride, pad", [(1, 1), (2, 0), (2, 1), (3, 1)])
def test_infinities_and_nan_as_in_the_definition(backend, random, stride, pad):
    """Of several NaN the last wins; where all is -infinity, place 0, even in the padding."""
    x = random.choice([-np.inf, -np.inf, -np.inf, 1.0, np.inf, np.nan], (30, 2, 7, 8), p=[.3, .3, .3, .04, .03, .03])
    assert_same(chapters.max_pool_forward_loops(x, 3, 2, stride, pad, True), ops.max_pool_forward(x, 3, 2, stride, pad, True))


def test_a_place_beyond_the_picture_gives_to_nobody(backend):
    """Nothing is written outside of dx: argmax may come from elsewhere."""
    argmax = np.array([[[[2 ** 31 - 1, 27, -2 ** 31, 300]]]], np.int32)
    assert not ops.max_pool_backward(np.ones((1, 1, 1, 4)), argmax, 3, 9, 3, 3, 2, 0).any()
