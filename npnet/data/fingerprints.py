"""Fingerprints: whether pictures are those that a run was trained on, wherever their folder is now.

    then, now = identity(before.train), identity(today.train)
    different(then, now)                # ["the training class cat is called kitten now"]; [] when nothing differs
    known(now.prints, then.prints)      # bool (N,): which of today's pictures were there before

A picture's print is 16 bytes, BLAKE2b of its shape and pixels, or, for a file, of its size and its first and last
8 kB: what a camera or a compressor wrote never agrees there by chance, and a million files are read in minutes.
Formats without compression, in which margins of one colour do agree, are read from end to end. The path of the
folder is no part of it: a set that was moved or copied is the same; a picture that another program saved again is
another one. A picture's name is its path below the folder.
"""
import json
import os
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from .sets import composed, in_threads

BYTES = 16                      # of a print
PIECE = 8192                    # bytes at each end of a file
UNCOMPRESSED = (".bmp", ".pgm", ".ppm", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class Identity:
    """Which pictures these are: their classes, and of each picture its label, its print and its name."""

    classes: tuple                  # texts
    labels: np.ndarray              # int64 (N,)
    prints: np.ndarray              # uint8 (N, 16)
    names: tuple | None = None      # N texts, or None for arrays

    @cached_property
    def digest(self):
        """All of it in 32 hexadecimal digits; the order of the pictures counts."""
        summed = blake2b(digest_size=BYTES)
        for array in self.arrays().values():
            summed.update(b"%d:" % array.nbytes + array.tobytes())
        return summed.hexdigest()

    def arrays(self):
        """Everything as arrays for an .npz file; the texts as JSON in bytes."""
        names = {} if self.names is None else {"names": as_bytes(self.names)}
        return {"prints": self.prints, "labels": self.labels.astype("<i8"), **names, "classes": as_bytes(self.classes)}

    @classmethod
    def restored(cls, arrays):
        """The Identity of these arrays(). ValueError, one sentence, for others."""
        try:
            classes, labels, prints = from_bytes(arrays["classes"]), arrays["labels"], arrays["prints"]
            names = from_bytes(arrays["names"]) if "names" in arrays else None
            count = len(labels)
            if (labels.dtype == np.int64 and labels.shape == (count,) and prints.dtype == np.uint8
                    and prints.shape == (count, BYTES) and (names is None or len(names) == count)
                    and (not count or 0 <= labels.min() <= labels.max() < len(classes))):
                return cls(classes, labels.astype(np.int64), prints, names)
        except (KeyError, ValueError, TypeError, AttributeError):
            pass
        raise ValueError("the fingerprints of the pictures are damaged, or were saved by another npnet")

    def pictures(self):
        """(name, class, print) of every picture; arrays are named by their place."""
        names = self.names or [f"picture {i}" for i in range(len(self.labels))]
        return [(name, self.classes[label], print_.tobytes())
                for name, label, print_ in zip(names, self.labels, self.prints)]


def identity(pictures, progress=None):
    """The Identity of Pictures. OSError for a file that is gone."""
    images, names = pictures.images, None
    prints = in_threads(print_of, images, progress)
    prints = np.frombuffer(b"".join(prints), np.uint8).reshape(len(images), BYTES)
    if len(images) and not isinstance(images[0], np.ndarray):
        paths = list(map(os.fspath, images))                    # names are what comes after the folder they share
        folder = pictures.folder or os.path.commonpath([os.path.dirname(path) for path in paths])
        start = os.path.join(os.fspath(folder), "")
        names = tuple(composed(path.removeprefix(start).replace(os.sep, "/")) for path in paths)
    return Identity(pictures.classes, pictures.labels, prints, names)


def print_of(image):
    """The 16 bytes of one picture: an array, or the path of a file."""
    if isinstance(image, np.ndarray):
        content = str(image.shape).encode() + image.tobytes()
    elif not os.path.isfile(image):
        raise FileNotFoundError(f"{image} is gone, or not an ordinary file; read the data set again")
    else:
        with open(image, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= 2 * PIECE or os.fspath(image).lower().endswith(UNCOMPRESSED):
                content = file.read()
            else:
                content = file.read(PIECE)
                file.seek(size - PIECE)
                content += file.read(PIECE)
        content = b"%d:" % size + content
    return blake2b(content, digest_size=BYTES).digest()


def as_bytes(texts):
    return np.frombuffer(json.dumps(list(texts)).encode("ascii"), np.uint8)


def from_bytes(array):
    texts = json.loads(array.tobytes())
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a list of texts")
    return tuple(texts)


# ---------------------------------------------------------------------------- two sets of pictures

def known(prints, others):
    """Which of the prints (N, 16) occur among the others (M, 16): bool (N,)."""
    first, second = (np.ascontiguousarray(each).view(f"S{BYTES}").ravel() for each in (prints, others))
    return np.isin(first, second)


def shared(train, test):
    """The pictures of one Identity that are in the other as well: [(name in test, name in train), ...]."""
    there = {print_: name for name, _, print_ in reversed(train.pictures())}
    return [(name, there[print_]) for name, _, print_ in test.pictures() if print_ in there]


def different(then, now, what="training"):
    """What has changed from one Identity to another, a sentence each, with an example; [] when nothing has."""
    if then.digest == now.digest:
        return []
    renamed, sentences = changed_classes(then, now, what)
    before = [(name, renamed.get(kind, kind), print_) for name, kind, print_ in then.pictures()]
    after = now.pictures()
    sentences += changed_pictures(before, after, what)
    return sentences or rearranged(before, after, what)


def changed_classes(then, now, what):
    """({old name: new name}, sentences). A class has another name if most of its pictures are in a new class."""
    missing, added = set(then.classes) - set(now.classes), set(now.classes) - set(then.classes)
    home = {print_: kind for _, kind, print_ in now.pictures()}
    homes = {name: Counter() for name in then.classes}
    for _, kind, print_ in then.pictures():
        homes[kind][home.get(print_)] += 1
    renamed = {}
    for name in [name for name in then.classes if name in missing and homes[name]]:
        new, count = homes[name].most_common(1)[0]
        if new in added and new not in renamed.values() and 2 * count > homes[name].total():
            renamed[name] = new
    place = {name: number for number, name in enumerate(now.classes)}
    moved = [(name, number) for number, name in enumerate(renamed.get(name, name) for name in then.classes)
             if place.get(name, number) != number]
    return renamed, [
        *some(f"the {what} class {name} is called {new} now" for name, new in renamed.items()),
        *some(f"the {what} class {name} is missing" for name in then.classes if name in missing - set(renamed)),
        *some(f"the {what} class {name} was added" for name in now.classes if name in added - set(renamed.values())),
        *[f"the {what} class {name} had the number {number} and has {place[name]}" for name, number in moved[:1]]]


def some(sentences, most=3):
    """The first of the sentences, and how many more there are."""
    sentences = list(sentences)
    return sentences[:most] + [f"and {len(sentences) - most:,} more classes likewise"] * (len(sentences) > most)


def changed_pictures(before, after, what):
    """Sentences about pictures that were replaced, moved to another class, added, or are missing."""
    kept = Counter(picture[1:] for picture in before) & Counter(picture[1:] for picture in after)
    before, after = without(before, kept), without(after, kept)
    gone_to = {print_: kind for _, kind, print_ in after}
    came_from = {print_ for _, _, print_ in before}
    moved = [(name, kind, gone_to[print_]) for name, kind, print_ in before if print_ in gone_to]
    missing = [name for name, _, print_ in before if print_ not in gone_to]
    added = [name for name, _, print_ in after if print_ not in came_from]
    replaced = set(missing) & set(added)
    missing, added = ([name for name in names if name not in replaced] for names in (missing, added))
    return [
        *said(sorted(replaced), what, "has other content", "have other content"),
        *said([f"{name}: {kind}, now {new}" for name, kind, new in moved], what, "is in another class",
              "are in other classes"),
        *said(missing, what, "is missing", "are missing"),
        *said(added, what, "was added", "were added")]


def without(pictures, kept):
    """The pictures that are left when as many of each (class, print) as `kept` says are taken away."""
    kept, left = Counter(kept), []
    for picture in pictures:
        kept[picture[1:]] -= 1
        if kept[picture[1:]] < 0:
            left.append(picture)
    return left


def rearranged(before, after, what):
    """The sentence about the same pictures under other names, or in another order."""
    if [picture[1:] for picture in before] == [picture[1:] for picture in after]:
        names = [f"{old[0]}, now {new[0]}" for old, new in zip(before, after) if old[0] != new[0]]
        return said(names, what, "has another name", "have other names")
    old, new = next((old, new) for old, new in zip(before, after) if old[1:] != new[1:])
    name = next(name for name, *rest in before if rest == [*new[1:]])
    return [f"the {what} pictures are in another order: {name} is where {old[0]} was"]


def said(names, what, is_, are):
    """The sentence about these pictures, if there are any, with the first as an example."""
    if len(names) > 1:
        return [f"{len(names):,} {what} pictures {are}, such as {names[0]}"]
    return [f"one {what} picture {is_} ({name})" for name in names]
