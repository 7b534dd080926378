"""Numbers with names, as horizontal bars: the answers of a network, the sizes of its gradients."""
import math

import numpy as np

from ..screen.words import percent
from .figure import BAR, TRACK, finish, new_axes, new_figure, shortened, show_image


def probabilities(values, names, title=None, picture=None):
    """The five largest probabilities as bars, with the photograph, uint8 (H, W, 3), beside them if given.

    values (K,) or (1, K), each from 0 to 1; names: a sequence of K strings. The full length of the
    pale track is 100 %. ValueError if the numbers are no probabilities or the names are not K.
    """
    values = np.asarray(values, float)
    values = values[0] if values.ndim == 2 and len(values) == 1 else values
    if values.ndim != 1 or len(values) != len(names):
        raise ValueError(f"probabilities (K,) of one picture need K names, got {values.shape} and "
                         f"{len(names)} names")
    if not ((values >= 0) & (values <= 1 + 1e-5)).all():
        raise ValueError(f"probabilities lie between 0 and 1, got {values.min():.4g} to {values.max():.4g}; "
                         f"are these logits? softmax comes first")
    best = np.argsort(-values, kind="stable")[:5]
    if picture is None:
        figure = new_figure(5.2, 0.6 + 0.6 * len(best))
        place = (1, 1, 1)
    else:
        figure = new_figure(8, 3.6)
        show_image(new_axes(figure, 1, 2, 1), np.asarray(picture))
        place = (1, 2, 2)
    draw_answers(new_axes(figure, *place), values[best], [names[k] for k in best])
    return finish(figure, title)


def draw_answers(axes, values, names):
    """One row per answer: the name, the bar beneath it, the percentage at the right."""
    rows = np.arange(len(values))
    axes.barh(rows, values, height=0.3, color=BAR, zorder=2)
    axes.barh(rows, 1, height=0.3, color=TRACK, zorder=1)
    for row, value, name in zip(rows, values, names):
        axes.text(0, row - 0.24, shortened(str(name), 44), fontsize=10, va="bottom")
        axes.text(1.03, row, percent(value), fontsize=10, va="center")
    axes.set(xlim=(0, 1.2), ylim=(len(rows) - 0.7, -0.75))


def gradient_norms(names, norms, title=None):
    """One bar per parameter, as long as its gradient is large, on a logarithmic scale.

    names, norms: as many of each, in the order of the network. A gradient of 0, which has no place on
    such a scale, and one that is NaN or infinite have no bar; the number at the right says it.
    """
    norms = np.asarray(norms, float)
    if norms.shape != (len(names),) or len(names) == 0 or (norms < 0).any():
        raise ValueError(f"gradient norms must be as many as names and not negative, got {norms.shape} "
                         f"and {len(names)} names")
    seen = norms[np.isfinite(norms) & (norms > 0)]
    low, high = (math.log10(seen.min()), math.log10(seen.max())) if len(seen) else (-3, 0)
    low, high = math.floor(low - 0.3), math.ceil(high + 0.01)
    figure = new_figure(7, 1.2 + 0.27 * len(names))
    axes = new_axes(figure)
    rows = np.arange(len(names))
    axes.set(xlim=(10.0 ** low, 10.0 ** high), ylim=(len(rows) - 0.4, -0.6), xscale="log")
    axes.barh(rows, np.where(np.isfinite(norms), norms, 0), height=0.62, color=BAR, zorder=2)
    axes.set_yticks(rows, [str(name) for name in names], fontsize=9)
    step = -(-(high - low) // 8)                                            # decades from line to line
    decades = range(low, high + 1, step)
    axes.set_xticks([10.0 ** k for k in decades], [f"1e{k}" if k else "1" for k in decades], fontsize=9)
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", color=TRACK, zorder=0)
    for row, norm in zip(rows, norms):
        axes.text(1.02, row, f"{norm:.2g}", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    return finish(figure, title, f"length of each parameter's gradient; from one line to the next "
                                 f"{10 ** step:,} times as much")
