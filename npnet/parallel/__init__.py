"""Parallel: one training on several processes and machines, over MPI (mpi4py, the extra `mpi`).

    mpiexec -n 4 npnet train --data cifar10             each batch is worked on by four ranks
    npnet train --data cifar10 --ranks 4                the same

    team = npnet.parallel.here()                        in a script of one's own, started by mpiexec
    net = team.network(net)
    for step in train(net, optimizer, team.loader(loader).epoch(0)):
        ...
"""
from .network import DataParallel
from .ranks import Ranks, here

__all__ = ["DataParallel", "Ranks", "here"]
