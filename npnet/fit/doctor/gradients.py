"""Gradients: whether they are numbers, whether updates go down them, and, once, whether they are right.

The first updates are compared with their gradients by samples of some hundred numbers. Everything else is measured
when something is wrong already, once, by the probe (probe.py): whose backward is wrong, and what the loss does
after a step as long as the last update, a tenth and a hundredth of it. Layers that are not npnet's are asked alone
after the second step: a network can learn a little in spite of a wrong backward, and then nothing else tells.
"""
import math
import time
from dataclasses import replace

import numpy as np

from ...backend import ops
from ...layers import Dense, Flatten
from ...network import every_layer
from ...screen import listed
from ...weights.checkpoint import MAYBE, NUMBER
from ..measures import every_shape, finite, first_input, shown_whole
from .case import FINDING, Examiner
from .finding import Finding
from .kinds import KINDS
from .probe import probe
from .sentences import finding_of, how_measured, how_small
from .twin import ours, sampled

LEAST_SECONDS = 0.5         # that the probe may take where ten steps are shorter: nobody notices half a second
EARLY = 2                   # the step after which layers of one's own are asked: the time of one is known then
FEW = 5                     # updates that are compared with their gradients
AGAINST = 0.3               # the cosine of an update and its gradient: SGD's first -1, Adam's -0.8, ascent 0.8 to 1
ZEROS = 3                   # looks in a row at which all gradients are 0
DONE = 0.01                 # a loss below it has no gradients worth a remark
ALONG, AGREES = 0.98, 0.03  # the cosine, and the relative difference, of gradients that differ by a factor alone
FOREIGN = 0.2       # a cosine below it: no loss that is in use for classes has such a gradient
HIGHER, LOWER = 1.1, 0.99   # of these pictures' loss: a step raises it, or lowers it, clearly
EXPLODED = 3.0              # times the loss at the start: the probe then begins with new first weights
HARDLY = 1e-4               # of the loss: an update that lowers it by less takes thousands to learn even 8 pictures


