"""The child process: what goes to it and comes back, whose functions are called, and what it says of its limits."""
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.bounds import bounded
from npnet.course.grader.calls import Call, Direct, Outcome, Raised, Rng
from npnet.course.grader.child import Child, Limits, answers, asked, clean, outcome
from npnet.course.grader.process import Process, Stopped
from npnet.course.grader.reasons import reason
from npnet.course.grader.words import say
from npnet.course.grader.worker import HEAD, MARK, Broken, receive, send

pytestmark = pytest.mark.long              # processes are started, or pictures drawn

LINUX = sys.platform == "linux"
TEXT = """
import random
import warnings
import numpy as np
from parts import conv_size
print("loaded")

def double(x):
    return 2 * half(x) * 2

def half(x):
    return x / 2

def given(x):
    return double(x) + 1

def size(n):
    return conv_size(n, window=3, stride=1, pad=0)

def same(x):
    return x

def change(x, y):
    y[0] = 9
    return x

def draws(rng):
    first = rng.random((2, 3))
    return first, rng.normal(size=4)

def worse(x):
    rows = x[1:]
    return rows @ x

def noisy():
    print("one")
    warnings.warn("careful")
    np.log(np.zeros(1))
    return random.random() < 2

class Sum:
    def __init__(self):
        self.total = 0

    def add(self, n):
        self.total += n
        return self.total
"""


def right(name, arguments):
    """The answers of a solution whose `half` gives thirds, so that one sees who answered."""
    if name == "conv_size":
        size, window, stride, pad = arguments
        return (size + 2 * pad - window) // stride + 1
    return {"half": lambda x: x / 3, "double": lambda x: x * 2}[name](*arguments)


@pytest.fixture(scope="module")
def child():
    with Child({"a1.py": TEXT}, right, parts={"conv_size": ["size", "window", "stride", "pad"]},
               others={"double": ["x"], "half": ["x"]}) as child:
        yield child


# ------------------------------------------------------------------------------- calls

def test_a_file_is_run_once_and_its_functions_are_called(child):
    assert child.loaded.came and child.loaded.printed == "loaded\n"
    assert child.run(Call("half", [4.0])).value == 2.0
    assert np.array_equal(child.run(Call("half", [np.arange(4)])).value, np.arange(4) / 2)


@pytest.mark.parametrize("value", [
    None, True, 7, -2**70, 2.5, "word", 1 + 2j, [1, [2.0, "x"]], (1, (None,)), {"a": 1, "b": {"c": [2]}}, [], (), {}])
def test_plain_values_go_and_come(child, value):
    came = child.run(Call("same", [value])).value

    assert came == value and type(came) is type(value)


