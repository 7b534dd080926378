"""What a diagnosis is made from, and what it is.

A Case is all that was asked of a region and all that came of it. Its Series are the answers sorted by output: all dx
of conv2d_backward_x beside the solution's, call by call.
"""
import ast
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..calls import flat
from ..properties import single, unequal

MATCH = 1e-6                    # of the norm: two answers this close are the same answer
MATCH32 = 1e-5                  # where the student computed in float32


@dataclass
class Said:
    """A sentence, or a part of one: its id in words/diagnosis.toml, and the values that it is filled with.

    A value may be a Said, a list of them, or a table {language: text}.
    """

    id: str
    values: dict = field(default_factory=dict)


@dataclass
class Example:
    """The smallest call that shows the mistake: arguments [(name, value)], the student's output and the right one."""

    function: str
    arguments: list
    output: str
    yours: object
    right: object
    at: tuple = ()


@dataclass
class Diagnosis:
    """One cause of what is wrong in a region.

    step: "D0" ... "D6", or "causes" (npnet's gradient checker). id, values: of its sentence. certainty: "exact",
    "likely" or "place". call: index of the probe that its numbers are from. mistakes: ids of the catalogue, which are
    alternatives, or (together) parts of one answer. places: [Said], where the wrong numbers sit. ask: the question that
    leads on, a table of languages or a Said. example: the smallest call that fails. cluster: of a wrong answer that
    nobody knows: the same for all who share it.
    """

    step: str
    id: str
    certainty: str
    region: str = ""
    output: str = ""
    call: int = 0
    values: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)
    together: bool = False
    concept: str = ""
    places: list = field(default_factory=list)
    ask: object = None
    example: Example = None
    cluster: str = ""


@dataclass
class Item:
    """One output of one call: the index of the call, what came, what the solution gives."""

    call: int
    got: object
    want: object
    failed: bool = True         # whether the call was judged wrong

    @property
    def wrong(self):
        return self.failed and not alike(self.got, self.want, 1e-9)


@dataclass
class Series:
    """One output of one function over all calls of it that gave a value. label: how it is named in a sentence."""

    function: str
    name: str
    items: list

    @property
    def label(self):
        return self.name or self.function

    @property
    def wrong(self):
        return [item for item in self.items if item.wrong]

    @property
    def shaped(self):
        """Whether all answers are arrays of the right shape."""
        return all(arrays(item) and item.got.shape == item.want.shape for item in self.items)


@dataclass
class Case:
    """The probes of a region: calls, what the student's functions gave, what the solution gives, in equal order.

    hidden: which probes are secret. tolerances: of the calls, 0 where the answer must be exact. source: the student's
    text of the region. run(call): calls the student's functions again, or None.
    """

    assignment: object
    region: str
    calls: list
    outcomes: list
    expected: list
    hidden: list = None
    tolerances: list = None
    source: str = ""
    run: object = None

    def outputs(self, i):
        """The names of the outputs of call i."""
        return self.assignment.outputs.get(self.calls[i].function, ())

    @cached_property
    def failures(self):
        """For every call, how its value fails, or None."""
        tolerances = self.tolerances or [0.0] * len(self.calls)
        return [unequal(got, want, tolerance, self.outputs(i))
                for i, (got, want, tolerance) in enumerate(zip(self.outcomes, self.expected, tolerances))]

    @cached_property
    def wrong(self):
        """The calls whose values are wrong; those that may be shown come first."""
        found = [i for i, failure in enumerate(self.failures) if failure]
        return sorted(found, key=lambda i: bool(self.hidden and self.hidden[i]))

    @cached_property
    def series(self):
        """[Series], in the order of the calls and of their outputs; without calls that gave nothing."""
        found = {}
        for i, (got, want) in enumerate(zip(self.outcomes, self.expected)):
            if not got.came or got.value is None:
                continue
            theirs, ours = (leaves(outcome.value, self.outputs(i)) for outcome in (got, want))
            if len(theirs) == len(ours):
                for (_, a), (name, b) in zip(theirs, ours):
                    key = self.calls[i].function, name
                    found.setdefault(key, Series(*key, [])).items.append(Item(i, a, b, i in self.wrong))
        return list(found.values())

    def arguments(self, i):
        """{name: value} of the arguments of call i."""
        call = self.calls[i]
        names = argument_names(self.assignment, call)
        return dict(zip(names + [f"argument {k}" for k in range(len(names), len(call.arguments))], call.arguments))


def case_of(trial):
    """The Case of a results.Trial, or of anything else that has its fields."""
    return Case(*(getattr(trial, name) for name in ("assignment", "region", "calls", "outcomes", "expected")),
                *(getattr(trial, name, None) for name in ("hidden", "tolerances", "source", "run")))


def argument_names(assignment, call):
    """What the called function names its arguments; [] where that is not known."""
    if not call.program:
        return list(assignment.source.functions.get(call.function) or [])
    for node in ast.walk(ast.parse(call.program)):
        if isinstance(node, ast.FunctionDef) and node.name == call.function:
            return [argument.arg for argument in node.args.args]
    return []


def leaves(value, names=()):
    """[(name, array or plain)] of a value, and of what is nested in it. A list or tuple without arrays is plain."""
    found = []
    for name, part in flat(value, names):
        if isinstance(part, (dict, list, tuple)) and len(part) and part is not value:
            found += [(f"{name}.{inner}" if name else inner, leaf) for inner, leaf in leaves(part)]
        else:
            found.append((name, part))
    return found


def arrays(item):
    """Whether both answers are arrays of numbers."""
    return isinstance(item.got, np.ndarray) and isinstance(item.want, np.ndarray)


def gap(a, b):
    """How far a is from b, as a share of b's norm; infinity where they cannot be compared."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return 0.0 if type(a) is type(b) and repr(a) == repr(b) else np.inf
    if a.shape != b.shape or (a.dtype.kind == "c") != (b.dtype.kind == "c"):
        return np.inf
    if rounded(a):
        b = b.astype(np.float32)
    kind = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(kind), b.astype(kind)
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return np.inf
    with np.errstate(over="ignore"):
        size, distance = np.linalg.norm(b[finite]), np.linalg.norm(a[finite] - b[finite])
    return float(distance / size) if size else 0.0 if not distance else np.inf


def rounded(a):
    """Whether an array of fractions holds no more than float32 can."""
    return a.dtype.kind == "f" and single(a)


def alike(a, b, tolerance=None):
    """Whether two answers are the same answer, up to rounding."""
    with np.errstate(all="ignore"):
        if tolerance is None:
            tolerance = MATCH
        if isinstance(a, np.ndarray) and a.dtype.kind == "f" and single(a):
            tolerance = max(tolerance, MATCH32)
        return gap(a, b) <= tolerance
