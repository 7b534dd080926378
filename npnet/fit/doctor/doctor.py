"""The doctor: when he looks, whom he asks, when he speaks.

    doctor = Doctor(net, classes=10)
    for step in train(net, optimizer, batches):
        for remark in doctor.step(step, net, optimizer):
            print(remark)
    for remark in doctor.epoch(row, net, optimizer):
        print(remark)

A training that fails does not stop and does not complain; it prints losses. The doctor has examiners, each of
whom looks for one kind of trouble: how the network ends and begins, what comes in, what moves, what is dead, how
validation does. Some findings are a trouble by themselves (all layers are frozen) and are said at once. All others
are said only when the loss shows a trouble (it is stuck, it grows, it is NaN): then each examiner is asked what
explains it, the gradient is proved once by small steps along it, and the causes are ranked by how much of what was
measured they explain.

Every step only the loss is looked at; the layers in the first five steps, and then more and more seldom.
"""
import math

import numpy as np

from ...weights.checkpoint import DOCTOR, check
from .case import Case, cross_entropy, facts_of, plain
from .course import Course
from .ends import Ends
from .finding import CONTRADICTED, DOUBTFUL, ranked, remark_of, remark_with_causes
from .gradients import Gradients
from .kinds import KINDS
from .movement import Movement
from .pictures import Pictures
from .units import Units
from .validation import Validation


SLIP = 1e-6                             # by which rounding may take a mean of shares beyond 0 and 1
ROSE = 0.6                              # what explains more than a loss that rose
BLAMED = ("rate", "units")              # groups of which everybody is asked for a better cause before they are blamed,
                                        # and before labels are that no longer show in a loss which falls by heart


