"""Data: from a photograph on the disk to the array that a network reads."""
from npnet.data.pictures import PREPARED, prepare, read_picture, resize_and_crop, sample_picture, to_input
from npnet.data.sets import DataSet, Pictures

__all__ = ["DataSet", "PREPARED", "Pictures", "prepare", "read_picture", "resize_and_crop", "sample_picture",
           "to_input"]
