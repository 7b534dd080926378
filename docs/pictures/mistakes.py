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
from npnet.plots.course import Bars, Grid, Path, operation

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

    def panels(self):
        """For each output wrong, right and, in grids, the difference: a panel each, with what is to be seen in words.

        ValueError: the mistake does not show in this example.
        """
        panels = []
        for number, (name, right) in enumerate(self.right):
            right = np.asarray(right, float) + 0.0                      # + 0.0: 0 and not -0
            wrong = np.asarray(self.wrong[number][1], float) + 0.0
            alike = wrong.shape == right.shape
            differs = ~np.isclose(wrong, right, rtol=1e-9, atol=1e-12, equal_nan=True) if alike else None
            if alike and not differs.any():
                continue
            most = max(np.abs(values[np.isfinite(values)]).max(initial=0) for values in (wrong, right)) or None
            panels.append(self.panel(wrong, f"{name}: {self.words[0]}", differs, most))
            panels.append(self.panel(right, f"{name}: {self.words[1]}", None, most))
            if alike and self.kind == "grid":
                panels.append(self.panel(wrong - right, self.words[2]))
        if not panels:
            raise ValueError(f"{self.mistake.id} gives the right numbers in this example; give other arguments")
        return panels

    def panel(self, values, title, wrong=None, most=None):
        """One panel, and its text alternative. most: of the scale that wrong and right share."""
        words = f"{title}: {np.round(values, 4).tolist()}"
        if self.kind == "path":
            return Path({title: np.ravel(values)}, title), words
        if self.kind == "bars" and values.ndim < 2:
            return Bars(values, title, () if wrong is None else tuple(np.flatnonzero(wrong)), most), words
        return Grid(values, title, wrong=wrong, most=most), words

    @property
    def sentence(self):
        """The condition, as the course says it."""
        return self.words[3].format(self.mistake.when[self.language])

    def _repr_html_(self):
        from . import Picture
        said = f"<p><strong>{html.escape(self.sentence)}</strong> {html.escape(self.mistake.ask[self.language])}</p>"
        if self.error is not None:
            return said + f"<pre>{html.escape(f'{self.error.kind}: {self.error.text}')}</pre>"
        drawn = [Picture(operation([[panel]], narrowest=1.5), alt)._repr_html_() for panel, alt in self.panels()]
        return f'{said}<div class="pictures">{"".join(drawn)}</div>'

    def __repr__(self):
        return self.sentence
