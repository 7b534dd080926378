"""A trace of ranks that train together: what each computes and what is on its way between them, over time."""
from .curves import GREY, RUNS
from .figure import TRACK, finish, new_axes, new_figure

WAIT, PALE = "#ffffff", 0.45    # waiting is a white box; forward is paler than backward
BAND, LANES = 1.0, 1.1          # heights: of the computing of a rank, and of its communication below
RANK = BAND + LANES + 0.5       # of a rank with the gap to the next


def trace(rows, step=None, title=None):
    """One training step on every rank: computing above, communication below, time from left to right.

    rows: a list of (rank, step, what, layer, start, end), milliseconds, as npnet.parallel.tracing records them; what:
    "forward", "backward", "wait", "Allreduce" or "gather". step: its number; the last by default. A layer that has an
    Allreduce has a colour, the same above and below; the others are grey. ValueError if there is nothing to draw.
    """
    rows = [tuple(row) for row in rows]
    step = max((row[1] for row in rows), default=None) if step is None else step
    rows = [row for row in rows if row[1] == step]
    if not rows:
        raise ValueError(f"there is no step {step} to draw: rows must be a list of (rank, step, what, layer, start, "
                         f"end)")
    ranks, begin = sorted({row[0] for row in rows}), min(row[4] for row in rows)
    summed = {row[3] for row in rows if row[2] == "Allreduce"}
    layers = dict.fromkeys(row[3] for row in sorted(rows, key=lambda row: row[2] != "forward") if row[3] in summed)
    colours = {layer: RUNS[number % len(RUNS)] for number, layer in enumerate(layers)}          # in the network's order
    end = max(row[5] for row in rows) - begin
    figure = new_figure(10, 1.6 + 1.3 * len(ranks))
    axes = new_axes(figure)
    for number, rank in enumerate(ranks):
        own = [(*row[2:4], row[4] - begin, row[5] - begin) for row in rows if row[0] == rank]
        draw_rank(axes, own, -RANK * number, colours, end)
    settle(axes, ranks, end)
    legend(figure, colours)
    return finish(figure, title or f"step {step}", caption(rows))


def draw_rank(axes, rows, top, colours, width):
    """The two bands of one rank, from `top` downwards; width: milliseconds of the whole picture."""
    lanes = [*reversed(colours), "gather"]
    height = LANES / len(lanes)
    for what, layer, start, end in rows:
        colour = colours.get(layer, GREY)
        if what in ("forward", "backward"):
            axes.broken_barh([(start, end - start)], (top - BAND, BAND), facecolor=colour,
                             alpha=PALE if what == "forward" else 1, linewidth=0)
            if end - start > width / 55:                    # wide enough for its name, upright
                axes.text((start + end) / 2, top - BAND / 2, layer, rotation=90, fontsize=8, ha="center", va="center")
        elif what == "wait":
            axes.broken_barh([(start, end - start)], (top - BAND, BAND), facecolor=WAIT, edgecolor=GREY, hatch="///",
                             linewidth=0.8)
        else:
            lane = lanes.index(layer if layer in lanes else "gather")
            axes.broken_barh([(start, max(end - start, width / 1000))],
                             (top - BAND - (lane + 1) * height, 0.8 * height), facecolor=colour, linewidth=0)


def settle(axes, ranks, end):
    """The axis of time and the names of the bands."""
    axes.set_xlim(0, end)
    axes.set_ylim(-RANK * len(ranks) + 0.4, 0.1)
    axes.grid(axis="x", color=TRACK, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    apart = next(unit for unit in (10.0 ** power * digit for power in range(-3, 7) for digit in (1, 2, 5))
                 if end / unit <= 11)
    ticks = [number * apart for number in range(int(end / apart) + 1)]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel("milliseconds", fontsize=9)
    places, names = [], []
    for number, rank in enumerate(ranks):
        places += [-RANK * number - BAND / 2, -RANK * number - BAND - LANES / 2]
        names += [f"rank {rank}: computing", "communication"]
    axes.set_yticks(places, names)


def legend(figure, colours):
    """A colour for each layer whose gradients are added, and what is grey and hatched."""
    from matplotlib.patches import Patch
    handles = [Patch(facecolor=colour) for colour in colours.values()]
    handles += [Patch(facecolor=GREY), Patch(facecolor=WAIT, edgecolor=GREY, hatch="///")]
    figure.legend(handles, [*colours, "others", "waiting"], loc="outside right upper", fontsize=9, frameon=False)


def caption(rows):
    """What the picture shows, in words."""
    gathered = " The last line of communication: the logits of all ranks are gathered." if any(
        row[2] == "gather" for row in rows) else ""
    return ("Above: forward (pale), then backward, layer by layer. Below: each layer's Allreduce, from when it was "
            "started to when it was seen to be done." + gathered + " Between the bars: the loss, the update, and time "
            "that MPI's functions took.")
