"""`npnet evaluate`: how right trained networks are, on pictures that they were not trained on.

    npnet evaluate runs/cifar                           the test pictures of the data it was trained on
    npnet evaluate runs/a runs/b runs/c                 an ensemble: their answers are averaged
    npnet evaluate runs/pets --data moved/pets          wherever they lie: pictures are known by their fingerprints
    npnet evaluate cifar_alexnet --data pets/ --ten-crop
    mpiexec -n 4 npnet evaluate runs/cifar              four processes share the pictures
"""
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..layers import check_whole
from ..screen import bar, counted, echo, listed, percent, print_table, tell
from ..screen.words import short_names
from ..weights.classes import SYNSET, number_of, numbers_of, synsets_of
from ..weights.fetching import NAMES
from . import NETWORKS, add_backend, add_layers, add_reading, choose_backend, reading
from .plot import place_of
from .train import check_there, options_named


def add(commands):
    parser = commands.add_parser("evaluate", help="how right trained networks are")
    parser.description = ("Loss, right answers and confusions of a trained network on pictures with labels. Pictures "
                          "that it was trained on are left out, wherever they lie. Several networks are an ensemble: "
                          "their probabilities are averaged, as in the paper's table 2.")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=NETWORKS)
    parser.add_argument("--weights", action="append", default=[], metavar="NETWORK", help="the same, as for predict")
    add_reading(parser)
    parser.add_argument("--data", metavar="NAME", help="a data set, as for train (default: that of the first one)")
    parser.add_argument("--part", choices=("test", "train"), default="test",
                        help="test: the test pictures (default); train: those to train on, seen in training or not")
    add_layers(parser)
    parser.add_argument("--ten-crop", action="store_true",
                        help="average over four corners, the middle, and their mirror images (section 4.1)")
    parser.add_argument("--limit", type=int, metavar="N", help="only N of the pictures, evenly spaced")
    parser.add_argument("--skip-damaged", action="store_true",
                        help="leave out pictures that cannot be read, and name them")
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="threads that prepare pictures")
    parser.add_argument("--save", metavar="FILE", help="the confusion matrix as a picture (default: evaluation.png in "
                        "the folder of the run; none for several networks, or for a shipped one)")
    parser.add_argument("--json", action="store_true", help="all figures as JSON, and no picture but with --save")
    add_backend(parser)
    parser.set_defaults(run=run, several="networks")


@options_named()
def run(options):
    from .. import plots
    from ..fit import answers, score
    from ..parallel import here
    check_whole(**{"--limit": 1 if options.limit is None else options.limit, "--batch": options.batch})
    options.networks = options.networks + options.weights
    if not options.networks:
        raise ValueError("evaluate needs a network; see npnet evaluate --help")
    team = here()
    choose_backend(options)
    networks = opened(options.networks, reading(options))
    picture = place_of_confusion(options, options.data or networks[0].settings.get("data", ""))
    pictures, which = pictures_of(options, networks)
    with bar("evaluating", "pictures" if len(networks) == 1 else "answers") as progress:
        log_p = answers([(one.net, one.pipeline) for one in networks], pictures, options.ten_crop, options.batch,
                        options.workers, progress, team)
    if not team.first:
        return
    result = score(log_p, pictures.labels)
    if options.json:
        print_json({"pictures": result.pictures, "which": which, "loss": result.loss, "top1": result.top1,
                    "top5": result.top5, "classes": list(pictures.classes), "confusion": result.confusion.tolist()})
    else:
        show(options, result, pictures.classes, which)
    if picture is not None:
        plots.save(plots.confusion(*met(result.confusion, pictures.classes)), picture)
        if not options.json:
            echo(f"the confusion matrix is {picture}")


def place_of_confusion(options, data):
    """Where the picture goes, or None. data: where the pictures are read."""
    one = Path(options.networks[0])
    folder = one if one.is_dir() else one.parent
    if options.save is None and (options.json or len(options.networks) > 1 or not (folder / "settings.json").exists()):
        return None
    return place_of(options.save, folder / "evaluation.png", [data] * bool(data))


def met(matrix, classes, most=40):
    """Of more than `most` classes those that a picture has or was taken for: their matrix, their names."""
    kept = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1)) if len(classes) > most else np.arange(len(classes))
    return matrix[np.ix_(kept, kept)], [classes[k] for k in kept]


