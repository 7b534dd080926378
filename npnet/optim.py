"""Stochastic gradient descent with momentum and weight decay, and the schedules of its learning rate.

The paper, section 5, for the gradient dw of the loss averaged over the batch:

    v <- 0.9 v - 0.0005 lr w - lr dw
    w <- w + v

    optimizer = SGD(lr=0.01)                        these two equations, at a constant rate
    optimizer = SGD(lr=Cosine(0.01, steps=2000))    the rate follows a schedule
    optimizer.update(net.params(), net.grads())     one step

A schedule is called with the number of the step, from 0, and answers with the rate. All but Plateau
are formulas; Plateau is the paper's: divide by 10 when the validation error stops improving.
"""
import math
import numbers
from dataclasses import dataclass

import numpy as np

from .backend import choose, ops


class SGD:
    """One step of gradient descent for every call of update. Changes the parameters: that is its job.

    lr: a number or a schedule. momentum, weight_decay: as in the equations above. Only weights decay;
    parameters with one axis (biases, batch norm's scale and shift) do not, and learn bias_lr times as
    fast (2 in Caffe and in the 2012 code). form: "paper", the rate inside the velocity, or "torch",
    outside (ops/update.py). clip: gradients that are together longer than this are shortened to it.

    velocity: {name: array}, steps: the number of updates so far; both are all that it remembers.
    Raises ValueError for settings that cannot be right.
    """

    def __init__(self, lr=0.01, momentum=0.9, weight_decay=0.0005, bias_lr=1, form="paper", clip=None):
        check_at_least_zero(momentum=momentum, weight_decay=weight_decay, bias_lr=bias_lr)
        if momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {momentum!r}; the paper has 0.9")
        if form not in ("paper", "torch"):
            raise ValueError(f"form must be paper or torch, got {form!r}")
        if clip is not None and not (isinstance(clip, numbers.Real) and clip > 0):
            raise ValueError(f"clip must be above 0, or None for no clipping, got {clip!r}")
        choose()                    # a backend, if there is none yet: update works on a student's own arrays, too
        if isinstance(lr, type):
            raise ValueError(f"lr must be a number or a schedule, got the class {lr.__name__}; write "
                             f"{lr.__name__}(...)")
        self.schedule = lr if callable(lr) else Constant(lr)
        self.momentum, self.weight_decay, self.bias_lr = momentum, weight_decay, bias_lr
        self.form, self.clip = form, clip
        self.velocity, self.steps = {}, 0

    @property
    def lr(self):
        """The learning rate of the next update."""
        return float(self.schedule(self.steps))

    def update(self, params, grads):
        """One step: w and its velocity are changed. params and grads: {name: array} of the same names and shapes."""
        rule = ops.sgd_update if self.form == "paper" else ops.sgd_update_torch
        lr, factor = self.lr, clipping(grads, self.clip)
        for name, w in params.items():
            if name not in grads or (grads[name].shape, grads[name].dtype) != (w.shape, w.dtype):
                got = f"{grads[name].dtype} {grads[name].shape}" if name in grads else "no gradient"
                raise ValueError(f"{name} is {w.dtype} {w.shape} and needs a gradient like it, got {got}")
        for name, w in params.items():
            dw = grads[name] if factor == 1 else factor * grads[name]
            v = self.velocity_of(name, w)
            if w.ndim > 1:
                rule(w, dw, v, lr, float(self.momentum), float(self.weight_decay))
            else:
                rule(w, dw, v, lr * float(self.bias_lr), float(self.momentum), 0.0)
        self.steps += 1

    def velocity_of(self, name, w):
        """The velocity of one parameter, 0 at first. ValueError if it belongs to a parameter of another shape."""
        if name not in self.velocity:
            self.velocity[name] = np.zeros_like(w)
        v = self.velocity[name]
        if v.shape != w.shape:
            raise ValueError(f"{name} has shape {w.shape}, but its velocity {v.shape}; "
                             f"make an SGD of its own for every network")
        return v

    def __repr__(self):
        return (f"SGD(lr={self.schedule}, momentum={self.momentum}, weight_decay={self.weight_decay}, "
                f"bias_lr={self.bias_lr}, form={self.form!r}, clip={self.clip})")


def clipping(grads, clip):
    """What to multiply all gradients by, so that together they are not longer than clip (Pascanu et al. 2013)."""
    if clip is None:
        return 1
    length = math.sqrt(sum(float(np.square(dw, dtype=np.float64).sum()) for dw in grads.values()))
    return 1 if length <= clip else float(clip) / length


