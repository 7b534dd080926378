"""Damaged files of every kind are read, or refused in one sentence; tests/fuzz.py says what that means."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = 500 if os.environ.get("NPNET_DRAW") == "all" else 200


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer measures as Linux does")
def test_damaged_files():
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("fuzz.py")), "--files", str(FILES), "--seed", "1"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
