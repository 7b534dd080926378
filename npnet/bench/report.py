"""What a bench prints: tables that fit 60 columns."""
from ..screen import echo, print_table, size, tell
from .measure import typical
from .sides import TORCH

HEADS = ("layer", "npnet", "rate", "limit", "PyTorch", "ratio")


def print_layers(rows, title):
    """Two tables, forward and backward: milliseconds, rate, share of the limit, PyTorch and the ratio."""
    for way in ("forward", "backward"):
        part = [row for row in rows if row["way"] == way]
        if part:
            echo()
            echo(f"{title}, {way}", "bold")
            print_table([HEADS, *map(cells, part), total(part)], "lrrrrr")


def cells(row):
    """The cells of one layer."""
    theirs = row["torch"]
    return (row["layer"], milliseconds(row["npnet"]), rate(row), "" if not row["operations"] else share(row["share"]),
            "" if theirs is None else milliseconds(theirs), "" if theirs is None else f"{row['ratio']:.2f}")


def total(rows):
    """The cells of the sum."""
    ours, theirs = (sum(row[side] or 0 for row in rows) for side in ("npnet", "torch"))
    least = sum(row["least"] for row in rows)
    both = (milliseconds(theirs), f"{ours / theirs:.2f}") if theirs else ("", "")
    return ("sum", milliseconds(ours), "", share(least / ours), *both)


def milliseconds(number):
    """"1234 ms", "12.3 ms", "0.123 ms"."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2 if number >= 1 else 3
    return f"{number:.{digits}f} ms"


def rate(row):
    """"212 GFLOP/s" where the rate of products is the limit, "25 GB/s" where memory is."""
    if not row["operations"]:
        return ""
    products = row["limit"] == "matrix"
    per_second = (row["operations"] if products else row["read"] + row["written"]) / (row["npnet"] / 1000)
    return f"{per_second / 1e9:.{0 if per_second >= 1e10 else 1}f} {'GFLOP/s' if products else 'GB/s'}"


def share(number):
    """"68 %"."""
    return f"{100 * number:.0f} %"


def print_whole(found, settings):
    """Forward and step of all layers together, and the memory of a step, if they were measured."""
    if "step" not in found:
        return
    rows = []
    for what in ("forward", "step"):
        seconds = {name: typical(times) for name, times in found[what].items()}
        rows.append(compared(what, seconds, settings, lambda value: milliseconds(1000 * value)))
    rows.append(compared("peak of a step", {name: each["peak"] for name, each in found["memory"].items()}, settings,
                         lambda value: size(value, 1024)))
    rows.append(compared("page faults", {name: each["minor"] for name, each in found["memory"].items()}, settings,
                         lambda value: f"{value:,}"))
    echo()
    print_table([("whole", "npnet", "PyTorch", "ratio"), *rows], "lrrr")


def compared(what, values, settings, words):
    """The cells of a line: what, npnet's value, PyTorch's, the ratio."""
    ours, theirs = values[settings.row], values.get(TORCH)
    said = ["" if value is None else words(value) for value in (ours, theirs)]
    return (what, *said, f"{ours / theirs:.2f}" if ours is not None and theirs else "")


def print_limits(limits, threads):
    """A table of the limits."""
    echo("limits of this machine", "bold")
    names = {"matrix": ("matrix products, float32", "GFLOP/s"), "copy": ("copying, read and written", "GB/s"),
             "read": ("reading", "GB/s")}
    rows = [(words, f"{limits[key]['one'] / 1e9:.0f} {unit}", f"{limits[key]['all'] / 1e9:.0f} {unit}")
            for key, (words, unit) in names.items()]
    print_table([("", "1 thread", f"{threads} threads" if threads > 1 else "pool"), *rows], "lrr")


def print_notes(notes):
    """Sentences under the tables."""
    echo()
    for note in notes:
        tell(note)
