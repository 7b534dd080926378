"""Layers and functions in other people's manner are called as they are, with every array checked."""
import numpy as np
import pytest

from npnet.diagnose.strangers import call
from npnet.gradcheck import check_gradients

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((4, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal(3)


def checked(anything, *inputs, **options):
    """(Called, Report) of a stranger's layer."""
    called = call(anything, inputs, **options)
    dy = np.ones(()) if called.loss else None
    return called, check_gradients(called, *called.inputs.values(), names=list(called.inputs), dy=dy)


def right(anything, *inputs, arrays, **options):
    """Asserts that a right layer passes with exactly these arrays checked; the Called."""
    called, report = checked(anything, *inputs, **options)
    assert [row.name for row in report.rows] == arrays
    assert report.ok, str(report)
    assert not called.unchecked
    return called


def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


class Affine:
    def __init__(self):
        self.W, self.b = W.copy(), B.copy()

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Lists:
    def __init__(self):
        self.params = [W.copy(), B.copy()]
        self.grads = [np.zeros_like(W), np.zeros_like(B)]

    def forward(self, x):
        W, b = self.params
        self.x = x
        return x @ W + b

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ self.params[0].T


class Returns:
    def __init__(self):
        self.weights, self.biases = W.copy(), B.reshape(1, -1).copy()

    def forward_pass(self, X):
        self.layer_input = X
        return X @ self.weights + self.biases

    def backward_pass(self, accum_grad):
        dw, db = self.layer_input.T @ accum_grad, accum_grad.sum(axis=0, keepdims=True)
        return accum_grad @ self.weights.T, [dw, db]


class LeavesAll:
    def __init__(self):
        self.weights, self.biases = W.copy(), B.reshape(1, -1).copy()

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = self.inputs.T @ dvalues, dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(dx)


def softmax_loss(x, y):
    layer = SoftmaxWithLoss()
    return layer.forward(x, y), layer.backward()


class Dropout:
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x, train_flg):
        if not train_flg:
            return x * (1 - self.p)
        self.mask = np.random.rand(*x.shape) > self.p
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def test_functions_with_a_cache():
    called = right((affine_forward, affine_backward), X, W, B, arrays=["x", "w", "b"])
    assert called.assumed[0] == "called as affine_forward(x, w, b) -> (y, cache), affine_backward(dout, cache)"


@pytest.mark.parametrize("layer, arrays", [
    (Affine, ["x", "W", "b"]), (Lists, ["x", "params[0]", "params[1]"]), (Returns, ["X", "weights", "biases"]),
    (LeavesAll, ["inputs", "weights", "biases"])])
def test_layers_with_parameters(layer, arrays):
    subject = layer()
    right(subject, X, arrays=arrays)
    right(subject, X, arrays=arrays)                    # it is as it was


@pytest.mark.parametrize("loss", [SoftmaxWithLoss(), softmax_loss])
def test_losses_without_labels_get_some(loss):
    called = right(loss, X, arrays=["x"])
    assert called.loss and "labels are whole numbers" in called.assumed
    right(loss, X, np.array([2, 0, 1, 1]), arrays=["x"])


def test_a_train_word_is_given_and_random_numbers_are_the_same_each_time():
    np.random.seed(3)
    state = np.random.get_state()[1].copy()
    called = right(Dropout(), X, arrays=["x"])
    assert "train_flg=True" in called.assumed[0]
    assert np.array_equal(np.random.get_state()[1], state)
    assert "train_flg=False" in call(Dropout(), [X], train=False).assumed[0]


def test_a_wrong_gradient_is_judged_and_an_array_without_one_is_named():
    class Half(Affine):
        def backward(self, dout):
            dx = super().backward(dout)
            self.dW = self.dW / 2
            del self.db
            return dx

    called, report = checked(Half(), X)
    assert [(row.name, row.verdict) for row in report.rows] == [("x", "ok"), ("W", "wrong")]
    assert list(called.unchecked) == ["b"] and "(3,)" in called.unchecked["b"]


class UpdatesAtOnce(Affine):
    def backward(self, d_out, learn_rate):
        dx = d_out @ self.W.T
        self.W -= learn_rate * (self.x.T @ d_out)
        self.b = self.b - learn_rate * d_out.sum(axis=0)
        return dx


def test_a_backward_that_changes_the_weights_at_once():
    layer = UpdatesAtOnce()
    weights = layer.W
    called = right(layer, X, arrays=["x", "W", "b"])
    assert "the gradient of W is read from its change" in called.assumed
    assert layer.W is weights and np.array_equal(layer.W, W) and np.array_equal(layer.b, B)


def pullback(x, w, b):
    return x @ w + b, lambda dy: (dy @ w.T, x.T @ dy, dy.sum(axis=0))


def squared_error(prediction, target):
    return ((prediction - target) ** 2).mean(), 2 * (prediction - target) / prediction.size


def test_one_function_that_returns_another_or_the_gradient():
    right(pullback, X, W, B, arrays=["x", "w", "b"])
    called = right(squared_error, X, X[::-1], arrays=["prediction"])
    assert "target is held fixed: labels have no gradient here" in called.assumed


def test_gradients_in_another_order_are_joined_to_their_arrays_and_it_is_said():
    def backward(dout, cache):
        dx, dw, db = affine_backward(dout, cache)
        return dw, dx, db

    called = right((affine_forward, backward), X, W, B, arrays=["x", "w", "b"])
    assert called.order == "backward returns dw, dx, db, in this order; forward's arguments come in the order x, w, b"


def test_a_slope_called_alpha_is_no_learning_rate():
    def forward(x, alpha):
        return np.where(x > 0, x, alpha * x)

    def backward(dy, x, alpha):
        return dy * np.where(x > 0, 1, alpha)

    def wrong(dy, x, alpha):
        return dy * (x > 0)

    with pytest.raises(TypeError, match="needs alpha.*param={'alpha'"):
        call((forward, wrong), [X])
    right((forward, backward), X, arrays=["x"], param={"alpha": 0.3})
    assert not checked((forward, wrong), X, param={"alpha": 0.3})[1].ok
    forward.__defaults__ = (0.2,)                       # what forward takes by default, backward is given
    right((forward, backward), X, arrays=["x"])


def test_an_alpha_of_backward_alone_is_a_learning_rate():
    class Learns(Affine):
        def backward(self, dout, alpha):
            dx = dout @ self.W.T
            self.W -= alpha * self.x.T @ dout
            self.b -= alpha * dout.sum(axis=0)
            return dx

    right(Learns(), X, arrays=["x", "W", "b"])


@pytest.mark.parametrize("rate", [0.01, 2, 0])
def test_the_change_is_divided_by_the_rate_that_was_given(rate):
    class Learns(Affine):
        def backward(self, dout, learning_rate):
            dx = dout @ self.W.T
            self.W -= learning_rate * self.x.T @ dout
            self.b -= learning_rate * dout.sum(axis=0)
            return dx

    right(Learns(), X, arrays=["x", "W", "b"], param={"learning_rate": rate})


class TwoOutputs:
    """x * 2 and its sine; backward takes the gradients that it is given."""

    def __init__(self, pack=tuple):
        self.pack = pack

    def forward(self, x):
        self.x = x
        return self.pack([2 * x, np.sin(x)])

    def backward(self, d):
        return 2 * d


@pytest.mark.parametrize("pack", [tuple, list, lambda ys: dict(zip("yz", ys)), lambda ys: (*ys, ["a cache"])])
def test_outputs_beside_y_are_no_cache(pack):
    with pytest.raises(TypeError, match="one output at a time"):
        call(TwoOutputs(pack), [X])
    layer, key = TwoOutputs(pack), "y" if isinstance(pack([1, 2]), dict) else 0
    right((lambda x: layer.forward(x)[key], layer.backward), X, arrays=["x"])       # the line that it gives


def test_a_gradient_for_each_output_is_asked_for():
    class Both(TwoOutputs):
        def backward(self, d1, d2):
            return 2 * d1 + d2 * np.cos(self.x)

    with pytest.raises(TypeError, match="a gradient for each output"):
        call(Both(), [X])
    layer = Both()
    right((lambda x: layer.forward(x)[1], lambda d: layer.backward(np.zeros_like(d), d)), X, arrays=["x"])


def test_what_stands_beside_y_and_is_no_output():
    class Masked(Affine):
        def forward(self, x):
            self.keep = np.random.default_rng(0).random(x.shape) < 0.5
            return super().forward(x * self.keep), 2.0 * self.keep, x

        def backward(self, dout):
            return super().backward(dout) * self.keep

    right(Masked(), X, arrays=["x", "W", "b"])


def tanh_alone(x):
    return np.tanh(x)


@pytest.mark.parametrize("backward, word", [
    (lambda dout, y: dout * (1 - y ** 2), "y is forward's output"),
    (lambda dA, A: dA * (1 - A ** 2), "A is forward's output"),
    (lambda dout, kept: dout * (1 - kept ** 2), "kept is forward's output"),
    (lambda dout, z: dout * (1 - np.tanh(z) ** 2), "z is x"),
    (lambda dout, out: dout * (1 - np.tanh(out) ** 2), "out is x")])
def test_an_argument_that_may_be_x_or_y_is_the_one_whose_gradient_agrees(backward, word):
    called = call((tanh_alone, backward), [X])
    found = check_gradients(called, *called.inputs.values())
    assert found.ok and word in called.assumed


def test_an_argument_with_a_name_of_an_input_is_never_the_output():
    called = call((tanh_alone, lambda dout, inp: dout * (1 - inp ** 2)), [X])
    assert not check_gradients(called, *called.inputs.values()).ok
