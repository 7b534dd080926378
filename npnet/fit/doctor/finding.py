"""What the doctor says: findings, each of them measured, and the remarks that are made of them."""
from dataclasses import dataclass

MOST = 3                    # causes in one remark: a longer list is read by nobody
PROVEN, LIKELY, DOUBTFUL = 0.9, 0.8, 0.5        # beside what is proven only what is nearly as sure is said
CONTRADICTED = {"by-heart": {"classes-differ", "validation-other", "asked-in-training", "test-differs"}}
OPPOSITES = {"rate up": "rate down", "rate down": "rate up"}


@dataclass(frozen=True)
class Finding:
    """Something that was measured and is a trouble, or can explain one.

    name: its row in KINDS. where: a layer's name, "the loss", "the rate", "the input", "validation" ... says: what was
    measured and what it means, with its numbers. do: one thing to do. Both are half a sentence, without a full stop.
    explains: 1 where it is proven to be wrong and enough for the trouble; 0.8 nearly certain, 0.5 likely, 0.2 possible.
    alone: whether it is worth a remark while the loss is well. level: grows when it becomes worse, and only then it is
    said again. wants: what it asks for, "rate up", where something else may ask for the opposite.
    """

    name: str
    where: str
    says: str
    do: str
    explains: float
    alone: bool = False
    level: int = 0
    wants: str = ""

    @property
    def key(self):
        """What it is said to be by: the same is not said twice."""
        return f"{self.name}: {self.where}"

    def __str__(self):
        return f"{self.where}: {self.says}; {self.do}"


@dataclass(frozen=True)
class Remark:
    """Something that is wrong. where: a layer's name, "the loss" ...; symptom: what is seen there, half a sentence, or
    "" where the causes are a trouble by themselves; name: the row in KINDS of the first cause, or of the symptom where
    none was found; causes: the Findings, the likeliest first."""

    where: str
    symptom: str
    name: str
    causes: tuple = ()

    @property
    def text(self):
        """A sentence or a few: the symptom, and what explains it."""
        if self.symptom:
            return f"{self.symptom}. {listed_causes(self.causes)}" if self.causes else self.symptom
        return listed_causes(self.causes) if len(self.causes) > 1 else f"{self.causes[0].says}; {self.causes[0].do}"

    @property
    def lines(self):
        """The same in lines, one for each cause, with the names that npnet train --explain-remarks takes."""
        causes = [f"{one.where}: {one.says}; to do: {one.do} [{one.name}]" for one in self.causes]
        if not causes:
            return [f"{self} [{self.name}]"]
        if len(causes) == 1:
            return [f"{self.where}: {self.symptom}", f"Cause: {causes[0]}"] if self.symptom else causes
        return [f"{self.where}: {self.symptom}".rstrip(),
                *(f"({number}) {cause}" for number, cause in enumerate(causes, 1))]

    def __str__(self):
        return f"{self.where}: {self.text}"


def remark_of(findings):
    """The Remark of what was found at one moment, ranked already."""
    where = findings[0].where if len(findings) == 1 else "the training"
    return Remark(where, "", findings[0].name, tuple(findings))


def remark_with_causes(where, symptom, findings, name):
    """The Remark of a symptom with what explains it; name: the symptom's own."""
    return Remark(where, symptom, findings[0].name if findings else name, tuple(findings))


def listed_causes(findings):
    """'(1) conv1: this; do that. (2) ...'; a single one has no number, but is called the cause."""
    if len(findings) == 1:
        return f"Cause: {findings[0]}."
    return " ".join(f"({number}) {finding}." for number, finding in enumerate(findings, 1))


def ranked(findings):
    """The findings that explain most, the most explaining first: at most three, each once, none that asks for the
    opposite of one before it, and no guess beside a proof."""
    chosen = []
    for finding in sorted(findings, key=lambda finding: -finding.explains):
        same = any(finding.key == other.key for other in chosen)
        against = any(finding.wants and OPPOSITES.get(finding.wants) == other.wants for other in chosen)
        guess = chosen and chosen[0].explains >= PROVEN and finding.explains < LIKELY
        if not (same or against or guess):
            chosen.append(finding)
    return chosen[:MOST]
