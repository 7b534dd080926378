"""Commands in processes of their own, and the one sentence of a command that failed."""
import os
import subprocess
import sys
from pathlib import Path

import npnet

FOLDER = Path(npnet.__file__).parents[1]


def process(*words, **variables):
    """python -m npnet in a process of its own."""
    return subprocess.run([sys.executable, "-m", "npnet", *words], text=True, capture_output=True, timeout=300,
                          env=environment(**variables))


def environment(**variables):
    path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **variables}


def one_line(streams, code=2):
    """The sentence of a command that failed: one line on stderr, nothing else there, and expected by npnet."""
    got, _, err = streams
    assert got == code and err.startswith("npnet: ") and err.count("\n") == 1, err
    assert "npnet did not expect" not in err, err
    return err[len("npnet: "):-1]