class Gradients(Examiner):
    """Keeps samples of the weights before an update, and asks the probe once.

    probe: whether it may be asked. right: whether it found all gradients right; None before it was asked, or where
    something could not be measured. found: the last Probe, None after a resume.
    """

    STATE = {"climbs": bool, "outputs": [FINDING], "ways": [NUMBER], "first_loss": MAYBE, "first_update": MAYBE,
             "update": MAYBE, "asked": bool, "right": (bool, type(None)), "told": [FINDING], "zeros": int,
             "paired": bool, "lowered": bool}

    def __init__(self, net, probe=True):
        self.probe, self.found = probe, None
        self.climbs = False                             # whether the loss is not lower than at the first step
        self.outputs = []                               # the finding on the gradient of the first step's outputs
        self.ways, self.first_loss = [], math.nan       # cosines of updates and gradients
        self.first_update, self.update = math.nan, math.nan             # the lengths of the first and of the last one
        self.asked, self.right, self.told, self.zeros = False, None, [], 0
        self.earlier, self.clock, self.fastest = samples(net.params()), None, math.inf
        self.net, self.paired, self.lowered = net, True, False          # lowered: an update's length lowers the loss

    def possible(self):
        return all(told["name"] in KINDS for told in self.told + self.outputs)

    def restore(self, state):
        super().restore(state)
        self.earlier = samples(self.net.params()) if self.paired else None

    # ------------------------------------------------------------------ every step

    def see(self, case):
        self.time_steps()
        if case.seen == 1:
            self.first_loss = case.loss
        if case.seen == 1 and (found := at_outputs(case)):
            self.outputs = [dict(vars(found))]
        self.climbs = case.fresh and not case.loss < self.first_loss
        if self.earlier is not None:
            self.compare(case)
        self.earlier, self.paired = samples(case.net.params()) if case.look else None, case.look
        found = self.look(case) if case.look else []
        way = self.way(3)
        own = self.own_layers(case) if case.seen == EARLY and self.probe and not self.asked else []
        return found + ([way] if way else []) + own

    def own_layers(self, case):
        """Findings on the layers that are not npnet's; what is found is not measured again."""
        own = [name for name, layer in case.net.layers.items()
               if not all(map(ours, every_layer({name: layer}).values()))]
        x = shown(case.net, len(case.labels)) if own else None
        if x is None or not finite(x):
            return []
        found = probe(case.net, x, case.labels, seconds=self.seconds(), anew=self.exploded(case), only=own)
        wrong = faults_by_layer(found, case.net)
        if wrong:
            self.found, self.asked, self.right = found, True, False
            self.told = [dict(vars(finding)) for finding in wrong]
        return wrong

    def seconds(self):
        """How long the probe may take."""
        return max(LEAST_SECONDS, 10 * self.fastest) if math.isfinite(self.fastest) else LEAST_SECONDS

    def time_steps(self):
        """Keeps the time of the fastest step."""
        now = time.perf_counter()
        if self.clock is not None:
            self.fastest = min(self.fastest, now - self.clock)
        self.clock = now

    def compare(self, case):
        """Which way the last update went, and how far."""
        gradients, square, cosines = there(case.net.grads()), 0.0, []
        decay = getattr(case.optimizer, "weight_decay", 0)
        decay = case.lr * decay if isinstance(decay, (int, float)) and case.rated else 0.0
        for name, w in case.net.params().items():
            if name not in self.earlier or name not in gradients:
                continue
            moved, slope = sampled(w) - self.earlier[name], sampled(gradients[name])
            if not moved.any():
                continue
            square += w.size * float(np.square(moved).mean())
            moved = moved + decay * self.earlier[name] if w.ndim > 1 else moved
            both = math.sqrt(float(moved @ moved) * float(slope @ slope))
            if math.isfinite(both) and both > 0:
                cosines.append(float(moved @ slope) / both)
        if math.isfinite(square) and square > 0:
            self.update = math.sqrt(square)
            self.first_update = self.update if math.isnan(self.first_update) else self.first_update
        if cosines and len(self.ways) < FEW and (self.ways or case.seen <= FEW):
            self.ways.append(float(np.mean(cosines)))

    def look(self, case):
        """Gradients with NaN or infinity; gradients that are all 0."""
        gradients = there(case.net.grads())
        for name, gradient in gradients.items() if math.isfinite(case.loss) else ():
            if not finite(gradient):
                layer, _, key = name.rpartition(".")
                return [Finding("gradients-nan", layer, f"d{key} holds NaN or infinity at step {case.number}, while "
                                f"the loss is still {case.loss:.3g}", f"print the layer's dy and d{key} at this step: "
                                f"which of them is the first with NaN", 0.9, alone=True)]
        unlearnt = bool(gradients) and min(case.loss, case.step.loss) > DONE        # where a margin is kept, 0 is right
        nothing = unlearnt and not any(np.any(one) for one in gradients.values())
        self.zeros = self.zeros + 1 if nothing else 0
        return [self.no_gradients(case)] if self.zeros >= ZEROS else []

    def no_gradients(self, case):
        """All gradients are 0."""
        return Finding("gradients-zero", "the gradients", f"all of them are exactly 0 at the last {self.zeros} looks, "
                       f"and the loss is {case.loss:.3g}: no update can change it", "print each layer's output and dy, "
                       "the last layer first: which is the first that is 0", 0.85, alone=True)

    def way(self, needed):
        """Ascent: the first `needed` updates went up."""
        first = self.ways[:needed]
        if len(first) < needed or min(first) < AGAINST or not self.climbs:
            return None
        times = "the first update goes" if needed == 1 else f"the first {needed} updates go"
        return Finding("ascent", "the update", f"{times} up the gradient (cosine {np.mean(first):+.2f}; down is -1), "
                       f"and the loss is not lower for it", "subtract the gradient: w -= lr * dw", 1.0, alone=True)

    # ------------------------------------------------------------------ when something is wrong

    def suspects(self, case):
        way = self.way(min(3, len(self.ways))) if self.ways else None
        if self.probe and not self.asked:
            self.asked = True
            self.told = [dict(vars(finding)) for finding in self.ask(case)]
        zero = [self.no_gradients(case)] if self.zeros >= ZEROS else []
        return ([way] if way else []) + zero + [Finding(**told) for told in self.told]

    def ask(self, case):
        """The findings of the probe, asked with the pictures of this step."""
        x = shown(case.net, len(case.labels))
        if x is None or not case.net.params() or not finite(x):
            return []
        anew = self.exploded(case)
        self.found = found = probe(case.net, x, case.labels, self.length(case, anew),
                                   case.lr if case.rated else None, self.seconds(), anew)
        self.right = False if found.faults else True if found.right else None
        self.lowered = not found.anew and found.steps.get(1, math.inf) < found.loss
        wrong = faults_by_layer(found, case.net)
        last = list(case.net.layers)[-1]
        first = Finding(**self.outputs[0]) if self.outputs else at_outputs(case)
        outputs = None if any(finding.where == last for finding in wrong) else first
        rate = [] if wrong or outputs else [rate_high(found, case), rate_low(found, case)]
        return wrong + [finding for finding in [outputs, *rate] if finding]

    def exploded(self, case):
        """Whether the weights say nothing any more: they are no numbers, or the loss is far above where it began."""
        start = max(self.first_loss if math.isfinite(self.first_loss) else 0, math.log(case.classes))
        return not case.loss <= EXPLODED * start or not all(map(finite, case.net.params().values()))

    def length(self, case, anew):
        """The length of the last update as far as the gradient made it, or of the first; None if it is not known."""
        optimizer = case.optimizer
        if not hasattr(optimizer, "velocity") or not hasattr(optimizer, "momentum"):        # no SGD
            length = self.first_update if anew else self.update
        elif anew:
            return None
        else:                                           # decay and momentum left out
            square = sum(float(np.square(one, dtype=np.float64).sum()) for one in case.net.grads().values())
            length = case.lr * min(math.sqrt(square), getattr(optimizer, "clip", None) or math.inf)
        return length if 0 < length < math.inf else None


