"""What must hold of A9: AlexNet assembled, its shapes, parameters and multiply-adds.

Everything is counted layer by layer, never in total: grouping conv3 instead of conv5 leaves the total as it is. The
programs make a table {name: number or array} of what the student's functions give, so that a report can name the layer.
The networks that run are a sixteenth as wide as AlexNet; nothing large is made.
"""
import math

from ..grader.calls import Call
from ..grader.properties import Property, unchanged

OUTPUTS = {"flatten_forward": ("y",), "dense_forward": ("y",), "network_forward": ("logits",)}
ROUNDING = 1e-9
PAPER = [[96, 256, 384, 384, 256], [1, 2, 1, 2, 2], [4096, 4096], 1000]     # filters, groups, units, classes
SMALL = [[8, 16, 24, 32, 40], [1, 4, 1, 2, 4], [56, 48], 10]
NARROW = [[6, 16, 24, 24, 16], [1, 2, 1, 2, 2], [20, 18], 7]                # a sixteenth of the paper's
SHORT, LONG = [131, 136, 147, 150, 163, 168], [208, 224, 226, 237, 240, 242]     # pixels; LONG never divides evenly

ORDER = """
def order(filters, groups, units, classes):
    return ", ".join(row["name"] + " " + row["kind"] for row in alexnet_layers(filters, groups, units, classes))
"""
SETTINGS = """
def settings(filters, groups, units, classes):
    table = {}
    for row in alexnet_layers(filters, groups, units, classes):
        for key in row:
            if key not in ("name", "kind"):
                table[row["name"] + " " + key] = row[key]
    return dict(sorted(table.items()))
"""
COUNTS = """
def counts(layers, shape):
    numbers = FUNCTION(layers, shape)
    if len(numbers) != len(layers):
        raise ValueError("there are %d layers, but FUNCTION gives %d numbers" % (len(layers), len(numbers)))
    return {row["name"]: number for row, number in zip(layers, numbers)}
"""
SHAPES = """
import numpy

def shapes_by_name(layers, shape):
    shapes = output_shapes(layers, shape)
    if len(shapes) != len(layers):
        raise ValueError("there are %d layers, but output_shapes gives %d shapes" % (len(layers), len(shapes)))
    return {row["name"]: numpy.array(list(each)) for row, each in zip(layers, shapes)}
"""


# ---------------------------------------------------------------------------- the networks

def variant(draw):
    """A network of the student's own: filters, groups, units, classes; and the shape of its pictures."""
    filters = [8 * width for width in draw.shuffled(list(range(2, 14)))[:5]]
    second, fourth = draw.shuffled([2, 4])
    groups, units = [1, second, 1, fourth, draw.pick([2, 4])], draw.shuffled([60, 72, 90, 110])[:2]
    picture = (3, *draw.shuffled([draw.pick(SHORT), draw.pick(LONG)]))
    return [filters, groups, units, draw.integers(11, 40)], picture


