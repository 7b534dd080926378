"""What a trained network sees: functions of a network, a picture and a class, each a few lines of backward passes.

    saliency(net, x, label)                 # (H, W): how much the class's logit changes with each pixel
    guided_backprop(net, x, label)          # (C, H, W): the same, with a ReLU that lets only what helps go back
    grad_cam(net, x, label)                 # (H, W): where the last maps hold what speaks for the class
    occlusion_map(net, x, label)            # (H, W): how much the logit falls when a grey square covers a place
    deconvolution(net, x, "conv5", 12)      # (C, H, W): what in the picture made a channel answer most

x is one picture as the network reads it, (1, C, H, W), on the host; the results are on the host, too. Nothing here
changes the network or what its layers remember: every function works on a copy that shares the arrays. The logit is
the number that a class has before the softmax; for a network that ends in a Softmax it is that layer's input.

`gradients` and `contributions`, at the end, do the same for an Explain, layer by layer: the page draws them.
"""
import copy
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import Conv2D, ReLU, Softmax
from ..network import check_finite
from .fields import Fields, fields
from .words import Said

BATCH = 32          # covered pictures that go through the network together


# ---------------------------------------------------------------------------- saliency, guided backprop

def saliency(net, x, label):
    """How much the logit of class `label` changes with each pixel: the largest gradient, in size, of its channels.

    x (1, C, H, W) -> (H, W). Simonyan, Vedaldi and Zisserman 2013. It does not show what is in the picture or whether
    a pixel speaks for or against the class, only to which pixels the answer is sensitive right here.
    """
    return np.abs(input_gradient(net, x, label)).max(axis=0)


def guided_backprop(net, x, label):
    """The gradient of the logit of class `label`, where every ReLU hands back only what is positive on both ways.

    x (1, C, H, W) -> (C, H, W). Springenberg and others 2014. It does not show why this class was chosen: it draws
    the edges that the layers answered to, and they look much the same for every class.
    """
    return input_gradient(net, x, label, {ReLU: GuidedReLU})


class GuidedReLU(ReLU):
    """A ReLU whose backward also drops the negative gradients."""

    def backward(self, dy, to_input=True):
        return super().backward(dy * (dy > 0))


class DeconvReLU(ReLU):
    """A ReLU whose backward is a ReLU of the gradient, whatever the input was: the deconvnet's."""

    def backward(self, dy, to_input=True):
        return dy * (dy > 0)


def input_gradient(net, x, label, swaps=None):
    """The gradient of a logit with respect to the picture, (C, H, W), on a copy of the network with `swaps`."""
    part = up_to(net, logits_of(net), swaps)
    logits = part.forward(given(net, x))
    return ops.to_host(part.backward(one_at(logits, (0, known_class(net, label)))))[0]


# ---------------------------------------------------------------------------- Grad-CAM

def grad_cam(net, x, label, layer=None):
    """Where the maps of a layer hold what speaks for class `label`: Grad-CAM, spread over the picture.

    x (1, C, H, W) -> (H, W), 0 and more. Every map is weighed by the mean of its gradient, the maps are added, and
    what is negative is dropped. layer: whose maps (None: `last_maps`). Selvaraju and others 2016. It does not show
    anything finer than the windows that this layer sees, nor what speaks against the class.
    """
    layer = last_maps(net) if layer is None else net.known(layer)
    maps, gradient = at_layer(net, x, label, layer)
    weights = gradient.mean(axis=(1, 2), keepdims=True)                 # (C, 1, 1)
    return spread(np.maximum((weights * maps).sum(axis=0), 0), fields(net, layer), net.input_shape)


def at_layer(net, x, label, layer):
    """The maps of a layer and the gradient of a logit with respect to them, both (C, P, Q)."""
    front, back = up_to(net, layer), after(net, layer)
    maps = front.forward(given(net, x))
    if maps.ndim != 4:
        raise ValueError(Said("see.no_maps", layer=layer, shape=maps.shape[1:]))
    logits = back.forward(maps)
    return ops.to_host(maps)[0], ops.to_host(back.backward(one_at(logits, (0, known_class(net, label)))))[0]


def last_maps(net):
    """The layer that Grad-CAM looks at: the last convolution (or paths of them), with the ReLU behind it."""
    names = list(net.layers)
    found = [place for place, name in enumerate(names)
             if (isinstance(net.layers[name], Conv2D) or paths(net.layers[name])) and len(net.shapes[name]) == 3]
    if not found:
        raise ValueError(Said("see.no_convolution"))
    place = found[-1]
    if place + 1 < len(names) and isinstance(net.layers[names[place + 1]], ReLU):
        place += 1
    return names[place]


