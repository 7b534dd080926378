"""A gradient beside the slopes that it should be: analytic, numeric and their difference, as maps."""
import numpy as np

from ..screen.words import counted
from .figure import BAR, INK, colour_bar, finish, new_axes, new_figure
from .grids import SIGNED

TILES, SIDE = 6, 48             # at most so many tiles beside, and below, each other; of at most so many numbers a side
BARS = 40                       # at most so many numbers of an array with one axis
PANELS = "analytic (from backward)", "numeric (from forward)", "difference"
OTHER = "#e8a33d"               # the second colour of bars: lighter than BAR, and another hue for all eyes
WORDS = {2: ("row", "column"), 3: ("", "channel"), 4: ("image", "channel")}


def gradient_maps(analytic, numeric, wrong, seen=None, name="x", title=None, words=None):
    """What backward gave, what forward's slopes are, and the difference, side by side; wrong numbers are outlined.

    analytic, numeric: arrays of one shape. wrong, seen: masks, of the numbers that are wrong and of those that were
    compared (None: all); what was not compared is white in the last two. The first two have one scale, blue below 0
    and red above; the difference has its own. An array of four axes is a tile for each index of the first two (of a
    large one, those with the worst numbers), of two axes one map, of one axis bars. name: of the array. words: what
    the first two axes are called, like ("filter", "channel"). ValueError if shapes differ, or there are no numbers.
    """
    analytic, numeric, wrong = np.asarray(analytic, float), np.asarray(numeric, float), np.asarray(wrong, bool)
    seen = np.ones(wrong.shape, bool) if seen is None else np.asarray(seen, bool)
    if len({analytic.shape, numeric.shape, wrong.shape, seen.shape}) > 1 or not analytic.size:
        raise ValueError(f"analytic, numeric, wrong and seen must have one shape and at least one number, got "
                         f"{analytic.shape}, {numeric.shape}, {wrong.shape} and {seen.shape}")
    with np.errstate(invalid="ignore"):                                     # infinity minus infinity
        numeric = np.where(seen, numeric, np.nan)
        arrays = [analytic, numeric, analytic - numeric]
    figure, more = bars(arrays, wrong, name) if analytic.ndim < 2 else maps(arrays, wrong, words)
    verb = "is" if wrong.sum() == 1 else "are"
    caption = f"{wrong.sum():,} of {counted(int(seen.sum()), 'number')} compared {verb} wrong{more}."
    return finish(figure, title or f"the gradient of {name}", caption)


# ------------------------------------------------------------------------------- maps

def maps(arrays, wrong, words):
    """The figure of an array of two axes or more, and the end of its caption. Wide maps lie below each other."""
    tiled, words = wrong.ndim > 2, words or WORDS.get(wrong.ndim, WORDS[4])
    arrays, wrong = [four_axes(array) for array in arrays], four_axes(wrong)
    rows, columns, crop = worst_part(arrays[2], wrong)
    some = [canvas(array, rows, columns, crop, np.nan) for array in arrays]
    outline = canvas(wrong, rows, columns, crop, False)
    H, W = outline.shape
    wide = W > 1.7 * H
    across = 6.5 if wide else 3.2
    high = float(np.clip(across * H / W, 0.6, 5.5))
    figure = new_figure(across + 1.7, 3 * (high + 0.5) + 0.9) if wide else new_figure(3 * across + 2.2, high + 1.4)
    for place, (panel, values) in enumerate(zip(PANELS, some)):
        axes = new_axes(figure, *((3, 1) if wide else (1, 3)), place + 1)
        most = largest(*some[:2]) if place < 2 else largest(values)
        image = axes.imshow(values, cmap=SIGNED, vmin=-most, vmax=most, interpolation="nearest")
        axes.set_title(panel, fontsize=10)
        outlined(axes, outline)
        if words[0] and (wide or place == 0):
            numbered(axes.set_yticks, axes.set_ylabel, rows if tiled else None, crop, 0, words[0])
        if not wide or place == 2:
            numbered(axes.set_xticks, axes.set_xlabel, columns if tiled else None, crop, 1, words[1])
        colour_bar(figure, axes, image, {-most: f"{-most:.3g}", 0: "0", most: f"{most:.3g}"},
                   cax=axes.inset_axes([1.02, 0, 0.06 * min(1, H / W), 1]))
    holes = not all(np.isfinite(part(array, rows, columns, crop)).all() for array in arrays)
    return figure, " (outlined)" + ("; white: not compared, or not finite" if holes else "") \
        + left_out(wrong.shape, rows, columns, crop)


def four_axes(array):
    """An array as tiles: (A, B, H, W)."""
    leading = array.shape[:-2]
    return array.reshape(leading[0] if len(leading) > 1 else 1, -1, *array.shape[-2:])


def largest(*arrays):
    """The largest size of the finite numbers of some arrays, which is not 0."""
    return max(float(np.abs(array[np.isfinite(array)]).max(initial=0)) for array in arrays) or 1.0


