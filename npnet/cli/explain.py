"""`npnet explain`: one picture, walked through a network layer by layer.

    npnet explain                                   the sample photograph, the network of the paper
    npnet explain cat.jpg --weights a.npz --names classes.txt
    npnet explain cat.jpg --layer conv2             only this block
    npnet explain cat.jpg --backward --save walk    with the gradients, and pictures in a folder
"""
import re
from pathlib import Path

from ..data import read_picture, sample_picture
from ..explain.counts import recognised, times
from ..explain.terminal import interactive, print_all, show, walk, warning
from ..explain.walk import Explain, cost
from ..models import MODELS, model
from ..network import load
from ..screen import duration, echo, fold
from ..screen.output import width
from ..weights import is_trained, shipped, trained
from ..weights.prepared import prepare
from . import DEFAULT, add_backend, add_layers, choose_backend, own_layers
from .evaluate import limits

FOLDER = "walk"                     # where the key p saves pictures, unless --save names another
LONG = 20                           # seconds that nobody waits for without having been asked


def add(commands):
    parser = commands.add_parser("explain")
    parser.description = ("Walk a picture through a network: shapes, sizes, parameters, work and values of every "
                          "layer, and one output of each computed again by a plain loop. In a terminal single keys "
                          "move; elsewhere everything is printed.")
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a picture (default: the sample of matplotlib)")
    parser.add_argument("--net", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--classes", type=int, metavar="N", help="how many classes (default: the version's own)")
    parser.add_argument("--names", metavar="FILE", help="what the classes are called: a text file, one on each line")
    parser.add_argument("--weights", metavar="FILE", help="a run's folder, a checkpoint, or a network that npnet "
                        "saved, of which --net then says how its pictures are prepared")
    add_layers(parser)
    parser.add_argument("--layer", metavar="NAME", help="show only this layer; those after it are not computed")
    parser.add_argument("--backward", action="store_true", help="one backward pass, too, of the best class")
    parser.add_argument("--save", metavar="DIR", help="save pictures in this folder")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random weights (default: 0)")
    parser.add_argument("--yes", action="store_true", help="do not ask, however long it takes")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    backend = choose_backend(options)
    notes, path = [], sample_picture() if options.photo is None else Path(options.photo)
    layers = own_layers(options)
    picture = read_picture(path, notes)                         # before 60 million weights are drawn
    names = None if options.names is None else read_names(options.names)
    known = known_network(options, layers)
    if known is not None:
        net, version, names = known.net, known.name, names or known.classes
        x, order, prepared = known.pipeline.test(picture)[None], known.pipeline.order, str(known.pipeline)
    else:
        net, version = network(options, names, layers)
        x, order, prepared = prepare(picture, version, net.input_shape)
    weights = known.name if known else options.weights
    explain = Explain(net, x.astype(net.dtype), names, weights, picture, order)
    last = None if options.layer is None else net.known(options.layer)
    last = None if options.backward else last                   # a backward pass begins at the end
    multiply_adds, seconds = cost(net, last, options.backward)
    through = version if known or options.weights is None else f"{Path(options.weights).name} ({version or 'unknown'})"
    head = [
        f"{path.name}, {picture.shape[1]} x {picture.shape[0]} pixels, through {through}",
        *([limits(known.name, known.classes)] if known else []),
        *warning(explain), *notes, f"input {times(net.input_shape)}: {prepared}",
        *([] if version else ["(a guess: --net NAME says what the network was trained as)"]),
        f"{multiply_adds:,} multiply-adds{f' up to {last}' if last else ''}"
        f"{' in both directions' if options.backward else ''}, "
        f"{f'about {duration(seconds)}' if seconds >= 1 else 'less than a second'} with {backend}"]
    show([part for line in head for part in fold(line, width(), rest="  ")])
    if seconds < LONG or last or options.yes or agreed(seconds):
        walk_or_print(explain, options)


def walk_or_print(explain, options):
    """One block, the interactive walk or everything, and the pictures that were asked for."""
    if options.layer is None and interactive():
        save(explain, options)                                  # first: q leaves the walk where it is
        walk(explain, options.backward, FOLDER if options.save is None else options.save)
    else:
        print_all(explain, options.backward, options.layer)
        save(explain, options)


def save(explain, options):
    """The pictures, if a folder was named: of one layer, or of everything."""
    if options.save is None:
        return
    from ..explain import pictures                              # draws; the text does without
    if options.layer is not None and not options.backward:
        paths = pictures.save(explain, options.save, explain[options.layer].number - 1)
    else:
        list(explain)                                           # runs every layer
        if options.backward and explain.classes and not explain.gradients:
            explain.backward()
        paths = pictures.save(explain, options.save)
    echo(f"{len(paths)} pictures in {Path(options.save)}, {paths[0].name} to {paths[-1].name}")


def agreed(seconds):
    """Whether the user wants a walk that takes so long; ValueError where nobody can be asked."""
    if not interactive():
        raise ValueError(f"all layers would take about {duration(seconds)}; give --layer NAME for the first ones, "
                         f"--yes for all, or another --backend")
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def known_network(options, layers):
    """The Trained network that the options name, shipped or from a run, which knows its own classes and how its
    pictures are prepared; None where they name random weights or a file with weights alone."""
    if options.weights is not None and options.classes is not None:
        raise ValueError(f"{options.weights} holds a whole network; leave --classes out")
    if options.weights is None:
        return trained(options.net) if options.net in shipped() and options.classes is None else None
    known = options.net is None and is_trained(options.weights)
    return trained(options.weights, layers) if known else None


def network(options, names, layers):
    """The network, and the version whose pictures it expects (None: nobody knows)."""
    if options.weights is None:
        name = DEFAULT if options.net is None else options.net
        classes = len(names) if names and options.classes is None else options.classes
        return model(name, classes, seed=options.seed), name
    if options.net is not None and options.net not in MODELS:
        raise ValueError(f"no network is called {options.net!r}; npnet has {', '.join(MODELS)}")
    net = load(options.weights, layers)
    return net, recognised(net) if options.net is None else options.net


def read_names(path):
    """The lines of a text file that are not empty; numbers of ImageNet such as n01440764 are left out."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; save it so, one class on each line") from None
    return [re.sub(r"^n\d{8}\s+", "", line.strip()) for line in lines if line.strip()]
