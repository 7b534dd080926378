"""The report: what is right and what is wrong of a region, in at most twelve lines of 80 columns, in both languages."""
import numpy as np
import pytest

from npnet.course.grader import report
from npnet.course.grader.assignment import ids, load
from npnet.course.grader.calls import Call, Outcome, Raised
from npnet.course.grader.diagnosis import diagnose
from npnet.course.grader.properties import Failure, equal
from npnet.course.grader.report import cut, described, folded, heading, region_lines, seen, width
from npnet.course.grader.results import Checked, Graded, Note, Result, Trial

X = np.arange(24.0).reshape(2, 3, 4)


def tried(assignment, region, change, runner=None):
    """A Graded whose answers are the right ones, changed, or those of a runner; public properties alone."""
    checked, calls, outcomes, expected = [], [], [], []
    for each in assignment.of(region):
        if each.hidden:
            continue
        asked = assignment.calls(each)
        right = [assignment.reference.run(call) for call in asked]
        given = [runner.run(call) for call in asked] if runner else [change(outcome) for outcome in right]
        names = assignment.outputs.get(asked[0].function, ())
        failure = each.judge(given, right, asked, each.tolerance, names)
        at = failure.call if failure else 0
        checked.append(Checked(each, failure, 0.0, asked[at], given[at], right[at]))
        if each.judge is equal or not runner:
            calls, outcomes, expected = calls + asked, outcomes + given, expected + right
    trial = Trial(assignment, region, calls, outcomes, expected, [False] * len(calls), [0.0] * len(calls),
                  run=runner and runner.run)
    points = assignment.source.regions[region].points
    state = "right" if all(each.holds for each in checked) else "wrong"
    return Graded(region, points, state, checked, trial=trial)


def value(change):
    """A change of an outcome's value."""
    return lambda outcome: Outcome(value=change(outcome.value))


def test_a_region_that_is_right(pocket):
    graded = tried(load("a1"), "a1.double", value(np.copy))
    assert region_lines(graded, load("a1")) == [f"+ a1.double      two times x{'6 / 6':>52}", "  all 2 properties hold"]


def test_a_region_that_is_wrong_says_where(pocket):
    graded = tried(load("a1"), "a1.double", value(lambda y: y + (y == y.max())))
    assert region_lines(graded, load("a1")) == [
        f"- a1.double      two times x{'3 / 6':>52}",
        "  1 of 2 properties hold; not: every number is doubled",
        "  probe 1 of 4: x (3,4)",
        f"  shape (3,4) ok   dtype float64 ok   max difference 1 at {report.index(where(graded))}",
        "  more: npnet course hint a1.double  (numbers: why)"]      # this course draws no picture of it


def where(graded):
    right = graded.checked[0].expected.value
    return np.unravel_index(right.argmax(), right.shape)


def test_the_same_in_korean(pocket):
    graded = tried(load("a1"), "a1.double", value(lambda y: y + 1))
    lines = region_lines(graded, load("a1"), "ko")
    assert lines[0].startswith("- a1.double      x의 두 배 ") and lines[0].endswith(" 3 / 6")
    assert lines[1] == "  성질 2개 중 1개가 성립합니다. 성립하지 않는 것: 모든 수가 두 배입니다"
    assert [width(line) <= 80 for line in lines] == [True] * 5 and width(lines[0]) == 80


@pytest.mark.parametrize("change, expected", [
    (value(lambda y: y[:2]), "  shape (2,4), must be (3,4)"),
    (value(lambda y: y > 0), "  shape (3,4) ok   dtype bool, must be float64"),
    (value(lambda y: np.where(y > 14, np.nan, y)), "are NaN or infinite, first at ["),
    (value(lambda y: "no"), "  it gives 'no' where array (3,4) must come"),
    (value(lambda y: (y, y)), "  it gives tuple (2) where array (3,4) must come"),
    (lambda right: Outcome(), "  double gives None. Is there a return at its end?"),
    (value(lambda y: {"strange": "set"}), "  it gives set where array (3,4) must come"),
    (lambda right: Outcome(stopped="time"), "  The call was not done after 0 s and was ended."),
    (lambda right: Outcome(error=Raised("IndexError", "index 5 is out of bounds", 12, "double", {}, "y[5] = 1")),
     "  Python stopped at line 12, y[5] = 1: IndexError: index 5 is out of bounds"),
    (lambda right: Outcome(error=Raised("MemoryError")), "  Python stopped: MemoryError:")])
def test_every_kind_of_failure_has_its_sentence(pocket, change, expected):
    lines = region_lines(tried(load("a1"), "a1.double", change), load("a1"))
    assert any(expected in line for line in lines), lines
    assert len(lines) <= 12 and lines[0].endswith("0 / 6") or "3 / 6" in lines[0]


