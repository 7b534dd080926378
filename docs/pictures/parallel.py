"""Several processes: how a batch is shared, the two towers with what travels between them, three ways compared.

Bytes come from npnet.parallel; nothing here is written down twice.
"""
from npnet.explain.counts import times
from npnet.parallel.towers.cutting import half_shape, rows_of
from npnet.parallel.towers.exchange import traffic
from npnet.parallel.shards import cuts
from npnet.plots.curves import MARKS, RUNS
from npnet.plots.figure import INK, TRACK, finish, new_axes, new_figure
from npnet.screen import size
from pictures.network import WIDTH, arrow, done, inches, label, without_drawing

CROSSING = "#b04a00"                    # what travels between processes
BATCH = 128
HIGH = 0.3                              # of a box, in inches


def whole(name="krizhevsky2012"):
    """A version of the network, without the time that drawing its weights takes."""
    import npnet
    with without_drawing():
        return npnet.model(name)


# ------------------------------------------------------------------------------- a batch and two ranks

MIDDLES, WIDE = (1.0, WIDTH - 1.0), 1.9


def shared_batch():
    """One step of data-parallel training on two ranks: rows, forward, logits, backward with sums, update."""
    net = whole()
    figure, axes = inches(WIDTH, 5.35)
    top = figure.get_figheight() - 0.05
    label(axes, WIDTH / 2, top - HIGH, WIDTH - 0.1, HIGH, f"a batch of {BATCH} pictures")
    axes.plot([WIDTH / 2] * 2, [top - HIGH, top - HIGH + 0.08], color=INK, linewidth=1)
    bounds, ground = cuts(BATCH, 2), top - HIGH
    rows = [f"rank {rank}: rows {bounds[rank]} to {bounds[rank + 1] - 1}" for rank in (0, 1)]
    ground = both(axes, ground, rows)
    ground = both(axes, ground, ["forward of its rows"] * 2)
    ground = both(axes, ground, [f"logits of all {BATCH}, the loss"] * 2, crossing=True, gap=0.45)
    sizes = {name: sum(array.nbytes for array in layer.params().values()) for name, layer in net.layers.items()}
    early = sum(count for name, count in sizes.items() if name.startswith("conv"))
    for name, count in [*((name, sizes[name]) for name in ("fc8", "fc7", "fc6")), ("conv5 to conv1", early)]:
        ground = both(axes, ground, [f"backward of {name}"] * 2)
        added(axes, ground + HIGH / 2, size(count))
    both(axes, ground, ["update of its weights"] * 2)
    return done(figure)


def both(axes, ground, texts, crossing=False, gap=0.28):
    """A box for each rank below what ends at `ground`, arrows down to it; returns where it ends."""
    low = ground - gap - HIGH
    for rank, (middle, text) in enumerate(zip(MIDDLES, texts)):
        label(axes, middle, low, WIDE, HIGH, text)
        arrow(axes, middle, ground, middle, low + HIGH, crossing=False)
        if crossing:
            arrow(axes, MIDDLES[1 - rank], ground, middle + (0.3 if rank == 0 else -0.3), low + HIGH, crossing=True)
    return low


def added(axes, height, text):
    """What two ranks add: an arrow to both sides with its bytes."""
    left, right = MIDDLES[0] + WIDE / 2, MIDDLES[1] - WIDE / 2
    axes.annotate("", (right, height), (left, height), arrowprops={
        "arrowstyle": "<|-|>", "color": CROSSING, "linestyle": "--", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0})
    axes.text(WIDTH / 2, height + 0.05, text, ha="center", va="bottom", fontsize=9, color=CROSSING)


# ------------------------------------------------------------------------------- the two towers

SHOWN = ("conv", "pool", "fc")          # the layers that change a shape


def towers(batch=BATCH):
    """The paper's figure 2: the halves of every layer, and at each crossing what a tower sends in a step."""
    net = whole()
    rows = rows_of(net.input_shape, net.layers)
    sent, shown = traffic(net, batch), [row for row in rows if row.name.startswith(SHOWN)]
    step, middles, width = 0.5, (1.15, 2.55), 1.2
    figure, axes = inches(WIDTH, step * (len(shown) + 2) + 0.22)
    top = figure.get_figheight() - 0.25
    for side, middle in enumerate(middles):
        axes.text(middle, top + 0.04, f"tower {side}", ha="center", va="bottom", fontsize=9, fontweight="bold")
    label(axes, sum(middles) / 2, top - HIGH, 2.6, HIGH, f"both: {times(net.input_shape)}")
    before = top - HIGH
    for number, (name, shapes) in enumerate([*halves(shown), ("loss", [rows[-1].after] * 2)], 1):
        ground = top - step * number - HIGH
        place = next((row.name for row in rows if row.name == name and row.gathers is not None), None)
        place = "loss" if name == "loss" else place
        for side, middle in enumerate(middles):
            label(axes, middle, ground, width, HIGH, times(shapes[side]))
            arrow(axes, middle, before, middle, ground + HIGH, crossing=False)
            if place:
                arrow(axes, middles[1 - side], before, middle + (0.25 if side == 0 else -0.25), ground + HIGH,
                      crossing=True)
        axes.text(0.03, ground + HIGH / 2, name, va="center", fontsize=9, fontweight="bold")
        if place:
            told = sent[place]
            back = f"{size(told.backward)} back" if told.backward else "nothing back"
            words = f"{size(told.forward)} forward\n{back}"
            axes.text(3.28, ground + HIGH + 0.08, words, va="center", fontsize=9, color=CROSSING)
        before = ground
    return done(figure)


def halves(rows):
    """(name, the shapes of both towers' halves) of some rows."""
    return [(row.name, [half_shape(row.after, row.cut, tower) for tower in (0, 1)]) for row in rows]


# ------------------------------------------------------------------------------- three ways

def efficiency(plans):
    """The strong efficiency over the ranks; plans: {name of a line: (Plan, way)}."""
    figure = new_figure(WIDTH, 3.1)
    axes = new_axes(figure)
    for number, (name, (found, way)) in enumerate(plans.items()):
        column = found.column(way)
        axes.plot([one.ranks for one in column], [one.strong for one in column], label=name, linewidth=1.6,
                  color=RUNS[number % len(RUNS)], marker=MARKS[number % len(MARKS)], markersize=5)
    axes.set_xscale("log", base=2)
    ranks = sorted({rank for found, _ in plans.values() for rank in found.ranks})
    axes.set_xticks(ranks, [str(rank) for rank in ranks], fontsize=9)
    axes.minorticks_off()
    axes.set_yticks([0, 0.5, 0.9, 1], ["0", "0.5", "0.9", "1"], fontsize=9)
    axes.set_ylim(0, 1.1)
    axes.grid(color=TRACK, linewidth=0.8)
    axes.set_xlabel("ranks", fontsize=9)
    axes.set_ylabel("efficiency", fontsize=9)
    axes.legend(fontsize=9, frameon=False, loc="lower left")
    return finish(figure, None)
