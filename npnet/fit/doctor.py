"""The doctor: watches a training and says in plain sentences what is wrong, what it may come from, what to try.

    doctor = Doctor(net, classes=10)
    for step in train(net, optimizer, batches):
        for remark in doctor.step(step, net, optimizer):
            print(remark)
    for remark in doctor.epoch(row, net, optimizer):
        print(remark)

A training that fails does not stop and does not complain; it prints losses. What to look at is well
known, and takes experience only because nobody looks:

    the first loss      log(classes), if the network prefers no class: 2.303 for 10 classes
    dead ReLUs          units that are 0 for every picture: no gradient passes them, so they stay so
    steps               the length of a step over the length of the weights; about a thousandth is healthy
    NaN and infinity    where they appear first; what comes after them says nothing
    the labels          whether pictures that look alike have the same label more often than by chance

Every step only the loss is looked at; the layers in the first five steps, and then more and more seldom.
What is measured is what the layers remember of the last step, so nothing is computed a second time.
"""
import math
import zlib
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import Dropout, Softmax
from ..network import every_layer
from ..screen import listed
from ..weights.checkpoint import DOCTOR
from .causes import (cause_of_biases, cause_of_dead, cause_of_input, cause_of_rate, cause_of_softmax, cause_of_spread,
                     cause_of_zeros, numbered)
from .labels import Sample
from .measures import (DEAD_SHARE, RATIO_HIGH, RATIO_LOW, every_shape, finite, first_broken, first_input,
                       geometric_mean, input_figures, living, lowered, percent, raised, same_units, scaling, spread,
                       step_ratios, weights)


ENOUGH_PICTURES = 64        # seen before a unit may be called dead
STUCK_STEPS, WINDOW = 200, 50       # when a loss may be called stuck, and over how many steps it is averaged
HIGH, VERY_HIGH = 2.5, 8.0  # of the first loss, above log(classes): for odd inputs, and for any (He's weights: up to 7)
GAP = 0.15                  # right answers in training minus those in validation: above it, a remark


@dataclass(frozen=True)
class Remark:
    """Something that is wrong. where: a layer's name, "the loss", "the input", ...; text: a sentence or a few."""

    where: str
    text: str

    def __str__(self):
        return f"{self.where}: {self.text}"


