"""The record of the checker: what a case is, and how its file comes to be.

texts/STYLE.py is code as other people write it, right in itself. planted/STYLE.py says how its layers are called
(SUBJECTS, a list of Subject) and which mistakes can be planted in them (Planted): an edit of the text, with a label
that is written from the mistake itself, before anybody looked at what the checker says of it.

    for case in cases():
        path = case.write(folder)           # the text with its edits, in a temporary folder
        ...                                 # record.py runs the checker on it, and counts
"""
import random
import runpy
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


@dataclass
class Planted:
    """A mistake: one edit of the text, and what a checker may truly say of it.

    what: the mistake, in a few words. find, put: the edit; find occurs `count` times in the text. array: whose
    gradient is wrong, as the text names it; several names in a tuple; "" where it is not one array's matter, and then
    whatever array the checker speaks of counts. kinds: of npnet.diagnose.kinds.KINDS, those that are true of it, the
    first being the mistake itself; with ":detail" ("factor:1/N", "part:image") where the detail matters. places: true
    words for the part of the array where the errors sit (image, channel, filter, row, column, border, group, feature,
    entry, position); none where they sit everywhere. visible: False if no gradient check can see it, because forward
    and backward are wrong together. like: for a wrong forward a reference that shows it, as --like takes it.
    forward: True for other mistakes in forward. Of a wrong forward the kind "forward" is true as well.
    """
    what: str
    find: str
    put: str
    array: str | tuple = ""
    kinds: tuple = ()
    places: tuple = ()
    visible: bool = True
    count: int = 1
    like: str = ""
    forward: bool = False

    @property
    def arrays(self):
        return (self.array,) if isinstance(self.array, str) and self.array else tuple(self.array)

    @property
    def accepted(self):
        """The kinds that are true of the mistake."""
        return (*self.kinds, "forward") if self.like or self.forward else tuple(self.kinds)

    def edit(self, text):
        """The text with the mistake. ValueError if `find` does not occur `count` times in it."""
        if text.count(self.find) != self.count:
            raise ValueError(f"{self.what}: {self.find!r} occurs {text.count(self.find)} times, not {self.count}")
        if self.find == self.put:
            raise ValueError(f"{self.what}: find and put are the same")
        return text.replace(self.find, self.put)


@dataclass
class Subject:
    """A layer, or a pair of functions, of a text: how it is called, and its mistakes.

    expression: as on the command line, "Conv(3, 6)" or "affine_forward,affine_backward". shapes: of the inputs, as
    --shape gives them. kind: conv, pool, lrn, batchnorm, dropout, activation, dense or loss. param, train, labels,
    like, entries: as the options of the checker; None where they are not given (labels: whole numbers for a loss that
    cannot be called without them). setup: lines of Python, put at the end of the file, if something must be
    done before the expression. glue, if given: a function of the file's names (a dictionary) that gives three things,
    forward(arrays) -> y, backward(arrays, dy) -> {name: gradient}, and the arrays to begin with (numbers() makes
    them); test_texts.py measures slopes with it, without the checker, and so proves text and labels.
    """
    expression: str
    shapes: list
    kind: str
    mistakes: list = ()
    param: dict | None = None
    train: bool | None = None
    labels: tuple | None = None
    like: str | None = None
    entries: int | None = None
    setup: str = ""
    glue: object = None


@dataclass
class Case:
    """A text with no edit (it is right), one, or two. address: (style, number of the subject, numbers of mistakes)."""
    address: tuple

    @property
    def style(self):
        return self.address[0]

    @property
    def subject(self):
        return subjects(self.style)[self.address[1]]

    @property
    def planted(self):
        return tuple(self.subject.mistakes[number] for number in self.address[2])

    @property
    def right(self):
        return not self.planted

    @property
    def name(self):
        what = " + ".join(planted.what for planted in self.planted) or "right"
        return f"{self.style} {self.subject.expression} ({self.subject.kind}): {what}"

    @property
    def visible(self):
        return any(planted.visible for planted in self.planted)

    @property
    def like(self):
        """The reference for the forward, if a mistake or the subject names one."""
        return next((planted.like for planted in self.planted if planted.like), self.subject.like)

    def text(self):
        """The text of the style with the edits and the lines of setup. ValueError if an edit cannot be made."""
        text = (HERE / "texts" / f"{self.style}.py").read_text()
        for planted in self.planted:
            text = planted.edit(text)
        return f"{text}\n\n{self.subject.setup}\n" if self.subject.setup else text

    def write(self, folder):
        """The path of a file with this text in the folder."""
        path = Path(folder) / f"{self.style}.py"
        path.write_text(self.text())
        return path


