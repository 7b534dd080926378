"""Handouts: what is in them, and that nothing of the solution is."""
import json
import zipfile

import numpy as np
import pytest
from small_course import course

from npnet.course import handout
from npnet.course.grader.assignment import ids, load, number
from npnet.course.grader.source import replaced
from npnet.course.handout import build_handout, handout_files, parts_text, refuse_leaks
from npnet.course.leaks import leaks


@pytest.fixture
def small(tmp_path):
    return course(tmp_path / "course")


def test_the_zip_holds_what_is_asked_for_and_always_the_same_bytes(small, tmp_path):
    names = build_handout("a2", tmp_path / "a2.zip", folder=small)
    assert names == ["a2_four.md", "a2_four.py", "parts.py"]
    build_handout("a2", tmp_path / "again.zip", folder=small)
    assert (tmp_path / "a2.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a2.zip") as archive:
        assert sorted(archive.namelist()) == names
        starter = archive.read("a2_four.py").decode()
    assert starter.count("raise NotImplementedError") == 3 and "self.count += number" not in starter


def test_a_handout_in_korean(small):
    files = handout_files(load("a1", small), "ko")
    assert "# A1. 두 배" in files["a1_twice.md"].decode() and "수의 두 배." in files["a1_twice.py"].decode()
    assert "parts.py" not in files


def test_parts_ask_npnet_for_what_the_solution_gives_and_hold_no_function(small, monkeypatch):
    two = load("a2", small)
    text = handout_files(two, "ko")["parts.py"].decode()
    assert text == parts_text("ko") and "이전 과제의 함수" in text and "def " not in text
    monkeypatch.setenv("NPNET_COURSE", str(small))
    names = {}
    exec(text, names)
    assert names["__getattr__"]("twice")(np.ones((2, 2))).tolist() == [[2, 2], [2, 2]]
    with pytest.raises(AttributeError, match="no assignment of the course defines 'thrice'"):
        names["__getattr__"]("thrice")
    assert [other.id for other in two.builds_on] == [other.id for other in two.needs] == ["a1"]


def test_what_an_assignment_needs_is_more_than_what_it_imports():
    nine = load("a10")
    assert {other.id for other in nine.builds_on} < {other.id for other in nine.needs}
    assert [other.id for other in nine.needs] == sorted((other.id for other in nine.needs), key=number)


def test_a_line_of_the_solution_is_found_however_it_is_written(small):
    one = load("a1", small)
    files = handout_files(one)
    for line in ("y = np.zeros_like(x)", "      y  =  np.zeros_like(x)   # an array of zeros"):
        told = {**files, "a1_twice.md": files["a1_twice.md"] + line.encode()}
        with pytest.raises(ValueError, match="a1_twice.md holds a line of the solution of a1.twice: y = np.zeros_like"):
            refuse_leaks(one, told)
    refuse_leaks(one, files)


def test_the_filled_in_file_in_place_of_the_starter_is_found(small):
    one = load("a1", small)
    solved = replaced(one.source.starter(), "a1.twice", ["    y = np.zeros_like(x)\n    return y"])
    with pytest.raises(ValueError, match="a1_twice.py holds a line of the solution"):
        refuse_leaks(one, {**handout_files(one), one.filename: solved.encode()})
    with pytest.raises(ValueError, match="marker of a solution"):
        refuse_leaks(one, {"a1_twice.md": one.source.text.encode()})


@pytest.mark.parametrize("name, said", [
    ("__pycache__/a1_twice.cpython-311.pyc", "must never be in a handout"), (".git/HEAD", "must never be"),
    ("fast.so", "must never be"), (".ipynb_checkpoints/a1.ipynb", "must never be"), ("notes.txt", "is not asked for"),
    ("../a1_twice.py", "leads out of the folder")])
def test_files_that_nobody_asked_for(small, name, said):
    one = load("a1", small)
    with pytest.raises(ValueError, match=said):
        refuse_leaks(one, {**handout_files(one), name: b"{}"})


def test_a_line_of_the_solution_is_found_in_parts_too(small):
    two = load("a2", small)
    files = handout_files(two)
    with pytest.raises(ValueError, match="parts.py holds a line of the solution of a2.four: return twice"):
        refuse_leaks(two, {**files, "parts.py": files["parts.py"] + b"\n    return twice(twice(x))\n"})


def notebook(**cell):
    whole = {"cell_type": "code", "source": ["x = 1"], "outputs": [], "execution_count": None, "metadata": {}, **cell}
    return json.dumps({"cells": [whole], "nbformat": 4}).encode()


@pytest.mark.parametrize("cell, said", [
    ({"outputs": [{"text": "12"}]}, "cell 0 has outputs"), ({"execution_count": 3}, "cell 0 was run"),
    ({"metadata": {"tags": ["solution"]}}, "cell 0 has metadata: tags"),
    ({"source": ["for n in range(len(x)):\n", "    pass"]}, "holds a line of the solution of a1.twice")])
def test_a_notebook_without_outputs_and_solutions(small, cell, said):
    one = load("a1", small)
    assert leaks({"a1.ipynb": notebook()}, one.source, {"a1.ipynb"}) == []
    assert said in leaks({"a1.ipynb": notebook(**cell)}, one.source, {"a1.ipynb"})[0]
    assert leaks({"a1.ipynb": b"[]"}, one.source, {"a1.ipynb"}) == ["a1.ipynb is not a notebook"]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("id", ids())
def test_no_assignment_of_ours_gives_itself_away(id, language):
    assignment = load(id, None)
    files = handout_files(assignment, language, notebook=True)
    refuse_leaks(assignment, files)
    compile(files[assignment.filename], assignment.filename, "exec")
    assert ("parts.py" in files) == bool(assignment.source.parts)


def test_fingerprints_go_with_it_where_npnet_has_no_solution(small):
    files = handout_files(load("a1", small), without_data=True)
    refuse_leaks(load("a1", small), files)
    table = json.loads(files["a1.fp.json"])
    assert [mistake["id"] for mistake in table["regions"]["a1.twice"]["mistakes"]] == ["twice.first"]


def test_nothing_is_written_when_something_leaks(small, tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "handout_files", lambda *given: {"a1_twice.py": b"    y = np.zeros_like(x)"})
    with pytest.raises(ValueError, match="the handout of a1 is not written"):
        build_handout("a1", tmp_path / "a1.zip", folder=small)
    assert not (tmp_path / "a1.zip").exists()
