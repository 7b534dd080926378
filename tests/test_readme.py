"""The README tells the truth: its Python runs, and prints what stands under it; its links and its picture are there."""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npnet.cli import main

ROOT = Path(__file__).resolve().parents[1]
READMES = {"en": "README.md", "ko": "README.ko.md"}


def text(language):
    return (ROOT / READMES[language]).read_text("utf-8")


def blocks(language):
    return re.findall(r"^```(\w+)\n(.*?)^```$", text(language), re.MULTILINE | re.DOTALL)


README = text("en")


def test_python_prints_what_stands_under_it(capsys):
    (_, code), (_, printed) = blocks("en")[:2]
    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("language", READMES)
def test_it_is_one_screen(language):
    assert len(text(language).splitlines()) <= 75


def test_both_languages_show_the_same():
    """Code but for its comments, commands, outputs, and links."""
    bare = {language: [(kind, re.sub(r" *#.*", "", code)) for kind, code in blocks(language)] for language in READMES}
    links = {language: re.findall(r"\]\(([^)]+)\)", text(language).replace("docs/ko/", "docs/")) for language in READMES}

    assert bare["en"] == bare["ko"]
    assert links["ko"] == ["README.md" if link == "README.ko.md" else link for link in links["en"]]


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README + text("ko"))

    assert len(links) > 20
    for link in links:
        assert (ROOT / link).is_file(), link


def test_shell_lines_are_two_and_make_their_own_environment():
    lines = [line for language, code in blocks("en") if language == "sh" for line in code.splitlines() if "-m venv" in line]

    assert [line.split()[-1] for line in lines] == ["examples/alexnet_forward.py", "pytest"]
    for line in lines:
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert subprocess.run(["bash", "-n", "-c", line]).returncode == 0


@pytest.mark.parametrize("command", sorted(set(re.findall(r"\.venv/bin/npnet (\w+)", README))))
def test_commands_have_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert f"npnet {command}" in capsys.readouterr().out


def test_the_picture_is_small_and_drawn_by_our_own_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "pictures"))
    sys.modules.pop("readme", None)
    import readme
    readme.written(tmp_path / "readme.png")

    assert (ROOT / "docs" / "readme.png").stat().st_size <= 150_000
    with Image.open(tmp_path / "readme.png") as drawn, Image.open(ROOT / "docs" / "readme.png") as kept:
        assert drawn.size == kept.size
        assert np.asarray(drawn.convert("L")).std() > 20
