"""Which pictures are alike for a network, and what it answers: figure 4 of the AlexNet paper.

    rows = features(net, pipeline, pictures)                # (N, 4096): fc7 of every picture
    nearest(rows, features(net, pipeline, [photo])[0])      # the numbers of the pictures whose rows are nearest

Two pictures are alike if the numbers before the last layer are, even where no two of their pixels are.
"""
import numpy as np

from ..backend import ops
from .insight import logits_of, remembering
from .patches import batches
from .words import Said


def features(net, pipeline, pictures, progress=None):
    """What stands before the last layer with weights, one row a picture: (N, D). Maps are averaged: (N, C).

    Of AlexNet that is fc7 after its ReLU, 4096 numbers; of SqueezeNet the mean of each of fire9's 512 maps.
    """
    part, rows = before_classes(net), []
    for _, xs in batches(net, pipeline, pictures):
        y = ops.to_host(part.forward(ops.to_device(xs)))
        rows.append(y if y.ndim == 2 else y.mean(axis=(2, 3)))
        if progress:
            progress(len(xs))
    if not rows:
        raise ValueError(Said("see.no_picture"))
    return np.concatenate(rows)


def before_classes(net):
    """The network up to, without, its last layer with weights. ValueError if there is none behind another."""
    names = list(net.layers)
    weighted = [name for name in names[:names.index(logits_of(net)) + 1] if net.layers[name].params()]
    if not weighted or weighted[-1] == names[0]:
        raise ValueError(Said("see.no_features"))
    return remembering(net[:weighted[-1]])


def nearest(rows, query, count=5):
    """The numbers of the rows (N, D) that are nearest to a query (D,), and their distances; the nearest first.

    The distance is Euclid's, as in the paper. It does not show why two pictures are near: the same thing, the same
    colours or the same background may be the reason.
    """
    distances = np.sqrt(((rows.astype(np.float64) - query) ** 2).sum(axis=1))
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]
