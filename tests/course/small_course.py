"""A small course of two assignments, in a folder: what the tests of the engine work with."""
from textwrap import dedent

FIRST = '''
# HANDOUT(en)
"""# A1. Twice

Write `twice`.
"""
# HANDOUT(ko)
"""# A1. 두 배
"""
# END HANDOUT
# TEXT(en)
"""Twice a number."""
# TEXT(ko)
"""수의 두 배."""
# END TEXT
import numpy as np


def twice(x):
    # TEXT(en)
    """Twice x. x (N, D) -> (N, D)."""
    # TEXT(ko)
    """x의 두 배."""
    # END TEXT
    # BEGIN SOLUTION(a1.twice, points=3)
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = 2 * x[n]
    return y
    # END SOLUTION(a1.twice)
'''
SECOND = '''
# HANDOUT(en)
"""# A2. Four times"""
# HANDOUT(ko)
"""# A2. 네 배"""
# END HANDOUT
from parts import twice


class Counter:
    def __init__(self):
        # BEGIN SOLUTION(a2.counter, points=2)
        self.count = 0
        # END SOLUTION(a2.counter)

    def add(self, number):
        # BEGIN SOLUTION(a2.counter)
        self.count += number
        return self.count
        # END SOLUTION(a2.counter)


def four_times(x):
    # BEGIN SOLUTION(a2.four, points=4)
    return twice(twice(x))
    # END SOLUTION(a2.four)
'''
CHECKS = '''
from npnet.course.grader.calls import Call
from npnet.course.grader.properties import Property, unchanged

OUTPUTS = {"twice": ("y",)}


def calls(draw, parts):
    return [Call("twice", [draw.quarters(3, 4)])]


PROPERTIES = [Property("a1.twice.open", "a1.twice", calls), Property("a1.twice.own", "a1.twice", calls, hidden=True),
              Property("a1.twice.unchanged", "a1.twice", calls, judge=unchanged)]
'''
CATALOGUE = '''
[[mistake]]
id = "twice.first"
region = "a1.twice"
edits = [["range(len(x))", "range(1)"]]
concept = "batch"
if.en = "only the first image is computed"
if.ko = "첫 이미지만 계산했을 때"
ask.en = "How often does the loop run?"
ask.ko = "반복문은 몇 번 실행됩니까?"
'''


def course(folder):
    """Writes the course into a folder; returns the folder."""
    for name, text in {"assignments/a1_twice.py": FIRST, "assignments/a2_four.py": SECOND, "checks/a1.py": CHECKS,
                       "catalogue/a1.toml": CATALOGUE}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    return folder
