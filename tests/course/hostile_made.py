"""Submissions of assignment 1 that mean harm, or do it by accident, and what a grading says of each of them.

    python tests/course/hostile_made.py         writes golden/hostile.json anew: look at the difference
"""
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))

from npnet.course.grader.assignment import load  # noqa: E402
from npnet.course.grader.child import Limits  # noqa: E402
from npnet.course.grader.grade import grade  # noqa: E402
from npnet.course.grader.source import blocks_of, replaced  # noqa: E402

A1 = load("a1")
GOLDEN = HERE / "golden" / "hostile.json"
LIMITS = Limits(seconds=2, loading=3, memory=256 << 20, output=1 << 22, wasted=4)
SYSTEM = "import sys\nos = sys.modules['os']\n"
BODIES = {                              # in the place of what pad_image should do
    "endless loop": "while True: pass",
    "loop that prints": "while True: print('here')",
    "fork bomb": SYSTEM + "while True: os.fork()",
    "memory eater": "y = []\nwhile True: y.append(np.ones(10**7))",
    "os._exit": SYSTEM + "os._exit(0)",
    "sys.exit": "import sys\nsys.exit()",
    "prints results": "print('{\"score\": 12, \"tests\": []}')\nreturn x",
    "fake frames": SYSTEM + "for n in range(3, 20):\n    try: os.write(n, b'npnet\\r\\n1' + bytes(64))\n    except OSError: pass\nreturn x",
    "writes results.json": "open('/autograder/results/results.json', 'w').write('{\"score\": 12}')",
    "replaces functions of NumPy": "np.allclose = np.array_equal = lambda *a, **k: True\nreturn x",
    "says it equals everything": "class Liar(np.ndarray):\n    def __eq__(self, other): return True\nreturn x.view(Liar)",
    "looks for the solution": SYSTEM + "return os.listdir('/')",
    "reads its caller": "return open('/proc/self/maps').read()",
    "imports torch": "import torch\nreturn torch.nn.functional.pad(x, (pad,) * 4)",
    "imports npnet": "from npnet.course.grader import assignment\nreturn assignment.load('a1')",
    "network": "import sys\nreturn sys.modules['builtins'].__import__('socket').socket()",
    "deep recursion": "return pad_image(x, pad)",
    "array of objects": "return np.array([None, x], dtype=object)",
    "array that is huge": "return np.zeros((1000, 1000, 1000))",
    "answer that is too large": "return np.zeros((1000, 1000))",
    "nan": "return np.full((x.shape[0], x.shape[1], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad), np.nan)",
    "generator": "return (row for row in x)",
    "nothing": "np.pad(x, pad)",
    "thread": "import sys\nsys.modules['_thread'].start_new_thread(print, ())\nreturn x",
    "exception that cannot be printed": "class Odd(Exception):\n    def __str__(self): raise self\nraise Odd",
    "changes its argument": "x += 1\nreturn np.pad(x - 1, ((0, 0), (0, 0), (pad, pad), (pad, pad)))",
}
TOPS = {                                # at the end of a right file
    "endless loop at the top": "while True: pass\n",
    "exit at the top": "import sys\nsys.exit()\n",
    "os._exit at the top": SYSTEM + "os._exit(0)\n",
    "torch at the top": "import torch\n",
    "exception at the top": "print(undefined)\n",
    "syntax error": "def f(:\n    pass\n",
}


def right():
    """The starter with everything written as the solution has it."""
    text = A1.source.starter()
    for id in A1.source.regions:
        text = replaced(text, id, blocks_of(A1.source.solution, id))
    return text


def made():
    """{name: bytes, or None for a file that is missing}."""
    good = right()
    found = {name: replaced(good, "a1.pad", ["\n".join("    " + line for line in body.splitlines())])
             for name, body in BODIES.items()}
    found.update({name: good + "\n\n" + text for name, text in TOPS.items()})
    found = {name: text.encode() for name, text in found.items()}
    korean = good.replace("import numpy", "# 합성곱\nimport numpy", 1)
    found.update({"UTF-16": good.encode("utf-16"), "CP949": korean.encode("cp949"), "with BOM": good.encode("utf-8-sig"),
                  "Latin-1": korean.replace("합성곱", "\xe9").encode("latin-1"), "a zero byte": good.encode() + b"\0",
                  "empty": b"", "a notebook": b'{"cells": []}', "missing": None,
                  "marks deleted": "".join(line + "\n" for line in good.splitlines() if "YOUR CODE" not in line).encode(),
                  "another name": good.replace("def pad_image", "def pad_images").encode()})
    return found


def told(result):
    """Of a Result: the points of the regions, and the ids of all that is said."""
    notes = [*result.blockers, *result.warnings]
    for graded in result.regions:
        notes += [each for each in (graded.note, graded.diagnosis, *graded.remarks) if each is not None]
    return {"points": {graded.id: graded.earned for graded in result.regions}, "said": [note.id for note in notes]}


def graded(data):
    """The Result of a submission."""
    return grade(data, A1, limits=LIMITS)


def written(found):
    """The text of the golden file."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(written({name: told(graded(data)) for name, data in made().items()}), "utf-8")
