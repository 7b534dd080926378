"""The cause of a wrong gradient: the most specific rule that explains the numbers, or none.

A rule is a function of an Evidence that returns a Cause or None. The first that speaks is heard.
"""
import os

import numpy as np

from . import algebra, terms, windows

FILES = algebra, windows, terms         # each has a list CAUSES, and perhaps EARLY: those come before all others


def rules():
    """All rules: the special ones of every file, and then the others, file by file."""
    early = [rule for file in FILES for rule in getattr(file, "EARLY", [])]
    return early + [rule for file in FILES for rule in file.CAUSES]


def cause_of(evidence):
    """The Cause that the first rule in order finds, or None.

    A rule that fails on numbers that it does not know has nothing to say; NPNET_DEBUG=1 lets it raise.
    """
    with np.errstate(all="ignore"):
        for rule in rules():
            try:
                cause = rule(evidence)
            except Exception:
                if os.environ.get("NPNET_DEBUG", "") not in ("", "0"):
                    raise
                continue
            if cause is not None:
                return cause
    return None
