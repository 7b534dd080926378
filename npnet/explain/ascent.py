"""The picture that excites a channel most: uphill from noise.

    x = excite(net, "conv5", 12, *limits(pipeline))     # (C, H, W), as the network reads it
    pixels(x, pipeline)                                 # uint8 (H, W, C)

The backward pass that trains the weights gives the picture's gradient, too. So the picture can be trained: a step
uphill, and again. Without help it fills with the finest patterns that no photograph has. A blur now and then takes
them away, and the pixels are kept between black and white (Simonyan and others 2013; Yosinski and others 2015).
"""
import numpy as np

from ..backend import ops
from ..layers import Layer, ReLU, rng
from .insight import known_channel, logits_of, paths, up_to
from .words import Said


def excite(net, layer, channel, black=0.0, white=1.0, steps=80, rate=0.04, blur=0.8, every=4, seed=0,
           progress=None):
    """The picture that a channel of a layer answers to most, (C, H, W): `steps` steps of gradient ascent from noise.

    layer None: the logits, of which channel is the class. What grows is the mean of the channel's map, before a ReLU
    behind the last weights. black, white: numbers or arrays (C, H, W) that the pixels stay between (patches.limits).
    rate: of the way from black to white in a step; blur: pixels of the Gaussian, after every `every` steps but the
    last ones. progress(done, total) is called after each step. It does not show what the channel answers to in
    photographs: other noise and another blur give another picture.
    """
    layer = logits_of(net) if layer is None else net.known(layer)
    channel, part = known_channel(net, layer, channel), without_last_relu(up_to(net, layer))
    black, white = (np.broadcast_to(np.asarray(side, np.float64), net.input_shape) for side in (black, white))
    draw = rng(seed, "excite", layer, channel)
    x = (black + white) / 2 + 0.1 * (white - black) * draw.standard_normal(net.input_shape)
    for step in range(steps):
        slope = uphill(part, x, channel)
        size = np.sqrt(np.mean(slope ** 2))
        if size == 0:
            raise ValueError(Said("see.silent", layer=layer, channel=channel))
        x = np.clip(x + rate * (white - black) * np.clip(slope / size, -3, 3), black, white)
        if blur and step % every == 0 and step < steps - every:
            x = blurred(x, blur)
        if progress:
            progress(step + 1, steps)
    return x.astype(net.dtype)


def uphill(part, x, channel):
    """The gradient of the mean of a channel with respect to the picture, (C, H, W), in float64."""
    y = part.forward(ops.to_device(x[None].astype(part.dtype)))
    dy = np.zeros_like(y)
    dy[0, channel] = 1 / y[0, channel].size
    return ops.to_host(part.backward(dy))[0].astype(np.float64)


def without_last_relu(part):
    """The part of a network with each ReLU behind its last weights taken out: below 0 a ReLU has no slope."""
    without_relu(part.layers)
    return part


def without_relu(layers):
    """Takes the ReLU behind the last weights out of a chain of layers, {name: layer}; of each path at its end."""
    for name in reversed(layers):
        layer = layers[name]
        for path in paths(layer):
            without_relu(path)
        if layer.params():
            return
        if isinstance(layer, ReLU):
            layers[name] = Straight()


class Straight(Layer):
    """Hands everything on, both ways: takes the place of a layer that is to be left out."""

    def forward(self, x, train=False):
        return x

    def backward(self, dy, to_input=True):
        return dy


def blurred(x, sigma):
    """A picture (C, H, W) blurred by a Gaussian of `sigma` pixels; its edge is repeated outside."""
    reach = max(1, int(np.ceil(2 * sigma)))
    weights = np.exp(-np.arange(-reach, reach + 1) ** 2 / (2 * sigma ** 2))
    for axis in (1, 2):
        around = [(reach, reach) if axis == each else (0, 0) for each in range(3)]
        framed = np.moveaxis(np.pad(x, around, mode="edge"), axis, 0)
        moved = [w * framed[i:len(framed) - 2 * reach + i] for i, w in enumerate(weights / weights.sum())]
        x = np.moveaxis(sum(moved), 0, axis)
    return x
