"""Which network expects which pictures: a table, and a picture made the numbers that a version was made for.

    x, order, words = prepare(picture, "caffe", (3, 227, 227))      # float32 (1, 3, 227, 227), "BGR", "BGR, ..."

The paper's mean is that of its training pictures. Caffe's pages print its mean as 104, 117, 123, because blue comes
first there; here all means are in the order red, green, blue. Both LeNets expect white ink on black paper.
"""
from dataclasses import replace

from ..layers import Concat, arguments
from ..models import MODELS
from ..data.pictures import shorter_for
from ..data.pipeline import IMAGENET_MEAN, Pipeline, number_words, square_input

START = ("init", "std", "bias")     # arguments that say how weights start: they leave a version what it is
PAPER = Pipeline(227, 256, mean=IMAGENET_MEAN)
TORCH = Pipeline(224, 256, scale="0-1", mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
CAFFE = Pipeline(227, 256, order="BGR", mean=(123, 117, 104), stretch=True)
CIFAR = Pipeline(32, 32, mean=(125.3, 123.0, 113.9))
PREPARED = {                                                        # at the size of ImageNet's or CIFAR's pictures
    "krizhevsky2012": PAPER,
    "original": PAPER,
    "pool_first": PAPER,
    "caffe": CAFFE,
    "single_tower": TORCH,
    "batchnorm": PAPER,
    "torchvision": TORCH,
    "half_tower": PAPER,
    "cifar_four_layer": CIFAR,
    "cifar_alexnet": replace(CIFAR, deviation=(63.0, 62.1, 66.7)),
    "lenet5": Pipeline(28, 28, channels=1, scale="0-1"),
    "caffe_lenet": Pipeline(28, 28, channels=1, deviation=256),
    "cifar10_full": CIFAR,
    "cifar10_quick": CIFAR,
    "squeezenet1_0": CAFFE,
    "squeezenet1_1": TORCH,
}


def pipeline_for(version, input_shape):
    """The Pipeline of a version for a network of input_shape (C, H, W).

    version None, where nobody knows: as the paper's, or as lenet5's for one channel. ValueError for a version that is
    not in PREPARED, and for an input that is not a square, grey or in colour.
    """
    channels, size = square_input(input_shape)
    if version is None:
        version = "lenet5" if channels == 1 else "krizhevsky2012"
    if version not in PREPARED:
        raise ValueError(f"no version is called {version!r}; there are {', '.join(PREPARED)}")
    known = PREPARED[version]
    if known.channels != channels:
        raise ValueError(f"{version} takes pictures of {known.channels} channels, but this network takes "
                         f"{input_shape}; name the version that it was trained as")
    return replace(known, size=size, shorter=shorter_for(size))


def prepare(picture, version, input_shape):
    """A picture as a network of this version expects it: the input x, the order of its channels, and how, in words.

    Any uint8 (H, W, 3) is cut to the square of input_shape and becomes float32 (1, *input_shape). ValueError as
    pipeline_for.
    """
    pipeline = pipeline_for(version, input_shape)
    return pipeline.test(picture)[None], pipeline.order, ", ".join(number_words(pipeline))


def normalise_for(version):
    """How training pictures are normalised for a version by default: "mean" where the table has a mean and no
    deviation, else "standard". `batchnorm` is the paper's network but for what stands in LRN's place, and was described
    with the paper's pictures: the mean is subtracted, and nothing further."""
    known = PREPARED.get(version)
    return "mean" if known is not None and known.mean.any() and (known.deviation == 1).all() else "standard"


def order_for(version):
    """The order of the channels of the pictures that a version is trained on: BGR for Caffe's."""
    return PREPARED[version].order if version in PREPARED else "RGB"


def version_of(net):
    """The name of the version in models.py that this network is, whatever its classes, pixels and first weights; None
    for another network."""
    classes = list(net.shapes.values())[-1][0]
    for name, version in MODELS.items():
        input_shape, layers = version(classes, net.input_shape[-1])
        if input_shape == net.input_shape and list(layers) == list(net.layers):
            if all(same(layer, net.layers[key]) for key, layer in layers.items()):
                return name
    return None


def same(layer, other):
    """Whether two layers are of one class and have the same arguments but for those of the first weights."""
    left_out = dict.fromkeys(START)
    if type(layer) is not type(other):
        return False
    if isinstance(layer, Concat):
        return [list(path) for path in layer.paths] == [list(path) for path in other.paths] and all(
            map(same, layer.inside().values(), other.inside().values()))
    return arguments(layer) | left_out == arguments(other) | left_out