def numbers(shapes=None, **others):
    """{"x": array, ...}: for the glue, arrays of these shapes, away from 0 and without ties."""
    made = {}
    for name, shape in {**(shapes or {}), **others}.items():
        draw = np.random.default_rng([len(made), *shape])
        count = int(np.prod(shape))
        sizes = draw.permutation(np.linspace(0.5, 1.5, count)) * draw.choice([-1.0, 1.0], count)
        made[name] = sizes.reshape(shape)
    return made


def glue_of(make, shapes, weights=None, forward="forward", backward="backward", settings=(), negative=False):
    """The glue of an object: make(file) -> it; shapes {name of the input: shape}.

    weights: {name of the array: name of its gradient}, attributes both. forward, backward: names of methods, or
    functions of (object, input or dy). settings: what forward takes beside the input. negative: an input below 0.
    Forward and backward are called twice, so that what is added to the last gradients shows.
    """
    def glue(file):
        thing, arrays = make(file), numbers(shapes)
        if negative:
            arrays = {name: -np.abs(array) for name, array in arrays.items()}
        owned = {name: attribute(thing, name) for name in weights or {}}
        run = forward if callable(forward) else lambda thing, *values: getattr(thing, forward)(*values)
        turn = backward if callable(backward) else lambda thing, dy: getattr(thing, backward)(dy)

        def out(arrays):
            np.random.seed(3)
            return np.array(run(thing, *(arrays[name] for name in shapes), *settings))

        def back(arrays, dy):
            for _ in range(2):
                out(arrays)
                returned = turn(thing, np.array(dy))
            returned = returned if isinstance(returned, (tuple, list)) else [returned]
            kept = {name: attribute(thing, grad) for name, grad in (weights or {}).items()}
            return dict(zip(shapes, returned)) | kept
        return out, back, arrays | owned
    return glue


def attribute(thing, path):
    """thing.w for "w", thing.params[0] for "params[0]", thing.w.data for "w.data"."""
    return eval(f"thing.{path}", {"thing": thing})


def styles():
    """The names of the styles that have a text and planted mistakes."""
    return sorted(path.stem for path in (HERE / "planted").glob("*.py"))


@cache
def subjects(style):
    """The subjects of a style."""
    return runpy.run_path(str(HERE / "planted" / f"{style}.py"))["SUBJECTS"]


def cases(chosen=None, pairs=8, seed=0):
    """All cases of the chosen styles (default: all): right, with one mistake, and `pairs` pairs for each style."""
    found = []
    for style in chosen or styles():
        both = []
        for number, subject in enumerate(subjects(style)):
            found.append(Case((style, number, ())))
            found += [Case((style, number, (i,))) for i in range(len(subject.mistakes))]
            both += pairs_of(style, number)
        draw = random.Random(f"{seed} {style}")
        found += draw.sample(both, min(pairs, len(both)))
    return found


def pairs_of(style, number):
    """Every case of two visible mistakes in one subject's backward whose edits do not touch each other.

    A wrong forward is not among them: with a mistake in backward beside it the two may be right together.
    """
    found = []
    seen = [i for i, planted in enumerate(subjects(style)[number].mistakes)
            if planted.visible and not (planted.like or planted.forward)]
    for first, second in combinations(seen, 2):
        case, turned = Case((style, number, (first, second))), Case((style, number, (second, first)))
        try:
            if case.text() == turned.text():            # one edit would not meet what the other put there
                found.append(case)
        except ValueError:                              # they edit the same line
            continue
    return found
