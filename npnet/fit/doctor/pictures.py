"""What comes in: the numbers of the inputs, the pictures, and the labels beside them.

The first pictures are kept, small and grey, until there are 2,000 or the first epoch is over: whether they are of one
constant colour, the same again and again, or have nothing to do with their labels. Of labels alone the first epoch
shows whether they are all the same, and whether they come class by class. A loop of one's own may give the same
batches again and again on purpose, to learn one by heart; as soon as it does so, no more is counted.
"""
import math
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np

from ...backend import ops
from ...layers import BatchNorm
from ...network import every_layer
from ...screen import percent
from ...weights.checkpoint import MAYBE, NUMBER
from ..labels import Sample
from ..measures import first_input
from .case import FINDING, Examiner
from .finding import Finding
from .kinds import KINDS
from .beforehand import before
from .parts import FACTOR

FAINT = 0.02        # deviation: inputs divided by 255 twice have 0.001 to 0.004, the darkest 0 to 1 pictures 0.1
FAINT_RANGE = 0.2   # and no number further from the mean: a row of a thousand with a single 1 in it is not faint
RAW = 20.0          # deviation, or mean: pixels from 0 to 255 have 60 and 120, prepared ones at most a few
FAR = 1.5           # the mean, in deviations: pictures from 0 to 1 have a mean of 0.4 to 1.9 of theirs
CHANGED, OTHERS = FACTOR, 10.0      # the second chosen: times the deviation of the first batches: possible, and certain
LOOKS = 3           # over which both are averaged
FEW = 8             # pictures that may all be the same number by chance
JUDGED = (64, 256, 1000, Sample.MOST)       # numbers of pictures at which they are looked at
MANY = 1 / 3        # of the pictures of one colour, or equal ones: more, by 3 standard errors, is a remark
ERRORS = 3.0        # standard errors above MANY
EQUAL = 8           # so many different pictures, or fewer, may be learnt by heart on purpose
GUESS = 0.5         # of the loss of guessing that equal pictures with other labels leave: more is a remark
CHUNK = 16          # pictures in a row, whole batches, of which the labels are compared: a batch of 1 is none
CHUNKS = 4          # from so many on they are judged
SORTED, SOME = 0.4, 0.2     # the excess of equal labels in a chunk: 1 if sorted, 0 if drawn, 0.44 if 2 of 10 classes
SURE = 6.0          # standard errors of that excess
ALONE = 1000        # pictures of one class only, after which they are no chance: 0.99 ** 1000 is 4e-5
KNOWN = 4           # of the first chunks are compared with later ones, to notice a loop that begins again
FAR_UP = 0.9        # chosen: of the loss of guessing: above it an epoch has learnt hardly anything
PASSES = (2, 1600)          # chosen: epochs and pictures after which that is a sign
ENOUGH = 1500       # pictures whose labels fit nothing: below, labels are blamed with less certainty
NOTHING = (0.0, 0.0, 0.0, math.inf, -math.inf, 0.0)         # the figures of no pictures


