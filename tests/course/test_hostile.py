"""Submissions that mean harm, or do it by accident: each is a row of its own, the grader lives, the next call is made."""
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from npnet.course.grader.calls import Call
from npnet.course.grader.child import Child, Limits

pytestmark = pytest.mark.long              # processes are started, or pictures drawn

LINUX = sys.platform == "linux"
QUICK = Limits(seconds=20, loading=20, memory=256 << 20, output=1 << 22)     # what ends by itself is never ended for its time
SHORT = Limits(seconds=0.8, memory=256 << 20)                               # for what never ends
GOOD = "\n\ndef good(x):\n    return 2 * x\n"
MODULES = "import sys\nos = sys.modules['os']\n"            # a way around the refused import that no file of ours can close


def after(text, name="bad", *arguments, limits=QUICK):
    """The Outcome of a call of `bad`; afterwards `good` of the same file still answers rightly."""
    with Child({"a1.py": text + GOOD}, limits=limits) as child:
        assert child.loaded.came, child.loaded
        outcome = child.run(Call(name, list(arguments)), own={name})
        again = child.run(Call("good", [np.arange(3.0)]), own={"good"})
        assert again.came and np.array_equal(again.value, [0, 2, 4]), again
    assert not child.process
    return outcome


@pytest.fixture(scope="module")
def shared():
    """A Child for code that leaves its process whole: given as a program of ours, it meets the same refusals."""
    with Child({"a1.py": GOOD}, limits=QUICK) as child:
        yield child
        assert np.array_equal(child.run(Call("good", [np.arange(3.0)])).value, [0, 2, 4])


# ------------------------------------------------------------------------------- time, memory, processes, output

def test_an_endless_loop():
    outcome = after("def bad():\n    print('here')\n    while True:\n        pass\n", limits=SHORT)

    assert (outcome.stopped, outcome.value, outcome.printed, outcome.seconds) == ("time", None, "here\n", 0.8)


def test_a_loop_that_catches_everything():
    assert after("def bad():\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n"
                 "            pass\n", limits=SHORT).stopped == "time"


def test_a_loop_inside_numpy():
    text = "import numpy as np\ndef bad():\n    x = np.ones((3000, 3000))\n    while True:\n        x @ x\n"

    assert after(text, limits=SHORT).stopped == "time"


def test_an_endless_loop_while_the_file_runs():
    with Child({"a1.py": "while True:\n    pass\n"}, limits=Limits(loading=0.5)) as child:
        assert child.loaded.stopped == "time"
        assert child.run(Call("f", [])) is child.loaded                     # not tried again for every call


def test_calls_that_are_stopped_again_and_again_are_not_tried_for_ever():
    with Child({"a1.py": "def bad():\n    while True: pass\n"}, limits=Limits(seconds=0.3, wasted=0.5)) as child:
        stopped = [child.run(Call("bad", [])).stopped for _ in range(20)]

    assert stopped == ["time"] * 20 and child.count < 20                    # orders that were sent, starts among them


@pytest.mark.skipif(not LINUX, reason="the system does not limit memory")
def test_a_memory_eater():
    outcome = after("def bad():\n    x = []\n    while True:\n        x.append(bytearray(10_000_000))\n")

    assert outcome.error.kind == "MemoryError" and outcome.error.line == 4


@pytest.mark.skipif(not LINUX, reason="the system does not limit memory")
def test_an_array_larger_than_memory():
    outcome = after("import numpy as np\ndef bad():\n    return np.zeros((10**6, 10**5))\n")

    assert outcome.error.kind == "MemoryError" and outcome.error.code == "return np.zeros((10**6, 10**5))"


@pytest.mark.skipif(not LINUX or sys.version_info < (3, 11), reason="processes are not counted; or the call is another")
def test_a_fork_bomb_of_another_program():
    """Python's fork is refused; a shell that is started behind its back, and leaves the group, is found and ended."""
    text = (MODULES + "def bad():\n    spawn = sys.modules['builtins'].__import__('_posixsubprocess').fork_exec\n"
            "    r, w = os.pipe()\n"
            "    for turn in range(6):\n"
            "        spawn([b'/bin/sh', b'-c', b'sleep 60 & sleep 60'], [b'/bin/sh'], True, (), None, None, -1, -1, -1, -1, -1, -1, r, w,\n"
            "              True, True, -1, None, None, None, -1, None, True)\n"
            "    while True: pass\n")
    before = sleeping()

    outcome = after(text)

    if outcome.error:                                                       # not root: the system refuses it itself
        assert outcome.error.kind == "BlockingIOError", outcome
    else:
        assert outcome.stopped == "processes", outcome
    assert sleeping() <= before


