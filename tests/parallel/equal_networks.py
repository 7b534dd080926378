"""Small networks with every kind of layer, and their training by a team of ranks or by one process, to be compared."""
import numpy as np

from squares import PIPELINE, pictures

import npnet
from npnet import parallel
from npnet.data import Loader
from npnet.fit import answers
from npnet.fit.team import ALONE
from npnet.train import evaluate, train


class Doubles:
    """A loader of one's own, whose batches are float64."""

    def __init__(self, loader):
        self.loader = loader

    def epoch(self, number, first=0):
        for x, labels in self.loader.epoch(number, first):
            yield x.astype(np.float64), labels


# ---------------------------------------------------------------------------- networks

def every_layer(dtype=np.float32):
    """Groups, both LRNs, all pools, all activations, dropout."""
    return npnet.Network(
        (3, 8, 8), dtype=dtype,
        conv1=npnet.Conv2D(8, 3, pad=1, init="he"), relu1=npnet.ReLU(), norm1=npnet.LRN(k=2, alpha=0.1, groups=2),
        pool1=npnet.MaxPool(3, 2, ceil_mode=True), conv2=npnet.Conv2D(8, 3, pad=1, groups=2, init="he"), tanh2=npnet.Tanh(),
        within2=npnet.LRNWithin(3, alpha=0.1), pool2=npnet.AvgPool(2, 1), avgpool=npnet.AdaptiveAvgPool(2),
        flatten=npnet.Flatten(), drop3=npnet.Dropout(0.2), fc3=npnet.Dense(6, init="he"), sigmoid3=npnet.Sigmoid(),
        drop4=npnet.Dropout(0.5), fc4=npnet.Dense(3, std=0.1))


def batch_norm(dtype=np.float32):
    """Batch normalisation of pictures: first of all, and after a convolution."""
    return npnet.Network(
        (3, 8, 8), dtype=dtype, norm0=npnet.BatchNorm(),
        conv1=npnet.Conv2D(6, 3, pad=1, init="he"), norm1=npnet.BatchNorm(momentum=0.3), relu1=npnet.ReLU(),
        pool1=npnet.MaxPool(3, 2), flatten=npnet.Flatten(), fc2=npnet.Dense(8, init="he"), relu2=npnet.ReLU(),
        drop2=npnet.Dropout(0.2), fc3=npnet.Dense(3, init="he"))


def flat_batch_norm(dtype=np.float32):
    """Batch normalisation of numbers, of which each picture has one a channel."""
    return npnet.Network(
        (3, 8, 8), dtype=dtype, conv1=npnet.Conv2D(4, 3, init="he"), flatten=npnet.Flatten(), norm1=npnet.BatchNorm(),
        fc2=npnet.Dense(8, init="he"), norm2=npnet.BatchNorm(), relu2=npnet.ReLU(), fc3=npnet.Dense(3, init="he"))


def paths(dtype=np.float32):
    """A Concat in a Concat, with batch normalisation and dropout inside, and a path that hands its input on."""
    inner = npnet.Concat([dict(narrow=npnet.Conv2D(2, 1, init="he"), norm=npnet.BatchNorm()), dict(drop=npnet.Dropout(0.3))])
    return npnet.Network(
        (3, 8, 8), dtype=dtype, conv1=npnet.Conv2D(4, 3, stride=2, init="he"),
        fire=npnet.Concat([dict(one=npnet.Conv2D(3, 1, init="he"), relu=npnet.ReLU()), {},
                           dict(three=npnet.Conv2D(3, 3, pad=1, init="he"), normed=npnet.BatchNorm(), inner=inner)]),
        relu2=npnet.ReLU(), avgpool=npnet.AdaptiveAvgPool(1), flatten=npnet.Flatten(), fc3=npnet.Dense(3, init="he"))


def frozen(dtype=np.float32):
    """Layers that are not trained: the first ones, with batch normalisation, and one between others."""
    net = batch_norm(dtype)
    net.freeze("norm0", "conv1", "norm1", "fc2")
    return net


# {name: (network, pictures)}; of batches of 7 the last one has 1 or 2
CASES = {"every layer": (every_layer, 22), "batch norm": (batch_norm, 22), "flat batch norm": (flat_batch_norm, 23),
         "paths": (paths, 22), "frozen": (frozen, 22)}


# ---------------------------------------------------------------------------- training

def optimizer_of(case):
    """Momentum, decay, clipping that clips, and both forms."""
    return npnet.SGD(0.05, momentum=0.9, weight_decay=0.01, bias_lr=2, clip=0.5, form="torch" if case == "paths" else "paper")


def loaders(count, dtype=np.float32):
    """Batches of 7 to train on, and to evaluate on."""
    made = (Loader(pictures(count), 7, PIPELINE, workers=0), Loader(pictures(10, seed=1), 7, PIPELINE, train=False, workers=0))
    return made if dtype == np.float32 else tuple(map(Doubles, made))


def trained(case, dtype=np.float32, team=ALONE):
    """{what: array} of everything that a training leaves, step by step: by the ranks of a team, or by one process."""
    make, count = CASES[case]
    net, optimizer = make(dtype), optimizer_of(case)
    loader, held = loaders(count, dtype)
    model, loader, held = team.network(net), team.loader(loader), team.loader(held)
    left = {}
    for step in train(model, optimizer, loader.epoch(1)):
        left |= {f"{step.number} loss": np.array(step.loss), f"{step.number} logits": step.logits.copy(),
                 f"{step.number} labels": step.labels.copy()}
        left |= {f"{step.number} gradient of {name}": array.copy() for name, array in model.grads().items()}
    left["evaluation"] = np.array(evaluate(model, held.epoch(0)))
    for count in (10, 2) if dtype == np.float32 else ():                 # of 2 pictures not every rank has one
        left[f"answers for {count}"] = answers([(net, PIPELINE)], pictures(count, seed=2), ten=True, batch=30, workers=0, team=team)
    left |= {f"velocity of {name}": v for name, v in optimizer.velocity.items()}
    return left | {f"weights {name}": array.copy() for name, array in net.params().items()} \
        | {f"state {name}": array.copy() for name, array in net.state().items()}


# what is trained: (case, dtype, shards), without shards to be equal to rounding and with them to the last bit
TO_ROUNDING = [*((case, "float64", None) for case in CASES), ("every layer", "float32", None), ("paths", "float32", None)]
TO_THE_BIT = [*((case, "float32", 4) for case in CASES), ("every layer", "float32", 6), ("paths", "float32", 6)]


def everything():
    """{(case, dtype, shards): what its training leaves} on this rank."""
    npnet.use("numpy")
    return {(case, dtype, shards): trained(case, np.dtype(dtype), parallel.here(shards))
            for case, dtype, shards in TO_ROUNDING + TO_THE_BIT}
