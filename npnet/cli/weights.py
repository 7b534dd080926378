"""`npnet weights`: trained weights, where they come from, what is in a file of them.

    npnet weights list                              what there is, and what of it is on this computer
    npnet weights get squeezenet --trust            download and check; --trust: with the names of its classes
    npnet weights info squeezenet                   arrays, network, preparation, what of the file went where
    npnet weights info theirs.pth --net torchvision
    npnet weights convert theirs.pth ours.npz       everything that npnet predict needs, in a file of npnet's
    npnet weights convert ours.npz theirs.safetensors           names and layout of PyTorch's state_dict
"""
from pathlib import Path

from ..data.pipeline import cut_words, number_words
from ..screen import bar, counted, echo, line, listed, print_table, size
from ..screen.words import short_names
from ..weights import fetching, shipped
from ..weights.prepared import version_of
from ..weights.trained import SHIPPED, found, save_trained
from . import NETWORKS, add_layers, add_reading, reading
from .evaluate import print_json

MOST = 10                       # classes that info names
ARRAYS_ALONE = "PyTorch's state_dict, without preparation and classes"


def add(commands):
    parser = commands.add_parser("weights", help="trained weights: list, get, info, convert")
    parser.description = "Trained weights: what there is, fetching them, what is in a file, another format."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what there is, and what of it is on this computer").set_defaults(run=run_list)
    get = actions.add_parser("get", help="download weights and check them")
    get.add_argument("names", nargs="+", metavar="NAME", help=f"one of {', '.join(fetching.KNOWN)}")
    get.add_argument("--trust", action="store_true", help="take files whose checksum is not known, as they come: the "
                     "names of ImageNet's classes")
    get.set_defaults(run=run_get)
    add_info(actions)
    add_convert(actions)


def add_info(actions):
    parser = actions.add_parser("info", help="what is in a file: arrays, network, preparation, classes")
    parser.add_argument("weights", metavar="NETWORK", help=NETWORKS)
    add_reading(parser)
    add_layers(parser)
    parser.add_argument("--json", action="store_true", help="all of it as JSON")
    parser.set_defaults(run=run_info)


def add_convert(actions):
    parser = actions.add_parser("convert", help="write weights in another format")
    parser.add_argument("weights", metavar="NETWORK", help=NETWORKS)
    parser.add_argument("out", metavar="OUT", help=".npz: the network with its preparation and its classes, for npnet; "
                        ".safetensors: its arrays, with PyTorch's names and layout")
    parser.add_argument("--state-dict", action="store_true", help="write the .npz as the .safetensors: arrays alone, "
                        "with PyTorch's names and layout")
    parser.add_argument("--replace", action="store_true", help="write OUT also where a file of that name is")
    add_reading(parser)
    add_layers(parser)
    parser.set_defaults(run=run_convert)


# ---------------------------------------------------------------------------- list and get

def run_list(options):
    rows = [("name", "room", "here?", "what")]
    rows += [(name, size((SHIPPED / f"{name}.npz").stat().st_size), "yes, shipped", "npnet's own network")
             for name in shipped()]
    rows += [(entry.name, size(fetching.room(entry.name)), here(entry), entry.about)
             for entry in fetching.KNOWN.values()]
    print_table(rows, "lrll", whole=True)
    echo("\nnpnet weights get NAME downloads one, npnet weights info NAME says more.")
    notes = {"unverified": "no checksum is known, so get asks for --trust.",
             "damaged": "a file lies there, but with other bytes; npnet weights info NAME says which."}
    for word, note in notes.items():
        if any(row[2] == f"no, {word}" for row in rows):
            echo(f"{word}: {note}")


def here(entry):
    """In a word, whether weights are on this computer."""
    if fetching.located(entry.name):
        return "yes"
    if fetching.damage(entry.name):
        return "no, damaged"
    return "no, unverified" if entry.unverified else "no"


def run_get(options):
    entries = [fetching.entry(name) for name in dict.fromkeys(options.names)]   # a slip is said before a download
    if options.trust and any(entry.is_network for entry in entries) and not fetching.class_names():
        entries.append(fetching.entry(fetching.NAMES))
    for entry in dict.fromkeys(entries):
        with bar(f"Downloading {entry.name}", "B") as progress:
            path = fetching.fetch(entry.name, options.trust, progress)
        echo(f"{entry.name} is complete: {path}")
    if not fetching.class_names():
        names = fetching.entry(fetching.NAMES)
        echo(f"The 1000 classes are numbers as long as their names are not here: npnet weights get {names.name} "
             f"--trust fetches them (no checksum is known), or put {names.file} in {names.folder}.")


