"""The planner: how long a training step will take on N ranks, what each of them sends, and how well N ranks are used.

    from npnet.parallel.planner import plan
    found = plan(net, (1, 2, 4, 8), rates, Link(latency=50e-6, bandwidth=1.25e9), batch=128)
    found.of("data-parallel", 8).step                   seconds

A step is what one rank computes, layer by layer (rates.py), and what it sends (costs.py), in the order that ways.py
gives. Two bounds:

    step            nothing overlaps: gradients begin to travel, all at once, when the backward is done
    at_best         a gradient travels while earlier layers are still computed; messages share one link, one after the
                    other; what a layer waits for (the other tower's maps, the logits) hides behind nothing

An MPI without a thread of its own for messages, as MPICH is by default, moves a non-blocking Allreduce only while npnet
is inside a call of MPI, so that a measured step is nearer to the first.

Efficiency compares N ranks with one, both without overlap:

    weak            T(1 rank, its share of the pictures) / T(N ranks)               1: sending costs nothing
    strong          T(1 rank, the whole batch) / (N T(N ranks))                     1: N times as fast

What is left out: ranks that disturb each other (on one machine they share memory, caches and the link), waiting for the
slowest rank, reading pictures, that a half of a layer may need more than half of its time, and the four messages of a
few bytes in each step of `npnet train`, which count where a latency is long: how many pictures each rank has, whether
one of them was told to end, and whether it is time to save.
"""
import math
from dataclasses import asdict, dataclass

import numpy as np

from ...layers import Dense
from .costs import KINDS, Link, is_count
from .rates import Rates, parameters_of
from .ways import (DATA, SCHEMES, TOWERS, TRICK, WAYS, Event, data_parallel, first_dense, no_towers, one_weird_trick,
                   parts_of, two_towers)

BATCH = 128                                             # the paper's
RANKS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Prediction:
    """One way on so many ranks. Times in seconds: computing (the update included), sending, step, at_best. sent: bytes
    of one rank in a step; pictures: what it sees in its convolutions, its share of the batch or, in two towers, all.
    scheme: of one weird trick."""

    way: str
    ranks: int
    batch: int
    pictures: int
    computing: float
    sending: float
    step: float
    at_best: float
    sent: int
    weak: float
    strong: float
    scheme: str = ""
    messages: tuple = ()                                # (what, seconds if it is alone, bytes) of each

    def largest(self):
        """The message, (what, seconds, bytes), that takes longest; None where nothing is sent."""
        return max(self.messages, key=lambda one: one[1], default=None)


@dataclass(frozen=True)
class Plan:
    """All predictions, and what they rest on."""

    net: str
    parameters: int
    dense: int                                          # parameters in dense layers
    link: Link
    rates: str
    allreduce: str
    fixed: str                                          # "batch" or "per rank": what stays the same as ranks are added
    predictions: tuple
    left_out: dict                                      # {way: why it is not there}

    def of(self, way, ranks):
        """The prediction of one way on so many ranks; None where there is none."""
        return next((one for one in self.predictions if (one.way, one.ranks) == (way, ranks)), None)

    def column(self, way):
        """All predictions of one way, the fewest ranks first."""
        return [one for one in self.predictions if one.way == way]

    @property
    def ranks(self):
        """The numbers of ranks."""
        return sorted({one.ranks for one in self.predictions})

    def quickest(self, ranks):
        """The prediction with the shortest step on so many ranks."""
        return min((one for one in self.predictions if one.ranks == ranks), key=lambda one: one.step)

    def below(self, way, limit, efficiency="strong"):
        """The fewest ranks on which an efficiency is below a limit; None where it never is."""
        return next((one.ranks for one in self.column(way) if getattr(one, efficiency) < limit), None)

    def as_data(self):
        """Everything as plain dictionaries, for JSON."""
        return asdict(self)


def plan(net, ranks, rates, link=None, batch=None, per_rank=None, ways=WAYS, kind="mpich", name="network"):
    """The Plan of a network for these numbers of ranks.

    batch: pictures of a step in all (default 128), or per_rank: of each rank. kind: "mpich" or "ring", how gradients
    are summed. Raises ValueError for numbers and ways that cannot be, TypeError for what is no Rates.
    """
    link = link or Link()
    if not isinstance(rates, Rates):
        raise TypeError(f"rates must be what measure, from_bench or assumed of npnet.parallel.planner.rates gives, got "
                        f"{rates!r}")
    batches = {number: batch_of(number, batch, per_rank) for number in checked(ranks, ways, kind)}
    parts = parts_of(net)
    left_out, found = {}, []
    for number, whole in batches.items():
        for way in ways:
            reason = why_not(net, parts, way, number, batches)
            if reason:
                left_out[way] = reason
            elif way != TOWERS or number == 2:
                found.append(predicted(net, way, number, whole, rates, link, kind))
    dense = sum(part.parameters for part in parts if isinstance(part.layer, Dense))
    return Plan(name, parameters_of(net), dense, link, rates.words, kind, "per rank" if per_rank else "batch",
                tuple(found), left_out)


