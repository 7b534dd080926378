"""Pictures of wrong gradients: which arrays, which axes are called what."""
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="plots need matplotlib")

from matplotlib.text import Text  # noqa: E402

import npnet  # noqa: E402
from npnet.diagnose import check_layer, draw  # noqa: E402


def product(x, w):
    return np.einsum("nchw,kchw->nk", x, w)


def halved(dy, x, w):
    return np.einsum("nk,kchw->nchw", dy, w) / 2, np.einsum("nk,nchw->kchw", dy, x) / 2


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def words(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_inputs_are_images_and_weights_are_filters():
    npnet.use("numpy")
    figures = draw(check_layer((product, halved), numbers(2, 3, 2, 4), numbers(5, 3, 2, 4)))
    assert list(figures) == ["x", "w"]
    assert "image" in words(figures["x"]) and "filter" in words(figures["w"])
    assert any(word.startswith("dx is wrong: ") for word in words(figures["x"]))


def test_what_is_right_has_no_picture():
    figures = draw(check_layer((product, lambda dy, x, w: (2 * halved(dy, x, w)[0], halved(dy, x, w)[1])),
                               numbers(2, 3, 2, 4), numbers(5, 3, 2, 4)))
    assert list(figures) == ["w"]


def spoilt(dy, x, w):
    dx, dw = dy @ w.T, x.T @ dy
    dx[3, 2] += 5
    dw[4, 1] -= 5
    return dx, dw


def labels_of(figure):
    return figure.axes[0].get_ylabel(), next(axes.get_xlabel() for axes in figure.axes if axes.get_xlabel())


def test_an_entry_of_a_matrix_is_in_its_row_and_its_column():
    figures = draw(check_layer((lambda x, w: x @ w, spoilt), numbers(4, 5), numbers(5, 3)))
    for name, place, shape, axes in (("x", (3, 2), (4, 5), ("image", "feature")), ("w", (4, 1), (5, 3), ("row", "column"))):
        difference = np.abs(figures[name].axes[2].images[0].get_array())
        assert difference.shape == shape and np.unravel_index(difference.argmax(), shape) == place
        assert labels_of(figures[name]) == axes


class LossNet:
    def __init__(self):
        self.params = {"w": numbers(5, 3)}

    def loss(self, x, y=None):
        scores = x @ self.params["w"]
        if y is None:
            return scores
        e = np.exp(scores - scores.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        loss = -np.log(p[np.arange(len(x)), y]).mean()
        p[np.arange(len(x)), y] -= 1
        return loss, {"w": x.T @ p}


def test_weights_that_a_loss_gives_are_no_images():
    figures = draw(check_layer(LossNet(), numbers(4, 5), np.array([0, 2, 1, 1])))
    assert list(figures) == ["w"] and labels_of(figures["w"]) == ("row", "column")


def test_a_side_of_one_number_has_one_place_and_one_label():
    def half(dy, x, b):
        return dy.copy(), dy.sum(axis=1, keepdims=True) / 2

    figures = draw(check_layer((lambda x, b: x + b, half), numbers(5, 3), numbers(5, 1)))
    assert list(figures) == ["b"]
