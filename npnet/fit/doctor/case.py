"""A case: what is known at one training step. An examiner looks at cases for one kind of trouble."""
import math
from dataclasses import dataclass

import numpy as np

from ...backend import ops
from ...ops.softmax import log_softmax_forward
from ...weights.checkpoint import NUMBER, check

FINDING = {"name": str, "where": str, "says": str, "do": str, "explains": NUMBER, "alone": bool, "level": int,
           "wants": str}       # as a checkpoint keeps a Finding


@dataclass
class Case:
    """A training step as examiners see it.

    net, optimizer: as they are after the update; the optimizer may be anything. step: the npnet.train.Step. logits
    (N, K), labels (N,): on the host. loss: the softmax cross-entropy, computed again from these (where the network
    ends in probabilities and the loss takes their logarithm, the step's own). look: whether the layers may be looked
    at now. seen, pictures: how many steps and pictures came, with this one. fresh: whether the first of them was the
    first of all. epochs: complete ones. classes: how many; names: theirs, or None. size: pictures of a usual batch.
    counts (classes,): the labels so far.
    """

    net: object
    optimizer: object
    step: object
    logits: np.ndarray
    labels: np.ndarray
    loss: float
    look: bool
    seen: int
    pictures: int
    fresh: bool
    epochs: int
    classes: int
    names: tuple | None
    size: int
    counts: np.ndarray

    @property
    def number(self):
        """Of the step."""
        return self.step.number

    @property
    def lr(self):
        """The rate of this step; NaN where nobody tells it."""
        return math.nan if self.step.lr is None else float(self.step.lr)

    @property
    def rated(self):
        """Whether the rate is told: a loop of one's own may have none, or a sign in it."""
        return 0 <= self.lr < math.inf

    @property
    def now(self):
        """' (now 0.01)', after what is to be done about the rate; '' where it is not told."""
        return f" (now {self.lr:.3g})" if self.rated else ""

    def to(self, rate):
        """', perhaps to 0.001', after that; '' where the rate is not told, and so no other can be named."""
        return f", perhaps to {rate:.2g}" if self.rated else ""

    @property
    def shares(self):
        """How frequent the classes are that came so far: shares, those of 0 left out."""
        return self.counts[self.counts > 0] / max(self.counts.sum(), 1)

    @property
    def chance(self):
        """The loss of a network that knows how frequent the classes are, and nothing about pictures."""
        return float(-(self.shares * np.log(self.shares)).sum())

    @property
    def right(self):
        """How many pictures of this batch were answered rightly."""
        return int(np.count_nonzero(self.logits.argmax(axis=1) == self.labels))

    @property
    def whole(self):
        """Whether the batch is large enough to be judged by: the last of an epoch may be a single picture."""
        return len(self.labels) >= max(1, self.size / 2)


class Examiner:
    """Looks for one kind of trouble. All that it keeps for a resume is named in STATE."""

    STATE = {}                  # {attribute: what it must be}, as weights.checkpoint.check reads it

    def __init__(self, net):
        """net: before the first step."""

    def before(self, training, validation, identities):
        """Findings before the first step, on the pictures of two Loaders (validation: or None); identities: the
        fingerprints of their parts' pictures, {part: Identity}, of those that are known."""
        return []

    def see(self, case):
        """Findings after a training step: each costs a little of each step, so layers are looked at if case.look."""
        return []

    def epoch(self, case, row):
        """Findings after an epoch. row: train_loss, train_top1, loss, top1; the last two None without validation."""
        return []

    def suspects(self, case):
        """Findings that can explain a loss that is stuck, grows or is NaN: asked for when that is so."""
        return []

    def validation_suspects(self, case):
        """Findings that can explain a validation that is far worse than training."""
        return []

    def state(self):
        """What has been seen so far, as plain data; None stands for what is not a finite number."""
        return {name: plain(getattr(self, name)) for name in self.STATE}

    def restore(self, state):
        """Becomes the examiner of that state. ValueError where it is of another network, or damaged."""
        check(f"the doctor's {type(self).__name__}", state, self.STATE)
        for name in self.STATE:
            setattr(self, name, like(getattr(self, name), state[name]))
        if not self.possible():
            raise ValueError(f"the checkpoint is damaged: what the doctor's {type(self).__name__} has seen cannot be")

    def possible(self):
        """Whether what was restored fits together."""
        return True


def plain(value):
    """The same for JSON, which has no arrays, no NaN and no infinity."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if np.ndim(value):
        return [plain(one) for one in (value.tolist() if isinstance(value, np.ndarray) else value)]
    value = value.item() if isinstance(value, np.generic) else value
    return value if value is None or isinstance(value, str) or math.isfinite(value) else None


def like(now, value):
    """Plain data as what is there now has it: an array of its dtype, NaN in place of None where a number was.

    ValueError where it is of another kind.
    """
    if isinstance(now, np.ndarray):
        array = np.array([math.nan if one is None else one for one in value] if now.dtype.kind == "f" else value)
        if array.shape != now.shape:
            raise ValueError(f"the checkpoint is damaged: {array.shape} numbers where {now.shape} must be")
        return array.astype(now.dtype)
    if isinstance(now, float) and value is None:
        return math.nan
    if isinstance(now, list) and isinstance(value, list) and len(now) == len(value) and any(
            isinstance(one, float) for one in now):
        return [like(one, other) for one, other in zip(now, value)]
    kinds = (int, float) if isinstance(now, float) else type(now)
    if now is not None and not isinstance(value, kinds):
        raise ValueError(f"the checkpoint is damaged: what the doctor has seen is {value!r:.40}")
    return value


def facts_of(logits, labels):
    """logits and labels on the host, checked. ValueError where they are not (N, K) and N whole numbers below K."""
    logits, labels = (np.asarray(ops.to_host(array)) for array in (logits, labels))
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu" or not len(labels):
        raise ValueError(f"the doctor needs logits (N, classes) and labels (N,), whole numbers; got logits "
                         f"{logits.shape} and labels {labels.dtype} {labels.shape}")
    least, most = min(listed := labels.tolist()), max(listed)                   # quicker than the array's own, for few
    if least < 0 or most >= logits.shape[1]:
        raise ValueError(f"the doctor needs labels from 0 to {logits.shape[1] - 1}, got {least} to {most}")
    return logits, labels


def probabilities(logits):
    """Whether these are probabilities already: rows of numbers between 0 and 1 that sum to 1."""
    return bool(logits.min() >= 0 and abs(logits.sum(axis=1) - 1).max() < 1e-3)


def cross_entropy(logits, labels, loss):
    """The softmax cross-entropy, a mean over the batch; `loss` itself where it is that of probabilities."""
    chosen = logits[np.arange(len(labels)), labels]
    with np.errstate(all="ignore"):
        if probabilities(logits) and math.isclose(-np.log(chosen).mean(), loss, rel_tol=1e-3, abs_tol=1e-6):
            return float(loss)
        log_p = log_softmax_forward(logits.astype(np.float64))
    return float(-log_p[np.arange(len(labels)), labels].mean())
