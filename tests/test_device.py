"""The array texts on arrays that are not NumPy's: every operation and a whole network, without a card."""
import numpy as np
import pytest
from standin import DeviceArray, opened, to_host

import npnet
from npnet import ops as chapters
from npnet.backend import BACKENDS, NUMPY, OPERATIONS, ops
from npnet.layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                          MaxPool, ReLU, Sigmoid, Tanh)


def drawn(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


X, W, B, DY = drawn(2, 4, 7, 6), drawn(6, 2, 3, 3), drawn(6), drawn(2, 6, 4, 3)
FLAT, LABELS = drawn(3, 5), np.array([0, 4, 2])
POOLED, ARGMAX = chapters.max_pool_forward(X, 3, 3, 2, 1, True)
SCALE = chapters.lrn_forward(X, 3, 2, 0.7, 0.75, 2)[1]
C = drawn(4)

CALLS = {
    "dense_forward": (FLAT, drawn(5, 2), drawn(2)), "dense_backward": (drawn(3, 2), FLAT, drawn(5, 2)),
    "relu_forward": (X,), "relu_backward": (X, X), "tanh_forward": (X,), "tanh_backward": (X, X),
    "sigmoid_forward": (X,), "sigmoid_backward": (X, X), "softmax_forward": (FLAT,), "softmax_backward": (FLAT, FLAT),
    "log_softmax_forward": (FLAT,), "log_softmax_backward": (FLAT, FLAT), "softmax_cross_entropy": (FLAT, LABELS),
    "im2col": (X, 3, 3, 2, 1, True), "col2im": (chapters.im2col(X, 3, 3, 2, 1), 7, 6, 2, 1),
    "conv2d_forward": (X, W, B, 2, 1, 2), "conv2d_backward": (DY, X, W, 2, 1, 2),
    "max_pool_forward": (X, 3, 3, 2, 1, True), "max_pool_backward": (POOLED, ARGMAX, 7, 6, 3, 3, 2, 1),
    "avg_pool_forward": (X, 3, 3, 2, 1, True, False), "avg_pool_backward": (POOLED, 7, 6, 3, 3, 2, 1, True),
    "adaptive_avg_pool_forward": (X, 3, 2), "adaptive_avg_pool_backward": (drawn(2, 4, 3, 2), 7, 6),
    "lrn_forward": (X, 3, 2, 0.7, 0.75, 2), "lrn_backward": (X, X, SCALE, 3, 0.7, 0.75, 2),
    "lrn_within_forward": (X, 3, 1, 0.1, 0.75), "lrn_within_backward": (X, X, SCALE, 3, 0.1, 0.75),
    "batchnorm_statistics": (X,), "batchnorm_forward": (X, C, C, C, C ** 2, 1e-5),
    "batchnorm_backward": (X, X, C, C, C ** 2, 1e-5, True),
    "dropout_forward": (X, X > 0, 0.2), "dropout_backward": (X, X > 0, 0.2),
}


@pytest.fixture
def device():
    """A backend of its own, made as its docstring says: NUMPY's row with other ends."""
    BACKENDS["standin"] = lambda: {**NUMPY, "device": "standin", "to_device": DeviceArray, "to_host": to_host}
    yield npnet.use("standin")
    del BACKENDS["standin"]


def on_device(arguments):
    return [DeviceArray(a) if isinstance(a, np.ndarray) else a for a in arguments]


def assert_same_on_host(expected, got):
    for one, other in zip(*(r if isinstance(r, tuple) else (r,) for r in (expected, got)), strict=True):
        assert isinstance(other, DeviceArray)
        assert other.dtype == np.asarray(one).dtype
        np.testing.assert_array_equal(to_host(other), one)


def test_every_operation_is_tried():
    assert sorted([*CALLS, "sgd_update", "sgd_update_torch"]) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", CALLS)
def test_operation(device, name):
    assert_same_on_host(NUMPY[name](*CALLS[name]), getattr(ops, name)(*on_device(CALLS[name])))


@pytest.mark.parametrize("name", ["sgd_update", "sgd_update_torch"])
def test_update(device, name):
    host = [drawn(3, 4), drawn(3, 4) + 1, drawn(3, 4) * 2]
    there = on_device(host)
    NUMPY[name](*host, 0.1, 0.9, 0.01)
    getattr(ops, name)(*there, 0.1, 0.9, 0.01)

    for one, other in zip(host, there):
        np.testing.assert_array_equal(to_host(other), one)


def small():
    """One of every sort of layer."""
    return npnet.Network((4, 19, 19), conv1=Conv2D(8, 5, stride=2, groups=2, std=0.3), relu1=ReLU(),
                         norm1=LRN(3, alpha=0.7, groups=2), within1=LRNWithin(3), pool1=MaxPool(3, 2, ceil_mode=True),
                         both=Concat([dict(one=Conv2D(3, 1, std=0.3)), dict(three=Conv2D(5, 3, pad=1, std=0.3))]),
                         norm2=BatchNorm(), tanh2=Tanh(), avg2=AvgPool(2, 1, pad=1), pool3=AdaptiveAvgPool(3),
                         flatten=Flatten(), fc4=Dense(6, std=0.3), sigmoid4=Sigmoid(), drop4=Dropout(0.2), fc5=Dense(5))


def test_network_trains_a_step_on_the_device_like_on_the_host(device):
    x, labels = drawn(11, 4, 19, 19), np.arange(11) % 5
    there = small()
    loss, dlogits = ops.softmax_cross_entropy(there.forward(DeviceArray(x), train=True), DeviceArray(labels))
    dx = there.backward(dlogits)
    npnet.use("numpy")
    here = small()
    host_loss, host_dlogits = ops.softmax_cross_entropy(here.forward(x, train=True), labels)
    host_dx = here.backward(host_dlogits)

    np.testing.assert_array_equal(to_host(dx), host_dx)
    assert float(loss) == float(host_loss)
    for name, gradient in here.grads().items():
        np.testing.assert_array_equal(to_host(there.grads()[name]), gradient)


def test_saved_on_the_device_and_loaded_on_the_host(device, tmp_path):
    there = small()
    there.save(tmp_path / "net.npz")
    expected = to_host(there.forward(DeviceArray(drawn(2, 4, 19, 19))))
    npnet.use("numpy")

    np.testing.assert_array_equal(npnet.load(tmp_path / "net.npz").forward(drawn(2, 4, 19, 19)), expected)
    with pytest.raises(ValueError, match="built on the standin and the backend numpy computes on the host; save it"):
        there.forward(drawn(2, 4, 19, 19))


def test_the_stand_in_refuses_what_a_card_refuses():
    array = DeviceArray(drawn(3))
    for wrong in (np.asarray, np.ascontiguousarray, lambda a: a + drawn(3), lambda a: a.flat,
                  np.add.reduce, lambda a: np.lib.stride_tricks.as_strided(a, (2,), (4,))):
        with pytest.raises((TypeError, AttributeError)):
            wrong(array)
    assert opened(array + 1).tolist() == (drawn(3) + 1).tolist()
