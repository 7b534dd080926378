"""What must hold of B1, find the bug: the student's tests catch the wrong layers and accuse no right one.

Each property is one wrong layer, and worth 0.3 points: three public and two hidden ones in each region of 1.5 points.
It holds if the test of that operation lets all right layers pass and stops at the wrong one.
"""
from pathlib import Path

from ..grader.calls import Call
from ..grader.properties import Failure, Property, missing
from .b1_layers import RIGHT, WRONG

OUTPUTS = {"verdict": ("caught", "accused")}

# The layers are handed over without their names. A wrong layer is caught by an assertion, and by any other error that
# it leads to; a right one is accused by an assertion alone: another error is one of the test itself.
VERDICT = '''
def nameless(layer):
    return lambda *arguments, **options: layer(*arguments, **options)


def verdict(test, wrong):
    """(caught, accused): whether a test stops at the wrong layer, and how many right ones it stops at."""
    accused, asked = 0, globals()[test]
    for layers in RIGHT[test]:
        try:
            asked(*map(nameless, layers))
        except AssertionError:
            accused += 1
    try:
        asked(*map(nameless, WRONG[wrong][1]))
    except Exception:                   # a wrong layer may also stop Python inside the test: that is noticed too
        return 1, accused
    return 0, accused
'''
PROGRAM = Path(__file__).with_name("b1_layers.py").read_text("utf-8") + VERDICT


def verdict_on(wrong):
    """calls for one wrong layer."""
    return lambda draw, parts: [Call("verdict", [WRONG[wrong][0], wrong], PROGRAM)]


def caught(outcomes, expected, calls, tolerance=0.0, names=()):
    """The wrong layer is caught, and no right one is accused."""
    for i, (call, got) in enumerate(zip(calls, outcomes)):
        failure = missing(got) or judged(call.arguments[0], tuple(got.value))
        if got.error is not None:                           # with a right layer
            error = got.error
            values = {"test": call.arguments[0], "line": error.line, "kind": error.kind, "text": error.text[:100]}
            failure.details = {"say": "b1.raised", "values": values}
        if failure:
            failure.call = i
            return failure
    return None


def judged(test, verdict):
    """The Failure of a verdict (caught, accused), with the sentence that says it, or None."""
    if verdict == (1, 0):
        return None
    accused, all = verdict[1], len(RIGHT[test])
    values = {"test": test, "accused": accused, "all": all}
    return Failure("property", details={"say": "b1.accused" if accused else "b1.missed", "values": values})


REGIONS = {
    "b1.columns": (("other_side", "once", "dw_reversed"), ("float64", "empty")),
    "b1.pool": (("zeros", "overwrites", "all_ties"), ("overlap", "small")),
    "b1.lrn": (("batch", "wide", "direct"), ("running", "four")),
    "b1.training": (("by_p", "in_place", "no_decay"), ("new_mask", "seven"))}
PROPERTIES = [Property(f"{region}.{wrong}", region, verdict_on(wrong), hidden=hidden, judge=caught)
              for region, kinds in REGIONS.items() for hidden, names in zip((False, True), kinds) for wrong in names]
