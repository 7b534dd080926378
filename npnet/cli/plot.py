"""`npnet plot`: the curves of several runs in one figure, and their filters.

    npnet plot runs/relu runs/tanh --save relu-and-tanh.png
    npnet plot runs/cifar --filters
"""
import csv
from pathlib import Path

from ..screen import echo


def add(commands):
    parser = commands.add_parser("plot", help="curves and filters of runs")
    parser.description = "Loss and error of several runs, epoch by epoch, in one figure."
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("--save", metavar="FILE", default="comparison.png", help="default: %(default)s")
    parser.add_argument("--title", metavar="TEXT")
    parser.add_argument("--filters", action="store_true", help="also the filters of the first layer, RUN/filters.png")
    parser.add_argument("--reference", metavar="FILE", help="published curves, drawn in grey: a CSV file with the "
                        "columns name, epoch, train_loss, loss")
    parser.set_defaults(run=run)


def run(options):
    from .. import plots
    folders = [Path(run) for run in options.runs]
    runs = {label: history(folder) for label, folder in zip(labels(folders), folders)}
    reference = None if options.reference is None else published(options.reference)
    plots.save(plots.curves(runs, options.title, reference), options.save)
    echo(f"{len(runs)} run{'s' if len(runs) > 1 else ''} in {options.save}")
    if options.filters:
        for folder in folders:
            echo(f"filters of {folder} in {filters(folder)}")


def labels(folders):
    """The shortest ends of the paths that differ."""
    parts = [folder.resolve().parts for folder in folders]
    count = next((n for n in range(1, 20) if len({part[-n:] for part in parts}) == len(set(parts))), 20)
    return ["/".join(part[-count:]) for part in parts]


def rows_of(path):
    """The lines of a CSV file as dictionaries; ValueError with the path where a number is none."""
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
    path = folder / "filters.png"
    plots.save(plots.filters(w, f"{folder.name}, {name}"), path)
    return path
