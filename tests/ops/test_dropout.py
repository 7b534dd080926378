"""Dropout from a given mask, at 0.2 (at 0.5 keep and drop look alike: trap 14)."""
import numpy as np
import pytest
from helpers import assert_adjoints, assert_same, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops


def test_by_hand(backend):
    x, mask = np.array([[4.0, 8, 12, -16]]), np.array([[True, False, True, True]])

    assert ops.dropout_forward(x, mask, 0.2).tolist() == [[5, 0, 15, -20]]
    assert ops.dropout_backward(x, mask, 0.2).tolist() == [[5, 0, 15, -20]]
    assert ops.dropout_forward(x, ~mask, 0.2).tolist() == [[0, 10, 0, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 2, 4)])
def test_definition(backend, random, quarters, shape, dtype):
    x, mask = quarters(*shape, dtype=dtype), random.random(shape) >= 0.2

    assert_same(chapters.dropout_forward_loops(x, mask, 0.2), assert_unchanged(ops.dropout_forward, x, mask, 0.2))
    assert_same(chapters.dropout_backward_loops(x, mask, 0.2), assert_unchanged(ops.dropout_backward, x, mask, 0.2))


def test_adjoint(backend, random):
    mask = random.random((4, 6)) >= 0.2

    assert_adjoints(lambda x: ops.dropout_forward(x, mask, 0.2), lambda dy, x: ops.dropout_backward(dy, mask, 0.2),
                    random.standard_normal((4, 6)))


def test_the_dropped_do_not_spread_infinity(backend):
    x, mask = np.array([[np.inf, 1.0]]), np.array([[False, True]])

    assert ops.dropout_forward(x, mask, 0.5).tolist() == [[0, 2]]
