"""Where the errors sit: one sentence, from arrays that are wrong in a known place."""
import numpy as np
import pytest

from npnet.diagnose.evidence import Evidence
from npnet.diagnose.places import locate, place_of
from npnet.gradcheck import check_gradients


def numbers(*shape, seed=0):
    """Distinct numbers, at least 0.01 apart and none within 0.005 of 0, in random order."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count // 2 + 0.5) * 0.013
    return np.random.default_rng(seed).permutation(values).reshape(shape)


def identity_with(change):
    """y = x, with a backward that returns change(dy): every kind of wrong gradient is one expression."""
    return (lambda x: x * 1.0), (lambda dy, x: change(dy.copy()))


def said(subject, *inputs, row=0, **options):
    """What is said of one row of a report that must not be ok."""
    report = check_gradients(subject, *inputs, **options)
    assert not report.ok
    return locate(report.point, report.rows[row])


def spoil(place, factor=None):
    """A gradient that is wrong at `place` only: there a multiple of the right one, or of no pattern."""
    def change(dy):
        no_pattern = np.linspace(2, 3, dy[place].size).reshape(dy[place].shape)
        dy[place] *= no_pattern if factor is None else factor
        return dy
    return identity_with(change)


X4 = numbers(3, 8, 5, 7)


@pytest.mark.parametrize("factor, why", [(-1, " (the sign is wrong)"), (3, ""), (-8, ""), (1 / 840, ""), (1.7, "")])
def test_constant_ratio(factor, why):
    assert said(identity_with(lambda dy: factor * dy), X4) == f"Everywhere analytic = {factor:.6g} x numeric{why}."


def test_ratio_of_a_single_number():
    x, w, b = numbers(4, 5), numbers(5, 1), numbers(1)
    def backward(dy, x, w, b):
        return dy @ w.T, x.T @ dy, 4 * dy.sum(axis=0)
    def dense_forward(x, w, b):
        return x @ w + b
    assert said((dense_forward, backward), x, w, b, row=2) == "Only 1 entry of 1 is wrong."


def test_zero_and_offset():
    assert said(identity_with(lambda dy: 0 * dy), X4) == "Everywhere the analytic gradient is 0."
    assert said(identity_with(lambda dy: dy + 0.5), X4) == "Everywhere analytic = numeric + 0.5."
    assert said(identity_with(lambda dy: dy - 0.5), X4) == "Everywhere analytic = numeric - 0.5."


def test_forward_that_does_not_depend_on_x():
    assert said(((lambda x: 0 * x + 1), lambda dy, x: dy), numbers(4)) == "Everywhere the numeric gradient is 0."


def test_params_that_are_copies():
    w = numbers(5, 3)

    class Dense:
        def forward(self, x):
            self.x = x
            return x @ w

        def backward(self, dy):
            self.dw = self.x.T @ dy
            return dy @ w.T

        def params(self):
            return {"w": w.copy()}

        def grads(self):
            return {"w": self.dw}

    assert said(Dense(), numbers(4, 5), row=1) == "Everywhere the numeric gradient is 0. Does params() return copies?"


@pytest.mark.parametrize("change, shape, sentence", [
    (lambda dy: dy.swapaxes(-1, -2), (2, 3, 4, 4), "transposed: its last two axes are swapped"),
    (lambda dy: dy.swapaxes(0, 1), (3, 3, 4, 5), "transposed: its first two axes are swapped"),
    (lambda dy: dy.T, (5, 5), "transposed: its last two axes are swapped"),
    (lambda dy: dy.T.reshape(dy.shape), (4, 6), "reshaped where it must be transposed"),
    (lambda dy: dy[..., ::-1, ::-1], (2, 3, 4, 5), "rotated by 180 degrees: its last two axes are reversed"),
    (lambda dy: dy[..., ::-1, :], (2, 3, 4, 5), "flipped: its rows are in reverse order"),
    (lambda dy: dy[..., ::-1], (2, 3, 4, 5), "flipped: its columns are in reverse order"),
])
def test_rearranged(change, shape, sentence):
    assert said(identity_with(change), numbers(*shape)) == f"The analytic gradient is {sentence}."
    assert said(identity_with(change), numbers(*shape), entries=15) == f"The analytic gradient is {sentence}."


@pytest.mark.parametrize("place, sentence", [
    (np.s_[:1], "the first image: 280 of the 280"),
    (np.s_[1:], "all images but the first one: 560 of the 560"),
    (np.s_[2:], "the last image: 280 of the 280"),
    (np.s_[::2], "images 0, 2: 560 of the 560"),
    (np.s_[:, 4:], "group 2 of 2 (channels 4 to 7): 420 of the 420"),
    (np.s_[:, :2], "group 1 of 4 (channels 0 to 1): 210 of the 210"),
    (np.s_[:, :3], "the first 3 channels: 315 of the 315"),
    (np.s_[:, 7:], "the last channel: 105 of the 105"),
    (np.s_[:, 3:6], "channels 3 to 5: 315 of the 315"),
    (np.s_[:, 2:6], "channels 2 to 5: 420 of the 420"),
    (np.s_[:, 3:4], "channel 3: 105 of the 105"),
    (np.s_[..., :1, :], "the top row: 168 of the 168"),
    (np.s_[..., -2:, :], "the bottom 2 rows: 336 of the 336"),
    (np.s_[..., 1:, :], "all rows but the top one: 672 of the 672"),
    (np.s_[..., :1], "the left column: 120 of the 120"),
    (np.s_[..., -1:], "the right column: 120 of the 120"),
    (np.s_[..., 1::2], "columns 1, 3, 5: 360 of the 360"),
    (np.s_[1:2, 4:, :, -1:], "image 1, group 2 of 2 (channels 4 to 7), the right column: 20 of the 20"),
])
def test_only_there(place, sentence):
    assert said(spoil(place), X4) == f"Only in {sentence} entries there are wrong."
    assert said(spoil(place, factor=1.7), X4) == f"Only in {sentence} entries there are wrong; there analytic = 1.7 x numeric."
    assert said(spoil(place, factor=0), X4) == f"Only in {sentence} entries there are wrong; there the analytic gradient is 0."


def frame(top, bottom, left, right):
    def change(dy):
        H, W = dy.shape[-2:]
        inside = np.zeros((H, W), bool)
        inside[top:H - bottom, left:W - right] = True
        return np.where(inside, dy, dy * np.linspace(2, 3, dy.size).reshape(dy.shape))
    return identity_with(change)


@pytest.mark.parametrize("sides, sentence", [
    ((1, 1, 1, 1), "the border (top, bottom, left, right; 1 deep): 480 of the 480"),
    ((0, 2, 0, 2), "the border (bottom, right; 2 deep): 480 of the 480"),
    ((1, 0, 1, 0), "the border (top, left; 1 deep): 264 of the 264"),
    ((1, 0, 0, 1), "the border (top, right; 1 deep): 264 of the 264"),
    ((0, 1, 1, 0), "the border (bottom, left; 1 deep): 264 of the 264"),
])
def test_only_at_the_border(sides, sentence):
    assert said(frame(*sides), X4) == f"Only in {sentence} entries there are wrong."


def test_words_for_weights_and_flat_arrays():
    def at(name, shape, place):
        change = spoil(place)
        return said(change, numbers(*shape), names=(name,))
    assert at("w", (8, 3, 3, 3), np.s_[4:]).startswith("Only in group 2 of 2 (filters 4 to 7): 108 of")
    assert at("w", (5, 6), np.s_[:, -1:]).startswith("Only in the right column: 5 of the 5")
    assert at("x", (5, 6), np.s_[1:]).startswith("Only in all images but the first one: 24 of the 24")
    assert at("x", (5, 6), np.s_[:, :2]).startswith("Only in the first 2 features: 10 of the 10")
    assert at("b", (6,), np.s_[2:4]).startswith("Only in group 2 of 3 (elements 2 to 3): 2 of the 2")
    assert at("x", (4, 5, 6), np.s_[2:]).startswith("Only in group 2 of 2 (channels 2 to 3): 60 of the 60")
    assert at("x", (2, 2, 2, 2, 3), np.s_[:, 1:]).startswith("Only in the last axis-1 plane: 24 of the 24")


def test_one_entry_and_no_pattern():
    assert said(spoil(np.s_[1:2, 2:3, 3:4, 4:5], factor=1.7), X4) == "Only 1 entry of 840 is wrong."
    rng = np.random.default_rng(0)
    scattered = rng.random(X4.shape) < 0.3
    noise = scattered * rng.standard_normal(X4.shape)
    assert said(identity_with(lambda dy: dy + noise), X4) == f"Spread over the whole array: {scattered.sum()} of the 840 entries there are wrong."


def test_a_few_entries_of_the_border_are_not_the_border():
    w = numbers(5, 7)
    wrong = np.zeros(w.shape, bool)
    wrong[[0, 1, 2, 3, 4, 4, 4, 4, 4], [0, 6, 0, 6, 1, 2, 3, 4, 5]] = True          # 9 of the 20
    factors = np.where(wrong, np.linspace(2, 3, 35).reshape(5, 7), 1)
    assert said(identity_with(lambda dy: dy * factors), w, names=["w"]) == "Spread over the whole array: 9 of the 35 entries there are wrong."


def test_another_mask_is_said_to_be_one():
    rng = np.random.default_rng(1)
    masks = rng.random((2, 4, 50)) >= 0.2
    sentence = said((lambda x: x * masks[0] / 0.8, lambda dy, x: dy * masks[1] / 0.8), numbers(4, 50))

    assert sentence == "Where it is wrong, the analytic or the numeric value is 0: as with another mask than forward's."




def placed(change, shape, name="x", layout=""):
    """(sentence, word) of place_of for y = x with a wrong gradient."""
    report = check_gradients(identity_with(change), numbers(*shape), names=(name,))
    return place_of(report.rows[0], Evidence(report.point, report.rows[0], layout))


@pytest.mark.parametrize("where, word", [
    (np.s_[:1], "image"), (np.s_[:, 3:4], "channel"), (np.s_[:, 4:], "group"), (np.s_[..., :1, :], "row"),
    (np.s_[..., -1:], "column"), (np.s_[1:2, 4:, :, -1:], "column"), (np.s_[1:2, 2:3, 3:4, 4:5], "entry"),
])
def test_the_word_for_a_place(where, word):
    def change(dy):
        dy[where] *= np.linspace(2, 3, dy[where].size).reshape(dy[where].shape)
        return dy
    sentence, found = placed(change, (3, 8, 5, 7))
    assert found == word and (word in sentence or word == "entry")


def test_the_words_of_channels_last():
    def change(dy):
        dy[..., 2] *= np.linspace(2, 3, dy[..., 2].size).reshape(dy[..., 2].shape)
        return dy
    sentence, word = placed(change, (3, 5, 4, 6), layout="NHWC")
    assert word == "channel" and sentence.startswith("Only in channel 2: 60 of the 60")
    sentence, word = placed(change, (3, 5, 4, 6))
    assert word == "column" and sentence.startswith("Only in column 2: 60 of the 60")


def test_border_everywhere_and_features():
    assert placed(lambda dy: frame(1, 1, 1, 1)[1](dy, None), (2, 3, 5, 7))[1] == "border"
    assert placed(lambda dy: dy * np.linspace(2, 3, dy.size).reshape(dy.shape), (2, 3, 5, 7))[1] == ""
    assert placed(lambda dy: 3 * dy, (2, 3, 5, 7)) == ("Everywhere analytic = 3 x numeric.", "")
    assert placed(lambda dy: dy * np.r_[1, 1, 1, 1.7, 1], (4, 5))[1] == "feature"


def test_what_more_than_one_output_reads():
    """The overlap of windows is wrong in no simple way: by a factor that changes from entry to entry."""
    def add(x):
        return x[:, :-1] + x[:, 1:]

    def backward(dy, x):
        dx = np.pad(dy, ((0, 0), (0, 1))) + np.pad(dy, ((0, 0), (1, 0)))
        dx[:, 1:-1] *= np.linspace(2, 3, dx[:, 1:-1].size).reshape(dx[:, 1:-1].shape)
        return dx
    report = check_gradients((add, backward), numbers(4, 6))
    sentence, word = place_of(report.rows[0], Evidence(report.point, report.rows[0]))
    assert sentence.endswith("The 8 that 1 output reads are right; of the 16 that more read, 16 are wrong.") and word == "feature"
