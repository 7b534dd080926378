"""Terms of layers of one shape: planted mistakes, the cause that is expected, and layers of which nothing is said."""
import numpy as np
import pytest
from npnet.diagnose.terms import CAUSES, EARLY
from planted_terms import LRN_MISTAKES, NORM_MISTAKES, SOFTMAX_MISTAKES, cause, lrn, normed, softmax_pair

RULES = EARLY + CAUSES
SEEDS = 0, 1


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
