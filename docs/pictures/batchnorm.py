"""What the page on batch normalisation draws: one channel's numbers before and after, three terms, running averages."""
import numpy as np

from npnet.layers import BatchNorm
from npnet.ops import batchnorm_backward, batchnorm_forward, batchnorm_statistics
from npnet.plots.course import BOXES, Grid
from npnet.plots.figure import BAR, INK, TRACK, finish, new_axes, new_figure
from npnet.plots.gradients import OTHER

from .pool import WIDEST, panels, plain

X = np.array([2.0, 4, 4, 4, 5, 5, 7, 9])                # mean 5, variance 4
DY = np.array([0.0, 0, 0, 0, 0, 0, 0, 8])
W, B = 2.0, 1.0


def channel(values):
    """Eight numbers as one channel of two pictures of 2 x 2: (2, 1, 2, 2)."""
    return np.asarray(values, float).reshape(2, 1, 2, 2)


def stages(x=X, w=W, b=B):
    """The numbers of a channel on a line: as they are, less their mean, over their deviation, scaled and shifted."""
    mean, deviation = x.mean(), x.std()
    steps = [("x", x), ("x − μ", x - mean), ("(x − μ) / σ", (x - mean) / deviation),
             ("w · x̂ + b", w * (x - mean) / deviation + b)]
    figure = new_figure(WIDEST, 3.6)
    parts = figure.subplots(len(steps), 1, sharex=True)
    for axes, (name, values) in zip(parts, steps):
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        places, counts = np.unique(values, return_counts=True)
        for place, count in zip(places, counts):
            axes.plot([place] * count, range(1, count + 1), "o", color=BAR, markersize=6)
        middle, spread = values.mean(), values.std()
        axes.plot([middle - spread, middle + spread], [0.35, 0.35], color=OTHER, linewidth=3, solid_capstyle="butt")
        axes.plot(middle, 0.35, "|", color=INK, markersize=9, markeredgewidth=2)
        axes.set(ylim=(0, 4), yticks=[])
        axes.set_title(f"{name}    μ = {middle:g}, σ = {spread:g}", fontsize=10, loc="left")
        axes.tick_params(labelsize=9, length=3)
    parts[-1].set_xticks(range(-4, 11, 2))
    return finish(figure, "")


def who_shares(N=2, C=3, H=2, W=3):
    """Which numbers are averaged together: all pictures and pixels of a channel; each channel has its letters."""
    figure = new_figure(WIDEST, 2.2)
    for n in range(N):
        for c in range(C):
            axes = new_axes(figure, N, C, n * C + c + 1)
            axes.imshow(np.full((H, W), c), cmap="cividis", vmin=-1, vmax=3, alpha=0.45)
            for h in range(H):
                for v in range(W):
                    axes.text(v, h, f"μ{c}", ha="center", va="center", fontsize=10)
            axes.set_title(f"n = {n}, c = {c}", fontsize=9)
    return finish(figure, "")


def terms(x=X, dy=DY, w=W):
    """The three terms of dx, and dx."""
    mean, deviation, m = x.mean(), x.std(), len(x)
    xhat = (x - mean) / deviation
    slope = w / deviation
    direct, through_mean, through_var = slope * dy, -slope * dy.sum() / m, -slope * xhat * (dy * xhat).sum() / m
    return direct, np.full(m, through_mean), through_var, direct + through_mean + through_var


def terms_picture(x=X, dy=DY, w=W):
    """The three terms of dx as rows of numbers, and their sum beneath."""
    names = ("w/σ · dy", "− w/σ · db/m", "− w/σ · x̂ · dw/m", "dx")
    found = terms(x, dy, w)
    most = max(float(np.abs(row).max()) for row in found)
    figure, axes = panels([[Grid(row, name, most=most)] for name, row in zip(names, found)])
    plain(axes)
    return figure


