"""data.augment: crops against slices, colours against sums worked out by hand, and that the same address gives the same."""
import numpy as np
import pytest

pytest.importorskip("PIL.Image", reason="pictures need Pillow")

from npnet.data.augment import (augment_examples, centre, colour_basis, mirrored, pad_and_crop, pca_colour,  # noqa: E402
                                random_crop, square, ten_crops, window)
from npnet.data.pictures import read_picture, resize_and_crop  # noqa: E402
from npnet.layers import rng  # noqa: E402

TURN = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])          # three columns that are not the three rows


class Given:
    """A generator whose next numbers are given, to follow a function by hand."""

    def __init__(self, integers=(), uniform=0.0, normal=(0, 0, 0)):
        self.places, self.uniform, self.normal, self.highest = list(integers), uniform, normal, []

    def integers(self, high):
        self.highest.append(high)
        return self.places.pop(0)

    def random(self):
        return self.uniform

    def standard_normal(self, count):
        assert count == len(self.normal)
        return np.array(self.normal, float)


def numbered(height, width, channels=3, dtype=np.float32):
    """A picture in which every number occurs once, from 1."""
    return np.arange(1, height * width * channels + 1, dtype=dtype).reshape(height, width, channels)


# ---------------------------------------------------------------------------- crops

def test_random_crop_is_the_slice_that_was_drawn():
    picture, draw = numbered(7, 9), Given(integers=(2, 4))
    np.testing.assert_array_equal(random_crop(picture, 5, draw), picture[2:7, 4:9])
    assert draw.highest == [3, 5]                                           # 7 - 5 + 1 rows, 9 - 5 + 1 columns
    assert np.shares_memory(random_crop(picture, 5, rng(0)), picture)


def test_a_224_of_256_has_33_places_where_the_paper_counts_32():
    """2 * 32 * 32 = 2048 in section 4.1; all 33, the last included, are drawn, as by the program of 2012."""
    places = [window(256, 256, 224, rng(0, "place", i)) for i in range(600)]
    tops, lefts = {rows.start for rows, _ in places}, {columns.start for _, columns in places}
    assert tops == lefts == set(range(33))
    assert all(part.stop - part.start == 224 and part.stop <= 256 for place in places for part in place)
    assert len({(rows.start, columns.start) for rows, columns in places}) > 400       # both sides drawn on their own


def test_crop_of_the_whole_is_the_whole():
    picture = numbered(4, 4)
    np.testing.assert_array_equal(random_crop(picture, 4, rng(0)), picture)
    np.testing.assert_array_equal(centre(picture, 4), picture)


@pytest.mark.parametrize("height, width, size, top, left", [
    (8, 8, 4, 2, 2), (9, 6, 4, 2, 1), (256, 256, 227, 14, 14), (256, 300, 224, 16, 38), (7, 7, 4, 2, 2), (5, 5, 4, 0, 0)])
def test_centre(height, width, size, top, left):
    picture = numbered(height, width, 1)
    np.testing.assert_array_equal(centre(picture, size), picture[top:top + size, left:left + size])


@pytest.mark.parametrize("cut", [lambda p, size: random_crop(p, size, rng(0)), centre, ten_crops])
@pytest.mark.parametrize("size", [0, 6])
def test_what_cannot_be_cut_out(cut, size):
    with pytest.raises(ValueError, match=rf"size={size} cannot be cut out of a picture of 5 x 9 pixels; .* at most 5"):
        cut(numbered(5, 9), size)


def test_mirrored_half_of_the_time():
    picture = numbered(2, 3)
    np.testing.assert_array_equal(mirrored(picture, Given(uniform=0.4999)), picture[:, [2, 1, 0]])
    np.testing.assert_array_equal(mirrored(picture, Given(uniform=0.5)), picture)
    turned = sum(mirrored(picture, rng(0, i))[0, 0, 0] != 1 for i in range(1000))
    assert 450 < turned < 550


