"""The course of the loss: whether it is stuck, grows or is no number, and whether it is the loss that it should be."""
import math

import numpy as np

from ...weights.checkpoint import MAYBE, NUMBER
from ..measures import finite, first_broken
from .case import Examiner
from .finding import Finding

FEWEST = 32         # pictures of which a mean loss says something
WINDOW_STEPS, WINDOW_PICTURES = 50, 800         # over which the loss is averaged: whichever is more
SOON = (100, 1600)          # steps and pictures after which a loss is called stuck where a likely cause is found
LATE = (400, 6400)          # and without any cause: healthy trainings left chance by then (tests/fit/ward_healthy.py)
LEFT = 3.0                  # standard errors: right answers above the largest class, or a fall of the loss
CHANCE = 0.985              # of the loss of guessing: below it, something was learnt
CALM = 0.05         # chosen: of the loss at the start; gradients, and so the steps, are about as much shorter
GROWN, EXPLODED = 3.0, 100.0        # times the loss at the start, for a mean over some pictures, and for one step
RISEN = 1.1                 # of the loss of guessing, by which it must be worse than guessing to be called growing
FACTORS = 5         # looks at which a loss must be the same number of times the one computed again
RATIOS = 10         # looks at which the two are compared at most
OVERFLOWS = 1e30    # outputs so large are no matter of a logarithm
SAME = 1e-3                 # the relative difference that rounding may make between two ways to the same loss