def there(gradients):
    """Those that a backward has left: a layer of one's own may have None."""
    return {name: gradient for name, gradient in gradients.items() if gradient is not None}


def samples(arrays):
    """{name: some numbers of it}."""
    return {name: sampled(array) for name, array in arrays.items()}


def shown(net, count):
    """The pictures of the last batch, as the first layer remembers them; None where it does not."""
    x = first_input(net)
    if x is None and shown_whole(net):
        layer = next((one for one in every_layer(net.layers).values() if not isinstance(one, Flatten)), None)
        wanted = count * math.prod(net.input_shape)
        x = next((one for one in vars(layer).values() if getattr(one, "shape", (0,))[:1] == (count,)
                  and one.size == wanted and one.dtype == net.dtype), None)
    return None if x is None or len(x) != count else x.reshape(count, *net.input_shape)


# ------------------------------------------------------------------------------- findings

def faults_by_layer(found, net):
    """One finding of each layer whose backward is wrong; one of those of the same class that are wrong in one way."""
    shapes = dict(zip(net.layers, [net.input_shape, *net.shapes.values()]))
    layers = list(dict.fromkeys(fault.layer for fault in found.faults))
    alike = {}
    for name in layers:
        faults = [fault for fault in found.faults if fault.layer == name]
        alike.setdefault((type(net[name]), *((fault.array, fault.kind) for fault in faults)), []).append((name, faults))
    findings = []
    for (name, faults), *others in alike.values():
        one = finding_of(faults, found, net[name], shapes.get(name) or shape_inside(net, name))
        names = [name, *(other for other, _ in others)]
        more = f"; so are those of {listed(names[1:])}" if others else ""
        findings.append(replace(one, where=", ".join(names), says=one.says + more))
    return findings


def shape_inside(net, name):
    """The shape of what a layer inside a Concat gets."""
    outer, _, key = name.partition(".")
    shapes = dict(zip(net.layers, [net.input_shape, *net.shapes.values()]))
    return next((before for one, _, before in net.layers[outer].every(shapes[outer]) if one == key),
                every_shape(net)[name])


