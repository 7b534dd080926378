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
