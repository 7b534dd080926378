"""Number by number: activations, dropout, scales with one mistake each, and layers of which nothing is said."""
import numpy as np
import pytest
from planted_terms import EPS, cause, evidence, lrn_forward, normed, softmax

from npnet.diagnose.causes.terms import CAUSES, EARLY

RULES = EARLY + CAUSES
SEEDS = 0, pytest.param(1, marks=pytest.mark.further)


def numbers(seed, *shape):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 1.5, shape) * rng.choice([-1, 1], shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def dropped(x, keep=0.6, seed=4):
    return x * (np.random.default_rng(seed).random(x.shape) < keep) / keep


ACTIVATIONS = {         # name: (forward, backward(dy, x), kind, words in the sentence)
    "sigmoid at x": (sigmoid, lambda dy, x: dy * x * (1 - x), "slope", "x (1 - x)"),
    "sigmoid of y": (sigmoid, lambda dy, x: dy * sigmoid(sigmoid(x)) * (1 - sigmoid(sigmoid(x))), "slope", "s(y) (1 - s(y))"),
    "sigmoid with tanh's": (sigmoid, lambda dy, x: dy * (1 - sigmoid(x) ** 2), "slope", "1 - y^2"),
    "sigmoid without 1 - y": (sigmoid, lambda dy, x: dy * sigmoid(x), "slope", "y"),
    "sigmoid with 1": (sigmoid, lambda dy, x: dy.copy(), "slope", "every dy by 1"),
    "sigmoid at dy": (sigmoid, lambda dy, x: dy * dy * (1 - dy), "slope", "dy (1 - dy)"),
    "tanh at x": (np.tanh, lambda dy, x: dy * (1 - x ** 2), "slope", "1 - x^2"),
    "tanh of y": (np.tanh, lambda dy, x: dy * (1 - np.tanh(np.tanh(x)) ** 2), "slope", "tanh(y)"),
    "tanh not squared": (np.tanh, lambda dy, x: dy * (1 - np.tanh(x)), "slope", "1 - y"),
    "tanh with sigmoid's": (np.tanh, lambda dy, x: dy * np.tanh(x) * (1 - np.tanh(x)), "slope", "y (1 - y)"),
    "square": (lambda x: x ** 2, lambda dy, x: dy * x ** 2, "slope", "y"),
    "unknown": (sigmoid, lambda dy, x: dy * np.cos(3 * x + 1), "slope", "another slope"),
    "relu by dy": (relu, lambda dy, x: dy * (dy > 0), "mask", "sign of dy"),
    "relu turned": (relu, lambda dy, x: dy * (x < 0), "mask", "x < 0"),
    "relu without a mask": (relu, lambda dy, x: dy.copy(), "mask", "every dy through"),
    "relu of another x": (relu, lambda dy, x: dy * (np.roll(x, 1) > 0), "mask", "another mask"),
    "relu times y": (relu, lambda dy, x: dy * relu(x), "slope", "y"),
    "leaky turned": (leaky, lambda dy, x: dy * np.where(x > 0, 0.1, 1), "mask", "x < 0"),
    "leaky by dy": (leaky, lambda dy, x: np.where(dy > 0, dy, 0.1 * dy), "mask", "sign of dy"),
    "leaky without a mask": (leaky, lambda dy, x: dy.copy(), "mask", "every dy through"),
    "dropout's new mask": (dropped, lambda dy, x: dropped(dy, seed=5), "mask", "another mask"),
    "another leak": (leaky, lambda dy, x: dy * np.where(x > 0, 1, 0.3), "slope", "x < 0 backward multiplies dy by 0.3"),
    "elu's other side": (lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda dy, x: dy * np.where(x > 0, 1, np.exp(x) - 1),
                         "slope", "multiplies dy by y"),
    "decay of x": (sigmoid, lambda dy, x: dy * sigmoid(x) * (1 - sigmoid(x)) + 0.01 * x, "decay", "0.01 times x"),
    "offset": (sigmoid, lambda dy, x: dy * sigmoid(x) * (1 - sigmoid(x)) + 0.5, "offset", "0.5 is added"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", ACTIVATIONS)
def test_a_wrong_slope_or_mask_is_named(mistake, seed):
    forward, backward, kind, words = ACTIVATIONS[mistake]
    found = cause(RULES, (forward, backward), numbers(seed, 4, 7), seed=seed)
    assert found is not None and found.kind == kind, found
    assert words in found.sentence, found.sentence
    assert found.example and found.look


def affine(x, w, b):
    return x * w + b


PRODUCTS = {            # name: (forward, backward, array, kind, words)
    "x for w": (np.multiply, lambda dy, x1, x2: (dy * x1, dy * x1), "x1", "other array", "by x1; x2 belongs there"),
    "y for w": (lambda a, v: a * v, lambda dy, a, v: (dy * a * v, dy * a), "a", "other array", "by y; v belongs there"),
    "no w": (lambda a, v: a * v, lambda dy, a, v: (dy.copy(), dy * a), "a", "other array", "lacks its factor v"),
}


def scaled(change):
    """y = x * w + b, features by themselves, and the gradients of w and b as `change` makes them."""
    return affine, lambda dy, x, w, b: (dy * w, *change(dy, x, w, b))


SCALES = {
    "dw from y": (lambda dy, x, w, b: ((dy * affine(x, w, b)).sum(axis=0), dy.sum(axis=0)), "w", "other array", "by y"),
    "dw from w": (lambda dy, x, w, b: ((dy * w).sum(axis=0), dy.sum(axis=0)), "w", "other array", "by w"),
    "dw with w": (lambda dy, x, w, b: ((dy * x * w).sum(axis=0), dy.sum(axis=0)), "w", "other array", "multiplied by w"),
    "db with x": (lambda dy, x, w, b: ((dy * x).sum(axis=0), (dy * x).sum(axis=0)), "b", "other array", "by x"),
    "decay": (lambda dy, x, w, b: ((dy * x).sum(axis=0) + 0.1 * w, dy.sum(axis=0)), "w", "decay", "0.1 times w"),
    "decay of the sign": (lambda dy, x, w, b: ((dy * x).sum(axis=0) + 0.1 * np.sign(w), dy.sum(axis=0)), "w", "decay", "sign"),
    "y for dy": (lambda dy, x, w, b: ((affine(x, w, b) * x).sum(axis=0), dy.sum(axis=0)), "w", "other array", "if dy were y"),
}


def masked_product(dx, dw):
    """y = x @ (w * mask), with the masks of backward's two gradients given."""
    mask = np.random.default_rng(2).random((5, 6)) > 0.4
    used = [mask if words else np.ones((5, 6)) for words in (dx, dw)]
    return (lambda x, w: x @ (w * mask)), lambda dy, x, w: (dy @ (w * used[0]).T, x.T @ dy * used[1])


@pytest.mark.parametrize("name, masks", [("x", (False, True)), ("w", (True, False))])
def test_the_mask_of_a_matrix_is_forgotten(name, masks):
    found = cause(RULES, masked_product(*masks), numbers(0, 4, 5), numbers(1, 5, 6), name=name)
    assert found.kind == "mask" and "without the mask" in found.sentence, found


def test_the_slopes_of_a_prelu_see_positive_numbers():
    pair = (lambda x, a: np.where(x > 0, x, a * x)), lambda dy, x, a: (dy * np.where(x > 0, 1, a), (dy * x).sum(axis=0))
    found = cause(RULES, pair, numbers(0, 6, 4), numbers(1, 4), name="a")
    assert found.kind == "mask", found


def test_the_output_stands_where_the_input_belongs():
    for words, other in (("built with y", lambda x, w: x @ w), ("tanh(x)", lambda x, w: np.tanh(x))):
        pair = dense, lambda dy, x, w: (dy @ w.T, other(x, w).T @ dy)
        found = cause(RULES, pair, numbers(0, 6, 4), numbers(1, 4, 4), name="w")
        assert found.kind == "other array" and words in found.sentence, found


@pytest.mark.parametrize("image", [0, 3])
def test_one_image_stands_for_all(image):
    def backward(dy, x):
        y = softmax(x)[image]
        return y * (dy - (dy * y).sum(axis=1, keepdims=True))
    found = cause(RULES, (softmax, backward), numbers(0, 4, 5))
    assert found.kind == "other array" and f"slopes of image {image}" in found.sentence, found


@pytest.mark.parametrize("mistake", PRODUCTS)
def test_one_factor_of_a_product_for_another(mistake):
    forward, backward, name, kind, words = PRODUCTS[mistake]
    found = cause(RULES, (forward, backward), numbers(0, 4, 5), numbers(1, 4, 5), name=name)
    assert found is not None and found.kind == kind and words in found.sentence, found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", SCALES)
def test_the_gradient_of_a_scale(mistake, seed):
    change, name, kind, words = SCALES[mistake]
    found = cause(RULES, scaled(change), numbers(seed, 6, 5), numbers(seed + 1, 5), numbers(seed + 2, 5), name=name)
    assert found is not None and found.kind == kind and words in found.sentence, found


def test_gamma_is_looked_for_in_what_batch_norm_sends_back():
    forward, right = normed(0, lambda d, hat, root, m, S: (d - S(d) / m - hat * S(d * hat) / m) / root)

    def backward(dy, x, gamma, beta):
        dx, dgamma, dbeta = right(dy, x, gamma, beta)
        return dx / gamma, dgamma, dbeta
    found = cause(RULES, (forward, backward), numbers(0, 7, 4), numbers(1, 1, 4), numbers(2, 1, 4), name="x")
    assert found.kind == "other array" and "lacks its factor gamma" in found.sentence


def test_an_eps_in_another_place_is_likely_only():
    def backward(dy, x):
        return dy * 0.5 / (np.sqrt(x * x + 1) + EPS) * 2 * x
    found = cause(RULES, (lambda x: np.sqrt(x * x + 1), backward), numbers(0, 3, 5))
    assert (found.kind, found.sure) == ("eps", "likely")


# ------------------------------------------------------------------------------- others' mistakes

def dense(x, w):
    return x @ w


def windows(x, w):
    """Two images of one channel, 3 x 3, padded by one."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return sum(padded[:, r:r + x.shape[1], s:s + x.shape[2]] * w[r, s] for r in range(3) for s in range(3))


def windows_back(dy, x, w, dx=lambda v: v, dw=lambda v: v, pad=1, last=None):
    padded, lent = np.pad(x, ((0, 0), (1, 1), (1, 1))), np.pad(dy, ((0, 0), (1, 1), (1, 1)))
    kernel = np.array([[(padded[:last, r:r + x.shape[1], s:s + x.shape[2]] * dy[:last]).sum() for s in range(3)] for r in range(3)])
    used = dx(w)
    given = sum(lent[:, 2 - r:2 - r + x.shape[1], 2 - s:2 - s + x.shape[2]] * used[r, s] for r in range(3) for s in range(3))
    return given, dw(kernel)


def pooled(x):
    return x.reshape(3, 4, 2).max(axis=2)


def pooled_back(dy, x):
    pairs = x.reshape(3, 4, 2)
    return ((pairs == pairs.max(axis=2, keepdims=True))[:, :, ::-1] * dy[:, :, None]).reshape(3, 8)


OTHERS = {              # name: (forward, backward, shapes, array); mistakes of other kinds
    "dw twice": (dense, lambda dy, x, w: (dy @ w.T, 2 * x.T @ dy), [(4, 5), (5, 3)], "w"),
    "dw of the last image": (dense, lambda dy, x, w: (dy @ w.T, x[-1:].T @ dy[-1:]), [(4, 5), (5, 3)], "w"),
    "dw transposed": (dense, lambda dy, x, w: (dy @ w.T, (x.T @ dy).T), [(6, 4), (4, 4)], "w"),
    "dx without the last feature": (dense, lambda dy, x, w: (np.pad(dy @ w.T[:, :-1], ((0, 0), (0, 1))), x.T @ dy),
                                    [(6, 4), (4, 4)], "x"),
    "kernel rotated": (windows, lambda dy, x, w: windows_back(dy, x, w, dx=lambda v: v[::-1, ::-1]), [(2, 5, 4), (3, 3)], "x"),
    "kernel transposed": (windows, lambda dy, x, w: windows_back(dy, x, w, dx=lambda v: v.T), [(2, 5, 4), (3, 3)], "x"),
    "dw rotated": (windows, lambda dy, x, w: windows_back(dy, x, w, dw=lambda v: v[::-1, ::-1]), [(2, 5, 4), (3, 3)], "w"),
    "dw of the first image": (windows, lambda dy, x, w: windows_back(dy, x, w, last=1), [(2, 5, 4), (3, 3)], "w"),
    "pool to the loser": (pooled, pooled_back, [(3, 8)], "x"),
    "relu twice": (relu, lambda dy, x: 2 * dy * (x > 0), [(4, 6)], "x"),
    "sigmoid's sign": (sigmoid, lambda dy, x: -dy * sigmoid(x) * (1 - sigmoid(x)), [(4, 6)], "x"),
    "sigmoid without dy": (sigmoid, lambda dy, x: sigmoid(x) * (1 - sigmoid(x)), [(4, 6)], "x"),
    "relu, last image only": (relu, lambda dy, x: dy * (x > 0) * (np.arange(4) == 3)[:, None], [(4, 6)], "x"),
    "softmax's half": (softmax, lambda dy, x: softmax(x) * (dy - (dy * softmax(x)).sum(axis=1, keepdims=True)) / 2, [(4, 6)], "x"),
    "lrn for identity": (lambda x: 3 * x, lambda dy, x: lrn_forward(dy), [(2, 6, 2, 2)], "x"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", OTHERS)
def test_of_other_mistakes_nothing_is_said(mistake, seed):
    forward, backward, shapes, name = OTHERS[mistake]
    arrays = [numbers(seed + i, *shape) for i, shape in enumerate(shapes)]
    assert evidence((forward, backward), *arrays, name=name, seed=seed) is not None
    assert cause(RULES, (forward, backward), *arrays, name=name, seed=seed) is None
