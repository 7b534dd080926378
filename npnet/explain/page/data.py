"""What goes into the page: the facts of the network and of every layer, and the arrays, most useful first.

A page is at most MOST letters long. Nothing but the gradients in full of layers other than convolutions, which are
worth having and not needed, is left out before; they fill the page up to WANTED. What is left out is named in it.

Where the outputs of all convolutions would take more than OUTPUTS letters, as in SqueezeNet, those that are larger
than their filters are left to the page: it gets these filters exactly, and computes the outputs when they are asked
for.
"""
from ... import __version__
from ...backend import ops
from ...weights.prepared import version_of
from . import layers as of_layers
from .attention import add_attention
from .back import add_backward
from .pack import Blobs, plain
from .photograph import photograph_data
from .rows import rows_of

WANTED, MOST = 9_300_000, 13_700_000        # letters of the arrays
OUTPUTS, LETTERS = 6_000_000, 5             # letters of all outputs together, and of one number


def page_data(explain, title=None, most=MOST, wanted=WANTED):
    """(facts, texts): plain data for JSON, and the packed arrays to which its entries {"id": ...} point."""
    rows, blobs = rows_of(explain), Blobs()
    layers = [of_layers.layer_data(row) for row in rows]
    x, version = ops.to_host(explain.x), version_of(explain.net)
    facts = {
        "npnet": __version__, "title": title or version or "network", "version": version,
        "random": explain.random, "weights": None if explain.random else str(explain.weights), "dtype": str(x.dtype),
        "input_shape": explain.net.input_shape, "order": explain.order, "photograph": photograph_data(explain),
        "parameters": sum(each.parameters for each in explain.facts),
        "multiply_adds": sum(each.multiply_adds for each in explain.facts),
        "input": {"array": blobs.add(x[0], "f4", most), "minimum": plain(x.min()), "maximum": plain(x.max())},
        "layers": layers}
    computed = left_to_the_page([row.step for row in rows])
    for row, layer in zip(rows, layers):
        add_arrays(blobs, row.step, layer, most, layer["name"] in computed)
    facts["best"] = [{"label": each.label, "name": each.name, "probability": plain(each.probability)}
                     for each in explain.best(10)] if explain.classes else []
    if explain.classes and explain.names is not None and explain.classes <= 5000:
        facts["names"] = [explain.name(label) for label in range(explain.classes)]
    facts["attention"] = add_attention(blobs, explain, most)
    facts["backward"] = add_backward(blobs, explain, layers, most, min(wanted, most))
    facts["left_out"] = [layer["name"] for layer in layers if layer.get("left_out") or layer.get("left_out_back")]
    return facts, blobs.texts


def left_to_the_page(steps):
    """The names of the convolutions whose outputs the page computes from their filters, which are smaller."""
    kept = [step for step in steps if of_layers.kept(step)]
    if LETTERS * sum(step.y.size for step in kept) <= OUTPUTS:
        return set()
    return {step.facts.name for step in kept
            if step.facts.kind == "Conv2D" and of_layers.exact_size(step) < step.y.size}


def add_arrays(blobs, step, layer, most, computed):
    """The output, where the page does not compute it, the weights, and a dense layer's contributions."""
    if of_layers.kept(step) and not computed:
        layer["array"] = blobs.add(step.y[0], "f4", most)
        layer["left_out"] = layer["array"] is None
    if layer["kind"] == "Conv2D":
        weights = of_layers.add_weights(blobs, step, most, computed)
        layer |= weights
        layer["left_out"] = layer.get("left_out") or not weights
    if layer["kind"] == "Dense":
        layer["outputs"] = [of_layers.contributions(step, m) for m in of_layers.dense_outputs(step)]
