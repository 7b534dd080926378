"""Builds the network that Caffe's description means: of a .prototxt, or the one inside a .caffemodel.

    net, notes = network_of(prototxt.read("deploy.prototxt").layers)
    net, notes = network_of(caffe.read("lenet.caffemodel").layers, input_shape=(1, 28, 28))

The description is plain data (caffe.py, prototxt.py), its layers today's or those of 2014. What counts is the network
at test: layers for training alone, data, losses and accuracies are left out (caffe_graph.py), and so is a Softmax at
the end, since npnet's networks end in logits. Names are Caffe's, but for slashes (our_name). What is more than a name:

    InnerProduct    a Flatten goes before it where maps come in
    Pooling         sizes are rounded up (ceil_mode); global pooling is AdaptiveAvgPool(1), or a window as large as
                    the map
    LRN             alpha is divided by n (convention "caffe"); WITHIN_CHANNEL is LRNWithin
    Concat          branches that part at one layer and meet in a Concat are the paths of npnet's Concat

What npnet does not have is refused in one sentence with the layer, its type and what is possible. The notes are
sentences on what was left out or supposed.
"""
import math

import numpy as np

from ...layers import (LRN, AdaptiveAvgPool, AvgPool, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool, ReLU,
                      Sigmoid, Softmax, Tanh, check_window, pair)
from ...network import Network
from .caffe import our_name
from .caffe_graph import chain_of, counts, described, every, wanted_layers

LARGEST = 200_000_000                                   # parameters of a network, and numbers of one picture in a layer
USUAL = (28, 32, 227, 224, 256, 299, 64, 96, 128)       # sides of pictures: the first that fits is supposed


def network_of(description, input_shape=None):
    """The network of a NetParameter, its weights drawn anew, and notes: (Network, [sentence, ...]).

    input_shape: (C, H, W) of one picture, where the description does not say it, or says another one than is wanted.
    ValueError in one sentence for what npnet cannot build.
    """
    if not isinstance(description, dict):
        raise TypeError(f"a description is the dictionary that prototxt.read(path).layers gives, got a "
                        f"{type(description).__name__}")
    try:
        return network_and_notes(description, input_shape)
    except ValueError as error:
        where = f"{description['file']}: " if "file" in description else ""
        raise ValueError(f"{where}{error}") from None


def network_and_notes(description, input_shape):
    """What network_of gives; its errors do not say the file."""
    notes = []
    chain = chain_of(description, notes)
    for node in every(chain):
        if node["type"] not in MAKERS and "paths" not in node:
            raise ValueError(f"{described(node)}: npnet builds no such layer, only {', '.join(MAKERS)} and Concat")
    if input_shape is None:
        input_shape = shape_in(description) or shape_supposed(chain, notes)
    shape = tuple(input_shape)
    builder = Builder()
    layers, made = builder.chain(chain, shape)
    if len(made) == 3 and made[1:] == (1, 1):
        layers[builder.named("flatten", chain[-1])] = Flatten()
    elif len(made) == 3:
        notes.append(f"The network ends in maps, {' x '.join(map(str, made))}, not in one number for each class.")
    return Network(shape, **layers), notes


class Builder:
    """Makes layers, and sees to it that names differ and the network fits into memory."""

    def __init__(self):
        self.names, self.weights = set(), 0

    def chain(self, nodes, shape):
        """{name: layer} of a chain for inputs of `shape`, and the shape of its output."""
        made = {}
        for node in nodes:
            try:
                for name, layer in self.steps(node, shape):
                    self.count(node, layer.arrays(shape))
                    made[name], shape = layer, tuple(layer.output(shape))
                    self.check(shape)
            except (ValueError, TypeError) as error:
                said = str(error) if str(error).startswith("layer ") else f"{described(node)}: {error}"
                raise ValueError(said) from None
        return made, shape

    def steps(self, node, shape):
        """The layers that one node becomes, with their names."""
        name = self.named(our_name(node["name"]), node)
        if "paths" in node:
            paths = [self.chain(path, shape) for path in node["paths"]]
            sizes = {made[1:] for _, made in paths}
            if len(sizes) > 1:
                raise ValueError(f"its branches make maps of {len(sizes)} sizes, "
                                 f"{' and '.join(' x '.join(map(str, made)) for _, made in paths)}; they must agree")
            yield name, Concat([layers for layers, _ in paths])
            return
        if node["type"] == "InnerProduct" and len(shape) > 1:
            yield self.named("flatten" if "flatten" not in self.names else f"flatten_{name}", node), Flatten()
            shape = (math.prod(shape),)
        yield name, MAKERS[node["type"]](node, shape)

    def count(self, node, sizes):
        """Counts the parameters of a layer. ValueError if the file's weights for it are more or fewer."""
        there = next(iter(node.get("blobs", [])), None)
        if there is not None and "w" in sizes and math.prod(there) != math.prod(sizes["w"]):
            raise ValueError(f"its weights in the file are {' x '.join(map(str, there))}, but by the description and "
                             f"for these pictures they must be {' x '.join(map(str, sizes['w']))}")
        self.weights += sum(math.prod(size) for size in sizes.values())

    def named(self, name, node):
        """The name, which is then taken. ValueError where it is already."""
        if name in self.names:
            raise ValueError(f"{described(node)}: another layer is called {name} in npnet, too; change one of the two "
                             f"names in the prototxt")
        self.names.add(name)
        return name

    def check(self, shape):
        """ValueError for what would fill the memory, or has no pixel left."""
        if self.weights > LARGEST or math.prod(shape) > LARGEST:
            raise ValueError(f"here the network has {self.weights:,} parameters and makes {math.prod(shape):,} numbers "
                             f"of a picture; npnet builds up to {LARGEST:,}")
        if min(shape) < 1:
            raise ValueError(f"it would make maps of {' x '.join(map(str, shape))}; the picture is too small for it")


