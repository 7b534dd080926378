"""Labels against pictures: have the labels anything to do with the pictures that they stand beside?

    print(labels_fit(data.train))

Pictures that were shuffled without their labels look like any other set, and so do the labels; only a
loss that never leaves log(classes) shows it, after hours. But right labels agree with what pictures look
like: the picture that is most like another one has the same label far more often than by chance.
"""
import math
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import rng


@dataclass(frozen=True)
class LabelsFit:
    """How often the picture most like another has the same label; chance would hardly ever bring it above bound."""

    pictures: int
    agreement: float
    chance: float
    bound: float

    @property
    def fits(self):
        """Whether the labels have something to do with the pictures."""
        return self.agreement > self.bound

    def __str__(self):
        shares = f"among {self.pictures:,} pictures the one most like another has the same label in " \
                 f"{self.agreement:.1%} of cases, by chance it would be {self.chance:.1%}"
        if self.fits:
            return f"{shares}: the labels belong to the pictures"
        return f"{shares}: are the labels shuffled against the pictures? Look at a sheet of them (npnet data show)"


class Sample:
    """Small grey copies of the first pictures that a network is shown, with their labels."""

    MOST = 2000

    def __init__(self):
        self.pictures, self.labels, self.earlier, self.first_epoch = [], [], 0, None

    @property
    def count(self):
        """How many it has, with those that it had before the run was resumed."""
        return self.earlier + len(self.labels)

    def resume(self, earlier, first_epoch):
        """Counts as if it had so many already: they are taken from first_epoch() when they are wanted."""
        self.earlier, self.first_epoch = earlier, first_epoch

    def add(self, x, labels):
        """Keeps some more: x (N, C, H, W), as the network sees them; anything else is left out."""
        missing = self.MOST - self.count
        if missing > 0 and x is not None and x.ndim == 4:
            self.pictures += list(shrunk(ops.to_host(x[:missing]).mean(axis=1)))
            self.labels += list(ops.to_host(labels[:missing]))

    def fit(self):
        """The LabelsFit of what was kept; None where it would say nothing."""
        if self.earlier:
            before = Sample()
            with closing(self.first_epoch()) as batches:
                while before.count < self.earlier:
                    before.add(*next(batches))
            self.pictures = before.pictures[:self.earlier] + self.pictures
            self.labels, self.earlier = before.labels[:self.earlier] + self.labels, 0
        return agreement(self.pictures, self.labels)


def labels_fit(pictures, seed=0, most=Sample.MOST):
    """The LabelsFit of a set of Pictures: whether pictures that look alike have the same label oftener than by chance.

    `most` pictures are drawn and compared by the directions of their edges, grey. On CIFAR-10 about a third of the
    nearest neighbours have the same label, on MNIST nine tenths. None where the answer would mean nothing: fewer than
    400 pictures, 10 for a class, or 3 classes, or pictures below 8 pixels.
    """
    chosen = rng(seed, "labels fit").permutation(len(pictures))[:most]
    if not telling(pictures.labels[chosen]):
        return None
    grey = (pictures[i].mean(axis=2, dtype=np.float32) for i in chosen)
    return agreement([shrunk(picture[None])[0] for picture in grey], pictures.labels[chosen])


def agreement(pictures, labels):
    """The LabelsFit of grey pictures, a list of (H, W), and labels; None where it would say nothing."""
    labels = np.asarray(labels)
    if not telling(labels) or min(min(picture.shape) for picture in pictures) < 8:
        return None
    features = np.stack([directions(picture) for picture in pictures])          # (N, 96), of length 1
    if (features == 0).all(axis=1).mean() > 0.5:
        return None                                                             # pictures without edges
    alike = features @ features.T
    np.fill_diagonal(alike, -1)
    same = float((labels[alike.argmax(axis=1)] == labels).mean())
    chance = by_chance(labels)
    return LabelsFit(len(labels), same, chance, chance + margin(chance, len(labels)))


def by_chance(labels):
    """The share of pairs of pictures that have the same label."""
    counts = np.bincount(labels)
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))


def margin(chance, count):
    """Four standard deviations of a binomial share, times the root of 2, as neighbours come in pairs."""
    return 4 * math.sqrt(2 * chance * (1 - chance) / count)


def telling(labels):
    """Whether so many pictures of so many classes would tell right labels from shuffled ones."""
    if len(labels) < max(400, 10 * len(np.unique(labels))):
        return False
    chance = by_chance(labels)
    return margin(chance, len(labels)) < 0.1 * (1 - chance)


def shrunk(pictures, side=32):
    """Pictures (N, H, W), means over blocks so that no side is longer than `side`."""
    for axis in (1, 2):
        length = pictures.shape[axis]
        if length > side:
            starts = np.arange(side) * length // side
            sums = np.add.reduceat(pictures, starts, axis=axis)
            sizes = np.diff(np.append(starts, length)).astype(sums.dtype)
            pictures = sums / sizes.reshape([-1 if i == axis else 1 for i in range(3)])
    return pictures


def directions(picture, cells=4, bins=6):
    """How strong edges of each of 6 directions are in each of 4 x 4 parts of a picture (H, W): (96,), of length 1."""
    down, right = np.gradient(picture)
    strength = np.hypot(down, right)
    turn = (np.arctan2(down, right) % np.pi / np.pi * bins).astype(int) % bins      # 0 to 5, light to dark or back
    row, column = (np.arange(side) * cells // side for side in picture.shape)
    part = row[:, None] * cells + column                                                # (H, W)
    found = np.bincount((part * bins + turn).ravel(), strength.ravel(), cells * cells * bins)
    found -= found.mean()
    return (found / max(np.linalg.norm(found), 1e-12)).astype(np.float32)
