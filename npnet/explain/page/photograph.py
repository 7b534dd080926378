"""The photograph in the page, and which part of it the network saw."""
import base64
import io

import numpy as np

from ...backend import ops
from ...data.augment import middle, square
from ...data.pictures import pillow, shorter_for

LONGER = 640                    # pixels of the photograph in the page
ALIKE = 0.98                    # correlation from which a part counts as found


def photograph_data(explain):
    """{"url", "width", "height", "part"} or None without a photograph; part: [top, left, side] in its pixels, the
    square that became the input, or None where none of the usual ones is what the network was given."""
    if explain.picture is None:
        return None
    picture = pillow().Image.fromarray(np.asarray(explain.picture))
    height, width = explain.picture.shape[:2]
    picture.thumbnail((LONGER, LONGER))
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=85)
    url = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    return {"url": url, "width": width, "height": height, "part": part_seen(explain)}


def part_seen(explain):
    """The square of the photograph that the input shows, found by comparing: [top, left, side] or None."""
    x = ops.to_host(explain.x)
    if x.ndim != 4 or x.shape[1] not in (1, 3) or x.shape[2] != x.shape[3]:
        return None
    size, (height, width) = x.shape[2], explain.picture.shape[:2]
    best = max(((alike(explain.picture, shorter, x[0], explain.order), shorter)
                for shorter in {size, shorter_for(size)}), default=(0, size))
    if not best[0] >= ALIKE:
        return None
    side, shorter = min(height, width), best[1]
    cut = middle(shorter, shorter, size)[0].start * side / shorter
    return [(height - side) / 2 + cut, (width - side) / 2 + cut, size * side / shorter]


def alike(picture, shorter, x, order):
    """The correlation of the input's mean channel with the middle of the picture, resized to `shorter`."""
    size = x.shape[-1]
    places = middle(shorter, shorter, size)
    cut = square(picture, shorter)[places].astype(np.float64).mean(axis=2)
    seen = x.astype(np.float64).mean(axis=0)
    if cut.std() == 0 or seen.std() == 0:
        return 0.0
    return float(np.corrcoef(cut.ravel(), seen.ravel())[0, 1])
