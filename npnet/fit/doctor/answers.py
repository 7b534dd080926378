"""What a network answered in training: how often each class came, was the answer, and was it rightly.

Steps are only put aside as they come, and counted some hundred pictures at a time.
"""
from collections import deque

import numpy as np

from ...backend import ops
from ...network import every_layer
from ...ops.softmax import log_softmax_forward
from ..measures import as_shown

CHUNK = 512                 # pictures that are counted at a time: a count costs as much for 1 as for 512
RECENT = 128                # pictures of the last steps that are kept: the standard error of a share is 4 % or less


class Answers:
    """Counts by class in one epoch: labels, answers, right; since: pictures of a class since it was an answer; same:
    the class that was the only answer lately (-1: there is none), how many pictures that is, and how many of others;
    epochs: whole ones in which a class was no answer.
    """

    def __init__(self, classes):
        self.labels, self.answers, self.right, self.since = (np.zeros(classes, np.int64) for _ in range(4))
        self.same, self.epochs = np.array([-1, 0, 0]), np.zeros(classes, np.int64)
        self.waiting, self.pictures, self.last = [], 0, None        # last: labels and answers of the last chunk

    def see(self, logits, labels):
        """Puts one step aside: logits (N, K) and labels (N,)."""
        self.waiting.append((logits, labels))
        self.pictures += len(labels)
        if self.pictures >= CHUNK:
            self.count()

    def count(self):
        """Counts what was put aside."""
        if not self.waiting:
            return
        classes = len(self.labels)
        labels = np.concatenate([np.asarray(labels) for _, labels in self.waiting])
        answers = np.concatenate([ops.to_host(logits).argmax(axis=1) for logits, _ in self.waiting])
        counts = [np.bincount(some, minlength=classes)[:classes] for some in
                  (labels, answers, labels[labels == answers])]
        self.labels, self.answers = self.labels + counts[0], self.answers + counts[1]
        self.right = self.right + counts[2]
        self.since = np.where(counts[1] > 0, 0, self.since + counts[0])
        only = answers[0] if counts[1].max() == len(answers) else -1
        before = self.same[1:] if only == self.same[0] else np.array([0, 0])
        here = np.array([len(labels), (labels != only).sum()]) if only >= 0 else np.array([0, 0])
        self.same = np.append(only, before + here)
        self.last, self.waiting, self.pictures = (labels, answers), [], 0

    def forget(self):
        """Begins a new epoch."""
        self.epochs = np.where(self.answers > 0, 0, self.epochs + 1)
        self.labels, self.answers, self.right = (np.zeros_like(self.labels) for _ in range(3))


class Eye:
    """What a network was shown last; which layer remembers it is looked up once."""

    def __init__(self, net):
        chain = [layer for layer in every_layer(net.layers).values()
                 if type(layer).__name__ not in ("Flatten", "Concat")]
        self.first = chain[0] if chain else None

    def shown(self, net):
        """The pictures (N, *input_shape); None where the first layer does not remember its input."""
        x = getattr(self.first, "x", None)
        return as_shown(x, net)


class Recent:
    """The pictures of the last steps, at least RECENT where there were so many, by reference: nothing is copied."""

    def __init__(self):
        self.batches, self.pictures = deque(), 0        # (x, labels, logits)

    def see(self, x, labels, logits):
        """Keeps one batch; the oldest goes as soon as the others are enough. x may be None: then nothing is kept."""
        if x is None:
            return
        self.batches.append((x, labels, logits))
        self.pictures += len(labels)
        while self.pictures - len(self.batches[0][1]) >= RECENT:
            self.pictures -= len(self.batches.popleft()[1])

    def in_training(self):
        """What they were when they were trained on, as Replies."""
        return Replies([(ops.to_host(logits), labels) for _, labels, logits in self.batches])

    def at_test(self, net):
        """What the network answers now, as at test, as Replies. Its layers remember these pictures afterwards."""
        with np.errstate(all="ignore"):
            return Replies([(ops.to_host(net.forward(x)), labels) for x, labels, _ in self.batches])


class Replies:
    """Which of some pictures were answered rightly (right, a share), and the loss of each."""

    def __init__(self, batches):
        self.right, self.losses, self.finite = 0.0, np.zeros(0), True
        if not batches:
            return
        logits = np.concatenate([logits for logits, _ in batches]).astype(np.float64)
        labels = np.concatenate([np.asarray(labels) for _, labels in batches])
        self.right = float((logits.argmax(axis=1) == labels).mean())
        self.finite = bool(np.isfinite(logits).all())
        with np.errstate(all="ignore"):
            self.losses = -log_softmax_forward(logits)[np.arange(len(labels)), labels]
