"""Ranks: the processes that mpiexec started, as the team of a training.

    team = here()                           # Ranks under mpiexec -n 2, Alone (npnet/fit/team.py) otherwise
    net = team.network(net)                 # computes this rank's rows, and adds gradients over all ranks
    for step in train(net, SGD(0.01), team.loader(loader).epoch(0)):
        ...                                 # step.loss, step.logits, step.labels: of the whole batch, on every rank

mpi4py is imported where it is first used: npnet works without it.
"""
import math
import sys
from pathlib import Path

import numpy as np

from ..backend import ops
from ..data import Loader
from ..fit.team import ALONE, Alone
from ..screen import counted
from .faults import exchanged, from_first, hosts, unguarded, wait
from .machine import give_threads, share_cards, share_processors
from .mpi import mpi, started
from .network import DataParallel
from .same import EVALUATES, NUMBER, TRAINS, checksum, compare, in_step
from .shards import Rows, Shard, cuts, shards_of
from .watch import note


def here(shards=None, towers=False):
    """The team of this process: Ranks where mpiexec started several, or where batches are to be cut into shards; with
    towers, Towers: two ranks, each with half of every layer. ValueError for towers of more or fewer ranks, or shards.

    With shards each process computes with one thread, unless NPNET_THREADS or use(...) says how many: another number
    of threads cuts long sums otherwise, and the last bits would depend on how many processors a rank has.
    """
    if towers and (shards is not None or started() != 2):
        cut = "" if shards is None else f" and {counted(shards, 'shard')}"
        raise ValueError(f"two towers are two ranks, each with all pictures of a batch, got "
                         f"{counted(started(), 'rank')}{cut}; start them with --ranks 2, or mpiexec -n 2, and without "
                         f"shards")
    if shards is not None:
        give_threads(1)
    if started() > 1:
        comm = every_process()
        share_cards()
        if shards is None:
            share_processors(comm)
        if towers:
            from .towers.team import Towers                             # which is made of Ranks
            return Towers(comm)
        return Ranks(comm, shards)
    return ALONE if shards is None else Ranks(None, shards)


def every_process():
    """MPI's communicator of all processes. OSError where mpiexec is not of the MPI that mpi4py has found: each process
    would believe that it is alone, and all would train the same and write the same files."""
    comm = mpi().COMM_WORLD
    if comm.size == 1:
        often = Path(sys.executable).with_name("mpiexec")
        raise OSError(f"mpiexec started {started()} processes, but mpi4py's MPI knows of this one alone: they are of "
                      f"two different MPIs; use the mpiexec of the same, often {often}")
    hosts()                                                             # now, while all of them are here
    unguarded()
    return comm


