"""The update: three steps by hand, and where the paper's form and PyTorch's part (traps 16 and 19)."""
import numpy as np
import pytest
from helpers import assert_close

from npnet import ops as chapters
from npnet.backend import ops


def steps(update, lrs, w, dw, momentum=0.9, weight_decay=0.01):
    """The weights after each step."""
    w, v, after = w.copy(), np.zeros_like(w), []
    for lr in lrs:
        update(w, dw, v, lr, momentum, weight_decay)
        after.append(w.copy())
    return np.array(after)


@pytest.mark.parametrize("name", ["sgd_update", "sgd_update_torch"])
def test_three_steps_by_hand(backend, name):
    after = steps(getattr(ops, name), [0.1] * 3, np.array([1.0]), np.array([0.5]))

    assert after.ravel().tolist() == pytest.approx([0.949, 0.852151, 0.714135], abs=5e-7)


def test_after_the_rate_drops_the_velocity_is_kept_or_shortened(backend):
    """momentum 0.5, no decay, gradient 1: by hand v = -1, -1.5, then -0.85, against 1, 1.5, 1.75 times 0.1."""
    w, dw = np.array([8.0]), np.array([1.0])
    lrs = [1.0, 1.0, 0.1]

    assert steps(ops.sgd_update, lrs, w, dw, 0.5, 0)[:, 0].tolist() == pytest.approx([7, 5.5, 4.65], rel=1e-14)
    assert steps(ops.sgd_update_torch, lrs, w, dw, 0.5, 0)[:, 0].tolist() == pytest.approx([7, 5.5, 5.325], rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sgd_update", "sgd_update_torch"])
def test_definition(backend, random, name, dtype):
    w, dw = random.standard_normal((2, 3, 4, 2)).astype(dtype)
    expected = steps(getattr(chapters, f"{name}_loops"), [0.1, 0.1, 0.03], w, dw)

    assert_close(expected, steps(getattr(ops, name), [0.1, 0.1, 0.03], w, dw))


@pytest.mark.parametrize("name", ["sgd_update", "sgd_update_torch"])
def test_changes_the_arrays_it_was_given_and_leaves_the_gradient(backend, name):
    w, dw, v = np.array([1.0, 2]), np.array([0.5, -1]), np.array([0.25, 0])
    same = w

    assert getattr(ops, name)(w, dw, v, 0.1, 0.9, 0.0) is None
    assert same is w and w.tolist() != [1, 2] and v.tolist() != [0.25, 0]
    assert dw.tolist() == [0.5, -1]


def test_decay_pulls_towards_zero_without_momentum(backend):
    w, v = np.array([1.0, -2]), np.zeros(2)
    ops.sgd_update(w, np.zeros(2), v, 0.5, 0.0, 0.5)

    assert w.tolist() == [0.75, -1.5]