class Pictures(Examiner):
    """Looks at inputs and labels.

    figures: pictures looked at, their mean, mean square, smallest and largest number, and how many hold NaN. chunks:
    how many, the sum of their shares of equal labels, and two sums of what these vary by. counts: labels of the first
    epoch; whole: those of the whole training part, where it is known. start, recent: deviations of the first and of the
    last looks. blind: whether the first epoch, in which each picture was new, was right of no more than by chance;
    hardly: whether the last one has learnt next to nothing besides.
    """

    STATE = {"figures": [MAYBE], "chunk": [int], "chunks": [NUMBER], "counts": [int], "whole": [int], "begins": [int],
             "again": int, "sampled": int, "crc": int, "kept": [FINDING], "start": [NUMBER], "recent": [NUMBER],
             "blind": bool, "hardly": bool}

    def __init__(self, net):
        self.sample, self.sampled, self.fitted = Sample(), 0, (0, None)
        self.figures, self.counts, self.whole = list(NOTHING), [], []
        self.chunk, self.chunks = [], [0.0, 0.0, 0.0, 0.0]      # chunk: the labels of the one under way
        self.begins, self.again, self.crc = [], 0, 0            # begins: of the first chunks; again: that came twice
        self.kept = []                                          # what may explain a bad validation
        self.start, self.recent, self.blind, self.hardly = [], [], False, False

    def possible(self):
        return len(self.figures) == len(NOTHING) and len(self.chunks) == 4 and all(
            kept["name"] in KINDS for kept in self.kept)

    def restore(self, state):
        super().restore(state)
        self.figures = [start if one is None or math.isnan(one) else one for one, start in zip(self.figures, NOTHING)]

    def resume(self, first_epoch):
        """The pictures that were kept are taken from first_epoch() when they are wanted."""
        self.sample.resume(self.sampled, first_epoch)

    def before(self, training, validation, identities):
        labels = getattr(getattr(training, "pictures", None), "labels", None)
        if labels is not None:
            self.whole = np.bincount(labels).tolist()
        found = before(training, validation, identities)
        self.kept = [vars(finding) | {"alone": True} for finding in found if not finding.alone]
        return found

    # ------------------------------------------------------------------ every step

    def see(self, case):
        watching = case.epochs == 0 and self.again < 2
        sampling = watching and sum(self.counts) < Sample.MOST
        x = first_input(case.net) if case.look or sampling else None
        if case.look:
            self.look(x, case)
        found = [self.constant(), self.broken()] if case.look else []
        if case.look and self.hardly and (shuffled := self.shuffled()):
            found.append(replace(shuffled, alone=True))         # it may fall by heart, but has learnt nothing so far
        if watching:
            before = self.sampled
            self.note(x if sampling else None, case)
            found += [self.one_label(case, sure=False), self.sorted(case)]
            if any(before < count <= self.sampled for count in JUDGED):
                found += self.looks_alike()
        return [finding for finding in found if finding]

    def look(self, x, case):
        """The numbers of a batch of inputs."""
        if x is None or not case.whole:
            return
        with np.errstate(all="ignore"):
            mean = float(x.mean())
        if not math.isfinite(mean):
            self.figures[5] = float((~np.isfinite(x.reshape(len(x), -1)).all(axis=1)).sum()) / len(x)
            return
        count, old = self.figures[0] + len(x), self.figures
        square, share = float(x.std()) ** 2 + mean ** 2, len(x) / count
        self.figures = [count, old[1] + share * (mean - old[1]), old[2] + share * (square - old[2]),
                        min(old[3], float(x.min())), max(old[4], float(x.max())), old[5]]
        if len(x) >= FEW:
            self.start = [*self.start, math.sqrt(square - mean ** 2)][:LOOKS]
            self.recent = [*self.recent, math.sqrt(square - mean ** 2)][-LOOKS:]

    def note(self, x, case):
        """Labels, in chunks of whole batches; and small copies of the pictures."""
        if not self.counts:
            self.counts = [0] * max(case.classes, case.logits.shape[1])
        labels = case.labels.tolist()                           # lists: for so few, arrays are slower
        for label in labels:
            self.counts[label] += 1
        if x is not None:
            kept = len(self.sample.labels)
            self.sample.add(x, case.labels)
            self.sampled = self.sample.count
            new = self.sample.pictures[kept:] or ops.to_host(x)
            self.crc = zlib.crc32(np.ascontiguousarray(new), self.crc)
        self.chunk += labels
        if len(self.chunk) >= CHUNK:
            self.close(x is not None)

    def close(self, seen):
        """The chunk is complete: counts its equal labels, and whether it has come before."""
        m, counts = len(self.chunk), np.bincount(self.chunk)
        share = float((counts * (counts - 1)).sum()) / (m * (m - 1))
        new = (1, share, 4 * (m - 2) / (m * (m - 1)), 2 / (m * (m - 1)))
        self.chunks = [old + each for old, each in zip(self.chunks, new)]
        if seen:
            crc = zlib.crc32(np.array(self.chunk), self.crc)
            self.again += crc in self.begins
            self.begins = [*self.begins, crc][:KNOWN]
        self.chunk, self.crc = [], 0

    # ------------------------------------------------------------------ the numbers of the inputs

    def spread(self):
        """Mean and deviation of what was looked at."""
        mean, square = self.figures[1:3]
        return mean, math.sqrt(max(square - mean ** 2, 0))

    def constant(self):
        """Inputs that are all the same number."""
        count, mean, _, low, high, _ = self.figures
        if count < FEW or low < high:
            return None
        return Finding("input-constant", "the input", f"all numbers of the {count:,.0f} pictures looked at are "
                       f"{mean:.3g}, so there is nothing to see", "look at the pictures (npnet data show), and at what "
                       "is subtracted from them", 1.0, alone=True)

    def broken(self):
        """Pictures with NaN or infinity."""
        share = self.figures[5]
        if not share:
            return None
        return Finding("pictures-nan", "the input", f"{percent(share)} of the pictures of a batch hold NaN or infinity",
                       "look at these pictures, and at what they are divided by", 1.0, alone=True)

    def faint(self, case):
        """Inputs that hardly differ from one another."""
        count, (mean, deviation) = self.figures[0], self.spread()
        far = max(self.figures[4] - mean, mean - self.figures[3])
        if not count or not 0 < deviation < FAINT or far > FAINT_RANGE or normalised(case.net):
            return None
        return Finding("input-faint", "the input", f"its deviation is {deviation:.2g}, so pictures hardly differ from "
                       f"one another (mean {mean:.3g}, all numbers from {self.figures[3]:.3g} to "
                       f"{self.figures[4]:.3g})",
                       f"divide the inputs by {deviation:.2g}, or see whether they are divided by 255 twice",
                       0.97 if deviation < FAINT / 100 else 0.85)

    def changed(self):
        """Inputs that are not what they were at first: a loop that changes the pictures themselves."""
        first, now = (float(np.median(figures)) if figures else 0.0 for figures in (self.start, self.recent))
        if not 0 < min(first, now) < max(first, now) / CHANGED or len(self.recent) < LOOKS:
            return None
        return Finding("input-changes", "the input", f"its deviation was {first:.3g} in the first batches, and is "
                       f"{now:.3g} in the last", "look for a line that changes the pictures themselves again and "
                       "again, such as x /= 255 or x += noise within the loop: it must make new ones",
                       0.96 if max(first, now) > OTHERS * min(first, now) else 0.7)

    def scale(self, case):
        """Inputs that are far from mean 0 and deviation 1."""
        count, (mean, deviation) = self.figures[0], self.spread()
        raw = deviation > RAW or abs(mean) > max(RAW, FAR * deviation)
        if not count or not deviation or normalised(case.net) or not (raw or abs(mean) > FAR * deviation):
            return None
        centred = abs(mean) < 0.5 * deviation
        do = f"divide them by {deviation:.3g}" if centred else \
            f"subtract the mean, {mean:.3g}, and divide by the deviation, {deviation:.3g}"
        return Finding("input-scale", "the input", f"its numbers have mean {mean:.3g} and deviation {deviation:.3g}, "
                       f"from {self.figures[3]:.3g} to {self.figures[4]:.3g}; weights are made for a mean of 0 and a "
                       f"deviation of 1", do, (0.4 if centred else 0.8) if raw else 0.3)

    # ------------------------------------------------------------------ the labels

    def one_label(self, case, sure):
        """One label for all. sure: whether that was the whole epoch."""
        known = self.whole or self.counts
        if present(known) != 1 or present(self.counts) != 1:
            return None
        total, seen = sum(known), sum(self.counts)
        begun_again = self.again > 1 and self.chunks[0] > KNOWN
        sure = sure or bool(self.whole) or begun_again
        if seen < (CHUNK if sure else ALONE):
            return None
        name = named(int(np.argmax(known)), case.names)
        if sure:
            return Finding("labels-one", "the labels", f"all {max(total, seen):,} are {name}, though there are "
                           f"{case.classes:,} classes: the network learns to answer {name} whatever it sees",
                           "look at how the labels are read", 1.0, alone=True)
        return Finding("labels-one", "the labels", f"the first {seen:,} are all {name}, though there are "
                       f"{case.classes:,} classes: either all are, or the pictures are sorted by class",
                       "look at how the labels are read, then shuffle the pictures", 1.0, alone=True)

    def sorted(self, case, least=SORTED):
        """Labels that are equal in a row far oftener than in all."""
        chunks, shares, single, pairs = self.chunks
        known = self.whole or self.counts
        if chunks < CHUNKS or present(known) < 2:
            return None
        total, share = sum(known), shares / chunks
        chance = sum(count ** 2 for count in known) / total ** 2
        excess = (share - chance) / (1 - chance)
        if excess < least:
            return None
        three = sum(count ** 3 for count in known) / total ** 3
        error = math.sqrt(single * (three - chance ** 2) + pairs * chance * (1 - chance)) / chunks
        if share - chance < SURE * error:
            return None
        do = "shuffle the pictures" if excess > 0.9 else "shuffle all pictures, not only those that are near each other"
        return Finding("labels-sorted", "the labels", f"of pictures that come together two have the same label in "
                       f"{percent(share)} of cases, of all pictures in {percent(chance)}: they are sorted by class, so "
                       f"the network unlearns one class while it learns the next", do, 0.95 if excess > SORTED else 0.6,
                       alone=least == SORTED)

    def fit(self):
        """The LabelsFit of the pictures that were kept, or None."""
        if self.fitted[0] != self.sample.count:
            self.fitted = self.sample.count, self.sample.fit()
        return self.fitted[1]

    def shuffled(self):
        """Labels that have nothing to do with the pictures."""
        fit = self.fit()
        if fit is None or fit.fits:
            return None
        return Finding("labels-shuffled", "the labels", str(fit).partition("?")[0] + "?",
                       "look at a sheet of them (npnet data show)", 0.85 if fit.pictures >= ENOUGH else 0.7)

    # ------------------------------------------------------------------ the pictures

    def looks_alike(self):
        """Findings on pictures of one constant colour, and on the same pictures again and again."""
        if self.sample.count < JUDGED[0]:
            return []
        kept = self.sample.whole()
        seen = [zlib.crc32(picture) for picture in kept.pictures]
        flat = np.array([np.ptp(picture) < 1e-5 * max(1, abs(picture.max())) for picture in kept.pictures])
        if self.figures[3] == self.figures[4]:
            return []                                           # it is said that all inputs are the same
        return [finding for finding in (flat_pictures(int(flat.sum()), len(flat)),
                                        contradicting(seen, kept.labels),
                                        None if flat.mean() > MANY / 2 else one_picture(seen)) if finding]

    # ------------------------------------------------------------------ epochs, and what explains

    def epoch(self, case, row):
        found = [self.one_label(case, sure=True)] if case.epochs == 1 and not self.whole else []
        if case.epochs == 1:
            count, largest = sum(self.counts), float(case.shares.max())
            self.blind = row["train_top1"] <= largest + ERRORS * math.sqrt(largest * (1 - largest) / max(count, 1))
        self.hardly = self.blind and case.epochs >= PASSES[0] and case.pictures >= PASSES[1] and \
            row["train_loss"] > FAR_UP * case.chance
        if case.epochs == 1:
            found += self.looks_alike()
        return [finding for finding in found if finding]

    def suspects(self, case):
        found = [self.constant(), self.broken(), self.changed(), self.faint(case), self.scale(case),
                 self.sorted(case, SOME), self.one_label(case, sure=False), *self.looks_alike()]
        if not any(finding and finding.name in ("labels-one", "pictures-repeated") for finding in found):
            found.append(self.shuffled())
        return [finding for finding in found if finding]

    def validation_suspects(self, case):
        return [Finding(**kept) for kept in self.kept]


