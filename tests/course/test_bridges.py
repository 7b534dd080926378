"""otter and nbgrader: the same properties, with the points that the course gives."""
import contextlib
import io
import sys
import types
import warnings

import pytest
from small_course import course

from npnet.course.bridges import must_hold, nbgrader_notebook, otter_tests, points
from npnet.course.grader.assignment import load
from npnet.course.grader.source import replaced

WRONG = "    y = np.zeros_like(x)\n    y[0] = 2 * x[0]\n    return y"


@pytest.fixture
def small(tmp_path, monkeypatch):
    folder = course(tmp_path / "course")
    monkeypatch.setenv("NPNET_COURSE", str(folder))
    return load("a1", folder)


def environment(assignment, code=None):
    """The names of a student's notebook. code: in the place of the solution."""
    text = assignment.source.solution
    names = {}
    exec(text if code is None else replaced(text, "a1.twice", [code]), names)
    return names


class TestCase:
    """What otter.test_files.test_case is: a decorator that keeps the function and its settings."""

    __test__ = False

    def __init__(self, name=None, points=None, hidden=False, success_message=None, failure_message=None):
        self.name, self.points, self.hidden, self.failure_message = name, points, hidden, failure_message

    def __call__(self, function):
        self.function = function
        return self


def cases_of(text, monkeypatch):
    """The cases that otter finds in a test file: the values of its names that are test cases."""
    module = types.ModuleType("otter.test_files")
    module.test_case = TestCase
    monkeypatch.setitem(sys.modules, "otter", types.ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", module)
    names = {}
    exec(compile(text, "tests/a1_twice.py", "exec"), names)
    assert names["OK_FORMAT"] is False and names["name"] == "a1_twice"
    return [value for value in names.values() if isinstance(value, TestCase)]


def test_otters_files_have_a_case_for_every_property(small, monkeypatch):
    files = otter_tests(small)
    assert list(files) == ["tests/a1_twice.py"]
    cases = cases_of(files["tests/a1_twice.py"], monkeypatch)
    assert [(case.name, case.points, case.hidden) for case in cases] == [
        ("a1.twice.open", 0.9, False), ("a1.twice.unchanged", 0.9, False), ("a1.twice.own", 1.2, True)]
    for case in cases:
        case.function(env=environment(small))
    wrong = environment(small, WRONG)
    with pytest.raises(AssertionError, match="a1.twice.open: value of y"):
        cases[0].function(env=wrong)
    cases[1].function(env=wrong)


def test_points_for_nbgrader(small, capsys):
    assert points("a1.twice", environment(small)) == 3.0
    wrong = points("a1.twice", environment(small, WRONG))
    assert isinstance(wrong, float) and wrong == 0.9
    assert capsys.readouterr().out == "a1.twice.open: value\n"


def test_a_cell_of_tests_says_nothing_on_stderr(small, capsys):
    """nbgrader gives no points to a cell that writes there, a warning of NumPy included."""
    noisy = "    import sys\n    print('a remark', file=sys.stderr)\n    np.float64(1) / np.zeros(3)\n    return 2 * x"
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert points("a1.twice", environment(small, noisy)) == 3.0
    assert capsys.readouterr().err == "" and not heard


def test_functions_of_other_regions_are_right_ones_and_are_put_back(small, tmp_path):
    env = environment(small)
    two = load("a2", tmp_path / "course")
    names = {**two.reference.names, "four_times": lambda x: names["Counter"]().add(1)}
    names["Counter"] = broken = object()
    from npnet.course.bridges import right_ones
    with right_ones(names, two, {"four_times"}):
        assert names["Counter"] is two.reference.names["Counter"]
    assert names["Counter"] is broken
    with contextlib.suppress(AssertionError):
        must_hold("a1.twice.open", env)
    assert env["twice"].__code__.co_name == "twice"


def test_the_notebook_for_nbgrader(small):
    notebook = nbgrader_notebook(small)
    data = [cell["metadata"]["nbgrader"] for cell in notebook["cells"]]
    assert all(each["schema_version"] == 3 and set(each["grade_id"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
               for each in data)
    assert len({each["grade_id"] for each in data}) == len(data)
    written = [cell for cell in notebook["cells"] if cell["metadata"]["nbgrader"]["solution"]]
    graded = [cell for cell in notebook["cells"] if cell["metadata"]["nbgrader"]["grade"]]
    text = "".join(written[0]["source"])
    assert len(written) == 1 and 'Twice x. x (N, D)' in text and "NotImplementedError" not in text
    assert text.index("# BEGIN YOUR CODE(a1.twice)\n    ### BEGIN SOLUTION\n    y = ") > text.index("def twice")
    assert "    return y\n    ### END SOLUTION\n    # END YOUR CODE(a1.twice)" in text
    assert [cell["metadata"]["nbgrader"]["points"] for cell in graded] == [3]
    assert all(not cell["metadata"]["nbgrader"]["grade"] or cell["metadata"]["nbgrader"]["locked"] for cell in notebook["cells"])
    with contextlib.redirect_stdout(io.StringIO()):
        *first, last = "".join(graded[0]["source"]).splitlines()
        names = environment(small)
        exec("\n".join(first), names)
        assert eval(last, names) == 3.0
