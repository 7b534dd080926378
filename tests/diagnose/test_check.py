"""check_layer: what comes of a check as a whole."""
import numpy as np
import pytest

import npnet
from npnet.diagnose import check_layer
from npnet.diagnose.ready import distinct
from npnet.layers import Conv2D

CALLS = 0


def dense(change=lambda dx, dw, db: (dx, dw, db)):
    def forward(x, w, b):
        return x @ w + b

    def backward(dy, x, w, b):
        return change(dy @ w.T, x.T @ dy, dy.sum(axis=0, keepdims=True))

    return (forward, backward), distinct((4, 5), 0), distinct((5, 3), 1), distinct((1, 3), 2)


def check(change):
    pair, *inputs = dense(change)
    return check_layer(pair, *inputs)


def test_a_right_layer():
    found = check(lambda dx, dw, db: (dx, dw, db))
    assert found.ok and found.causes == found.places == found.unchecked == {}
    assert [row.name for row in found.rows] == ["x", "w", "b"] and str(found).startswith("gradient check passed")


def test_another_shape_with_the_right_numbers_is_a_mistake_of_its_own():
    found = check(lambda dx, dw, db: (dx, dw, db[0]))
    assert not found.ok and {name: cause.kind for name, cause in found.causes.items()} == {"b": "shape"}
    assert "db has shape (3,), but b has (1, 3)" in str(found)


def test_wrong_numbers_do_not_hide_behind_another_shape():
    found = check(lambda dx, dw, db: (dx, dw, db[0] / len(dx)))
    cause = found.causes["b"]
    assert (cause.kind, cause.detail) == ("factor", "1/N")
    assert "db has shape (3,), but b has (1, 3)" in found.remarks[-1]


def test_gradients_in_another_order():
    pair, *inputs = dense(lambda dx, dw, db: (dw, dx, db))
    found = check_layer(pair, *inputs)
    assert not found.ok and found.causes[""].kind == "order" and all(row.verdict == "ok" for row in found.rows)
    assert "backward returns dw, dx, db, in this order" in " ".join(str(found).split())


def test_what_was_checked_is_left_as_it_was():
    pair, *inputs = dense()
    before = [array.copy() for array in inputs]
    check_layer(pair, *inputs)
    layer = Conv2D(2, 3)
    layer.build((3, 5, 5), np.random.default_rng(0), np.float64)
    w = layer.w.copy()
    assert check_layer(layer, distinct((2, 3, 5, 5), 0)).ok
    np.testing.assert_array_equal(layer.w, w)
    for array, old in zip(inputs, before):
        np.testing.assert_array_equal(array, old)


def test_a_loss_of_one_number_whose_backward_needs_no_dy():
    class Squares:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x, t):
            self.x, self.t = x, t
            return np.mean((x - t) ** 2)

        def backward(self):
            return self.factor * (self.x - self.t) / self.x.size

    inputs = distinct((3, 4), 0), distinct((3, 4), 1)
    assert check_layer(Squares(2), *inputs).ok
    found = check_layer(Squares(1), *inputs)
    assert found.causes["x"].kind == "factor" and found.causes["x"].detail in ("1/2", "")


def test_assert_gradients_gives_the_text_of_the_check():
    pair, *inputs = dense(lambda dx, dw, db: (dx, -dw, db))
    with pytest.raises(AssertionError) as error:
        npnet.assert_gradients(pair, *inputs)
    assert str(error.value) == f"\n{check_layer(pair, *inputs)}" and "sign" in str(error.value)
    assert npnet.assert_gradients(*dense()).ok


def test_a_slow_layer_is_checked_in_a_sample(monkeypatch):
    heard = []
    monkeypatch.setattr("npnet.diagnose.check.SECONDS", 1e-9)
    found = check_layer((lambda x: 2 * x, lambda dy, x: 2 * dy), distinct((10, 10), 0), say=heard.append)
    assert found.ok and found.rows[0].checked == 8
    assert heard[0].startswith("of each array, 8 numbers are checked, drawn at random")


