"""Speed: where layers lie below what a machine allows, how long each takes, and how time grows with size."""
import numpy as np

from .curves import GREY, MARKS, RUNS
from .figure import TRACK, finish, new_axes, new_figure

SMALL = 8                       # letters beside a point or a bar


def roofline(points, matrix_rate, memory_rate, title=None):
    """Every layer as a point: how much it computes for each byte that it moves, and how much in a second.

    points: {panel: [(name, operations per byte, {side: operations per second}), ...]}; the first side is filled and
    named, the others are hollow, with a line from one to the other. Above all of them lies the roof: matrix_rate,
    operations per second, and what memory_rate, bytes per second, lets in. ValueError if there is no point.
    """
    points = {panel: [point for point in some if point[1] > 0] for panel, some in points.items()}
    every = [point for some in points.values() for point in some]
    if not every:
        raise ValueError("there is no layer to draw: points must be {panel: [(name, operations per byte, rates)]}")
    sides = list(every[0][2])
    figure = new_figure(1 + 5.2 * len(points), 5.4)
    low, high = min(point[1] for point in every), max(point[1] for point in every)
    across = low / 2, max(high * 2, 2 * matrix_rate / memory_rate)
    slowest = min(rate for point in every for rate in point[2].values())
    upwards = min(slowest, across[0] * memory_rate) / 2e9, 3 * matrix_rate / 1e9
    named = []
    for number, (panel, some) in enumerate(points.items(), 1):
        axes = new_axes(figure, 1, len(points), number)
        draw_roof(axes, panel, across, upwards, matrix_rate, memory_rate)
        named.append((axes, draw_points(axes, some, sides)))
    figure.legend(side_handles(sides), sides, loc="outside right upper", fontsize=9, frameon=False)
    finish(figure, title, "The roof: level, what matrix products reach here; sloping, what memory lets in, for the "
                          "bytes that a layer must at least read and write. Points above it had them in a "
                          "cache, or need fewer multiplications than are counted (Winograd).")
    for axes, labels in named:
        untangle(figure, axes, labels)
    return figure


def draw_roof(axes, panel, across, upwards, matrix_rate, memory_rate):
    """The limits of one panel, and its numbers."""
    axes.set(xscale="log", yscale="log", xlim=across, ylim=upwards)
    axes.set_title(panel, fontsize=10)
    axes.grid(color=TRACK, linewidth=0.8, linestyle="-", zorder=0)
    intensity = np.array([across[0], matrix_rate / memory_rate, across[1]])
    axes.plot(intensity, np.minimum(matrix_rate, intensity * memory_rate) / 1e9, color=GREY, linewidth=1.5, marker="",
              zorder=1)
    axes.set_xlabel("operations for each byte", fontsize=9)
    axes.set_ylabel("GFLOP/s", fontsize=9)
    for axis, (low, high) in ((axes.xaxis, across), (axes.yaxis, upwards)):
        decades = [power for power in range(-9, 12) if low <= 10.0 ** power <= high]
        axis.set_ticks([10.0 ** power for power in decades], [f"{10.0 ** power:g}" for power in decades])
        axis.set_ticks([], minor=True)


def draw_points(axes, points, sides):
    """The points of one panel; returns the names, still lying on their points."""
    labels = []
    for name, intensity, rates in points:
        rates = [rates[side] / 1e9 for side in sides if rates.get(side)]
        axes.plot([intensity] * len(rates), rates, color=TRACK, linewidth=1, marker="", zorder=2)
        for number, rate in reversed(list(enumerate(rates))):
            axes.plot([intensity], [rate], zorder=3, **mark(number))
        labels.append(axes.annotate(name, (intensity, rates[0]), xytext=(0, 0), textcoords="offset points",
                                    fontsize=SMALL, va="center", ha="center", zorder=2.5,
                                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}))
    return labels


def mark(number):
    """How the points of a side look: those of the first are filled."""
    return {"marker": "os^D"[number % 4], "color": RUNS[number % len(RUNS)], "linestyle": "", "markersize": 5,
            "markerfacecolor": RUNS[0] if number == 0 else "white"}


def side_handles(sides):
    """What the legend shows of each side."""
    from matplotlib.lines import Line2D
    return [Line2D([], [], **mark(number)) for number in range(len(sides))]