def show(options, result, classes, which):
    """The figures, and a table of the classes."""
    from ..fit.finish import in_words
    tell(f"{' + '.join(options.networks)} on {which}{', ten crops' if options.ten_crop else ''}")
    echo(f"{in_words(result)}, loss {result.loss:.4f}", "bold")
    rows, count = confusions(result.confusion, short_names(classes)), int((result.confusion.sum(axis=1) > 0).sum())
    print_table(rows, "lrrl")
    if count > len(rows) - 1:
        echo(f"the worst {len(rows) - 1} of {count:,} classes")


def opened(names, options):
    """The trained networks, which must have been trained on the same classes. options: of weights.trained."""
    from ..weights import trained
    networks = [trained(name, **options) for name in names]
    for other in networks[1:]:
        if other.classes != networks[0].classes:
            raise ValueError(f"{other.name} and {networks[0].name} were trained on other classes, so their answers "
                             f"cannot be averaged")
    return networks


def pictures_of(options, networks):
    """The pictures, and in words which they are; their classes must be the network's."""
    from ..data.sets import composed
    from ..fit.pictures import read, readable, some
    from ..fit.unseen import to_evaluate
    settings = networks[0].settings
    source = options.data or settings.get("data")
    if source is None:
        raise ValueError(f"{networks[0].name} does not say what it was trained on; give --data")
    if options.data is None:
        check_there(source, networks[0].name)
    with bar(f"reading {source}") as progress:
        data = read(source, settings.get("grey"), progress)
    classes = [composed(name) for name in networks[0].classes]
    synsets = synsets_of(options.names, classes)
    numbers = numbers_of(data.classes, classes, synsets)
    if numbers is None:
        raise ValueError(other_classes(source, data.classes, networks[0].name, classes, synsets))
    if len(numbers) < len(classes) and not options.json:
        tell(f"{source} has {len(numbers):,} of the {len(classes):,} classes that {networks[0].name} knows; an answer "
             f"may be any of these")
    if classes == [f"class {k}" for k in range(len(classes))] != list(data.classes):
        classes = list(data.classes)
        if not options.json:
            tell(f"{networks[0].name} has no names for its classes: they are taken to be those of {data.name}, by "
                 f"their numbers")
    pictures, words, warning = to_evaluate(data, networks, options.part, source)
    if warning and not options.json:
        tell(warning)
    pictures = readable(pictures, tell) if options.skip_damaged or settings.get("skip_damaged") else pictures
    pictures = some(replace(pictures, labels=numbers[pictures.labels], classes=classes), options.limit)
    return pictures, f"{counted(len(pictures), 'picture')} of {data.name}{words}"


def other_classes(source, names, network, classes, synsets):
    """A sentence: the classes of the data are not the network's; which are not, and what may help."""
    strange = [name for name in names if number_of(name, classes, synsets) is None]
    which = f"; not the name of one class of the network: {listed(strange)}" if 0 < len(strange) < len(names) else ""
    which = which or "; some of the former are one class of the latter" * (not strange)
    numbered = [name for name in names if re.match(SYNSET, name)]
    how = (f"; for ImageNet's numbers such as {numbered[0][:9]}, give --names synset_words.txt (npnet weights get "
           f"{NAMES} --trust fetches it)" if numbered and not synsets else "")
    return (f"{source} has the classes {listed(names, 10)}, but {network} was trained on {listed(classes, 10)}"
            f"{which}{how}")


def print_json(data):
    """Prints data as one line of JSON, in letters that the output has."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(json.dumps(data, ensure_ascii=not encoding.lower().startswith("utf")), flush=True)


def limits(name, classes):
    """A sentence: what a network can answer at all."""
    knows = "know" if " + " in name else "knows"
    count = counted(len(classes), "class", "classes")
    if list(classes) == [f"class {k}" for k in range(len(classes))]:
        how = f"npnet weights get {NAMES} --trust, or " if len(classes) == 1000 else ""
        return f"{name} {knows} {count}, whose names are not here: {how}--names FILE, one on each line."
    return (f"{name} {knows} {count}: {listed(short_names(classes), 10)}. If a picture shows something else, the "
            f"answer is still one of these names.")


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
            *((name, f"{count:,}", percent(right), taken) for right, name, count, taken in rows)]
