"""Softmax, log-softmax and cross-entropy: by hand, at large logits, their gradients, bad labels (trap 15)."""
import math

import numpy as np
import pytest
from helpers import assert_close, assert_right_gradients, assert_unchanged

from npnet import ops as chapters
from npnet.backend import ops

LOGITS, LABELS = np.array([[2.0, 1, 0], [0, 0, 0]]), np.array([0, 2])


def test_by_hand(backend):
    loss, dlogits = ops.softmax_cross_entropy(LOGITS, LABELS)
    e = math.e
    p = [e * e / (e * e + e + 1), e / (e * e + e + 1), 1 / (e * e + e + 1)]

    assert ops.softmax_forward(LOGITS)[0].tolist() == pytest.approx(p, rel=1e-14)
    assert p == pytest.approx([0.665, 0.245, 0.090], abs=5e-4)
    assert loss == pytest.approx((-math.log(p[0]) + math.log(3)) / 2, rel=1e-14)
    assert float(loss) == pytest.approx(0.7531, abs=5e-5)
    assert dlogits.round(3).tolist() == [[-0.167, 0.122, 0.045], [0.167, 0.167, -0.333]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_definition(backend, random, dtype):
    x, dy = random.standard_normal((2, 4, 7)).astype(dtype) * 3
    labels = random.integers(0, 7, 4)
    for name in ("softmax", "log_softmax"):
        y = getattr(chapters, f"{name}_forward_loops")(x)
        dx = getattr(chapters, f"{name}_backward_loops")(dy, y)

        assert_close(y, assert_unchanged(getattr(ops, f"{name}_forward"), x))
        assert_close(dx, assert_unchanged(getattr(ops, f"{name}_backward"), dy, y))

    loss, dlogits = chapters.softmax_cross_entropy_loops(x, labels)
    got_loss, got = assert_unchanged(ops.softmax_cross_entropy, x, labels)

    assert_close(dlogits, got)
    assert got_loss == pytest.approx(loss, rel=1e-6)
    assert np.asarray(got_loss).dtype == dtype


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_gradient(backend, random, name):
    forward, backward = getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")

    assert_right_gradients(forward, lambda dy, x: backward(dy, forward(x)), random.standard_normal((3, 5)))


def test_gradient_of_the_loss(backend, random):
    labels = np.array([1, 4, 4, 0])                                     # a label twice

    assert_right_gradients(lambda x: np.asarray(ops.softmax_cross_entropy(x, labels)[0]).reshape(1),
                           lambda dy, x: dy * ops.softmax_cross_entropy(x, labels)[1],
                           random.standard_normal((4, 5)), method="central")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits(backend, dtype):
    x = np.array([[1000, 0, -1000]], dtype)
    loss, dlogits = ops.softmax_cross_entropy(x, np.array([2]))

    assert ops.softmax_forward(x).tolist() == [[1, 0, 0]]
    assert ops.log_softmax_forward(x).tolist() == [[0, -1000, -2000]]
    assert (float(loss), dlogits.tolist()) == (2000, [[1, 0, -1]])
    assert ops.softmax_cross_entropy(x, np.array([0]))[0] == 0          # not 1e-7 away from it


def test_shift_and_equal_logits(backend, quarters):
    x = quarters(3, 6)

    assert_close(ops.softmax_forward(x), ops.softmax_forward(x + 128))
    assert ops.softmax_cross_entropy(np.zeros((5, 7)), np.arange(5))[0] == pytest.approx(math.log(7), rel=1e-14)


@pytest.mark.parametrize("labels, error, message", [
    (np.array([0.0, 1.0]), TypeError, "labels must be integers from 0 to 2, got float64"),
    ([0, 1], TypeError, "labels must be an array of 2 integers, got a list"),
    (np.array([0, 3]), ValueError, "labels must lie between 0 and 2 for 3 classes, got 0 to 3"),
    (np.array([-1, 1]), ValueError, "labels must lie between 0 and 2 for 3 classes, got -1 to 1"),
    (np.array([0, 1, 2]), ValueError, r"labels must have shape \(2,\)"),
    (np.eye(2, 3, dtype=int), ValueError, r"one-hot labels become integers by labels.argmax"),
])
def test_bad_labels(backend, labels, error, message):
    """Each with its sentence, on every backend."""
    with pytest.raises(error, match=message):
        ops.softmax_cross_entropy(LOGITS, labels)


def test_logits_of_maps(backend):
    with pytest.raises(ValueError, match=r"logits must have shape \(N, classes\), got \(2, 3, 4, 4\)"):
        ops.softmax_cross_entropy(np.zeros((2, 3, 4, 4)), np.array([0, 1]))
