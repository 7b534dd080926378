"""An assignment's file: regions, starter, handout, solution, and what is wrong with markers."""
import numpy as np
import pytest
from small_course import FIRST, SECOND, course

from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Call, Rng
from npnet.course.grader.draws import Draw
from npnet.course.grader.mistakes import Mistake, patched
from npnet.course.grader.properties import Failure, Property
from npnet.course.grader.results import Checked, Graded
from npnet.course.grader.source import Source, blocks_of, regions_of, replaced
from npnet.course.handout import build_handout
from npnet.course.selftest import selftest


def test_the_starter_has_stubs_and_one_language():
    starter = Source(FIRST).starter("ko")
    assert '"""수의 두 배."""' in starter and "Twice" not in starter and "HANDOUT" not in starter and "TEXT" not in starter
    assert "    # BEGIN YOUR CODE(a1.twice)\n    raise NotImplementedError(\"a1.twice\")  # delete this line\n" in starter
    assert "zeros_like" not in starter and "SOLUTION" not in starter
    compile(starter, "starter", "exec")


def test_a_region_of_two_blocks_in_a_class():
    source = Source(SECOND)
    region = source.regions["a2.counter"]
    assert (region.points, len(region.blocks), region.functions) == (2, 2, ["Counter"])
    assert source.starter().count('raise NotImplementedError("a2.counter")') == 2
    assert source.parts == ["twice"] and source.functions == {"Counter": None, "four_times": ["x"]}


def test_the_handout_in_both_languages():
    assert Source(FIRST).handout("en") == "# A1. Twice\n\nWrite `twice`.\n"
    assert Source(FIRST).handout("ko") == "# A1. 두 배\n"


def test_a_students_blocks_go_into_another_starter():
    starter = Source(FIRST).starter()
    student = replaced(starter, "a1.twice", ["    return x + x"])
    assert blocks_of(student, "a1.twice") == ["    return x + x"]
    assert replaced(student, "a1.twice", blocks_of(starter, "a1.twice")) == starter


@pytest.mark.parametrize("text, said", [
    ("# BEGIN YOUR CODE(a1.x)\n", "no END"), ("# END YOUR CODE(a1.x)\n", "without its BEGIN"),
    ("# BEGIN YOUR CODE(a1.x)\n# END YOUR CODE(a1.y)\n", "stands inside a1.x"),
    ("# BEGIN YOUR CODE(a1.x)\n# BEGIN YOUR CODE(a1.y)\n", "stands inside a1.x")])
def test_markers_that_do_not_belong_together(text, said):
    with pytest.raises(ValueError, match=said):
        regions_of(text)


def test_a_patch_that_does_not_fit():
    with pytest.raises(ValueError, match="stands 0 times"):
        patched(Source(FIRST).solution, Mistake("m", "a1.twice", [["no such line", ""]]))


def test_parts_are_the_earlier_solutions(tmp_path):
    two = load("a2", course(tmp_path))
    assert two.reference.run(Call("four_times", [np.ones((2, 2))])).value.tolist() == [[4, 4], [4, 4]]


def test_the_gate_is_open_for_good_tests(tmp_path):
    assert selftest("a1", ["ann", "bob"], course(tmp_path)) == []


def test_the_gate_names_what_no_test_notices(tmp_path):
    folder = course(tmp_path)
    checks = folder / "checks" / "a1.py"
    checks.write_text(checks.read_text().replace("draw.quarters(3, 4)", "draw.quarters(1, 4)"))
    problems = selftest("a1", ["ann"], folder)
    assert problems == ["twice.first is caught by no public property (public)",
                        "twice.first is caught by no hidden property (ann)"]


def test_draws_are_the_same_for_ever():
    draw = Draw("a")
    assert draw.integers(0, 100, 6).tolist() == [41, 4, 96, 41, 81, 59]
    assert Draw("a").part("b").quarters(3).tolist() != Draw("a").quarters(3).tolist()
    assert sorted(Draw("a").distinct(2, 3).ravel() * 4) == [-3, -2, -1, 0, 1, 2]
    assert abs(Draw("n").normal(4000).std() - 1) < 0.05


def test_an_outcome_writes_down_what_happened(tmp_path):
    one = load("a1", course(tmp_path))
    text = "def twice(x, rng):\n    x[:] = 0\n    print('hello')\n    rng.random((2, 3))\n    return x @ rng"
    outcome = one.run(text).run(Call("twice", [np.ones(3), Rng(1)]))
    assert (outcome.changed, outcome.drawn, outcome.printed) == ([0], [("random", (2, 3))], "hello\n")
    assert (outcome.error.kind, outcome.error.line, outcome.error.code) == ("TypeError", 5, "return x @ rng") or \
        (outcome.error.kind, outcome.error.line) == ("ValueError", 5)
    assert outcome.error.shapes == {"x": [3]} and not outcome.came


def test_points_are_shared_by_public_and_hidden_properties():
    checked = [Checked(Property("p", "r", None), None), Checked(Property("q", "r", None), Failure("value")),
               Checked(Property("h", "r", None, hidden=True, weight=3), None),
               Checked(Property("i", "r", None, hidden=True), Failure("value"))]
    assert Graded("r", 10, checked=checked).earned == 6
    assert Graded("r", 10, checked=checked[:2]).earned == 5 and Graded("r", 10).earned == 0


def test_the_gate_names_a_property_that_the_solution_does_not_have(tmp_path):
    folder = course(tmp_path)
    checks = folder / "checks" / "a1.py"
    checks.write_text(checks.read_text() + "\n\ndef never(*what):\n    return Failure('property')\n\n\n"
                      "PROPERTIES.append(Property('a1.twice.never', 'a1.twice', calls, judge=never))\n")
    checks.write_text(checks.read_text().replace("import Property, unchanged", "import Failure, Property, unchanged"))
    problems = selftest("a1", ["ann"], folder)
    assert len(problems) == 1 and problems[0].startswith("a1.twice.never fails on the solution (public)")


def test_the_gate_names_a_property_that_holds_for_the_starter(tmp_path):
    folder = course(tmp_path)
    checks = folder / "checks" / "a1.py"
    checks.write_text(checks.read_text() + "\nPROPERTIES.append(Property('a1.twice.void', 'a1.twice', calls, judge="
                      "lambda *what: None))\n")
    assert selftest("a1", ["ann"], folder) == ["a1.twice.void holds for the starter (public)"]


def test_all_patches_that_do_not_fit_are_listed_and_nothing_is_built(tmp_path):
    folder = course(tmp_path / "own")
    catalogue = folder / "catalogue" / "a1.toml"
    text = catalogue.read_text("utf-8").replace("range(len(x))", "gone")
    catalogue.write_text(text + text.replace("twice.first", "twice.second"), "utf-8")
    problems = selftest("a1", ["ann"], folder)
    assert [problem.split(":")[0] for problem in problems[:2]] == ["mistake twice.first", "mistake twice.second"]
    with pytest.raises(ValueError, match="2 of 2 mistakes do not fit the solution"):
        build_handout("a1", tmp_path / "a1.zip", folder=folder)
    assert not (tmp_path / "a1.zip").exists()


def test_points_of_a_handout_are_those_of_the_markers(tmp_path):
    folder = course(tmp_path)
    path = folder / "assignments" / "a1_twice.py"
    table = "# A1. Twice\n\n| region | points |\n|---|---|\n| `a1.twice` | 5 |\n"
    path.write_text(path.read_text("utf-8").replace("# A1. Twice\n", table), "utf-8")
    assert selftest("a1", ["ann"], folder) == ["a1.twice has 3 points at its marker and 5 in the handout (en)"]
