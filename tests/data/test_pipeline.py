"""data.pipeline and data.statistics: every step against slices and sums made by hand, and everything saved and restored."""
import json

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow")

from npnet.data.augment import colour_basis, pca_colour, ten_crops  # noqa: E402
from npnet.data.pictures import read_picture, resize_and_crop  # noqa: E402
from npnet.data.pipeline import Pipeline, to_input  # noqa: E402
from npnet.data.sets import Pictures  # noqa: E402
from npnet.data.statistics import of_channels, statistics  # noqa: E402
from npnet.layers import rng  # noqa: E402

BASIS = {"vectors": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), "values": (0.2, 0.05, 0.01)}
MEAN, DEVIATION = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)
GREY = np.array((0.299, 0.587, 0.114))


def random_picture(height=8, width=None, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width or height, channels), np.uint8)


def in_memory(count=7, side=8, channels=3):
    images = np.random.default_rng(1).integers(0, 256, (count, side, side, channels), np.uint8)
    return Pictures(images, np.zeros(count, int), ("all",))


def planes(picture):
    """uint8 (H, W, C) -> float32 (C, H, W)."""
    return picture.astype(np.float32).transpose(2, 0, 1)


def column(values):
    return np.array(values, np.float32)[:, None, None]


# ---------------------------------------------------------------------------- at test

@pytest.mark.parametrize("options", [
    {}, {"mean": MEAN, "deviation": DEVIATION}, {"mean": MEAN, "order": "BGR"}, {"mean": 120, "deviation": 60},
    {"scale": "0-1", "mean": (.485, .456, .406), "deviation": (.229, .224, .225)}, {"scale": "0-1", "mean": .5, "order": "BGR"}])
@pytest.mark.parametrize("side", [8, 50])
def test_test_is_to_input_exactly(options, side):
    picture = random_picture(side)
    x = Pipeline(8, 8, **options).test(picture)
    assert x.shape == (3, 8, 8) and x.dtype == np.float32 and x.flags.c_contiguous
    expected = to_input(resize_and_crop(picture, 8, 8), **{"mean": 0, **options})[0]
    np.testing.assert_array_equal(x, expected)


def test_the_middle_of_a_larger_square():
    picture, pipeline = random_picture(20, 30), Pipeline(7, 10, mean=MEAN)
    square = resize_and_crop(picture, 10, 10)
    np.testing.assert_array_equal(pipeline.test(picture), planes(square[2:9, 2:9]) - column(MEAN))
    np.testing.assert_array_equal(pipeline.test(square), pipeline.test(picture))       # the right size already


def test_the_mean_picture_is_cut_like_the_picture():
    picture, mean = random_picture(10), np.random.default_rng(2).uniform(0, 255, (3, 10, 10)).astype(np.float32)
    pipeline = Pipeline(6, 10, mean=mean, order="BGR")
    np.testing.assert_array_equal(pipeline.test(picture), (planes(picture) - mean)[::-1, 2:8, 2:8])
    grey = random_picture(10, channels=1)
    np.testing.assert_array_equal(Pipeline(6, 10, 1, mean=mean[:1]).test(grey), (planes(grey) - mean[:1])[:, 2:8, 2:8])


