"""Every array that moves y is checked, or named: whatever it is called and wherever it stands."""
from collections import deque

import numpy as np
import pytest

from npnet.diagnose.check import check_layer
from npnet.diagnose.strangers.parameters import is_state

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 5))


class Dense:
    """Its weights under any name, its gradient under another one and so many times too large."""

    def __init__(self, name, gradient="", times=1):
        self.name, self.gradient, self.times = name, gradient, times
        setattr(self, name, RNG.standard_normal((5, 3)))

    def forward(self, x):
        self.x = x
        return x @ getattr(self, self.name)

    def backward(self, dout):
        if self.gradient:
            setattr(self, self.gradient, self.times * self.x.T @ dout)
        return dout @ getattr(self, self.name).T


@pytest.mark.parametrize("name, gradient", [
    ("remap", "dremap"), ("schema", "gradschema"), ("mean", "dmean"), ("attention_mask", "attention_mask_grad")])
def test_an_array_with_a_gradient_is_a_parameter_whatever_its_name(name, gradient):
    assert check_layer(Dense(name, gradient), X).ok
    found = check_layer(Dense(name, gradient, 3), X)
    assert not found.ok and found.causes[name].kind == "factor"


def test_only_whole_words_are_names_of_state():
    assert all(map(is_state, "running_mean moving_var ema_mean runningMean layers[0].mask mean avg_var".split()))
    assert not any(map(is_state, "remap schema attention_mask_weights moving_W meaning masked_conv".split()))
    assert list(check_layer(Dense("attention_mask_weights"), X).unchecked) == ["attention_mask_weights"]


class Norm:
    """Batch norm that does not train by default, its state under names of its own."""

    def __init__(self):
        self.gamma, self.beta, self.rm, self.rv = np.ones(5), np.zeros(5), np.zeros(5), np.ones(5)

    def forward(self, x, training=False):
        if training:
            self.rm, self.rv = 0.9 * self.rm + 0.1 * x.mean(0), 0.9 * self.rv + 0.1 * x.var(0)
        self.xh = (x - self.rm) / np.sqrt(self.rv + 1e-5)
        return self.gamma * self.xh + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.xh).sum(0), dout.sum(0)
        return dout * self.gamma / np.sqrt(self.rv + 1e-5)


class Recurrent:
    """Keeps h between its calls."""

    def __init__(self):
        self.W, self.h = 0.3 * RNG.standard_normal((5, 5)), np.zeros((4, 5))

    def forward(self, x):
        self.before = self.h
        self.h = np.tanh(x + self.before @ self.W)
        return self.h

    def backward(self, dout):
        inner = dout * (1 - self.h ** 2)
        self.dW = self.before.T @ inner
        return inner


@pytest.mark.parametrize("layer, arrays", [(Norm, ["x", "gamma", "beta"]), (Recurrent, ["x", "W"])])
def test_what_forward_itself_writes_is_state(layer, arrays):
    found = check_layer(layer(), X)
    assert found.ok, str(found)
    assert [row.name for row in found.rows] == arrays


W0, SOBEL = RNG.standard_normal((5, 3)), RNG.standard_normal(5)


class Outside:
    """Uses arrays of its file."""

    def __init__(self, times=1):
        self.times = times

    def forward(self, x):
        self.x = x * SOBEL
        return self.x @ W0

    def backward(self, dout):
        self.dW0 = self.times * self.x.T @ dout
        return dout @ W0.T * SOBEL


def test_arrays_of_the_file_that_methods_use_are_checked():
    before = W0
    found = check_layer(Outside(), X)
    assert found.ok and [row.name for row in found.rows] == ["x", "W0"], str(found)
    assert "SOBEL: held fixed" in found.assumed[-1]
    assert check_layer(Outside(2), X).causes["W0"].kind == "factor"
    assert W0 is before


class Centred:
    """W behind a centring: a step that is the same along its first axis does not move y."""

    def __init__(self):
        self.W = RNG.standard_normal((5, 3))

    def forward(self, x):
        return (x - x.mean(1, keepdims=True)) @ self.W

    def backward(self, dout):
        dx = dout @ self.W.T
        return dx - dx.mean(1, keepdims=True)


def test_weights_behind_a_centring_move_y():
    assert list(check_layer(Centred(), X).unchecked) == ["W"]


class Anew(Dense):
    """Forward puts its weights anew, with the same numbers."""

    def forward(self, x):
        self.W = np.clip(self.W, -5, 5)
        return super().forward(x)


class Scaled(Dense):
    """The matrix that forward multiplies with is made anew each time, and is no parameter."""

    def __init__(self):
        super().__init__("v")

    def forward(self, x):
        self.x, self.norm = x, np.sqrt((self.v ** 2).sum(0))
        self.W = self.v / self.norm
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.dv = (self.dW - self.W * (self.dW * self.W).sum(0)) / self.norm
        return dout @ self.W.T


def test_weights_that_forward_puts_anew_are_checked():
    layer = Anew("W", "dW", 3)
    own = layer.W
    found = check_layer(layer, X)
    assert found.causes["W"].kind == "factor" and np.array_equal(layer.W, own)
    assert check_layer(Anew("W", "dW"), X).ok
    found = check_layer(Scaled(), X)
    assert found.ok and [row.name for row in found.rows] == ["x", "v"], str(found)


class InItsClass:
    """Its weights stand in a holder in the body of the class."""

    HELD = {"W": RNG.standard_normal((5, 3))}

    def forward(self, x):
        self.x = x
        return x @ self.HELD["W"]

    def backward(self, dout):
        self.dW = 2 * self.x.T @ dout
        return dout @ self.HELD["W"].T


class InADeque(InItsClass):
    def __init__(self):
        self.queue = deque([RNG.standard_normal((5, 3))])

    def forward(self, x):
        return x @ self.queue[0]

    def backward(self, dout):
        return dout @ self.queue[0].T


@pytest.mark.parametrize("layer", [InItsClass, InADeque])
def test_weights_in_other_holders_do_not_pass(layer):
    assert not check_layer(layer(), X).ok


def test_an_array_of_the_right_shape_with_other_slopes_is_named():
    assert "arrays of its shape (5, 3) were seen (q), but none has its slopes" in check_layer(
        Dense("W", "q", 1.1), X).unchecked["W"]
