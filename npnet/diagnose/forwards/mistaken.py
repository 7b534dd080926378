"""Forwards with a mistake: what comes out if the kernel is turned round, the padding forgotten, alpha divided by n.

    right = FORWARDS["convolution"](x, w, b, stride=2, pad=1, groups=1, ceil_mode=False)
    for name, (words, mistaken) in MISTAKEN["convolution"].items():
        mistaken(x, w, b, stride=2, pad=1, groups=1, ceil_mode=False)           # y, or None where it makes no sense

Pictures are (N, C, H, W), filters (K, C/G, R, S), weights of a dense layer (D, M). Each mistake is a short function
beside the right one, `words` say what was done: "convolution with the kernel turned round". Settings that a mistake
does not touch are handed on.
"""
import numpy as np

from ...ops.conv import conv2d_forward
from ...ops.pool import avg_pool_forward, max_pool_forward
from ...ops.shapes import conv_size

# ------------------------------------------------------------------------------- convolution


def convolution(x, w, b, stride, pad, groups, ceil_mode):
    return conv2d_forward(x, w, b, stride, pad, groups, ceil_mode)


def padded(x, before, after, mode="constant"):
    """Pictures with so many rows and columns more before and after."""
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), mode)


def padded_conv(before, after, mode="constant"):
    """A convolution whose padding is another one: pad times `before` on one side, pad times `after` on the other."""
    def mistaken(x, w, b, stride, pad, groups, ceil_mode):
        if not pad or (mode == "reflect" and pad >= min(x.shape[2:])):
            return None
        return convolution(padded(x, before * pad, after * pad, mode), w, b, stride, 0, groups, ceil_mode)
    return mistaken


def other_filters(change):
    """A convolution with filters (and biases) that were changed: change(w, b) -> w, b."""
    return lambda x, w, b, **settings: convolution(x, *change(w, b), **settings)


def only(w, *places):
    """Filters that are 0 but at some places of their last axes."""
    kept = np.zeros_like(w)
    kept[(slice(None), *places)] = w[(slice(None), *places)]
    return kept


def stride_ignored(forward):
    """The size is right, but window (i, j) starts at (i, j) and not at (i*stride, j*stride)."""
    def mistaken(x, *arrays, stride, **settings):
        P, Q = forward(x, *arrays, stride=stride, **settings).shape[2:]
        return forward(x, *arrays, stride=1, **settings)[:, :, :P, :Q] if stride > 1 else None
    return mistaken


def changed(forward, **changes):
    """A forward with other settings; each change is a value, or a function of all settings."""
    def mistaken(x, *arrays, **settings):
        new = {name: value(settings) if callable(value) else value for name, value in changes.items()}
        return forward(x, *arrays, **settings | new) if settings | new != settings else None
    return mistaken


def from_output(forward, change):
    """The right output, and something done to it."""
    return lambda x, *arrays, **settings: change(forward(x, *arrays, **settings))


def first_image(y):
    """All images but the first are left at 0."""
    return np.concatenate([y[:1], np.zeros_like(y[1:])]) if len(y) > 1 else None


def first_repeated(y):
    return np.repeat(y[:1], len(y), axis=0) if len(y) > 1 else None


def groups_of_first(x, w, b, stride, pad, groups, ceil_mode):
    """All filters read the channels of the first group."""
    first = x[:, :w.shape[1]]
    return convolution(first, w, b, stride, pad, 1, ceil_mode) if groups > 1 else None


def groups_in_turn(x, w, b, groups, **settings):
    """Channel c goes to group c mod G."""
    order = np.concatenate([np.arange(group, x.shape[1], groups) for group in range(groups)])
    return convolution(x[:, order], w, b, groups=groups, **settings) if groups > 1 else None


def bias_along_columns(x, w, b, **settings):
    y = convolution(x, w, np.zeros_like(b), **settings)
    return y + b if y.shape[3] == len(b) else None


def channel_mean(x, w, b, **settings):
    return convolution(x, w / w.shape[1], b, **settings) if w.shape[1] > 1 else None


def rows_in_order(w):
    """Filters as they are read by columns whose rows run over (R, S, C) and not (C, R, S)."""
    K, C, R, S = w.shape
    return w.reshape(K, R, S, C).transpose(0, 3, 1, 2)


