"""Ranks: how a training step shrinks, what is sent and how well ranks are used, as there are more of them."""
from .curves import GREY, MARKS, RUNS
from .figure import TRACK, finish, new_axes, new_figure
from .speed import label_decades, label_powers

PANELS = (("step", "a step, ms"), ("sent", "sent by each rank in a step, MB"), ("efficiency", "efficiency"))
KEYS = {"ranks", "at_best", *(key for key, _ in PANELS)}


def ranks(ways, title=None, caption=None, ideal=None, limits=(0.9, 0.5)):
    """A panel for the time of a step, one for the bytes and one for the efficiency; a line for each way.

    ways: {name: {"ranks": [...], "step": [milliseconds], "at_best": [...], "sent": [megabytes], "efficiency": [...]}};
    step and at_best are the two edges of a band. ideal: (ranks, milliseconds) of a step that shrinks as ranks grow,
    drawn in grey. limits: efficiencies at which a line is drawn across. ValueError where there is no way, one has no
    ranks or lacks a list, or its lists differ in length.
    """
    if not ways:
        raise ValueError("there is no way to draw: ways must have one at least")
    for name, way in ways.items():
        if not KEYS <= set(way) or not way["ranks"] or len({len(values) for values in way.values()}) > 1:
            raise ValueError(f"{name} needs a number of each kind for each number of ranks, and at least one")
    figure = new_figure(13.2, 4.4)
    places = sorted({place for way in ways.values() for place in way["ranks"]})
    for number, (key, heading) in enumerate(PANELS, 1):
        axes = new_axes(figure, 1, len(PANELS), number)
        axes.grid(color=TRACK, linewidth=0.8, linestyle="-", zorder=0)
        axes.set_title(heading, fontsize=10)
        axes.set_xlabel("ranks", fontsize=9)
        axes.set_xscale("log")
        draw(axes, key, ways, ideal, limits)
        label_powers(axes.xaxis, places, 8)
        if key != "efficiency":
            label_decades(axes)
    figure.legend(handles(ways, ideal), [*ways, *(["N times as fast"] if ideal else [])], loc="outside right upper",
                  fontsize=9, frameon=False)
    return finish(figure, title, caption)


def draw(axes, key, ways, ideal, limits):
    """The lines of one panel."""
    axes.set_yscale("linear" if key == "efficiency" else "log")
    if key == "step" and ideal:
        axes.plot(*ideal, color=GREY, linewidth=1.2, marker="", zorder=1)
    if key == "efficiency":
        highest = max(1, *(value for way in ways.values() for value in way[key]))       # small shares can be quicker
        axes.set_ylim(0, 1.05 * highest)
        for limit in limits:
            axes.axhline(limit, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        ticks = sorted({0, 1, *limits, *range(2, int(highest) + 1, max(1, int(highest) // 4))})
        axes.set_yticks(ticks)
        axes.set_yticklabels([f"{tick:g}" for tick in ticks])
    for number, way in enumerate(ways.values()):
        shown = [(place, value) for place, value in zip(way["ranks"], way[key]) if value > 0 or key == "efficiency"]
        if key == "step":
            axes.fill_between(way["ranks"], way["at_best"], way["step"], color=RUNS[number % len(RUNS)], alpha=0.18,
                              linewidth=0, zorder=1)
        if shown:
            axes.plot(*zip(*shown), zorder=2, **look(number))


def look(number):
    """How the line of a way looks."""
    return {"color": RUNS[number % len(RUNS)], "linestyle": "-", "linewidth": 1.6, "markersize": 5,
            "marker": MARKS[number % len(MARKS)]}


def handles(ways, ideal):
    """What the legend shows."""
    from matplotlib.lines import Line2D
    grey = [Line2D([], [], color=GREY, linewidth=1.2)] if ideal else []
    return [Line2D([], [], **look(number)) for number in range(len(ways))] + grey