@pytest.mark.parametrize("array", [
    np.arange(6.0).reshape(2, 3), np.float32([1, 2]), np.zeros((0, 3)), np.array(5.0), np.array([True, False]), np.int8([1, -1]),
    np.arange(4, dtype=">f8"), np.arange(12.0).reshape(3, 4).T, np.arange(12.0).reshape(3, 4)[:, ::2], np.int64(3),
    np.array([1 + 2j]), np.float16([0.5]), np.uint64([2**63]), np.array([np.nan, np.inf])], ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_go_and_come(child, array):
    came = child.run(Call("same", [array])).value

    array = np.asarray(array)
    assert np.array_equal(came, array, equal_nan=array.dtype.kind in "fc") and came.shape == np.shape(array)
    assert came.dtype == np.asarray(array).dtype.newbyteorder("=") and came.flags.writeable and type(came) is np.ndarray


def test_long_numbers_are_shortened(child):
    came = child.run(Call("f", [], "def f():\n    import numpy as np\n    return np.longdouble([0.25])"))

    assert came.value.dtype == np.float64 and came.value[0] == 0.25


def test_a_number_of_numpy_stays_one_on_its_way(child):
    assert child.run(Call("f", [np.float32(3)], "def f(x): return type(x).__name__, x.dtype.name")).value == ("float32", "float32")


def test_one_function_is_the_students_and_the_others_are_ours(child):
    x = np.array([6.0])

    assert child.run(Call("double", [x])).value == 12                       # 2 * (6/2) * 2
    assert child.run(Call("double", [x]), own={"double"}).value == 8        # 2 * (6/3) * 2
    assert child.run(Call("half", [x]), own={"half"}).value == 3
    assert child.run(Call("given", [x]), own={"half"}).value == 13          # double is ours, x * 2
    assert child.run(Call("double", [x])).value == 12


def test_the_part_that_is_graded_is_not_answered():
    text = ("def half(x):\n    import sys\n    frame = sys._getframe()\n    while 'self' not in frame.f_locals:\n"
            "        frame = frame.f_back\n    return frame.f_locals['self'].ask('half', [x])\n")
    with Child({"a1.py": text}, right, others={"half": ["x"]}) as child:
        outcome = child.run(Call("half", [3.0]), own={"half"})

    assert (outcome.error.kind, outcome.error.text) == ("NameError", "half is not there to be asked")


def test_parts_are_asked_with_names_of_arguments_too(child):
    assert child.run(Call("size", [9])).value == 7


@pytest.mark.parametrize("expression, kind, text", [
    ("conv_size(1, 2, 3, padding=0)", "TypeError", "conv_size() missing the argument 'pad'"),
    ("conv_size(1, 2, 3, 4, more=5)", "TypeError", "conv_size() got an unexpected keyword argument 'more'"),
    ("conv_size(1, 2, 0, 0)", "ZeroDivisionError", "integer division or modulo by zero"),
    ("conv_size(1)", "ValueError", "not enough values to unpack (expected 4, got 1)"),
    ("conv_size(print, 1, 1, 1)", "TypeError", "conv_size() cannot take a builtin_function_or_method")])
def test_an_exception_of_a_part_is_raised_where_it_was_asked(child, expression, kind, text):
    error = child.run(Call("f", [], f"def f(): return {expression}")).error

    assert (error.kind, error.text) == (kind, text)


def test_changed_arguments_are_named_and_ours_stay_as_they_are(child):
    x, y = np.zeros(2), np.zeros(2)

    outcome = child.run(Call("change", [x, y]))

    assert outcome.changed == [1] and not y.any()


def test_random_numbers_are_those_of_the_same_call_here(child):
    there = child.run(Call("draws", [Rng(5)]))
    here = Direct({"draws": lambda rng: (rng.random((2, 3)), rng.normal(size=4))}).run(Call("draws", [Rng(5)]))

    assert all(np.array_equal(a, b) for a, b in zip(there.value, here.value))
    assert there.drawn == [("random", (2, 3)), ("normal", (4,))] and not there.global_random


def test_what_happened_beside_the_value(child):
    outcome = child.run(Call("noisy", []))

    assert outcome.value is True and outcome.printed == "one\n" and outcome.global_random
    assert outcome.warnings == ["careful", "divide by zero encountered in log"] and 0 < outcome.seconds < 1


def test_an_exception_has_its_line_and_the_shapes_there(child):
    error = child.run(Call("worse", [np.zeros((4, 3))])).error

    assert (error.kind, error.function, error.code) == ("ValueError", "worse", "return rows @ x")
    assert error.shapes == {"x": [4, 3], "rows": [3, 3]} and TEXT.splitlines()[error.line - 1].strip() == error.code


def test_a_program_of_ours_sees_the_students_class(child):
    program = "def sums():\n    a = Sum()\n    return [a.add(n) for n in (1, 2, 3)]\n"

    assert child.run(Call("sums", [], program)).value == [1, 3, 6]


def test_a_function_that_is_not_there(child):
    outcome = child.run(Call("nothing", []))

    assert (outcome.error.kind, outcome.error.text) == ("Missing", "nothing")


def test_other_files_of_the_student_can_be_imported():
    with Child({"a1.py": "from helpers import three\ndef f():\n    return three()\n",
                "helpers.py": "import math\ndef three():\n    return math.floor(3.5)\n"}) as child:
        assert child.run(Call("f", [])).value == 3


@pytest.mark.parametrize("line, kind", [
    ("import torch", "RefusedImport"), ("import npnet", "RefusedImport"), ("from scipy.signal import convolve", "RefusedImport"),
    ("import os", "RefusedImport"), ("from . import parts", "ImportError"), ("from parts import col2im", "ImportError"),
    ("import nothing", "RefusedImport"), ("x = 1 / 0", "ZeroDivisionError"), ("x = (", "SyntaxError"), ("parts", "NameError")])
def test_a_file_that_does_not_load(line, kind):
    with Child({"a1.py": f"import numpy\n{line}\ndef f(): return 1\n"}, parts={"conv_size": []}) as child:
        error = child.run(Call("f", [])).error

    assert (error.kind, error.line, error.code) == (kind, 2, line)


def test_a_module_that_is_missing_may_be_missed():
    with Child({"a1.py": "try:\n    import torch\nexcept ImportError:\n    torch = None\ndef f(): return torch\n"}) as child:
        assert child.loaded.came and child.run(Call("f", [])).value is None


@pytest.mark.parametrize("line", ["import numpy.linalg", "from numpy.lib.stride_tricks import as_strided", "from math import prod",
                                  "import itertools, functools", "from typing import Any", "from dataclasses import dataclass",
                                  "import numpy.testing", "import statistics", "import decimal", "import numpy.polynomial"])
def test_modules_that_are_allowed(line):
    with Child({"a1.py": f"{line}\n"}) as child:
        assert child.loaded.came, child.loaded.error


def test_a_solution_gives_in_the_child_what_it_gives_here():
    a1 = load("a1")
    text = a1.source.solution
    with Child({a1.filename: text}, answers(a1), **asked(a1)) as child:
        for each in a1.source.regions.values():
            x = np.arange(2 * 2 * 5 * 4.0).reshape(2, 2, 5, 4)
            call = {"conv_size": Call("conv_size", [9, 3, 2, 1]), "pad_image": Call("pad_image", [x, 2]),
                    "conv2d_forward": Call("conv2d_forward", [x, np.ones((4, 1, 3, 2)), np.arange(4.0), 2, 1, 2])}
            for name in each.functions:
                there, here = child.run(call[name], own=each.functions), a1.reference.run(call[name])
                assert there.came and np.array_equal(there.value, here.value)


def test_a_given_function_is_not_answered_with_what_a_region_is_to_find():
    class Assignment:
        source = type("S", (), {"regions": {"r": type("R", (), {"functions": ["dx"]})}, "functions": {"dx": ["dy"], "all": ["dy"]}})
        imported = {"size": lambda n, window=1: n}

    assert asked(Assignment) == {"parts": {"size": ["n", "window"]}, "others": {"dx": ["dy"]}}


# ------------------------------------------------------------------------------- limits

def test_time_of_ours_is_not_the_students():
    def slow(name, arguments):
        time.sleep(0.7)
        return 1
    with Child({"a1.py": "from parts import f\ndef g():\n    f()\n    return f()\n"}, slow, Limits(seconds=1), parts={"f": []}) as child:
        assert child.run(Call("g", [])).value == 1


def test_questions_without_end_end():
    with Child({"a1.py": "from parts import f\ndef g():\n    while True: f()\n"}, lambda *a: time.sleep(0.05), Limits(seconds=0.3),
               parts={"f": []}) as child:
        assert child.run(Call("g", [])).stopped == "time"


@pytest.mark.skipif(not LINUX, reason="the system does not limit memory")
def test_a_question_whose_answer_would_be_huge():
    a1 = load("a1")
    text = "import numpy as np\n" + a1.source.starter() + "\ndef f(pad):\n    return pad_image(np.ones((1, 1, 2, 2)), pad)\n"
    with Child({a1.filename: text}, answers(a1), **asked(a1)) as child:
        assert child.run(Call("f", [10**6]), own={"f"}).error.kind == "MemoryError"
        assert child.run(Call("f", [1]), own={"f"}).value.shape == (1, 1, 4, 4)


@pytest.mark.skipif(os.name != "posix", reason="no such signal")
def test_an_answer_that_takes_too_long():
    with pytest.raises(TimeoutError, match="more than 0.2 seconds"), bounded(0.2, 1 << 30):
        while True:
            pass


def test_the_limits_that_hold_are_said_in_both_languages(child):
    first, *said = child.notes()

    assert first.id == ("child.limits" if child.holds["memory"] else "child.limits.no_memory")
    assert "5 s for a call" in say(first.id, "en", **first.values)
    assert {note.id.split(".")[2] for note in said} == {"seconds", "memory", "processes", "file", "user", "reading", "network"}
    assert any("5 s" in say(note.id, "en", **note.values) for note in said)
    assert all(say(note.id, "ko", **note.values) for note in said)
    child_held, child.held = child.held, []                                # as on a system that limits nothing
    assert child.notes()[0].id == "child.limits.no_memory" and "child.holds.memory.not" in [note.id for note in child.notes()]
    child.held = child_held
    if LINUX:
        assert child.holds["memory"] == child.holds["file"] == "system" and child.holds["processes"]


def test_its_folder_is_its_own_and_goes():
    with Child({"a1.py": "x = 1\n"}) as child:
        folder, number = child.process.folder, child.process.process.pid
        assert sorted(path.name for path in folder.iterdir()) == ["printed", "work", "worker.py"]
    assert not folder.exists() and not Path(f"/proc/{number}").exists()


def test_no_process_and_no_descriptor_is_left(tmp_path):
    before = len(os.listdir("/proc/self/fd")) if LINUX else 0
    for _ in range(3):
        with Child({"a1.py": "def f():\n    while True: pass\n"}, limits=Limits(seconds=0.2)) as child:
            child.run(Call("f", []))

    assert not LINUX or len(os.listdir("/proc/self/fd")) <= before


def nobody_runs_python():
    """Whether we may start Python as the user nobody: root may, unless Python lies where nobody cannot go."""
    try:
        return subprocess.run([sys.executable, "-c", ""], user="nobody", extra_groups=[], cwd="/").returncode == 0
    except (OSError, KeyError, ValueError):
        return False


@pytest.mark.skipif(not nobody_runs_python(), reason="needs root, and a Python that nobody can run")
def test_another_user():
    with Child({"a1.py": "import sys\ndef f():\n    os = sys.modules['os']\n    return os.getuid(), os.getgroups()\n"}, user="nobody") as child:
        number, groups = child.run(Call("f", [])).value
        assert number != 0 and 0 not in groups and child.holds["user"] == "system" and child.holds["processes"] == "system"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may run as another user")
def test_a_user_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(LookupError, match="there is no user 'nobody-of-this-name'"):
        Child({"a1.py": ""}, user="nobody-of-this-name")
    assert not list(tmp_path.iterdir())


def test_a_python_that_does_not_start(monkeypatch, tmp_path):
    (tmp_path / "worker.py").write_text("raise RuntimeError('no worker')")
    monkeypatch.setattr("npnet.course.grader.process.WORKER", tmp_path / "worker.py")

    with pytest.raises(OSError, match="(?s)Python could not be started for the submission.*no worker"):
        Child({"a1.py": ""})


# ------------------------------------------------------------------------------- frames

def frame(content, shapes=b"", size=None):
    return HEAD.pack(MARK, len(content), len(shapes) if size is None else size) + content + shapes


@pytest.mark.parametrize("content", [
    b"GET / HTTP/1.1\r\n\r\n" * 4, frame(b"{"), frame(b"[1]"), frame(b'[{"what": 1}, []]'), frame(b'[{"array": 5}, []]'),
    frame(b'[1, [["<f8", [2]]]]', b"\0" * 8), frame(b'[1, [["<f8", [-1]]]]', b"\0" * 8), frame(b'[1, [["|O", [1]]]]', b"\0" * 8),
    frame(b'[1, [["<f8", [1]]]]', b"\0" * 16), frame(b'[1, [["<f8", ["x"]]]]'), frame(b"[" * 100_000), frame(b"1", size=1 << 62),
    frame(b'[1, [["<f8", [9223372036854775807, 9223372036854775807]]]]'), frame(b'[1, [["<f8", [true]]]]', b"\0" * 8),
    frame(b'[{"array": "0", "tuple": []}, []]'), frame(b'[{"complex": ["a", 1]}, []]'), frame(b"\xff\xfe"), frame(b'[{"list": 5}, []]')])
def test_what_is_no_frame_is_refused(content):
    with pytest.raises((Broken, EOFError)):
        receive(io.BytesIO(content + b"\0" * 64), 1 << 20)


@pytest.mark.parametrize("value, text", [
    ({1, 2}, "a set"), (np.array(["x"]), "an array of <U1"), ([0] * 200_000, "too large"), (np.zeros(10**6), "too large"),
    ("x" * (1 << 23), "too large"), (2**2000, "a int")])
def test_what_cannot_be_sent_is_refused_before_anything_is_written(value, text):
    file = io.BytesIO()

    with pytest.raises(Broken, match=text):
        send(file, value, 1 << 20)
    assert not file.getvalue()


def test_a_process_that_says_nothing(monkeypatch, tmp_path):
    (tmp_path / "worker.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr("npnet.course.grader.process.WORKER", tmp_path / "worker.py")
    process = Process()
    process.say({"big": np.zeros(10**6)})                                   # nobody reads it, and we go on

    with pytest.raises(Stopped) as stopped:
        process.hear(time.monotonic() + 0.3)
    process.kill()
    assert stopped.value.reason == "time" and process.process.returncode is not None


def test_the_worker_needs_no_file_of_ours(tmp_path):
    worker = Path(Process.__init__.__globals__["WORKER"]).read_text("utf-8")
    (tmp_path / "worker.py").write_text(worker, "utf-8")
    done = subprocess.run([sys.executable, "-I", "-S", "-B", str(tmp_path / "worker.py"), os.path.dirname(np.__path__[0])],
                          stdin=subprocess.DEVNULL, capture_output=True, cwd=tmp_path)

    assert b"EOFError: the stream ended" in done.stderr


# ------------------------------------------------------------------------------- what came, and the words for it

def test_nothing_of_another_kind_comes_out_of_a_reply():
    found = {"error": {"kind": 5, "line": "x", "shapes": {"a": [1, "b"], "c": 7}, "text": "\x1b[0m" + "x" * 10_000}, "changed": {"a": 1},
             "drawn": [("random", (2,)), "x", (1, 2)], "warnings": "text", "seconds": float("nan"), "global_random": "yes"}

    came = outcome(found, ["first"], 100)

    assert came == Outcome(error=Raised("", "[0m" + "x" * 496, 0, "", {"a": [1], "c": []}, ""), drawn=[("random", (2,))])


@pytest.mark.parametrize("outcome, id", [
    (Outcome(stopped="time"), "child.time"), (Outcome(stopped="died"), "child.died"), (Outcome(stopped="memory"), "child.memory"),
    (Outcome(stopped="output"), "child.output"), (Outcome(stopped="broken"), "child.broken"), (Outcome(stopped="threads"), "child.threads"),
    (Outcome(stopped="processes"), "child.processes"), (Outcome(error=Raised("Refused", "file: x")), "child.refused.file"),
    (Outcome(error=Raised("Refused", "network: x")), "child.refused.network"), (Outcome(error=Raised("Refused", "odd: x")), "child.refused.file"),
    (Outcome(error=Raised("RefusedImport", "torch")), "child.refused.import"), (Outcome(error=Raised("SystemExit", "0")), "child.error.exit"),
    (Outcome(error=Raised("MemoryError")), "child.error.memory"), (Outcome(error=Raised("RecursionError")), "child.error.recursion"),
    (Outcome(error=Raised("Missing", "f")), "child.error.missing"), (Outcome(error=Raised("ValueError", "f")), None),
    (Outcome({"strange": "set"}), "child.strange"), (Outcome(5), None)])
def test_every_end_has_its_sentence(outcome, id):
    note = reason(outcome)

    assert (note.id if note else None) == id
    if note:
        assert say(note.id, "en", **note.values) and say(note.id, "ko", **note.values)


@pytest.mark.parametrize("outcome, id", [
    (Outcome(stopped="time"), "child.loading.time"), (Outcome(stopped="died"), "child.loading.ended"),
    (Outcome(error=Raised("ValueError", "x", 3)), "child.loading.raised"), (Outcome(error=Raised("RefusedImport", "torch", 3)), "child.refused.import")])
def test_ends_while_the_file_is_run_have_other_sentences(outcome, id):
    note = reason(outcome, loading=True)

    assert note.id == id and say(note.id, "ko", **note.values)


@pytest.mark.parametrize("text, cleaned", [(None, ""), (5, ""), ("한글 a\tb\n", "한글 a\tb\n"), ("\x1b[31m\x07x\ud800\u202e", "[31mx?"), ("abcdef" * 9, "abcdef")])
def test_text_of_a_child_is_cleaned(text, cleaned):
    assert clean(text, 6 if text == "abcdef" * 9 else 100) == cleaned
