"""The summary of a network: what every layer makes, holds, computes and sees.

    print(summary(net))         npnet's table, with the published counts beside ours for the 2012 network
    print(torchsummary(net))    the same network as PyTorch's torchsummary prints it

Every layer answers for itself (npnet/layers.py: multiply_adds, connections, columns, window); this chapter
adds up and prints, all of it for one picture. What the columns of the table mean stands under it. A Flatten
makes nothing: its output is its input, looked at differently. MB = 2^20 bytes, as torchsummary has it.
"""
import math
import textwrap
from dataclasses import asdict, dataclass

from ..screen.words import size
from ..weights.prepared import version_of
from .facts import every, layer_facts

MB = 2 ** 20
TORCH_NAMES = {
    "Conv2D": "Conv2d", "Dense": "Linear", "MaxPool": "MaxPool2d", "AvgPool": "AvgPool2d",
    "AdaptiveAvgPool": "AdaptiveAvgPool2d", "LRN": "LocalResponseNorm", "BatchNorm": "BatchNorm2d",
}


@dataclass
class Summary:
    """A network's counts, for one picture. str() is the table; layers are LayerFacts in their order."""

    version: str | None             # the name in MODELS, if the network is one of these
    input_shape: tuple
    dtype: str
    itemsize: int                   # bytes of a number
    layers: list

    def total(self, what):
        """The sum of one count ("parameters", "multiply_adds", "connections", "activations") over the layers."""
        return sum(getattr(facts, what) for facts in self.layers)

    @property
    def frozen(self):
        """Parameters that are not trained."""
        return sum(facts.parameters for facts in self.layers if not facts.trained)

    @property
    def neurons(self):
        """Outputs of the layers that have weights: what the paper counts as neurons."""
        return sum(facts.activations for facts in every(self.layers) if facts.multiply_adds and not facts.paths)

    def output_bytes(self, facts):
        """Memory of a layer's output; none for a Flatten."""
        return 0 if facts.kind == "Flatten" else facts.activations * self.itemsize

    def memory(self):
        """Bytes for one picture: of the input, all outputs, the largest columns, and the parameters."""
        return {"input": math.prod(self.input_shape) * self.itemsize,
                "outputs": sum(self.output_bytes(facts) for facts in every(self.layers)),
                "im2col": max(facts.columns for facts in self.layers) * self.itemsize,
                "parameters": self.total("parameters") * self.itemsize}

    def __str__(self):
        shapes = f"{times(self.input_shape)} in, {times(self.layers[-1].shape_out)} out"
        title = f"{self.version or 'network'}: {shapes}, {self.dtype}"
        return "\n".join([title, "", *table(self), "", *notes(self), *published(self)])

    def as_torchsummary(self):
        """The text that PyTorch's torchsummary prints for such a network; it lists no Flatten."""
        rule, double, parameters = "-" * 64, "=" * 64, self.total("parameters")
        lines = [rule, f"{'Layer (type)':>20}  {'Output Shape':>25} {'Param #':>15}", double]
        for i, facts in enumerate([facts for facts in every(self.layers) if facts.kind != "Flatten"], 1):
            name, shape = TORCH_NAMES.get(facts.kind, facts.kind), str([-1, *facts.shape_out])
            name = "BatchNorm1d" if name == "BatchNorm2d" and len(facts.shape_out) == 1 else name
            lines.append(f"{f'{name}-{i}':>20}  {shape:>25} {0 if facts.paths else facts.parameters:>15,}")
        lines += [double, f"Total params: {parameters:,}", f"Trainable params: {parameters - self.frozen:,}",
                  f"Non-trainable params: {self.frozen:,}", rule]
        lines += [f"{name} (MB): {megabytes:.2f}" for name, megabytes in self.torchsummary_memory().items()]
        return "\n".join([*lines, rule])

    def torchsummary_memory(self):
        """torchsummary's four figures in MB: 4 bytes a number, and the outputs twice, for their gradients."""
        memory = {name: count / self.itemsize * 4 / MB for name, count in self.memory().items()}
        sizes = {"Input size": memory["input"], "Forward/backward pass size": 2 * memory["outputs"],
                 "Params size": memory["parameters"]}
        return sizes | {"Estimated Total Size": sum(sizes.values())}

    def as_data(self):
        """Everything as plain numbers, text, lists and dictionaries, for JSON."""
        return {"version": self.version, "input_shape": self.input_shape, "dtype": self.dtype,
                "layers": [self.facts_as_data(facts) for facts in self.layers],
                "parameters": self.total("parameters"), "frozen": self.frozen, "neurons": self.neurons,
                "multiply_adds": self.total("multiply_adds"), "connections": self.total("connections"),
                "memory_bytes": self.memory(), "torchsummary_mb": self.torchsummary_memory()}

    def facts_as_data(self, facts):
        """The facts of one layer as plain data, and its bytes; of a Concat those of the layers inside, too."""
        return asdict(facts) | {"output_bytes": self.output_bytes(facts),
                                "columns_bytes": facts.columns * self.itemsize,
                                "paths": [[self.facts_as_data(each) for each in path] for path in facts.paths]}


def summary(net):
    """The Summary of a network; print it."""
    return Summary(version=version_of(net), input_shape=net.input_shape, dtype=str(net.dtype),
                   itemsize=net.dtype.itemsize, layers=layer_facts(net))


def torchsummary(net):
    """summary(net) in the words and the layout of PyTorch's torchsummary."""
    return summary(net).as_torchsummary()


