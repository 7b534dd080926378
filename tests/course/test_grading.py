"""Grading one submission and a class, on a teacher's machine."""
import csv
import json

import pytest
from small_course import course
from submissions_made import filled
from test_archives import zipped

from npnet.course import grading
from npnet.course.gradebook import write_grades
from npnet.course.grader.assignment import load
from npnet.course.grader.grade import written_answers
from npnet.course.grader.gradescope import document, problems
from npnet.course.grader.rows import answer_rows, planned
from npnet.course.grader.source import replaced
from npnet.course.grading import assignment_of, grade_all, grade_files, grade_one, texts_of_answers

pytestmark = pytest.mark.long              # processes are started, or pictures drawn

SECRET = "a secret of a course, long enough"
FIRST_ALONE = "    y = np.zeros_like(x)\n    y[0] = 2 * x[0]\n    return y"


@pytest.fixture
def small(tmp_path):
    return load("a1", course(tmp_path / "course"))


def right(assignment):
    return filled(assignment, assignment.source.starter(), assignment.source.solution)


def wrong(assignment, code=FIRST_ALONE):
    return replaced(right(assignment), "a1.twice", [code])


def test_a_zip_a_folder_and_a_file_are_graded_alike(small, tmp_path):
    (tmp_path / "kim.zip").write_bytes(zipped({"work/a1_twice.py": wrong(small)}))
    (tmp_path / "lee" / "deep").mkdir(parents=True)
    (tmp_path / "lee" / "deep" / "a1_twice.py").write_text(wrong(small))
    (tmp_path / "a1_twice.py").write_text(wrong(small))
    for path in ("kim.zip", "lee", "a1_twice.py"):
        made, result = grade_one(tmp_path / path, small, "kim@x.org", SECRET)
        assert (made.student, made.earned, made.points, made.problem) == ("kim@x.org", 0.9, 3, "")
        assert made.regions == {"a1.twice": (0.9, 3)} and made.mistakes == [("a1.twice", "twice.first")]
        assert made.codes == {"a1.twice": FIRST_ALONE} and "0.9 / 3" in made.texts[0][1]
        assert result.earned == made.earned


def test_what_is_missing_or_broken_has_its_problem(small):
    made, _ = grade_files({"notes.txt": b"x"}, small, "kim", SECRET)
    assert made.earned == 0 and made.points == 3 and "a1_twice.py is not there" in made.problem
    made, _ = grade_files({"a1_twice.py": b"def twice(:"}, small, "kim", SECRET, "ko")
    assert "줄을 읽지 못합니다" in made.problem


def test_a_notebook_is_graded_too(small):
    cells = [{"cell_type": "markdown", "source": ["# A1"]}, {"cell_type": "code", "source": "%matplotlib inline\n"},
             {"cell_type": "code", "source": right(small).splitlines(keepends=True)}]
    made, _ = grade_files({"a1_twice.ipynb": json.dumps({"cells": cells}).encode()}, small, "kim", SECRET)
    assert made.earned == 3
    made, _ = grade_files({"a1_twice.ipynb": b"no notebook"}, small, "kim", SECRET)
    assert made.earned == 0 and made.problem


def test_which_assignment_it_is(tmp_path):
    folder = course(tmp_path / "course")
    assert assignment_of({"x/a2_four.py": b""}, folder) == "a2"
    with pytest.raises(ValueError, match="the submission holds files of a1, a2; say which one, with --assignment a1"):
        assignment_of({"a1_twice.py": b"", "a2_four.py": b""}, folder)
    with pytest.raises(ValueError, match="no file of an assignment is in the submission, which holds x.txt"):
        assignment_of({"x.txt": b""}, folder)


