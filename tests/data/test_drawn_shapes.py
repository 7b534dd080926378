"""shapes: the same set from the same seed, ten figures as often, and no picture of them solved by a line."""
import hashlib
import importlib
import sys

import numpy as np
import pytest

from npnet.data.sets import DataSet
from npnet.layers import rng

module = importlib.import_module("npnet.data.shapes")        # whatever npnet.data calls by this name
NAMES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "crescent", "arrow", "hourglass")
FIRST = [0, 8, 2, 7, 9, 1, 3, 5, 6, 4, 7, 2, 4, 5, 3, 0, 6, 8, 9, 1]
FIRST_TEST = [3, 0, 8, 7, 9, 1, 6, 4, 5, 2]


@pytest.fixture(scope="module")
def whole():
    """The set as it is by default."""
    return module.shapes()


def bytes_of(images):
    return hashlib.sha256(images.tobytes()).hexdigest()


# ---------------------------------------------------------------------------- what is in it

def test_the_default_set(whole):
    assert isinstance(whole, DataSet) and whole.name == "shapes" and "seed 0" in whole.origin
    assert whole.classes == whole.test.classes == NAMES
    for part, count in ((whole.train, 6000), (whole.test, 1000)):
        assert part.images.shape == (count, 32, 32, 3) and part.images.dtype == np.uint8
        assert part.labels.dtype == np.int64
        assert np.bincount(part.labels).tolist() == [count // 10] * 10


def test_labels_are_shuffled_and_every_ten_are_the_ten_classes(whole):
    tens = whole.train.labels.reshape(-1, 10)
    assert (np.sort(tens, axis=1) == np.arange(10)).all()
    assert len({tuple(ten) for ten in tens}) > 590
    assert not np.array_equal(whole.train.labels[:1000], whole.test.labels)


def test_the_labels_of_seed_0(whole):
    """They depend on NumPy's Philox alone, which promises to stay."""
    assert whole.train.labels[:20].tolist() == FIRST
    assert whole.test.labels[:10].tolist() == FIRST_TEST


def test_no_two_pictures_are_the_same(whole):
    everything = np.concatenate([whole.train.images, whole.test.images])
    assert len({picture.tobytes() for picture in everything}) == 7000


def test_an_odd_number_of_pictures_is_balanced_up_to_one():
    data = module.shapes(train=37, test=4)
    assert sorted(np.bincount(data.train.labels, minlength=10)) == [3] * 3 + [4] * 7
    assert len(data.test) == 4 and np.bincount(data.test.labels).max() == 1


def test_without_a_test_part():
    data = module.shapes(train=1, test=0)
    assert data.test is None and data.train.images.shape == (1, 32, 32, 3)


@pytest.mark.parametrize("size", [8, 32, 33, 96])
def test_other_sizes(size):
    images = module.shapes(train=10, test=0, size=size).train.images
    assert images.shape == (10, size, size, 3)
    assert images.std(axis=(1, 2, 3)).min() > 10                # there is something in every picture


# ---------------------------------------------------------------------------- addresses

def test_twice_the_same():
    first, second = module.shapes(seed=5, train=40, test=20), module.shapes(seed=5, train=40, test=20)
    assert bytes_of(first.train.images) == bytes_of(second.train.images)
    assert bytes_of(first.test.images) == bytes_of(second.test.images)
    assert np.array_equal(first.train.labels, second.train.labels)


def test_a_small_set_is_the_beginning_of_a_large_one(whole):
    small = module.shapes(train=25, test=13)
    assert np.array_equal(small.train.images, whole.train.images[:25])
    assert np.array_equal(small.train.labels, whole.train.labels[:25])
    assert np.array_equal(small.test.images, whole.test.images[:13])
    assert np.array_equal(small.test.labels, whole.test.labels[:13])


def test_another_seed_is_another_set(whole):
    other = module.shapes(seed=1, train=40, test=40)
    assert not (other.train.images == whole.train.images[:40]).all(axis=(1, 2, 3)).any()
    assert not np.array_equal(other.train.labels, whole.train.labels[:40])


def test_every_picture_has_the_address_that_is_documented(whole):
    for part, index in (("train", 17), ("test", 3)):
        pictures = getattr(whole, part)
        alone = module.draw(NAMES[pictures.labels[index]], rng(0, "shapes", part, index))
        assert np.array_equal(alone, pictures.images[index])


def test_numpy_integers_are_integers():
    assert np.array_equal(module.shapes(np.int64(3), np.int32(4), np.int64(0)).train.images,
                          module.shapes(3, 4, 0).train.images)


def test_progress_is_told():
    calls = []
    module.shapes(train=150, test=75, size=8, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(100, 225), (200, 225), (225, 225)]


# ---------------------------------------------------------------------------- the figures

@pytest.mark.parametrize("name", NAMES)
def test_every_figure_can_be_drawn_alone(name):
    picture = module.draw(name, rng(1), 48)
    assert picture.shape == (48, 48, 3) and picture.dtype == np.uint8
    assert np.array_equal(picture, module.draw(name, rng(1), 48))
    assert not np.array_equal(picture, module.draw(name, rng(2), 48))


@pytest.mark.parametrize("name", NAMES)
def test_figures_fill_about_the_unit_circle(name):
    points = module.FIGURES[name]
    distances = np.hypot(*points.T)
    assert points.shape[1] == 2 and 0.85 < distances.max() < 1.32
    assert np.abs(points.max(axis=0) + points.min(axis=0)).max() < 0.8      # twice the middle


def test_a_ring_has_a_hole_and_a_circle_has_none(monkeypatch):
    monkeypatch.setattr(module, "draw_clutter", lambda *_: None)
    monkeypatch.setattr(module, "draw_scratches", lambda *_: None)
    light = {}
    for name in ("circle", "ring"):
        means = []
        for index in range(5):
            random = rng(index)
            picture = module.draw(name, random, 64).mean(axis=2) > 125      # between DARK and LIGHT
            rows, columns = np.nonzero(picture)
            means.append(picture[round(rows.mean()), round(columns.mean())])    # the middle of what is light
        light[name] = means
    assert all(light["circle"]) and not any(light["ring"])


def test_figures_keep_their_area_when_turned(monkeypatch):
    """As many light pixels as the polygon's area says: pi/4 of an ellipse, the shoelace formula in general."""
    monkeypatch.setattr(module, "draw_clutter", lambda *_: None)
    monkeypatch.setattr(module, "draw_scratches", lambda *_: None)

    class Fixed:
        """A generator whose uniform numbers are the middle, but for the turn."""

        def __init__(self, turn):
            self.turn, self.random = turn, np.random.default_rng(0)

        def uniform(self, low, high, size=None):
            return self.turn if (low, high) == (0, 360) else (low + high) / 2 if size is None else np.full(size, (low + high) / 2)

        def integers(self, low, high, size):
            return np.full(size, low)

        def standard_normal(self, shape, dtype):
            return np.zeros(shape, dtype)
    for name in NAMES:
        x, y = module.FIGURES[name].T
        area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2 * (0.32 * 128) ** 2
        for turn in (0, 33, 200):
            picture = module.draw(name, Fixed(turn), 128)
            share = picture[:, :, 0] / module.LIGHT                 # how much of a pixel the figure covers
            assert share.sum() == pytest.approx(area, rel=0.05), (name, turn)


def test_a_turned_figure_is_none_of_the_others():
    """The outlines as distances from their middle, compared over all turns: no two figures come near each other."""
    from PIL import Image, ImageDraw

    def mask(points, turn):
        image = Image.new("L", (64, 64))
        centred = points - (points.max(axis=0) + points.min(axis=0)) / 2
        ImageDraw.Draw(image).polygon(module.on_canvas(centred, 6, turn, np.array([8, 8])), fill=1)
        return np.asarray(image, bool)
    upright = {name: mask(points, 0) for name, points in module.FIGURES.items()}
    for name, points in module.FIGURES.items():
        for turn in range(0, 360, 15):
            turned = mask(points, turn)
            for other, shape in upright.items():
                same = (turned & shape).sum() / (turned | shape).sum()
                assert other == name or same < 0.88, (name, other, turn)


# ---------------------------------------------------------------------------- how hard it is

def right(x, labels, w):
    return (np.argmax(x @ w, axis=1) == labels).mean()


def pixels(part):
    """Every pixel, and a one for the bias: float32 (N, 3073)."""
    x = part.images.reshape(len(part), -1).astype(np.float32) / 64 - 2
    return np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)