def images_last(y):
    """(K, P*Q*N) taken for (K, N*P*Q)."""
    N, K, P, Q = y.shape
    return y.transpose(1, 2, 3, 0).reshape(K, N, P, Q).swapaxes(0, 1)


def images_and_filters(y):
    """(K, N, P, Q) reshaped to (N, K, P, Q), where it must be transposed."""
    return y.swapaxes(0, 1).reshape(y.shape)


CONVOLUTION = {
    "flip": ("convolution with the kernel turned round by 180 degrees, as mathematics has it; networks do not turn it",
             other_filters(lambda w, b: (w[..., ::-1, ::-1], b))),
    "kernel_transposed": ("convolution with rows and columns of each kernel exchanged",
                          other_filters(lambda w, b: (w.swapaxes(2, 3), b) if w.shape[2] == w.shape[3] else (w, b))),
    "nobias": ("convolution without the bias", other_filters(lambda w, b: (w, 0 * b))),
    "bias_twice": ("convolution with the bias added twice", other_filters(lambda w, b: (w, 2 * b))),
    "bias_per_channel": ("convolution with the bias added once for each channel: it is inside the loop over channels",
                         other_filters(lambda w, b: (w, b * w.shape[1]))),
    "bias_per_product": ("convolution with the bias added once for each product: it is inside the sum",
                         other_filters(lambda w, b: (w, b * w[0].size))),
    "bias_axis": ("convolution with the bias added along the columns; it belongs to the filters, b[:, None, None]",
                  bias_along_columns),
    "nopad": ("convolution without padding", changed(convolution, pad=0)),
    "pad_oneside": ("convolution with all of the padding above and to the left", padded_conv(2, 0)),
    "pad_end": ("convolution with all of the padding below and to the right", padded_conv(0, 2)),
    "pad_edge": ("convolution with the border repeated where there must be zeros", padded_conv(1, 1, "edge")),
    "pad_reflect": ("convolution with the picture mirrored where there must be zeros", padded_conv(1, 1, "reflect")),
    "stride_ignored": ("convolution whose window (p, q) starts at (p, q) and not at (p*stride, q*stride)",
                       stride_ignored(convolution)),
    "stride_one": ("convolution with stride 1", changed(convolution, stride=1)),
    "ceil": ("convolution with the size rounded up", changed(convolution, ceil_mode=True)),
    "floor": ("convolution with the size rounded down", changed(convolution, ceil_mode=False)),
    "size_one_less": ("convolution with one row and one column too few: how many windows fit is distance/stride + 1",
                      from_output(convolution, lambda y: y[:, :, :-1, :-1])),
    "channel_last_only": ("the last channel alone: contributions of channels must be added, +=",
                          other_filters(lambda w, b: (only(w, -1), b))),
    "channel_mean": ("a mean over channels, where their sum must be", channel_mean),
    "kernel_overwrite": ("the last place of the kernel alone: = where += must be",
                         other_filters(lambda w, b: (only(w, slice(None), -1, -1), b))),
    "last_product": ("the last product of each window alone: = where += must be",
                     other_filters(lambda w, b: (only(w, -1, -1, -1), b))),
    "first_position": ("the first window everywhere: the window does not move",
                       from_output(convolution, lambda y: y[:, :, :1, :1] + 0 * y)),
    "group0_input": ("convolution in which all groups read the channels of the first", groups_of_first),
    "group_interleaved": ("convolution with channel c in group c mod G; groups are neighbours", groups_in_turn),
    "batch0": ("the first image alone; is return inside the loop?", from_output(convolution, first_image)),
    "batch_repeated": ("the first image's output for all images", from_output(convolution, first_repeated)),
    "rows_khkwC": ("a product of columns in the order (row, column, channel) with filters in the order (channel, row, "
                   "column)", other_filters(lambda w, b: (rows_in_order(w), b))),
    "cols_spatial_major": ("convolution with columns in the order (position, image) taken for (image, position)",
                           from_output(convolution, images_last)),
    "reshape": ("convolution whose output was reshaped from (K, N, P, Q) to (N, K, P, Q): transpose it",
                from_output(convolution, images_and_filters)),
    "cols_ohow_swapped": ("convolution with output positions column by column",
                          from_output(convolution, lambda y: y.swapaxes(2, 3).reshape(y.shape))),
    "axes_swapped": ("convolution with rows and columns of the output exchanged",
                     from_output(convolution, lambda y: y.swapaxes(2, 3))),
}

# ------------------------------------------------------------------------------- pooling


