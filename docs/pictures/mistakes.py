"""Mistakes of the course's catalogue, drawn: what comes out with the mistake, what is right, and the difference.

    mistake("a3", "dx.overwrite_windows")                       the example that `npnet course show a3.dx` draws
    mistake("a3", "dx.rotated", [dy, w, 4, 4, 1, 0, 1])         other arguments of the same function

The mistake is the catalogue's patch, applied to the solution and run here and now: page, grader and message agree.
"""
import html

import numpy as np

from npnet.course.examples import EXAMPLES
from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Call
from npnet.plots.course import CELL, Bars, Grid, Path, operation

WORDS = {"en": ("wrong", "right", "wrong - right", "You get this if {}."),
         "ko": ("틀린 값", "맞는 값", "차이", "{} 나오는 값입니다.")}


def mistake(assignment, name, arguments=None, language="en", drawn=None):
    """A mistake's picture with its sentence above and its question beneath. drawn: as in npnet/course/examples.py."""
    course = load(assignment)
    found = next((each for each in course.mistakes if each.id == name), None)
    if found is None:
        raise ValueError(f"the catalogue of {assignment} has no mistake {name!r}; it has "
                         f"{', '.join(each.id for each in course.mistakes)}")
    example = EXAMPLES[found.region](course.parts)
    call = example.call if arguments is None else Call(example.call.function, arguments, example.call.program)
    wrong, right = (each.run(call) for each in (course.mistaken(found), course.reference))
    return Mistake(found, wrong, right, drawn or example.drawn, example.kind, language)


class Mistake:
    """What a page shows of one mistake."""

    def __init__(self, mistake, wrong, right, drawn, kind, language):
        self.mistake, self.kind, self.words, self.language = mistake, kind, WORDS[language], language
        self.right = drawn(right.value)
        self.wrong = drawn(wrong.value) if wrong.error is None else None
        self.error = wrong.error

    def rows(self):
        """The panels: for each output wrong, right and difference, beside each other where they fit.

        ValueError: the mistake does not show in this example.
        """
        panels = []
        for number, (name, right) in enumerate(self.right):
            right = np.asarray(right, float)
            wrong = np.asarray(self.wrong[number][1], float)
            alike = wrong.shape == right.shape
            titles = [f"{name}: {word}" for word in self.words[:2]]
            row = [self.panel(wrong, titles[0], wrong != right if alike else None), self.panel(right, titles[1])]
            if alike and (wrong == right).all():
                continue
            panels += [row + [self.panel(wrong - right, self.words[2])] if alike and self.kind == "grid" else row]
        if not panels:
            raise ValueError(f"{self.mistake.id} gives the right numbers in this example; give other arguments")
        return [part for row in panels for part in fitted(row)]

    def panel(self, values, title, wrong=None):
        if self.kind == "path":
            return Path({title: np.ravel(values)}, title)
        if self.kind == "bars" and values.ndim < 2:
            return Bars(values, title)
        return Grid(values, title, wrong=wrong)

    @property
    def sentence(self):
        """The condition, as the course says it."""
        return self.words[3].format(self.mistake.when[self.language])

    @property
    def alt(self):
        """The numbers in words, for those who do not see the picture."""
        outputs = [(word, *output) for word, found in zip(self.words, (self.wrong, self.right)) for output in found]
        told = [f"{name}, {word}: {np.asarray(values, float).tolist()}" for word, name, values in outputs]
        return f"{self.sentence} {'. '.join(told)}."

    def _repr_html_(self):
        from . import Picture
        said = f"<p><strong>{html.escape(self.sentence)}</strong> {html.escape(self.mistake.ask[self.language])}</p>"
        if self.error is not None:
            return said + f"<pre>{html.escape(f'{self.error.kind}: {self.error.text}')}</pre>"
        return said + Picture(operation(self.rows(), narrowest=2), self.alt)._repr_html_()

    def __repr__(self):
        return self.sentence


def fitted(row, most=4.7):
    """The row, or several, so that none is wider than `most` inches."""
    rows = [[]]
    for panel in row:
        if rows[-1] and sum(each.size[1] * CELL + 0.55 for each in [*rows[-1], panel]) + 0.4 > most:
            rows.append([])
        rows[-1].append(panel)
    return rows
