"""Weights: checkpoints, from which a training goes on as if it had never stopped, and networks that are trained."""
from .checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from .trained import Trained, found, is_trained, shipped, trained

__all__ = ["Checkpoint", "Trained", "found", "is_trained", "read_checkpoint", "save_checkpoint", "shipped", "trained"]
