"""The student's folder: start, reset, update, and that nothing of a student's is ever lost."""
import json
import subprocess
import sys

import pytest

from npnet.course.grader.assignment import HOME, Assignment
from npnet.course.overview import in_short, rows, status
from npnet.course.workspace import STATE, Workspace, find
from pocket import DOUBLE, RIGHT, environment, forget, solved

NEWER = DOUBLE.replace("import numpy as np\n", "import numpy as np\n\nPI = 3\n")


def newer(folder, text=NEWER):
    """Another version of the first assignment."""
    (folder.parent / "course/assignments/a1_double.py").write_text(text, "utf-8")
    forget()


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_start_writes_the_files_that_an_assignment_needs(pocket):
    lines = Workspace().start("a2")
    assert files(pocket) == [STATE, "a2_four.md", "a2_four.py", "parts.py"]
    assert lines[0] == "Started a2, Four times: 5 points." and lines[-1] == "Next: npnet course check a2"
    assert 'raise NotImplementedError("a2.four")  # delete this line' in (pocket / "a2_four.py").read_text("utf-8")
    assert (pocket / "a2_four.md").read_text("utf-8") == "# A2. Four times\n"


def test_korean_is_kept_for_later_commands(pocket, monkeypatch):
    assert Workspace(language="ko").start("a1")[0] == "a1 두 배를 시작했습니다. 10점입니다."
    assert (pocket / "a1_double.py").read_text("utf-8").startswith('"""두 배."""')
    assert "두 배" in (pocket / "a1_double.md").read_text("utf-8")
    assert find().language == "ko" and find("en").language == "en"
    monkeypatch.setenv("NPNET_LANG", "en")
    assert find().language == "en"


def test_start_overwrites_nothing(pocket):
    for name in ("a2_four.py", "parts.py", "a2_four.md"):
        (pocket / name).write_text("mine", "utf-8")
    lines = Workspace().start("a2")
    assert {(pocket / name).read_text("utf-8") for name in ("a2_four.py", "parts.py", "a2_four.md")} == {"mine"}
    assert sum("was there already" in line for line in lines) == 3
    assert not Workspace().state.get("given")


def test_a_file_runs_by_itself_with_parts_from_npnet(pocket):
    Workspace().start("a2")
    solved(pocket / "a2_four.py", "a2.four", RIGHT["a2.four"])
    with open(pocket / "a2_four.py", "a", encoding="utf-8") as file:
        file.write("\n\nprint(four(3))\n")
    done = subprocess.run([sys.executable, "a2_four.py"], cwd=pocket, env=environment(), text=True, capture_output=True)
    assert done.stdout == "12\n", done.stderr


