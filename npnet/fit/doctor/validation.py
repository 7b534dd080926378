"""After an epoch: what is right in training and wrong in validation, and why.

A validation that is far worse than training has several causes, and each leaves its own evidence:

    the network       batch norm's running statistics: the last training pictures are wrong, too, once they are
                      answered as at test
    the pictures      mean and deviation of what was shown last are others than in training
    the classes       answers agree with the labels in another order; or are right less often than by guessing
    the asking        layers remember how they were asked last: as in training; or training's pictures are wrong as at
                      test and right as in training, with the same weights
    by heart          the training pictures came before, so an epoch's share of right answers is that of known ones.
                      In the first epoch each was new, so what was right then was not known by heart; and where
                      training pictures that look alike have the same label, so should validation's

The figures of training are means over an epoch and with dropout on, so in a healthy training they are often the worse
ones. Shares are compared in standard errors of the binomial: 10 validation pictures prove hardly anything.
"""
import math
from fractions import Fraction

import numpy as np

from ...backend import ops
from ...screen import listed
from ...weights.checkpoint import MAYBE, NUMBER
from ..labels import NEAREST
from ..measures import finite
from .answers import Answers, Eye, Recent
from .asking import asked_in_training, random_at_test, test_differs
from .case import Examiner
from .course import EXPLODED, guessing
from .finding import Finding
from .parts import difference
from .replies import never_answered, one_answer
from .running import CAUGHT_UP, LEFT, MOMENTUM, Running
from .shares import ERRORS, GAP, MANY, Shares, error, reference

KNOWN = 0.7                 # chosen: of log(classes); a first loss below it is of weights that know something
EARLY = 64                  # pictures over which the first loss is averaged, and that are remembered, to see them again
MARK = 256                  # numbers of a picture by which it is known: the sums of 16 are equal in 8 % of MNIST's
AGAIN = 3                   # of these pictures that must come again: two may be equal in any set
WORSE = 1.5                 # chosen: validation's loss over training's, above which it is worse in the loss, too
COUNTS = ("labels", "answers", "right", "since", "same", "epochs")           # of Answers, kept for a resume
COMPARE = "compare the order of the classes in both parts, and the labels of a few validation pictures"
LEVEL = 0.9                 # of the last epoch's loss: below it, the loss falls
KNOWS = 0.75                # of the loss of guessing: a network that knows the other classes is below it
LOUD = 3.0                  # chosen: the same where batch norm is behind
ALIKE = 0.5                 # chosen: of the share of training pictures whose likes have their label. A network that
                            # knows its pictures by heart and is right of fewer new ones was shown others


