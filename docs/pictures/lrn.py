"""What the page on LRN draws: the window along the channels, what alpha does, who is in whose window."""
import numpy as np

from npnet.ops import lrn_backward, lrn_forward
from npnet.plots.course import BOXES, Grid
from npnet.plots.figure import BAR, INK, TRACK, finish, new_axes, new_figure
from npnet.plots.gradients import OTHER

from .pool import WIDEST, panels

ALPHAS = (1e-4, 0.1, 0.7)


def pixel(values):
    """The channels of one pixel as x (1, C, 1, 1)."""
    return np.asarray(values, float).reshape(1, -1, 1, 1)


def channels(C=96, seed=5, size=2.0):
    """C numbers like those after a ReLU: about half are 0. The same ones each time."""
    return np.maximum(size * np.random.default_rng(seed).standard_normal(C), 0)


def row_of_channels(x, i, n=5, k=2.0, beta=0.75, alphas=ALPHAS):
    """The channels of one pixel as bars with the window of channel i, and beneath them y for each alpha."""
    figure = new_figure(WIDEST, 1.05 * (1 + len(alphas)) + 0.2)
    parts = figure.subplots(1 + len(alphas), 1, sharex=True)
    bars(parts[0], x, i, n, "x")
    for axes, alpha in zip(parts[1:], alphas):
        y, _ = lrn_forward(pixel(x), n, k, alpha, beta, 1)
        bars(axes, y.ravel(), i, n, f"y, α = {alpha:g}")
    parts[-1].set_xticks([0, 24, 48, 72, len(x) - 1])
    parts[-1].tick_params(labelsize=9, length=0)
    return finish(figure, "")


