"""What a layer's calls do: layers with one mistake each, the Cause that is expected, and right ones that get none."""
import time

import numpy as np
import pytest
from numpy.random import default_rng

from npnet.diagnose import check_layer
from npnet.diagnose.behaviour import behaviour_of, fitted
from npnet.diagnose.behaviour.raised import raised_cause
from npnet.diagnose.strangers import call
from npnet.gradcheck import check_gradients

SHAPE = 4, 5
RNG = np.random.default_rng(3)


class Scale:
    """y = x * w + b, features by themselves; right."""

    def __init__(self):
        self.w, self.b = np.linspace(0.6, 1.4, SHAPE[1]), np.linspace(-1.1, 0.7, SHAPE[1])

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}

    def forward(self, x):
        self.x = x
        return x * self.w + self.b

    def backward(self, dy):
        self.dw, self.db = (dy * self.x).sum(axis=0), dy.sum(axis=0)
        return dy * self.w


def told(layer, *arrays, error=None):
    return behaviour_of(error, call(layer, list(arrays or [RNG.standard_normal(SHAPE)])))


def raised_by(layer, *arrays):
    """The error of a check of this layer, and its Cause."""
    called = call(layer, list(arrays or [RNG.standard_normal(SHAPE)]))
    with pytest.raises(Exception) as caught:
        check_gradients(called, *called.inputs.values())
    return behaviour_of(caught.value, called)


# ------------------------------------------------------------------------------- mistakes

class NoReturn(Scale):
    def forward(self, x):
        self.x = x
        x * self.w + self.b


class NoReturnBackward(Scale):
    def grads(self):
        return {}

    def backward(self, dy):
        dy * self.w


class Steps(Scale):
    def backward(self, dy):
        dx = super().backward(dy)
        self.w -= 0.01 * self.dw
        return dx


class Rebinds(Scale):
    def backward(self, dy):
        dx = super().backward(dy)
        self.w = self.w - 0.01 * self.dw
        return dx


class Adds(Scale):
    def __init__(self):
        super().__init__()
        self.dw, self.db = np.zeros(SHAPE[1]), np.zeros(SHAPE[1])

    def backward(self, dy):
        self.dw += (dy * self.x).sum(axis=0)
        self.db = dy.sum(axis=0)
        return dy * self.w


class NewMask(Scale):
    def forward(self, x):
        self.x = x
        return x * self.w * (np.random.rand(*x.shape) > 0.5) + self.b

    def backward(self, dy):
        return super().backward(dy * (np.random.rand(*dy.shape) > 0.5))


class NewMaskOfItsOwn(Scale):
    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(0)

    def backward(self, dy):
        return super().backward(dy) * (self.rng.random(dy.shape) > 0.5)


class Unwritten(Scale):
    def backward(self, dy):
        super().backward(dy)
        dx = np.empty_like(dy)
        dx[:-1] = dy[:-1] * self.w
        return dx


class UnwrittenForward(Scale):
    def forward(self, x):
        y = np.empty(x.shape)
        for n in range(len(x) - 1):
            y[n] = super().forward(x)[n]
        return y


class NoDecimals(Scale):
    def backward(self, dy):
        super().backward(dy)
        dx = np.zeros(dy.shape, int)
        dx[...] = 9 * dy * self.w
        return dx


class NoDecimalsForward(Scale):
    def forward(self, x):
        y = np.zeros(x.shape, int)
        y[...] = 9 * super().forward(x)
        return y.astype(float)


class OneBuffer(Scale):
    def __init__(self):
        super().__init__()
        self.y = np.zeros(SHAPE)

    def forward(self, x):
        self.y[...] = super().forward(x)
        return self.y


class DividesByZero(Scale):
    def forward(self, x):
        return super().forward(np.maximum(x, 0))

    def backward(self, dy):
        return super().backward(dy) * self.x / self.x


class Overflows(Scale):
    def forward(self, x):
        e = np.exp(1000 * super().forward(x))
        return e / e.sum(axis=1, keepdims=True)


class Bias3(Scale):
    def __init__(self):
        super().__init__()
        self.b = self.b[None]


class BiasNotSummed(Scale):
    def backward(self, dy):
        dx = super().backward(dy)
        self.db = dy
        return dx


class Padded(Scale):
    def backward(self, dy):
        return np.pad(super().backward(dy), ((0, 0), (0, 0), (1, 1), (1, 1)))