class Course(Examiner):
    """Keeps the last losses, and compares the step's with the loss of its outputs and labels."""

    STATE = {"losses": [NUMBER], "right": [int], "sizes": [int], "first_loss": MAYBE, "first_mean": MAYBE,
             "highest": NUMBER, "highest_at": int, "rose_from": MAYBE, "ratios": [NUMBER]}

    def __init__(self, net):
        self.broken_weights = not all(map(finite, (net.params() | net.state()).values()))       # before the first step
        self.keep = WINDOW_STEPS                                # steps of a window
        self.losses, self.right, self.sizes = [], [], []        # of the window: of each step
        self.first_loss, self.first_mean, self.highest, self.highest_at = math.nan, math.nan, 0.0, 0
        self.rose_from = math.nan                               # the loss before it was highest, if that was nearly 0
        self.ratios = []                                # the step's loss over the one computed again, of the looks

    def possible(self):
        return len(self.losses) == len(self.right) == len(self.sizes) and min(self.sizes, default=1) >= 1

    # ------------------------------------------------------------------ what is kept

    def see(self, case):
        self.keep = max(WINDOW_STEPS, -(-WINDOW_PICTURES // case.size))
        for kept, new in ((self.losses, case.loss), (self.right, case.right), (self.sizes, len(case.labels))):
            kept.append(new)
            del kept[:-self.keep]
        if math.isnan(self.first_loss) or case.pictures - len(case.labels) < FEWEST:
            self.first_loss = self.mean()                       # of the first pictures
        if len(self.losses) == self.keep and math.isnan(self.first_mean):
            self.first_mean = mean(self.losses)
        few = -(-FEWEST // case.size)                           # steps: the loss of one picture is no measure
        if len(self.losses) >= few and (now := mean(self.losses[-few:])) > self.highest:
            self.highest, self.highest_at = now, case.number
            before = self.losses[-few - 1] if len(self.losses) > few else math.nan
            self.rose_from = before if before < CALM * self.top(case) else math.nan
        if case.look and case.loss > 1e-3 and len(self.ratios) < RATIOS:
            self.ratios.append(case.step.loss / case.loss)
            if len(self.ratios) == FACTORS:
                other = self.other_loss(case)
                return [other] if other and other.alone else []
        return []

    @property
    def usual(self):
        """Whether the loss of a step is known to be the softmax cross-entropy of its outputs: at ten looks it was."""
        return len(self.ratios) == RATIOS and all(abs(ratio - 1) < SAME for ratio in self.ratios)

    def top(self, case):
        """The loss at the start: the first one, or that of guessing where it is higher."""
        first = self.first_loss if math.isfinite(self.first_loss) else 0
        return max(first, math.log(case.classes))

    def mean(self):
        """The mean loss of the window."""
        return float(np.average(self.losses, weights=self.sizes))

    # ------------------------------------------------------------------ symptoms

    def symptom(self, case, said):
        """(name, where, sentence, how much a cause must explain) of a loss that is not well, or None."""
        if "symptom: grows" not in said and (text := self.growing(case)):
            return text
        if case.seen % self.keep == 0 and not {"symptom: stuck", "symptom: grows"} & set(said) and self.stuck(case):
            late, count = case.seen >= LATE[0] and case.pictures >= LATE[1], sum(self.sizes)
            return ("stuck", "the loss", f"the mean of the last {count:,} pictures, {self.mean():.3f}, is no better "
                    f"than that of guessing ({guessing(case)}), and {sum(self.right) / count:.0%} are right: nothing "
                    f"is learnt so far", 0 if late else 0.5)
        return None

    def stuck(self, case):
        """Whether the window shows a network that has learnt nothing, and does not promise better."""
        if case.seen < SOON[0] or case.pictures < SOON[1] or case.chance == 0:
            return False
        return self.mean() > CHANCE * case.chance and not self.answers_well(case) and self.slope() < LEFT

    def answers_well(self, case):
        """Whether more is right than the most frequent class would give, by three standard errors."""
        largest, count = case.shares.max(), sum(self.sizes)
        error = math.sqrt(max(largest * (1 - largest), 1e-9) * count)
        return sum(self.right) > largest * count + LEFT * error

    def slope(self):
        """How many standard errors the later half of the window lies below the earlier one."""
        losses = np.array(self.losses)
        half = len(losses) // 2
        earlier, later = losses[:half], losses[half:]
        error = math.sqrt((earlier.var() + later.var()) / half) + 1e-12
        return float((earlier.mean() - later.mean()) / error)

    def growing(self, case):
        """The symptom of a loss far above its start, or worse than guessing and rising; None where it is neither."""
        last = max(10, -(-100 // case.size))
        recent, top = self.losses[-last:], self.top(case)
        now = mean(recent)
        exploded = case.loss > EXPLODED * top
        if exploded or len(recent) == last and now > GROWN * top:
            later = f"{case.loss if exploded else now:.3g} at step {case.number}"
            if self.rose_from >= 0:
                later = f"{self.rose_from:.2g} just before step {self.highest_at} and {self.highest:.3g} there: look " \
                    f"whether the pictures, or the labels, are others from then on"
            return "grows", "the loss", f"it grows: {self.first_loss:.3g} at first, {later}", 0
        rising = math.isfinite(self.first_mean) and now > RISEN * top and now > self.first_mean
        if rising and case.seen % self.keep == 0 and self.slope() < -LEFT:
            return ("grows", "the loss", f"it grows, and is worse than guessing ({guessing(case)}): "
                    f"{self.first_mean:.3g} at first, {now:.3g} at step {case.number}", 0.5)
        return None

    def broken(self, case):
        """The symptom of a loss that is NaN or infinite, with the first place where something is no number."""
        where, what = first_broken(case.net, case.step.logits)
        before = f" The loss before was {self.losses[-1]:.3g}." if self.losses else ""
        return ("nan-overflow", where, f"{what}. The loss of step {case.number} is {case.step.loss}, and nothing after "
                f"this step can be used: begin again, or with the weights of a checkpoint (npnet train --weights)."
                f"{before}".rstrip("."), 0)

    # ------------------------------------------------------------------ causes

    def suspects(self, case):
        found = [self.numbers(case) if not math.isfinite(case.step.loss) else None, self.other_loss(case),
                 self.height(case)]
        return [finding for finding in found if finding]

    def numbers(self, case):
        """Where NaN comes from: the pictures, the weights, a logarithm of 0, or steps that grew."""
        where, _ = first_broken(case.net, case.step.logits)
        if where == "the input":
            return Finding("nan-input", where, "NaN or infinity came in with the pictures",
                           "look at the pictures, and at what they are divided by", 1.0)
        if finite(case.logits) and math.isfinite(case.loss) and abs(case.logits).max() < OVERFLOWS:
            return Finding("loss-log-zero", "the loss", f"it is {case.step.loss}, but the outputs are finite, and the "
                           f"softmax cross-entropy of them is {case.loss:.3g}: the loss takes the logarithm of a "
                           f"probability that is 0, or an exponential overflows", "compute it from the logits, as "
                           "npnet.ops.softmax_cross_entropy does", 1.0)
        if self.broken_weights:
            return Finding("nan-weights", where, "the weights hold NaN or infinity at the first step already",
                           "look at how they are made", 1.0)
        return None

    def other_loss(self, case):
        """A loss that is not the softmax cross-entropy of the outputs, by a factor that says which."""
        if not self.ratios or all(abs(ratio - 1) < SAME for ratio in self.ratios):
            return None
        least, ratio, most, size = min(self.ratios), float(np.median(self.ratios)), max(self.ratios), case.size
        same = len(self.ratios) >= FACTORS and most - least < SAME * abs(ratio)
        if size > 1 and abs(ratio / size - 1) < 0.01:
            return Finding("loss-sums", "the loss", f"it is {ratio:.4g} times the mean over the batch, which has "
                           f"{size:,} pictures: it sums, and where its gradient does so, too, the steps are {size:,} "
                           f"times as long", "divide it by the number of pictures", 0.75)
        how = f"{ratio:.3g}" if most - least < 0.05 * abs(ratio) else f"{least:.3g} to {most:.3g}"
        return Finding("loss-own", "the loss", f"it is {how} times the softmax cross-entropy of these outputs"
                       + same * f", in each step, so a network that guesses has {ratio * math.log(case.classes):.3g}",
                       "compare it with npnet.ops.softmax_cross_entropy", 0.45, alone=same)

    def height(self, case):
        """A loss that was much higher before than at the start: the steps were too long. Not where it rose at once from
        nearly 0: there a step is short, so the pictures or the labels are others."""
        if self.highest < 1.5 * self.top(case) or self.rose_from >= 0:
            return None
        return Finding("rate-high", "the rate", f"the loss rose to {self.highest:.3g} at step {self.highest_at}: the "
                       f"steps were too long", f"lower the rate{case.now} ten times and start again", 0.55,
                       wants="rate down")


def mean(numbers):
    """Of a list; np.mean would take five times as long, and each step asks for two."""
    return sum(numbers) / len(numbers)


def guessing(case):
    """'log(10) = 2.303', and what knowing the classes' shares is worth where that is less."""
    even = math.log(case.classes)
    text = f"log({case.classes}) = {even:.3f}"
    if case.chance > CHANCE * even:
        return text
    return f"{text}, or {case.chance:.3f} knowing how frequent each class is"