def spread(maps, seen: Fields, input_shape):
    """Maps (P, Q) over the picture, (H, W): every number at the middle of what it sees, straight lines between."""
    rows, columns = seen.middles()
    down, right = np.arange(input_shape[1]), np.arange(input_shape[2])
    wide = np.array([np.interp(right, columns, row) for row in maps])               # (P, W)
    return np.array([np.interp(down, rows, column) for column in wide.T]).T         # (H, W)


# ---------------------------------------------------------------------------- occlusion

def occlusion(net, x, label, size=None, stride=None, progress=None):
    """By how much the logit of class `label` falls when a square of zeros covers the picture, place by place.

    x (1, C, H, W) -> drops (P, Q), and the first row and the first column of every square: (P,) and (Q,). size: of
    the square (None: a fifth of the shorter side); stride: from one to the next (None: half of the size); the last
    ones end at the edge. progress(done, total) is called now and then. Zeiler and Fergus 2013. It does not show what
    two places say together, and a square that is strange to the network can change its answer by itself. Zeros are
    the mean colour where a mean is subtracted.
    """
    x = ops.to_host(given(net, x))
    size = max(1, min(x.shape[2:]) // 5) if size is None else size
    stride = max(1, size // 2) if stride is None else stride
    if not (1 <= size <= min(x.shape[2:]) and stride >= 1):
        raise ValueError(Said("see.square", size=size, stride=stride, rows=x.shape[2], columns=x.shape[3]))
    rows, columns = (places(side, size, stride) for side in x.shape[2:])
    part, label = up_to(net, logits_of(net)), known_class(net, label)
    whole = ops.to_host(part.forward(ops.to_device(x)))[0, label]
    squares, left = [(top, left) for top in rows for left in columns], []
    for first in range(0, len(squares), BATCH):
        covered = np.repeat(x, len(squares[first:first + BATCH]), axis=0)
        for picture, (top, start) in zip(covered, squares[first:first + BATCH]):
            picture[:, top:top + size, start:start + size] = 0
        left.append(ops.to_host(part.forward(ops.to_device(covered)))[:, label])
        if progress:
            progress(first + len(covered), len(squares))
    return (whole - np.concatenate(left)).reshape(len(rows), len(columns)), rows, columns


def occlusion_map(net, x, label, size=None, stride=None, progress=None):
    """`occlusion` spread over the picture, (H, W): for each pixel the mean of the squares that covered it."""
    size = max(1, min(net.input_shape[1:]) // 5) if size is None else size
    drops, rows, columns = occlusion(net, x, label, size, stride, progress)
    total, count = np.zeros((2, *net.input_shape[1:]))
    for p, q in np.ndindex(drops.shape):
        square = slice(rows[p], rows[p] + size), slice(columns[q], columns[q] + size)
        total[square] += drops[p, q]
        count[square] += 1
    return total / np.maximum(count, 1)


def places(side, size, stride):
    """Where squares of `size` begin along a side, so that the last one ends at its end."""
    return np.array(sorted({*range(0, side - size + 1, stride), side - size}))


# ---------------------------------------------------------------------------- deconvolution, feature maps, filters

def deconvolution(net, x, layer, channel, place=None):
    """What in the picture made one number of a layer large: it alone is sent back to the pixels by the deconvnet.

    x (1, C, H, W) -> (C, H, W). The largest number of the channel, or that at `place` (row, column), goes back
    through the transposed filters; max-pooling puts it where its maximum was; each ReLU drops what is negative on
    the way back. Zeiler and Fergus 2013. It does not show what the channel answers to in other pictures, and of this
    one only what kept this number positive, not what held it down.
    """
    part = up_to(net, net.known(layer), {ReLU: DeconvReLU})
    y = part.forward(given(net, x))
    index = strongest(ops.to_host(y), known_channel(net, layer, channel), place)
    dy = one_at(y, index)
    return ops.to_host(part.backward(dy * y[index]))[0]


def strongest(y, channel, place=None):
    """The index of the largest number of a channel of y (1, C, P, Q), or of the one at `place`; (0, m) of y (1, M)."""
    if y.ndim == 2:
        return 0, channel
    p, q = np.unravel_index(y[0, channel].argmax(), y.shape[2:]) if place is None else place
    return 0, channel, int(p), int(q)


def feature_maps(net, x, layer):
    """What a layer makes of one picture, (C, P, Q) or, of a dense layer, (M,).

    It does not show what a map means: only where, and how strongly, each filter answers.
    """
    return ops.to_host(up_to(net, net.known(layer)).forward(given(net, x)))[0]


def first_filters(net, order="RGB"):
    """The name of the first convolution, and its filters (K, C, R, S) in the order red, green, blue.

    order: that of the channels of the network's input. It does not show what deeper layers look for: their filters
    see maps, and are no pictures.
    """
    for name, layer in net.layers.items():
        if isinstance(layer, Conv2D):
            w = ops.to_host(layer.w)
            return name, w[:, ::-1] if order == "BGR" and w.shape[1] == 3 else w
    raise ValueError(Said("see.no_convolution"))


# ---------------------------------------------------------------------------- parts of a network

def paths(layer):
    """The parallel paths of a layer that has such; else none."""
    return getattr(layer, "paths", ())


def own(layer, swaps):
    """A layer with a memory of its own and the same arrays; of another class where swaps, {class: class}, says so."""
    if type(layer) in swaps:
        return swaps[type(layer)]()
    layer = copy.copy(layer)
    if paths(layer):
        layer.paths = [{name: own(inner, swaps) for name, inner in path.items()} for path in layer.paths]
    return layer


def remembering(part, swaps=None):
    """A part of a network, net[...:...], whose layers are all its own, those inside of paths too."""
    part.layers = {name: own(layer, swaps or {}) for name, layer in part.layers.items()}
    return part


def up_to(net, layer, swaps=None):
    """The network from its input up to `layer`, and with it."""
    names = list(net.layers)
    place = names.index(layer) + 1
    return remembering(net[:names[place]] if place < len(names) else net[:], swaps)


def after(net, layer):
    """The network behind `layer`, up to the logits."""
    names, last = list(net.layers), logits_of(net)
    place, end = names.index(layer) + 1, names.index(last) + 1
    if place >= end:
        raise ValueError(Said("see.last_layer", layer=layer))
    return remembering(net[names[place]:names[end]] if end < len(names) else net[names[place]:])


def logits_of(net):
    """The layer that makes the logits: the last one, but for a Softmax. ValueError if they are no row of classes."""
    names = list(net.layers)
    last = names[-2] if len(names) > 1 and isinstance(net.layers[names[-1]], Softmax) else names[-1]
    if len(net.shapes[last]) != 1:
        raise ValueError(Said("see.maps", shape=net.shapes[last]))
    return last


def given(net, x):
    """One picture as the network takes it, on its device and in its dtype. ValueError for more or fewer than one."""
    if getattr(x, "shape", None) != (1, *net.input_shape):
        came = getattr(x, "shape", type(x).__name__)
        raise ValueError(Said("see.one_picture", shape=(1, *net.input_shape), came=came))
    return ops.to_device(ops.to_host(x).astype(net.dtype))


def one_at(y, index):
    """Zeros like y, and 1 at one place."""
    dy = np.zeros_like(y)
    dy[index] = 1
    return dy


def known_class(net, label):
    """The number of a class. ValueError if the network has no such."""
    classes = net.shapes[logits_of(net)][0]
    if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or not 0 <= label < classes:
        raise ValueError(Said("error.label", last=classes - 1, label=label))
    return int(label)


def known_channel(net, layer, channel):
    """The number of a channel of a layer. ValueError if it has no such."""
    count = net.shapes[net.known(layer)][0]
    if isinstance(channel, bool) or not isinstance(channel, (int, np.integer)) or not 0 <= channel < count:
        raise ValueError(Said("see.channel", layer=layer, last=count - 1, channel=channel))
    return int(channel)


# ---------------------------------------------------------------------------- of an Explain, layer by layer

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
    """Gradient times input, summed over the channels: dx (1, C, H, W) -> (H, W).

    It shares the logit out over the pixels. For a network of convolutions, ReLU, max-pooling and dense layers without
    biases the shares add up to the logit exactly; biases, LRN, batch normalisation, tanh and sigmoid make a
    difference, so the sum is printed beside the logit.
    """
    return (dx[0].astype(np.float64) * ops.to_host(explain.x)[0]).sum(axis=0)
