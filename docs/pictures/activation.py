"""The pictures of ReLU, tanh and sigmoid."""
import numpy as np
from npnet.ops import (relu_backward, relu_forward, sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward)
from npnet.plots.course import Grid
from npnet.plots.curves import RUNS
from npnet.plots.figure import TRACK, finish, new_axes, new_figure

from .tables import lines, tables

FUNCTIONS = {"ReLU": (relu_forward, relu_backward), "tanh": (tanh_forward, tanh_backward),
             "sigmoid": (sigmoid_forward, sigmoid_backward)}
STYLES = dict(zip(FUNCTIONS, ("-", "--", "-.")))
COLOURS = dict(zip(FUNCTIONS, RUNS))


def gate(x, dy):
    """Forward above, backward below: what was negative became 0, and there no gradient passes."""
    y = relu_forward(x)
    closed = y == 0
    return tables([[Grid(x, "x"), "→", Grid(y, "y", grey=closed)],
                   [Grid(relu_backward(dy, y), "dx", grey=closed), "←", Grid(dy, "dy")]])


def curves(*names):
    """The values of activations above, their gradients below, over the same x."""
    figure = new_figure(4.5, 5.0)
    above, below = new_axes(figure, 2, 1, 1), new_axes(figure, 2, 1, 2)
    x = np.linspace(-4, 4, 1601)                # 0 is not between two points, where the gradient of ReLU jumps
    for name in names:
        forward, backward = FUNCTIONS[name]
        y = forward(x)
        slope = backward(np.ones_like(x), y)
        if name == "ReLU":
            slope = np.where(np.abs(x) < 1e-9, np.nan, slope)                   # the line has a gap there
        for axes, values in ((above, y), (below, slope)):
            axes.plot(x, values, STYLES[name], color=COLOURS[name], linewidth=2, label=name)
    if "ReLU" in names:
        below.plot([0], [0], "o", color=COLOURS["ReLU"], markersize=5)
    settle(above, "y", (-1.2, 3.2), [-1, 0, 1, 2, 3])
    settle(below, "dy/dx", (-0.05, 1.1), [0, 0.25, 0.5, 0.75, 1])
    if len(names) > 1:
        above.legend(frameon=False, fontsize=9, loc="upper left")
    return finish(figure, None)


def settle(axes, name, limits, ticks):
    """The numbers along both sides."""
    lines(axes, "x", name)
    axes.set(xlim=(-4, 4), ylim=limits)
    axes.set_xticks(range(-4, 5), list(map(str, range(-4, 5))), fontsize=9)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=9)


def remaining(shares):
    """What is left of a gradient after 0, 1, 2 ... layers, on a logarithmic scale. shares: {name: numbers}."""
    figure = new_figure(4.5, 3.1)
    axes = new_axes(figure)
    for name, values in shares.items():
        axes.semilogy(range(len(values)), values, STYLES[name], color=COLOURS[name], linewidth=2, marker="o",
                      markersize=4, label=name)
    axes.grid(color=TRACK, linewidth=0.8)
    layers = len(next(iter(shares.values())))
    low = int(np.floor(np.log10(min(map(min, shares.values())))))
    axes.set_yticks([10.0 ** k for k in range(low, 1)], [f"1e{k}" if k else "1" for k in range(low, 1)], fontsize=9)
    axes.set_yticks([], minor=True)
    axes.set_xticks(range(layers), list(map(str, range(layers))), fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="lower left")
    return finish(figure, None)
