"""Statistics of the training pictures: the mean picture, the mean and deviation of each channel, the colours' basis.

    found = statistics(flowers.train, 256, progress)        # one pass over the pictures
    found["mean_picture"]                                   # float64 (3, 256, 256)

Sums of pixels and of their products are whole numbers and are added as such, without rounding. So the
result does not depend on the order of the pictures, nor on the number of threads that decode them.
"""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..layers import rng
from .augment import colour_basis, square
from .pictures import GREY

MOST_FILES = 10_000             # to compute the mean of; the mean colour of ILSVRC is then right to half a step of 255
BLOCK_PIXELS = 2 ** 18          # about how many pixels a thread adds up at a time: 6 MB of float64


def statistics(pictures, shorter, progress=None, most=None, threads=None):
    """Everything that a pipeline may subtract or divide by, over the central squares of the pictures.

    pictures    npnet.data.Pictures, or anything with a length whose items are uint8 (H, W, C)
    shorter     the shorter side of every picture becomes this long, the central square is counted
    progress    progress(done, total), called from time to time
    most        of at most so many pictures, drawn by rng(0, "statistics"): 10,000 say as much of a million as all
                (default: 10,000 of files, which have to be decoded; all that are in memory)
    threads     that decode and add (default: as many as processors, at most 8)

    Returns {name: array}, C channels in the order red, green, blue, pixels from 0 to 255:

        pictures            ()                  how many were counted
        mean_picture        (C, shorter, shorter)
        channel_means       (C,)                over all pixels of all pictures
        channel_deviations  (C,)                likewise
        covariance          (C, C)
        colour_vectors      (3, 3)              for C = 3: colour_basis(covariance)
        colour_values       (3,)                likewise, of pixels from 0 to 1
    """
    if len(pictures) == 0:
        raise ValueError("there are no pictures to compute the mean of")
    if shorter < 1:
        raise ValueError(f"shorter must be at least 1 pixel, got {shorter}")
    if most is not None and most < 1:
        raise ValueError(f"most must be at least 1, or None, got {most}")
    if most is None:
        most = len(pictures) if isinstance(getattr(pictures, "images", None), np.ndarray) else MOST_FILES
    count = min(most, len(pictures))
    indices = np.sort(rng(0, "statistics").permutation(len(pictures))[:count])
    blocks = np.array_split(indices, -(-count // max(1, BLOCK_PIXELS // shorter ** 2)))
    threads = threads or min(8, os.cpu_count() or 1)
    channels = square(pictures[0], shorter).shape[2]
    total, products, done = 0, 0, 0
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(blocks), 4 * threads):            # a few at a time, for the memory's sake
            some = blocks[first:first + 4 * threads]
            for size, sums, squares in pool.map(lambda block: added(pictures, block, shorter, channels), some):
                total, products, done = total + sums, products + squares, done + size
                if progress:
                    progress(done, count)
    return found_in(total, products, count)


def of_channels(found, channels):
    """The same statistics for a network that sees grey (1) or three channels (3), whatever the pictures have.

    Grey is a weighted sum of red, green and blue, so its mean and deviation follow from theirs."""
    have = len(found["channel_means"])
    if have == channels:
        return found
    turn = np.array([GREY]) if channels == 1 else np.ones((3, 1))   # (channels, have)
    covariance = (turn @ found["covariance"] @ turn.T).clip(min=0)  # never -1e-20
    return {"pictures": found["pictures"], "mean_picture": np.tensordot(turn, found["mean_picture"], 1),
            "channel_means": turn @ found["channel_means"], "channel_deviations": np.sqrt(np.diag(covariance)),
            "covariance": covariance}


def added(pictures, block, shorter, channels):
    """How many pictures, their sum (shorter, shorter, C) and the sum of products (C, C), both int64."""
    images = getattr(pictures, "images", None)
    if isinstance(images, np.ndarray) and images.shape[1:3] == (shorter, shorter):
        squares = images[block]                                     # (n, shorter, shorter, C)
    else:
        squares = [square(pictures[i], shorter) for i in block]
        for i, one in zip(block, squares):
            if one.shape[2] != channels:
                raise ValueError(f"the pictures must be all grey or all in colour, but picture 0 has "
                                 f"channels={channels} and picture {i} has {one.shape[2]}")
        squares = np.stack(squares)
    pixels = squares.reshape(-1, squares.shape[3]).astype(np.float64)
    products = pixels.T @ pixels            # whole numbers far below 2 ** 53, so float64 is exact
    return len(squares), squares.sum(axis=0, dtype=np.int64), products.astype(np.int64)


def found_in(total, products, count):
    """The statistics from the sums; the covariance in Python's integers, where nothing cancels."""
    channels, pixels = total.shape[2], count * total.shape[0] * total.shape[1]
    sums = [int(each) for each in total.sum(axis=(0, 1))]
    covariance = np.array([[(pixels * int(products[i, j]) - sums[i] * sums[j]) / pixels ** 2 for j in range(channels)]
                           for i in range(channels)])
    found = {"pictures": np.array(count), "mean_picture": total.transpose(2, 0, 1) / count,
             "channel_means": np.array([each / pixels for each in sums]),
             "channel_deviations": np.sqrt(np.diag(covariance)), "covariance": covariance}
    if channels == 3:
        found["colour_vectors"], found["colour_values"] = colour_basis(covariance)
    return found