class Doctor:
    """Watches one training of a network. classes: their names, or how many there are.

    probe: whether the gradient may be proved, once, by small steps along it when something is wrong: at most 8
    pictures and the time of ten steps, or half a second, on a copy; layers that are not npnet's are asked once more,
    after the second step. step and epoch return lists of new Remarks, empty when all is well;
    each thing is said once, and again when it becomes worse. said: {"name: where": level}, what has been said so far.
    """

    def __init__(self, net, classes, probe=True):
        if not hasattr(net, "layers"):
            raise TypeError(f"the doctor needs a Network, got a {type(net).__name__}")
        self.names = names_of(classes)
        self.classes = int(classes) if self.names is None else len(self.names)
        if self.classes < 2:
            raise ValueError(f"a network needs at least 2 classes to tell apart, got {self.classes}")
        self.said, self.seen, self.pictures, self.size, self.epochs = {}, 0, 0, 0, 0
        self.fresh, self.ended, self.case = True, False, None
        self.surest = {"training": 0.0, "validation": 0.0}      # how much the best cause explains that was said
        self.counts = np.zeros(self.classes, np.int64)
        self.course = Course(net)
        self.inputs, self.gradients = Pictures(net), Gradients(net, probe)
        # of causes that explain as much, the first here comes first
        self.examiners = [Ends(net), self.inputs, self.gradients, Movement(net), Units(net), self.course,
                          Validation(net, self.inputs.fit)]

    # ------------------------------------------------------------------ when he is asked

    def before(self, training, validation=None, identities=None):
        """New remarks before the first step, on the pictures of two Loaders. identities: the fingerprints of their
        pictures, {"training": Identity, "validation": Identity}, where they are known."""
        return self.speak([finding for examiner in self.examiners
                           for finding in examiner.before(training, validation, identities or {})])

    @np.errstate(all="ignore")                                  # NumPy's warnings say less than he does
    def step(self, step, net, optimizer):
        """New remarks after one training step (npnet.train.Step), with the network and optimizer after its update.

        ValueError where its logits and labels are no (N, classes) and (N,) whole numbers, and its loss is no number.
        """
        case = self.case = self.case_of(step, net, optimizer)
        if self.ended:                                          # what comes after the first NaN says nothing
            return []
        if not math.isfinite(step.loss):
            self.ended = True
            return self.trouble(*self.course.broken(case), case)
        found = [finding for examiner in self.examiners for finding in examiner.see(case)]
        remarks = self.speak(found)
        symptom = self.course.symptom(case, self.said)
        return remarks + (self.trouble(*symptom, case) if symptom else [])

    @np.errstate(all="ignore")
    def epoch(self, row, net, optimizer):
        """New remarks after an epoch.

        row: a dictionary with train_loss, train_top1, loss and top1 (shares of right answers, 0 to 1; loss and top1
        None where nothing was held out). ValueError where it is not so.
        """
        check_row(row)
        self.epochs += 1
        if not self.seen or self.ended or not math.isfinite(row["train_loss"]):
            return []
        if self.case is None:                                   # a run that goes on at the end of an epoch
            self.case = self.case_with(None, None, None, math.nan, False, net, optimizer)
        self.case.epochs = self.epochs
        found = [finding for examiner in self.examiners for finding in examiner.epoch(self.case, row)]
        if any(KINDS[finding.name].group == "validation" for finding in found):
            found += [finding for examiner in self.examiners for finding in examiner.validation_suspects(self.case)]
        return self.speak(found)

    def diagnosis(self, net, optimizer):
        """A list with one remark: what was found that can keep a network from learning; empty if nothing was."""
        asked = self.case is not None and self.case.step is not None and not self.ended
        causes = [cause for cause in self.causes(self.case) if self.is_new(cause)] if asked else []
        return [remark_of(causes)] if causes and "symptom: stuck" not in self.said else []

    # ------------------------------------------------------------------ what he knows

    def case_of(self, step, net, optimizer):
        """The Case of a step."""
        check_step(step)
        logits, labels = facts_of(step.logits, step.labels)
        if self.seen == 0:
            self.size = len(labels)
            self.fresh = (getattr(optimizer, "steps", 0) or 0) <= 1    # a run that goes on: weights from elsewhere
        self.seen, self.pictures = self.seen + 1, self.pictures + len(labels)
        self.counts += np.bincount(labels, minlength=self.classes)[:self.classes]
        look = looks(self.seen)
        again = look or not self.course.usual                   # computed again: a tenth of what a step costs him
        loss = cross_entropy(logits, labels, step.loss) if again else float(step.loss)
        return self.case_with(step, logits, labels, loss, look, net, optimizer)

    def case_with(self, step, logits, labels, loss, look, net, optimizer):
        """A Case with what is known of the training besides."""
        return Case(net, optimizer, step, logits, labels, loss, look, self.seen, self.pictures, self.fresh, self.epochs,
                    self.classes, self.names, self.size, self.counts)

    def causes(self, case):
        """What explains that the loss is not well, ranked."""
        found = [finding for examiner in self.examiners for finding in examiner.suspects(case)]
        if self.gradients.lowered:                              # then a rate is not blamed because the loss rose
            found = [finding for finding in found if finding.name != "rate-high" or finding.explains >= ROSE]
        return ranked(found)

    # ------------------------------------------------------------------ when he speaks

    def speak(self, found):
        """One remark of what is a trouble by itself and was not said before."""
        new = [finding for finding in found if finding.alone and self.is_new(finding) and not self.explained(finding)]
        if any(KINDS[finding.name].group in BLAMED or finding.name == "labels-shuffled" for finding in new):
            new += [cause for cause in self.causes(self.case) if self.is_new(cause) and not self.explained(cause)
                    and cause.explains >= DOUBTFUL]
        chosen = ranked(new)
        self.remember(chosen)
        return [remark_of(chosen)] if chosen else []

    def trouble(self, name, where, text, needed, case):
        """The remark of a symptom with its causes; none where no cause explains as much as is needed, or where the
        best one was said before."""
        causes = [cause for cause in self.causes(case) if not self.explained(cause)]
        best = causes[0] if causes else None
        if needed > (best.explains if best else 0):
            return []
        told = best is not None and not self.is_new(best)
        self.said[f"symptom: {name}"] = 0
        self.remember(causes)
        if (told or not causes and self.surest["training"]) and not self.ended:
            return []
        return [remark_with_causes(where, text, [] if told else causes, name)]

    def remember(self, findings):
        """Keeps that these were said."""
        for finding in findings:
            self.said[finding.key] = max(finding.level, self.said.get(finding.key, finding.level))
            if KINDS[finding.name].group != "answers":          # which follow from everything
                self.surest[side(finding)] = max(self.surest[side(finding)], finding.explains)

    def explained(self, finding):
        """Whether it may come from what was said before, which explains more: one fault brings others with it; or
        whether it would contradict that."""
        said = {key.partition(": ")[0] for key in self.said}
        return finding.explains < self.surest[side(finding)] or bool(said & CONTRADICTED.get(finding.name, set()))

    def is_new(self, finding):
        """Whether it was not said, or has become worse."""
        return finding.level > self.said.get(finding.key, -math.inf)

    # ------------------------------------------------------------------ a run that goes on

    def state(self):
        """What has been seen so far, as plain data, some kB; None stands for what is not a finite number."""
        own = {name: plain(getattr(self, name)) for name in ("said", "seen", "pictures", "size", "epochs", "counts")}
        return own | {"fresh": self.fresh, "ended": self.ended, "surest": self.surest,
                      "examiners": {type(one).__name__: one.state() for one in self.examiners}}

    def restore(self, state, net, first_epoch):
        """Becomes the doctor of that state. first_epoch: gives the batches of the first epoch, should they be wanted.

        Raises ValueError for a state of another network or of other classes, or that is damaged.
        """
        check("the doctor", state, DOCTOR)
        if len(state["counts"]) != self.classes or state["seen"] and state["size"] < 1:
            raise ValueError("the checkpoint is damaged: what the doctor has seen is of other classes")
        for name in ("said", "seen", "pictures", "size", "epochs", "fresh", "ended", "surest"):
            setattr(self, name, state[name])
        self.counts = np.array(state["counts"], np.int64)
        for one in self.examiners:
            one.restore(state["examiners"].get(type(one).__name__, {}))
        self.inputs.resume(first_epoch)


