"""`npnet summary`: every layer of a network, with its counts and its memory."""
import json
import os
from pathlib import Path

from .. import backend, plots
from ..explain import summary
from ..models import MODELS, model
from ..network import load
from ..screen import echo
from ..weights import shipped, trained
from ..weights.fetching import KNOWN
from ..weights.trained import found, is_ours
from . import DEFAULT, NETWORKS, add_layers, own_layers


def add(commands):
    parser = commands.add_parser("summary")
    parser.description = "Every layer of a network: output, parameters, multiply-adds, memory, what it sees."
    parser.add_argument("--net", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--classes", type=int, metavar="N", help="how many classes (default: the version's own)")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the input's side (default: the version's own)")
    parser.add_argument("--weights", metavar="FILE", help=f"instead of --net: {NETWORKS}")
    add_layers(parser)
    parser.add_argument("--style", choices=("npnet", "torchsummary"), default="npnet",
                        help="npnet's table, or PyTorch's torchsummary")
    parser.add_argument("--json", action="store_true", help="all counts as JSON")
    parser.add_argument("--draw", metavar="FILE", help="also draw the network as a strip of boxes: summary.png")
    parser.set_defaults(run=run)


def saved(name, layers):
    """The network of that name or in that file, of which no more is needed than its layers."""
    if name not in (*shipped(), *KNOWN) and not Path(name).exists():
        return load(name, layers)                               # which says that it is not there
    path = found(name)
    return load(path, layers) if is_ours(path) else trained(name, layers).net


def run(options):
    if backend.ops.name is None and not os.environ.get("NPNET_BACKEND"):
        backend.use("numpy")                    # counting needs nothing compiled
    layers = own_layers(options)
    if options.weights is None:
        net = model(DEFAULT if options.net is None else options.net, options.classes, options.size)
    elif (options.net, options.classes, options.size) != (None, None, None):
        raise ValueError(f"{options.weights} holds a whole network; leave --net, --classes and --size out")
    else:
        net = saved(options.weights, layers)
    counts = summary(net)
    if options.json:
        print(json.dumps(counts.as_data(), indent=2))
    else:
        echo(counts.as_torchsummary() if options.style == "torchsummary" else str(counts))
    if options.draw is not None:
        rows = [("input", net.input_shape, 0),
                *((facts.name, facts.shape_out, facts.parameters) for facts in counts.layers)]
        plots.save(plots.shape_strip(rows, options.net or options.weights or DEFAULT), options.draw)
        if not options.json:
            echo(f"the drawing is {options.draw}")
