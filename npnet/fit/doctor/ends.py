"""How a network ends and how it begins: what is wrong there is wrong from the first step on."""
import math

import numpy as np

from ...layers import AdaptiveAvgPool, AvgPool, Conv2D, Dense, Dropout, ReLU, Sigmoid, Softmax, Tanh
from ...network import every_layer
from ...ops.softmax import log_softmax_forward
from ...screen import listed
from ...weights.checkpoint import MAYBE
from ..measures import input_figures, same_units, scaling, spread, weights
from .case import Examiner, probabilities
from .finding import Finding
from .lengths import STRONG

SURE = 8.0          # a first loss so far above log(classes): He's weights reach 7 above it
ABSURD = 30.0       # times log(classes): no way of drawing weights that is in use reaches a third of it
SPREAD = 0.01       # a deviation of the outputs from picture to picture; He's weights give about 1
ROWS = 8            # pictures from which the spread is taken: with a batch of 1 those of the first steps
NUMBERS = 64        # outputs from which their signs are judged
ZEROS = 0.1         # the share of outputs that are exactly 0, as a ReLU leaves them and nothing else does


class Ends(Examiner):
    """Looks at the outputs of the first steps, and at the weights before them."""

    STATE = {"first_loss": MAYBE, "first_spread": MAYBE, "figures": [MAYBE]}

    def __init__(self, net):
        self.first_loss, self.first_spread, self.figures, self.rows = math.nan, math.nan, [math.nan, math.nan], []

    def possible(self):
        return len(self.figures) == 2

    def see(self, case):
        if case.fresh and math.isnan(self.first_spread):
            self.rows += list(case.logits[:ROWS])
            self.first_spread = spread(np.stack(self.rows)) if len(self.rows) >= ROWS else math.nan
        if case.seen > 1:
            return []
        self.figures = [float(figure) for figure in input_figures(case.net)]
        self.first_loss = case.loss if case.fresh else math.nan
        return there(softmax_twice(case), relu_last(case), bounded(case), outputs(case), equal_weights(case),
                     self.weights_large(case))

    def suspects(self, case):
        return there(softmax_twice(case), relu_last(case), bounded(case), equal_weights(case),
                     self.weights_large(case), self.weights_small(), biases_hide(case))

    def weights_large(self, case):
        """A first loss that only large weights make, or large inputs."""
        expected = math.log(case.logits.shape[1])
        if not self.first_loss > expected + SURE:
            return None
        if scaling(*self.figures) or math.isnan(self.figures[0]):       # large inputs, or nobody knows how large
            return None
        if any(isinstance(one, Dropout) and one.p_drop > STRONG for one in every_layer(case.net.layers).values()):
            return None                                         # what it keeps is 1 / (1 - p_drop) times as large
        absurd = self.first_loss > ABSURD * expected
        says = f"it started at {self.first_loss:.3g}, where a network that prefers no class starts at " \
               f"log({case.logits.shape[1]}) = {expected:.2f}, so it was sure before it had learnt anything"
        return Finding("weights-large", "the loss", f"{says}: the first weights are too large",
                       "begin with smaller weights (init torch)", 0.9 if absurd else 0.7, alone=absurd)

    def weights_small(self):
        """Outputs that did not depend on the picture at the first step already."""
        if not self.first_spread < SPREAD:
            return None
        return Finding("weights-small", "the outputs", f"at the first step they varied by {self.first_spread:.1g} from "
                       f"one picture to the next: the weights are too small for these inputs",
                       "begin with larger weights (init he)", 0.8 if self.first_spread < SPREAD / 100 else 0.45)


def there(*findings):
    """Those that are no None."""
    return [finding for finding in findings if finding]


def last_layer(net):
    """The name of the last layer, and the layer."""
    return list(net.layers.items())[-1]


def softmax_twice(case):
    """A Softmax before the loss, which has one of its own, or outputs that are probabilities already."""
    (name, last), outputs = last_layer(case.net), case.logits.shape[1]
    trained = isinstance(last, Softmax) or probabilities(case.logits) and case.logits.size >= NUMBERS
    if not trained or not takes_softmax(case):
        return None
    lowest = math.log(1 + (outputs - 1) / math.e)
    return Finding("softmax-twice", name, f"the outputs are probabilities, as each row sums to 1, and the loss takes "
                   f"the softmax once more: it cannot fall below {lowest:.2f}, and learning is slow",
                   f"train the network without {name}", 1.0, alone=True)


