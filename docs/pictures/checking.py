"""The picture of the gradient check: how wrong a measured slope is, for every step h."""
import numpy as np
from npnet.ops import max_pool_backward, max_pool_forward, relu_backward, relu_forward, softmax_cross_entropy
from npnet.plots.curves import RUNS
from npnet.plots.figure import INK, TRACK, finish, new_axes, new_figure

from .tables import lines

STEPS = 10.0 ** np.arange(-12, 0.5)
LOOK, OK = 1e-4, 1e-7


def measured(loss, x, h):
    """The slopes of loss at x by central differences, all in x's own dtype."""
    slopes = np.zeros(x.shape, np.float64)
    h = x.dtype.type(h)
    for place in np.ndindex(x.shape):
        sides = []
        for moved in (x[place] + h, x[place] - h):
            other = x.copy()
            other[place] = moved
            sides.append(loss(other))
        slopes[place] = (np.float64(sides[0]) - np.float64(sides[1])) / (2 * np.float64(h))
    return slopes


def error(analytic, numeric):
    """||a - n|| / (||a|| + ||n||): 0 where both agree, 1 where they have nothing in common."""
    size = np.linalg.norm(analytic) + np.linalg.norm(numeric)
    return float(np.linalg.norm(analytic - numeric) / size) if size else 0.0


def smooth(dtype, steps=STEPS):
    """The error at every step of softmax with cross-entropy, whose backward is right."""
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((4, 5)).astype(dtype), rng.integers(0, 5, 4)
    exact = softmax_cross_entropy(logits.astype(np.float64), labels)[1]
    return [error(exact, measured(lambda x: softmax_cross_entropy(x, labels)[0], logits, h)) for h in steps]


def kink(distance, steps=STEPS):
    """The error at every step of a ReLU, one of whose inputs lies at a distance from 0."""
    x = np.array([-1.5, 1.0, distance, 0.5, -0.7, 1.2])
    dy = np.array([0.6, -1.1, 0.9, 1.4, -0.5, 0.8])
    exact = relu_backward(dy, relu_forward(x))
    return [error(exact, measured(lambda x: np.sum(dy * relu_forward(x)), x, h)) for h in steps]


def tie(steps=STEPS):
    """The error at every step of a max-pool, two of whose inputs are equal and largest."""
    x = np.array([3.0, 1, 3, 0, 2, 1, 1, 0, 2, 1, 0, 4, 1, 2, 1, 0]).reshape(1, 1, 4, 4)
    dy = np.array([[0.7, -1.1], [0.9, 1.3]]).reshape(1, 1, 2, 2)
    window = (3, 3, 1, 0)
    y, argmax = max_pool_forward(x, *window, False)
    exact = max_pool_backward(dy, argmax, 4, 4, *window)
    return [error(exact, measured(lambda x: np.sum(dy * max_pool_forward(x, *window, False)[0]), x, h))
            for h in steps]


def curves(names=("float64", "float32", "kink", "tie"), steps=STEPS):
    """{name: errors}; the names are float64, float32, kink (a ReLU at 0.001 from 0) and tie (a max-pool)."""
    makers = {"float64": lambda: smooth(np.float64, steps), "float32": lambda: smooth(np.float32, steps),
              "kink": lambda: kink(0.001, steps), "tie": lambda: tie(steps)}
    return {name: makers[name]() for name in names}


def v_curve(named=None, steps=STEPS):
    """Error against h, both logarithmic: the V of float64, that of float32 far above it, and two kinks.

    named: {name: errors}, by default curves(). The grey bands are the verdicts: ok below, wrong above, look between.
    """
    named = named or curves(steps=steps)
    figure = new_figure(4.6, 4.2)
    axes = new_axes(figure)
    axes.axhspan(OK, LOOK, color=TRACK, zorder=0)
    for (name, errors), line, mark, colour in zip(named.items(), ("-", "--", "-.", ":"), "osD^", RUNS):
        axes.loglog(steps, np.maximum(errors, 1e-16), line, marker=mark, markersize=4, color=colour, linewidth=2,
                    label=name)
    lines(axes, "h", "error")
    powers = range(-12, 1, 2)
    axes.set_xticks([10.0 ** k for k in powers], [f"1e{k}" if k else "1" for k in powers], fontsize=9)
    powers = range(-14, 1, 2)
    axes.set_yticks([10.0 ** k for k in powers], [f"1e{k}" if k else "1" for k in powers], fontsize=9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([], minor=True)
    axes.axvline(1e-5, color=INK, linestyle=":", linewidth=1)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=9, frameon=False,
                  columnspacing=1.2, handlelength=2.2)
    return finish(figure, None)
