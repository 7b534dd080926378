"""`npnet data`: data sets, where they come from, what is in them, what training makes of their pictures.

    npnet data list                                 what there is, and what of it is on this computer
    npnet data get cifar10                          download, check, unpack
    npnet data info cifar10                         counts per class, sizes, origin, citation, checksums
    npnet data show shapes --class star             a sheet of samples: samples.png, or where --save says
    npnet data augment photo.jpg                    every augmentation before and after: augment.png
"""
from pathlib import Path

import numpy as np

from ..data import catalogue
from ..files.fetch import contents, damaged
from ..screen import bar, counted, echo, line, listed, nearest, print_table, size
from .plot import place_of

MOST_CLASSES = 40               # that info lists; of more it says the smallest and the largest
MOST_COMPARED = 200_000         # pictures of which info looks for those that are in both parts
LOOKED_AT = 100                 # pictures that are opened to say how large they are


def add(commands):
    parser = commands.add_parser("data", help="data sets: list, get, show, info, augment")
    parser.description = "Data sets: what there is, fetching it, looking at it."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what there is, and what of it is on this computer").set_defaults(run=run_list)
    get = actions.add_parser("get", help="download data sets, check and unpack them")
    get.add_argument("names", nargs="+", metavar="NAME", help=f"one of {', '.join(catalogue.CATALOGUE)}")
    get.add_argument("--trust", action="store_true", help="take files whose checksum is not known, as they come")
    get.set_defaults(run=run_get)
    info = actions.add_parser("info", help="counts per class, sizes, origin, citation, checksums")
    add_data(info)
    info.set_defaults(run=run_info)
    add_show(actions)
    add_augment(actions)


def add_show(actions):
    parser = actions.add_parser("show", help="draw a sheet of samples with their labels")
    add_data(parser)
    parser.add_argument("--count", type=int, default=40, metavar="N", help="how many pictures (default: 40)")
    parser.add_argument("--class", dest="only", metavar="NAME", help="of this class alone")
    parser.add_argument("--part", "--split", choices=("train", "test"),
                        help="the pictures for training or those for testing (default: train, if there are any)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses the pictures (default: 0)")
    parser.add_argument("--save", metavar="FILE", help="default: samples.png, if no file of yours has that name")
    parser.set_defaults(run=run_show)


def add_augment(actions):
    parser = actions.add_parser("augment", help="draw every augmentation of a picture, before and after")
    parser.add_argument("picture", metavar="PICTURE", help="a picture file")
    parser.add_argument("--kind", action="append", metavar="WORD", help="only those with this word in their title, "
                        "such as crop, mirror or colour; may be given again")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random draws (default: 0)")
    parser.add_argument("--save", metavar="FILE", help="default: augment.png, if no file of yours has that name")
    parser.set_defaults(run=run_augment)


def add_data(parser):
    parser.add_argument("data", nargs="?", default="shapes", metavar="NAME_OR_PATH",
                        help="a name of npnet data list, a .npz file or a folder of pictures (default: shapes)")


# ---------------------------------------------------------------------------- list and get

def run_list(options):
    rows = [("name", "pictures", "each", "classes", "room", "on this computer?")]
    for entry in catalogue.CATALOGUE.values():
        room = size(entry.room) if entry.room else "-"
        rows.append((entry.name, f"{entry.train + entry.test:,}", entry.picture, f"{entry.classes}", room, here(entry)))
    print_table(rows, "lrlrrl", whole=True)
    echo("\nnpnet data get NAME downloads one, npnet data info NAME says more.")
    echo("unverified: no checksum is known, so get asks for --trust.")
    echo("ImageNet (ILSVRC) needs registration at image-net.org; then name its folder.")


def here(entry):
    """In a word, whether a data set is on this computer."""
    if not entry.parts:
        return "drawn when needed"
    try:
        catalogue.folder(entry.name)
        return "yes"
    except FileNotFoundError:
        return "no, unverified" if entry.unverified else "no"


def run_get(options):
    entries = [catalogue.entry(name) for name in options.names]         # a slip is said before the first download
    for entry in entries:
        if not entry.parts:
            echo(f"{entry.name} is drawn by npnet: there is nothing to download")
            continue
        with bar(f"Downloading {entry.name}", "B") as progress:
            path = catalogue.fetch(entry.name, options.trust, progress)
        echo(f"{entry.name} is complete: {path}")


