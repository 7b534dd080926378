"""Pictures of what a network sees: colours of numbers, grids, bars."""
import numpy as np
import pytest

from npnet import plots


def test_heat_goes_from_dark_to_light_and_shows_the_picture_through(random):
    values = np.arange(12.0).reshape(3, 4)
    alone = plots.heat(values)
    lightness = alone @ [0.3, 0.59, 0.11]
    assert alone.shape == (3, 4, 3) and (np.diff(lightness.ravel()) > 0).all()
    black, white = (plots.heat(values, np.full((3, 4, 3), level, np.uint8)) for level in (0, 255))
    assert (white >= black).all() and white.mean() > black.mean() + 0.3
    assert np.isfinite(plots.heat(np.full((2, 2), np.nan))).all() and np.isfinite(plots.heat(np.zeros((2, 2)))).all()


def test_signs_have_colours():
    red, grey, blue = plots.signed_heat(np.array([[2.0, 0, -2]]))[0]
    assert red[0] > red[2] + 0.3 and blue[2] > blue[0] + 0.3 and np.ptp(grey) < 0.02


def test_about_grey():
    image = plots.about_grey(np.array([[[1.0, 0, -1]]]))
    np.testing.assert_allclose(image, [[[1, 0.5, 0]]], atol=0.01)
    assert plots.about_grey(np.zeros((4, 5, 1))).shape == (4, 5, 3)


def texts(figure):
    from matplotlib.text import Text
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text)]


def test_pictures_beside_each_other(random):
    picture = random.integers(0, 256, (8, 9, 3), np.uint8)
    figure = plots.seen([(picture, "one"), (picture[:, :, :1], "two"), (None, "")], "the title", "does not show", columns=2)
    assert {"one", "two", "the title", "does not show"} <= set(texts(figure))
    assert len([axes for axes in figure.axes if axes.images]) == 2
    with pytest.raises(ValueError, match="needs at least one picture"):
        plots.seen([])


def test_patches_are_drawn_at_one_scale(random):
    rows = [(random.integers(0, 256, size, np.uint8), 9.0 - k, random.standard_normal(size)) for k, size in
            enumerate([(9, 9, 3), (5, 9, 3), (9, 4, 1)])]
    figure = plots.patches(rows, "conv5")
    first, second = [axes.images[0].get_array() for axes in figure.axes]
    assert first.shape == second.shape == (9 + 1 + 9, 9 + 1 + 9, 3)
    np.testing.assert_allclose(first[:9, :9], rows[0][0] / 255)
    np.testing.assert_allclose(first[2:7, 10:], rows[1][0] / 255)               # the smaller one in the middle
    assert any("strongest: 9" in text for text in texts(figure))
    assert len(plots.patches([(row[0], row[1], None) for row in rows]).axes) == 1
    with pytest.raises(ValueError, match="at least one patch"):
        plots.patches([])


def test_neighbours_in_rows(random):
    picture = random.integers(0, 256, (8, 8, 3), np.uint8)
    figure = plots.neighbours([[(picture, "query"), (picture, "1.5"), (picture, "2.5")], [(picture, "other"), (picture, "3.5")]])
    assert {"query", "1.5", "2.5", "other", "3.5"} <= set(texts(figure)) and len(figure.axes) == 6


def test_the_five_best_with_the_true_one_in_red(random):
    from matplotlib.colors import to_hex
    names = [f"class {k}" for k in range(8)]
    p = np.array([[0.4, 0.3, 0.1, 0.1, 0.05, 0.05, 0, 0], [0, 0, 0, 0.05, 0.05, 0.1, 0.2, 0.6]])
    figure = plots.five_best(random.integers(0, 256, (2, 9, 9, 3), np.uint8), p, names, [1, None])
    found = texts(figure)
    assert "class 0  40.0 %" in found and "class 7  60.0 %" in found and "class 1" in found
    bars = [axes for axes in figure.axes if axes.patches]
    colours = [[to_hex(bar.get_facecolor()) for bar in axes.patches[5:]] for axes in bars]
    assert [colours[0].index(colour) for colour in set(colours[0]) if colours[0].count(colour) == 1] == [1]
    assert len(set(colours[1])) == 1
    with pytest.raises(ValueError, match="as many pictures as rows"):
        plots.five_best([np.zeros((9, 9, 3), np.uint8)], p, names)


def test_of_many_maps_the_strongest_are_drawn_with_their_numbers():
    maps = np.zeros((70, 4, 5), np.float32)
    maps[:, 1, 1] = np.arange(70)
    maps[3, 2, 2], maps[5, 0, 0] = 2000, np.nan
    found = texts(plots.feature_maps(maps, strongest=True))
    numbers = [text for text in found if text.isdigit() and int(text) < 70]
    assert numbers[:2] == ["3", "69"] and len(set(numbers) - {"0"}) == 64 and not {"1", "2", "4", "5"} & set(numbers)
    assert any("64 of 70 maps" in text and "the strongest first" in text for text in found)
    few = texts(plots.feature_maps(maps[:64], strongest=True))
    assert any("Left: the row's first map." in text for text in few) and {"0", "8", "56"} <= set(few)


def test_scales_have_no_powers_of_ten_where_none_are_needed():
    from npnet.plots.grids import in_digits
    assert [in_digits(number) for number in (1730.4, -25_000.0, 0.1234, 999.4, 3e7)] == ["1,730", "-25,000", "0.123", "999", "3e+07"]


@pytest.mark.parametrize("side", [6, 7, 13])
def test_the_numbers_of_the_rows_are_not_cut(side, random):
    figure = plots.feature_maps(500 * random.standard_normal((64, side, side)) ** 3, "conv1", note="It does not show " * 5)
    figure.canvas.draw()
    left = min(label.get_window_extent().x0 for label in figure.axes[0].get_yticklabels())
    assert left > 4
