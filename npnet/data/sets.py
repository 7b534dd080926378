"""Data sets: pictures with their labels, in two parts, to train on and to test on.

    flowers = DataSet("flowers", train=Pictures(images, labels, classes), test=Pictures(...))
    flowers.train[0]            uint8 (H, W, C), decoded when it is asked for
    flowers.train.labels        int64 (N,)

    train, validation = held_out(flowers.train, 100, seed=0)
"""
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..layers import rng
from .pictures import as_grey, read_picture

PIECE = 25                      # how many pictures a thread takes at a time
MOST_CLASSES = 100_000          # where there are fewer pictures; a network of so many classes has 400 million weights


@dataclass(frozen=True, repr=False, eq=False)
class Pictures:
    """N pictures with labels.

    images: uint8 (N, H, W, C), C 3 (red, green, blue) or 1 (grey); or a sequence of N paths of files,
    which are read when they are asked for; or of N arrays (H, W, C) of several sizes. labels: N integers
    from 0. classes: their names. folder: where the files are; a picture's name is its path below it. grey: files
    become (H, W, 1). Raises ValueError or TypeError where these do not fit together.
    """

    images: object
    labels: np.ndarray
    classes: tuple
    folder: object = None
    grey: bool = False

    def __post_init__(self):
        check_images(self.images)
        labels, count = np.asarray(no_tensor("labels", self.labels)), len(self.images)
        if labels.shape != (count,) or labels.dtype.kind not in "iu":
            raise ValueError(f"{count} pictures need as many labels, integers from 0, got "
                             f"{labels.dtype} {labels.shape}")
        if len(self.classes) > max(count, MOST_CLASSES):
            raise ValueError(f"there are {len(self.classes):,} classes for {count:,} pictures; name each class once")
        if count and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ValueError(f"labels must lie between 0 and {len(self.classes) - 1}, as there are {len(self.classes)} "
                             f"classes, got {labels.min()} to {labels.max()}")
        object.__setattr__(self, "labels", labels.astype(np.int64))
        object.__setattr__(self, "classes", tuple(composed(str(name)) for name in self.classes))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        """Picture i, uint8 (H, W, C). Whatever is wrong with its file is raised as one sentence with its path."""
        image = self.images[i]
        if isinstance(image, np.ndarray):
            return image
        return as_grey(read_file(image)) if self.grey else read_file(image)

    def take(self, indices):
        """Only the pictures with these indices, in this order. A mask of True and False is not a list of indices."""
        indices = np.asarray(indices)
        if indices.size and indices.dtype.kind not in "iu":
            raise TypeError(f"indices must be whole numbers, got {indices.dtype}; np.flatnonzero(mask) makes them")
        indices = indices.astype(np.int64)
        if indices.size and not -len(self) <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"indices must lie between 0 and {len(self) - 1}, got {indices.min()} to {indices.max()}")
        images = self.images[indices] if isinstance(self.images, np.ndarray) else [self.images[i] for i in indices]
        return replace(self, images=images, labels=self.labels[indices])

    def __repr__(self):
        if isinstance(self.images, np.ndarray):
            kind = "x".join(map(str, self.images.shape[1:]))
        else:
            kind = "several sizes" if len(self) and isinstance(self.images[0], np.ndarray) else "files"
        return f"{len(self):,} pictures ({kind}) of {len(self.classes)} classes"


def check_images(images):
    """Raises one sentence for what is not pictures: with what makes it so."""
    if isinstance(no_tensor("images", images), np.ndarray):
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(f"images must be uint8 (N, H, W, C) with C 1 or 3, got {images.dtype} {images.shape}; "
                             f"pictures (N, C, H, W) become so by transpose(0, 2, 3, 1)")
    elif isinstance(images, (list, tuple)) and images and not isinstance(images[0], (np.ndarray, str, os.PathLike)):
        raise TypeError(f"images must be an array uint8 (N, H, W, C), or a list of paths or of arrays (H, W, C), got a "
                        f"list of {type(images[0]).__name__}; np.array(images, np.uint8) makes an array of numbers")


