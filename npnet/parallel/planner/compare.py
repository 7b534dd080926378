"""Predicted beside measured, by the ranks that are there: `mpiexec -n 2 npnet plan --compare`.

    found = compare(net, here(), pictures=64)           on every rank: link, rates and steps, all measured now
    found.rows                                          predicted, at best, measured

The link is measured by messages around a ring of all ranks at once, the speed of adding by the Allreduce of every
layer's gradient, the rates by every layer forward and backward, on all ranks at once, so that what they take from each
other (memory, caches, processors) is in them. Layers and steps are measured in turn, round after round, so that a
machine that grows slower does so for both; medians count. There are fewer rounds where they take long.
"""
import math
import time
from dataclasses import asdict, dataclass, replace
from statistics import mean, median

import numpy as np

from ...bench.measure import chosen
from ...bench.ours import Ours
from ...bench.plan import LR, pictures as drawn, plan_of
from ...network import every_layer
from ...optim import SGD
from ...train import train
from ..faults import exchanged, wait
from ..mpi import mpi
from ..towers import TwoTowers
from .costs import Link, allreduce
from .predictions import alone, predicted
from .rates import collected
from .ways import DATA, TOWERS, no_towers, parts_of

ONE = "one rank"                # every rank by itself: no messages
LARGEST = 2 ** 26               # bytes of a message that measures the bandwidth, at most
ROUNDS, PATIENCE = 5, 30.0      # rounds that count, at most; seconds after which there is no other one


@dataclass(frozen=True)
class Row:
    """Seconds of a step: predicted without overlap, at best, and measured."""

    what: str
    pictures: int
    step: float
    at_best: float
    measured: float

    @property
    def ratio(self):
        """Measured over predicted."""
        return self.measured / self.step


@dataclass(frozen=True)
class Comparison:
    """What these ranks measured. pictures: of each rank."""

    ranks: int
    pictures: int
    link: Link
    rates: str
    rows: tuple

    def as_data(self):
        """Everything as plain dictionaries, for JSON."""
        return asdict(self) | {"rows": [asdict(row) | {"ratio": row.ratio} for row in self.rows]}


def compare(net, team, pictures, rounds=ROUNDS, tick=lambda: None):
    """The Comparison of one rank, data-parallel training and, on two ranks, two towers. To be called on every rank."""
    ways, link = ways_of(net, team), measured_link(team, net, rounds)
    ours, found, times = Ours(plan_of(net)), {}, {}
    sizes = [(pictures, [way for way in ways if way != TOWERS])]
    if TOWERS in ways:
        sizes.append((pictures * team.size, [TOWERS]))
    for size, some in sizes:
        steps = {way: step_of(way, ours.net, team, pictures) for way in some}
        found[size], measured = in_turn(team, ours, size, steps, rounds, tick)
        times |= measured
    rates = collected(net, found, words_of(team))
    rows = [row_of(way, net, team.size, pictures, rates, link, times[way]) for way in ways]
    return Comparison(team.size, pictures, link, rates.words, tuple(rows))


def in_turn(team, ours, size, steps, rounds, tick):
    """({layer: {way: seconds}} at so many pictures, {step: seconds}), in turn, after a round that is not counted. Other
    numbers of pictures have their own turns: the memory of one would not do for the other."""
    whole_batches(ours.net)
    task, calls, times, began = ours.layers(size, list(chosen(ours.net, None))), [], {}, time.monotonic()
    for number in range(rounds + 1):
        whole_batches(ours.net)
        calls.append(together(team, task)[1])
        for name, step in steps.items():
            times.setdefault(name, []).append(slowest(team, step))
        tick()
        if number and time_is_up(team, began):
            break
    return averaged(team, calls[1:]), {name: median(some[1:]) for name, some in times.items()}


def time_is_up(team, began):
    """Whether rank 0 has measured for so long that these rounds must do."""
    return team.shared(lambda: time.monotonic() - began > PATIENCE)


def ways_of(net, team):
    """What can be measured here."""
    return [ONE] + [DATA] * (team.size > 1) + [TOWERS] * (team.size == 2 and no_towers(net) is None)


def row_of(way, net, ranks, pictures, rates, link, measured):
    """The Row of one way."""
    if way == ONE:
        step = alone(net, pictures, rates)
        return Row(way, pictures, step, step, measured)
    one = predicted(net, way, ranks, pictures * ranks, rates, link)
    return Row(way, pictures, one.step, one.at_best, measured)


