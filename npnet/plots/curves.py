"""Curves of training: loss and right answers from epoch to epoch, loss from step to step."""
import numpy as np

from .figure import BAR, TRACK, finish, new_axes, new_figure, told_apart

# Okabe and Ito, Color Universal Design (2008): colours that the colour-blind tell apart, without the yellow.
RUNS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3b08", "#222222")
MARKS = "osD^"
GREY = "#8a8f94"                # published curves
WIDE = 100                      # where the largest loss is so many times the smallest, the scale is logarithmic


def curves(runs, title=None, reference=None):
    """Loss (left) and right answers in percent (right) after every epoch, of one or several runs in one picture.

    runs: {name: rows}, rows a list of dicts as in history.csv with the keys epoch (from 1), train_loss,
    train_top1, loss, top1 and lr; shares of right answers from 0 to 1. What is missing, None or NaN is
    left out. Dashed: the training pictures. Solid: those that validate or test. reference: {name: [(epoch,
    train_loss, loss), ...]}, published curves, drawn in grey. Where a single run's learning rate falls by
    half or more at once, a dotted line says so. ValueError if there is no epoch to draw.
    """
    names = told_apart([*runs, *(reference or {})], 28)
    runs = [list(rows) for rows in runs.values()]
    published = [np.array([[as_number(value) for value in row] for row in rows], float).reshape(-1, 3)
                 for rows in (reference or {}).values()]
    if not any(map(len, runs + published)):
        raise ValueError("there is no epoch to draw: runs must be {name: rows} with at least one row")
    figure = new_figure(9 if len(names) < 2 else 10.5, 4.2)
    left, right = lined_axes(figure, "loss", 1, 2, 1), lined_axes(figure, "right, %", 1, 2, 2)
    handles = [draw_run(left, right, rows, number) for number, rows in enumerate(runs)]
    handles += [draw_published(left, rows, number) for number, rows in enumerate(published)]
    settle(left, right)
    fell = falls(runs[0]) if len(runs) == 1 else []
    for axes in (left, right):
        for epoch, _ in fell:
            axes.axvline(epoch - 0.5, color=GREY, linewidth=1, linestyle=":", marker="", zorder=1)
    if len(names) > 1:
        figure.legend(handles, names, loc="outside right upper", fontsize=9, frameon=False)
    return finish(figure, title or (names[0] if len(names) == 1 else None), caption_of(fell, published))


