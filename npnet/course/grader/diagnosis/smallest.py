"""D6: the smallest call that fails: one image, one channel, 3 x 3 pixels, numbers that can be followed by hand.

Calls are tried from the smallest on, with the student's function and with the solution, until the two differ.
"""
from itertools import product

import numpy as np

from ..calls import Call
from ..draws import Draw
from .trial import Example, alike, argument_names, leaves

MOST = 60                       # calls that are tried
PRINTED = 40                    # numbers of an argument or answer that are printed, at most
WINDOWS = (                     # H, W, R, S, stride, pad
    (2, 2, 1, 1, 1, 0), (3, 3, 2, 2, 1, 0), (4, 4, 2, 2, 2, 0), (2, 2, 2, 2, 1, 1), (3, 4, 2, 2, 1, 0),
    (3, 3, 2, 1, 1, 0), (3, 3, 3, 3, 1, 1), (4, 4, 2, 2, 3, 0), (5, 5, 3, 3, 2, 0), (4, 5, 3, 2, 2, 1),
    (4, 4, 3, 3, 2, 0))
BATCHES = ((1, 1, 1, 1), (1, 1, 2, 1), (1, 2, 1, 1), (2, 1, 1, 1), (1, 2, 2, 2), (2, 2, 3, 1))     # N, C, K, groups


def smallest(case, function, parts):
    """An Example of the smallest call that fails, or None. parts: {name: the solution's function}."""
    broken = None
    if case.run is not None:
        for call in small_calls(function, parts):
            want, got = case.assignment.reference.run(call), case.run(call)
            if got.stopped:                             # it would be stopped again, and that takes time
                break
            found = example(case, call, got, want) if want.came else None
            if found and found.yours is not None:
                return found
            broken = broken or found                    # a call that gives no value, if no other one fails
    return given(case, function) or broken


def small_calls(function, parts):
    """Calls of a function, from the smallest on; none where the function is not of the course."""
    maker = MAKERS.get(function)
    if not maker or function not in parts:
        return
    with np.errstate(all="ignore"):
        for number, arguments in enumerate(maker(Draw("smallest/" + function), parts)):
            if number == MOST:
                return
            yield Call(function, list(arguments))


def example(case, call, got, want):
    """An Example of a call, or None if nothing is wrong, or an answer cannot be printed."""
    outputs = case.assignment.outputs.get(call.function, ())
    ours = leaves(want.value, outputs)
    theirs = leaves(got.value, outputs) if got.came and got.value is not None else []
    named = dict(theirs) if len(theirs) == len(ours) else {}
    names = argument_names(case.assignment, call)
    arguments = list(zip(names or [f"argument {k}" for k in range(len(call.arguments))], call.arguments))
    for name, right in ours:
        yours = named.get(name)
        if not alike(yours, right, 1e-9):
            at = first_wrong(yours, right)
            return Example(call.function, arguments, name or call.function, yours, right, at)
    return None


def first_wrong(yours, right):
    """The index of the first wrong number; () where there is none to point at."""
    if isinstance(yours, np.ndarray) and isinstance(right, np.ndarray) and yours.shape == right.shape and right.ndim:
        wrong = ~np.isclose(yours, right, rtol=1e-6, atol=1e-9, equal_nan=True)
        return tuple(int(k) for k in np.argwhere(wrong)[0]) if wrong.any() else ()
    return ()


def given(case, function):
    """The smallest of the case's own wrong calls, if it may be seen and is small enough to be printed."""
    calls = [i for i in case.wrong if case.calls[i].function == function and not case.calls[i].program
             and case.expected[i].came and not (case.hidden and case.hidden[i])]
    calls.sort(key=lambda i: volume(case.calls[i].arguments))
    if calls and volume(case.calls[calls[0]].arguments) <= PRINTED:
        i = calls[0]
        return example(case, case.calls[i], case.outcomes[i], case.expected[i])
    return None


def volume(arguments):
    """How many numbers the arguments hold."""
    return sum(np.size(argument) for argument in arguments)


def text(value):
    """An array as a list in one line, whole numbers without a point: [[1, 0], [2, 3]]; its shape where it is large."""
    if not isinstance(value, np.ndarray):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    return "(" + ",".join(map(str, value.shape)) + ")" if value.size > PRINTED else nested(value)


