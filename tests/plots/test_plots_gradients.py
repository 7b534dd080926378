"""The maps of a gradient: what was given is drawn, wrong numbers are outlined, and what is left out is said."""
import numpy as np
import pytest
from test_plots import check_layout, drawn_images, no_warnings, texts  # noqa: F401

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")

from npnet import plots  # noqa: E402


def given(*shape, wrong=()):
    """A numeric gradient, one that is 1 too large at some places, and the mask of these."""
    numeric = np.random.default_rng(0).normal(size=shape)
    mask = np.zeros(shape, bool)
    mask[wrong] = True
    return numeric + mask, numeric, mask


def outlines(axes):
    """The ends of the lines that are drawn around wrong numbers."""
    return axes.collections[0].get_segments() if axes.collections else []


def maps(figure):
    return [axes for axes in figure.axes if axes.images]


@pytest.mark.parametrize("shape", [(2, 3, 7, 8), (2, 2, 5, 5), (4, 3), (3, 40), (2, 3, 4), (6,), (), (70,), (9, 9, 3, 3)])
def test_all_shapes_are_legible(shape):
    analytic, numeric, wrong = given(*shape, wrong=... if shape == () else 0)
    figure = plots.gradient_maps(analytic, numeric, wrong, title="dx is wrong: only the first image contributes", name="x")
    check_layout(figure)
    assert "dx is wrong: only the first image contributes" in " ".join(" ".join(texts(figure)).split())


def test_a_matrix_is_drawn_as_it_is():
    analytic, numeric, wrong = given(4, 5, wrong=(1, 2))
    figure = plots.gradient_maps(analytic, numeric, wrong)
    for drawn, values in zip(drawn_images(figure), (analytic, numeric, analytic - numeric)):
        np.testing.assert_array_equal(drawn, values)
    limits = [axes.images[0].get_clim() for axes in maps(figure)]
    most = max(abs(analytic).max(), abs(numeric).max())
    assert limits[0] == limits[1] == (-most, most) and limits[2] == pytest.approx((-1, 1))
    ends = {tuple(map(float, end)) for axes in maps(figure) for line in outlines(axes) for end in line}
    assert ends == {(1.5, 0.5), (2.5, 0.5), (1.5, 1.5), (2.5, 1.5)}                 # the sides of the square at row 1, column 2
    assert "1 of 20 numbers compared is wrong (outlined)." in texts(figure)


def test_images_and_channels_are_tiles():
    analytic, numeric, wrong = given(2, 3, 4, 4, wrong=(1, 0, 2, 3))
    figure = plots.gradient_maps(analytic, numeric, wrong, words=("filter", "channel"))
    first = drawn_images(figure)[0]
    assert first.shape == (9, 14) and np.isnan(first[4]).all() and np.isnan(first[:, [4, 9]]).all()
    for a in range(2):
        for b in range(3):
            np.testing.assert_array_equal(first[5 * a:5 * a + 4, 5 * b:5 * b + 4], analytic[a, b])
    assert {"filter", "channel", "0", "1", "2"} <= set(texts(figure)) and not any("white" in text for text in texts(figure))
    assert len(outlines(maps(figure)[2])) == 4


def test_of_a_large_array_the_worst_is_drawn():
    analytic, numeric, wrong = given(16, 32, 3, 60, wrong=(13, 29, 1, 55))
    figure = plots.gradient_maps(analytic, numeric, wrong)
    assert all(len(outlines(axes)) == 4 for axes in maps(figure)) and np.nanmax(drawn_images(figure)[2]) == pytest.approx(1)
    assert {"13", "29"} <= set(texts(figure))
    assert "drawn are 36 of 512 tiles and 3 x 48 numbers of 3 x 60, with the worst of them." in " ".join(
        " ".join(texts(figure)).split())


def test_what_was_not_compared_is_white():
    analytic, numeric, wrong = given(3, 4, wrong=(0, 0))
    seen = np.ones((3, 4), bool)
    seen[2, 3] = False
    figure = plots.gradient_maps(analytic, numeric, wrong, seen)
    first, second, third = drawn_images(figure)
    assert np.isfinite(first).all() and np.argwhere(np.isnan(second)).tolist() == [[2, 3]] == np.argwhere(np.isnan(third)).tolist()
    assert any("1 of 11 numbers compared is wrong" in text and "white: not compared" in text for text in texts(figure))


def test_numbers_that_are_not_finite():
    analytic, numeric, wrong = given(3, 4, wrong=(0, 0))
    analytic[0, 0], analytic[1, 1] = np.nan, np.inf
    check_layout(plots.gradient_maps(analytic, numeric, wrong))
    check_layout(plots.gradient_maps(np.full(3, np.nan), np.zeros(3), np.ones(3, bool)))


def test_a_bias_has_bars():
    analytic, numeric, wrong = given(5, wrong=3)
    above, below = plots.gradient_maps(analytic, numeric, wrong, name="b").axes
    heights = [[patch.get_height() for patch in group] for group in above.containers]
    np.testing.assert_allclose(heights, [analytic, numeric])
    dark = [patch.get_facecolor() for patch in below.containers[0]]
    assert dark[3] != dark[0] == dark[1] and below.get_xlabel() == "index in db"


def test_arrays_of_two_shapes():
    with pytest.raises(ValueError, match=r"must have one shape and at least one number, got \(2, 3\), \(3, 2\)"):
        plots.gradient_maps(np.ones((2, 3)), np.ones((3, 2)), np.ones((2, 3), bool))
    with pytest.raises(ValueError, match="at least one number"):
        plots.gradient_maps(np.ones((0, 3)), np.ones((0, 3)), np.ones((0, 3), bool))