@pytest.mark.long
def test_ridge_regression_stays_under_60_percent(whole):
    x, x_test = pixels(whole.train), pixels(whole.test)
    targets = np.eye(10, dtype=np.float32)[whole.train.labels]
    products, sums = x.T @ x, x.T @ targets
    w = np.linalg.solve(products + 1e4 * np.eye(len(products), dtype=np.float32), sums)       # 1e3 and 1e5 are no better
    assert 0.15 < right(x_test, whole.test.labels, w) < 0.45


@pytest.mark.long
def test_softmax_regression_stays_under_60_percent(whole):
    x, x_test, labels = pixels(whole.train), pixels(whole.test), whole.train.labels
    w, velocity = np.zeros((x.shape[1], 10), np.float32), 0
    random = np.random.default_rng(0)
    for epoch in range(6):
        for batch in random.permutation(len(x)).reshape(-1, 100):
            z = x[batch] @ w
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(100), labels[batch]] -= 1
            velocity = 0.9 * velocity - 0.002 * (x[batch].T @ p / 100 + 0.1 * w)
            w = w + velocity
    assert right(x, labels, w) > 0.3                                # it has learnt something
    assert 0.15 < right(x_test, whole.test.labels, w) < 0.45


# ---------------------------------------------------------------------------- errors

@pytest.mark.parametrize("options, kind, said", [
    ({"train": 0}, ValueError, "shapes: train must be at least 1, got 0"),
    ({"test": -1}, ValueError, "shapes: test must be at least 0, got -1"),
    ({"size": 7}, ValueError, "shapes: size must be between 8 and 512, got 7"),
    ({"size": 513}, ValueError, "shapes: size must be between 8 and 512, got 513"),
    ({"train": 10.0}, TypeError, "shapes: train must be an integer, got 10.0"),
    ({"seed": "a"}, TypeError, "shapes: seed must be an integer, got 'a'"),
    ({"seed": None}, TypeError, "shapes: seed must be an integer, got None"),
    ({"test": True}, TypeError, "shapes: test must be an integer, got True")])
def test_bad_arguments(options, kind, said):
    with pytest.raises(kind) as caught:
        module.shapes(**options)
    assert str(caught.value) == said


def test_a_figure_that_is_none():
    with pytest.raises(ValueError, match="no figure is called 'Star'; there are circle, square, triangle, star"):
        module.draw("Star", rng(0))
    with pytest.raises(ValueError, match="size must be between 8 and 512, got 4"):
        module.draw("star", rng(0), 4)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ModuleNotFoundError, match="pictures need Pillow, which is missing: pip install pillow"):
        module.shapes(train=1, test=0)