def worst_part(difference, wrong):
    """The rows and the columns of tiles that are drawn, those with the worst numbers, and what of each tile: slices."""
    bad = np.where(wrong & np.isfinite(difference), np.abs(difference), 0) + wrong * 1e-300
    rows, columns = (np.sort(np.argsort(-bad.sum(axis=axes), kind="stable")[:TILES])
                     for axes in ((1, 2, 3), (0, 2, 3)))
    *_, h, v = np.unravel_index(bad.argmax(), bad.shape)
    return rows, columns, [around(int(place), size) for place, size in zip((h, v), wrong.shape[2:])]


def around(place, size, most=SIDE):
    """At most so many places along an axis, around one of them: a slice."""
    first = max(0, min(place - most // 2, size - most))
    return slice(first, min(size, first + most))


def part(array, rows, columns, crop):
    """The tiles in some rows and columns, and of each tile what is drawn."""
    return array[np.ix_(rows, columns)][..., crop[0], crop[1]]


def canvas(array, rows, columns, crop, fill):
    """Tiles as one picture, lines of `fill` between them."""
    tiles = part(array, rows, columns, crop)
    (A, B, H, W), gap = tiles.shape, between(crop)
    framed = np.full((A, B, H + gap, W + gap), fill, tiles.dtype)
    framed[:, :, :H, :W] = tiles
    return framed.transpose(0, 2, 1, 3).reshape(A * (H + gap), B * (W + gap))[:-gap, :-gap]


def between(crop):
    """How wide the lines between tiles are."""
    return max(1, max(part.stop - part.start for part in crop) // 8)


def numbered(set_ticks, set_label, tiles, crop, side, word):
    """The numbers of the tiles along a side (0: left, 1: below); of one tile, those of its first and last number."""
    length, gap = crop[side].stop - crop[side].start, between(crop)
    if tiles is None:
        places, labels = [0, length - 1], [crop[side].start, crop[side].stop - 1]
    else:
        places, labels = [place * (length + gap) + (length - 1) / 2 for place in range(len(tiles))], tiles
    set_label(word, fontsize=9)
    count = len(places) if tiles is not None else min(length, 2)            # a side of one number has one end
    set_ticks(places[:count], list(map(str, labels))[:count])


def outlined(axes, wrong):
    """Draws a line around every group of wrong numbers."""
    from matplotlib.collections import LineCollection
    padded = np.pad(wrong, 1)
    upright = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])            # between a number and the one to its left
    lying = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    lines = [[(v - 0.5, h - 0.5), (v - 0.5, h + 0.5)] for h, v in upright]
    lines += [[(v - 0.5, h - 0.5), (v + 0.5, h - 0.5)] for h, v in lying]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=1.0 if max(wrong.shape) < 100 else 0.6,
                                       capstyle="projecting"))
    axes.set(xlim=(-0.7, wrong.shape[1] - 0.3), ylim=(wrong.shape[0] - 0.3, -0.7))


def left_out(shape, rows, columns, crop):
    """What of a large array is not drawn."""
    A, B, H, W = shape
    parts = []
    if len(rows) * len(columns) < A * B:
        parts.append(f"{len(rows) * len(columns)} of {A * B} tiles")
    if any(part.stop - part.start < size for part, size in zip(crop, (H, W))):
        parts.append(f"{crop[0].stop - crop[0].start} x {crop[1].stop - crop[1].start} numbers of {H} x {W}")
    return f"; drawn are {' and '.join(parts)}, with the worst of them" if parts else ""


# ------------------------------------------------------------------------------- bars

def bars(arrays, wrong, name):
    """The figure of an array of one axis, or of one number: pairs of bars, the differences below."""
    analytic, numeric, difference = (np.where(np.isfinite(array), array, 0).reshape(-1) for array in arrays)
    wrong = wrong.reshape(-1)
    first = around(int(np.argmax(np.where(wrong, np.abs(difference), -1))), len(wrong), BARS)
    places = np.arange(len(wrong))[first]
    figure = new_figure(max(5.6, 0.22 * len(places) + 1.5), 4.6)
    above, below = new_axes(figure, 2, 1, 1), new_axes(figure, 2, 1, 2)
    above.bar(places - 0.2, analytic[first], width=0.38, color=BAR, label=PANELS[0])
    above.bar(places + 0.2, numeric[first], width=0.38, color=OTHER, label=PANELS[1])
    above.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    below.bar(places, difference[first], width=0.5, color=np.where(wrong[first], INK, "#b8c0c8"))
    below.set_title(PANELS[2], fontsize=10)
    step = -(-len(places) // 20)
    for axes in (above, below):
        if np.ptp(axes.dataLim.intervaly) < 1e-15:                          # nothing but zeros
            axes.set_ylim(-1, 1)
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.set_xlim(places[0] - 0.6, places[-1] + 0.6)
        axes.set_xticks(places[::step], list(map(str, places[::step])))
        ends = [end for end in axes.dataLim.intervaly if abs(end) > 0.1 * np.ptp(axes.dataLim.intervaly)]
        ends = [end for end in ends if abs(end) > 1e-15] + [0.0]               # the least, the largest, and 0
        axes.set_yticks(ends, [f"{end:.3g}" for end in ends])
    below.set_xlabel(f"index in d{name}", fontsize=9)
    some = "" if len(places) == len(wrong) else f"; drawn are {len(places)} of {len(wrong)}, with the worst of them"
    return figure, f"; differences of wrong ones are dark{some}"
