"""Answers: what one or several trained networks say about many pictures, and how right they are.

    p = answers([(net, pipeline)], pictures)                    # (N, classes), each row sums to 1
    p = answers([(one, pipeline), (two, pipeline)], pictures, ten=True)
    print(score(p, pictures.labels).top1)
"""
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..data.loader import Loader


@dataclass(frozen=True)
class Score:
    """How right answers are: shares of pictures from 0 to 1, the mean loss, and counts (K, K) whose rows are the
    true classes and whose columns the answers."""

    pictures: int
    loss: float
    top1: float
    top5: float
    confusion: np.ndarray


@dataclass(frozen=True)
class TenCrops:
    """A pipeline whose test is the ten crops."""

    pipeline: object

    def test(self, picture):
        return self.pipeline.ten(picture)                       # (10, C, H, W)


def answers(networks, pictures, ten=False, batch=100, workers=2, progress=None):
    """Probabilities (N, classes), averaged over the networks, and over ten crops of each picture if `ten`.

    networks: pairs (net, pipeline). What is averaged are softmax outputs, as in section 4.1 and table 2 of the
    paper, not logits. ValueError if the networks do not answer with the same number of classes.
    """
    sizes = {net.shapes[list(net.layers)[-1]] for net, _ in networks}
    if len(sizes) != 1:
        raise ValueError(f"networks whose answers are averaged need the same classes, got outputs {sorted(sizes)}")
    total = 0
    for number, (net, pipeline) in enumerate(networks):
        def passed(done, of):
            if progress:
                progress(number * of + done, len(networks) * of)
        total = total + of_network(net, pipeline, pictures, ten, batch, workers, passed)
    if not np.isfinite(total).all():
        raise ValueError("the answers are no numbers; a network whose weights hold NaN cannot be used, take an earlier "
                         "checkpoint")
    return total / len(networks)


def of_network(net, pipeline, pictures, ten, batch, workers, progress):
    """The probabilities (N, classes) of one network."""
    batch = max(1, batch // 10) if ten else batch
    loader = Loader(pictures, batch, TenCrops(pipeline) if ten else pipeline, train=False, workers=workers)
    parts, done = [], 0
    with closing(loader.epoch(0)) as batches:
        for x, labels in batches:
            p = ops.to_host(net.probabilities(ops.to_device(x.reshape(-1, *net.input_shape))))
            parts.append(p.reshape(len(labels), -1, p.shape[1]).mean(axis=1))       # over the crops of each picture
            done += len(labels)
            progress(done, len(pictures))
    return np.concatenate(parts)


def score(probabilities, labels):
    """The Score of probabilities (N, K) for labels (N,)."""
    N, K = probabilities.shape
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :5]                 # (N, 5)
    confusion = np.zeros((K, K), np.int64)
    np.add.at(confusion, (labels, best[:, 0]), 1)
    own = probabilities[np.arange(N), labels].astype(np.float64)
    loss = np.log(1 / np.maximum(own, np.finfo(np.float64).tiny)).mean()
    return Score(N, float(loss), float((best[:, 0] == labels).mean()),
                 float((best == labels[:, None]).any(axis=1).mean()), confusion)
