"""How an outcome is judged: shape, kind, finite, equal; and what is allowed."""
import numpy as np
import pytest

from npnet.course.grader.calls import Call, Direct, Outcome, Raised
from npnet.course.grader.properties import differs, equal, unchanged, unequal

X = np.arange(6.0).reshape(2, 3) / 4


@pytest.mark.parametrize("a, b, kind", [
    (X, X, None), (X + 0.25, X, "value"), (X.T, X, "shape"), (X.reshape(3, 2), X, "shape"), (X[..., None], X, "shape"),
    (X.astype(int), X, "value"), (np.arange(6).reshape(2, 3), np.arange(6.0).reshape(2, 3), None),
    (X, np.arange(6).reshape(2, 3), "dtype"), (X > 0, X, "dtype"), ((X > 0).astype(int), X > 0, None),
    (np.where(X > 1, np.nan, X), X, "finite"), (np.where(X > 1, np.inf, X), X, "finite"),
    (X.astype(np.float32), X, None), ("text", X, "kind"), (None, "text", "value"), ("text", "text", None)])
def test_exact(a, b, kind):
    failure = differs(a, b)
    assert (failure and failure.kind) == kind


@pytest.mark.parametrize("dtype, error, holds", [(np.float64, 1e-11, True), (np.float64, 1e-6, False),
                                                 (np.float32, 1e-5, True), (np.float32, 1e-2, False)])
def test_a_tolerance_is_a_share_of_the_norm_and_float32_has_its_own(dtype, error, holds):
    b = 1000 * np.random.default_rng(0).standard_normal((4, 5))
    assert (differs((b + 1000 * error).astype(dtype), b, tolerance=1e-9) is None) == holds
    assert differs(b + 1000 * error, b) is not None                     # without a tolerance, equal means equal


def test_where_the_largest_difference_is():
    failure = differs(X + np.array([[0, 0, 0], [0, 2.0, 1.0]]), X)
    assert failure.details == {"largest": 2.0, "at": (1, 1), "got": 3.0, "want": 1.0, "wrong": 2, "size": 6}


@pytest.mark.parametrize("got, kind", [
    (Outcome(stopped="time"), "stopped"), (Outcome(error=Raised("ValueError")), "raised"), (Outcome(None), "nothing"),
    (Outcome((X,)), "count"), (Outcome((X, X, X)), "count"), (Outcome((X, X + 1)), "value"), (Outcome((X, X)), None)])
def test_what_keeps_two_outputs_from_being_right(got, kind):
    failure = unequal(got, Outcome((X, X)), names=("y", "argmax"))
    assert (failure and failure.kind) == kind
    assert kind != "value" or failure.output == "argmax"


def test_the_first_call_that_fails_is_named():
    outcomes = [Outcome(X), Outcome(X + 1), Outcome(None)]
    assert equal(outcomes, [Outcome(X)] * 3, []).call == 1


def test_a_changed_argument_is_seen():
    def halve(x, y):
        y *= 0.5
        return x + y
    outcome = Direct({"halve": halve}).run(Call("halve", [X, X + 1]))
    assert outcome.changed == [1] and (outcome.value == X + (X + 1) / 2).all() and X[0, 1] == 0.25
    assert unchanged([outcome], [outcome], []).details == {"argument": 1}
