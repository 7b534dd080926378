"""What one check, at one place, does not see: another forward, negative numbers, shapes that were not tried.

    look_beyond(examination, again, like=Conv2D(6, 3))

A check holds backward against forward. Whether forward is the operation that was meant, forwards.py tells; a maximum
that starts from 0 is seen with negative numbers alone; and what the shapes did not try is said, shapes.py.
"""
import time

from .forwards import recognised
from .shapes import second_look, uncovered, windows_of
from .strangers.untrained import untrained

TRAINING = "training (--train)"
ENTRIES = 60                    # of each array that are moved in the second look
SLOW = 0.05                     # seconds of one forward, from which on an unasked forward is not looked for


def look_beyond(found, again, like=None, seed=0):
    """Adds to an Examination what other numbers show; the order is that in which a reader asks.

    again(inputs, entries) -> the book's Report at other inputs. like: a layer of npnet, the reference for forward: one
    that differs is the cause "" of the whole layer. Raises ValueError where the two cannot be compared.
    """
    called = found.called
    inputs = list(called.inputs.values())
    if getattr(called, "presented", False):             # the weights are given as inputs, and pictures are not moved
        return
    if like is not None or quick(called, inputs):
        cause, sentence = recognised(called, inputs, like, seed)
        found.remarks[:0] = [sentence] if sentence else []
        if cause is not None:
            found.causes.setdefault("", cause)
    windows = windows_at(called, inputs)
    if windows is not None and windows.there:
        look_at_negative(found, again, inputs, windows)
    if found.ok:
        words = [TRAINING if untrained(called) else "", uncovered(called, inputs, windows=windows)]
        found.uncovered = ", ".join(filter(None, words))


def quick(called, inputs):
    """Whether forward takes little time."""
    began = time.perf_counter()
    called.forward(*inputs)
    return time.perf_counter() - began < SLOW


def windows_at(called, inputs):
    """The Windows of a layer; None where it has no pictures, or does not run at other numbers."""
    try:
        return windows_of(called, inputs)
    except Exception:                                   # a stranger's code may raise anything; its own check says what
        return None


def look_at_negative(found, again, inputs, windows):
    """A second, short check with negative numbers alone; what is wrong there alone becomes the report."""
    looked = second_look(found.called, inputs, windows)
    if looked is None:
        return
    others, remark = looked
    found.remarks += [remark] if remark and not any("negative" in said for said in found.remarks) else []
    if found.ok:
        report = again(others, ENTRIES)
        if any(row.errors is not None and row.errors.any() for row in report.rows):
            found.report = report
            found.remarks.append("wrong only where all numbers of x are negative; elsewhere the gradients are right")
