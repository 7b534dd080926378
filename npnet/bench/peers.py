"""The same layers as others write them in NumPy: npnet beside its plainer backends and beside the textbooks' im2col.

    peers()         conv1, pool1, conv2 and conv3 of the paper's network, 16 pictures: a dictionary

The loops, which Python runs one multiply-add at a time, would take hours: a small piece of each layer is timed, and
multiplied by how much more work the whole layer is.
"""
from ..layers import Conv2D, Dense, Flatten, pair
from ..models import copied
from ..network import Network
from . import measure
from .measure import typical_layers, works
from .plan import plan_of
from .sides import started, turns
from .textbook import NAME

LAYERS = ("conv1", "pool1", "conv2", "conv3")
WHO = {"numpy": "numpy", NAME: NAME}            # beside npnet's side
PLACES = 5                                      # rows and columns of the output of a piece


def peers(net="krizhevsky2012", layers=LAYERS, batch=16, settings=None, tick=lambda: None):
    """Milliseconds of these layers: {"batch": ..., "rows": [{"layer", "way", "npnet", "numpy", "textbook", "loops",
    "loops_share", "ratio"}, ...]}. loops_share: how much of the layer's work the timed piece was; ratio: npnet's time
    over the textbooks'. ValueError for layers that cannot be measured.
    """
    settings = settings or measure.Settings()
    net = measure.network(net)
    names = measure.chosen(net, layers)
    pieces = {name: piece_of(net, name) for name in names}
    front = front_of(net, names[-1])
    with started(plan_of(front), {"npnet": settings.backend} | WHO, settings.threads) as sides:
        measure.check_same(sides, 2)
        found = turns(sides, settings.rounds, tick, settings.seconds, what="layers", batch=batch, names=names)
        versions = {name: side.versions for name, side in sides.items()}
    seconds, every = {name: typical_layers(times) for name, times in found.items()}, works(front, batch)
    loops = {}
    for name in names:
        loops[name] = loops_of(pieces[name], name, settings)
        tick()
    rows = []
    for name, ways in seconds["npnet"].items():
        for way, ours in ways.items():
            piece, work = loops[name][way]
            times = {who: 1000 * seconds[who][name][way] for who in WHO}
            share = work.operations / every[name, way].operations
            rows.append({"layer": name, "way": way, "npnet": 1000 * ours, **times, "loops": 1000 * piece / share,
                         "loops_share": share, "ratio": 1000 * ours / times[NAME], "unit": "ms"})
    return {"batch": batch, "threads": settings.threads, "rounds": settings.rounds, "versions": versions, "rows": rows}


def ticks(layers, settings):
    """How often `peers` calls its tick."""
    return (settings.rounds + 1) * (1 + len(WHO)) + len(layers)


def front_of(net, last):
    """The network up to and with a layer, closed by a small dense one, so that a step can be taken."""
    layers = {}
    for name, layer in net.layers.items():
        layers[name] = copied(layer)
        if name == last:
            break
    if len(net.shapes[last]) > 1:
        layers["flatten"] = Flatten()
    return Network(net.input_shape, net.seed, **layers, outputs=Dense(10))


def loops_of(piece, name, settings):
    """{way: (seconds, Work)} of one picture through a small piece of a layer, by the loops."""
    with started(plan_of(piece), {"loops": "loops"}, settings.threads) as sides:
        found = turns(sides, 1, seconds=settings.seconds, what="layers", batch=1, names=[name])
    seconds, every = typical_layers(found["loops"])[name], works(piece, 1)
    return {way: (seconds[way], every[name, way]) for way in seconds}


def piece_of(net, name):
    """A network whose layer `name` is that of net with one filter in each group, on a picture of a few windows."""
    layer, names = copied(net[name]), list(net.layers)
    if not hasattr(layer, "stride"):
        raise ValueError(f"peers are measured on convolutions and pooling, but {name} is {layer}")
    before = names.index(name)
    channels = (net.shapes[names[before - 1]] if before else net.input_shape)[0]
    rows, columns = (max(size - 2 * layer.pad, 1) + (PLACES - 1) * layer.stride for size in pair(layer.size))
    if isinstance(layer, Conv2D):
        layer.filters = layer.groups
    first = {} if before == 0 else {"before": Conv2D(channels, 1)}      # so that the layer has a dx, as in net
    return Network((channels, rows, columns), net.seed, **first, **{name: layer}, flatten=Flatten(), outputs=Dense(2))
