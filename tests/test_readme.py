"""The README tells the truth: its Python runs, and prints what stands under it."""
import re
import subprocess
from pathlib import Path

import pytest

import npnet
from npnet.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SPEED = (ROOT / "docs" / "speed.md").read_text()
PYTHON = [(code, BLOCKS[i + 1][1]) for i, (language, code) in enumerate(BLOCKS) if language == "python"]


@pytest.mark.parametrize("code, printed", PYTHON, ids=["recipe", "train", "twelve lines", "build", "own layer", "own row"])
def test_python_prints_what_stands_under_it(code, printed, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out == printed


def test_nothing_is_left_to_fill_in():
    assert "@@" not in README


def test_twelve_lines():
    assert len(PYTHON[2][0].splitlines()) <= 12


def test_shape_table():
    assert f"```text\n{npnet.model('krizhevsky2012')}\n```" in README


@pytest.mark.long
def test_every_version_with_its_parameters():
    rows = dict(re.findall(r"^\| (`\w+`(?:, `\w+`)?) \|.*\| ([\d, ]+) \|$", README, re.MULTILINE))
    named = {name: int(count.replace(",", "")) for names, counts in rows.items()
             for name, count in zip(re.findall(r"`(\w+)`", names), counts.split(", "))}

    assert set(named) == set(npnet.MODELS)
    for name, count in named.items():
        assert sum(array.size for array in npnet.model(name).params().values()) == count


def test_shell_lines_are_two_and_make_their_own_environment():
    lines = [line for language, code in BLOCKS if language == "sh" for line in code.splitlines() if "-m venv" in line]

    assert [line.split()[-1] for line in lines] == ["examples/alexnet_forward.py", "pytest"]
    for line in lines:
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert subprocess.run(["bash", "-n", "-c", line]).returncode == 0


def test_files_and_commands_that_it_names_exist():
    for path in re.findall(r"`((?:npnet|examples)/[\w/]+(?:\.py)?/?)`", README) + re.findall(r"examples/\w+\.py", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("command", sorted(set(re.findall(r"npnet (info|summary|gradcheck|explain|train|evaluate|predict|plot|data)", README))))
def test_commands_have_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert f"npnet {command}" in capsys.readouterr().out


def test_the_page_about_speed_names_what_exists(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    words, commands = capsys.readouterr().out, re.findall(r"npnet bench ([^`\n]+)", SPEED)

    assert len(commands) > 5
    for option in re.findall(r"--[a-z-]+", " ".join(commands)):
        assert option in words
    for name in re.findall(r"\w+\.py", SPEED):
        assert any((ROOT / folder / name).exists() for folder in ("npnet/fast", "examples")), name
    assert "(docs/speed.md)" in README


def test_ratios_of_the_page_about_speed_are_those_of_its_times():
    rows = re.findall(r"^\|.*\| ([\d.]+) (?:ms|MB) \| ([\d.]+) (?:ms|MB) \| \**([\d.]+)\** \|", SPEED, re.MULTILINE)

    assert len(rows) == 9
    for ours, theirs, ratio in rows:
        assert abs(float(ours) / float(theirs) - float(ratio)) < 0.006
