"""What the page on the doctor draws: losses of several trainings."""
import numpy as np

from npnet.plots.curves import RUNS
from npnet.plots.figure import INK, TRACK, finish, new_axes, new_figure

LINES = ("-", "--", "-.", ":")


def losses(curves, chance):
    """{name: losses} as lines on a logarithmic scale, each with its name at its end; dotted: the loss of guessing."""
    figure = new_figure(4.6, 3)
    axes = new_axes(figure)
    axes.set_yscale("log")
    for (name, values), line, colour in zip(curves.items(), LINES, RUNS):
        values = np.asarray(values, float)
        axes.plot(values, line, color=colour, linewidth=1.6, label=name)
    axes.axhline(chance, color=INK, linestyle=":", linewidth=1)
    axes.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"], fontsize=9)
    axes.set_yticks([], minor=True)
    steps = max(map(len, curves.values()))
    axes.set_xticks([0, steps // 2, steps], [f"{step}" for step in (0, steps // 2, steps)], fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="lower left", handlelength=3)
    axes.grid(axis="y", color=TRACK)
    return finish(figure, None)
