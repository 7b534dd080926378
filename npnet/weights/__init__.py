"""Weights: checkpoints, from which a training goes on as if it had never stopped; trained networks, npnet's and those
in files of Caffe, PyTorch and others; and how they come to this computer."""
from .checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from .trained import Trained, found, is_ours, is_trained, save_trained, shipped, trained

__all__ = ["Checkpoint", "Trained", "found", "is_ours", "is_trained", "read_checkpoint", "save_checkpoint",
           "save_trained", "shipped", "trained"]
