"""What moves: how far a step takes each layer's weights, by its gradient and by decay, and whether anything moves.

The length of a step is measured, on a few thousand weights of each layer before and after it, so it is right for any
optimizer. What decay does is told apart: it moves weights along their own direction, and the gradient across it.
"""
import math

import numpy as np

from ...backend import ops
from ...layers import Sigmoid
from ...network import every_layer
from ...optim import WarmUp
from ...screen import counted, listed
from ...weights.checkpoint import MAYBE, NUMBER
from ..measures import at_ends, finite, geometric_mean, gradient_lengths, moved, percent, sampled
from .case import FINDING, Examiner
from .finding import Finding
from .kinds import KINDS
from .lengths import (AHEAD, USUAL, blocked, checksum, higher, layer_of, lengths_of, tenfold, top_rate,
                      weights_among)

# Lengths of steps over those of weights, of some 47 healthy trainings (batch 1 to 512, init torch, he and paper, ReLU,
# tanh, sigmoid, batch norm, momentum 0 and 0.9; tests/fit/test_movement.py has some of them): that of the layer which
# moves most is 5e-4 to 5.6e-2 (median of the first 50 steps; a single step up to 0.33) in those that learn, and 2e-5 in
# one whose loss is still that of guessing after 1,500 pictures. CS231n calls 1e-3 healthy.
TOO_SHORT, SHORT = 1e-5, 1e-4           # below the first: a remark of its own; below the second: a cause
LONG, TOO_LONG = 0.15, 0.5
TINY = 1e-3                 # numbers of that size on average: AlexNet's first weights have a deviation of 0.01
LOST = 0.97                 # of the loss of guessing
COMMON = 1e-3               # a rate that is not below is in common use, and not to be called low
FADED = 1e3                 # the longest over the shortest: 3 to 30 in healthy trainings, 9e3 and 3e6 in eight sigmoids
EARLY = 51                  # steps in which a rate is judged without a symptom; later a network may have learnt all
KNOWN = 32                  # pictures seen before the loss is compared with that of guessing
UNLEARNT = 0.6              # of the loss of guessing: above it, weights that hardly move have still to learn
WINDOW = 64                 # pictures over which the loss is averaged
ROUNDED = 1e-6              # of the weights: a step that is shorter may be lost when float32 rounds (6e-8 of each)
STILL = 20                  # steps without any change: more than gradients are usually accumulated over (up to 16)
NOTHING = 1.1e-5            # of the highest rate: a schedule that is not above has ended
ENDED, ENDED_SHARE = 50, 0.3    # steps at such a rate, and their share of those before, that are no end as planned
ZEROS, ZERO_LOOKS = 64, 5   # pictures and steps with gradients that are exactly 0 before it is said
LEARNT = 1e-3               # a loss below it has no gradient to speak of
CLIPPED = 0.1               # of the gradients' length: a clip that leaves less has shortened them ten times
SHRUNK, GONE = 0.5, 0.1     # of the weights' first length; chosen: healthy trainings of 1,500 steps keep 0.98 and more
# Of the weights' length that decay takes at a step, rate * decay / (1 - momentum); chosen: 20 times the usual 0.0005
# (rate 0.1, decay 0.0005, momentum 0.9).
FAST = 0.01
USUAL_DECAY = 0.001         # a decay that is not above is usual, and if it is strong the rate is too high
PROMISED = 0.7              # of the first length: a decay that promises more is not what shortened the weights
HALF = 0.5                  # of the outputs of tanh or sigmoid at their ends: then not the depth is to blame
MOVED = -1                  # in place of a checksum
BESIDE = 0.01               # chosen: of what a gradient promises, or of what decay does: a step across that is shorter
                            # has no gradient in it; in npnet's SGD it is 1, in Adam 1 and more
IDLE = 3                    # looks in a row at such steps
HUGE = 1e30                 # chosen: rate times gradient: more may overflow by itself


