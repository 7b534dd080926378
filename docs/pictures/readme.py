"""The picture of the README: one photograph through the shipped network, and the gradient's way back.

    python docs/pictures/readme.py              writes docs/readme.png

Above, from left to right: what goes in, and the nine liveliest maps of relu1, relu2 and relu5. Below, from right to
left: the gradient of the best answer at the same places.
"""
import sys
from pathlib import Path

import numpy as np
from shipped import mosaic                      # the file beside this one

from npnet import plots
from npnet.data import read_picture, sample_picture
from npnet.plots.figure import INK, finish, new_figure
from npnet.plots.grids import COLOURS, SIGNED
from npnet.weights import trained

PLACES = ("relu1", "relu2", "relu5")        # the layers whose output is drawn
SIDE = 3                                    # maps along each side of a mosaic


def both_ways(picture, network="cifar_alexnet"):
    """What is drawn: the input, {place: maps}, the gradient of the best class at the input, {place: gradients}."""
    known = trained(network)
    x, maps, gradients = known.pipeline.test(picture)[None], {}, {}
    y = x
    for name, layer in known.net.layers.items():
        y = maps[name] = layer.forward(y)
    best = int(y.argmax())
    dy = np.zeros_like(y)
    dy[0, best] = 1                                                         # the slope of the best answer alone
    for name, layer in reversed(known.net.layers.items()):
        gradients[name] = dy                                                # with respect to what the layer gave
        dy = layer.backward(dy)
    return x[0], {name: maps[name][0] for name in PLACES}, dy[0], {name: gradients[name][0] for name in PLACES}


def liveliest(maps, order):
    """SIDE x SIDE of the maps (C, H, W) in one image, with white lines between them."""
    return mosaic(maps[order[:SIDE * SIDE]], SIDE, np.nan)


def forward_and_backward(picture=None):
    """The picture of the README, a Figure."""
    picture = read_picture(sample_picture()) if picture is None else picture
    x, maps, dx, gradients = both_ways(picture)
    figure = new_figure(8, 4.3)
    places = figure.subplots(2, 1 + len(PLACES), subplot_kw={"frame_on": False})
    for axes in places.flat:
        axes.set(xticks=[], yticks=[])
    shown = (x - x.min()) / (x.max() - x.min())
    places[0, 0].imshow(shown.transpose(1, 2, 0), interpolation="nearest")
    slope = np.abs(dx).max(axis=0)
    places[1, 0].imshow(slope, cmap=COLOURS, interpolation="nearest")
    places[0, 0].set_title("x   " + " x ".join(map(str, x.shape)), fontsize=10)
    places[1, 0].set_title("dx", fontsize=10)
    for column, name in enumerate(PLACES, 1):
        order = np.argsort(-np.abs(maps[name]).mean(axis=(1, 2)))           # the liveliest first
        back = liveliest(gradients[name], order)
        largest = np.nanmax(np.abs(back))
        places[0, column].imshow(liveliest(maps[name], order), cmap=COLOURS, interpolation="nearest")
        places[1, column].imshow(back, cmap=SIGNED, vmin=-largest, vmax=largest, interpolation="nearest")
        places[0, column].set_title(f"{name}   " + " x ".join(map(str, maps[name].shape)), fontsize=10)
        places[1, column].set_title(f"d{name}", fontsize=10)
    finish(figure, None)
    figure.canvas.draw()                                                    # now the parts have their places
    for axes, towards in [(axes, 1) for axes in places[0, :-1]] + [(axes, -1) for axes in places[1, :-1]]:
        arrow(figure, axes, towards)
    return figure


def arrow(figure, axes, towards):
    """An arrow in the gap at the right of axes: forward, to the right (1), or backward (-1)."""
    from matplotlib.patches import FancyArrowPatch
    place = axes.get_position()
    middle, right = (place.y0 + place.y1) / 2, place.x1
    ends = [(right + 0.003, middle), (right + 0.024, middle)][::towards]
    figure.add_artist(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=12, linewidth=1.2, color=INK,
                                      transform=figure.transFigure))


def written(path):
    """Draws the picture and saves it with 64 colours, which keeps the file small; returns the path."""
    from PIL import Image
    plots.save(forward_and_backward(), path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(64)
    small.save(path, optimize=True)
    return path


if __name__ == "__main__":
    sys.exit(print(f"saved: {written(Path(__file__).resolve().parents[1] / 'readme.png')}"))