# ---------------------------------------------------------------------------- info

def run_info(options):
    name, entry = options.weights, fetching.KNOWN.get(options.weights)
    here = entry is None or fetching.located(name)
    facts = (catalogue_facts(entry) if entry else {}) | (file_facts(name, options) if here and
                                                         name != fetching.NAMES else {})
    if options.json:
        print_json({key.replace(" ", "_"): value for key, value in facts.items()})
        return
    arrays, report = facts.pop("arrays", []), facts.pop("report", None)
    if report:
        facts.pop("notes")                                      # which are in the report
    echo(name, "bold")
    for key, value in facts.items():
        for each in value if key == "notes" else [value]:
            print(line(key, in_a_line(key, each)))
    if arrays and not report:                                   # whose table has their names and shapes
        print()
        print_table([("array", "shape", "dtype"), *((one["name"], "x".join(map(str, one["shape"])) or "-", one["dtype"])
                                                    for one in arrays)], "lrl")
    if report:
        echo(f"\n{report}")


def in_a_line(key, value):
    """A fact as text: classes are counted and the first ones named."""
    if value is None:
        return "not known"
    if key == "numbers":
        return f"{value:,}"
    if key == "classes":
        return f"{counted(len(value), 'class', 'classes')}: {listed(short_names(value), MOST)}"
    return value


def catalogue_facts(entry):
    """{name: value} of what is known of weights that can be fetched."""
    part, path = entry.parts[0], fetching.located(entry.name)
    facts = {"what": entry.about, "belongs to": entry.net, "stated": entry.stated and f"{entry.stated} of ImageNet's "
             f"validation pictures right, best and best five, as its authors state", "licence": entry.licence,
             "from": part.addresses[0],
             "checksum": part.checksum.replace(":", " ") if part.checksum else "unverified: none is known",
             "mean picture": entry.name == fetching.NAMES and str(fetching.mean_picture() or ""),
             "here": str(path or here_words(entry.name))}
    return {name: value for name, value in facts.items() if value}


def here_words(name):
    """That weights are not here, or what is wrong with the file that is."""
    return fetching.absent(name).removeprefix(f"{name} is ")


def file_facts(name, options):
    """{name: value} of what is in a file: its arrays, and the network with its preparation and its classes."""
    from ..weights import trained
    from ..weights.reading import stored
    content = stored(found(name))
    facts = {"format": content.format, "numbers": sum(array.size for array in content.arrays.values()),
             "arrays": [{"name": key, "shape": list(array.shape), "dtype": str(array.dtype)}
                        for key, array in content.arrays.items()]}
    try:
        known = trained(name, **reading(options))
    except ValueError as error:                                 # the arrays are shown all the same
        if any(getattr(options, given) is not None for given in ("net", "prototxt", "mean", "names")):
            raise                                               # what was asked for cannot be told
        return facts | {"network": None, "problem": str(error), "notes": content.notes}
    size_words = cut_words(known.pipeline) or [f"{known.pipeline.size} x {known.pipeline.size} pixels"]
    return facts | {
        "network": version_of(known.net) or known.settings.get("net") or "of its own",
        "pictures": ", ".join([*size_words, *number_words(known.pipeline)]),
        "classes": list(known.classes), "report": known.report and str(known.report),
        "notes": known.settings.get("notes", content.notes)}


# ---------------------------------------------------------------------------- convert

def run_convert(options):
    from ..weights import trained
    write, what = writer(options)
    out = Path(options.out)
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; give the name of a file in it")
    if out.exists() and not options.replace:
        raise FileExistsError(f"{out} is there already; choose another name, or add --replace")
    known = trained(options.weights, **reading(options))
    write(out, known)
    if known.report is not None:
        echo(str(known.report))
    echo(f"{out} holds {what}: {counted(len(known.net.params()), 'array')}, {size(out.stat().st_size)}")


def writer(options):
    """The function of a path and a Trained that writes what OUT's name asks for, and what that is."""
    from ..weights.readers import arrays
    ending = Path(options.out).suffix.lower()
    if ending not in (".npz", ".safetensors"):
        raise ValueError(f"OUT must end in .npz or .safetensors, got {options.out}")
    if ending == ".safetensors":
        arrays.package()                                        # or ImportError, before anything is read
        return lambda path, known: arrays.write_safetensors(path, known.net), ARRAYS_ALONE
    if options.state_dict:
        return lambda path, known: arrays.write_npz(path, known.net), ARRAYS_ALONE
    return save_trained, "a network with its preparation and its classes"
