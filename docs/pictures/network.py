"""Networks as pictures: boxes drawn to scale, the two towers, where the work is, what one output sees.

Numbers come from the layers themselves (npnet.explain.summary); nothing here is written down twice.
"""
import math
from contextlib import contextmanager
from html import escape

import numpy as np

import npnet
from npnet import network
from npnet.explain import layer_facts, summary
from npnet.explain.counts import times
from npnet.layers import pair
from npnet.plots.figure import BAR, INK, TRACK, finish, new_axes, new_figure
from npnet.plots.gradients import OTHER
from npnet.plots.grids import COLOURS

WIDTH = 4.6                     # inches: a phone shows it whole
LINE = 0.155                    # inches from one line of text to the next
TALLEST, WIDEST, LOWEST = 1.15, 0.66, 0.05          # of the boxes, in inches
PER_ROW = 6                     # boxes side by side


class NoNumbers:
    """What draws zeros in the place of random numbers: for networks that are counted and never run."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)

    def random(self, shape, dtype):
        return np.zeros(shape, dtype)


@contextmanager
def without_drawing():
    """Networks that are built inside have no random weights, which would take 2 seconds for 61 million."""
    kept = network.rng
    network.rng = lambda *address: NoNumbers()
    try:
        yield
    finally:
        network.rng = kept


def counts(name, **options):
    """The Summary of a version, without the time that drawing its weights takes."""
    with without_drawing():
        return summary(npnet.model(name, **options))


def inches(width, height):
    """An empty figure, and axes that fill it and count inches from the lower left corner."""
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), frame_on=False)
    axes.set(xticks=[], yticks=[], xlim=(0, width), ylim=(0, height))
    return figure, axes


def done(figure):
    """The finished figure; the photographs in it have 192 dots an inch, so that they are sharp on small screens."""
    figure.set_dpi(192)
    return finish(figure, None)


def short(count):
    """A count in at most five letters: 34.9 k, 37.8 M."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def grouped(count):
    """A whole number with commas: 60,965,224."""
    return f"{count:,}"


def table(facts, names, heads=("layer", "in", "out", "parameters", "multiply-adds")):
    """A table of some layers: what goes in, what comes out, what it costs."""
    rows = [(f"<code>{each.name} = {escape(each.expression)}</code>", times(each.shape_in), times(each.shape_out),
             grouped(each.parameters) if each.parameters else "",
             grouped(each.multiply_adds) if each.multiply_adds else "") for each in facts if each.name in names]
    return html_table(heads, rows)


def html_table(heads, rows):
    """A table for a page: the first column to the left, all others to the right. Cells are HTML."""
    from IPython.display import HTML
    lines = ["<tr>" + "".join(f'<th{" class=text-end" if number else ""}>{head}</th>'
                              for number, head in enumerate(heads)) + "</tr>"]
    for first, *others in rows:
        cells = "".join(f'<td class="text-end{" text-nowrap" if len(str(cell)) < 24 else ""}">{cell}</td>'
                        for cell in others)
        lines.append(f"<tr><td>{first}</td>{cells}</tr>")
    return HTML(f'<div class="pst-scrollable-table-container" tabindex="0"><table class="table">'
                f'<thead>{lines[0]}</thead><tbody>{"".join(lines[1:])}</tbody></table></div>')


# ------------------------------------------------------------------------------- boxes to scale

def merged(facts, input_shape):
    """(name, shape, parameters, multiply-adds) of every box; what keeps the shape and has no weights has none."""
    rows, shape = [("x", input_shape, 0, 0)], input_shape
    for each in facts:
        if each.parameters and each.multiply_adds or math.prod(each.shape_out) != math.prod(shape):
            rows.append((each.name, each.shape_out, each.parameters, each.multiply_adds))
        shape = each.shape_out
    return rows


def boxes(net_or_facts, input_shape=None):
    """The network as boxes: as high as its maps, area by activations, colour by parameters, the numbers below.

    Takes a Network, or its facts and the shape of its input.
    """
    facts = net_or_facts
    if input_shape is None:
        facts, input_shape = layer_facts(net_or_facts), net_or_facts.input_shape
    rows = merged(facts, input_shape)
    heights = [max(LOWEST, TALLEST * (shape[1] if len(shape) == 3 else 1) / input_shape[1]) ** 0.5 * TALLEST ** 0.5
               for _, shape, _, _ in rows]
    widths = [math.prod(shape) / height for (_, shape, _, _), height in zip(rows, heights)]
    widths = [WIDEST * width / max(widths) for width in widths]
    lines = [list(range(first, min(first + PER_ROW, len(rows)))) for first in range(0, len(rows), PER_ROW)]
    tall = [max(heights[i] for i in line) + 4 * LINE + 0.12 for line in lines]
    figure, axes = inches(WIDTH, sum(tall) + 0.16 * (len(lines) - 1) + 0.05)
    ground = figure.get_figheight() - 0.03
    most = max(parameters for _, _, parameters, _ in rows)
    for line, high in zip(lines, tall):
        ground -= high
        for place, i in enumerate(line):
            draw_box(axes, rows[i], (widths[i], heights[i]), (place + 0.5) * WIDTH / PER_ROW,
                     ground + 4 * LINE + 0.1, most)
        ground -= 0.16
    return done(figure)