def check_at_least_zero(**values):
    """Raises ValueError unless every value is a finite number of at least 0."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
            raise ValueError(f"{name} must be a number of at least 0, got {value!r}")


def check_steps(least=1, **values):
    """Raises ValueError unless every value is a whole number of at least 1, or another least."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")


# ---------------------------------------------------------------------------- schedules

@dataclass
class Constant:
    """lr, always."""

    lr: float
    finished = False            # Plateau and WarmUp set it

    def __post_init__(self):
        check_at_least_zero(lr=self.lr)

    def __call__(self, step):
        return self.lr

    def saw(self, error):
        """Tell it the validation error after an epoch; only Plateau listens."""


@dataclass
class StepDecay(Constant):
    """lr * factor**k after k times `every` steps: Caffe's "step"."""

    every: int
    factor: float = 0.1

    def __post_init__(self):
        check_at_least_zero(lr=self.lr, factor=self.factor)
        check_steps(every=self.every)

    def __call__(self, step):
        return self.lr * self.factor ** (step // self.every)


@dataclass
class MultiStep(Constant):
    """lr * factor**k, where k of the steps `at` have been reached."""

    at: tuple
    factor: float = 0.1

    def __post_init__(self):
        check_at_least_zero(lr=self.lr, factor=self.factor)
        if not isinstance(self.at, (tuple, list)) or not self.at:
            raise ValueError(f"at must be a tuple of steps, got {self.at!r}")
        self.at = tuple(self.at)
        for step in self.at:
            check_steps(**{"every step in at": step})

    def __call__(self, step):
        return self.lr * self.factor ** sum(step >= place for place in self.at)


@dataclass
class Polynomial(Constant):
    """lr * (1 - step/steps)**power, then 0: a straight line for power 1."""

    steps: int
    power: float = 1.0

    def __post_init__(self):
        check_at_least_zero(lr=self.lr, power=self.power)
        check_steps(steps=self.steps)

    def __call__(self, step):
        return self.lr * (1 - min(step, self.steps) / self.steps) ** self.power


@dataclass
class Cosine(Constant):
    """Half a wave of the cosine from lr down to lowest in `steps` steps (Loshchilov and Hutter 2017), then lowest."""

    steps: int
    lowest: float = 0.0

    def __post_init__(self):
        check_at_least_zero(lr=self.lr, lowest=self.lowest)
        if self.lowest > self.lr:
            raise ValueError(f"lowest must not be above lr={self.lr!r}, where the curve begins, got {self.lowest!r}")
        check_steps(steps=self.steps)

    def __call__(self, step):
        return self.lowest + (self.lr - self.lowest) * (1 + math.cos(math.pi * min(step, self.steps) / self.steps)) / 2


@dataclass
class WarmUp:
    """A straight line from lr/steps up to the first rate of another schedule, which then begins."""

    steps: int
    then: Constant

    def __post_init__(self):
        check_steps(steps=self.steps)
        if isinstance(self.then, type) or not hasattr(self.then, "saw"):
            raise ValueError(f"then must be a schedule, such as Constant(0.01), got {self.then!r}")

    def __call__(self, step):
        return self.then(0) * (step + 1) / self.steps if step < self.steps else self.then(step - self.steps)

    @property
    def finished(self):
        return self.then.finished

    def saw(self, error):
        """Hands the validation error on."""
        self.then.saw(error)


@dataclass
class Plateau(Constant):
    """The paper's: lr is multiplied by factor when the validation error has stopped improving, `times` times.

    saw(error), after each epoch, lowers the rate when the error has been no better than the best one for
    more than `patience` epochs in a row. best, waited and drops are what it remembers; finished is True when
    the error stops improving once more after the last drop, which is where the paper stopped (section 5).
    """

    factor: float = 0.1
    patience: int = 2
    times: int = 3
    best: float = math.inf
    waited: int = 0
    drops: int = 0
    finished: bool = False

    def __post_init__(self):
        check_at_least_zero(lr=self.lr, factor=self.factor)
        check_steps(0, patience=self.patience, times=self.times)

    def __call__(self, step):
        return self.lr * self.factor ** self.drops

    def saw(self, error):
        if error < self.best:
            self.best, self.waited = error, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.finished = self.drops == self.times
            self.drops, self.waited = min(self.drops + 1, self.times), 0
