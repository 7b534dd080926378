"""The pictures of softmax and cross-entropy."""
import numpy as np
from npnet.ops import softmax_cross_entropy, softmax_forward
from npnet.plots.course import Grid
from npnet.plots.curves import RUNS
from npnet.plots.figure import INK, finish, new_axes, new_figure

from .tables import lines, tables


def steps(logits, labels):
    """From logits to the gradient: exp, probabilities, p minus the label; the label of every row has a box."""
    boxes = [(n, int(label), 1, 1) for n, label in enumerate(labels)]
    p = softmax_forward(logits)
    return tables([[Grid(logits, "x", boxes), "→", Grid(np.exp(logits - logits.max(axis=1, keepdims=True)), "exp")],
                   [Grid(p, "p", boxes), "→", Grid(softmax_cross_entropy(logits, np.asarray(labels))[1], "dx", boxes)]])


def bars(logits, label, names):
    """One image: its logits, its probabilities, and what is to be done with each logit, as bars."""
    p = softmax_forward(logits[None])[0]
    change = np.eye(len(p))[label] - p
    figure = new_figure(4.5, 4.4)
    for number, (title, values) in enumerate([("x", logits), ("p", p), ("label − p", change)]):
        axes = new_axes(figure, 3, 1, number + 1)
        drawn = axes.bar(range(len(values)), values, width=0.6, color=RUNS[0])
        drawn[label].set(hatch="//", facecolor=RUNS[4], edgecolor="white")
        most = np.abs(values).max()
        for place, value in enumerate(values):
            axes.text(place, value + (0.04 if value >= 0 else -0.04) * most, f"{value:.3g}", ha="center", fontsize=9,
                      va="bottom" if value >= 0 else "top")
        axes.axhline(0, color=INK, linewidth=0.6)
        low = 1.35 * min(values.min(), 0)
        axes.set(ylim=(low, 1.3 * most), xlim=(-0.5, len(values) - 0.5))
        axes.set_ylabel(title, fontsize=10, rotation=0, ha="right", va="center")
        axes.set_xticks(range(len(names)), names if number == 2 else [""] * len(names), fontsize=9)
    return finish(figure, None)


def three_logarithms(gaps):
    """The loss of one image of two classes whose right logit lies `gaps` below the other, in three ways, in float32."""
    logits = np.stack([-gaps, np.zeros_like(gaps)], axis=1).astype(np.float32)
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = softmax_forward(logits)[:, 0]
    with np.errstate(divide="ignore"):
        ways = {"log-sum-exp": np.log(np.exp(shifted).sum(axis=1)) - shifted[:, 0], "log(p)": -np.log(p),
                "log(p + 1e-7)": -np.log(p + np.float32(1e-7))}
    figure = new_figure(4.5, 3.4)
    axes = new_axes(figure)
    for (name, loss), line, colour in zip(ways.items(), ("-", "--", "-."), RUNS):
        finite = np.isfinite(loss)
        axes.plot(gaps[finite], loss[finite], line, color=colour, linewidth=2, label=name)
        if not finite.all():
            axes.plot(gaps[finite][-1:], loss[finite][-1:], "x", color=colour, markersize=9, markeredgewidth=2)
            axes.text(gaps[finite][-1] + 3, loss[finite][-1] - 12, "inf", fontsize=9)
    lines(axes, "x[j] − x[label]", "loss")
    ticks = list(range(0, int(gaps.max()) + 1, 25))
    axes.set_xticks(ticks, list(map(str, ticks)), fontsize=9)
    axes.set_yticks(ticks, list(map(str, ticks)), fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    return finish(figure, None)
