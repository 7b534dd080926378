"""What a network sees: maps over a photograph, pictures beside each other, patches, neighbours, the five best answers.

    seen([(photo, "the photograph"), (heat(saliency), "saliency"), (heat(cam, photo), "Grad-CAM")], caption="...")
"""
import textwrap

import numpy as np

from ..screen.words import percent
from .figure import BAR, TRACK, finish, new_axes, new_figure, shortened, show_image
from .grids import COLOURS, SIGNED

RIGHT, WRONG = "#c2452d", BAR           # bars: the class that the picture shows, and others
LINE = 0.17                             # inches: a line of words


# ---------------------------------------------------------------------------- numbers as colours

def heat(values, picture=None):
    """Numbers (H, W) as colours, (H, W, 3) from 0 to 1: dark the smallest, light the largest.

    picture: uint8 (H, W, 3) or (H, W, 1), which then shows through, in grey. 0.5 % of the numbers may exceed the
    largest colour: a few very large ones would leave all others dark.
    """
    from matplotlib import colormaps
    values = finite(values)
    high = np.quantile(values, 0.995)
    high = high if high > values.min() else values.max()
    share = (values - values.min()) / max(high - values.min(), 1e-300)
    return mixed(colormaps[COLOURS](np.clip(share, 0, 1))[..., :3], picture)


def signed_heat(values, picture=None):
    """Numbers (H, W) as colours, (H, W, 3): red above 0, grey at 0, blue below; over a picture as `heat`."""
    from matplotlib import colormaps
    values = finite(values)
    share = 0.5 + 0.5 * values / max(np.abs(values).max(), 1e-300)
    return mixed(colormaps[SIGNED](share)[..., :3], picture)


def about_grey(values):
    """Numbers (H, W, 3) or (H, W, 1) as a picture, (H, W, 3) from 0 to 1: 0 is the middle grey, each end a colour."""
    values = finite(values)
    high = np.quantile(np.abs(values), 0.998) or np.abs(values).max()
    return np.broadcast_to(np.clip(0.5 + 0.5 * values / max(high, 1e-300), 0, 1), (*values.shape[:2], 3))


def mixed(colours, picture):
    """Colours over a grey picture, as light as it is."""
    if picture is None:
        return colours
    grey = np.asarray(picture, float).mean(axis=2, keepdims=True) / 255
    return np.clip(0.55 * colours + 0.45 * grey, 0, 1)


def finite(values):
    """The numbers as floats; NaN and infinity are 0."""
    return np.nan_to_num(np.asarray(values, float), nan=0, posinf=0, neginf=0)


# ---------------------------------------------------------------------------- pictures beside each other

def seen(images, title=None, caption=None, columns=None, side=2.3):
    """Pictures in rows, each with its words above it: images is a list of (image, words); the caption below.

    image: uint8 (H, W, C), or floats from 0 to 1, (H, W, 3); None leaves the place empty. columns: how many side by
    side (as many as there are, at most 4). side: inches of a picture.
    """
    if not images:
        raise ValueError("seen needs at least one picture (image, words)")
    columns = min(len(images), columns or 4)
    rows = -(-len(images) // columns)
    width = max(columns * (side + 0.15), 4.0)
    letters = max(8, int(side * 14))
    words = [textwrap.fill(str(text), letters) for _, text in images]
    high = LINE * max(text.count("\n") + bool(text) for text in words)
    caption_lines = len(textwrap.wrap(caption or "", int(width * 14)))
    figure = new_figure(width, rows * (side + 0.1 + high) + LINE * caption_lines + (0.45 if title else 0.1) + 0.15)
    for place, ((image, _), text) in enumerate(zip(images, words), 1):
        axes = new_axes(figure, rows, columns, place)
        if image is not None:
            show_image(axes, image if np.ndim(image) == 3 and np.shape(image)[2] == 3 else np.squeeze(image, 2))
            axes.set_title(text, fontsize=9)
    if not title:                                           # the words of the first row need some white above them
        figure.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.1 / figure.get_figheight()))
    return finish(figure, title, caption)


