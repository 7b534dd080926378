"""What a newcomer met in the first days: several assignments at once, capitals, marks that are gone, prints, empty
arrays, and numbers that no table expects."""
import zipfile

import numpy as np
import pytest

from npnet.cli import main
from npnet.course.grader import report
from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Raised
from npnet.course.grader.diagnosis import smallest
from npnet.course.grader.diagnosis.exceptions import explained
from npnet.course.grader.results import Graded
from npnet.course.grader.source import damaged_marks
from npnet.course.grader.static import look
from npnet.course.check import check
from npnet.course.overview import status
from npnet.course.panels import maps_of, text_of
from npnet.course.show import bars_panel, show
from npnet.course.submit import submit
from npnet.course.titles import points
from npnet.course.why import summary
from npnet.course.workspace import Workspace, ids_and_folder, meant
from npnet.plots.course import Bars, Grid
from pocket import solved

pytestmark = pytest.mark.long              # processes are started, or many probes run


@pytest.fixture
def npnet_(capsys):
    """npnet_("course", "list") -> (exit code, output, error output)."""
    def run(*words):
        code = main(list(words))
        return (code, *capsys.readouterr())
    return run


@pytest.mark.parametrize("array", [
    np.zeros((0,)), np.zeros((2, 0)), np.zeros((0, 3, 2, 2)), np.zeros((1, 1, 0, 0)), np.array(4.0), np.array(True),
    np.array([np.nan, np.inf, -np.inf]), np.array([1e300, -1e-300]), np.array([2 ** 62]), np.array([1 + 2j]),
    np.array([[True, False]])])
def test_any_array_is_told(array):
    lines = text_of(maps_of(array, "dx", np.ones(array.shape, bool)))
    assert lines[0].startswith("  dx") and len(lines) > 1
    assert summary(array)["shape"] == report.shape(array)
    if not array.size:
        assert report.shape(array) in lines[1]


def test_a_panel_without_numbers_and_a_row_without_panels():
    assert text_of([Grid(np.zeros((0, 2)), "x")]) == ["  x", "  (0,2)"] and text_of([]) == []


@pytest.mark.parametrize("word, id", [("A1", "a1"), ("1", "a1"), ("A1.Double", "a1.double"), ("a1_double.py", "a1_double.py"),
                                      ("A99", "A99"), ("a1.py", "a1.py")])
def test_ids_in_capitals_are_meant(pocket, word, id):
    assert meant(word) == id


def test_several_assignments_and_a_folder(pocket):
    assert ids_and_folder(["a1", "A2"], "en") == (["a1", "a2"], None)
    assert ids_and_folder(["a1", "my course"], "en") == (["a1"], "my course")
    with pytest.raises(ValueError, match="the course has no a44"):
        ids_and_folder(["a1", "a44"], "en")
    with pytest.raises(ValueError, match="the course has no here"):
        ids_and_folder(["here", "a1"], "en")


def test_start_and_submit_of_several(pocket, npnet_):
    assert npnet_("course", "start", "A1", "a2", "--in", "here")[0] == 0
    assert (pocket / "here/a1_double.py").is_file() and (pocket / "here/a2_four.py").is_file()
    assert npnet_("course", "start", "a1", "a2")[0] == 0 and not (pocket / "a2").exists()
    assert npnet_("course", "submit", "a1", "A2")[0] == 0
    assert (pocket / "a1.zip").is_file() and (pocket / "a2.zip").is_file()


@pytest.mark.long
def test_check_of_several_and_of_a_file_that_is_gone(pocket, npnet_):
    npnet_("course", "start", "a1", "a2")
    out = npnet_("course", "check", "a2", "A1.total", "a1.double")[1]
    assert out.index("a2.four") < out.index("a1.double") and out.count("a1  Twice") == 1
    (pocket / "a2_four.py").rename(pocket / "other.py")
    code, out, _ = npnet_("course", "check")
    assert code == 1 and "a2_four.py is not in" in out
    assert "not in" in npnet_("course", "check", "a2")[2]


@pytest.mark.parametrize("language, said", [("en", "this line is missing: # BEGIN YOUR CODE(a1.total)"),
                                            ("ko", "없는 줄: # BEGIN YOUR CODE(a1.total)")])
def test_all_commands_agree_on_a_mark_that_is_gone(pocket, language, said):
    work = Workspace(language=language)
    work.start("a1")
    text = work.path("a1").read_text("utf-8").replace("    # BEGIN YOUR CODE(a1.total)\n", "")
    work.path("a1").write_text(text, "utf-8")
    for command in (lambda: submit(work, "a1"), lambda: work.reset("a1"), lambda: work.reset("a1", "a1.double")):
        with pytest.raises(ValueError, match="a1.total") as caught:
            command()
        assert said in str(caught.value)
    assert said in work.update()[0]
    note, = look(text, load("a1").source).warnings
    assert note.values == {"region": "a1.total", "lines": "# BEGIN YOUR CODE(a1.total)"}


def test_marks_that_stand_twice_or_around_others():
    right = "# BEGIN YOUR CODE(a)\n# END YOUR CODE(a)\n# BEGIN YOUR CODE(b)\n# END YOUR CODE(b)\n"
    lines = right.splitlines(keepends=True)
    assert damaged_marks(right, right) == {}
    assert damaged_marks(lines[0] + right, right) == {"a": []}
    assert "a" in damaged_marks("".join(lines[k] for k in (0, 2, 1, 3)), right)
    assert damaged_marks("".join(lines[:2]), right) == {"b": ["# BEGIN YOUR CODE(b)", "# END YOUR CODE(b)"]}


