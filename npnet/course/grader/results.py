"""What came of a grading, from the single property to the whole submission; data alone."""
from dataclasses import dataclass, field

HIDDEN_SHARE = 0.4              # of a region's points, for its hidden properties


@dataclass
class Note:
    """A sentence that words.py will say: its id, the values in it, and a line of the student's file (0: none)."""

    id: str
    values: dict = field(default_factory=dict)
    line: int = 0


@dataclass
class Looked:
    """What static.look saw in a student's file without running it.

    text: the file's text, "" where it cannot be read. blockers: Notes of what keeps the file from running (missing,
    encoding, syntax). faults: {region: Note}, why a region alone cannot be graded (its function is missing, its
    arguments differ). untouched: ids of the regions that still hold the stub. warnings: Notes that cost nothing.
    """

    text: str = ""
    blockers: list = field(default_factory=list)
    faults: dict = field(default_factory=dict)
    untouched: list = field(default_factory=list)
    warnings: list = field(default_factory=list)


@dataclass
class Trial:
    """What a diagnosis is told from: one region's probes, of all properties that are judged by `equal`.

    calls, outcomes, expected: lists of equal length; expected: of the solution. hidden: for each, whether its numbers
    are secret. names: {function: names of its outputs}. tolerances: for each call. source: the text of the student's
    region. lines: of the student's file. run(call) -> Outcome: calls the student's function again.
    """

    assignment: object
    region: str
    calls: list
    outcomes: list
    expected: list
    hidden: list
    tolerances: list
    source: str = ""
    lines: list = field(default_factory=list)
    run: object = None


@dataclass
class Checked:
    """One property, judged. failure: a properties.Failure, or None where it holds. call: that failed, with its outcome
    and what was expected."""

    property: object
    failure: object = None
    seconds: float = 0.0
    call: object = None
    outcome: object = None
    expected: object = None

    @property
    def holds(self):
        return self.failure is None


def worth(properties, points):
    """[(property, its points)]: public ones share 60 % of a region's points, hidden ones 40 %, each by its weight.

    Either share all of them where there are none of the other kind.
    """
    kinds = {property.hidden for property in properties}
    found = []
    for property in properties:
        share = 1.0 if len(kinds) == 1 else HIDDEN_SHARE if property.hidden else 1 - HIDDEN_SHARE
        whole = sum(other.weight for other in properties if other.hidden == property.hidden)
        found.append((property, points * share * property.weight / whole))
    return found


@dataclass
class Graded:
    """One region. state: "right", "wrong", "untouched" or "fault". points, earned: of the region. checked: its
    properties. note: why it could not be graded. diagnosis: of what is wrong, where one is known. remarks: Notes that
    cost nothing (float32, slow)."""

    id: str
    points: float
    state: str = "right"
    checked: list = field(default_factory=list)
    note: Note = None
    diagnosis: object = None
    remarks: list = field(default_factory=list)
    trial: Trial = None
    file: str = ""
    printed: str = ""

    @property
    def earned(self):
        """The points of the properties that hold."""
        shared = worth([c.property for c in self.checked], self.points)
        return round(sum((points for c, (_, points) in zip(self.checked, shared) if c.holds), 0.0), 4)


@dataclass
class Answer:
    """A written answer: of which question, for how many points, and the student's text ("" where nothing was added)."""

    id: str
    points: int
    text: str = ""


@dataclass
class Result:
    """A submission of one assignment. blockers: Notes why nothing could be run. warnings: Notes that cost nothing.
    limits: Notes about which limits hold on this machine. hidden: whether hidden properties are judged too. answers:
    [Answer] to questions that a person reads; they are in `written`, not in `points`."""

    assignment: str
    regions: list = field(default_factory=list)
    blockers: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    limits: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    seconds: float = 0.0
    hidden: bool = False

    @property
    def points(self):
        return sum(region.points for region in self.regions)

    @property
    def written(self):
        """The points that a person gives."""
        return sum(answer.points for answer in self.answers)

    @property
    def earned(self):
        return round(sum(region.earned for region in self.regions), 4)
