"""Augmentation: the same picture shown a little differently each time, so that a network cannot learn it by heart.

Every function here takes one picture (H, W, C), uint8 or float, and returns another; what is random
comes from the generator `draw`, so that the same picture and the same address give the same result:

    draw = npnet.layers.rng(seed, "augment", epoch, index)
    picture = mirrored(random_crop(picture, 227, draw), draw)

Sections are those of Krizhevsky, Sutskever and Hinton, 2012. Crops and mirror images are views of
the picture: copy them before you write into them.
"""
import numpy as np

from ..layers import rng
from .pictures import check_picture, resize_and_crop, stretched

FORMS = ("paper", "original")           # of the colours: what the paper says, and what its program of 2012 does
SCALES = ("0-255", "0-1")               # what black and white are


# ---------------------------------------------------------------------------- places

def square(picture, shorter, stretch=False):
    """The picture made small or large until its shorter side has `shorter` pixels, and its central square cut out
    (section 2): uint8 (H, W, C) -> (shorter, shorter, C). stretch: the whole picture made square in its place. A square
    of this size comes back as it is, the same array.
    """
    check_picture(picture)
    if picture.shape[:2] == (shorter, shorter):
        return picture
    return stretched(picture, shorter) if stretch else resize_and_crop(picture, shorter, shorter)


def window(height, width, size, draw):
    """A random square of `size` pixels inside height x width: its (rows, columns) as two slices.

    Every place is equally likely, the first and the last included: height - size + 1 rows and
    width - size + 1 columns. Both are drawn even where there is only one.
    """
    check_fits(height, width, size)
    top, left = int(draw.integers(height - size + 1)), int(draw.integers(width - size + 1))
    return slice(top, top + size), slice(left, left + size)


def middle(height, width, size):
    """The square of `size` pixels in the middle: its (rows, columns). An odd pixel is shared out as in
    resize_and_crop."""
    check_fits(height, width, size)
    top, left = round((height - size) / 2), round((width - size) / 2)
    return slice(top, top + size), slice(left, left + size)


def random_crop(picture, size, draw):
    """A random square of the picture (section 4.1, first form): (H, W, C) -> (size, size, C).

    From a square of 256 the paper cuts 224 and counts 2048 pictures made of one: 32 x 32 places
    times 2 with the mirror image. There are 256 - 224 + 1 = 33 places along each side, hence 2178; the
    program of 2012 draws all of them, and so do we.
    """
    return picture[window(*picture.shape[:2], size, draw)]


def mirrored(picture, draw):
    """The picture or, half of the time, its mirror image: left and right exchanged (section 4.1, first form)."""
    return picture[:, ::-1] if draw.random() < 0.5 else picture


def pad_and_crop(picture, pad, draw):
    """The picture moved by up to `pad` pixels in both directions: (H, W, C) -> (H, W, C).

    What comes in from outside is 0. So this belongs after the mean was subtracted, where 0 is
    the mean colour; on the pixels themselves 0 would be black, and a black edge is something to learn.
    The same as a border of `pad` zeros all round and a random crop of the old size. (The paper's
    pictures of 32 x 32 are cut to 24 x 24; this is the usual way since, which keeps the size.)
    """
    height, width, channels = picture.shape
    bordered = np.zeros_like(picture, shape=(height + 2 * pad, width + 2 * pad, channels))
    bordered[pad:pad + height, pad:pad + width] = picture
    top, left = (2 * pad - int(draw.integers(2 * pad + 1)) for _ in range(2))       # 0 moves it down and to the right
    return bordered[top:top + height, left:left + width]


def centre(picture, size):
    """The square in the middle: (H, W, C) -> (size, size, C)."""
    return picture[middle(*picture.shape[:2], size)]


def ten_crops(picture, size):
    """Ten views to average a prediction over (section 4.1): (H, W, C) -> (10, size, size, C).

    In this order: top left, top right, bottom left, bottom right, middle; then the mirror images of
    these five. What the paper averages are the softmax outputs of the ten, not the logits.
    """
    height, width = picture.shape[:2]
    check_fits(height, width, size)
    bottom, right = height - size, width - size
    views = [picture[top:top + size, left:left + size] for top in (0, bottom) for left in (0, right)]
    views = np.stack([*views, centre(picture, size)])               # (5, size, size, C)
    return np.concatenate([views, views[:, :, ::-1]])


# ---------------------------------------------------------------------------- colours

