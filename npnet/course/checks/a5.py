"""What must hold of A5: local response normalisation.

alpha is near 0.7: at the paper's 0.0001 the path through the scales is too small to be seen. Each table below holds
settings (N, C, H, W, n, k, alpha, beta): public properties take the first ones, hidden ones are drawn for the student.
The number of images is never that of channels, so that the axes cannot be taken for each other.
"""
import numpy as np

from ..grader.calls import Call
from ..grader.properties import Property, equal, unchanged

OUTPUTS = {"lrn_forward": ("y", "scale"), "lrn_backward": ("dx",)}
CLOSE = 1e-9                                                        # of the norm, in float64

FIVE = [(2, 8, 3, 4, 5, 2.0, 0.7, 0.75), (3, 7, 4, 2, 5, 1.75, 0.65, 0.75), (2, 9, 3, 5, 5, 2.5, 0.8, 0.75)]
OTHERS = [(3, 7, 2, 5, 3, 1.5, 0.6, 0.5), (2, 6, 4, 3, 3, 1.25, 0.75, 1.25), (3, 8, 2, 4, 3, 3.0, 0.65, 0.6)]
SEVEN = [(2, 9, 3, 2, 7, 1.25, 0.8, 1.25), (3, 8, 2, 3, 7, 2.25, 0.7, 0.9), (2, 10, 3, 4, 7, 1.5, 0.6, 0.55)]
WIDER = [(2, 3, 4, 5, 5, 2.0, 0.7, 0.75), (2, 4, 5, 3, 7, 1.5, 0.75, 0.6), (3, 4, 2, 5, 5, 2.5, 0.65, 1.25)]
LONG = [(2, 7, 3, 4, 3, 2.0, 0.7, 0.75)], [(3, 11, 2, 4, 5, 1.5, 0.65, 0.6)]
X = [1, 2, 3, 2, 1]                                                 # of the handout


def equal_and_unchanged(outcomes, expected, calls, tolerance=0.0, names=()):
    """The values are right, and the arguments stay as they were."""
    return (equal(outcomes, expected, calls, tolerance, names)
            or unchanged(outcomes, expected, calls, tolerance, names))


# ---------------------------------------------------------------------------- numbers

def one_pixel(channels):
    """The channels of one pixel as an array (1, C, 1, 1)."""
    return np.array(channels, dtype=float).reshape(1, -1, 1, 1)


def anything(draw, N, C, H, W, n):
    return draw.normal(N, C, H, W)


