"""A trace of computing and communication: when each layer's forward, backward and Allreduce took place, on every rank.

    with tracing(net) as trace:                         # net: a DataParallel; on every rank
        for step in train(net, optimizer, batches):     # a few steps
            ...
    if team.first:
        plots.save(plots.trace(trace.rows), "trace.png")
        print(trace.hidden)                             # share of the communication that was hidden behind computing

An Allreduce that was started goes on while later layers compute only as far as MPI works on it meanwhile: many
an MPI does so only inside its own functions. So `hidden` is measured, not assumed:

    alone       the milliseconds of the same Allreduces when nobody computes, measured at the end of the trace
    waited      from the moment when the last rank had nothing left to compute until all sums were there; the mean
                over the steps
    hidden      1 - waited / alone, from 0 to 1

tests=True asks MPI (Test) after each layer's backward for the Allreduces under way: the trace then shows their ends
more exactly, and MPI gets a chance to work on them.
"""
import contextlib
import os
import time
from typing import NamedTuple

import numpy as np

from .faults import exchanged, limit, wait
from .mpi import mpi
from .network import DataParallel

EXCHANGES = 20                  # messages there and back, from which the offset of two clocks is taken


class Row(NamedTuple):
    """What a rank did from start to end, milliseconds since the beginning of the trace, on the clock of rank 0.

    what: "forward" or "backward" of a layer; "Allreduce" of its gradients; "gather" of the logits of all ranks;
    "wait" for the Allreduces that are not done when the last backward is.
    """

    rank: int
    step: int
    what: str
    layer: str
    start: float
    end: float


@contextlib.contextmanager
def tracing(net, tests=False):
    """Traces the training steps of a DataParallel while the `with` lasts; gives a Trace, which is complete after it.

    All ranks enter and leave together. The network computes as before. TypeError for a network of another kind, also
    for that of a process alone: its team has nobody to send to.
    """
    if not isinstance(net, DataParallel):
        raise TypeError(f"tracing takes the network of several ranks, team.network(net), got a {type(net).__name__}; "
                        f"start it with mpiexec, or give here(shards=1)")
    trace = Trace(net, tests)
    trace.attach()
    try:
        yield trace
    finally:
        trace.detach()
    trace.collect()                                         # not after an exception: other ranks may not come