def test_what_the_code_printed_stands_under_its_region_and_is_cut():
    graded = Graded("a1.double", 1, printed="hello\n" + "x" * 100 + "\x1b\n" * 9)
    lines = report.printed_lines(graded, "en")
    assert lines[:2] == ["  your own code printed, in one probe:", "    hello"] and lines[-1] == "    ..."
    assert len(lines) == 2 + report.PRINTED and all(report.width(line) <= 80 and "\x1b" not in line for line in lines)
    assert report.printed_lines(Graded("a1.double", 1), "en") == []


@pytest.mark.long
def test_check_prints_it_and_json_has_a_field(pocket, npnet_):
    npnet_("course", "start", "a1")
    solved(pocket / "a1_double.py", "a1.double", 'print("hello", x.shape)\n    y = x + x')
    out = npnet_("course", "check", "a1.double")[1]
    assert "your own code printed" in out and "    hello (3, 4)" in out
    assert '"printed": "hello (3, 4)' in npnet_("course", "check", "a1.double", "--json")[1]


def test_the_smallest_call_can_be_pasted():
    x = np.array([[[[1.0, 2.5], [-3.0, 1e-7]]]])
    assert smallest.pasted(x) == "np.array([[[[1., 2.5], [-3., 1e-07]]]])"
    for value in (x, np.array([1, 2]), np.array([[True, False]]), 3, 0.5, np.array(2.0)):
        again = eval(smallest.pasted(value), {"np": np})
        assert np.array_equal(again, value) and np.asarray(again).dtype == np.asarray(value).dtype
    assert smallest.text(x) == "[[[[1, 2.5], [-3, 1e-07]]]]"


@pytest.mark.parametrize("function, id", [("conv2d_forward", "bounds_by_one"), ("max_pool_backward", "bounds_back"),
                                          ("lrn_backward", "bounds_plain")])
def test_an_index_beyond_the_end_asks_what_fits_the_function(function, id):
    said = explained(Raised("IndexError", "index 7 is out of bounds for axis 2 with size 7", 3, function))
    assert said.id == f"diagnosis.raised.{id}"


def test_a_misspelt_numpy_is_known(pocket):
    note, = look("import nunpy as np\n", load("a1").source).blockers
    assert note.id == "child.import.near" and note.values["near"] == "numpy"


def test_started_says_all_points(tmp_path):
    work = Workspace(tmp_path, "en")
    assert f"{points(load('a10'))} points." in work.start("a10")[0] and points(load("a10")) == 8
    assert all(report.width(line) < 80 for line in status(work)[:1])


def test_another_language_later_says_how_to_get_the_handout_in_it(pocket):
    Workspace(language="en").start("a1")
    assert any("지우고 npnet course start a1" in line for line in Workspace(language="ko").start("a1"))
    assert not any("delete it" in line for line in Workspace(language="en").start("a1"))


@pytest.mark.long
def test_a_notebook_is_started_checked_and_packed(pocket, npnet_):
    code, out, _ = npnet_("course", "start", "a1", "--notebook")
    book = pocket / "a1_double.ipynb"
    assert code == 0 and "a notebook" in out and book.is_file() and not (pocket / "a1_double.py").exists()
    book.write_text(book.read_text("utf-8").replace('raise NotImplementedError(\\"a1.double\\")  # delete this line', "y = x * x"), "utf-8")
    for word in ("a1.double", "a1_double.ipynb"):
        code, out, _ = npnet_("course", "check", word)
        assert code == 1 and "x is multiplied by itself" in out
    assert "in brackets below" in npnet_("course", "why", "a1.double")[1]
    assert npnet_("course", "submit", "a1")[0] == 0
    with zipfile.ZipFile(pocket / "a1.zip") as archive:
        assert "y = x * x" in archive.read("a1_double.py").decode()
    assert "reset does not" in npnet_("course", "reset", "a1")[2] and "update does" in " ".join(npnet_("course", "update")[1].split())
    book.write_text("{", "utf-8")
    assert "no notebook that can be read" in npnet_("course", "check", "a1")[2]


@pytest.mark.long
def test_show_adds_a_call_that_fails_where_its_example_is_right(tmp_path):
    work = Workspace(tmp_path, "en")
    work.start("a4")
    text = load("a4").source.solution.replace("SOLUTION", "YOUR CODE")
    place = text.index("def max_pool_backward")
    assert "- pad\n" in text[place:]
    work.path("a4").write_text(text[:place] + text[place:].replace("- pad\n", "\n"), "utf-8")
    check(work, "a4.backward")
    said = " ".join("\n".join(show(work, "a4.backward").lines).split())
    assert "No number differs here." in said and "Below: a small call that fails." in said and "argmax[0,0]" in said


def test_bars_that_are_wrong_are_hatched_otherwise_than_a_window():
    assert bars_panel([1.0, 2], "y", wrong=np.array([False, True])).hatch != Bars([1.0], "x").hatch


def test_a_long_refusal_is_folded_on_a_terminal_alone(pocket, capsys, monkeypatch):
    main(["course", "start", "a99"])
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    main(["course", "start", "a99"])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1 and all(report.width(line) < 50 for line in lines)
