"""Grades as tables: grades.csv, with the names of columns that nbgrader uses, and the files that an LMS gave.

    write_grades("grades.csv", grades)                                          # a row for each Grade
    fill("downloaded.csv", "grades.csv", "ID", "A3 (4711)")                     # the LMS's own file, filled in

The files of Moodle and Canvas have translated column names and numbers of their own, so they are never made up
here: the teacher downloads one, and its column is filled.
"""
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from ..files.beside import writing

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
           "late_submission_penalty", "score", "max_score")
ENCODINGS = ("utf-8-sig", "utf-16", "cp949")                # tried in this order; Excel in Korea writes the last one


@dataclass
class Grade:
    """What came of one submission, as plain data.

    regions: {id: (points earned, points)}. mistakes: [(region, id of the catalogue)]. unknown: [(region, hash of a
    wrong answer)]. texts: [(title, text)] of a report. codes: {region: what the student wrote}. problem: a sentence,
    where nothing could be graded.
    """

    assignment: str
    student: str
    name: str = ""
    earned: float = 0.0
    points: float = 0.0
    late: bool = False
    problem: str = ""
    regions: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    codes: dict = field(default_factory=dict)
    seconds: float = 0.0


# ---------------------------------------------------------------------------- our own table

def write_grades(path, grades):
    """Writes grades.csv: nbgrader's columns, then one for each region, then remarks. Excel reads its Korean too."""
    regions = list(dict.fromkeys(region for grade in grades for region in grade.regions))
    with writing(path) as temporary, open(temporary, "w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow([*COLUMNS, *regions, "remark"])
        for grade in grades:
            table.writerow([harmless(cell) for cell in row_of(grade, regions)])


def row_of(grade, regions):
    """The cells of one student. No penalty is taken off: that it was late is a remark, and the teacher's to judge."""
    score = "" if grade.problem else number(grade.earned)       # what was not graded is the teacher's to judge: no 0
    known = {"assignment": grade.assignment, "student_id": grade.student, "last_name": grade.name,
             "email": grade.student if "@" in grade.student else "", "raw_score": score,
             "late_submission_penalty": 0, "score": score, "max_score": number(grade.points)}
    remark = "; ".join(filter(None, ["late" if grade.late else "", grade.problem]))
    earned = [number(grade.regions[region][0]) if region in grade.regions else "" for region in regions]
    return [known.get(column, "") for column in COLUMNS] + earned + [remark]


def number(points):
    """12.5 as "12.5", 12.0 as "12"."""
    return f"{round(points, 4):g}"


def harmless(cell):
    """A cell that a spreadsheet does not run: names of students and files are theirs to choose."""
    text = str(cell)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"-?[\d.]+", text) else text


def read_grades(path):
    """{student: score} of a grades.csv; "" for work that was not graded. ValueError: it lacks the columns."""
    rows = list(csv.DictReader(io.StringIO(decoded(path)[0])))
    if not rows or not {"student_id", "score"} <= set(rows[0]):
        raise ValueError(f"{path} needs the columns student_id and score, and a row; grade-all --csv writes one")
    return {member: row["score"] for row in rows for member in members(row["student_id"].lstrip("'"))}


def members(student):
    """The addresses of a group, which are parted by commas; anybody else is one."""
    parts = [part.strip() for part in student.split(",")]
    return parts if all("@" in part for part in parts) else [student]


# ---------------------------------------------------------------------------- the table of an LMS

@dataclass
class Filled:
    """What came of filling a table: ids that got a grade; that were there before; that no row has; rows without one;
    ids of those whose work could not be graded, whose rows are left alone."""

    filled: list
    kept: list
    unknown: list
    empty: list
    ungraded: list


def fill(into, grades, id_column, grade_column, replace=False):
    """Writes the grades into one column of a downloaded table; all other cells stay as they are.

    into: the table, which is replaced; a copy of it stays beside it. A grade that is there already and differs is kept,
    unless `replace`. Returns a Filled. ValueError: a column that is not there, or two rows of one student.
    """
    text, encoding = decoded(into)
    dialect = dialect_of(text)
    rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    at_id, at_grade = (column(rows, name, into) for name in (id_column, grade_column))
    scores, done = read_grades(grades), Filled([], [], [], [], [])
    owners = owners_of(rows, at_id, scores, into)
    for place, row in enumerate(rows[1:], 1):
        student = owners.get(place)
        if student is None:
            if len(row) > at_id and row[at_id].strip():
                done.empty.append(row[at_id].strip())
            continue
        if not scores[student].strip():
            done.ungraded.append(student)
            continue
        row += [""] * (at_grade + 1 - len(row))
        keep = row[at_grade].strip() and not replace and not equal(row[at_grade], scores[student])
        (done.kept if keep else done.filled).append(student)
        row[at_grade] = row[at_grade] if keep else scores[student]
    done.unknown = sorted(set(scores) - set(owners.values()))
    write_like(into, rows, dialect, encoding)
    return done


def column(rows, name, path):
    """The place of a column. ValueError: it is not there, or twice."""
    head = [cell.strip() for cell in rows[0]] if rows else []
    if head.count(name.strip()) != 1:
        raise ValueError(f"{path} has {'no column' if name.strip() not in head else 'two columns'} {name!r}; "
                         f"it has {', '.join(head) or 'nothing'}")
    return head.index(name.strip())


def owners_of(rows, at_id, scores, path):
    """{place of a row: student}. Moodle writes "Participant 123" in the language of the page: the number counts."""
    by_text = {student.strip().lower(): student for student in scores}
    found = {}
    for place, row in enumerate(rows[1:], 1):
        cell = row[at_id].strip().lower() if len(row) > at_id else ""
        number_at_end = re.fullmatch(r"\D+ (\d+)", cell)
        student = by_text.get(cell) or by_text.get(number_at_end[1] if number_at_end else "")
        if student in found.values() and student is not None:
            raise ValueError(f"{path} has two rows for {student}; which one is meant cannot be known")
        if student is not None:
            found[place] = student
    return found


def equal(a, b):
    """Whether two grades are the same number: "9.50" and "9.5"."""
    try:
        return float(a.replace(",", ".")) == float(b)
    except ValueError:
        return a.strip() == b.strip()


def decoded(path):
    """(text, name of its encoding) of a table."""
    content = Path(path).read_bytes()
    for encoding in ENCODINGS:
        try:
            if encoding == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
                continue
            marked = content.startswith(b"\xef\xbb\xbf")
            return content.decode(encoding), "utf-8" if encoding == "utf-8-sig" and not marked else encoding
        except UnicodeDecodeError:
            pass
    raise ValueError(f"{path} is not a text that can be read; save it as CSV in UTF-8")


def dialect_of(text):
    """How a table is written: what is between its cells, and how its lines end."""
    head = text.split("\n", 1)[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=head.count)
        lineterminator = "\r\n" if head.endswith("\r") else "\n"
    return Dialect


def write_like(path, rows, dialect, encoding):
    """Writes a table over the old one, in the same form; the old one stays as name.before.csv."""
    path = Path(path)
    before = path.with_name(f"{path.stem}.before{path.suffix}")
    if not before.exists():
        with writing(before) as temporary:
            Path(temporary).write_bytes(path.read_bytes())
    text = io.StringIO(newline="")
    csv.writer(text, dialect).writerows(rows)
    with writing(path) as temporary:
        Path(temporary).write_bytes(text.getvalue().encode(encoding))