def patches(rows, title=None, caption=None):
    """Patches of pictures that excite a channel, nine in a square, and what the deconvnet sends back beside them.

    rows: a list of (pixels uint8 (h, w, C), answer, back (h, w, C) as numbers or None), the strongest first. A patch
    at a picture's edge is smaller, and is drawn so: all have one scale.
    """
    if not rows:
        raise ValueError("patches needs at least one patch (pixels, answer, back)")
    side = max(max(pixels.shape[:2]) for pixels, _, _ in rows)
    shown = [[square(pixels / 255, side) for pixels, _, _ in rows]]
    if all(back is not None for _, _, back in rows):
        shown.append([square(about_grey(back), side) for _, _, back in rows])
    columns = int(np.ceil(len(rows) ** 0.5))
    names = [f"strongest: {rows[0][1]:.4g}, weakest of these: {rows[-1][1]:.4g}", "sent back to the pixels"]
    return seen([(together(images, columns), name) for images, name in zip(shown, names)], title, caption, side=3.3)


def square(image, side):
    """An image (h, w, C) in the middle of a white square of floats, (side, side, 3)."""
    room = np.ones((side, side, 3))
    h, w = image.shape[:2]
    top, left = (side - h) // 2, (side - w) // 2
    room[top:top + h, left:left + w] = image
    return room


def together(images, columns):
    """Squares of one size side by side in one, with white lines between them."""
    side = len(images[0])
    gap, rows = max(1, side // 16), -(-len(images) // columns)
    room = np.ones((rows * (side + gap) - gap, columns * (side + gap) - gap, 3))
    for place, image in enumerate(images):
        top, left = place // columns * (side + gap), place % columns * (side + gap)
        room[top:top + side, left:left + side] = image
    return room


def neighbours(rows, title=None, caption=None):
    """Pictures, and to the right of each those that are nearest to it: rows of [(image, words), ...]."""
    if not rows:
        raise ValueError("neighbours needs at least one row of pictures")
    columns = max(map(len, rows))
    images = [pair for row in rows for pair in [*row, *[(None, "")] * (columns - len(row))]]
    return seen(images, title, caption, columns, side=1.3)


def five_best(images, probabilities, names, truths=None, title=None, caption=None, columns=4):
    """Pictures, and below each its five best classes as bars: the left of figure 4 of the AlexNet paper.

    images: N of uint8 (H, W, C). probabilities (N, K). names: what the K classes are called. truths: N class numbers,
    or None where one is not known: the bar of the true class is red, and its name stands above.
    """
    truths = [None] * len(images) if truths is None else truths
    if not len(images) or not len(images) == len(probabilities) == len(truths):
        raise ValueError(f"five_best needs as many pictures as rows of probabilities and truths, got {len(images)}, "
                         f"{len(probabilities)} and {len(truths)}")
    columns = min(len(images), columns)
    rows, width = -(-len(images) // columns), max(columns * 2.2, 4.4)
    lines = len(textwrap.wrap(caption or "", int(width * 14)))
    figure = new_figure(width, rows * 3.1 + LINE * lines + 0.45 * bool(title) + 0.1)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[1.5, 1.25] * rows)
    for place, (image, p, truth) in enumerate(zip(images, probabilities, truths)):
        row, column = divmod(place, columns)
        above, below = (new_axes(figure, grid[2 * row + half, column]) for half in (0, 1))
        show_image(above, image if np.shape(image)[2] == 3 else np.squeeze(image, 2))
        above.set_title("" if truth is None else shortened(names[truth], 24), fontsize=9)
        bars(below, np.asarray(p, float), names, truth)
    return finish(figure, title, caption)


def bars(axes, p, names, truth):
    """The five largest numbers of p, each a bar with its name on it."""
    best = np.argsort(-p, kind="stable")[:5]
    places = np.arange(len(best))
    axes.barh(places, 1, height=0.86, color=TRACK)
    axes.barh(places, p[best], height=0.86, color=[RIGHT if k == truth else WRONG for k in best], alpha=0.55)
    for place, k in zip(places, best):
        axes.text(0.02, place, f"{shortened(names[k], 18)}  {percent(p[k])}", fontsize=9, va="center")
    axes.set(xlim=(0, 1), ylim=(4.6, -0.6))
