"""Dropout: numbers in a row, the row cut into pieces for the threads."""
import numpy as np

from .kernels import jit
from .pieces import each


@jit
def let_pass(x, mask, y, kept):
    """y = x / kept where the mask is True, else 0, filled."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        value = x[i] / kept                                         # in any case: so there is no branch
        y[i] = value if mask[i] else zero


def dropout_forward(x, mask, p_drop):
    """Survivors grow by 1/(1 - p_drop), the others become 0, as in ops/dropout.py."""
    y = np.empty_like(x)
    each(let_pass, (x, mask, y), x.dtype.type(1 - p_drop))
    return y


def dropout_backward(dy, mask, p_drop):
    """The gradient passes where the number passed, grown alike, as in ops/dropout.py."""
    return dropout_forward(dy, mask, p_drop)
