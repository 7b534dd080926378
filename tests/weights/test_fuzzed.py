"""Damaged files of weights, of every format: fuzzed.py says what must hold; a seeded share of it here."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_damage import damaged
from small_files import KINDS, files_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer measures as Linux does")


def run(*options):
    """fuzzed.py in a process of its own; all its faults are in the message where there are any."""
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("fuzzed.py")), *options], capture_output=True, text=True,
                          env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


@pytest.mark.long
def test_a_thousand_damaged_files():
    said = run("--files", "1000", "--seed", "20120")
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert rows["all"][1] == "1,000" and int(rows["all"][2]) > 50 and int(rows["all"][3]) > 300 and rows["all"][4] == "0"
    assert set(KINDS) <= set(rows)


def test_a_few_damaged_files():
    assert "all" in run("--files", "24", "--seed", "3", "--kinds", "pytorch_zip", "onnx", "npz")


def test_the_same_numbers_damage_in_the_same_way():
    for kind in ("pytorch_zip", "onnx", "npz"):
        sound = files_of(kind)[0]
        first, again = (damaged(sound, KINDS[kind].damage, np.random.default_rng([1, 2])) for _ in range(2))
        assert first == again and first[0] != sound


@pytest.mark.long
def test_the_fuzzer_sees_what_it_is_there_to_see(tmp_path):
    """Readers that do one forbidden thing each are all found."""
    program = '''
import os, sys, time
sys.path[:0] = [{here!r}, {above!r}]
import numpy as np, fuzzed
from small_files import KINDS
def runs(path): os.system("true")
def writes(path): open("outside", "w").close()
def raw(path): raise ValueError("it is damaged")
def inner(path): raise ValueError(path.name + ": cannot reshape array")
def other(path): raise KeyError(path.name)
def lines(path): raise ValueError(path.name + "\\n")
def slow(path):
    while True: pass
def large(path): np.ones(100_000_000, "u1")
def dies(path): os.abort()
def unpickles(path):
    import pickle; pickle.loads(b"cos\\ngetpid\\n.")
fuzzed.sound = lambda kinds: None
fuzzed.SECONDS, fuzzed.BYTES = 0.5, 60e6
for reads in (runs, writes, raw, inner, other, lines, slow, large, dies, unpickles):
    KINDS["onnx"].reads = [reads]
    fuzzed.tried(1, range(1), ["onnx"], say=lambda text: print(reads.__name__, text))
'''
    program = program.format(here=str(Path(__file__).parent), above=str(Path(__file__).parents[1]))
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path).stdout
    found = {line.split()[0]: line.partition(": ")[2] for line in said.splitlines()}
    words = {"runs": "did os.system", "writes": "did open 'outside' for writing", "raw": "does not name the file", "other": "KeyError", "inner": "words of Python's",
             "lines": "control characters", "slow": "took more than", "large": " MB", "dies": "died of SIGABRT",
             "unpickles": "did pickle.find_class"}
    assert set(found) == set(words)
    for name, word in words.items():
        assert word in found[name], found[name]
