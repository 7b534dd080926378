"""What two towers exchange: feature maps on the way forward, gradients on the way back, and nothing else.

    forward     each tower sends its channels and gets the other's: then both have all of them
    backward    each has a gradient for all channels, but only of the outputs that it computes: it sends the other's
                channels, keeps its own, and adds what it receives

Every array goes through the host, whatever computes, and every wait through one function.
"""
import hashlib
import time
import zlib
from typing import NamedTuple

import numpy as np

from ...backend import ops
from ..faults import wait
from .cutting import half_shape, part_of, rows_of

TAGS = 16384                    # MPI has at least twice as many
START = "mpiexec -n 2 python ..."


class Traffic(NamedTuple):
    """What one tower sends at one place: bytes forward and backward, messages, and the seconds that exchanging took,
    with the wait for a slower tower (0 where it is a formula and not a measurement)."""

    forward: int
    backward: int
    messages: int
    seconds: float = 0.0

    def __add__(self, other):
        return Traffic(*(a + b for a, b in zip(self, other)))


def traffic(net, batch, tower=0):
    """{layer: Traffic} of one training step with a batch of so many pictures: what one tower sends before that layer.

    "loss" is where the halves of the logits are joined. Each tower receives as much as the other sends. net: the whole
    network, or an Unbuilt one; nothing is computed, and no MPI needed. Of krizhevsky2012 and 128 pictures:
    {"conv3": Traffic(forward=11075584, backward=11075584, messages=2, seconds=0.0), ...}. ValueError where the network
    cannot be cut in two, and for a batch that is no whole number of at least 1.
    """
    if not isinstance(batch, (int, np.integer)) or batch < 1:
        raise ValueError(f"batch must be a whole number of pictures of at least 1, got {batch!r}")
    found, rows = {}, rows_of(net.input_shape, net.layers)
    trained = [bool(row.layer.arrays(row.before)) and row.name not in net.frozen for row in rows]
    for number, row in enumerate(rows):
        if row.gathers is not None:
            sent, back = (sizes(row.before, row.gathers, which, batch, net.dtype) for which in (tower, 1 - tower))
            answered = row.cut is not None and any(trained[:number])        # else nobody asks for the gradient
            found[row.name] = Traffic(sent, back * answered, 1 + answered)
    if rows[-1].cut is not None:
        found["loss"] = Traffic(sizes(rows[-1].after, rows[-1].cut, tower, batch, net.dtype), 0, 1)
    return found


def sizes(shape, cut, tower, batch, dtype):
    """Bytes of one tower's channels of a batch."""
    return batch * int(np.prod(half_shape(shape, cut, tower))) * np.dtype(dtype).itemsize


class Partner:
    """The other tower, in another process. comm: an MPI communicator of two processes, or a team that has one.

    tower: which one is here, 0 or 1. sent: {place: Traffic}, all that was exchanged.
    """

    def __init__(self, comm):
        comm = getattr(comm, "comm", comm)
        size = getattr(comm, "size", 1)
        if size != 2:
            raise ValueError(f"two towers need exactly 2 processes, got {size}; start them with {START}")
        self.comm, self.tower, self.sent = comm, comm.rank, {}

    def swap(self, mine, shape, place=None, backward=False):
        """Sends an array, and returns the other tower's, of this shape. place: under which name it is recorded."""
        begin = time.perf_counter()
        out = np.ascontiguousarray(ops.to_host(mine))
        theirs = np.empty(shape, out.dtype)
        tag = tag_of(place, backward, len(out))
        wait([self.comm.Irecv(theirs, 1 - self.tower, tag), self.comm.Isend(out, 1 - self.tower, tag)])
        theirs = ops.to_device(theirs)
        if place is not None:
            told = Traffic(out.nbytes * (not backward), out.nbytes * backward, 1, time.perf_counter() - begin)
            self.sent[place] = self.sent.get(place, Traffic(0, 0, 0)) + told
        return theirs

    def given(self, array, shape):
        """On tower 0 the array that tower 1 has, of this shape; on tower 1, which must know it, too, None."""
        if self.tower == 1:
            return wait([self.comm.Isend(np.ascontiguousarray(array), 0, tag_of("given", *shape))])
        theirs = np.empty(shape, array.dtype)
        wait([self.comm.Irecv(theirs, 1, tag_of("given", *shape))])
        return theirs

    def check_same(self, what, *facts):
        """Raises ValueError, in both processes, unless both have the same facts: texts and arrays."""
        digest = hashlib.sha256()
        for fact in facts:
            array = np.frombuffer(fact.encode(), np.uint8) if isinstance(fact, str) else fact
            digest.update(np.ascontiguousarray(ops.to_host(array)).data.cast("B"))
        mine = np.frombuffer(digest.digest(), np.uint8)
        if (ops.to_host(self.swap(ops.to_device(mine), mine.shape)) != mine).any():
            raise ValueError(f"the two towers must have the same {what}, and they differ; give both processes the "
                             f"same one")


def tag_of(*what):
    """The tag of a message: towers that do not do the same wait for different ones, and do not take one for another."""
    return zlib.crc32(repr(what).encode()) % TAGS


class Joint:
    """A place where the towers exchange. Before it each has its channels, after it both have all of them.

    place: the name of the layer after it. shape: that layer's input, of both towers. cut: how many of the channels
    are tower 0's. complete: both towers compute the same after it, so that on the way back nothing is missing.
    """

    def __init__(self, place, shape, cut, partner, complete=False):
        self.place, self.partner, self.complete = place, partner, complete
        self.own, self.other = (part_of(cut, shape[0], tower) for tower in (partner.tower, 1 - partner.tower))
        self.theirs = half_shape(shape, cut, 1 - partner.tower)

    def forward(self, x):
        """All channels, from this tower's."""
        other = self.partner.swap(x, (len(x), *self.theirs), self.place)
        return np.concatenate([x, other] if self.partner.tower == 0 else [other, x], axis=1)

    def backward(self, dx):
        """The gradient of this tower's channels: its own share of it, and the other's."""
        own = dx[:, self.own].copy()
        if self.complete:
            return own
        return own + self.partner.swap(dx[:, self.other], own.shape, self.place, backward=True)
