"""Arrays as text inside the page: compressed, in base64, each in an element of its own that is read when it is needed.

What is kept exactly goes as float32, its four bytes in four planes, which compress better. What may be approximate
goes as whole numbers from -127 to 127 (or -32767 to 32767) with one scale for each row of the first axes.
"""
import base64
import gzip

import numpy as np

LEVEL = 6                       # of gzip: more takes long and gains little


class Blobs:
    """The packed arrays of a page, and how many letters they take."""

    def __init__(self):
        self.texts = []

    @property
    def size(self):
        return sum(map(len, self.texts))

    def add(self, array, kind, most=None):
        """Packs an array of float32 ("f4"), int8 ("i1"), int16 ("i2") or uint8 ("u1"); returns its entry for the page.

        None, and nothing is added, where the page would grow beyond `most` letters.
        """
        dtype = np.dtype(kind).newbyteorder("<")
        raw = np.ascontiguousarray(array, dtype).reshape(-1)
        planes = raw.view(np.uint8).reshape(-1, dtype.itemsize).T
        text = base64.b64encode(gzip.compress(planes.tobytes(), LEVEL, mtime=0)).decode()
        if most is not None and self.size + len(text) > most:
            return None
        self.texts.append(text)
        return {"id": len(self.texts) - 1, "kind": kind, "shape": list(array.shape)}

    def add_scaled(self, array, axes, kind="i1", most=None):
        """Packs whole numbers and one scale for each place of the first `axes` axes; None as add."""
        whole, scales = quantised(array, axes, kind)
        entry = self.add(whole, kind, most)
        return entry and entry | {"scales": [plain(scale) for scale in scales.reshape(-1)]}

    def add_codes(self, array, values, most=None):
        """Packs an array that has few values, sorted in `values`, as their numbers in the list; None as add."""
        entry = self.add(np.searchsorted(values, array), "u1", most)
        return entry and entry | {"table": [plain(value) for value in values]}


def quantised(array, axes, kind="i1"):
    """array -> whole numbers of the same shape, and scales of the first `axes` axes: array is nearly whole * scale.

    It is off by at most half a scale. NaN and infinity become 0 and the largest number.
    """
    largest = np.iinfo(kind).max
    rows = np.nan_to_num(np.asarray(array, np.float64), posinf=0, neginf=0).reshape(*array.shape[:axes], -1)
    scales = np.abs(rows).max(axis=-1, initial=0) / largest
    safe = np.where(scales > 0, scales, 1)[..., None]
    whole = np.clip(np.round(rows / safe), -largest, largest).astype(kind)
    return whole.reshape(array.shape), scales


def plain(value):
    """A number that JSON can hold: NaN and infinity become their names, which the page reads."""
    value = float(value)
    if value != value:
        return "NaN"
    if value in (np.inf, -np.inf):
        return "Infinity" if value > 0 else "-Infinity"
    return value