def untangle(figure, axes, labels):
    """Moves every name away from its point to the nearest place where it lies on nothing, and draws a line to it."""
    figure.draw_without_rendering()
    renderer, taken = figure.canvas.get_renderer(), []
    marks = [axes.transData.transform((line.get_xdata()[0], line.get_ydata()[0])) for line in axes.lines
             if line.get_marker()]
    for label in sorted(labels, key=lambda label: label.xy[1]):
        for across, up in PLACES:
            label.xyann = across, up
            box = label.get_window_extent(renderer).padded(1)
            inside = all(axes.bbox.contains(*corner) for corner in (box.min, box.max))
            hidden = any(box.overlaps(other) for other in taken) or any(box.padded(4).contains(*at) for at in marks)
            if inside and not hidden:
                break
        taken.append(box)
        half = 36 * np.array([box.width, box.height]) / figure.dpi                      # of the name, in points
        nearest = np.clip(0, np.array(label.xyann) - half, np.array(label.xyann) + half)
        axes.annotate("", label.xy, nearest, textcoords="offset points", arrowprops={
            "arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3})


PLACES = [(round(1.6 * far * np.cos(angle), 1), round(far * np.sin(angle), 1))      # in points, the nearest first
          for far in (13, 18, 24, 31, 39, 48, 58, 70, 84)
          for angle in np.radians([0, 180, 25, -25, 155, -155, 50, -50, 130, -130, 90, -90])]


# ---------------------------------------------------------------------------- bars and lines

def layer_times(layers, times, least=None, title=None):
    """A bar for every layer and side, beside each other.

    layers: their names. times: {panel: {side: [milliseconds or None, ...]}}, as many as layers. least: {panel: [...]},
    what the machine allows, drawn as a short line across. ValueError for other lengths.
    """
    for sides in times.values():
        for values in sides.values():
            if len(values) != len(layers) or not len(layers):
                raise ValueError(f"every side needs one time for each layer, got {len(values)} for {len(layers)}")
    sides = list(next(iter(times.values())))
    figure = new_figure(1 + 5 * len(times), 1.5 + 0.17 * len(layers) * (len(sides) + 0.6))
    for number, (panel, values) in enumerate(times.items(), 1):
        axes = new_axes(figure, 1, len(times), number)
        axes.set_title(f"{panel}, ms", fontsize=10)
        draw_bars(axes, layers, values, (least or {}).get(panel))
    if len(sides) > 1:
        from matplotlib.patches import Patch
        handles = [Patch(color=RUNS[number]) for number in range(len(sides))]
        figure.legend(handles, sides, loc="outside right upper", fontsize=9, frameon=False)
    return finish(figure, title, "Black lines: what the machine allows." if least else None)


def draw_bars(axes, layers, values, least):
    """The bars of one panel, from the first layer down."""
    height = 0.8 / len(values)
    top = max(time or 0 for times in values.values() for time in times) or 1
    for number, times in enumerate(values.values()):
        rows = np.arange(len(layers)) + (number - (len(values) - 1) / 2) * height
        axes.barh(rows, [time or 0 for time in times], height=0.92 * height, color=RUNS[number], zorder=2)
        for row, time in zip(rows, times):
            if time is not None:
                axes.text(time + 0.012 * top, row, f"{time:.3g}" if time < 1000 else f"{time:.0f}", fontsize=7.5,
                          va="center", ha="left")
    if least is not None:
        for row, time in enumerate(least):
            if time:
                axes.plot([time, time], [row - 0.45, row + 0.45], color="black", linewidth=1.2, marker="", zorder=3)
    axes.set(xlim=(0, 1.14 * top), ylim=(len(layers) - 0.4, -0.6))
    axes.set_yticks(np.arange(len(layers)), layers, fontsize=9)


def growth(panels, unit, title=None):
    """Lines through points, one panel for each question, both axes logarithmic.

    panels: [(what changes, its title, {name: (values of what changes, values of what is measured)}), ...]. unit: of
    what is measured. ValueError where a line has no point or its two parts have different lengths.
    """
    names = list(dict.fromkeys(name for _, _, lines in panels for name in lines))
    for what, _, lines in panels:
        for name, (at, times) in lines.items():
            if len(at) != len(times) or not len(at):
                raise ValueError(f"{name} needs as many times as places, and at least one, got {len(times)} for "
                                 f"{len(at)} places of {what}")
    figure = new_figure(1.8 + 3.9 * len(panels), 4.2)
    for number, (what, heading, lines) in enumerate(panels, 1):
        axes = new_axes(figure, 1, len(panels), number)
        axes.grid(color=TRACK, linewidth=0.8, linestyle="-", zorder=0)
        axes.set(xscale="log", yscale="log")
        axes.set_title(heading, fontsize=10)
        axes.set_xlabel(what, fontsize=9)
        axes.set_ylabel(unit if number == 1 else "", fontsize=9)
        for name, (at, times) in lines.items():
            axes.plot(at, times, zorder=2, **line_of(names.index(name)))
        label_powers(axes.xaxis, sorted({place for at, _ in lines.values() for place in at}), 8)
        label_decades(axes)
    from matplotlib.lines import Line2D
    handles = [Line2D([], [], **line_of(number)) for number in range(len(names))]
    figure.legend(handles, names, loc="outside right upper", fontsize=9, frameon=False)
    return finish(figure, title)


def line_of(number):
    """How the line of a name looks: a pair of names, forward and step of one thing, share a colour."""
    return {"color": RUNS[number // 2 % len(RUNS)], "linestyle": "-" if number % 2 == 0 else "--", "linewidth": 1.6,
            "marker": MARKS[number % len(MARKS)], "markersize": 4}


def label_powers(axis, places, most):
    """Ticks at the values themselves, as many as there is room for."""
    shown = places[::-(-len(places) // most)]
    axis.set_ticks(shown, [f"{place:g}" for place in shown])
    axis.set_ticks([], minor=True)


def label_decades(axes):
    """Ticks at 1, 2, 5, 10 ... milliseconds between the ends of the lines."""
    low, high = axes.get_ylim()
    steps = (1,) if high > 1000 * low else (1, 3) if high > 30 * low else (1, 2, 5)
    places = [step * 10.0 ** power for power in range(-6, 8) for step in steps if low <= step * 10.0 ** power <= high]
    axes.set_yticks(places, [f"{place:g}" for place in places])
    axes.set_yticks([], minor=True)
    axes.set_ylim(low, high)


def ladder(names, rates, limit=None, title=None):
    """Texts of one and the same thing, from the slowest down, as bars on a logarithmic axis.

    rates: GFLOP/s, one for each name; limit: what matrix products reach, drawn as a line. ValueError for rates that
    are not positive, or not as many as names.
    """
    if len(names) != len(rates) or not len(rates) or min(rates) <= 0:
        raise ValueError(f"a ladder needs one positive rate for each name, got {len(rates)} for {len(names)} names")
    figure = new_figure(8, 1.3 + 0.42 * len(names))
    axes, rows = new_axes(figure, 1, 1, 1), np.arange(len(names))
    low, high = 10 ** np.floor(np.log10(min(rates) / 2)), 1.5 * max(*rates, limit or 0)
    axes.set(xscale="log", xlim=(low, high), ylim=(len(names) - 0.4, -0.6))
    axes.grid(axis="x", color=TRACK, linewidth=0.8, linestyle="-", zorder=0)
    axes.barh(rows, np.array(rates) - low, left=low, height=0.7, color=RUNS[0], zorder=2)
    for row, rate in enumerate(rates):
        factor = f"{rate / rates[row - 1]:.3g} times quicker" if row else ""
        for words, right in ((f"{rate:.3g}", 8), (factor, 52)):
            axes.annotate(words, (1, row), xytext=(right, 0), textcoords="offset points", va="center",
                          xycoords=("axes fraction", "data"), fontsize=SMALL, annotation_clip=False)
    if limit:
        axes.plot([limit, limit], [-0.5, len(names) - 0.5], color="black", linewidth=1.2, marker="", zorder=3)
    powers = [10.0 ** power for power in range(-9, 12) if low <= 10.0 ** power <= high]
    axes.xaxis.set_ticks(powers, [f"{power:g}" for power in powers])
    axes.xaxis.set_ticks([], minor=True)
    axes.set_yticks(rows, names, fontsize=9)
    axes.set_xlabel("GFLOP/s", fontsize=9)
    return finish(figure, title, "Black line: products of large matrices." if limit else None)