class Validation(Examiner):
    """Looks at the answers in training, and at validation beside training."""

    STATE = {"previous": MAYBE, "epochs": int, "steps": int, "lowest": [NUMBER], "best": NUMBER, "finest": int,
             "unseen": MAYBE, "first_loss": [NUMBER], "repeated": bool, "counts": {...: [int]}}

    def __init__(self, net, likes=None):
        """likes: gives the LabelsFit of the training pictures, or None."""
        self.running, self.recent, self.eye, self.answers, self.likes = Running(net), Recent(), Eye(net), None, likes
        self.epochs, self.steps, self.previous = 0, 0, math.inf         # previous: the last epoch's loss
        self.lowest, self.best = [], 0.0                        # the lowest validation loss, its epoch; the best share
        self.finest = 1                                         # validation pictures that the shares prove
        self.unseen = None                                      # the first epoch's share, if each picture was new
        self.first_loss, self.first, self.again, self.repeated = [0.0, 0], None, set(), False

    # ------------------------------------------------------------------ every step

    def see(self, case):
        """Puts the step aside, by reference; nothing is computed but where the first pictures might come again."""
        self.steps += 1
        self.replies(case).see(case.logits, case.labels)
        self.running.see(case.net)
        x = self.eye.shown(case.net)
        self.recent.see(x, case.labels, case.logits)
        if self.epochs == 0:
            self.begin(case, x)
        return []

    def replies(self, case):
        """The Answers of this training, as many classes as it has."""
        if self.answers is None:
            self.answers = Answers(case.classes)
        return self.answers

    def begin(self, case, x):
        """In the first epoch: whether the network knows something already, and whether pictures come again."""
        total, pictures = self.first_loss
        if pictures < EARLY and math.isfinite(case.step.loss):
            self.first_loss = [total + len(case.labels) * case.step.loss, pictures + len(case.labels)]
        if x is None or self.repeated:
            return
        if self.first is None or not self.first[1]:
            self.first = (case.labels[:4].tolist(), set(marks(x[:EARLY])))
        elif self.steps % 8 == 0 or case.labels[:4].tolist() == self.first[0]:
            self.again |= self.first[1].intersection(marks(x))
            self.repeated = len(self.again) >= min(AGAIN, len(self.first[1]))

    # ------------------------------------------------------------------ after an epoch

    def epoch(self, case, row):
        """Findings on the answers of this epoch, and on validation."""
        answers = self.replies(case)
        answers.count()
        self.epochs += 1
        if self.epochs == 1 and not self.repeated and self.steps and not self.knew(case):
            self.unseen = reference(row, answers)[0]
        # while the loss falls, or is near that of guessing, a class may come later
        settled = LEVEL * self.previous < row["train_loss"] < KNOWS * case.chance
        found = one_answer(answers, case, row["train_loss"], self.epochs)
        found = found or (never_answered(answers, case) if settled else [])
        worse, self.previous = row["train_loss"] > self.previous, row["train_loss"]     # then its mean is of the past
        if worse and row.get("loss") is not None and math.isfinite(row["loss"]):
            self.remember(row)
        elif row.get("loss") is not None and math.isfinite(row["train_loss"]):
            found = self.validation(case, row) + found
            self.remember(row)
        answers.forget()
        return found

    def suspects(self, case):
        """Answers that are always the same."""
        answers = self.replies(case)
        answers.count()
        return one_answer(answers, case, None, self.epochs)

    def knew(self, case):
        """Whether the network had learnt something before its first step."""
        total, pictures = self.first_loss
        return not case.fresh or pictures > 0 and total / pictures < KNOWN * math.log(case.classes)

    def remember(self, row):
        """What later epochs are compared with."""
        if math.isfinite(row["loss"]):
            self.lowest = min(self.lowest, [row["loss"], self.epochs]) if self.lowest else [row["loss"], self.epochs]
            self.best = max(self.best, row["top1"])

    def validation(self, case, row):
        """At most one finding: why validation is worse than training, if it is."""
        if not math.isfinite(row["loss"]):
            return [self.broken(case, row)]
        self.finest = max(self.finest, Fraction(row["top1"]).limit_denominator(MANY).denominator)
        shown = self.shown(case.net)
        shares = Shares(row, self.answers, max(self.finest, 0 if shown is None else len(shown)), case.classes)
        behind = self.running.behind(self.steps)
        last = case.step is not None and case.net.step in (0, case.number)      # else some steps were not shown to him
        asked = asked_in_training(case.net, shares) if shares.worse() and last and shown is not None else None
        asked = asked or (random_at_test(case.net, self.recent) if self.epochs == 1 else None)
        if asked:
            return [asked]
        if not (shares.worse() or behind and row["loss"] > LOUD * row["train_loss"]):
            return []
        before, now = self.recent.in_training(), self.recent.at_test(case.net)
        if behind and (not self.recent.pictures or self.lost(shares, before, now, behind)):
            return [self.statistics(case, shares, row, behind, before, now)]
        blind = self.running.layers and not self.recent.pictures
        if not shares.worse() or blind:
            return []
        if before.right - now.right > self.noise(now) / 2:      # the network is bad at training's, too
            lost = self.recent.pictures and before.right - now.right > max(GAP, self.noise(now))
            differs = test_differs(case.net, self.recent, now, shares) if lost else None
            return [differs] if differs else []
        if self.recent.pictures and now.right - shares.top1 <= GAP:
            return []                                           # what was better in this epoch is lost again
        found = self.other_pictures(shares, shown) or other_order(case, row, shares) or self.not_by_heart(shares)
        found = found or self.unlike(shares)
        return [found] if found else self.by_heart(row, shares)

    def shown(self, net):
        """The pictures that the network was shown last, in validation; None where they are not remembered."""
        x = self.eye.shown(net)
        trained = self.recent.batches and x is not None and np.may_share_memory(x, self.recent.batches[-1][0])
        return None if trained else x

    def noise(self, now):
        """How far the share of right answers among the last training pictures may lie from the true one."""
        return ERRORS * error(now.right, self.recent.pictures)

    def lost(self, shares, before, now, behind):
        """Whether the last training pictures are answered worse as at test than they were in training."""
        if shares.worse() and before.right - now.right > max(GAP, self.noise(now)):
            return True
        more = now.losses - before.losses
        slow = min(self.running.layers[name].momentum for name in behind) < MOMENTUM / 2
        return slow and now.losses.mean() > LOUD * before.losses.mean() and \
            more.mean() > ERRORS * more.std() / math.sqrt(len(more))

    # ------------------------------------------------------------------ the causes

    def statistics(self, case, shares, row, behind, before, now):
        """Batch norm's running statistics are not those of the batches."""
        name, (ratio, distance, _) = next(iter(behind.items()))
        momentum = self.running.layers[name].momentum
        left = (1 - momentum) ** self.steps
        figures = shares if shares.worse() else f"loss {row['train_loss']:.3g} in training, {row['loss']:.3g} in " \
            f"validation"
        says = f"{figures}: the running statistics of {listed(list(behind))} are not those of the batches (in {name} " \
               f"the variance is {ratio:.2g} of theirs, the mean {distance:.2g} deviations away)"
        if self.recent.pictures:
            says += f"; {self.recent.pictures:,} training pictures, {before.right:.0%} right and loss " \
                    f"{before.losses.mean():.3g} in training, are {now.right:.0%} right and loss " \
                    f"{now.losses.mean():.3g} as at test"
        if left > LEFT:
            says += f". After {self.steps:,} steps of momentum {momentum:g} the statistics still hold {left:.0%} of " \
                    f"their first values"
        return Finding("statistics-behind", name, says, remedy(momentum, self.steps, left),
                       1.0 if self.recent.pictures else 0.6, alone=True)

    def other_pictures(self, shares, shown):
        """Validation's last pictures are prepared otherwise than training's last."""
        if not self.recent.batches or shown is None:
            return None
        seen = np.concatenate([ops.to_host(x) for x, _, _ in self.recent.batches])
        differs = difference(seen, ops.to_host(shown))
        return differs and Finding("validation-other", "validation", f"{shares}: {differs}", "prepare the pictures of "
                                   "both parts in the same way", 0.9, alone=True)

    def not_by_heart(self, shares):
        """What cannot have been learnt by heart, as it was right of pictures that were new."""
        if shares.below_guessing():
            return Finding("classes-differ", "validation", f"{shares}, less than by guessing: it tells the "
                           f"classes apart, under other numbers", COMPARE, 0.8, alone=True)
        if self.unseen is None or self.unseen - shares.top1 <= max(GAP, ERRORS * shares.error):
            return None
        says = f"{shares}. In the first epoch, when each training picture was new, too, it was {self.unseen:.1%}: " \
               f"so it is not by heart, and these pictures or their labels are of another kind"
        return of_another_kind(says, shares)

    def unlike(self, shares):
        """Training pictures that look alike have the same label, and so would new ones of their kind."""
        fit = self.likes() if self.likes else None
        if fit is None or not fit.fits or shares.top1 > ALIKE * fit.agreement:
            return None
        says = f"{shares}. Of {fit.pictures:,} training pictures the {NEAREST} most like another have its label in " \
               f"{fit.agreement:.0%} of cases (by chance {fit.chance:.0%}), so new ones of the same kind could not " \
               f"be so hard: these pictures or their labels are of another kind"
        return of_another_kind(says, shares)

    def by_heart(self, row, shares):
        """The training pictures are known, others are not."""
        rising = self.lowest and row["loss"] > WORSE * self.lowest[0]
        known = self.epochs > 1 or self.repeated or not self.steps
        if not (known and shares.good() and row["top1"] <= self.best + 0.005 * (self.epochs > 1) + (self.epochs == 1)
                and (rising or row["loss"] > WORSE * row["train_loss"])):
            return []
        says = f"{shares}, loss {row['train_loss']:.3f} and {row['loss']:.3f}: the network knows its training " \
               f"pictures by heart"
        do = "give it more pictures, or more augmentation"
        if shares.at_chance():
            says += ", and guesses where it has seen none"
            do = "look whether the labels belong to their pictures (npnet data show)"
        elif rising:
            says += f", and its validation loss was lowest ({self.lowest[0]:.3f}) after epoch {self.lowest[1]}"
            do = "end there, or give it more pictures or more augmentation"
        return [Finding("by-heart", "validation", says, do, 0.8, alone=True, level=math.floor(shares.gap * 10))]

    def broken(self, case, row):
        """A validation loss that is not finite, while training's is: the first place that holds such numbers."""
        shown = self.shown(case.net)
        start = f"its loss is {row['loss']}, while that of training is {row['train_loss']:.3g}"
        layers = self.running.broken()
        weights = [name for name, array in case.net.params().items() if not finite(array)]
        if layers:
            return Finding("validation-nan", layers[0], f"the running statistics hold NaN or infinity, so validation's "
                           f"loss is {row['loss']}", "begin again, or with the weights of an earlier checkpoint", 1.0,
                           alone=True)
        if weights:
            return Finding("validation-nan", weights[0], f"holds NaN or infinity after the last step, so validation's "
                           f"loss is {row['loss']}", "begin again, or with the weights of an earlier checkpoint", 1.0,
                           alone=True)
        bad = 0 if shown is None else int((~np.isfinite(ops.to_host(shown).reshape(len(shown), -1)).all(axis=1)).sum())
        if not bad and row["train_loss"] > EXPLODED * math.log(case.classes):
            return Finding("validation-nan", "validation", f"{start}, where guessing has {guessing(case)}: the network "
                           f"gives numbers too large to be added", "mend the training first, which has diverged", 0.8,
                           alone=True)
        if not (bad or self.recent.batches):
            return Finding("validation-nan", "validation", f"{start}; the weights and the running statistics are "
                           f"finite", "look for NaN in the validation pictures, and at what these are divided by", 0.6,
                           alone=True)
        if not (bad or self.recent.at_test(case.net).finite):
            return Finding("validation-nan", "validation", f"{start}; the last training pictures, answered as at test, "
                           f"give NaN or infinity, too, so it is the network", "compare what its layers do at test "
                           "and in training", 0.8, alone=True)
        where = f"{bad} of the last {len(shown)} pictures hold" if bad else "the same network gives numbers for the " \
            "training pictures, so some pictures hold"
        return Finding("validation-nan", "validation", f"{start}; {where} NaN or infinity", "look for them in the "
                       "validation pictures, and at what these are divided by", 1.0 if bad else 0.8, alone=True)

    # ------------------------------------------------------------------ a run that goes on

    @property
    def counts(self):
        """The counts of the answers, as plain data."""
        if self.answers is None:
            return {}
        self.answers.count()
        return {name: getattr(self.answers, name) for name in COUNTS}

    @counts.setter
    def counts(self, counts):
        if counts:
            self.answers = Answers(len(counts["labels"]))
            vars(self.answers).update({name: np.array(counts[name], np.int64) for name in COUNTS})

    def restore(self, state):
        try:
            super().restore(state)
            shapes = [np.shape(counts) for name, counts in self.counts.items() if name != "same"]
            right = len(set(shapes)) < 2 and len(self.first_loss) == 2
            right &= not shapes or self.answers.same.shape == (3,)
        except (KeyError, TypeError, OverflowError, ValueError):
            right = False
        if not right:
            raise ValueError("the checkpoint is damaged: what the doctor has seen of answers cannot be right")


