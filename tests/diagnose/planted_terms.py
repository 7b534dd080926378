"""Layers whose x and y have one shape, right and with one mistake each, for test_terms.py and test_pointwise.py.

Each is a pair: forward(arrays) -> y, backward(dy, arrays) -> gradient of each array, in order.
"""
import numpy as np


def evidence(pair, *arrays, name=None, seed=0):
    """The Evidence of one array (default: the first) of a pair, as check_layer makes it; None if it is not wrong."""
    from npnet.diagnose.evidence import Evidence
    from npnet.gradcheck import check_gradients
    report = check_gradients(pair, *arrays, seed=seed)
    rows = [row for row in report.rows if row.errors is not None and row.errors.any() and name in (None, row.name)]
    return Evidence(report.point, rows[0]) if rows else None


def cause(rules, pair, *arrays, name=None, seed=0):
    """What the first of the rules that speaks says of a pair, or None."""
    found = evidence(pair, *arrays, name=name, seed=seed)
    assert found is not None, "the check sees nothing wrong"
    with np.errstate(all="ignore"):
        return next((told for rule in rules if (told := rule(found)) is not None), None)


# ------------------------------------------------------------------------------- local response normalisation

N, K, ALPHA, BETA = 5, 2, 0.7, 0.75


def sums(a, n=N, left=None, right=None, wrap=False):
    """Over the window of n channels around each; a (images, channels, ...)."""
    left, right = n // 2 if left is None else left, n // 2 if right is None else right
    out = np.zeros_like(a)
    for d in range(-left, right + 1):
        rolled = np.roll(a, -d, axis=1)
        if not wrap and d:
            rolled[:, slice(-d, None) if d > 0 else slice(None, -d)] = 0
        out += rolled
    return out


def lrn_forward(x, wrap=False):
    return x * (K + ALPHA * sums(x * x, wrap=wrap)) ** -BETA


def lrn(change):
    """LRN with backward's two terms as `change` makes them: change(dy, x, s) -> dx."""
    return lrn_forward, lambda dy, x: change(dy, x, K + ALPHA * sums(x * x))


def own(dy, s):
    return dy * s ** -BETA


def cross(dy, x, s, **window):
    return 2 * ALPHA * BETA * x * sums(dy * x * s ** (-BETA - 1), **window)


LRN_MISTAKES = {                    # name: (what backward does, kind, words in the sentence)
    "no cross term": (lambda dy, x, s: own(dy, s), "missing term", "cross term"),
    "no own term": (lambda dy, x, s: -cross(dy, x, s), "missing term", "direct term is missing"),
    "only j = i": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * dy * x * s ** (-BETA - 1), "missing term", "j = i"),
    "not j = i": (lambda dy, x, s: own(dy, s) - cross(dy, x, s) + 2 * ALPHA * BETA * x * dy * x * s ** (-BETA - 1),
                  "missing term", "j = i"),
    "no 2": (lambda dy, x, s: own(dy, s) - cross(dy, x, s) / 2, "wrong term", "factor 2 is missing"),
    "no beta": (lambda dy, x, s: own(dy, s) - cross(dy, x, s) / BETA, "wrong term", "beta"),
    "no alpha": (lambda dy, x, s: own(dy, s) - cross(dy, x, s) / ALPHA, "wrong term", "alpha"),
    "alpha / n": (lambda dy, x, s: own(dy, s) - cross(dy, x, s) / N, "wrong term", "window"),
    "plus": (lambda dy, x, s: own(dy, s) + cross(dy, x, s), "wrong term", "sign"),
    "exponent": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * sums(dy * x * s ** -BETA), "wrong term", "exponent"),
    "x[i] inside": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * x * sums(dy * s ** (-BETA - 1)), "wrong term",
                    "x[i]"),
    "no x[j]": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * sums(dy * s ** (-BETA - 1)), "wrong term", "x[j]"),
    "no x[i]": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * sums(dy * x * s ** (-BETA - 1)), "wrong term", "x[i]"),
    "s outside": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * s ** (-BETA - 1) * sums(dy * x), "wrong term",
                  "exchanged"),
    "dy outside": (lambda dy, x, s: own(dy, s) - 2 * ALPHA * BETA * x * dy * sums(x * s ** (-BETA - 1)), "wrong term", "dy[i]"),
    "window of 3": (lambda dy, x, s: own(dy, s) - cross(dy, x, s, n=3), "missing term", "neighbours"),
    "window to one side": (lambda dy, x, s: own(dy, s) - cross(dy, x, s, left=0), "missing term", "neighbours"),
    "round the end": (lambda dy, x, s: own(dy, s) - cross(dy, x, s, wrap=True), "wrong term", "neighbours"),
    "own without scale": (lambda dy, x, s: dy - cross(dy, x, s), "wrong term", "direct"),
    "own's exponent": (lambda dy, x, s: dy / s - cross(dy, x, s), "wrong term", "direct"),
}


