"""Any layer, checked, and what is wrong with it: the book's check with causes.

    print(check_layer(MyConv(6, 3), x))                     # an Examination
    print(check_layer((conv_forward, conv_backward), x, w, b, param={"stride": 2, "pad": 1}))
    assert_gradients(MyConv(6, 3), x)                       # the same for tests
"""
from dataclasses import dataclass, field

from ..gradcheck import Report, check_gradients
from .causes import cause_of
from .evidence import Evidence
from .places import locate
from .report import data, text

MANY, SAMPLE = 2000, 300            # of an array with more entries than MANY, SAMPLE are checked


@dataclass
class Examination:
    """What came of a check.

    report: the book's Report (None if nothing could be measured). causes: {name of an array: Cause}; "" stands for
    the whole layer. places: {name: sentence on where the errors sit}. unchecked: {name: where its gradient was
    looked for}. assumed, remarks: sentences. uncovered: what the shapes did not test.
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

    @property
    def ok(self):
        return bool(self.report and self.report.ok) and not self.causes and not self.unchecked

    @property
    def rows(self):
        return self.report.rows if self.report else []

    def __str__(self):
        return text(self)

    def json(self):
        """The same as plain data: dictionaries, lists, numbers and texts (report.data says which)."""
        return data(self)


def check_layer(subject, *inputs, train=None, seed=0, dy=None, entries=None, names=None, method="auto", step=1e-5,
                tolerance=1e-7):
    """Checks anything with a forward and a backward, as it is, and names the cause of what is wrong.

    Returns an Examination. TypeError and ValueError ask for what cannot be guessed.
    """
    report = check_gradients(subject, *inputs, dy=dy, seed=seed, step=step, method=method, tolerance=tolerance,
                             train=bool(train), names=names, entries=entries)
    examination = Examination(report)
    explain(examination)
    return examination


def explain(examination):
    """Finds the cause, or else the place, of every wrong array."""
    for row in examination.rows:
        if row.errors is not None and row.errors.any():
            cause = cause_of(Evidence(examination.report.point, row))
            if cause:
                examination.causes[row.name] = cause
            else:
                examination.places[row.name] = locate(examination.report.point, row)


def assert_gradients(subject, *inputs, **options):
    """check_layer for tests: the Examination if all is well, else AssertionError with its text."""
    examination = check_layer(subject, *inputs, **options)
    if not examination.ok:
        raise AssertionError(f"\n{examination}")
    return examination
