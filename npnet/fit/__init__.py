"""Fit: the ready loop, the doctor who watches it, and the report of a run."""
from .answers import Score, answers, score
from .doctor import Doctor
from .labels import labels_fit
from .loop import fit
from .memory import memory_sentence, step_memory
from .overfit import overfit
from .recipe import Recipe
from .run import Run

__all__ = ["Doctor", "Recipe", "Run", "Score", "answers", "fit", "labels_fit", "memory_sentence", "overfit", "score",
           "step_memory"]
