"""The update: w, v and dw are read once, w and v written once, in pieces for the threads."""
from .kernels import jit
from ..ops import update as chapter
from .pieces import each


@jit
def step(w, dw, v, lr, momentum, decay):
    """One step of the paper's rule; decay: weight_decay * lr."""
    for i in range(w.size):
        velocity = momentum * v[i] - decay * w[i] - lr * dw[i]
        v[i] = velocity
        w[i] += velocity


@jit
def step_torch(w, dw, v, lr, momentum, weight_decay):
    """One step of PyTorch's rule."""
    for i in range(w.size):
        velocity = momentum * v[i] + weight_decay * w[i] + dw[i]
        v[i] = velocity
        w[i] -= lr * velocity


def flat(w, v):
    """Whether the arrays that are changed can be seen as rows of numbers; a turned one is a copy as a row."""
    return w.flags.c_contiguous and v.flags.c_contiguous


def sgd_update(w, dw, v, lr, momentum, weight_decay):
    """One step of the paper's rule, as in ops/update.py; w and v are changed."""
    if not flat(w, v):
        return chapter.sgd_update(w, dw, v, lr, momentum, weight_decay)
    each(step, (w, dw, v), *map(w.dtype.type, (lr, momentum, weight_decay * lr)))


def sgd_update_torch(w, dw, v, lr, momentum, weight_decay):
    """One step of PyTorch's rule, as in ops/update.py; w and v are changed."""
    if not flat(w, v):
        return chapter.sgd_update_torch(w, dw, v, lr, momentum, weight_decay)
    each(step_torch, (w, dw, v), *map(w.dtype.type, (lr, momentum, weight_decay)))
