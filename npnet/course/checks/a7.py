"""What must hold of A7: softmax and cross-entropy.

The logits are normal numbers of size 1 to 3, or plus and minus 1000; N is not M, and labels occur more than once.
"""
import numpy as np

from ..grader.calls import Call
from ..grader.properties import Failure, Property, equal, missing, unchanged

OUTPUTS = {"cross_entropy_loss": ("loss",), "cross_entropy_gradient": ("dlogits",)}
ROUNDING = 1e-9
LOSS, GRADIENT = "cross_entropy_loss", "cross_entropy_gradient"


# ---------------------------------------------------------------------------- judges

def rows_sum_to_zero(outcomes, expected, calls, tolerance=0.0, names=()):
    """The gradient has the shape of the logits, is 0 nowhere but where it should be, and its rows add up to 0."""
    for i, (got, want) in enumerate(zip(outcomes, expected)):
        failure = missing(got) or judged_rows(got.value, want.value)
        if failure:
            failure.call = i
            return failure
    return None


def judged_rows(got, want):
    if not isinstance(got, np.ndarray) or got.shape != want.shape:
        return Failure("shape", output="dlogits", details={"got": np.shape(got), "want": want.shape})
    sums, size = got.sum(axis=1), np.abs(got).sum(axis=1)
    wrong = ~(np.abs(sums) <= 1e-6 * size) | (size == 0) & want.any(axis=1)     # a row can be right, and 0 altogether
    return Failure("property", output="dlogits", details={"rows": int(wrong.sum())}) if wrong.any() else None


def shift_invariant(outcomes, expected, calls, tolerance=0.0, names=()):
    """All calls give the value of the first one; and this is right."""
    for i, got in enumerate(outcomes):
        failure = missing(got) or equal([got], expected[:1], calls, tolerance, names)
        if failure:
            failure.call = i
            return failure
    return None


# ---------------------------------------------------------------------------- probes

def labels_of(draw, N, M):
    """Labels of which one occurs twice, and which do not go up with the image's number."""
    labels = draw.integers(0, M, N)
    labels[-1] = labels[0] = M - 1
    labels[1] = 0
    return labels


def usual(draw, N, M, size=1.5):
    """Logits of which the largest of a row is not always the right class."""
    logits, labels = size * draw.normal(N, M), labels_of(draw, N, M)
    logits[0, labels[0]] = logits[0].min() - 0.5
    return [logits, labels]


def large_in_a_row(draw, N, M):
    """Plus and minus 1000 within every row; the right class is the largest in one of them, not in others."""
    logits, labels = 1000.0 * (2 * draw.integers(0, 2, N, M) - 1) + draw.quarters(N, M), labels_of(draw, N, M)
    logits[:, 0], logits[:, 1] = 1000.0, -1000.0
    logits[0, labels[0]], logits[1, labels[1]] = -1000.25, 1000.5
    return [logits, labels]


def large_rows(draw, N, M):
    """One row near 1000, another near -1000, the others small."""
    logits, labels = usual(draw, N, M)
    logits[0] += 1000
    logits[1] -= 1000
    return [logits, labels]


def both_shapes(draw):
    return [(3, 5), (6, 4)]


def calls_of_usual(function):
    def calls(draw, parts):
        return [Call(function, usual(draw, N, M)) for N, M in both_shapes(draw)]
    return calls


def calls_of_large(function):
    def calls(draw, parts):
        return [Call(function, large_in_a_row(draw, 3, 5)), Call(function, large_rows(draw, 4, 3))]
    return calls


def calls_of_equal_logits(function):
    """Equal logits, 0 first: the loss is log(M) whatever the labels are."""
    def calls(draw, parts):
        return [Call(function, [np.full((N, M), value), labels_of(draw, N, M)])
                for (N, M), value in [((3, 10), 0.0), ((4, 7), -2.5)]]
    return calls


def calls_of_seeded(function):
    def calls(draw, parts):
        shapes = [(draw.integers(3, 6), draw.integers(7, 10)), (draw.integers(6, 9), draw.integers(3, 6))]
        return ([Call(function, usual(draw, N, M, size=draw.pick([1.0, 2.0, 3.0]))) for N, M in shapes]
                + [Call(function, large_in_a_row(draw, *shapes[0])), Call(function, large_rows(draw, *shapes[1]))])
    return calls


def calls_of_shifted(function):
    """The same logits three times: as they are, every row moved by a number of its own, all moved far up."""
    def calls(draw, parts):
        N, M = draw.integers(3, 6), draw.integers(6, 9)
        logits, labels = draw.quarters(N, M), labels_of(draw, N, M)
        row = 64.0 * draw.integers(-12, 13, N, 1)
        return [Call(function, [logits + shift, labels]) for shift in (0.0, row, 1024.0)]
    return calls


def calls_of_repeated_labels(function):
    """Most images have one label."""
    def calls(draw, parts):
        N, M = draw.integers(5, 8), draw.integers(3, 5)
        logits, labels = usual(draw, N, M)
        labels[2:] = labels[2]
        return [Call(function, [logits, labels])]
    return calls


PROPERTIES = [
    Property("a7.loss.usual", "a7.loss", calls_of_usual(LOSS), tolerance=ROUNDING),
    Property("a7.loss.large", "a7.loss", calls_of_large(LOSS), tolerance=ROUNDING),
    Property("a7.loss.equal_logits", "a7.loss", calls_of_equal_logits(LOSS), tolerance=ROUNDING),
    Property("a7.loss.arguments", "a7.loss", calls_of_usual(LOSS), judge=unchanged),
    Property("a7.loss.seeded", "a7.loss", calls_of_seeded(LOSS), tolerance=ROUNDING, hidden=True),
    Property("a7.loss.shifted", "a7.loss", calls_of_shifted(LOSS), judge=shift_invariant, tolerance=ROUNDING,
             hidden=True),
    Property("a7.loss.repeated_labels", "a7.loss", calls_of_repeated_labels(LOSS), tolerance=ROUNDING, hidden=True),
    Property("a7.loss.unchanged", "a7.loss", calls_of_seeded(LOSS), judge=unchanged, hidden=True),
    Property("a7.grad.usual", "a7.grad", calls_of_usual(GRADIENT), tolerance=ROUNDING),
    Property("a7.grad.large", "a7.grad", calls_of_large(GRADIENT), tolerance=ROUNDING),
    Property("a7.grad.arguments", "a7.grad", calls_of_usual(GRADIENT), judge=unchanged),
    Property("a7.grad.seeded", "a7.grad", calls_of_seeded(GRADIENT), tolerance=ROUNDING, hidden=True),
    Property("a7.grad.shifted", "a7.grad", calls_of_shifted(GRADIENT), judge=shift_invariant, tolerance=ROUNDING,
             hidden=True),
    Property("a7.grad.repeated_labels", "a7.grad", calls_of_repeated_labels(GRADIENT), tolerance=ROUNDING,
             hidden=True),
    Property("a7.grad.rows", "a7.grad", calls_of_seeded(GRADIENT), judge=rows_sum_to_zero, hidden=True),
    Property("a7.grad.unchanged", "a7.grad", calls_of_seeded(GRADIENT), judge=unchanged, hidden=True),
]