@pytest.mark.parametrize("down, right, by_hand", [
    (0, 0, [[1, 2], [3, 4]]), (1, 0, [[0, 0], [1, 2]]), (-1, 0, [[3, 4], [0, 0]]), (0, 1, [[0, 1], [0, 3]]),
    (0, -1, [[2, 0], [4, 0]]), (1, 1, [[0, 0], [0, 1]]), (-1, 1, [[0, 3], [0, 0]]), (2, 0, [[0, 0], [0, 0]]),
    (-3, 0, [[0, 0], [0, 0]])])
def test_pad_and_crop_by_hand(down, right, by_hand):
    draw = Given(integers=(3 + down, 3 + right))
    np.testing.assert_array_equal(pad_and_crop(numbered(2, 2, 1), 3, draw)[:, :, 0], by_hand)
    assert draw.highest == [7, 7]                                           # -3 to 3


def test_pad_and_crop_is_a_crop_of_the_padded_picture():
    picture = numbered(6, 5)
    padded = np.pad(picture, [(2, 2), (2, 2), (0, 0)])
    all_places = {padded[r:r + 6, c:c + 5].tobytes() for r in range(5) for c in range(5)}
    seen = {pad_and_crop(picture, 2, rng(0, i)).tobytes() for i in range(400)}
    assert seen == all_places and len(seen) == 25
    np.testing.assert_array_equal(pad_and_crop(picture, 0, rng(0)), picture)


def test_ten_crops_in_their_order():
    picture = numbered(6, 7)
    views = ten_crops(picture, 4)
    by_hand = [picture[:4, :4], picture[:4, 3:], picture[2:, :4], picture[2:, 3:], picture[1:5, 2:6]]
    assert views.shape == (10, 4, 4, 3)
    for i, view in enumerate(by_hand):
        np.testing.assert_array_equal(views[i], view)
        np.testing.assert_array_equal(views[5 + i], view[:, ::-1])


def test_square_leaves_its_size_alone_and_resizes_the_others():
    random = np.random.default_rng(0)
    fits, wide = random.integers(0, 256, (8, 8, 3), np.uint8), random.integers(0, 256, (20, 30, 3), np.uint8)
    assert square(fits, 8) is fits
    np.testing.assert_array_equal(square(wide, 10), resize_and_crop(wide, 10, 10))
    np.testing.assert_array_equal(square(wide, 20), wide[:, 5:25])          # nothing to resize: the pixels themselves
    grey = wide[:, :, :1]
    np.testing.assert_array_equal(square(grey, 10), resize_and_crop(np.repeat(grey, 3, 2), 10, 10)[:, :, :1])


@pytest.mark.parametrize("picture", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8),
                                     np.zeros((0, 4, 3), np.uint8), "cat.jpg", None])
def test_what_is_no_picture(picture):
    with pytest.raises(ValueError, match=r"must be uint8 \(H, W, 3\), or \(H, W, 1\) if it is grey, got "):
        square(picture, 4)


# ---------------------------------------------------------------------------- colours

# By hand, with TURN's columns (0, 1, 0), (0, 0, 1), (1, 0, 0), eigenvalues 0.25, 0.04, 0.01 and draws 1, -2, 3:
# the paper's        0.1 * (1 * 0.25, -2 * 0.04, 3 * 0.01) = (0.025, -0.008, 0.003) along the columns,
#                    so red gets 0.003, green 0.025, blue -0.008, of 1; 0.765, 6.375, -2.04 of 255
# the 2012 program's 0.1 * (1 * 0.5, -2 * 0.2, 3 * 0.1) = (0.05, -0.04, 0.03): red 0.03, green 0.05, blue -0.04

@pytest.mark.parametrize("form, scale, shift, divisor", [
    ("paper", "0-1", (0.003, 0.025, -0.008), 1), ("paper", "0-255", (0.765, 6.375, -2.04), 1),
    ("original", "0-1", (0.03, 0.05, -0.04), 1.1), ("original", "0-255", (7.65, 12.75, -10.2), 1.1)])