def no_tensor(what, values):
    """The values. TypeError for a tensor of PyTorch, which must be asked for its array."""
    if hasattr(values, "detach"):
        raise TypeError(f"{what} must be NumPy's, got a tensor of PyTorch; give {what}.numpy()")
    return values


def composed(name):
    """A name in the Unicode form NFC. Systems write one name in two forms, é as one letter or as e and an accent;
    wherever names are compared, they are compared in this one."""
    return unicodedata.normalize("NFC", name)


def share_of(train, test, published):
    """The end of an `origin`, where a set has fewer pictures than (to train on, to test on) were published."""
    found = len(train), len(test)
    return "" if found == published else (f", a part of it: {found[0]:,} of {published[0]:,} and {found[1]:,} of "
                                          f"{published[1]:,} pictures")


@dataclass(frozen=True, eq=False)
class DataSet:
    """Pictures to train on and to test on (None where there are none), and where they come from, in a sentence.

    Where there are pictures to test on alone, train holds none, but has the classes. ValueError if the
    classes of the two parts differ: a number would mean one thing in training and another in testing.
    """

    name: str
    train: Pictures
    test: Pictures | None = None
    origin: str = ""

    def __post_init__(self):
        if self.test is not None and self.test.classes != self.train.classes:
            raise ValueError(f"{self.name}: training and test pictures must have the same classes in the same order, "
                             f"got {len(self.train.classes)} and {len(self.test.classes)} that differ")

    @property
    def classes(self):
        """The names of the classes, in the order of their numbers."""
        return self.train.classes


# ---------------------------------------------------------------------------- parts of a set

def held_out(pictures, count, seed):
    """Two Pictures without a picture in common: all but `count` to train on, and `count` for validation.

    Every class keeps its share: of 90 cats and 10 dogs, 10 pictures are 9 cats and 1 dog. Where a share
    is not a whole number, the largest remainders are rounded up. Which pictures are drawn is decided by
    rng(seed, "validation") alone. Both parts keep the order of `pictures`.
    """
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or not 0 < count < len(pictures):
        raise ValueError(f"the number of pictures held out must be a whole number from 1 to {len(pictures) - 1}, as "
                         f"there are {len(pictures)} pictures, got {count!r}")
    drawn = rng(seed, "validation").permutation(len(pictures))
    chosen = np.zeros(len(pictures), bool)
    for label, share in enumerate(shares_of(np.bincount(pictures.labels, minlength=len(pictures.classes)), count)):
        chosen[drawn[pictures.labels[drawn] == label][:share]] = True
    return pictures.take(np.flatnonzero(~chosen)), pictures.take(np.flatnonzero(chosen))


def shares_of(sizes, count):
    """How many of `count` fall to groups of these sizes, in proportion, with the exact sum: integers (groups,)."""
    sizes = sizes.astype(object)                                        # Python's integers, exact
    shares, remainders = sizes * count // sizes.sum(), sizes * count % sizes.sum()
    missing = count - shares.sum()
    shares[sorted(range(len(sizes)), key=lambda group: -remainders[group])[:missing]] += 1
    return shares


# ---------------------------------------------------------------------------- reading

class Unreadable(ValueError):
    """One picture of a set cannot be read."""


def read_file(path):
    """The picture in a file, uint8 (H, W, 3); read_picture, whose sentences begin with the whole path here,
    because a name such as 0001.jpg may be found in every class. Raises Unreadable, and OSError as open does."""
    try:
        return read_picture(path)
    except ValueError as error:
        name, sentence = Path(path).name + " ", str(error)
        raise Unreadable(f"{path} {sentence.removeprefix(name)}" if sentence.startswith(name)
                         else f"{path}: {sentence}") from None


def in_threads(work, items, progress=None):
    """[work(item) for item in items], by threads: Pillow decodes several pictures side by side.

    The first error is raised, and what has not begun is left undone.
    """
    results, pool = [], ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    pieces = [items[first:first + PIECE] for first in range(0, len(items), PIECE)]
    try:
        for some in pool.map(lambda piece: [work(item) for item in piece], pieces):
            results += some
            if progress and (len(results) % 50 == 0 or len(results) == len(items)):
                progress(len(results), len(items))
    finally:
        pool.shutdown(cancel_futures=True)                      # also when the user stops it
    return results
