"""Data: from photographs on the disk to the batches that a network reads."""
from npnet.data.augment import augment_examples
from npnet.data.find import dataset
from npnet.data.folders import checked
from npnet.data.loader import Loader
from npnet.data.packs import arrays
from npnet.data.pictures import PREPARED, prepare, read_picture, resize_and_crop, sample_picture, to_input
from npnet.data.pipeline import Pipeline
from npnet.data.sets import DataSet, Pictures, held_out

__all__ = ["DataSet", "Loader", "PREPARED", "Pictures", "Pipeline", "arrays", "augment_examples", "checked", "dataset",
           "held_out", "prepare", "read_picture", "resize_and_crop", "sample_picture", "to_input"]