# ------------------------------------------------------------------------------- softmax

def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def total(a):
    return a.sum(axis=1, keepdims=True)


SOFTMAX_MISTAKES = {
    "sigmoid's slope": (lambda dy, y: dy * y * (1 - y), "missing term", "j = i"),
    "only y": (lambda dy, y: dy * y, "missing term", "cross term"),
    "no direct": (lambda dy, y: -y * total(dy * y), "missing term", "direct"),
    "plus": (lambda dy, y: y * (dy + total(dy * y)), "wrong term", "sign"),
}


def softmax_pair(change):
    return softmax, lambda dy, x: change(dy, softmax(x))


# ------------------------------------------------------------------------------- batch norm, layer norm

EPS = 1e-5


def statistics(x, axis):
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return mean, var, (x - mean) / np.sqrt(var + EPS), x.size / mean.size


def norm_forward(axis):
    def forward(x, gamma, beta):
        return gamma * statistics(x, axis)[2] + beta
    return forward


def normed(axis, change):
    """Batch norm (axis 0 or (0, 2, 3)) or layer norm (axis 1): change(d, hat, root, m, sums) -> dx, with d = gamma dy."""
    def backward(dy, x, gamma, beta):
        mean, var, hat, m = statistics(x, axis)
        shared = tuple(a for a in range(x.ndim) if gamma.shape[a] == 1)
        dx = change(gamma * dy, hat, np.sqrt(var + EPS), m, lambda a: a.sum(axis=axis, keepdims=True))
        return dx, (dy * hat).sum(axis=shared, keepdims=True), dy.sum(axis=shared, keepdims=True)
    return norm_forward(axis), backward


NORM_MISTAKES = {
    "direct only": (lambda d, hat, root, m, S: d / root, "missing term", ("mean", "variance")),
    "no mean": (lambda d, hat, root, m, S: (d - hat * S(d * hat) / m) / root, "missing term", ("mean",)),
    "no variance": (lambda d, hat, root, m, S: (d - S(d) / m) / root, "missing term", ("variance",)),
    "mean's sign": (lambda d, hat, root, m, S: (d + S(d) / m - hat * S(d * hat) / m) / root, "wrong term", ("mean", "sign")),
    "variance's sign": (lambda d, hat, root, m, S: (d - S(d) / m + hat * S(d * hat) / m) / root, "wrong term",
                        ("variance", "sign")),
    "variance half": (lambda d, hat, root, m, S: (d - S(d) / m - hat * S(d * hat) / m / 2) / root, "wrong term",
                      ("variance", "factor 2 is missing")),
    "sum for mean": (lambda d, hat, root, m, S: (d - S(d) - hat * S(d * hat) / m) / root, "wrong term", ("mean", "too much")),
    "m - 1": (lambda d, hat, root, m, S: (d - S(d) / m - hat * S(d * hat) / (m - 1)) / root, "wrong term", ("variance", "/")),
    "direct's root": (lambda d, hat, root, m, S: d - S(d) / m / root - hat * S(d * hat) / m / root, "wrong term", ("direct",)),
    "eps": (lambda d, hat, root, m, S: (d - S(d) / m - hat * S(d * hat) / m) / (np.sqrt(root ** 2 - EPS) + EPS), "eps",
            ("eps",)),
}
