"""What the page on speed draws, from the figures that stand on the page itself: docs/speed.md."""
import re
from pathlib import Path

import numpy as np

from npnet.plots.figure import BAR, INK, finish, new_figure
from npnet.plots.gradients import OTHER

PAGE = Path(__file__).resolve().parents[1] / "speed.md"


def rungs(text=None):
    """The GFLOP/s of each rung of the ladder, and of large matrices, as the page has them."""
    text = text or PAGE.read_text("utf-8")
    rates = [float(rate) for rate in re.findall(r"^[1-6] .{31} +[\d,.]+ +([\d.]+)", text, re.MULTILINE)]
    return rates, float(re.search(r"large matrices reach ([\d.]+) GFLOP/s", text)[1])


def ladder():
    """The six rungs as bars on a logarithmic scale; dotted: what products of large matrices reach."""
    rates, roof = rungs()
    figure = new_figure(4.6, 2.6)
    axes = figure.add_subplot(frame_on=False)
    places = np.arange(len(rates))
    axes.barh(places, rates, left=0, height=0.65, color=BAR)
    axes.set_xscale("log")
    axes.set_xlim(1e-3, 2e3)
    for place, rate in zip(places, rates):
        axes.text(1.8e3, place, f"{rate:.3g}", ha="right", va="center", fontsize=9)
    axes.axvline(roof, color=INK, linestyle=":", linewidth=1.5)
    axes.set_yticks(places, [str(place + 1) for place in places], fontsize=9)
    axes.set_xticks([0.001, 0.01, 0.1, 1, 10, 100], ["0.001", "0.01", "0.1", "1", "10", "100"], fontsize=9)
    axes.set_xticks([], minor=True)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.set_xlabel("GFLOP/s", fontsize=9)
    return finish(figure, None)


def layers(text=None):
    """{layer: (npnet forward, backward, PyTorch forward, backward)} in milliseconds, as the page's table has them."""
    text = text or PAGE.read_text("utf-8")
    table = text[text.index("## Where the time goes"):text.index("The same layers a day earlier")]
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", table, re.MULTILINE)
    return {name: tuple(map(int, times)) for name, *times in rows}


def beside_pytorch():
    """Forward and backward together of each layer: npnet's bar above PyTorch's, which is hatched."""
    told = layers()
    ours, theirs = ([sum(times[first:first + 2]) for times in told.values()] for first in (0, 2))
    figure = new_figure(4.6, 3.8)
    axes = figure.add_subplot(frame_on=False)
    places = np.arange(len(told))
    axes.barh(places - 0.2, ours, height=0.38, color=BAR, label="npnet")
    axes.barh(places + 0.2, theirs, height=0.38, color=OTHER, hatch="//", edgecolor="white", label="PyTorch")
    axes.set_yticks(places, list(told), fontsize=9)
    axes.invert_yaxis()
    axes.tick_params(length=0, labelsize=9)
    axes.set_xlabel("ms", fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    return finish(figure, None)