# ---------------------------------------------------------------------------- one layer

def convolution(node, shape):
    given = node.get("convolution_param", {})
    maps(shape)
    only(node, given, axis=1, dilation=1)
    filters, groups = int(given.get("num_output", 0)), int(given.get("group", 1))
    if groups < 1 or shape[0] % groups or filters % groups:
        raise ValueError(f"its {groups} groups must divide {shape[0]} channels and {filters} filters")
    size, stride, pad = both(given, "kernel"), one(given, "stride", 1), one(given, "pad", 0)
    return fitting(Conv2D(whole(filters, "num_output"), size, stride, pad, groups), shape)


def pooling(node, shape):
    given = node.get("pooling_param", {})
    maps(shape)
    kind = given.get("pool", "MAX")
    if kind not in ("MAX", "AVE"):
        raise ValueError(f"it pools by {kind}; npnet pools by MAX and AVE")
    if given.get("global_pooling"):
        return MaxPool(shape[1:], 1) if kind == "MAX" else AdaptiveAvgPool(1)
    up = given.get("round_mode", "CEIL") != "FLOOR"
    size, stride, pad = both(given, "kernel"), one(given, "stride", 1), one(given, "pad", 0)
    layer = fitting((MaxPool if kind == "MAX" else AvgPool)(size, stride, pad, ceil_mode=up), shape)
    if up and not pad:                                  # then Caffe keeps a last window that lies beyond the map
        for rows, window, made in zip(shape[1:], pair(size), layer.output(shape)[1:], strict=True):
            if made != -(-(rows - window) // stride) + 1:
                raise ValueError(f"its windows of {window} with stride {stride} go beyond {rows} pixels, where Caffe "
                                 f"has an empty window; npnet builds it with round_mode: FLOOR")
    return layer


def inner_product(node, shape):
    given = node.get("inner_product_param", {})
    only(node, given, axis=1, transpose=False)
    return Dense(whole(given.get("num_output", 0), "num_output"))


def lrn(node, shape):
    given = node.get("lrn_param", {})
    maps(shape)
    n, alpha, beta = given.get("local_size", 5), short(given.get("alpha", 1.0)), short(given.get("beta", 0.75))
    if given.get("norm_region", "ACROSS_CHANNELS") == "WITHIN_CHANNEL":
        return LRNWithin(n, alpha=alpha, beta=beta)
    k = short(given.get("k", 1.0))
    return LRN(n, None if k == 1 else k, alpha, beta, convention="caffe")


def relu(node, shape):
    only(node, node.get("relu_param", {}), negative_slope=0)
    return ReLU()


def flatten(node, shape):
    only(node, node.get("flatten_param", {}), axis=1, end_axis=-1)
    return Flatten()


def softmax(node, shape):
    only(node, node.get("softmax_param", {}), axis=1)
    return Softmax()


MAKERS = {
    "Convolution": convolution, "Pooling": pooling, "InnerProduct": inner_product, "ReLU": relu, "LRN": lrn,
    "TanH": lambda node, shape: Tanh(), "Sigmoid": lambda node, shape: Sigmoid(),
    "Dropout": lambda node, shape: Dropout(short(node.get("dropout_param", {}).get("dropout_ratio", 0.5))),
    "Flatten": flatten, "Softmax": softmax}


def maps(shape):
    """ValueError unless maps come in."""
    if len(shape) != 3:
        raise ValueError(f"it needs maps (C, H, W), but its input is {shape}")


def only(node, given, **possible):
    """ValueError for a setting that npnet does not have: of each, one value is possible."""
    for name, value in possible.items():
        found = given.get(name, value)
        found = found if isinstance(found, list) else [found]
        if any(entry != value for entry in found):
            raise ValueError(f"its {name} is {', '.join(map(str, found[:4]))}; npnet builds it with {name}={value} "
                             f"alone")


def both(given, stem, default=None):
    """(rows, columns) of a window, or one number for a square: from kernel_size, or kernel_h and kernel_w."""
    value = given.get(f"{stem}_size" if stem == "kernel" else stem, [])
    values = value if isinstance(value, list) else [value]
    if f"{stem}_h" in given or f"{stem}_w" in given:
        values = [given.get(f"{stem}_h", default or 0), given.get(f"{stem}_w", default or 0)]
    if len(values) > 2 or not values and default is None:
        raise ValueError(f"its {stem}{'_size' if stem == 'kernel' else ''} must be one number or two, got {values[:4]}")
    values = values or [default]
    return values[0] if len(set(values)) == 1 else tuple(values)


def one(given, stem, default):
    """The stride or pad, which npnet has in one number."""
    value = both(given, stem, default)
    if isinstance(value, tuple):
        raise ValueError(f"its {stem} is {value[0]} for rows and {value[1]} for columns; npnet has one {stem} for both")
    return value


def whole(number, name):
    """A number of at least 1."""
    if number < 1:
        raise ValueError(f"its {name} must be at least 1, got {number}")
    return int(number)


def fitting(layer, shape):
    """The layer, if its window goes over maps of this shape."""
    check_window(layer, shape)
    return layer


def short(number):
    """A number that Caffe keeps in 32 bits, as it was written: 5e-05, and not 4.999999873689376e-05."""
    with np.errstate(over="ignore"):
        return float(str(np.float32(number)))


# ---------------------------------------------------------------------------- the picture's shape

def shape_in(description):
    """(C, H, W) as the description says it, or None: an input, an Input layer, or how pictures are cut in training."""
    layers = wanted_layers(description)
    inputs = [shape for layer in layers for shape in layer.get("input_param", {}).get("shape", [])]
    stated = [shape.get("dim", []) for shape in [*description.get("input_shape", []), *inputs]]
    stated += [description["input_dim"][:4]] if description.get("input_dim") else []
    if stated:
        if len(stated[0]) not in (2, 4):
            raise ValueError(f"its input has the shape {stated[0][:8]}; npnet builds networks for (N, C, H, W) and "
                             f"(N, D)")
        return tuple(stated[0][1:])
    for transform in transforms(description):
        if transform.get("crop_size"):
            grey = transform.get("force_gray") or len(transform.get("mean_value", [])) == 1 and channels_in(layers) == 1
            return 1 if grey else channels_in(layers) or 3, transform["crop_size"], transform["crop_size"]
    return None


def transforms(description):
    """What the data layers do with pictures: those at test first."""
    layers = [layer for layer in wanted_layers(description) if layer.get("transform_param")]
    return [layer["transform_param"] for layer in sorted(layers, key=counts, reverse=True)]


def channels_in(layers):
    """The channels of the picture, as the weights of the first convolution have them, or None."""
    first = next((layer for layer in layers if layer["type"] == "Convolution"), {})
    shape = next(iter(first.get("blobs", [])), [])
    return shape[1] * first.get("convolution_param", {}).get("group", 1) if len(shape) == 4 else None


def shape_supposed(chain, notes):
    """The shape of usual pictures that fits the first dense layer's weights, with a note. ValueError if none does."""
    channels = channels_in(list(every(chain)))
    dense = next((place for place, node in enumerate(chain) if node["type"] == "InnerProduct"), None)
    columns = next(iter(chain[dense].get("blobs", [])), [0])[-1] if dense is not None else 0
    for side in USUAL if channels and columns else ():
        try:
            _, made = Builder().chain(chain[:dense], (channels, side, side))
        except ValueError:
            continue
        if math.prod(made) == columns:
            notes.append(f"The file does not say how large its pictures are; {channels} x {side} x {side} is supposed, "
                         f"which fits its weights.")
            return channels, side, side
    raise ValueError("the description does not say how large its pictures are, as those of a training; give the "
                     "deploy.prototxt, which does (in Python, network_of takes input_shape=(C, H, W), too)")
