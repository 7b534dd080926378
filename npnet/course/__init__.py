"""The course: assignments with a grader that says what is wrong.

    assignments/    one file per assignment: handout, starter, solution, points
    catalogue/      the mistakes that are known, as patches to the solutions
    checks/         what must hold of each region
    words/          every sentence, in English and Korean
    grader/         the engine; it runs without the rest of npnet

What a student meets (`npnet course start`, `check` ...):

    workspace.py    the student's folder          overview.py, titles.py      how far one is
    check.py        a file, checked               watch.py                    again whenever it is saved
    hints.py        hints in three levels         why.py                      the numbers behind an answer
    show.py         the operation in numbers      examples.py, panels.py      what is drawn, and how it is printed
    submit.py       a zip to hand in              parts.py                    earlier functions, for files on their own

What an instructor meets: handout.py, leaks.py (what students get), autograder.py, package.py,
bridges.py (what graders get), submissions.py, archives.py, gradebook.py, reports.py, clusters.py, similarity.py
(what comes back), selftest.py (the gate).

Names are found when they are first used, so that a command loads only what it needs.
"""
import importlib

CONTENTS = {"grader.assignment": "ids load", "grader.grade": "grade", "grader.words": "say", "workspace": "Workspace",
            "handout": "build_handout", "autograder": "build_autograder", "grading": "grade_one grade_all",
            "gradebook": "write_grades fill", "reports": "write_report write_reports"}

__all__ = [name for names in CONTENTS.values() for name in names.split()]


def __getattr__(name):
    for module, names in CONTENTS.items():
        if name in names.split():
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"npnet.course has no {name!r}; it has {', '.join(__all__)}")
