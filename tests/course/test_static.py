"""What can be seen in a student's file without running it: each fault has its sentence and its line."""
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.source import Source, replaced
from npnet.course.grader.static import deepest, look, loops, single_lines
from npnet.course.grader.words import say

A1, A2 = load("a1").source, load("a2").source
WROTE = {"a1.size": "    return (size + 2 * pad - window) // stride + 1", "a1.pad": "    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))",
         "a1.conv_naive": "    return x * 0"}


def written(*regions, language="en", source=A1):
    """The starter with some of its regions written."""
    text = source.starter(language)
    for id in regions or WROTE:
        text = replaced(text, id, [WROTE[id]])
    return text


def seen(text, source=A1, others=()):
    """The Looked of a text or bytes; every Note in it can be said in both languages."""
    looked = look(text, source, others)
    for note in [*looked.blockers, *looked.faults.values(), *looked.warnings]:
        for language in ("en", "ko"):
            sentence = say(note.id, language, **note.values)
            assert sentence and "{" not in sentence
    return looked


def blocker(text, source=A1, others=()):
    """(id, line) of the one blocker."""
    [note] = seen(text, source, others).blockers
    return note.id, note.line


# ------------------------------------------------------------------------------- regions

@pytest.mark.parametrize("source", [A1, A2], ids=["a1", "a2"])
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_starter_is_untouched_and_faultless(source, language, end):
    looked = seen(source.starter(language).replace("\n", end).encode(), source)

    assert looked.untouched == list(source.regions)
    assert not looked.blockers and not looked.faults and not looked.warnings


@pytest.mark.parametrize("source", [A1, A2], ids=["a1", "a2"])
def test_a_solution_is_faultless(source):
    looked = seen(source.solution.replace("SOLUTION", "YOUR CODE"), source)

    assert (looked.untouched, looked.faults, looked.blockers, looked.warnings) == ([], {}, [], [])


def test_regions_that_were_begun_are_not_untouched():
    assert seen(written("a1.pad")).untouched == ["a1.size", "a1.conv_naive"]
    assert seen(written("a1.pad", language="ko")).untouched == ["a1.size", "a1.conv_naive"]
    assert seen(written()).untouched == []


def test_comments_and_blank_lines_alone_do_not_begin_a_region():
    text = A1.starter().replace('    raise NotImplementedError("a1.pad")  # delete this line',
                                '    # my idea\n\n    raise NotImplementedError("a1.pad")')

    assert seen(text).untouched == list(A1.regions)


def test_the_line_that_raises_was_left():
    text = replaced(A1.starter(), "a1.pad", ['    raise NotImplementedError("a1.pad")\n    return x'])
    note = seen(text).faults["a1.pad"]

    assert note.id == "child.stub" and text.splitlines()[note.line - 1].strip() == 'raise NotImplementedError("a1.pad")'


def test_a_raise_under_an_if_is_the_students_own():
    text = replaced(A1.starter(), "a1.pad", ['    if pad < 0:\n        raise NotImplementedError("a1.pad")\n    return x'])

    assert "a1.pad" not in seen(text).faults


def test_without_marks_regions_are_found_by_their_functions():
    text = "\n".join(line for line in written("a1.pad").splitlines() if "YOUR CODE" not in line)
    looked = seen(text)

    assert looked.untouched == ["a1.size", "a1.conv_naive"] and not looked.faults
    assert [(note.id, note.values["region"]) for note in looked.warnings] == [("child.marks.gone", "a1.size, a1.pad, a1.conv_naive")]


def test_marks_that_do_not_belong_together():
    looked = seen(written("a1.pad").replace("    # END YOUR CODE(a1.size)\n", ""))

    assert [note.id for note in looked.warnings] == ["child.marks.broken"] and looked.untouched == ["a1.size", "a1.conv_naive"]


# ------------------------------------------------------------------------------- functions

def test_a_function_that_is_missing_is_the_fault_of_its_region_alone():
    text = written().replace("def pad_image(", "def something(")
    looked = seen(text)

    assert list(looked.faults) == ["a1.pad"] and looked.faults["a1.pad"].id == "child.function.missing"


def test_a_name_that_is_misspelt_is_guessed():
    text = written().replace("def pad_image(", "def padd_image(")
    note = seen(text).faults["a1.pad"]

    assert (note.id, note.values["near"]) == ("child.function.missing.near", "padd_image") and "padd_image" in text.splitlines()[note.line - 1]


def test_a_function_may_be_a_name_for_another():
    assert not seen(written().replace("def pad_image(", "def padded(") + "\npad_image = padded\n").faults


