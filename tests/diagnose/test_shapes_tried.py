"""What the shapes of a check did not cover, the family of shapes, ties, and the second look at negative numbers."""
import numpy as np
import pytest

from npnet.backend import use
from npnet.diagnose.ready import build, distinct
from npnet.diagnose.shapes import (changed, family, legal, negative, picks, second_look, settings_of, tied, uncovered,
                                   windows_of)
from npnet.gradcheck import check_gradients
from npnet.layers import LRN, AvgPool, BatchNorm, Conv2D, Dense, Layer, MaxPool, ReLU
from npnet.ops.conv import conv2d_backward, conv2d_forward


@pytest.fixture(autouse=True)
def numpy_backend():
    use("numpy")


def made(layer, shape):
    build(layer, shape, 0)
    return layer, [distinct(shape, 0)]


@pytest.mark.parametrize("layer, shape, size, stride, pad", [
    (Conv2D(3, 3), (2, 2, 7, 6), (3, 3), 1, 0),
    (Conv2D(3, 3, pad=1), (2, 2, 5, 5), (3, 3), 1, 1),
    (Conv2D(3, 3, pad=1), (1, 2, 3, 3), (3, 3), 1, 1),
    (Conv2D(3, (3, 2), stride=2, pad=1), (2, 2, 7, 6), (3, 2), 2, 1),
    (Conv2D(3, 5, stride=3, pad=2), (2, 2, 13, 14), (5, 5), 3, 2),
    (MaxPool(3, 2), (2, 2, 7, 8), (3, 3), 2, 0),
    (MaxPool(2, 2), (2, 2, 6, 8), (2, 2), 2, 0),
    (MaxPool(3, 2, pad=1), (2, 2, 7, 8), (3, 3), 2, 1),
    (AvgPool(3, 1, pad=1), (2, 2, 7, 8), (3, 3), 1, 1),
    (Conv2D(4, 1, stride=2), (2, 2, 7, 8), (1, 1), 2, 0)])
def test_windows_are_told_from_behaviour(layer, shape, size, stride, pad):
    windows = windows_of(*made(layer, shape))

    assert tuple(windows.size.values()) == size and set(windows.stride.values()) == {stride}
    assert set(windows.pad.values()) == {pad} and windows.there


@pytest.mark.parametrize("layer, shape", [
    (ReLU(), (2, 3, 4, 4)), (LRN(n=3), (2, 5, 4, 4)), (BatchNorm(), (2, 3, 4, 4)), (Conv2D(3, 1), (2, 3, 4, 4))])
def test_layers_without_windows(layer, shape):
    assert not windows_of(*made(layer, shape)).there


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_are_told_from_behaviour(groups):
    assert windows_of(*made(Conv2D(4, 3, groups=groups), (2, 4, 5, 5))).groups == groups


@pytest.mark.parametrize("layer, shape, words", [
    (Conv2D(3, 3, pad=1), (2, 3, 5, 5), "pad 0, stride 2, height unlike width, groups, one image"),
    (Conv2D(4, 3, stride=2, groups=2), (2, 4, 7, 7),
     "padding, a stride that leaves a remainder, height unlike width, one image"),
    (Conv2D(4, 3, stride=2, pad=1, groups=2), (1, 4, 8, 7), "pad 0, more than one image"),
    (MaxPool(2, 2), (2, 3, 4, 4), "padding, a stride that leaves a remainder, height unlike width, one image"),
    (Dense(4), (3, 5), "one image"), (Dense(4), (1, 5), "more than one image"), (ReLU(), (2, 3, 4, 4), "one image"),
    (BatchNorm(), (4, 3), "one image")])
def test_what_was_not_covered_is_said_as_far_as_it_makes_sense(layer, shape, words):
    layer, inputs = made(layer, shape)

    assert uncovered(layer, inputs) == words


def test_settings_by_their_usual_names():
    assert settings_of({"F": 3, "stride": 1, "padding": "same", "lr": 0.1}) == {
        "stride": ("stride", 1), "pad": ("padding", "same")}
    assert settings_of({"S": (2, 2), "P": 0, "p_drop": 1}) == {"stride": ("S", (2, 2)), "pad": ("P", 0)}
    assert settings_of({"stride": None, "pad": True, "s": 0.5}) == {}


class OnlyWithPadding(Conv2D):
    """x[pad:-pad] is empty without padding."""

    def backward(self, dy, to_input=True):
        dx = super().backward(dy)
        frame = np.pad(dx, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)))
        return frame[:, :, self.pad:-self.pad, self.pad:-self.pad]