def takes_softmax(case):
    """Whether the step's loss, a mean or a sum, is the softmax cross-entropy of these outputs: one of one's own may be
    the logarithm of these probabilities, or their squared error."""
    once = log_softmax_forward(case.logits.astype(np.float64))[np.arange(len(case.labels)), case.labels]
    return any(math.isclose(-times * once.mean(), case.step.loss, rel_tol=1e-3) for times in (1, len(case.labels)))


def relu_last(case):
    """Outputs that are never below 0, and 0 as often as only a ReLU makes them."""
    name, last = last_layer(case.net)
    zeros = float((case.logits == 0).mean())
    signs = case.logits.size >= NUMBERS and case.logits.min() == 0 and zeros > ZEROS
    if not (isinstance(last, ReLU) or signs and np.any(case.logits) and not averaged(case.net)):
        return None
    return Finding("relu-last", name, f"the outputs are never below 0, and {zeros:.0%} of them are exactly 0: no "
                   f"class can be ruled out, and an output of 0 passes no gradient",
                   f"end the network before {name}", 0.9, alone=True)


def averaged(net):
    """Whether the outputs are means of maps, which may be those of a ReLU: SqueezeNet ends so, and learns."""
    for layer in reversed(net.layers.values()):
        if isinstance(layer, (AvgPool, AdaptiveAvgPool)):
            return True
        if layer.params():
            return False
    return False


def bounded(case):
    """Outputs that a sigmoid or tanh keeps within a range: the softmax of such numbers is sure of nothing."""
    (name, last), count = last_layer(case.net), case.logits.shape[1]
    known = isinstance(last, (Sigmoid, Tanh))
    free = type(last) in (Dense, Conv2D) or averaged(case.net)          # they keep nothing within a range
    within = known or not free and case.logits.size >= NUMBERS and case.logits.min() > 0 and case.logits.max() < 1
    if not within or not takes_softmax(case) or probabilities(case.logits):         # else they may be meant for a loss
        return None                                                                 # of one's own
    low = -1 if isinstance(last, Tanh) else 0
    most = math.exp(1 - low) / (math.exp(1 - low) + count - 1)
    range_ = f"all outputs lie between {low} and 1, from {case.logits.min():.3g} to {case.logits.max():.3g}"
    says = f"{range_}: {'' if known else 'if they cannot leave this range, '}no class can have a probability above " \
           f"{most:.0%}, and the loss cannot fall below {-math.log(most):.2f}"
    return Finding("outputs-bounded", name, says, f"end the network before {name}", 1.0 if known else 0.8, alone=known)


def outputs(case):
    """Another number of outputs than of classes."""
    name, count = last_layer(case.net)[0], case.logits.shape[1]
    if count == case.classes:
        return None
    return Finding("outputs", name, f"the network has {count:,} outputs, but there are {case.classes:,} classes",
                   f"build it with classes={case.classes}", 0.9, alone=True)


def equal_weights(case):
    """Layers whose units are all the same: they get the same gradient and stay the same."""
    equal = same_units(case.net)
    if not equal or equal == [last_layer(case.net)[0]]:         # the units of the last one get gradients of their own
        return None
    value = "0" if not any(np.any(weights(case.net)[name]) for name in equal) else "equal"
    return Finding("equal-weights", listed(equal), f"all weights are {value}, so all units of a layer compute the same "
                   f"and learn the same", "draw them at random (init he, torch or paper)", 1.0, alone=True)


def biases_hide(case):
    """The paper's biases of 1 beside weights of 0.01: the first answers are all the same."""
    found = [name for name, w in weights(case.net).items()
             if "b" in case.net[name].params() and case.net[name].params()["b"].mean() > 0.5 and w.std() < 0.02]
    if not found:
        return None
    return Finding("biases-hide", listed(found), "biases of 1 beside weights of about 0.01 hide the picture, and the "
                   "loss can stay where it is for long", "take Caffe's biases of 0.1 (--net caffe), or init he, which "
                   "has none", 0.85)