@pytest.mark.parametrize("head, id", [
    ("def pad_image(x):", "child.arguments"), ("def pad_image(x, pad, more):", "child.arguments"), ("def pad_image(x, pad, *, more):", "child.arguments"),
    ("def pad_image(pad, x):", "child.arguments.order"), ("class pad_image:", "child.function.class"), ("def pad_image():", "child.arguments")])
def test_a_function_that_cannot_be_called(head, id):
    text = written().replace("def pad_image(x, pad):", head)
    if head.startswith("class"):
        text = text.replace(WROTE["a1.pad"], "    pass")
    looked = seen(text)

    assert list(looked.faults) == ["a1.pad"] and looked.faults["a1.pad"].id == id
    assert text.splitlines()[looked.faults["a1.pad"].line - 1] == head


@pytest.mark.parametrize("head", ["def pad_image(x, pad, more=1):", "def pad_image(*args):", "def pad_image(x, *rest):",
                                  "def pad_image(x, pad, *, more=1):", "def pad_image(x, pad, **options):", "def pad_image(x, /, pad=0):"])
def test_a_function_that_can_be_called(head):
    assert not seen(written().replace("def pad_image(x, pad):", head)).faults


def test_other_names_of_arguments_cost_nothing():
    looked = seen(written().replace("def pad_image(x, pad):", "def pad_image(image, pad):"))

    assert not looked.faults and "child.arguments.names" in [note.id for note in looked.warnings]


def test_a_function_that_is_there_twice():
    text = written() + "\ndef conv_size(size, window, stride, pad):\n    return 1\n"

    assert [note.id for note in seen(text).warnings] == ["child.twice"]


def test_a_class_that_is_missing():
    source = Source('import numpy as np\n\n\nclass SGD:\n    def step(self):\n        # BEGIN SOLUTION(z.step, points=1)\n'
                    '        return 1\n        # END SOLUTION(z.step)\n', "z.py")
    looked = seen("class Sgd:\n    pass\n", source)

    assert (looked.faults["z.step"].id, looked.faults["z.step"].values["near"]) == ("child.class.missing.near", "Sgd")
    assert seen(source.starter(), source).untouched == ["z.step"]


def test_lines_outside_the_regions_that_are_other_ones():
    text = written().replace("def conv_size(size, window, stride, pad):\n", "def conv_size(size, window, stride, pad):\n    size = 3\n")
    [note] = seen(text).warnings

    assert (note.id, note.values["name"]) == ("child.outside", "conv_size") and text.splitlines()[note.line - 1].startswith("def conv_size")


def test_an_import_that_was_deleted_is_said():
    [note] = seen(written().replace("import numpy as np\n", "import numpy\n")).warnings

    assert (note.id, note.values["name"]) == ("child.outside", "import numpy as np")


def test_helpers_and_other_docstrings_are_nobodys_business():
    text = written(language="ko").replace("import numpy as np\n", "import numpy as np\nimport itertools\n\nSIZE = 3\n\n\ndef helper(x):\n    return x\n")

    assert not seen(text).warnings


# ------------------------------------------------------------------------------- imports

@pytest.mark.parametrize("line, module", [("import torch", "torch"), ("import torch.nn.functional as F", "torch"), ("from npnet import ops", "npnet"),
                                          ("import os, sys", "os"), ("from scipy.signal import convolve2d", "scipy"), ("import subprocess", "subprocess")])
def test_an_import_that_is_not_allowed_is_named_with_its_line(line, module):
    text = written().replace("import numpy as np\n", f"import numpy as np\n{line}\n")
    [note] = seen(text).blockers

    assert (note.id, note.values["module"]) == ("child.import", module) and text.splitlines()[note.line - 1] == line


@pytest.mark.parametrize("text", ["def helper():\n    import torch\n", "try:\n    import torch\nexcept ImportError:\n    pass\n",
                                  "if __name__ == '__main__':\n    import torch\n"])
def test_an_import_that_need_not_happen_blocks_nothing(text):
    looked = seen(written() + text)

    assert not looked.blockers and not looked.warnings


@pytest.mark.parametrize("line", ["import math", "from numpy.lib.stride_tricks import as_strided", "import itertools as it", "from helpers import f",
                                  "from __future__ import annotations"])
def test_imports_that_are_allowed(line):
    assert not seen(f"{line}\n" + written(), others=["helpers.py"]).blockers