# ------------------------------------------------------------------------ what pictures show

def more_than(share, count):
    """Whether a share of so many is above MANY by some standard errors."""
    return share - ERRORS * math.sqrt(share * (1 - share) / count) > MANY


def flat_pictures(flat, count, whose="training"):
    """Pictures of one constant colour."""
    if not more_than(flat / count, count):
        return None
    return Finding("pictures-flat", "the input", f"{flat:,} of {count:,} {whose} pictures looked at are of one "
                   "constant colour, so there is nothing to see in them", "look at their files (npnet data show), and "
                   "at how they are read", 1.0, alone=True)


def contradicting(seen, labels):
    """Equal pictures with different labels: how low the loss can come at best.

    That is the entropy of the labels of equal pictures: the entropy of pictures and labels together, without that of
    the pictures.
    """
    _, number, pictures = np.unique(seen, return_inverse=True, return_counts=True)
    labels, count = np.array(labels, np.int64), len(seen)
    lowest = (entropy(tallied(number * (labels.max() + 1) + labels)) - entropy(pictures)) / count
    chance = entropy(tallied(labels)) / count
    if not chance or lowest < GUESS * chance:
        return None
    return Finding("pictures-repeated", "the input", f"among the first {count:,} pictures there are "
                   f"{len(pictures):,} different ones, and equal pictures have different labels: the loss cannot fall "
                   f"below {lowest:.3g}, guessing is {chance:.3g}", "look at how the pictures are read",
                   1.0, alone=True)


