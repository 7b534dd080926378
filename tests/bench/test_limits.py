"""The limits of a machine and the memory of a process: what is measured, and where nothing can be."""
import builtins
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from npnet.bench import limits, memory


def test_limits_are_rates():
    found = limits.limits(side=64, large=2 ** 14, seconds=0)
    assert list(found) == ["matrix", "copy", "read"]
    for rates in found.values():
        assert list(rates) == ["one", "all"] and min(rates.values()) > 1e6


def test_all_threads_do_all_of_the_work(monkeypatch):
    """The pieces of a task lie beside each other, and the rate counts all of them."""
    monkeypatch.setattr(limits, "best", lambda task, attempts: task() or 2.0)
    monkeypatch.setattr(limits, "spread", lambda task, total: [task(0, 3), task(3, total)] and None)
    pieces = []
    assert limits.rates(lambda first, last: pieces.append((first, last)), 10, 80, 1) == {"one": 40.0, "all": 40.0}
    assert pieces == [(0, 10), (0, 3), (3, 10)]


def test_the_best_attempt_counts(monkeypatch):
    moments = iter([0, 5, 5, 7, 7, 10])
    monkeypatch.setattr(limits.time, "perf_counter", lambda: next(moments))
    monkeypatch.setattr(limits, "ATTEMPTS", 2)
    calls = []
    assert limits.best(lambda: calls.append(1), 8) == 2 and len(calls) == 4         # one, and two, and one more for 8 seconds


PEAK = """
import json, numpy as np
from npnet.bench import memory
np.ones(2 ** 24, np.float32)
before = memory.peak()
memory.forget_peak()
print(json.dumps([before, memory.peak(), memory.during(lambda: np.ones(2 ** 23, np.float32))]))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux forgets a peak")
def test_the_peak_of_one_piece_of_work():
    """64 MB that were there before and are gone, then 32 MB: 32 more than before."""
    path = os.pathsep.join([str(Path(memory.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", PEAK], text=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    before, low, found = json.loads(done.stdout)
    assert before - low > 2 ** 25 and 0.9 * 2 ** 25 < found["peak"] - low < 1.5 * 2 ** 25
    assert found["minor"] > 0 and found["major"] >= 0


def test_where_nobody_says_anything(monkeypatch):
    """Neither /proc nor resource, as on Windows."""
    real = builtins.open
    monkeypatch.setattr(memory, "resource", None)
    monkeypatch.setattr("io.open", lambda path, *given, **named: real("/nowhere/at/all") if str(path).startswith("/proc")
                        else real(path, *given, **named))
    done = []
    assert memory.during(lambda: done.append(1)) == {"peak": None, "minor": None, "major": None} and done == [1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource")
def test_where_only_resource_says_something(monkeypatch):
    monkeypatch.setattr(memory.Path, "read_text", lambda path: "Name: python\n")
    monkeypatch.setattr(memory.sys, "platform", "linux")
    in_kilobytes = memory.peak()
    monkeypatch.setattr(memory.sys, "platform", "darwin")               # where the same number means bytes
    assert in_kilobytes >= 1024 * 2 ** 12 and memory.peak() <= in_kilobytes // 1000
