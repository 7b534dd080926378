"""Any layer, checked as it is, and what is wrong with it: the book's check, with causes.

    print(check_layer(MyConv(6, 3), x))                     # an Examination
    print(check_layer((conv_forward, conv_backward), x, w, b, param={"stride": 2, "pad": 1}))
    assert_gradients(MyConv(6, 3), x)                       # the same for tests
"""
import math
import time
from dataclasses import dataclass, field

import numpy as np

from ..gradcheck import Report, check_gradients
from ..layers import LAYERS
from .behaviour import behaviour_of, cause_in_calls, fitted
from .behaviour.gradient_shapes import order_cause, shape_cause
from .beyond import look_beyond
from .causes import cause_of
from .directions import look_along
from .evidence import Evidence
from .given import refuse_misused, refuse_unused
from .places import place_of
from .report import data, text
from .strangers import call

MANY, SAMPLE = 2000, 300            # of an array with more entries than MANY, SAMPLE are checked
SECONDS = 4                         # for all slopes, roughly; where forward is slower, fewer entries are checked
FLOAT32 = {"precision": np.finfo(np.float32).eps, "step": 1e-2, "tolerance": 1e-3}


@dataclass
class Examination:
    """What came of a check.

    report: the book's Report, None if nothing could be measured. called: how it was called (strangers.Called).
    causes: {name of an array: Cause}; "" stands for the whole layer. places: {name: (sentence, word)}, where the errors
    of the others sit. unchecked: {name: where its gradient was looked for}. assumed, remarks: sentences. uncovered:
    what the shapes did not test, a sentence.
    """

    report: Report = None
    called: object = None
    causes: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    unchecked: dict = field(default_factory=dict)
    assumed: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    uncovered: str = ""
    command: str = ""                   # what tests that too, where a file is checked
    directions: dict = field(default_factory=dict)  # {name: how many}, along which arrays with drawn numbers are right
    others: dict = field(default_factory=dict)      # {"stride 2": the Examination there}, of a thorough check

    @property
    def ok(self):
        """Whether every array was checked, and is right."""
        right = bool(self.report and self.report.ok) and not self.causes and not self.unchecked
        return right and all(other.ok for other in self.others.values())

    @property
    def rows(self):
        return self.report.rows if self.report else []

    def __str__(self):
        return text(self)

    def json(self):
        """The same as plain data: dictionaries, lists, numbers and texts (report.data says which)."""
        return data(self)


def check_layer(subject, *inputs, param=None, train=None, seed=0, dy=None, names=None, entries=None, say=None,
                like=None, **options):
    """Checks anything with a forward and a backward, as it is, and names the cause of what is wrong.

    subject: an object, a class, a pair of functions. inputs: arrays, in forward's order; whole numbers (labels) are
    not moved. param: {name: value} of settings that forward wants. train: True or False for a layer that has such a
    word. entries: how many of each array to check (None: all, or a sample where that takes long). say(sentence) hears
    what takes a while. like: a layer of npnet, or its expression, that forward is held against. options: of
    npnet.gradcheck.check_gradients. Returns an Examination; ValueError and TypeError ask for what cannot be guessed.
    """
    refuse_misused(inputs, param, train, seed, dy, names, entries, options)
    seed = seed % 2 ** 32                           # any whole number; NumPy takes these
    if isinstance(like, str):
        from .files import evaluate  # which checks layers itself
        like = evaluate(like, LAYERS, None)
    called = call(subject, inputs, param=param, train=train, names=names, seed=seed)
    found = Examination(called=called, unchecked=dict(called.unchecked), assumed=called.assumed, remarks=called.remarks)
    dy = 1.0 if called.loss and dy is None else dy
    options = (FLOAT32 if called.float32 else {}) | options

    def again(inputs, entries):
        return check_gradients(fitted(called), *inputs, names=list(called.inputs), dy=dy, seed=seed, entries=entries,
                               **options)

    try:
        refuse_unused(called, param, dy)
        measure(found, again, entries, dy, seed, say)
        if found.report:
            first = found.report
            look_along(found, seed, options.get("tolerance", 0))
            look_beyond(found, again, like, seed)
            if found.report is not first:           # wrong at other numbers alone
                explain(found, seed)
    finally:
        called.restore()
    return found


def measure(found, again, entries, dy, seed, say=None):
    """Adds the book's report and its causes to an Examination, or the cause why nothing could be measured."""
    try:
        entries = effort(found.called, say) if entries is None else entries
        found.report = again(list(found.called.inputs.values()), entries)
        explain(found, seed)
    except Exception as error:
        cause = behaviour_of(error, found.called, dy=dy, seed=seed)
        if cause is None:
            raise
        found.causes[""] = cause


def effort(called, say=None):
    """How many entries of each array to check, None for all; says so, and how long it takes if that is long."""
    arrays = [*called.inputs.values(), *called.params().values()]
    start = time.perf_counter()
    called.forward(*called.inputs.values())
    seconds = time.perf_counter() - start
    sizes = [array.size for array in arrays]
    entries = SAMPLE if max(sizes, default=0) > MANY else None
    if 2 * seconds * sum(min(size, entries or size) for size in sizes) > SECONDS:
        each = 2 * seconds * len(sizes)                         # of one number of each array
        entries = max(int(SECONDS / each), min(30, max(8, int(2 * SECONDS / each))))    # directions see the rest
    runs = 2 * sum(min(size, entries or size) for size in sizes)            # a slope is two runs
    if say and entries:
        say(f"of each array, {entries} numbers are checked, drawn at random; a smaller shape checks all")
    if say and runs * seconds > 1:
        say(f"this runs forward {runs:,} times, about {math.ceil(runs * seconds):,} s")
    return entries


def explain(found, seed=0):
    """Finds the cause, or else the place, of every wrong array of an Examination."""
    wrong, answers = [row for row in found.rows if row.verdict != "ok"], {}
    gradients = dict(found.called.found)                # in their own shapes; causes ask for others, of other batches
    if found.called.order:
        found.causes[""] = order_cause(found.called.order)
    cause = cause_in_calls(found.called, dy=found.report.point.dy, seed=seed) if wrong else None
    if cause:
        found.causes[""] = cause
        return other_shapes(found, gradients)
    for row in wrong:
        if row.errors is None or not row.errors.any():
            cause = behaviour_of(None, found.called, dy=found.report.point.dy, seed=seed)
            if cause:
                found.causes.setdefault("", cause)
            continue
        evidence = Evidence(found.report.point, row, layout=found.called.layout, float32=found.called.float32,
                            limit=SECONDS / 2 / len(wrong), answers=answers, seed=seed)
        cause = cause_of(evidence)
        if cause:
            found.causes[row.name] = cause
        else:
            found.places[row.name] = place_of(row, evidence)
    other_shapes(found, gradients)


def other_shapes(found, gradients):
    """A gradient of another shape than its array: the cause, or a remark where its numbers are wrong as well."""
    for name, array in found.report.point.arrays.items():
        gradient = gradients.get(name)
        if gradient is not None and np.shape(gradient) != array.shape:
            cause = shape_cause(name, np.asarray(gradient), array.shape)
            if name in found.causes or name in found.places:
                found.remarks = [*found.remarks, cause.sentence]
            else:
                found.causes[name] = cause


def assert_gradients(subject, *inputs, **options):
    """check_layer for tests: the Examination if all is well, else AssertionError with its text."""
    examination = check_layer(subject, *inputs, **options)
    if not examination.ok:
        raise AssertionError(f"\n{examination}")
    return examination
