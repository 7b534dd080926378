"""The cause of a wrong gradient: the most specific rule that explains the numbers, or none.

A rule is a function of an Evidence that returns a Cause or None. The first that speaks is heard.
"""
from importlib import import_module
from importlib.util import find_spec

import numpy as np

FILES = "algebra windows terms".split()      # each has a list CAUSES, and perhaps EARLY: those come before all others


def rules():
    """All rules: the special ones of every file, and then the others, file by file."""
    files = [import_module(f".{name}", __package__) for name in FILES if find_spec(f".{name}", __package__)]
    early = [rule for file in files for rule in getattr(file, "EARLY", [])]
    return early + [rule for file in files for rule in file.CAUSES]


def cause_of(evidence):
    """The Cause that the first rule in order finds, or None."""
    with np.errstate(all="ignore"):
        for rule in rules():
            cause = rule(evidence)
            if cause is not None:
                return cause
    return None
