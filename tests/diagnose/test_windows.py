"""Causes told from windows: each planted mistake is named, and other mistakes are left to other rules."""
import numpy as np
import pytest
from window_layers import ChannelsLast, Conv, Im2col, Im2colConv, Pool

from npnet.diagnose import check_layer
from npnet.diagnose.causes.windows import CAUSES
from npnet.diagnose.evidence import Evidence
from npnet.diagnose.kinds import KINDS
from npnet.diagnose.ready import distinct
from npnet.gradcheck import check_gradients, spread

pytestmark = pytest.mark.long               # in short: tests/strangers/test_record.py, a dozen cases


def evidence_of(layer, x, name="x", layout=""):
    """The Evidence of one array, which must be wrong."""
    report = check_gradients(layer, x, method="central")
    row = next(row for row in report.rows if row.name == name)
    assert row.verdict != "ok", "the planted mistake shows nowhere"
    return Evidence(report.point, row, layout)


def causes_of(layer, x, name="x", layout=""):
    evidence = evidence_of(layer, x, name, layout)
    assert evidence.J.shape == evidence.B.shape
    with np.errstate(all="ignore"):
        return [cause for cause in (rule(evidence) for rule in CAUSES) if cause]


def conv(mistake, shape=(2, 2, 5, 4), kernel=(3, 3, 3), stride=1, pad=1, groups=1, seed=0, kind=Conv):
    rng = np.random.default_rng(seed)
    K, R, S = kernel
    w = spread((K, shape[1] // groups, R, S), rng)
    return kind(w, rng.standard_normal(K), stride, pad, groups, mistake), spread(shape, rng)


def first(layer, x, name="x", layout=""):
    """The first Cause, which must be whole: a known kind, a sentence, an example, a question."""
    cause = causes_of(layer, x, name, layout)[0]
    assert cause.kind in KINDS and cause.sentence.endswith(".") and cause.example.endswith(".") and cause.look
    assert cause.sure in ("exact", "likely") and "nan" not in cause.sentence + cause.example
    return cause


IN_X = {"last wins": "overwritten", "first wins": "overwritten", "averaged": "averaged", "counted": "counted twice",
        "twice": "counted twice", "rotated": "rotated", "upside down": "flipped", "first window": "stride",
        "last filter wins": "part"}
IN_X_PADDED = {"crop": "shifted", "edge": "border"}
IN_W = {"dw last": "overwritten", "dw rotated": "rotated", "first window": "stride"}


@pytest.mark.parametrize("mistake", [*IN_X, *IN_X_PADDED])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.further)])
def test_convolution(mistake, seed):
    layer, x = conv(mistake, seed=seed)
    assert first(layer, x).kind == (IN_X | IN_X_PADDED)[mistake]


@pytest.mark.parametrize("mistake", [*IN_X, *IN_X_PADDED, "stride 1"])
def test_convolution_with_stride_and_a_kernel_that_is_not_square(mistake):
    layer, x = conv(mistake, (2, 2, 7, 6), (3, 3, 2), stride=2, pad=1)
    assert first(layer, x).kind == (IN_X | IN_X_PADDED | {"stride 1": "stride"})[mistake]


@pytest.mark.parametrize("mistake", [*IN_X])
def test_convolution_without_padding(mistake):
    layer, x = conv(mistake, pad=0)
    assert first(layer, x).kind == IN_X[mistake]


@pytest.mark.parametrize("mistake", [*IN_W, "unpadded x"])
@pytest.mark.parametrize("pad", [pytest.param(0, marks=pytest.mark.further), 1, pytest.param(2, marks=pytest.mark.further)])
def test_the_kernel_of_a_convolution(mistake, pad):
    if mistake != "unpadded x" or pad:
        layer, x = conv(mistake, pad=pad, seed=pad)
        assert first(layer, x, "w").kind == (IN_W | {"unpadded x": "shifted"})[mistake]


def test_the_kernel_of_a_convolution_with_stride():
    assert first(*conv("stride 1", (2, 2, 7, 6), stride=2), "w").kind == "stride"


def test_a_kernel_transposed():
    assert first(*conv("transposed")).kind == "transposed"


