"""The confusion matrix: which classes are taken for which."""
import numpy as np

from ..screen.words import percent
from .figure import INK, colour_bar, finish, new_axes, new_figure, told_apart

NUMBERED, NAMED = 20, 40        # up to so many classes the cells have numbers, the rows and columns names


def confusion(matrix, names, title=None):
    """Counts (K, K) as a square: a row per true class, a column per answer, the right answers on the diagonal.

    matrix: matrix[truth, answer] pictures, not negative. names: K strings. The colour is the share of
    the row's pictures (the scale is stretched near 0, so that rare confusions are seen); up to 20
    classes every cell has its count, up to 40 every row its name. The caption names the three most
    frequent confusions. ValueError if the matrix is not square, or not counts, or the names are not K.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) != len(names) or not len(names):
        raise ValueError(f"a confusion matrix must be (K, K) with K names, got {matrix.shape} and {len(names)} names")
    if matrix.dtype.kind not in "iuf" or not (np.isfinite(matrix) & (matrix >= 0) & (matrix == np.floor(matrix))).all():
        raise ValueError("a confusion matrix must hold counts: whole numbers from 0; give counts, not shares")
    matrix = matrix.astype(np.int64)
    K, names = len(matrix), [str(name) for name in names]
    shares = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)            # (K, K), % of the row
    side = max(4.2, 0.56 * K) if K <= NUMBERED else 7.5
    figure = new_figure(side + 1.9, side + 1.5)
    axes = new_axes(figure)
    colour(figure, axes, shares)
    name_sides(axes, names)
    numbers = write_counts(axes, matrix) if K <= NUMBERED else []
    finish(figure, title, sentence(matrix, names))
    for text, share in zip(numbers, shares.ravel()):                # after finish, which makes all text dark
        text.set_color("white" if share > 30 else INK)
    return figure


def colour(figure, axes, shares):
    from matplotlib.colors import PowerNorm
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 100),
                        interpolation="nearest" if len(shares) <= 200 else "auto")
    axes.grid(False)
    colour_bar(figure, axes, image, {0: "0", 5: "5", 20: "20", 50: "50", 100: "100 % of\nthe row"}, fraction=0.04)


def name_sides(axes, names):
    """The classes along both sides, or their numbers where there are too many."""
    K = len(names)
    if K <= NAMED:
        short = told_apart(names, 20)
        places, size = range(K), 9 if K <= NUMBERED else 8
    else:
        places, size = range(0, K, 10 ** (len(str(K - 1)) - 1)), 9              # every 10th, every 100th
        short = [str(place) for place in places]
    upright = K <= NAMED and max(map(len, short)) > 3
    axes.set_yticks(places, short, fontsize=size)
    axes.set_xticks(places, short, fontsize=size, rotation=90 if upright else 0)
    axes.set_ylabel("truth" if K <= NAMED else "truth (the number of the class)", fontsize=10)
    axes.set_xlabel("answer", fontsize=10)
    if K <= NUMBERED:
        for line in np.arange(1, K) - 0.5:
            axes.axhline(line, color="white", linewidth=0.8, linestyle="-", marker="")
            axes.axvline(line, color="white", linewidth=0.8, linestyle="-", marker="")


def write_counts(axes, matrix):
    """The count in every cell, nothing for 0; returns the texts, row after row."""
    longest = len(str(matrix.max()))
    return [axes.text(column, row, str(count) if count else "", ha="center", va="center",
                      fontsize=9 if longest <= 4 else 7.5)
            for (row, column), count in np.ndenumerate(matrix)]


def sentence(matrix, names):
    """How many are right, and the three confusions with the most pictures."""
    total, right = int(matrix.sum()), int(np.trace(matrix))
    if total == 0:
        return "No pictures."
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    found = [(int(k) // len(matrix), int(k) % len(matrix)) for k in order if wrong.flat[k]]
    said = f"{right:,} of {total:,} right ({percent(right / total)})."
    if not found:
        return said + " Nothing was confused."
    parts = [f"{names[truth]} taken for {names[answer]}, {wrong[truth, answer]:,} of {matrix[truth].sum():,}"
             for truth, answer in found]
    return f"{said} Most often confused: {'; '.join(parts)}."