def pca_colour(picture, vectors, values, draw, form="paper", std=0.1, scale="0-255"):
    """The picture in a slightly different light (section 4.1, second form): (H, W, 3) -> (H, W, 3), floats.

    picture    red, green, blue, minus the training mean, so that 0 is the mean colour
    vectors    (3, 3), the eigenvectors of the 3x3 covariance of red, green and blue, as COLUMNS
    values     (3,), its eigenvalues, of pixels from 0 to 1 whatever `scale` is
    scale      "0-255" or "0-1": what the picture's numbers are

    One draw of three normal numbers per picture, the same shift for all its pixels:

        "paper"     picture + vectors @ (alpha * values),               alpha normal with deviation std
        "original"  (picture + std * vectors @ (z * sqrt(values))) / (1 + std),     z normal, deviation 1

    The paper's text has the eigenvalues, the program of 2012 their square roots, the standard deviations
    along each direction, and then makes the picture fainter, so that the spread of colours stays about what it
    is at test. An eigenvalue is a square: for pixels from 0 to 255 it is 65025 times that for pixels from 0 to 1,
    while the pixels are only 255 times as large. So the paper's form makes sense for pixels
    from 0 to 1 alone (for photographs it shifts by about one hundredth of the range); we compute the shift
    there and multiply it by 255 afterwards.
    """
    vectors, values = checked_basis(vectors, values)
    check_word("form", form, FORMS)
    check_word("scale", scale, SCALES)
    if picture.shape[2] != 3:
        raise ValueError(f"colours are shifted in pictures (H, W, 3), got {picture.shape}")
    spread = values if form == "paper" else np.sqrt(values)
    shift = vectors @ (std * draw.standard_normal(3) * spread)      # (3,), pixels from 0 to 1
    if scale == "0-255":
        shift = shift * 255
    if picture.dtype == np.float32:
        shift = shift.astype(np.float32)
    return picture + shift if form == "paper" else (picture + shift) / (1 + std)


def colour_basis(covariance):
    """The directions in which colours differ most: 3x3 covariance of pixels from 0 to 255 -> (vectors, values).

    vectors (3, 3), unit eigenvectors as columns, the most important first, the largest number of each positive;
    values (3,), their eigenvalues, the variances along them, of pixels from 0 to 1 (section 4.1).
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64) / 255 ** 2)
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]    # the largest first; never -1e-20
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, range(3)]), values


def checked_basis(vectors, values):
    """Eigenvectors (3, 3) and eigenvalues (3,) as float64. ValueError unless they are those of pixels from 0 to 1."""
    vectors, values = np.asarray(vectors, np.float64), np.asarray(values, np.float64)
    if vectors.shape != (3, 3) or values.shape != (3,):
        raise ValueError(f"colours need three eigenvectors, the columns of (3, 3), and three eigenvalues (3,), got "
                         f"{vectors.shape} and {values.shape}")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"the eigenvalues must be those of pixels from 0 to 1, which lie between 0 and 1, got "
                         f"{', '.join(f'{value:g}' for value in values)}; divide them by 255 * 255")
    return vectors, values


def check_word(name, value, words):
    if value not in words:
        raise ValueError(f'{name} must be "{words[0]}" or "{words[1]}", got {value!r}')


def check_fits(height, width, size):
    if not 1 <= size <= min(height, width):
        raise ValueError(f"a square of size={size} cannot be cut out of a picture of {height} x {width} pixels; "
                         f"size must be at least 1 and at most {min(height, width)}")


# ---------------------------------------------------------------------------- drawn before and after

def augment_examples(picture, seed=0):
    """Every augmentation on one picture, uint8 (H, W, 3): a list of (title, [pictures, uint8 (h, w, 3)]).

    A photograph is cut as for a network of 227 x 227, one whose shorter side is at most 64 in proportion. What
    training knows from all its pictures, the mean colour and the basis of the colours, is here this picture's own: the
    colours shift in the directions in which its pixels differ most, not in those of a training set.
    """
    check_picture(picture)
    picture = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    side = min(picture.shape[:2])
    shorter, size = (256, 227) if side > 64 else (side, side - 2 * (side // 8))
    whole, small = square(picture, shorter), square(picture, min(side, 32))
    pixels, pad = whole.reshape(-1, 3).astype(np.float64), len(small) // 8
    mean, (vectors, values) = pixels.mean(axis=0), colour_basis(np.cov(pixels.T, bias=True))

    def five(kind, change):
        return [change(rng(seed, "examples", kind, number)) for number in range(5)]

    def coloured(form, std):
        return five("colour", lambda draw: as_pixels(pca_colour(whole - mean, vectors, values, draw, form, std) + mean))

    return [
        (f"shorter side {shorter}, central square", [whole]),
        (f"random crops of {size} x {size}", five("crop", lambda draw: random_crop(whole, size, draw).copy())),
        ("the mirror image, half of the time", [whole[:, ::-1].copy()]),
        ("ten crops at test: corners, middle; mirrored", list(ten_crops(whole, size))),
        ("colours, as in the paper", coloured("paper", 0.1)),
        ("the same, ten times as strong", coloured("paper", 1.0)),
        ("colours, as the 2012 program", coloured("original", 0.1)),
        (f"small pictures: moved by up to {pad} of {len(small)} pixels",
         five("move", lambda draw: as_pixels(pad_and_crop(small - mean, pad, draw) + mean)))]


def as_pixels(picture):
    """Numbers from about 0 to 255 as pixels that can be drawn, uint8."""
    return np.rint(picture).clip(0, 255).astype(np.uint8)
