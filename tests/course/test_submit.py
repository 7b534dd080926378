"""What is handed in: the asked file and a manifest, and no file of anybody else's is replaced."""
import hashlib
import json
import zipfile

import pytest

from npnet.course.answers import unanswered, with_answers
from npnet.course.submissions import one
from npnet.course.submit import MANIFEST, submit
from npnet.course.workspace import Workspace
from pocket import RIGHT, solved


@pytest.fixture
def work(pocket):
    work = Workspace()
    work.start("a1")
    solved(work.path("a1"), "a1.double", RIGHT["a1.double"])
    return work


def manifest(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(MANIFEST))


def test_the_zip_holds_the_asked_file_and_a_manifest(pocket, work):
    (pocket / "secret.txt").write_text("mine", "utf-8")
    lines = submit(work, "a1")
    content = work.path("a1").read_bytes()
    assert one(pocket / "a1.zip") == {"a1_double.py": content, MANIFEST: one(pocket / "a1.zip")[MANIFEST]}
    told = manifest(pocket / "a1.zip")
    assert told["files"] == {"a1_double.py": hashlib.sha256(content).hexdigest()}
    assert told["assignment"] == "a1" and told["checks"] == 0 and told["checked"] is False
    assert lines[0] == "Packed a1.zip for handing in:" and "Not started yet: a1.total." in lines
    assert "This file was never checked: npnet course check a1 first." in lines
    assert lines[-1] == "Nothing was sent: upload a1.zip where your course asks for it."


def test_the_last_check_is_told_if_the_file_is_still_the_same(pocket, work):
    digest = hashlib.sha256(work.path("a1").read_bytes()).hexdigest()
    last = {"a1.double": {"got": 6, "most": 6, "state": "right"}, "a1.total": {"got": 0, "most": 4, "state": "untouched"}}
    work.remember(last={"a1": last}, checked={"a1": {"sha256": digest, "count": 3}}, hints={"a1.double": 2, "a2.four": 1})
    assert "The last check of this file: 6 of 10 points in public tests." in submit(work, "a1")
    told = manifest(pocket / "a1.zip")
    assert (told["checks"], told["checked"], told["last"], told["hints"]) == (3, True, last, {"a1.double": 2})
    solved(work.path("a1"), "a1.total", RIGHT["a1.total"])
    assert any("Your file has changed since the last check" in line for line in submit(work, "a1"))
    assert manifest(pocket / "a1.zip")["checked"] is False


def test_a_zip_of_ours_is_replaced_and_another_is_left_alone(pocket, work):
    submit(work, "a1")
    submit(work, "a1")
    assert not (pocket / "a1.1.zip").exists()
    for content in (b"mine", zip_with("manifest.json", b"[]")):
        (pocket / "a1.zip").write_bytes(content)
        lines = submit(work, "a1")
        assert lines[0] == "a1.zip is there already and was not made by submit; it is left as it is."
        assert (pocket / "a1.zip").read_bytes() == content
    assert zipfile.is_zipfile(pocket / "a1.1.zip") and zipfile.is_zipfile(pocket / "a1.2.zip")


def zip_with(name, content):
    import io
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, content)
    return held.getvalue()


def test_nothing_of_the_student_is_in_the_manifest(pocket, work):
    submit(work, "a1")
    text = json.dumps(manifest(pocket / "a1.zip"))
    assert str(pocket) not in text and "내 과제" not in text


def test_damaged_marks_and_unstarted_assignments_are_told_before_anything_is_written(pocket, work):
    text = work.path("a1").read_text("utf-8")
    work.path("a1").write_text(text.replace("    # END YOUR CODE(a1.total)\n", ""), "utf-8")
    with pytest.raises(ValueError, match="the marks of a1.total are damaged: this line is missing: # END YOUR CODE"):
        submit(work, "a1")
    with pytest.raises(ValueError, match="a2 is not started"):
        submit(work, "a2")
    assert not list(pocket.glob("*.zip"))


def test_korean(pocket, work):
    assert submit(Workspace(language="ko"), "a1")[0] == "제출할 파일 a1.zip을 만들었습니다:"


STARTER = "x = 1\n# ANSWER(a9.q1, points=1)\n# 1. Why?\n#\n# END ANSWER(a9.q1)\n# ANSWER(a9.q2)\n# 2. How?\n#\n# END ANSWER(a9.q2)\n"


def test_questions_that_are_not_answered_are_named():
    assert unanswered(STARTER, STARTER) == ["a9.q1", "a9.q2"]
    answered = STARTER.replace("# 1. Why?\n#\n", "# 1. Why?\n# Because.\n")
    assert unanswered(answered, STARTER) == ["a9.q2"]
    assert unanswered(answered.replace("# END ANSWER(a9.q1)\n", ""), STARTER) == ["a9.q1", "a9.q2"]


def test_a_new_version_keeps_what_was_answered():
    answered = STARTER.replace("# 1. Why?\n#\n", "# 1. Why?\n# Because.\n")
    newer = STARTER.replace("x = 1", "x = 2").replace("Why?", "Why, and when?").replace("How?", "How much?")
    merged = with_answers(newer, answered, STARTER)
    assert "x = 2" in merged and "# 1. Why?\n# Because.\n" in merged and "How much?" in merged