def max_pool(x, R, S, stride, pad, ceil_mode):
    return max_pool_forward(x, R, S, stride, pad, ceil_mode)[0]


def avg_pool(x, R, S, stride, pad, ceil_mode, count_include_pad):
    return avg_pool_forward(x, R, S, stride, pad, ceil_mode, count_include_pad)


def padded_with_zeros(x, R, S, stride, pad, ceil_mode):
    return max_pool(padded(x, pad, pad), R, S, stride, 0, ceil_mode) if pad else None


def corner(x, R, S, stride, pad, ceil_mode):
    P, Q = max_pool(x, R, S, stride, pad, ceil_mode).shape[2:]
    return x[:, :, ::stride, ::stride][:, :, :P, :Q] if not pad else None


def without_division(x, R, S, count_include_pad, **settings):
    return avg_pool(x, R, S, count_include_pad=True, **settings) * R * S


def max_of(x, count_include_pad, **settings):
    return max_pool(x, **settings)


def mean_of(x, **settings):
    return avg_pool(x, count_include_pad=True, **settings)


def size_without_pad(x, R, S, stride, pad, ceil_mode):
    P, Q = (conv_size(length, window, stride, 0, ceil_mode) for length, window in zip(x.shape[2:], (R, S)))
    return max_pool(x, R, S, stride, pad, ceil_mode)[:, :, :P, :Q] if pad else None


def windows_of(forward):
    """The mistakes about windows that both kinds of pooling share."""
    return {
        "nopad": ("without padding", changed(forward, pad=0)),
        "stride_eq_k": ("with the window's size for a stride; overlapping windows have a smaller one",
                        changed(forward, stride=lambda settings: settings["R"])),
        "stride_one": ("with stride 1", changed(forward, stride=1)),
        "stride_ignored": ("with windows that start at (p, q) and not at (p*stride, q*stride)",
                           stride_ignored(forward)),
        "ceil": ("with the size rounded up, as Caffe does", changed(forward, ceil_mode=True)),
        "floor": ("with the size rounded down, as PyTorch does", changed(forward, ceil_mode=False)),
        "size_one_less": ("with one row and one column too few: how many windows fit is distance/stride + 1",
                          from_output(forward, lambda y: y[:, :, :-1, :-1])),
        "k_hw_swap": ("with height and width of the window exchanged",
                      changed(forward, R=lambda settings: settings["S"], S=lambda settings: settings["R"])),
        "batch0": ("of the first image alone; is return inside the loop?", from_output(forward, first_image)),
        "axes_swapped": ("with rows and columns of the output exchanged",
                         from_output(forward, lambda y: y.swapaxes(2, 3))),
    }


def said(what, mistakes):
    return {name: (f"{what} {words}", function) for name, (words, function) in mistakes.items()}


MAX_POOL = said("max-pooling", windows_of(max_pool)) | {
    "pad0": ("max-pooling padded with 0: a window of negative numbers must not give 0; pad with -inf",
             padded_with_zeros),
    "init0": ("max-pooling that starts from 0: a window of negative numbers must not give 0; start from -inf",
              from_output(max_pool, lambda y: np.maximum(y, 0))),
    "mean": ("the mean of each window, not the largest", mean_of),
    "min": ("the smallest of each window, not the largest", lambda x, **settings: -max_pool(-x, **settings)),
    "abs": ("the largest size in each window, |x|, and not the largest number",
            lambda x, **settings: max_pool(np.abs(x), **settings)),
    "first": ("the first number of each window, not the largest", corner),
    "over_channels": ("max-pooling over all channels; each channel is pooled alone",
                      from_output(max_pool, lambda y: y.max(axis=1, keepdims=True) + 0 * y)),
    "size_without_pad": ("max-pooling whose size forgets the padding", size_without_pad),
}
AVG_POOL = said("average pooling", windows_of(avg_pool)) | {
    "include_pad": ("average pooling in which the padding counts in the divisor",
                    changed(avg_pool, count_include_pad=True)),
    "exclude_pad": ("average pooling in which the padding does not count in the divisor",
                    changed(avg_pool, count_include_pad=False)),
    "by_side": ("the sum of each window divided by its side; its size is side times side",
                lambda x, R, **settings: avg_pool(x, R=R, **settings) * R if R == settings["S"] else None),
    "sum": ("the sum of each window, not divided by its size", without_division),
    "max": ("the largest of each window, not the mean", max_of),
    "over_channels": ("average pooling over all channels; each channel is pooled alone",
                      from_output(avg_pool, lambda y: y.mean(axis=1, keepdims=True) + 0 * y)),
}

