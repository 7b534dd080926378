"""Data: from photographs on the disk to the batches that a network reads."""
import importlib
import sys

from .augment import augment_examples
from .find import dataset
from .loader import Loader
from .pictures import pieces, read_picture, resize_and_crop, sample_picture
from .pipeline import Pipeline, to_input
from .readers import cifar, folders, imagenet, matlab, mnist, packs
from .readers.folders import checked
from .readers.packs import arrays
from .sets import DataSet, Pictures, held_out

__all__ = ["DataSet", "Loader", "PREPARED", "Pictures", "Pipeline", "arrays", "augment_examples", "checked", "dataset",
           "held_out", "pieces", "prepare", "read_picture", "resize_and_crop", "sample_picture", "to_input"]

for reader in (cifar, folders, imagenet, matlab, mnist, packs):         # npnet.data.cifar, as they were called in 0.1.0
    sys.modules[reader.__name__.replace(".readers", "")] = reader


def __getattr__(name):
    """PREPARED and prepare, which know the versions of networks and so belong to npnet.weights."""
    if name in ("PREPARED", "prepare"):
        return getattr(importlib.import_module("npnet.weights.prepared"), name)
    raise AttributeError(f"npnet.data has no {name!r}; it has {', '.join(__all__)}")