class Ranks(Alone):
    """The processes of an MPI communicator. comm: mpi4py's, or None for this process alone, without MPI.

    shards: into how many pieces every batch is cut, whatever the number of ranks; their gradients are then added in
    the order of the shards, so that the numbers are the same to the last bit on any number of ranks. None: one
    piece a rank, added as MPI does it.
    """

    def __init__(self, comm=None, shards=None):
        self.comm, self.rank, self.size, self.shards = comm, 0, 1, shards
        self.labels = None                                  # of the batch that a loader gave last, until it is used
        if comm is not None:
            self.rank, self.size = comm.rank, comm.size
        if shards is not None and (isinstance(shards, bool) or not isinstance(shards, (int, np.integer))
                                   or shards < self.size):
            raise ValueError(f"shards must be a whole number of at least that of the ranks, {self.size}, got "
                             f"{shards!r}; start at most as many ranks as there are shards")

    @property
    def pieces(self):
        """How many shards a batch has."""
        return self.shards or self.size

    @property
    def own(self):
        """The numbers of this rank's shards."""
        return shards_of(self.rank, self.size, self.pieces)

    # ------------------------------------------------------------------ what fit asks

    def shared(self, make):
        """What make() returns on rank 0, for all; what it raises there, all raise."""
        if self.size == 1:
            return make()
        value, error = from_first(self.comm, attempt(make) if self.first else None)
        if error is not None:
            raise error
        return value

    def agreed(self, number):
        """The largest of all ranks' numbers."""
        return max(self.counts(number))

    def network(self, net):
        """The network as a DataParallel of this team."""
        return DataParallel(net, self)

    def whole(self, net, optimizer):
        """(network, optimizer) as one process has them."""
        return net.net, optimizer

    def loader(self, loader):
        """A loader that prepares this rank's pictures of each batch, and gives the labels of all."""
        return Shard(loader, self) if type(loader) is Loader else Rows(loader, self)

    def rows(self, total):
        """(first, last): which of so many pictures are this rank's."""
        bounds = cuts(total, self.pieces)
        return bounds[self.own.start], bounds[self.own.stop]

    def sizes(self, total):
        """How many of so many pictures each rank has."""
        bounds = cuts(total, self.pieces)
        own = [shards_of(rank, self.size, self.pieces) for rank in range(self.size)]
        return [bounds[shards.stop] - bounds[shards.start] for shards in own]

    def joined(self, make):
        """The rows that make() returns on every rank, in order; what it raises on one, all raise, with that rank."""
        if self.size == 1:
            return make()
        rows, error = attempt(make)
        errors = [(rank, one) for rank, one in enumerate(exchanged(self.comm, error)) if one is not None]
        if errors:
            raise with_rank(*errors[0])
        return self.gathered(rows)

    def keeps(self, folder):
        """Notes where rank 0 has a checkpoint, for what is said of a rank that fails."""
        if self.size > 1:
            folder = self.shared(lambda: folder and str(folder))
            note("folder", folder or "")

    def compare(self, what, net=None, settings=None, pictures=None):
        """Raises ValueError, with the rank and what it has, unless all have the same."""
        if self.size > 1:
            compare(self.comm, what, net, settings, pictures)

    # ------------------------------------------------------------------ what its network asks

    def counts(self, number):
        """This number of every rank, in order."""
        return [number] if self.size == 1 else in_step(self.comm, NUMBER, number)[:, 0].tolist()

    def batch(self, rows, trains, step, params):
        """How many of a batch's pictures each rank has, in order; rows: this one. ValueError where one is in another
        step, trains other parameters (their names), or has been given other labels of the batch than rank 0."""
        labels, self.labels = self.labels, None
        if self.size == 1:
            return [rows]
        digest = 0 if labels is None else checksum(ops.to_host(labels))
        own = rows, step if trains else 0, checksum(" ".join(params).encode()), digest
        every = in_step(self.comm, TRAINS if trains else EVALUATES, *own)
        for rank, (_, number, names, digest) in enumerate(every.tolist()):
            if number != every[0, 1]:
                raise ValueError(f"rank {rank} is at step {number} while rank 0 is at step {every[0, 1]}: all ranks "
                                 f"must do the same steps")
            if names != every[0, 2]:
                raise ValueError(f"rank {rank} trains other layers than rank 0; freeze the same ones on all ranks")
            if digest != every[0, 3]:
                raise ValueError(f"rank {rank} has other labels in this batch than rank 0: every rank's loader must "
                                 f"give the same whole batches, drawn from the same seed")
        return every[:, 0].tolist()

    def gathered(self, rows, counts=None):
        """The rows of all ranks, one after the other; counts: how many each has, where that is known."""
        if self.size == 1:
            return rows
        counts = counts or self.counts(len(rows))
        own = np.ascontiguousarray(ops.to_host(rows))
        whole = np.empty((sum(counts), *own.shape[1:]), own.dtype)
        numbers = [count * math.prod(own.shape[1:]) for count in counts]
        wait([self.comm.Iallgatherv(own, [whole, numbers])])
        return ops.to_device(whole)

    def added(self, arrays):
        """The sum over the shards of all ranks, in their order, of one small array for each of this rank's shards."""
        every = self.gathered(np.stack(arrays))
        total = every[0]
        for one in every[1:]:
            total = total + one
        return total


def attempt(make):
    """(what make() returns, None), or (None, the exception that it raised)."""
    try:
        return make(), None
    except Exception as error:
        return None, error


def with_rank(rank, error):
    """The error of one rank, which says whose it is."""
    if isinstance(error, OSError) and error.strerror:
        error.strerror = f"{error.strerror} (on rank {rank})"
        error.args = (error.errno, error.strerror)
    elif len(error.args) == 1 and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} (on rank {rank})",)
    return error
