"""What a check adds: the operation that forward is, a reference, negative numbers, and what shapes did not try."""
import numpy as np
import pytest

from npnet.backend import use
from npnet.diagnose import check_layer
from npnet.diagnose.ready import build, distinct
from npnet.layers import Conv2D, Dense, Layer, MaxPool


@pytest.fixture(autouse=True)
def numpy_backend():
    use("numpy")


class Zero(Layer):
    """Max-pooling, 2 x 2 every 2, that starts from 0; its backward knows nothing of that."""

    def __init__(self, start=0.0):
        self.start = start

    def forward(self, x, train=False):
        N, C, H, W = x.shape
        self.windows = x.reshape(N, C, H // 2, 2, W // 2, 2)
        return np.maximum(self.windows.max(axis=(3, 5)), self.start)

    def backward(self, dy):
        mask = self.windows == self.windows.max(axis=(3, 5), keepdims=True)
        return (mask * dy[:, :, :, None, :, None]).reshape(*dy.shape[:2], 2 * dy.shape[2], 2 * dy.shape[3])


def positive(shape):
    return np.abs(distinct(shape, 0))


def built(layer, shape):
    build(layer, shape, 0)
    return layer


def test_a_right_layer_is_recognised_and_what_was_not_covered_is_said():
    found = check_layer(built(Conv2D(6, 3, pad=1), (2, 4, 5, 5)), distinct((2, 4, 5, 5), 0))

    assert found.ok and "forward is Conv2D(6, 3, pad=1), exactly" in found.remarks
    assert found.uncovered == "pad 0, stride 2, height unlike width, groups, one image"


def test_the_second_look_finds_what_positive_numbers_hide():
    found = check_layer(Zero(), positive((2, 2, 4, 6)))

    assert not found.ok and any("only where all numbers of x are negative" in remark for remark in found.remarks)
    assert found.report.rows[0].verdict == "wrong" and (found.report.point.arrays["x"] < 0).all()
    assert set(found.causes) | set(found.places) == {"x"} and found.uncovered == ""
    assert sum("negative numbers" in remark for remark in found.remarks) == 1
    assert check_layer(Zero(-np.inf), positive((2, 2, 4, 6))).ok


def test_another_forward_than_the_reference_is_the_layers_fault():
    layer, x = built(MaxPool(3, 2), (2, 3, 7, 7)), distinct((2, 3, 7, 7), 0)
    right, wrong = check_layer(layer, x, like=MaxPool(3, 2)), check_layer(layer, x, like=MaxPool(3, 3))

    assert right.ok and not wrong.ok and wrong.report.ok
    assert (wrong.causes[""].kind, wrong.causes[""].detail) == ("forward", "")
    assert wrong.causes[""].sentence == "Forward makes (2, 3, 3, 3) of (2, 3, 7, 7), MaxPool(3, 3) (2, 3, 2, 2)."


def test_a_reference_that_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="cannot be compared with this forward"):
        check_layer(built(Dense(4), (3, 5)), distinct((3, 5), 0), like=Conv2D(4, 3))


def test_slow_layers_are_not_asked_for_what_nobody_wants_to_know(monkeypatch):
    monkeypatch.setattr("npnet.diagnose.beyond.SLOW", 0)
    monkeypatch.setattr("npnet.diagnose.shapes.SECONDS", 0)
    found = check_layer(Zero(-np.inf), positive((1, 1, 4, 4)))

    assert found.ok and not any("forward is" in remark for remark in found.remarks)
    assert found.uncovered == "more than one image"


# ------------------------------------------------------------------------------- training

class Half:
    """Dropout that is off by default; its backward forgets the mask. word: an argument; else an attribute says it."""

    def __init__(self):
        self.training = False

    def forward(self, x):
        self.mask = (np.random.rand(*x.shape) > 0.5) * 2.0 if self.training else 1.0
        return x * self.mask

    def backward(self, dy):
        return dy


class HalfByWord(Half):
    def forward(self, x, train=False):
        self.mask = (np.random.rand(*x.shape) > 0.5) * 2.0 if train else 1.0
        return x * self.mask


class Plain:
    """The word is there and does nothing."""

    training = False

    def forward(self, x, train=False):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


@pytest.mark.parametrize("layer", [Half, HalfByWord])
def test_training_that_was_not_tried_is_said(layer):
    subject, state = layer(), np.random.get_state()[1].copy()
    found = check_layer(subject, positive((3, 4)))
    assert found.ok and found.uncovered.startswith("training (--train)") and subject.training is False
    assert (np.random.get_state()[1] == state).all()
    assert not check_layer(layer(), positive((3, 4)), train=True).ok
    assert "training" not in check_layer(layer(), positive((3, 4)), train=False).uncovered      # it was asked for


def test_a_train_word_that_changes_nothing_is_not_spoken_of():
    assert "training" not in check_layer(Plain(), positive((3, 4))).uncovered