def slopes(x=X, eps=0.0):
    """How each xhat[i] moves with each x[j], (m, m)."""
    m = len(x)
    mean, var = np.array([x.mean()]), np.array([x.var()])
    rows = [batchnorm_backward(np.eye(m)[i].reshape(1, 1, 1, m), x.reshape(1, 1, 1, m), np.ones(1), mean, var, eps,
                               True)[0].ravel() for i in range(m)]
    return np.array(rows)


def slopes_picture(x=X):
    """The table of slopes: no entry need be 0, every row adds up to 0."""
    figure, axes = panels([[Grid(slopes(x), "")]])
    axes[0].set_xlabel("x[j]", fontsize=10)
    axes[0].set_ylabel("x̂[i]", fontsize=10)
    return finish(figure, "")


def running(steps=40, batch=16, mean=3.0, deviation=2.0, momentum=0.1, seed=0):
    """The batch's mean and variance at each step, and the running ones, which start at 0 and 1."""
    rng, layer = np.random.default_rng(seed), BatchNorm(momentum=momentum)
    layer.build((1, 1, 1), rng, np.float64)
    seen, kept = [], [(float(layer.mean[0]), float(layer.var[0]))]
    for _ in range(steps):
        x = mean + deviation * rng.standard_normal((batch, 1, 1, 1))
        layer.forward(x, train=True)
        seen.append((float(x.mean()), float(x.var(ddof=1))))
        kept.append((float(layer.mean[0]), float(layer.var[0])))
    return np.array(seen), np.array(kept)


def running_picture(**settings):
    """The running mean and variance over the steps: dots are the batches, the line is what is kept."""
    seen, kept = running(**settings)
    figure = new_figure(WIDEST, 3.4)
    parts = figure.subplots(2, 1, sharex=True)
    for axes, column, name, true in zip(parts, (0, 1), ("μ", "σ²"), (3, 4)):
        axes.plot(range(1, len(seen) + 1), seen[:, column], "o", color=OTHER, markersize=3.5)
        axes.plot(kept[:, column], color=BAR, linewidth=2)
        axes.axhline(true, color=INK, linewidth=0.8, linestyle="--")
        axes.set_title(name, fontsize=10, loc="left")
        axes.tick_params(labelsize=9, length=0)
        axes.grid(axis="y", color=TRACK)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return finish(figure, "")


def float32_sums(numbers, count=9):
    """How many numbers were added, and the relative error of the float32 sum kept in one float32 variable."""
    ends = np.unique(np.geomspace(100, len(numbers), count).astype(int))
    sums = np.cumsum(numbers, dtype=np.float32)
    exact = np.cumsum(numbers, dtype=np.float64)
    return ends, np.abs(sums[ends - 1] / exact[ends - 1] - 1)


def float32_picture(numbers):
    """The error of a float32 sum against the number of its terms, on logarithmic scales."""
    ends, errors = float32_sums(numbers)
    figure = new_figure(WIDEST, 2.6)
    axes = new_axes(figure)
    axes.loglog(ends, np.maximum(errors, 1e-9), "o-", color=BOXES[3], linewidth=2)
    for power in range(int(np.log10(ends[0])), int(np.log10(ends[-1])) + 1):
        axes.axvline(10.0 ** power, color=TRACK, linewidth=0.8, zorder=0)
    axes.set_xticks([10.0 ** k for k in range(2, 7)], [f"1e{k}" for k in range(2, 7)])
    axes.set_yticks([10.0 ** k for k in range(-8, -2)], [f"1e{k}" for k in range(-8, -2)])
    axes.minorticks_off()
    axes.grid(axis="y", color=TRACK)
    return finish(figure, "")


def outputs(x, used, eps=1e-5):
    """xhat of a channel with its own statistics (used None), or with given ones."""
    mean, var = batchnorm_statistics(channel(x)) if used is None else used
    return batchnorm_forward(channel(x), np.ones(1), np.zeros(1), np.atleast_1d(mean), np.atleast_1d(var), eps).ravel()
