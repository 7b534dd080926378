"""What is drawn and printed of an operation: yours, right, the difference; and what `why` says with numbers."""
import numpy as np
import pytest
from PIL import Image

from npnet.course import examples
from npnet.course.examples import EXAMPLES, Example, maps
from npnet.course.grader.assignment import ids, load
from npnet.course.grader.calls import Call
from npnet.course.grader.report import width
from npnet.course.grader.words import known
from npnet.course.panels import maps_of, text_of
from npnet.course.show import show
from npnet.course.why import why
from npnet.course.workspace import Workspace
from npnet.plots.course import Bars, Grid, Path, operation, room, written
from pocket import RIGHT, solved

pytestmark = pytest.mark.long              # processes are started, or pictures drawn

X = np.array([[1.0, 2], [3, 4]])


@pytest.fixture
def work(pocket, monkeypatch):
    """A student's folder, and an example for the region a1.double."""
    monkeypatch.setitem(examples.EXAMPLES, "a1.double", lambda parts: Example(Call("double", [X]), [Grid(X, "x")], maps("y")))
    monkeypatch.setattr("npnet.course.show.say_what", lambda work, region: "What is drawn.")
    work = Workspace()
    work.start("a1")
    return work


def test_yours_beside_the_right_one_and_the_difference(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    assert show(work, "a1.double").lines == [
        "a1.double  two times x", "  What is drawn. 3 of 4 numbers differ.", "",
        "  x", "  1 2", "  3 4", "",
        "  y: yours   y: right   yours - right",
        "   1  4      2 4        -1  0", "   9 16      6 8         3  8", ""]


@pytest.mark.parametrize("line, said", [
    (None, "not started"), ("y = x + x", "No number differs here."), ("y = x[:1]", "shape (1,2), not (2,2)"),
    ("y = x[5]", "Python stopped: IndexError"), ("y = 'text'", "no numbers"), ("y = None", "no numbers")])
def test_what_stands_in_the_place_of_numbers(work, line, said):
    if line:
        solved(work.path("a1"), "a1.double", line)
    shown = show(work, "a1.double")
    assert said in "\n".join(shown.lines)
    assert ("No number differs" in "\n".join(shown.lines)) == (line == "y = x + x")
    operation(shown.rows, "title", shown.caption).canvas.draw()


def test_the_picture_is_saved_and_no_other_file_is_replaced(pocket, work):
    shown = show(work, "a1.double")
    assert shown.save() == "Saved pictures/a1.double.png." and shown.save() == "Saved pictures/a1.double.png."
    with Image.open(pocket / "pictures/a1.double.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 300
    (pocket / "mine.png").write_bytes(b"mine")
    with pytest.raises(ValueError, match="mine.png is there already and was not drawn by npnet"):
        shown.save("mine.png")
    assert (pocket / "mine.png").read_bytes() == b"mine"


def test_a_region_without_a_picture_says_which_have_one(work):
    with pytest.raises(ValueError, match="there is nothing to draw for a1.total; there is for a1.size"):
        show(work, "a1.total")
    with pytest.raises(ValueError, match="a1 has no region a1.x"):
        show(work, "a1.x")


@pytest.mark.parametrize("language", ["ko", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize("region", list(EXAMPLES))
def test_every_example_of_the_course_is_drawn(region, language, tmp_path):
    id = region.split(".")[0]
    assert id in ids() and region in load(id).source.regions
    work = Workspace(tmp_path, language)
    work.start(id)
    shown = show(work, region)
    assert max(map(width, shown.lines)) <= 80 and known(f"show.{region}")
    operation(shown.rows, region, shown.caption).canvas.draw()


@pytest.mark.long
@pytest.mark.parametrize("region", list(EXAMPLES))
def test_the_solution_shows_no_difference(region, tmp_path):
    id = region.split(".")[0]
    work, source = Workspace(tmp_path, "en"), load(id).source
    work.path(id).write_text(source.solution.replace("BEGIN SOLUTION", "BEGIN YOUR CODE").replace(
        "END SOLUTION", "END YOUR CODE"), "utf-8")
    assert "No number differs here." in " ".join("\n".join(show(work, region).lines).split())


def test_panels_as_text_lie_beside_each_other_where_they_fit():
    assert text_of([Grid(X, "x", [(0, 0, 1, 2)]), Grid([5.5, -1], "b")]) == ["  x         b", "  [1] [2]   5.5  -1", "   3   4"]
    wide = Grid(np.ones((1, 12)) * 1e5, "wide")
    lines = text_of([wide, wide])
    assert len(lines) == 5 and max(map(width, lines)) <= 80
    assert text_of([Path({"a": [1, 2.5]}, "w", "step")]) == ["  w", "  step    a", "     0    1", "     1  2.5"]
    assert text_of([Bars(None, "y", words="not started")]) == ["  y", "  not started"]


def test_maps_that_hold_wrong_numbers_come_first():
    wrong = np.zeros((2, 3, 2, 2), bool)
    wrong[1, 2, 0, 1] = True
    panels = maps_of(np.arange(24).reshape(2, 3, 2, 2), "dx", wrong)
    assert [panel.title for panel in panels] == ["dx[1,2]", "dx[0,0]", "dx[0,1]", "dx[0,2]"]
    assert text_of(panels[:1]) == ["  dx[1,2]", "   20  [21]", "   22   23"]


@pytest.mark.parametrize("number, text", [(3.0, "3"), (-0.25, "-.25"), (14.125, "14.12"), (np.nan, "NaN"), (-np.inf, "-inf"),
                                          (1e7, "1e+07"), (0.0, "0"), (1111.0, "1111")])
def test_numbers_in_cells_are_short(number, text):
    assert written(number) == text


def test_korean_titles_have_room():
    assert room("맞는 값") > room("right") > 0


def test_why_says_everything_with_numbers(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    text = "\n".join(why(work, "a1.double"))
    assert "exactly what you get if x is multiplied by itself" in text and "What is twice 3?" in text
    assert "The numbers of probe 1: x (3,4)" in text and "your y: (3,4), from " in text
    assert "the right one: (3,4), from " in text and "of 12 numbers are wrong; in brackets below." in text
    assert "The smallest example that fails, double(x):" in text and "[" in text.partition("below.")[2]
    assert max(map(width, text.splitlines())) <= 80


def test_why_of_what_is_right_or_not_started_or_stopped(work):
    assert why(work, "a1.double")[1] == "  not started: the line that raises NotImplementedError is still there"
    solved(work.path("a1"), "a1.double", RIGHT["a1.double"])
    assert why(work, "a1.double")[1] == "  a1.double is right in all its public tests."
    solved(work.path("a1"), "a1.total", "y = missing")
    assert "Your function gives no numbers here." in "\n".join(why(work, "a1.total"))
    work.path("a1").write_text("def f(:", "utf-8")
    assert "Python cannot read line 1" in why(work, "a1.total")[0]


@pytest.mark.parametrize("value", ["(1, 2, 3)", "[]", "()", "[[1], [1, 2]]", "{'a': (1, 2)}", "x * 1j", "np.zeros(0)",
                                   "x * np.inf", "np.zeros((1,) * 30)", "10 ** 400", "object()"])
def test_answers_of_any_kind_are_told_and_shown(work, value, recwarn):
    solved(work.path("a1"), "a1.double", f"y = {value}")
    assert "a1.double" in why(work, "a1.double")[0] and len(why(work, "a1.double")) > 2
    assert "right" in "\n".join(show(work, "a1.double").lines) and not recwarn.list


def test_why_in_korean(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    lines = why(Workspace(language="ko"), "a1.double")
    assert any("x를 자기 자신과 곱했을 때" in line for line in lines) and max(map(width, lines)) <= 80