class Trace:
    """What `tracing` records. rows: of all ranks on rank 0, of a rank itself elsewhere; hidden, alone, waited (see
    above), None on other ranks and where there is one rank."""

    def __init__(self, net, tests=False):
        self.net, self.team, self.buffer, self.tests = net, net.team, net.buffer, tests
        self.rows, self.pending, self.on = [], [], False    # pending: (layer, request, when it was started)
        self.filled = 0.0
        self.hidden = self.alone = self.waited = None
        self.names = {id(layer): name for name, layer in net.layers.items()}

    # ------------------------------------------------------------------ what is recorded

    def attach(self):
        """Puts methods that take the time in place of the network's and the buffer's own."""
        for thing, name, method in ((self.net, "forward", self.forward), (self.net, "through", self.through),
                                    (self.net, "back", self.back), (self.buffer, "fill", self.fill),
                                    (self.buffer, "add", self.add), (self.buffer, "start", self.start),
                                    (self.buffer, "finish", self.finish)):
            setattr(thing, name, method)

    def detach(self):
        """Gives them their own methods back."""
        for thing, names in ((self.net, ("forward", "through", "back")),
                             (self.buffer, ("fill", "add", "start", "finish"))):
            for name in names:
                vars(thing).pop(name, None)

    def own(self, thing, name):
        """The method that the class has."""
        return getattr(type(thing), name).__get__(thing)

    def record(self, what, layer, start, end=None):
        self.rows.append(Row(self.team.rank, self.net.step, what, layer, start, now() if end is None else end))

    def forward(self, x, train=False):
        self.on = train
        y = self.own(self.net, "forward")(x, train)
        if train and self.rows and self.team.size > 1:
            self.record("gather", "logits", self.rows[-1].end)
        return y

    def through(self, layers, *given):
        start, name = now(), self.names.get(id(layers[0]))  # None: inside a Concat
        ys = self.own(self.net, "through")(layers, *given)
        if self.on and name:
            self.record("forward", name, start)
        return ys

    def back(self, layers, *given):
        start, name = now(), self.names.get(id(layers[0]))
        dys = self.own(self.net, "back")(layers, *given)
        if name:
            self.record("backward", name, start)
            if self.tests:
                self.ask()
        return dys

    def fill(self, *given):
        self.own(self.buffer, "fill")(*given)
        self.filled = now()

    def add(self, *given):
        self.own(self.buffer, "add")(*given)
        self.filled = now()

    def start(self, layer, shards):
        before = len(self.buffer.under_way)
        self.filled = now()
        self.own(self.buffer, "start")(layer, shards)
        if len(self.buffer.under_way) > before:
            self.pending.append((layer, self.buffer.under_way[-1][0], self.filled))

    def ask(self):
        """Asks MPI which Allreduces are done, and records those."""
        done = [one for one in self.pending if one[1].Test()]
        for layer, _, start in done:
            self.record("Allreduce", layer, start)
        self.pending = [one for one in self.pending if one not in done]

    def finish(self):
        start, some = now(), bool(self.pending)
        while self.pending and now() - start < limit():     # after that, the buffer's own waiting says who is silent
            self.ask()
            getattr(os, "sched_yield", lambda: None)()      # there may be more ranks than cores
        self.own(self.buffer, "finish")()
        if self.team.size > 1:
            self.record("wait", "", start)
            if not some:                                    # in the order of shards: all at the end
                self.record("Allreduce", "all layers", start)

    # ------------------------------------------------------------------ what is made of it

    def collect(self):
        """Puts all ranks' rows on one clock, in milliseconds, and works out how much was hidden."""
        own, every = [list(row) for row in self.rows], None
        if self.team.size > 1:
            offset = clock_offset(self.team.comm)
            every = exchanged(self.team.comm, [[*row[:4], row[4] + offset, row[5] + offset] for row in own])
            every = every if self.team.first else None
            alone = time_alone(self.team.comm, self.buffer)
        own = own if every is None else [row for rows in every for row in rows]
        first = min((row[4] for row in own), default=0.0)
        self.rows = [Row(*row[:4], 1000 * (row[4] - first), 1000 * (row[5] - first)) for row in own]
        if every is not None:
            self.alone, self.waited = alone, mean_wait(self.rows)
            self.hidden = share_hidden(self.alone, self.waited)


def share_hidden(alone, waited):
    """From 0 to 1: which part of the communication nobody waited for; None where there was none."""
    return min(1.0, max(0.0, 1 - waited / alone)) if alone else None


def now():
    """Seconds on this rank's clock."""
    return time.perf_counter()


def clock_offset(comm):
    """The seconds to add to this rank's clock to have that of rank 0; one rank after the other asks.

    A message goes there and back: halfway between, by this clock, rank 0 read its own. The fastest exchange counts.
    """
    best, clock = (np.inf, 0.0), np.zeros(1)
    for rank in range(1, comm.size):
        for _ in range(EXCHANGES if comm.rank in (0, rank) else 0):
            if comm.rank == 0:
                wait([comm.Irecv(clock, rank)])
                clock[0] = now()
                wait([comm.Isend(clock, rank)])
            else:
                sent = now()
                wait([comm.Isend(np.zeros(1), 0)])
                wait([comm.Irecv(clock, 0)])
                back = now()
                best = min(best, (back - sent, clock[0] - (sent + back) / 2))
    return float(best[1])


def time_alone(comm, buffer):
    """The milliseconds of all layers' Allreduces when nobody computes: the best of three times, on the slowest rank."""
    numbers, times = np.zeros_like(buffer.host), []
    for _ in range(3):
        wait([comm.Ibarrier()])
        start = now()
        wait([comm.Iallreduce(mpi().IN_PLACE, numbers[place]) for place in reversed(buffer.places.values())])
        times.append(max(exchanged(comm, now() - start)))
    return 1000 * min(times)


def mean_wait(rows):
    """The milliseconds from when the last rank begins to wait until all ranks have the sums, the mean over the steps;
    without the first step, in which MPI makes its connections, where there are others."""
    steps = sorted({row.step for row in rows if row.what == "wait"})
    waits = [[row for row in rows if row.what == "wait" and row.step == step] for step in steps]
    waits = waits[1:] or waits
    return float(np.mean([max(row.end for row in some) - max(row.start for row in some) for some in waits] or [0.0]))