class NoRemainder(Conv2D):
    """Wrong where rows are left over."""

    def backward(self, dy, to_input=True):
        dx = super().backward(dy)
        R, left = self.size, (self.x.shape[2] + 2 * self.pad - self.size) % self.stride
        return dx * (0.5 if left and R else 1)


class HeightForWidth(Conv2D):
    def backward(self, dy, to_input=True):
        dx = super().backward(dy)
        dx[..., dx.shape[2]:] = 0
        dx[..., dx.shape[3]:, :] = 0
        return dx


class FirstGroup(Conv2D):
    def backward(self, dy, to_input=True):
        dx = super().backward(dy)
        dx[:, dx.shape[1] // self.groups:] = 0
        return dx


class NeverAlone(ReLU):
    def backward(self, dy, to_input=True):
        return super().backward(dy) * (len(dy) > 1)


def tried(kind, shape, *arguments, **options):
    """The words of the members of a family at which a layer fails, and of all members."""
    def make(**changes):
        layer = kind(*arguments, **options | changes)
        return made(layer, shape)[0]

    layer, inputs = made(kind(*arguments, **options), shape)
    members = family(make, layer, inputs)
    failed = []
    for member in members:
        build(member.subject, member.inputs[0].shape, 0)
        try:
            right = not legal(member.subject, member.inputs) if member.ties else check_gradients(
                member.subject, *member.inputs, method="central").ok
        except ValueError:
            right = False
        failed += [] if right else [member.words]
    return failed, [member.words for member in members]


@pytest.mark.parametrize("kind, failed", [
    (OnlyWithPadding, ["pad 0"]), (NoRemainder, ["stride 2 with a remainder"]), (FirstGroup, ["2 groups"]),
    (HeightForWidth, ["height unlike width"]), (Conv2D, [])])
def test_the_family_of_a_convolution_finds_what_one_shape_does_not(kind, failed):
    layer, inputs = made(kind(4, 3, pad=1), (2, 4, 5, 5))

    assert check_gradients(layer, *inputs, method="central").ok
    assert tried(kind, (2, 4, 5, 5), 4, 3, pad=1) == (failed, [
        "stride 2 with a remainder", "pad 0", "height unlike width", "2 groups", "one image", "an all-negative input"])


def test_the_family_of_other_layers_is_smaller():
    assert tried(Dense, (3, 5), 4) == ([], ["one image"])
    assert tried(NeverAlone, (3, 5)) == (["one image"], ["one image"])
    assert tried(MaxPool, (2, 2, 5, 5), size=3, stride=2) == ([], ["stride 2 with a remainder", "pad 1", "height unlike width", "one image",
                                                       "an all-negative input", "ties"])


def test_filters_among_the_inputs_are_cut_for_groups():
    class Functions:
        def __init__(self, stride=1, pad=1, groups=1):
            self.settings = stride, pad, groups
            self.stride, self.pad, self.groups = stride, pad, groups

        def params(self):
            return {}

        def forward(self, x, w, b):
            self.saved = x, w
            return conv2d_forward(x, w, b, *self.settings)

        def backward(self, dy):
            return conv2d_backward(dy, *self.saved, *self.settings)

    inputs = [distinct((2, 4, 5, 5), 0), distinct((6, 4, 3, 3), 1), distinct((6,), 2)]
    members = {member.words: member for member in family(Functions, Functions(), inputs)}

    assert members["2 groups"].inputs[1].shape == (6, 2, 3, 3) and members["2 groups"].settings == {"groups": 2}
    assert members["stride 2 with a remainder"].inputs[0].shape == (2, 4, 6, 6)
    assert members["one image"].inputs[2].shape == (6,)
    for member in members.values():
        assert check_gradients(member.subject, *member.inputs, names=["x", "w", "b"]).ok, member.words


def test_what_cannot_be_made_is_left_out():
    def make(**changes):
        if changes:
            raise TypeError("unexpected keyword")
        return Conv2D(4, 3, pad=1)

    layer, inputs = made(Conv2D(4, 3, pad=1), (2, 4, 5, 5))

    assert [member.words for member in family(make, layer, inputs)] == ["height unlike width", "one image",
                                                                        "an all-negative input"]


class Pool(Layer):
    """Max-pooling, 2 x 2 every 2, which gives dy to all, or a share to each, or to the last, or to a wrong one."""

    def __init__(self, ties="first", start=-np.inf):
        self.ties, self.start = ties, start

    def forward(self, x, train=False):
        self.windows = x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2)
        self.y = np.maximum(self.windows.max(axis=(3, 5), keepdims=True), self.start)
        return self.y[:, :, :, 0, :, 0].copy()

    def backward(self, dy, to_input=True):
        mask = (self.windows == self.y).astype(float)                  # (N, C, P, 2, Q, 2)
        if self.ties == "split":
            mask /= mask.sum(axis=(3, 5), keepdims=True)
        if self.ties in ("first", "last", "wrong"):
            flat = mask.transpose(0, 1, 2, 4, 3, 5).reshape(-1, 4)[:, ::-1 if self.ties != "first" else 1]
            one = np.zeros_like(flat)
            one[np.arange(len(flat)), flat.argmax(axis=1)] = 1
            one = one[:, ::-1 if self.ties == "last" else 1].reshape(*mask.shape[:3], mask.shape[4], 2, 2)
            mask = one.transpose(0, 1, 2, 4, 3, 5)
        N, C, P, _, Q, _ = mask.shape
        return (mask * dy[:, :, :, None, :, None]).reshape(N, C, 2 * P, 2 * Q)


