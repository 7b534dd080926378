"""What the doctor says: findings, each of them measured, and the remarks that are made of them."""
from dataclasses import dataclass, field

MOST = 3                    # causes in one remark: a longer list is read by nobody
PROVEN, LIKELY, DOUBTFUL = 0.9, 0.8, 0.5        # beside what is proven only what is nearly as sure is said
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
    """Something that is wrong. name: the row in KINDS of its first cause, or of the symptom where none was found;
    where: a layer's name, "the loss" ...; text: a sentence or a few; causes: the Findings, the likeliest first."""

    where: str
    text: str
    name: str = ""
    causes: tuple = field(default=(), compare=False)

    def __str__(self):
        return f"{self.where}: {self.text}"


def remark_of(findings):
    """The Remark of what was found at one moment, ranked already."""
    first = findings[0]
    if len(findings) == 1:
        return Remark(first.where, f"{first.says}; {first.do}", first.name, (first,))
    return Remark("the training", listed_causes(findings), first.name, tuple(findings))


def remark_with_causes(where, text, findings, name):
    """The Remark of a symptom, whose sentence is `text`, with what explains it."""
    name = findings[0].name if findings else name
    return Remark(where, f"{text}. {listed_causes(findings)}" if findings else text, name, tuple(findings))


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
