"""The dense layer: by hand, on all backends, its gradient, its adjoint."""
import numpy as np
import pytest
from helpers import assert_adjoints, assert_right_gradients, assert_same, assert_unchanged

from npnet.backend import ops
from npnet.ops.dense import dense_backward_loops, dense_forward_loops


def test_by_hand(backend):
    x, w, b = np.array([[1.0, 2, 3]]), np.array([[1.0, 0], [0, 1], [2, -1]]), np.array([10.0, 20])
    dx, dw, db = ops.dense_backward(np.array([[1.0, 10]]), x, w)

    assert ops.dense_forward(x, w, b).tolist() == [[17, 19]]
    assert dx.tolist() == [[1, 10, -8]]
    assert dw.tolist() == [[1, 10], [2, 20], [3, 30]]
    assert db.tolist() == [1, 10]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("N, D, M", [(1, 4, 3), (3, 5, 2), (4, 1, 6), (7, 5, 2)])
def test_definition(backend, quarters, N, D, M, dtype):
    x, w, b = (quarters(*shape, dtype=dtype) for shape in ((N, D), (D, M), (M,)))
    dy = quarters(N, M, dtype=dtype)

    assert_same(dense_forward_loops(x, w, b), assert_unchanged(ops.dense_forward, x, w, b))
    assert_same(dense_backward_loops(dy, x, w), assert_unchanged(ops.dense_backward, dy, x, w))
    assert_same(dense_backward_loops(dy, x, w)[1:], ops.dense_backward(dy, x, w, False)[1:])


@pytest.mark.parametrize("backend", ["numpy", "numba"], indirect=True)
@pytest.mark.parametrize("N", [3, 6])
def test_definition_of_many_rows(backend, quarters, N):
    """So many that all threads work; sums of quarters are exact."""
    x, w, b, dy = (quarters(*shape, dtype=np.float32) for shape in ((N, 3400), (3400, 2000), (2000,), (N, 2000)))
    dx, dw, db = ops.dense_backward(dy, x, w)
    x64, w64, dy64 = map(np.float64, (x, w, dy))

    np.testing.assert_array_equal(ops.dense_forward(x, w, b), x64 @ w64 + b)
    np.testing.assert_array_equal(dx, dy64 @ w64.T)
    np.testing.assert_array_equal(dw, x64.T @ dy64)
    np.testing.assert_array_equal(db, dy64.sum(axis=0))


def test_gradient_and_adjoint(backend, random, quarters):
    x, w, b = random.standard_normal((3, 5)), random.standard_normal((5, 4)), random.standard_normal(4)

    assert_right_gradients(ops.dense_forward, lambda dy, x, w, b: ops.dense_backward(dy, x, w), x, w, b)
    assert_adjoints(lambda x, w: ops.dense_forward(x, w, np.zeros(4)),
                    lambda dy, x, w: ops.dense_backward(dy, x, w)[:2], x, w)
