"""`npnet evaluate`: how right trained networks are.

    npnet evaluate runs/cifar                           the test pictures of the data it was trained on
    npnet evaluate runs/a runs/b runs/c                 an ensemble: their answers are averaged
    npnet evaluate cifar_alexnet --data pets/ --ten-crop
"""
import json
import textwrap

from ..layers import check_whole
from ..screen import bar, echo, print_table
from . import add_backend, choose_backend
from .train import options_named


def add(commands):
    parser = commands.add_parser("evaluate", help="how right trained networks are")
    parser.description = ("Loss, errors and confusions of a trained network on pictures with labels. Several networks "
                          "are an ensemble: their probabilities are averaged, as in the paper's table 2.")
    parser.add_argument("networks", nargs="+", metavar="NETWORK",
                        help="a run's folder, a checkpoint, or the name of a shipped network")
    parser.add_argument("--data", metavar="NAME", help="a data set, as for train (default: that of the first one)")
    parser.add_argument("--part", choices=("test", "train"), default="test", help="default: %(default)s")
    parser.add_argument("--ten-crop", action="store_true",
                        help="average over four corners, the middle, and their mirror images (section 4.1)")
    parser.add_argument("--limit", type=int, metavar="N", help="only N of the pictures, evenly spaced")
    parser.add_argument("--skip-damaged", action="store_true",
                        help="leave out pictures that cannot be read, and name them")
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="threads that prepare pictures")
    parser.add_argument("--save", metavar="FILE", default="evaluation.png",
                        help="the confusion matrix as a picture (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="all figures as JSON, and no picture")
    add_backend(parser)
    parser.set_defaults(run=run)


@options_named()
def run(options):
    from .. import plots
    from ..fit import answers, score
    check_whole(**{"--limit": 1 if options.limit is None else options.limit, "--batch": options.batch})
    choose_backend(options)
    networks = opened(options.networks)
    pictures, which = pictures_of(options, networks)
    with bar("evaluating", "pictures") as progress:
        log_p = answers([(one.net, one.pipeline) for one in networks], pictures, options.ten_crop, options.batch,
                        options.workers, progress)
    result = score(log_p, pictures.labels)
    if options.json:
        print(json.dumps({"pictures": result.pictures, "loss": result.loss, "top1": result.top1, "top5": result.top5,
                          "classes": list(pictures.classes), "confusion": result.confusion.tolist()}))
        return
    echo(f"{' + '.join(options.networks)} on {result.pictures:,} pictures of {which}"
         f"{', ten crops' if options.ten_crop else ''}")
    echo(f"right {100 * result.top1:.2f} %, among the best five {100 * result.top5:.2f} %, loss {result.loss:.4f}; "
         f"error {100 * (1 - result.top1):.2f} / {100 * (1 - result.top5):.2f} %", "bold")
    print_table(confusions(result.confusion, pictures.classes), "lrrl")
    plots.save(plots.confusion(result.confusion, pictures.classes), options.save)
    echo(f"the confusion matrix is {options.save}")


def opened(names):
    """The trained networks, which must have been trained on the same classes."""
    from ..weights import trained
    networks = [trained(name) for name in names]
    for other in networks[1:]:
        if other.classes != networks[0].classes:
            raise ValueError(f"{other.name} and {networks[0].name} were trained on other classes, so their answers "
                             f"cannot be averaged")
    return networks


def pictures_of(options, networks):
    """The pictures, and the name of their set and part; their classes must be the network's.

    A set without test pictures on which one of the networks was trained is cut as it was then; of another
    set, which none of them has seen, all pictures count.
    """
    from ..data import dataset
    from ..data.catalogue import CATALOGUE
    from ..fit.recipe import cut, place, readable, some
    settings = networks[0].settings
    source = options.data or settings.get("data")
    if source is None:
        raise ValueError(f"{networks[0].name} does not say what it was trained on; give --data")
    with bar(f"reading {source}") as progress:
        data = dataset(source, progress=progress)
    seen = any(one.settings.get("data") == place(source, CATALOGUE) for one in networks)
    training, held = cut(data) if seen else (data.train, data.train if data.test is None else data.test)
    which = "all" if data.test is None and not seen else options.part
    which = "the fifth that was held out" if data.test is None and seen and which == "test" else which
    pictures = training if options.part == "train" else held
    pictures = readable(pictures) if options.skip_damaged or settings.get("skip_damaged") else pictures
    if pictures.classes != networks[0].classes:
        raise ValueError(f"{source} has the classes {listed(pictures.classes)}, but {networks[0].name} was trained "
                         f"on {listed(networks[0].classes)}")
    return some(pictures, options.limit), f"{data.name}, {which}"


def listed(classes, most=10):
    """The first names of many."""
    return ", ".join(classes[:most]) + (f" and {len(classes) - most} more" if len(classes) > most else "")


def limits(name, classes):
    """Lines for a terminal: what a network can answer at all."""
    return textwrap.wrap(f"{name} knows {len(classes)} classes: {listed(classes)}. A picture of anything else is none "
                         f"of them, and gets one of these names all the same.", 79)


def confusions(matrix, names, most=20):
    """Rows of a table: every class, how many, how many right, what they are taken for most. Of many, the worst."""
    rows = []
    for k, name in enumerate(names):
        count, others = int(matrix[k].sum()), matrix[k].copy()
        if count:
            others[k] = 0
            taken = f"{names[others.argmax()]} ({others.max()})" if others.any() else ""
            rows.append((matrix[k, k] / count, name, count, taken))
    rows = sorted(rows, key=lambda row: row[0])[:most] if len(rows) > most else rows
    return [("class", "pictures", "right", "most often taken for"),
            *((name, f"{count:,}", f"{100 * right:.1f} %", taken) for right, name, count, taken in rows)]
