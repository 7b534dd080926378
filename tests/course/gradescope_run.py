"""A place as Gradescope's contract says: /autograder/source, submission, results, under a folder of the test's own.

NumPy is in a virtual environment of its own there, and npnet is not: nothing but the zip can be what grades.
"""
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np

METADATA = {"id": 1, "created_at": "2026-11-26T10:00:00+09:00", "submission_method": "upload",
            "assignment": {"id": 2, "title": "A4", "total_points": "10.0"},
            "users": [{"email": "kim@example.org", "id": 3, "name": "Kim Minsu"}], "previous_submissions": []}


def unpacked(archive, base):
    """Unpacks the zip where Gradescope does, and makes the environment that setup.sh makes."""
    with zipfile.ZipFile(archive) as held:
        held.extractall(base / "source")
    environment(base / "venv")
    return base


def environment(folder):
    """A virtual environment with NumPy and nothing else."""
    venv.create(folder, symlinks=os.name == "posix", with_pip=False)
    packages = next(folder.rglob("site-packages"))
    for path in Path(np.__path__[0]).parent.glob("numpy*"):
        (packages / path.name).symlink_to(path)


def graded(base, files, metadata=METADATA):
    """Runs run_autograder on {name: text or bytes}; (the results, what was printed)."""
    for folder in ("submission", "results"):
        for path in sorted((base / folder).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (base / folder).mkdir(exist_ok=True)
    for name, content in files.items():
        path = base / "submission" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (base / "submission_metadata.json").write_text(json.dumps(metadata))
    clean = {"PATH": os.environ["PATH"], "AUTOGRADER": str(base), "STUDENT": "", "LANG": "C.UTF-8"}
    done = subprocess.run(["bash", str(base / "source" / "run_autograder")], cwd=base, env=clean, capture_output=True,
                          text=True, timeout=300)
    content = (base / "results" / "results.json").read_bytes()
    return json.loads(content), done.stdout + done.stderr


def compared(results):
    """The results without what differs from run to run, and from one state of the grader's files to the next."""
    kept = {name: value for name, value in results.items() if name != "execution_time"}
    digest = results["extra_data"].get("versions", "")
    text = json.dumps(kept, ensure_ascii=False, indent=1).replace(digest or "\0", "VERSIONS")
    return text + "\n"


def is_importable(base, module):
    """Whether the environment there finds a module outside of the zip."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    done = subprocess.run([str(base / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"), "-I", "-c", code],
                          env={"PATH": os.environ["PATH"]}, cwd=base)
    return done.returncode == 0