def test_pca_colour_by_hand(form, scale, shift, divisor):
    picture = np.array([[[1, 2, 3], [4, 5, 6]], [[-1, -2, -3], [0, 0, 0]]], np.float64)         # 2 x 2 pixels
    before = picture.copy()
    out = pca_colour(picture, TURN, (0.25, 0.04, 0.01), Given(normal=(1, -2, 3)), form, scale=scale)
    np.testing.assert_allclose(out, (before + shift) / divisor, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(picture, before)


def test_pca_colour_varies_along_the_eigenvectors():
    """Over many draws the shift's covariance has the eigenvectors' directions, and (std * eigenvalue)^2 along them."""
    vectors = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    values, black = np.array([0.2, 0.05, 0.01]), np.zeros((1, 1, 3))
    shifts = np.array([pca_colour(black, vectors, values, rng(0, i), scale="0-1")[0, 0] for i in range(4000)])
    along = shifts @ vectors                                                # (4000, 3)
    np.testing.assert_allclose(along.std(axis=0), 0.1 * values, rtol=0.05)
    assert np.abs(np.corrcoef(along.T) - np.eye(3)).max() < 0.05
    with_roots = np.array([pca_colour(black, vectors, values, rng(0, i), "original", scale="0-1")[0, 0] for i in range(4000)])
    np.testing.assert_allclose((with_roots @ vectors).std(axis=0), 0.1 * np.sqrt(values) / 1.1, rtol=0.05)


def test_pca_colour_keeps_float32_and_one_draw_serves_all_pixels():
    picture = np.random.default_rng(0).normal(0, 50, (9, 7, 3)).astype(np.float32)
    for form in ("paper", "original"):
        draw, twin = rng(3), rng(3)
        out = pca_colour(picture, np.eye(3), (0.1, 0.1, 0.1), draw, form)
        twin.standard_normal(3)
        assert out.dtype == np.float32 and draw.random() == twin.random()   # three numbers were drawn, no more
        shifts = out * (1.1 if form == "original" else 1) - picture
        assert np.ptp(shifts, axis=(0, 1)).max() < 1e-4 and np.abs(shifts).max() > 0.5


def test_the_same_address_gives_the_same_picture():
    picture = numbered(12, 12)

    def changed(*address):
        draw = rng(*address)
        cut = mirrored(pad_and_crop(random_crop(picture, 9, draw), 1, draw), draw)
        return pca_colour(cut, TURN, (0.2, 0.1, 0.1), draw)

    np.testing.assert_array_equal(changed(0, "augment", 2, 17), changed(0, "augment", 2, 17))
    others = {changed(0, "augment", epoch, i).tobytes() for epoch in range(3) for i in range(5)}
    assert len(others) == 15


@pytest.mark.parametrize("options, said", [
    ({"form": "torch"}, 'form must be "paper" or "original", got \'torch\''),
    ({"scale": "0..1"}, 'scale must be "0-255" or "0-1"'),
    ({"values": (9000, 800, 200)}, "must be those of pixels from 0 to 1, .* got 9000, 800, 200; divide .* by 255"),
    ({"values": (0.2, 0.1, -0.1)}, "lie between 0 and 1"),
    ({"values": (0.2, np.nan, 0.1)}, "lie between 0 and 1"),
    ({"values": (0.2, 0.1)}, r"three eigenvalues \(3,\), got \(3, 3\) and \(2,\)"),
    ({"vectors": np.eye(2)}, r"the columns of \(3, 3\)"),
    ({"picture": np.zeros((2, 2, 1))}, r"colours are shifted in pictures \(H, W, 3\), got \(2, 2, 1\)")])
def test_pca_colour_errors(options, said):
    given = {"picture": np.zeros((2, 2, 3)), "vectors": np.eye(3), "values": (0.2, 0.1, 0.1), "draw": rng(0), **options}
    with pytest.raises(ValueError, match=said):
        pca_colour(**given)


def test_colour_basis_by_hand():
    """Red and green that go together: eigenvalues a + b and a - b along (1, 1) and (1, -1); blue on its own."""
    vectors, values = colour_basis(255 ** 2 * np.array([[0.05, 0.03, 0], [0.03, 0.05, 0], [0, 0, 0.04]]))
    np.testing.assert_allclose(values, [0.08, 0.04, 0.02], rtol=1e-12)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(np.abs(vectors), [[half, 0, half], [half, 0, half], [0, 1, 0]], atol=1e-12)
    assert vectors[0, 0] > 0 and vectors[1, 0] > 0 and vectors[2, 1] == 1 and vectors[0, 2] * vectors[1, 2] < 0
    assert (colour_basis(np.zeros((3, 3)))[1] == 0).all()


def test_colour_basis_has_one_sign_everywhere():
    for seed in range(20):
        pixels = np.random.default_rng(seed).normal(0, 50, (100, 3))
        vectors, values = colour_basis(np.cov(pixels.T))
        assert all(one[np.abs(one).argmax()] > 0 for one in vectors.T) and (np.diff(values) <= 0).all()


# ---------------------------------------------------------------------------- drawn before and after

COUNTS = [1, 5, 1, 10, 5, 5, 5, 5]


@pytest.mark.parametrize("height, width, whole, crop", [(300, 400, 256, 227), (70, 90, 256, 227), (32, 32, 32, 24), (28, 40, 28, 22),
                                                        (8, 8, 8, 6), (3, 5, 3, 3), (1, 1, 1, 1)])
def test_examples_of_any_picture(height, width, whole, crop):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    before = picture.copy()
    rows = augment_examples(picture)
    assert [len(pictures) for _, pictures in rows] == COUNTS
    for title, pictures in rows:
        assert all(one.dtype == np.uint8 and one.ndim == 3 and one.shape[2] == 3 for one in pictures), title
    assert rows[0][1][0].shape == (whole, whole, 3) and rows[1][1][0].shape == rows[3][1][9].shape == (crop, crop, 3)
    np.testing.assert_array_equal(rows[2][1][0], rows[0][1][0][:, ::-1])
    np.testing.assert_array_equal(picture, before)


def test_examples_repeat_by_seed():
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    first, again, other = (augment_examples(picture, seed) for seed in (4, 4, 5))
    for (title, a), (_, b), (_, c) in zip(first, again, other):
        np.testing.assert_array_equal(a, b)
        assert len(a) in (1, 10) or not np.array_equal(a, c), title


def test_examples_of_one_colour_do_not_change_it():
    rows = augment_examples(np.full((40, 40, 3), (10, 200, 30), np.uint8))
    for title, pictures in rows:                                # no spread of colours, and the border is the mean colour
        assert all((one == (10, 200, 30)).all() for one in pictures), title


def test_examples_of_what_is_not_a_picture():
    with pytest.raises(ValueError, match=r"a picture must be uint8 \(H, W, 3\)"):
        augment_examples(np.zeros((40, 40, 2), np.uint8))


def test_examples_of_a_grey_picture_have_three_channels():
    assert all(one.shape[2] == 3 for _, pictures in augment_examples(np.zeros((40, 40, 1), np.uint8)) for one in pictures)


@pytest.mark.reference
def test_examples_of_a_photograph(reference):
    picture = read_picture(reference / "caffe/cat.jpg")
    rows = dict(augment_examples(picture))
    whole = square(picture, 256).astype(float)
    np.testing.assert_array_equal(rows["shorter side 256, central square"][0], whole)
    paper, strong = rows["colours, as in the paper"], rows["the same, ten times as strong"]
    weak, ten_times = (max(np.abs(np.median(one - whole, axis=(0, 1))).max() for one in some) for some in (paper, strong))
    assert 1 <= weak <= 10 and 5 * weak <= ten_times <= 100     # a few steps of 255, not hundreds
    for fainter in rows["colours, as the 2012 program"]:
        spread = fainter.std(axis=(0, 1)) / whole.std(axis=(0, 1))
        np.testing.assert_allclose(spread, 1 / 1.1, rtol=0.02)
