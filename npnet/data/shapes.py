"""Shapes: a data set that is drawn, not downloaded. Ten figures, each in a picture of its own.

    data = shapes()                         # 6,000 pictures to train on, 1,000 to test on, uint8 (32, 32, 3)
    data.train.classes                      # ("circle", "square", "triangle", ...)
    star = draw("star", rng(7))             # one picture, uint8 (32, 32, 3)

A figure has a random size, place and turn; it is of any light colour, on a ground of any dark one.
Lines, dots and bits of other figures lie behind it, a stroke and dots may lie on it, and every pixel
is noisy. No pixel says much by itself: a linear classifier gets one picture in three right.

Every picture is drawn from its own address, rng(seed, "shapes", part, index): picture 17 is the same
in a set of 100 and in a set of 6,000. The same seed gives the same bytes with the same Pillow.
"""
import math
import numbers

import numpy as np

from ..layers import rng
from .pictures import pillow
from .sets import DataSet, Pictures

FINER = 4                       # drawn this many times larger, then averaged: smooth edges
SMALLEST, LARGEST = 8, 512      # pixels, the side of a picture
DARK, LIGHT = 100, 150          # red, green and blue of the ground are below DARK, those of the figure at least LIGHT
OFTEN = 100                     # pictures from one call of progress to the next


# ---------------------------------------------------------------------------- the figures

def corners(*angles_and_radii):
    """Corners given by (angle in degrees, distance from the centre) -> (corners, 2), x to the right, y down."""
    angles, radii = np.array(angles_and_radii, float).T
    return np.stack([radii * np.cos(np.radians(angles)), radii * np.sin(np.radians(angles))], axis=1)


def arc(first, last, radius=1.0, count=40):
    """Part of a circle, from one angle to another, both in degrees."""
    return corners(*((angle, radius) for angle in np.linspace(first, last, count)))


def heart():
    """Two arcs that stand beside each other, a cleft between them, a tip below."""
    right = arc(180, 390, 0.5) + (0.52, -0.4)
    left = arc(150, 360, 0.5) + (-0.52, -0.4)
    return np.concatenate([[(0, 0.1)], right, [(0, 1.1)], left])


# Each figure is one closed line through points (corners, 2) of about the unit circle. The ring's line goes
# round outside, jumps inwards and goes back inside; the crescent's goes back on a circle that is shifted.
FIGURES = {
    "circle": arc(0, 360) * 0.88,
    "square": corners(*((angle, 1.1) for angle in (45, 135, 225, 315))),
    "triangle": corners(*((angle, 1.12) for angle in (-90, 30, 150))),
    "star": corners(*((36 * k - 90, 0.4 if k % 2 else 1.2) for k in range(10))),
    "cross": np.array([(-.22, -1.1), (.22, -1.1), (.22, -.22), (1.1, -.22), (1.1, .22), (.22, .22),
                       (.22, 1.1), (-.22, 1.1), (-.22, .22), (-1.1, .22), (-1.1, -.22), (-.22, -.22)]),
    "ring": np.concatenate([arc(0, 360), arc(360, 0, 0.55)]),
    "heart": heart(),
    "crescent": np.concatenate([arc(50, 310), arc(305, 55, 0.82) + (0.28, 0)]) + (0.2, 0),
    "arrow": np.array([(0, -1.15), (.75, -.25), (.2, -.25), (.2, 1.15), (-.2, 1.15), (-.2, -.25), (-.75, -.25)]),
    "hourglass": np.array([(-.85, -1), (.85, -1), (.12, 0), (.85, 1), (-.85, 1), (-.12, 0)]),
}


# ---------------------------------------------------------------------------- the set

def shapes(seed=0, train=6000, test=1000, size=32, progress=None):
    """The drawn figures as a DataSet: `train` and `test` pictures, uint8 (N, size, size, 3), of ten classes.

    In each part there are as many pictures of every class, up to one, in a shuffled order. test=0: no pictures to
    test on (None). progress(done, total) is called after every hundred pictures and at the end.
    """
    check_integer("seed", seed)
    check_integer("train", train, 1)
    check_integer("test", test, 0)
    check_integer("size", size, SMALLEST, LARGEST)
    total, names = train + test, tuple(FIGURES)

    def part(name, count, before):
        labels, images = labels_of(seed, name, count), np.empty((count, size, size, 3), np.uint8)
        for index, label in enumerate(labels):
            images[index] = draw(names[label], rng(seed, "shapes", name, index), size)
            done = before + index + 1
            if progress and (done % OFTEN == 0 or done == total):
                progress(done, total)
        return Pictures(images, labels, names)

    return DataSet("shapes", part("train", train, 0), part("test", test, train) if test else None,
                   f"ten figures, drawn by npnet from seed {seed} (npnet.data.shapes)")


