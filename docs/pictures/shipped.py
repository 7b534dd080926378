"""What the page on the shipped network draws: its filters, its maps, its answers to pictures of none of its classes."""
import numpy as np

from npnet.plots.figure import BAR, TRACK, finish, new_figure, show_image
from npnet.plots.grids import COLOURS


def mosaic(images, columns, white):
    """Images (K, H, W) or (K, H, W, 3) side by side in one, with lines of `white` between them."""
    K, H, W = images.shape[:3]
    rows = -(-K // columns)
    room = np.full((rows * columns, H + 1, W + 1, *images.shape[3:]), white, float)
    room[:K, :H, :W] = images
    room = room.reshape(rows, columns, *room.shape[1:]).swapaxes(1, 2)
    return room.reshape(rows * (H + 1), columns * (W + 1), *images.shape[3:])[:-1, :-1]


def bare(figure, *place):
    """Axes with nothing around them."""
    axes = figure.add_subplot(*place, frame_on=False)
    axes.set(xticks=[], yticks=[])
    return axes


def filters(w, columns=12):
    """The filters w (K, 3, R, S) as small pictures, each on its own scale: 0 is grey."""
    images = w.transpose(0, 2, 3, 1).astype(float)
    images = 0.5 + 0.5 * images / np.abs(images).max(axis=(1, 2, 3), keepdims=True)
    image = mosaic(images, columns, 1.0)
    figure = new_figure(4.6, 4.6 * image.shape[0] / image.shape[1])
    bare(figure).imshow(image, interpolation="nearest")
    return finish(figure, None)


def maps(picture, layers, side=4):
    """A picture, and beside it the liveliest maps of some layers. layers: {name: maps (C, H, W)}."""
    figure = new_figure(4.6, 1.55)
    show_image(bare(figure, 1, 1 + len(layers), 1), picture, "x")
    for place, (name, made) in enumerate(layers.items(), 2):
        order = np.argsort(-np.abs(made).mean(axis=(1, 2)))[:side * side]
        axes = bare(figure, 1, 1 + len(layers), place)
        axes.imshow(mosaic(made[order], side, np.nan), cmap=COLOURS, interpolation="nearest")
        axes.set_title(name, fontsize=10)
    return finish(figure, None)


def answers(pictures, names, shares):
    """Pictures, and below each its answer: the class, and a bar for how probable the network finds it."""
    count = len(pictures)
    figure = new_figure(4.6, 1.35 * -(-count // 5))
    for place, (picture, name, share) in enumerate(zip(pictures, names, shares), 1):
        axes = bare(figure, -(-count // 5), 5, place)
        show_image(axes, picture)
        side = len(picture)
        axes.barh([side + 3], [side], height=4, color=TRACK, left=-0.5)
        axes.barh([side + 3], [side * share], height=4, color=BAR, left=-0.5)
        axes.set(ylim=(side + 5.5, -0.5), xlim=(-0.5, side - 0.5))
        axes.set_xlabel(f"{name}\n{share:.0%}", fontsize=9)
    return finish(figure, None)
