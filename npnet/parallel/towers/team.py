"""The team of two towers: what fit asks (npnet/fit/team.py), answered for two ranks that have half of every layer.

    team = npnet.parallel.here(towers=True)                 # mpiexec -n 2 npnet train --towers
    run = fit(net, SGD(0.01), loader, validation, out="runs/towers", team=team)

Each rank trains its half on all pictures. A checkpoint is that of the whole network: tower 1 sends its halves to
tower 0, which writes. When the run has ended, the whole network is tested, each rank with half of the pictures.
"""
from ..ranks import Ranks
from .tower import TwoTowers


class Towers(Ranks):
    """Two ranks, a tower on each. comm: mpi4py's communicator of both."""

    halves = True

    def network(self, net):
        """This rank's tower of the network, which stays as it is. ValueError, with the layer's name, where it cannot be
        cut in two."""
        return TwoTowers(net, self)

    def optimizer(self, net, optimizer):
        """An optimizer of this rank's halves, which begins with those of its velocity."""
        return net.half_optimizer(optimizer)

    def whole(self, net, optimizer):
        """(network, optimizer) of both towers on rank 0, (None, None) on rank 1. To be called on both."""
        return net.whole(), net.whole_optimizer(optimizer)

    def loader(self, loader):
        """The same loader: both towers see all pictures."""
        return loader

    def compare(self, what, net=None, settings=None, pictures=None):
        """As with other ranks, but for the network: its halves differ, and TwoTowers has compared the wholes."""
        super().compare(what, None, settings, pictures)