def large_at_the_ends(draw, N, C, H, W, n):
    """The first and the last channels are four times as large as the others."""
    x = draw.normal(N, C, H, W)
    x[:, :n // 2] *= 4
    x[:, C - n // 2:] *= 4
    return x


def zero_at_the_ends(draw, N, C, H, W, n):
    """Only channels in the middle are not 0: what a window does at the ends makes no difference."""
    x = np.zeros((N, C, H, W))
    x[:, n - 1:C - n + 1] = draw.normal(N, C - 2 * (n - 1), H, W)
    return x


def everywhere(draw, shape):
    return draw.normal(*shape)


def one_channel(draw, shape):
    """dy is 0 but in one channel, another one in every image."""
    dy, first = np.zeros(shape), draw.integers(0, shape[1])
    for image in range(shape[0]):
        channel = (first + 2 * image) % shape[1]
        dy[image, channel] = draw.normal(*shape[2:])
    return dy


# ---------------------------------------------------------------------------- calls

def forward(numbers, *tables, hidden=False):
    """calls(draw, parts) of lrn_forward, one for a setting of each table."""
    def calls(draw, parts):
        made = []
        for table in tables:
            setting = draw.pick(table[1:]) if hidden else table[0]
            made.append(Call("lrn_forward", [numbers(draw, *setting[:5]), *setting[4:]]))
        return made
    return calls


def backward(gradients, numbers, *tables, hidden=False, no_alpha=False):
    """calls(draw, parts) of lrn_backward, with the scale of the right forward."""
    def calls(draw, parts):
        made = []
        for call in forward(numbers, *tables, hidden=hidden)(draw, parts):
            x, n, k, alpha, beta = call.arguments
            alpha = 0.0 if no_alpha else alpha
            scale = parts["lrn_forward"](x, n, k, alpha, beta)[1]
            made.append(Call("lrn_backward", [gradients(draw, x.shape), x, scale, n, alpha, beta]))
        return made
    return calls


def calls_of_example(draw, parts):
    return [Call("lrn_forward", [one_pixel(X), n, 2.0, alpha, 0.75]) for n, alpha in ((3, 0.5), (5, 1.0))]


def calls_of_identity(draw, parts):
    return [Call("lrn_forward", [draw.normal(2, 6, 3, 4), 5, 1.0, 0.0, 0.75]),
            Call("lrn_forward", [draw.normal(3, 4, 2, 5), 3, 1.0, 0.0, 0.5])]


def calls_of_example_backward(draw, parts):
    x, made = one_pixel(X), []
    for n, alpha, dy in ((3, 0.5, [0, 0, 1, 0, 0]), (3, 0.5, [1, 2, 3, 4, 5]), (5, 1.0, [1, 0, 0, 0, 0])):
        scale = parts["lrn_forward"](x, n, 2.0, alpha, 0.75)[1]
        made.append(Call("lrn_backward", [one_pixel(dy), x, scale, n, alpha, 0.75]))
    return made


FORWARD, BACKWARD = "a5.forward", "a5.backward"
PROPERTIES = [
    Property("a5.forward.example", FORWARD, calls_of_example, tolerance=CLOSE),
    Property("a5.forward.identity", FORWARD, calls_of_identity, tolerance=CLOSE),
    Property("a5.forward.middle", FORWARD, forward(zero_at_the_ends, *LONG), tolerance=CLOSE),
    Property("a5.forward.values", FORWARD, forward(anything, FIVE, OTHERS, SEVEN), tolerance=CLOSE),
    Property("a5.forward.ends", FORWARD, forward(large_at_the_ends, FIVE, SEVEN), tolerance=CLOSE),
    Property("a5.forward.wide", FORWARD, forward(anything, WIDER), tolerance=CLOSE),
    Property("a5.forward.arguments", FORWARD, forward(anything, OTHERS, FIVE), judge=equal_and_unchanged,
             tolerance=CLOSE),
    Property("a5.forward.seeded", FORWARD, forward(anything, FIVE, OTHERS, SEVEN, hidden=True), hidden=True,
             tolerance=CLOSE),
    Property("a5.forward.seeded_ends", FORWARD, forward(large_at_the_ends, FIVE, SEVEN, hidden=True), hidden=True,
             tolerance=CLOSE),
    Property("a5.forward.seeded_wide", FORWARD, forward(anything, WIDER, hidden=True), hidden=True, tolerance=CLOSE),
    Property("a5.forward.seeded_arguments", FORWARD, forward(anything, OTHERS, FIVE, hidden=True), hidden=True,
             judge=equal_and_unchanged, tolerance=CLOSE),
    Property("a5.backward.example", BACKWARD, calls_of_example_backward, tolerance=CLOSE),
    Property("a5.backward.direct", BACKWARD, backward(everywhere, anything, FIVE, OTHERS, no_alpha=True),
             tolerance=CLOSE),
    Property("a5.backward.one", BACKWARD, backward(one_channel, anything, FIVE, OTHERS), tolerance=CLOSE),
    Property("a5.backward.middle", BACKWARD, backward(everywhere, zero_at_the_ends, *LONG), tolerance=CLOSE),
    Property("a5.backward.both", BACKWARD, backward(everywhere, anything, FIVE, OTHERS, SEVEN), tolerance=CLOSE),
    Property("a5.backward.ends", BACKWARD, backward(everywhere, large_at_the_ends, FIVE, SEVEN), tolerance=CLOSE),
    Property("a5.backward.wide", BACKWARD, backward(everywhere, anything, WIDER), tolerance=CLOSE),
    Property("a5.backward.arguments", BACKWARD, backward(everywhere, anything, OTHERS, FIVE), judge=equal_and_unchanged,
             tolerance=CLOSE),
    Property("a5.backward.seeded", BACKWARD, backward(everywhere, anything, FIVE, OTHERS, SEVEN, hidden=True),
             hidden=True, tolerance=CLOSE),
    Property("a5.backward.seeded_one", BACKWARD, backward(one_channel, anything, FIVE, OTHERS, hidden=True),
             hidden=True, tolerance=CLOSE),
    Property("a5.backward.seeded_ends", BACKWARD, backward(everywhere, large_at_the_ends, FIVE, SEVEN, hidden=True),
             hidden=True, tolerance=CLOSE),
    Property("a5.backward.seeded_wide", BACKWARD, backward(everywhere, anything, WIDER, hidden=True), hidden=True,
             tolerance=CLOSE),
    Property("a5.backward.seeded_arguments", BACKWARD, backward(everywhere, anything, OTHERS, FIVE, hidden=True),
             hidden=True, judge=equal_and_unchanged, tolerance=CLOSE),
]
