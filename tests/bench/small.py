"""Small networks, and what the tests of bench share."""
from npnet import Network
from npnet.layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                          MaxPool, ReLU, Sigmoid, Tanh)


def tiny(seed=0, **changed):
    """Two towers with LRN, pooling, dropout: a small AlexNet, on pictures of 3 x 11 x 11."""
    layers = dict(conv1=Conv2D(4, 3, stride=2, init="he"), relu1=ReLU(), norm1=LRN(groups=2), pool1=MaxPool(3, 2),
                  conv2=Conv2D(6, 3, pad=1, groups=2), relu2=ReLU(), flatten=Flatten(), drop3=Dropout(0.5), fc3=Dense(5))
    return Network((3, 11, 11), seed, **layers | changed)


def within():
    return Network((3, 12, 10), conv1=Conv2D(4, (3, 5), stride=4, pad=1, ceil_mode=True, init="he"), tanh1=Tanh(),
                   within1=LRNWithin(n=3, alpha=0.9), pool1=AvgPool(2, 1, count_include_pad=False), flatten=Flatten(), fc2=Dense(3))


def normed():
    return Network((2, 9, 9), conv1=Conv2D(4, 3, init="torch"), norm1=BatchNorm(), relu1=ReLU(), pool1=MaxPool(3, 2, 1, True),
                   pool2=AdaptiveAvgPool((2, 3)), flatten=Flatten(), fc2=Dense(6), norm2=BatchNorm(), relu2=ReLU(),
                   fc3=Dense(4), sigmoid3=Sigmoid())


def branched():
    return Network((3, 9, 9), conv1=Conv2D(4, 3), paths=Concat([
        dict(one=Conv2D(2, 1, init="he"), relu=ReLU()), dict(three=Conv2D(3, 3, pad=1, init="he"), norm=BatchNorm())]),
        flatten=Flatten(), fc2=Dense(3))


# Networks that together hold every layer, every convention of LRN, and sizes that are rounded up.
EVERY_LAYER = {"tiny": tiny, "within": within, "normed": normed, "branched": branched} | {
    f"LRN {convention}": lambda convention=convention: tiny(norm1=LRN(n=3, alpha=0.01, convention=convention))
    for convention in ("paper", "original", "caffe", "torch")}
