"""Terms of layers of one shape: planted mistakes, the cause that is expected, and layers of which nothing is said."""
import numpy as np
import pytest
from planted_terms import (ALPHA, BETA, LRN_MISTAKES, NORM_MISTAKES, SOFTMAX_MISTAKES, K, cause, evidence, lrn, normed,
                           own, softmax_pair, statistics, sums)

from npnet.diagnose.causes.terms import CAUSES, EARLY

RULES = EARLY + CAUSES
SEEDS = 0, pytest.param(1, marks=pytest.mark.further)


def picture(seed, *shape):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape) * np.random.default_rng(seed + 9).choice([-1, 1], shape)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", LRN_MISTAKES)
def test_a_wrong_term_of_lrn_is_named(mistake, seed):
    change, kind, words = LRN_MISTAKES[mistake]
    found = cause(RULES, lrn(change), picture(seed, 2, 7, 2, 3), seed=seed)
    assert found is not None and found.kind == kind, found
    assert words in found.sentence, found.sentence
    assert found.example and found.look


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", SOFTMAX_MISTAKES)
def test_a_wrong_term_of_softmax_is_named(mistake, seed):
    change, kind, words = SOFTMAX_MISTAKES[mistake]
    found = cause(RULES, softmax_pair(change), picture(seed, 4, 6), seed=seed)
    assert found is not None and found.kind == kind, found
    assert words in found.sentence, found.sentence


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", ["batch", "pictures", "layer"])
@pytest.mark.parametrize("mistake", NORM_MISTAKES)
def test_a_wrong_term_of_a_norm_is_named(mistake, layout, seed):
    shape, axis, own = {"batch": ((8, 5), 0, (1, 5)), "pictures": ((2, 3, 4, 3), (0, 2, 3), (1, 3, 1, 1)),
                        "layer": ((5, 9), 1, (1, 9))}[layout]
    change, kind, words = NORM_MISTAKES[mistake]
    found = cause(RULES, normed(axis, change), picture(seed, *shape), picture(seed + 1, *own), picture(seed + 2, *own),
                  name="x", seed=seed)
    assert found is not None and found.kind == kind, found
    assert all(word in found.sentence for word in words), found.sentence


def test_backward_s_window_is_forward_s_turned_round():
    def scale(x):
        return K + ALPHA * sums(x * x, right=0)

    def backward(dy, x):
        s = scale(x)
        return own(dy, s) - 2 * ALPHA * BETA * x * sums(dy * x * s ** (-BETA - 1), right=0)
    found = cause(RULES, ((lambda x: x * scale(x) ** -BETA), backward), picture(0, 2, 6, 2, 2))
    assert found.kind == "wrong term" and "neighbours" in found.sentence, found


def test_only_the_last_neighbour_is_left():
    def last(dy, x, s):
        dx = np.zeros_like(x)
        for c in range(x.shape[1]):
            for j in range(max(0, c - 2), min(x.shape[1], c + 3)):
                dx[:, c] = -2 * ALPHA * BETA * x[:, c] * dy[:, j] * x[:, j] * s[:, j] ** (-BETA - 1)
        return dx
    assert cause(RULES, lrn(last), picture(0, 2, 6, 2, 2)).kind == "overwritten"


def test_softmax_whose_sum_runs_over_the_other_axis():
    found = cause(RULES, softmax_pair(lambda dy, y: y * (dy - (dy * y).sum(axis=0))), picture(0, 4, 6))
    assert found.kind == "axis", found


def groups_of(mean=2, var=2, power=1):
    """Layer norm of two halves of each row; backward's mean and variance over so many parts of it."""
    def halves(a, parts):
        return a.reshape(len(a) * parts, -1)

    def forward(x, gamma):
        return gamma * statistics(halves(x, 2), 1)[2].reshape(x.shape)

    def backward(dy, x, gamma):
        variance, hat = (statistics(halves(x, 2), 1)[i] for i in (1, 2))
        d, hat = gamma * dy, hat.reshape(x.shape)
        over = (halves(d, mean).mean(axis=1, keepdims=True) * np.ones(x.size // len(x) // mean)).reshape(x.shape)
        along = (halves(d * hat, var).mean(axis=1, keepdims=True) * np.ones(x.size // len(x) // var)).reshape(x.shape)
        root = (np.sqrt(variance + 1e-5) ** power * np.ones(x.shape[1] // 2)).reshape(x.shape)
        return (d - over - hat * along) / root, (dy * hat).sum(axis=0)
    return forward, backward


@pytest.mark.parametrize("parts", [dict(mean=1), dict(var=1), dict(mean=1, var=1)])
def test_a_mean_over_another_group(parts):
    found = cause(RULES, groups_of(**parts), picture(0, 4, 12), picture(1, 12), name="x")
    assert found.kind == "axis", found


def test_a_norm_that_is_divided_by_the_variance():
    found = cause(RULES, groups_of(power=2), picture(0, 4, 12), picture(1, 12), name="x")
    assert found.kind == "wrong term" and "once too often" in found.sentence, found


def test_groups_that_are_right_are_right():
    assert evidence(groups_of(), picture(0, 4, 12), picture(1, 12)) is None


@pytest.mark.parametrize("change, words", [
    (lambda d, hat, root, m, S: (d - S(d) / m - S(d * hat) / m) / root, "x normalised[i] is missing"),
    (lambda d, hat, root, m, S: (d - S(d) / m - hat * S(d) / m) / root, "x normalised[j] is missing"),
    (lambda d, hat, root, m, S: (d - S(d) / m - d * S(hat * hat) / m) / root, ""),
])
def test_the_variance_s_term_without_one_of_its_factors(change, words):
    found = cause(RULES, normed(0, change), picture(0, 8, 5), picture(1, 1, 5), picture(2, 1, 5), name="x")
    assert found is None and not words or found.kind == "wrong term" and words in found.sentence, found


def test_a_mean_over_a_part_of_its_group():
    found = cause(RULES, normed((0, 2, 3), lambda d, hat, root, m, S: (d - d.mean(axis=0) - hat * S(d * hat) / m) / root),
                  picture(0, 3, 2, 2, 3), picture(1, 1, 2, 1, 1), picture(2, 1, 2, 1, 1), name="x")
    assert found.kind == "axis" and "takes 3, 3 of them" in found.example, found


def test_log_softmax_with_the_logarithm_for_the_probability():
    def log_softmax(x):
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    found = cause(RULES, (log_softmax, lambda dy, x: dy - log_softmax(x) * dy.sum(axis=1, keepdims=True)), picture(0, 4, 5))
    assert found.kind == "wrong term" and "stands y[i], where" in found.sentence, found


def test_dy_that_is_given_on_as_it_came():
    w = picture(1, 5, 5)
    found = cause(RULES, ((lambda x: x @ w), lambda dy, x: dy.copy()), picture(0, 4, 5))
    assert found.kind == "missing term" and "as it came" in found.sentence, found


def test_a_square_matrix_the_other_way_round():
    w = picture(1, 5, 5)
    assert cause(RULES, ((lambda x: x @ w), lambda dy, x: dy @ w), picture(0, 4, 5)).kind == "transposed"


def test_two_mistakes_in_two_terms():
    def both(dy, x, s):
        return -2 * ALPHA * BETA * x * x * sums(dy * s ** (-BETA - 1))
    found = cause(RULES, lrn(both), picture(0, 2, 6, 2, 2))
    assert "stands x[i]" in found.sentence and "Besides, the direct term is missing" in found.sentence, found
