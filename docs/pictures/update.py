"""The pictures of the update: points on a loss of one weight, and paths over the steps."""
import numpy as np
from npnet.ops import sgd_update
from npnet.plots.curves import GREY, RUNS, set_ticks
from npnet.plots.figure import finish, new_axes, new_figure

from .tables import lines

LINES = ("-", "--", "-.", ":")
MARKS = "osD^"


def walk(rule, slope, w, rates, momentum, weight_decay=0.0):
    """The weight before, between and after steps of a rule, one step for each rate; slope: w -> dw."""
    w, v, path = np.array([float(w)]), np.zeros(1), [float(w)]
    for lr in rates:
        rule(w, slope(w), v, lr, momentum, weight_decay)
        path.append(float(w[0]))
    return path


def wrong_sign(w, dw, v, lr, momentum, weight_decay):
    """The paper's rule with w - v where w + v is meant."""
    v *= momentum
    v -= weight_decay * lr * w + lr * dw
    w -= v


def three_walks(w=-2.0, lr=0.1, momentum=0.9, steps=6):
    """{name: path} on the loss w^2 / 2, whose slope is w: without momentum, with it, and up the hill."""
    rates = [lr] * steps
    return {"momentum = 0": walk(sgd_update, np.copy, w, rates, 0.0),
            f"momentum = {momentum:g}": walk(sgd_update, np.copy, w, rates, momentum),
            "w − v": walk(wrong_sign, np.copy, w, rates, 0.0)}


def surface(walks):
    """Every walk on the loss w^2 / 2, one below the other, its points numbered by the step."""
    most = 1.1 * max(abs(w) for path in walks.values() for w in path)
    across = np.linspace(-most, most, 201)
    figure = new_figure(4.5, 1.75 * len(walks) + 0.3)
    for number, (name, path) in enumerate(walks.items()):
        axes = new_axes(figure, len(walks), 1, number + 1)
        axes.plot(across, across ** 2 / 2, color=GREY, linewidth=1)
        path = np.array(path)
        axes.plot(path, path ** 2 / 2, LINES[number], color=RUNS[number], marker=MARKS[number], markersize=6)
        for step in (0, len(path) - 1):
            axes.annotate(str(step), (path[step], path[step] ** 2 / 2), (7, 5), textcoords="offset points", fontsize=9)
        axes.set_title(name, fontsize=10)
        axes.set(ylim=(-0.25, 1.25 * most ** 2 / 2), xlim=(-most, most))
        ticks = range(-int(most), int(most) + 1)
        axes.set_xticks(ticks, list(map(str, ticks)), fontsize=9)
        axes.set_yticks([0], ["0"], fontsize=9)
        axes.set_ylabel("loss", fontsize=9, rotation=0, ha="right", va="center")
        if number == len(walks) - 1:
            axes.set_xlabel("w", fontsize=10)
    return finish(figure, None)


def paths(named, drop=None, name="w"):
    """Numbers over the steps: {name: path}; a dotted line where the learning rate drops."""
    figure = new_figure(4.5, 3.2)
    axes = new_axes(figure)
    steps = max(map(len, named.values()))
    for number, (label, path) in enumerate(named.items()):
        axes.plot(range(len(path)), path, LINES[number % 4], color=RUNS[number], marker=MARKS[number % 4],
                  markersize=6 - number, linewidth=2, label=label)
    if drop is not None:
        axes.axvline(drop, color=GREY, linestyle=":", linewidth=1.5)
        axes.text(drop + 0.1, axes.get_ylim()[1], "lr ↓", fontsize=9, va="top")
    lines(axes, "", name)
    axes.set_xticks(range(steps), list(map(str, range(steps))), fontsize=9)
    set_ticks(axes.yaxis, *axes.get_ylim(), 6)
    axes.tick_params(labelsize=9)
    axes.legend(frameon=False, fontsize=9)
    return finish(figure, None)


def beside(mistake):
    """The path of a mistake of the course's catalogue and the right one; mistake: what pictures.mistake returns."""
    (_, wrong), (_, right) = mistake.wrong[0], mistake.right[0]
    return paths({"✗": np.ravel(wrong), "✓": np.ravel(right)})


def in_words(mistake):
    """The numbers of both paths, for those who do not see the picture."""
    paths = [(sign, np.ravel(each[0][1])) for sign, each in (("✗", mistake.wrong), ("✓", mistake.right))]
    return ". ".join(f"{sign}: {', '.join(f'{value:.4g}' for value in path)}" for sign, path in paths)
