"""What the network looks at, over the photograph: saliency and Grad-CAM of the best classes, from insight.py."""
import numpy as np

from ...layers import LAYERS
from ...network import every_layer
from .. import insight
from ..words import Said
from .layers import in_both

CLASSES = 5


def add_attention(blobs, explain, most):
    """The maps over the picture, {"views": [{"name", "maps", "hides"}, ...]}, one map a class; None for a network
    that sees no picture, ends in no classes, has no backward that works, or for which there is no room.

    hides: what such a map does not show, in both languages.
    """
    if len(explain.net.input_shape) != 3 or not explain.classes:
        return None
    views = []
    for name, compute, hides in VIEWS:
        try:
            maps = np.stack([compute(explain, answer.label) for answer in explain.best(CLASSES)])
        except ValueError:                                  # no convolution to look at, no class of that number
            continue
        except Exception:
            if all(type(layer) in LAYERS.values() for layer in every_layer(explain.net.layers).values()):
                raise
            continue                                        # a layer of the user's own may raise anything
        entry = blobs.add_scaled(maps, 1, "u1", most)
        if entry:
            views.append({"name": name, "maps": entry, "hides": in_both([Said(hides)])})
    return {"views": views} if views else None


def saliency(explain, label):
    """(H, W): how much the class's logit changes with each pixel."""
    return insight.saliency(explain.net, explain.x, label)


def grad_cam(explain, label):
    """(H, W): where the last maps hold what speaks for the class."""
    return insight.grad_cam(explain.net, explain.x, label)


VIEWS = (("saliency", saliency, "see.not_saliency"), ("gradcam", grad_cam, "see.not_gradcam"))
