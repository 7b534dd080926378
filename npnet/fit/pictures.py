"""The pictures of a run: read, cut into parts, and without those that cannot be read.

    training, test = cut(read("pets/", grey=None))
    training, validation = held_out(readable(training), 500, seed=0)
"""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data import DataSet, Pictures, checked, dataset, held_out
from ..screen import bar, echo


class Parts(NamedTuple):
    """The pictures of a run: the whole set, and its parts; validation and test may be None."""

    data: DataSet
    training: Pictures
    validation: Pictures | None
    test: Pictures | None


def read(data, grey, progress=None):
    """The DataSet of a name or path. grey: "yes" or "no" for pictures in folders, None for what their headers say."""
    return dataset(data, progress=progress, **({} if grey is None else {"grey": grey == "yes"}))


def cut(data):
    """The pictures to train on and to test on. Of a set without a test part a fifth is held out: the same pictures in
    every run, whatever its seed, so that no network is tested on what another one of an ensemble has seen."""
    if data.test is not None:
        return data.train, data.test
    if len(data.train) < 5:
        raise ValueError(f"{data.name} has no pictures to test on, and {len(data.train)} in all are too few to hold a "
                         f"fifth out; add some, or a part called test")
    return held_out(data.train, len(data.train) // 5, seed=0)


def some(pictures, count=None):
    """As many of the pictures, evenly spaced, so that they are of all classes; all of them for None."""
    count = min(count or len(pictures), len(pictures))
    return pictures.take(np.arange(count) * len(pictures) // max(count, 1))


def readable(pictures, say=echo):
    """Those of the pictures that can be read; the others are named."""
    with bar("looking for damaged pictures", "pictures") as progress:
        pictures, sentences = checked(pictures, skip=True, progress=progress)
    for sentence in sentences:
        say(sentence)
    return pictures


def place(name, known):
    """One of the known names as it is, and the full path of anything else."""
    path = Path(name).expanduser()
    return str(path.resolve()) if name not in known and path.exists() else name
