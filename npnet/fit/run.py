"""A run: what a training has done so far. fit/folder.py keeps it."""
import math
from dataclasses import dataclass, field
from pathlib import Path

from ..network import Network
from ..weights.checkpoint import RECORD, ROW, SUMS

COLUMNS = tuple(ROW)


@dataclass
class Run:
    """What a training has done so far.

    rows: a dictionary for every epoch, with COLUMNS as keys; shares of right answers lie between 0 and 1, waiting is
    how many of its seconds were spent waiting for pictures. losses and rates: one for every step. sums: of the
    epoch that is under way. best: the row with the lowest validation error, None without validation. waited: epochs
    since then. chooses: whether the pictures of the evaluation may choose anything. remarks: what was said, texts; of
    the doctor's a line for each cause (Remark.lines). stopped: why it ended before its last epoch, or ""; failed:
    because its numbers became NaN or infinite; signal: the number of the signal that interrupted it, or 0. net: the
    network that is trained. unwritten: files of its folder of which was said that they cannot be written. test: the
    Score of the test at the end, where there was one.
    """

    folder: Path | None = None
    settings: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    losses: list = field(default_factory=list)
    rates: list = field(default_factory=list)
    sums: dict = field(default_factory=lambda: {key: 0 if kind is int else 0.0 for key, kind in SUMS.items()})
    best: dict | None = None
    waited: int = 0
    chooses: bool = True
    remarks: list = field(default_factory=list)
    stopped: str = ""
    failed: bool = False
    signal: int = 0
    net: Network | None = None
    unwritten: set = field(default_factory=set)
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
        self.sums = Run().sums
        return row

    def is_best(self, row):
        """Whether a row is better than all before it: fewer errors, or as many and a lower loss."""
        better = math.isfinite(row["loss"]) and (
            self.best is None or (-row["top1"], row["loss"]) < (-self.best["top1"], self.best["loss"]))
        self.best, self.waited = (row, 0) if better else (self.best, self.waited + 1)
        return better

    def record(self):
        """What a checkpoint keeps of it, as plain data, besides losses and rates."""
        return {key: getattr(self, key) for key in ("settings", *RECORD)}

    def restore(self, checkpoint):
        """Becomes what the checkpoint of a run kept; settings that were given anew count."""
        about = checkpoint.about
        if "rows" not in about:
            raise ValueError(f"{checkpoint.path} is the checkpoint of no run of npnet.fit; begin a new one")
        for key in RECORD:
            setattr(self, key, about[key])
        self.settings = about["settings"] | self.settings
        self.losses, self.rates = checkpoint.losses.tolist(), checkpoint.rates.tolist()
