"""Every layer on 1, 2 and 3 threads, cut into pieces and blocks that do not come out even: the chapter's numbers."""
import importlib.util
import warnings

import numpy as np
import pytest
from helpers import assert_close, assert_same

import npnet
from npnet import ops as chapters
from npnet.backend import ops

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("npnet.fast"), reason="needs npnet.fast")

SAME = "relu max_pool dropout".split()                  # to the bit


def arguments(random, operation, N, C, H, W):
    """What an operation can be called with; multiples of 1/4, so that sums of pooling are exact in any order."""
    def drawn(*shape):
        return (random.integers(-8, 9, shape) / 4).astype(np.float32)

    x, dy, channels = drawn(N, C, H, W), drawn(N, C, H, W), (drawn(C) ** 2 + 1).astype(np.float32)
    y, argmax = chapters.max_pool_forward(x, 3, 3, 2, 1, True)
    groups = 2 if C % 2 == 0 else 1
    return {
        "relu_forward": (x,), "relu_backward": (dy, x), "tanh_forward": (x,), "tanh_backward": (dy, x / 2),
        "sigmoid_forward": (x,), "sigmoid_backward": (dy, x / 2),
        "max_pool_forward": (x, 3, 3, 2, 1, True), "max_pool_backward": (y, argmax, H, W, 3, 3, 2, 1),
        "avg_pool_forward": (x, 3, 3, 2, 1, True, False), "avg_pool_backward": (y, H, W, 3, 3, 2, 1, True),
        "adaptive_avg_pool_forward": (x, 3, 2), "adaptive_avg_pool_backward": (drawn(N, C, 3, 2), H, W),
        "lrn_forward": (x, 5, 2.0, 0.9, 0.75, groups), "lrn_backward": (dy, x, x * x + 1, 5, 0.9, 0.75, groups),
        "lrn_within_forward": (x, 5, 2.0, 0.9, 0.75), "lrn_within_backward": (dy, x, x * x + 1, 5, 0.9, 0.75),
        "batchnorm_statistics": (x,), "batchnorm_forward": (x, channels, channels, channels, channels, 1e-5),
        "batchnorm_backward": (dy, x, channels, channels, channels, 1e-5, True),
        "dropout_forward": (x, x > 0, 0.2), "dropout_backward": (dy, x > 0, 0.2),
        "sgd_update": (x, dy, dy / 2, 0.1, 0.9, 0.01), "sgd_update_torch": (x, dy, dy / 2, 0.1, 0.9, 0.01),
    }[operation]


def called(function, given):
    """The results as a list; for the update, which has none, what it made of w and v."""
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in given]
    result = function(*given)
    return [given[0], given[2]] if result is None else list(result) if isinstance(result, tuple) else [result]


@pytest.fixture(params=[1, 2, 3])
def cut(request, monkeypatch):
    """The numba row on so many threads, whatever the size."""
    npnet.use("numba")
    from npnet.fast import lrn, pieces, threads
    monkeypatch.setattr(threads, "count", lambda: request.param)
    for module, name, value in (pieces, "FLAT", 0), (pieces, "MANY", 0), (pieces, "CHUNK", 50), (lrn, "BLOCK", 50):
        monkeypatch.setattr(module, name, value)


# 40 maps do not come out even in blocks of maps; 132 and 1 pixels are more and fewer than batch norm's totals and lrn's blocks
@pytest.mark.parametrize("shape", [(2, 20, 12, 11), (1, 7, 12, 11), (1, 1, 5, 6), (3, 1, 1, 1), (0, 3, 4, 5)])
@pytest.mark.parametrize("operation", [name for names in (
    "relu_forward relu_backward tanh_forward tanh_backward sigmoid_forward sigmoid_backward max_pool_forward",
    "max_pool_backward avg_pool_forward avg_pool_backward adaptive_avg_pool_forward adaptive_avg_pool_backward lrn_forward",
    "lrn_backward lrn_within_forward lrn_within_backward batchnorm_statistics batchnorm_forward batchnorm_backward",
    "dropout_forward dropout_backward sgd_update sgd_update_torch") for name in names.split()])
