"""A whole bench: all that is known of a network's speed on this machine, as plain data.

    bench = Bench("krizhevsky2012")
    for batch in (1, 16, 128):
        bench.measure(batch)
    bench.measure_torchvision(128)
    bench.data                                              for JSON, tables (report.py) and pictures (drawn.py)

or all of it in one call: everything(). Each key such as "step_b128" holds {"npnet", "torch", "ratio", "unit"}; "times"
has every single call behind it, and "layers" a dictionary for every layer, way and batch size.
"""
import platform

from .. import __version__
from ..fast.machine import free_memory, processor_model
from . import measure
from .measure import Settings, result, typical
from .targets import NETWORK

BATCHES = (1, 16, 128)
BESIDE = "numpy"            # npnet's plainest backend of arrays, whose passes are timed beside the default one's ...
BESIDE_UP_TO = 16           # ... up to so many pictures: it is several times slower
TORCH_MISSING = "PyTorch is not installed, so there is nothing to compare with: pip install torch (npnet's extra torch)"


class Bench:
    """Measures one network, and keeps what it finds in `data`.

    net: a Network or a version's name. layers: the names of those to measure, without whole passes; None for all of
    them and whole passes. Raises ValueError or KeyError for what cannot be measured.
    """

    def __init__(self, net=NETWORK, settings=None, layers=None, size=None):
        self.settings, self.layers = settings or Settings(), layers
        self.net = measure.network(net, size)
        self.names = measure.chosen(self.net, layers)
        self.whole_paper = net == NETWORK and size is None
        self.data = {
            "npnet": __version__, "network": net if isinstance(net, str) else "network",
            "input_shape": list(self.net.input_shape), "threads": self.settings.threads, "rounds": self.settings.rounds,
            "machine": {"processor": processor_model(), "threads at once": measure.processors(),
                        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
                        "python": platform.python_version()},
            "versions": {}, "limits": None, "layers": [], "memory": {}, "backends": {}, "times": {}, "idle": {},
            "notes": [TORCH_MISSING] if self.settings.torch and not measure.torch_present() else []}

    def measure_limits(self):
        """The rates of this machine: the best that was ever measured, as a limit is what nothing exceeds."""
        found, before = measure.measured_limits(self.settings), self.data["limits"] or {}
        self.data["limits"] = {what: {who: max(rate, before.get(what, {}).get(who, 0)) for who, rate in rates.items()}
                               for what, rates in found.items()}
        for row in self.data["layers"]:
            row.update(measure.shares(row, self.data["limits"]))

    def others(self, batch):
        """The backends that are timed beside npnet's side."""
        small = batch <= BESIDE_UP_TO and self.settings.backend != BESIDE
        return (BESIDE,) if small and self.layers is None else ()

    def ticks(self, batch):
        """How often measure(batch) calls its tick."""
        whole = ("step", "forward") if self.layers is None else ()
        return 1 + measure.ticks(self.settings, self.names, whole, self.others(batch))

    def measure(self, batch, tick=lambda: None):
        """Everything at one batch size, and the limits. Where memory is too little, a note says so."""
        whole = ("step", "forward") if self.layers is None else ()
        self.measure_limits()
        tick()
        found = self.found(self.net, batch, self.names, whole, self.others(batch), tick)
        if found is None:
            return
        self.data["layers"] += measure.rows(self.net, found, self.data["limits"])
        for what in whole:
            self.keep(f"{what}_b{batch}", found[what])
        if whole:
            self.data["memory"][str(batch)] = found["memory"]
            peaks = {name: memory["peak"] and memory["peak"] / 2 ** 20 for name, memory in found["memory"].items()}
            self.data[f"memory_b{batch}"] = result(peaks["npnet"], peaks.get("torch"), "MB")
        self.data["idle"][str(batch)] = found["idle"]

    @property
    def has_torchvision(self):
        """Whether the version without LRN belongs to this bench: to that of the whole network of the paper."""
        return self.whole_paper and self.layers is None

    def measure_torchvision(self, batch, tick=lambda: None):
        """A step of the version without LRN, which is the one that PyTorch's users know."""
        found = self.found(measure.network("torchvision"), batch, (), ("step",), (), tick)
        if found is not None:
            self.keep(f"step_b{batch}_torchvision", found["step"])

    def ticks_torchvision(self):
        """How often measure_torchvision calls its tick."""
        return measure.ticks(self.settings, (), ("step",))

    def found(self, net, batch, names, whole, others, tick):
        """What `measured` finds, or None, and a note, where memory is too little."""
        note = measure.too_little_memory(net, batch, self.settings, free_memory())
        if note:
            self.data["notes"].append(note)
            return None
        found = measure.measured(net, batch, self.settings, names, whole, others, tick)
        self.data["versions"] |= found["versions"]
        return found

    def keep(self, key, turns):
        """One comparison of whole passes: the medians, and every call."""
        medians = {name: 1000 * typical(times) for name, times in turns.items()}
        self.data[key] = result(medians["npnet"], medians.get("torch"))
        self.data["times"][key] = {name: [[round(1000 * seconds, 4) for seconds in turn] for turn in times]
                                   for name, times in turns.items()}
        if BESIDE in medians:
            self.data["backends"][key] = {
                "backend": medians["npnet"], BESIDE: medians[BESIDE], "ratio": medians["npnet"] / medians[BESIDE],
                "unit": "ms", "name": self.data["versions"]["npnet"]["backend"]}

    def finish(self):
        """What is added up at the end: the LRN layers at the largest batch size."""
        batch = max((row["batch"] for row in self.data["layers"]), default=None)
        norms = [row for row in self.data["layers"] if row["batch"] == batch
                 and type(self.net.layers.get(row["layer"])).__name__ == "LRN"]
        if norms and self.layers is None:
            ours, theirs = (sum(row[side] for row in norms) if norms[0][side] is not None else None
                            for side in ("npnet", "torch"))
            self.data["lrn"] = result(ours, theirs) | {"batch": batch}
        return self.data


def everything(net=NETWORK, batches=BATCHES, settings=None, layers=None, size=None):
    """The data of a whole bench."""
    bench = Bench(net, settings, layers, size)
    for batch in batches:
        bench.measure(batch)
    if bench.has_torchvision:
        bench.measure_torchvision(max(batches))
    return bench.finish()
