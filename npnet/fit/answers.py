"""Answers: what one or several trained networks say about many pictures, and how right they are.

    log_p = answers([(net, pipeline)], pictures)                # (N, classes): logarithms of the probabilities
    log_p = answers([(one, pipeline), (two, pipeline)], pictures, ten=True)
    print(score(log_p, pictures.labels).top1)

A probability of 1e-400 cannot be written, its logarithm can: so the loss of a confident mistake is what it is,
and the same as npnet.train.evaluate's.
"""
import zlib
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from ..backend import ops
from ..data.loader import Loader
from ..layers import Softmax
from ..ops.softmax import log_softmax_forward
from .team import ALONE

CLASSES_FOR_FIVE = 10       # of fewer, that one is in the best five says little


@dataclass(frozen=True)
class Score:
    """How right answers are: shares of pictures from 0 to 1, the mean loss, and counts (K, K) whose rows are the
    true classes and whose columns the answers."""

    pictures: int
    loss: float
    top1: float
    top5: float
    confusion: np.ndarray


def answers(networks, pictures, ten=False, batch=100, workers=2, progress=None, team=ALONE):
    """Logarithms of the probabilities, float64 (N, classes), of the mean over the networks, and over ten crops of each
    picture if `ten`.

    networks: pairs (net, pipeline). What is averaged are softmax outputs, as in section 4.1 and table 2 of the
    paper, not logits. team: the processes that share the pictures; each gets all answers. ValueError if the networks
    do not answer with the same number of classes.
    """
    sizes = {net.shapes[list(net.layers)[-1]] for net, _ in networks}
    if len(sizes) != 1:
        raise ValueError(f"networks whose answers are averaged need the same classes, got outputs {sorted(sizes)}")
    team.compare("of what is asked", None, {"networks": len(networks), "pictures": len(pictures), "ten": ten,
                                            "labels": zlib.crc32(np.ascontiguousarray(pictures.labels))})
    for number, (net, _) in enumerate(networks, 1):
        team.compare(f"of network {number}", net)
    first, last = team.rows(len(pictures))
    if progress is not None and team.size > 1:              # this process's part stands for all
        told, whole = progress, len(networks) * len(pictures)

        def progress(done, total):
            told(done * whole // total, whole)
    own = pictures if (first, last) == (0, len(pictures)) else pictures.take(np.arange(first, last))
    return team.joined(lambda: of_networks(networks, own, ten, batch, workers, progress))


def of_networks(networks, pictures, ten, batch, workers, progress):
    """The same for the pictures of one process, which may be none."""
    if not len(pictures):
        return np.empty((0, *networks[0][0].shapes[list(networks[0][0].layers)[-1]]))
    each = []
    for number, (net, pipeline) in enumerate(networks):
        def passed(done, of):
            if progress:
                progress(number * of + done, len(networks) * of)
        each.append(of_network(net, pipeline, pictures, ten, batch, workers, passed))
    return log_of_mean(np.stack(each))


def of_network(net, pipeline, pictures, ten, batch, workers, progress):
    """The logarithms of the probabilities (N, classes) of one network."""
    if ten:
        batch, pipeline = max(1, batch // 10), SimpleNamespace(test=pipeline.ten)       # a picture is (10, C, H, W)
    loader = Loader(pictures, batch, pipeline, train=False, workers=workers)
    parts, done = [], 0
    with closing(loader.epoch(0)) as batches:
        for x, labels in batches:
            log_p = log_probabilities(net, x.reshape(-1, *net.input_shape))
            views = log_p.reshape(len(labels), -1, log_p.shape[1])          # (n, crops of a picture, classes)
            parts.append(log_of_mean(views.swapaxes(0, 1)))
            done += len(labels)
            progress(done, len(pictures))
    return np.concatenate(parts)


def log_probabilities(net, x):
    """Logarithms of what the network's softmax would give for a batch x, float64 (N, classes)."""
    last = list(net.layers)[-1]
    net = net[:last] if isinstance(net[last], Softmax) else net
    logits = ops.to_host(net.forward(ops.to_device(x)))
    if not np.isfinite(logits).all():
        raise ValueError("the answers hold NaN or infinity; a network whose weights do cannot be used, take an earlier "
                         "checkpoint")
    return log_softmax_forward(logits.astype(np.float64))


def log_of_mean(log_p):
    """The logarithm of the mean of probabilities over the first axis, from their logarithms."""
    return np.logaddexp.reduce(log_p, axis=0) - np.log(len(log_p))


def score(log_p, labels):
    """The Score of logarithms of probabilities (N, K) for labels (N,)."""
    if log_p.max(initial=0) > 1e-9:
        raise ValueError("score takes the logarithms of probabilities, as answers gives them, and they are at most 0; "
                         "got numbers above it: take np.log of probabilities first")
    N, K = log_p.shape
    best = np.argsort(-log_p, axis=1, kind="stable")[:, :5]                         # (N, 5)
    confusion = np.zeros((K, K), np.int64)
    np.add.at(confusion, (labels, best[:, 0]), 1)
    return Score(N, float(-log_p[np.arange(N), labels].mean()), float((best[:, 0] == labels).mean()),
                 float((best == labels[:, None]).any(axis=1).mean()), confusion)