def draw_box(axes, row, size, middle, ground, most):
    """One box that stands on `ground`, with its name, shape, parameters and multiply-adds beneath."""
    from matplotlib.patches import Rectangle
    name, shape, parameters, multiply_adds = row
    axes.add_patch(Rectangle((middle - size[0] / 2, ground), *size, linewidth=0.8, edgecolor=INK,
                             facecolor=shade(parameters, most)))
    lines = [name, times(shape), *([f"w {short(parameters)}"] if parameters else []),
             *([f"× {short(multiply_adds)}"] if multiply_adds else [])]
    for number, text in enumerate(lines):
        axes.text(middle, ground - 0.05 - LINE * number, text, ha="center", va="top", fontsize=9,
                  fontweight="bold" if number == 0 else "normal")


def shade(parameters, most):
    """The colour of a box: grey without parameters, else from dark to light as their logarithm grows."""
    from matplotlib import colormaps
    if not parameters:
        return TRACK
    return colormaps[COLOURS](np.clip(1 - math.log10(most / parameters) / 3.2, 0, 1))


# ------------------------------------------------------------------------------- the two towers

TOWERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")


def towers(facts, names=TOWERS):
    """Two towers side by side, from the picture at the top to the classes: who sees whom."""
    chosen = [next(each for each in facts if each.name == name) for name in names]
    step, high = 0.6, 0.3
    figure, axes = inches(WIDTH, step * (len(names) + 1) + 0.05)
    top = figure.get_figheight() - 0.05
    middles = WIDTH * 0.36, WIDTH * 0.76
    whole = sum(middles) / 2
    label(axes, whole, top - high, 3.0, high, f"x   {times(facts[0].shape_in)}")
    before = [(whole, top - high)]
    for number, each in enumerate(chosen):
        ground = top - step * (number + 1) - high
        K, *rest = each.shape_out
        both = number == len(chosen) - 1
        places = [whole] if both else middles
        split = "groups=2" in each.expression
        for side, middle in enumerate(places):
            label(axes, middle, ground, 3.0 if both else 1.55, high, times([K // len(places), *rest]))
            for other, (start, height) in enumerate(before):
                if len(before) == 1 or not split or other == side:
                    arrow(axes, start if len(before) > 1 or both else middle, height, middle, ground + high,
                          crossing=len(before) > 1 and not both and other != side)
        axes.text(0.05, ground + high / 2, each.name, va="center", fontsize=9, fontweight="bold")
        before = [(place, ground) for place in places]
    return done(figure)


def label(axes, middle, ground, width, height, text):
    """A box with a text in it."""
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((middle - width / 2, ground), width, height, facecolor="white", edgecolor=INK))
    axes.text(middle, ground + height / 2 - 0.01, text, ha="center", va="center", fontsize=9)


def arrow(axes, x, y, to_x, to_y, crossing):
    """From below one box to above another; the ones that cross from tower to tower are of another colour and dashed."""
    axes.annotate("", (to_x, to_y), (x, y), arrowprops={
        "arrowstyle": "-|>", "color": "#b04a00" if crossing else INK, "linestyle": "--" if crossing else "-",
        "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0})


# ------------------------------------------------------------------------------- where the work is

def shares(facts):
    """For every layer with weights its share of all parameters, and of all multiply-adds."""
    chosen = [each for each in facts if each.multiply_adds]
    figure = new_figure(WIDTH, 0.45 * len(chosen) + 0.55)
    axes = new_axes(figure)
    rows = np.arange(len(chosen))
    for offset, what, colour, hatch, sign in ((-0.2, "parameters", BAR, None, "w"),
                                              (0.2, "multiply_adds", OTHER, "//", "×")):
        values = np.array([getattr(each, what) for each in chosen]) / sum(getattr(each, what) for each in facts)
        axes.barh(rows + offset, values, height=0.36, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        for row, value in zip(rows, values):
            axes.text(value + 0.008, row + offset, f"{sign} {value:.1%}", va="center", fontsize=9)
    axes.set_yticks(rows, [each.name for each in chosen], fontsize=10)
    axes.set(xlim=(0, 0.78), ylim=(len(chosen) - 0.5, -0.5))
    return done(figure)


# ------------------------------------------------------------------------------- what one output sees

def seen(net, name, place):
    """The first and the last pixel of the input, along one axis, that the output `place` of a layer sees."""
    names = list(net.layers)
    first = last = place
    for each in reversed(names[:names.index(name) + 1]):
        layer = net.layers[each]
        if not hasattr(layer, "size"):
            continue
        window, stride, pad = pair(layer.size)[0], layer.stride, layer.pad
        first, last = first * stride - pad, last * stride - pad + window - 1
    return first, last


def sees(square, fields):
    """The photograph with the square that one output in the middle of each layer's maps sees.

    fields: {name: (first, last)} pixels along both axes.
    """
    from matplotlib.patches import Rectangle
    side = 3.3
    figure, axes = inches(WIDTH, side + 0.1)
    H = len(square)
    scale = side / H
    axes.imshow(square, extent=(0.05, 0.05 + side, 0.05, 0.05 + side), interpolation="nearest", aspect="auto")
    axes.set(xlim=(0, WIDTH), ylim=(0, side + 0.1))
    for number, (name, (first, last)) in enumerate(fields.items()):
        low, size = 0.05 + scale * (H - 1 - last), scale * (last - first + 1)
        axes.add_patch(Rectangle((0.05 + scale * first, low), size, size, fill=False, linewidth=2.4,
                                 edgecolor="black"))
        axes.add_patch(Rectangle((0.05 + scale * first, low), size, size, fill=False, linewidth=1.1,
                                 edgecolor="white"))
        top, right = low + size, 0.05 + scale * first + size
        axes.plot([right, side + 0.16], [top, top], color=INK, linewidth=0.7)
        axes.text(side + 0.2, top, f"{name}  {last - first + 1}", va="center", fontsize=9)
    return done(figure)
