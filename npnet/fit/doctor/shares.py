"""Shares of right answers in training and in validation, compared in standard errors of the binomial."""
import math
from fractions import Fraction

import numpy as np

GAP = 0.15                  # right answers in training minus those in validation, below which nothing is said
ERRORS = 4                  # standard errors: by chance once in 30,000 epochs
MANY = 1_000_000            # validation pictures that a share of right answers is searched for


class Shares:
    """The shares of right answers in training and in validation, with the standard error of their difference."""

    def __init__(self, row, answers, finest, classes):
        self.train, self.top1, self.classes = row["train_top1"], row["top1"], classes
        seen = int(answers.labels.sum())
        self.pictures = row.get("pictures") or finest
        self.seen = seen or Fraction(self.train).limit_denominator(MANY).denominator
        self.largest = float(answers.labels.max() / seen) if seen else 1 / classes      # share of the largest class
        known, pictures = reference(row, answers)
        self.gap = known - self.top1
        self.error = math.hypot(error(known, pictures or self.seen), error(self.top1, self.pictures))

    def worse(self):
        """Whether validation is worse than training, and not by chance."""
        return self.gap > max(GAP, ERRORS * self.error)

    def good(self):
        """Whether training is past the half of the way from knowing the largest class to knowing everything."""
        return self.train > (1 + self.largest) / 2

    def at_chance(self):
        """Whether validation is no better than guessing."""
        return self.top1 <= self.largest + error(self.top1, self.pictures)

    def below_guessing(self):
        """Whether validation is right less than half as often as guessing, and not by chance."""
        even = 1 / self.classes
        return self.top1 < even / 2 and \
            even - self.top1 > ERRORS * math.sqrt(even * (1 - even) / self.pictures)

    def __str__(self):
        return f"{self.train:.1%} right in training, {self.top1:.1%} in validation"


def reference(row, answers):
    """The share of right answers that validation is compared with, and of how many pictures (0: of all).

    Where most pictures are of one class, it is that of the class that is known least: validation may have other shares.
    """
    classes, pictures = len(answers.labels), answers.labels.sum()
    if not pictures or answers.labels.max() / pictures < max(0.5, 1.4 / classes):
        return row["train_top1"], 0
    there = np.flatnonzero(answers.labels)
    least = there[(answers.right[there] / answers.labels[there]).argmin()]
    return float(answers.right[least] / answers.labels[least]), int(answers.labels[least])


def error(share, pictures):
    """The standard error of a share of so many pictures, with one right and one wrong answer added to them."""
    share = (share * pictures + 1) / (pictures + 2)
    return math.sqrt(share * (1 - share) / max(pictures, 1))
