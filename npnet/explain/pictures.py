"""Explain as pictures: what goes in, the filters, the maps, the answers, the way back.

    save(explain, "walk")           everything that has run, as PNG files numbered in order

    00-input.png                    the photograph, and what the network is given of it
    01-conv1-filters.png            the filters that see the picture
    01-conv1.png 04-pool1.png       the maps of every convolution and pooling
    24-probabilities.png            the five best classes
    25-gradients.png                the length of every parameter's gradient, if there was a backward pass
"""
import re
from pathlib import Path

import numpy as np

from .. import plots
from ..backend import ops

MAPS = ("Conv2D", "MaxPool", "AvgPool", "AdaptiveAvgPool", "Concat")


def save(explain, folder, place=None):
    """Writes the pictures of what has run into `folder` and returns their paths.

    place: of one page only, whether it has run or not: a layer (0 is the first), the answers or the way back.
    """
    paths = []
    for name, figure in drawn(explain, place):
        paths.append(Path(folder) / f"{re.sub('[^a-zA-Z0-9_.-]', '_', name)}.png")
        if paths[-1].exists() and not plots.drawn_by_npnet(paths[-1]):
            raise FileExistsError(explain.say("error.not_ours", path=paths[-1]))
        plots.save(figure, paths[-1])
    return paths


def drawn(explain, place):
    """Names and pictures, each of which is drawn when it is asked for."""
    count, all_of_them = len(explain), place is None
    if all_of_them or place == 0:
        yield from input_picture(explain)
    for step in explain.steps if all_of_them else [explain.step(place)] if place < count else []:
        if not all_of_them or step.facts.kind in MAPS:
            yield from layer_pictures(explain, step)
    if place == count or all_of_them and explain.classes and len(explain.steps) == count:
        yield answers(explain)
    if place == count + 1 or all_of_them and explain.gradients:
        yield from way_back(explain)


def input_picture(explain):
    """The photograph beside the network's input; the input alone if there is no photograph."""
    x = ops.to_host(explain.x)
    if x.ndim == 4 and x.shape[1] in (1, 3):
        yield "00-input", (plots.feature_maps(x[0], explain.say("picture.input")) if explain.picture is None else
                           plots.picture_and_input(explain.picture, x, explain.order))


def layer_pictures(explain, step):
    """Of a convolution that sees the picture its filters; the maps of a layer, or its row of numbers as one map."""
    facts, start = step.facts, f"{step.number:02}-{step.facts.name}"
    if facts.kind == "Conv2D" and facts.shape_in == explain.net.input_shape:
        yield f"{start}-filters", filters(explain, step)
    row = explain.say("picture.row", count=facts.activations) if step.y.ndim != 4 else ""
    yield start, plots.feature_maps(as_maps(step.y[0]), f"{facts.name}: {facts.expression}{row}{untrained(explain)}")


def filters(explain, step):
    """The filters in the order of the picture's colours: red, green, blue."""
    w = ops.to_host(step.layer.w)
    w = w[:, ::-1] if explain.order == "BGR" and w.shape[1] == 3 else w
    return plots.filters(w, f"{step.facts.name}: {step.facts.expression}{untrained(explain)}")


def as_maps(y):
    """(C, H, W) as it is; any other shape as one map, as nearly square as its size allows."""
    if y.ndim == 3:
        return y
    rows = next(rows for rows in range(int(y.size ** 0.5), 0, -1) if y.size % rows == 0)
    return y.reshape(1, rows, -1)


def answers(explain):
    """The best classes beside the photograph."""
    names = [explain.name(label) for label in range(explain.classes)]
    title = explain.say("picture.five" if explain.classes > 5 else "picture.classes", weights=untrained(explain))
    return (f"{len(explain) + 1:02}-probabilities",
            plots.probabilities(explain.probabilities(), names, title, explain.picture))


def way_back(explain):
    """The gradient of every parameter, in the order of the network."""
    back = explain.gradients or explain.backward()
    lengths = {f"{each.name}.{name}": value for each in reversed(back.gradients)
               for name, value in each.parameters.items()}
    if lengths:
        title = explain.say("picture.gradients", name=explain.name(back.label), weights=untrained(explain))
        yield f"{len(explain) + 2:02}-gradients", plots.gradient_norms([*lengths], np.array([*lengths.values()]), title)


def untrained(explain):
    return explain.say("picture.random") if explain.random else ""
