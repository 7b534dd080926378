"""Whole networks, sampled: npnet's own, lists of layers, strangers' objects, and mistakes that need size to show."""
import numpy as np
import pytest

from npnet.backend import use
from npnet.diagnose.whole import check_network
from npnet.layers import LRN, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU
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
def test_full_size_alexnet_within_a_minute():
    from npnet.models import model

    report = check_network(model("krizhevsky2012"))

    assert report.ok and report.seconds < 90
    assert len(report.rows) == 40
