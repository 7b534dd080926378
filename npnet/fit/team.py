"""The team of a training: the processes that work on it together.

A training usually has one, and Alone is what it does: it makes what is to be shared, and shares it with nobody.
Where several work (npnet/parallel), their team answers the same questions for all of them, and fit, the test at the
end and `answers` are written once for both.
"""


class Alone:
    """One process. rank: which one this is; size: how many there are; shards: into how many pieces every batch is
    cut, each of which is worked on by itself, or None for one piece a process; halves: whether each of two processes
    has a half of every layer, and not some of the pictures."""

    rank, size, shards, halves = 0, 1, None, False

    def __repr__(self):
        return f"rank {self.rank} of {self.size}" + f", {self.shards} shards" * (self.shards is not None)

    @property
    def first(self):
        """Whether this is the process that writes and shows; the others compute in silence."""
        return self.rank == 0

    def shared(self, make):
        """What make() returns on the first process, for all of them; what it raises there, all raise."""
        return make()

    def agreed(self, number):
        """The largest of all processes' numbers, the same for all."""
        return number

    def network(self, net):
        """What train() and evaluate() take in the place of a network."""
        return net

    def optimizer(self, net, optimizer):
        """What updates that network, which self.network gave, in the place of an optimizer of the whole."""
        return optimizer

    def whole(self, net, optimizer):
        """(network, optimizer) as one process has them, of what network and optimizer gave; where each process has a
        half, (None, None) on all but the first."""
        return net, optimizer

    def loader(self, loader):
        """A loader that prepares this process's pictures of each batch, and gives the labels of all."""
        return loader

    def rows(self, total):
        """(first, last): which of so many pictures are this process's."""
        return 0, total

    def joined(self, make):
        """The rows that make() returns on every process, one after the other, for all of them; what it raises on
        one, all raise."""
        return make()

    def keeps(self, folder):
        """From now on there is a checkpoint in the first process's folder, or None: what is said of a process that
        fails names it."""

    def compare(self, what, net=None, settings=None, pictures=None):
        """Raises ValueError, with the process and what it has, unless all of them have the same versions and settings
        (plain data), pictures ({part: Identity}) and arrays of a network, of those that are given. what: "of the
        network after epoch 3", for the sentence."""


ALONE = Alone()
