"""Winograd's convolution: its matrices, every shape beside the columns in float64, how exact it is, when it is chosen."""
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import assert_same, assert_unchanged

import npnet
from npnet.backend import ops, use

winograd = pytest.importorskip("npnet.fast.winograd", reason="needs npnet.fast")

# size of the filters: what the results may differ by, in parts of the largest number: of y, dx, dw
EXACT = {3: (1e-5, 1e-5, 1e-5), 5: (1e-5, 1e-5, 3e-5)}

# N, C, H, W, K, R, pad, groups
CASES = [
    (1, 1, 4, 4, 1, 3, 1, 1),               # one tile
    (1, 3, 13, 13, 5, 3, 1, 1),
    (2, 4, 7, 6, 6, 3, 0, 2),
    (3, 2, 5, 9, 2, 3, 2, 1),               # tiles that lie in the padding
    (2, 3, 1, 1, 2, 3, 1, 1),               # a filter larger than the picture
    (2, 130, 6, 5, 3, 3, 1, 1),             # more channels than are transformed at once
    (2, 2, 6, 5, 131, 3, 1, 1),             # more filters than a share has
    (70, 2, 9, 8, 4, 3, 1, 2),              # several blocks of images
    (1, 1, 4, 4, 1, 5, 2, 1),
    (2, 6, 11, 7, 4, 5, 2, 2),
    (2, 3, 8, 9, 4, 5, 0, 1),
    (2, 2, 3, 2, 3, 5, 3, 1),
    (30, 4, 14, 13, 4, 5, 2, 4),
]


@pytest.fixture(autouse=True)
def numba():
    use("numba")


@pytest.fixture
def forced(monkeypatch):
    """Winograd for every layer with 3 x 3 or 5 x 5 filters and stride 1, however small."""
    monkeypatch.setattr(winograd, "suits", lambda x, w, stride, pad, groups:
                        x.dtype == np.float32 and stride == 1 and w.shape[2] == w.shape[3] and w.shape[2] in (3, 5))


def drawn(random, case):
    """x, w, b and dy of one case; x as after a ReLU."""
    N, C, H, W, K, R, pad, groups = case
    shapes = (N, C, H, W), (K, C // groups, R, R), (K,), (N, K, H + 2 * pad - R + 1, W + 2 * pad - R + 1)
    x, w, b, dy = (random.standard_normal(shape, np.float32) for shape in shapes)
    return np.maximum(x, 0), w, b, dy


def columns(x, w, b, dy, pad, groups):
    """y, dx, dw by the text with columns, in float64."""
    x, w, b, dy = (array.astype(np.float64) for array in (x, w, b, dy))
    return ops.conv2d_forward(x, w, b, 1, pad, groups), *ops.conv2d_backward(dy, x, w, 1, pad, groups)[:2]


def errors(got, expected):
    """The largest difference of each, in parts of the largest number."""
    return [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(got, expected)]


@pytest.mark.parametrize("r", [3, 5])
def test_four_outputs_with_few_multiplications(r):
    """In one dimension: exactly what the definition gives, for every input that is 1 at one place."""
    A, G, B = (matrix.astype(np.float64) for matrix in winograd.matrices(r))
    n = winograd.TILE + r - 1

    assert (A.shape, G.shape, B.shape) == ((n, 4), (n, r), (n, n))
    for place, tap in itertools.product(range(n), range(r)):
        x, w = np.eye(n)[place], np.eye(r)[tap]
        by_definition = [sum(w[i] * x[i + j] for i in range(r)) for j in range(4)]
        np.testing.assert_allclose(A.T @ ((G @ w) * (B @ x)), by_definition, atol=1e-6)


def test_the_matrices_of_three_by_hand():
    """The points are 0, 1, -1, 1/2, -2 and infinity."""
    A, G, B = winograd.matrices(3)

    assert A.tolist() == [[1, 0, 0, 0], [1, 1, 1, 1], [1, -1, 1, -1], [1, .5, .25, .125], [1, -2, 4, -8], [0, 0, 0, 1]]
    assert B[0].tolist() == [1, -1.5, -2, 1.5, 1, 0]                    # (t - 1)(t + 1)(t - 1/2)(t + 2)
    assert G[0].tolist() == [1, 0, 0]                                   # that polynomial is 1 at 0
    np.testing.assert_allclose(G[1], np.full(3, 1 / 3), rtol=1e-7)      # t (t + 1)(t - 1/2)(t + 2) is 3 at 1


@pytest.mark.parametrize("case", CASES)
def test_every_shape(forced, random, case):
    *pictures, pad, groups = case
    x, w, b, dy = drawn(random, case)
    y = assert_unchanged(ops.conv2d_forward, x, w, b, 1, pad, groups)
    dx, dw, db = assert_unchanged(ops.conv2d_backward, dy, x, w, 1, pad, groups)

    for error, most in zip(errors((y, dx, dw), columns(x, w, b, dy, pad, groups)), EXACT[w.shape[2]]):
        assert error < most
    np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3), dtype=np.float64), rtol=1e-6, atol=1e-5)
    assert_same((None, dw, db), ops.conv2d_backward(dy, x, w, 1, pad, groups, False, False))


@pytest.mark.parametrize("case", [                                      # AlexNet's layers
    pytest.param((2, 96, 27, 27, 256, 5, 2, 2), id="conv2"), pytest.param((4, 256, 13, 13, 384, 3, 1, 1), id="conv3"),
    pytest.param((4, 384, 13, 13, 256, 3, 1, 2), id="conv5"), pytest.param((1, 64, 56, 56, 64, 3, 1, 1), id="vgg")])