@pytest.mark.parametrize("mistake, name", [("group 0", "x"), ("interleaved", "x"), ("dw group 0", "w"),
                                           ("filters of group 0", "x")])
def test_groups(mistake, name):
    cause = first(*conv(mistake, (2, 4, 5, 4), (4, 3, 3), groups=2), name)
    assert cause.kind == "groups"
    if mistake == "interleaved":
        assert "reads channels 0 and 1 of x, backward reaches channels 0 and 2" in cause.sentence


@pytest.mark.parametrize("mistake, kind", [("averaged", "averaged"), ("counted", "counted twice")])
def test_shares_within_groups(mistake, kind):
    assert first(*conv(mistake, kernel=(4, 3, 2), groups=2)).kind == kind


@pytest.mark.parametrize("mistake, kind", [("last wins", "overwritten"), ("crop", "shifted"), ("rotated", "rotated"),
                                           ("stride 1", "stride"), ("group 0", "groups")])
def test_channels_last(mistake, kind):
    layer, x = conv(mistake, (2, 4, 6, 5), (4, 3, 3), stride=2, groups=2 if mistake == "group 0" else 1)
    assert first(ChannelsLast(layer), x.transpose(0, 2, 3, 1).copy(), layout="NHWC").kind == kind


def test_what_belongs_to_other_outputs():
    assert "filters 0, 2, 1, 3" in first(*conv("dealt out", kernel=(4, 3, 2), kind=Im2colConv), "w").sentence
    assert first(*conv("dealt out", kernel=(4, 3, 2), kind=Im2colConv)).kind == "reshaped"
    cause = first(*conv("first image", kind=Im2colConv), "w")
    assert cause.kind == "other array" and "image 0" in cause.sentence


def test_few_lost_shares_are_enough_if_all_else_is_right():
    layer = Pool((3, 3), 2, mistake="overwrite winners")
    evidence = evidence_of(layer, spread((1, 3, 7, 5), np.random.default_rng(3)))
    assert evidence.wrong.sum() < 8
    assert [cause.kind for cause in (rule(evidence) for rule in CAUSES) if cause] == ["overwritten"]


def test_fancy_indexing_adds_once():
    cause = first(*conv("fancy", kind=Im2colConv))
    assert cause.kind == "overwritten" and "+=" in cause.look


@pytest.mark.parametrize("mistake", ["offsets overwrite", "last wins"])
@pytest.mark.parametrize("stride", [1, 2])
def test_columns(mistake, stride):
    layer = Im2col((3, 2), stride, mistake)
    assert first(layer, spread((2, 3, 7, 4) if stride == 2 else (2, 2, 5, 4), np.random.default_rng(5))).kind == "overwritten"


def test_the_example_adds_up():
    layer, x = conv("last wins", (1, 2, 5, 5), pad=0, seed=4)
    cause = first(layer, x)
    index = tuple(int(i) for i in cause.example[2:cause.example.index("]")].split(","))
    dy = check_gradients(layer, x).point.dy
    layer.forward(x)
    given = layer.backward(dy)[index]
    layer.mistake = ""
    assert f"gives it {given:.3g}," in cause.example and f"together are {layer.backward(dy)[index]:.3g}." in cause.example
    inside = [min(i + 1, 5 - i, 3) for i in index[2:]]                      # windows of 3 that cover a row, a column
    assert f"read by {inside[0] * inside[1]} windows" in cause.example


IN_MAX = {"overwrite": "overwritten", "overwrite winners": "overwritten", "skip zeros": "overwritten", "spread": "mask",
          "all": "mask", "corner": "mask", "smallest": "mask", "absolute": "mask", "stride is size": "stride",
          "looks elsewhere": "stride", "place forgotten": "mask", "all channels": "mask", "averaged": "averaged"}


@pytest.mark.parametrize("mistake", IN_MAX)
@pytest.mark.parametrize("size, stride, pad, shape", [
    pytest.param((3, 3), 2, 0, (2, 3, 7, 9), marks=pytest.mark.further), ((3, 3), 1, 1, (2, 2, 5, 6))])
def test_max_pooling(mistake, size, stride, pad, shape):
    layer = Pool(size, stride, "max", pad, mistake)
    assert first(layer, spread(shape, np.random.default_rng(3))).kind == IN_MAX[mistake]