class Doctor:
    """Watches one training of a network. classes: their names, or how many there are.

    step and epoch return lists of new Remarks, empty when all is well; each thing is said once, and
    again when it becomes worse. said: {"where: what": how bad it was}, what has been said so far.
    """

    def __init__(self, net, classes):
        self.names = None if isinstance(classes, (int, np.integer)) else tuple(map(str, classes))
        self.classes = int(classes) if self.names is None else len(self.names)
        if self.classes < 2:
            raise ValueError(f"a network needs at least 2 classes to tell apart, got {self.classes}")
        self.said, self.new = {}, []
        self.seen, self.fresh = 0, True                         # steps seen; whether they began with the first of all
        self.losses, self.first_loss, self.highest, self.highest_at = [], None, 0.0, 0      # of which step
        self.largest_lr, self.batch = 0.0, 0                    # batch: pictures in the first one
        self.spread, self.figures = math.inf, (math.nan, math.nan)      # of the last outputs, of inputs: not of few
        self.labels, self.sorted = np.zeros(self.classes, np.int64), 0      # sorted: batches of one class at the start
        self.answers = np.zeros(self.classes, np.int64)         # how often each class was the answer in this epoch
        self.ratios, self.alive, self.pictures = {}, {}, 0
        self.sample, self.sampled, self.epochs, self.ended, self.masks = Sample(), 0, 0, False, {}

    def step(self, step, net, optimizer):
        """New remarks after one training step (npnet.train.Step): on the loss, and now and then on the layers."""
        self.new, self.seen = [], self.seen + 1
        if self.seen == 1:
            self.fresh, self.batch = optimizer.steps <= 1, len(step.labels)     # not fresh: weights from elsewhere
        if not math.isfinite(step.loss):
            if not self.ended:                                  # what comes after the first NaN says nothing
                self.ended = True
                self.broken(step, net)
            return self.new
        self.note(step, net)
        if self.seen == 1:
            self.first(step, net)
        if self.seen <= 5:
            self.look_at_masks(net)
        if looks(self.seen):
            self.look(step, net, optimizer)
        self.follow_loss(step, net, optimizer)
        return self.new

    def epoch(self, row, net, optimizer):
        """New remarks after an epoch.

        row: a dictionary with train_loss, train_top1, loss and top1 (shares of right answers; loss and top1
        None where nothing was held out).
        """
        self.new, self.epochs = [], self.epochs + 1
        if math.isfinite(row["train_loss"]):
            self.validation(row)
            if self.seen >= STUCK_STEPS and self.at_chance(row["train_loss"]) and self.at_chance(np.mean(self.losses)):
                self.stuck(f"this epoch's mean, {row['train_loss']:.3f}, is", net, optimizer)
            elif self.epochs == 1 and self.at_chance(row["train_loss"]) and self.cause_of_labels():
                self.say("the labels", "shuffled", numbered([self.cause_of_labels()]))
            if self.answers.any() and not self.at_chance(row["train_loss"]):
                self.never_predicted()
        self.alive, self.pictures = {}, 0
        self.answers = np.zeros_like(self.answers)
        return self.new

    def diagnosis(self, net, optimizer):
        """A list with one remark: what was found that can keep a network from learning; empty if nothing was."""
        self.new, causes = [], self.causes(net, optimizer)
        if causes and "the loss: stuck" not in self.said:
            self.say("the causes", "found", numbered(causes))
        return self.new

    def say(self, where, what, text, level=0):
        """Adds a remark, unless the same was said and has not become worse."""
        if level > self.said.get(f"{where}: {what}", -math.inf):
            self.said[f"{where}: {what}"] = level
            self.new.append(Remark(where, text))

    # ------------------------------------------------------------------ every step

    def note(self, step, net):
        """What every step leaves: its loss, rate, logits, labels, and small copies of the first pictures."""
        self.losses = [*self.losses, step.loss][-WINDOW:]
        self.first_loss = self.losses[0] if self.first_loss is None else self.first_loss
        self.largest_lr = max(self.largest_lr, step.lr)
        labels, logits = (np.asarray(ops.to_host(array)) for array in (step.labels, step.logits))
        if self.enough(labels):
            self.highest, self.highest_at = max((self.highest, self.highest_at), (step.loss, step.number))
            self.spread = spread(logits)
        self.labels += np.bincount(labels, minlength=self.classes)[:self.classes]
        self.answers += np.bincount(logits.argmax(axis=1), minlength=self.classes)[:self.classes]
        if self.sorted == self.seen - 1 and len(labels) >= 8 and labels.min() == labels.max():
            self.sorted += 1
        if self.epochs == 0:                                    # in the first epoch every picture comes once
            self.sample.add(first_input(net), labels)
            self.sampled = self.sample.count

    def enough(self, labels):
        """Whether a batch is large enough to be judged by: the last of an epoch may be a single picture."""
        return len(labels) >= max(2, self.batch / 2)

    def chance(self):
        """The loss of a network that knows how frequent the classes are, and nothing about pictures."""
        shares = self.labels[self.labels > 0] / self.labels.sum()
        return float(-(shares * np.log(shares)).sum())

    def top(self):
        """The loss at the start: the first one, or that of guessing where it is higher."""
        return max(self.first_loss or 0, math.log(self.classes))

    def at_chance(self, loss):
        """Whether a loss says that nothing was learnt, and the last steps do not promise better."""
        return 0.985 * self.chance() <= loss <= 1.15 * math.log(self.classes) and not self.falling()

    def falling(self):
        """Whether the later half of the last losses lies below the earlier one, by more than two standard errors."""
        losses = np.array(self.losses)
        half = len(losses) // 2
        if half < 2:
            return False
        earlier, later = losses[:half], losses[half:]
        error = math.sqrt((earlier.var() + later.var()) / max(half, 1))
        return earlier.mean() - later.mean() > 2 * error + 0.001

    # ------------------------------------------------------------------ the first step

    def first(self, step, net):
        """What can be seen at once: how the network ends and starts, the rate, the input, the first loss."""
        self.ending(step.logits.shape[1], net)
        self.equal_weights(net)
        if step.lr == 0 and self.fresh:
            self.say("the rate", "zero", "it is 0, so nothing will be learnt; choose one, 0.01 for a start")
        mean, deviation = self.figures = input_figures(net)
        if deviation == 0:
            self.say("the input", "constant", f"all numbers of the first batch are {mean:.3g}, so there is nothing to "
                     f"see; look at the pictures (npnet data show), and at what is subtracted from them")
        elif self.fresh:
            self.first_losses(step.loss, step.logits.shape[1], mean, deviation)

    def ending(self, outputs, net):
        """A Softmax before the loss, which has one of its own; a wrong number of outputs."""
        name, last = list(net.layers.items())[-1]
        if isinstance(last, Softmax):
            lowest = math.log(1 + (outputs - 1) / math.e)
            self.say(name, "softmax", f"the network ends in Softmax, and the loss takes the softmax once more: it "
                     f"cannot fall below {lowest:.2f}, and learning is slow; train the network without {name}")
        if outputs != self.classes:
            self.say(name, "outputs", f"the network has {outputs:,} outputs, but there are {self.classes:,} classes; "
                     f"build it with classes={self.classes}")

    def equal_weights(self, net):
        """Layers whose units are all the same: they get the same gradient and stay the same."""
        equal = same_units(net)
        if equal:
            value = "0" if not any(np.any(weights(net)[name]) for name in equal) else "equal"
            self.say(listed(equal), "equal", f"all weights are {value}, so all units of a layer compute the same and "
                     f"learn the same; draw them at random (init he, torch or paper)")

    def first_losses(self, loss, outputs, mean, deviation):
        """The first loss against that of a network that prefers no class."""
        expected = math.log(outputs)
        strange = scaling(mean, deviation)
        if loss > expected + (HIGH if strange else VERY_HIGH):
            self.say("the loss", "first", f"it starts at {loss:.2f}, and a network that prefers no class starts at "
                     f"log({outputs}) = {expected:.2f}. It is sure before it has learnt anything, as the weights or "
                     f"the inputs are too large. The inputs have mean {mean:.3g} and deviation "
                     f"{deviation:.3g}{strange}. Try a mean of 0 and a deviation of 1, or smaller weights (init torch)")
        if loss < 0.5 * expected:
            self.say("the loss", "first", f"it starts at {loss + 0:.2f}, far below log({outputs}) = {expected:.2f}, "
                     f"where a network starts that prefers no class. If its weights are not trained already, see "
                     f"whether all labels are the same, whether the pictures show them, and whether there are "
                     f"{outputs} classes")

    # ------------------------------------------------------------------ the loss

    def follow_loss(self, step, net, optimizer):
        """A loss that grows, a loss that stays where it was, batches of one class."""
        recent = self.losses[-10:]
        if step.loss > 100 * self.top() or len(recent) == 10 and sum(recent) / 10 > 3 * self.top():
            self.say("the loss", "grows", f"it grows: {self.first_loss:.3g} at first, {step.loss:.3g} at step "
                     f"{step.number}. The steps are too long: lower the rate (now {step.lr:g}) ten times, or start "
                     f"with a warm-up, or shorten long gradients (clip)")
        if self.sorted == 5:
            self.say("the labels", "sorted", "each of the first 5 batches holds a single class, so the network "
                     "unlearns one class while it learns the next; shuffle the pictures")
        if self.seen % STUCK_STEPS == 0 and "the loss: stuck" not in self.said:
            mean = float(np.mean(self.losses))
            if self.at_chance(mean):
                self.stuck(f"the mean of the last {len(self.losses)} steps, {mean:.3f}, is", net, optimizer)

    def stuck(self, start, net, optimizer):
        """One remark for a loss at chance, with all that was found that can explain it."""
        found = numbered(self.causes(net, optimizer)) or (
            f"Nothing that was measured explains it: try a rate ten times larger (now {optimizer.lr:g}), then ten "
            f"times smaller, other initial weights (init he), and whether it learns one batch (npnet train "
            f"--overfit-one-batch).")
        self.say("the loss", "stuck", f"{start} still that of guessing ({self.guessing()}): nothing is learnt so far. "
                 f"{found}")

    def guessing(self):
        """'log(10) = 2.303', and what knowing the classes' shares is worth where that is less."""
        chance, even = self.chance(), math.log(self.classes)
        text = f"log({self.classes}) = {even:.3f}"
        return text if chance > 0.985 * even else f"{text}, or {chance:.3f} knowing how frequent each class is"

    def causes(self, net, optimizer):
        """What was found that can keep a loss at chance, as sentences without a full stop, the likeliest first."""
        zeros = cause_of_zeros(net)
        found = [cause_of_softmax(net), zeros, self.cause_of_height(), None if zeros else cause_of_dead(self.dead()),
                 cause_of_rate(self.ratios, optimizer), cause_of_biases(net), cause_of_input(*self.figures)]
        if not any(found):
            found.append(cause_of_spread(self.spread))
        found.append(self.cause_of_labels())
        return [cause for cause in found if cause]

    def cause_of_height(self):
        """A loss that was much higher before."""
        if self.highest < 1.5 * self.top():
            return None
        return f"the loss rose to {self.highest:.3g} at step {self.highest_at} before: the steps were too long, and " \
               f"what the first weights could tell apart is lost; lower the rate ten times and start again"

    def cause_of_labels(self):
        """Labels that have nothing to do with their pictures."""
        fit = self.sample.fit()
        return None if fit is None or fit.fits else str(fit)

    # ------------------------------------------------------------------ a look at the layers

    def look(self, step, net, optimizer):
        """Gradients with NaN or infinity, dead ReLUs, the lengths of steps."""
        for name, gradient in net.grads().items():
            if not finite(gradient):
                layer, _, key = name.rpartition(".")
                self.say(layer, "gradient", f"the gradient of {key} holds NaN or infinity at step {step.number}, while "
                         f"the loss is still {step.loss:.3g}; lower the rate (now {step.lr:g}) ten times, or shorten "
                         f"long gradients (clip)")
        if self.enough(step.labels):
            self.figures = input_figures(net)
        self.look_at_relus(net, len(step.labels))
        if self.seen > 5:                                       # before, the velocity is still short
            self.look_at_ratios(net, optimizer, step.lr)

    def look_at_masks(self, net):
        """Remarks on a dropout whose mask is that of the step before; of a few numbers it may be so by chance."""
        for name, layer in every_layer(net.layers).items():
            if not isinstance(layer, Dropout) or layer.mask is None:
                continue
            mask = ops.to_host(layer.mask)
            drawn = zlib.crc32(np.packbits(mask))
            if mask.size - mask.sum() >= 8 and self.masks.get(name) == drawn:
                self.say(name, "mask", "it throws the same units away as in the step before, so it is no dropout. A "
                         "mask is drawn for a step: in a loop of your own, set net.step to the number of the step "
                         "before each forward, as npnet.train.train does")
            self.masks[name] = drawn

    def look_at_relus(self, net, pictures):
        """Counts units that were above 0 for a picture; remarks on layers where most never were."""
        self.pictures += pictures
        for name, above in living(net).items():
            self.alive[name] = self.alive.get(name, False) | above
        if self.pictures < ENOUGH_PICTURES or same_units(net):
            return
        for name, share in self.dead().items():
            if share > DEAD_SHARE:
                before = "no other layer of its path" if "." in name else "no layer before it"
                everything = f" Nothing passes, so {before} learns either." if share == 1 else ""
                self.say(name, "dead", f"{share:.0%} of its units are 0 for each of the last {self.pictures:,} "
                         f"pictures looked at, and a unit that is always 0 learns nothing.{everything} It comes from a "
                         f"step that was too long, or from biases far below 0: lower the rate (now "
                         f"{self.largest_lr:g}) and start again; the dead do not come back",
                         level=math.floor(4 * share))

    def dead(self):
        """{layer: share of its units that were 0 for every picture looked at since the epoch began}."""
        return {name: float(1 - above.mean()) for name, above in self.alive.items()}

    def look_at_ratios(self, net, optimizer, lr):
        """Remarks on layers whose steps were far too long or too short, three looks in a row."""
        for name, ratio in step_ratios(net, optimizer, lr).items():
            self.ratios[name] = [*self.ratios.get(name, []), ratio][-3:]
        means = {name: geometric_mean(last) for name, last in self.ratios.items() if len(last) == 3}
        low = {name: mean for name, mean in means.items() if mean < RATIO_LOW}
        if low and lr > 0 and lr >= self.largest_lr and self.fresh:     # not while a schedule brings the rate down
            self.short_steps(low, means, lr)
        for name, mean in means.items():
            first, last = self.ratios[name][0], self.ratios[name][-1]
            if min(self.ratios[name]) > RATIO_HIGH and last > 0.5 * first:
                self.say(name, "ratio", f"a step changes its weights by {percent(mean)} of their length; about 0.1 % "
                         f"is healthy. Lower the rate (now {lr:g}), perhaps to {lowered(lr, mean):g}, or begin with "
                         f"larger weights (init he)", level=math.floor(math.log10(min(mean, 1e30))))

    def short_steps(self, low, means, lr):
        """Steps that are too short: everywhere, the rate is too low; in some layers, the gradient fades."""
        best = max(means, key=means.get)
        if means[best] == 0:
            self.say("the weights", "still", f"no weight moves, though the rate is {lr:g}: all gradients are 0")
            return
        if means[best] < RATIO_LOW:
            self.say("the rate", "low", f"no layer's step is longer than {percent(means[best])} of its weights; about "
                     f"0.1 % is healthy. Raise the rate (now {lr:g}), perhaps to {raised(lr, means[best]):g}")
            return
        for name, mean in low.items():
            self.say(name, "ratio", f"a step changes its weights by only {percent(mean)} of their length, and those of "
                     f"{best} by {percent(means[best])}: the gradient fades on its way back. Try init he, ReLU in "
                     f"place of tanh or sigmoid, or batch normalisation; a higher rate (now {lr:g}) would be too much "
                     f"for {best}")

    # ------------------------------------------------------------------ NaN and infinity

    def broken(self, step, net):
        """One remark that names the first place where something is not a finite number."""
        where, what = first_broken(net, step.logits)
        self.say(where, "nan", f"{what}. The loss of step {step.number} is {step.loss}, and nothing after this step "
                 f"can be used: begin again, or with the weights of a checkpoint (npnet train --weights), at a rate "
                 f"(now {step.lr:g}) ten times lower, or shorten long gradients (clip)")

    # ------------------------------------------------------------------ validation

    def validation(self, row):
        """Training against validation: overfitting, or pictures that are prepared differently."""
        if row["loss"] is None or row["train_loss"] > 100 * self.top():         # without validation; or it diverged
            return
        if not math.isfinite(row["loss"]):
            self.say("validation", "nan", f"its loss is {row['loss']}, while that of training is "
                     f"{row['train_loss']:.3g}; look for NaN in the validation pictures and in running means (batch "
                     f"normalisation)")
            return
        gap, chance = row["train_top1"] - row["top1"], 1 / self.classes
        if gap <= GAP:
            return
        figures = f"{row['train_top1']:.1%} right in training, {row['top1']:.1%} in validation"
        if row["top1"] < 1.5 * chance and row["train_top1"] > 3 * chance:
            self.say("validation", "chance", f"{figures}, which is no better than guessing. Are these pictures "
                     f"prepared as those of training are (scale, mean, order of colours), and their classes numbered "
                     f"in the same order?")
        elif row["loss"] > 1.5 * row["train_loss"]:
            self.say("validation", "overfitting", f"{figures}, loss {row['train_loss']:.3f} and {row['loss']:.3f}: the "
                     f"network learns the training pictures by heart. Try more pictures or more augmentation, dropout, "
                     f"more weight decay, a smaller network, or stop earlier", level=math.floor(gap * 10))

    def never_predicted(self):
        """Classes that have pictures and were not the answer once in this epoch, in a network that learns."""
        never = np.flatnonzero((self.answers == 0) & (self.labels > 0))
        if len(never) and self.answers.sum() >= 20 * self.classes:
            named = [self.names[k] if self.names else str(k) for k in never]
            are = "is" if len(never) == 1 else "are"
            self.say("the answers", "never", f"{len(never)} of {self.classes} classes {are} never the answer: "
                     f"{listed(named)}. Too few training pictures, or too early?", level=len(never))

    # ------------------------------------------------------------------ a run that goes on

    def state(self):
        """What has been seen so far, as plain data, some kB; None stands for what is not a finite number."""
        return {name: told(getattr(self, name)) for name in DOCTOR}

    def restore(self, state, net, first_epoch):
        """Becomes the doctor of that state. first_epoch: gives the batches of the first epoch, should they be wanted.

        Raises ValueError for a state of another network or of other classes.
        """
        shapes = every_shape(net)
        if any(shapes.get(name, [0])[0] != len(units) for name, units in state["alive"].items()) or not (
                len(state["labels"]) == len(state["answers"]) == self.classes and len(state["figures"]) == 2):
            raise ValueError("the checkpoint is damaged: what the doctor has seen is of another network")
        vars(self).update({name: state[name] for name in DOCTOR})
        self.labels, self.answers = np.array(self.labels, np.int64), np.array(self.answers, np.int64)
        self.alive = {name: np.array(units, bool) for name, units in self.alive.items()}
        self.ratios = {name: [math.inf if ratio is None else ratio for ratio in last]
                       for name, last in self.ratios.items()}
        self.spread, *self.figures = (math.nan if number is None else number
                                      for number in (self.spread, *self.figures))
        self.sample.resume(self.sampled, first_epoch)


def told(value):
    """The same for JSON, which has no arrays, no NaN and no infinity."""
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items()}
    if np.ndim(value):
        return [told(one) for one in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return value if value is None or math.isfinite(value) else None


def looks(seen):
    """Whether the layers are looked at after the step that is the `seen`-th of this run."""
    return seen <= 5 or seen % 50 == 0 or seen <= 50 and seen % 10 == 0
