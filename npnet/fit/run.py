"""A run: what a training has done so far, and the folder that keeps it.

    last.npz        the newest checkpoint, from which the training goes on
    best.npz        the one with the lowest validation error
    history.csv     a line for every epoch
    losses.csv      a line for every step
    settings.json   what made the run
    curves.png, losses.png, filters.png     drawn from these

Everything that decides how a training goes on is in last.npz; the other files are made from it again.
"""
import csv
import json
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from .. import plots
from ..backend import ops
from ..fast.threads import blas, count
from ..files import tidy, writing
from ..weights import read_checkpoint, save_checkpoint
from ..weights.checkpoint import versions

COLUMNS = ("epoch", "steps", "lr", "train_loss", "train_top1", "loss", "top1", "top5", "seconds", "waiting")
FILES = ("best.npz", "history.csv", "losses.csv", "settings.json", "curves.png", "losses.png", "filters.png",
         "report.html")             # what a run writes beside last.npz
KEPT = ("rows", "rates", "sums", "best", "waited", "chooses", "remarks", "said", "stopped")      # in a checkpoint


def no_sums():
    """The sums of an epoch that has not begun."""
    return {"batches": 0, "pictures": 0, "loss": 0.0, "right": 0, "seconds": 0.0, "waiting": 0.0}


@dataclass
class Run:
    """What a training has done so far.

    rows: a dictionary for every epoch, with COLUMNS as keys; shares of right answers lie between 0 and 1, waiting is
    how many of its seconds were spent waiting for pictures. losses and rates: one for every step. sums: of the
    epoch that is under way. best: the row with the lowest validation error, None without validation. waited: epochs
    since then. chooses: whether the pictures of the evaluation may choose anything. remarks: what the doctor said, and
    said what he remembers of it. stopped: why it ended before its last epoch, or ""; failed: because its numbers
    became NaN or infinite. test: the Score of the test at the end, where there was one.
    """

    folder: Path | None = None
    settings: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    losses: list = field(default_factory=list)
    rates: list = field(default_factory=list)
    sums: dict = field(default_factory=no_sums)
    best: dict | None = None
    waited: int = 0
    chooses: bool = True
    remarks: list = field(default_factory=list)
    said: list = field(default_factory=list)
    stopped: str = ""
    failed: bool = False
    test: object = None

    @property
    def epoch(self):
        """The number of epochs that are complete, which is the number of the next one, from 0."""
        return len(self.rows)

    def saw(self, step, seconds, waiting):
        """Adds a training step to the epoch's sums; waiting: how many of its seconds its batch was waited for."""
        pictures = len(step.labels)
        self.losses.append(step.loss)
        self.rates.append(step.lr)
        for key, value in (("batches", 1), ("pictures", pictures), ("loss", pictures * step.loss),
                           ("right", round(pictures * step.accuracy)), ("seconds", seconds), ("waiting", waiting)):
            self.sums[key] += value

    def means(self):
        """The training loss and the share of right answers of the epoch under way."""
        pictures = max(self.sums["pictures"], 1)
        return self.sums["loss"] / pictures, self.sums["right"] / pictures

    def complete(self, result, seconds):
        """Ends the epoch with the Result of its evaluation (None without one); returns the new row."""
        loss, top1 = self.means()
        row = {"epoch": self.epoch + 1, "steps": len(self.losses), "lr": self.rates[-1],
               "train_loss": loss, "train_top1": top1,
               "loss": result and result.loss, "top1": result and result.top1, "top5": result and result.top5,
               "seconds": round(self.sums["seconds"] + seconds, 3), "waiting": round(self.sums["waiting"], 3)}
        self.rows.append(row)
        self.sums = no_sums()
        return row

    def is_best(self, row):
        """Whether a row is better than all before it: fewer errors, or as many and a lower loss."""
        better = self.best is None or (-row["top1"], row["loss"]) < (-self.best["top1"], self.best["loss"])
        better = better and math.isfinite(row["loss"])
        self.best, self.waited = (row, 0) if better else (self.best, self.waited + 1)
        return better

    # ------------------------------------------------------------------------ the folder

    def check_folder(self):
        """Raises FileExistsError for a folder that holds a run, or files whose names a new run would take."""
        if self.folder is None:
            return
        if (self.folder / "last.npz").exists():
            raise FileExistsError(f"{self.folder} holds a run already; resume it, or choose another folder")
        taken = [name for name in FILES if (self.folder / name).exists()]
        if taken:
            raise FileExistsError(f"{self.folder} has a file {taken[0]}, and the run would write over it; choose "
                                  f"another folder")

    def save(self, name, net, optimizer, loader):
        """Writes a checkpoint into the folder; does nothing without one."""
        if self.folder is None:
            return
        about = {key: getattr(self, key) for key in ("settings", *KEPT)}
        about |= {"threads": threads(), "loader": facts(loader)}
        save_checkpoint(self.folder / name, net, optimizer, getattr(loader, "pipeline", None), about, self.losses)

    def restore(self, net, optimizer, loader):
        """Goes on from last.npz: fills the network and the optimizer; returns a warning or None.

        Raises ValueError for a checkpoint that is no run's, and where the network or the pictures are others.
        """
        checkpoint = read_checkpoint(self.folder / "last.npz")
        about = checkpoint.about
        if not {"settings", "rows", "rates", "sums"} <= set(about):
            raise ValueError(f"{checkpoint.path} is the checkpoint of no run of npnet.fit; begin a new one")
        same_pictures(about.get("loader"), facts(loader), checkpoint.path)
        pipeline = getattr(loader, "pipeline", None)
        if pipeline is not None and pipeline != checkpoint.pipeline():
            raise ValueError(f"{checkpoint.path} cannot go on with pictures that are prepared in another way; its own "
                             f"is npnet.weights.read_checkpoint(...).pipeline()")
        checkpoint.fill(net)
        vars(optimizer).update(vars(checkpoint.optimizer()))
        for key in KEPT:
            setattr(self, key, about.get(key, getattr(self, key)))
        self.settings, self.sums = about["settings"] | self.settings, no_sums() | about["sums"]
        self.losses = checkpoint.losses.tolist()
        tidy(self.folder)
        return differences(about)

    def write_history(self):
        """Writes settings.json, history.csv and losses.csv; does nothing without a folder."""
        if self.folder is None:
            return
        write_text(self.folder / "settings.json", json.dumps(self.settings, indent=2) + "\n")
        write_table(self.folder / "history.csv", COLUMNS, [[row.get(name) for name in COLUMNS] for row in self.rows])
        write_table(self.folder / "losses.csv", ("step", "loss", "lr"),
                    [[number, *pair] for number, pair in enumerate(zip(self.losses, self.rates))])

    def draw(self, net):
        """Draws the curves and the first filters; does nothing without a folder or before the first epoch ends."""
        if self.folder is None or not self.rows:
            return
        plots.save(plots.curves({self.folder.name: self.rows}), self.folder / "curves.png")
        plots.save(plots.losses(self.losses), self.folder / "losses.png")
        name, w = first_filters(net)
        if name is not None:
            title = f"{name} after {self.epoch} epoch{'s' * (self.epoch > 1)}"
            plots.save(plots.filters(w, title), self.folder / "filters.png")


