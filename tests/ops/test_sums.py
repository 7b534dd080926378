"""Sums and means of very many float32 numbers, against float64: a running sum in float32 drifts, on no backend may ours."""
import numpy as np
import pytest

import npnet
from npnet.backend import ops
from npnet.layers import BatchNorm
from npnet.optim import clipping


@pytest.fixture(params=[0, 100, 255])
def draw(backend, random, request):
    """draw(*shape): numbers around 0, 100 or 255, as pixels are before their mean is taken away."""
    return lambda *shape: (request.param + 0.1 + random.standard_normal(shape)).astype(np.float32)


@pytest.fixture
def side(backend):
    """A picture of side x side pixels has a million numbers; for the loops in Python fewer."""
    return 100 if backend == "loops" else 1000


def assert_right(got, exact):
    """Within two units in the last place of the float64 result."""
    exact = np.asarray(exact).astype(np.float32)
    assert got.dtype == np.float32
    assert (np.abs(np.float64(got) - exact) <= 2 * np.spacing(np.abs(exact))).all(), (got, exact)


def assert_product(got, terms):
    """Within 1e-5 of the sum of the absolute terms, as products of matrices are."""
    terms = np.float64(terms)
    assert abs(float(np.ravel(got)[0]) - terms.sum()) <= 1e-5 * np.abs(terms).sum()


def test_statistics_of_batch_norm(draw, side):
    x = draw(4, 1, side // 2, side // 2)
    mean, var = ops.batchnorm_statistics(x)

    assert_right(mean, [np.float64(x).mean()])
    assert_right(var, [np.float64(x).var()])


def test_gradients_of_biases(draw, side):
    dy = draw(4, 1, side // 2, side // 2)
    one, exact = np.ones(1, np.float32), [np.float64(dy).sum()]

    dx, dw, db = ops.batchnorm_backward(dy, dy, one, one, one, 0.0, True)
    assert_right(db, exact)
    assert_product(dw, np.float64(dy) * (np.float64(dy) - 1))
    dx, dw, db = ops.conv2d_backward(dy, dy, np.ones((1, 1, 1, 1), np.float32), 1, 0, 1)
    assert_right(db, exact)
    assert_product(dw, np.float64(dy) ** 2)


def test_gradients_of_biases_of_many_rows(draw, side):
    """Two columns side by side: NumPy adds such rows one after the other, not in pairs."""
    dy, x, two = draw(side * side // 2, 2), draw(side * side // 2, 1), np.ones(2, np.float32)

    dx, dw, db = ops.dense_backward(dy, x, np.ones((1, 2), np.float32))
    assert_right(db, np.float64(dy).sum(axis=0))
    dx, dw, db = ops.dense_backward(dy[:9999], x[:9999], np.ones((1, 2), np.float32))       # as BLAS adds a large batch
    assert_product(dw, np.float64(dy[:9999, :1]) * x[:9999])
    dx, dw, db = ops.batchnorm_backward(dy[..., None, None], dy[..., None, None], two, two, two, 0.0, True)
    assert_right(db, np.float64(dy).sum(axis=0))
    mean, var = ops.batchnorm_statistics(dy[..., None, None])
    assert_right(mean, np.float64(dy).mean(axis=0))


def test_gradients_of_many_small_pictures(draw, side):
    """The images of a batch are cut into blocks and threads: the sums of these are sums too."""
    dy = draw(side * 20, 1, 1, 2)
    dx, dw, db = ops.conv2d_backward(dy, dy, np.ones((1, 1, 1, 1), np.float32), 1, 0, 1)

    assert_right(db, [np.float64(dy).sum()])
    assert_product(dw, np.float64(dy) ** 2)


def test_products(draw, side):
    x, w, b = draw(1, side * side), draw(side * side, 1), np.zeros(1, np.float32)

    assert_product(ops.dense_forward(x, w, b), x[0] * np.float64(w[:, 0]))
    x, w = (a.ravel()[:side * side // 16].reshape(1, 1, side // 4, side // 4) for a in (x, w))
    assert_product(ops.conv2d_forward(x, w, b, 1, 0, 1), x * np.float64(w))


def test_means(draw, side):
    x = draw(1, 1, side, side)
    wide = side // 4

    assert_right(ops.adaptive_avg_pool_forward(x, 1, 1).ravel(), [np.float64(x).mean()])
    assert_right(ops.avg_pool_forward(x[:, :, :wide, :wide], wide, wide, 1, 0, False, True).ravel(),
                 [np.float64(x[:, :, :wide, :wide]).mean()])


def test_the_loss_and_softmax(backend, random, side):
    logits, labels = random.standard_normal((side * 10, 2)).astype(np.float32) * 40, np.arange(side * 10) % 2
    margins = np.float64(logits[np.arange(len(labels)), 1 - labels]) - logits[np.arange(len(labels)), labels]
    many = np.full((1, side * side), 100.1, np.float32)

    assert ops.softmax_cross_entropy(logits, labels)[0] == pytest.approx(np.logaddexp(0, margins).mean(), rel=2e-7)
    assert_right(ops.softmax_forward(many)[0, :1], [1 / many.size])
    assert_right(ops.log_softmax_forward(many)[0, :1], [-np.log(many.size)])


@pytest.mark.parametrize("turned", [False, True])
def test_lrn_within_a_long_window(draw, side, turned):
    x = draw(1, 1, 1, side // 2)
    x = x.swapaxes(2, 3).copy() if turned else x
    y, scale = ops.lrn_within_forward(x, 2 * x.size + 1, 1.0, 0.5, 0.75)

    assert_right(scale.ravel(), np.full(x.size, 1 + 0.5 * (np.float64(x) ** 2).sum()))


def test_norms_for_clipping(draw, side):
    grads = {"a": draw(side, side), "b": draw(side)}
    length = np.sqrt(sum((np.float64(g) ** 2).sum() for g in grads.values()))

    assert clipping(grads, 1.0) == pytest.approx(1 / length, rel=1e-12)


@pytest.mark.parametrize("value, shape", [(100.1, (64, 1, 55, 55)), (255.3, (8, 1, 227, 227))])
def test_batch_norm_of_one_colour_is_zero(backend, value, shape):
    if backend == "loops":
        shape = (2, *shape[1:])
    net = npnet.Network(shape[1:], norm1=BatchNorm())

    assert not net.forward(np.full(shape, value, np.float32), train=True).any()