def everybody(assignment, folder):
    """A folder as Canvas gives it: right, wrong, shared and unknown, broken, dangerous, empty, late."""
    unknown = "    return x * 2 + (x > 1) * np.arange(x.size).reshape(x.shape) % 3"
    files = {"ann_1_11_a1_twice.py": right(assignment).encode(), "bob_LATE_2_12_a1_twice-1.py": wrong(assignment).encode(),
             "cat_3_13_mine.zip": zipped({"a1_twice.py": wrong(assignment, unknown)}),
             "dan_4_14_a1_twice.py": wrong(assignment, unknown + "\n    # mine").encode(),
             "eve_5_15_mine.zip": b"broken", "fay_6_16_mine.zip": zipped({"../../a1_twice.py": right(assignment)}),
             "gil_7_17_empty.zip": zipped({}), "hal_8_18_a1_twice.py": b"\xff\xfe\x00"}
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.long), 3])
def test_a_class(small, tmp_path, jobs):
    folder = everybody(small, tmp_path / "all")
    heard = []
    grades = grade_all(folder, "a1", SECRET, folder=str(tmp_path / "course"), jobs=jobs,
                       progress=lambda done, total: heard.append((done, total)))
    by = {each.student: each for each in grades}
    assert sorted(by) == list("12345678") and heard[-1] == (8, 8)
    assert (by["1"].earned, by["1"].name, by["2"].late) == (3, "ann", True)
    assert "not a zip, or it is damaged" in by["5"].problem and "leads out of its folder" in by["6"].problem
    assert by["7"].problem and by["8"].problem and by["8"].points == 3
    assert by["3"].unknown == by["4"].unknown != [] and by["2"].mistakes == [("a1.twice", "twice.first")]
    write_grades(tmp_path / "grades.csv", grades)
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text("utf-8-sig").splitlines()))
    assert [row["score"] for row in rows][:2] == ["3", "0.9"] and rows[1]["remark"] == "late"


def test_shared_wrong_answers_are_told_from_shared_errors(small):
    """No value at all, and a value that the gradient checker alone has a word for, are answers; an exception is none."""
    def unknown(code):
        return grade_files({"a1_twice.py": wrong(small, code).encode()}, small, "kim", SECRET)[0].unknown
    assert unknown("    x * 2") == unknown("    2 * x  # mine") != []
    assert unknown("    return x ** 3") == unknown("    return x  ** 3") != unknown("    x * 2")
    assert unknown("    return y") == unknown(FIRST_ALONE) == []


def die(task):
    """What a grader that is taken down does."""
    import os
    if task.submission.id == "2":
        os._exit(9)
    return grading.failed(task, "")


@pytest.mark.long
def test_a_process_that_is_taken_down_does_not_stop_the_rest(small, tmp_path, monkeypatch):
    folder = everybody(small, tmp_path / "all")
    monkeypatch.setattr(grading, "work", die)
    grades = grade_all(folder, "a1", SECRET, folder=str(tmp_path / "course"), jobs=2)
    assert len(grades) == 8
    assert ["took the grader's own process down" in each.problem for each in grades if each.student in "1234"] == \
        [False, True, False, False]


def test_written_answers_are_rows_without_points_and_have_their_rubric():
    ten = load("a10")
    text = right(ten).replace("# END ANSWER(a10.q1)", "# Because it knows nothing: log(M).\n# END ANSWER(a10.q1)")
    answers = written_answers(text, ten.source)
    rows = answer_rows(answers, "ko")
    assert [(row["number"], row["max_score"], row["status"]) for row in rows] == [
        ("a10.q1", 0, "passed"), ("a10.q2", 0, "failed"), ("a10.q3", 0, "failed"), ("a10.q4", 0, "failed")]
    assert rows[0]["output"] == "Because it knows nothing: log(M)." and "사람이 채점" in rows[0]["name"]
    texts = texts_of_answers(answers, "en")
    assert "log(M)" in texts[0][1] and "Half a point" in texts[0][1] and "(no answer)" in texts[1][1]
    content = document(planned(ten), "")
    assert problems(content) == [] and [row["number"] for row in content["tests"]][-4:] == [row["number"] for row in rows]
