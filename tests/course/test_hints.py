"""Hints come one after the other and are counted."""
import pytest

from npnet.course.grader.report import width
from npnet.course.hints import hint
from npnet.course.overview import region_of
from npnet.course.workspace import Workspace


def test_three_levels_one_after_the_other(pocket):
    work = Workspace()
    heads = [hint(work, "a1.double")[0] for _ in range(4)]
    assert heads == ["a1.double, two times x: hint 1 of 3", "a1.double, two times x: hint 2 of 3",
                     "a1.double, two times x: hint 3 of 3", "a1.double, two times x: all 3 hints again"]
    assert Workspace().state["hints"] == {"a1.double": 3}


def test_after_the_last_all_are_shown_again(pocket):
    work = Workspace()
    work.remember(hints={"a1.double": 3})
    lines = hint(work, "a1.double")
    assert lines[1:4] == ["  1. Think of adding.", "  2. y = x plus x, of the shape of x.",
                          "  3. for every number: write it twice and add"]
    assert hint(work, "a1.double") == lines


def test_korean(pocket):
    lines = hint(Workspace(language="ko"), "a1.double")
    assert lines[:2] == ["a1.double, x의 두 배: 힌트 3개 중 1번", "  덧셈을 생각해 보십시오."]
    assert all(width(line) <= 80 for line in lines)


def test_lines_of_pseudo_code_keep_their_blanks(pocket, monkeypatch):
    monkeypatch.setattr("npnet.course.hints.say", lambda name, language, **values: "for all:\n    add\n\nend")
    monkeypatch.setattr("npnet.course.hints.known", lambda name: True)
    assert hint(Workspace(), "a1.total")[1:5] == ["  for all:", "      add", "", "  end"]


def test_a_region_without_hints_says_so(pocket):
    with pytest.raises(ValueError, match="there are no hints for a1.total"):
        hint(Workspace(), "a1.total")
    assert not Workspace().state


def test_without_a_region_the_first_that_is_not_right_is_meant(pocket):
    work = Workspace()
    with pytest.raises(ValueError, match="no assignment of the course is in"):
        region_of(work)
    with pytest.raises(ValueError, match="a1 is not started"):
        region_of(work, "a1.double")
    work.start("a1")
    assert region_of(work) == region_of(work, "a1") == "a1.double" and region_of(work, "a1.total") == "a1.total"
    right = {"got": 1, "most": 1, "state": "right"}
    work.remember(last={"a1": {"a1.double": right}})
    assert region_of(work) == "a1.total"
    work.remember(last={"a1": {"a1.double": right, "a1.total": right}})
    with pytest.raises(ValueError, match="a1 is right as far as it was checked; name a region: a1.double, a1.total"):
        region_of(work, "a1")
    with pytest.raises(ValueError, match="a1 has no region a1.x"):
        region_of(work, "a1.x")
