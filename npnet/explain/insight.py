"""What a class owes to what: functions of an Explain and a class.

    sent = gradients(explain, label)        # of the class's logit, with respect to every layer's output
    sent.outputs["conv2"]                   # (1, 256, 27, 27)
    contributions(explain, sent.input)      # gradient times input, (H, W): what each pixel contributed

The logit is the number that a class has before the softmax. Its gradient says how much the logit grows when a number
grows a little. Gradient times input shares the logit out over the pixels. For a network of convolutions, ReLU,
max-pooling and dense layers without biases the shares add up to the logit exactly; biases, LRN, batch normalisation,
tanh and sigmoid make a difference, so the sum is printed beside the logit.
"""
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import Softmax
from ..network import check_finite


@dataclass
class Sent:
    """The gradients of one class's logit. outputs: {layer: gradient of its output}; a Softmax at the end has none."""

    label: int
    logit: float
    outputs: dict
    input: np.ndarray


def gradients(explain, label):
    """The gradients of the logit of class `label` with respect to the outputs of all layers and the input: a Sent.

    Runs all layers, then one backward pass. The layers must still remember this picture: do not run the network on
    another one before. ValueError if the network ends in maps or has no such class.
    """
    explain.last()
    if not 0 <= label < explain.classes:
        raise ValueError(explain.say("error.label", last=explain.classes - 1, label=label))
    steps = list(explain)
    if isinstance(steps[-1].layer, Softmax):
        steps.pop()
    logits = steps[-1].y if steps else ops.to_host(explain.x)
    dy = np.zeros_like(logits)
    dy[0, label] = 1
    sent = Sent(label, float(logits[0, label]), {}, None)
    for step in reversed(steps):
        sent.outputs[step.facts.name] = dy
        dy = ops.to_host(step.layer.backward(ops.to_device(dy)))
        check_finite(f"{step.facts.name}: the gradient of its input", dy)
    sent.input = dy
    return sent


def contributions(explain, dx):
    """Gradient times input, summed over the channels: dx (1, C, H, W) -> (H, W)."""
    return (dx[0].astype(np.float64) * ops.to_host(explain.x)[0]).sum(axis=0)