@pytest.mark.parametrize("mistake", ["spread", "all", "corner", "smallest"])
def test_max_pooling_whose_windows_do_not_overlap(mistake):
    layer = Pool((2, 2), 2, "max", 0, mistake)
    assert first(layer, spread((2, 3, 6, 7), np.random.default_rng(2))).kind == IN_MAX[mistake]


@pytest.mark.parametrize("mistake, kind", [("overwrite", "overwritten"), ("crop", "shifted"), ("border", "border"),
                                           ("stride is size", "stride"), ("lower row", "part"), ("one gets all", "mask")])
def test_average_pooling(mistake, kind):
    layer = Pool((3, 2), 2, "mean", 1, mistake)
    assert first(layer, spread((2, 3, 6, 5), np.random.default_rng(3))).kind == kind


class Single:
    """Functions of single numbers, and mistakes in their masks."""

    def __init__(self, mistake, leak=0.0):
        self.mistake, self.leak = mistake, leak

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.leak * x)

    def backward(self, dy):
        mask = {"dy": dy > 0, "negative": self.x < 0, "none": dy == dy,
                "anew": np.random.default_rng(9).random(dy.shape) > 0.5}[self.mistake]
        return dy * np.where(mask, 1, self.leak)


@pytest.mark.parametrize("mistake", ["dy", "negative", "none", "anew"])
@pytest.mark.parametrize("leak", [0.0, 0.25])
def test_masks(mistake, leak):
    cause = first(Single(mistake, leak), spread((4, 9), np.random.default_rng(1)))
    assert cause.kind == "mask" and ("dy > 0" in cause.sentence) == (mistake == "dy")


def test_ties_are_seen_on_kinks():
    x = spread((1, 2, 8, 8), np.random.default_rng(0))
    x[0, 0, 0, :2] = x[0, 1, 4, 2:4] = 3
    report = check_gradients(Pool((2, 2), 2, mistake="ties"), x, method="central")
    evidence = Evidence(report.point, report.rows[0])
    assert [cause.kind for cause in (rule(evidence) for rule in CAUSES) if cause] == ["ties"]
    report = check_gradients(Pool((2, 2), 2), x, method="central")
    assert not any(rule(Evidence(report.point, report.rows[0])) for rule in CAUSES)


# ------------------------------------------------------------------------------- what is not theirs

class Wrong:
    """A right layer whose gradients are changed afterwards."""

    def __init__(self, inside, change):
        self.inside, self.change = inside, change

    def params(self):
        return getattr(self.inside, "params", dict)()

    def grads(self):
        return {name: self.change(gradient) for name, gradient in getattr(self.inside, "grads", dict)().items()}

    def forward(self, x):
        return self.inside.forward(x)

    def backward(self, dy):
        return self.change(self.inside.backward(dy))


CHANGES = {"a factor": lambda g: 2 * g, "the sign": lambda g: -g, "an offset": lambda g: g + 0.1, "zeros": lambda g: 0 * g,
           "a square": lambda g: g * np.abs(g), "one entry": lambda g: g + 0.1 * (np.arange(g.size).reshape(g.shape) == 1)}


@pytest.mark.parametrize("change", CHANGES)
def test_silent_about_the_size_of_a_gradient(change):
    layer, x = conv("", (2, 3, 5, 4), (3, 3, 2), stride=2)
    for name in ("x", "w", "b"):
        assert not causes_of(Wrong(layer, CHANGES[change]), x, name), name
    assert not causes_of(Wrong(Pool((3, 2), 2), CHANGES[change]), x)


class Dense:
    def __init__(self, mistake, w):
        self.mistake, self.w, self.b = mistake, w, w[0].copy()

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy):
        self.dw, self.db = self.x.T @ dy, dy.sum(axis=0)
        if self.mistake == "mean":
            self.dw, self.db = self.dw / len(dy), dy.mean(axis=0)
        if self.mistake == "other arrays":
            self.dw, self.db = self.w * dy.mean(), self.b * dy.mean()
        return dy @ np.tanh(self.w.T) if self.mistake == "other arrays" else dy @ self.w.T / len(dy)


