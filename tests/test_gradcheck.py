"""The gradient checker: it must accept what is right, reject what is wrong, and say where.

The layers here are small and written for this file. "Right" and "wrong" differ in one argument, so that each
rejection is the checker's doing and not an accident of the layer.
"""
import re
from pathlib import Path

import numpy as np
import pytest

from npnet import gradcheck
from npnet.gradcheck import check_adjoint, check_directions, check_gradients


def numbers(*shape, seed=0):
    """Distinct numbers, at least 0.01 apart and none within 0.005 of 0, in random order."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count // 2 + 0.5) * 0.013
    return np.random.default_rng(seed).permutation(values).reshape(shape)


# ------------------------------------------------------------------- layers to be checked

def dense_forward(x, w, b):
    return x @ w + b


def dense_backward(dy, x, w, b):
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)


DENSE = dense_forward, dense_backward
DENSE_INPUTS = numbers(4, 5), numbers(5, 3, seed=1), numbers(3, seed=2)


class Dense:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x, train=False):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy, to_input=True):
        self.dw, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.w.T

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}


class LRN:
    """y = x / s^beta with s = k + alpha * (sum of x^2 over n neighbouring channels)."""

    def __init__(self, alpha=0.7, cross_term=True):
        self.alpha, self.cross_term = alpha, cross_term

    def window(self, a, n=5):
        padded = np.concatenate([a[:, :n // 2] * 0, a, a[:, :n // 2] * 0], axis=1)
        return sum(padded[:, i:i + a.shape[1]] for i in range(n))

    def forward(self, x):
        self.x, self.s = x, 2 + self.alpha * self.window(x * x)
        return x * self.s ** -0.75

    def backward(self, dy):
        dx = dy * self.s ** -0.75
        if self.cross_term:
            dx = dx - 1.5 * self.alpha * self.x * self.window(dy * self.x * self.s ** -1.75)
        return dx


class Dropout:
    """Inverted dropout whose mask depends on the seed alone, as a checkable forward's must."""

    def __init__(self, p=0.2, second_mask=False):
        self.p, self.second_mask = p, second_mask

    def mask(self, shape, seed):
        return (np.random.default_rng(seed).random(shape) >= self.p) / (1 - self.p)

    def forward(self, x, train=False):
        return x * self.mask(x.shape, seed=1) if train else x

    def backward(self, dy):
        return dy * self.mask(dy.shape, seed=2 if self.second_mask else 1)


