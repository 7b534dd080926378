"""A course that fits into a pocket, for tests of what a student meets: two assignments, with words and a mistake."""
import os
from pathlib import Path

import pytest

import npnet

from npnet.course.grader import assignment as assignments
from npnet.course.grader import words

DOUBLE = '''# HANDOUT(en)
"""# A1. Twice

Write `double`."""
# HANDOUT(ko)
"""# A1. 두 배

`double`을 작성하십시오."""
# END HANDOUT
# TEXT(en)
"""Twice."""
# TEXT(ko)
"""두 배."""
# END TEXT
import numpy as np


def double(x):
    # BEGIN SOLUTION(a1.double, points=6)
    y = x + x
    # END SOLUTION(a1.double)
    return y


def total(x):
    # BEGIN SOLUTION(a1.total, points=4)
    y = np.array(0.0)
    for number in x.ravel():
        y = y + number
    # END SOLUTION(a1.total)
    return y
'''
FOUR = '''# HANDOUT(en)
"""# A2. Four times"""
# HANDOUT(ko)
"""# A2. 네 배"""
# END HANDOUT
from parts import double


def four(x):
    # BEGIN SOLUTION(a2.four, points=5)
    y = double(double(x))
    # END SOLUTION(a2.four)
    return y
'''
CHECKS_1 = '''from npnet.course.grader.calls import Call
from npnet.course.grader.properties import Property, unchanged

OUTPUTS = {"double": ("y",), "total": ("y",)}


def doubles(draw, parts):
    return [Call("double", [draw.part("x").distinct(3, 4) + 8]), Call("double", [draw.part("z").distinct(2, 2) + 8])]


def totals(draw, parts):
    return [Call("total", [draw.distinct(3, 4) + 8])]


PROPERTIES = [
    Property("a1.double.value", "a1.double", doubles), Property("a1.double.seeded", "a1.double", doubles, hidden=True),
    Property("a1.double.unchanged", "a1.double", doubles, judge=unchanged),
    Property("a1.total.value", "a1.total", totals), Property("a1.total.seeded", "a1.total", totals, hidden=True)]
'''
CHECKS_2 = '''from npnet.course.grader.calls import Call
from npnet.course.grader.properties import Property

OUTPUTS = {"four": ("y",)}


def fours(draw, parts):
    return [Call("four", [draw.distinct(3, 4) + 8])]


PROPERTIES = [Property("a2.four.value", "a2.four", fours), Property("a2.four.seeded", "a2.four", fours, hidden=True)]
'''
MISTAKES = '''
[[mistake]]
id = "double.square"
region = "a1.double"
edits = [["x + x", "x * x"]]
concept = "sum"
if.en = "x is multiplied by itself"
if.ko = "x를 자기 자신과 곱했을 때"
ask.en = "What is twice 3?"
ask.ko = "3의 두 배는 얼마일까요?"
'''
WORDS = '''
["a1"]
en = "Twice"
ko = "두 배"
["a2"]
en = "Four times"
ko = "네 배"
["a2.four"]
en = "four times x"
ko = "x의 네 배"
["a1.double"]
en = "two times x"
ko = "x의 두 배"
["a1.total"]
en = "the sum of x"
ko = "x의 합"
["a1.double.value"]
en = "every number is doubled"
ko = "모든 수가 두 배입니다"
["a1.double.unchanged"]
en = "x stays as it was"
ko = "x는 그대로입니다"
["a1.total.value"]
en = "all numbers are added"
ko = "모든 수를 더합니다"
["a1.double.hint1"]
en = "Think of adding."
ko = "덧셈을 생각해 보십시오."
["a1.double.hint2"]
en = "y = x plus x, of the shape of x."
ko = "y는 x 더하기 x이고, 형상은 x와 같습니다."
["a1.double.hint3"]
en = "for every number: write it twice and add"
ko = "모든 수에 대해: 두 번 쓰고 더하기"
'''
FILES = {"assignments/a1_double.py": DOUBLE, "assignments/a2_four.py": FOUR, "checks/a1.py": CHECKS_1,
         "checks/a2.py": CHECKS_2, "catalogue/a1.toml": MISTAKES, "words/a1.toml": WORDS}
RIGHT = {"a1.double": "y = x + x", "a1.total": "y = np.array(x.sum())", "a2.four": "y = double(double(x))"}


def write_course(folder):
    """Writes the course into a folder."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    forget()


def forget():
    """Forgets what was loaded of a course: another one may stand in the same folder."""
    assignments.loaded.cache_clear()
    words.table.cache_clear()
    words.together.cache_clear()


@pytest.fixture
def pocket(tmp_path, monkeypatch):
    """A student's empty folder, with a blank and Korean letters in its path, and the course beside it; English."""
    write_course(tmp_path / "course")
    monkeypatch.setenv("NPNET_COURSE", str(tmp_path / "course"))
    monkeypatch.delenv("NPNET_LANG", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "내 과제 folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    forget()


def solved(path, region, line):
    """Writes a line into a region of a student's file, in the place of its stub."""
    stub = f'    raise NotImplementedError("{region}")  # delete this line'
    text = path.read_text("utf-8")
    assert stub in text
    path.write_text(text.replace(stub, f"    {line}"), "utf-8")


def environment(**variables):
    """The environment of a process that finds npnet."""
    path = os.pathsep.join(filter(None, [str(Path(npnet.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **variables}