# ------------------------------------------------------------------------------- arrays of which numbers are drawn

class Wide:
    """A dense layer of 300 x 20 weights; change(dw) may spoil their gradient."""

    def __init__(self, change=lambda dw: None):
        self.w, self.change = distinct((300, 20), 1), change

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, dy):
        self.dw = self.x.T @ dy
        self.change(self.dw)
        return dy @ self.w.T


def spoil(dw):
    dw[-1] = 0


def test_a_wrong_row_among_numbers_that_were_not_drawn():
    found = check_layer(Wide(spoil), distinct((4, 300), 0), entries=20, seed=1)
    row, = [row for row in found.rows if row.name == "w"]
    assert not found.ok and row.verdict == "wrong" and row.wrong == 0 and row.worst[0] == 299 and row.analytic == 0
    assert "some other number is wrong. One of them is dw[299," in " ".join(str(found).split())


def test_right_arrays_are_moved_along_directions_too():
    found = check_layer(Wide(), distinct((4, 300), 0), entries=20)
    assert found.ok and found.directions == {"x": 4, "w": 4}
    assert "40 of 7,200 numbers, and 4 random directions" in " ".join(str(found).split())
    assert check_layer(Wide(), distinct((4, 300), 0)[:, :300], entries=20, tolerance=1e-2).ok


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kinks_and_float32_accuse_no_right_array_along_directions(dtype):
    def forward(x):
        return np.maximum(x, 0).astype(dtype).reshape(2, 2, 12, 2, 12, 2).max(axis=(3, 5)).astype(np.float64)

    def backward(dy, x):
        windows = np.maximum(x, 0).astype(dtype).reshape(2, 2, 12, 2, 12, 2)
        best = (windows == windows.max(axis=(3, 5), keepdims=True)) & (windows > 0)
        return (best * dy[:, :, :, None, :, None]).reshape(x.shape)

    assert check_layer((forward, backward), distinct((2, 2, 24, 24), 0), entries=20).ok


class Remembers:
    """Keeps what it can: running means, gradients, counters, batches, a switch, a hidden state, weights built late."""

    __slots__ = "count", "__dict__"

    def __init__(self):
        self.mean, self.w, self.count, self.h, self.batches, self.training = np.zeros(5), None, 0, None, [], False
        self.rng, self.seen = np.random.default_rng(0), set()

    def forward(self, x):
        if self.w is None:
            self.w = np.ones(5)
        self.mean *= 0.9
        self.mean += 0.1 * x.mean(axis=0)
        self.h, self.count = x, self.count + 1
        self.seen.add(self.count)
        self.batches.append(x)
        self.rng.random()
        return x * self.w

    def backward(self, dy):
        if dy is None:
            raise KeyboardInterrupt
        self.dw = (dy * self.h).sum(axis=0)
        return dy * self.w


def held(layer):
    return {name: str(value) for name, value in {**vars(layer), "count": layer.count}.items() if name != "rng"}


@pytest.mark.parametrize("stops", [False, True])
def test_an_object_is_left_as_it_was(stops):
    layer = Remembers()
    before, state = held(layer), str(layer.rng.bit_generator.state)
    if stops:
        layer.backward = lambda dy: Remembers.backward(layer, None)
        before = held(layer)
        with pytest.raises(KeyboardInterrupt):
            check_layer(layer, distinct((4, 5), 0), train=True)
    else:
        assert check_layer(layer, distinct((4, 5), 0), train=True).ok
    assert held(layer) == before and str(layer.rng.bit_generator.state) == state


def test_the_variables_of_functions_are_left_as_they_were():
    kept = "nothing"

    def forward(x):
        global CALLS
        nonlocal kept
        kept, CALLS = x, CALLS + 1
        return 2 * x

    assert check_layer((forward, lambda dy: 2 * dy + 0 * kept), distinct((3, 4), 0)).ok
    assert kept == "nothing" and CALLS == 0


