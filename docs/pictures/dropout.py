"""The pictures of dropout."""
import numpy as np
from npnet.ops import dropout_forward
from npnet.plots.course import Grid
from npnet.plots.curves import RUNS
from npnet.plots.figure import INK, finish, new_axes, new_figure

from .tables import lines, tables


def two_forms(x, mask, p_drop):
    """Training beside test, npnet's form above and the paper's below, each with the sum of its numbers."""
    rows = []
    for train, test in ((dropout_forward(x, mask, p_drop), x), (np.where(mask, x, 0), x * (1 - p_drop))):
        rows.append([Grid(train, f"train: Σ = {train.sum():.4g}", grey=~mask),
                     Grid(test, f"test: Σ = {test.sum():.4g}")])
    for part in (part for row in rows for part in row):
        part.most = 2 * np.abs(x).max()
    return tables(rows)


def masks(named):
    """Masks beside each other: white where a number is dropped, 1 where it is kept. named: {title: mask}."""
    grids = [Grid(np.asarray(mask, float), title, grey=~np.asarray(mask, bool), most=2)
             for title, mask in named.items()]
    return tables([grids[:2], grids[2:]] if len(grids) > 3 else [grids], 0.36)


def means(x, p_drop, numbers, most):
    """The mean of one number over more and more masks: y / (1 - p_drop) goes to x, y without it to x (1 - p_drop)."""
    kept = numbers >= p_drop
    count = np.arange(1, most + 1)
    figure = new_figure(4.5, 3.0)
    axes = new_axes(figure)
    for (name, scale), line, colour in zip((("/ (1 − p_drop)", 1 / (1 - p_drop)), ("", 1)), ("-", "--"), RUNS):
        axes.semilogx(count, np.cumsum(kept[:most] * x * scale) / count, line, color=colour, linewidth=2,
                      label=f"y = x·mask {name}")
    for level in (x, x * (1 - p_drop)):
        axes.axhline(level, color=INK, linewidth=0.6, linestyle=":")
    lines(axes, "n", "mean")
    ticks = [10 ** k for k in range(int(np.log10(most)) + 1)]
    axes.set_xticks(ticks, list(map(str, ticks)), fontsize=9)
    axes.set_xticks([], minor=True)
    axes.set_yticks([0, x * (1 - p_drop), x], [f"{tick:.3g}" for tick in (0, x * (1 - p_drop), x)], fontsize=9)
    axes.set_ylim(0, 1.35 * x)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    return finish(figure, None)