def draw(figure, generator, size=32):
    """One picture of the figure with this name (a key of FIGURES), uint8 (size, size, 3).

    All that is random in it is drawn from `generator`, a numpy.random.Generator.
    """
    if figure not in FIGURES:
        raise ValueError(f"no figure is called {figure!r}; there are {', '.join(FIGURES)}")
    check_integer("size", size, SMALLEST, LARGEST)
    Image, ImageDraw = pillow().Image, pillow().ImageDraw
    ground = tuple(generator.integers(0, DARK, 3).tolist())
    colour = tuple(generator.integers(LIGHT, 256, 3).tolist())
    canvas = Image.new("RGB", (size * FINER, size * FINER), ground)
    pen = ImageDraw.Draw(canvas)
    draw_clutter(pen, generator, size)
    radius = generator.uniform(0.24, 0.40) * size                           # pixels
    centre = (0.5 + generator.uniform(-0.16, 0.16, 2)) * size
    pen.polygon(on_canvas(FIGURES[figure], radius, generator.uniform(0, 360), centre), fill=colour)
    draw_scratches(pen, generator, size, ground)
    picture = np.asarray(canvas.reduce(FINER), np.float32)                  # (size, size, 3)
    noise = generator.standard_normal(picture.shape, np.float32)
    return np.clip(picture + generator.uniform(3, 10) * noise, 0, 255).round().astype(np.uint8)


# ---------------------------------------------------------------------------- what is drawn

def labels_of(seed, part, count):
    """Labels (count,): every ten in a row are the ten classes in an order of their own."""
    classes = len(FIGURES)
    tens = [rng(seed, "shapes", part, "labels", ten).permutation(classes) for ten in range(-(-count // classes))]
    return np.concatenate(tens or [np.zeros(0)])[:count].astype(np.int64)


def on_canvas(points, radius, turn, centre):
    """Points of the unit circle -> flat list x, y, x, y ... on the canvas, where one pixel is FINER units.

    Rounded to whole units: the last digit of a cosine, which depends on the computer, moves nothing.
    """
    angle = np.radians(turn)
    turned = points @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return np.rint((turned * radius + centre) * FINER).ravel().tolist()


def draw_clutter(pen, generator, size):
    """Behind the figure: up to two lines, the bit of another figure, up to three dots."""
    for _ in range(generator.integers(0, 3)):
        draw_line(pen, generator, size, any_colour(generator))
    for _ in range(generator.integers(0, 2)):
        points = list(FIGURES.values())[generator.integers(len(FIGURES))]
        first = generator.integers(len(points))
        bit = np.roll(points, -first, axis=0)[:max(3, len(points) // 3)]    # a third of its line, closed
        radius, turn = generator.uniform(0.1, 0.25) * size, generator.uniform(0, 360)
        pen.polygon(on_canvas(bit, radius, turn, any_place(generator, size)), fill=any_colour(generator))
    for _ in range(generator.integers(0, 4)):
        draw_dot(pen, generator, size, any_colour(generator))


def draw_scratches(pen, generator, size, ground):
    """On the figure: perhaps a stroke in the colour of the ground, and up to two dots."""
    if generator.random() < 0.5:
        draw_line(pen, generator, size, ground)
    for _ in range(generator.integers(0, 3)):
        draw_dot(pen, generator, size, any_colour(generator))


def draw_line(pen, generator, size, colour):
    """A straight stroke between any two places, a pixel wide or two (of 32)."""
    ends = np.rint(generator.uniform(0, size * FINER, 4)).tolist()
    pen.line(ends, fill=colour, width=int(generator.integers(3, 8) * size * FINER // 128))


def draw_dot(pen, generator, size, colour):
    """A round spot, one pixel to three across (of 32)."""
    x, y = np.rint(any_place(generator, size) * FINER).tolist()
    radius = round(generator.uniform(2, 6) * size * FINER / 128)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def any_place(generator, size):
    return generator.uniform(0, size, 2)


def any_colour(generator):
    return tuple(generator.integers(0, 256, 3).tolist())


def check_integer(name, value, least=-math.inf, most=math.inf):
    """Raises one sentence unless value is an integer from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"shapes: {name} must be an integer, got {value!r}")
    if not least <= value <= most:
        bounds = f"between {least} and {most}" if most < math.inf else f"at least {least}"
        raise ValueError(f"shapes: {name} must be {bounds}, got {value}")
