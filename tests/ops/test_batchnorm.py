"""Batch normalisation: by hand, on all backends, its gradient in training and at test."""
import numpy as np
import pytest
from helpers import assert_close, assert_right_gradients, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops


def test_by_hand(backend):
    x = np.array([1.0, 3, 5, 7]).reshape(2, 1, 2, 1)
    w, b = np.array([2.0]), np.array([10.0])
    mean, var = ops.batchnorm_statistics(x)
    y = ops.batchnorm_forward(x, w, b, mean, var, 4.0)                 # sqrt(5 + 4) = 3
    dx, dw, db = ops.batchnorm_backward(np.array([3.0, 0, 0, 0]).reshape(x.shape), x, w, mean, var, 4.0, False)

    assert (mean.tolist(), var.tolist()) == ([4], [5])
    assert y.ravel().tolist() == pytest.approx([8, 10 - 2 / 3, 10 + 2 / 3, 12], rel=1e-15)
    assert (dx.ravel().tolist(), dw.tolist(), db.tolist()) == (pytest.approx([2, 0, 0, 0]), pytest.approx([-3]), [3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4, 2, 3), (5, 2, 1, 1), (1, 3, 4, 2), (2, 2, 13, 21)])
def test_definition(backend, random, shape, dtype):
    x, dy = (random.standard_normal((2, *shape)) * 3 + 1).astype(dtype)
    w, b = random.standard_normal((2, shape[1])).astype(dtype)
    mean, var = chapters.batchnorm_statistics_loops(x)

    for expected, got in zip((mean, var), assert_unchanged(ops.batchnorm_statistics, x)):
        assert_close(expected, got)
    assert_close(chapters.batchnorm_forward_loops(x, w, b, mean, var, 1e-5),
                 assert_unchanged(ops.batchnorm_forward, x, w, b, mean, var, 1e-5))
    for train in (True, False):
        loops = chapters.batchnorm_backward_loops(dy, x, w, mean, var, 1e-5, train)
        for expected, got in zip(loops, assert_unchanged(ops.batchnorm_backward, dy, x, w, mean, var, 1e-5, train)):
            assert_close(expected, got)


@pytest.mark.parametrize("train", [True, False])
def test_gradient(backend, random, train):
    x, w, b = random.standard_normal((3, 2, 2, 3)), random.standard_normal(2), random.standard_normal(2)
    mean, var = np.array([0.3, -0.2]), np.array([0.8, 1.7])

    def used(x):
        return ops.batchnorm_statistics(x) if train else (mean, var)

    assert_right_gradients(lambda x, w, b: ops.batchnorm_forward(x, w, b, *used(x), 0.1),
                           lambda dy, x, w, b: ops.batchnorm_backward(dy, x, w, *used(x), 0.1, train), x, w, b,
                           method="central")


def test_the_variance_of_numbers_far_from_zero(backend, random):
    """The mean of the squares less the square of the mean would have four digits."""
    x = 1e6 + random.standard_normal((3, 2, 4, 5))
    mean, var = ops.batchnorm_statistics(x)

    assert var.tolist() == pytest.approx(x.var(axis=(0, 2, 3)).tolist(), rel=1e-9)
