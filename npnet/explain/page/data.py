"""What goes into the page: the facts of the network and of every layer, and the arrays, most useful first.

A page is at most MOST letters long. Nothing but the gradients in full of layers other than convolutions, which are
worth having and not needed, is left out before; they fill the page up to WANTED. What is left out is named in it.
"""
from ... import __version__
from ...backend import ops
from ...weights.prepared import version_of
from . import layers as of_layers
from .back import add_backward
from .pack import Blobs, plain
from .photograph import photograph_data

WANTED, MOST = 9_300_000, 13_700_000        # letters of the arrays


def page_data(explain, title=None, most=MOST, wanted=WANTED):
    """(facts, texts): plain data for JSON, and the packed arrays to which its entries {"id": ...} point."""
    steps, blobs = list(explain), Blobs()
    layers = [of_layers.layer_data(step) for step in steps]
    x, version = ops.to_host(explain.x), version_of(explain.net)
    facts = {
        "npnet": __version__, "title": title or version or "network", "version": version,
        "random": explain.random, "weights": None if explain.random else str(explain.weights), "dtype": str(x.dtype),
        "input_shape": explain.net.input_shape, "order": explain.order, "photograph": photograph_data(explain),
        "parameters": sum(layer["parameters"] for layer in layers),
        "multiply_adds": sum(layer["multiply_adds"] for layer in layers),
        "input": {"array": blobs.add(x[0], "f4", most), "minimum": plain(x.min()), "maximum": plain(x.max())},
        "layers": layers}
    for step, layer in zip(steps, layers):
        add_arrays(blobs, step, layer, most)
    facts["best"] = [{"label": each.label, "name": each.name, "probability": plain(each.probability)}
                     for each in explain.best(10)] if explain.classes else []
    if explain.classes and explain.names is not None and explain.classes <= 5000:
        facts["names"] = [explain.name(label) for label in range(explain.classes)]
    facts["backward"] = add_backward(blobs, explain, layers, most, min(wanted, most))
    facts["left_out"] = [layer["name"] for layer in layers if layer.get("left_out") or layer.get("left_out_back")]
    return facts, blobs.texts


def add_arrays(blobs, step, layer, most):
    """The output, where the page does not compute it, the weights, and a dense layer's contributions."""
    if of_layers.kept(step):
        layer["array"] = blobs.add(step.y[0], "f4", most)
        layer["left_out"] = layer["array"] is None
    if layer["kind"] == "Conv2D":
        weights = of_layers.add_weights(blobs, step, most)
        layer |= weights
        layer["left_out"] = layer["left_out"] or not weights
    if layer["kind"] == "Dense":
        layer["outputs"] = [of_layers.contributions(step, m) for m in of_layers.dense_outputs(step)]
