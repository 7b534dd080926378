"""What the page on sizes draws: windows on a row of pixels, padding, and what one output sees of the picture."""
import numpy as np

from npnet.explain.facts import layer_facts
from npnet.ops import col2im, conv_size
from npnet.plots.figure import INK, TRACK

from .cells import BLANK, BOXES, LINES, TINTS, board, cell, done, heat, label, table
from .im2col import alexnet


def windows(size=8, window=3, stride=2, pad=0, ceil_mode=False):
    """A row of pixels with its padding, and beneath it every window as a bar; one that hangs over is dashed."""
    count = conv_size(size, window, stride, pad, ceil_mode)
    end = max(size + pad, (count - 1) * stride + window - pad)
    figure, axes = board(12, 2.2 + 0.8 * count)
    left = (12 - (end + pad)) / 2 + pad
    seen = {start + place for start in starts(count, stride, pad) for place in range(window)}
    for place in range(-pad, end):
        inside = 0 <= place < size
        fill = (TINTS[0] if place in seen else TINTS[3]) if inside else TRACK
        cell(axes, left + place, 1.0, str(place) if inside else "0" if place < size + pad else "", fill,
             width=1 if inside else 0.4)
    for number, start in enumerate(starts(count, stride, pad)):
        over = start + window > size + pad
        span(axes, left + start, 2.3 + 0.8 * number, window, number, over)
    return done(figure)


def starts(count, stride, pad):
    """Where each window begins."""
    return [number * stride - pad for number in range(count)]


def span(axes, left, top, length, number, over=False):
    """A window on a row: a bar with its number; dashed where it hangs over the edge."""
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((left + 0.08, top), length - 0.16, 0.6, facecolor=BLANK if over else TINTS[0],
                             edgecolor=BOXES[3 if over else 0], linestyle=LINES[1 if over else 0], linewidth=1.8))
    label(axes, left + length / 2, top + 0.31, f"p = {number}", size=9)


def end_of_row(size=224, window=11, stride=4, pixels=20):
    """The last pixels of a row of AlexNet's first layer: the last windows that fit, and the one of rounding up."""
    fits = conv_size(size, window, stride, 0)
    first = size - pixels + 3
    side = 4.55 / (pixels + 0.4)
    figure, axes = board(pixels + 0.4, 10.6, side)
    for place in range(pixels):
        pixel = first + place
        inside = pixel < size
        seen = pixel < (fits - 1) * stride + window
        cell(axes, place, 2, fill=(TINTS[0] if seen else TINTS[3]) if inside else TRACK, width=1 if inside else 0.4)
        if pixel % 4 == 0 or pixel == size - 1:
            label(axes, place + 0.5, 1.2 if pixel % 4 == 0 else 0.4, str(pixel), size=9)
    for row, number in enumerate([fits - 2, fits - 1, fits]):
        start = number * stride - first
        tall_span(axes, start, 3.8 + 2.2 * row, window, number, start + window + first > size)
    return done(figure)


def tall_span(axes, start, top, window, number, over):
    """A window of narrow cells, cut off where the drawing begins."""
    from matplotlib.patches import Rectangle
    left = max(start, 0)
    axes.add_patch(Rectangle((left, top), start + window - left, 1.5, facecolor=BLANK if over else TINTS[0],
                             edgecolor=BOXES[3 if over else 0], linestyle=LINES[1 if over else 0], linewidth=1.8))
    label(axes, (left + start + window) / 2, top + 0.8, f"p = {number}", size=9)


def borders(size=5, window=3, pads=(0, 1)):
    """How many windows see each pixel, without padding and with it: at the border padding makes the difference."""
    figure, axes = board(2 * size + 1.1, size + 1.1)
    most = window ** 2
    for number, pad in enumerate(pads):
        count = conv_size(size, window, 1, pad)
        found = col2im(np.ones((1, 1, window, window, count, count)), size, size, 1, pad)[0, 0]
        fills = heat(np.append(found, most))[:-1].reshape(size, size, 4)
        table(axes, number * (size + 1), 0.95, found, f"pad = {pad}", fills)
    return done(figure)


def frame(x, pad=1):
    """A picture in its frame of zeros."""
    H, W = x.shape
    figure, axes = board(W + 2 * pad + 0.1, H + 2 * pad + 0.1, 0.42)
    for row in range(-pad, H + pad):
        for column in range(-pad, W + pad):
            inside = 0 <= row < H and 0 <= column < W
            text = f"{x[row, column]:g}" if inside else "0"
            cell(axes, column + pad, row + pad, text, TINTS[0] if inside else TRACK, width=1 if inside else 0.4)
    return done(figure)


def tree(layers=((3, 2), (3, 2)), names=("x", "y", "z")):
    """What one number of the last row sees of the rows before it. layers: (window, stride), the first one first."""
    widths = [1]
    for window, stride in reversed(layers):
        widths.append((widths[-1] - 1) * stride + window)
    whole = widths[-1]
    figure, axes = board(whole + 2.2, 2 * len(widths) - 0.8, 0.44)
    steps = np.cumprod([1] + [stride for _, stride in layers])
    fields = [1, *np.cumsum([(window - 1) * step for (window, _), step in zip(layers, steps)]) + 1]
    for level, (name, width) in enumerate(zip(reversed(names), widths)):
        depth = len(layers) - level                                     # how many layers stand before this row
        top = 2 * level
        label(axes, 0, top + 0.5, name, "left")
        for place in range(width):
            middle = 1 + place * steps[depth] + fields[depth] / 2
            cell(axes, middle - 0.5, top, fill=TINTS[0] if level else TINTS[3])
            if depth:
                window = layers[depth - 1][0]
                for tap in range(window):
                    below = 1 + (place * layers[depth - 1][1] + tap) * steps[depth - 1] + fields[depth - 1] / 2
                    axes.plot([middle, below], [top + 1, top + 2], color=INK, linewidth=0.9)
        label(axes, whole + 1.3, top + 0.5, str(width), "left")
    return done(figure)


def fields():
    """What one output of each layer of AlexNet sees of the 227 x 227 picture: squares around the middle."""
    from matplotlib.patches import Rectangle
    side = 4.55 / 240
    seen = [(facts.name, facts.field[0]) for facts in layer_facts(alexnet())
            if facts.kind in ("Conv2D", "MaxPool") and facts.field[0] < 227]
    figure, axes = board(240, 231, side)
    axes.add_patch(Rectangle((2, 2), 227, 227, facecolor="none", edgecolor=INK, linewidth=1.2))
    label(axes, 6, 10, "227", "left", 9)
    for number, (name, size) in enumerate(reversed(seen)):
        corner = 2 + (227 - size) / 2
        axes.add_patch(Rectangle((corner, corner), size, size, facecolor=heat(np.arange(9.0))[number], edgecolor=INK,
                                 linewidth=0.8, linestyle="-" if name.startswith("conv") else "--"))
        if size > 30:
            label(axes, corner + 2, corner + size - (4.5 if name == "pool2" else 8), f"{name} {size}", "left", 9)
    return done(figure)
