"""What must hold of a region, and how it is judged.

A Property makes calls of the student's functions; its judge holds what came of them against what the solution gives.
The first thing that fails is a Failure; nothing is None.

    Property("a3.dx.overlap", "a3.dx", calls)                       # calls(draw, parts) -> [Call]
    Property("a5.forward.gaussian", "a5.forward", calls, tolerance=1e-9, hidden=True)
"""
from dataclasses import dataclass, field

import numpy as np

from .calls import flat
from .reasons import is_strange

FLOAT32 = 1e-3                  # of the norm, for code that computes in float32


@dataclass
class Failure:
    """Why a property does not hold.

    kind: "stopped", "raised", "nothing" (None), "kind" (no numbers), "count" or "names" (of outputs), "shape", "dtype",
    "finite", "value", "changed" (an argument), "random", "property". call: index of the call. output: its name or "".
    details: numbers for the sentence: shapes, the largest difference and where, how many are wrong.
    """

    kind: str
    call: int = 0
    output: str = ""
    details: dict = field(default_factory=dict)


def equal(outcomes, expected, calls, tolerance=0.0, names=()):
    """Every outcome is the solution's: shape, kind of numbers, finite, equal (exactly, or to the tolerance)."""
    for i, (got, want) in enumerate(zip(outcomes, expected)):
        failure = unequal(got, want, tolerance, names)
        if failure:
            failure.call = i
            return failure
    return None


def unequal(got, want, tolerance=0.0, names=()):
    """A Failure of one outcome, or None."""
    failure = missing(got)
    if failure:
        return failure
    theirs, ours = flat(got.value, names), flat(want.value, names)
    if len(theirs) != len(ours):
        return Failure("count", details={"got": len(theirs), "want": len(ours)})
    by_name = isinstance(got.value, dict) and isinstance(want.value, dict)
    if by_name and dict(theirs).keys() != dict(ours).keys():
        return Failure("names", details={"got": ", ".join(dict(theirs)), "want": ", ".join(dict(ours))})
    for i, (name, b) in enumerate(ours):
        a = dict(theirs)[name] if by_name else theirs[i][1]
        failure = differs(a, b, tolerance)
        if failure:
            failure.output = name
            return failure
    return None


def missing(got):
    """A Failure where no value came: the call was stopped, raised, or gave None or what no number is read from."""
    if got.stopped:
        return Failure("stopped", details={"why": got.stopped})
    if got.error is not None:
        return Failure("raised")
    if got.value is None:
        return Failure("nothing")
    if is_strange(got.value):
        return Failure("kind", details={"got": got.value["strange"]})
    return None


def differs(a, b, tolerance=0.0):
    """A Failure of one output a beside the solution's b, or None."""
    if not isinstance(b, np.ndarray):
        return None if type(a) is type(b) and a == b else Failure("value", details={"got": a, "want": b})
    if not isinstance(a, np.ndarray):
        strange = isinstance(a, dict) and "strange" in a
        return Failure("kind", details={"got": a["strange"] if strange else type(a).__name__})
    if a.shape != b.shape:
        return Failure("shape", details={"got": a.shape, "want": b.shape})
    if not fits(a.dtype.kind, b.dtype.kind):
        return Failure("dtype", details={"got": str(a.dtype), "want": str(b.dtype)})
    bad = ~np.isfinite(a) & np.isfinite(b)
    if bad.any():
        return Failure("finite", details={"count": int(bad.sum()), "at": place(bad)})
    wrong = apart(a, b, tolerance)
    if not wrong.any():
        return None
    with np.errstate(invalid="ignore"):
        gap = np.where(wrong, np.abs(a.astype(np.complex128) - b), -1.0)
    at = np.unravel_index(np.argmax(np.nan_to_num(gap, nan=np.inf)), gap.shape)
    return Failure("value", details={"largest": float(gap[at]), "at": tuple(map(int, at)), "got": a[at].item(),
                                     "want": b[at].item(), "wrong": int(wrong.sum()), "size": int(a.size)})


def compares(property):
    """Whether a property holds every answer against the solution's, perhaps among other things: its calls then tell
    what a mistake is."""
    return getattr(property.judge, "__name__", "").startswith("equal")


def fits(got, want):
    """Whether one kind of numbers may stand for another: whole numbers and booleans for each other, floats for whole
    numbers not."""
    return got == want or {got, want} <= set("bui") or want == "f" and got in "iu"


def apart(a, b, tolerance=0.0):
    """(shape of b) bool: where a is not b. With a tolerance: where it is further off than this share of the norm."""
    equals = (a == b) | (np.isnan(a) & np.isnan(b)) if a.dtype.kind in "fc" else a == b
    if tolerance and a.dtype.kind in "fc":
        share = max(tolerance, FLOAT32 if single(a) else 0)
        finite = np.isfinite(b)
        scale = np.linalg.norm(b[finite]) / max(finite.sum(), 1) ** 0.5      # of one number
        with np.errstate(invalid="ignore"):
            equals |= np.abs(a - b) <= share * scale
    return ~equals


def single(a):
    """Whether an array holds no more than float32 can: then it was computed in float32, or is exact in it."""
    if a.dtype.itemsize <= 4 and a.dtype.kind == "f":
        return True
    with np.errstate(over="ignore"):
        return a.dtype.kind == "f" and np.array_equal(a, a.astype(np.float32), equal_nan=True)


def place(mask):
    """The index of the first True."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(mask), mask.shape))


def unchanged(outcomes, expected, calls, tolerance=0.0, names=()):
    """No call changes its arguments; and every call gives a value."""
    for i, got in enumerate(outcomes):
        failure = missing(got) or (Failure("changed", details={"argument": got.changed[0]}) if got.changed else None)
        if failure:
            failure.call = i
            return failure
    return None


@dataclass
class Property:
    """What must hold of a region.

    id: "a3.dx.overlap", whose words say it. calls(draw, parts) -> [Call]; parts: {name: the solution's function}, of
    this assignment and the earlier ones, for arguments that come from another step. judge(outcomes, expected, calls,
    tolerance, names) -> Failure or None. tolerance: 0 for probes whose answer is exact. hidden: with numbers of the
    student's own, and seen after the grading only. weight: its share of the region's points.
    """

    id: str
    region: str
    calls: object
    hidden: bool = False
    judge: object = equal
    tolerance: float = 0.0
    weight: float = 1.0
