"""Weights: checkpoints, from which a training goes on as if it had never stopped, and networks that are trained."""
from npnet.weights.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from npnet.weights.trained import Trained, found, hand_on, is_trained, shipped, trained

__all__ = ["Checkpoint", "Trained", "found", "hand_on", "is_trained", "read_checkpoint", "save_checkpoint", "shipped",
           "trained"]
