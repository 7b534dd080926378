"""Units that do nothing any more: dead ReLUs, tanh and sigmoid at their ends, dropout that repeats or throws all away.

A few pictures raise a suspicion, and 500 decide: a unit that is 0 for 64 pictures is above 0 for one of the next 500
in about half of the cases. So after a look that is suspicious, and only then, each step is looked at until so many
pictures were seen, or until the suspicion is gone.
"""
import math
import zlib

import numpy as np

from ...backend import ops
from ...layers import Dropout
from ...network import every_layer
from ...screen import counted
from ...weights.checkpoint import MAYBE, NUMBER
from ..measures import at_ends, living, same_units
from .case import Examiner
from .finding import Finding
from .lengths import lengths_of

# Pictures in which a unit was 0 before it is called dead: in AlexNet on CIFAR-10, which learns, 52 to 59 % of a layer's
# units are 0 for each of 64 pictures, and 25 to 38 % for each of 4,000.
ENOUGH = 500
FIRST = 32                  # pictures in the first batch, before it can tell what was dead before the first step
DEAD, MOST = 0.6, 0.85      # shares of a layer's units: a cause, and a remark of its own (healthy: up to 0.81)
LEARNS = 0.9                # of the loss of guessing: below it, a network learns
SHRUNK = 0.2                # of the weights' first length: shorter, it is decay that has taken the units away
SATURATED = 0.95            # of a layer's outputs; healthy: up to 0.62 (tanh, torch), 0.89 (tanh, he, a high rate)
BORN = 0.8                  # chosen: of the outputs in the first batch; above it, it began so
MASKS = 5                   # steps in which dropout masks are compared
SAME = 20.0                 # the logarithm of 1 / chance that two masks are the same: below it, it may be chance
THROWN = 0.25               # of the pictures, of which dropout leaves nothing: a remark (0.5 on 4 units: 0.06)
STRONG = 0.85               # a share thrown away that is a cause; AlexNet has 0.5, and 0.9 is usually meant as kept
HARDLY = 0.95               # chosen: what is kept is 20 times as large and more, and so are the first loss and steps


