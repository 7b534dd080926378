"""The patches of many pictures that excite a channel most: what a filter deep in a network has learnt to look for.

    best = best_patches(trained.net, trained.pipeline, pictures, "conv5", 12)       # nine, the strongest first
    best[0].pixels                          # uint8, cut out of the picture as the network saw it
    best[0].picture, best[0].window         # of which picture; (top, bottom, left, right)

Figure 2 of Zeiler and Fergus 2013 is made so. One patch is taken of a picture, where the channel answers most: else
nine patches would be one thing, moved by a pixel.
"""
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from .fields import fields
from .insight import deconvolution, known_channel, up_to
from .words import Said

BATCH = 16          # pictures that go through the network together


@dataclass
class Patch:
    """A part of a picture that a channel answers to. picture: its number; value: the answer, at (p, q) of the map."""

    picture: int
    value: float
    place: tuple
    window: tuple           # (top, bottom, left, right) of what this output sees of the network's input
    pixels: np.ndarray      # uint8 (bottom - top, right - left, C)
    back: np.ndarray        # the same window of the deconvolution, (rows, columns, C) as numbers; None if not asked for


def best_patches(net, pipeline, pictures, layer, channel, count=9, back=False, progress=None):
    """The `count` patches of a series of pictures that excite a channel of a layer most: a list of Patch.

    pictures: uint8 (H, W, C) each; they are read one after the other, and only the best are kept. back: send each
    one's answer back to the pixels (insight.deconvolution). progress(n) is called after every n pictures. It does
    not show what else the channel answers to: nine patches are the top of a long list, and of these pictures only.
    """
    channel, seen = known_channel(net, layer, channel), fields(net, layer)
    part, best = up_to(net, layer), []
    for numbers, xs in batches(net, pipeline, pictures):
        maps = ops.to_host(part.forward(ops.to_device(xs)))[:, channel]
        maps = maps.reshape(len(xs), *seen.seeing(channel).shape)       # a dense layer's number is a map of 1 x 1
        for number, x, answer in zip(numbers, xs, maps):
            answer = np.where(seen.seeing(channel), answer, -np.inf)
            p, q = (int(i) for i in np.unravel_index(answer.argmax(), answer.shape))
            best.append((float(answer[p, q]), number, (p, q), x))
        best = sorted(best, key=lambda row: -row[0])[:count]
        if progress:
            progress(len(xs))
    if not best:
        raise ValueError(Said("see.no_picture"))
    return [cut_out(net, pipeline, layer, channel, seen, back, *row) for row in best]


def batches(net, pipeline, pictures):
    """Numbers and inputs, (n, C, H, W), of so many pictures at a time."""
    numbers, xs = [], []
    for number, picture in enumerate(pictures):
        numbers.append(number)
        xs.append(pipeline.test(picture).astype(net.dtype))
        if len(xs) == BATCH:
            yield numbers, np.stack(xs)
            numbers, xs = [], []
    if xs:
        yield numbers, np.stack(xs)


def cut_out(net, pipeline, layer, channel, seen, back, value, number, place, x):
    """The Patch at a place of a map."""
    top, bottom, left, right = window = seen.window(channel, place)
    returned = None
    if back:
        place_of_map = place if len(net.shapes[layer]) == 3 else None
        returned = deconvolution(net, x[None], layer, channel, place_of_map)[:, top:bottom, left:right]
        returned = coloured(returned, pipeline)
    return Patch(number, value, place, window, pixels(x, pipeline)[top:bottom, left:right], returned)


# ---------------------------------------------------------------------------- from the network's numbers to pixels

def limits(pipeline):
    """What black and white are for a network: two arrays (C, H, W)."""
    black = np.zeros((pipeline.shorter, pipeline.shorter, 3), np.uint8)
    return pipeline.test(black), pipeline.test(black + np.uint8(255))


def pixels(x, pipeline):
    """The network's input (C, H, W) as a picture again: uint8 (H, W, C), red first."""
    black, white = limits(pipeline)
    share = np.clip((x - black) / (white - black), 0, 1)
    return coloured(np.rint(255 * share), pipeline).astype(np.uint8)


def coloured(x, pipeline):
    """(C, H, W) in the network's order of channels -> (H, W, C), red first."""
    return (x[::-1] if pipeline.order == "BGR" and len(x) == 3 else x).transpose(1, 2, 0)
