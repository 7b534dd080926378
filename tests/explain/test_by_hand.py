"""What is computed by hand: the same numbers as the layers', on every backend, and a wrong layer is seen."""
import numpy as np
import pytest

import npnet
from networks import every_class, moved, small, walked
from npnet import LRN, Dense, Flatten, LRNWithin, Network, ReLU
from npnet.backend import BACKENDS, NUMPY
from npnet.explain import by_hand, terminal
from npnet.explain.by_hand import ByHand
from npnet.explain.walk import Explain
from npnet.layers import Layer


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.long)])
def test_every_class_by_hand(backend, random, dtype):
    steps = list(walked(moved(every_class(dtype), random), random))
    assert {step.facts.kind for step in steps} == set(npnet.layers.LAYERS)
    for step in steps:
        hand = step.by_hand
        assert hand.agrees and hand.allowed < 1e-3, (step.facts.name, hand)
        assert hand.array == step.y[hand.index]
        assert hand.value == pytest.approx(hand.array, rel=2e-4 if dtype == np.float32 else 1e-9)


def test_by_hand_at_every_place(random, monkeypatch):
    """Not only in the middle: at the edges padding, groups and what hangs over count."""
    net = moved(every_class(), random)
    for step in list(walked(net, random)):
        for place in list(np.ndindex(step.y.shape))[::3]:
            monkeypatch.setattr(by_hand, "telling_place", lambda y: place)
            hand = by_hand.by_hand(step.layer, step.x, step.y)
            assert hand.agrees and hand.index == place, (step.facts.name, hand)


def test_terms_and_words(random):
    npnet.use("numpy")
    explain = walked(npnet.model("cifar_four_layer"), random)
    hand = explain["conv1"].by_hand
    assert (hand.place, hand.words, hand.terms) == ("y[0,0,16,16]", "75 products + b[0]", 75)
    assert explain["pool1"].by_hand.words == "the largest of 9 numbers"
    assert "2 squares" not in explain["norm1"].by_hand.words and "squares)^-0.75" in explain["norm1"].by_hand.words
    assert explain["fc5"].by_hand.terms == 32 * 8 * 8


@pytest.mark.parametrize("layer, index, end", [
    (LRN(), (0, 2, 1, 1), "5 squares)^-0.75"), (LRN(), (0, 0, 1, 1), "3 squares)^-0.75; not 5: map 0 is at the edge"),
    (LRN(groups=2), (0, 4, 1, 1), "3 squares)^-0.75; not 5: map 4 is at the edge of its group"),
    (LRNWithin(n=3), (0, 4, 1, 1), "9 squares)^-0.75"),
    (LRNWithin(n=3), (0, 4, 0, 1), "6 squares)^-0.75; not 9: the window is cut at the edge")])
def test_a_window_that_is_cut_at_the_edge_says_so(layer, index, end):
    words = by_hand.BY_HAND[type(layer)](layer, np.ones((1, 8, 3, 3)), index)[0]
    assert words.endswith(f" * {end}"), words


def test_a_place_that_is_not_zero(random):
    explain = walked(small(), random)
    for step in explain:
        assert step.y[step.by_hand.index] != 0


def test_agreement():
    hand = ByHand((0, 1), "", 1, 1.0, 1.001, 0.01)
    assert hand.agrees and hand.place == "y[0,1]"
    for value, array, agrees in ((1, 1.1, False), (np.nan, np.nan, True), (np.nan, 1, False), (1, np.nan, False),
                                 (np.inf, np.inf, True), (np.inf, 1, False)):
        assert ByHand((0,), "", 1, value, array, 0.01).agrees == agrees


def test_a_wrong_layer_is_seen(random, monkeypatch):
    wrong = {**NUMPY, "relu_forward": lambda x: np.abs(x) + 1}
    monkeypatch.setitem(BACKENDS, "wrong", lambda: wrong)
    npnet.use("wrong")
    explain = walked(small(), random)
    assert not explain["relu1"].by_hand.agrees and explain["fc2"].by_hand.agrees
    assert "THEY DIFFER" in terminal.block(explain["relu1"])[-1]


def test_a_layer_of_ones_own(random):
    class Twice(Layer):
        def forward(self, x, train=False):
            return 2 * x

        def backward(self, dy, to_input=True):
            return 2 * dy

    class Squared(ReLU):
        """Derived from a layer of npnet's: what it ought to compute is its own affair."""

        def forward(self, x, train=False):
            return x * x

    net = Network((3, 4, 4), twice=Twice(), squared=Squared(), flatten=Flatten(), fc=Dense(2))
    explain = walked(net, random)
    for name in ("twice", "squared"):
        assert explain[name].by_hand is None and explain[name].size == []
        assert not any("by hand" in line for line in terminal.block(explain[name]))
        assert terminal.why(explain[name])[0].startswith(f"{name} is a ")
        assert len(terminal.values(explain[name])) == 5
    assert explain["twice"].mean == pytest.approx(2 * explain.x.mean())


def test_nan_and_infinity_are_explained(random):
    net = every_class(np.float32)
    x = np.full((1, *net.input_shape), np.nan, np.float32)
    for step in Explain(net, x):
        assert len(terminal.block(step)) <= 10 + len(step.facts.paths)
        assert step.by_hand.agrees, step.facts.name


def test_every_class_has_its_loop():
    assert set(by_hand.BY_HAND) == set(npnet.layers.LAYERS.values())
