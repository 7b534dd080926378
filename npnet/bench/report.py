"""What a bench prints: its data as tables that fit 60 columns."""
import re

from ..screen import counted, duration, echo, percent, print_table, size, tell
from .targets import TEXTBOOK, target, verdict

LAYERS = ("layer", "npnet", "rate", "limit", "PyTorch", "ratio")
LIMITS = {"matrix": ("matrix products, float32", "GFLOP/s"), "copy": ("copying, read and written", "GB/s"),
          "read": ("reading", "GB/s")}


def print_filled(rows, sides):
    """print_table without the columns that hold nothing: those of PyTorch, where it is not there."""
    kept = [i for i in range(len(sides)) if any(row[i] for row in rows[1:])]
    print_table([[row[i] for i in kept] for row in rows], "".join(sides[i] for i in kept))


# ---------------------------------------------------------------------------- before, and for every batch size

def print_machine(data):
    """What is measured, and where."""
    shape = " x ".join(map(str, data["input_shape"]))
    tell(f"{data['network']}, {shape}, float32, {threads(data)}, on {data['machine']['processor']}")


def print_limits(data):
    """A table of the limits."""
    rows = [(words, *(f"{data['limits'][key][who] / 1e9:.0f} {unit}" for who in ("one", "all")))
            for key, (words, unit) in LIMITS.items()]
    echo()
    print_table([("limits of this machine", "1 thread", threads(data)), *rows], "lrr")


def print_batch(data, batch):
    """Every layer at one batch size, forward and backward, and whole passes."""
    for way in ("forward", "backward"):
        rows = [row for row in data["layers"] if (row["batch"], row["way"]) == (batch, way)]
        if rows:
            echo()
            echo(f"{way}, batch {batch}", "bold")
            print_filled([LAYERS, *map(layer_cells, rows), sum_cells(rows)], "lrrrrr")
    memory = data["memory"].get(str(batch))
    if memory:
        rows = [whole_cells(what, data[f"{what}_b{batch}"]) for what in ("forward", "step")]
        rows += [memory_cells(memory, "peak", "peak memory", lambda count: size(count, 1024)),
                 memory_cells(memory, "minor", "page faults", lambda count: f"{count:,}")]
        echo()
        print_filled([(f"whole, batch {batch}", "npnet", "PyTorch", "ratio"), *rows], "lrrr")


def layer_cells(row):
    """The cells of one layer."""
    idle = not row["read"]                                  # a Flatten: nothing is computed or moved
    return (row["layer"], milliseconds(row["npnet"]), "" if idle else rate(row),
            "" if idle else percent(row["share"], 0), milliseconds(row["torch"]), ratio(row["ratio"]))


def sum_cells(rows):
    """The cells of the sum; its share is that of the time that would be left if every layer reached its limit."""
    ours = sum(row["npnet"] for row in rows)
    theirs = None if rows[0]["torch"] is None else sum(row["torch"] for row in rows)
    share = sum(row["least"] for row in rows) / ours
    return ("sum", milliseconds(ours), "", percent(share, 0), milliseconds(theirs), ratio(theirs and ours / theirs))


def whole_cells(name, found):
    """The cells of one comparison."""
    return (name, *(amount(found[side], found["unit"]) for side in ("npnet", "torch")), ratio(found["ratio"]))


def memory_cells(memory, key, name, words):
    """The cells of one figure of a step's memory."""
    ours, theirs = (memory.get(side, {}).get(key) for side in ("npnet", "torch"))
    said = ["" if value is None else words(value) for value in (ours, theirs)]
    return (name, *said, ratio(ours / theirs if ours is not None and theirs else None))


# ---------------------------------------------------------------------------- at the end

def print_summary(data):
    """All comparisons of whole passes beside the targets; npnet's backends beside each other; notes."""
    keys = [key for key in data if re.match("(forward|step|memory)_b|lrn", key)]
    if keys:
        rows = [(*whole_cells(words_of(key, data), data[key]), verdict(data[key]["ratio"], target(data, key)))
                for key in sorted(keys, key=order)]
        echo()
        print_filled([("all", "npnet", "PyTorch", "ratio", "target"), *rows], "lrrrr")
    if data["backends"]:
        name = next(iter(data["backends"].values()))["name"]
        rows = [(words_of(key, data), milliseconds(row["backend"]), milliseconds(row["numpy"]), ratio(row["ratio"]))
                for key, row in data["backends"].items()]
        echo()
        print_table([("backends of npnet", name, "numpy", "ratio"), *rows], "lrrr")
    print_notes(data)


