"""A student's layer: its file is run, the layer is checked, and what is wrong with either is one sentence."""
import sys
from pathlib import Path

import pytest

import npnet
from npnet import diagnose
from npnet.diagnose import check_file

STUDENTS = Path(__file__).with_name("students.py").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with my_layer.py, which is also the current one; a backend that needs no compiler."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_layer.py").write_text(STUDENTS)
    npnet.use("numpy")
    return tmp_path


def check(expression, *shapes, **options):
    return check_file("my_layer.py", expression, list(shapes), **options)


def verdicts(report):
    return {row.name: row.verdict for row in report.rows}


def line_of(text):
    """The number of a line of the student's file."""
    return 1 + STUDENTS.splitlines().index(text)


# ------------------------------------------------------------------------------- layers and functions

def test_a_right_layer():
    heard = []
    assert check("MyLRN(n=5)", (2, 7, 5, 4), say=heard.append).ok
    assert heard[:2] == ["running my_layer.py", "checking MyLRN(n=5) with 2x7x5x4"]


def test_the_shape_of_one_input_needs_no_list(folder):
    assert check_file(folder / "my_layer.py", "MyLRN", (2, 7, 5, 4)).ok
    assert check_file(None, "LRN(n=3, alpha=0.7)", (2, 7, 3, 3)).ok


def test_a_layer_without_the_cross_term():
    report = check("NoCrossTerm(n=5)", (2, 7, 5, 4))
    assert not report.ok and verdicts(report) == {"x": "wrong"} and report.rows[0].worst != ()


def test_a_layer_with_parameters_is_built():
    assert verdicts(check("MyDense(4)", (3, 5))) == {"x": "ok", "w": "ok", "b": "ok"}
    report = check("TwiceTheBias(4)", (3, 5))
    assert verdicts(report) == {"x": "ok", "w": "ok", "b": "wrong"} and "2 x numeric" in str(report)


def test_a_weight_of_1_hides_nothing():
    assert verdicts(check("ScaleWithoutW()", (3, 5))) == {"x": "wrong", "w": "ok"}


def test_train():
    assert not check("OnlyInTraining", (2, 3)).ok
    assert check("OnlyInTraining", (2, 3), train=True).ok


def test_seed():
    first, again, other = (str(check("NoCrossTerm", (2, 3, 2, 2), seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_pair_of_functions():
    heard = []
    assert check("forward,backward", (4, 6), (6, 3), say=heard.append).ok
    assert heard[1] == "checking forward,backward with 4x6 and 6x3"
    assert verdicts(check("forward,upside_down", (4, 6), (6, 3))) == {"x": "ok", "w": "wrong"}


def test_a_large_layer_is_checked_in_part():
    heard = []
    report = check("MyLRN", (1, 8, 20, 20), say=heard.append)
    assert report.ok and (report.rows[0].checked, report.rows[0].size) == (300, 3200)
    assert heard[2] == "of each array, 300 numbers are checked, drawn at random; a smaller shape checks all"


def test_a_file_may_import_its_neighbours_and_is_not_the_main_program(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "npnet_test_neighbour.py").write_text("two = 2\n")
    (folder / "sub" / "twice.py").write_text(
        "from npnet_test_neighbour import two\n\n"
        "class Twice:\n    def forward(self, x): return two * x\n    def backward(self, dy): return two * dy\n\n"
        "if __name__ == '__main__':\n    raise SystemExit('this is not to be run')\n")
    before = list(sys.path)
    assert check_file(str(folder / "sub" / "twice.py"), "Twice", [(2, 3)]).ok
    assert sys.path == before


def test_the_layers_of_a_file():
    assert set(diagnose.layers_of("my_layer.py")) == {
        "MyLRN", "NoCrossTerm", "MyDense", "TwiceTheBias", "ScaleWithoutW", "ListOfParams", "NothingBuilt",
        "OnlyInTraining", "Raises", "NoBackward", "Unfinished"}


# ------------------------------------------------------------------------------- mistakes

@pytest.mark.parametrize("expression, shapes, text", [
    ("MyLRN()", [], "the shape of the input is missing: the number of pictures first"),
    ("MyLRN()", [(2, 0)], r"a shape must be whole numbers of at least 1, like \(2, 7, 5, 4\); got \[\(2, 0\)\]"),
    ("MyLRN()", [(2, 3), (4,)], r"MyLRN\(\) is a layer and has one input, but there are 2 shapes"),
    ("MyLNR(n=5)", [(2, 3)], "my_layer.py has no MyLNR; did you mean MyLRN"),
    ("qqq", [(2, 3)], "my_layer.py has no qqq; a layer of your own is"),
    ("MyLRN(m=5)", [(2, 3)], r"MyLRN\(m=5\) cannot be made: "),
    ("MyLRN(n=", [(2, 3)], r"'MyLRN\(n=' is not Python; write MyLRN\(n=5\)"),
    ("np.nothing", [(2, 3)], "np.nothing cannot be made: module 'numpy' has no attribute 'nothing'"),
    ("NoBackward()", [(2, 3)], r"NoBackward has no method backward; a layer needs backward\(self, dy\)"),
    ("Unfinished()", [(2, 3)], "Unfinished has no method backward"),
    ("Raises()", [(2, 7, 5, 4)],
     f"my_layer.py, line {line_of('        return dy[9]')} in backward: IndexError: index 9 is out of bounds"),
    ("MyDense(4, (4, 1))", [(3, 5)], r"build returned \(4, 1\), but forward makes \(4,\) for each picture of"),
    ("MyDense(4)", [(3, 5, 5)],
     f"my_layer.py, line {line_of('        return x @ self.w + self.b')} in forward: ValueError: "),
    ("NothingBuilt(4)", [(3, 5)], r"build must return the shape of one output, like \(7, 5, 4\), but returned"),
    ("ListOfParams(4)", [(3, 5)], r"params\(\) must return a dictionary of arrays"),
    ("forward", [(3, 5)], "this is one function; name two"),
    ("forward,backward", [(3, 5)], "forward does not fit 1 shape: missing a required argument: 'w'"),
    ("forward,backward,forward", [(3, 5)], "functions are checked in pairs"),
])
def test_what_is_wrong_with_a_layer_is_one_sentence(expression, shapes, text):
    with pytest.raises((ValueError, TypeError), match=text):
        check(expression, *shapes)


@pytest.mark.parametrize("name, lines, text", [
    ("broken.py", "import sys\n\nanswer = nothing\n", "broken.py, line 3: NameError: name 'nothing' is not defined"),
    ("syntax.py", "def f(:\n    pass\n", "syntax.py, line 1: SyntaxError: "),
    ("leaves.py", "import sys\nsys.exit(3)\n", "leaves.py ends the program; put what does so under if __name__"),
])
def test_what_is_wrong_with_a_file_is_one_sentence(folder, name, lines, text):
    (folder / name).write_text(lines)
    with pytest.raises(ValueError, match=text):
        check_file(name, "A", [(2, 3)])


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="there is no file nowhere.py; the folder here is "):
        check_file("nowhere.py", "MyLRN()", [(2, 3)])


def test_mistakes_with_a_layer_of_npnet():
    with pytest.raises(ValueError, match="npnet has no LRM; did you mean LRN"):
        check_file(None, "LRM", [])
    with pytest.raises(ValueError, match="n=4 must be odd"):
        check_file(None, "LRN(n=4)", [(2, 7, 3, 3)])


def test_train_is_not_for_functions():
    with pytest.raises(ValueError, match="train is for layers; functions take their inputs and nothing else"):
        check("forward,backward", (4, 6), (6, 3), train=True)
