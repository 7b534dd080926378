"""The catalogue of mistakes: each a patch to a region of the solution, with what is said about it.

Where a patch no longer fits the solution, ValueError; the tests apply them all.
"""
from dataclasses import dataclass, field

from .source import blocks_of, replaced


@dataclass
class Mistake:
    """A mistake that students make.

    id: "col2im.overwrite". edits: [[find, replace]], each `find` once in the region's solution. concept: a word.
    seen: where it happened. same: ids of mistakes that give equal numbers on every probe. when, ask: {language: text}:
    "exactly what you get if ..." goes on with `when`; `ask` is a question that leads on.
    """

    id: str
    region: str
    edits: list
    concept: str = ""
    seen: list = field(default_factory=list)
    same: list = field(default_factory=list)
    when: dict = field(default_factory=dict)
    ask: dict = field(default_factory=dict)


FIELDS = ("id", "region", "edits", "concept", "seen", "same", "ask")


def mistakes_of(table):
    """The mistakes of a catalogue's table. ValueError: an unknown field, an id that is there twice."""
    found = []
    for entry in table.get("mistake", []):
        unknown = set(entry) - {*FIELDS, "if"}
        if unknown or "id" not in entry or "region" not in entry:
            raise ValueError(f"mistake {entry.get('id', '?')} needs id, region, edits, if, ask; it has {sorted(entry)}")
        found.append(Mistake(**{name: entry[name] for name in FIELDS if name in entry}, when=entry.get("if", {})))
    ids = [mistake.id for mistake in found]
    twice = {id for id in ids if ids.count(id) > 1}
    if twice:
        raise ValueError(f"mistakes with one id: {', '.join(sorted(twice))}")
    return found


def patched(text, mistake):
    """The text of the solution with a mistake in it. ValueError: a patch that does not fit."""
    return replaced(text, mistake.region, edited(blocks_of(text, mistake.region), mistake))


def edited(blocks, mistake):
    """The blocks of a region with a mistake in them. ValueError: a patch that does not fit."""
    blocks = list(blocks)
    for find, replace in mistake.edits:
        counts = [block.count(find) for block in blocks]
        if sum(counts) != 1:
            raise ValueError(f"mistake {mistake.id}: {find!r} must stand once in {mistake.region}; "
                             f"it stands {sum(counts)} times")
        at = counts.index(1)
        blocks[at] = blocks[at].replace(find, replace)
    return blocks
