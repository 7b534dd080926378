"""`npnet explain`: one picture, walked through a network layer by layer.

    npnet explain                                   the sample photograph, the network of the paper
    npnet explain cat.jpg --weights a.npz --names classes.txt
    npnet explain cat.jpg --layer conv2             only this block
    npnet explain cat.jpg --backward --save walk    with the gradients, and pictures in a folder
"""
import re
from pathlib import Path

from ..data import read_picture, resize_and_crop, sample_picture, to_input
from ..explain.counts import recognised
from ..explain.terminal import Page, duration, fitted, interactive, print_all, times, walk, warning
from ..explain.walk import Explain, cost
from ..models import MODELS, model
from ..network import load
from . import add_backend, choose_backend, echo

DEFAULT = "krizhevsky2012"
FOLDER = "walk"                     # where the key p saves pictures, unless --save names another
LONG = 20                           # seconds that nobody waits for without having been asked

PAPER = {"words": "RGB, 0 to 255, minus the mean"}
TORCH = {"scale": "0-1", "mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225),
         "words": "RGB, 0 to 1, minus the mean, over the deviation"}
PREPARED = {                        # version: what to_input is told, and how we say it; all others like the paper
    "caffe": {"order": "BGR", "mean": (123, 117, 104), "words": "BGR, 0 to 255, minus the mean"},
    "single_tower": TORCH,
    "torchvision": TORCH,
    "cifar_four_layer": {"mean": (125.3, 123.0, 113.9), "words": "RGB, 0 to 255, minus CIFAR-10's mean"},
    "lenet5": {"scale": "0-1", "mean": 0, "channels": 1, "words": "grey, 0 to 1"},
    "caffe_lenet": {"mean": 0, "deviation": 256, "channels": 1, "words": "grey, 0 to 255, over 256"},
}


def add(commands):
    parser = commands.add_parser("explain", help="one picture, walked through a network layer by layer")
    parser.description = ("Walk a picture through a network: shapes, sizes, parameters, work and values of every "
                          "layer, and one output of each computed again by a plain loop. In a terminal single keys "
                          "move; elsewhere everything is printed.")
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a picture (default: the sample of matplotlib)")
    parser.add_argument("--net", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--classes", type=int, metavar="N", help="how many classes (default: the version's own)")
    parser.add_argument("--names", metavar="FILE", help="what the classes are called: a text file, one on each line")
    parser.add_argument("--weights", metavar="FILE", help="a network that npnet saved; --net then only says how its "
                        "pictures are prepared")
    parser.add_argument("--layer", metavar="NAME", help="show only this layer; those after it are not computed")
    parser.add_argument("--backward", action="store_true", help="one backward pass, too, of the best class")
    parser.add_argument("--save", metavar="DIR", help="save pictures in this folder")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random weights (default: 0)")
    parser.add_argument("--yes", action="store_true", help="do not ask, however long it takes")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    backend = choose_backend(options)
    notes, path = [], Path(options.photo or sample_picture())
    picture = read_picture(path, notes)                         # before 60 million weights are drawn
    names = read_names(options.names) if options.names else None
    net, version = network(options, names)
    x, order, prepared = network_input(picture, net, version)
    explain = Explain(net, x, names, options.weights, picture, order)
    last = net.known(options.layer) if options.layer else None
    last = None if options.backward else last                   # a backward pass begins at the end
    multiply_adds, seconds = cost(net, last, options.backward)
    through = f"{Path(options.weights).name} ({version or 'unknown'})" if options.weights else version
    Page().show(fitted([
        f"{path.name}, {picture.shape[1]} x {picture.shape[0]} pixels, through {through}",
        *warning(explain), *notes, f"input {times(net.input_shape)}: {prepared}",
        *([] if version else ["(a guess: --net NAME says what the network was trained as)"]),
        f"{multiply_adds:,} multiply-adds{f' up to {last}' if last else ''}"
        f"{' in both directions' if options.backward else ''}, "
        f"{f'about {duration(seconds)}' if seconds >= 1 else 'less than a second'} with {backend}"]))
    if seconds < LONG or last or options.yes or agreed(seconds):
        show(explain, options)


def show(explain, options):
    """One block, the interactive walk or everything, and the pictures that were asked for."""
    if options.layer:
        print_all(explain, options.backward, options.layer)
        save(explain, options)
    elif interactive():
        save(explain, options)                                  # first: q leaves the walk where it is
        walk(explain, options.backward, options.save or FOLDER)
    else:
        print_all(explain, options.backward)
        save(explain, options)


def save(explain, options):
    """The pictures, if a folder was named: of one layer, or of everything."""
    if not options.save:
        return
    from ..explain import pictures                              # draws; the text does without
    if options.layer and not options.backward:
        paths = pictures.save(explain, options.save, explain[options.layer].number - 1)
    else:
        list(explain)                                           # runs every layer
        if options.backward and explain.classes and not explain.gradients:
            explain.backward()
        paths = pictures.save(explain, options.save)
    echo(f"{len(paths)} pictures in {options.save}, {paths[0].name} to {paths[-1].name}")


def agreed(seconds):
    """Whether the user wants a walk that takes so long; ValueError where nobody can be asked."""
    if not interactive():
        raise ValueError(f"all layers would take about {duration(seconds)}; give --layer NAME for the first ones, "
                         f"--yes for all, or another --backend")
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def network(options, names):
    """The network, and the version whose pictures it expects (None: nobody knows)."""
    if not options.weights:
        name = options.net or DEFAULT
        return model(name, options.classes or (len(names) if names else None), seed=options.seed), name
    if options.classes:
        raise ValueError(f"{options.weights} holds a whole network; leave --classes out")
    if options.net and options.net not in MODELS:
        raise ValueError(f"no network is called {options.net!r}; npnet has {', '.join(MODELS)}")
    net = load(options.weights)
    return net, options.net or recognised(net)


def network_input(picture, net, version):
    """The picture as the network expects it, (1, C, H, W), the order of its channels, and this in words."""
    shape = net.input_shape
    if len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]:
        raise ValueError(f"explain shows a network square pictures, grey or in colour; this one takes {shape}")
    rule = dict(PREPARED.get(version or ("lenet5" if shape[0] == 1 else DEFAULT), PAPER))
    if rule.get("channels", 3) != shape[0]:
        raise ValueError(f"{version} takes pictures of {rule.get('channels', 3)} channels, but this network takes "
                         f"{shape}; give the --net that it was trained as")
    prepared = rule.pop("words")
    x = to_input(resize_and_crop(picture, shape[1]), **rule)
    return x.astype(net.dtype), rule.get("order", "RGB"), prepared


def read_names(path):
    """The lines of a text file that are not empty; numbers of ImageNet such as n01440764 are left out."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; save it so, one class on each line") from None
    return [re.sub(r"^n\d{8}\s+", "", line.strip()) for line in lines if line.strip()]
