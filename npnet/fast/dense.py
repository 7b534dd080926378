"""Dense: the chapter's text, and small products kept from the threads of BLAS.

BLAS shares out a product better than we could. But its threads stay awake for tens of milliseconds
after it, looking for more, and the convolutions before and after want the processors meanwhile: on
two of them the dense layers of cifar_alexnet, a hundredth of its work, made every training step a
third longer. So what one thread does in a few milliseconds, it does alone. A single picture goes to
BLAS whatever the size: its convolutions do, too.
"""
from contextlib import nullcontext

from ..ops import dense as chapter
from .threads import single_blas

SMALL = 2 * 10 ** 8          # multiply-adds


def blas_for(x, w):
    """BLAS with one thread, as long as the block lasts, if the product x w is small."""
    return single_blas() if 1 < len(x) and len(x) * w.size < SMALL else nullcontext()


def dense_forward(x, w, b):
    """y (N, M), as in ops/dense.py."""
    with blas_for(x, w):
        return chapter.dense_forward(x, w, b)


def dense_backward(dy, x, w, to_input=True):
    """dx (N, D) or None, dw (D, M), db (M,), as in ops/dense.py."""
    with blas_for(x, w):
        return chapter.dense_backward(dy, x, w, to_input)
