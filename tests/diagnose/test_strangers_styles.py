"""More styles of other people's code: tensors, optimizers inside, losses, contexts, lists, and what must not be hidden."""
import copy

import numpy as np
import pytest

from npnet.diagnose.check import FLOAT32
from npnet.diagnose.strangers import call
from npnet.gradcheck import check_gradients

RNG = np.random.default_rng(1)
X, W, B = RNG.standard_normal((4, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal(3)


def right(anything, *inputs, arrays, **options):
    """Asserts that a right layer passes with exactly these arrays checked, twice; the Called."""
    for _ in range(2):
        called = call(anything, inputs, **options)
        precision = FLOAT32 if called.float32 else {}
        report = check_gradients(called, *called.inputs.values(), names=list(called.inputs),
                                 dy=np.ones(()) if called.loss else None, **precision)
        assert [row.name for row in report.rows] == arrays
        assert report.ok, str(report)
        assert not called.unchecked
    return called


class Tensor:
    """A tensor whose gradients add up, with matmul, + and relu."""

    def __init__(self, data, parents=(), back=None):
        self.data, self.grad, self.parents, self.back = np.asarray(data), None, parents, back

    def add(self, grad):
        self.grad = grad if self.grad is None else self.grad + grad

    def __matmul__(self, other):
        def back(g):
            self.add(g @ other.data.T)
            other.add(self.data.T @ g)
        return Tensor(self.data @ other.data, (self, other), back)

    def __add__(self, other):
        def back(g):
            self.add(g)
            other.add(g.sum(axis=0))
        return Tensor(self.data + other.data, (self, other), back)

    def backward(self, grad=None):
        self.grad = np.ones_like(self.data) if grad is None else grad
        waiting = [self]
        while waiting:
            tensor = waiting.pop()
            if tensor.back:
                tensor.back(tensor.grad)
                waiting += tensor.parents


class TensorLayer:
    def __init__(self):
        self.W, self.b = Tensor(W.copy()), Tensor(B.copy())

    def __call__(self, x):
        return x @ self.W + self.b


def tensor_function(x, w, b):
    return x @ w + b


def test_tensors():
    layer = TensorLayer()
    called = right(layer, X, arrays=["x", "W", "b"])
    assert "y.backward(dy)" in called.assumed[0] and np.array_equal(layer.W.data, W)
    right(tensor_function, X, W, B, arrays=["x", "w", "b"])


class Square:
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 2

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return 2 * grad * x


def test_functions_with_a_context():
    right(Square, X, arrays=["x"])
    right(Square(), X, arrays=["x"])


class Momentum:
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum, self.step = learning_rate, momentum, 0

    def update(self, w, gradient):
        self.step = self.momentum * self.step + (1 - self.momentum) * gradient
        return w - self.learning_rate * self.step


class WantsOptimizer:
    def __init__(self, units):
        self.units, self.input_shape, self.W = units, None, None

    def set_input_shape(self, shape):
        self.input_shape = shape

    def initialize(self, optimizer):
        self.W = W.copy()
        self.W_opt = copy.copy(optimizer)

    def forward_pass(self, X, training=True):
        self.X = X
        return X @ self.W

    def backward_pass(self, accum_grad):
        W = self.W
        self.W = self.W_opt.update(self.W, self.X.T @ accum_grad)
        return accum_grad @ W.T


def test_optimizers_inside_layers():
    layer = WantsOptimizer(3)
    layer.initialize(Momentum())
    called = right(layer, X, arrays=["X", "W"])
    assert "the gradient of W is read from its change" in called.assumed
    assert layer.W_opt.learning_rate == 0.01 and np.array_equal(layer.W, W)
    right(WantsOptimizer(3), X, arrays=["X", "W"])


class ProbabilityLoss:
    def forward(self, y_pred, y_true):
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        return -np.log(p[range(len(p)), y_true])

    def backward(self, dvalues, y_true):
        samples, labels = len(dvalues), len(dvalues[0])
        self.dinputs = -np.eye(labels)[y_true] / dvalues / samples


class Quadratic:
    def loss(self, y, y_pred):
        return 0.5 * (y - y_pred) ** 2

    def gradient(self, y, y_pred):
        return -(y - y_pred)


def test_losses_of_probabilities_and_of_single_numbers():
    called = right(ProbabilityLoss(), X, arrays=["y_pred"])
    assert called.loss and "the loss is the mean of the numbers that forward returns" in called.assumed
    right(Quadratic(), X, arrays=["y_pred"])


class Network:
    def __init__(self):
        self.params = {"W1": W.copy(), "b1": B.copy(), "W2": RNG.standard_normal((3, 2))}

    def predict(self, x):
        self.h = np.tanh(x @ self.params["W1"] + self.params["b1"])
        e = np.exp(self.h @ self.params["W2"])
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.log(self.predict(x)[np.arange(len(t)), t]).mean()

    def gradient(self, x, t):
        d = self.predict(x)
        d[np.arange(len(t)), t] -= 1
        d = d / len(t)
        dh = d @ self.params["W2"].T * (1 - self.h ** 2)
        return {"W2": self.h.T @ d, "W1": x.T @ dh, "b1": dh.sum(axis=0)}


def test_networks_without_a_gradient_of_x():
    called = right(Network(), X, arrays=["W1", "b1", "W2"])
    assert called.presented and "only parameters are checked" in " ".join(called.assumed)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(a):
    return a * (1 - a)


def test_slopes_without_dy():
    right((sigmoid, sigmoid_derivative), X, arrays=["x"])


class Loops:
    """Lists of numbers and loops of Python alone."""

    def __init__(self):
        self.w, self.b = W.tolist(), B.tolist()

    def forward(self, x):
        self.x = x
        return [[sum(row[k] * self.w[k][j] for k in range(5)) + self.b[j] for j in range(3)] for row in x]

    def backward(self, d):
        self.dw = [[sum(x[k] * g[j] for x, g in zip(self.x, d)) for j in range(3)] for k in range(5)]
        self.db = [sum(g[j] for g in d) for j in range(3)]
        return [[sum(g[j] * self.w[k][j] for j in range(3)) for k in range(5)] for g in d]


class Single:
    """float32 inside."""

    def __init__(self):
        self.W = W.astype(np.float32)

    def forward(self, x):
        self.x = x.astype(np.float32)
        return (self.x @ self.W).astype(np.float32)

    def backward(self, d):
        self.dW = self.x.T @ d.astype(np.float32)
        return d.astype(np.float32) @ self.W.T


def test_lists_of_numbers_and_float32():
    layer = Loops()
    right(layer, X, arrays=["x", "w", "b"])
    assert layer.w == W.tolist()
    single = Single()
    called = right(single, X, arrays=["x", "W"])
    assert called.float32 and single.W.dtype == np.float32
    assert called.remarks == ["it computes in float32 inside: steps and tolerances are wider"]


class InPlace:
    def forward(self, x):
        self.mask = x <= 0
        x[self.mask] = 0
        return x

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


def test_writing_into_arguments_is_a_remark():
    x = X.copy()
    called = right(InPlace(), x, arrays=["x"])
    assert len(called.remarks) == 2 and np.array_equal(x, X)


class OwnGenerator:
    def __init__(self):
        self.rng = np.random.default_rng()

    def forward(self, x):
        self.mask = self.rng.random(x.shape) > 0.5
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


class FreshMask(OwnGenerator):
    def backward(self, dy):
        return dy * (self.rng.random(dy.shape) > 0.5)


def test_generators_of_a_layer_are_set_back_and_a_second_mask_is_seen():
    layer = OwnGenerator()
    state = layer.rng.bit_generator.state
    called = right(layer, X, arrays=["x"])
    assert layer.rng.bit_generator.state == state and "random numbers are drawn" in called.remarks[0]
    called = call(FreshMask(), [X])
    assert not check_gradients(called, X, names=["x"]).ok


class Affine:
    def __init__(self):
        self.W, self.b = W.copy(), B.copy()

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Adds(Affine):
    def __init__(self):
        super().__init__()
        self.dW = np.zeros_like(W)

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Replaces(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.W = self.W - 0.1 * self.dW
        return dx


class ReturnsNothing(Affine):
    def backward(self, dout):
        super().backward(dout)


class Breaks(Affine):
    def backward(self, dout):
        return dout @ self.V.T


@pytest.mark.parametrize("layer, kind, sentence", [
    (Adds, ValueError, "a second backward after the same forward gave another gradient for W"),
    (Replaces, ValueError, "backward changed W in place"), (ReturnsNothing, ValueError, "must give a gradient for x"),
    (Breaks, AttributeError, "'Breaks' object has no attribute 'V'")])
def test_mistakes_are_not_hidden(layer, kind, sentence):
    called = call(layer(), [X])
    with pytest.raises(kind, match=sentence):
        check_gradients(called, *called.inputs.values(), names=list(called.inputs))


def test_what_cannot_be_guessed_is_asked_for_by_name():
    class Wants:
        def forward(self, x, gizmo):
            return x * gizmo

        def backward(self, dy):
            return dy * 2

    with pytest.raises(TypeError, match=r"forward needs gizmo.*--param '\{\"gizmo\": ...\}'"):
        call(Wants(), [X])
    assert call(Wants(), [X], param={"gizmo": 2}).assumed[0] == "called as forward(x, gizmo=2), backward(dy)"
    with pytest.raises(TypeError, match="no backward under a usual name"):
        call(np.tanh, [X])
    with pytest.raises(TypeError, match="takes 1 arguments"):
        call(Affine(), [X, X])


def test_the_order_of_axes_is_told_from_shapes():
    class ChannelsLast:
        def __init__(self):
            self.kernel = RNG.standard_normal((1, 1, 3, 5))

        def forward(self, x):
            self.x = x
            return x @ self.kernel[0, 0]

        def backward(self, dy):
            self.dkernel = np.einsum("nhwc,nhwk->ck", self.x, dy)[None, None]
            return dy @ self.kernel[0, 0].T

    assert right(ChannelsLast(), RNG.standard_normal((2, 4, 6, 3)), arrays=["x", "kernel"]).layout == "NHWC"


class Holder:
    def __init__(self, data):
        self.data, self.grad = data, np.zeros_like(data)


class AddsByDesign:
    """All gradients add up until an optimizer sets them to zero; `b_too` False: one of them does not."""

    def __init__(self, b_too=True):
        self.W, self.b, self.b_too = Holder(W.copy()), Holder(B.copy()), b_too

    def forward(self, x):
        self.x = x
        return x @ self.W.data + self.b.data

    def backward(self, dout):
        self.W.grad = self.W.grad + self.x.T @ dout
        self.b.grad = dout.sum(axis=0) + (self.b.grad if self.b_too else 0)
        return dout @ self.W.data.T


def test_gradients_that_add_up_are_begun_at_zero_only_where_all_do():
    right(AddsByDesign(), X, arrays=["x", "W", "b"])
    called = call(AddsByDesign(b_too=False), [X])
    with pytest.raises(ValueError, match="a second backward after the same forward gave another gradient for W"):
        check_gradients(called, X, names=["x"])


class Embedding:
    def __init__(self):
        self.W = RNG.standard_normal((6, 3))

    def forward(self, numbers):
        self.numbers = numbers
        return self.W[numbers]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.numbers, dout)


class Leaky:
    """Its parameter is a single number."""

    def __init__(self):
        self.a = 0.25

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, dy):
        self.da = float((dy * self.x * (self.x <= 0)).sum())
        return np.where(self.x > 0, dy, self.a * dy)


def test_inputs_of_whole_numbers_and_parameters_of_one():
    right(Embedding(), np.array([0, 2, 2, 5]), arrays=["W"])
    layer = Leaky()
    right(layer, X, arrays=["x", "a"])
    assert layer.a == 0.25 and isinstance(layer.a, float)


class HidesTheWord:
    def __call__(self, x, **words):
        return self.call(x, **words)

    def call(self, x, training=False):
        self.slope = 2.0 if training else 1.0
        return self.slope * x

    def backward(self, dy):
        return self.slope * dy


def test_a_train_word_behind_call():
    called = right(HidesTheWord(), X, arrays=["x"], train=True)
    assert called.assumed[0] == "called as __call__(x, training=True), backward(dy)" and called.forward(X)[0, 0] == 2 * X[0, 0]


class OneLongArray:
    """W and b are views of one array."""

    def __init__(self):
        self.theta = np.concatenate([W.ravel(), B])
        self.W, self.b = self.theta[:15].reshape(5, 3), self.theta[15:]

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class TupleOfFloat32:
    def __init__(self):
        self.params, self.grads = (W.astype(np.float32), B.astype(np.float32)), None

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads = (self.x.T @ dout, dout.sum(axis=0))
        return dout @ self.params[0].T


def test_views_of_one_array_and_tuples():
    right(OneLongArray(), X, arrays=["x", "W", "b"])
    layer = TupleOfFloat32()
    right(layer, X, arrays=["x", "params[0]", "params[1]"])
    assert layer.params[0].dtype == np.float32


def factory():
    w, kept = W.copy(), {}

    def forward(x):
        kept["x"] = x
        return x @ w

    def backward(dy):
        return dy @ w.T

    return forward, backward


def test_arrays_of_the_function_around_are_checked_and_those_of_a_lambda_are_fixed():
    assert list(call(factory(), [X]).unchecked) == ["w"]
    w = W.copy()
    called = right((lambda x: x @ w, lambda dy: dy @ w.T), X, arrays=["x"])
    assert called.assumed[1] == "w: held fixed, it stands outside the functions"
