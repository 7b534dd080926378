"""ReLU, tanh and sigmoid: by hand, on all backends, their gradients, their far ends."""
import numpy as np
import pytest
from helpers import assert_close, assert_right_gradients, assert_same, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops

NAMES = ["relu", "tanh", "sigmoid"]


def pair(name):
    """Forward and backward of one activation on the chosen backend."""
    return getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")


def test_by_hand(backend):
    x, dy = np.array([[-2.0, 0, 3, -0.5]]), np.array([[10.0, 20, 30, 40]])

    assert ops.relu_forward(x).tolist() == [[0, 0, 3, 0]]
    assert ops.relu_backward(dy, ops.relu_forward(x)).tolist() == [[0, 0, 30, 0]]       # at exactly 0: 0
    assert ops.tanh_forward(x * 0).tolist() == [[0, 0, 0, 0]]
    assert ops.tanh_backward(dy, x * 0).tolist() == dy.tolist()                         # slope 1 in the middle
    assert ops.sigmoid_forward(x * 0).tolist() == [[0.5, 0.5, 0.5, 0.5]]
    assert ops.sigmoid_backward(dy, x * 0 + 0.5).tolist() == (dy / 4).tolist()          # slope 1/4 in the middle


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", NAMES)
def test_definition(backend, quarters, name, shape, dtype):
    x, dy = quarters(*shape, dtype=dtype), quarters(*shape, dtype=dtype)
    y = getattr(chapters, f"{name}_forward_loops")(x)
    dx = getattr(chapters, f"{name}_backward_loops")(dy, y)
    same = assert_same if name == "relu" else assert_close

    same(y, assert_unchanged(pair(name)[0], x))
    same(dx, assert_unchanged(pair(name)[1], dy, y))


@pytest.mark.parametrize("name", NAMES)
def test_gradient(backend, random, name):
    forward, backward = pair(name)

    assert_right_gradients(forward, lambda dy, x: backward(dy, forward(x)), random.standard_normal((4, 6)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_ends_saturate_without_a_warning(backend, dtype):
    x = np.array([[-1000, -100, 100, 1000]], dtype)

    assert ops.sigmoid_forward(x)[0, [0, 3]].tolist() == [0, 1]
    assert ops.tanh_forward(x).tolist() == [[-1, -1, 1, 1]]
    assert ops.sigmoid_backward(x, ops.sigmoid_forward(x))[0, [0, 3]].tolist() == [0, 0]


def test_relu_keeps_nan(backend):
    assert np.isnan(ops.relu_forward(np.array([[np.nan, -1.0]]))).tolist() == [[True, False]]


def test_what_a_dead_unit_is_given_does_not_pass(backend):
    """Not even NaN, as in PyTorch: dx is 0 where the output was not positive."""
    dy, y = np.array([[np.nan, np.inf, 5.0, np.nan]]), np.array([[0.0, 0.0, 0.0, 1.0]])
    assert np.array_equal(ops.relu_backward(dy, y), [[0, 0, 0, np.nan]], equal_nan=True)