def test_a_layer_that_was_not_built_is_not_built_after_the_check():
    class Late:
        def build(self):
            self.w = np.ones(5)

        def forward(self, x):
            self.x = x
            return x * self.w

        def backward(self, dy):
            self.dw = (dy * self.x).sum(axis=0)
            return dy * self.w

    layer = Late()
    assert check_layer(layer, distinct((4, 5), 0)).ok and vars(layer) == {}


def test_an_input_without_numbers_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"input 0 has the shape \(0, 300\): there is no number in it"):
        check_layer(Wide(), np.zeros((0, 300)))


def test_slow_forwards_have_fewer_numbers_moved(monkeypatch):
    monkeypatch.setattr("npnet.diagnose.check.SECONDS", 0)
    found = check_layer(Wide(), distinct((4, 300), 0))
    assert found.ok and [row.checked for row in found.rows] == [8, 8] and found.directions == {"x": 4, "w": 4}


DOUBLE = lambda x: 2 * x, lambda dy: 2 * dy
X = distinct((3, 4), 0)


@pytest.mark.parametrize("inputs, options, says", [
    ([X], {"entries": "a"}, "entries must be"), ([X], {"entries": -3}, "entries must be"),
    ([X], {"seed": None}, "seed must be"), ([X], {"param": 3}, "param must be a dictionary"),
    ([X], {"param": {"stride": 2}}, "param gives stride, which neither"), ([X], {"names": ["a", "b"]}, "names must be"),
    ([X], {"dy": "a"}, "dy must be an array of numbers"), ([X], {"dy": np.ones(3)}, "dy has the shape"),
    ([X], {"dy": X * np.nan}, "dy holds nan"), ([X], {"step": 0}, "step must be"), ([X], {"steps": 1}, "no option steps"),
    ([[[1.0], [2.0, 3.0]]], {}, "several lengths"), ([X * np.nan], {}, "input 0 holds nan"), ([X * 1j], {}, "complex numbers"),
    ([X, "a"], {}, "input 1 must be an array of numbers"), ([X], {"train": "yes"}, "train must be")])
def test_arguments_that_make_no_sense(inputs, options, says):
    with pytest.raises((TypeError, ValueError), match=says):
        check_layer(DOUBLE, *inputs, **options)


def test_a_train_without_a_word_for_it_is_remarked():
    assert "train=True changes nothing" in str(check_layer(DOUBLE, X, train=True).remarks)


def test_like_may_be_an_expression():
    found = check_layer(DOUBLE, X, like="ReLU()")
    assert not found.ok and "ReLU" in str(found)


def test_whole_numbers_are_decimals_where_forward_takes_them():
    square = lambda x: x ** 2, lambda dy, x: 2 * x * dy
    assert check_layer(square, np.arange(6).reshape(2, 3)).rows[0].checked == 6
    assert check_layer(square, [[1, 2], [3, -4]]).ok
    with pytest.raises(TypeError, match="x holds whole numbers.*astype"):
        check_layer((lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy)), np.ones((3, 4), int), distinct((4, 2), 0))


def test_an_index_stays_whole():
    class Rows:
        def __init__(self):
            self.w = distinct((5, 3), 0)

        def forward(self, x):
            self.x = x.astype(int)
            return self.w[self.x]

        def backward(self, dy):
            self.dw = np.zeros_like(self.w)
            np.add.at(self.dw, self.x, dy)

    found = check_layer(Rows(), np.array([0, 3, 3, 4]))
    assert found.ok and [row.name for row in found.rows] == ["w"]


def test_a_misspelt_setting_is_told_the_one_that_was_meant():
    def scale(x, stride=1):
        return x * stride

    with pytest.raises(ValueError, match="param gives strid, .* did you mean stride?"):
        check_layer((scale, lambda dy, stride=1: dy * stride), np.ones((2, 3)), param={"strid": 2})