def test_on_numba_whatever_the_threads(cut, random, operation, shape):
    given = arguments(random, operation, *shape)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):           # no image has a mean: NaN
        expected = called(getattr(chapters, operation), given)
    first, second = called(getattr(ops, operation), given), called(getattr(ops, operation), given)
    same = any(operation.startswith(name) for name in SAME)

    for one, other, again in zip(expected, first, second, strict=True):
        assert_same(other, again)
        (assert_same if same or not shape[0] else assert_close)(one, other)


def test_on_numba_a_parameter_that_is_turned_is_changed(cut, random):
    """Seen as one row of numbers, a turned array would be a copy, and the copy would be changed."""
    w, dw, v = random.standard_normal((3, 4, 5)).astype(np.float32)
    for update in (ops.sgd_update, ops.sgd_update_torch):
        for turned in ((True, False), (False, True)):
            straight = [w.copy(), v.copy()]
            given = [np.asfortranarray(a) if t else a.copy() for a, t in zip((w, v), turned)]
            update(straight[0], dw, straight[1], 0.1, 0.9, 0.01)
            update(given[0], dw, given[1], 0.1, 0.9, 0.01)
            for one, other in zip(straight, given):
                assert_close(one, other)


def test_on_numba_small_work_stays_where_it_is(monkeypatch):
    npnet.use("numba")
    from npnet.fast import pieces
    spread = []
    monkeypatch.setattr(pieces, "spread", lambda task, total: spread.append(total) or [task(0, total)])
    for numbers in (2 ** 20 - 1, 2 ** 20):
        assert ops.relu_forward(np.ones(numbers, np.float32)).all()
    for rows in (2 ** 12 - 1, 2 ** 12):
        assert ops.avg_pool_forward(np.ones((rows, 1, 8, 4), np.float32), 2, 2, 2, 0, False, True).all()

    assert spread == [2 ** 20, 2 ** 12]


def test_no_pictures_at_all():
    """Of a batch of 0 every gradient of parameters is 0, and nothing outside the arrays is read."""
    npnet.use("numba")
    ones = np.ones((4, 64, 8, 8), np.float32)
    none, w = ones[4:], np.ones((64, 64, 3, 3), np.float32)
    for stride in (1, 2):                                               # Winograd's, and columns
        y = ops.conv2d_forward(none, w, np.zeros(64, np.float32), stride, 1, 1)
        dx, dw, db = ops.conv2d_backward(y, none, w, stride, 1, 1)
        assert y.shape[0] == 0 and dx.shape == none.shape and not dw.any() and not db.any()
    flat, dy = ones.reshape(4, -1)[4:], np.ones((5, 10), np.float32)[5:]
    dx, dw, db = ops.dense_backward(dy, flat, np.ones((64 * 64, 10), np.float32))
    assert dx.shape == flat.shape and not dw.any() and not db.any()


def test_windows_that_hardly_ever_meet_the_picture():
    """A stride far beyond the picture takes no more memory than one just beyond it."""
    x = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    w, stride = np.ones((1, 1, 3, 3), np.float32), 2 ** 30
    npnet.use("numba")

    y, argmax = ops.max_pool_forward(x, 3, 3, stride, 0, False)
    assert (y.tolist(), argmax.tolist()) == ([[[[18]]]], [[[[8]]]])
    y = ops.conv2d_forward(x, w, np.zeros(1, np.float32), stride, 0, 1)
    dx, dw, db = ops.conv2d_backward(y, x, w, stride, 0, 1)
    assert y.item() == 81 and dx[0, 0, :3, :3].tolist() == [[81] * 3] * 3 and dx.sum() == 9 * 81