def of_another_kind(says, shares):
    """The finding on validation pictures, or their labels, that are not of training's kind; says: how that is known."""
    if shares.at_chance():
        return Finding("classes-differ", "validation", f"{says}; right as often as by guessing, it may be the labels",
                       COMPARE, 0.5, alone=True)
    return Finding("validation-other", "validation", says, "look at a sheet of each part (npnet data show)", 0.5,
                   alone=True)


def marks(x):
    """Of each picture some of its numbers, by which it is known when it comes again; not of those of one colour."""
    flat = x.reshape(len(x), -1)
    some = ops.to_host(flat[:, ::max(1, flat.shape[1] // MARK)])
    return [row.tobytes() for row in some if row.min() < row.max()]


def remedy(momentum, steps, left):
    """One thing to do about running statistics that are behind."""
    if momentum < MOMENTUM / 2:
        needed = math.ceil(math.log(CAUGHT_UP) / math.log(1 - MOMENTUM))
        return f"give it momentum {MOMENTUM} in place of {momentum:g}, which has caught up after {needed} steps"
    if left > LEFT:
        missing = math.ceil(math.log(CAUGHT_UP) / math.log(1 - momentum)) - steps
        return f"train {missing:,} more steps before validation is believed: then {CAUGHT_UP:.0%} is left"
    return "train some more steps at a lower rate: the weights move faster than the statistics follow"


def other_order(case, row, shares):
    """Answers that agree with the labels in another order of the classes; needs row["confusion"], true by answer."""
    if row.get("confusion") is None:
        return None
    confusion = np.asarray(row["confusion"])
    present = np.flatnonzero(confusion.sum(axis=1))
    best = confusion[present].argmax(axis=1)
    pictures, even = confusion.sum(), 1 / case.classes
    share = float(confusion[present].max(axis=1).sum() / pictures)
    lucky = even + math.sqrt(2 * math.log(case.classes) * even * len(present) / pictures)
    if len(set(best)) < 0.9 * len(present) or share < max((shares.train + shares.top1) / 2, lucky) or \
            share - shares.top1 <= max(GAP, ERRORS * error(share, int(pictures))):
        return None
    wrong = [(int(confusion[k, other]), k, other) for k, other in zip(present, best) if k != other]
    count, k, other = max(wrong)
    named = [case.names[n] if case.names else str(n) for n in (k, other)]
    return Finding("classes-differ", "validation", f"{shares}; but {share:.1%} would be right with its classes in "
                   f"another order ({count:,} of {int(confusion[k].sum()):,} pictures of {named[0]} are answered "
                   f"{named[1]})", "number the classes of both parts in the same order", 1.0, alone=True)