def names_of(classes):
    """The names of the classes; None where only their number is given."""
    if isinstance(classes, (int, np.integer)):
        return None
    if isinstance(classes, str) or not np.iterable(classes):
        raise TypeError(f"classes must be a whole number, or a list of their names, got {classes!r}")
    return tuple(map(str, classes))


def check_step(step):
    """Raises TypeError or ValueError for what is no Step, or has no number as its loss."""
    if not hasattr(step, "logits"):
        raise TypeError(f"the doctor needs an npnet.train.Step(number, loss, lr, logits, labels), got a "
                        f"{type(step).__name__}")
    if type(step.loss) is not float and (np.ndim(step.loss) or isinstance(step.loss, (str, type(None)))):
        raise ValueError(f"the doctor needs a loss that is one number, the mean over the batch, got a "
                         f"{type(step.loss).__name__}")


def check_row(row):
    """Raises ValueError unless a row is what Doctor.epoch takes."""
    for name in ("train_loss", "train_top1"):
        if row.get(name) is None:
            raise ValueError(f"the doctor needs the {name} of an epoch, got {', '.join(row) or 'nothing'}")
    if (row.get("loss") is None) != (row.get("top1") is None):
        raise ValueError("the doctor needs the loss and the top1 of validation, or neither, got one of them")
    for name in ("train_top1", "top1"):
        if row.get(name) is not None and not -SLIP <= row[name] <= 1 + SLIP:
            raise ValueError(f"{name} must be a share of right answers from 0 to 1, got {row[name]!r}")


def side(finding):
    """Whose trouble it is: that of training or of validation."""
    return "validation" if KINDS[finding.name].group == "validation" else "training"


def looks(seen):
    """Whether the layers are looked at after the step that is the `seen`-th of this run."""
    return seen <= 5 or seen % 50 == 0 or seen <= 50 and seen % 10 == 0