def checked(ranks, ways, kind):
    """The numbers of ranks in order. ValueError where one is not a whole number of at least 1, and for a way or a kind
    that there is not."""
    ranks = [ranks] if isinstance(ranks, (int, np.integer)) else list(ranks)
    if not ranks or not all(is_count(one) for one in ranks):
        raise ValueError(f"ranks must be whole numbers of at least 1, got {ranks!r}")
    if not set(ways) <= set(WAYS):
        raise ValueError(f"ways must be some of {', '.join(map(repr, WAYS))}, got {ways!r}")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    return sorted(set(map(int, ranks)))


def batch_of(ranks, batch, per_rank):
    """The pictures of a step on so many ranks. ValueError for both of batch and per_rank, or for too few."""
    if batch is not None and per_rank is not None:
        raise ValueError("give batch (--batch), the pictures of all ranks, or per_rank (--per-rank), those of each, "
                         "not both")
    for name, value in (("batch", batch), ("per_rank", per_rank)):
        if value is not None and not is_count(value):
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    whole = per_rank * ranks if per_rank else batch or BATCH
    if whole < ranks:
        raise ValueError(f"{ranks} ranks cannot share a batch of {whole}: each needs a picture of its own; "
                         f"take fewer ranks (--ranks 1,2), a larger batch, or say how many pictures each rank has "
                         f"(--per-rank)")
    return whole


def why_not(net, parts, way, ranks, batches):
    """Why a way is not there; None if it is."""
    if way == TOWERS:
        return no_towers(net) or (None if 2 in batches else "they need 2 ranks, which are not among these")
    if way == TRICK:
        try:
            first_dense(parts)
        except ValueError as error:
            return str(error)
    return None


def predicted(net, way, ranks, batch, rates, link, kind="mpich"):
    """The Prediction of one way."""
    pictures = math.ceil(batch / ranks)
    plain, best, scheme = bounds(net, way, ranks, batch, rates, link, kind)
    computing, sending = computed_in(plain), sent_in(plain)
    step = computing + sending
    best = min(best, step)                              # they were added in another order, and may differ by rounding
    seen = batch if way == TOWERS else pictures          # by one rank
    return Prediction(way, ranks, batch, seen, computing, sending, step, best,
                      round(sum(event.sent for event in plain)), alone(net, pictures, rates) / step,
                      alone(net, batch, rates) / (ranks * step), scheme,
                      tuple((event.what, event.seconds, round(event.sent)) for event in plain if event.message))


def bounds(net, way, ranks, batch, rates, link, kind):
    """(the Events without overlap, the seconds at best, the scheme of one weird trick)."""
    given = (net, ranks, batch, rates, link, kind)
    if way == DATA or ranks == 1:
        plain = data_parallel(*given)
        return plain, ends(plain, overlap=True), ""
    if way == TOWERS:
        plain = two_towers(*given)
        return plain, ends(plain, overlap=True), ""
    plain = {scheme: one_weird_trick(*given, scheme) for scheme in SCHEMES}
    scheme = min(plain, key=lambda one: (round(sum(event.sent for event in plain[one])), ends(plain[one])))
    best = min(ends(one_weird_trick(*given, one, overlap=True), overlap=True) for one in SCHEMES)
    return plain[scheme], best, scheme


def computed_in(events):
    """Seconds of all that is computed."""
    return sum(event.seconds for event in events if not event.message)


def sent_in(events):
    """Seconds of all messages, if nothing is computed meanwhile."""
    return ends(([event for event in events if event.message]) + [Event("update", 0.0)])


def ends(events, overlap=False):
    """Seconds of all events. overlap: background messages travel while something else is computed; otherwise they
    begin after it, all at once. The update, the last event, waits for them."""
    clock = free = 0.0                                  # free: when the link is
    later = []
    for event in events[:-1]:
        if event.background and overlap:
            free = arrives(event, clock, free)
        elif event.background:
            later.append(event)
        elif event.message:
            clock = free = max(clock, free) + event.seconds
        else:
            clock += event.seconds
    for event in later:
        free = arrives(event, clock, free)
    return max(clock, free) + events[-1].seconds


def arrives(event, begins, free):
    """When a message has arrived: its latency passes while others use the link, its bytes do not."""
    return max(begins + event.waiting, free) + event.seconds - event.waiting


def alone(net, batch, rates):
    """Seconds of a step of one rank with so many pictures."""
    return computed_in(data_parallel(net, 1, batch, rates, Link()))
