"""Measuring one network at one batch size: npnet beside PyTorch.

    found = measured(net, 16, Settings(threads=2))          the seconds of every single call
    rows(net, found, limits)                                layer by layer, beside what the machine allows
"""
import math
import os
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np

from ..backend import BACKENDS
from ..fast.threads import count
from ..models import model
from ..screen import size
from .plan import UPDATE, plan_of, trained_layers
from .sides import TORCH, Side, started, turns
from .work import backward_work, forward_work, update_work

FAR = 1e-4          # of the length of an array: two libraries that compute the same network are a hundred times nearer
FAR_BACK = 0.1      # of a gradient's: where two pixels of a pooling's window are alike, rounding decides which gets it


@dataclass
class Settings:
    """How to measure. backend: of npnet's side, "" for the default one. torch: whether PyTorch is the other
    side, where it is installed."""

    threads: int = 0            # of every side; 0: as many as npnet would use (NPNET_THREADS, or the processors)
    rounds: int = 3
    backend: str = ""
    torch: bool = True
    seconds: float = 0.5        # how long a turn lasts, where a call is not longer

    def __post_init__(self):
        for name, least in (("threads", 0), ("rounds", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least or 1}, got {value!r}")
        if self.backend and self.backend not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {self.backend!r}")
        self.threads = self.threads or count()

    @property
    def kinds(self):
        """{"npnet": its backend, "torch": "torch"}: the two sides, or the only one."""
        return {"npnet": self.backend} | ({"torch": TORCH} if self.torch and torch_present() else {})


def processors():
    """How many threads can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def torch_present():
    """Whether PyTorch is installed; it is not imported."""
    return find_spec("torch") is not None


def measured_limits(settings):
    """The limits of this machine (limits.py), from a process of their own."""
    side = Side(settings.backend, settings.threads)
    try:
        return side.ask("limits")
    finally:
        side.close()


# ---------------------------------------------------------------------------- before anything is measured

def network(net, size=None):
    """A Network: the one that was given, or the version of a name. ValueError for one that cannot be measured."""
    net = model(net, size=size) if isinstance(net, str) else net
    plan_of(net)
    return net


def chosen(net, layers):
    """These layers, in the network's order, all of them and the update for None; KeyError for unknown names."""
    names = [*net.layers, UPDATE]
    for name in names if layers is None else layers:
        if name != UPDATE:
            net.known(name)
    return names if layers is None else [name for name in names if name in layers]


def needed(net, batch):
    """Bytes that a side takes, roughly and rather too many: parameters, gradients and velocity; what layers keep."""
    weights = sum(array.nbytes for array in net.params().values())
    return 4 * weights + 3 * 4 * batch * sum(map(math.prod, net.shapes.values()))


def too_little_memory(net, batch, settings, free):
    """None if there is enough (or free is None, unknown); else a sentence."""
    wanted = len(settings.kinds) * needed(net, batch)
    if free is None or wanted <= free:
        return None
    return f"batch {batch} is left out: it needs about {size(wanted, 1024)} of memory, and {size(free, 1024)} are free"


# ---------------------------------------------------------------------------- one network, one batch size

def measured(net, batch, settings, names=(), whole=("step", "forward"), others=(), tick=lambda: None):
    """The seconds of everything that was asked for, at one batch size.

    {"batch": 16, "versions": {side: {...}}, "idle": {side: seconds}, "memory": {side: {...}}, "step": {side: turns},
    "forward": {side: turns}, "layers": {side: turns}}. turns: a list for every round, of the seconds of every call;
    those of layers are {name: {way: seconds}}. names: of layers, and "update". others: more of npnet's backends,
    which take part in whole passes. tick: called now and then, `ticks` times. ValueError if the sides do not
    compute the same network.
    """
    plan, kinds = plan_of(net), settings.kinds | {name: name for name in others}
    with started(plan, kinds, settings.threads, tick) as sides:
        check_same(sides, min(batch, 2), tick)
        pair = {name: sides[name] for name in settings.kinds}
        found = {"batch": batch, "versions": {name: side.versions for name, side in sides.items()}}
        if "step" in whole:
            found["memory"] = {}
            for name, side in pair.items():
                found["memory"][name] = side.ask("memory", what="step", batch=batch)
                tick()
        for what in whole:
            found[what] = turns(sides, settings.rounds, tick, settings.seconds, what=what, batch=batch)
        if names:
            found["layers"] = turns(pair, settings.rounds, tick, settings.seconds, what="layers", batch=batch,
                                    names=list(names))
        found["idle"] = {name: side.idle for name, side in sides.items()}
    return found


def ticks(settings, names=(), whole=("step", "forward"), others=()):
    """How often `measured` calls its tick."""
    pair, every = len(settings.kinds), len(settings.kinds) + len(others)
    return 2 * every + ("step" in whole) * pair + (settings.rounds + 1) * (len(whole) * every + bool(names) * pair)


def check_same(sides, batch, tick=lambda: None):
    """Raises ValueError unless all sides make the same arrays of the same pictures, up to rounding."""
    made = {}
    for name, side in sides.items():
        made[name] = side.ask("made", batch=batch)
        tick()
    first, *others = made
    for other in others:
        for what in made[first]:
            ours, theirs = (np.array(made[name].get(what, [np.nan])) for name in (first, other))
            far = FAR_BACK if "gradient" in what else FAR
            if ours.shape != theirs.shape or not np.linalg.norm(ours - theirs) <= far * np.linalg.norm(theirs):
                raise ValueError(f"{sides[first].words} and {sides[other].words} do not compute the same network: they "
                                 f"differ in the {what}, so their times cannot be compared")


# ---------------------------------------------------------------------------- what comes of the numbers

def typical(turns):
    """The median over the rounds of the median of each turn, in seconds."""
    return median(median(times) for times in turns)


def in_rounds(turns, name, way):
    """The median of each turn for one layer, in milliseconds."""
    return [round(1000 * median(call[name][way] for call in turn), 4) for turn in turns]


def typical_layers(turns):
    """{name: {way: seconds}}: the same for every layer forward and backward."""
    return {name: {way: typical([[call[name][way] for call in turn] for turn in turns]) for way in ways}
            for name, ways in turns[0][0].items()}


def works(net, batch):
    """{(layer, way): Work} of a step of a network, the update included."""
    found, shape, trained = {}, net.input_shape, trained_layers(net)
    for name, layer in net.layers.items():
        found[name, "forward"] = forward_work(layer, shape, net.shapes[name], batch)
        if name in trained:
            found[name, "backward"] = backward_work(layer, shape, net.shapes[name], batch, name != trained[0])
        shape = net.shapes[name]
    found[UPDATE, "backward"] = update_work(sum(array.size for array in net.params().values()))
    return found


def shares(row, limits):
    """What a layer takes at least, by the rate of matrix products or by the memory: the name of the limit, the least
    milliseconds, and the share of both sides."""
    memory = "read" if 8 * row["written"] < row["read"] else "copy"
    by_memory = (row["read"] + row["written"]) / max(limits[memory].values())       # one thread may be enough for all
    by_products = row["operations"] / max(limits["matrix"].values()) if row["products"] else 0.0
    least = 1000 * max(by_products, by_memory)
    return {"limit": "matrix" if by_products > by_memory else memory, "least": least, "share": least / row["npnet"],
            "torch_share": row["torch"] and least / row["torch"]}


def rows(net, found, limits):
    """A dictionary for every layer and way that was measured: what it must do, what it took, its share of the limit."""
    every, rows = works(net, found["batch"]), []
    seconds = {name: typical_layers(turns) for name, turns in found["layers"].items()}
    for name, ways in seconds["npnet"].items():
        for way, ours in ways.items():
            theirs = 1000 * seconds["torch"][name][way] if "torch" in seconds else None
            row = {"batch": found["batch"], "layer": name, "way": way, **result(1000 * ours, theirs),
                   **every[name, way]._asdict()}
            rounds = {side: in_rounds(turns, name, way) for side, turns in found["layers"].items()}
            rows.append(row | shares(row, limits) | {"rounds": rounds})
    return rows


def result(ours, theirs, unit="ms"):
    """One comparison as data."""
    return {"npnet": ours, "torch": theirs, "ratio": ours / theirs if ours is not None and theirs else None,
            "unit": unit}
