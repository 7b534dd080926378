"""Measuring: one network at one batch size, npnet beside PyTorch, and what comes of the numbers.

    measured(net, 16, Settings(threads=2))      a dictionary: see there
"""
import os
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np

from ..models import model
from .plan import UPDATE, plan_of, trained_layers
from .sides import TORCH, Side, started, turns
from .work import backward_work, forward_work, update_work

FAR = 1e-3          # of the length of an array: two libraries that compute the same network are a thousand times nearer
FAR_BACK = 0.1      # of a gradient's: where two pixels of a pooling's window are alike, rounding decides which gets it


@dataclass
class Settings:
    """How to measure. row: the backend of npnet's side, "" for the default one. torch: whether PyTorch is the other."""

    threads: int = 0            # 0: as many as this process may use
    rounds: int = 3
    row: str = ""
    torch: bool = True
    others: tuple = ()          # more backends of npnet's, which take part in whole passes

    def __post_init__(self):
        self.threads = self.threads or processors()
        if self.rounds < 1 or self.threads < 1:
            raise ValueError(f"rounds and threads must be at least 1, got {self.rounds} and {self.threads}")

    @property
    def sides(self):
        """The names of the two sides, or of the only one."""
        return [self.row, *([TORCH] if self.torch else [])]


def processors():
    """How many threads can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def torch_present():
    """Whether PyTorch is installed; it is not imported."""
    return find_spec("torch") is not None


def check(net, layers=None):
    """Raises ValueError or KeyError, before anything is measured, for a network or names of layers that cannot be."""
    plan_of(net)
    chosen(net, layers or [])


def limits(settings):
    """The limits of this machine (limits.py), from a process of their own."""
    side = Side(settings.row, settings.threads)
    try:
        return side.ask("limits")
    finally:
        side.close()


# ---------------------------------------------------------------------------- one network, one batch size

def measured(net, batch, settings, layers=None, whole=True, tick=lambda: None):
    """Times of a Network, or of a version by its name, at one batch size.

    {"batch": ..., "versions": {side: {...}}, "memory": {side: {...}}, "forward": {side: turns}, "step": {side: turns},
    "layers": {side: turns}, "idle": {side: seconds}}. turns: a list of the seconds of every single call, one list for
    each round; those of layers hold {name: {way: seconds}}. layers: names, [] for none, None for all and the update.
    whole: also forward and step. The two sides' results are compared first; ValueError if they are not of one network.
    """
    net = model(net) if isinstance(net, str) else net
    names = [*net.layers, UPDATE] if layers is None else chosen(net, layers)
    plan = plan_of(net)
    del net                                                 # 250 MB, for AlexNet
    with started(plan, [*settings.sides, *settings.others], settings.threads) as sides:
        same_results(sides, min(batch, 2))
        pair = {name: sides[name] for name in settings.sides}
        found = {"batch": batch, "versions": {name: side.versions for name, side in sides.items()}}
        if whole:
            for side in sides.values():
                side.ask("warm", what="step", batch=batch)
            found["memory"] = {name: side.ask("memory", what="step", batch=batch) for name, side in pair.items()}
            for what in ("step", "forward"):
                found[what] = turns(sides, settings.rounds, tick, what=what, batch=batch)
        if names:
            found["layers"] = turns(pair, settings.rounds, tick, what="layers", batch=batch, names=names)
        found["idle"] = {name: side.idle for name, side in sides.items()}
    return found


def ticks(settings, layers=True, whole=True):
    """How often `measured` calls its tick."""
    passes = 2 * whole * (len(settings.sides) + len(settings.others)) + bool(layers) * len(settings.sides)
    return passes * (settings.rounds + 1)


def chosen(net, layers):
    """These layers, in the network's order; KeyError for a name that it does not have."""
    for name in layers:
        if name != UPDATE:
            net.known(name)
    return [name for name in [*net.layers, UPDATE] if name in layers]


def same_results(sides, batch):
    """Raises ValueError unless all sides make the same arrays of the same pictures, up to rounding."""
    made = {name: side.ask("made", batch=batch) for name, side in sides.items()}
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


def least_seconds(work, limits):
    """(seconds, name of the limit): what a Work takes at least, by the rate of matrix products or by the memory."""
    memory = "read" if 8 * work.written < work.read else "copy"
    by_memory = work.moved / max(limits[memory].values())               # one thread may be enough for all of it
    by_products = work.operations / max(limits["matrix"].values()) if work.products else 0.0
    return (by_products, "matrix") if by_products > by_memory else (by_memory, memory)


def rows(net, found, settings, limits):
    """A dictionary for every layer and way: what it must do, how long both sides took, and their share of the limit."""
    net = model(net) if isinstance(net, str) else net
    batch, every = found["batch"], works(net, found["batch"])
    seconds = {name: typical_layers(turns) for name, turns in found["layers"].items()}
    rows = []
    for name, ways in seconds[settings.row].items():
        for way, ours in ways.items():
            work = every[name, way]
            least, limit = least_seconds(work, limits)
            theirs = seconds[TORCH][name][way] if settings.torch else None
            rows.append({
                "batch": batch, "layer": name, "way": way, "npnet": 1000 * ours,
                "torch": theirs and 1000 * theirs, "ratio": theirs and ours / theirs, "unit": "ms",
                "operations": work.operations, "read": work.read, "written": work.written, "products": work.products,
                "limit": limit, "least": 1000 * least, "share": least / ours, "torch_share": theirs and least / theirs})
    return rows
