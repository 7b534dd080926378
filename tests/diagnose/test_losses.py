"""Losses with one part of their slope wrong, and gradients that have changed places."""
import numpy as np
import pytest
from planted_terms import cause, softmax

from npnet.diagnose.causes.terms import CAUSES, EARLY

RULES = EARLY + CAUSES
N, C = 5, 4


def cross_entropy(labels):
    return lambda x: -np.log(softmax(x)[np.arange(N), labels]).mean()


def one_hot(labels):
    return np.eye(C)[labels]


def columns(p, labels):
    p = p.copy()
    p[:, labels] -= 1
    return p


MISTAKES = {            # name: (gradient(p, labels) times N, kind, words)
    "label not subtracted": (lambda p, t: p, "missing term", "not subtracted"),
    "label added": (lambda p, t: p + one_hot(t), "wrong term", "is added"),
    "whole columns": (columns, "wrong term", "whole columns"),
    "p (1 - p)": (lambda p, t: (p - one_hot(t)) * p * (1 - p), "slope", "p (1 - p)"),
    "by p": (lambda p, t: -one_hot(t) / p, "missing term", "slope by p"),
    "right class left out": (lambda p, t: np.where(one_hot(t) > 0, 0, p), "missing term", "at the labels it is 0"),
    "not subtracted, and twice": (lambda p, t: 2 * p, "missing term", "2 times as large"),
}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.further)])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_part_of_the_slope_of_cross_entropy(mistake, seed):
    gradient, kind, words = MISTAKES[mistake]
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, C - 1, N)
    found = cause(RULES, (cross_entropy(labels), lambda dy, x: dy * gradient(softmax(x), labels) / N),
                  rng.standard_normal((N, C)))
    assert found is not None and found.kind == kind and words in found.sentence, found


def test_of_a_factor_or_a_sign_nothing_is_said():
    labels = np.array([0, 1, 3, 2, 0])
    for factor in (-1, 1, 2 / N):
        pair = cross_entropy(labels), lambda dy, x: factor * dy * (softmax(x) - one_hot(labels))
        assert cause(RULES, pair, np.random.default_rng(0).standard_normal((N, C))) is None


@pytest.mark.parametrize("given, words", [(0.15, "0.05 times w is missing"), (0.3, "0.1 times w is added")])
def test_the_decay_of_a_loss(given, words):
    x, w = np.random.default_rng(1).standard_normal((2, 6))
    pair = (lambda w: np.sum(np.sin(w * x) + 0.1 * w ** 2)), lambda dy, w: dy * (x * np.cos(w * x) + given * w)
    found = cause(RULES, pair, w)
    assert found.kind == "decay" and words in found.sentence


def test_two_gradients_that_have_changed_places():
    pair = (lambda x, w, b: x * w + b), lambda dy, x, w, b: (dy * w, dy.sum(axis=0), (dy * x).sum(axis=0))
    arrays = [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate([(6, 5), (5,), (5,)])]
    for name, other in (("w", "b"), ("b", "w")):
        found = cause(RULES, pair, *arrays, name=name)
        assert found.kind == "order" and f"gradient of {other}" in found.sentence