def one_picture(seen):
    """A single picture that comes again and again among many others."""
    most, count = Counter(seen).most_common(1)[0][1], len(seen)
    if len(set(seen)) <= EQUAL or not more_than(most / count, count):
        return None
    return Finding("pictures-repeated", "the input", f"{most:,} of the first {count:,} pictures are one and the same",
                   "look at how the pictures are read: what could not be read may have become this one", most / count,
                   alone=True)


def present(counts):
    """How many classes were counted at all, in a list of counts."""
    return len(counts) - counts.count(0)


def tallied(numbers):
    """How often each of some numbers is there."""
    return np.unique(numbers, return_counts=True)[1]


def entropy(counts):
    """The sum, over things that were counted, of minus the logarithm of their shares."""
    return float(-(counts * np.log(counts / counts.sum())).sum()) + 0.0


def normalised(net):
    """Whether batch normalisation comes before the second layer with weights: the scale of the inputs is then lost. One
    that took its running statistics in training, though it is trained, has not measured them."""
    weighted = 0
    for name, layer in every_layer(net.layers).items():
        if isinstance(layer, BatchNorm) and (getattr(layer, "train", True) or name.partition(".")[0] in net.frozen):
            return True
        weighted += any(w.ndim > 1 for w in layer.params().values())
        if weighted == 2:
            return False
    return False


def named(label, names):
    """'cat', or '3' where classes have no names."""
    return names[label] if names and label < len(names) else str(label)
