"""Many small images as one: the filters of a layer, the maps that it makes."""
import numpy as np

from ..screen.words import counted
from .figure import colour_bar, finish, new_axes, new_figure

COLOURS = "cividis"             # dark blue to yellow: in order of lightness, also for the colour-blind
SIGNED = "coolwarm"             # blue below 0, grey at 0, red above


def filters(w, title=None, columns=None, note=""):
    """The filters of a convolution, w (K, C, R, S), in a grid as in figure 3 of the AlexNet paper.

    Each filter has its own scale: 0 is the middle grey, its largest weight (in size) is black or white,
    or for three channels the full colour. With other than three channels the first one is drawn. The
    number beside a row is that of its first filter. columns: how many side by side (96 filters: 16). note: one more
    sentence for the caption.
    """
    w = np.asarray(w)
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"filters must be w (K, C, R, S), got {w.shape}")
    K, C, R, S = w.shape
    images = (w if C == 3 else w[:, :1]).transpose(0, 2, 3, 1).astype(float)     # (K, R, S, 3 or 1)
    largest = np.abs(images).max(axis=(1, 2, 3), keepdims=True)
    images = 0.5 + 0.5 * images / np.where(largest > 0, largest, 1)
    images = np.broadcast_to(images, (K, R, S, 3))
    columns = columns or (32 if K > 192 else 16 if K > 24 else min(K, 8))
    figure, _, _ = grid(images, columns, white=1.0)
    channels = {1: "", 3: " as red, green and blue"}.get(C, f", channel 0 of {C}")
    return finish(figure, title, f"{counted(K, 'filter')} of {R} x {S}{channels}; each on its own scale, "
                                 f"0 is the middle grey. Left: the row's first filter. {note}".rstrip())


def feature_maps(maps, title=None, most=64, note="", strongest=False):
    """What a layer made of one picture, maps (C, H, W): the first `most` channels in a grid; with strongest=True those
    with the largest numbers, the largest first, each with its number in its corner, if there are more than `most`.

    One scale for all maps, so that they can be compared: from dark, the smallest number, to light, which
    0.5 % of the numbers exceed (a few very large ones would leave all others dark). Where numbers are
    negative, the scale is symmetric about 0: blue, grey, red. NaN and infinity are white; the caption says so, and
    ends with `note`.
    """
    maps = np.asarray(maps)
    if maps.ndim != 3 or 0 in maps.shape or most < 1:
        raise ValueError(f"maps must be (C, H, W), those of one picture, and most at least 1, "
                         f"got {maps.shape} and {most}")
    C, H, W = maps.shape
    chosen = strongest and C > most
    order = np.argsort(-np.nan_to_num(maps.reshape(C, -1).astype(float), nan=-np.inf).max(axis=1), kind="stable")
    drawn = maps[order[:most] if chosen else slice(most)].astype(float)
    missing = np.size(drawn) - np.isfinite(drawn).sum()
    drawn[~np.isfinite(drawn)] = np.nan                                         # drawn white
    columns = 16 if len(drawn) > 64 else min(len(drawn), 8)
    figure, axes, image = grid(drawn, columns, white=np.nan)
    scale(figure, axes, image, drawn)
    maps_drawn = f"{len(drawn)} of {C:,} maps" if len(drawn) < C else counted(C, "map")
    if chosen:
        numbered(axes, order[:most], image.get_array().shape, columns)
    which = ("Those that answer most, the strongest first, with their numbers." if chosen else
             "Left: the row's first map.")
    return finish(figure, title, f"{maps_drawn}, {H} high and {W} wide, all on one scale. {which}" +
                                 (f" White: {counted(missing, 'number')} NaN or infinite." if missing else "") +
                                 (f" {note}" if note else ""))


def scale(figure, axes, image, drawn):
    """Spreads the colours over the numbers drawn, and puts the bar that tells them at the right."""
    numbers = drawn[np.isfinite(drawn)] if np.isfinite(drawn).any() else np.zeros(1)
    if numbers.min() < 0:
        high = np.quantile(np.abs(numbers), 0.995) or np.abs(numbers).max()
        low = -high
        image.set_cmap(SIGNED)
        ticks = {low: in_digits(low) + (" and less" if numbers.min() < low else ""), 0.0: "0"}
    else:
        low, high = numbers.min(), np.quantile(numbers, 0.995)
        high = high if high > low else numbers.max()
        ticks = {low: in_digits(low)}
    if high > low:
        ticks[high] = in_digits(high) + (" and more" if numbers.max() > high else "")
    image.set_clim(low, high if high > low else low + 1)
    colour_bar(figure, axes, image, ticks, fraction=0.03)


def in_digits(number):
    """"0.123", "1,730": three digits that count, and no power of ten for what is read without one."""
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e6 else f"{number:.3g}"


def numbered(axes, numbers, shape, columns):
    """Writes in the corner of each image of a grid its number, in place of the rows' numbers at the left."""
    columns = min(columns, len(numbers))
    rows = -(-len(numbers) // columns)
    axes.set_yticks([])
    for place, number in enumerate(numbers):
        across, down = (place % columns) * (shape[1] / columns), (place // columns) * (shape[0] / rows)
        axes.text(across, down, str(number), fontsize=7, va="top", ha="left",
                  bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1})


def grid(images, columns, white):
    """Draws images (K, H, W) or (K, H, W, 3) as one; returns the figure, its axes and the drawn image.

    Every pixel becomes a block of zoom x zoom, so that all gaps between the images are equally wide.
    """
    K, H, W = images.shape[:3]
    zoom = max(1, round(60 / max(H, W)))
    gap = max(1, H * zoom // 14)
    rows, columns = -(-K // columns), min(columns, K)
    down, right = H * zoom + gap, W * zoom + gap
    canvas = np.full((rows * down - gap, columns * right - gap, *images.shape[3:]), white)
    for k, image in enumerate(images):
        top, left = k // columns * down, k % columns * right
        canvas[top:top + H * zoom, left:left + W * zoom] = image.repeat(zoom, axis=0).repeat(zoom, axis=1)
    width = min(9.0, max(5.0, 0.9 * columns))
    across = width - (0.7 if images.ndim == 4 else 1.6)         # the numbers, the colour bar
    figure = new_figure(width, across * len(canvas) / canvas.shape[1] + 1.1)
    figure.get_layout_engine().set(rect=(0.015, 0, 0.985, 1))                  # the numbers of the rows are not cut
    axes = new_axes(figure)
    image = axes.imshow(canvas, cmap=COLOURS, vmin=0, vmax=1, interpolation="nearest")
    step = -(-rows // 24)                                                       # at most 24 numbers
    axes.set_yticks([row * down + H * zoom / 2 for row in range(0, rows, step)],
                    [str(row * columns) for row in range(0, rows, step)])
    return figure, axes, image
