"""Sets of pictures and their parts."""
import time

import numpy as np
import pytest
from made import refused, some

from npnet.data import DataSet, Pictures, arrays, held_out
from npnet.data.sets import in_threads


def test_pictures_that_do_not_fit():
    assert "3 pictures need as many labels" in refused(ValueError, Pictures, np.zeros((3, 8, 8, 3), np.uint8), [0, 1], "ab")
    assert "between 0 and 1" in refused(ValueError, Pictures, np.zeros((2, 8, 8, 3), np.uint8), [0, 2], "ab")
    assert "transpose(0, 2, 3, 1)" in refused(ValueError, Pictures, np.zeros((2, 3, 8, 8), np.uint8), [0, 1], "ab")


def test_take():
    pictures = some([0, 1, 2, 1])
    taken = pictures.take([3, 0, 3])
    assert taken.labels.tolist() == [1, 0, 1] and [image[0, 0, 0] for image in taken] == [3, 0, 3]
    assert pictures.take([-1])[0][0, 0, 0] == 3 and len(pictures.take([])) == 0
    files = Pictures(["a.png", "b.png"], [0, 1], "ab")
    assert files.take([1]).images == ["b.png"]


def test_a_mask_is_not_taken_for_indices():
    assert "np.flatnonzero(mask)" in refused(TypeError, some([0, 1]).take, [True, False])
    assert "whole numbers, got float64" in refused(TypeError, some([0, 1]).take, [0.5])
    assert "between 0 and 1, got 0 to 2" in refused(IndexError, some([0, 1]).take, [0, 2])


def test_sets_can_be_compared_and_be_keys():
    one, other = some([0, 1]), some([0, 1])
    first, second = DataSet("a", one, one), DataSet("a", other, other)
    assert one == one != other and first == first != second           # the same object, not the same pixels
    assert len({one, other, first, second}) == 4


def test_repr_says_what_the_pictures_are():
    assert repr(some([0, 1])) == "2 pictures (8x8x3) of 3 classes"
    assert repr(Pictures(["a.png"], [0], "ab")) == "1 pictures (files) of 2 classes"
    mixed = [np.zeros((8, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)]
    assert repr(Pictures(mixed, [0, 1], "ab")) == "2 pictures (several sizes) of 2 classes"


def test_parts_with_different_classes_are_refused():
    assert "same classes in the same order" in refused(ValueError, DataSet, "mine", some([0], "ab"), some([0], "ba"))


@pytest.mark.parametrize("sizes, count, shares", [
    ([90, 10], 10, [9, 1]), ([5, 5, 5], 7, [3, 2, 2]), ([7, 2, 1], 5, [4, 1, 0]), ([10, 10], 1, [1, 0]), ([3, 0, 3], 4, [2, 0, 2])])
def test_held_out_keeps_the_shares(sizes, count, shares):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    train, validation = held_out(some(labels), count, seed=1)
    assert np.bincount(validation.labels, minlength=len(sizes)).tolist() == shares
    assert len(train) == len(labels) - count and train.classes == validation.classes


def test_held_out_shares_no_picture(random):
    labels = random.integers(0, 3, 100)
    pictures = some(labels)
    for seed in range(20):
        train, validation = held_out(pictures, 30, seed)
        numbers = [image[0, 0, 0] for image in train.images], [image[0, 0, 0] for image in validation.images]
        assert not set(numbers[0]) & set(numbers[1]) and len(numbers[1]) == 30
        assert sorted(numbers[0] + numbers[1]) == list(range(100))
        assert labels[numbers[1]].tolist() == validation.labels.tolist()


def test_held_out_is_decided_by_the_seed():
    pictures = some(np.arange(60) % 3)
    first, again, other = (held_out(pictures, 12, seed)[1].images[:, 0, 0, 0].tolist() for seed in (5, 5, 6))
    assert first == again != other
    assert first == sorted(first) and first != list(range(12))


@pytest.mark.parametrize("count", [0, 4, -1, 2.0, True, None])
def test_held_out_refuses(count):
    assert "whole number from 1 to 3" in refused(ValueError, held_out, some([0, 1, 2, 0]), count, 0)


def test_in_threads_keeps_the_order_and_raises_the_first_error():
    seen = []
    assert in_threads(lambda i: i * i, range(2345), lambda *at: seen.append(at)) == [i * i for i in range(2345)]
    assert seen[0] == (50, 2345) and seen[-1] == (2345, 2345)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda i: 1 // (7 - i), range(20))


def test_in_threads_leaves_the_rest_undone_when_it_is_stopped():
    begun = []

    def slow(i):
        begun.append(i)
        time.sleep(0.0005)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_threads(slow, range(20_000), stop)
    assert len(begun) < 10_000


# ---------------------------------------------------------------------------- what is not pictures

class Tensor:
    """What npnet sees of a tensor of PyTorch."""

    def detach(self):
        return self


@pytest.mark.parametrize("images, labels, said", [
    (Tensor(), [0], r"images must be NumPy's, got a tensor of PyTorch; give images.numpy\(\)"),
    (np.zeros((1, 8, 8, 3), np.uint8), Tensor(), r"labels must be NumPy's, got a tensor of PyTorch; give labels.numpy\(\)"),
    ([[[1, 2], [3, 4]]], [0], r"a list of paths or of arrays \(H, W, C\), got a list of list; np.array\(images, np.uint8\)"),
    ([None], [0], "got a list of NoneType")])
def test_tensors_and_lists_are_told_what_to_become(images, labels, said):
    with pytest.raises(TypeError, match=said):
        Pictures(images, labels, "ab")


@pytest.mark.long
@pytest.mark.torch
def test_a_tensor_of_pytorch():
    import torch
    x, y = torch.zeros((2, 3, 8, 8), dtype=torch.uint8), torch.tensor([0, 1])
    for pair, name in (((x, y), "x"), ((x.numpy(), y), "y")):
        with pytest.raises(TypeError, match=rf"got a tensor of PyTorch; give {name}.numpy\(\)"):
            arrays(pair)
    assert arrays((x.numpy(), y.numpy())).train.labels.tolist() == [0, 1]


def test_a_class_for_every_number_that_there_is():
    images = np.zeros((60, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="there are 2,000,000,000 classes for 60 pictures"):
        Pictures(images, np.zeros(60, int), range(2_000_000_000))
    with pytest.raises(ValueError, match="labels reach 59,000,000,000 for 60 pictures; number the classes 0, 1, 2"):
        arrays((images, np.arange(60) * 10**9))
    assert len(arrays((images, np.arange(60) + 940)).classes) == 1000   # a few pictures of ImageNet's classes


def test_names_of_classes_in_two_unicode_forms():
    one, other = Pictures(["1.png"], [0], ["caf\u00e9"]), Pictures(["1.png"], [0], ["cafe\u0301"])
    assert one.classes == other.classes == ("caf\u00e9",)
    assert DataSet("mine", one, other).classes == ("caf\u00e9",)
