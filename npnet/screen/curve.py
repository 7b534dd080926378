"""A curve in one line of text, for a glance."""
import math

HEIGHTS = "▁▂▃▄▅▆▇█"
WIDE = 100                      # where the largest number is so many times the smallest, the scale is logarithmic


def curve(values, columns=50):
    """The numbers from left to right as blocks of eight heights, each the mean of its share of them; x stands for NaN
    and infinity."""
    values = list(map(float, values))
    columns = min(columns, len(values))
    cuts = [round(len(values) * column / columns) for column in range(columns + 1)] if columns else [0]
    means = [sum(values[first:last]) / (last - first) for first, last in zip(cuts, cuts[1:])]
    known = [mean for mean in means if math.isfinite(mean)]
    if not known:
        return "x" * columns
    logarithmic = min(known) > 0 and max(known) > WIDE * min(known)
    low, high = (math.log(end) if logarithmic else end for end in (min(known), max(known)))
    return "".join(height((math.log(mean) if logarithmic else mean) - low, high - low) if math.isfinite(mean) else "x"
                   for mean in means)


def height(above, whole):
    """The block of a number that lies so far above the lowest, where the highest lies `whole` above it."""
    return HEIGHTS[min(int(above / whole * len(HEIGHTS)), len(HEIGHTS) - 1)] if whole > 0 else HEIGHTS[0]