class Movement(Examiner):
    """Looks at what one step does to the weights, now and then. All lengths are shares of the weights' length.

    paces: {weights: of the last three steps, as they would be at the schedule's highest rate}; lengths: the same as
    they are; decays: how much shorter a step made them; fades: gradient over weights; starts, now: lengths of the
    samples, at first and now. mark: a checksum of all weights at first, MOVED as soon as they are others; others: that
    of biases and scales. idle: looks at steps without a gradient in them. wrecked: the finding on an update that made
    NaN. level: the loss, averaged. lived: the last step at a rate to speak of; travelled: all rates together.
    """

    STATE = {"paces": {...: [NUMBER]}, "lengths": {...: [NUMBER]}, "decays": {...: NUMBER}, "fades": {...: [NUMBER]},
             "starts": {...: MAYBE}, "now": {...: MAYBE}, "mark": int, "level": MAYBE, "highest": NUMBER,
             "highest_at": int, "lived": int, "lived_number": int, "travelled": NUMBER, "zeros": {...: [int, int]},
             "clipped": [NUMBER], "paired": bool, "rising": bool, "reach": NUMBER, "longest": list, "others": int,
             "idle": [NUMBER], "wrecked": [FINDING]}

    def __init__(self, net):
        self.net = net
        self.paces, self.lengths, self.decays, self.fades = {}, {}, {}, {}
        self.earlier = sampled(net)
        self.starts = lengths_of(net, self.earlier)
        self.now = dict(self.starts)
        self.mark, self.others = self.checksums(self.earlier)
        self.idle, self.wrecked = [], []
        self.level, self.highest, self.highest_at, self.rising, self.travelled = math.nan, 0.0, 0, False, 0.0
        self.lived, self.lived_number, self.paired = 0, 0, True
        self.zeros, self.clipped, self.reach, self.longest = {}, [], 0.0, []

    def possible(self):
        kinds = [type(one) for one in self.longest]
        return len(self.clipped) in (0, 2) and kinds in ([], [float, str, int]) and len(self.idle) in (0, 4) and all(
            one["name"] in KINDS for one in self.wrecked)

    def restore(self, state):
        super().restore(state)
        self.earlier = sampled(self.net) if self.paired else None

    # ------------------------------------------------------------------ every step

    def see(self, case):
        self.note(case)
        if self.earlier is not None:
            self.compare(case)
        looked = case.look or self.earlier is not None or case.seen - self.lived >= ENDED or case.lr == 0
        found = [Finding(**one) for one in self.wrecked] or (self.still(case) if looked else [])
        if not found and self.earlier is not None:
            found = [finding for finding in self.decayed(case) if finding.alone]
            found += self.alone(case) if self.unlearnt(case) else []
        watched = case.look or any(pictures < ZEROS for _, pictures in self.zeros.values())
        self.earlier = sampled(case.net) if watched else None
        self.paired = watched
        return found

    def suspects(self, case):
        if self.wrecked:
            return [Finding(**one) for one in self.wrecked]
        found = self.still(case, 3) or [*self.short(case, SHORT, 0.7), *self.faded(case)]
        return [*found, *(self.jumped(case) or self.long(case, LONG, 0.4)), *self.decayed(case)]

    def note(self, case):
        """What each step leaves: its rate and its loss."""
        lr, share = case.lr if case.rated else 0.0, min(1.0, len(case.labels) / WINDOW)
        if math.isfinite(case.loss):
            self.level = case.loss if math.isnan(self.level) else self.level + share * (case.loss - self.level)
        self.rising = lr > self.highest * (1 + 1e-9)
        if self.rising:
            self.highest, self.highest_at = lr, case.seen
        if lr > NOTHING * self.highest or not case.rated:
            self.lived, self.lived_number = case.seen, case.number
        self.travelled += lr

    def unlearnt(self, case):
        """Whether the loss is not far below that of guessing: else short steps may be the end of learning."""
        return case.pictures >= KNOWN and self.level > UNLEARNT * case.chance

    def compare(self, case):
        """Measures the step between two samples."""
        after, gradients = sampled(case.net), gradient_lengths(case.net)
        self.note_moved(after)
        self.count_zeros(case, gradients)
        lengths = lengths_of(case.net, after)
        if not all(map(math.isfinite, [*lengths.values(), *gradients.values()])):
            self.wrecked = self.wrecked or wrecked(case, self.earlier, after)
            return                                              # NaN and infinity from elsewhere: others say it
        self.now = {name: length for name, length in lengths.items() if name in self.starts}
        self.starts |= {name: length for name, length in lengths.items() if name not in self.starts}
        factor = self.shortening(case.optimizer, gradients)
        steps = {name: moved(self.earlier[name], after[name]) for name in lengths if name in self.earlier}
        full = lengths_of(case.net, case.net.params())
        slopes = {name: gradients[name] / full[name] for name in steps if name in gradients and full[name] > 0}
        promised = {name: factor * case.lr * slope for name, slope in slopes.items()} if case.rated else {}
        self.keep(case, steps, promised, slopes)

    def keep(self, case, steps, promised, slopes):
        """Keeps the last three of each figure. promised: rate times gradient, over the weights; slopes: without rate.

        A step that did nothing, though float32 would show it, was none: gradients are accumulated, or see `still`.
        """
        longest = max(promised.values(), default=0.0 if case.rated else math.inf)
        if case.lr and longest > ROUNDED and not any(any(step) for step in steps.values()):
            self.reach = min(longest, 1e30) if case.rated else 0.0
            return
        self.note_idle(steps, promised)
        scale = top_rate(case.optimizer, case.number, self.highest) / case.lr if case.lr and case.rated else 1.0
        ours = hasattr(case.optimizer, "velocity")              # only then the rate is known to be that of the step
        for name, (across, along) in steps.items():
            length = max(across, promised.get(name, 0.0) if ours else 0.0)
            if math.isfinite(across) and across > (self.longest or [TOO_LONG])[0] and self.grown(name):
                self.longest = [min(across, 1e30), layer_of(name), case.number]
            if case.lr and math.isfinite(length):
                self.paces[name] = [*self.paces.get(name, []), min(length * scale, 1e30)][-3:]
                self.lengths[name] = [*self.lengths.get(name, []), min(length, 1e30)][-3:]
                self.decays[name] = -along
        for name, slope in slopes.items():
            self.fades[name] = [*self.fades.get(name, []), slope][-3:]

    def checksums(self, samples):
        """Two checksums, of weights and of biases and scales; of everything twice where there are no weights."""
        weights = weights_among(self.net, samples) or samples
        return checksum(weights), checksum({name: one for name, one in samples.items() if name not in weights})

    def note_moved(self, samples):
        """Notices that weights are others than at first, or biases."""
        mark, others = self.checksums(samples)
        self.mark = self.mark if mark == self.mark else MOVED
        self.others = self.others if others == self.others else MOVED

    def note_idle(self, steps, promised):
        """idle: looks in a row at steps that have decay in them and no gradient, with the longest of what decay took,
        what else moved, and what the gradients promised."""
        known = [name for name in steps if name in promised]
        across, along, gradient = (max([part(name) for name in known], default=0.0) for part in (
            lambda name: steps[name][0], lambda name: -steps[name][1], lambda name: promised[name]))
        idle = ROUNDED < BESIDE * gradient and across < BESIDE * min(along, gradient)
        self.idle = [(self.idle or [0.0])[0] + 1, along, across, min(gradient, 1e30)] if idle else []

    def grown(self, name):
        """Whether weights were no tiny ones at first, whose first steps must be long beside them."""
        return self.starts.get(name, 0) / math.sqrt(max(1, self.earlier[name].size)) > TINY

    def jumped(self, case):
        """A step about as long as the weights, after which the loss is not below that of guessing."""
        if not self.longest or self.level < LOST * case.chance or case.pictures < KNOWN:
            return []
        length, name, number = self.longest
        return [Finding("rate-high", "the rate", f"step {number} changed the weights of {name} by {percent(length)} of "
                        f"their length, and what they could tell apart before is lost; about 0.1 % is healthy",
                        f"lower the rate{case.now} ten times, and start again", 0.7, case.seen > STILL,
                        wants="rate down")]

    def shortening(self, optimizer, gradients):
        """What clip multiplies the gradients by; clipped: (clip, their length) of the last step that it shortened."""
        clip, whole = getattr(optimizer, "clip", None), math.sqrt(sum(length ** 2 for length in gradients.values()))
        shortened = isinstance(clip, (int, float)) and 0 < clip < whole
        self.clipped = [float(clip), whole] if shortened else []
        return clip / whole if shortened else 1.0

    def count_zeros(self, case, gradients):
        """zeros: {layer: steps in a row in which the gradient of its weights was exactly 0, and their pictures}."""
        none = [name for name, w in case.net.params().items() if w.ndim > 1 and gradients.get(name) == 0]
        if none and (min(case.loss, case.step.loss) < LEARNT or blocked(case.net)):
            none = []                                           # nothing is left of the gradient, or nothing can pass
        before = {name: self.zeros.get(name, [0, 0]) for name in none}
        self.zeros = {name: [looks + 1, pictures + len(case.labels)] for name, (looks, pictures) in before.items()}

    # ------------------------------------------------------------------ nothing moves

    def still(self, case, least=STILL):
        """Findings on weights that do not move at all, whatever the loss is."""
        if not case.net.params() and getattr(case.net, "frozen", ()):
            return [Finding("all-frozen", "the weights", "no layer has weights that are trained, so nothing can be "
                            "learnt", "take layers out of net.frozen, at least the last one", 1.0, alone=True)]
        found = [*self.rates(case), *self.no_gradients(case)]
        return found or self.no_update(case, least)

    def rates(self, case):
        """A rate of 0 from the start, or since a schedule has ended."""
        begins = getattr(getattr(case.optimizer, "schedule", None), "lr", math.nan)
        if case.lr != 0 and self.highest == 0:                  # not told, below 0, or asked before the first step
            return []
        if self.highest == 0 and isinstance(begins, (int, float)) and begins > 0:
            return [Finding("schedule-ended", "the rate", f"it is 0 from the first step on: the schedule of this "
                            f"optimizer, which begins at {begins:g}, had come to its end before", "make a new "
                            "optimizer for each training", 1.0, alone=True, wants="rate up")]
        if self.highest == 0:
            return [Finding("rate-zero", "the rate", "it is 0, so nothing will be learnt", f"choose one, {USUAL} for a "
                            f"start", 1.0, alone=True, wants="rate up")] if begins == 0 or case.seen >= 5 else []
        over = case.seen - self.lived
        if over < max(ENDED, ENDED_SHARE * self.lived):
            return []
        return [Finding("schedule-ended", "the rate", f"it is {case.lr:.3g} since step {self.lived_number + 1}, and "
                        f"was {self.highest:g} before: its schedule has ended, and nothing was learnt in the last "
                        f"{over} steps", "give the schedule as many steps as the training has", 1.0, alone=True,
                        wants="rate up")]

    def no_gradients(self, case):
        """Gradients that are exactly 0, in all layers or from the first up to one."""
        zeros = {name: pictures for name, (looks, pictures) in self.zeros.items()
                 if looks >= ZERO_LOOKS and pictures >= ZEROS}
        if not zeros:
            return []
        last = list(zeros)[-1]                                  # they are in the network's order
        whole = all(name in zeros for name, w in case.net.params().items() if w.ndim > 1)
        others = f", and those of {listed(map(layer_of, [*zeros][:-1]))}" if len(zeros) > 1 else ""
        pictures, last = zeros[last], layer_of(last)
        x = getattr(case.net[last], "x", None)
        empty = x is not None and not bool(abs(x).max() > 0)
        which = "of all layers" if whole else f"of its weights{others}"
        do = f"compare {last} and the layers behind it with npnet.check_layer"
        if empty:
            do = f"look at what comes before {last}: its input is 0 everywhere (are the weights 0?)"
        return [Finding("gradients-zero", "the gradients" if whole else last, f"the gradients {which} are exactly 0, "
                        f"for {pictures:,} pictures in a row, so these weights do not learn", do, 0.6, alone=True)]

    def no_update(self, case, least):
        """Gradients that are there, and weights that are bit for bit what they were at first."""
        if self.idle and self.idle[0] >= IDLE and case.seen >= least:
            return [self.only_decay()]
        if self.mark == MOVED or case.seen < least or self.reach <= ROUNDED:
            return []
        self.note_moved(sampled(case.net))                      # since the last look
        if self.mark == MOVED:
            return []
        if self.others == MOVED:
            return [Finding("no-update", "the weights", f"in {case.seen} steps only biases and scales have changed, "
                            f"and no weight, though rate times gradient is {percent(self.reach)} of the weights",
                            "see that your update changes every array of net.params(), those with more than one axis, "
                            "too", 0.95, alone=True)]
        if getattr(case.optimizer, "steps", None) == 0:
            return [Finding("no-update", "the weights", f"no weight has changed in {case.seen} steps, and the "
                            f"optimizer has counted none", "call optimizer.update(net.params(), net.grads()) after "
                            "each backward", 1.0, alone=True)]
        return [Finding("no-update", "the weights", f"no weight has changed in {case.seen} steps, bit for bit, though "
                        f"rate times gradient is {percent(self.reach)} of the weights", "see that the update changes "
                        "the arrays of net.params() themselves (w -= ..., or w[...] = ...): w = w - ... makes a new "
                        "one", 1.0, alone=True)]

    def only_decay(self):
        """Weights that become shorter and do nothing else."""
        _, along, across, gradient = self.idle
        return Finding("no-update", "the weights", f"a step makes them {percent(along)} shorter, as decay does, and "
                       f"moves them by {percent(across)} otherwise, where rate times gradient is {percent(gradient)}: "
                       "there is no gradient in it", "see that your update takes net.grads(): w -= lr * dw", 0.95,
                       alone=True)

    # ------------------------------------------------------------------ too short, too long

    def alone(self, case):
        """Findings that are worth a remark before the loss shows a trouble."""
        found = [finding for finding in self.jumped(case) if finding.alone]
        if not found and case.seen > STILL:
            found = self.long(case, TOO_LONG, 0.6, True)
        if STILL < case.seen <= EARLY and case.fresh:           # before, momentum has not gathered yet
            found += self.short(case, TOO_SHORT, 0.9, True) or [one for one in self.faded(case) if one.alone]
        return found

    def means(self, of):
        """{layer: the mean of its last three}, of layers that have three."""
        return {name: geometric_mean(last) for name, last in of.items() if len(last) == 3}

    def short(self, case, limit, explains, alone=False):
        """Steps that are too short in all layers, at the schedule's highest rate."""
        means = {name: mean for name, mean in self.means(self.paces).items() if self.starts.get(name)}
        if not means or max(means.values()) >= limit or self.zeros:
            return []
        warming = getattr(case.optimizer, "schedule", None)
        if self.rising and not isinstance(warming, WarmUp):
            return []                                           # a warm-up of one's own: nobody knows how far it goes
        best = max(means, key=means.get)
        if not all(self.fades.get(best, [1])):                  # one of the three had no gradient: it is not the rate
            return []
        explains = 0.9 if means[best] < TOO_SHORT else explains
        how = f"no layer's step is longer than {percent(means[best])} of its weights ({layer_of(best)}); about " \
              f"0.1 % is healthy"
        if self.clipped and self.clipped[0] < CLIPPED * self.clipped[1]:
            clip, whole = self.clipped
            return [Finding("clip-short", "the gradients", f"together they are {whole:.3g} long, clip shortens them to "
                            f"{clip:g}, and {how}", f"raise clip to {whole:.1g}, or leave it out", explains, alone)]
        own = not hasattr(case.optimizer, "schedule") and means[best] < TOO_SHORT       # it multiplies as it likes
        if own or not self.highest:                             # or the rate is not told
            return [Finding("rate-low", "the rate", f"{how}", f"make the steps of your update about "
                            f"{tenfold(1e-3 / max(means[best], 1e-12)):,.0f} times as long", explains, alone,
                            wants="rate up")]
        if self.highest >= COMMON:
            return []                                           # it is the gradient that is short, not the rate
        do = higher(self.highest, means[best])
        if isinstance(warming, WarmUp) and self.rising and warming.steps > AHEAD:
            how, do = f"{how}, and in {AHEAD} steps they will be no longer", f"give the warm-up fewer steps than " \
                      f"{warming.steps:,}"
        return [Finding("rate-low", "the rate", f"at {self.highest:g}, {how}", do, explains, alone, wants="rate up")]

    def faded(self, case):
        """Steps of first layers that are far shorter than those of later ones: of sigmoids, each of which lets a
        quarter of a gradient through at most, or of weights that are small."""
        slopes, paces = self.means(self.fades), self.means(self.paces)
        names = [name for name in self.starts if slopes.get(name) and name in paces]
        if len(names) < 2:
            return []
        best = max(names, key=slopes.get)
        low = [name for name in names[:names.index(best)] if paces[name] < TOO_SHORT and
               slopes[best] > FADED * slopes[name]]
        if not low or paces[best] < TOO_SHORT or max(at_ends(case.net).values(), default=0) > HALF:
            return []                                           # at their ends, tanh and sigmoid keep it back
        worst = min(low, key=slopes.get)
        same = [layer_of(name) for name in low if name != worst]
        same = f", and not much less in {listed(same)}" if same else ""
        share = f"{slopes[worst] / slopes[best]:.1g} of that of {layer_of(best)}"
        steps = f"its steps are {percent(max(paces[worst], 1e-12))} of its weights"
        says = f"its gradient over its weights is {share}, and {steps}: the gradient fades on its way back{same}"
        sigmoids = sum(isinstance(layer, Sigmoid) for layer in every_layer(case.net.layers).values())
        if sigmoids:
            return [Finding("gradients-vanish", layer_of(worst), says, f"take ReLU in place of the "
                            f"{counted(sigmoids, 'sigmoid')}, with init he", 0.85, True)]
        return [Finding("gradients-vanish", layer_of(worst), says, "draw larger weights (init he)", 0.55)]

    def long(self, case, limit, explains, alone=False):
        """Steps that change weights by a large part of their length, three looks in a row and not less and less."""
        means = {name: mean for name, mean in self.means(self.lengths).items()
                 if min(self.lengths[name]) > limit and self.lengths[name][-1] > 0.5 * self.lengths[name][0]}
        if not means:
            return []
        worst = max(means, key=means.get)
        level, times = math.floor(math.log10(min(means[worst], 1e9))), tenfold(means[worst] / 0.01)
        do = f"lower the rate{case.now} to {case.lr / times:.2g}" if case.rated else \
            f"make the steps {times:,.0f} times shorter"
        return [Finding("rate-high", layer_of(worst), f"a step changes its weights by {percent(means[worst])} of their "
                        f"length, and about 0.1 % is healthy", do, explains, alone, level, "rate down")]

    # ------------------------------------------------------------------ decay

    def decayed(self, case):
        """Decay that shortens the weights more than their gradient makes up for, or that does so at each step."""
        shares = {name: length / self.starts[name] for name, length in self.now.items() if self.starts.get(name)}
        if not shares or case.seen <= STILL / 2:
            return []
        worst = min(shares, key=shares.get)
        decay, momentum = (getattr(case.optimizer, name, None) for name in ("weight_decay", "momentum"))
        text = f"the weights of {layer_of(worst)} have {percent(shares[worst])} of their first length"
        if not isinstance(decay, (int, float)):
            return self.decayed_by_own(worst, shares[worst], text)
        kept = 1 - momentum if isinstance(momentum, (int, float)) and 0 <= momentum < 1 else 1
        promise, share = math.exp(-decay * self.travelled / kept), decay * self.highest / kept
        strong, shrunk = share > FAST, shares[worst] < SHRUNK and promise < PROMISED
        if not (strong or shrunk):
            return []
        says = f"at a rate of {self.highest:g} a decay of {decay:g} takes {percent(share)} of the weights' length at " \
               f"each step, where 0.05 % is usual; {text}, and by decay alone {percent(max(promise, 1e-9))}"
        alone = strong and case.seen > STILL or shares[worst] < GONE and self.unlearnt(case)
        explains = 0.95 if shares[worst] < 2 * GONE or strong else 0.6
        if decay <= USUAL_DECAY:
            return [Finding("rate-high", "the rate", says, f"lower it{case.now} ten times", explains, alone,
                            wants="rate down")]
        return [Finding("decay-strong", "the decay", says, f"lower it (weight_decay, now {decay:g}) to 0.0005",
                        explains, alone, wants="decay down")]

    def decayed_by_own(self, worst, share, text):
        """The same of an optimizer whose decay is not known."""
        taken = max(0.0, self.decays.get(worst, 0.0))
        if share > SHRUNK or not taken:
            return []
        return [Finding("decay-strong", layer_of(worst), f"{text}, and a step takes {percent(taken)} of it away",
                        "lower the decay of your update", 0.9 if share < GONE else 0.6, share < GONE,
                        wants="decay down")]


def wrecked(case, before, after):
    """The finding on an update that made NaN or infinity of numbers, as a list of plain data: empty if it did not."""
    gradients = case.net.grads()
    for name, array in after.items():
        dw = gradients.get(name)
        if name not in before or dw is None or finite(array) or not finite(before[name]) or not finite(dw):
            continue
        dw, w = ops.to_host(dw), ops.to_host(case.net.params()[name])
        if not float(abs(dw).max()) * (case.lr if case.rated else 1) < HUGE:
            continue
        bad = ~np.isfinite(w)
        zero = ", and of these the gradient is exactly 0" if not dw[bad].any() else ""
        return [vars(Finding("update-nan", layer_of(name), f"the update of step {case.number} made {int(bad.sum()):,} "
                             f"of its {w.size:,} numbers in {name} NaN or infinite, though weights and gradients were "
                             f"numbers{zero}", "look at what your update divides by, and add 1e-8 to it", 1.0,
                             alone=True))]
    return []
