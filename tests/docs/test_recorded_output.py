"""Recording the output of long commands: what is written, what is refused, and what a page shows of it."""
import datetime
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import npnet

ROOT = Path(npnet.__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
record = pytest.importorskip("recording", reason="docs/ is not beside npnet")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "commands.toml").write_text(
        '[two]\ncommand = """python -c "print(1, 2)"\npython -c "print(3)" """\n'
        '[drawn]\ncommand = "python examples/draw.py"\npicture = "out.png"\n', "utf-8")
    return tmp_path


def test_a_command_is_recorded_and_read_again(folder):
    record.record("two", folder)
    read = record.read("two", folder)

    assert read.output == "1 2\n3\n"
    assert read.command == 'python -c "print(1, 2)"\npython -c "print(3)"'
    assert read.date == datetime.date.today() and read.seconds >= 0
    assert f"npnet {npnet.__version__}, Python 3." in read.versions and re.search(r", \d+ cores?, \w+$", read.machine)


def test_a_line_that_was_written_over_is_recorded_as_it_ended(tmp_path):
    assert record.run('python -c "print(\'10 %\', end=chr(13)); print(\'100 %\')"', tmp_path) == "100 %\n"


def test_another_command_than_the_recorded_one_is_refused(folder):
    record.record("two", folder)
    path = folder / "commands.toml"
    path.write_text(path.read_text("utf-8").replace("print(3)", "print(4)"), "utf-8")
    with pytest.raises(ValueError, match="two was recorded with another command .*; run: python docs/recording.py two"):
        record.read("two", folder)


def test_what_is_missing_or_damaged_is_said(folder):
    with pytest.raises(FileNotFoundError, match="two was not recorded yet; run: python docs/recording.py two"):
        record.read("two", folder)
    with pytest.raises(ValueError, match="three is not in docs/recorded/commands.toml"):
        record.read("three", folder)
    (folder / "two.txt").write_text("no head\n\nno output", "utf-8")
    with pytest.raises(ValueError, match="two.txt is damaged"):
        record.read("two", folder)
    (folder / "commands.toml").write_text('[two]\ncomand = "npnet info"\n', "utf-8")
    with pytest.raises(ValueError, match=r"\[two\] must have a command"):
        record.read("two", folder)


def test_a_command_that_fails_or_is_of_another_program_writes_nothing(folder):
    for command, message in (('python -c "raise SystemExit(3)"', "ended with exit code 3"), ("rm x", "begins with npnet, python or mpiexec -n N")):
        (folder / "commands.toml").write_text(f"[two]\ncommand = '{command}'\n", "utf-8")
        with pytest.raises((RuntimeError, ValueError), match=message):
            record.record("two", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["commands.toml"]


def test_names_of_this_machine_become_plain_words(tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", "/somewhere/else")
    text = f"10 %\r100 %\n{tmp_path}/runs/a  {tmp_path}\n{record.ROOT}/npnet/ops\n/somewhere/else/x\n\x1b[1mbold\x1b[0m   \n"
    assert record.cleaned(text, tmp_path) == "100 %\nruns/a  the folder\nnpnet/ops\nNPNET_HOME/x\nbold\n"


@pytest.mark.long
def test_a_picture_is_made_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1400, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    (tmp_path / "small.png").write_bytes(record.small(tmp_path / "large.png"))

    assert (tmp_path / "small.png").stat().st_size <= record.MOST
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.width > 100 and abs(picture.width / picture.height - 14 / 9) < 0.05


def test_all_that_is_recorded_belongs_to_its_command():
    """No page shows the output of a command that is not its command."""
    names = record.commands()
    assert list(names) == sorted(names)
    written = {path.stem for path in record.FOLDER.glob("*.txt")}
    assert written <= set(names)
    here = {tempfile.gettempdir(), str(Path.home()), str(record.ROOT)}         # where this machine keeps things
    for name in written:
        output = record.read(name).output
        assert output.strip() and not [place for place in here if place in output], name


@pytest.mark.docs
def test_lines_of_an_output():
    from extensions.recorded import chosen, day, took

    text = "a\nb\nc\nd\n"
    assert chosen(text, None) == text
    assert chosen(text, "1, 3-") == "a\n...\nc\nd\n" and chosen(text, "-2") == "a\nb\n...\n"
    for lines in ("0-2", "3-9", "3-2", "x"):
        with pytest.raises(ValueError, match="lines"):
            chosen(text, lines)
    assert took(1, "en") == "1 second" and took(110, "en") == "110 seconds" and took(170, "en") == "3 minutes"
    assert took(600, "ko") == "10분" and day(datetime.date(2026, 11, 3), "en") == "3 November 2026"