def test_grey_and_colour():
    colour, grey = random_picture(), random_picture(channels=1)
    to_grey = Pipeline(8, 8, 1, mean=33, deviation=78)
    np.testing.assert_allclose(to_grey.test(colour), to_input(colour, 33, 78, channels=1)[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(to_grey.test(grey), (planes(grey) - 33) / 78)
    to_colour = Pipeline(8, 8, 3, mean=MEAN)
    np.testing.assert_array_equal(to_colour.test(grey), np.repeat(planes(grey), 3, axis=0) - column(MEAN))
    assert to_colour.test(random_picture(20, 25, 1)).shape == (3, 8, 8)


# ---------------------------------------------------------------------------- in training

@pytest.mark.parametrize("mirror", [False, True])
def test_training_crops_the_mean_picture_at_the_same_place(mirror):
    """Every x is one of the 16 places (twice with the mirror image) of picture - mean, and all of them occur."""
    picture, mean = random_picture(9), np.random.default_rng(2).uniform(0, 255, (3, 9, 9)).astype(np.float32)
    pipeline = Pipeline(6, 9, mean=mean, crop=True, mirror=mirror)
    centred = planes(picture) - mean
    places = [centred[:, r:r + 6, c:c + 6] for r in range(4) for c in range(4)]
    places += [place[:, :, ::-1] for place in places] if mirror else []
    seen = {pipeline.train(picture, rng(0, i)).tobytes() for i in range(400)}
    assert seen == {place.tobytes() for place in places} and len(seen) == (32 if mirror else 16)


def test_training_pads_with_the_mean_colour():
    picture = random_picture(6)
    pipeline = Pipeline(6, 6, mean=MEAN, deviation=DEVIATION, pad=2, mirror=True, order="BGR")
    padded = np.pad((planes(picture) - column(MEAN)) / column(DEVIATION), [(0, 0), (2, 2), (2, 2)])[::-1]
    places = [padded[:, r:r + 6, c:c + 6] for r in range(5) for c in range(5)]
    places += [place[:, :, ::-1] for place in places]
    # adding 0 makes one zero of -0 and 0
    seen = {(pipeline.train(picture, rng(0, i)) + 0).tobytes() for i in range(600)}
    assert seen == {(place + 0).tobytes() for place in places} and len(seen) == 50


@pytest.mark.parametrize("form", ["paper", "original"])
@pytest.mark.parametrize("scale", ["0-255", "0-1"])
def test_training_shifts_colours_between_mean_and_deviation(form, scale):
    picture, unit = random_picture(), 255 if scale == "0-255" else 1
    mean, deviation = np.array(MEAN) / 255 * unit, np.array(DEVIATION) / 255 * unit
    pipeline = Pipeline(8, 8, scale=scale, mean=mean, deviation=deviation, colour=form, order="BGR", **BASIS)
    centred = picture / 255 * unit - mean
    expected = pca_colour(centred, draw=rng(5), form=form, scale=scale, **BASIS) / deviation
    np.testing.assert_allclose(pipeline.train(picture, rng(5)), planes(expected)[::-1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(pipeline.test(picture), planes(centred / deviation)[::-1], rtol=1e-5, atol=1e-5)


def test_training_without_augmentation_is_the_test():
    picture, pipeline = random_picture(20), Pipeline(7, 10, mean=MEAN)
    np.testing.assert_array_equal(pipeline.train(picture, rng(0)), pipeline.test(picture))


def test_the_same_address_gives_the_same_input():
    picture = random_picture(30, 40)
    pipeline = Pipeline(16, 20, mean=MEAN, crop=True, mirror=True, colour="original", **BASIS)
    first, again, other = (pipeline.train(picture, rng(0, "augment", epoch, 3)) for epoch in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (3, 16, 16) and first.dtype == np.float32 and first.flags.c_contiguous


def test_the_picture_is_left_alone_and_the_input_is_the_callers():
    picture = random_picture()
    before = picture.copy()
    pipeline = Pipeline(8, 8, mean=MEAN, pad=1, mirror=True)
    for x in (pipeline.test(picture), pipeline.train(picture, rng(0)), pipeline.ten(picture)):
        x[:] = 7
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(pipeline.mean, np.array(MEAN, np.float32))


@pytest.mark.parametrize("picture", [random_picture().astype(np.float32), np.zeros((8, 8), np.uint8), "cat.jpg"])
def test_what_is_no_picture(picture):
    pipeline = Pipeline(8, 8)
    for prepare in (pipeline.test, pipeline.ten, lambda one: pipeline.train(one, rng(0))):
        with pytest.raises(ValueError, match="a picture must be uint8"):
            prepare(picture)


# ---------------------------------------------------------------------------- ten views

def test_ten_views_of_a_larger_square():
    picture, mean = random_picture(9), np.random.default_rng(2).uniform(0, 255, (3, 9, 9)).astype(np.float32)
    views = Pipeline(6, 9, mean=mean, order="BGR").ten(picture)
    centred = (planes(picture) - mean)[::-1]
    by_hand = [centred[:, :6, :6], centred[:, :6, 3:], centred[:, 3:, :6], centred[:, 3:, 3:], centred[:, 2:8, 2:8]]
    assert views.shape == (10, 3, 6, 6) and views.dtype == np.float32 and views.flags.c_contiguous
    for i, view in enumerate(by_hand):
        np.testing.assert_array_equal(views[i], view)
        np.testing.assert_array_equal(views[i + 5], view[:, :, ::-1])


def test_ten_views_of_a_padded_picture():
    picture, pipeline = random_picture(6), Pipeline(6, 6, mean=MEAN, deviation=DEVIATION, pad=2)
    padded = np.pad((planes(picture) - column(MEAN)) / column(DEVIATION), [(0, 0), (2, 2), (2, 2)])
    views = pipeline.ten(picture)
    np.testing.assert_array_equal(views[0], padded[:, :6, :6])
    np.testing.assert_array_equal(views[3], padded[:, 4:, 4:])
    np.testing.assert_array_equal(views[4], pipeline.test(picture))
    np.testing.assert_array_equal(views[5:], views[:5, :, :, ::-1])


def test_ten_views_where_nothing_is_to_spare_are_two():
    picture, pipeline = random_picture(), Pipeline(8, 8, 1)
    views = pipeline.ten(picture)
    assert views.shape == (10, 1, 8, 8)
    for i in range(5):
        np.testing.assert_array_equal(views[i], pipeline.test(picture))


# ---------------------------------------------------------------------------- what does not fit

@pytest.mark.parametrize("options, said", [
    ({"size": 9}, "size=9 cannot be cut out of a picture whose shorter side is shorter=8"),
    ({"size": 0}, "size=0 cannot be cut out"),
    ({"size": 7.5}, "size must be a whole number, got 7.5"),
    ({"size": True}, "size must be a whole number, got True"),
    ({"crop": True}, "crop=True needs a square larger than .* both 8; make shorter larger, or use pad"),
    ({"shorter": 9, "pad": 1}, "pad must be 0 unless size and shorter are equal .* got pad=1 with size=8, shorter=9"),
    ({"pad": -1}, "got pad=-1"),
    ({"channels": 2}, "channels must be 3, or 1 for grey, got 2"),
    ({"order": "GBR"}, 'order must be "RGB" or "BGR"'),
    ({"scale": "0..1"}, 'scale must be "0-255" or "0-1"'),
    ({"mean": .45}, 'mean=0.45 is meant for pixels from 0 to 1, but scale is "0-255"'),
    ({"mean": MEAN, "scale": "0-1"}, 'is meant for pixels from 0 to 255, but scale is "0-1"'),
    ({"mean": np.full((3, 8, 8), .45)}, 'is meant for pixels from 0 to 1, but scale is "0-255"'),
    ({"mean": np.full((3, 8, 8), 120), "scale": "0-1"}, 'is meant for pixels from 0 to 255, but scale is "0-1"'),
    ({"shorter": 100_000}, "shorter=100000 is too large for an input of size=8: .*; choose at most 1024"),
    ({"mean": np.full((3, 9, 8), 120)}, r"the mean picture must be \(3, 8, 8\), as channels=3 and shorter=8, got \(3, 9, 8\)"),
    ({"mean": np.full((8, 8), 120)}, r"the mean picture must be \(3, 8, 8\)"),
    ({"mean": (1, 2)}, "mean must be one number or three"),
    ({"mean": MEAN, "channels": 1}, "mean must be one number for channels=1"),
    ({"deviation": (0, 60, 60)}, "deviation must be above 0"),
    ({"colour": "torch", **BASIS}, 'colour must be None, "paper" or "original", got \'torch\''),
    ({"colour": "paper"}, "needs the eigenvectors and eigenvalues of the training colours"),
    ({"colour": "paper", **BASIS, "values": (9000, 100, 10)}, "must be those of pixels from 0 to 1"),
    ({"colour": "paper", "channels": 1, **BASIS}, "needs pictures in colour, but channels=1"),
    ({"colour": "original", **BASIS}, "makes pictures fainter, towards 0, which must be the mean colour"),
    ({"colour": "paper", "std": -1, **BASIS}, "std must be at least 0, the paper's is 0.1, got -1")])
def test_errors(options, said):
    with pytest.raises(ValueError, match=said):
        Pipeline(**{"size": 8, "shorter": 8, **options})


# ---------------------------------------------------------------------------- statistics

def test_statistics_by_hand():
    """Two pictures of 2 x 2: red 0 0 0 0 and 8 8 8 8, green 4 everywhere, blue the opposite of red."""
    images = np.zeros((2, 2, 2, 3), np.uint8)
    images[1, :, :, 0], images[:, :, :, 1], images[0, :, :, 2] = 8, 4, 8
    found = statistics(Pictures(images, np.zeros(2, int), ("all",)), 2)
    np.testing.assert_array_equal(found["channel_means"], [4, 4, 4])
    np.testing.assert_array_equal(found["channel_deviations"], [4, 0, 4])
    np.testing.assert_array_equal(found["covariance"], [[16, 0, -16], [0, 0, 0], [-16, 0, 16]])
    np.testing.assert_array_equal(found["mean_picture"], np.full((3, 2, 2), 4))
    np.testing.assert_allclose(found["colour_values"], [32 / 255 ** 2, 0, 0], rtol=1e-12, atol=1e-18)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(np.abs(found["colour_vectors"][:, 0]), [half, 0, half], atol=1e-12)
    assert found["pictures"] == 2


@pytest.mark.parametrize("channels", [1, 3])
def test_statistics_against_numpy(channels):
    pictures = in_memory(300, 40, channels)                     # two blocks
    found = statistics(pictures, 40, threads=2)
    pixels = pictures.images.reshape(-1, channels).astype(np.float64)
    np.testing.assert_allclose(found["channel_means"], pixels.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found["channel_deviations"], pixels.std(axis=0), rtol=1e-11)
    np.testing.assert_allclose(found["covariance"], np.cov(pixels.T, bias=True).reshape(channels, channels), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found["mean_picture"], pictures.images.mean(axis=0).transpose(2, 0, 1), rtol=1e-13)
    assert ("colour_vectors" in found) == (channels == 3)
    if channels == 3:
        vectors, values = found["colour_vectors"], found["colour_values"]
        np.testing.assert_allclose(vectors @ np.diag(values * 255 ** 2) @ vectors.T, found["covariance"], atol=1e-8)
        assert values[0] >= values[1] >= values[2] > 0


@pytest.fixture
def files(tmp_path):
    """Nine picture files of several sizes."""
    paths = [tmp_path / f"{i}.png" for i in range(9)]
    for i, path in enumerate(paths):
        Image.fromarray(random_picture(20 + i, 30 - i, seed=i)).save(path)
    return Pictures(paths, np.zeros(9, int), ("all",))


def test_statistics_do_not_depend_on_threads_or_order(files, monkeypatch):
    monkeypatch.setattr("npnet.data.statistics.BLOCK_PIXELS", 2 * 16 ** 2)      # two pictures at a time
    first = statistics(files, 16, threads=1)
    squares = np.stack([resize_and_crop(files[i], 16, 16) for i in range(9)])
    np.testing.assert_array_equal(first["mean_picture"], squares.sum(axis=0, dtype=int).transpose(2, 0, 1) / 9)
    for threads, order in ((1, range(8, -1, -1)), (2, range(9)), (5, (3, 1, 4, 0, 5, 8, 2, 6, 7))):
        other = statistics(files.take(list(order)), 16, threads=threads)
        assert first.keys() == other.keys()
        for name in first:
            np.testing.assert_array_equal(first[name], other[name])


def test_statistics_tell_their_progress(files, monkeypatch):
    monkeypatch.setattr("npnet.data.statistics.BLOCK_PIXELS", 1)
    told = []
    statistics(files, 16, lambda *done: told.append(done), threads=2)
    assert told == [(i, 9) for i in range(1, 10)]


def test_statistics_of_some(files):
    told = []
    some = statistics(files, 16, lambda *done: told.append(done), most=3)
    exact = statistics(files.take(np.sort(rng(0, "statistics").permutation(9)[:3])), 16)        # drawn by seed
    assert all(np.array_equal(some[name], exact[name]) for name in exact)
    assert some["pictures"] == 3 and told[-1] == (3, 3)
    assert statistics(files, 16, most=100)["pictures"] == 9


def test_statistics_errors(files, tmp_path):
    with pytest.raises(ValueError, match="there are no pictures to compute the mean of"):
        statistics(files.take([]), 16)
    with pytest.raises(ValueError, match="most must be at least 1, or None, got 0"):
        statistics(files, 16, most=0)
    with pytest.raises(ValueError, match="shorter must be at least 1 pixel, got 0"):
        statistics(files, 0)
    with pytest.raises(ValueError, match="all grey or all in colour, but picture 0 has channels=3 and picture 1 has 1"):
        statistics([random_picture(), random_picture(channels=1)], 8)
    (tmp_path / "5.png").write_bytes((tmp_path / "5.png").read_bytes()[:200])
    with pytest.raises(ValueError, match="5.png is damaged or was cut off"):
        statistics(files, 16, threads=2)


def test_statistics_of_grey_from_colour():
    """Grey is linear in red, green and blue: its statistics follow without looking at the pictures again."""
    pictures = in_memory(20, 6)
    found = of_channels(statistics(pictures, 6), 1)
    grey = pictures.images @ GREY                                               # (20, 6, 6)
    np.testing.assert_allclose(found["channel_means"], [grey.mean()], rtol=1e-12)
    np.testing.assert_allclose(found["channel_deviations"], [grey.std()], rtol=1e-10)
    np.testing.assert_allclose(found["mean_picture"], grey.mean(axis=0)[None], rtol=1e-12)
    three = of_channels(statistics(in_memory(20, 6, 1), 6), 3)
    assert three["channel_means"].shape == (3,) and np.ptp(three["channel_means"]) == 0
    assert three["mean_picture"].shape == (3, 6, 6) and three["channel_deviations"].shape == (3,)


# ---------------------------------------------------------------------------- for training

def test_for_training_of_small_pictures():
    pictures = in_memory(20, 32)
    pipeline = Pipeline.for_training(pictures, (3, 32, 32))
    assert pipeline.settings() == {"size": 32, "shorter": 32, "channels": 3, "order": "RGB", "scale": "0-255", "crop": False,
                                   "pad": 4, "mirror": True, "colour": None, "std": 0.1, "counted": None,
                                   "stretch": False}
    x = np.stack([pipeline.test(pictures[i]) for i in range(20)])
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_the_whole_picture_can_be_stretched():
    """As Caffe's tools do: nothing is cut off but the border around the middle; a square is the same either way."""
    from PIL import Image
    random_picture = np.random.default_rng(3).integers(0, 256, (30, 50, 3), np.uint8)
    pipeline = Pipeline(8, 10, stretch=True)
    whole = np.asarray(Image.fromarray(random_picture).resize((10, 10), Image.Resampling.BILINEAR))
    square = random_picture[:, :30]

    np.testing.assert_array_equal(pipeline.square(random_picture), whole)
    np.testing.assert_array_equal(pipeline.test(random_picture), whole[1:9, 1:9].transpose(2, 0, 1))
    np.testing.assert_array_equal(pipeline.ten(random_picture)[4], pipeline.test(random_picture))
    np.testing.assert_array_equal(pipeline.train(random_picture, rng(0)), pipeline.test(random_picture))
    np.testing.assert_array_equal(pipeline.test(square), Pipeline(8, 10).test(square))
    assert (pipeline.test(random_picture) != Pipeline(8, 10).test(random_picture)).any()
    assert Pipeline.restored(pipeline.settings(), pipeline.arrays()) == pipeline != Pipeline(8, 10)
    assert str(pipeline).startswith("the whole picture stretched to 10 x 10 pixels, the middle 8 x 8 of 10 x 10 pixels, RGB")


def test_settings_of_before_stretching_are_read():
    settings = Pipeline(8, 10).settings()
    del settings["stretch"]
    assert Pipeline.restored(settings, Pipeline(8, 10).arrays()) == Pipeline(8, 10)


def test_for_training_of_photographs(files):
    pipeline = Pipeline.for_training(files, (3, 72, 72), "mean-picture", colour="paper")
    assert (pipeline.size, pipeline.shorter, pipeline.crop, pipeline.pad) == (72, 80, True, 0)
    assert pipeline.mean.shape == (3, 80, 80) and pipeline.deviation == 1
    vectors, values = colour_basis(statistics(files, 80)["covariance"])
    np.testing.assert_array_equal(pipeline.vectors, vectors)
    np.testing.assert_array_equal(pipeline.values, values)
    x = np.stack([pipeline.test(files[i]) for i in range(9)])
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("shape, shorter", [((3, 227, 227), 256), ((3, 224, 224), 256), ((3, 96, 96), 112), ((1, 28, 28), 28)])
def test_for_training_without_statistics(shape, shorter):
    pipeline = Pipeline.for_training(in_memory(), shape, "none", mirror=False)
    assert (pipeline.size, pipeline.shorter, pipeline.channels, pipeline.scale) == (shape[1], shorter, shape[0], "0-1")
    x = pipeline.train(random_picture(300), rng(0))
    assert x.shape == shape and 0 <= x.min() < x.max() <= 1


@pytest.mark.parametrize("have, channels", [(3, 1), (1, 3), (1, 1)])
@pytest.mark.parametrize("normalise", ["standard", "mean-picture"])
def test_for_training_of_grey_and_colour(have, channels, normalise):
    pictures = in_memory(20, 16, have)
    pipeline = Pipeline.for_training(pictures, (channels, 16, 16), normalise)
    x = np.stack([pipeline.test(pictures[i]) for i in range(20)])
    assert x.shape == (20, channels, 16, 16)
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-4)


def test_for_training_by_choice():
    pictures = in_memory(20, 32)
    assert Pipeline.for_training(pictures, (3, 72, 72), pad=9).shorter == 72
    assert not Pipeline.for_training(pictures, (3, 72, 72), crop=False).crop
    cut = Pipeline.for_training(pictures, (3, 24, 24), "mean", shorter=32, order="BGR", most=5)
    assert (cut.crop, cut.pad, cut.order) == (True, 0, "BGR")
    drawn = rng(0, "statistics").permutation(20)[:5]
    np.testing.assert_allclose(cut.mean, pictures.images[drawn].mean(axis=(0, 1, 2)), rtol=1e-6)
    assert "of 5 pictures" in str(cut) and cut.counted == 5
    told = []
    Pipeline.for_training(pictures, (3, 32, 32), progress=lambda *done: told.append(done))
    assert told[-1] == (20, 20)


def test_for_training_of_pictures_of_one_colour():
    black = Pictures(np.zeros((3, 8, 8, 3), np.uint8), np.zeros(3, int), ("all",))
    assert (Pipeline.for_training(black, (3, 8, 8)).test(black[0]) == 0).all()
    red = Pictures(np.full((3, 8, 8, 3), (250, 0, 0), np.uint8), np.zeros(3, int), ("all",))
    assert (Pipeline.for_training(red, (3, 8, 8)).test(red[0]) == 0).all()


@pytest.mark.parametrize("options, said", [
    ({"input_shape": (3, 8, 9)}, r"prepared for square inputs, grey or in colour; this network takes \(3, 8, 9\)"),
    ({"input_shape": (8,)}, "prepared for square inputs"),
    ({"normalise": "mean picture"}, "normalise must be one of standard, mean, mean-picture, none, got 'mean picture'"),
    ({"colour": "torch"}, 'colour must be None, "paper" or "original"'),
    ({"colour": "paper", "input_shape": (1, 8, 8)}, "needs pictures in colour, but channels=1"),
    ({"colour": "original", "normalise": "none"}, "makes pictures fainter"),
    ({"shorter": 7}, "size=8 cannot be cut out"),
    ({"crop": True}, "crop=True needs a square larger")])
def test_for_training_says_it_before_reading(options, said):
    class Unread:
        def __len__(self):
            return 5

    with pytest.raises(ValueError, match=said):
        Pipeline.for_training(**{"pictures": Unread(), "input_shape": (3, 8, 8), **options})


def test_for_training_colours_of_grey_pictures():
    with pytest.raises(ValueError, match="colour='paper' needs pictures in colour, but these are grey"):
        Pipeline.for_training(in_memory(channels=1), (3, 8, 8), colour="paper")


# ---------------------------------------------------------------------------- saving

ALL_KINDS = [
    Pipeline(8, 8), Pipeline(8, 8, 1, scale="0-1", mean=.1307, deviation=.3081),
    Pipeline(np.int64(6), 8, order="BGR", mean=MEAN, deviation=DEVIATION, crop=np.True_, mirror=True),
    Pipeline(8, 8, mean=MEAN, pad=2, colour="original", std=0.2, **BASIS),
    Pipeline(6, 8, mean=np.random.default_rng(0).uniform(1, 250, (3, 8, 8)), colour="paper", **BASIS)]


@pytest.mark.parametrize("pipeline", ALL_KINDS, ids=str)
def test_saved_and_restored_exactly(pipeline, tmp_path):
    np.savez(tmp_path / "a.npz", **pipeline.arrays())
    settings = json.loads(json.dumps(pipeline.settings()))
    with np.load(tmp_path / "a.npz") as arrays:
        again = Pipeline.restored(settings, dict(arrays))
    assert again == pipeline and str(again) == str(pipeline) and again.settings() == pipeline.settings()
    assert {array.dtype for array in pipeline.arrays().values()} <= {np.dtype(np.float32), np.dtype(np.float64)}
    picture = random_picture(20, 30)
    np.testing.assert_array_equal(again.train(picture, rng(1)), pipeline.train(picture, rng(1)))
    np.testing.assert_array_equal(again.ten(picture), pipeline.ten(picture))


def test_pipelines_are_equal_if_everything_is():
    assert all((a == b) == (i == j) for i, a in enumerate(ALL_KINDS) for j, b in enumerate(ALL_KINDS))
    assert Pipeline(8, 8, mean=MEAN) == Pipeline(8, 8, mean=MEAN) != Pipeline(8, 8, mean=(125.3, 123.0, 114.0))
    assert Pipeline(8, 8) != "a pipeline"


@pytest.mark.parametrize("settings, said", [
    ({"size": 8, "shorter": 8, "blur": 2}, "not the settings of a pipeline: they have blur; were they saved by a newer npnet"),
    ({"size": 8}, "they have no size or no shorter"),
    ({}, "they have no size or no shorter"),
    ({"size": 9, "shorter": 8}, "size=9 cannot be cut out")])
def test_foreign_settings(settings, said):
    with pytest.raises(ValueError, match=said):
        Pipeline.restored(settings, {})


@pytest.mark.parametrize("pipeline, words", [
    (Pipeline(32, 32, mean=MEAN, deviation=DEVIATION, pad=4, mirror=True),
     "RGB, 0 to 255, minus the mean (125.3, 123.0, 113.9), over (63.0, 62.1, 66.7); "
     "in training: moved by up to 4 pixels, mirrored half of the time"),
    (Pipeline(28, 28, 1, scale="0-1", mean=.1307, deviation=.3081, pad=1),
     "grey, 0 to 1, minus the mean 0.131, over 0.308; in training: moved by up to 1 pixel"),
    (Pipeline(6, 8, order="BGR", mean=np.full((3, 8, 8), 100), crop=True, colour="paper", **BASIS),
     "the middle 6 x 6 of 8 x 8 pixels, BGR, 0 to 255, minus the mean picture; "
     "in training: random crops of 6 x 6, colours shifted as in the paper (0.1)"),
    (Pipeline(8, 8, mean=MEAN, colour="original", **BASIS),
     "RGB, 0 to 255, minus the mean (125.3, 123.0, 113.9); in training: colours shifted as the 2012 program (0.1)"),
    (Pipeline(8, 8, order="BGR", mean=(123, 117, 104)), "BGR, 0 to 255, minus the mean (104.0, 117.0, 123.0); in training: the same"),
    (Pipeline(8, 8), "RGB, 0 to 255; in training: the same")])
def test_in_words(pipeline, words):
    assert str(pipeline) == words


# ---------------------------------------------------------------------------- real pictures

@pytest.mark.reference
def test_caffes_mean_picture_and_a_photograph(reference):
    """227 of 256: Caffe cuts its mean picture and the photograph at (14, 14) at test."""
    picture = read_picture(reference / "caffe/cat.jpg")
    mean = np.load(reference / "caffe/ilsvrc_2012_mean.npy")[::-1]              # the file has blue first
    pipeline = Pipeline(227, 256, mean=mean, order="BGR", crop=True, mirror=True)
    square = planes(resize_and_crop(picture, 256, 256)) - mean.astype(np.float32)
    np.testing.assert_array_equal(pipeline.test(picture), square[::-1, 14:241, 14:241])
    views = pipeline.ten(picture)
    np.testing.assert_array_equal(views[1], square[::-1, :227, 29:])
    np.testing.assert_array_equal(views.transpose(0, 2, 3, 1)[:, :, :, ::-1], ten_crops(square.transpose(1, 2, 0), 227))
    x = pipeline.train(picture, rng(0))
    assert any(np.array_equal(x, part[::-1, r:r + 227, c:c + 227]) for part in (square, square[:, :, ::-1])
               for r in range(30) for c in range(30))


@pytest.mark.reference
def test_photographs_vary_most_in_brightness(reference):
    paths = sorted((reference / "imagenet_samples").glob("*.JPEG"))[:12]
    photographs = Pictures(paths, np.zeros(12, int), ("all",))
    pipeline = Pipeline.for_training(photographs, (3, 96, 96), "mean", colour="paper")
    assert (80 < pipeline.mean).all() and (pipeline.mean < 160).all()
    assert (pipeline.vectors[:, 0] > 0.5).all() and 0.02 < pipeline.values[0] < 0.5      # red, green and blue together
    assert pipeline.values[0] > 5 * pipeline.values[1]
    x = pipeline.train(photographs[0], rng(0))
    assert x.shape == (3, 96, 96) and np.abs(x - pipeline.test(photographs[0])).max() > 1


@pytest.mark.reference
def test_cifars_published_mean(reference):
    """Over 4000 of the 50,000 pictures: near (125.3, 123.0, 113.9) and (63.0, 62.1, 66.7)."""
    with np.load(reference / "cifar10_lossless_4000_1000.npz", allow_pickle=False) as pack:
        images, labels = pack["train_x"].transpose(0, 2, 3, 1), pack["train_y"].astype(int)
    pipeline = Pipeline.for_training(Pictures(images, labels, tuple("0123456789")), (3, 32, 32))
    np.testing.assert_allclose(pipeline.mean, MEAN, atol=1)
    np.testing.assert_allclose(pipeline.deviation, DEVIATION, atol=0.5)
