"""Answers that do not come: a class that never is the answer, or a single class that always is."""
import math

import numpy as np

from ...screen import listed
from .finding import Finding

ERRORS = 4                  # standard errors of a share
FEW = 9                     # pictures of a class whose 0 answers are 3 standard errors away from as many answers
WITHOUT = 40                # pictures of a class without an answer: most rare classes were answered by then
EPOCHS = 2                  # whole ones without an answer of a class: in the first one answers are drawn by the weights
MANY = 300                  # pictures of it without an answer, in a long epoch. Chosen: most healthy trainings with a
                            # rare class (70:20:7:3 to 97:3) answered it after 40 of its pictures
SHARES = 0.95               # of the loss of knowing the shares of the classes: above it, no more is known
LEARNT = 0.8                # right answers among the other classes: a network that knows them
MAJORITY = 0.5              # of the pictures: a class with more is the best answer of a network that sees nothing


def one_answer(answers, case, train_loss, epochs):
    """The same answer for every picture, where that is the right answer for most of them.

    Where the classes are even, it is one more sign of a network that has learnt nothing, and explains little.
    """
    most, pictures, others = map(int, answers.same)
    if most < 0 or others < FEW:
        return []
    share, name = 1 - others / pictures, named(case, most)
    says = f"the last {pictures:,} were {name}, all of them, and {share:.1%} of the pictures are"
    if share - ERRORS * math.sqrt(share * (1 - share) / pictures) < MAJORITY:
        return [Finding("one-answer", "the answers", says, "look first at what keeps the loss up: no class is "
                        "preferred for its pictures", 0.2)]
    blind = train_loss is None or train_loss > SHARES * case.chance
    if not blind and not lasting(answers).any():
        return []
    if train_loss is not None:
        knows = "no better than" if blind else "below"
        says += f", so that is the share of right answers; the loss, {train_loss:.3f}, is {knows} the " \
                f"{case.chance:.3f} of knowing these shares and nothing else"
    return [Finding("one-answer", "the answers", says, "show the other classes as often as this one (repeat their "
                    "pictures)", 0.6, alone=epochs > 1)]


def never_answered(answers, case):
    """Classes that have pictures and are never the answer, in a network that learns the others."""
    never = np.flatnonzero((answers.labels > 0) & lasting(answers))
    others = np.delete(np.arange(case.classes), never)
    if not len(never) or answers.right[others].sum() < LEARNT * max(1, answers.labels[others].sum()):
        return []
    pictures, all_pictures = int(answers.labels[never].sum()), int(answers.labels.sum())
    how_many = "one" if len(never) == 1 else str(len(never))
    are = "is" if len(never) == 1 else "are"
    which = listed([named(case, k) for k in never])
    says = f"{how_many} of {case.classes} classes {are} never the answer: {which}, " \
           f"with {pictures:,} of the {all_pictures:,} pictures of this epoch"
    even = all_pictures / case.classes
    if pictures < 0.5 * even * len(never):
        says += f" where {even * len(never):,.0f} would be an even share"
        do = "show them oftener (repeat their pictures)"
    else:
        instead = np.bincount(answers.last[1][np.isin(answers.last[0], never)], minlength=1)
        says += f"; the answer is {named(case, int(instead.argmax()))} in most cases" if instead.any() else ""
        do = "look at a sheet of these classes (npnet data show): their labels, and what they have in common"
    return [Finding("class-never", "the answers", says, do, 0.6, alone=True, level=len(never))]


def lasting(answers):
    """Which classes have not been the answer for so long that it is neither chance nor only the beginning."""
    without = np.where(answers.answers > 0, 0, answers.epochs + 1)
    return (answers.since >= WITHOUT) & (without >= EPOCHS) | (answers.since >= MANY)


def named(case, k):
    """The name of a class, or its number."""
    return case.names[k] if case.names else str(k)