class Empty(Scale):
    def backward(self, dy):
        return super().backward(dy)[:, 0:-0]


class Turned(Scale):
    def backward(self, dy):
        return super().backward(dy).T


class OtherOrder:
    def forward(self, x, v):
        self.x, self.v = x, v
        return x @ v

    def backward(self, dy):
        return self.x.T @ dy, dy @ self.v.T


MISTAKES = [(NoReturn, "nothing"), (NoReturnBackward, "nothing"), (Steps, "replaced"), (Rebinds, "replaced"), (Adds, "added"),
            (NewMask, "random"), (NewMaskOfItsOwn, "random"), (Unwritten, "memory"), (UnwrittenForward, "memory"),
            (NoDecimals, "integers"), (NoDecimalsForward, "integers"), (OneBuffer, "kept"), (DividesByZero, "not finite"),
            (Overflows, "overflow"), (Bias3, "shape"), (BiasNotSummed, "shape"), (Empty, "shape"), (Turned, "shape")]


@pytest.mark.parametrize("layer, kind", MISTAKES, ids=lambda value: getattr(value, "__name__", value))
def test_the_cause_shows_in_the_calls(layer, kind):
    cause = told(layer())
    assert cause is not None and cause.kind == kind
    assert cause.look and cause.sentence.endswith(".")


@pytest.mark.parametrize("layer", [layer for layer, kind in MISTAKES if kind in ("nothing", "added", "overflow")])
def test_the_error_of_a_check_becomes_the_same_cause(layer):
    assert raised_by(layer()).kind == dict(MISTAKES)[layer]


OWN_RNG = np.random.default_rng(1)


class ReadsTheClock(Scale):
    def forward(self, x):
        self.factor = time.perf_counter() % 1
        return super().forward(x) * self.factor

    def backward(self, dy):
        return super().backward(dy * self.factor)


class DropoutOfTheFile(Scale):
    """Right: the generator, or the function that makes one, is a variable of the file."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def forward(self, x):
        self.mask = (OWN_RNG if self.draw == "own" else default_rng()).random(x.shape) > 0.5
        return super().forward(x) * self.mask

    def backward(self, dy):
        return super().backward(dy * self.mask)


def test_a_forward_with_two_answers_is_said_to_have_them():
    cause = check_layer(ReadsTheClock(), RNG.standard_normal(SHAPE)).causes[""]
    assert cause.kind == "random" and cause.detail == "forward" and "two answers" in cause.sentence


@pytest.mark.parametrize("draw", ["own", "imported"])
def test_generators_of_the_file_are_set_back_and_left_as_they_were(draw):
    before = str(OWN_RNG.bit_generator.state)
    assert check_layer(DropoutOfTheFile(draw), RNG.standard_normal(SHAPE)).ok
    assert str(OWN_RNG.bit_generator.state) == before and default_rng is np.random.default_rng


class Dropout(Scale):
    """Right: backward uses forward's mask."""

    def forward(self, x):
        self.mask = (np.random.rand(*x.shape) > 0.5) / 0.5
        return super().forward(x) * self.mask

    def backward(self, dy):
        return super().backward(dy * self.mask)


class Half(Scale):
    def backward(self, dy):
        return super().backward(dy) / 2


class Fills(Scale):
    """Right: every number of np.empty is written."""

    def forward(self, x):
        y = np.empty(x.shape)
        y[...] = super().forward(x)
        return y


class ParamsAreCopies(Half):
    def params(self):
        return {name: array.copy() for name, array in super().params().items()}


class CountsAlone(Scale):
    """Not of integers: dy is not used."""

    def backward(self, dy):
        super().backward(dy)
        return np.arange(20.0).reshape(SHAPE)


@pytest.mark.parametrize("layer", [Scale, Dropout, Half, Fills, ParamsAreCopies, CountsAlone])
def test_nothing_is_said_of_calls_that_do_nothing_unusual(layer):
    assert told(layer()) is None


def test_parameters_are_as_before_afterwards():
    layer = Steps()
    called = call(layer, [RNG.standard_normal(SHAPE)])
    w = called.params()["w"].copy()
    assert behaviour_of(None, called).kind == "replaced"
    assert np.array_equal(called.params()["w"], w)


def test_a_step_of_the_weights_names_its_rate():
    assert "-0.01 times its gradient" in told(Steps()).sentence
    assert "a new array" in told(Rebinds()).sentence