def pasted(value):
    """A value as an argument that can be pasted into Python: np.array([[1., 0.], [2., 3.]])."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size > PRINTED:
        return f"np.ones({value.shape})"
    return f"np.array({nested(value, '.' if value.dtype.kind == 'f' else '')})"


def nested(value, point=""):
    """An array as nested lists. point: what is written behind a whole number."""
    if value.ndim:
        return "[" + ", ".join(nested(part, point) for part in value) + "]"
    number = value.item()
    if isinstance(number, (bool, int)):
        return str(number)
    written = f"{number:.4g}"
    return written + point if written.lstrip("-").isdecimal() else written


# ---------------------------------------------------------------------------- the calls of each function

def sizes_first(draw):
    """(N, C, K, groups, H, W, R, S, stride, pad), in the order of how much there is to compute."""
    every = [(*batch, *window) for batch, window in product(BATCHES, WINDOWS)]
    return sorted(every, key=lambda s: s[0] * s[1] * s[2] * s[4] * s[5] * s[6] * s[7])


def small(draw, *shape):
    """Small whole numbers, as floats, different from each other as far as that goes."""
    size = int(np.prod(shape))
    return (draw.order(size).reshape(shape) % 9 + 1).astype(np.float64)


def count(size, window, stride, pad):
    """How many windows fit."""
    return (size + 2 * pad - window) // stride + 1


def conv_forward(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        yield small(draw, N, C, H, W), small(draw, K, C // G, R, S), small(draw, K), stride, pad, G


def columns(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        if K == G == 1:
            yield small(draw, N, C, H, W), R, S, stride, pad


def col2im(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        if K == G == 1:
            yield small(draw, N, C, R, S, count(H, R, stride, pad), count(W, S, stride, pad)), H, W, stride, pad


def backward_w(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        dy = small(draw, N, K, count(H, R, stride, pad), count(W, S, stride, pad))
        yield dy, small(draw, N, C, H, W), R, S, stride, pad, G


def backward_b(draw, parts):
    for shape in ((1, 1, 1, 2), (1, 1, 2, 2), (1, 2, 2, 2), (2, 1, 1, 2), (2, 2, 2, 3)):
        yield (small(draw, *shape),)


def backward_x(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        dy = small(draw, N, K, count(H, R, stride, pad), count(W, S, stride, pad))
        yield dy, small(draw, K, C // G, R, S), H, W, stride, pad, G


def pool_forward(draw, parts):
    for N, C, K, G, H, W, R, S, stride, pad in sizes_first(draw):
        if K == G == 1 and 2 * pad <= min(R, S):
            x = small(draw, N, C, H, W)
            yield x, R, S, stride, pad, False
            yield -x, R, S, stride, pad, True
            yield np.floor(x / 4), R, S, stride, pad, True


def pool_backward(draw, parts):
    for x, R, S, stride, pad, ceil_mode in pool_forward(draw, parts):
        y, argmax = parts["max_pool_forward"](x, R, S, stride, pad, ceil_mode)
        yield small(draw, *y.shape), x, argmax, R, S, stride, pad


def lrn_forward(draw, parts):
    for C, n in ((1, 1), (2, 1), (2, 3), (3, 3), (5, 3), (6, 5)):
        yield small(draw, 1, C, 1, 1), n, 2.0, 0.5, 0.75
    yield small(draw, 2, 4, 1, 2), 3, 2.0, 0.5, 0.75


def lrn_backward(draw, parts):
    for x, n, k, alpha, beta in lrn_forward(draw, parts):
        y, scale = parts["lrn_forward"](x, n, k, alpha, beta)
        yield small(draw, *x.shape), x, scale, n, alpha, beta


def relu_backward(draw, parts):
    for size in (1, 2, 4):
        yield small(draw, 1, size) - 5, np.maximum(small(draw, 1, size) - 4, 0)


def cross_entropy(draw, parts):
    for N, C in ((1, 2), (2, 2), (2, 3), (3, 2)):
        yield small(draw, N, C), draw.integers(0, C, N)
        yield 1000.0 * (small(draw, N, C) - 2), draw.integers(0, C, N)


def conv_size(draw, parts):
    for window, stride, pad in product((1, 3, 2), (1, 2), (0, 1)):
        for size in (3, 4):
            yield size, window, stride, pad


def pad_image(draw, parts):
    for (N, C), pad, (H, W) in product(((1, 1), (2, 2)), (1, 2, 0), ((1, 2), (2, 2))):
        yield small(draw, N, C, H, W), pad


def dropout_backward(draw, parts):
    for p_drop in (0.5, 0.25, 0.75):
        yield small(draw, 1, 4), draw.integers(0, 2, 1, 4).astype(bool), p_drop


MAKERS = {
    "conv_size": conv_size, "pad_image": pad_image, "conv2d_forward": conv_forward, "im2col": columns, "col2im": col2im,
    "conv2d_backward_w": backward_w, "conv2d_backward_b": backward_b, "conv2d_backward_x": backward_x,
    "max_pool_forward": pool_forward, "max_pool_backward": pool_backward, "lrn_forward": lrn_forward,
    "lrn_backward": lrn_backward, "relu_backward": relu_backward, "dropout_backward": dropout_backward,
    "cross_entropy_loss": cross_entropy, "cross_entropy_gradient": cross_entropy}
