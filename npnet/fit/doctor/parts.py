"""Pictures of two parts, some dozens of each: are they prepared in the same way?

What differs from picture to picture is no sign, and a batch may hold a single class: so only what no batch of the same
pictures shows is one.
"""
import numpy as np

# 400 batches of 8 to 64 pictures of a single class of MNIST or CIFAR-10, against 64 pictures of all classes, reach:
FACTOR = 1.8                # between the deviations of the pixels: 1.43
MOVED = 3.0                 # between the means of a channel, in deviations from picture to picture: 2.54 ...
LEAST = 0.25                # ... where they were 0.23 deviations of the pixels apart: both must be more
FIXED, INVERTED = 0.1, -0.5     # share of all variance in the mean picture, and correlation of both mean pictures: 0.58
FEWEST = 8                  # pictures of each part: of fewer nothing was measured


def difference(seen, shown):
    """What the pictures `shown` (N, C, H, W) have that `seen` have not, as half a sentence; None if nothing."""
    if min(len(seen), len(shown)) < FEWEST or not np.isfinite(shown).all() or not seen.std() > 0:
        return None
    seen, shown = (x.reshape(*x.shape[:2], -1).astype(np.float64) if x.ndim > 2 else x[:, None].astype(np.float64)
                   for x in (seen, shown))                                              # (N, C, pixels)
    if not 1 / FACTOR < shown.std() / seen.std() < FACTOR:
        return f"its last pictures have deviation {shown.std():.3g}, those of training {seen.std():.3g}"
    ours, theirs = seen.mean(axis=2), shown.mean(axis=2)                                # (N, C)
    apart = abs(theirs.mean(axis=0) - ours.mean(axis=0))
    if ((apart > MOVED * (ours.std(axis=0) + theirs.std(axis=0)) / 2) & (apart > LEAST * seen.std())).any():
        return f"its last pictures have mean {figures(theirs)}, those of training {figures(ours)}"
    one, other = (x.mean(axis=0).ravel() for x in (seen, shown))                        # the mean pictures
    if one.var() > FIXED * seen.var() and other.std() > 0 and np.corrcoef(one, other)[0, 1] < INVERTED:
        return f"its mean picture is the reverse of training's (correlation {np.corrcoef(one, other)[0, 1]:.2f}): " \
               f"what is bright in one is dark in the other"
    return None


def figures(means):
    """The mean of each channel: '0.5, 0.1 and -0.2'."""
    return ", ".join(f"{mean:.2g}" for mean in means.mean(axis=0))
