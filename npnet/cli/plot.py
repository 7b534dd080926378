"""`npnet plot`: the curves of several runs in one figure, and their filters.

    npnet plot runs/relu runs/tanh --save relu-and-tanh.png
    npnet plot runs/cifar --filters
"""
import csv
from pathlib import Path

from ..screen import counted, echo


def add(commands):
    parser = commands.add_parser("plot", help="curves and filters of runs")
    parser.description = "Loss and right answers of several runs, epoch by epoch, in one figure."
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("--save", metavar="FILE", help="the picture (default for one run: comparison.png in its "
                        "folder; must be given for several)")
    parser.add_argument("--title", metavar="TEXT")
    parser.add_argument("--filters", action="store_true", help="also the filters of the first layer, RUN/filters.png")
    parser.add_argument("--reference", metavar="FILE", help="published curves, drawn in grey: a CSV file with the "
                        "columns name, epoch, train_loss, loss")
    parser.set_defaults(run=run, several="runs")


def run(options):
    from .. import plots
    folders = [Path(run) for run in options.runs]
    runs = {label: history(folder) for label, folder in zip(labels(folders), folders)}
    reference = None if options.reference is None else published(options.reference)
    if options.save is None and len(folders) > 1:
        raise ValueError("several runs need --save FILE, as their picture belongs to none of their folders")
    path = place_of(options.save, folders[0] / "comparison.png")
    plots.save(plots.curves(runs, options.title, reference), path)
    echo(f"{counted(len(runs), 'run')} in {path}")
    if options.filters:
        for folder in folders:
            echo(f"filters of {folder} in {filters(folder)}")


def place_of(save, own=None, reads=()):
    """Where a command draws: where --save says, or else `own`, one of npnet's names. ValueError if what is there was
    not drawn by npnet: only --save replaces the user's files, and none that the command reads.

    reads: pictures, or folders and files with pictures.
    """
    from ..plots import drawn_by_npnet
    path = Path(own if save is None else save)
    if path.is_file() and not drawn_by_npnet(path):
        if any(path.resolve().is_relative_to(Path(one).resolve()) for one in reads):
            raise ValueError(f"{path} is one of the pictures that are read here; choose another place with --save FILE")
        if save is None:
            raise ValueError(f"{path} is there and was not drawn by npnet; choose another place with --save FILE, or "
                             f"this one with --save {path}")
    return path


def labels(folders):
    """The shortest ends of the paths that differ."""
    parts = [folder.resolve().parts for folder in folders]
    count = next((n for n in range(1, 20) if len({part[-n:] for part in parts}) == len(set(parts))), 20)
    return ["/".join(part[-count:]) for part in parts]


def rows_of(path):
    """The lines of a CSV file as dictionaries; ValueError with the path for what is not a number."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [{key: value if key == "name" else float(value) if value else None for key, value in row.items()}
                for row in rows]
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise ValueError(f"{path} is not a table of numbers as npnet writes it ({error})") from None


def history(folder):
    """The rows of a run's history."""
    path = folder / "history.csv"
    if not path.exists():
        raise FileNotFoundError(f"{folder} is not the folder of a run: it has no history.csv")
    rows = rows_of(path)
    if not rows:
        raise ValueError(f"{folder}: no epoch is complete yet, so there is nothing to draw")
    return rows


def published(path):
    """{name: [(epoch, train_loss, loss), ...]} from a CSV file."""
    curves = {}
    for row in rows_of(path):
        try:
            curves.setdefault(row["name"], []).append((row["epoch"], row["train_loss"], row["loss"]))
        except KeyError as error:
            raise ValueError(f"{path} needs the columns name, epoch, train_loss, loss; {error} is missing") from None
    return curves


def filters(folder):
    """Draws the filters of a run's first convolution."""
    from .. import plots
    from ..fit.folder import first_filters
    from ..weights import trained
    name, w = first_filters(trained(folder).net)
    if name is None:
        raise ValueError(f"{folder}: this network has no convolution whose filters could be drawn")
    path = place_of(None, folder / "filters.png")
    plots.save(plots.filters(w, f"{folder.name}, {name}"), path)
    return path
