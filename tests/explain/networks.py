"""Networks to walk through."""
import numpy as np

import npnet
from npnet import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                   Network, ReLU, Sigmoid, Softmax, Tanh)
from npnet.explain.walk import Explain
from npnet.layers import Concat


def every_class(dtype=np.float64):
    """A network that has every class of layer at least once, odd in every way that a layer can be."""
    return Network((4, 23, 17), seed=3, dtype=dtype,
                   conv1=Conv2D(12, (5, 3), stride=2, pad=1, groups=2, ceil_mode=True, init="torch"), relu1=ReLU(),
                   norm1=LRN(n=5, alpha=0.7, groups=2), norm2=LRN(n=3, alpha=0.7, convention="caffe"),
                   pool1=MaxPool((3, 2), 2, pad=1, ceil_mode=True), within1=LRNWithin(n=3, alpha=0.7),
                   conv2=Conv2D(6, 3, pad=1, init="he"), tanh2=Tanh(), batchnorm2=BatchNorm(), paths2=paths(),
                   pool2=AvgPool(3, 2, pad=1, ceil_mode=True), pool3=AvgPool(2, 1, count_include_pad=False),
                   sigmoid3=Sigmoid(), avgpool=AdaptiveAvgPool((3, 2)), flatten=Flatten(), fc4=Dense(11, init="he"),
                   batchnorm4=BatchNorm(), drop4=Dropout(0.2), fc5=Dense(7, init="torch"), softmax=Softmax())


def paths():
    """A Concat of three paths: a convolution, pooling and a convolution, and what came in."""
    return Concat([dict(one=Conv2D(4, 1, init="he"), relu_one=ReLU()),
                   dict(most=MaxPool(3, 1, pad=1), three=Conv2D(8, 3, pad=1, groups=2, init="he"), norm=BatchNorm(),
                        tanh=Tanh()),
                   dict()])


def branched(classes=5):
    """A network with two Concats, one after the other, that ends in a mean over whole maps, as SqueezeNet does."""
    return Network((3, 21, 21), conv1=Conv2D(8, 3, stride=2, init="he"), relu1=ReLU(), fire2_squeeze1x1=Conv2D(4, 1, init="he"),
                   relu2=ReLU(), fire2=paths(), fire3=paths(), drop4=Dropout(0.5), conv4=Conv2D(classes, 1, pad=1, init="he"),
                   relu4=ReLU(), pool4=AdaptiveAvgPool(1), flatten=Flatten())


def small(last=Dense(5, init="torch")):
    """Four layers that a test may walk through in no time."""
    return Network((3, 9, 9), conv1=Conv2D(4, 3, init="torch"), relu1=ReLU(), flatten=Flatten(),
                   fc2=type(last)(**npnet.layers.arguments(last)))


def walked(net, random, **options):
    return Explain(net, random.standard_normal((1, *net.input_shape)).astype(net.dtype), **options)


def moved(net, random):
    """The network with statistics and parameters that are not 0 and 1 any more."""
    for array in (net.params() | net.state()).values():
        array += random.uniform(0.1, 0.5, array.shape)
    return net
