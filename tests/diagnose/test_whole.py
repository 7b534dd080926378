"""Whole networks, sampled: npnet's own, lists of layers, strangers' objects, and mistakes that need size to show."""
import numpy as np
import pytest

from npnet.backend import use
from npnet.diagnose.whole import check_network
from npnet.layers import LRN, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU
from npnet.network import Network


@pytest.fixture(autouse=True)
def numpy_backend():
    use("numpy")


class PoolOfOne(MaxPool):
    """The largest of a whole map; which place held it is kept in 8 bits, enough for maps up to 11 x 11."""

    def build(self, shape, rng, dtype=np.float32):
        self.size, self.stride = shape[1:], max(shape[1:])
        return super().build(shape, rng, dtype)

    def backward(self, dy, to_input=True):
        self.argmax = self.argmax.astype(np.int8).astype(np.int32) % np.prod(self.size)
        return super().backward(dy, to_input)


class Blocks(Dense):
    """Sums dw over inputs in blocks of 64 and forgets what is left over after the fourth block."""

    def backward(self, dy, to_input=True):
        dx = super().backward(dy, to_input)
        self.dw[256:] = 0
        return dx


class OneNumber(Dense):
    """Of all of dw one number is wrong."""

    def backward(self, dy, to_input=True):
        dx = super().backward(dy, to_input)
        self.dw[17, 5] = 0
        return dx


class Fourteen(Flatten):
    """Thinks that every map is 14 x 14 at most."""

    def backward(self, dy, to_input=True):
        dx = dy.reshape(self.shape).copy()
        dx[:, :, 14:] = 0
        return dx


class WrongOrder(Network):
    """Its backward calls the first two layers in forward's order."""

    def backward(self, dy, to_input=True):
        names = list(self.layers)
        for name in [*reversed(names[2:]), *names[:2]]:
            dy = self.layers[name].backward(dy)
        return dy


def network(size, middle=None, end=None, kind=Network, dtype=np.float64):
    return kind((6, size, size), seed=0, dtype=dtype, conv1=Conv2D(6, 3, pad=1, std=0.3, bias=1), relu1=ReLU(),
                norm1=LRN(n=3, alpha=0.1), middle=middle or MaxPool(3, 2), flatten=Flatten(),
                fc=end or Dense(10, std=0.1))


def rows(report):
    return {row.name: row for row in report.rows}


def test_a_right_network_passes_and_each_array_of_each_layer_has_a_row():
    report = check_network(network(20))

    assert report.ok and report.layers == 6
    assert list(rows(report)) == ["conv1.x", "conv1.w", "conv1.b", "relu1.x", "norm1.x", "middle.x", "flatten.x", "fc.x",
                                  "fc.w", "fc.b", "the network"]
    assert all(row.error < 1e-7 and row.checked >= 3 for row in report.rows)
    assert "passed: 11 arrays, 6 layers at their own places" in str(report)


def test_all_is_as_it_was_afterwards():
    net = Network((4, 6, 6), dtype=np.float64, conv=Conv2D(3, 3), norm=BatchNorm(), drop=Dropout(0.5))
    before = {name: array.copy() for name, array in (net.params() | net.state()).items()}

    report = check_network(net, train=True)

    assert report.ok
    assert all(np.array_equal(array, before[name]) for name, array in (net.params() | net.state()).items())
    assert not any("forward" in vars(layer) for layer in net.layers.values())


def test_a_float32_network_is_checked_in_float64():
    net = network(12, dtype=np.float32)

    report = check_network(net)

    assert report.ok and net.params()["fc.w"].dtype == np.float32


def test_a_float32_network_with_paths_is_checked_in_float64():
    paths = [dict(one=Conv2D(2, 1), relu=ReLU()), dict(deep=Concat([dict(three=Conv2D(2, 3, pad=1))]))]
    net = Network((2, 5, 5), both=Concat(paths), row=Flatten(), fc=Dense(3))

    report = check_network(net)

    assert report.ok and net.params()["both.one.w"].dtype == np.float32
    assert "both.deep.three.w" in str(report.rows)


@pytest.mark.parametrize("kind, small, large", [(PoolOfOne, 11, 20), (lambda: Fourteen(), 12, 20)])
def test_a_mistake_that_shows_at_full_size_only(kind, small, large):
    place = "middle" if kind is PoolOfOne else "flatten"

    def made(size):
        layers = dict(conv1=Conv2D(6, 3, pad=1, std=0.3, bias=1), middle=kind(1, 1) if kind is PoolOfOne else ReLU(),
                      flatten=Flatten() if kind is PoolOfOne else kind(), fc=Dense(10, std=0.1))
        return Network((3, size, size), dtype=np.float64, **layers)

    report = check_network(made(large))

    assert check_network(made(small)).ok
    assert [name for name, row in rows(report).items() if row.verdict != "ok"] == [f"{place}.x"]
    assert report.unchecked == {"the network as a whole": "its layers must be right first"}
    assert f"{place}.x: wrong" in str(report)


