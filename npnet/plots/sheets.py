"""Sheets of pictures: samples of a data set with their labels, a picture and what augmentation makes of it."""
import textwrap

import numpy as np

from ..screen.words import counted, percent
from .figure import finish, new_axes, new_figure

LABEL, GAP = 0.22, 0.08         # inches: the text over or under a picture, the space between two pictures
LINE = 0.14                     # inches: how much a second line adds
SMALL = 64                      # pixels: up to here pictures are drawn small, ten side by side


def samples(images, labels, title=None, columns=None):
    """Pictures in rows, each with its label beneath it, in two lines or cut where it is too long.

    images: uint8 (N, H, W, C), or N arrays uint8 (H, W, C) of any sizes, C 3 (red, green, blue) or 1
    (grey). labels: N strings; a line break in one begins its second line. columns: how many side by side
    (10 up to 64 pixels, 6 beyond). ValueError if there are no pictures, pictures that are not such arrays,
    or not as many labels.
    """
    images = [checked(image, f"picture {k}") for k, image in enumerate(images)]
    if not images or len(labels) != len(images):
        raise ValueError(f"samples needs at least one picture and as many labels, got "
                         f"{counted(len(images), 'picture')} and {counted(len(labels), 'label')}")
    labels = [str(label) for label in labels]
    large = max(max(image.shape) for image in images) > SMALL or any("\n" in label for label in labels)
    columns = min(len(images), columns or (6 if large else 10))
    if columns < 1:
        raise ValueError(f"samples: columns must be at least 1, got {columns}")
    cell = 1.35 if large else 0.85                                          # inches
    labels = [in_lines(label, cell) for label in labels]
    across, down = cell + GAP, cell + LABEL + GAP + LINE * (max(map(len, labels)) > 1)
    figure, axes = paper(columns * across - GAP, -(-len(images) // columns) * down, title)
    written = []
    for k, (image, lines) in enumerate(zip(images, labels)):
        left, top = k % columns * across, k // columns * down
        put(axes, image, left, top, cell)
        for number, line in enumerate(lines):
            under = top + cell + 0.02 + LINE * number
            written.append(axes.text(left + cell / 2, under, line, fontsize=8, ha="center", va="top"))
    finish(figure, title)
    for text in written:
        cut(text, cell)
    return figure


def mistakes(images, answers, shares, truths, title=None):
    """Pictures answered wrongly, each with how sure the answer was (shares: from 0 to 1), the answer, and the truth."""
    return samples(images, [f"{percent(share, 0)} {answer}\ntruth: {truth}"
                            for answer, share, truth in zip(answers, shares, truths, strict=True)], title)


def before_after(picture, rows, title=None):
    """A picture at the left, and at its right one row per augmentation with examples of what it makes of it.

    picture: uint8 (H, W, C), C 3 or 1. rows: a list of (title, [pictures]), the pictures as `picture`, of
    any sizes, as many as one likes. ValueError if there is no row, a row without pictures, or what is no
    such picture.
    """
    picture = checked(picture, "the picture")
    rows = [(str(name), [checked(image, f"{name}: picture {k}") for k, image in enumerate(images)])
            for name, images in rows]
    if not rows or not all(images for _, images in rows):
        raise ValueError("before_after needs at least one row (title, pictures), and a picture in every row")
    cell = 1.05                                                             # inches
    first = 1.6                                                             # the original is larger
    down = LABEL + cell + GAP
    most = max(len(images) for _, images in rows)
    width = first + 0.35 + max(most * (cell + GAP), 3.2)
    figure, axes = paper(width, max(len(rows) * down, first + LABEL), title)
    axes.text(0, LABEL - 0.04, f"the picture, {picture.shape[1]} x {picture.shape[0]}", fontsize=9, va="bottom")
    put(axes, picture, 0, LABEL, first, middle=False)
    written = []
    for number, (name, images) in enumerate(rows):
        top = number * down + LABEL
        written.append(axes.text(first + 0.35, top - 0.04, name, fontsize=9, va="bottom"))
        for k, image in enumerate(images):
            put(axes, image, first + 0.35 + k * (cell + GAP), top, cell, middle=False)
    finish(figure, title)
    for text in written:
        cut(text, width - first - 0.35)
    return figure


# ---------------------------------------------------------------------------- the parts

def checked(image, which):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise ValueError(f"{which} must be uint8 (H, W, 3) or (H, W, 1), got {image.dtype} {image.shape}")
    return image


def paper(width, height, title):
    """A figure and its only axes, which count inches: x to the right, y down."""
    figure = new_figure(max(width + 0.3, 3.0), height + (0.75 if title else 0.3))
    axes = new_axes(figure)
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", autoscale_on=False)
    axes.grid(False)
    return figure, axes


def put(axes, image, left, top, cell, middle=True):
    """Draws the image as large as it fits into a square of `cell` inches."""
    H, W, C = image.shape
    width, height = cell * W / max(H, W), cell * H / max(H, W)
    if middle:
        left, top = left + (cell - width) / 2, top + (cell - height) / 2
    axes.imshow(image if C == 3 else image[:, :, 0], cmap="gray", vmin=0, vmax=255, aspect="equal",
                interpolation="nearest" if max(H, W) < 100 else "auto",
                extent=(left, left + width, top + height, top))


def in_lines(label, cell):
    """A label as one line or two; what is still too wide is cut once it is drawn."""
    lines = label.split("\n") if "\n" in label else textwrap.wrap(label, int(15 * cell), break_long_words=False)
    return lines if len(lines) < 3 else [lines[0], " ".join(lines[1:])]             # 15 letters to an inch


def cut(text, width):
    """Shortens a text until it is no wider than `width` inches."""
    figure, whole = text.figure, text.get_text()
    most = width * figure.dpi
    kept = len(whole)
    while kept > 1 and text.get_window_extent().width > most:
        kept -= max(1, kept // 8)
        text.set_text(whole[:kept].rstrip() + " ...")