# ------------------------------------------------------------------------------- npnet's table

HEADS = (("", "layer"), ("", "output"), ("", "parameters"), ("multiply-", "adds"), ("", "connections"),
         ("out", "{unit}"), ("im2col", "{unit}"), ("", "sees"), ("", "step"))


def table(counts):
    """The lines of the table, aligned; columns that hold nothing are left out."""
    rows = [cells(counts, facts) for facts in every(counts.layers)]
    totals = (number(counts.total(what)) for what in ("parameters", "multiply_adds", "connections"))
    rows.append(("total", "", *totals, memory_cell(counts, counts.memory()["outputs"]), "", "", ""))
    kept = [i for i in range(len(HEADS)) if any(row[i] for row in rows)]
    rows = [*([text.format(unit=unit(counts)[1]) for text in line] for line in zip(*HEADS)), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = [" ".join(f"{row[i]:{'<' if i < 2 else '>'}{widths[i]}}" for i in kept).rstrip() for row in rows]
    rule = "-" * max(map(len, lines))
    return [*lines[:2], rule, *lines[2:-1], rule, lines[-1]]


def cells(counts, facts):
    """One row of the table, as text; what is 0 or unknown stays empty."""
    mark = "" if facts.trained or not facts.parameters else "*"
    sees = "" if facts.field is None else times(facts.field if facts.field[0] != facts.field[1] else facts.field[:1])
    *outside, own = facts.name.split(".")
    own_counts = ("",) * 3 if facts.paths else (                          # the layers inside stand above it
        number(facts.parameters), number(facts.multiply_adds), number(facts.connections))
    columns = 0 if facts.paths else facts.columns
    return ("  " * len(outside) + own + mark, times(facts.shape_out), *own_counts,
            memory_cell(counts, counts.output_bytes(facts)), memory_cell(counts, columns * counts.itemsize), sees,
            str(facts.stride or ""))


def unit(counts):
    """What the table counts memory in, (2^20, "MB"), or kB where that is too much for all of it."""
    memory = counts.memory()
    return (MB, "MB") if max(memory["outputs"], memory["im2col"]) >= MB else (2 ** 10, "kB")


def memory_cell(counts, count):
    """'7.34', in the table's unit; empty for 0."""
    count /= unit(counts)[0]
    return "" if not count else f"{count:.2f}" if count >= 0.005 else "<0.01"


def times(shape):
    """'96x55x55'."""
    return "x".join(map(str, shape))


def number(count):
    return f"{count:,}" if count else ""


def notes(counts):
    """What is under the table: memory in all, what is frozen, what the columns mean."""
    memory = {name: size(count, 1024) for name, count in counts.memory().items()}
    one = "picture" if len(counts.input_shape) == 3 else "input"
    lines = [f"One {one}, {counts.itemsize} bytes a number: input {memory['input']}, outputs {memory['outputs']}, "
             f"parameters {memory['parameters']} (MB = 2^20 bytes)."]
    if counts.frozen:
        lines.append(f"* frozen: {counts.frozen:,} of the {counts.total('parameters'):,} parameters are not trained.")
    if counts.total("multiply_adds"):
        lines.append("connections: multiply-adds less those on padding.")
    if counts.memory()["im2col"]:
        lines[-1] += f" im2col: the columns of one picture, never kept; at most {memory['im2col']} at once."
    if any(facts.paths for facts in counts.layers):
        lines.append("Layers further to the right are inside the Concat below them: paths side by side.")
    if any(facts.field for facts in counts.layers):
        lines.append("sees: how many pixels of the input, on a side, reach one output; step: how far apart those of "
                     "neighbouring outputs are.")
    return [line for text in lines for line in textwrap.wrap(text, 79)]


# ------------------------------------------------------------------------------- published counts

def published(counts):
    """For the network of the paper: what it says (section 3.5; connections: the talk of 2012) beside what we count."""
    side = counts.input_shape[-1]
    if (counts.version, *counts.layers[-1].shape_out) != ("krizhevsky2012", 1000) or side not in (227, 224):
        return []
    adds, real = counts.total("multiply_adds"), counts.total("connections")
    rows = (("", "published", "ours"), ("parameters", "60 million", f"{counts.total('parameters'):,}"),
            ("neurons", "650,000", f"{counts.neurons:,}"), ("connections", "630 million", f"{real:,}"))
    convolutions = sum(facts.activations for facts in counts.layers if facts.columns)
    dense = sum(facts.multiply_adds for facts in counts.layers if facts.kind == "Dense")
    edge = "padding" if side == 227 else "padding, or beyond the picture's edge, where the last windows of conv1 hang"
    lines = [f"{name:12}{theirs:>12}{ours:>15}" for name, theirs, ours in rows]
    for text in (
            f"Neurons: the outputs of the layers with weights. The paper's own list, "
            f"253440-186624-64896-64896-43264-4096-4096-1000, has 253,440 for conv1, but 55x55x96 is 290,400. The list "
            f"adds up to 622,312, ours to {counts.neurons:,}; our five convolutions alone have {convolutions:,}.",
            f"Connections: no count of ours gives 630 million. A forward pass makes {adds:,} multiply-adds, "
            f"{adds - dense:,} in the convolutions and {dense:,} in the dense layers; {adds - real:,} of them fall on "
            f"{edge}, which leaves {real:,}."):
        lines += ["", *textwrap.wrap(text, 79)]
    return ["", *lines]
