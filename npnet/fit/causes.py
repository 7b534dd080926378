"""Why a loss stays that of guessing: what can be told from the network, the optimizer and the last batch.

Each function looks for one cause and answers with half a sentence, without a full stop, or with None.
"""
from ..layers import Softmax
from ..screen import listed
from .measures import DEAD_SHARE, RATIO_HEALTHY, RATIO_LOW, percent, raised, same_units, weights


def numbered(causes):
    """'(1) This. (2) That.'; a single cause has no number, and none give ''."""
    if len(causes) == 1:
        return f"{causes[0][0].upper()}{causes[0][1:]}."
    return " ".join(f"({number}) {cause}." for number, cause in enumerate(causes, 1))


def cause_of_rate(ratios, optimizer):
    """A rate of 0, or one whose steps are far too short or long."""
    lr = optimizer.lr
    if lr == 0:
        return "the rate is 0: choose one, 0.01 for a start"
    longest = max((values[-1] for values in ratios.values()), default=RATIO_HEALTHY)
    figures = f"{percent(longest)} of the weights' length where 0.1 % is healthy"
    if 0 < longest < RATIO_LOW:
        return f"the steps are too short, at most {figures}: raise the rate (now {lr:g}), perhaps to " \
               f"{raised(lr, longest):g}"
    return f"the steps are long, up to {figures}: lower the rate (now {lr:g})" if longest > 20 * RATIO_HEALTHY else None


def cause_of_softmax(net):
    """A Softmax layer before the loss."""
    name, last = list(net.layers.items())[-1]
    if not isinstance(last, Softmax):
        return None
    return f"the softmax is taken twice, by {name} and by the loss: leave {name} out"


def cause_of_input(mean, deviation):
    """Inputs that are constant, or so far from 0 that the mean hides what differs between them."""
    if deviation == 0:
        return f"the inputs are all {mean:.3g}: there is nothing to see"
    if abs(mean) > 1.5 * deviation:
        return f"the inputs have mean {mean:.3g} and deviation {deviation:.3g}: subtract the one, divide by the other"
    return None


def cause_of_zeros(net):
    """Layers whose weights are all equal."""
    equal = same_units(net)
    return f"all units of {listed(equal)} have the same weights: draw them at random (init he)" if equal else None


def cause_of_dead(shares):
    """Layers most of whose units are dead."""
    worst = [f"{name} ({share:.0%})" for name, share in shares.items() if share > DEAD_SHARE]
    return f"most units are 0 for every picture in {listed(worst)}: lower the rate and start again" if worst else None


def cause_of_biases(net):
    """The paper's biases of 1 beside weights of 0.01: the first answers are all the same."""
    found = [name for name, w in weights(net).items()
             if "b" in net[name].params() and net[name].params()["b"].mean() > 0.5 and w.std() < 0.02]
    return f"biases of 1 beside weights of about 0.01 ({listed(found)}) hide the picture, and the loss can stay here " \
           f"for long: Caffe took biases of 0.1 (--net caffe), init he has none" if found else None


def cause_of_spread(spread):
    """Answers that do not depend on the picture, for no other reason that was found."""
    return f"the answers hardly depend on the picture, its outputs vary by {spread:.1g} from one picture to the " \
           f"next: the weights are too small for these inputs (try init he)" if spread < 0.01 else None
