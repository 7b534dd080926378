"""Windows and macOS, as far as Linux can be dressed up as them: what they lack is hidden, and npnet still works.

Only a machine of theirs can show the rest: .github/workflows/tests.yml asks for them.
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
DRESSED = '''
import concurrent.futures, ctypes, importlib, multiprocessing, os, pathlib, pkgutil, signal, ssl, subprocess, sys, tempfile
import types, urllib.request, zipfile
import matplotlib.backends.backend_agg, matplotlib.figure, numba, numpy, PIL.Image, rich.console, rich.progress, threadpoolctl

read = pathlib.Path.read_text                               # from here on this is another system
def without_proc(path, *given, **options):
    if path.parts[1:2] == ("proc",):
        raise FileNotFoundError(2, "No such file or directory", str(path))
    return read(path, *given, **options)
pathlib.Path.read_text = without_proc
del os.sched_getaffinity
for package, missing in LACKS.items():
    for name in missing.split():
        delattr(sys.modules[package], name)
for name in HIDDEN.split():
    sys.modules[name] = None
sys.platform = PLATFORM
if PLATFORM == "win32":
    sys.modules["msvcrt"] = types.SimpleNamespace(locking=lambda *given: None, LK_NBLCK=2, LK_UNLCK=0, kbhit=lambda: False)
    ctypes.windll = None                                    # asking it fails, as on a Windows that does not answer
else:
    threadpoolctl.ThreadpoolController.select = lambda self, **asked: types.SimpleNamespace(lib_controllers=[])
    threadpoolctl.threadpool_info = list                    # Accelerate, which cannot be held to one thread

import npnet
for module in pkgutil.walk_packages(npnet.__path__, "npnet."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from npnet.cli import main
for words in COMMANDS:
    assert main(words) == 0, words
'''
SYSTEMS = {
    "win32": ("fcntl termios tty resource pwd grp", {"os": "fork register_at_fork getuid openpty", "signal": "SIGHUP SIGALRM"}),
    "darwin": ("resource msvcrt", {}),
}


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="Linux is dressed up; the others are what they are")
@pytest.mark.parametrize("platform", SYSTEMS)
def test_every_room_works_without_what_a_system_lacks(tmp_path, platform):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "pack.npz", x=random.integers(0, 256, (30, 12, 12, 3), np.uint8), y=np.arange(30) % 3)
    hidden, lacks = SYSTEMS[platform]
    commands = [["info"], ["info", "--json"], ["summary", "--net", "lenet5"], ["gradcheck", "Dense"],
                ["train", "--data", "pack.npz", "--net", "caffe_lenet", "--size", "16", "--batch", "8", "--epochs", "1",
                 "--workers", "0", "--out", "run"],
                ["explain", "--net", "lenet5", "--layer", "conv1"]]
    names = f"PLATFORM, HIDDEN, LACKS, COMMANDS = {platform!r}, {hidden!r}, {lacks!r}, {commands!r}"
    done = subprocess.run([sys.executable, "-c", names + DRESSED], cwd=tmp_path, text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
                               "NPNET_BACKEND": "numpy"})

    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "last.npz").exists() and "  memory            " in done.stdout