@pytest.mark.parametrize("ties", ["first", "last", "split"])
def test_a_legal_gradient_at_ties_is_right(ties):
    assert legal(Pool(ties), [tied(np.zeros((2, 2, 4, 6)))]) == ""


def test_several_times_dy_is_not_legal_and_neither_is_a_number_that_did_not_win():
    x = [tied(np.zeros((2, 2, 4, 6)))]

    assert "of its dy in all" not in legal(Pool("first"), x)
    sentence = legal(Pool("all"), x)
    assert sentence.startswith("where numbers are equal, y[0,") and "times its dy in all, and must send 1 times" in sentence
    assert "which it does not move with" in legal(Pool("wrong"), x)


def test_which_layers_pick():
    assert picks(*made(MaxPool(2, 2), (2, 2, 4, 4)))
    for layer in (AvgPool(2, 2), ReLU(), Conv2D(2, 1)):
        assert not picks(*made(layer, (2, 2, 4, 4)))


def test_the_second_look_sees_a_maximum_that_starts_from_zero():
    x = [distinct((2, 2, 4, 6), 0)]
    inputs, remark = second_look(Pool(start=0), x)

    assert (inputs[0] < 0).all() and np.array_equal(inputs[0], negative(x[0]))
    assert remark.startswith("windows of negative numbers give 0, y[0, 0, 0, 0] for one")
    assert second_look(*made(MaxPool(3, 2, pad=1), (2, 2, 5, 5)))[1] == ""
    assert second_look(*made(Conv2D(2, 3, pad=1), (2, 2, 5, 5)))[1] == ""
    assert second_look(*made(Dense(2), (2, 5))) is None and second_look(*made(ReLU(), (2, 2, 5, 5))) is None


class MyConv:
    def __init__(self, channels, filters, size, stride=1, pad=0):
        pass


@pytest.mark.parametrize("expression, changes, result", [
    ("MyConv(3, 6, 3, stride=1)", {"stride": 2}, "MyConv(3, 6, 3, stride=2)"),
    ("MyConv(3, 6, 3, 1, 1)", {"pad": 0}, "MyConv(3, 6, 3, 1, 0)"),
    ("MyConv(3, 6, size=3)", {"stride": 2, "pad": 1}, "MyConv(3, 6, size=3, stride=2, pad=1)"),
    ("MyConv", {"stride": (2, 2)}, "MyConv(stride=(2, 2))")])
def test_an_expression_with_other_arguments(expression, changes, result):
    assert changed(expression, MyConv, **changes) == result


def test_an_argument_that_is_not_taken():
    with pytest.raises(ValueError, match=r"MyConv\(3, 6, 3\) takes no groups"):
        changed("MyConv(3, 6, 3)", MyConv, groups=2)


def test_one_image_makes_no_sense_where_images_are_mixed():
    def columns(x):
        return np.ones((3, 4)) @ x              # features first, (D, N)

    class Features:
        forward = staticmethod(columns)

    class OverTheBatch:
        def forward(self, x):
            return x - x.mean(axis=0)

    assert uncovered(Features(), [distinct((4, 3), 0)]) == ""
    assert uncovered(OverTheBatch(), [distinct((4, 3), 0)]) == ""


def test_windows_that_few_places_show():
    assert windows_of(*made(Conv2D(4, 3, stride=2, pad=1, groups=2), (3, 4, 5, 5))).stride == {"row": 2, "column": 2}
