"""A network as plain data, so that processes of their own can build the same one."""
import json

from ..layers import LAYERS, rng
from ..network import Network, every_layer, made, plain
from ..screen import listed

LR = 1e-12          # of every step: so small that a thousand steps on one batch leave the weights what they are
UPDATE = "update"   # the name of the optimizer's part, in a row with the layers
BRIGHT = 64         # deviation of the pixels: that of photographs from 0 to 255, less their mean


def plan_of(net):
    """The plan of a network: what `built` needs. ValueError for a network whose steps cannot be measured."""
    for name, layer in every_layer(net.layers).items():
        if type(layer) is not LAYERS.get(type(layer).__name__):
            raise ValueError(f"{name} is a {type(layer).__name__}, a layer of your own: bench measures networks of "
                             f"npnet's layers, {', '.join(LAYERS)}")
    if len(list(net.shapes.values())[-1]) != 1:
        raise ValueError(f"bench measures training steps, which need an output (N, classes), but this network's is "
                         f"(N, {', '.join(map(str, list(net.shapes.values())[-1]))}); end it in Flatten() and "
                         f"Dense(classes)")
    if net.frozen or net.first_trained() is None:
        raise ValueError(f"bench measures training steps of whole networks, but {listed(sorted(net.frozen))} "
                         f"{'is' if len(net.frozen) == 1 else 'are'} frozen" if net.frozen else
                         "bench measures training steps, but this network has nothing to train")
    plan = net.architecture() | {"dtype": "float32", "shapes": list(net.shapes.values())}
    return json.loads(json.dumps(plan, default=plain))


def built(plan):
    """The network of a plan, with the first weights of its seed."""
    layers = {name: made(name, kind, given, LAYERS) for name, kind, given in plan["layers"]}
    return Network(tuple(plan["input_shape"]), plan["seed"], plan["dtype"], **layers)


def pictures(plan, batch):
    """The batch that every process measures: x float32 (batch, *input_shape) like bright pixels, labels (batch,)."""
    draw, classes = rng(plan["seed"], "bench", batch), plan["shapes"][-1][0]
    x = draw.standard_normal((batch, *plan["input_shape"]), "float32")
    x *= BRIGHT
    return x, draw.integers(0, classes, batch)


def trained_layers(net):
    """The names of the layers that a step runs backward, in order; of the first of them it needs no dx."""
    names = list(net.layers)
    return names[names.index(net.first_trained()):] if net.first_trained() else []
