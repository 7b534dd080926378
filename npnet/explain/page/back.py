"""The way back that the page shows: gradients of the logits of the best classes."""
import numpy as np

from ..insight import contributions, gradients
from .pack import plain

CLASSES = 5
SMALL = 50_000                  # numbers: gradients of dense layers, and of the last maps, cost little


def add_backward(blobs, explain, layers, most, wanted):
    """Adds the gradients of the best classes to the layers' data; returns what the page needs beside: a dictionary.

    Every layer gets one map a class: over its channels the sum of the gradients' absolute values. All are kept in
    8 bits, with one scale a class. In full go the gradients of the convolutions' outputs and the small ones, up to
    `most` letters, and of all other layers, the smallest first, up to `wanted`. A network that ends in maps, or has a
    layer without a backward, says why.
    """
    if not explain.classes:
        return {"why": "maps_only"}
    try:
        sents = [gradients(explain, answer.label) for answer in explain.best(CLASSES)]
    except Exception as error:                              # a layer of the user's own may raise anything
        return {"why": "none", "error": str(error) or type(error).__name__}
    names = {layer["name"]: layer for layer in layers}
    stacks = {name: np.concatenate([sent.outputs[name] for sent in sents]) for name in sents[0].outputs}
    for name, stack in stacks.items():
        if stack.ndim == 4:
            names[name]["back_map"] = blobs.add_scaled(np.abs(stack).sum(axis=1), 1, "i1", most)
    found = of_picture(blobs, explain, sents, most)
    order = sorted(stacks, key=lambda name: (names[name]["kind"] != "Conv2D", stacks[name].size))
    for name in order:
        limit = most if names[name]["kind"] == "Conv2D" or stacks[name].size <= SMALL else wanted
        names[name]["back"] = blobs.add_scaled(stacks[name], 1, "i1", limit)
        if names[name]["back"] is None and names[name]["kind"] == "Conv2D":
            names[name]["left_out_back"] = True
    return {"classes": [{"label": sent.label, "logit": plain(sent.logit)} for sent in sents], **found}


def of_picture(blobs, explain, sents, most):
    """The gradients of the input, and gradient times input: a map each a class, and the sums of the latter."""
    if explain.x.ndim != 4:
        return {}
    sizes = np.concatenate([np.abs(sent.input).sum(axis=1) for sent in sents])
    shares = np.stack([contributions(explain, sent.input) for sent in sents])
    return {"input_map": blobs.add_scaled(sizes, 1, "i1", most), "shares": blobs.add_scaled(shares, 1, "i1", most),
            "sums": [plain(each.sum()) for each in shares]}
