"""Three classes of small pictures that are learnt in a moment: for tests of trainings, alone and on several ranks."""
import numpy as np

from npnet.data import Pictures, Pipeline

PIPELINE = Pipeline(size=8, shorter=8, channels=3, mean=127.0, deviation=60.0, pad=1)


def pictures(count, seed=0):
    """Squares that are brighter at the top, in the middle or at the bottom."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.integers(0, 120, (count, 8, 8, 3), np.uint8)
    for image, label in zip(images, labels):
        image[3 * label:3 * label + 2] += 100
    return Pictures(images, labels, ("top", "middle", "bottom"))
