"""The instructor's commands, as they are typed."""
import json
import zipfile

import pytest
from small_course import course
from test_grading import right, wrong

from npnet.cli import main
from npnet.course.grader.assignment import load
from npnet.course.grader.gradescope import problems

pytestmark = pytest.mark.long              # processes are started, or pictures drawn


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to be in, with the small course as the one that is used."""
    monkeypatch.setenv("NPNET_COURSE", str(course(tmp_path / "course")))
    monkeypatch.setenv("NPNET_LANG", "")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def typed(words, capsys):
    """(exit code, what was printed, what was said of errors) of a command."""
    code = main(["course", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_grade_one(place, capsys):
    (place / "kim").mkdir()
    (place / "kim" / "a1_twice.py").write_text(wrong(load("a1")))
    code, said, _ = typed(["grade", "kim", "--gradescope", "r.json", "--csv", "g.csv", "--html", "k.html"], capsys)
    assert code == 0 and "0.9 of 3 points" in said and "wrote k.html" in said
    results = json.loads((place / "r.json").read_text("utf-8"))
    assert problems(results, 3) == [] and "kim" not in json.dumps(results["extra_data"])
    assert [row["score"] for row in results["tests"]] == [0.9, 0.0]
    assert ",kim,,,,0.9," in (place / "g.csv").read_text("utf-8-sig") and "0.9 / 3" in (place / "k.html").read_text("utf-8")


def test_grade_all_and_fill(place, capsys):
    one = load("a1")
    (place / "all").mkdir()
    (place / "all" / "ann_1_1_a1_twice.py").write_text(right(one))
    (place / "all" / "bob_2_1_a1_twice.py").write_text(wrong(one))
    (place / "all" / "eve_3_1_a.zip").write_bytes(b"broken")
    code, said, _ = typed(["grade-all", "all", "--jobs", "2", "--html", "reports", "--lang", "ko"], capsys)
    assert code == 0 and "3 submissions, 2 graded, mean 1.95 of 3 points" in said
    assert "1 student  a1.twice: twice.first" in said and "3: eve_3_1_a.zip is not a zip" in said
    assert sorted(path.name for path in (place / "reports").iterdir()) == ["1.html", "2.html", "3.html", "class.html"]
    (place / "lms.csv").write_text("ID,A1\n1,\n2,\n7,\n")
    code, said, _ = typed(["grades", "fill", "--into", "lms.csv", "--id-column", "ID", "--grade-column", "A1"], capsys)
    assert code == 0 and "2 grades put into lms.csv" in said and "1 are in no row of the table: 3" in said
    assert (place / "lms.csv").read_text() == "ID,A1\n1,3\n2,0.9\n7,\n"


def test_handout_and_autograder(place, capsys):
    code, said, _ = typed(["build-handout", "a2", "--notebook"], capsys)
    assert code == 0 and "wrote a2-handout.zip: a2_four.ipynb, a2_four.md, a2_four.py, parts.py" in " ".join(said.split())
    code, said, _ = typed(["build-autograder", "a1", "--secret", "s.txt"], capsys)
    assert code == 0 and "wrote s.txt; keep it" in said
    with zipfile.ZipFile(place / "a1-autograder.zip") as archive:
        assert archive.read("secret.txt") == (place / "s.txt").read_bytes() and len(archive.read("secret.txt")) == 65
    typed(["build-autograder", "a1", "--secret", "s.txt", "--out", "again.zip"], capsys)
    assert (place / "again.zip").read_bytes() == (place / "a1-autograder.zip").read_bytes()
    code, said, _ = typed(["build-autograder", "a1"], capsys)
    assert "a public secret" in said


def test_otter_and_nbgrader(place, capsys):
    code, said, _ = typed(["build-autograder", "a1", "--otter", "--out", "o"], capsys)
    assert code == 0 and "OK_FORMAT = False" in (place / "o" / "tests" / "a1_twice.py").read_text()
    code, said, _ = typed(["build-autograder", "a1", "--nbgrader"], capsys)
    assert code == 0 and json.loads((place / "a1.ipynb").read_text("utf-8"))["nbformat"] == 4


def test_selftest(place, capsys):
    code, said, _ = typed(["selftest", "a1", "--seeds", "2"], capsys)
    assert code == 0 and "a1: 3 properties, 1 mistake, 2 students: 0 problems" in said
    checks = place.parent / "course" / "checks" / "a1.py"
    (place / "ids.txt").write_text("kim\n\nlee\n")
    code, said, _ = typed(["selftest", "a1", "--students", "ids.txt"], capsys)
    assert code == 0 and "2 students" in said and checks.is_file()


def test_similarity(place, capsys):
    one = load("a1")
    (place / "all").mkdir()
    for number, text in enumerate((right(one), right(one), one.source.starter()), 1):
        (place / "all" / f"{number}.py").write_text(text)
    code, said, _ = typed(["similarity", "all", "--least", "0"], capsys)
    assert code == 0 and "of 3 submissions" in said and "no proof" in said


@pytest.mark.parametrize("words, said", [
    (["grade", "nothing.zip"], "nothing.zip is not there; give a folder, a zip or a .py file"),
    (["grade", "."], "no file of an assignment is in the submission, which holds nothing; say --assignment a3"),
    (["grade-all", "."], "holds no submissions"), (["grade-all", ".", "--jobs", "0"], "--jobs must be 1 or more, got 0"),
    (["build-handout", "a99"], "there is no assignment a99; there are a1, a2"),
    (["build-handout", "a1", "--course", "nowhere"], "--course nowhere is not a folder"),
    (["build-autograder", "a1", "--wheelhouse", "."], "has no wheel of NumPy; fill it with: pip download"),
    (["build-autograder", "a1", "--otter", "--nbgrader"], "not allowed with argument --otter"),
    (["selftest", "a1", "--seeds", "0"], "--seeds must be 1 or more, got 0"),
    (["similarity", ".", "--least", "40"], "--least is a share from 0 to 1, got 40"),
    (["grades", "fill", "--into", "x.csv", "--id-column", "ID", "--grade-column", "A"], "x.csv")])
def test_one_sentence_says_what_is_wrong(place, capsys, words, said):
    code, _, error = typed(words, capsys)
    assert code == 2 and said in " ".join(error.split()) and len(error.splitlines()) <= 3
