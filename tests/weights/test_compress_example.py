"""examples/compress.py: files of the shipped network with fewer and fewer weights."""
import re
import runpy
import sys
from pathlib import Path

import pytest

import npnet

EXAMPLE = Path(npnet.__file__).parents[1] / "examples" / "compress.py"


@pytest.mark.long
def test_smaller_files_and_fewer_right_answers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE)])
    runpy.run_path(str(EXAMPLE))
    rows = re.findall(r"^(everywhere|by layer) +(\d+)% +([\d,]+) +([\d.]+) +([\d.]+)%$", capsys.readouterr().out, re.MULTILINE)
    sizes = [int(size.replace(",", "")) for _, _, size, _, _ in rows]
    same = [float(share) for *_, share in rows]

    assert len(rows) == 12 and rows[0][1] == "100" and (tmp_path / "compress.png").stat().st_size > 5000
    assert sizes[:6] == sorted(sizes[:6], reverse=True) and sizes[6:] == sorted(sizes[6:], reverse=True)
    assert same[0] >= 90 and same[6] >= 70 and same[5] < 60
    assert sizes[8] < sizes[2] and same[10] > same[4] and not (tmp_path / "small.net").exists()