def weights_of(draw, layers, shapes, shape):
    """{"conv1.w": ...} for a network, of a size that keeps its numbers near 1."""
    weights, before = {}, shape
    for layer, after in zip(layers, shapes):
        if layer["kind"] == "conv":
            size = (layer["filters"], before[0] // layer["groups"], layer["window"], layer["window"])
            weights[layer["name"] + ".w"] = draw.normal(*size) * math.sqrt(2 / math.prod(size[1:]))
        elif layer["kind"] == "dense":
            weights[layer["name"] + ".w"] = draw.normal(before[0], layer["units"]) * math.sqrt(2 / before[0])
        if layer["kind"] in ("conv", "dense"):
            weights[layer["name"] + ".b"] = 0.5 * draw.normal(after[0])
        before = after
    return weights


def forward(draw, parts, network, masked):
    """A call of network_forward with two pictures that are wider than high; some maps have 12 rows, where rounding
    matters."""
    layers, shape = parts["alexnet_layers"](*network), (3, 107, 131)
    shapes = parts["output_shapes"](layers, shape)
    masks = {layer["name"]: draw.uniform(2, *after) < 0.6 for layer, after in zip(layers, shapes)
             if layer["kind"] == "dropout"} if masked else {}
    weights = weights_of(draw, layers, shapes, shape)
    return Call("network_forward", [10 * draw.normal(2, *shape), layers, weights, masks])


# ---------------------------------------------------------------------------- the list, and forward

def calls_of_order(draw, parts):
    return [Call("order", PAPER, ORDER)]


def calls_of_settings(draw, parts):
    return [Call("settings", PAPER, SETTINGS), Call("settings", SMALL, SETTINGS)]


def calls_of_flatten_and_dense(draw, parts):
    return [Call("flatten_forward", [draw.distinct(2, 3, 2, 4)]),
            Call("dense_forward", [draw.quarters(3, 5), draw.quarters(5, 4), draw.quarters(4)])]


def calls_of_forward(draw, parts):
    return [forward(draw, parts, NARROW, masked=False), forward(draw, parts, NARROW, masked=True)]


def calls_of_own_layers(draw, parts):
    network, _ = variant(draw)
    return [Call("order", network, ORDER), Call("settings", network, SETTINGS)]


def calls_of_own_flatten_and_dense(draw, parts):
    N, D, M = draw.integers(2, 5), draw.integers(6, 9), draw.integers(3, 6)
    return [Call("flatten_forward", [draw.distinct(N, *draw.shuffled([2, 3, 4]))]),
            Call("dense_forward", [draw.quarters(N, D), draw.quarters(D, M), draw.quarters(M)])]


def calls_of_own_forward(draw, parts):
    filters = [4 * width for width in draw.shuffled([1, 2, 3, 4, 5, 6])[:5]]
    network = [filters, [1, 2, 1, draw.pick([2, 4]), 2], draw.shuffled([14, 17, 21])[:2], draw.integers(4, 9)]
    return [forward(draw, parts, network, masked=False), forward(draw, parts, network, masked=True)]


# ---------------------------------------------------------------------------- counting

def counted(function, networks):
    """calls(draw, parts) that ask `function` about networks(draw): [(network, shape of its pictures)]."""
    program = SHAPES if function == "output_shapes" else COUNTS.replace("FUNCTION", function)
    name = "shapes_by_name" if function == "output_shapes" else "counts"

    def calls(draw, parts):
        return [Call(name, [parts["alexnet_layers"](*network), shape], program) for network, shape in networks(draw)]
    return calls


def paper(draw):
    return [(PAPER, (3, 227, 227))]


def small(draw):
    return [(SMALL, (3, 224, 163))]


def own(draw):
    return [variant(draw)]


PROPERTIES = [
    Property("a9.layers.order", "a9.layers", calls_of_order),
    Property("a9.layers.settings", "a9.layers", calls_of_settings),
    Property("a9.layers.flatten_and_dense", "a9.layers", calls_of_flatten_and_dense),
    Property("a9.layers.forward", "a9.layers", calls_of_forward, tolerance=ROUNDING),
    Property("a9.layers.arguments", "a9.layers", calls_of_flatten_and_dense, judge=unchanged),
    Property("a9.layers.own", "a9.layers", calls_of_own_layers, hidden=True),
    Property("a9.layers.own_flatten_and_dense", "a9.layers", calls_of_own_flatten_and_dense, hidden=True),
    Property("a9.layers.own_forward", "a9.layers", calls_of_own_forward, tolerance=ROUNDING, hidden=True),
    Property("a9.shapes.paper", "a9.shapes", counted("output_shapes", paper)),
    Property("a9.shapes.small", "a9.shapes", counted("output_shapes", small)),
    Property("a9.shapes.own", "a9.shapes", counted("output_shapes", own), hidden=True),
    Property("a9.params.paper", "a9.params", counted("layer_parameters", paper)),
    Property("a9.params.small", "a9.params", counted("layer_parameters", small)),
    Property("a9.params.own", "a9.params", counted("layer_parameters", own), hidden=True),
    Property("a9.flops.paper", "a9.flops", counted("layer_multiply_adds", paper)),
    Property("a9.flops.small", "a9.flops", counted("layer_multiply_adds", small)),
    Property("a9.flops.own", "a9.flops", counted("layer_multiply_adds", own), hidden=True),
]