@pytest.mark.parametrize("line, id", [("from parts import conv_sise", "child.parts.near"), ("from parts import SGD", "child.parts"),
                                      ("from .parts import conv_size", "child.import.dots"), ("from . import parts", "child.import.dots")])
def test_parts_that_are_not_there(line, id):
    assert blocker(f"{line}\n" + A2.starter(), A2) == (id, 1)


# ------------------------------------------------------------------------------- files that cannot be read

@pytest.mark.parametrize("content, id, line", [
    (None, "child.missing", 0), (b"", "child.empty", 0), (b" \n\n", "child.empty", 0),
    ("x = 1\n".encode("utf-16"), "child.encoding", 1), ("x = 1\n".encode("utf-32"), "child.encoding", 1),
    ("import math\n# 합성곱\n".encode("cp949"), "child.encoding", 2), ("# caf\u00e9\n".encode("latin-1"), "child.encoding", 1),
    (b"x = 1\n\0\n", "child.zero", 2), (b"PK\x03\x04abc", "child.kind", 1), (b'{"cells": []}', "child.kind", 1),
    (b"# coding: klingon\nx = 1\n", "child.cookie", 1), (b"x" * 2_000_000, "child.large", 0),
    (b"def f(:\n", "child.syntax", 1), (b"def f():\nreturn 1\n", "child.syntax", 2), (b"x = (1,\n", "child.syntax", 1),
    (b"if True:\n    x = 1\n\ty = 2\n", "child.syntax", 3), (b"x = 'a\n", "child.syntax", 1)])
def test_a_file_that_cannot_be_read(content, id, line):
    assert blocker(content) == (id, line)


@pytest.mark.parametrize("encoded, guess", [("# 합성곱 층\n".encode("cp949"), "CP949"), ("# caf\u00e9 \u00fc\n".encode("latin-1"), "Latin-1"),
                                            ("x".encode("utf-16"), "UTF-16")])
def test_the_encoding_is_guessed(encoded, guess):
    assert seen(encoded).blockers[0].values["encoding"] == guess


@pytest.mark.parametrize("content", [written().encode("utf-8-sig"), ("# -*- coding: cp949 -*-\n# 합성곱\n" + written()).encode("cp949")], ids=["BOM", "cp949 that says so"])
def test_encodings_that_python_reads(content):
    looked = seen(content)

    assert not looked.blockers and "def conv_size" in looked.text and not looked.text.startswith("\ufeff")


def test_a_file_of_another_name_is_guessed():
    [note] = seen(None, A1, ["a1_convolutions.py", "notes.txt"]).blockers

    assert (note.id, note.values["near"]) == ("child.missing.near", "a1_convolutions.py")


@pytest.mark.parametrize("text", ["x = " + "(" * 100_000, "x = " + "-" * 50_000 + "1", "x = " + "[" * 90 + "]" * 90 + "[0]" * 3000 + "\n",
                                  "x = " + "+".join(["1"] * 50_000), "x = 1" + "0" * 10_000, "if 1:\n" * 2000], ids=range(6))
def test_texts_that_would_break_a_reader(text):
    looked = look(text, A1)                                                 # whatever it says, it says it

    assert looked.blockers or looked.faults


def test_what_python_would_warn_of_is_not_printed(recwarn):
    seen(written() + "x = '\\d'\n")

    assert not recwarn.list


# ------------------------------------------------------------------------------- loops and float32

def test_loops_are_counted_as_they_are_nested():
    text = ("def f(x, N, P):\n    for n in range(N):\n        for p in range(P):\n            x = [a for a in x for b in x]\n"
            "    while P:\n        P -= 1\n    for n in range(3):\n        pass\n")

    assert [(loop.line, loop.depth, loop.over) for loop in loops(text, "f")] == [
        (2, 1, "range(N)"), (3, 2, "range(P)"), (4, 3, "x"), (4, 4, "x"), (5, 1, "P"), (7, 1, "range(3)")]
    assert deepest(text, "f") == (4, 4) and deepest(text, "g") == (0, 0) and deepest("def f(: pass", "f") == (0, 0)


def test_the_solutions_have_the_loops_that_they_should_have():
    assert deepest(A1.solution, "conv2d_forward")[0] == 7
    assert deepest(A2.solution, "im2col")[0] == 2


def test_lines_that_leave_float64():
    text = "import numpy as np\ndef f(x):\n    y = np.zeros(3, np.float32)\n    return y.astype('float32')\ndef g(x):\n    return np.float32(x)\n"

    assert single_lines(text, "f") == [3, 4] and single_lines(text, "g") == [6] and single_lines(text, "h") == []
