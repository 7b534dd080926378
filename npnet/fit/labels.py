"""Labels against pictures: have the labels anything to do with the pictures that they stand beside?

    print(labels_fit(data.train))

Pictures that were shuffled without their labels look like any other set, and so do the labels; only a
loss that never leaves log(classes) shows it, after hours. But right labels agree with what pictures look
like: the picture that is most like another one has the same label far more often than by chance.
"""
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import rng
from .measures import finite

NEAREST = 5         # pictures most like another, whose labels are compared with its label
DRAWN = 60          # drawings of the labels, for what chance gives
DEVIATIONS = 4.0    # of these, above their mean: chance comes there once in 30,000 times, in three ways of comparing
LEAST = 0.1         # of what chance lacks to 1: right labels agree so much more than by chance (CIFAR-10: 0.2)
RARER = 150         # pictures beside the most frequent class: with fewer, of 1,600, right labels were called shuffled


@dataclass(frozen=True)
class LabelsFit:
    """How often the pictures most like another have its label; chance would hardly ever bring it above bound."""

    pictures: int
    agreement: float
    chance: float
    bound: float

    @property
    def fits(self):
        """Whether the labels have something to do with the pictures."""
        return self.agreement > self.bound

    @property
    def tells(self):
        """Whether right labels would come above the bound: chance alone does not come near to what they give."""
        return self.bound - self.chance < LEAST * (1 - self.chance)

    def __str__(self):
        shares = f"among {self.pictures:,} pictures the {NEAREST} most like another have its label in " \
                 f"{self.agreement:.1%} of cases, by chance it would be {self.chance:.1%}"
        if self.fits:
            return f"{shares}: the labels belong to the pictures"
        return f"{shares}: are the labels shuffled against the pictures? Look at a sheet of them (npnet data show)"


class Sample:
    """Small grey copies of the first pictures that a network is shown, with their labels."""

    MOST = 2000

    def __init__(self):
        self.pictures, self.colours, self.labels, self.earlier, self.first_epoch = [], [], [], 0, None

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
        if missing > 0 and x is not None and x.ndim == 4 and len(x) == len(labels):    # not one of two halves
            x = x[:missing]
            self.pictures += list(shrunk(ops.to_host(x.mean(axis=1))))
            self.colours += list(ops.to_host(x.mean(axis=(2, 3))))
            self.labels += list(ops.to_host(labels[:missing]))

    def whole(self):
        """Itself, with the pictures that it had before the run was resumed: now they are read again."""
        if self.earlier:
            before = Sample()
            with closing(self.first_epoch()) as batches:
                while before.count < self.earlier:
                    before.add(*next(batches))
            for name in ("pictures", "colours", "labels"):
                setattr(self, name, getattr(before, name)[:self.earlier] + getattr(self, name))
            self.earlier = 0
        return self

    def fit(self):
        """The LabelsFit of what was kept; None where it would say nothing."""
        kept = self.whole()
        return agreement(kept.pictures, kept.labels, kept.colours)


def labels_fit(pictures, seed=0, most=Sample.MOST):
    """The LabelsFit of a set of Pictures: whether pictures that look alike have the same label oftener than by chance.

    `most` pictures are drawn and compared by the directions of their edges, their light and their colour. On CIFAR-10
    0.29 of the nearest have the same label, on MNIST nine tenths. None where the answer would mean nothing: fewer
    than 400 pictures or 10 for a class, pictures below 8 pixels, or chance that comes near to what would be right.
    """
    chosen = rng(seed, "labels fit").permutation(len(pictures))[:most]
    if not telling(pictures.labels[chosen]):
        return None
    kept = Sample()
    kept.MOST = most
    for i in chosen:
        kept.add(pictures[i].transpose(2, 0, 1)[None].astype(np.float32), pictures.labels[[i]])
    return kept.fit()


def agreement(pictures, labels, colours):
    """The LabelsFit of grey pictures, a list of (H, W), their colours (C,) and labels; None where it says nothing.

    Of equal pictures only the first is asked: the others would agree with it whatever the labels show. What pictures
    have in common may be their edges, where they are bright, or their colour: that which fits the labels best is
    told, so that no labels are called shuffled that are seen in one of them.
    """
    first = sorted({picture.tobytes(): number for number, picture in reversed([*enumerate(pictures)])
                    if finite(picture)}.values())
    pictures, labels = [pictures[i] for i in first], np.asarray(labels)[first]
    colours = [np.resize(colours[i], max(map(len, colours))) for i in first]    # grey ones among coloured ones
    if not telling(labels) or min(min(picture.shape) for picture in pictures) < 8:
        return None
    features = np.stack([directions(picture) for picture in pictures])          # (N, 96), of length 1
    if (features == 0).all(axis=1).mean() > 0.5:
        return None                                                             # pictures without edges
    best = max((compared(each, labels) for each in (features, brightness(pictures), colours)),
               key=lambda fit: fit.agreement - fit.bound)
    return best if best.fits or best.tells else None


def compared(features, labels):
    """The LabelsFit by features (N, F): the labels of the nearest, and those by chance, drawn 60 times."""
    near = nearest(features)
    same = (labels[near] == labels[:, None]).mean()
    drawn = [rng(0, "labels by chance", number).permutation(labels) for number in range(DRAWN)]
    shares = np.array([(each[near] == each[:, None]).mean() for each in drawn])
    chance = float(shares.mean())
    return LabelsFit(len(labels), float(same), chance, chance + DEVIATIONS * float(shares.std()))


def nearest(features, count=NEAREST):
    """The `count` nearest pictures of each, by features (N, F): indices (N, count)."""
    features = np.asarray(features, np.float32)
    near = 2 * features @ features.T - (features ** 2).sum(axis=1)              # minus what is the same in a row
    np.fill_diagonal(near, -np.inf)
    return np.argpartition(-near, count, axis=1)[:, :count]


def brightness(pictures, side=8):
    """How bright each of 8 x 8 parts of each picture is, beside the other pictures: (N, 64), of length 1."""
    if len({picture.shape for picture in pictures}) == 1:
        small = shrunk(np.stack(pictures), side)
    else:
        small = np.stack([shrunk(picture[None], side)[0] for picture in pictures])
    found = small.reshape(len(small), -1) - small.reshape(len(small), -1).mean(axis=0)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def telling(labels):
    """Whether so many pictures of so many classes may tell right labels from shuffled ones: where nearly all have one
    label, their neighbours have it, too, in either case."""
    classes, counts = np.unique(labels, return_counts=True)
    return len(classes) > 1 and len(labels) >= max(400, 10 * len(classes)) and len(labels) - counts.max() >= RARER


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
