"""Causes from linearity, constants, parts, axes and order: told for planted mistakes, and silent for others."""
from itertools import product
from math import log, prod

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from npnet.diagnose import check_layer
from npnet.diagnose.causes.algebra import CAUSES
from npnet.diagnose.evidence import Evidence
from npnet.diagnose.kinds import KINDS
from npnet.gradcheck import check_gradients

pytestmark = pytest.mark.long               # in short: tests/strangers/test_record.py, a dozen cases

def drawn(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def evidence_of(pair, arrays, name, **options):
    """The Evidence for the array `name` of a pair of functions; the check must have found it wrong."""
    report = check_gradients(pair, *arrays.values(), names=list(arrays), method="central", **options)
    row = next(row for row in report.rows if row.name == name)
    assert row.verdict == "wrong", f"{name} is not wrong"
    return Evidence(report.point, row, limit=60)


def told(pair, arrays, name, **options):
    """'kind:detail' of the first of these causes that speaks, or ''."""
    evidence = evidence_of(pair, arrays, name, **options)
    evidence.B, evidence.J
    with np.errstate(all="ignore"):
        for rule in CAUSES:
            cause = rule(evidence)
            if cause is not None:
                assert cause.kind in KINDS and cause.sentence.endswith(".") and len(cause.sentence) < 320
                assert "numpy" not in cause.sentence + cause.example + cause.look
                print(cause)
                return f"{cause.kind}:{cause.detail}".rstrip(":")
    return ""


# ------------------------------------------------------------------------------- layers, right in themselves

def windows(size, R, stride):
    return range((size - R) // stride + 1)


class Conv:
    """forward(x, w, b) and backward(dy, x, w, b): a convolution as a product of all patches with the filters."""

    def __init__(self, stride=1, pad=1):
        self.stride, self.pad = stride, pad

    def patches(self, x, w):
        xp, pad = np.zeros((*x.shape[:2], *(size + 2 * self.pad for size in x.shape[2:])), x.dtype), self.pad
        xp[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]] = x
        return sliding_window_view(xp, w.shape[2:], axis=(2, 3))[:, :, ::self.stride, ::self.stride]    # (N, C, P, Q, R, S)

    def forward(self, x, w, b):
        return np.tensordot(self.patches(x, w), w, ([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + b.reshape(-1, 1, 1)

    def backward(self, dy, x, w, b, add=True):
        dpatches = np.tensordot(dy, w, (1, 0))                  # (N, P, Q, C, R, S)
        dxp = np.zeros((*x.shape[:2], *(size + 2 * self.pad for size in x.shape[2:])))
        for r, s in product(range(w.shape[2]), range(w.shape[3])):
            part = dxp[:, :, r:, s:][:, :, :dy.shape[2] * self.stride:self.stride, :dy.shape[3] * self.stride:self.stride]
            part[...] = dpatches[..., r, s].transpose(0, 3, 1, 2) + (part if add else 0)
        dx = dxp[:, :, self.pad:self.pad + x.shape[2], self.pad:self.pad + x.shape[3]]
        return dx, np.tensordot(dy, self.patches(x, w), ([0, 2, 3], [0, 2, 3])), dy.sum(axis=(0, 2, 3))

    def pair(self, before=None, after=None, **edits):
        """With dy edited first (before), or one gradient edited by name: dw=lambda dw, dy, x, w: ..."""
        def backward(dy, x, w, b):
            dy = before(dy) if before else dy
            found = dict(zip(("dx", "dw", "db"), self.backward(dy, x, w, b)))
            for name, edit in edits.items():
                found[name] = edit(found[name], dy, x, w)
            return list(found.values())
        return self.forward, backward


def conv_arrays(seed, N=2, C=3, H=5, W=7, K=4, R=3, S=3):
    return {"x": drawn(seed, N, C, H, W), "w": drawn(seed + 1, K, C, R, S), "b": drawn(seed + 2, K)}


def dense_arrays(seed, N=3, D=5, M=4):
    return {"x": drawn(seed, N, D), "w": drawn(seed + 1, D, M), "b": drawn(seed + 2, M)}


def dense(**edits):
    def backward(dy, x, w, b):
        found = {"dx": dy @ w.T, "dw": x.T @ dy, "db": dy.sum(axis=0)}
        for name, edit in edits.items():
            found[name] = edit(found[name], dy, x, w)
        return list(found.values())
    return (lambda x, w, b: x @ w + b), backward


def batch_norm(axes=(0,), edit=None, right=True):
    def parts(x):
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-5), np.sqrt(var + 1e-5)

    def shaped(gamma, x):
        return gamma if x.ndim == 2 else gamma.reshape(1, -1, 1, 1)

    def forward(x, gamma, beta):
        return parts(x)[0] * shaped(gamma, x) + shaped(beta, x)

    def backward(dy, x, gamma, beta):
        xhat, std = parts(x)
        dxhat = dy * shaped(gamma, x)
        dx = (dxhat - dxhat.mean(axes, keepdims=True) - xhat * (dxhat * xhat).mean(axes, keepdims=True)) / std
        found = {"dx": dx, "dgamma": (dy * xhat).sum(axes), "dbeta": dy.sum(axes)}
        return list((edit(found, dy, x, gamma, xhat, std) if edit else found).values())
    return forward, backward


def norm_arrays(seed, *shape):
    return {"x": drawn(seed, *shape), "gamma": 1.5 + drawn(seed + 1, shape[1]), "beta": drawn(seed + 2, shape[1])}


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def cross_entropy(labels, scale=1.0, logarithm=np.log, ignore=False, edit=lambda d: d):
    """The mean over images; backward(dy, x)."""
    def forward(x):
        return -logarithm(softmax(x)[np.arange(len(x)), labels]).mean()

    def backward(dy, x):
        d = softmax(x)
        d[np.arange(len(x)), labels] -= 1
        return edit(scale * d / len(x) * (1 if ignore else dy))
    return forward, backward


def dropout(p, seed, forward_scale=None, backward_scale=None):
    """The mask has addresses: the same for each forward of a shape."""
    def mask(shape):
        return np.random.default_rng(seed).random(shape) >= p

    scale = 1 / (1 - p) if forward_scale is None else forward_scale
    return (lambda x: x * mask(x.shape) * scale), (lambda dy, x: dy * mask(x.shape) * (scale if backward_scale is None else backward_scale))


def lrn(n=3, k=2.0, alpha=0.7, beta=0.75, edit=None):
    def sums(a):
        return np.stack([a[:, max(0, i - n // 2):i + n // 2 + 1].sum(axis=1) for i in range(a.shape[1])], axis=1)

    def forward(x):
        return x * (k + alpha * sums(x * x)) ** -beta

    def backward(dy, x):
        s = k + alpha * sums(x * x)
        own, cross = dy * s ** -beta, -2 * alpha * beta * x * sums(dy * x * s ** (-beta - 1))
        return edit(own, cross, dy, x, s, sums) if edit else own + cross
    return forward, backward


def avg_pool(R=2, stride=2, edit=lambda dx: dx):
    def forward(x):
        y = np.zeros((*x.shape[:2], len(windows(x.shape[2], R, stride)), len(windows(x.shape[3], R, stride))), x.dtype)
        for p, q in product(range(y.shape[2]), range(y.shape[3])):
            y[:, :, p, q] = x[:, :, p * stride:p * stride + R, q * stride:q * stride + R].mean(axis=(2, 3))
        return y

    def backward(dy, x):
        dx = np.zeros_like(x)
        for p, q in product(range(dy.shape[2]), range(dy.shape[3])):
            dx[:, :, p * stride:p * stride + R, q * stride:q * stride + R] += dy[:, :, p, q][:, :, None, None] / R ** 2
        return edit(dx)
    return forward, backward


SEEDS = pytest.mark.parametrize("seed", [0, pytest.param(10, marks=pytest.mark.further)])


# ------------------------------------------------------------------------------- constants

@SEEDS
@pytest.mark.parametrize("array, edit, expected", [
    ("w", lambda g, dy, x, w: g / len(x), "factor:1/N"), ("b", lambda g, dy, x, w: g / len(x), "factor:1/N"),
    ("x", lambda g, dy, x, w: g / len(x), "factor:1/N"), ("w", lambda g, dy, x, w: g * len(x), "factor:N"),
    ("b", lambda g, dy, x, w: dy.mean(axis=(0, 2, 3)), "factor:1/(N*P*Q)"),
    ("b", lambda g, dy, x, w: dy.mean(axis=(2, 3)).sum(axis=0), "factor:1/(P*Q)"),
    ("x", lambda g, dy, x, w: 2 * g, "factor:2"), ("w", lambda g, dy, x, w: g / 2, "factor:1/2"),
    ("w", lambda g, dy, x, w: -g, "sign"), ("b", lambda g, dy, x, w: 0 * g, "zero"),
    ("x", lambda g, dy, x, w: g / len(w), "factor:1/K"), ("w", lambda g, dy, x, w: 0.3217 * g, "factor:0.3217"),
    ("w", lambda g, dy, x, w: g / 9, "factor:1/(R*S)")])
def test_constants_of_a_convolution(seed, array, edit, expected):
    for N in (2, 3):
        arrays = conv_arrays(seed, N=N, K=5)
        assert told(Conv(stride=1 + seed // 10).pair(**{f"d{array}": edit}), arrays, array) == expected


@SEEDS
def test_two_is_the_number_of_images_only_if_the_batch_says_so(seed):
    arrays = dense_arrays(seed, N=2)
    assert told(dense(dw=lambda g, dy, x, w: 2 * g), arrays, "w") == "factor:2"
    assert told(dense(dw=lambda g, dy, x, w: len(x) * g), arrays, "w") == "factor:N"
    assert told(dense(dw=lambda g, dy, x, w: g / len(x)), arrays, "w") == "factor:1/N"


def test_what_cannot_be_told_apart_is_said_so():
    labels = np.array([1, 0])                                   # of two images: a third has no label
    evidence = evidence_of(cross_entropy(labels, scale=2), {"x": drawn(0, 2, 5)}, "x")
    cause = next(filter(None, (rule(evidence) for rule in CAUSES)))
    assert cause.detail == "N or 2" and "cannot tell which" in cause.sentence


@SEEDS
def test_constants_of_a_loss(seed):
    x, labels = {"x": drawn(seed, 3, 5)}, np.array([1, 0, 4])
    assert told(cross_entropy(labels, scale=3), x, "x") == "factor:N"
    assert told(cross_entropy(labels, scale=1 / 3), x, "x") == "factor:1/N"
    assert told(cross_entropy(labels, scale=1 / 5), x, "x") == "factor:1/C"
    assert told(cross_entropy(labels, scale=-1), x, "x") == "sign"
    assert told(cross_entropy(labels, logarithm=np.log2), x, "x") == "factor:ln 2"
    assert told(cross_entropy(labels, ignore=True), x, "x", dy=np.array(1.7)) == "ignores dy"
    assert told(cross_entropy(labels, ignore=True, scale=3), x, "x", dy=np.array(1.0)) == "factor:N"


@SEEDS
@pytest.mark.parametrize("p, forward, backward, expected", [
    (0.2, None, 1.0, "1-p"), (0.2, 1.0, 1.25, "1/(1-p)"), (0.3, None, (1 / 0.7) ** 2, "1/(1-p)"), (0.3, None, 1 / 0.3, "(1-p)/p")])
def test_constants_of_dropout(seed, p, forward, backward, expected):
    x = {"x": drawn(seed, 5, 12)}
    assert told(dropout(p, seed, forward, backward), x, "x") == f"factor:{expected}"


def test_a_ratio_of_1_minus_p_is_none_where_nothing_is_dropped():
    def relu(scale):
        return (lambda x: np.maximum(x, 0)), (lambda dy, x: scale * dy * (x > 0))
    assert told(relu(0.8), {"x": drawn(0, 5, 12)}, "x") == "factor:4/5"
    assert told(relu(0.5), {"x": drawn(0, 5, 12)}, "x") == "factor:1/2"


def test_an_average_pool_that_does_not_divide():
    x = {"x": drawn(0, 2, 3, 6, 6)}
    assert told(avg_pool(3, 3, edit=lambda dx: 9 * dx), x, "x") == "factor:R*S"
    assert told(avg_pool(3, 2, edit=lambda dx: 9 * dx), {"x": drawn(1, 2, 3, 7, 7)}, "x") == "factor:R*S"


# ------------------------------------------------------------------------------- dy

@SEEDS
def test_how_it_depends_on_dy(seed):
    arrays = conv_arrays(seed)
    ones = Conv().pair(before=np.ones_like)
    assert [told(ones, arrays, name) for name in arrays] == 3 * ["ignores dy"]
    squared = Conv().pair(before=lambda dy: dy * dy)
    assert [told(squared, arrays, name) for name in arrays] == 3 * ["not linear:squared"]
    clipped = Conv().pair(dw=lambda g, dy, x, w: np.clip(g, -1, 1))
    assert told(clipped, arrays, "w") == "not linear:clipped"
    normal = Conv().pair(dw=lambda g, dy, x, w: g / np.sqrt((g * g).sum()))
    assert told(normal, arrays, "w") == "not linear"
    x = {"x": drawn(seed, 4, 6)}
    assert told((lambda x: np.maximum(x, 0), lambda dy, x: dy * (dy > 0)), x, "x") == "mask:dy"
    assert told((np.tanh, lambda dy, x: 1 - np.tanh(x) ** 2), x, "x") == "ignores dy"


@SEEDS
def test_a_term_without_dy(seed):
    x = {"x": drawn(seed, 2, 5, 3, 2)}
    cross = lrn(edit=lambda own, cross, dy, x, s, sums: own - 1.05 * x * sums(x * s ** -1.75))
    assert told(cross, x, "x") == "term lacks dy"
    bare = lrn(edit=lambda own, cross, dy, x, s, sums: s ** -0.75 + cross)
    assert told(bare, x, "x") == "term lacks dy"


def test_decay_and_offset_are_other_rules():
    arrays = dense_arrays(0)
    assert told(dense(dw=lambda g, dy, x, w: g + 0.1 * w), arrays, "w") == ""
    assert told(dense(dw=lambda g, dy, x, w: g + 0.1), arrays, "w") == ""


# ------------------------------------------------------------------------------- parts

@SEEDS
@pytest.mark.parametrize("array, part, detail", [
    ("w", np.s_[-1:], "image"), ("w", np.s_[:1], "image"), ("b", np.s_[-1:], "image"), ("x", np.s_[:1], "image"),
    ("x", np.s_[:, -1:], "filter"), ("x", np.s_[:, :1], "filter"), ("w", np.s_[:, :, -1:], "row"),
    ("b", np.s_[:, :, :, :1], "column"), ("b", np.s_[:, :, -1:, -1:], "position"), ("w", np.s_[:, :, 0:1, 0:1], "position"),
    ("w", np.s_[:, :, :-1], "row")])
def test_only_a_part_of_the_outputs(seed, array, part, detail):
    conv, arrays = Conv(stride=1 + seed // 10), conv_arrays(seed, N=3)

    def edit(g, dy, x, w):
        only = np.zeros_like(dy)
        only[part] = dy[part]
        return conv.backward(only, x, w, 0)["xwb".index(array)]

    assert told(conv.pair(**{f"d{array}": edit}), arrays, array) == f"part:{detail}"


@SEEDS
@pytest.mark.parametrize("array, part, detail", [
    ("w", np.s_[:1], "filter"), ("w", np.s_[:, :1], "channel"), ("w", np.s_[:, :, :2], "row"), ("w", np.s_[..., :-1], "column"),
    ("x", np.s_[:1], "image"), ("x", np.s_[:, -1:], "channel"), ("b", np.s_[:1], "filter")])
def test_only_a_part_of_the_array(seed, array, part, detail):
    def edit(g, dy, x, w):
        only = np.zeros_like(g)
        only[part] = g[part]
        return only
    assert told(Conv(1 + seed // 10).pair(**{f"d{array}": edit}), conv_arrays(seed), array) == f"part:{detail}"


def test_a_part_with_a_factor():
    arrays = dense_arrays(0)
    assert told(dense(dw=lambda g, dy, x, w: 3 * np.outer(x[-1], dy[-1])), arrays, "w") == "part:image"


# ------------------------------------------------------------------------------- axes

@SEEDS
def test_sums_over_a_wrong_axis(seed):
    arrays = dense_arrays(seed, N=4, M=4)
    assert told(dense(db=lambda g, dy, x, w: dy.sum(axis=1)), arrays, "b") == "axis"
    assert told(dense(db=lambda g, dy, x, w: np.full_like(g, dy.sum())), arrays, "b") == "axis"
    arrays = conv_arrays(seed, N=4, K=4)
    assert told(Conv().pair(db=lambda g, dy, x, w: dy.sum(axis=(1, 2, 3))), arrays, "b") == "axis"
    gamma = batch_norm(edit=lambda found, dy, x, gamma, xhat, std: found | {"dgamma": (dy * xhat).sum(axis=1)})
    assert told(gamma, norm_arrays(seed, 5, 5), "gamma") == "axis"
    scalar = batch_norm((0, 2, 3), edit=lambda found, dy, x, gamma, xhat, std: found | {"dgamma": 0 * gamma + (dy * xhat).sum()})
    assert told(scalar, norm_arrays(seed, 3, 2, 3, 2), "gamma") == "axis"


@SEEDS
def test_means_and_softmax_over_a_wrong_axis(seed):
    def other(found, dy, x, gamma, xhat, std):
        dxhat = dy * gamma
        dx = (dxhat - dxhat.mean(1, keepdims=True) - xhat * (dxhat * xhat).mean(1, keepdims=True)) / std
        return found | {"dx": dx}
    assert told(batch_norm(edit=other), norm_arrays(seed, 4, 5), "x") == "axis"

    def backward(dy, x, axis=0):
        y = softmax(x)
        return y * (dy - (dy * y).sum(axis=axis, keepdims=True))
    assert told((softmax, backward), {"x": drawn(seed, 4, 5)}, "x") == "axis"
    assert told((softmax, lambda dy, x: backward(dy, x, (0, 1))), {"x": drawn(seed, 4, 5)}, "x") == "axis"


@SEEDS
def test_transposed_reshaped_flipped(seed):
    arrays = conv_arrays(seed)
    for edit, expected in [(lambda g, dy, x, w: g.swapaxes(2, 3), "transposed"), (lambda g, dy, x, w: g[:, :, ::-1], "flipped"),
                           (lambda g, dy, x, w: g[..., ::-1], "flipped"), (lambda g, dy, x, w: g.transpose(1, 2, 3, 0).reshape(g.shape), "reshaped"),
                           (lambda g, dy, x, w: g.reshape(3, 4, 3, 3).transpose(1, 0, 2, 3), "reshaped")]:
        assert told(Conv(1 + seed // 10).pair(dw=edit), arrays, "w") == expected
    square = dense_arrays(seed, D=5, M=5)
    assert told(dense(dw=lambda g, dy, x, w: g.T), square, "w") == "transposed"
    assert told(dense(dx=lambda g, dy, x, w: dy @ w), square, "x") == "transposed"
    assert told(dense(dw=lambda g, dy, x, w: g.T.reshape(g.shape)), dense_arrays(seed), "w") == "reshaped"


@SEEDS
def test_dy_reshaped(seed):
    arrays = conv_arrays(seed)
    rows = Conv().pair(before=lambda dy: dy.reshape(dy.shape[1], dy.shape[0], *dy.shape[2:]).swapaxes(0, 1))
    assert [told(rows, arrays, name) for name in arrays] == 3 * ["reshaped"]
    turned = Conv().pair(before=lambda dy: dy.transpose(0, 2, 3, 1).reshape(dy.shape))
    assert [told(turned, arrays, name) for name in arrays] == 3 * ["reshaped"]
    swapped = Conv().pair(before=lambda dy: dy.swapaxes(2, 3))
    assert told(swapped, conv_arrays(seed, W=5), "w") == "transposed"
    flat = (lambda x: x.transpose(0, 2, 3, 1).reshape(len(x), -1), lambda dy, x: dy.reshape(x.shape))
    assert told(flat, {"x": drawn(seed, 2, 3, 4, 5)}, "x") == "reshaped"


@SEEDS
def test_another_kernel(seed):
    conv, arrays = Conv(1 + seed // 10), conv_arrays(seed)
    for turn, expected in [(lambda w: w.swapaxes(2, 3), "transposed"), (lambda w: w[:, :, ::-1], "flipped"),
                           (lambda w: w[:, :, ::-1, ::-1], "rotated")]:
        edit = conv.pair(dx=lambda g, dy, x, w, turn=turn: conv.backward(dy, x, turn(w), 0)[0])
        assert told(edit, arrays, "x") == expected


@SEEDS
def test_gradients_in_another_order(seed):
    swapped = batch_norm(edit=lambda found, *rest: {"dx": found["dx"], "dgamma": found["dbeta"], "dbeta": found["dgamma"]})
    arrays = norm_arrays(seed, 5, 4)
    assert told(swapped, arrays, "gamma") == told(swapped, arrays, "beta") == "order"


# ------------------------------------------------------------------------------- silence

def overlapping(stride):
    """A convolution whose windows overwrite each other in dx."""
    conv = Conv(stride)
    return conv.pair(dx=lambda g, dy, x, w: conv.backward(dy, x, w, 0, add=False)[0])


@SEEDS
def test_other_mistakes_of_a_convolution_are_left_to_other_rules(seed):
    arrays = conv_arrays(seed)
    assert told(overlapping(1), arrays, "x") == told(overlapping(2), arrays, "x") == ""
    shifted = Conv().pair(dx=lambda g, dy, x, w: np.roll(g, 1, axis=2))
    assert told(shifted, arrays, "x") == ""
    noise = Conv().pair(dw=lambda g, dy, x, w: g * (1 + 0.1 * drawn(5, *g.shape)))
    assert told(noise, arrays, "w") == ""
    border = Conv().pair(dx=lambda g, dy, x, w: np.pad(g[:, :, 1:-1, 1:-1], ((0, 0), (0, 0), (1, 1), (1, 1))))
    assert told(border, arrays, "x") == ""


@SEEDS
def test_other_mistakes_of_normalisation_are_left_to_other_rules(seed):
    x = {"x": drawn(seed, 2, 6, 2, 3)}
    for edit in (lambda own, cross, dy, x, s, sums: own, lambda own, cross, dy, x, s, sums: own - cross,
                 lambda own, cross, dy, x, s, sums: own + cross / 2, lambda own, cross, dy, x, s, sums: cross,
                 lambda own, cross, dy, x, s, sums: own + cross * s):
        assert told(lrn(edit=edit), x, "x") == ""
    for edit in (lambda f, dy, x, gamma, xhat, std: f | {"dx": dy * gamma / std},
                 lambda f, dy, x, gamma, xhat, std: f | {"dx": gamma * (dy - dy.mean(0)) / std}):
        assert told(batch_norm(edit=edit), norm_arrays(seed, 5, 4), "x") == ""


@SEEDS
def test_other_masks_and_slopes_are_left_to_other_rules(seed):
    x = {"x": drawn(seed, 4, 7)}
    relu = lambda x: np.maximum(x, 0)                           # noqa: E731
    rng = np.random.default_rng(seed)
    mask = rng.random((4, 7)) > 0.4
    for pair in ((relu, lambda dy, x: dy), (relu, lambda dy, x: dy * mask), (np.tanh, lambda dy, x: dy * (1 - np.tanh(x))),
                 (np.tanh, lambda dy, x: dy * np.tanh(x)), (lambda x: x ** 2, lambda dy, x: dy * x ** 2)):
        assert told(pair, x, "x") == ""


@SEEDS
def test_a_right_layer_beside_a_wrong_one_is_not_accused(seed):
    report = check_gradients(Conv().pair(dw=lambda g, dy, x, w: 2 * g), *conv_arrays(seed).values())
    assert [row.verdict for row in report.rows] == ["ok", "wrong", "ok"]


def test_every_size_of_one_is_no_name():
    arrays = conv_arrays(3, N=1, H=3, W=3)
    assert told(Conv(pad=0).pair(dw=lambda g, dy, x, w: 3 * g), arrays, "w") == "factor:3"
    assert prod(arrays["w"].shape) > 8 and log(2) < 1


@SEEDS
def test_images_in_columns(seed):
    """y = w @ x + b, the images of x being its columns, as an online course has it."""
    arrays = {"x": drawn(seed, 5, 3), "w": drawn(seed + 1, 4, 5), "b": drawn(seed + 2, 4, 1)}

    def pair(mean=False, part=np.s_[:]):
        return (lambda x, w, b: w @ x + b), (lambda dy, x, w, b: [w.T @ dy, dy[:, part] @ x[:, part].T / (dy.shape[1] if mean else 1),
                                                                  dy.sum(axis=1, keepdims=True)])
    assert told(pair(mean=True), arrays, "w") == "factor:1/N"
    assert told(pair(part=np.s_[:1]), arrays, "w") == "part:image"


@SEEDS
def test_a_constant_for_each_channel(seed):
    arrays = norm_arrays(seed, 6, 4)
    bare = batch_norm(edit=lambda found, dy, x, gamma, xhat, std: found | {"dx": found["dx"] / gamma})
    assert told(bare, arrays, "x") == "factor:1/gamma"
    unscaled = batch_norm(edit=lambda found, dy, x, gamma, xhat, std: found | {"dgamma": found["dgamma"] * std[0]})
    assert told(unscaled, arrays, "gamma") == "factor:std"


@SEEDS
def test_one_number_for_all(seed):
    first = Conv().pair(db=lambda g, dy, x, w: np.full_like(g, g[0]))
    assert told(first, conv_arrays(seed), "b") == "part:filter"
    every = Conv().pair(dx=lambda g, dy, x, w: Conv().backward(dy * (np.arange(dy.shape[2]) % 2 == 0)[:, None], x, w, 0)[0])
    assert told(every, conv_arrays(seed), "x") == "part:row"


@SEEDS
def test_the_gradient_of_another_array(seed):
    bare = batch_norm(edit=lambda found, *rest: found | {"dgamma": found["dbeta"]})
    assert told(bare, norm_arrays(seed, 5, 4), "gamma") == "other array"


@SEEDS
def test_another_array_in_the_place_of_a_partner(seed):
    square = dense_arrays(seed, N=4, D=5, M=5)
    y = lambda x, w: x @ w + square["b"]                        # noqa: E731
    assert told(dense(dw=lambda g, dy, x, w: y(x, w).T @ dy), square, "w") == "other array:y"
    assert told(dense(dw=lambda g, dy, x, w: np.ones_like(x).T @ dy), square, "w") == "other array:1 for x"
    assert told(dense(dx=lambda g, dy, x, w: dy), square, "x") == "missing term"


@SEEDS
def test_one_image_for_all(seed):
    arrays = conv_arrays(seed, N=3)
    conv = Conv(stride=1 + seed // 10)
    edit = conv.pair(dw=lambda g, dy, x, w: conv.backward(dy, np.broadcast_to(x[-1:], x.shape), w, 0)[1])
    assert told(edit, arrays, "w") == "other array:image"


@SEEDS
def test_a_break_after_the_first_number_of_dy(seed):
    w = drawn(seed, 6, 5)

    def backward(dy, x):
        k = np.flatnonzero(dy)[0]
        return dy[k] * w[:, k]
    assert told((lambda x: x @ w, backward), {"x": drawn(seed + 1, 6)}, "x") == "part:feature"


@SEEDS
def test_the_greatest_of_dy_is_no_sum(seed):
    greatest = Conv().pair(db=lambda g, dy, x, w: dy.max(axis=(0, 2, 3)))
    assert told(greatest, conv_arrays(seed), "b") == "not linear"


@SEEDS
def test_channels_last_shows_in_the_slopes_by_a_bias(seed):
    arrays = {"x": drawn(seed, 2, 4, 5, 3), "b": drawn(seed + 1, 3)}
    pair = (lambda x, b: 2 * x + b), (lambda dy, x, b: [2 * dy, dy.mean(axis=(1, 2)).sum(axis=0)])
    assert told(pair, arrays, "b") == "factor:1/(P*Q)"


@SEEDS
def test_a_mask_that_misses_no_number_of_one_image_is_no_image_for_all(seed):
    mask = np.random.default_rng(seed).random((4, 5)) > 0.3
    mask[0] = True
    assert told((lambda x: x * mask / 0.7, lambda dy, x: dy / 0.7), {"x": drawn(seed, 4, 5)}, "x") == ""


@SEEDS
def test_a_part_of_each_window(seed):
    x = {"x": drawn(seed, 2, 3, 6, 8)}

    def rows(dx):
        kept = np.zeros_like(dx)
        kept[:, :, ::2] = dx[:, :, ::2]
        return kept
    assert told(avg_pool(2, 2, edit=rows), x, "x") == "part:row"
    assert told(avg_pool(3, 1, edit=lambda dx: np.roll(dx, 1, axis=2)), x, "x") == ""


@SEEDS
def test_another_matrix(seed):
    arrays = dense_arrays(seed)
    assert told(dense(dw=lambda g, dy, x, w: np.tanh(x).T @ dy), arrays, "w") == "other array"
    assert told(dense(dx=lambda g, dy, x, w: dy @ (w * (w > 0)).T), arrays, "x") == "other array"
    assert told(dense(dx=lambda g, dy, x, w: dy @ w.T * np.sign(x)), arrays, "x") == ""


def test_p_is_the_share_that_is_kept_where_a_setting_says_so():
    class Dropout:
        def __init__(self):
            self.p = 0.8

        def forward(self, x):
            self.mask = np.random.default_rng(3).random(x.shape) < self.p
            return x * self.mask / self.p

        def backward(self, dy):
            return dy * self.mask

    report = check_gradients(Dropout(), drawn(0, 5, 12))
    cause = next(filter(None, (rule(Evidence(report.point, report.rows[0])) for rule in CAUSES)))
    assert (cause.kind, cause.detail) == ("factor", "p")


class Scaled:
    """y = 3 x; the gradient is some number times the right one."""

    def __init__(self, number):
        self.number = number

    def forward(self, x):
        return 3 * x

    def backward(self, dy):
        return 3 * dy * self.number


@pytest.mark.parametrize("number, words", [(1.0005, "1.0005 times the right one"), (0.3217, "0.3217 times the right one"),
                                           (2, "2 times the right one, everywhere."), (0.9995, "0.9995 times")])
def test_a_factor_is_told_in_so_many_digits_as_its_difference_from_1_needs(number, words):
    assert words in check_layer(Scaled(number), np.random.default_rng(0).normal(size=(4, 5))).causes["x"].sentence


def test_the_share_kept_is_one_minus_p():
    class Keeps:
        def __init__(self):
            self.keep = 0.6

        def forward(self, x):
            self.mask = np.random.default_rng(3).random(x.shape) < self.keep
            return x * self.mask / self.keep

        def backward(self, dy):
            return dy * self.mask

    assert "0.6 is 1-p here" in check_layer(Keeps(), drawn(0, 4, 12)).causes["x"].sentence
