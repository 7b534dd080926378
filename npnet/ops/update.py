"""The update: stochastic gradient descent with momentum and weight decay.

Section 5 of the paper, with momentum 0.9 and weight decay 0.0005:

    v <- momentum * v - weight_decay * lr * w - lr * dw
    w <- w + v

The velocity v remembers past steps, so steps that agree add up and steps that contradict cancel.
Here the learning rate lr is inside v. PyTorch leaves it outside,

    v <- momentum * v + weight_decay * w + dw
    w <- w - lr * v

which is the same as long as lr does not change; after a drop of lr the paper's v still carries the
old, longer steps, PyTorch's is shortened at once.

These are the only operations that change their arguments, w and v: that is their job.
"""


def sgd_update_loops(w, dw, v, lr, momentum, weight_decay):
    """One step of the paper's rule. w, dw, v of one shape; w and v are changed."""
    for i in range(w.size):
        v.flat[i] = momentum * v.flat[i] - weight_decay * lr * w.flat[i] - lr * dw.flat[i]
        w.flat[i] += v.flat[i]


def sgd_update_torch_loops(w, dw, v, lr, momentum, weight_decay):
    """One step of PyTorch's rule. w, dw, v of one shape; w and v are changed."""
    for i in range(w.size):
        v.flat[i] = momentum * v.flat[i] + weight_decay * w.flat[i] + dw.flat[i]
        w.flat[i] -= lr * v.flat[i]


def sgd_update(w, dw, v, lr, momentum, weight_decay):
    """One step of the paper's rule. w, dw, v of one shape; w and v are changed."""
    v *= momentum
    v -= weight_decay * lr * w + lr * dw
    w += v


def sgd_update_torch(w, dw, v, lr, momentum, weight_decay):
    """One step of PyTorch's rule. w, dw, v of one shape; w and v are changed."""
    v *= momentum
    v += weight_decay * w + dw
    w -= lr * v
