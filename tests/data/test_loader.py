"""The loader: order, augmentation and errors do not depend on how many threads work."""
import threading
import time

import numpy as np
import pytest

from npnet.data import Loader, Pictures, Pipeline

STILL = Pipeline(size=8, shorter=8, channels=3)
MOVING = Pipeline(size=8, shorter=8, channels=3, pad=2, mirror=True)


def numbered(count):
    """Pictures whose every pixel is their number."""
    images = np.repeat(np.arange(count, dtype=np.uint8), 8 * 8 * 3).reshape(count, 8, 8, 3)
    return Pictures(images, np.arange(count) % 3, ("a", "b", "c"))


def textured(count):
    return Pictures(np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8), np.arange(count) % 3, ("a", "b", "c"))


def numbers(batches):
    return [int(picture[0, 0, 0]) for x, labels in batches for picture in x]


def same(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a, b) for pair in zip(one, other) for a, b in zip(*pair))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("npnet-loader")]


def test_an_epoch_is_every_picture_once():
    loader = Loader(numbered(20), 6, STILL)

    assert sorted(numbers(loader.epoch(0))) == list(range(20))
    assert numbers(loader.epoch(0)) != list(range(20))
    assert numbers(loader.epoch(0)) != numbers(loader.epoch(1))


def test_shuffling_takes_neighbours_apart():
    """Not the batches are shuffled, but the pictures (trap 22)."""
    first = numbers(Loader(numbered(200), 10, STILL).epoch(0))[:10]

    assert max(first) - min(first) > 100


@pytest.mark.parametrize("batch, sizes", [(6, [6, 6, 6, 2]), (20, [20]), (64, [20]), (1, [1] * 20), (5, [5, 5, 5, 5])])
def test_the_last_batch_is_what_is_left(batch, sizes):
    loader = Loader(numbered(20), batch, STILL)

    assert [len(x) for x, labels in loader.epoch(0)] == [len(labels) for x, labels in loader.epoch(0)] == sizes
    assert len(loader) == len(sizes)


def test_labels_go_with_their_pictures():
    for x, labels in Loader(numbered(20), 6, STILL).epoch(3):
        assert np.array_equal(x[:, 0, 0, 0].astype(int) % 3, labels) and labels.dtype == np.int64


def test_shape_and_dtype():
    x, labels = next(Loader(textured(5), 4, MOVING, workers=0).epoch(0))

    assert x.shape == (4, 3, 8, 8) and x.dtype == np.float32 and x.flags.c_contiguous


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_workers_change_nothing(workers):
    alone = list(Loader(textured(50), 8, MOVING, seed=3, workers=0).epoch(2))

    assert same(alone, list(Loader(textured(50), 8, MOVING, seed=3, workers=workers).epoch(2)))


def test_the_seed_and_the_epoch_change_everything():
    batches = {(seed, epoch): list(Loader(textured(30), 30, MOVING, seed).epoch(epoch)) for seed in (0, 1) for epoch in (0, 1)}

    for other in [(0, 1), (1, 0), (1, 1)]:
        assert not same(batches[0, 0], batches[other])
    assert same(batches[0, 0], list(Loader(textured(30), 30, MOVING, 0).epoch(0)))


def test_augmentation_belongs_to_the_picture_not_to_its_place():
    """With another batch size the same picture is augmented in the same way."""
    wide = np.concatenate([x for x, labels in Loader(textured(30), 30, MOVING).epoch(1)])
    narrow = np.concatenate([x for x, labels in Loader(textured(30), 7, MOVING).epoch(1)])

    assert np.array_equal(wide, narrow)
    assert not np.array_equal(np.sort(wide.ravel()), np.sort(np.concatenate(
        [x for x, labels in Loader(textured(30), 30, MOVING).epoch(2)]).ravel()))


def test_every_picture_has_draws_of_its_own():
    images = np.repeat(textured(1).images, 12, axis=0)
    x, _ = next(iter(Loader(Pictures(images, np.zeros(12, int), ("a",)), 12, MOVING)))

    assert len({picture.tobytes() for picture in x}) > 6


def test_an_epoch_can_be_begun_in_its_middle():
    loader = Loader(textured(50), 8, MOVING)

    assert same(list(loader.epoch(4))[3:], list(loader.epoch(4, first=3)))
    assert list(loader.epoch(4, first=7)) == []


