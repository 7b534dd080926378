"""One call of one function, and what came of it.

    call = Call("im2col", [x, 3, 3, 2, 1])
    outcome = Direct(names).run(call)           # in this process; a Child (child.py) runs it in another one
    outcome.value, outcome.error
"""
from dataclasses import dataclass, field

import numpy as np

from .perform import perform


@dataclass
class Call:
    """A function of the student's, and its arguments: arrays, numbers, text, lists, or an Rng.

    program: source text of ours that defines `function` and sees the student's names: for classes, for several steps.
    """

    function: str
    arguments: list
    program: str = ""


@dataclass
class Rng:
    """An argument that becomes a generator of random numbers, which writes down what is asked of it."""

    seed: int


@dataclass
class Raised:
    """An exception: its class's name, its text, the line of the student's file, the function, the shapes of the arrays
    there {name: [..]}, and the line's own text."""

    kind: str
    text: str = ""
    line: int = 0
    function: str = ""
    shapes: dict = field(default_factory=dict)
    code: str = ""


@dataclass
class Outcome:
    """What came of a call.

    value: arrays, numbers, text, None, and tuples, lists, dictionaries of these. error: a Raised, or None. changed:
    indices of arguments that the call changed. drawn: [(method, shape)] asked of the Rng. stopped: "" or why the call
    was ended from outside ("time", "memory", "died", "output" ...). seconds: of the call.
    """

    value: object = None
    error: Raised = None
    changed: list = field(default_factory=list)
    drawn: list = field(default_factory=list)
    global_random: bool = False
    warnings: list = field(default_factory=list)
    printed: str = ""
    seconds: float = 0.0
    stopped: str = ""

    @property
    def came(self):
        """Whether there is a value to look at."""
        return self.error is None and not self.stopped


class Direct:
    """Performs calls in this process: for the solution, and for mistakes of the catalogue."""

    def __init__(self, names, filename="", source=""):
        self.names, self.filename, self.lines = names, filename, source.splitlines()

    def run(self, call):
        arguments = [packed(argument) for argument in call.arguments]
        return outcome(perform(self.names, call.function, arguments, call.program, self.filename), self.lines)


def packed(argument):
    """An argument as perform takes it: arrays are copied, so that no call sees what another one did to them."""
    if isinstance(argument, Rng):
        return {"rng": argument.seed}
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, (list, tuple)):
        return type(argument)(map(packed, argument))
    if isinstance(argument, dict):
        return {name: packed(part) for name, part in argument.items()}
    return argument


def outcome(found, lines=()):
    """An Outcome from what perform wrote down. lines: of the student's file, for the text of an exception's line."""
    found = dict(found)
    if found["error"] is not None:
        found["error"] = Raised(**found["error"])
        at = found["error"].line
        found["error"].code = lines[at - 1].strip() if 0 < at <= len(lines) else ""
    return Outcome(**found)


def flat(value, names=()):
    """[(name, array)] of a value: one entry for an array, one for each part of a tuple or dictionary.

    names: of the parts of a tuple. What is no number (None, text) stays as it is, in place of an array.
    """
    if isinstance(value, dict):
        return [(name, numbers(part)) for name, part in value.items()]
    if isinstance(value, (tuple, list)) and any(isinstance(part, np.ndarray) for part in value):
        names = list(names) + [f"output {i}" for i in range(len(names), len(value))]
        return [(name, numbers(part)) for name, part in zip(names, value)]
    if isinstance(value, tuple) and len(names) == len(value):
        return [(name, numbers(part)) for name, part in zip(names, value)]
    return [(names[0] if len(names) == 1 else "", numbers(value))]


def numbers(value):
    """An array of a number, or of a list of numbers that is no array yet; anything else as it is."""
    if isinstance(value, (bool, int, float, complex, list)):
        try:
            array = np.array(value)
        except (ValueError, OverflowError):
            return value
        return array if array.dtype.kind in "biufc" else value
    return value
