"""The grader: it runs a student's file, holds it against the solution, and says what is wrong.

It needs Python 3.10, the standard library and NumPy, because it also runs where npnet is not installed.

    source.py       an assignment's file and its regions
    draws.py        numbers that are the same for ever
    calls.py        one call of one function, and its outcome (perform.py does it)
    properties.py   what must hold, and how it is judged
    mistakes.py     the catalogue
    assignment.py   all of one assignment
    grade.py        a submission, graded
"""
