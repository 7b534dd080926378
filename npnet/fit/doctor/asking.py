"""How a network is asked: as at test in validation, and as in training. What a layer does otherwise is found here."""
import numpy as np

from ...backend import ops
from ...layers import BatchNorm, Dropout
from ...network import every_layer
from ...screen import listed
from .finding import Finding
from .shares import ERRORS, GAP, error
from .twin import Twin, ours

SOME = 32                   # pictures that layers of one's own are asked twice about


def asked_in_training(net, shares):
    """The finding on npnet's layers that did in validation, the last that they were asked, what they do in training."""
    layers = {name: layer for name, layer in every_layer(net.layers).items() if ours(layer)}
    norms = [name for name, layer in layers.items() if isinstance(layer, BatchNorm) and layer.train]
    drops = [name for name, layer in layers.items() if isinstance(layer, Dropout) and layer.mask is not None]
    if not norms and not drops:
        return None
    what = [f"{listed(norms)} took the statistics of the batch itself"] if norms else []
    what += [f"{listed(drops)} threw numbers away"] if drops else []
    return Finding("asked-in-training", "validation", f"{shares}, and validation was answered as in training: "
                   f"{' and '.join(what)}", "validate with npnet.train.evaluate, or with net.forward(x) without "
                   "train=True", 0.9, alone=True)


def random_at_test(net, recent):
    """The finding on a layer of one's own that gives two answers about the same pictures, as at test; or that still
    does what npnet's layer does in training only."""
    if not recent.batches or all(map(ours, every_layer(net.layers).values())):
        return None
    x, labels = recent.batches[-1][0][:SOME], recent.batches[-1][1][:SOME]
    try:
        with Twin(net, x, labels) as twin, np.errstate(all="ignore"):
            twin.chance.repeat()
            one, other = twin.x.copy(), twin.x.copy()
            for name, layer in twin.layers.items():
                if isinstance(layer, BatchNorm):
                    layer.train = False                         # what it is after a forward, that forward has made it
                elif isinstance(layer, Dropout):
                    layer.mask = None
                one, other = layer.forward(one.copy()), layer.forward(other.copy())
                trains = getattr(layer, "train", False) if isinstance(layer, BatchNorm) else \
                    isinstance(layer, Dropout) and getattr(layer, "mask", None) is not None
                if trains or not np.array_equal(ops.to_host(one), ops.to_host(other), equal_nan=True):
                    break
            else:
                return None
    except ValueError:                                          # a network that has no twin
        return None
    how = "takes the statistics of the batch, or throws numbers away, with train=False, too" if trains else \
        "gives two answers about the same pictures with train=False"
    return Finding("test-differs", name, f"it {how}, so validation says too little of this network",
                   "see what its forward does where train is False", 0.95, alone=True)


def test_differs(net, recent, now, shares):
    """The finding on a network that is right of training pictures as in training and wrong as at test, with the same
    weights; None where it is not."""
    x, labels = (np.concatenate([ops.to_host(batch[index]) for batch in recent.batches]) for index in (0, 1))
    try:
        with Twin(net, ops.to_device(x), labels) as twin, np.errstate(all="ignore"):
            trained = right(twin.forward(), labels)
            if trained - now.right <= max(GAP, ERRORS * error(now.right, len(labels))):
                return None
            without = {name: right_without(twin, net, name, labels) for name in twin.layers}
    except ValueError:                                          # a network that has no twin
        return None
    worst = min(without, key=without.get)
    found = trained - without[worst] > (trained - now.right) / 2
    where = worst if found else "validation"
    says = f"{shares}. With the weights of now, {trained:.0%} of {len(labels):,} training pictures are right as in " \
           f"training and {now.right:.0%} as at test"
    says += f", and {without[worst]:.0%} with only {worst} as at test" if found else ""
    return Finding("test-differs", where, says, f"compare what {'it' if found else 'each layer'} does with train=True "
                   f"and with train=False", 0.9, alone=True)


def right_without(twin, net, name, labels):
    """The share of right answers with one layer as at test, and the others as in training."""
    twin.chance.repeat()
    x = twin.x.copy()
    for each, layer in twin.layers.items():
        x = layer.forward(x.copy()) if each == name else twin.one(each, layer, x)
    return right(x, labels)


def right(logits, labels):
    """The share of right answers."""
    return float((ops.to_host(logits).argmax(axis=1) == labels).mean())
