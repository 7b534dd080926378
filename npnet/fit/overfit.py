"""Overfitting one batch: the first thing to try when a network does not learn.

    print(overfit(net, SGD(lr=0.01), x, labels))

A network that cannot learn a few dozen pictures by heart cannot learn anything, and finding out takes seconds. If
it can, the layers, the gradients and the optimizer work, and what is wrong lies in the data or in the settings.
Right or wrong labels: a batch can be learnt by heart with either.
"""
import itertools
import math
from dataclasses import dataclass

from ..layers import check_whole
from ..train import evaluate, train
from .doctor import Doctor
from .measures import unwarned

LEARNT = 0.01               # a loss below it: the batch is known by heart
RIGHT = 0.05                # or all answers right and a loss below this
OFTEN = 10                  # steps from one look with dropout off to the next


@dataclass
class OverfitResult:
    """What came of it. str() is the sentence, with the doctor's remarks if the batch was not learnt.

    losses: one for every step, with dropout on. loss, accuracy: of the batch afterwards, dropout off. steps: how many
    were done. learnt: whether the loss fell below LEARNT, or below RIGHT with all answers right.
    """

    losses: list
    loss: float
    accuracy: float
    steps: int
    learnt: bool
    pictures: int
    remarks: list

    @property
    def sentence(self):
        """Whether the network can learn this batch, with the figures, and what follows."""
        figures = f"loss {self.losses[0]:.2f} -> {self.loss:.3f} in {self.steps} steps, {self.accuracy:.0%} of the " \
                  f"{self.pictures} pictures right"
        if self.learnt:
            return f"the network can learn this batch: {figures}; what does not learn on all data is then the data " \
                   f"or the settings"
        if math.isfinite(self.loss) and self.loss < 0.5 * self.losses[0]:
            return f"the network is learning this batch, but has not finished: {figures}; give it more steps, or a " \
                   f"higher rate"
        return f"the network cannot learn this batch: {figures}; before all data is tried, this has to work"

    def __str__(self):
        remarks = [] if self.learnt else self.remarks
        return "\n".join([self.sentence, *(line for remark in remarks for line in remark.lines)])


def overfit(net, optimizer, x, labels, steps=200, progress=None):
    """Trains a network on one batch, over and over, until it knows it by heart -> OverfitResult.

    x (N, *input_shape), labels (N,) integers. At most `steps` steps, at least 1; progress(done, steps) is
    called after each. The network and the optimizer are changed: use copies, or begin anew afterwards.
    """
    check_whole(steps=steps)
    doctor, losses, remarks = Doctor(net, list(net.shapes.values())[-1][0]), [], []
    with unwarned():
        for step in train(net, optimizer, itertools.repeat((x, labels), steps)):
            losses.append(step.loss)
            remarks += doctor.step(step, net, optimizer)
            if progress:
                progress(len(losses), steps)
            if by_heart(step.loss, step.accuracy) or not math.isfinite(step.loss):
                break
            if len(losses) % OFTEN == 0 and by_heart(*known(net, x, labels)):
                break                                       # dropout alone kept the training loss up
        loss, accuracy = known(net, x, labels)
    learnt = by_heart(loss, accuracy) or by_heart(step.loss, step.accuracy)
    if not learnt and math.isfinite(losses[-1]):
        remarks += doctor.diagnosis(net, optimizer)
    return OverfitResult(losses, loss, accuracy, len(losses), learnt, len(x), remarks)


def by_heart(loss, accuracy):
    """Whether a batch with this loss and this share of right answers has been learnt."""
    return loss < LEARNT or accuracy == 1 and loss < RIGHT


def known(net, x, labels):
    """Loss and share of right answers on the batch, dropout off."""
    result = evaluate(net, [(x, labels)])
    return result.loss, result.top1
