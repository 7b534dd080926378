"""The text of an Examination, at 80 columns, and the same as plain data."""
import json

import numpy as np
import pytest

from npnet.diagnose import Examination, assert_gradients, check_layer
from npnet.diagnose.evidence import Cause
from npnet.diagnose.report import apart, data, text, together
from npnet.gradcheck import Report, Row

OVERWRITTEN = Cause("overwritten", "Where several windows read one number of x, it gets the share of the last of them: the "
                    "shares overwrite each other where they must be added. All 376 numbers that two or four windows read "
                    "say so.", example="x[0,3,3,3] is read by 4 windows; backward gives it 0.31, the share of the last; "
                    "the four together are 1.84.", look="Is dx[...] = written in the loop over windows, where dx[...] += must "
                    "be?", sure="exact")
MEAN = Cause("factor", "The gradient is 1/N of the right one.", "1/N", look="Is the mean taken twice?")


class Point:
    """The arrays of a report, as its point has them."""

    def __init__(self, rows):
        self.arrays = {row.name: np.zeros(row.size) for row in rows}


def row(name, size, wrong=0, verdict=None, **others):
    verdict = verdict or ("wrong" if wrong else "ok")
    made = Row(name, size, "complex step", name != "x", checked=size, error=0.31 if wrong else 2e-11, wrong=wrong, verdict=verdict)
    for key, value in others.items():
        setattr(made, key, value)
    return made


def examined(*rows, **others):
    return Examination(Report(list(rows), Point(rows)), **others)


def lines_of(examination):
    lines = text(examination).splitlines()
    assert max(map(len, lines)) <= 79 and str(examination) == text(examination)
    return lines


# ------------------------------------------------------------------------------- wrong

def test_one_wrong_array_with_a_cause():
    assert lines_of(examined(row("x", 576, 370, worst=(1, 0, 7, 3), analytic=2.5, numeric=16.6), row("w", 54), row("b", 6),
                             causes={"x": OVERWRITTEN}, assumed=["called as forward(x) -> y, backward(dy) -> dx"])) == [
        "gradient check FAILED: x is wrong",
        "  x: 370 of 576 numbers are wrong, error 0.31",
        "    Cause: Where several windows read one number of x, it gets the share of the",
        "      last of them: the shares overwrite each other where they must be added.",
        "      All 376 numbers that two or four windows read say so.",
        "    Example: x[0,3,3,3] is read by 4 windows; backward gives it 0.31, the share",
        "      of the last; the four together are 1.84.",
        "    Look: Is dx[...] = written in the loop over windows, where dx[...] += must",
        "      be?",
        "  right: w and b, all 60 numbers, error at most 2e-11",
        "  called as forward(x) -> y, backward(dy) -> dx"]


def test_all_arrays_wrong_for_one_reason_is_said_once():
    lines = lines_of(examined(row("x", 20, 20, worst=(4, 1), analytic=0.6825, numeric=3.412), row("w", 12, 12), row("b", 3, 3),
                              causes=dict.fromkeys("xwb", MEAN)))
    assert lines == ["gradient check FAILED: x, w and b are wrong",
                     "  x, w and b: 20 of 20, 12 of 12 and 3 of 3 numbers are wrong, error 0.31",
                     "    Likely cause: The gradient is 1/N of the right one.",
                     "    Look: Is the mean taken twice?",
                     "    Worst: dx[4,1], analytic 0.6825 (backward), numeric 3.412 (forward)."]


def test_places_where_no_cause_is_known():
    lines = lines_of(examined(row("x", 20, 5, worst=(0, 1), analytic=1.0, numeric=1.00001, verdict="look"), row("w", 12, 12),
                              places={"x": ("Only in the first image.", "image"), "w": ("Everywhere analytic = 2 x numeric.", "")}))
    assert lines[:5] == ["gradient check FAILED: w is wrong; look at x",
                         "  x: 5 of 20 numbers are wrong by a little, error 0.31",
                         "    Worst: dx[0,1], analytic 1 (backward), numeric 1.00001 (forward).",
                         "    Where: Only in the first image.",
                         "  w: 12 of 12 numbers are wrong, error 0.31"]


def test_from_the_fourth_reason_on_one_line_each():
    places = {name: (f"Only in row {number}.", "row") for number, name in enumerate("abcde")}
    lines = lines_of(examined(*(row(name, 4, 2, worst=(0,)) for name in "abcde"), places=places))
    assert sum(line.startswith("    Where") for line in lines) == 3 and "  e: 2 of 4 numbers are wrong, error 0.31" in lines


def test_a_cause_of_the_whole_layer():
    raised = Cause("raised", "backward raised IndexError: index 9 is out of bounds, at layers.py, line 7.", "backward")
    assert lines_of(Examination(causes={"": raised}))[:2] == [
        "gradient check FAILED: the layer is wrong",
        "  Likely cause: backward raised IndexError: index 9 is out of bounds, at"]