def test_the_place_of_a_forgotten_block_is_said():
    report = check_network(network(20, end=Blocks(10, std=0.1)))
    row = rows(report)["fc.w"]

    assert row.verdict == "wrong" and row.worst[0] >= 256 and row.analytic == 0 and row.numeric != 0
    assert "or more of axis 0; up to" in row.notes


def test_one_wrong_number_among_thousands_is_found():
    report = check_network(network(20, end=OneNumber(10, std=0.1)), entries=5)
    row = rows(report)["fc.w"]

    assert row.verdict != "ok" and row.worst == (17, 5) and row.analytic == 0 and abs(row.numeric) > 0.01


def test_layers_that_are_right_in_a_network_that_is_not():
    report = check_network(network(12, kind=WrongOrder))
    wrong = [row for row in report.rows if row.verdict != "ok"]

    assert [row.name for row in wrong] == ["the network"]
    assert "Each layer is right, the whole is not: x (along" in wrong[0].notes


def test_a_list_of_layers():
    layers = [Conv2D(4, 3), ReLU(), Flatten()]
    shape = (3, 8, 8)
    for layer in layers:
        shape = layer.build(shape, np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).standard_normal((2, 3, 8, 8))

    report = check_network(layers, x)

    assert report.ok and "0 Conv2D.w" in rows(report)


def test_progress_is_told_when_it_takes_long(monkeypatch):
    monkeypatch.setattr("npnet.diagnose.whole.QUIET", -1)
    said = []

    check_network(network(12), say=said.append)

    assert said[0].startswith("conv1: 2 x 6 x 12 x 12 (") and said[-1].startswith("the network as a whole (")


def test_what_is_missing_is_asked_for():
    with pytest.raises(ValueError, match="x is missing: a batch of pictures"):
        check_network([ReLU()])
    with pytest.raises(ValueError, match=r"built for \(N, 6, 12, 12\)"):
        check_network(network(12), np.zeros((2, 6, 13, 12)))


@pytest.mark.long
def test_full_size_alexnet():
    from npnet.models import model

    report = check_network(model("krizhevsky2012"))

    assert report.ok
    assert len(report.rows) == 40


class Affine:
    """A stranger's dense layer: no params(), gradients in attributes."""

    def __init__(self, inputs, outputs, lost=0):
        draw = np.random.default_rng(inputs)
        self.W, self.b, self.lost = draw.standard_normal((inputs, outputs)), draw.standard_normal(outputs), lost

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        self.dW[:self.lost] = 0
        return dout @ self.W.T


class InPlace:
    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x)

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class StrangersNetwork:
    def __init__(self, lost=0):
        self.layers = {"A1": Affine(40, 30, lost), "R1": InPlace(), "A2": Affine(30, 3)}

    def forward(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return dout


class Closed:
    """A network whose layers cannot be reached by that name."""

    def __init__(self, lost=0):
        self.inner = StrangersNetwork(lost)

    def __call__(self, x):
        return self.inner.forward(x)

    def backward(self, dout):
        return self.inner.backward(dout)


def test_a_strangers_network_has_its_weights_checked_at_their_places():
    x = np.random.default_rng(0).standard_normal((4, 40))
    right, wrong = check_network(StrangersNetwork(), x), check_network(StrangersNetwork(lost=3), x)

    assert right.ok and right.layers == 3 and list(rows(right)) == [
        "A1.x", "A1.W", "A1.b", "R1.x", "A2.x", "A2.W", "A2.b", "the network"]
    assert [row.name for row in wrong.rows if row.verdict != "ok"] == ["A1.W"] and rows(wrong)["A1.W"].worst[0] < 3


def test_a_list_of_strangers_and_a_network_that_is_closed():
    x = np.random.default_rng(0).standard_normal((4, 40))
    several, closed, wrong = (check_network(net, x) for net in (list(StrangersNetwork().layers.values()), Closed(),
                                                                Closed(lost=3)))

    assert several.ok and several.layers == 3 and "0 Affine.W" in rows(several)
    assert closed.ok and closed.layers == 0 and len(closed.rows) == 5 and "as a whole" in str(closed)
    assert not wrong.ok and [row.size for row in wrong.rows if row.verdict != "ok"] == [1200]