# ---------------------------------------------------------------------------- info

def run_info(options):
    name, entry = options.data, catalogue.CATALOGUE.get(options.data)
    if entry:
        print_facts(name, catalogue_facts(entry))
    if not entry or not entry.parts or here(entry) == "yes":
        print_pictures(name, read(name))


def read(name):
    """The data set of that name or at that path; what takes long shows how far it is."""
    from ..data import dataset
    with bar(f"Reading {Path(name).name}") as progress:
        return dataset(name, progress)


def print_facts(title, facts):
    echo(title, "bold")
    for name, value in facts.items():
        print(line(name, value))


def catalogue_facts(entry):
    """{name: text} of what the catalogue knows of a data set, and whether its files are right."""
    facts = {"what": entry.about, "pictures": f"{entry.train:,} to train, {entry.test:,} to test, {entry.picture}, "
             f"{entry.classes} classes", "citation": entry.citation, "licence": entry.licence}
    for part in entry.parts:
        name = "checksum" if len(entry.parts) == 1 else part.name.partition("-ubyte")[0]
        facts[name] = part.checksum.replace(":", " ") if part.checksum else "unverified: none is known"
    if entry.parts:
        facts["from"] = sorted({address.rpartition("/")[0] + "/" for part in entry.parts for address in part.addresses})
        facts["here"] = state(entry.name)
    return facts


def state(name):
    """Where a data set is and whether every byte is what it was, or how to get it."""
    try:
        path = catalogue.folder(name)
    except FileNotFoundError as error:
        return str(error)
    files, changed = contents(path), damaged(path)
    total = size(sum(count for count, _ in files.values()))
    verdict = f"DAMAGED: {', '.join(changed)}; npnet data get {name} mends it" if changed else "checksums right"
    return f"{path}, {counted(len(files), 'file')}, {total}, {verdict}"


def print_pictures(name, data):
    """Origin, sizes and the number of pictures of every class."""
    parts = {"train": data.train} if data.test is None else {"train": data.train, "test": data.test}
    facts = {"origin": data.origin or "unknown"}
    for part, pictures in parts.items():
        facts[part] = f"{len(pictures):,} pictures, {sizes(pictures)}"
    if data.test is None:
        fifth = len(data.train) // 5
        facts["test"] = "none" + f": npnet train holds out a fifth ({fifth:,})" * (fifth > 0)
    facts["classes"] = f"{len(data.classes):,}"
    counts = {part: np.bincount(pictures.labels, minlength=len(data.classes)) for part, pictures in parts.items()}
    for title, number in (("without pictures", 0), ("with one picture", 1)):
        few = [data.classes[k] for k in np.flatnonzero(counts["train"] == number)]
        if few:
            facts[title] = f"{counted(len(few), 'class', 'classes')} to train on: {listed(few)}"
    if data.test is not None:
        facts["in both parts"] = in_both(data)
    print_facts(f"{name}, as it is read", facts)
    print()
    print_counts(data.classes, counts)


def in_both(data):
    """How many of the pictures are to train on and to test on, with an example."""
    from ..data.fingerprints import identity, shared
    if len(data.train) + len(data.test) > MOST_COMPARED:
        return f"not looked for among more than {MOST_COMPARED:,} pictures"
    with bar("comparing pictures", "pictures") as progress:
        pairs = shared(identity(data.train, progress), identity(data.test, progress))
    if not pairs:
        return "none"
    return f"{counted(len(pairs), 'picture')}, such as {pairs[0][0]} (test), {pairs[0][1]} (train)"


def print_counts(classes, counts):
    """A table of the pictures per class; of very many classes the first that have some, and the range of all."""
    there = sum(counts.values()) > 0
    numbers = range(len(classes)) if len(classes) <= MOST_CLASSES else np.flatnonzero(there)[:MOST_CLASSES]
    rows = [(classes[number], *(f"{count[number]:,}" for count in counts.values())) for number in numbers]
    print_table([("class", *counts), *rows], "l" + "r" * len(counts))
    if len(classes) > len(numbers):
        for part, count in counts.items():
            echo(f"and {len(classes) - len(numbers):,} more; {part}: {count.min():,} to {count.max():,} in a class")