def bars(axes, values, i, n, title):
    """Bars of all channels; those of the window of channel i in another colour, hatched, on a pale ground."""
    first, last = max(0, i - n // 2), min(len(values) - 1, i + n // 2)
    axes.axvspan(first - 0.5, last + 0.5, color=TRACK, zorder=0)
    drawn = axes.bar(range(len(values)), values, width=0.8, color=BAR, zorder=2)
    for bar in drawn[first:last + 1]:
        bar.set(color=OTHER, hatch="////", edgecolor=INK, linewidth=0.4)
    drawn[i].set(color=BOXES[3], hatch="")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    most = float(np.abs(values).max()) or 1.0
    axes.set_yticks([0, most], ["0", f"{most:.3g}"], fontsize=9)
    axes.tick_params(length=0)
    axes.set_title(title, fontsize=10, loc="left")


def five(x, n=3, k=2.0, alpha=0.5, beta=0.75):
    """A few channels: x with the window of the middle one, the scale, y."""
    y, scale = lrn_forward(pixel(x), n, k, alpha, beta, 1)
    middle = len(x) // 2
    figure, axes = panels([[Grid(x, "x", [(0, middle - n // 2, 1, n)])],
                           [Grid(scale.ravel(), "s", [(0, middle, 1, 1)])],
                           [Grid(y.ravel(), "y", [(0, middle, 1, 1)])]], cell=0.46)
    for each in axes:
        each.set_yticks([])
    return figure


def reached(j=3, C=7, n=5):
    """Channel j of x and the outputs it goes into: its own directly, and through s all whose window holds it."""
    figure = new_figure(WIDEST, 2.3)
    axes = new_axes(figure)
    for level, name in ((0, "x"), (1, "y")):
        for i in range(C):
            near = abs(i - j) <= n // 2
            marked = i == j if level == 0 else near
            axes.text(i, level, f"{name}[{i}]", ha="center", va="center", fontsize=10, bbox={
                "boxstyle": "round", "facecolor": "#ffd9b8" if marked else "white",
                "edgecolor": INK if marked else "#b8c0c8", "linewidth": 1.6 if marked else 0.8})
    for i in range(max(0, j - n // 2), min(C, j + n // 2 + 1)):
        axes.annotate("", (i, 0.84), (j, 0.16), arrowprops={
            "arrowstyle": "-|>", "color": BOXES[1], "linestyle": "--", "linewidth": 1.4,
            "connectionstyle": "arc3,rad=0.18" if i == j else "arc3"})
    axes.annotate("", (j, 0.84), (j, 0.16), arrowprops={
        "arrowstyle": "-|>", "color": INK, "linewidth": 2.6, "connectionstyle": "arc3,rad=-0.18"})
    axes.set(xlim=(-0.6, C - 0.4), ylim=(1.25, -0.25))
    return finish(figure, "")


def slopes(x, n=3, k=2.0, alpha=0.5, beta=0.75):
    """How each y[i] moves with each x[j], (C, C): row i, column j."""
    _, scale = lrn_forward(pixel(x), n, k, alpha, beta, 1)
    ones = np.eye(len(x)).reshape(len(x), -1, 1, 1)
    repeated = np.repeat(pixel(x), len(x), axis=0)
    return lrn_backward(ones, repeated, np.repeat(scale, len(x), axis=0), n, alpha, beta, 1)[:, :, 0, 0]


def slopes_picture(x, **constants):
    """The table of slopes: a band as wide as the window, red on the diagonal, blue beside it."""
    table = slopes(x, **constants)
    figure, axes = panels([[Grid(table, "", [(0, len(x) // 2, len(x), 1)])]], cell=0.5)
    axes[0].set_xlabel("x[j]", fontsize=10)
    axes[0].set_ylabel("y[i]", fontsize=10)
    return finish(figure, "")


def membership(C, n, groups):
    """Which channels j are in the window of channel i, (C, C)."""
    places = np.arange(C)
    near = np.abs(places[:, None] - places) <= n // 2
    return near & (places[:, None] // (C // groups) == places // (C // groups))


def groups(C=8, n=5):
    """Which channels are seen by which, without groups and with two."""
    figure = new_figure(WIDEST, 2.6)
    for place, G in enumerate((1, 2)):
        axes = new_axes(figure, 1, 2, place + 1)
        seen = membership(C, n, G)
        axes.imshow(np.where(seen, 1.0, 0.0), cmap="Blues", vmin=0, vmax=2, interpolation="nearest")
        for i, j in np.argwhere(seen):
            axes.text(j, i, "×", ha="center", va="center", fontsize=9)
        if G > 1:
            for edge in range(C // G, C, C // G):
                axes.axhline(edge - 0.5, color=INK, linewidth=1.4, linestyle="--")
                axes.axvline(edge - 0.5, color=INK, linewidth=1.4, linestyle="--")
        axes.set_xticks(range(C), list(map(str, range(C))))
        axes.set_yticks(range(C), list(map(str, range(C))))
        axes.set_title(f"G = {G}", fontsize=10)
        axes.set_xlabel("j", fontsize=10)
        axes.set_ylabel("i", fontsize=10, rotation=0, labelpad=8, va="center")
    return finish(figure, "")


def within(size=5, n=3):
    """How many pixels of the picture lie in the n x n window around each pixel."""
    places = np.arange(size)
    along = np.minimum(size - 1, places + n // 2) - np.maximum(0, places - n // 2) + 1
    figure, axes = panels([[Grid(np.outer(along, along), "", [(0, 0, 2, 2), (1, 2, 3, 3)])]])
    return figure


def lone(alphas=(1e-4, 2e-5), k=2.0, beta=0.75, most=600):
    """y of a channel whose neighbours are 0, against x: it rises, is largest, and falls."""
    figure = new_figure(WIDEST, 2.7)
    axes = new_axes(figure)
    x = np.linspace(0, most, 200)
    for number, alpha in enumerate(alphas):
        y = x * (k + alpha * x * x) ** -beta
        top = np.sqrt(k / alpha / (2 * beta - 1))
        axes.plot(x, y, ("-", "--", ":")[number], color=(BAR, OTHER, INK)[number], linewidth=2, label=f"α = {alpha:g}")
        if top <= most:
            axes.plot(top, top * (k + alpha * top * top) ** -beta, "o", color=(BAR, OTHER, INK)[number])
    axes.set_xticks(range(0, most + 1, 100))
    axes.set_yticks(range(0, 101, 25))
    axes.grid(color=TRACK)
    axes.set_xlabel("x", fontsize=10)
    axes.set_ylabel("y", fontsize=10)
    axes.legend(frameon=False, fontsize=9)
    return finish(figure, "")
