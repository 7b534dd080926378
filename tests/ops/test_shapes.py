"""Output sizes, by hand and against counting the windows one by one (traps 1 and 2)."""
import itertools

import numpy as np
import pytest

from npnet.ops.shapes import conv_size, framed, pool_size, reach, taps

CASES = list(itertools.product((5, 6, 7, 13, 14), (1, 2, 3, 5), (1, 2, 3, 4), (0, 1, 2)))


def starts(size, window, stride, pad):
    """Where windows that fit start, counted one by one, in pixels of the picture."""
    return [start for start in range(-pad, size + pad, stride) if start + window <= size + pad]


@pytest.mark.parametrize("size, expected", [(227, (55, 27, 13, 6)), (224, (54, 26, 12, 5))])
def test_alexnet_floor(size, expected):
    conv1 = conv_size(size, 11, 4, 0)
    pools = [conv1]
    for _ in range(3):
        pools.append(pool_size(pools[-1], 3, 2, 0))

    assert tuple(pools) == expected


def test_224_becomes_55_by_the_rule_of_2012_and_by_padding():
    assert conv_size(224, 11, 4, 0, ceil_mode=True) == 55
    assert conv_size(224, 11, 4, 2) == 55
    assert conv_size(227, 11, 4, 0, ceil_mode=True) == 55


@pytest.mark.parametrize("size, window, stride, pad", CASES)
def test_floor_counts_the_windows_that_fit(size, window, stride, pad):
    fitting = starts(size, window, stride, pad)

    assert conv_size(size, window, stride, pad) == len(fitting)
    if pad < window:
        assert pool_size(size, window, stride, pad) == len(fitting)


@pytest.mark.parametrize("size, window, stride, pad", CASES)
def test_ceil_adds_a_window_where_pixels_are_left_over(size, window, stride, pad):
    fitting = starts(size, window, stride, pad)
    left_over = fitting[-1] + window < size + pad
    more = fitting[-1] + stride

    assert conv_size(size, window, stride, pad, ceil_mode=True) == len(fitting) + left_over
    if pad < window:
        assert pool_size(size, window, stride, pad, ceil_mode=True) == len(fitting) + (left_over and more < size)


@pytest.mark.parametrize("size, window, stride, pad", CASES)
def test_taps_and_reach(size, window, stride, pad):
    windows = [range(start, start + window) for start in starts(size, window, stride, pad)]

    assert taps(size, window, stride, pad, len(windows)) == sum(0 <= i < size for w in windows for i in w)
    assert reach(size, window, stride, pad, len(windows)) == size + 2 * pad
    assert reach(size, window, stride, pad, len(windows) + 1) >= windows[-1][-1] + stride + pad + 1


def test_framed():
    x = np.arange(1.0, 5).reshape(1, 1, 2, 2)

    assert framed(x, 1, 4, 5, -1).tolist() == [[[[-1, -1, -1, -1, -1], [-1, 1, 2, -1, -1], [-1, 3, 4, -1, -1],
                                                 [-1, -1, -1, -1, -1]]]]
    assert framed(x, 0, 2, 2, 9).tolist() == x.tolist()
    assert framed(x.astype(np.float32), 1, 4, 4, 0).dtype == np.float32


def test_too_large_a_window():
    with pytest.raises(ValueError, match="a window of 7 does not fit into 4 pixels with pad=1"):
        conv_size(4, 7, 1, 1)