def sizes(pictures):
    """How large pictures are: "32x32, in colour", or the range of some that are looked at."""
    if len(pictures) == 0:
        return "of no size"
    if isinstance(pictures.images, np.ndarray):
        _, height, width, channels = pictures.images.shape
        return f"{height}x{width}, {'in colour' if channels == 3 else 'grey'}"
    shapes, problems = [], []
    for i in np.linspace(0, len(pictures) - 1, min(LOOKED_AT, len(pictures))).astype(int):
        try:
            shapes.append(pictures[i].shape[:2])
        except (ValueError, OSError) as error:
            problems.append(str(error))
    words = []
    if shapes:
        small, large = min(shapes, key=np.prod), max(shapes, key=np.prod)
        words.append(f"{small[0]}x{small[1]} pixels (height x width)" if small == large else
                     f"from {small[0]}x{small[1]} to {large[0]}x{large[1]} pixels (height x width)")
    if problems:
        words.append(f"{len(problems)} cannot be read: {problems[0]}")
    return f"{'; '.join(words)}; {len(shapes) + len(problems):,} were looked at"


# ---------------------------------------------------------------------------- pictures

def run_show(options):
    from .. import plots
    if options.count < 1:
        raise ValueError(f"--count must be at least 1, got {options.count}")
    path = place_of(options.save, "samples.png", [options.data])
    data = read(options.data)
    part = options.part or ("train" if len(data.train) else "test")
    pictures = data.train if part == "train" else data.test
    if pictures is None or len(pictures) == 0:
        raise ValueError(f"{options.data} has no pictures to {part}; leave --part out or choose another")
    chosen = choose(pictures, options.count, options.only, options.seed)
    labels = [pictures.classes[label] for label in pictures.labels[chosen]]
    kind = "training" if part == "train" else "test"
    title = f"{data.name}: {len(chosen):,} of {len(pictures):,} {kind} pictures"
    plots.save(plots.samples([pictures[i] for i in chosen], labels, title), path)
    echo(f"{title} in {path}")


def choose(pictures, count, only=None, seed=0):
    """Indices of `count` random pictures, of every class about as many, in the order of the classes.

    only: the name of a class, of which all are. ValueError if no class has that name or if it has no pictures.
    """
    from ..layers import rng
    shuffled = rng(seed, "show").permutation(len(pictures))
    if only is not None:
        shuffled = shuffled[pictures.labels[shuffled] == number_of(only, pictures.classes)]
        if len(shuffled) == 0:
            raise ValueError(f"the class {only} has no pictures here; leave --class or --part out")
    labels, seen = pictures.labels[shuffled], {}
    turn = np.zeros(len(labels), int)                           # of each picture, how many of its class came before
    for i, label in enumerate(labels.tolist()):
        turn[i] = seen[label] = seen.get(label, -1) + 1
    chosen = shuffled[np.argsort(turn, kind="stable")[:count]]
    return chosen[np.argsort(pictures.labels[chosen], kind="stable")]


def number_of(name, classes):
    """The number of the class of that name, whatever the capitals and the Unicode form."""
    from ..data.sets import composed
    name, lower = composed(name), [label.lower() for label in classes]
    if name in classes:
        return classes.index(name)
    if name.lower() in lower:
        return lower.index(name.lower())
    raise ValueError(f"no class is called {name!r}; {nearest(name, classes)}there are {listed(classes, 20)}")


def run_augment(options):
    from .. import plots
    from ..data import augment_examples, read_picture
    notes, path = [], place_of(options.save, "augment.png", [options.picture])
    picture = read_picture(options.picture, notes)
    rows = augment_examples(picture, options.seed)
    if options.kind:
        titles = "; ".join(title for title, _ in rows)
        rows = [row for row in rows if any(word.lower() in row[0].lower() for word in options.kind)]
        if not rows:
            raise ValueError(f"no augmentation has {' or '.join(options.kind)} in its title; there are: {titles}")
    for note in notes:
        echo(note)
    name = Path(options.picture).name
    plots.save(plots.before_after(picture, rows, f"{name}, before and after"), path)
    echo(f"{counted(len(rows), 'augmentation')} of {name} in {path}")
