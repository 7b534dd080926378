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

MAPS = ("Conv2D", "MaxPool", "AvgPool", "AdaptiveAvgPool")


def save(explain, folder, place=None):
    """Writes the pictures of a walk into `folder` and returns their paths.

    place None: the input, and of the layers that have run the convolutions and poolings; with all of
    them the answers, and with a backward pass its gradients. A number: those of that page only, a
    layer (0 is the first), the answers or the way back.
    """
    paths = []
    for name, draw in chosen(explain, place):
        paths.append(Path(folder) / f"{re.sub('[^a-zA-Z0-9_.-]', '_', name)}.png")
        plots.save(draw(), paths[-1])
    return paths


def chosen(explain, place):
    """Names of pictures and the functions that draw them."""
    count = len(explain)
    if place is not None and place < count:
        return layer_pictures(explain, explain.step(place), place == 0)
    if place is not None:
        return answers(explain) if place == count else way_back(explain)
    found = input_picture(explain)
    for step in explain.steps:
        if step.facts.kind in MAPS:
            found += layer_pictures(explain, step, False)
    if len(explain.steps) == count and explain.classes:
        found += answers(explain)
    return found + (way_back(explain) if explain.gradients else [])


def input_picture(explain):
    """The photograph beside the network's input; the input twice if there is no photograph."""
    x = ops.to_host(explain.x)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        return []
    picture = explain.picture
    if picture is None:
        return [("00-input", lambda: plots.feature_maps(x[0], "the input"))]
    return [("00-input", lambda: plots.picture_and_input(picture, x, explain.order))]


def layer_pictures(explain, step, with_input):
    """The maps of a layer, or its row of numbers as one map; of a convolution that sees the picture its filters."""
    facts, found = step.facts, input_picture(explain) if with_input else []
    start = f"{step.number:02}-{facts.name}"
    if facts.kind == "Conv2D" and facts.shape_in == explain.net.input_shape:
        found.append((f"{start}-filters", lambda: filters(explain, step)))
    row = f", its {facts.activations} numbers line by line" if step.y.ndim != 4 else ""
    title = f"{facts.name}: {facts.expression}{row}{untrained(explain)}"
    return found + [(start, lambda: plots.feature_maps(as_maps(step.y[0]), title))]


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
    title = "The most probable classes" + untrained(explain)
    return [(f"{len(explain) + 1:02}-probabilities", lambda: plots.probabilities(
        explain.probabilities(), names, title, explain.picture))]


def way_back(explain):
    """The gradient of every parameter, in the order of the network."""
    back = explain.gradients or explain.backward()
    lengths = {f"{each.name}.{name}": value for each in reversed(back.gradients)
               for name, value in each.parameters.items()}
    if not lengths:
        return []
    title = f"Gradients of the loss for {explain.name(back.label)}{untrained(explain)}"
    return [(f"{len(explain) + 2:02}-gradients", lambda: plots.gradient_norms(
        list(lengths), np.array(list(lengths.values())), title))]


def untrained(explain):
    return " (random weights)" if explain.random else ""
