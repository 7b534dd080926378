"""examples/same_class.py: pictures prepared in another way, and what the shipped network then says."""
import re
import runpy
import sys
from pathlib import Path

import pytest

import npnet

EXAMPLE = Path(npnet.__file__).parents[1] / "examples" / "same_class.py"


@pytest.mark.long
def test_a_wrong_scale_gives_one_class(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE)])
    runpy.run_path(str(EXAMPLE))
    rows = re.findall(r"^(.{26}) +(\d+)   (\w+) (\d+)% +(\d+)%$", capsys.readouterr().out, re.MULTILINE)

    assert len(rows) == 11 and (tmp_path / "same_class.png").stat().st_size > 5000
    name, classes, _, most, as_without = rows[0]
    assert name.strip() == "no mistake" and int(classes) >= 7 and int(most) < 50 and as_without == "100"
    name, classes, _, most, _ = rows[1]
    assert name.startswith("0 to 1") and (classes, most) == ("1", "100")
    assert all(int(as_without) < 90 for *_, as_without in rows[1:])
