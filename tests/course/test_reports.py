"""Reports in HTML, and wrong answers that several students share."""
import re
from html.parser import HTMLParser

import pytest

from npnet.course.clusters import clusters, counted_mistakes
from npnet.course.gradebook import Grade
from npnet.course.grader.assignment import load
from npnet.course.reports import class_page, submission_page, write_class, write_report, write_reports


class Reader(HTMLParser):
    """Whether all elements are closed, which there are, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.said = [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.seen.append(name)
        if name not in ("meta", "!doctype"):
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.said.append(data)


GRADES = [
    Grade("a1", "kim@x.org", "김민수", 2.0, 4.0, regions={"a1.size": (2.0, 2.0), "a1.pad": (0.0, 2.0)},
          mistakes=[("a1.pad", "pad.one_side")], unknown=[("a1.conv_naive", "abc")],
          texts=[("a1.pad", "shape (2, 3) & <script>alert(1)</script>")], codes={"a1.pad": "if a < b: pass"}),
    Grade("a1", "lee", "", 3.2, 4.0, regions={"a1.size": (1.2, 2.0), "a1.pad": (2.0, 2.0)},
          mistakes=[("a1.pad", "pad.one_side")], unknown=[("a1.conv_naive", "abc"), ("a1.size", "def")]),
    Grade("a1", "<b>park</b>", problem="park.zip is not a zip, or it is damaged; ask for it again")]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_are_whole_and_nothing_of_a_student_becomes_html(language):
    for text in (submission_page(GRADES[0], language), class_page(GRADES, language)):
        read = Reader(text)
        assert read.open == [] and "script" not in read.seen and "b" not in read.seen
        assert "http" not in text and f'<html lang="{language}">' in text


def test_the_report_of_a_submission(tmp_path):
    write_report(tmp_path / "kim.html", GRADES[0], "ko")
    text = (tmp_path / "kim.html").read_text("utf-8")
    assert "4점 만점에 2점" in text and "김민수" in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<td class="number full">2 / 2</td>' in text and '<td class="number none">0 / 2</td>' in text
    assert "if a &lt; b: pass" in text


def test_no_report_takes_the_place_of_another(tmp_path):
    grades = [Grade("a1", student) for student in ("Müller", "田中", "山田", "a/b", "a b", "A_B", "class", "../x")]
    assert write_reports(tmp_path / "r", grades) == tmp_path / "r" / "class.html"
    names = sorted(path.name for path in (tmp_path / "r").iterdir())
    assert len(names) == 9 and [path.name for path in tmp_path.iterdir()] == ["r"]
    assert "Müller.html" in names and "class_.html" in names
    assert "田中" in (tmp_path / "r" / "田中.html").read_text("utf-8")


def test_the_report_of_a_class(tmp_path):
    write_class(tmp_path / "class.html", GRADES, "en")
    said = "\n".join(Reader((tmp_path / "class.html").read_text("utf-8")).said)
    assert "Submissions: 2. Mean: 2.6 of 4 points; half of them have 2.6 or more." in said
    assert "Not graded: 1" in said and "park.zip is not a zip" in said and "<b>park</b>" in said
    assert re.search(r"pad\.one_side\n.*\n2\n", said) and "abc\n2\nkim@x.org, lee" in said and "def" not in said


def test_a_class_in_which_nothing_could_be_graded():
    assert "Not graded: 1" in class_page(GRADES[2:], "en")


def test_shared_wrong_answers_are_counted():
    found = clusters(GRADES)
    assert [(each.region, each.hash, each.students) for each in found] == [("a1.conv_naive", "abc", ["kim@x.org", "lee"])]
    assert len(clusters(GRADES, least=1)) == 2
    assert counted_mistakes(GRADES) == [("a1.pad", "pad.one_side", 2)]


def test_the_class_has_heads_links_and_the_sentences_of_mistakes(tmp_path):
    grades = [Grade("a3", "kim", "Kim", 1.0, 16.0, late=True, mistakes=[("a3.dw", "dw.stride")]), Grade("a3", "KIM", "", 2.0, 16.0)]
    text = write_reports(tmp_path, grades).read_text("utf-8")
    assert 'href="kim.html"' in text and 'href="KIM_.html"' in text and (tmp_path / "KIM_.html").is_file()
    assert all(word in text for word in ("<th>student</th>", "<th>remark</th>", ">late<"))
    assert next(m for m in load("a3").mistakes if m.id == "dw.stride").when["en"] in text
