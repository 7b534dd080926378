"""The check, end to end: a student's file in a child process, exit codes, the report, what is remembered."""
import json

import pytest

from npnet.course.check import DOES_NOT_RUN, NOT_STARTED, RIGHT, WRONG, check
from npnet.course.grader.child import Limits
from npnet.course.grader.report import width
from npnet.course.workspace import Workspace
from pocket import RIGHT as SOLVED
from pocket import solved

pytestmark = pytest.mark.long              # processes are started, or pictures drawn


@pytest.fixture
def work(pocket):
    work = Workspace()
    work.start("a1")
    return work


def test_nothing_started_in_the_file(work):
    found = check(work)
    assert found.code == NOT_STARTED
    assert found.lines()[1] == "  not started: the line that raises NotImplementedError is still there"
    assert work.state["last"]["a1"]["a1.double"] == {"state": "untouched", "got": 0.0, "most": 6, "held": 0, "of": 0}


def test_all_is_right(work):
    for region in ("a1.double", "a1.total"):
        solved(work.path("a1"), region, SOLVED[region])
    found = check(work, "a1")
    assert found.code == RIGHT
    assert found.lines()[:2] == [f"+ a1.double      two times x{'6 / 6':>52}", "  all 2 properties hold"]
    total = next(place for place, line in enumerate(found.lines()) if line.startswith("a1  Twice: 10 of 10 points"))
    assert found.lines()[total + 1].startswith("Limits here: ")


def test_a_mistake_of_the_catalogue_is_named(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    found = check(work, "a1.double")
    lines = found.lines()
    assert found.code == WRONG
    assert any("Your y is exactly what you get if x is multiplied by itself." in line for line in lines), lines
    assert "  What is twice 3?" in lines and max(map(width, lines)) <= 80 and len(lines) <= 12 + 4


def test_the_same_in_korean(pocket, work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    lines = check(Workspace(language="ko"), "a1.double").lines()
    assert any("y는 x를 자기 자신과 곱했을 때" in line for line in lines), lines
    assert "  3의 두 배는 얼마일까요?" in lines and max(map(width, lines)) <= 80


@pytest.mark.parametrize("line, code, said", [
    ("y = x +", DOES_NOT_RUN, "Python cannot read line"), ("y = missing", WRONG, "missing"),
    ("import torch; y = x", WRONG, "torch"), ("y = None", WRONG, "None"), ("y = x[0] * 2", WRONG, "shape")])
def test_what_goes_wrong_is_said(work, line, code, said):
    solved(work.path("a1"), "a1.double", line)
    found = check(work, "a1.double")
    assert found.code == code and said in "\n".join(found.lines()), found.lines()


def test_a_file_that_does_not_load_is_told_once(work):
    path = work.path("a1")
    for region in ("a1.double", "a1.total"):
        solved(path, region, SOLVED[region])
    path.write_text("import math\n\nmath.sqrt(-1)\n\n" + path.read_text("utf-8"), "utf-8")
    found = check(work)
    text = "\n".join(found.lines())
    assert found.code == DOES_NOT_RUN and text.count("math domain error") == 1 and text.count("\n- a1.") == 1


@pytest.mark.long
def test_a_loop_without_an_end_costs_its_own_region_only(work):
    solved(work.path("a1"), "a1.double", "while True: pass")
    solved(work.path("a1"), "a1.total", SOLVED["a1.total"])
    found = check(work, limits=Limits(seconds=0.3))
    assert [graded.state for graded in found.results[0][1].regions] == ["wrong", "right"]


def test_only_some_regions_are_checked_and_the_others_are_remembered(work):
    for region in ("a1.double", "a1.total"):
        solved(work.path("a1"), region, SOLVED[region])
    check(work)
    found = check(work, only=["a1.total"])
    assert [graded.id for graded in found.results[0][1].regions] == ["a1.total"]
    assert set(work.state["last"]["a1"]) == {"a1.double", "a1.total"}
    assert work.state["checked"]["a1"]["count"] == 2 and work.state["checked"]["a1"]["sha256"]
    work.path("a1").write_text(work.path("a1").read_text("utf-8") + "\n", "utf-8")
    check(work, "a1.total")
    assert work.state["checked"]["a1"]["sha256"] == ""                      # the rest of this file was not seen


def test_a_file_by_its_name_wherever_it_is(pocket, work, monkeypatch):
    solved(work.path("a1"), "a1.double", SOLVED["a1.double"])
    copy = pocket.parent / "a1_double_of_mine.py"
    copy.write_text(work.path("a1").read_text("utf-8"), "utf-8")
    found = check(work, str(copy))
    assert found.results[0][1].regions[0].state == "right"
    assert not list(pocket.parent.glob(".npnet*"))                          # nothing is remembered of a stranger's file
    with pytest.raises(ValueError, match="there is no file"):
        check(work, "a1_nowhere.py")
    (pocket / "notes.py").write_text("", "utf-8")
    with pytest.raises(ValueError, match="notes.py is no file of the course: its name must begin like a1_double.py"):
        check(work, "notes.py")


def test_mine_or_the_right_ones(work):
    work.start("a2")
    solved(work.path("a2"), "a2.four", SOLVED["a2.four"])
    solved(work.path("a1"), "a1.double", "y = x * x")
    assert check(work, "a2").code == RIGHT
    assert check(work, "a2", mine=True).code == WRONG


def test_unknown_and_not_started(pocket, work):
    for word, said in (("a2", "a2 is not started"), ("a77", "the course has no a77"), ("a1.x", "a1 has no region a1.x")):
        with pytest.raises(ValueError, match=said):
            check(work, word)
    with pytest.raises(ValueError, match="no assignment of the course is in"):
        check(Workspace(pocket.parent))


def test_the_table_for_other_programs(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    (table,) = json.loads(json.dumps(check(work).table(), ensure_ascii=False))
    first, second = table["regions"]
    assert (first["state"], second["state"], table["code"]) == ("wrong", "untouched", WRONG)
    assert first["diagnosis"]["mistakes"] == ["double.square"] and "exactly what you get" in first["says"][0]
    assert first["properties"][0] == {"id": "a1.double.value", "says": "every number is doubled", "holds": False}


def test_the_student_s_file_is_never_written(work):
    solved(work.path("a1"), "a1.double", "open('a1_double.py', 'w').write('gone'); y = x + x")
    before = work.path("a1").read_bytes()
    check(work)
    assert work.path("a1").read_bytes() == before
