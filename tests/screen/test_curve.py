"""A curve in one line."""
import math

from npnet.screen import curve


def test_heights_are_even_between_the_lowest_and_the_highest():
    assert curve([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█" and curve([7, 0]) == "█▁"


def test_more_numbers_than_columns_are_averaged():
    assert curve([0, 2, 7, 9], columns=2) == "▁█" and len(curve(range(1000), columns=50)) == 50


def test_a_wide_range_is_logarithmic():
    assert curve([1, 100]) == curve([1, 1000]) == "▁█"
    assert curve([1, 10, 1000]) == "▁▃█" and curve([0, 10, 1000]) == "▁▁█"


def test_what_is_no_number_and_what_is_level():
    assert curve([1, math.nan, 3, math.inf]) == "▁x█x" and curve([math.nan]) == "x" and curve([]) == ""
    assert curve([2, 2, 2]) == "▁▁▁"