def test_an_argument_that_was_changed_is_named(pocket):
    graded = tried(load("a1"), "a1.double", lambda right: Outcome(value=right.value, changed=[0]))
    assert "  double changes its argument x. The caller still needs it: work on a copy." in region_lines(graded, load("a1"))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_long_diagnosis_is_cut_to_twelve_lines_and_says_so(pocket, monkeypatch, language):
    graded = tried(load("a1"), "a1.double", value(lambda y: y + 1))
    words = "겹치는 윈도의 기울기를 더하지 않고 덮어썼습니다. " if language == "ko" else "windows overwrite each other. "
    monkeypatch.setattr(report, "diagnosed", lambda graded, language: [words * 30, words * 9])
    assert len(region_lines(graded, load("a1"), language)) == 12
    monkeypatch.setattr(report, "diagnosed", lambda graded, language: [words * 30, "A question?"])
    lines = region_lines(graded, load("a1"), language)
    assert len(lines) == 12 and max(map(width, lines)) <= 80
    assert lines[-3].endswith("...") and lines[-2] == "  A question?" and "npnet course hint a1.double" in lines[-1]


def test_not_started_and_notes(pocket):
    a1 = load("a1")
    assert region_lines(Graded("a1.total", 4, "untouched"), a1) == [
        f". a1.total       the sum of x{'0 / 4':>51}",
        "  not started: the line that raises NotImplementedError is still there"]
    lines = region_lines(Graded("a1.total", 4, "fault", note=Note("child.empty", {"file": "a"}, 3)), a1)
    assert lines[1] == "  line 3: a is empty. Did you save it?"


def test_the_whole_report(pocket):
    a1 = load("a1")
    regions = [tried(a1, "a1.double", value(np.copy)), Graded("a1.total", 4, "untouched")]
    lines = report.lines(Result("a1", regions, seconds=0.51), a1)
    assert lines[-3:] == [
        "a1  Twice: 6 of 10 points  checked in 0.5 s",
        "These are the public tests. When it is graded, hidden ones with other numbers",
        "count 40 %."]
    assert lines[0][0] == "+" and lines[2][0] == "." and lines[4] == ""
    assert not any("hidden" in line for line in report.lines(Result("a1", regions[1:], hidden=True), a1))
    blocked = Result("a1", [], blockers=[Note("child.syntax", {"line": 2, "says": "bad"}, 2)])
    assert report.lines(blocked, a1)[:2] == ["! a1_double.py", "  Python cannot read line 2: bad."]


@pytest.mark.parametrize("a, b, expected", [
    (X, X, []), (X + 0j, X, ["shape (2,3,4) ok", "dtype complex128, must be float64"]),
    (np.array(3), np.array(3.0), []), (np.array(1.5), np.array(2.0), ["dtype float64 ok", "difference 0.5"]),
    (X.astype(np.float32), X, [])])
def test_what_is_seen_of_an_output(a, b, expected):
    assert seen(a, b, "en") == expected


def test_arguments_in_short(pocket):
    a1 = load("a1")
    assert described(Call("double", [X]), a1) == "x (2,3,4)"
    assert described(Call("other", [X[0, 0], 2, 0.1, True, {"w": X}, [1, 2], list(range(9))]), a1) == \
        "(4,)  2  0.1  True  {w (2,3,4)}  [1, 2]  [0, ...]"
    assert described(Call("double", [[{"kind": "conv"}] * 3]), a1) == "x [{...} x 3]"
    long = [X] * 9 + [{"weight": X, "bias": X}] * 4
    graded = tried(a1, "a1.double", value(lambda y: y + 1))
    graded.trial.calls[0].arguments[:] = long
    lines = region_lines(graded, a1)
    assert lines[3].endswith("...") and len(lines) == 6 and max(map(width, lines)) <= 80


def test_a_heading_fits_whatever_the_title(pocket, monkeypatch):
    monkeypatch.setattr(report, "titled", lambda id, language: "합성곱의 기울기 " * 12)
    head = heading(Graded("a3.dx", 4), "ko")
    assert width(head) == 80 and head.endswith("0 / 4") and "..." in head


@pytest.mark.parametrize("text", ["one two three", "a" * 100, "가" * 70, "합성곱의 기울기는 " * 9, "  two  blanks   kept", "",
                                  "x (2,4,9,8)  w (6,2,3,3)  stride 2  pad 1  groups 2  ceil_mode False  and more of it"])
@pytest.mark.parametrize("columns", [20, 80])
def test_folded_lines_fit_and_lose_nothing(text, columns):
    lines = folded(text, columns, "  ", more="    ")
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_widths():
    assert width("abc") == 3 and width("합성곱") == 6 and width("e\u0301") == 1
    assert cut("합성곱의 역전파", 10) == "합성곱..." and cut("short", 10) == "short"
    assert folded("a\x1b[31mb\nc") == ["a?[31mb c"]


def test_a_failure_that_has_no_words_still_says_what_does_not_hold(pocket):
    graded = tried(load("a1"), "a1.double", value(np.copy))
    graded.state, graded.checked[0].failure = "wrong", Failure("strange")
    assert region_lines(graded, load("a1"))[1] == "  1 of 2 properties hold; not: every number is doubled"


@pytest.mark.long
@pytest.mark.parametrize("id", [id for id in ids() if id != "a10"])
def test_reports_of_the_catalogue_fit(id):
    assignment = load(id)
    for mistake in assignment.mistakes[::6]:                                # the others differ in a word or two
        runner = assignment.mistaken(mistake)
        graded = tried(assignment, mistake.region, None, runner)
        graded.diagnosis = diagnose(graded.trial)
        for language in ("en", "ko"):
            lines = region_lines(graded, assignment, language)
            assert len(lines) <= 12 and max(map(width, lines)) <= 80, (mistake.id, language, lines)
