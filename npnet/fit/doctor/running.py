"""Batch normalisation's two sorts of statistics: the batches' own in training, the running ones at test.

The running ones follow the batches': after n steps a share (1 - momentum)^n of their first values is left. A network
whose running statistics are still others than its batches' is right in training and wrong at test, about the same
pictures.
"""
from collections import deque

import numpy as np

from ...backend import ops
from ...layers import BatchNorm
from ...network import every_layer

STEPS = 10                  # of which the batches' statistics are averaged: one batch of 2 pictures is no measure
BEHIND = 0.5                # deviations by which a layer's outputs at test are others than in training: in 64 trainings
                            # that had caught up (momentum 0.01 to 0.9, batch 2 to 128) 0.00 to 0.31, at batch 2 to 0.69
BEGINNING = 0.1             # the same where first values are left: 0.27 was enough to lose 50 % of the right answers
LEFT = 0.05                 # share of the first values above which the statistics cannot have caught up
CAUGHT_UP = 0.01            # share below which they have
MOMENTUM = 0.1              # PyTorch's and this library's own: caught up after 44 steps


class Running:
    """What the batch norm layers of a network used in the last training steps, against what they would use at test.

    A layer of one's own with another forward is left out: nobody knows what it remembers.
    """

    def __init__(self, net):
        self.layers = {name: layer for name, layer in every_layer(net.layers).items()
                       if isinstance(layer, BatchNorm) and type(layer).forward is BatchNorm.forward}
        self.recent = {name: deque(maxlen=STEPS) for name in self.layers}

    def see(self, net):
        """Keeps what one training step used; nothing is computed."""
        for name, layer in self.layers.items():
            if getattr(layer, "train", False) and name.partition(".")[0] not in net.frozen:
                mean, var = layer.used
                self.recent[name].append((mean, var, layer.x.size // len(mean)))

    def figures(self):
        """{layer: (running over batch variance, distance of the means in deviations, how much its outputs differ)},
        each of the middle channel, of the layers that are trained."""
        found = {}
        with np.errstate(all="ignore"):
            for name, used in self.recent.items():
                if used:
                    found[name] = figures(self.layers[name], used)
        return found

    def behind(self, steps):
        """{layer: its figures} of those whose outputs at test are others than in training, after so many steps."""
        most = {name: BEGINNING if (1 - self.layers[name].momentum) ** steps > LEFT else BEHIND for name in self.recent}
        return {name: figures for name, figures in self.figures().items() if not figures[2] <= most[name]}

    def broken(self):
        """The layers whose running statistics hold NaN or infinity."""
        return [name for name, layer in self.layers.items()
                if not (np.isfinite(ops.to_host(layer.mean)).all() and np.isfinite(ops.to_host(layer.var)).all())]


def figures(layer, used):
    """The three figures of one layer, whose last steps used these (mean, variance, numbers of a channel)."""
    batch_mean = np.mean([ops.to_host(mean) for mean, _, _ in used], axis=0, dtype=np.float64)
    batch_var = np.mean([ops.to_host(var) * (m / (m - 1)) for _, var, m in used], axis=0, dtype=np.float64) + layer.eps
    mean, var = ops.to_host(layer.mean).astype(np.float64), ops.to_host(layer.var).astype(np.float64) + layer.eps
    stretched, moved = np.sqrt(batch_var / var), (batch_mean - mean) / np.sqrt(var)
    return (float(np.median(var / batch_var)), float(np.median(abs(batch_mean - mean) / np.sqrt(batch_var))),
            float(np.median(np.hypot(stretched - 1, moved))))
