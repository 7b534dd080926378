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
    """{"url", "width", "height", "part"} or None without a photograph; part: [top, left, height, width] in its pixels,
    what became the input, or None where none of the usual parts is what the network was given."""
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
    """The part of the photograph that the input shows, found by comparing: [top, left, height, width] or None."""
    x = ops.to_host(explain.x)
    if x.ndim != 4 or x.shape[1] not in (1, 3) or x.shape[2] != x.shape[3]:
        return None
    size, (height, width) = x.shape[2], explain.picture.shape[:2]
    likeness, shorter, stretch = max((alike(explain.picture, shorter, stretch, x[0]), shorter, stretch)
                                     for shorter in {size, shorter_for(size)} for stretch in (False, True))
    if not likeness >= ALIKE:
        return None
    high, wide = (height, width) if stretch else (min(height, width),) * 2      # what became the larger square
    cut, share = middle(shorter, shorter, size)[0].start / shorter, size / shorter
    return [(height - high) / 2 + cut * high, (width - wide) / 2 + cut * wide, share * high, share * wide]


def alike(picture, shorter, stretch, x):
    """The correlation of the input's mean channel with the middle of the picture, made a square of `shorter`."""
    size = x.shape[-1]
    cut = square(picture, shorter, stretch)[middle(shorter, shorter, size)].astype(np.float64).mean(axis=2)
    seen = x.astype(np.float64).mean(axis=0)
    if cut.std() == 0 or seen.std() == 0:
        return 0.0
    return float(np.corrcoef(cut.ravel(), seen.ravel())[0, 1])
