"""Data sets: pictures with their labels, in two parts, to train on and to test on.

    flowers = DataSet("flowers", train=Pictures(images, labels, classes), test=Pictures(...))
    flowers.train[0]            uint8 (H, W, C), decoded when it is asked for
    flowers.train.labels        int64 (N,)
"""
from dataclasses import dataclass

import numpy as np

from .pictures import read_picture


@dataclass(frozen=True, repr=False)
class Pictures:
    """N pictures with labels.

    images: uint8 (N, H, W, C), C 3 (red, green, blue) or 1 (grey); or a sequence of N paths of files,
    which are read when they are asked for. labels: N integers from 0 to len(classes) - 1. classes:
    their names. Raises ValueError where these do not fit together.
    """

    images: object
    labels: np.ndarray
    classes: tuple

    def __post_init__(self):
        labels = np.asarray(self.labels)
        if labels.shape != (len(self.images),) or labels.dtype.kind not in "iu":
            raise ValueError(f"{len(self.images)} pictures need as many labels, integers from 0, got "
                             f"{labels.dtype} {labels.shape}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise ValueError(f"labels must lie between 0 and {len(self.classes) - 1}, as there are {len(self.classes)} "
                             f"classes, got {labels.min()} to {labels.max()}")
        if isinstance(self.images, np.ndarray) and (
                self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[3] not in (1, 3)):
            raise ValueError(f"images must be uint8 (N, H, W, C) with C 1 or 3, got {self.images.dtype} "
                             f"{self.images.shape}; pictures (N, C, H, W) become so by transpose(0, 2, 3, 1)")
        object.__setattr__(self, "labels", labels.astype(np.int64))
        object.__setattr__(self, "classes", tuple(map(str, self.classes)))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        """Picture i, uint8 (H, W, C)."""
        image = self.images[i]
        return image if isinstance(image, np.ndarray) else read_picture(image)

    def take(self, indices):
        """Only the pictures with these indices, in this order."""
        indices = np.asarray(indices, np.int64)
        images = self.images[indices] if isinstance(self.images, np.ndarray) else [self.images[i] for i in indices]
        return Pictures(images, self.labels[indices], self.classes)

    def __repr__(self):
        kind = "x".join(map(str, self.images.shape[1:])) if isinstance(self.images, np.ndarray) else "files"
        return f"{len(self):,} pictures ({kind}) of {len(self.classes)} classes"


@dataclass(frozen=True)
class DataSet:
    """Pictures to train on and to test on (None where there are none), and where they come from, in a sentence."""

    name: str
    train: Pictures
    test: Pictures | None = None
    origin: str = ""

    @property
    def classes(self):
        """The names of the classes, in the order of their numbers."""
        return self.train.classes
