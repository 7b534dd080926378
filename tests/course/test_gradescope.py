"""results.json: the documented schema, written so that it is always whole."""
import json
import math

import pytest

from npnet.course.grader import gradescope
from npnet.course.grader.gradescope import Book, cut, document, encoded, finite, plain, problems, test as row


def rows():
    return [row("3.1", "a3.col2im (public)", 3.6, 3.6, "good", tags=["accumulate"]),
            row("3.2", "a3.col2im (hidden)", 0, 2.4, "겹치는 윈도", visibility="after_published", mistakes=["col2im.overwrite"])]


def test_a_good_document_has_no_problems_and_holds_korean_as_it_is():
    content = document(rows(), "3.6 of 6", seconds=1.239, label="abc")
    assert problems(content, points=6) == []
    assert "겹치는 윈도".encode() in encoded(content)
    assert json.loads(encoded(content)) == content
    assert content["execution_time"] == 1.24 and content["extra_data"] == {"label": "abc"}


def test_a_row_is_passed_only_with_all_points():
    assert row("1", "n", 2, 2)["status"] == "passed"
    assert row("1", "n", 1.9999, 2)["status"] == "failed"
    assert row("1", "n", 5, 2)["score"] == 2
    assert row("1", "n", 0, 2, tags=["b", "a", "b"])["tags"] == ["a", "b"]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_counts_nothing(number):
    assert finite(number) == 0.0
    assert problems(document([row("1", "n", number, 2)], "", seconds=number)) == []


def test_long_texts_are_cut_and_say_so():
    text = cut("x" * 9000)
    assert len(text) == 4000 and text.endswith("... (9,000 characters; the rest is left out)")
    assert cut("x" * 4000) == "x" * 4000


def test_texts_that_cannot_be_written_are_written_all_the_same():
    assert plain("a\ud800b") == "a?b"
    assert plain("\x1b[31mred\x1b[0m\ttab\n\x00") == "[31mred[0m\ttab\n"
    assert plain("한글\u3000日本") == "한글\u3000日本"


BROKEN = [
    ("the document is not an object", lambda c: []),
    ("neither a score nor tests", lambda c: {}),
    ("not documented: 'points'", lambda c: c.update(points=1)),
    ("execution_time = '1.23'; it must be number", lambda c: c.update(execution_time="1.23")),
    ("visibility = 'secret'; it must be one of hidden, after_due_date", lambda c: c.update(visibility="secret")),
    ("output_format = 'markdown'", lambda c: c.update(output_format="markdown")),
    ("extra_data = []; it must be object", lambda c: c.update(extra_data=[])),
    ("tests = {}; it must be list", lambda c: c.update(tests={})),
    ("tests[0] is not an object", lambda c: c["tests"].insert(0, "a row")),
    ("tests[0] has a score of 9, above its max_score of 3.6", lambda c: c["tests"][0].update(score=9)),
    ("tests[0] has a score below 0", lambda c: c["tests"][0].update(score=-1, status="failed")),
    ("tests[0] has score = nan", lambda c: c["tests"][0].update(score=math.nan)),
    ("tests[0] has score = True", lambda c: c["tests"][0].update(score=True)),
    ("tests[0] is called passed with 1 of 3.6", lambda c: c["tests"][0].update(score=1)),
    ("tests[0] has status = 'ok'", lambda c: c["tests"][0].update(status="ok")),
    ("tests[0] has tags = 'conv'; it must be texts", lambda c: c["tests"][0].update(tags="conv")),
    ("tests[0] has number = 3.2; it must be text", lambda c: c["tests"][0].update(number=3.2)),
    ("tests[0] has no name", lambda c: c["tests"][0].pop("name")),
    ("tests[0] has an output of 4001", lambda c: c["tests"][0].update(output="x" * 4001)),
    ("tests[0] has no score, and neither has the document", lambda c: c["tests"][0].pop("score")),
    ("two tests have the number 3.1", lambda c: c["tests"][1].update(number="3.1")),
    ("the tests have 8.4 points in all; the assignment has 6", lambda c: c["tests"][1].update(max_score=4.8)),
    ("leaderboard[0] has no value", lambda c: c.update(leaderboard=[{"name": "Accuracy"}])),
    ("leaderboard[0] has order = 'up'", lambda c: c.update(leaderboard=[{"name": "A", "value": 1, "order": "up"}])),
    ("cannot be written as JSON", lambda c: c.update(extra_data={"a": math.inf})),
    ("cannot be written as JSON", lambda c: c.update(extra_data={"a": "\ud800"})),
    ("bytes; 1000000 is the most", lambda c: c.update(output="x" * 1_000_001)),
]


@pytest.mark.parametrize("said, change", BROKEN, ids=[said[:40] for said, change in BROKEN])
def test_problems_are_found(said, change):
    content = document(rows(), "3.6 of 6")
    changed = change(content)
    found = problems(changed if isinstance(changed, (dict, list)) and changed is not content and not changed else content,
                     points=6)
    assert any(said in sentence for sentence in found), found


def test_a_document_with_a_score_of_its_own_needs_none_in_its_rows():
    content = {"score": 3, "tests": [{"name": "a"}], "leaderboard": [{"name": "Accuracy", "value": "0.9", "order": "asc"}]}
    assert problems(content) == []
    content["tests"][0].update(score=3, max_score=2, extra_data={"bonus": True})
    assert problems(content) == []


def test_the_file_is_right_before_and_after_every_region(tmp_path):
    path = tmp_path / "results" / "results.json"
    waiting = [row(each["number"], each["name"], 0, each["max_score"], "not graded") for each in rows()]

    def read():
        content = json.loads(path.read_text("utf-8"))
        assert problems(content, points=6) == []
        return content

    book = Book(path, waiting, label="abc")
    assert [each["score"] for each in read()["tests"]] == [0, 0]
    assert "did not finish" in read()["output"]
    book.add(rows()[:1])
    assert [each["score"] for each in read()["tests"]] == [3.6, 0]
    assert "did not finish" in read()["output"]
    book.add(rows()[1:])
    book.finish("3.6 of 6 points")
    assert read()["output"] == "3.6 of 6 points" and [each["number"] for each in read()["tests"]] == ["3.1", "3.2"]
    assert [each.name for each in path.parent.iterdir()] == ["results.json"]


def test_a_document_that_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "results.json"
    gradescope.write(path, {"score": 1})
    with pytest.raises(ValueError):
        gradescope.write(path, {"score": math.nan})
    assert json.loads(path.read_text()) == {"score": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_unfinished_in_korean(tmp_path):
    Book(tmp_path / "results.json", rows(), "ko")
    assert "채점이 끝나지 않았습니다" in json.loads((tmp_path / "results.json").read_text("utf-8"))["output"]