# ------------------------------------------------------------------------------- local response normalisation


def lrn(x, n, k, alpha, beta, groups, first=None, wrap=False, own=True, term=np.square, power=-1, top=1, axis=1):
    """x * (k + alpha * sum)^-beta, the sum over n channels from the one `first` places away (None: -(n // 2)) on.

    wrap: channels beyond the last are the first ones. own: whether the channel itself is in the sum. term: what is
    summed. power: the exponent's sign. top: the exponent of x itself. axis: along which the neighbours lie.
    """
    total, length = np.zeros_like(x), x.shape[axis] // groups
    places = np.arange(x.shape[axis])
    for step in range(n):
        away = step + (-(n // 2) if first is None else first)
        near = places + away
        inside = (near >= places // length * length) & (near < (places // length + 1) * length)
        if (own or away) and (wrap or inside.any()):
            weight = np.ones_like(places) if wrap else inside
            shape = [-1 if each == axis else 1 for each in range(x.ndim)]
            total += term(np.take(x, near % x.shape[axis], axis)) * weight.reshape(shape)
    return x ** top * (k + alpha * total) ** (power * beta)


def lrn_with(**changes):
    return lambda x, **settings: lrn(x, **settings | {
        name: value(settings) if callable(value) and name != "term" else value for name, value in changes.items()})


def lrn_spatial(x, n, k, alpha, beta, groups):
    """The window lies in the picture, n x n pixels of one channel."""
    total = avg_pool(x * x, n, n, 1, n // 2, False, True) * n * n
    return x * (k + alpha * total) ** -beta


LRN = {
    "alpha_div_n": ("LRN with alpha divided by n, as Caffe and PyTorch have it; the paper does not divide",
                    lrn_with(alpha=lambda settings: settings["alpha"] / settings["n"])),
    "alpha_times_n": ("LRN with alpha not divided by n, as the paper has it; Caffe and PyTorch divide",
                      lrn_with(alpha=lambda settings: settings["alpha"] * settings["n"])),
    "half_width_n": ("LRN with n channels to either side, 2n + 1 in all", lrn_with(n=lambda s: 2 * s["n"] + 1)),
    "window_longer": ("LRN over n + 1 channels", lrn_with(n=lambda s: s["n"] + 1, first=lambda s: -(s["n"] // 2))),
    "window_even": ("LRN over n - 1 channels: the last one of the window is missing",
                    lrn_with(n=lambda s: s["n"] - 1, first=lambda s: -(s["n"] // 2))),
    "window_causal": ("LRN over the channel and those before it alone", lrn_with(first=lambda s: 1 - s["n"])),
    "window_half": ("LRN over the channel and n // 2 before it, none after",
                    lrn_with(n=lambda s: s["n"] // 2 + 1, first=lambda s: -(s["n"] // 2))),
    "window_after": ("LRN over the channel and those after it alone", lrn_with(first=0)),
    "window_noself": ("LRN without the channel itself in the sum", lrn_with(own=False)),
    "wrap": ("LRN in which the first channels see the last ones (np.roll)", lrn_with(wrap=True)),
    "spatial": ("LRN over pixels of one channel; AlexNet's runs across channels", lrn_spatial),
    "batch_axis": ("LRN over images; it must run across channels", lrn_with(axis=0, groups=1)),
    "no_square": ("LRN with the sum of x, not of its square", lrn_with(term=np.positive)),
    "abs": ("LRN with the sum of |x|, not of the square", lrn_with(term=np.abs)),
    "sq_input": ("LRN with the square of x on top", lrn_with(top=2)),
    "beta_half": ("LRN with the exponent -1/2", lrn_with(beta=0.5)),
    "beta_one": ("LRN with the exponent -1", lrn_with(beta=1.0)),
    "beta_pos": ("LRN with the exponent +beta, where -beta must be", lrn_with(power=1)),
    "k0": ("LRN with k = 0", lrn_with(k=0.0)),
    "k1": ("LRN with k = 1", lrn_with(k=1.0)),
    "k2": ("LRN with k = 2", lrn_with(k=2.0)),
    "no_groups": ("LRN whose windows cross from one group to the next", lrn_with(groups=1)),
}
