"""How large is the output? One formula, two ways to round it.

A window of `window` pixels slides over a row of `size` pixels that has `pad` extra pixels on
either side. Its first position is 0, the next ones `stride`, 2*stride ... as long as it fits:

    floor((size + 2*pad - window) / stride) + 1

When the division leaves a remainder, the last pixels are seen by no window. Rounding *up* instead
adds one more window, part of which hangs over the edge. Who rounds how:

    convolution   floor   Caffe, PyTorch, everybody today
                  ceil    the 2012 code of AlexNet, which reads zeros beyond the picture; with it a
                          picture of 224 pixels gives the 55 x 55 maps of the paper: (224 - 11)/4 = 53.25
    pooling       floor   PyTorch by default
                  ceil    Caffe, the 2012 code, PyTorch with ceil_mode=True; a last window that
                          would start beyond the picture (in the padding) is dropped
"""


import numpy as np


def conv_size(size, window, stride, pad, ceil_mode=False):
    """Output size of a convolution along one axis.

    size, window, stride and pad are pixels. With ceil_mode the rule of the 2012 code holds: round
    up, and read zeros beyond the picture; nothing is dropped.

    >>> conv_size(227, 11, 4, 0), conv_size(224, 11, 4, 0), conv_size(224, 11, 4, 0, ceil_mode=True)
    (55, 54, 55)
    """
    room = size + 2 * pad - window
    if room < 0:
        raise ValueError(f"a window of {window} does not fit into {size} pixels with pad={pad}; "
                         f"use a smaller window or more padding")
    return (-(-room // stride) if ceil_mode else room // stride) + 1


def pool_size(size, window, stride, pad, ceil_mode=False):
    """Output size of pooling along one axis; with ceil_mode as Caffe and PyTorch count it.

    >>> pool_size(55, 3, 2, 0), pool_size(6, 3, 2, 0), pool_size(6, 3, 2, 0, ceil_mode=True)
    (27, 2, 3)
    >>> pool_size(5, 2, 3, 1), pool_size(5, 2, 3, 1, ceil_mode=True)        # the third would start at 5
    (2, 2)
    """
    windows = conv_size(size, window, stride, pad, ceil_mode)
    if (windows - 1) * stride >= size + pad:        # the last window starts beyond the picture
        windows -= 1
    return windows


def reach(size, window, stride, pad, windows):
    """How many pixels the picture with its padding, or its last window, takes; whichever ends later."""
    return max(size + 2 * pad, (windows - 1) * stride + window)


def taps(size, window, stride, pad, windows):
    """How many pixels all windows along one axis see together, those in the padding not counted.

    >>> taps(27, 5, 1, 2, 27)           # conv2 of AlexNet: 27 windows of 5, less 2 + 1 + 1 + 2 at the ends
    129
    """
    starts = [window_number * stride - pad for window_number in range(windows)]
    return sum(max(0, min(start + window, size) - max(start, 0)) for start in starts)


def wide(x):
    """The dtype in which sums over x are added up: float64, so that a mean of a million float32 numbers is right."""
    return np.result_type(x.dtype, np.float64)


def framed(x, pad, rows, columns, value):
    """The pictures x (N, C, H, W) with `pad` pixels of `value` above and to the left of them and
    as many below and to the right as fill (N, C, rows, columns)."""
    H, W = x.shape[2:]
    frame = np.full_like(x, value, shape=x.shape[:2] + (rows, columns))
    frame[:, :, pad:pad + H, pad:pad + W] = x
    return frame
