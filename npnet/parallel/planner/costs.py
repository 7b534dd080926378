"""What messages cost: seconds, and the bytes that one rank sends, of the collectives that training needs.

The model is that of Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH"
(2005). A message of n bytes from one rank to another takes

    alpha + n beta              alpha: latency, beta: seconds for each byte, 1 / bandwidth

whatever the distance; a rank sends and receives at once at the full bandwidth, and ranks do not disturb each other.
Adding two arrays takes gamma seconds for each of n bytes. With p ranks:

    Allreduce    recursive doubling     lg p (alpha + n beta + n gamma)                     whole vectors, lg p times
                 Rabenseifner           2 lg p alpha + 2 (p-1)/p n beta + (p-1)/p n gamma   reduce-scatter by halving,
                                                                                            allgather by doubling
                 ring                   2 (p-1) alpha + 2 (p-1)/p n beta + (p-1)/p n gamma  the same bytes, to one
                                                                                            neighbour only
    Allgather    recursive doubling     lg p alpha + (p-1)/p n beta
                 ring                   (p-1) alpha + (p-1)/p n beta
    Reduce_scatter    halving           lg p alpha + (p-1)/p n (beta + gamma)
                      pairwise          (p-1) alpha + (p-1)/p n (beta + gamma)

MPICH takes recursive doubling for an Allreduce up to 2048 bytes and Rabenseifner's above, where p is no power of two
after folding the ranks beyond the last power into their neighbours: 2 alpha + 2 n beta + n gamma more, as whole vectors
go there and come back; a neighbour sends n bytes more. Allgather and Reduce_scatter change from lg p to p-1 messages at
512 kB, Allgather at 80 kB where p is no power of two. That holds for its non-blocking collectives, which npnet takes,
between ranks on machines of their own; ranks on one machine first meet in its memory.
"""
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SHORT_ALLREDUCE, SHORT, SHORT_ODD = 2048, 2 ** 19, 81920        # bytes: MPICH's defaults
KINDS = ("mpich", "ring")


def is_number(value):
    """Whether it is a number, and no text that has a unit."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def is_count(value):
    """Whether it is a whole number of at least 1."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 1


@dataclass(frozen=True)
class Link:
    """What lies between two ranks. latency: seconds; bandwidth: bytes a second, each way; adding: bytes a second at
    which a rank adds what it has received to its own."""

    latency: float = 50e-6
    bandwidth: float = 1.25e9
    adding: float = 4e9

    def __post_init__(self):
        if not is_number(self.latency) or not 0 <= self.latency < math.inf:
            raise ValueError(f"latency must be a number of seconds of at least 0, got {self.latency!r}")
        for name in ("bandwidth", "adding"):
            if not is_number(getattr(self, name)) or not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0 bytes a second, got {getattr(self, name)!r}")

    def cost(self, messages, sent, added=0):
        """The Cost of so many messages one after the other, of `sent` bytes in all, of which `added` are summed."""
        waiting = messages * self.latency
        return Cost(waiting + sent / self.bandwidth + added / self.adding, sent, waiting)


class Cost(NamedTuple):
    """Seconds, the bytes that one rank sends in them, and the part of the seconds that is latency: that of several
    collectives that begin at once passes at once."""

    seconds: float = 0.0
    sent: float = 0.0
    waiting: float = 0.0

    def times(self, number):
        """So many of them, one after the other."""
        return Cost(*(number * one for one in self))

    def and_then(self, other):
        """This one and another after it."""
        return Cost(*(one + more for one, more in zip(self, other)))


def allreduce(count, ranks, link, kind="mpich"):
    """The sum over all ranks of `count` bytes, given to all."""
    if kind not in KINDS:
        raise ValueError(f"the kind of Allreduce must be one of {', '.join(KINDS)}, got {kind!r}")
    if ranks == 1 or not count:
        return Cost()
    if kind == "ring":
        return halves(count, ranks, 2 * (ranks - 1), link)
    power = 2 ** int(math.log2(ranks))                  # the largest power of two that is not more than the ranks
    folded = Cost() if power == ranks else link.cost(2, 2 * count, count)._replace(sent=count)     # sends and receives
    if count <= SHORT_ALLREDUCE:
        rounds = int(math.log2(power))
        return folded.and_then(link.cost(rounds, rounds * count, rounds * count))
    return folded.and_then(halves(count, power, 2 * int(math.log2(power)), link))


def halves(count, ranks, messages, link):
    """A reduce-scatter and an allgather of `count` bytes, in so many messages."""
    part = count * (ranks - 1) / ranks
    return link.cost(messages, 2 * part, part)


def allgather(count, ranks, link):
    """Every rank's part of `count` bytes, given to all."""
    short = SHORT if ranks & (ranks - 1) == 0 else SHORT_ODD
    return link.cost(messages_of(count, ranks, short), count * (ranks - 1) / ranks)


def reduce_scatter(count, ranks, link):
    """The sum over all ranks of `count` bytes, of which each gets its part."""
    part = count * (ranks - 1) / ranks
    return link.cost(messages_of(count, ranks), part, part)


def messages_of(count, ranks, short=SHORT):
    """How many messages one after the other an Allgather or a Reduce_scatter of `count` bytes has."""
    return math.ceil(math.log2(ranks)) if count < short else ranks - 1


def exchange(count, link, adds=False):
    """Two ranks send each other `count` bytes; adds: they are added to what is there."""
    return link.cost(1, count, count if adds else 0)
