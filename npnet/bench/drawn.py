"""Pictures of a bench: its data as a roofline and as bars, for each batch size."""
from .. import plots
from ..screen import counted

SIDES = {"npnet": "npnet", "torch": "PyTorch"}
WAYS = ("forward", "backward")
WHAT = {"batch": "pictures in a batch", "threads": "threads", "pixels": "pixels on a side"}


def drawings(data):
    """{file name: Figure} of all pictures: roofline_b16.png, layers_b16.png ..."""
    found = {}
    for batch in sorted({row["batch"] for row in data["layers"]}):
        rows = [row for row in data["layers"] if row["batch"] == batch]
        title = ", ".join([data["network"], f"batch {batch}", counted(data["threads"], "thread"),
                           data["machine"]["processor"]])
        if any(row["operations"] for row in rows):
            found[f"roofline_b{batch}.png"] = roofline(rows, data["limits"], title)
        found[f"layers_b{batch}.png"] = bars(rows, title)
    return found


def scaling_drawing(data):
    """Time for each picture, a panel for each thing that grows."""
    panels = []
    for panel in data["panels"]:
        lines = {}
        for side, words in (("npnet", data["backend"]), ("numpy", "numpy")):
            for one in ("forward", "step"):
                pairs = [(at, time) for at, time in zip(panel["at"], panel[one][side]) if time is not None]
                if pairs:
                    lines[f"{one}, {words}"] = tuple(zip(*pairs))
        panels.append((WHAT[panel["what"]], panel["title"], lines))
    return plots.growth(panels, "ms for each picture", "Cost against size")


def roofline(rows, limits, title):
    """Every layer a point, npnet and PyTorch, under the limits."""
    points = {way: [(row["layer"], row["operations"] / (row["read"] + row["written"]), rates(row)) for row in rows
                    if row["way"] == way and row["operations"]] for way in WAYS}
    memory = max(*limits["copy"].values(), *limits["read"].values())
    return plots.roofline({way: some for way, some in points.items() if some}, max(limits["matrix"].values()), memory,
                          title)


def rates(row):
    """{side: operations per second} of the sides that were measured."""
    return {words: 1000 * row["operations"] / row[side] for side, words in SIDES.items() if row[side]}


def bars(rows, title):
    """Milliseconds of every layer, npnet beside PyTorch, and what the machine allows."""
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    sides = {side: words for side, words in SIDES.items() if any(row[side] is not None for row in rows)}
    found = {(row["layer"], row["way"]): row for row in rows}
    ways = [way for way in WAYS if any(row["way"] == way for row in rows)]

    def column(way, key):
        return [found[layer, way][key] if (layer, way) in found else None for layer in layers]

    times = {way: {words: column(way, side) for side, words in sides.items()} for way in ways}
    return plots.layer_times(layers, times, {way: column(way, "least") for way in ways}, title)