class Units(Examiner):
    """Counts units over pictures, and positions of maps: a map is one unit.

    alive: {ReLU: which units were above 0 since a look began, None while none is under way}, pictures: of these.
    began: the same of the first batch, before any update. dead: {ReLU: [share, of it from the first batch on (None: not
    known), pictures]}, of the last look that came to an end; ends: {layer: [share of outputs at an end, the same in the
    first batch, pictures]}.
    """

    STATE = {"alive": {...: [bool]}, "pictures": int, "began": {...: [bool]}, "began_pictures": int,
             "dead": {...: [NUMBER, MAYBE, int]}, "saturation": {...: NUMBER}, "ends": {...: [NUMBER, int]},
             "first_ends": {...: NUMBER}, "masks": {...: int}, "empty": {...: [int, int]}, "starts": {...: MAYBE},
             "loss": MAYBE}

    def __init__(self, net):
        self.alive, self.pictures, self.began, self.began_pictures, self.dead = {}, 0, {}, 0, {}
        self.loss = 0.0                                         # the sum over the pictures of a look
        self.starts = lengths_of(net, net.params())
        self.saturation, self.ends, self.first_ends, self.masks, self.empty = {}, {}, {}, {}, {}

    def see(self, case):
        found = self.masked(case) if case.seen <= MASKS or case.pictures <= FIRST else []
        if case.seen == 1 and case.fresh:
            self.began = {name: above.tolist() for name, above in living(case.net).items()}
            self.began_pictures, self.first_ends = len(case.labels), at_ends(case.net)
        if (case.look or self.pictures) and math.isfinite(case.loss):
            found += self.look(case)
        return found

    def suspects(self, case):
        return [*self.dying(case, DEAD), *self.saturated(), *self.thrown(case)]

    # ------------------------------------------------------------------ looks

    def look(self, case):
        """One step of a look: it ends as soon as nothing is suspicious, or after enough pictures."""
        self.pictures, self.loss = self.pictures + len(case.labels), self.loss + len(case.labels) * case.loss
        weight = len(case.labels) / self.pictures
        for name, above in living(case.net).items():
            self.alive[name] = (np.array(self.alive.get(name, above), bool) | above).tolist()
        for name, share in at_ends(case.net).items():
            before = self.saturation.get(name, share)
            self.saturation[name] = before + weight * (share - before)
        shares = {name: 1 - float(np.mean(above)) for name, above in self.alive.items()}
        suspicious = any(share > DEAD for share in shares.values()) or any(
            share > SATURATED for share in self.saturation.values())
        if suspicious and self.pictures < ENOUGH:
            return []
        self.dead = {name: [share, self.from_start(name), self.pictures] for name, share in shares.items()
                     if share > DEAD}
        self.ends = {name: [share, self.pictures] for name, share in self.saturation.items() if share > SATURATED}
        learns = self.loss < LEARNS * case.chance * self.pictures       # else dead units are not what to look at first
        whole = {name for name, share in shares.items() if share == 1}
        self.alive, self.saturation, self.pictures, self.loss = {}, {}, 0, 0.0
        found = [one for one in self.dying(case, MOST) if learns or one.where in whole]
        return [*found, *(finding for finding in self.saturated() if finding.alone)]

    def from_start(self, name):
        """The share of a layer's units that are dead and were 0 in the first batch already; None: not to be told."""
        dead, began = ~np.array(self.alive[name], bool), np.array(self.began.get(name, ()), bool)
        if began.shape != dead.shape or self.began_pictures < FIRST and (began.any() or began.size < 8):
            return None
        return float((dead & ~began).mean())

    # ------------------------------------------------------------------ findings

    def dying(self, case, limit):
        """Layers most of whose units are dead, the one with most of them first."""
        found = []
        # units die, too, where all of a layer are one, and where decay has taken the weights away
        another = bool(self.dead) and (bool(same_units(case.net)) or self.shrunk(case.net))
        for name, (share, first, pictures) in sorted(self.dead.items(), key=lambda item: -item[1][0]):
            if share <= limit or another:
                continue
            passes = ", so nothing passes, and no layer before it learns" if share == 1 else ""
            path = " on its path" if passes and "." in name else ""
            found.append(Finding("dead", name, f"{share:.0%} of its units are 0 for each of {pictures:,} pictures"
                                 f"{whence(share, first, self.began_pictures)}{passes}{path}", remedy(share, first),
                                 explains(share, first), share > MOST, math.floor(8 * share),
                                 "" if (first or 0) > share / 2 else "rate down"))
        return found

    def shrunk(self, net):
        """Whether a layer's weights are far shorter than at first."""
        return any(length < SHRUNK * self.starts.get(name, 0) for name, length in lengths_of(net, net.params()).items())

    def saturated(self):
        """Layers almost all of whose outputs lie at the ends of tanh or sigmoid."""
        found = []
        for name, (share, pictures) in self.ends.items():
            first = self.first_ends.get(name, 0.0)
            since = f"; in the first batch it was {first:.0%}" if name in self.first_ends else ""
            says = f"{share:.1%} of its outputs over {pictures:,} pictures lie within 1 % of an end of its range" \
                   f"{since}, where hardly any gradient passes"
            if first > BORN:
                found.append(Finding("saturated", name, says, "divide the inputs by their deviation, or draw smaller "
                                     "weights (init torch)", 0.8, alone=True))
            else:
                found.append(Finding("saturated", name, says, "lower the rate and start again", 0.7, wants="rate down"))
        return found

    def masked(self, case):
        """Dropout whose mask is that of the step before, and dropout that leaves nothing of most pictures."""
        found = []
        for name, layer in every_layer(case.net.layers).items():
            if not isinstance(layer, Dropout) or getattr(layer, "mask", None) is None:
                continue
            mask = ops.to_host(layer.mask)
            drawn, p = zlib.crc32(np.packbits(mask)), float(layer.p_drop)
            chance = -mask.size * math.log(max(p ** 2 + (1 - p) ** 2, 1e-300))
            if chance > SAME and self.masks.get(name) == drawn:
                found.append(Finding("mask-repeats", name, "it throws the same units away as in the step before, so it "
                                     "is no dropout: a mask is drawn for a step", "set net.step to the number of the "
                                     "step before each forward, as npnet.train.train does", 0.6, alone=True))
            self.masks[name] = drawn
            pictures, empty = self.empty.get(name, [0, 0])
            self.empty[name] = [pictures + len(mask), empty + int((~mask.reshape(len(mask), -1).any(axis=1)).sum())]
        return found + [finding for finding in self.thrown(case) if finding.alone]

    def thrown(self, case):
        """Dropout that throws nearly everything away."""
        found = []
        for name, layer in every_layer(case.net.layers).items():
            p = float(layer.p_drop) if isinstance(layer, Dropout) else 0.0
            pictures, empty = self.empty.get(name, [0, 0])
            share = empty / pictures if pictures >= FIRST else 0.0
            if p < STRONG and share < THROWN:
                continue
            nothing = f", and of {share:.0%} of the pictures nothing at all passes" if share >= 0.01 else ""
            sure = 0.9 if share >= THROWN else 0.85 if p >= HARDLY else 0.5
            found.append(Finding("dropout-strong", name, f"it throws {p:.4g} of its numbers away{nothing}",
                                 "give the share that is thrown away, 0.5 or less", sure,
                                 share >= THROWN, int(share >= THROWN)))
        return found


def explains(share, first):
    """How much dead units explain: much where a whole layer began so, less where it has become so by something else."""
    if share < 1:
        return 0.4
    return 0.95 if (first or 0) > 0.5 else 0.65


def whence(share, first, pictures):
    """Since when they are dead, as far as it was seen."""
    if first is None:
        return ""
    return f" ({first:.0%} in the first batch already, of {counted(pictures, 'picture')} and before any step, and " \
           f"{share - first:.0%} died since)"


def remedy(share, first):
    """What to do about dead units: those that never lived, and those that a step has killed."""
    if first is None:
        return "start again with init he and biases of 0, and watch the first steps at a lower rate"
    if first > share / 2:
        return "draw its layer's weights again (init he), with biases of 0"
    return "lower the rate and start again: the dead do not come back"