def test_the_folder_is_found_from_inside_it(pocket, monkeypatch):
    Workspace().start("a1")
    (pocket / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(pocket / "deep" / "er")
    assert find().folder.resolve() == pocket.resolve() and find().started() == ["a1"]


def test_reset_puts_the_stub_back_and_keeps_the_file(pocket):
    work = Workspace()
    work.start("a1")
    before = work.path("a1").read_text("utf-8")
    assert work.reset("a1", "a1.double") == ["a1_double.py: up to date"]
    for region in ("a1.double", "a1.total"):
        solved(work.path("a1"), region, RIGHT[region])
    mine = work.path("a1").read_text("utf-8")
    said = work.reset("a1", "a1.double")
    assert said == ["a1.double is as it was at the start. Your file from before is kept: backup/a1_double.1.py"]
    text = work.path("a1").read_text("utf-8")
    assert 'NotImplementedError("a1.double")' in text and RIGHT["a1.total"] in text
    assert (pocket / "backup/a1_double.1.py").read_text("utf-8") == mine
    work.reset("a1")
    assert work.path("a1").read_text("utf-8") == before
    assert files(pocket / "backup") == ["a1_double.1.py", "a1_double.2.py"]


@pytest.mark.parametrize("change, said", [
    (("    # END YOUR CODE(a1.double)\n", ""), "the marks of a1.double are damaged"),
    (("a1.double)", "a1.duble)"), "the marks of a1.double are gone: # BEGIN YOUR CODE(a1.double)")])
def test_reset_of_damaged_marks_says_so_and_changes_nothing(pocket, change, said):
    work = Workspace()
    work.start("a1")
    text = work.path("a1").read_text("utf-8").replace(*change)
    work.path("a1").write_text(text, "utf-8")
    with pytest.raises(ValueError) as caught:
        work.reset("a1", "a1.double")
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert work.path("a1").read_text("utf-8") == text and not (pocket / "backup").exists()


def test_unknown_names_are_told_what_there_is(pocket):
    work = Workspace()
    with pytest.raises(ValueError, match="the course has no a99; it has a1, a2"):
        work.start("a99")
    with pytest.raises(ValueError, match="a1 is not started in .*; npnet course start a1 begins it"):
        work.reset("a1")
    work.start("a1")
    with pytest.raises(ValueError, match=r"a1 has no region a1.treble; it has a1.double, a1.total"):
        work.reset("a1", "a1.treble")
    with pytest.raises(ValueError, match="a1에는 a1.treble이라는 구역이 없습니다"):
        Workspace(language="ko").reset("a1", "a1.treble")
    with pytest.raises(ValueError, match="no assignment of the course is in"):
        Workspace(pocket.parent).update()


def test_a_file_in_another_encoding_is_one_sentence(pocket):
    work = Workspace()
    work.start("a1")
    work.path("a1").write_bytes("# 두 배".encode("cp949"))
    with pytest.raises(ValueError, match="a1_double.py is not text in UTF-8"):
        work.read("a1")


def test_update_takes_the_new_lines_and_keeps_the_regions(pocket):
    work = Workspace()
    work.start("a1")
    assert work.update() == ["a1_double.py: up to date"]
    mine = "y = np.array(x.sum())   # my own way,\n    # in two lines"
    solved(work.path("a1"), "a1.total", mine)
    before = work.path("a1").read_text("utf-8")
    newer(pocket)
    assert work.update()[0].startswith("a1_double.py: updated; your regions are word for word as they were")
    text = work.path("a1").read_text("utf-8")
    assert "PI = 3" in text and mine in text and 'NotImplementedError("a1.double")' in text
    assert (pocket / "backup/a1_double.1.py").read_text("utf-8") == before
    assert work.update() == ["a1_double.py: up to date"]


def test_update_does_not_touch_a_file_with_other_lines_of_the_students(pocket):
    work = Workspace()
    work.start("a1")
    text = work.path("a1").read_text("utf-8").replace("import numpy as np\n", "import numpy as np\nimport math\n")
    work.path("a1").write_text(text, "utf-8")
    solved(work.path("a1"), "a1.total", RIGHT["a1.total"])
    before = work.path("a1").read_text("utf-8")
    newer(pocket)
    said = work.update()[0]
    assert "you changed lines outside the marks (line 3)" in said and "a1_double.new.py" in said
    assert work.path("a1").read_text("utf-8") == before
    new = (pocket / "a1_double.new.py").read_text("utf-8")
    assert "PI = 3" in new and RIGHT["a1.total"] in new and "import math" not in new


def test_update_where_a_line_was_deleted_or_the_state_is_gone(pocket):
    work = Workspace()
    work.start("a1")
    text = work.path("a1").read_text("utf-8").replace('"""Twice."""\n', "")
    work.path("a1").write_text(text, "utf-8")
    newer(pocket)
    assert "left as it is, because you changed lines outside" in work.update()[0]
    (pocket / STATE).unlink()
    assert "because it is not known which version you began with" in Workspace().update()[0]
    assert work.path("a1").read_text("utf-8") == text


def test_update_of_a_region_that_is_gone_says_where_the_code_is(pocket):
    work = Workspace()
    work.start("a1")
    solved(work.path("a1"), "a1.total", RIGHT["a1.total"])
    newer(pocket, DOUBLE[:DOUBLE.index("\n\ndef total")])
    said = work.update()
    assert said[1] == "  a1.total is not asked for any longer; what you wrote for it is in backup/a1_double.1.py"
    assert RIGHT["a1.total"] in (pocket / "backup/a1_double.1.py").read_text("utf-8")


def test_update_of_the_handout_leaves_notes_of_the_students(pocket):
    work = Workspace()
    work.start("a1")
    newer(pocket, DOUBLE.replace("Write `double`.", "Write `double`, please."))
    assert "a1_double.md: updated" in work.update()
    assert "please" in (pocket / "a1_double.md").read_text("utf-8")
    (pocket / "a1_double.md").write_text("my notes", "utf-8")
    newer(pocket)
    assert "a1_double.md: left as it is, because you changed it. The new version" in "".join(work.update())
    assert (pocket / "a1_double.md").read_text("utf-8") == "my notes"


@pytest.mark.parametrize("damage", ["{", "[]", "\x00"])
def test_a_damaged_state_is_kept_aside(pocket, damage):
    Workspace().start("a1")
    (pocket / STATE).write_text(damage, "utf-8")
    work = Workspace()
    assert work.notes == [f"{STATE} was damaged and is kept as .npnet-course.1.damaged.json; hints and results are "
                          f"counted anew"]
    assert work.started() == ["a1"] and work.state == {}
    assert (pocket / ".npnet-course.1.damaged.json").read_text("utf-8") == damage


def test_two_commands_at_once_do_not_forget_each_other(pocket):
    one, other = Workspace(), Workspace()
    one.remember(hints={"a1.double": 1})
    other.remember(hints={"a1.total": 2}, language="ko")
    assert json.loads((pocket / STATE).read_text("utf-8")) == {"hints": {"a1.double": 1, "a1.total": 2}, "language": "ko"}


def test_the_list_shows_points_what_it_builds_on_and_the_state(pocket):
    work = Workspace()
    work.start("a1")
    assert rows(work)[:3] == [["assignment", "points", "builds on", "state"], ["a1  Twice", "10", "-", "started"],
                              ["a2  Four times", "5", "a1", "not started"]]
    work.remember(last={"a1": {"a1.double": {"got": 6, "most": 6, "state": "right"},
                               "a1.total": {"got": 0, "most": 4, "state": "wrong"}}})
    assert rows(work)[1][3] == "6 of 10"


def test_status_says_what_comes_next(pocket):
    work = Workspace()
    assert "no assignment of the course is in" in status(work)[0]
    work.start("a1")
    assert status(work) == ["  a1   [....................]     0 / 10    Twice", "",
                            "Points so far, in public tests: 0 of 10.",
                            "Next: a1.double, two times x: npnet course check a1.double"]
    work.remember(hints={"a1.double": 2}, last={"a1": {"a1.double": {"got": 6, "most": 6, "state": "right"},
                                                       "a1.total": {"got": 0, "most": 4, "state": "wrong"}}})
    assert status(work)[0] == "  a1   [############........]     6 / 10    Twice"
    assert status(work)[-2:] == ["Hints seen: 2.", "Next: a1.total, the sum of x: npnet course check a1.total"]


@pytest.mark.parametrize("ids, text", [([], ""), (["a1"], "a1"), (["a1", "a2"], "a1 a2"), (["a2", "a3", "a4", "a6"], "a2-a4 a6"),
                                       (["a9", "a10", "b1"], "a9 a10 b1"), (["a8", "a9", "a10"], "a8-a10")])
def test_what_an_assignment_builds_on_is_short(ids, text):
    assert in_short(ids) == text


def test_a_folder_that_is_a_file_is_told(pocket):
    (pocket / "notes").write_text("mine", "utf-8")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        Workspace(pocket / "notes").start("a1")
    assert (pocket / "notes").read_text("utf-8") == "mine"


def test_windows_ends_of_lines_and_a_mark_at_the_beginning_are_no_matter(pocket):
    work = Workspace()
    work.start("a1")
    path = work.path("a1")
    solved(path, "a1.total", RIGHT["a1.total"])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert work.update() == ["a1_double.py: up to date"]
    newer(pocket)
    work.update()
    assert "PI = 3" in path.read_text("utf-8") and RIGHT["a1.total"] in path.read_text("utf-8")


def test_an_unpacked_handout_carries_its_language(tmp_path, monkeypatch):
    monkeypatch.delenv("NPNET_LANG", raising=False)
    monkeypatch.delenv("NPNET_COURSE", raising=False)
    forget()
    assignment = Assignment("a1", [HOME])
    (tmp_path / "a1_convolution.md").write_text(assignment.source.handout("en"), "utf-8")
    assert Workspace(tmp_path).language == "en"
    (tmp_path / "a1_convolution.md").write_text(assignment.source.handout("ko"), "utf-8")
    assert Workspace(tmp_path).language == "ko" and Workspace(tmp_path, "en").language == "en"
