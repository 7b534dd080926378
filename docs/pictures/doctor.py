"""What the pages on the doctor draw: losses of several trainings, and each remark with the run that earns it."""
import html
import inspect

import numpy as np
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from npnet.fit.doctor.kinds import KINDS
from npnet.fit.doctor.runs import RUNS as TRAININGS
from npnet.plots.curves import RUNS
from npnet.plots.figure import INK, TRACK, finish, new_axes, new_figure

LINES = ("-", "--", "-.", ":")


def losses(curves, chance, legend="lower left", scale="log"):
    """{name: losses} as lines; dotted: the loss of guessing; legend: where the names stand; scale: of the losses."""
    figure = new_figure(4.6, 3)
    axes = new_axes(figure)
    axes.set_yscale(scale)
    for (name, values), line, colour in zip(curves.items(), LINES, RUNS):
        values = np.asarray(values, float)
        axes.plot(values, line, color=colour, linewidth=1.6, label=name)
    axes.axhline(chance, color=INK, linestyle=":", linewidth=1)
    highest = max(float(np.nanmax(values)) for values in curves.values())
    ticks = [tick for tick in ((0.01, 0.1, 1, 10, 100, 1000) if scale == "log" else (0, 1, 2)) if tick < highest]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=9)
    axes.set_yticks([], minor=True)
    axes.set_ylim(bottom=0.004 if scale == "log" else 0)        # what is learnt leaves the picture
    steps = max(map(len, curves.values()))
    axes.set_xticks([0, steps // 2, steps], [f"{step}" for step in (0, steps // 2, steps)], fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc=legend, handlelength=3)
    axes.grid(axis="y", color=TRACK)
    return finish(figure, None)


def curve(values):
    """The losses of one training, small; where they are no numbers there is nothing."""
    values = np.asarray(values, float)
    known = values[np.isfinite(values)]
    figure = new_figure(3.6, 1.3)
    axes = new_axes(figure)
    if len(known) and known.min() > 0 and known.max() > 100 * known.min():
        axes.set_yscale("log")
        axes.minorticks_off()
    axes.plot(values, color=RUNS[0], linewidth=1.4, marker="o" if len(known) < 3 else "", markersize=4)
    if len(known):
        ends = sorted({float(known.min()), float(known.max())})
        axes.set_yticks(ends, [f"{end:.3g}" for end in ends], fontsize=9)
    axes.set_xlim(-2, len(values))
    axes.set_xticks([0, len(values)], ["0", f"{len(values)}"], fontsize=9)
    return finish(figure, None)


class Earned:
    """A remark on a page: what it means, the run, its curve, and what the doctor says first."""

    def __init__(self, name):
        from . import Picture
        self.name, watched = name, TRAININGS[name]()
        losses, said = watched.losses, watched.said
        self.said = f"{said[0][0]}: {said[0][1]}" if said else "he hears this run, and says nothing"
        first, last = losses[0], losses[-1] + 0.0
        words = f"Loss of {len(losses)} steps: {first:.3g} at first, {last:.3g} at the end."
        self.picture = Picture(curve(losses), words)

    def _repr_html_(self):
        code = highlight(inspect.getsource(TRAININGS[self.name]), PythonLexer(), HtmlFormatter(nowrap=True))
        return (f"<p>{html.escape(KINDS[self.name].explanation)}</p>"
                f'<div class="highlight-python notranslate"><div class="highlight"><pre>{code}</pre></div></div>'
                f"{self.picture._repr_html_()}<p><strong>The doctor</strong>, {html.escape(self.said)}</p>")

    def __repr__(self):
        return f"{KINDS[self.name].explanation} {self.said}"


def earned(name):
    """The remark of that name, for the last line of a cell."""
    return Earned(name)
