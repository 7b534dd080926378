"""`npnet weights`: trained weights, where they come from, what is in a file of them.

    npnet weights list                              what there is, and what of it is on this computer
    npnet weights get squeezenet                    download and check
    npnet weights get squeezenet --trust            with the names of its classes, of which no checksum is known
"""
from ..screen import bar, echo, print_table, size
from ..weights import fetching, shipped
from ..weights.trained import SHIPPED


def add(commands):
    parser = commands.add_parser("weights", help="trained weights: list, get")
    parser.description = "Trained weights: what there is, fetching them."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what there is, and what of it is on this computer").set_defaults(run=run_list)
    get = actions.add_parser("get", help="download weights and check them")
    get.add_argument("names", nargs="+", metavar="NAME", help=f"one of {', '.join(fetching.KNOWN)}")
    get.add_argument("--trust", action="store_true", help="take files whose checksum is not known, as they come: the "
                     "names of ImageNet's classes")
    get.set_defaults(run=run_get)


# ---------------------------------------------------------------------------- list and get

def run_list(options):
    rows = [("name", "room", "here?", "what")]
    rows += [(name, size((SHIPPED / f"{name}.npz").stat().st_size), "yes, shipped", "npnet's own network")
             for name in shipped()]
    rows += [(entry.name, size(entry.room), here(entry), entry.about) for entry in fetching.KNOWN.values()]
    print_table(rows, "lrll")
    echo("\nnpnet weights get NAME downloads one, npnet weights info NAME says more.")
    echo("unverified: no checksum is known, so get asks for --trust.")


def here(entry):
    """In a word, whether weights are on this computer."""
    if fetching.located(entry.name):
        return "yes"
    return "no, unverified" if entry.unverified else "no"


def run_get(options):
    entries = [fetching.entry(name) for name in dict.fromkeys(options.names)]   # a slip is said before a download
    if options.trust and any(entry.net for entry in entries) and not fetching.class_names():
        entries.append(fetching.entry(fetching.NAMES))
    for entry in dict.fromkeys(entries):
        with bar(f"Downloading {entry.name}", "B") as progress:
            path = fetching.fetch(entry.name, options.trust, progress)
        echo(f"{entry.name} is complete: {path}")
    if not fetching.class_names():
        names = fetching.entry(fetching.NAMES)
        echo(f"The 1000 classes are numbers as long as their names are not here: npnet weights get {names.name} "
             f"--trust fetches them (no checksum is known), or put {names.file} in {names.folder}.")
