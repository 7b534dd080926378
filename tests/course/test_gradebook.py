"""Grades as tables: our own, and those that an LMS gave."""
import csv
import io

import pytest

from npnet.course.gradebook import COLUMNS, Grade, fill, read_grades, write_grades


@pytest.fixture
def grades(tmp_path):
    path = tmp_path / "grades.csv"
    write_grades(path, [
        Grade("a3", "12345", "김민수", 12.5, 16, regions={"a3.dx": (2.5, 4), "a3.dw": (4, 4)}),
        Grade("a3", "kim@x.org", "=HYPERLINK(1)", 0, 16, late=True, problem="no file", regions={}),
        Grade("a3", "777", "Lee", 16, 16, regions={"a3.dx": (4, 4)})])
    return path


def test_our_own_table_has_nbgraders_columns(grades):
    rows = list(csv.DictReader(io.StringIO(grades.read_text("utf-8-sig"))))
    assert tuple(rows[0])[:len(COLUMNS)] == COLUMNS and tuple(rows[0])[len(COLUMNS):] == ("a3.dx", "a3.dw", "remark")
    assert (rows[0]["student_id"], rows[0]["score"], rows[0]["max_score"], rows[0]["a3.dx"]) == ("12345", "12.5", "16", "2.5")
    assert (rows[1]["email"], rows[1]["remark"], rows[1]["a3.dx"]) == ("kim@x.org", "late; no file", "")
    assert rows[0]["last_name"] == "김민수"
    assert read_grades(grades) == {"12345": "12.5", "kim@x.org": "", "777": "16"}


def test_a_name_does_not_become_a_formula(grades):
    assert "'=HYPERLINK(1)" in grades.read_text("utf-8-sig")


CANVAS = ("Student,ID,SIS User ID,A3 (4711),Final\r\n    Points Possible,,,16,\r\n\"Kim, Minsu\",12345,s1,,99\r\n"
          "Park,888,s2,,98\r\nLee,777,s3,16.0,97\r\n")


def test_canvas_is_filled_and_nothing_else_changes(grades, tmp_path):
    path = tmp_path / "canvas.csv"
    path.write_bytes(CANVAS.encode())
    done = fill(path, grades, "ID", "A3 (4711)")
    assert path.read_bytes().decode() == CANVAS.replace("s1,,99", "s1,12.5,99").replace("16.0", "16")
    assert (done.filled, done.kept, done.unknown, done.empty) == (["12345", "777"], [], ["kim@x.org"], ["888"])
    assert (tmp_path / "canvas.before.csv").read_bytes() == CANVAS.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_a_korean_moodle(grades, tmp_path, encoding):
    text = "식별번호;이름;성적\n참여자 12345;김민수;\n참여자 999;박;3\n"
    path = tmp_path / "moodle.csv"
    path.write_bytes(text.encode(encoding))
    assert fill(path, grades, "식별번호", "성적").filled == ["12345"]
    assert path.read_bytes().decode(encoding) == text.replace("김민수;", "김민수;12.5")
    assert path.read_bytes()[:3] == text.encode(encoding)[:3]


def test_a_grade_that_is_there_is_kept_unless_told(grades, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ID,A3\n12345,7\n777,\n")
    done = fill(path, grades, "ID", "A3")
    assert (done.kept, path.read_text()) == (["12345"], "ID,A3\n12345,7\n777,16\n")
    fill(path, grades, "ID", "A3", replace=True)
    assert path.read_text() == "ID,A3\n12345,12.5\n777,16\n"
    assert (tmp_path / "a.before.csv").read_text() == "ID,A3\n12345,7\n777,\n"          # as it was first


@pytest.mark.parametrize("text, said", [
    ("Number,A3\n12345,\n", "has no column 'ID'; it has Number, A3"), ("ID,ID,A3\n", "two columns 'ID'"),
    ("ID,A3\n12345,\n 12345 ,\n", "has two rows for 12345"), ("", "has no column 'ID'; it has nothing")])
def test_tables_that_cannot_be_filled(grades, tmp_path, text, said):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        fill(path, grades, "ID", "A3")
    assert path.read_text() == text


def test_every_member_of_a_group_gets_the_grade(tmp_path):
    write_grades(tmp_path / "grades.csv", [Grade("a3", "an@x.org,lee@x.org", "", 7, 16), Grade("a3", "Kim, Minsu", "", 8, 16)])
    (tmp_path / "lms.csv").write_text('ID,A3\nlee@x.org,\nan@x.org,\n"Kim, Minsu",\n')
    done = fill(tmp_path / "lms.csv", tmp_path / "grades.csv", "ID", "A3")
    assert (tmp_path / "lms.csv").read_text() == 'ID,A3\nlee@x.org,7\nan@x.org,7\n"Kim, Minsu",8\n' and done.unknown == []


def test_work_that_was_not_graded_is_left_alone(grades, tmp_path):
    (tmp_path / "lms.csv").write_text("ID,A3\nkim@x.org,5\n12345,\n")
    done = fill(tmp_path / "lms.csv", grades, "ID", "A3", replace=True)
    assert (tmp_path / "lms.csv").read_text() == "ID,A3\nkim@x.org,5\n12345,12.5\n"
    assert (done.ungraded, done.filled, done.unknown) == (["kim@x.org"], ["12345"], ["777"])


def test_what_is_no_table_of_grades(tmp_path):
    (tmp_path / "a.csv").write_text("name\nkim\n")
    with pytest.raises(ValueError, match="needs the columns student_id and score"):
        read_grades(tmp_path / "a.csv")
