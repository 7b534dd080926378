"""The textbooks' convolution and pooling are right: they give the chapters' numbers, exactly."""
import numpy as np
import pytest

from npnet import backend, ops
from npnet.bench import textbook


@pytest.mark.parametrize("groups, stride, pad, ceil_mode", [(1, 1, 0, False), (2, 1, 2, False), (1, 4, 0, True), (2, 2, 1, True)])
def test_convolution(quarters, groups, stride, pad, ceil_mode):
    x, w, b = quarters(2, 4, 13, 11), quarters(6, 4 // groups, 3, 5), quarters(6)
    options = stride, pad, groups, ceil_mode
    y = ops.conv2d_forward(x, w, b, *options)
    assert np.array_equal(textbook.conv2d_forward(x, w, b, *options), y)
    dy = quarters(*y.shape)
    for ours, theirs in zip(ops.conv2d_backward(dy, x, w, *options), textbook.conv2d_backward(dy, x, w, *options), strict=True):
        assert np.array_equal(ours, theirs)
    assert textbook.conv2d_backward(dy, x, w, *options, to_input=False)[0] is None


@pytest.mark.parametrize("stride, pad, ceil_mode", [(2, 0, False), (2, 1, True), (1, 1, False)])
def test_max_pooling(quarters, stride, pad, ceil_mode):
    x = quarters(2, 4, 12, 11)
    y, argmax = ops.max_pool_forward(x, 3, 3, stride, pad, ceil_mode)
    theirs = textbook.max_pool_forward(x, 3, 3, stride, pad, ceil_mode)
    assert np.array_equal(theirs[0], y) and np.array_equal(theirs[1], argmax) and theirs[1].dtype == np.int32
    dy = quarters(*y.shape)
    sizes = 12, 11, 3, 3, stride, pad
    assert np.array_equal(textbook.max_pool_backward(dy, argmax, *sizes), ops.max_pool_backward(dy, argmax, *sizes))


def test_it_is_a_backend_only_where_it_is_asked_for(monkeypatch):
    assert "textbook" not in backend.BACKENDS
    monkeypatch.setattr(backend, "BACKENDS", dict(backend.BACKENDS))
    monkeypatch.setattr(textbook, "BACKENDS", backend.BACKENDS)
    textbook.known()
    backend.use("textbook")
    assert backend.ops.conv2d_forward is textbook.conv2d_forward and backend.ops.lrn_forward is ops.lrn_forward
