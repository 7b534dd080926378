"""Watching: a saved file is checked again, keys do what they say."""
import os
import subprocess
import sys
import time

import pytest

from npnet.course import watch
from npnet.course.watch import Watch, events, stamps
from npnet.course.workspace import Workspace
from pocket import RIGHT, environment, solved

pytestmark = pytest.mark.long              # processes are started, or pictures drawn


class Keys:
    """Keys that a test presses; a function among them is called in its turn, as somebody who saves a file."""

    def __init__(self, *keys):
        self.keys = list(keys)

    def __call__(self, pause):
        if not self.keys:
            raise EOFError
        key = self.keys.pop(0)
        return key if isinstance(key, str) else key() or ""


@pytest.fixture
def work(pocket):
    work = Workspace()
    work.start("a1")
    return work


def watched(work, *keys, word="a1"):
    """(exit code, printed lines) of a watch in which these keys are pressed."""
    lines = []
    code = Watch(work, word, keys=Keys(*keys), say=lambda line="": lines.append(line)).run()
    return code, lines


def test_a_saved_file_is_checked_again(work):
    code, lines = watched(work, "", lambda: solved(work.path("a1"), "a1.double", RIGHT["a1.double"]), "q")
    heads = [line for line in lines if "a1.double      two times x" in line]
    assert [head[0] for head in heads] == [".", "+"] and code == 1


def test_nothing_happens_while_nothing_is_saved(work):
    code, lines = watched(work, "", "", "", "q")
    assert sum("a1.double      two times x" in line for line in lines) == 1 and code == 2


def test_n_goes_from_one_wrong_region_to_the_next(work):
    _, lines = watched(work, "n", "n", "q")
    assert [line for line in lines if line.startswith("Now: ")] == ["Now: a1.double", "Now: a1.total", "Now: a1.double"]


def test_r_h_l_and_keys_that_mean_nothing(work):
    _, lines = watched(work, "r", "h", "l", "z", "q")
    assert sum("a1.double      two times x" in line for line in lines) == 2
    assert "a1.double, two times x: hint 1 of 3" in lines
    assert any(line.startswith("  a2  Four times") for line in lines), lines
    assert "n next  r run again  h hint  l list  x reset  q quit" in lines


def test_x_asks_before_it_resets(work):
    solved(work.path("a1"), "a1.double", "y = x * x")
    before = work.path("a1").read_text("utf-8")
    _, lines = watched(work, "x", "n", "q")
    assert "It stays as it is." in lines and work.path("a1").read_text("utf-8") == before
    _, lines = watched(work, "x", "", "y", "", "q")
    assert "a1.double is as it was at the start. Your file from before is kept:" in " ".join(lines)
    assert 'NotImplementedError("a1.double")' in work.path("a1").read_text("utf-8")


def test_when_all_is_right(work):
    for region in ("a1.double", "a1.total"):
        solved(work.path("a1"), region, RIGHT[region])
    code, lines = watched(work, "n", "h", "x", "q")
    assert code == 0 and lines.count("Everything is right.") == 3


def test_one_region_alone(work):
    _, lines = watched(work, "q", word="a1.total")
    assert not any("two times x" in line for line in lines) and "Now: a1.total" in lines


def test_a_file_that_cannot_be_read_is_told_and_watched_on(work):
    text = work.path("a1").read_text("utf-8")
    _, lines = watched(work, "", lambda: work.path("a1").unlink(), "r", lambda: work.path("a1").write_text(text, "utf-8"), "q")
    assert any("a1_double.py is not in" in line for line in lines)
    assert sum("a1.double      two times x" in line for line in lines) == 2


def test_a_file_that_is_away_for_a_moment_is_no_change(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("1")
    seen = list(events([path], Keys("", path.unlink, "", lambda: path.write_text("22") and "", "")))
    assert seen == ["changed"]
    assert stamps([tmp_path / "none"]) == [None]


def test_a_file_of_the_same_length_saved_at_once_is_a_change(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("1")
    os.utime(path, ns=(1, 10 ** 18))
    before = stamps([path])
    os.utime(path, ns=(1, 10 ** 18 + 1000))
    assert stamps([path]) != before


def test_without_a_terminal_it_waits_and_prints(work, monkeypatch):
    paused = []
    monkeypatch.setattr(watch.time, "sleep", paused.append)
    with watch.keyboard() as keys:
        assert keys(0.5) == "" and paused == [0.5]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of POSIX")
def test_in_a_terminal_of_its_own(work):
    import pty
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "npnet", "course", "check", "a1", "--watch", "--plain"], stdin=slave,
                               stdout=slave, stderr=slave, env=environment(COLUMNS="80"), close_fds=True)
    os.close(slave)
    said = until(master, "q quit")
    assert "two times x" in said
    os.write(master, b"h")
    assert "hint 1 of 3" in until(master, "Try before")
    solved(work.path("a1"), "a1.double", RIGHT["a1.double"])
    assert "+ a1.double" in until(master, "q quit")
    os.write(master, b"q")
    assert process.wait(timeout=20) == 1
    os.close(master)


def until(master, text):
    """What is printed on a terminal, up to a text."""
    said, end = "", time.monotonic() + 60
    while text not in said and time.monotonic() < end:
        said += os.read(master, 4096).decode("utf-8", "replace")
    assert text in said, said
    return said
