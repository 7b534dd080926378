"""The layers of the page in one list: those inside a Concat stand before it, and each knows whose outputs it gets."""
import json
from dataclasses import dataclass


@dataclass
class Row:
    """One layer of the page. A place is a number in the list of rows, -1 the input."""

    step: object            # of the walk
    sources: list           # the places of what it gets: one; of a Concat the end of every path
    call: str               # how the layer is reached: net["expand2"].paths[0]["expand1x1"]
    inside: tuple           # ((the Concat's name, number of the path), ...) from the outermost; () on the way itself


def rows_of(explain):
    """The rows of all layers of a walk. Runs all layers."""
    rows, last = [], -1
    for step in explain:
        last = add(rows, step, last, f"net[{json.dumps(step.facts.name)}]", ())
    return rows


def add(rows, step, source, call, inside):
    """Adds the rows of what is inside a layer, then its own; returns its place."""
    sources = []
    for number, path in enumerate(step.paths):
        last = source
        for each in path:
            own = each.facts.name.rpartition(".")[2]
            reached = f"{call}.paths[{number}][{json.dumps(own)}]"
            last = add(rows, each, last, reached, (*inside, (step.facts.name, number)))
        sources.append(last)
    rows.append(Row(step, sources or [source], call, inside))
    return len(rows) - 1
