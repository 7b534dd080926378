"""The causes of npnet's gradient checker: what they tell of a backward from forward alone, without a catalogue.

Forward is called with numbers that are moved a little, backward with a gradient that is 1 at one output: so the checker
sees what every output gives to every number, and knows sixty ways in which that goes wrong. The calls go to the
student's functions; where a function is not in the student's file, to the solution.
"""
import time

import numpy as np

from ..draws import Draw

NEEDED = (                      # the modules of npnet that this needs; a builder copies them beside the grader
    "gradcheck", "diagnose.evidence", "diagnose.kinds", "diagnose.matrices", "diagnose.places", "diagnose.reads",
    "diagnose.scales", "diagnose.causes", "diagnose.causes.algebra", "diagnose.causes.arrangement",
    "diagnose.causes.constants", "diagnose.causes.exchanged", "diagnose.causes.factors", "diagnose.causes.groups",
    "diagnose.causes.kernels", "diagnose.causes.losses", "diagnose.causes.masks", "diagnose.causes.outputs",
    "diagnose.causes.parts", "diagnose.causes.pointwise", "diagnose.causes.taken_apart", "diagnose.causes.terms",
    "diagnose.causes.windows", "diagnose.causes.winners")
SECONDS = 5.0                   # for all calls of the checker
LIMIT = 1.0                     # seconds for each of the two tables that the causes are told from


class Silent(Exception):
    """A call of the student's function gave no array."""


class Functions:
    """Functions by name: the student's where the runner has them, else the solution's."""

    def __init__(self, case):
        self.case = case
        self.own = set(case.assignment.source.functions)
        self.until = time.perf_counter() + SECONDS

    def call(self, name, *arguments):
        """The value of a call. Silent: there is none."""
        from ..calls import Call
        if time.perf_counter() > self.until:
            raise Silent("late")
        if name in self.own:
            outcome = self.case.run(Call(name, list(arguments)))
            if outcome.came and outcome.value is not None:
                return outcome.value
            self.until = 0 if outcome.stopped else self.until       # it would be stopped again, and that takes time
            if name in self.case.assignment.source.regions[self.case.region].functions:
                raise Silent(name)
        if name not in self.case.assignment.parts:
            raise Silent(name)
        return self.case.assignment.parts[name](*arguments)


def told(case, function):
    """(kind, sentence, question, sure) of npnet's gradient checker for a backward function, or None."""
    if case.run is None or function not in SUBJECTS:
        return None
    try:
        from ....diagnose.causes import cause_of
        from ....diagnose.evidence import Evidence
        from ....gradcheck import check_gradients
    except ImportError:                     # a grader that was built without them
        return None
    forward, backward, inputs = SUBJECTS[function](Functions(case), Draw("causes/" + function))
    try:
        with np.errstate(all="ignore"):
            report = check_gradients((forward, backward), *inputs.values(), names=list(inputs))
            for row in report.rows:
                if row.errors is not None and row.errors.any():
                    cause = cause_of(Evidence(report.point, row, limit=LIMIT))
                    if cause:
                        return cause.kind, cause.sentence, cause.look, cause.sure
    except (Silent, TypeError, ValueError):     # no gradient that could be compared
        return None
    return None


# ---------------------------------------------------------------------------- the subjects

def backward_x(call, draw):
    w = draw.normal(3, 2, 3, 2)
    return (lambda x: call.call("conv2d_forward", x, w, np.zeros(3), 2, 1, 1),
            lambda dy, x: call.call("conv2d_backward_x", dy, w, *x.shape[2:], 2, 1, 1), {"x": draw.normal(2, 2, 5, 4)})


def backward_w(call, draw):
    x = draw.normal(2, 2, 5, 4)
    return (lambda w: call.call("conv2d_forward", x, w, np.zeros(3), 2, 1, 1),
            lambda dy, w: call.call("conv2d_backward_w", dy, x, *w.shape[2:], 2, 1, 1), {"w": draw.normal(3, 2, 3, 2)})


def backward_b(call, draw):
    x, w = draw.normal(2, 2, 5, 4), draw.normal(3, 2, 3, 2)
    return (lambda b: call.call("conv2d_forward", x, w, b, 2, 1, 1),
            lambda dy, b: call.call("conv2d_backward_b", dy), {"b": draw.normal(3)})


def col2im(call, draw):
    return (lambda x: call.call("im2col", x, 3, 2, 2, 1),
            lambda cols, x: call.call("col2im", cols, *x.shape[2:], 2, 1), {"x": draw.normal(2, 2, 5, 4)})


def max_pool(call, draw):
    def forward(x):
        return call.call("max_pool_forward", x, 3, 2, 2, 1, False)[0]

    def backward(dy, x):
        argmax = call.call("max_pool_forward", x, 3, 2, 2, 1, False)[1]
        return call.call("max_pool_backward", dy, x, argmax, 3, 2, 2, 1)
    return forward, backward, {"x": draw.distinct(2, 2, 5, 4)}


def lrn(call, draw):
    def forward(x):
        return call.call("lrn_forward", x, 3, 2.0, 0.7, 0.75)[0]

    def backward(dy, x):
        scale = call.call("lrn_forward", x, 3, 2.0, 0.7, 0.75)[1]
        return call.call("lrn_backward", dy, x, scale, 3, 0.7, 0.75)
    return forward, backward, {"x": draw.normal(2, 5, 2, 2)}


def relu(call, draw):
    return (lambda x: call.call("relu_forward", x),
            lambda dy, x: call.call("relu_backward", dy, call.call("relu_forward", x)),
            {"x": draw.distinct(3, 4) + 0.1})


def cross_entropy(call, draw):
    labels = np.array([1, 0, 1])
    return (lambda logits: np.array([call.call("cross_entropy_loss", logits, labels)], np.float64),
            lambda dy, logits: dy[0] * call.call("cross_entropy_gradient", logits, labels),
            {"logits": draw.normal(3, 4)})


SUBJECTS = {
    "conv2d_backward_x": backward_x, "conv2d_backward_w": backward_w, "conv2d_backward_b": backward_b, "col2im": col2im,
    "max_pool_backward": max_pool, "lrn_backward": lrn, "relu_backward": relu, "cross_entropy_gradient": cross_entropy}