def losses(losses, title=None):
    """The loss of every training step, losses (N,), pale, and its mean over the last steps, dark.

    The mean is over a fiftieth of the steps. The scale is logarithmic if the largest mean is 100 times
    the smallest. NaN and infinity are left out, and the caption says how many. ValueError if losses is
    not (N,) with N at least 1.
    """
    values = np.array([as_number(loss) for loss in losses], float) if np.ndim(losses) == 1 else np.empty(0)
    if not len(values):
        raise ValueError(f"losses must be (N,), one number per step and at least one, got {np.shape(losses)}")
    steps, window = np.arange(1, len(values) + 1), max(1, len(values) // 50)
    mean = running_mean(values, window)
    figure = new_figure(7.5, 4)
    axes = lined_axes(figure, "loss")
    axes.set_xlabel("step", fontsize=10)
    few, alone = len(values) <= 30, window == 1
    axes.plot(steps, values, color=BAR, alpha=1 if alone else 0.3, linewidth=1.5 if alone else 0.8,
              marker="o" if few else "", markersize=4)
    if not alone:
        axes.plot(steps, mean, color=BAR, linewidth=2, marker="", linestyle="-")
    across(axes, 1, len(values))
    scale(axes, mean)
    missing = int((~np.isfinite(values)).sum())
    caption = f"Pale: each step. Dark: the mean of the last {window:,} steps." if not alone else "One number per step."
    return finish(figure, title, caption + (f" Left out: {missing:,} that are NaN or infinite." if missing else ""))


# ---------------------------------------------------------------------------- the lines

def draw_run(left, right, rows, number):
    """The lines of one run in both axes; returns the one that the legend shows."""
    colour, mark = RUNS[number % len(RUNS)], MARKS[number // len(RUNS) % len(MARKS)]
    epochs = column(rows, "epoch")
    size = 0 if len(rows) > 40 else 4 if len(rows) > 1 else 6
    loss = column(rows, "train_loss"), column(rows, "loss")
    share = 100 * column(rows, "train_top1"), 100 * column(rows, "top1")
    for axes, (training, held_out) in ((left, loss), (right, share)):
        axes.plot(epochs, training, color=colour, linewidth=1, linestyle="--", marker=mark, markersize=0.6 * size,
                  markerfacecolor="white", zorder=2)
        line, = axes.plot(epochs, held_out, color=colour, linewidth=2, linestyle="-", marker=mark, markersize=size,
                          zorder=3)
    return line


def draw_published(axes, rows, number):
    """A published curve, (N, 3): epoch, loss on the training pictures, loss on others."""
    style = {"color": GREY, "marker": MARKS[number % len(MARKS)], "markersize": 5, "zorder": 2}
    training, = axes.plot(rows[:, 0], rows[:, 1], linewidth=1, linestyle="--", markerfacecolor="white", **style)
    held_out, = axes.plot(rows[:, 0], rows[:, 2], linewidth=1.5, linestyle="-", **style)
    return held_out if np.isfinite(rows[:, 2]).any() else training


def as_number(value):
    """A float; NaN for None, for an empty field and for infinity."""
    value = float("nan") if value is None or value == "" else float(value)
    return value if np.isfinite(value) else float("nan")


def column(rows, key):
    return np.array([as_number(row.get(key)) for row in rows], float)


def running_mean(values, window):
    """The mean of the last `window` numbers at every place, of those that are finite; NaN where none is."""
    finite = np.isfinite(values)
    sums = np.concatenate([[0], np.cumsum(np.where(finite, values, 0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - window, 0)
    count = counts[last] - counts[first]
    return np.where(count > 0, (sums[last] - sums[first]) / np.maximum(count, 1), np.nan)


def falls(rows):
    """Where a learning rate that had stayed the same falls to half or less: a list of (epoch, the new rate)."""
    rates = column(rows, "lr")
    return [(rows[k]["epoch"], rates[k]) for k in range(2, len(rows))
            if rates[k - 2] == rates[k - 1] and rates[k] <= rates[k - 1] / 2]


# ---------------------------------------------------------------------------- the axes

def lined_axes(figure, name, *place):
    """Axes with pale lines behind; across and scale give them numbers."""
    axes = new_axes(figure, *place)
    axes.grid(color=TRACK, linewidth=0.8, linestyle="-", zorder=0)
    axes.set_axisbelow(True)
    axes.set_title(name, fontsize=10)
    return axes


def set_ticks(axis, low, high, most, integer=False):
    """At most about `most` round numbers between low and high."""
    from matplotlib.ticker import MaxNLocator
    places = MaxNLocator(most, integer=integer, steps=[1, 2, 5, 10]).tick_values(low, high)
    places = [place for place in places if low <= place <= high]
    axis.set_ticks(places, [f"{place:,.6g}" for place in places])


def settle(left, right):
    """The ranges of both axes, and a word instead of an axis that stays empty."""
    epochs = np.concatenate([line.get_xdata() for line in left.lines])
    epochs = epochs[np.isfinite(epochs)] if np.isfinite(epochs).any() else np.ones(1)
    for axes, scaled in ((left, scale), (right, scale_to_100)):
        across(axes, epochs.min(), epochs.max())
        axes.set_xlabel("epoch", fontsize=10)
        scaled(axes, np.concatenate([line.get_ydata() for line in axes.lines] or [np.empty(0)]))


def across(axes, first, last):
    """The range of epochs or steps, with a little room at both sides."""
    margin = max(0.015 * (last - first), 0.1 if last > first else 0.5)
    axes.set_xlim(first - margin, last + margin)
    set_ticks(axes.xaxis, first, last, 8, integer=True)


def scale(axes, values):
    """From 0 to a little above the largest value; logarithmic if the values are very different."""
    values = values[np.isfinite(values)]
    if not len(values):
        no_numbers(axes)
    elif values.min() > 0 and values.max() > WIDE * values.min():
        axes.set_yscale("log")
        low, high = values.min() / 1.3, values.max() * 1.3
        axes.set_ylim(low, high)
        decades = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1).astype(int)
        step = -(-len(decades) // 8)
        labels = [f"1e{k}" if abs(k) > 3 else f"{10.0 ** k:g}" for k in decades[::step]]
        axes.set_yticks(10.0 ** decades[::step], labels)
        axes.set_yticks([], minor=True)
    else:
        upwards(axes, min(0, values.min()), values.max() if values.max() > 0 else 1)


def scale_to_100(axes, values):
    """Percentages: up to 100, from 0 or, where all are above 50, from a little below the smallest."""
    values = values[np.isfinite(values)]
    if not len(values):
        no_numbers(axes)
    else:
        upwards(axes, 0 if values.min() < 50 else min(98, 2 * values.min() - 100), 100)


def upwards(axes, low, high):
    """A linear scale with a little room at both ends, so that no point lies on the edge."""
    axes.set_ylim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    set_ticks(axes.yaxis, low, high, 6)


def no_numbers(axes):
    axes.set_yticks([])
    axes.text(0.5, 0.5, "no numbers", transform=axes.transAxes, ha="center", fontsize=10)


def caption_of(fell, published):
    said = "Dashed: on the training pictures, while training. Solid: on pictures that it does not learn from."
    if published:
        said += " Grey: published, not ours."
    if fell:
        said += f" Dotted: the learning rate falls to {', '.join(f'{rate:g}' for _, rate in fell[:6])}."
    return said
