"""Data: from a photograph on the disk to the array that a network reads."""
from npnet.data.pictures import PREPARED, prepare, read_picture, resize_and_crop, sample_picture, to_input

__all__ = ["PREPARED", "prepare", "read_picture", "resize_and_crop", "sample_picture", "to_input"]
