"""A submission graded as a whole: the solution, the starter, one mistake, two, and with the student's own earlier parts."""
from pathlib import Path

import numpy as np
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Outcome
from npnet.course.grader.grade import grade
from npnet.course.grader.mistakes import patched
from npnet.course.grader.properties import unequal
from npnet.course.grader.report import region_lines
from npnet.course.grader.source import blocks_of, replaced

pytestmark = pytest.mark.long              # processes are started, or many probes run


def text_with(assignment, *ids):
    text = assignment.source.solution
    for mistake in assignment.mistakes:
        if mistake.id in ids:
            text = patched(text, mistake)
    return text.encode()


def states(result):
    return {region.id: region.state for region in result.regions}


def test_the_solution_has_all_points():
    three = load("a3")
    result = grade(text_with(three), three, "ann")
    assert result.earned == result.points == 16 and set(states(result).values()) == {"right"}
    assert not result.blockers and not result.warnings and result.limits


def test_the_starter_has_none():
    three = load("a3")
    result = grade(three.source.starter("ko").encode(), three, "ann")
    assert result.earned == 0 and set(states(result).values()) == {"untouched"}


def test_a_mistake_costs_its_own_region_alone():
    three = load("a3")
    result = grade(text_with(three, "col2im.overwrite_offsets"), three, "ann")
    assert states(result) == {"a3.col2im": "wrong", "a3.dw": "right", "a3.db": "right", "a3.dx": "right"}
    assert result.regions[0].diagnosis.mistakes == ["col2im.overwrite_offsets"] and 10 <= result.earned < 16


def test_mistakes_in_two_regions_are_told_apart():
    three = load("a3")
    result = grade(text_with(three, "col2im.overwrite_offsets", "db.zero"), three, "ann")
    assert [region.diagnosis.mistakes for region in result.regions if region.diagnosis] == [["col2im.overwrite_offsets"], ["db.zero"]]


def test_only_some_regions_and_public_properties():
    three = load("a3")
    result = grade(text_with(three), three, only=["a3.db"], hidden=False)
    assert list(states(result)) == ["a3.db"] and not any(c.property.hidden for c in result.regions[0].checked)


def test_with_my_own_earlier_parts():
    two, three = load("a2"), load("a3")
    assert "im2col" in three.source.parts
    wrong = replaced(two.source.solution, "a2.im2col", ["    return np.zeros((1, 1, 1, 1, 1, 1))"])
    assert states(grade(text_with(three), three))["a3.dw"] == "right"
    assert states(grade(text_with(three), three, mine={"a2": two.source.solution}))["a3.dw"] == "right"
    assert states(grade(text_with(three), three, mine={"a2": wrong}))["a3.dw"] == "wrong"


def test_a_diagnosis_that_fails_costs_no_points(monkeypatch):
    def fails(trial):
        raise KeyError("a slip of ours")
    monkeypatch.setattr("npnet.course.grader.grade.diagnose", fails)
    three = load("a3")
    result = grade(text_with(three, "db.zero"), three)
    assert states(result)["a3.db"] == "wrong" and states(result)["a3.dx"] == "right" and 14 <= result.earned < 16
    monkeypatch.setenv("NPNET_DEBUG", "1")
    with pytest.raises(KeyError, match="a slip of ours"):
        grade(text_with(three, "db.zero"), three)


@pytest.mark.parametrize("data", [None, b"", b"\xff\xfe\x00", b"def f(:\n", "import torch\n".encode()])
def test_what_cannot_be_run_has_a_reason_and_no_points(data):
    result = grade(data, load("a3"))
    assert result.earned == 0 and (result.blockers or all(region.note or region.state == "untouched" for region in result.regions))


def test_marks_that_are_gone_leave_the_functions():
    three = load("a3")
    text = "\n".join(line for line in three.source.solution.splitlines() if " SOLUTION(" not in line)
    assert blocks_of(text, "a3.dx") == [] and grade(text.encode(), three).earned == 16


def test_float32_is_remarked_where_it_is_so_and_nowhere_else():
    five = load("a5")
    for text, remarks in ((five.source.solution, 0), (in_float32(five), 1), (patched_one(five, "lrn_backward.n_five"), 0)):
        regions = grade(text.encode(), five).regions
        assert [len(region.remarks) for region in regions if region.id == "a5.backward"] == [remarks]
    note, = grade(in_float32(five).encode(), five, only=["a5.backward"]).regions[0].remarks
    assert "astype(np.float32)" in in_float32(five).splitlines()[note.line - 1]


def in_float32(five):
    return five.source.solution + ("\n\nlrn = lrn_backward\n\n\ndef lrn_backward(dy, x, scale, n, alpha, beta):\n"
                                   "    return lrn(dy, x, scale, n, alpha, beta).astype(np.float32)\n")


def patched_one(assignment, id):
    return text_with(assignment, id).decode()


def test_written_answers_are_kept_for_a_person():
    ten = load("a10")
    starter = ten.source.starter("ko")
    assert [answer.text for answer in grade(starter.encode(), ten).answers] == [""] * 4
    text = starter.replace("#\n# END ANSWER(a10.q2)", "# Momentum adds up\n#   steps.\n# END ANSWER(a10.q2)")
    result = grade(text.encode(), ten)
    assert [answer.text for answer in result.answers] == ["", "Momentum adds up\n  steps.", "", ""]
    assert (result.points, result.written) == (4, 4)


def test_dictionaries_are_compared_by_name():
    want = Outcome({"w": np.zeros((2, 3)), "b": np.ones(3)})
    assert unequal(Outcome({"b": np.ones(3), "w": np.zeros((2, 3))}), want) is None
    assert unequal(Outcome({"b": np.zeros(3), "w": np.zeros((2, 3))}), want).output == "b"
    assert unequal(Outcome({"bias": np.ones(3), "w": np.zeros((2, 3))}), want).kind == "names"


def test_the_page_for_students_shows_what_a_check_says():
    three = load("a3")
    result = grade(text_with(three, "dx.overwrite_windows"), three, only=["a3.dx"], hidden=False)
    said = "\n".join(region_lines(result.regions[0], three))
    assert f"```text\n{said}\n```" in (Path(__file__).parents[2] / "docs/course/students.md").read_text("utf-8")
