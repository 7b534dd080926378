"""Rates: how long the layers of a network take on one rank, as a function of the pictures.

    rates = measure(net, [2, 16, 32], threads=1)        measured now, in a process of its own
    rates = from_bench(net, "speed.json")               what `npnet bench --json speed.json` wrote
    rates = assumed(net, 150e9, 10e9)                   from operations and bytes a second
    rates.seconds("conv1", "forward", 24), rates.updating(61e6)

A layer's time is not proportional to the pictures: a dense layer reads its weights once for a batch, and few pictures
leave threads without work. So times are measured at several numbers of pictures, and in between a straight line is
taken. Beyond them, the line from the fewest to the most goes on. Below them, and where only one number was measured,
time is taken to be proportional to the pictures.
"""
import json
import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import median

from ...bench.measure import Settings, chosen, typical_layers, works
from ...bench.plan import UPDATE, plan_of
from ...bench.sides import started, turns
from ...screen import counted, listed
from .costs import is_number

MOST = 25e9             # multiply-adds of a forward that is measured, at most: 34 pictures of krizhevsky2012
APART = 1.5             # times as many pictures, at least, from one number that is measured to the next
SIZES = 4               # numbers of pictures that are measured, at most


@dataclass
class Rates:
    """times: {(layer, way): {pictures: seconds}}, way being "forward" or "backward". each: seconds for one parameter in
    the update. words: where they come from."""

    times: dict
    each: float
    words: str

    def seconds(self, layer, way, pictures):
        """Seconds of one layer; 0 where a step does not run it that way."""
        return along(self.times.get((layer, way), {}), pictures)

    def updating(self, parameters):
        """Seconds of the optimizer's part."""
        return self.each * parameters


def along(times, pictures):
    """The time at a number of pictures, from those measured: {pictures: seconds}."""
    if not times:
        return 0.0
    places = sorted(times)
    first, last = places[0], places[-1]
    if pictures <= first or first == last:
        return times[first] * pictures / first
    if pictures > last and last < APART * first:                    # too near each other for a line
        return times[last] * pictures / last
    at = places.index(last) if pictures > last else bisect_left(places, pictures)
    low, high = (first, last) if pictures > last else (places[at - 1], places[at])
    slope = (times[high] - times[low]) / (high - low)
    return times[high] + (max(slope, 0) if pictures > last else slope) * (pictures - high)


def sizes(net, pictures, most=MOST, number=SIZES):
    """The numbers of pictures that are worth measuring for these: few, and none whose forward has more than `most`
    multiply-adds, as above that a layer's time grows in proportion."""
    adds = sum(work.operations for (_, way), work in works(net, 1).items() if way == "forward") / 2
    top = max(1, int(most / max(adds, 1)))
    places = sorted({min(int(one), top) for one in pictures})
    places = [one for one, after in zip(places, [*places[1:], math.inf]) if after >= APART * one]
    if max(pictures) > top and places[0] > top / 2:
        places = sorted({max(1, top // 4), *places})                # a line to what lies beyond needs two points apart
    if len(places) <= number:
        return places
    return sorted({places[round(i * (len(places) - 1) / (number - 1))] for i in range(number)})


def measure(net, pictures, threads=0, backend="", seconds=0.3, rounds=2, tick=lambda: None):
    """The Rates of a network, measured in a process of its own. threads: 0 for as many as npnet would use here. tick is
    called `ticks` times."""
    settings = Settings(threads, rounds, backend, torch=False, seconds=seconds)
    found = {}
    with started(plan_of(net), settings.kinds, settings.threads, tick) as sides:
        for batch in pictures:
            times = turns(sides, rounds, tick, seconds, what="layers", batch=batch, names=list(chosen(net, None)))
            found[batch] = typical_layers(times["npnet"])
    return collected(net, found, f"measured here, {counted(settings.threads, 'thread')} a rank, at "
                                 f"{listed(pictures)} pictures")


def ticks(pictures, rounds=2):
    """How often `measure` calls its tick."""
    return 1 + len(pictures) * (rounds + 1)


def collected(net, found, words):
    """Rates of {pictures: {layer: {way: seconds}}}, UPDATE among the layers."""
    times, updates = {}, []
    for batch, layers in found.items():
        for name, ways in layers.items():
            for way, seconds in ways.items():
                if name == UPDATE:
                    updates.append(seconds)
                else:
                    times.setdefault((name, way), {})[batch] = seconds
    return Rates(times, median(updates) / parameters_of(net), words)


def parameters_of(net):
    """How many numbers a network trains."""
    return sum(array.size for array in net.params().values())


def from_bench(net, path):
    """The Rates in a file of `npnet bench --json`. ValueError for another file, another network or missing layers."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        rows = [(row["layer"], row["way"], int(row["batch"]), float(row["npnet"]) / 1000, row["operations"])
                for row in data["layers"]]
        threads, machine = int(data["threads"]), str(data["machine"]["processor"])
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}; rates are a number of Gflop/s, such as 150, or a file that "
                                f"npnet bench --json FILE wrote") from None
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is not what npnet bench --json FILE writes, so it gives no rates") from None
    found = {}
    for name, way, batch, seconds, _ in rows:
        found.setdefault(batch, {}).setdefault(name, {})[way] = seconds
    check_network(net, path, rows, found)
    return collected(net, found, f"{path}: {machine}, {counted(threads, 'thread')}, at "
                                 f"{listed(sorted(found))} pictures")


def check_network(net, path, rows, found):
    """Raises ValueError unless a file of rates has every layer of this network, and no other's."""
    if not found:
        raise ValueError(f"{path} holds no times of layers, so it gives no rates; run npnet bench --json again")
    for batch, layers in found.items():
        wanted = works(net, batch)
        missing = dict.fromkeys(name for name, way in wanted if way not in layers.get(name, {}))
        if missing:
            raise ValueError(f"{path} has no times of {listed(missing)} at {counted(batch, 'picture')}; measure this "
                             f"network with npnet bench --net NAME --json, without --layers")
        other = [name for name, way, size, _, operations in rows if size == batch
                 and operations != getattr(wanted.get((name, way)), "operations", None)]
        if other:
            raise ValueError(f"{path} was measured with another network: its {other[0]} does not compute what this "
                             f"network's does; give its name with --net")


class Assumed(Rates):
    """Rates of operations and bytes a second alone: a convolution or a dense layer is limited by its operations (or its
    bytes, if those take longer), every other layer and the update by the bytes that must be moved (bench/work.py)."""

    def __init__(self, net, operations, moved):
        self.net, self.operations, self.moved = net, operations, moved
        self.works = {}
        self.words = f"assumed: {operations / 1e9:.3g} Gflop/s in products, {moved / 1e9:.3g} GB/s elsewhere"

    def seconds(self, layer, way, pictures):
        if pictures not in self.works:
            self.works[pictures] = works(self.net, pictures)
        work = self.works[pictures].get((layer, way))
        if work is None:
            return 0.0
        return max(work.moved / self.moved, work.products * work.operations / self.operations)

    def updating(self, parameters):
        return works(self.net, 1)[UPDATE, "backward"].moved / parameters_of(self.net) * parameters / self.moved


def assumed(net, operations, moved=10e9):
    """Rates from operations a second and bytes a second of one rank. ValueError for what is no number above 0."""
    for name, rate in (("operations", operations), ("moved", moved)):
        if not is_number(rate) or not rate > 0:
            raise ValueError(f"{name} must be above 0 a second, got {rate!r}")
    return Assumed(net, operations, moved)