def first_filters(net):
    """The name of the first convolution, frozen or not, and its filters (K, C, R, S); None and None without one."""
    for name, layer in net.layers.items():
        for w in layer.params().values():                      # a frozen layer's too
            if w.ndim == 4:
                return name, ops.to_host(w)
    return None, None


def facts(loader):
    """What decides the order of a loader's pictures, as plain data; nothing of one that is not npnet's."""
    if not all(hasattr(loader, name) for name in ("batch", "seed", "pictures")):
        return {}
    labels = loader.pictures.labels
    return {"batch": int(loader.batch), "seed": int(loader.seed), "pictures": len(labels),
            "labels": zlib.crc32(labels.tobytes())}


def same_pictures(then, now, path):
    """Raises ValueError unless a run goes on with the loader that it began with."""
    odd = [f"{name} {then[name]} then, {now[name]} now" for name in now if then and then[name] != now[name]]
    if odd:
        raise ValueError(f"{path} cannot go on with another batch, seed or other pictures ({'; '.join(odd)}); give "
                         f"what it began with, or begin a new run")


def threads():
    """How many threads compute: npnet's own with numba, else those of NumPy's BLAS."""
    if ops.name == "numba":
        return count()
    return max([library.num_threads for library in blas().lib_controllers], default=1)


def differences(about):
    """One sentence if this process computes otherwise than the one that wrote a checkpoint, or None."""
    now, then = versions() | {"threads": threads()}, about["versions"] | {"threads": about.get("threads")}
    odd = [f"{name} {then[name]} then, {now[name]} now" for name in now if name in then and now[name] != then[name]]
    return f"the run will not go on bit for bit as it would have: {'; '.join(odd)}" if odd else None


def write_text(path, text):
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_table(path, columns, rows):
    with writing(path) as beside, open(beside, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)