def test_testing_keeps_the_order_and_the_pictures():
    loader = Loader(numbered(20), 6, MOVING, train=False)

    assert numbers(loader) == list(range(20)) == numbers(loader.epoch(5))


class Broken:
    """Images of which one cannot be read, and which say how many were asked for."""

    def __init__(self, count, bad):
        self.count, self.bad, self.asked = count, bad, 0

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        self.asked += 1
        if i == self.bad:
            raise ValueError(f"picture-{i}.jpg is damaged")
        return np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_an_error_comes_in_its_place_and_ends_the_workers(workers):
    pictures = Pictures(Broken(100, bad=10), np.zeros(100, int), ("a",))
    batches = Loader(pictures, 4, STILL, train=False, workers=workers).epoch(0)

    assert [len(next(batches)[0]) for _ in range(2)] == [4, 4]
    with pytest.raises(ValueError, match="picture-10.jpg is damaged"):
        next(batches)
    assert pictures.images.asked < 60


def test_stopping_early_ends_the_workers():
    pictures = Pictures(Broken(1000, bad=-1), np.zeros(1000, int), ("a",))
    batches = Loader(pictures, 4, STILL, workers=2).epoch(0)
    next(batches)
    batches.close()
    asked = pictures.images.asked
    time.sleep(0.05)

    assert pictures.images.asked == asked < 100


def test_batches_are_prepared_ahead():
    pictures = Pictures(Broken(100, bad=-1), np.zeros(100, int), ("a",))
    batches = Loader(pictures, 5, STILL, workers=2).epoch(0)
    next(batches)
    for _ in range(200):
        if pictures.images.asked >= 15:
            break
        time.sleep(0.01)
    batches.close()

    assert 15 <= pictures.images.asked <= 25


@pytest.mark.parametrize("arguments, message", [
    ({"batch": 0}, "batch must be a whole number of at least 1, got 0"),
    ({"batch": 2, "workers": -1}, "workers must be a whole number of at least 0, got -1"),
])
def test_settings_that_cannot_be_meant(arguments, message):
    with pytest.raises(ValueError, match=message):
        Loader(numbered(4), pipeline=STILL, **arguments)


def test_no_pictures():
    with pytest.raises(ValueError, match="a Loader needs pictures, got none"):
        Loader(numbered(0), 4, STILL)


def test_each_pass_is_the_next_epoch():
    loader = Loader(textured(30), 8, MOVING, workers=0)
    passes = [list(loader) for _ in range(3)]

    assert same(list(loader.epoch(1)), passes[1]) and same(list(loader.epoch(0)), passes[0])
    assert same(list(loader), list(loader.epoch(3)))                    # epoch(n) has moved nothing
    assert not same(passes[0], passes[1]) and not same(passes[1], passes[2])


def test_a_pass_that_is_left_early_is_one_all_the_same():
    loader = Loader(numbered(20), 6, STILL)
    for x, labels in loader:
        break

    assert numbers(loader) == numbers(loader.epoch(1))


@pytest.mark.parametrize("batch, sizes", [(6, [6, 6, 6]), (20, [20]), (5, [5, 5, 5, 5]), (19, [19])])
def test_a_short_last_batch_can_be_left_out(batch, sizes):
    loader = Loader(numbered(20), batch, STILL, drop_last=True)

    assert [len(x) for x, labels in loader.epoch(0)] == sizes and len(loader) == len(sizes)
    assert len(set(numbers(loader.epoch(2)))) == sum(sizes)
    assert [len(x) for x, labels in loader.epoch(1, first=len(sizes) - 1)] == sizes[-1:]


def test_nothing_but_a_short_batch():
    with pytest.raises(ValueError, match="with drop_last a batch of 21 leaves nothing of 20 pictures; make it smaller"):
        Loader(numbered(20), 21, STILL, drop_last=True)


@pytest.mark.parametrize("given, kind", [([[1, 2], [3, 4]], "list"), (np.zeros((4, 3, 8, 8)), "ndarray")])
def test_what_a_loader_does_not_take(given, kind):
    with pytest.raises(TypeError, match=rf"a Loader takes Pictures, got {kind}; npnet.data.arrays\(\(x, labels\)\).train makes"):
        Loader(given, 2, STILL)


@pytest.mark.parametrize("seed", [1.5, "a", None])
def test_a_seed_that_is_not_a_whole_number(seed):
    with pytest.raises(TypeError, match="seed must be a whole number, got"):
        Loader(numbered(4), 2, STILL, seed=seed)
