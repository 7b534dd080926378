"""What shows how far a long piece of work has come, on a terminal and elsewhere."""
import io
import re
import sys
from types import SimpleNamespace

import pytest

from npnet.screen import bar, display
from npnet.screen import progress as progress_of


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until clock.now is set."""
    class Clock:
        now = 100.0
    monkeypatch.setattr(progress_of.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_line_now_and_then(clock, capfd):
    with bar("Downloading tiny", "B") as progress:
        for second in range(13):
            clock.now = 100 + second
            progress(1_000_000 * second, 12_000_000)
    out, err = capfd.readouterr()
    assert out == "" and err.splitlines() == [
        "Downloading tiny: 5.0 of 12.0 MB, 1.0 MB/s, 0:07 left",
        "Downloading tiny: 10.0 of 12.0 MB, 1.0 MB/s, 0:02 left",
        "Downloading tiny: 12.0 MB, in 0:12"]


def test_nothing_done_quick_and_broken_off_have_no_last_line(clock, capfd):
    with bar("Nothing"):
        clock.now = 150
    with bar("Quick") as progress:
        clock.now = 150.4
        progress(2, 2)
    with pytest.raises(OSError, match="broken"), bar("Broken") as progress:
        clock.now = 153
        progress(1, 2)
        raise OSError("broken")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("done, total, unit, words", [
    (0, None, "B", "0 B"), (999, None, "B", "999 B"), (1_500, 400_000, "B", "2 of 400 kB"),
    (85_300_000, 170_500_000, "B", "85.3 of 170.5 MB"), (2_500_000_000, None, "B", "2.5 GB"),
    (1_200, 6_000, "pictures", "1,200 of 6,000 pictures"), (6_000, 6_000, "", "6,000"),
    (1, None, "rounds", "1 round"), (1, 1, "pictures", "1 picture"), (1, 7, "turns", "1 of 7 turns")])
def test_amounts_in_words(done, total, unit, words):
    assert progress_of.amount(done, total, unit) == words


@pytest.mark.parametrize("done, total, seconds, unit, words", [
    (0, 10, 5, "B", ""), (10, 10, 0.1, "B", ""), (10_000_000, 40_000_000, 5, "B", "2.0 MB/s, 0:15 left"),
    (5_000, None, 10, "B", "500 B/s"), (50, 4_000, 10, "pictures", "5/s, 13:10 left"),
    (100_000, 100_000, 10, "steps", "10,000/s"), (10, 36_010, 10, "", "1/s, 10:00:00 left")])
def test_speeds_in_words(done, total, seconds, unit, words):
    assert progress_of.speed(done, total, seconds, unit) == words


def test_the_bar_of_a_terminal_fits_80_columns(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    seconds = iter(range(1, 100))
    monkeypatch.setattr(progress_of, "time", SimpleNamespace(monotonic=lambda: next(seconds)))      # not rich's, whose thread asks, too
    with bar("Downloading cifar10-binary", "B") as progress:
        for done in (0, 60_000_000, 170_498_071):
            progress(done, 170_498_071)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).replace("\r", "\n")
    lines = [line for line in plain.splitlines() if line.strip()]
    assert all(len(line) <= 80 for line in lines) and "…" not in plain
    assert re.search("^Downloading cifar10-binary ━+ 170.5 MB 56.8 MB/s", lines[-1])
    assert "\x1b[?25h" in screen.getvalue()                     # the cursor is shown again


def test_lines_of_a_training_fit_the_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    with display(1) as shown:
        shown.say("epoch 1/1  train loss 1.234, 40.2 % right  validation 1.364, 36.8 % right  0:07")
        shown.say("interrupted. Go on with:\n    npnet train --resume " + "runs/a long name " * 4)
    lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).replace("\r", "\n").splitlines()]
    assert [line for line in lines if len(line) >= 60] == ["    npnet train --resume " + "runs/a long name " * 4]
    assert "epoch 1/1  train loss 1.234, 40.2 % right  validation" in lines and "  1.364, 36.8 % right  0:07" in lines