def test_whole_numbers_that_go_in_may_come_out():
    assert told(OneBuffer(), np.arange(20.0).reshape(SHAPE)).kind == "kept"


def test_what_is_large_may_overflow():
    assert told(Overflows(), 1e5 * RNG.standard_normal(SHAPE)) is None


def test_an_overflow_names_its_line():
    assert "test_behaviour.py, line" in told(Overflows()).sentence


# ------------------------------------------------------------------------------- shapes

def test_a_bias_of_another_number_of_axes_is_compared_all_the_same():
    layer, x = Bias3(), RNG.standard_normal(SHAPE)
    assert check_gradients(fitted(call(layer, [x])), x).ok
    layer.backward = lambda dy: (setattr(layer, "dw", (dy * layer.x).sum(axis=0)), setattr(layer, "db", dy.mean(axis=0)),
                                 dy * layer.w)[2]
    report = check_gradients(fitted(call(layer, [x])), x)
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["b"]


def test_the_padding_is_cut_off_and_said():
    layer, x = Padded(), RNG.standard_normal((2, 3, 4, 5))
    cause = told(layer, x)
    assert (cause.kind, cause.detail) == ("shape", "padding") and "1 on each side" in cause.sentence
    assert check_gradients(fitted(call(layer, [x])), x).rows[0].verdict == "ok"


def test_each_shape_has_its_words():
    assert told(Empty()).detail == "empty" and "-0 is 0" in told(Empty()).look
    assert "transposed" in told(Turned()).sentence
    assert told(BiasNotSummed()).detail == "not summed"


def test_gradients_in_another_order():
    x, v = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 2))
    cause = told(OtherOrder(), x, v)
    assert cause.kind == "order" and "in the order x, v" in cause.sentence


# ------------------------------------------------------------------------------- raised

class Bias(Scale):
    def forward(self, x):
        self.x = x
        return x + np.ones(5)


class Product(Scale):
    def backward(self, dy):
        v = np.ones((7, SHAPE[1]))
        return dy @ v


class Beyond(Scale):
    def backward(self, dy):
        return dy[:, dy.shape[1]]


class NoValue(Scale):
    def backward(self, dy):
        if dy.ndim == 4:
            total = 0
        return dy * total


class Forgets(Scale):
    def forward(self, x):
        return x * self.w

    def backward(self, dy):
        return dy * self.cached


class IntegerBuffer(Scale):
    def backward(self, dy):
        dx = np.zeros(dy.shape, int)
        dx += dy
        return dx


class FromNone(Scale):
    def helper(self, dy):
        dy * self.w

    def backward(self, dy):
        return self.helper(dy) * 2


RAISED = [(Product, SHAPE, "dy (4, 5), v (7, 5)", "dy @ v.T would fit"),
          (Beyond, SHAPE, "index 5 is out of bounds", "windows fit"), (NoValue, SHAPE, "total", "no value yet"),
          (Forgets, SHAPE, "cached", "must remember"), (FromNone, SHAPE, "NoneType", "without a return")]


@pytest.mark.parametrize("layer, shape, evidence, advice", RAISED, ids=lambda value: getattr(value, "__name__", None))
def test_an_error_of_the_layers_own_has_its_line_its_shapes_and_a_hint(layer, shape, evidence, advice):
    cause = raised_by(layer(), RNG.standard_normal(shape))
    assert cause.kind == "raised" and cause.sure == "exact"
    assert cause.detail.startswith("test_behaviour.py, line") and cause.detail in cause.sentence
    assert evidence in cause.sentence + cause.example and advice in cause.look


def test_a_bias_that_meets_the_wrong_axis():
    with pytest.raises(ValueError) as caught:
        Bias().forward(np.ones((2, 5, 4, 3)))
    cause = raised_cause(caught.value)
    assert "x (2, 5, 4, 3)" in cause.example and "b[:, None, None]" in cause.look


def test_a_sum_into_an_array_of_integers_is_named_as_such():
    assert raised_by(IntegerBuffer()).kind == "integers"


def test_an_error_of_the_check_itself_is_not_the_layers():
    x = RNG.standard_normal(SHAPE)
    with pytest.raises(ValueError) as caught:
        check_gradients(Scale(), x, dy=np.ones(3))
    assert behaviour_of(caught.value, call(Scale(), [x])) is None
