"""Fit: the ready loop, the doctor who watches it, and the report of a run."""
from npnet.fit.answers import Score, answers, score
from npnet.fit.doctor import Doctor
from npnet.fit.labels import labels_fit
from npnet.fit.loop import fit
from npnet.fit.memory import memory_sentence, predicted_peak
from npnet.fit.overfit import overfit
from npnet.fit.recipe import Recipe
from npnet.fit.run import Run

__all__ = ["Doctor", "Recipe", "Run", "Score", "answers", "fit", "labels_fit", "memory_sentence", "overfit",
           "predicted_peak", "score"]
