"""Mistakes with a number in them, and sizes counted from the other side: found by what the answers do."""
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.diagnosis import Case, diagnose, text

LOG = "log_p = shifted - np.log(total)"
DROPPED = "np.where(mask, x / (1 - p_drop), 0)"


def found(id, region, *edits):
    """The Diagnosis of the solution of an assignment with other text in it."""
    assignment = load(id)
    program = assignment.source.solution
    for find, replace in edits:
        assert program.count(find) == 1
        program = program.replace(find, replace)
    calls = [call for property in assignment.of(region) for call in assignment.calls(property, "key")]
    direct = assignment.run(program)
    return diagnose(Case(assignment, region, calls, [direct.run(call) for call in calls],
                         [assignment.reference.run(call) for call in calls], run=direct.run))


@pytest.mark.parametrize("number", ["1e-12", "1e-8", "0.001"])
def test_a_number_inside_the_logarithm_is_found(number):
    said = found("a7", "a7.loss", (LOG, f"log_p = np.log(np.exp(shifted) / total + {number})"))
    assert said.id == "diagnosis.algebra.log_added" and float(said.values["number"]) == float(number)


def test_a_clipped_probability_is_no_added_number():
    for clip in ("np.maximum({}, 1e-6)", "np.clip({}, 1e-6, 1 - 1e-6)"):
        said = found("a7", "a7.loss", (LOG, f"log_p = np.log({clip.format('np.exp(shifted) / total')})"))
        assert (said.id, said.values["number"]) == ("diagnosis.algebra.log_clipped", "1e-06")
        assert "13.82" in " ".join(text(said, "en")) and "13.82" in " ".join(text(said, "ko"))


def test_a_number_too_small_to_tell_how_it_came_in_is_told_so():
    for p in ("np.maximum(np.exp(shifted) / total, 1e-15)", "np.exp(shifted) / total + 1e-15"):
        said = found("a7", "a7.loss", (LOG, f"log_p = np.log({p})"))
        assert (said.id, said.values["number"]) == ("diagnosis.algebra.log_either", "1e-15")


def test_a_number_beside_the_logarithm_is_another_thing():
    said = found("a7", "a7.loss", (LOG, "log_p = shifted - np.log(total) - 1e-3"))
    assert "log_" not in said.id


@pytest.mark.parametrize("guard", ["max(p_drop, 1e-9)", "max(p_drop, 1e-5)", "(p_drop or 7)"])
def test_divided_by_the_dropped_share_whatever_is_done_with_0(guard):
    said = found("a6", "a6.dropout", (DROPPED, f"np.where(mask, x / {guard}, 0)"))
    named = said.id == "diagnosis.algebra.divided_by_dropped" and said.ask.id == "diagnosis.ask.keep"
    assert named or said.mistakes == ["dropout.divide_p"]


def test_another_power_of_the_kept_share_is_not_the_dropped_one():
    said = found("a6", "a6.dropout", (DROPPED, "np.where(mask, x / (1 - p_drop) ** 3, 0)"))
    assert said.id != "diagnosis.algebra.divided_by_dropped"


def test_the_other_side_is_told_before_one_too_few():
    turned = ("return columns", "Q = conv_size(H, S, stride, pad)\n    return np.resize(columns, (N, C, R, S, P, Q))")
    said = found("a2", "a2.im2col", turned)
    assert said.values["why"].id == "diagnosis.shape.columns_from_rows"
    turned = ("return columns", "P = conv_size(W, R, stride, pad)\n    return np.resize(columns, (N, C, R, S, P, Q))")
    assert found("a2", "a2.im2col", turned).values["why"].id == "diagnosis.shape.rows_from_columns"


def test_the_size_without_padding_is_told_only_where_all_probes_have_it():
    up = "(H + 2 * pad - R + up)", "(W + 2 * pad - S + up)"
    once = found("a4", "a4.forward", *((size, size.replace("2 * pad", "pad")) for size in up))
    assert getattr(once.values.get("why"), "id", "") != "diagnosis.shape.no_pad"