def sleeping():
    """The numbers of all processes that sleep for 60 seconds."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and (folder / "cmdline").read_bytes() == b"sleep\x0060\x00":
                found.add(folder.name)
        except OSError:
            pass
    return found


@pytest.mark.parametrize("line", ["os.fork()", "os.system('ls')", "os.execv('/bin/ls', ['ls'])", "os.kill(os.getppid(), 9)"])
@pytest.mark.skipif(not LINUX, reason="not on every system")
def test_processes_are_refused(line, shared):
    outcome = shared.run(Call("bad", [], MODULES + f"def bad():\n    {line}\n"))

    assert (outcome.error.kind, outcome.error.text.partition(":")[0]) == ("Refused", "process")


def test_a_gigabyte_of_output():
    text = "def bad():\n    for _ in range(1000):\n        print('x' * 1_000_000)\n    return 1\n"

    outcome = after(text)

    assert outcome.value == 1 and outcome.printed == "x" * QUICK.printed


def test_output_without_end_is_shown_as_far_as_it_is_kept():
    outcome = after("import sys\ndef bad():\n    while True:\n        print('no', file=sys.stderr)\n", limits=SHORT)

    assert outcome.stopped == "time" and outcome.printed.startswith("no\nno\n") and len(outcome.printed) == QUICK.printed


def test_output_past_python_goes_nowhere():
    outcome = after(MODULES + "def bad():\n    for n in (0, 1, 2):\n        os.write(n, b'x' * 1000)\n    return 7\n")

    assert (outcome.value, outcome.printed) == (7, "")


# ------------------------------------------------------------------------------- ends of the process

def test_os_exit():
    assert after(MODULES + "def bad():\n    os._exit(0)\n").stopped == "died"


def test_sys_exit_is_an_exception():
    outcome = after("import sys\ndef bad():\n    sys.exit(0)\n")

    assert (outcome.error.kind, outcome.error.text, outcome.error.line) == ("SystemExit", "0", 3)


def test_exit_while_the_file_runs():
    with Child({"a1.py": "import sys\nsys.exit()\n"}) as child:
        assert child.loaded.error.kind == "SystemExit" and child.loaded.error.line == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
def test_a_crash():
    outcome = after("import sys\ndef bad():\n    sys.modules['builtins'].__import__('faulthandler')._sigsegv()\n")

    assert outcome.stopped == "died"


def test_deep_recursion():
    outcome = after("def bad():\n    return 1 + bad()\n")

    assert outcome.error.kind == "RecursionError" and outcome.error.line == 2


def test_a_thread_that_is_left_running():
    text = ("import sys\ndef bad():\n    thread = sys.modules['_thread']\n    def forever():\n        while True: pass\n"
            "    thread.start_new_thread(forever, ())\n    return 3\n")

    outcome = after(text)

    assert (outcome.error.kind, outcome.error.text) == ("Refused", "process: a thread")


# ------------------------------------------------------------------------------- lies

def test_frames_in_what_is_printed_are_print():
    text = ("def bad(x):\n    import sys\n    head = b'npnet\\r\\n1' + bytes(12)\n"
            "    print(head.decode('latin-1'), '{\"is\": \"found\", \"found\": {\"value\": 1}}')\n"
            "    sys.stdout.write('{\"score\": 100}')\n    return x\n")

    outcome = after(text, "bad", 5)

    assert outcome.value == 5 and '{"score": 100}' in outcome.printed


@pytest.mark.parametrize("content", ["b'x' * 4096", "b'npnet\\r\\n1' + b'\\xff' * 12", "b'npnet\\r\\n1' + bytes(12)"])
def test_frames_written_to_every_descriptor(content):
    """Whoever finds the pipe can say only what a function could return; what is no frame ends the process."""
    text = (MODULES + f"def bad():\n    for n in range(3, 30):\n        try:\n            os.write(n, {content})\n"
            "        except OSError:\n            pass\n    while True: pass\n")

    assert after(text).stopped in ("broken", "output")


def test_a_frame_with_another_token_answers_nothing():
    text = ("def bad():\n    import sys\n    main = sys.modules['__main__']\n    frame = sys._getframe()\n"
            "    while 'self' not in frame.f_locals:\n        frame = frame.f_back\n    worker = frame.f_locals['self']\n"
            "    main.send(worker.replies, {'is': 'found', 'token': 99, 'found': {'value': 'forged'}}, 1000)\n    return 2\n")

    assert after(text).stopped == "broken"


def test_what_a_forged_reply_says_is_looked_at():
    text = ("def bad():\n    import sys\n    main = sys.modules['__main__']\n    frame = sys._getframe()\n"
            "    while 'self' not in frame.f_locals:\n        frame = frame.f_back\n    worker = frame.f_locals['self']\n"
            "    main.send(worker.replies, {'is': 'found', 'token': worker.token, 'found': {'value': 1, 'error': 'x',\n"
            "              'changed': 'all', 'drawn': [1, ('random', 3)], 'seconds': 'long', 'printed': 5, 'warnings': [1]},\n"
            "              'threads': 1}, 1000)\n    while True: pass\n")

    outcome = after(text)

    assert (outcome.stopped, outcome.value, outcome.changed, outcome.drawn) == ("threads", 1, [], [])
    assert (outcome.error, outcome.seconds, outcome.printed, outcome.warnings) == (None, 0.0, "", [""])


def test_results_are_not_written():
    outcome = after("def bad():\n    with open('results.json', 'w') as file:\n        file.write('{}')\n")

    assert outcome.error.kind == "Refused" and outcome.error.text == "file: results.json"


@pytest.mark.parametrize("line, replaced", [
    ("np.allclose = np.array_equal = lambda *a, **k: True", "numpy.allclose"), ("np.zeros = None", "numpy.zeros"),
    ("np.random.get_state = lambda: 0", "numpy.random.get_state"), ("__builtins__['len'] = None", "")])
def test_functions_of_numpy_are_replaced(line, replaced):
    """It changes nothing for us, nor for the next call; it is said."""
    text = f"import numpy as np\ndef bad():\n    {line}\n    return 1\n"
    with Child({"a1.py": text + GOOD}) as child:
        outcome = child.run(Call("bad", []))
        assert (outcome.value == 1 or outcome.error) and (replaced in child.replaced or not replaced)
        assert np.array_equal(child.run(Call("good", [np.arange(3.0)])).value, [0, 2, 4])


def test_methods_of_arrays_cannot_be_replaced():
    outcome = after("import numpy as np\ndef bad():\n    np.ndarray.__eq__ = lambda *a: True\n")

    assert outcome.error.kind == "TypeError" and outcome.error.line == 3


def test_an_array_that_says_it_equals_everything():
    text = ("import numpy as np\nclass Liar(np.ndarray):\n    def __eq__(self, other): return np.bool_(True)\n"
            "    shape = (1, 2)\n    def tobytes(self): return b''\n    def astype(self, *a, **k): return self\n"
            "def bad():\n    return np.arange(3.0).view(Liar)\n")

    outcome = after(text)

    assert type(outcome.value) is np.ndarray and outcome.value.tolist() == [0, 1, 2]


@pytest.mark.parametrize("path", ["/proc/self/maps", "/proc/self/environ", "/etc/passwd", "../worker.py", "/proc/{parent}/mem",
                                  os.path.join(os.path.dirname(os.__file__), "site-packages", "npnet", "__init__.py"), 3])
def test_files_are_not_read(path, shared):
    path = path.format(parent=os.getpid()) if isinstance(path, str) else path
    outcome = shared.run(Call("bad", [], f"def bad():\n    return open({path!r}, 'rb').read()\n"))

    assert outcome.error.kind == "Refused" and outcome.error.text.startswith("file: ")


def test_the_solution_is_neither_found_nor_imported():
    text = ("import sys\ndef bad():\n    held = ' '.join(map(str, sys.path + list(sys.modules) + sys.argv[1:]))\n"
            "    sys.modules.pop('npnet', None)\n    return 'npnet' in held.replace('npnet-child', ''), list(globals())\n"
            "def worse():\n    return sys.modules['importlib._bootstrap']._gcd_import('npnet.course')\n")

    seen, names = after(text).value

    assert not seen and "conv2d_forward" not in names
    assert after(text, "worse").error.kind in ("RefusedImport", "KeyError")


def test_the_variables_of_the_parent_are_not_there(monkeypatch):
    monkeypatch.setenv("NPNET_COURSE_SECRET", "deadbeef")
    outcome = after(MODULES + "def bad():\n    return dict(os.environ)\n")

    assert "NPNET_COURSE_SECRET" not in outcome.value and outcome.value["OPENBLAS_NUM_THREADS"] == "1"
    assert "npnet-child" in outcome.value["HOME"] and not Path(outcome.value["HOME"]).exists()


@pytest.mark.parametrize("line", ["socket.socket()", "socket.create_connection(('127.0.0.1', 80))"])
def test_the_network_is_refused(line, shared):
    text = ("def bad():\n    import sys\n    real = sys.modules['builtins'].__import__\n    socket = real('socket')\n"
            f"    return {line}\n")

    outcome = shared.run(Call("bad", [], text))

    assert (outcome.error.kind, outcome.error.text.partition(":")[0]) == ("Refused", "network")


def test_nobody_answers_on_standard_input():
    assert after("def bad():\n    return input('? ')\n").error.kind == "EOFError"


# ------------------------------------------------------------------------------- strange values

@pytest.mark.parametrize("expression, strange", [
    ("(i for i in range(3))", "generator"), ("np.array([None, 'x'])", "array of object"), ("lambda: 1", "function"), ("np", "module"),
    ("{1: 2}", "dict"), ("{1, 2}", "set"), ("np.array(['a'])", "array of <U1"), ("...", "ellipsis"), ("np.array", "builtin_function_or_method")])
def test_values_that_no_number_can_be_read_from(expression, strange, shared):
    outcome = shared.run(Call("bad", [], f"import numpy as np\ndef bad():\n    return {expression}\n"))

    assert outcome.value == {"strange": strange} and outcome.came


def test_a_list_that_holds_itself():
    outcome = after("def bad():\n    x = []\n    x.append(x)\n    return x\n")

    assert outcome.error.kind == "RecursionError"


def test_numbers_that_are_none():
    outcome = after("import numpy as np\ndef bad():\n    return np.array([np.nan, np.inf, -np.inf]), float('nan')\n")

    assert np.array_equal(outcome.value[0], [np.nan, np.inf, -np.inf], equal_nan=True) and np.isnan(outcome.value[1])


@pytest.mark.parametrize("expression", ["np.zeros(10**6)", "'x' * 10**8", "list(range(200_000))", "np.broadcast_to(1.0, (10**7,))",
                                        "[[[1] * 1000] * 1000]"])
def test_an_answer_that_is_too_large(expression):
    assert after(f"import numpy as np\ndef bad():\n    return {expression}\n").stopped == "output"


@pytest.mark.skipif(not LINUX, reason="the system does not limit memory")
def test_an_array_that_is_small_and_says_it_is_huge():
    outcome = after("import numpy as np\ndef bad():\n    return np.broadcast_to(1.0, (10**6, 10**6))\n")

    assert outcome.error.kind == "MemoryError"


@pytest.mark.parametrize("body", ["raise Exception", "return 5", "raise SystemExit", "while True: return 'x' * 10**6"])
def test_an_exception_that_cannot_be_printed(body, shared):
    outcome = shared.run(Call("bad", [], f"class Odd(Exception):\n    def __str__(self):\n        {body}\ndef bad():\n    raise Odd\n"))

    assert outcome.error.kind in ("Odd", "BaseException") and len(outcome.error.text) <= 500


def test_text_that_would_upset_a_terminal():
    outcome = after("def bad():\n    print('\\x1b[2J\\x07red\\ud800')\n    raise ValueError('\\x1b[31mred\\u202e')\n")

    assert outcome.error.text == "[31mred" and outcome.printed == "[2Jred?\n"


def test_the_next_call_sees_nothing_of_a_stopped_one():
    text = "count = []\ndef bad():\n    count.append(1)\n    while len(count) == 1: pass\n    return len(count)\n"
    with Child({"a1.py": text}, limits=SHORT) as child:
        assert [child.run(Call("bad", [])).stopped for _ in range(2)] == ["time", "time"]