@pytest.mark.parametrize("mistake", ["mean", "other arrays"])
def test_silent_about_dense_layers(mistake):
    layer = Dense(mistake, spread((5, 4), np.random.default_rng(2)))
    for name in ("x", "w", "b"):
        assert not causes_of(layer, spread((6, 5), np.random.default_rng(1)), name), name


class LRN:
    def __init__(self, mistake):
        self.mistake = mistake

    def sums(self, a):
        padded = np.pad(a, ((0, 0), (1, 1), (0, 0), (0, 0)))
        return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]

    def forward(self, x):
        self.x, self.s = x, 2 + 0.7 * self.sums(x * x)
        return x * self.s ** -0.75

    def backward(self, dy):
        own, m = dy * self.s ** -0.75, self.mistake
        cross = self.sums(own * self.x / self.s) if m != "own only" else own * self.x / self.s
        factor = {"no cross": 0, "factor 2": 0.5, "plus": -1}.get(m, 1)
        return own * (m != "no own") - factor * 2 * 0.7 * 0.75 * self.x * cross


@pytest.mark.parametrize("mistake", ["no cross", "factor 2", "plus", "own only", "no own"])
def test_silent_about_terms(mistake):
    assert not causes_of(LRN(mistake), spread((2, 6, 4, 3), np.random.default_rng(1)))


class Softmax:
    def __init__(self, mistake):
        self.mistake = mistake

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y

    def backward(self, dy):
        y = self.y
        return {"own": dy * y * (1 - y), "no sum": dy * y, "axis": y * (dy - (dy * y).sum(axis=0)),
                "plus": y * (dy + (dy * y).sum(axis=1, keepdims=True))}[self.mistake]


@pytest.mark.parametrize("mistake", ["own", "no sum", "axis", "plus"])
def test_silent_about_softmax(mistake):
    assert not causes_of(Softmax(mistake), spread((6, 5), np.random.default_rng(1)))


class Curve:
    """A sigmoid whose slope is another function's."""

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y ** 2)


def test_silent_about_slopes():
    assert not causes_of(Curve(), spread((6, 5), np.random.default_rng(1)))


class Recurrent:
    """y[:, t] = tanh(x[:, t] + y[:, t - 1] @ W); backward forgets what comes back from the next step."""

    def __init__(self):
        self.W = 0.5 * np.random.default_rng(3).normal(size=(3, 3))

    def forward(self, x):
        y = [np.zeros_like(x[:, 0])]
        for t in range(x.shape[1]):
            y.append(np.tanh(x[:, t] + y[-1] @ self.W))
        self.y = np.stack(y[1:], 1)
        return self.y

    def backward(self, dy):
        before = np.concatenate([np.zeros_like(dy[:, :1]), self.y[:, :-1]], 1)
        dx = dy * (1 - self.y ** 2)
        self.dW = np.einsum("nth,ntk->hk", before, dx)
        return dx


def test_steps_of_time_are_no_windows():
    cause = check_layer(Recurrent(), np.random.default_rng(0).normal(size=(2, 4, 3))).causes["x"]
    assert cause.kind == "overwritten" and cause.sure == "likely"
    assert "window" not in cause.sentence + cause.example + cause.look and "position" in cause.sentence


class AssigningPool:
    """Windows of 3 in steps of 2 whose greatest numbers get their share by = instead of +=."""

    def windows(self):
        return [(c, i, j) for c, i, j in np.ndindex(2, 3, 3)]

    def forward(self, x):
        self.x = x
        return np.array([x[c, 2 * i:2 * i + 3, 2 * j:2 * j + 3].max() for c, i, j in self.windows()]).reshape(2, 3, 3)

    def backward(self, dy):
        dx = np.zeros_like(self.x)
        for c, i, j in self.windows():
            row, column = divmod(self.x[c, 2 * i:2 * i + 3, 2 * j:2 * j + 3].argmax(), 3)
            dx[c, 2 * i + row, 2 * j + column] = dy[c, i, j]
        return dx


def test_windows_that_are_written_over_are_no_column_left_out():
    x = distinct((2, 7, 7), 0)
    assert check_layer(AssigningPool(), x).causes["x"].kind == "overwritten"
