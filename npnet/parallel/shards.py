"""Shards: which rows of a batch are whose.

A batch of N pictures is cut into shards, N*i//shards to N*(i+1)//shards, and each rank has some that follow one
another. So no picture is left out and none comes twice, whatever N, and the last batch may be shorter than there are
shards: some of them are then empty.

    cuts(10, 4)                         [0, 2, 5, 7, 10]
    shards_of(rank=1, size=2, shards=4) range(2, 4)
"""
import numpy as np

from ..data import Loader


def cuts(total, shards):
    """Where so many rows are cut: shards + 1 numbers, from 0 to total. ValueError for no whole number of at least 0."""
    if not isinstance(total, (int, np.integer)) or total < 0:
        raise ValueError(f"a batch has a whole number of pictures of at least 0, got {total!r}")
    return [total * shard // shards for shard in range(shards + 1)]


def shards_of(rank, size, shards):
    """The numbers of the shards of one rank of `size`: at least one, as there are at least as many as ranks."""
    return range(shards * rank // size, shards * (rank + 1) // size)


class Shard(Loader):
    """A Loader that prepares this rank's pictures of each batch, and gives the labels of the whole batch.

    x (n, C, H, W) of its own rows, which may be none; labels (N,). Order and augmentation are those of the loader that
    it was made from: they have addresses (seed, epoch, index of the picture), and need no message between ranks.
    """

    def __init__(self, loader, team):
        vars(self).update(vars(loader))
        self.team = team

    def epoch(self, number, first=0):
        for x, labels in super().epoch(number, first):
            self.team.labels = labels
            yield x, labels

    def prepared(self, number, indices):
        first, last = self.team.rows(len(indices))
        if first == last:
            pipeline = self.pipeline
            x = np.empty((0, pipeline.channels, pipeline.size, pipeline.size), np.float32)
        else:
            x, _ = super().prepared(number, indices[first:last])
        return x, self.pictures.labels[indices]


class Rows:
    """The same of a loader of somebody's own, also of a class made from Loader: what it does otherwise may concern the
    whole batch, so every rank makes all of it and takes its rows."""

    def __init__(self, loader, team):
        self.loader, self.team = loader, team

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def __len__(self):
        return len(self.loader)

    def epoch(self, number, first=0):
        """The batches of one epoch, from batch `first` on: own rows of x, all labels."""
        for x, labels in self.loader.epoch(number, first):
            begin, end = self.team.rows(len(labels))
            self.team.labels = labels
            yield x[begin:end], labels