def im2col(x, size, stride):
    N, C, H, W = x.shape
    P, Q = (H - size) // stride + 1, (W - size) // stride + 1
    cols = np.empty_like(x, shape=(N, C, size, size, P, Q))
    for r in range(size):
        for s in range(size):
            cols[:, :, r, s] = x[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
    return cols


def col2im(cols, x, stride, add):
    size, P, Q = cols.shape[3:]
    dx = np.zeros_like(x)
    for r in range(size):
        for s in range(size):
            place = np.s_[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
            dx[place] = dx[place] + cols[:, :, r, s] if add else cols[:, :, r, s]
    return dx


def convolution(stride=1, add=True):
    """A pair of functions of x (N, C, H, W) and w (K, C, R, R); add=False is the col2im that overwrites."""
    def forward(x, w):
        cols = im2col(x, w.shape[-1], stride)
        y = w.reshape(len(w), -1) @ cols.reshape(len(x), w[0].size, -1)         # (N, K, PQ)
        return y.reshape(len(x), len(w), *cols.shape[-2:])

    def backward(dy, x, w):
        cols = im2col(x, w.shape[-1], stride)
        dy_mat = dy.reshape(len(x), len(w), -1)                                 # (N, K, PQ)
        dw = (dy_mat @ cols.reshape(len(x), w[0].size, -1).swapaxes(1, 2)).sum(axis=0)
        dcols = (w.reshape(len(w), -1).T @ dy_mat).reshape(cols.shape)
        return col2im(dcols, x, stride, add), dw.reshape(w.shape)

    return forward, backward


def relu_forward(x):
    return np.maximum(x, 0)


def relu_backward(dy, x):
    return dy * (x > 0)


RELU = relu_forward, relu_backward


def identity_with(change):
    """y = x, with a backward that returns change(dy): every kind of wrong gradient is one expression."""
    return (lambda x: x * 1.0), (lambda dy, x: change(dy.copy()))


def accepted(report):
    assert report.ok, report
    return report


def assert_gradients(subject, *inputs, **options):
    return accepted(check_gradients(subject, *inputs, **options))


def failing(subject, *inputs, **options):
    """The only row of a report that must not be ok."""
    report = check_gradients(subject, *inputs, **options)
    assert not report.ok
    return report.rows[0]


def spoil(place, factor=None):
    """A gradient that is wrong at `place` only: there a multiple of the right one, or of no pattern."""
    def change(dy):
        no_pattern = np.linspace(2, 3, dy[place].size).reshape(dy[place].shape)
        dy[place] *= no_pattern if factor is None else factor
        return dy
    return identity_with(change)


# ------------------------------------------------------------------- right layers are accepted

def test_by_hand():
    # y = x^2 at x = 1, 3 with dy = 2, -1: L = 2*1 - 9, dL/dx = 2*x*dy = 4, -6
    square = (lambda x: x * x), (lambda dy, x: 2 * x * dy)
    report = assert_gradients(square, np.array([1.0, 3.0]), dy=[2.0, -1.0], method="central")
    row, = report.rows
    assert (row.name, row.size, row.checked, row.kinks, row.wrong, row.verdict) == ("x", 2, 2, 0, 0, "ok")
    assert row.error < 1e-10
    worst = row.worst[0]
    assert row.analytic == [4, -6][worst] and row.numeric == pytest.approx([4, -6][worst], abs=1e-8)


def test_by_hand_wrong():
    cube = (lambda x: x ** 3), (lambda dy, x: 2 * x ** 2 * dy)          # 2 instead of 3
    row = failing(cube, np.array([1.0, 2.0]), dy=[1.0, 1.0])
    assert (row.wrong, row.worst, row.analytic) == (2, (1,), 8.0)
    assert row.numeric == pytest.approx(12)
    assert row.error == pytest.approx(1 / 5)                            # |2 - 3| / (2 + 3)


def test_pair_of_functions_with_several_inputs():
    report = assert_gradients(DENSE, *DENSE_INPUTS)
    assert [row.name for row in report.rows] == ["x", "w", "b"]         # forward's own words
    assert [row.checked for row in report.rows] == [20, 15, 3]
    named = assert_gradients(DENSE, *DENSE_INPUTS, names=("in", "weights", "bias"))
    assert [row.name for row in named.rows] == ["in", "weights", "bias"]


def test_names_where_forward_has_none():
    product = (lambda *arrays: arrays[0] * arrays[1]), (lambda dy, a, b: (dy * b, dy * a))
    report = assert_gradients(product, numbers(3), numbers(3, seed=1))
    assert [row.name for row in report.rows] == ["input 0", "input 1"]


def test_object_with_parameters_is_left_as_it_was():
    w, b, x = numbers(5, 3, seed=1), numbers(3, seed=2), numbers(4, 5)
    layer, before = Dense(w, b), (w.copy(), b.copy(), x.copy())
    report = assert_gradients(layer, x)
    assert [row.name for row in report.rows] == ["x", "w", "b"]
    assert [row.method for row in report.rows] == ["complex step"] + 2 * ["central differences"]
    assert [row.parameter for row in report.rows] == [False, True, True]
    for array, old in zip((w, b, x), before):
        assert np.array_equal(array, old)
    assert layer.x.dtype == np.float64                                  # no complex numbers left behind


def test_parameters_are_put_back_when_forward_raises():
    class Touchy(Dense):
        def forward(self, x):
            if self.b[0] != b[0]:
                raise RuntimeError("b moved")
            return super().forward(x)

    b = numbers(3)
    layer = Touchy(numbers(5, 3), b.copy())
    with pytest.raises(RuntimeError, match="b moved"):
        check_gradients(layer, numbers(4, 5))
    assert np.array_equal(layer.b, b)


def test_a_scalar_loss_and_a_plain_float():
    def backward(dy, x):
        return 2 * x * dy
    assert assert_gradients((lambda x: np.sum(x * x), backward), numbers(6)).rows[0].method == "complex step"
    assert assert_gradients((lambda x: float(np.sum(x * x)), backward), numbers(6)).rows[0].checked == 6
    assert assert_gradients((lambda x: x * x, backward), 3.0).rows[0].worst == ()      # an array without axes


def test_train_is_passed_on_only_if_asked_for():
    class Plain:
        def forward(self, x):
            return 2 * x

        def backward(self, dy):
            return 2 * dy

    assert_gradients(Plain(), numbers(4))
    assert_gradients(Dropout(), numbers(40), train=True)
    assert not check_gradients(Dropout(), numbers(40)).ok               # forward then drops nothing


def test_same_seed_same_report_other_seed_other_dy():
    x = numbers(2, 6, 2, 2)
    first, again, other = [check_gradients(LRN(), x, seed=seed).rows[0] for seed in (3, 3, 4)]
    assert first == again and first.numeric != other.numeric


def test_dy_is_spread_out():
    dy = gradcheck.spread((4, 5, 6), np.random.default_rng(0))
    assert dy.shape == (4, 5, 6) and len(np.unique(dy)) == 120
    assert 0.5 <= np.abs(dy).min() and np.abs(dy).max() <= 1.5 and (dy > 0).any() and (dy < 0).any()


def test_some_entries_only():
    runs = []
    forward, backward = convolution()
    counting = (lambda x, w: runs.append(1) or forward(x, w)), backward
    x, w = numbers(2, 3, 6, 6), numbers(4, 3, 3, 3)
    report = assert_gradients(counting, x, w, entries=10, method="central")
    assert [(row.checked, row.size) for row in report.rows] == [(10, 216), (10, 108)]
    assert "10 of 216 checked" in str(report)
    places = np.flatnonzero(report.rows[0].seen)            # drawn at random, not the first ten
    assert places.max() > 10 and (report.rows[0].slopes.ravel()[places] != 0).all()
    assert len(runs) == 4 + 2 * 2 * 10                      # twice at first, once at last, two an entry


def test_buffers_may_be_used_again():
    class Frugal:
        buffer = np.zeros(9)

        def forward(self, x):
            self.x = x.copy()
            return np.multiply(x, x, out=self.buffer)

        def backward(self, dy):
            return np.multiply(2 * self.x, dy, out=self.buffer)

    assert_gradients(Frugal(), numbers(9))


def test_rounding_is_not_held_against_backward():
    offset = (lambda x: x + 1e5), (lambda dy, x: dy)        # y has 1e-11 of rounding: 1e-6 in a slope
    row = assert_gradients(offset, numbers(30), method="central").rows[0]
    assert row.error < 1e-7
    wrong = (lambda x: x + 1e5), (lambda dy, x: 1.001 * dy)
    assert failing(wrong, numbers(30), method="central").wrong == 30


# ------------------------------------------------------------------- complex step

def test_complex_step_has_all_digits():
    x = numbers(2, 7, 3, 3)
    report = assert_gradients(LRN(), x, method="complex", tolerance=1e-12)
    assert report.rows[0].method == "complex step" and report.rows[0].error < 1e-14
    central = assert_gradients(LRN(), x, method="central").rows[0]
    assert central.method == "central differences" and 1e-14 < central.error < 1e-8
    assert assert_gradients(LRN(), x).rows[0].method == "complex step"  # auto finds out


def absolute(x):
    return np.sqrt(np.abs(x) ** 2 + 1)


def into_real_array(x):
    y = np.empty(x.shape)
    y[...] = x * x                      # numpy warns, and drops the imaginary part
    return y


def half_real(x):
    y = x * x
    return np.where(np.arange(y.size).reshape(y.shape) < 3, y.real, y)


def refuses_complex(x):
    if np.iscomplexobj(x):
        raise RuntimeError("reals only")
    return x * x


@pytest.mark.parametrize("forward", [absolute, into_real_array, half_real, refuses_complex])
def test_code_that_is_not_analytic_is_measured_centrally(forward, recwarn):
    def backward(dy, x):
        return dy * (x / np.sqrt(x * x + 1) if forward is absolute else 2 * x)
    report = assert_gradients((forward, backward), numbers(12))
    assert report.rows[0].method == "central differences"
    assert not recwarn.list
    with pytest.raises(ValueError, match="not analytic in x.*use method='central'"):
        check_gradients((forward, backward), numbers(12), method="complex")


def test_running_means_stay_real():
    class Centred:
        mean = 0.0

        def forward(self, x, train=False):
            if train:
                self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
            return x - x.mean(axis=0) if train else x - self.mean

        def backward(self, dy):
            return dy - dy.mean(axis=0)

    layer = Centred()
    assert assert_gradients(layer, numbers(4, 5), train=True).rows[0].method == "central differences"
    assert layer.mean.dtype == np.float64


# ------------------------------------------------------------------- kinks

def test_kinks_are_left_out_and_counted():
    x = numbers(5, 20)
    x[0, :4] = 0
    report = assert_gradients(RELU, x)
    row = report.rows[0]
    assert (row.kinks, row.checked, row.size) == (4, 96, 100)
    assert "96 of 100 checked (4 on a kink left out)" in str(report)
    assert row.method == "complex step"                     # the entries that remain are analytic


def test_too_many_kinks_are_a_failure():
    x = numbers(5, 20)
    x[0, :6] = 0
    row = failing(RELU, x)
    assert (row.kinks, row.verdict, row.wrong) == (6, "look", 0)
    assert "6 of 100 sit on a kink, more than 5 %" in row.notes


def test_nothing_but_kinks():
    assert "Nothing was checked." in failing(RELU, np.zeros((3, 4))).notes


def max_of_pairs(x):
    return x.reshape(-1, 2).max(axis=1)


def max_of_pairs_backward(dy, x):
    dx = np.zeros_like(x).reshape(-1, 2)
    dx[np.arange(len(dx)), x.reshape(-1, 2).argmax(axis=1)] = dy
    return dx.reshape(x.shape)


def test_ties_of_a_max_are_kinks():
    x = numbers(100)
    x[10] = x[11]
    row = assert_gradients((max_of_pairs, max_of_pairs_backward), x).rows[0]
    assert (row.kinks, row.checked) == (2, 98)


@pytest.mark.parametrize("distance, kinks", [(0, 1), (1e-7, 1), (1.5e-6, 1), (2e-6, 1), (2.4e-6, 1),
                                             (4e-6, 0), (9e-6, 0), (2e-5, 0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_kink_near_by(distance, kinks, sign):
    # h = 1e-5: within h/4 the entry is left out, between h/4 and h it is measured with h/4
    x = numbers(50)
    x[7] = sign * distance
    row = assert_gradients(RELU, x, method="central").rows[0]
    assert (row.kinks, row.checked) == (kinks, 50 - kinks)


def test_a_slight_kink():
    x = numbers(50)
    x[7] = 0                                                # the slopes there are 1 and 0.999
    leaky = (lambda x: np.maximum(x, 0.999 * x)), (lambda dy, x: dy * np.where(x > 0, 1, 0.999))
    assert assert_gradients(leaky, x).rows[0].kinks == 1


@pytest.mark.parametrize("function, slope", [
    (np.exp, np.exp),
    (lambda x: np.tanh(50 * x), lambda x: 50 / np.cosh(50 * x) ** 2),
    (lambda x: x ** 2, lambda x: 2 * x),
    (lambda x: 1e4 * np.cos(x), lambda x: -1e4 * np.sin(x)),
])
def test_curvature_is_not_a_kink(function, slope):
    x = numbers(40)
    x[3] = 0                                                # where x^2 and cos(x) are all curvature, no slope
    subject = function, (lambda dy, x: dy * slope(x))
    row = assert_gradients(subject, x, method="central", tolerance=1e-6).rows[0]
    assert row.kinks == 0 and row.checked == 40


def test_kinks_do_not_hide_errors():
    x = numbers(100)
    x[:3] = 0
    row = failing((relu_forward, lambda dy, x: dy * (x >= -0.1)), x)
    assert row.kinks == 3 and row.verdict == "wrong"
    assert row.wrong == np.sum((x < 0) & (x >= -0.1))       # the numbers from -0.1 to 0, without the kinks


# ------------------------------------------------------------------- refusals

def test_float32_arithmetic():
    forward = (lambda x: x.astype(np.float32) * 2), (lambda dy, x: 2 * dy)
    with pytest.raises(TypeError, match=r"your arithmetic is float32: .*make arrays with x.dtype"):
        check_gradients(forward, numbers(3))


def test_float32_inside_needs_another_precision_and_a_larger_step():
    def forward(x):
        return np.tanh(x.astype(np.float32)).astype(np.float64)

    def backward(factor):
        return lambda dy, x: factor * dy * (1 - np.tanh(x) ** 2)

    options = {"precision": np.finfo(np.float32).eps, "step": 1e-2, "tolerance": 1e-3}
    assert not check_gradients((forward, backward(1)), numbers(6, 8)).ok
    assert_gradients((forward, backward(1)), numbers(6, 8), **options)
    row = failing((forward, backward(1.02)), numbers(6, 8), **options)
    assert row.verdict == "wrong" and row.kinks == 0


def test_float32_input_is_cast_and_left_alone():
    x = numbers(4, 5).astype(np.float32)
    assert_gradients(DENSE, x, numbers(5, 3), numbers(3))
    assert x.dtype == np.float32
    assert_gradients(RELU, np.array([[1, -2], [3, -4]]))    # integers too


def test_float32_parameter():
    layer = Dense(numbers(5, 3).astype(np.float32), numbers(3))
    with pytest.raises(TypeError, match="parameter w is float32.*build the layer with dtype=np.float64"):
        check_gradients(layer, numbers(4, 5))


def test_integer_output():
    with pytest.raises(TypeError, match="your arithmetic is int64"):
        check_gradients(((lambda x: x.astype(np.int64)), relu_backward), numbers(3))


@pytest.mark.parametrize("y", [None, (1.0, 2.0)])
def test_forward_must_return_one_array(y):
    with pytest.raises(TypeError, match="forward must return one array, got (NoneType|tuple)"):
        check_gradients(((lambda x: y), relu_backward), numbers(3))


def test_forward_that_answers_differently_twice():
    rng = np.random.default_rng(0)
    noisy = (lambda x: x * (rng.random(x.shape) > 0.2)), (lambda dy, x: dy)
    with pytest.raises(ValueError, match="two answers for one input.*fix its random numbers"):
        check_gradients(noisy, numbers(50))


def test_forward_that_answers_differently_later():
    runs = []
    def forward(x):
        runs.append(1)
        return x * (1 if len(runs) < 3 else 2)              # agrees twice, by chance as it were
    with pytest.raises(ValueError, match="two answers"):
        check_gradients((forward, lambda dy, x: 2 * dy), numbers(5), method="central")
    answers = [np.ones(3), np.full(3, np.nan)]
    with pytest.raises(ValueError, match="two answers"):
        check_gradients(((lambda x: answers.pop(0)), relu_backward), numbers(3))


def test_forward_that_is_not_finite():
    with pytest.raises(ValueError, match=r"forward returned nan at \[0, 1\]"), np.errstate(invalid="ignore"):
        check_gradients((np.sqrt, lambda dy, x: dy), np.array([[1.0, -1.0]]))
    with pytest.raises(ValueError, match=r"forward returned nan at \[1\]"):
        check_gradients(RELU, np.array([1.0, np.nan]))


def test_slope_that_is_not_finite():
    with np.errstate(invalid="ignore"):
        row = failing((np.sqrt, lambda dy, x: dy), np.array([1.0, 0.0]), method="central")
    assert row.verdict == "wrong" and row.notes == "The numeric gradient is nan at [1]."


def test_gradient_that_is_not_finite():
    infinite = np.array([[0, 0, 0], [0, np.inf, 0]])
    row = failing(identity_with(lambda dy: dy + infinite), numbers(2, 3))
    assert row.verdict == "wrong" and row.notes == "The analytic gradient is inf at [1, 1]."
    assert np.isnan(row.error)


def test_in_place_is_refused():
    def relu_in_place(x):
        x[x < 0] = 0
        return x

    def zero_dy(dy, x):
        dy[x < 0] = 0
        return dy

    def zero_x(dy, x):
        x[x < 0] = 0
        return dy * (x > 0)

    x = numbers(8)
    before = x.copy()
    with pytest.raises(ValueError, match="forward changed x in place"):
        check_gradients((relu_in_place, relu_backward), x)
    with pytest.raises(ValueError, match="backward changed dy in place"):
        check_gradients((relu_forward, zero_dy), x)
    with pytest.raises(ValueError, match="backward changed x in place"):
        check_gradients((relu_forward, zero_x), x)
    assert np.array_equal(x, before)


def test_missing_gradients():
    with pytest.raises(ValueError, match="a gradient for x, but it gave None"):
        check_gradients((relu_forward, lambda dy, x: None), numbers(3))
    with pytest.raises(ValueError, match=r"for each of x, w, b, in this order; it returned 2"):
        check_gradients((dense_forward, lambda *a: dense_backward(*a)[:2]), *DENSE_INPUTS)
    layer = Dense(numbers(5, 3), numbers(3))
    layer.grads = lambda: {"w": layer.dw}
    with pytest.raises(ValueError, match=r"grads\(\) must hold a gradient for b, under the same name as in params"):
        check_gradients(layer, numbers(4, 5))


def test_wrong_calls():
    with pytest.raises(TypeError, match=r"needs an object with forward and backward, .*got function"):
        check_gradients(relu_forward, numbers(3))
    with pytest.raises(TypeError, match="and an input; got tuple and 0 inputs"):
        check_gradients(RELU)
    with pytest.raises(ValueError, match="method must be 'auto'"):
        check_gradients(RELU, numbers(3), method="forward")
    with pytest.raises(ValueError, match=r"dy must have the shape of y, \(3,\), but has \(4,\)"):
        check_gradients(RELU, numbers(3), dy=np.ones(4))
    with pytest.raises(ValueError, match="names must hold 1 different names"):
        check_gradients(RELU, numbers(3), names=("x", "w"))
    with pytest.raises(ValueError, match="none of them a parameter's"):
        check_gradients(Dense(numbers(5, 3), numbers(3)), numbers(4, 5), names=("w",))


# ------------------------------------------------------------------- checks that could not fail

def test_zero_gradients_check_nothing():
    ones = np.ones((4, 5))
    softmax = (lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)), (lambda dy, x: np.zeros_like(x))
    row = failing(softmax, numbers(4, 5), dy=ones)          # all-ones dy: the trap
    assert "zero everywhere" in row.notes and "nothing was checked" in row.notes
    row = failing(softmax, numbers(4, 5))                   # the random one sees it
    assert row.verdict == "wrong" and row.wrong == 20 and row.analytic == 0
    assert not check_gradients(RELU, -1 - np.abs(numbers(4, 5))).ok


def test_no_entries_check_nothing():
    assert failing(RELU, numbers(4), entries=0).notes == "Nothing was checked."
    assert not check_gradients(RELU, np.zeros((0, 3))).ok
    assert not gradcheck.Report().ok


def test_a_parameter_may_have_no_gradient():
    class Centred(Dense):                                   # the mean takes the bias away again
        def forward(self, x):
            y = super().forward(x)
            return y - y.mean(axis=0)

        def backward(self, dy):
            return super().backward(dy - dy.mean(axis=0))

    report = assert_gradients(Centred(numbers(5, 3), numbers(3)), numbers(4, 5))
    assert report.rows[2].name == "b"
    assert report.rows[2].notes == "Both gradients are zero everywhere, up to rounding."


# ------------------------------------------------------------------- shapes

def test_transposed_shape():
    row = check_gradients((dense_forward, lambda dy, x, w, b: (dy @ w.T, dy.T @ x, dy.sum(axis=0))),
                          numbers(4, 5), numbers(5, 3), numbers(3)).rows[1]
    assert (row.verdict, row.checked) == ("wrong", 0)
    assert row.notes == "dw has shape (3, 5), but w has (5, 3): it is transposed."


def test_other_shape():
    report = check_gradients((dense_forward, lambda dy, x, w, b: (dy @ w.T, x.T @ dy, dy)),
                             numbers(4, 5), numbers(5, 3), numbers(3))
    assert [row.verdict for row in report.rows] == ["ok", "ok", "wrong"]
    assert report.rows[2].notes == "db has shape (4, 3), but b has (3,)."


# ------------------------------------------------------------------- verdicts

X4 = numbers(3, 8, 5, 7)


def test_right_entries_are_not_accused():
    # a small error beside large gradients, and the other way round: the count is exact in both
    for scale in (1e-3, 1e3):
        row = failing(spoil(np.s_[:, 4:], factor=1 + scale), X4)
        assert row.wrong == 420 and row.errors[:, 4:].all()


def test_bands():
    for factor, verdict in ((1 + 1e-8, "ok"), (1 + 1e-6, "look"), (1 + 1e-3, "wrong")):
        report = check_gradients(identity_with(lambda dy: factor * dy), X4)
        assert report.rows[0].verdict == verdict and report.ok == (verdict == "ok")
        assert report.rows[0].wrong == (0 if report.ok else X4.size)
    assert_gradients(identity_with(lambda dy: (1 + 1e-6) * dy), X4, tolerance=1e-5)


# ------------------------------------------------------------------- the report

def test_report_is_readable():
    w = numbers(5, 3)
    def backward(dy, x, w, b):
        dx, dw, db = dense_backward(dy, x, w, b)
        dw[:, -1] *= np.linspace(2, 3, 5)
        return dx, dw, 4 * db
    report = check_gradients((dense_forward, backward), numbers(4, 5), w, numbers(3))
    text = str(report)
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[:2] == ["gradient check FAILED", f"  x: ok, error {report.rows[0].error:.1e}"]
    assert re.search(r"    5 wrong; worst at \[\d, 2\]: analytic [-.\d]+, numeric [-.\d]+\n", text)
    assert str(check_gradients(RELU, numbers(4))).startswith("gradient check passed\n  x: ok")


def test_report_with_long_names_stays_within_80_columns():
    name = "inception_4a_branch3x3_reduce_convolution.weights_of_the_second_group"
    text = str(check_gradients(spoil(np.s_[:, 4:]), X4, names=(name,)))
    assert max(map(len, text.splitlines())) <= 80 and name in text


# ------------------------------------------------------------------- random directions, adjoint identity

class Network:
    """Dense, ReLU, dense: enough of a network."""

    def __init__(self, bug=1.0):
        self.layers = {"fc1": Dense(numbers(6, 40), numbers(40)), "fc2": Dense(numbers(40, 3), numbers(3))}
        self.bug = bug

    def forward(self, x, train=False):
        self.hidden = np.maximum(self.layers["fc1"].forward(x), 0)
        return self.layers["fc2"].forward(self.hidden)

    def backward(self, dy, to_input=True):
        dy = self.layers["fc2"].backward(dy) * (self.hidden > 0)
        dx = self.layers["fc1"].backward(dy)
        self.layers["fc1"].dw *= self.bug
        return dx

    def params(self):
        return {f"{name}.{key}": a for name, fc in self.layers.items() for key, a in fc.params().items()}

    def grads(self):
        return {f"{name}.{key}": a for name, fc in self.layers.items() for key, a in fc.grads().items()}


def test_directions_accept_and_reject():
    report = accepted(check_directions(Network(), numbers(8, 6)))
    assert [row.name for row in report.rows] == ["x", "fc1.w", "fc1.b", "fc2.w", "fc2.b"]
    assert all((row.checked, row.size, row.method) == (20, 20, "random directions") for row in report.rows)
    assert all(row.error < 1e-8 for row in report.rows)
    report = check_directions(Network(bug=8.0), numbers(8, 6))
    assert [row.verdict for row in report.rows] == ["ok", "wrong", "ok", "ok", "ok"]
    assert report.rows[1].analytic == pytest.approx(8 * report.rows[1].numeric)


def test_directions_see_a_single_wrong_entry():
    forward, backward = spoil(np.s_[1:2, 2:3, 3:4, 4:5])
    assert not check_directions((forward, backward), X4).ok


def test_directions_cost_two_runs_each():
    runs = []
    counting = (lambda x: runs.append(1) or x * 2), (lambda dy, x: 2 * dy)
    assert accepted(check_directions(counting, numbers(30, 40), directions=7)).rows[0].checked == 7
    assert len(runs) == 4 + 2 * 7


def test_kinks_along_directions():
    x = numbers(5, 20)
    x[0, 0] = 0                                             # every direction moves it off 0
    report = check_directions(RELU, x)
    row = report.rows[0]
    assert row.kinks == 20 and not report.ok
    assert "20 of 20 sit on a kink" in row.notes and "Nothing was checked." in row.notes
    x[0, 0] = 2e-7                                          # only directions that move it further meet it
    assert 0 < check_directions(RELU, x).rows[0].kinks < 20


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_adjoint_of_a_convolution(stride):
    x, w = numbers(2, 3, 8, 7), numbers(4, 3, 3, 3, seed=1)
    report = accepted(check_adjoint(convolution(stride), x, w))
    assert [row.name for row in report.rows] == ["x", "w"] and all(row.error < 1e-14 for row in report.rows)
    assert_gradients(convolution(stride), x, w, entries=40)


def test_adjoint_by_hand():
    # y = 2x + 3 at x = (1, 2), dy = (5, -1): <dy, F(x) - F(0)> = 5*2 - 1*4 = 6 = <dx, x> = 10*1 - 2*2
    def forward(x):
        return 2 * x + 3
    x, dy = np.array([1.0, 2.0]), [5.0, -1.0]
    row = accepted(check_adjoint((forward, lambda dy, x: 2 * dy), x, dy=dy)).rows[0]
    assert row.size == row.checked == 2 and row.error < 1e-15
    row = check_adjoint((forward, lambda dy, x: np.array([10, 0])), x, dy=dy).rows[0]
    assert (row.verdict, row.wrong, row.worst) == ("wrong", 2, (0,))        # the random v is second
    assert (row.analytic, row.numeric) == (10, 6)
    row = check_adjoint((forward, lambda dy, x: 6 * dy), x, dy=dy).rows[0]
    assert (row.verdict, row.analytic / row.numeric) == ("wrong", pytest.approx(3))


def test_adjoint_rejects_what_is_wrong():
    x, w = numbers(2, 3, 8, 7), numbers(4, 3, 3, 3, seed=1)
    report = check_adjoint(convolution(2, add=False), x, w)
    assert [row.verdict for row in report.rows] == ["wrong", "ok"]


def test_adjoint_refuses_what_is_not_linear():
    for subject in (RELU, LRN(), ((lambda x: x * x), lambda dy, x: 2 * x * dy)):
        with pytest.raises(ValueError, match="forward is not linear in x.*use check_gradients"):
            check_adjoint(subject, numbers(2, 6, 2, 2))


def test_adjoint_with_parameters_in_an_object():
    layer = Dense(numbers(5, 3), numbers(3))
    before = layer.w.copy()
    assert [row.name for row in accepted(check_adjoint(layer, numbers(4, 5))).rows] == ["x", "w", "b"]
    assert np.array_equal(layer.w, before)


# ------------------------------------------------------------------- the self-test: four wrong layers

def test_lrn_without_its_cross_term():
    x = numbers(2, 7, 3, 3)
    assert_gradients(LRN(alpha=0.7), x)
    row = failing(LRN(alpha=0.7, cross_term=False), x)
    assert row.verdict == "wrong" and row.error > 1e-2 and row.wrong > x.size / 2


def test_dropout_with_a_second_mask():
    x = numbers(10, 20)
    assert_gradients(Dropout(), x, train=True)
    row = failing(Dropout(second_mask=True), x, train=True)
    layer = Dropout()
    assert row.wrong == np.sum(layer.mask(x.shape, 1) != layer.mask(x.shape, 2))
    assert row.verdict == "wrong"


def test_dropout_that_forgets_to_scale():
    class Unscaled(Dropout):
        def backward(self, dy):
            return super().backward(dy) * (1 - self.p)

    row = failing(Unscaled(), numbers(10, 20), train=True)
    assert row.verdict == "wrong" and row.analytic == pytest.approx(0.8 * row.numeric)


def test_col2im_that_overwrites():
    x, w = numbers(2, 3, 7, 7), numbers(4, 3, 3, 3, seed=1)
    assert_gradients(convolution(2), x, w)
    report = check_gradients(convolution(2, add=False), x, w)
    assert [row.verdict for row in report.rows] == ["wrong", "ok"]
    # rows and columns 2 and 4 lie in two windows each: right are the pixels with neither
    both = np.isin(np.arange(7), (2, 4))
    assert report.rows[0].wrong == 6 * np.sum(both[:, None] | both[None, :])
    assert_gradients(convolution(3, add=False), numbers(2, 3, 9, 9), w)     # without overlap it is hidden


def test_dw_from_a_transposed_dy():
    x, w, b = numbers(4, 5), numbers(5, 3), numbers(3)
    def backward(dy, x, w, b):
        return dy @ w.T, (dy.T @ x).reshape(w.shape), dy.sum(axis=0)
    report = check_gradients((dense_forward, backward), x, w, b)
    assert [row.verdict for row in report.rows] == ["ok", "wrong", "ok"]
    def backward_square(dy, x, w, b):
        return dy @ w.T, x.T @ dy.T, dy.sum(axis=0)
    inputs = numbers(4, 4), numbers(4, 4), numbers(4)
    report = check_gradients((dense_forward, backward_square), *inputs)
    assert [row.verdict for row in report.rows] == ["ok", "wrong", "ok"]
    assert check_gradients((dense_forward, backward_square), *inputs, dy=np.ones((4, 4))).ok    # hence random


def test_the_checker_imports_nothing_of_ours():
    imported = set(re.findall(r"^ *(?:from|import) (\w+)", Path(gradcheck.__file__).read_text(), re.M))
    assert imported == {"inspect", "textwrap", "warnings", "dataclasses", "math", "numpy"}


class Hidden:
    """y = x w, with a wrong dw that no params() names."""

    def __init__(self):
        self.w = numbers(5, 3)

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, dy):
        self.dw = 7 * self.x.T @ dy
        return dy @ self.w.T


class Adding(Hidden):
    """The right dw, but added to that of the last backward."""

    dw = 0

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": self.dw}

    def backward(self, dy):
        self.dw = self.dw + self.x.T @ dy
        return dy @ self.w.T


def test_an_array_that_params_does_not_name_fails_the_check_by_its_name():
    report = check_gradients(Hidden(), numbers(4, 5))
    assert [(row.name, row.verdict, row.checked) for row in report.rows] == [("x", "ok", 20), ("w", "look", 0)]
    assert not report.ok and "w moves y, but params() does not name it" in str(report)
    layer = Hidden()
    layer.w.flags.writeable = False                         # cannot be moved, so nothing is said of it
    assert check_gradients(layer, numbers(4, 5)).ok


def test_an_attribute_is_put_back_when_forward_raises():
    class Touchy(Hidden):
        def forward(self, x):
            if self.w[0, 0] != w[0, 0]:
                raise RuntimeError("w moved")
            return super().forward(x)

    layer = Touchy()
    w = layer.w.copy()
    with pytest.raises(RuntimeError, match="w moved"):
        check_gradients(layer, numbers(4, 5))
    np.testing.assert_array_equal(layer.w, w)


def test_an_array_that_y_sees_through_its_differences_alone():
    class Centred(Hidden):
        def forward(self, x):
            return x @ (self.w - self.w.mean())

        def backward(self, dy):
            return dy @ (self.w - self.w.mean()).T

    assert [row.name for row in check_gradients(Centred(), numbers(4, 5)).rows] == ["x", "w"]


def test_state_and_arrays_that_do_not_move_y_are_no_parameters():
    class Shifted(Dense):
        def __init__(self, w, b):
            super().__init__(w, b)
            self.mean, self.unused = numbers(3, seed=4), numbers(3)

        def forward(self, x):
            return super().forward(x) - self.mean

    layer = Shifted(*DENSE_INPUTS[1:])
    before = layer.mean.copy()
    assert [row.name for row in check_gradients(layer, DENSE_INPUTS[0]).rows] == ["x", "w", "b", "mean"]
    layer.state = lambda: {"mean": layer.mean}
    assert_gradients(layer, DENSE_INPUTS[0])
    assert np.array_equal(layer.mean, before)


def test_gradients_that_are_added():
    with pytest.raises(ValueError, match="a second backward after the same forward gave another gradient for w; it must "
                                         "write its gradients, not add to the last ones"):
        check_gradients(Adding(), numbers(4, 5))


class Keeper:
    """A right layer that keeps more than it must: what it was given and its gradients, also by other names."""

    def __init__(self):
        self.w = numbers(5, 3)

    def forward(self, inputs):
        self.x, self.z = inputs, inputs @ self.w
        self.mask = (self.z > 0).astype(float)
        return self.z * self.mask

    def backward(self, dy):
        self.dmask, self.dz = dy * self.z, dy * self.mask
        self.dw, self.dx = self.x.T @ self.dz, self.dz @ self.w.T
        return self.dx

    def params(self):
        return {"weight": self.w}

    def grads(self):
        return {"weight": self.dw}


class Tables(Adding):
    """params and grads as dictionaries, and a gradient that is all 0."""

    def __init__(self):
        super().__init__()
        self.params, self.grads = {"w": self.w}, {}

    def backward(self, dy):
        self.grads["w"] = 0 * self.w
        return dy @ self.w.T


class Slots:
    __slots__ = ()

    def forward(self, x):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


def test_right_layers_that_keep_things_are_not_accused():
    for layer in (Keeper(), Slots()):
        assert_gradients(layer, numbers(4, 5))


def test_params_as_a_dictionary():
    row = check_gradients(Tables(), numbers(4, 5)).rows[1]
    assert row.verdict == "wrong" and row.analytic == 0
    layer = Slots()
    with pytest.raises(TypeError, match="params must be a method that returns a dictionary, got list"):
        check_gradients(type("Listed", (Slots,), {"params": []})(), numbers(3))
    assert check_gradients(layer, numbers(3)).ok
