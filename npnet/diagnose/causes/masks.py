"""Causes of functions of single numbers that pass some and stop others: another mask than forward's."""
import numpy as np

from ..evidence import Cause
from ..reads import ENOUGH, brief


def another_mask(evidence):
    """Where x and y have one shape: numbers pass by another mask than forward's."""
    if evidence.array.shape != evidence.y.shape or not evidence.whole or not np.isfinite(evidence.gradient).all():
        return None
    use = ~evidence.kinks & (np.abs(evidence.dy.ravel()) > 0)
    limit = max(5 * evidence.noise, 1e-6 * np.abs(evidence.J_all).max(initial=0))
    slope = np.diag(evidence.J_all)
    if (np.abs(evidence.J_all - np.diag(slope)) > limit)[:, use].any():     # an output reads other entries as well
        return None
    passes = np.divide(evidence.gradient.ravel(), evidence.dy.ravel(), where=use, out=np.zeros(slope.shape))
    return mask_cause(evidence, slope, passes, use, 10 * limit)


def mask_cause(evidence, slope, passes, use, limit):
    """The Cause if forward's slopes are two numbers, and backward's the same at other places, or one everywhere."""
    low, high = slope[use].min(initial=np.inf), slope[use].max(initial=-np.inf)
    if abs(low) > abs(high):
        low, high = high, low
    is_high = np.abs(slope - high) <= limit
    if high - low == 0 or (~is_high & (np.abs(slope - low) > limit))[use].any() or abs(high - low) <= limit:
        return None
    level = np.median(passes[use])
    everywhere = abs(level) > limit and (np.abs(passes - level) <= limit)[use].all()
    given = np.abs(passes - (level if everywhere else high)) <= limit
    if not everywhere and (~given & (np.abs(passes - low) > limit))[use].any():
        return None
    wrong = use & (given != is_high)
    both = (wrong & given).any() and (wrong & ~given).any()
    if wrong.sum() < ENOUGH or not given[use].any() or not (everywhere or both):
        return None
    i = int(np.where(wrong, np.abs(evidence.dy.ravel()), -1).argmax())
    example = (f"{evidence.index(i)} = {brief(evidence.array.ravel()[i])} has slope {brief(slope[i])}; dy is "
               f"{brief(evidence.dy.ravel()[i])} there, and backward gives {brief(evidence.gradient.ravel()[i])}.")
    if everywhere:
        sentence = (f"Backward has no mask: dy passes everywhere, though forward's slope is {brief(low)} at "
                    f"{(use & ~is_high).sum()} of {use.sum()} entries.")
        look = "Does backward use the mask that forward made?"
        return Cause("mask", sentence, example=example, look=look, sure="exact")
    source = mask_source(evidence, given, use)
    by = f"where {source}" if source else "by another mask, of another array or drawn anew"
    sentence = (f"Backward lets dy pass {by}; that is not where forward lets x pass ({wrong.sum()} of {use.sum()} "
                f"entries differ).")
    look = "Is the mask that forward used kept for backward?"
    return Cause("mask", sentence, example=example, look=look, sure="exact" if source else "likely")


def mask_source(evidence, given, use):
    """'dy > 0': the condition that gives this mask, or ''."""
    arrays = {"dy": evidence.dy, "y": evidence.y, **evidence.arrays}
    for name, array in arrays.items():
        if array.shape == evidence.y.shape:
            masks = {f"{name} > 0": array > 0, f"{name} < 0": array < 0, f"{name} is not 0": array != 0}
            for words, mask in masks.items():
                if (mask.ravel() == given)[use].all():
                    return words
    return ""


CAUSES = [another_mask]
