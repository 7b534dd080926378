"""What the page on the data draws: a sheet of drawn figures, crops, what augmentation makes of a photograph."""
import numpy as np

from npnet.data import augment_examples, read_picture, resize_and_crop, sample_picture
from npnet.plots.course import BOXES, LINES
from npnet.plots.figure import BAR, INK, finish, new_figure, show_image


def photograph(side=256):
    """The photograph that comes with matplotlib, its middle as a square: uint8 (side, side, 3)."""
    return resize_and_crop(read_picture(sample_picture()), side)


def rows_of(pictures, titles=None, columns=5, width=4.6):
    """Pictures in rows, each with its title below it; returns the figure."""
    rows = -(-len(pictures) // columns)
    figure = new_figure(width, rows * (width / columns + (0.2 if titles else 0.02)))
    places = figure.subplots(rows, columns, squeeze=False, subplot_kw={"frame_on": False})
    for axes in places.flat:
        axes.set(xticks=[], yticks=[])
    for k, (axes, picture) in enumerate(zip(places.flat, pictures)):
        show_image(axes, picture)
        if titles:
            axes.set_xlabel(titles[k], fontsize=9)
    return finish(figure, None)


def sheet(data):
    """One picture of each class of a part, with its name."""
    first = [int(np.flatnonzero(data.labels == label)[0]) for label in range(len(data.classes))]
    return rows_of([data[k] for k in first], list(data.classes))


def ten_places(side=256, size=227):
    """The photograph with the five squares that are cut out at test; the numbers stand in their order."""
    from matplotlib.patches import Rectangle
    figure = new_figure(3.2, 3.2)
    axes = figure.add_subplot(frame_on=False)
    axes.set(xticks=[], yticks=[])
    show_image(axes, photograph(side))
    far, middle = side - size, (side - size) // 2
    for number, (top, left) in enumerate([(0, 0), (0, far), (far, 0), (far, far), (middle, middle)]):
        colour, line = ("#ffffff", *BOXES)[number % 5], LINES[number % 4]
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), size, size, fill=False, linewidth=1.8, linestyle=line,
                                 edgecolor="white"))
        axes.text(left + (10 if left < far else size - 10), top + (14 if top < far else size - 14), str(number + 1),
                  fontsize=11, ha="center", va="center", bbox={"facecolor": "white", "edgecolor": colour, "pad": 1.5})
    return finish(figure, None)


def augmented(word):
    """The photograph and, after it, four pictures that the augmentation with this word in its title makes of it."""
    for title, made in augment_examples(photograph()):
        if word in title:
            return rows_of([photograph(), *made[:4]])
    raise ValueError(f"no augmentation has {word!r} in its title")


def numbers(before, after):
    """How often each number occurs: in the pictures, from 0 to 255, and in what the network is given of them."""
    figure = new_figure(4.6, 2.2)
    for place, (values, word) in enumerate([(before, "0-255"), (after, "x")]):
        axes = figure.add_subplot(1, 2, place + 1, frame_on=False)
        axes.hist(np.ravel(values), bins=50, color=BAR)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks([])
        axes.tick_params(length=0, labelsize=9)
        axes.set_title(word, fontsize=10)
    return finish(figure, None)