def test_how_exact_real_layers_are(random, case):
    *pictures, pad, groups = case
    x, w, b, dy = drawn(random, case)
    assert winograd.suits(x, w, 1, pad, groups)
    got = ops.conv2d_forward(x, w, b, 1, pad, groups), *ops.conv2d_backward(dy, x, w, 1, pad, groups)[:2]

    found = errors(got, columns(x, w, b, dy, pad, groups))
    assert all(1e-7 < error < most for error, most in zip(found, EXACT[w.shape[2]]))    # not the columns after all


@pytest.mark.parametrize("R", [3, 5])
def test_every_size_of_a_grid(forced, random, R):
    """Pictures from 1 to 9 pixels high and wide, with padding from none to more than the filter is wide."""
    for H, W, pad in itertools.product(range(1, 10), (1, 4, 5, 8), range(R + 2)):
        if min(H, W) + 2 * pad >= R:
            x, w, b, dy = drawn(random, (2, 2, H, W, 2, R, pad, 1))
            got = ops.conv2d_forward(x, w, b, 1, pad, 1), *ops.conv2d_backward(dy, x, w, 1, pad, 1)[:2]
            for one, other, most in zip(got, columns(x, w, b, dy, pad, 1), EXACT[R]):
                np.testing.assert_allclose(one, other, rtol=0, atol=most * max(1, np.abs(other).max()))


def test_a_tile_is_spoilt_by_what_is_not_finite(forced):
    """NaN stays seen, in all outputs of the tiles that hold it, and nowhere else."""
    x = np.ones((1, 1, 12, 12), np.float32)
    x[0, 0, 5, 5] = np.nan
    y = ops.conv2d_forward(x, np.ones((1, 1, 3, 3), np.float32), np.zeros(1, np.float32), 1, 1, 1)

    assert np.isnan(y[0, 0, 4:8, 4:8]).all() and np.isnan(y).sum() == 16
    np.testing.assert_allclose(y[0, 0, 8:, 1:-1], [[9] * 10] * 3 + [[6] * 10], rtol=1e-6)


def test_backward_is_the_transpose(forced, random):
    """<dy, y> = <dx, x> = <dw, w> without a bias."""
    for case in CASES:
        *pictures, pad, groups = case
        x, w, b, dy = drawn(random, case)
        y = ops.conv2d_forward(x, w, np.zeros_like(b), 1, pad, groups)
        dx, dw, db = ops.conv2d_backward(dy, x, w, 1, pad, groups)
        sizes = [float((one.astype(np.float64) * other).sum()) for one, other in ((dy, y), (dx, x), (dw, w))]
        assert np.ptp(sizes) < 1e-5 * float(np.abs(dy.astype(np.float64) * y).sum())


def test_a_whole_network_agrees_with_numpy():
    """AlexNet from a picture to its gradient: every layer's error comes on top of those before it."""
    net, results = npnet.model("krizhevsky2012", seed=1), []
    x = 50 * np.random.default_rng(0).standard_normal((2, 3, 227, 227), np.float32)
    for backend in ("numpy", "numba"):
        use(backend)
        y = net.forward(x)
        results.append([y, net.backward(y), *[gradient.copy() for gradient in net.grads().values()]])
    for one, other in zip(*results):
        assert 0 < np.linalg.norm(one - other) <= 1e-5 * np.linalg.norm(one)


def test_the_same_bits_twice_and_a_picture_alone(forced, random):
    x, w, b, dy = drawn(random, CASES[7])
    first = ops.conv2d_forward(x, w, b, 1, 1, 2), *ops.conv2d_backward(dy, x, w, 1, 1, 2)

    assert_same(first, (ops.conv2d_forward(x, w, b, 1, 1, 2), *ops.conv2d_backward(dy, x, w, 1, 1, 2)))
    alone = ops.conv2d_forward(x[3:4], w, b, 1, 1, 2)
    assert errors([alone], [first[0][3:4]])[0] < 2e-6


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads(forced, random, threads):
    use("numba", threads=threads)
    for case in CASES[5:8] + CASES[-1:]:
        *pictures, pad, groups = case
        x, w, b, dy = drawn(random, case)
        got = ops.conv2d_forward(x, w, b, 1, pad, groups), *ops.conv2d_backward(dy, x, w, 1, pad, groups)[:2]
        assert all(error < most for error, most in
                   zip(errors(got, columns(x, w, b, dy, pad, groups)), EXACT[w.shape[2]]))


def test_it_is_chosen_by_the_layer_alone():
    """Never in float64, for another stride, for few channels, where tiles are mostly empty; never by the batch."""
    def chosen(N=1, C=64, H=13, K=64, R=3, S=3, stride=1, pad=1, groups=1, dtype=np.float32):
        return winograd.suits(np.empty((N, C, H, H), dtype), np.empty((K, C // groups, R, S), dtype), stride, pad, groups)

    assert all(chosen(N=N) for N in (1, 2, 128)) and chosen(R=5, S=5, pad=2) and chosen(C=128, K=128, groups=2)
    assert not any((chosen(dtype=np.float64), chosen(stride=2), chosen(S=1), chosen(C=63), chosen(K=63), chosen(R=7, S=7),
                    chosen(C=64, K=64, groups=2), chosen(H=5)))


def test_it_can_be_turned_off():
    code = "from npnet.fast import winograd; print(winograd.LEAST)"
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "NPNET_WINOGRAD": "0"}, capture_output=True,
                         text=True, check=True)
    assert run.stdout == "{}\n"