def step_of(way, net, team, pictures):
    """A function that trains one step in this way, with a learning rate that leaves the weights as they are."""
    batch = pictures * (1 if way == ONE else team.size)
    x, labels = drawn(plan_of(net), batch)
    if way == DATA:
        first, last = team.rows(batch)
        x, net = x[first:last], team.network(net)
    elif way == TOWERS:
        net = TwoTowers(net, team)
    optimizer = SGD(lr=LR)
    return lambda: next(train(net, optimizer, [(x, labels)])).loss


def whole_batches(net):
    """Lets layers that draw forget which rows of a larger batch they had last."""
    for layer in every_layer(net.layers).values():
        if layer.draws:
            layer.rows = None


def together(team, task):
    """(seconds, what it returns) of a task that all ranks begin at once."""
    if team.size > 1:
        wait([team.comm.Ibarrier()])
    start = time.perf_counter()
    made = task()
    return time.perf_counter() - start, made


def slowest(team, task):
    """Seconds of the slowest rank."""
    seconds, _ = together(team, task)
    return seconds if team.size == 1 else max(exchanged(team.comm, seconds))


def averaged(team, calls):
    """{layer: {way: seconds}}: the median of these calls of every layer, and the mean of that over the ranks."""
    own = {(name, way): median(call[name][way] for call in calls) for name, ways in calls[0].items() for way in ways}
    every = [own] if team.size == 1 else exchanged(team.comm, own)
    found = {}
    for name, way in own:
        found.setdefault(name, {})[way] = mean(one[name, way] for one in every)
    return found


def words_of(team):
    """Where these rates come from."""
    return f"measured here, on {team.size} ranks at once" if team.size > 1 else "measured here"


def measured_rates(net, team, sizes, rounds=3, tick=lambda: None):
    """The Rates of all ranks at once, at these numbers of pictures. To be called on every rank."""
    ours, found = Ours(plan_of(net)), {}
    for size in sizes:
        task = ours.layers(size, list(chosen(ours.net, None)))
        found[size] = averaged(team, [together(team, task)[1] for _ in range(rounds + 1)][1:])
        tick()
    return collected(net, found, words_of(team))


# ---------------------------------------------------------------------------- the link

def measured_link(team, net, rounds=ROUNDS):
    """The Link between these ranks, for the gradients of this network. One rank has none: the default Link. To be
    called on every rank."""
    if team.size == 1:
        return Link()
    counts = [part.parameters * net.dtype.itemsize for part in parts_of(net) if part.parameters]
    latency = around(team, 4, 10 * rounds)
    largest = min(max(counts), LARGEST)
    link = Link(latency, largest / max(around(team, largest, rounds) - latency, 1e-9), math.inf)
    return replace(link, adding=adding(team, counts, link, rounds))


def around(team, count, rounds):
    """Seconds in which every rank sends `count` bytes to the next one, and receives as many from the one before."""
    out, back = (np.ones(count, np.uint8) for _ in range(2))
    after, before = (team.rank + 1) % team.size, (team.rank - 1) % team.size
    return typical(team, lambda: wait([team.comm.Irecv(back, before), team.comm.Isend(out, after)]), rounds)


def adding(team, counts, link, rounds):
    """Bytes a second at which ranks add, from the Allreduce of all these arrays at once: what is left of its time after
    latency and bandwidth have had theirs; at least a tenth, as nothing is added in no time."""
    arrays = [np.zeros(count // 4, np.float32) for count in counts]

    def task():
        wait([team.comm.Iallreduce(mpi().IN_PLACE, array) for array in arrays])

    costs = [allreduce(count, team.size, link) for count in counts]
    plain = sum(cost.seconds - cost.waiting for cost in costs) + max(cost.waiting for cost in costs)
    added = sum(allreduce(count, team.size, Link(0, math.inf, 1.0)).seconds for count in counts)
    seconds = typical(team, task, rounds)
    return added / max(seconds - plain, seconds / 10)


def typical(team, task, rounds):
    """The median over the rounds of the seconds of the slowest rank, after one that is not counted."""
    return median([slowest(team, task) for _ in range(rounds + 1)][1:])
