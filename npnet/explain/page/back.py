"""The way back that the page shows: gradients of the logits of the best classes."""
import numpy as np

from ...backend import ops
from ..insight import contributions, gradients
from .pack import plain

CLASSES = 5
SMALL = 50_000                  # numbers: gradients of dense layers, and of the last maps, cost little
THROUGH = ("Conv2D", "ReLU", "MaxPool", "LRN", "BatchNorm", "Dropout", "Concat")     # the page knows their backward


def add_backward(blobs, explain, layers, most, wanted):
    """Adds the gradients of the best classes to the layers' data; returns what the page needs beside: a dictionary.

    Every layer gets one map a class: over its channels the sum of the gradients' absolute values. All are kept in 8
    bits, with one scale a class. In full go the gradients of the convolutions' outputs and the small ones, up to `most`
    letters, and of all other layers, the smallest first, up to `wanted`. Where the page computes convolutions, it has
    their filters exactly, and is left all large gradients that it can compute. A network that ends in maps, or has a
    layer without a backward, says why.
    """
    if not explain.classes:
        return {"why": "maps_only"}
    try:
        sents = [with_inside(explain, gradients(explain, answer.label)) for answer in explain.best(CLASSES)]
    except Exception as error:                              # a layer of the user's own may raise anything
        return {"why": "none", "error": str(error) or type(error).__name__}
    names = {layer["name"]: layer for layer in layers}
    stacks = {name: np.concatenate([sent.outputs[name] for sent in sents]) for name in sents[0].outputs}
    for name, stack in stacks.items():
        if stack.ndim == 4:
            names[name]["back_map"] = blobs.add_scaled(np.abs(stack).sum(axis=1), 1, "i1", most)
    found = of_picture(blobs, explain, sents, most)
    left = left_to_the_page(layers)
    order = sorted(stacks, key=lambda name: (names[name]["kind"] != "Conv2D", stacks[name].size))
    for name in order:
        if name in left and stacks[name].size > SMALL:
            continue
        convolution = names[name]["kind"] == "Conv2D"
        limit = most if convolution or stacks[name].size <= SMALL else wanted
        names[name]["back"] = blobs.add_scaled(stacks[name], 1, "i1", limit)
        if names[name]["back"] is None and convolution:
            names[name]["left_out_back"] = True
    return {"classes": [{"label": sent.label, "logit": plain(sent.logit)} for sent in sents], **found}


def left_to_the_page(layers):
    """The names of the layers whose gradients the page can compute; none where it has no convolution to compute."""
    if not any(layer["kind"] == "Conv2D" and "array" not in layer for layer in layers):
        return set()
    readers = [[layer["kind"] for layer in layers if place in layer["from"]] for place in range(len(layers))]
    return {layer["name"] for layer, kinds in zip(layers, readers) if kinds and all(kind in THROUGH for kind in kinds)}


def with_inside(explain, sent):
    """The same Sent, with the gradients of the outputs of the layers inside every Concat."""
    for step in explain:
        if step.paths and step.facts.name in sent.outputs:
            add_inside(sent, step)
    return sent


def add_inside(sent, step):
    """Adds the gradients of one Concat's layers, from its own."""
    first, whole = 0, sent.outputs[step.facts.name]
    for path, channels in zip(step.paths, step.layer.channels):
        dy = np.ascontiguousarray(whole[:, first:first + channels])
        for each in reversed(path):
            sent.outputs[each.facts.name] = dy
            if each.paths:
                add_inside(sent, each)
            dy = ops.to_host(each.layer.backward(ops.to_device(dy)))
        first += channels


def of_picture(blobs, explain, sents, most):
    """The gradients of the input, and gradient times input: a map each a class, and the sums of the latter."""
    if explain.x.ndim != 4:
        return {}
    sizes = np.concatenate([np.abs(sent.input).sum(axis=1) for sent in sents])
    shares = np.stack([contributions(explain, sent.input) for sent in sents])
    return {"input_map": blobs.add_scaled(sizes, 1, "i1", most), "shares": blobs.add_scaled(shares, 1, "i1", most),
            "sums": [plain(each.sum()) for each in shares]}