def at_outputs(case):
    """The gradient that the loss gave, seen by the last Dense, against that of softmax cross-entropy; or None."""
    name, last = list(case.net.layers.items())[-1]
    x, dw = getattr(last, "x", None), last.grads().get("w")
    remembered = x is not None and dw is not None and len(x) == len(case.labels) and shown_whole(case.net)
    if not isinstance(last, Dense) or name in case.net.frozen or not remembered:
        return None
    _, dlogits = ops.softmax_cross_entropy(ops.to_device(case.logits), ops.to_device(case.labels))
    wanted, got = (np.asarray(ops.to_host(one), np.float64) for one in (x.T @ dlogits, dw))
    lengths = float(np.linalg.norm(wanted)), float(np.linalg.norm(got))
    if not 0 < lengths[0] * lengths[1] < math.inf:
        return None
    cosine, factor = float((wanted * got).sum()) / (lengths[0] * lengths[1]), lengths[1] / lengths[0]
    exact = math.isclose(case.step.loss, case.loss, rel_tol=1e-3)               # then this must be its gradient
    return other_gradient(name, cosine, factor, len(x), exact)


def other_gradient(name, cosine, factor, pictures, exact):
    """The finding on a gradient that is `factor` times as long as the right one, at this cosine; None if it is it.

    exact: whether the loss itself is the softmax cross-entropy, and so must have its gradient.
    """
    do = "give net.backward the gradient that npnet.ops.softmax_cross_entropy(logits, labels) returns"
    start = f"the gradient that {name} got from it is"
    if cosine < -ALONG:
        return Finding("ascent", "the loss", f"{start} {-factor:.3g} times that of the softmax cross-entropy of these "
                       f"outputs: its sign is wrong, and each step goes up", do, 1.0)
    if cosine > ALONG and pictures > 1 and abs(factor / pictures - 1) < AGREES:
        return Finding("loss-sums", "the loss", f"{start} {factor:.4g} times that of the mean over the batch, which "
                       f"has {pictures:,} pictures: it sums", "divide it by the number of pictures", 0.9)
    if cosine > ALONG and not 0.5 < factor < 2:
        return Finding("loss-own", "the loss", f"{start} {factor:.3g} times that of the softmax cross-entropy of these "
                       f"outputs", do, 0.6 if factor > 2 else 0.4)
    if cosine < (ALONG if exact else 0.5):
        return Finding("loss-own", "the loss", f"{start} not that of the softmax cross-entropy of these outputs "
                       f"(cosine {cosine:.2f}; the same would be 1)", do, 0.9 if cosine < FOREIGN or exact else 0.8)
    return None


def rate_high(found, case):
    """A whole update raises the loss of these pictures along their own gradient, and a part of it lowers it."""
    best, whole = found.best, found.steps.get(1, math.nan)
    if not 0 < best < 1 or not whole > HIGHER * found.loss:
        return None
    if not found.steps[best] < LOWER * found.loss and not whole > 2 * found.loss:
        return None
    return Finding("rate-high", "the rate", f"along the gradient of {found.pictures} pictures, a step as long as an "
                   f"update takes their loss from {found.loss:.3g} to {whole:.3g}, and {how_small(best)} of it to "
                   f"{found.steps[best]:.3g} ({how_measured(found)})",
                   f"lower the rate{case.now}{case.to(case.lr * best)}", 0.8 if best < 0.1 else 0.6,
                   wants="rate down")


def rate_low(found, case):
    """A step a thousand times as long as what an update moves in the end, with momentum, still lowers the loss."""
    momentum = getattr(case.optimizer, "momentum", 0)
    best, in_the_end = found.best, 1 - momentum if isinstance(momentum, float) and momentum < 1 else 1
    if best * in_the_end < 1000 or found.loss - found.steps[1] > HARDLY * in_the_end * found.loss:
        return None
    return Finding("rate-low", "the rate", f"along the gradient of {found.pictures} pictures, a step as long as an "
                   f"update takes their loss from {found.loss:.6g} to {found.steps[1]:.6g}, and one {best:,} times as "
                   f"long to {found.steps[best]:.3g} ({how_measured(found)})", f"raise the rate{case.now}"
                   f"{case.to(case.lr * best / 10)}", 0.6, wants="rate up")
