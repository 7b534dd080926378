"""The versions of AlexNet side by side, read from their layers: the tables and pictures of docs/versions.md."""
import numpy as np

import npnet
from npnet.layers import AvgPool, BatchNorm, Concat, Conv2D, Dense, LRN, LRNWithin, MaxPool, ReLU, Tanh
from npnet.ops.lrn import lrn_constants
from npnet.plots.figure import BAR, new_axes, new_figure
from npnet.plots.gradients import OTHER

from .network import WIDTH, counts, done, grouped, html_table, short, times

WORDS = {ReLU: "ReLU", Tanh: "tanh", LRN: "LRN", LRNWithin: "LRN within", BatchNorm: "BatchNorm", MaxPool: "pool",
         AvgPool: "pool"}
ALEXNETS = ("krizhevsky2012", "original", "pool_first", "caffe", "single_tower", "batchnorm", "torchvision",
            "half_tower")
LAYERS = "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 avgpool fc6 fc7 fc8".split()
DIFFERENT = ("krizhevsky2012", "single_tower", "batchnorm", "torchvision", "half_tower")    # in sizes or parameters


class Versions:
    """All versions, counted once: all["caffe"] is its Summary, layers("caffe") its layers."""

    def __init__(self, names=tuple(npnet.MODELS)):
        self.counts = {name: counts(name) for name in names}
        self.layers = {name: npnet.MODELS[name]()[1] for name in names}

    def __getitem__(self, name):
        return self.counts[name]

    def names(self):
        return list(self.counts)

    def filters(self, name):
        """96-256-384-384-256; of a network with paths the first and the last, and how many fire modules."""
        filters = [str(layer.filters) for layer in self.layers[name].values() if isinstance(layer, Conv2D)]
        fires = sum(isinstance(layer, Concat) for layer in self.layers[name].values())
        return f"{filters[0]}, {fires} fire modules, {filters[-1]}" if fires else "-".join(filters)

    def dense(self, name):
        """4096-4096-1000."""
        units = [str(layer.units) for layer in self.layers[name].values() if isinstance(layer, Dense)]
        return "-".join(units) or "none"

    def grouped_layers(self, name):
        """The convolutions with two groups."""
        return ", ".join(key for key, layer in self.layers[name].items()
                         if isinstance(layer, Conv2D) and layer.groups > 1) or "none"

    def normalisation(self, name):
        """How the first normalisation of a version reckons, or what stands in its place."""
        for layer in self.layers[name].values():
            if isinstance(layer, LRN):
                k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
                where = "in each tower" if layer.groups > 1 else "over all maps"
                return f"n={layer.n}, k={k:g}, {alpha:g} · sum, {where}"
            if isinstance(layer, BatchNorm):
                return "batch normalisation"
        return "none"

    def order(self, name, first, last):
        """What stands between two convolutions: ReLU, LRN, pool."""
        names = list(self.layers[name])
        between = names[names.index(first) + 1:names.index(last)]
        return ", ".join(WORDS[type(self.layers[name][key])] for key in between)

    def rounding(self, name):
        """Which sizes are rounded up."""
        up = [word for word, kind in (("conv1", Conv2D), ("pools", (MaxPool, AvgPool)))
              if any(isinstance(layer, kind) and layer.ceil_mode for layer in self.layers[name].values())]
        return ", ".join(up) or "none"

    def architecture(self, names=None, heads=("version", "input", "filters", "dense", "two groups in")):
        """The table of filters, dense layers and towers."""
        return html_table(heads, [(f"<code>{name}</code>", times(self[name].input_shape), self.filters(name),
                                   self.dense(name), self.grouped_layers(name)) for name in names or self.names()])

    def conventions(self, names=ALEXNETS, heads=("version", "LRN", "after conv1", "after conv2", "rounded up")):
        """The table of what the versions do differently with the same filters."""
        return html_table(heads, [(f"<code>{name}</code>", self.normalisation(name),
                                   self.order(name, "conv1", "conv2"), self.order(name, "conv2", "conv3"),
                                   self.rounding(name)) for name in names])

    def costs(self, heads=("version", "parameters", "multiply-adds", "without padding", "neurons", "layers")):
        """The table of what the versions cost, for one picture."""
        return html_table(heads, [(f"<code>{name}</code>", *(grouped(self[name].total(what)) for what in (
            "parameters", "multiply_adds", "connections")), grouped(self[name].neurons), len(self[name].layers))
            for name in self.names()])

    def by_layer(self, what, names=DIFFERENT, layers=LAYERS, head="layer"):
        """One count of every layer, a column for each version. what: of LayerFacts, or "shape_out"."""
        facts = {name: {each.name: each for each in self[name].layers} for name in names}
        rows = []
        for layer in layers:
            found = [getattr(facts[name][layer], what) if layer in facts[name] else None for name in names]
            if any(found):
                rows.append((layer, *("" if not each else times(each) if what == "shape_out" else grouped(each)
                                      for each in found)))
        if what != "shape_out":
            rows.append(("<b>total</b>", *(f"<b>{grouped(self[name].total(what))}</b>" for name in names)))
        return html_table((head, *(f"<code>{name}</code>" for name in names)), rows)


def costs(versions, names=ALEXNETS):
    """For every version its parameters and its multiply-adds as bars, each on a scale of its own."""
    figure = new_figure(WIDTH, 0.52 * len(names) + 0.4)
    axes = new_axes(figure)
    rows = np.arange(len(names))
    for offset, what, colour, hatch, sign in ((-0.2, "parameters", BAR, None, "w"),
                                              (0.2, "multiply_adds", OTHER, "//", "×")):
        values = np.array([versions[name].total(what) for name in names])
        axes.barh(rows + offset, values / values.max(), height=0.36, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0)
        for row, value in zip(rows, values):
            axes.text(value / values.max() + 0.015, row + offset, f"{sign} {short(value)}", va="center", fontsize=9)
    axes.set_yticks(rows, names, fontsize=9)
    axes.set(xlim=(0, 1.3), ylim=(len(names) - 0.5, -0.5))
    return done(figure)