def test_a_sentence_in_place_of_numbers():
    noted = row("w", 12, verdict="wrong", checked=0, notes="dw has shape (3, 4), but w has (4, 3): it is transposed.")
    assert lines_of(examined(noted)) == ["gradient check FAILED: w is wrong",
                                         "  w: dw has shape (3, 4), but w has (4, 3): it is transposed."]


def test_a_sample():
    lines = lines_of(examined(row("x", 3200, 7, checked=300, worst=(0,)), row("w", 5000, checked=300, kinks=2)))
    assert lines[1] == "  x: 7 of 300 numbers that were drawn are wrong, error 0.31"
    assert lines[-1] == "  right: w, 300 of 5,000 numbers (2 on a kink left out), error at most 2e-11"


# ------------------------------------------------------------------------------- right, unchecked

def test_a_pass_and_what_it_did_not_cover():
    examination = examined(row("x", 20), uncovered="stride 2 with a remainder, pad 0", remarks=["backward writes into dy"],
                           command="npnet gradcheck layers.py:Conv --shape 2,3,7,8 --thorough")
    assert lines_of(examination) == [
        "gradient check passed", "  right: x, all 20 numbers, error at most 2e-11", "  remark: backward writes into dy",
        "  not covered by these shapes: stride 2 with a remainder, pad 0",
        "    npnet gradcheck layers.py:Conv --shape 2,3,7,8 --thorough"]
    examination.command = ""
    assert lines_of(examination)[-1] == "  not covered by these shapes: stride 2 with a remainder, pad 0"


def test_what_was_not_checked_is_no_pass():
    examination = examined(row("x", 20), unchecked={"weights": "no gradient of its shape was found; looked in .grads"},
                           uncovered="one image")
    assert not examination.ok
    assert lines_of(examination) == [
        "gradient check FAILED: weights could not be checked",
        "  right: x, all 20 numbers, error at most 2e-11",
        "  not checked: weights (no gradient of its shape was found; looked in .grads)"]


def test_words():
    assert [together("abcdefg"[:count]) for count in (1, 2, 3, 5, 7)] == [
        "a", "a and b", "a, b and c", "a, b, c, d and e", "a, b, c, d and 3 more"]
    assert apart(0.108, 0.53456) == ("0.108", "0.5346") and apart(1.0, 1.0000002) == ("1", "1.0000002")


# ------------------------------------------------------------------------------- the same elsewhere

def test_plain_data():
    examination = examined(row("x", 576, 370, worst=(np.int64(1), 0), analytic=2.5, numeric=16.6), row("w", 54, error=np.nan),
                           causes={"x": OVERWRITTEN, "": MEAN}, unchecked={"v": "looked in .grads"}, remarks=["a remark"])
    found = json.loads(json.dumps(data(examination), allow_nan=False))
    assert found == json.loads(json.dumps(examination.json()))
    x, w, v = found["arrays"]
    assert x.keys() == w.keys() == v.keys() and v["size"] is None
    assert not found["ok"] and (x["verdict"], w["verdict"], v["verdict"]) == ("wrong", "ok", "unchecked")
    assert x["worst"] == {"index": [1, 0], "backward": 2.5, "slope": 16.6} and x["cause"]["kind"] == "overwritten"
    assert w["error"] is None and w["worst"] is None and w["cause"] is None and v["notes"] == "looked in .grads"
    assert found["cause"]["detail"] == "1/N" and found["remarks"] == ["a remark"]


class Half:
    def forward(self, x):
        return 2 * x

    def backward(self, dy):
        return dy


def test_the_text_of_a_failed_assertion():
    x = np.arange(1.0, 13).reshape(3, 4)
    with pytest.raises(AssertionError) as raised:
        assert_gradients(Half(), x)
    assert str(raised.value).strip() == str(check_layer(Half(), x))
    assert str(raised.value).startswith("\ngradient check FAILED: x is wrong\n")


class LeakyWithReluS:
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.1 * x)

    def backward(self, dy):
        return dy * (self.x > 0)


class TanhOfX:
    def forward(self, x):
        self.x = x
        return np.tanh(x)

    def backward(self, dy):
        return dy * (1 - self.x ** 2)


class SignOfDy:
    def __init__(self):
        self.w = np.random.default_rng(1).normal(size=(5, 3))

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, dy):
        self.dw = self.x.T @ np.sign(dy)
        return dy @ self.w.T


@pytest.mark.parametrize("layer, words", [(LeakyWithReluS, "where x > 0; forward's slope elsewhere is 0.1."),
                                          (TanhOfX, "by 1 - x^2: x is used where y is wanted; forward's slope is 1 - y^2,"),
                                          (SignOfDy, "only the sign of dy is used, or")])
def test_sentences_say_what_is_so(layer, words):
    cause, = check_layer(layer(), np.random.default_rng(0).normal(size=(4, 5))).causes.values()
    assert words in cause.sentence