def print_notes(data):
    """What the tables mean, and what is missing in them."""
    echo()
    tell("ratio: npnet's time (or memory) over PyTorch's; below 1 npnet is better. limit: how much of the rate that "
         "the machine allows a layer reaches: of matrix products (GFLOP/s), or of memory, for the bytes that it must "
         "at least read and write (GB/s). More than 100 %: they are still in a cache, or Winograd needs fewer products "
         "than are counted.")
    for note in data["notes"]:
        tell(note)


def order(key):
    """forward before step before lrn before memory, small batches first."""
    what, batch = re.match(r"(\w+?)(?:_b(\d+))?(?:_|$)", key).groups()
    return ("forward", "step", "lrn", "memory").index(what), int(batch or 0), key


def words_of(key, data):
    """"step, 128 pictures" of "step_b128"."""
    if key == "lrn":
        return f"LRN both ways, {data['lrn']['batch']}"
    what, batch, version = re.match(r"(\w+)_b(\d+)(?:_(\w+))?", key).groups()
    return {"memory": "peak of step"}.get(what, what) + f" {batch}" + (f" {version}" if version else "")


# ---------------------------------------------------------------------------- words

def threads(data):
    """"2 threads"."""
    return counted(data["threads"], "thread")


def milliseconds(number):
    """"1234 ms", "12.3 ms", "0.123 ms"; "" for None."""
    if number is None:
        return ""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2 if number >= 1 else 3
    return f"{number:.{digits}f} ms"


def amount(number, unit):
    """Milliseconds or megabytes."""
    return milliseconds(number) if unit == "ms" or number is None else f"{number:.0f} {unit}"


def ratio(number):
    """"0.71"; "" for None."""
    return "" if number is None else f"{number:.2f}"


def rate(row):
    """"212 GFLOP/s" where the rate of products is the limit, "25 GB/s" where memory is."""
    products = row["limit"] == "matrix"
    per_second = (row["operations"] if products else row["read"] + row["written"]) / (row["npnet"] / 1000)
    return f"{per_second / 1e9:.{0 if per_second >= 1e10 else 1}f} {'GFLOP/s' if products else 'GB/s'}"


# ---------------------------------------------------------------------------- peers, and cost against size

def print_peers(data):
    """Every layer as npnet and others compute it, forward and backward."""
    for way in ("forward", "backward"):
        rows = [(row["layer"], milliseconds(row["npnet"]), milliseconds(row["numpy"]), milliseconds(row["textbook"]),
                 duration(row["loops"] / 1000), ratio(row["ratio"]))
                for row in data["rows"] if row["way"] == way]
        echo()
        echo(f"{way}, batch {data['batch']}, {threads(data)}", "bold")
        name = data["versions"]["npnet"]["backend"]
        print_table([("layer", name, "numpy", "textbook", "loops", "ratio"), *rows], "lrrrrr")
    shares = [row["loops_share"] for row in data["rows"]]
    echo()
    tell(f"textbook: the im2col that is common in NumPy. ratio: of npnet's time to the textbook's; the target is "
         f"{TEXTBOOK}. loops: Python, one multiply-add at a time; measured on a piece (1 part of "
         f"{1 / max(shares):,.0f} to {1 / min(shares):,.0f}) and multiplied.")


def print_scaling(data):
    """Milliseconds for each picture, as batch, threads and pictures grow, and where numpy is quicker."""
    for panel in data["panels"]:
        rows = []
        for i, at in enumerate(panel["at"]):
            cells = [str(at)]
            for one in ("forward", "step"):
                ours, theirs = panel[one]["npnet"][i], panel[one]["numpy"][i]
                cells += [milliseconds(ours), milliseconds(theirs), ratio(theirs and ours / theirs)]
            rows.append(cells)
        echo()
        echo(f"for each picture: {panel['title']}", "bold")
        print_table([(panel["what"], "forward", "numpy", "ratio", "step", "numpy", "ratio"), *rows], "lrrrrrr")
    echo()
    tell(f"ratio: of {data['backend']}'s time to that of numpy. "
         + (f"{data['backend']} is slower here:" if data["slower"] else "Nowhere is numpy quicker."))
    for place in data["slower"]:
        echo(f"    {place['pass']}, {place['what']} {place['at']}: {place['ratio']:.2f} times its time")
