"""LRN: by hand, conventions, groups, windows wider than the channels, gradients at alpha near 1 (traps 10 to 13)."""
import numpy as np
import pytest
from helpers import assert_close, assert_right_gradients, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops
from npnet.ops.lrn import lrn_constants

ONE = np.array([1.0, 2, 3, 2, 1]).reshape(1, 5, 1, 1)
A, K, ALPHA, BETA = np.concatenate([ONE, ONE]), 2, 0.5, 0.75        # n = 3; two, as some have another text for one

# N, C, H, W, n, groups
CASES = [(2, 5, 2, 3, 3, 1), (1, 8, 3, 2, 5, 2), (2, 8, 3, 2, 5, 2), (3, 6, 2, 2, 5, 3), (2, 3, 2, 2, 7, 1), (2, 4, 3, 3, 9, 2), (2, 7, 1, 2, 1, 1)]


def sums_by_hand(x, n, groups):
    """The sum of squares in every window, counted in the dullest way."""
    N, C, H, W = x.shape
    size, total = C // groups, np.zeros_like(x)
    for i in range(C):
        for j in range(C):
            if abs(i - j) <= n // 2 and i // size == j // size:
                total[:, i] += x[:, j] ** 2
    return total


def test_by_hand(backend):
    y, scale = ops.lrn_forward(A, 3, K, ALPHA, BETA, 1)
    dy = np.zeros_like(A)
    dy[:, 2] = 1
    dx = ops.lrn_backward(dy, A, scale, 3, ALPHA, BETA, 1)

    for image in (0, 1):
        assert scale[image].ravel().tolist() == [4.5, 9, 10.5, 9, 4.5]
        assert y[image].ravel().round(4).tolist() == [0.3237, 0.3849, 0.5143, 0.3849, 0.3237]
        assert dx[image].ravel().round(4).tolist() == [0, -0.0735, 0.0612, -0.0735, 0]      # without the cross term .1714


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [0.75, 0.5, 1.25])
@pytest.mark.parametrize("N, C, H, W, n, groups", CASES)
def test_definition(backend, random, N, C, H, W, n, groups, beta, dtype):
    x, dy = random.standard_normal((2, N, C, H, W)).astype(dtype)
    y, scale = chapters.lrn_forward_loops(x, n, 2, 0.9, beta, groups)
    got_y, got_scale = assert_unchanged(ops.lrn_forward, x, n, 2, 0.9, beta, groups)

    assert_close((2 + 0.9 * sums_by_hand(x, n, groups)).astype(dtype), scale)
    assert_close(scale, got_scale)
    assert_close(y, got_y)
    assert_close(chapters.lrn_backward_loops(dy, x, scale, n, 0.9, beta, groups),
                 assert_unchanged(ops.lrn_backward, dy, x, scale, n, 0.9, beta, groups))


@pytest.mark.parametrize("N, C, H, W, n, groups", CASES)
def test_gradient(backend, random, N, C, H, W, n, groups):
    assert_right_gradients(
        lambda x: ops.lrn_forward(x, n, 1, 0.7, 0.75, groups)[0],
        lambda dy, x: ops.lrn_backward(dy, x, ops.lrn_forward(x, n, 1, 0.7, 0.75, groups)[1], n, 0.7, 0.75, groups),
        random.standard_normal((N, C, H, W)))


def test_groups_are_towers_apart(backend, random):
    x = random.standard_normal((2, 8, 3, 3))
    halves = [ops.lrn_forward(half, 5, 2, 0.7, 0.75, 1)[0] for half in (x[:, :4], x[:, 4:])]

    assert_close(np.concatenate(halves, axis=1), ops.lrn_forward(x, 5, 2, 0.7, 0.75, 2)[0])
    assert np.abs(ops.lrn_forward(x, 5, 2, 0.7, 0.75, 1)[0] - np.concatenate(halves, axis=1)).max() > 0.01


def test_conventions():
    assert lrn_constants("paper", 5, None, 1e-4) == (2, 1e-4)
    assert lrn_constants("original", 5, None, 1e-4) == (2, 1e-4 / 5)
    assert lrn_constants("caffe", 5, None, 1e-4) == lrn_constants("torch", 5, None, 1e-4) == (1, 1e-4 / 5)
    assert lrn_constants("caffe", 5, 2, 1e-4) == (2, 1e-4 / 5)


def test_neighbours_ten_thousand_times_larger(backend):
    """A running sum in float32 (add the head, subtract the tail) goes negative here, and its power is NaN."""
    x = np.array([1e4, -1e4, 1e4, 1e-2, 2e-2, 1e-2, 3e-2, 1e-2], np.float32).reshape(1, 8, 1, 1).repeat(2, axis=0)
    y, scale = ops.lrn_forward(x, 3, 1, 1.0, 0.75, 1)
    expected = 1 + sums_by_hand(x.astype(np.float64), 3, 1)

    np.testing.assert_allclose(scale, expected, rtol=1e-6)
    assert np.isfinite(ops.lrn_backward(np.ones_like(x), x, scale, 3, 1.0, 0.75, 1)).all()


# N, C, H, W, n
SQUARES = [(2, 2, 5, 4, 3), (1, 3, 4, 6, 5), (1, 1, 2, 3, 7), (2, 1, 3, 3, 1)]


def test_within_by_hand(backend):
    x = np.ones((1, 1, 3, 3))
    y, scale = ops.lrn_within_forward(x, 3, 1, 1.0, 1.0)

    assert scale[0, 0].tolist() == [[5, 7, 5], [7, 10, 7], [5, 7, 5]]
    assert y[0, 0, 1].tolist() == [1 / 7, 1 / 10, 1 / 7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("N, C, H, W, n", SQUARES)
def test_within_definition(backend, random, N, C, H, W, n, dtype):
    x, dy = random.standard_normal((2, N, C, H, W)).astype(dtype)
    y, scale = chapters.lrn_within_forward_loops(x, n, 1, 0.3, 0.75)
    got_y, got_scale = assert_unchanged(ops.lrn_within_forward, x, n, 1, 0.3, 0.75)

    assert_close(scale, got_scale)
    assert_close(y, got_y)
    assert_close(chapters.lrn_within_backward_loops(dy, x, scale, n, 0.3, 0.75),
                 assert_unchanged(ops.lrn_within_backward, dy, x, scale, n, 0.3, 0.75))


@pytest.mark.parametrize("N, C, H, W, n", SQUARES)
def test_within_gradient(backend, random, N, C, H, W, n):
    assert_right_gradients(
        lambda x: ops.lrn_within_forward(x, n, 1, 0.3, 0.75)[0],
        lambda dy, x: ops.lrn_within_backward(dy, x, ops.lrn_within_forward(x, n, 1, 0.3, 0.75)[1], n, 0.3, 0.75),
        random.standard_normal((N, C, H, W)))


def test_a_window_wider_than_the_channels_is_all_of_them(backend, quarters):
    x = quarters(2, 3, 2, 2)
    wide = ops.lrn_forward(x, 2 ** 31 - 1, 2.0, 0.5, 0.75, 1)
    for one, other in zip(wide, ops.lrn_forward(x, 5, 2.0, 0.5, 0.75, 1)):
        assert np.array_equal(one, other)
