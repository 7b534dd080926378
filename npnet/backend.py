"""Backends: who executes the operations.

A backend is a row, a dictionary from the names of operations to functions. `use(name)` copies one
row into `ops`, the namespace that all layers call, so `ops.conv2d_forward` *is* the chosen function
and stepping into it lands in its text. No layer asks which backend is in use.

    loops     the definitions, run by Python: slow, and every line can be watched
    numpy     the array texts of the chapters, run by NumPy
    numba     the definitions compiled where memory is the limit, and the hot texts of npnet.fast
    cupy      the array texts run by CuPy, on an NVIDIA graphics card

A row of one's own: BACKENDS["mine"] = lambda: {**NUMPY, "conv2d_forward": my_convolution}.
The hot texts are named by strings, "module:function", and found when a row is chosen; this table is
the only place where the book knows of them.
"""
import functools
import importlib
import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from . import ops as chapters

OPERATIONS = """
    dense_forward dense_backward
    relu_forward relu_backward tanh_forward tanh_backward sigmoid_forward sigmoid_backward
    softmax_forward softmax_backward log_softmax_forward log_softmax_backward softmax_cross_entropy
    im2col col2im conv2d_forward conv2d_backward
    max_pool_forward max_pool_backward avg_pool_forward avg_pool_backward
    adaptive_avg_pool_forward adaptive_avg_pool_backward
    lrn_forward lrn_backward lrn_within_forward lrn_within_backward
    batchnorm_statistics batchnorm_forward batchnorm_backward
    dropout_forward dropout_backward
    sgd_update sgd_update_torch
""".split()

BLOCK = 8       # images whose columns are made at once: 56 MB for conv2 of AlexNet


def forward_in_blocks(forward):
    """The same forward, given a few images at a time, so that the columns of a large batch fit."""
    def in_blocks(x, *rest):
        if len(x) <= BLOCK:
            return forward(x, *rest)
        return np.concatenate([forward(x[i:i + BLOCK], *rest) for i in range(0, len(x), BLOCK)])
    return in_blocks


def backward_in_blocks(backward):
    """The same backward, given a few images at a time: joins dx, adds dw and db in order."""
    def in_blocks(dy, x, *rest):
        if len(x) <= BLOCK:
            return backward(dy, x, *rest)
        dx, dw, db = zip(*[backward(dy[i:i + BLOCK], x[i:i + BLOCK], *rest) for i in range(0, len(x), BLOCK)])
        dw, db = (sum(part.astype(np.float64) for part in parts).astype(x.dtype) for parts in (dw, db))
        return None if dx[0] is None else np.concatenate(dx), dw, db
    return in_blocks


def with_checked_labels(loss):
    """The same loss, after the labels were checked: loops would read outside the array."""
    def checked(logits, labels):
        chapters.check_labels(logits, labels)
        return loss(logits, labels)
    return checked


def unchanged(array):
    """to_device and to_host of the backends that compute where the arrays already are."""
    return array


HOST = {"device": "host", "to_device": unchanged, "to_host": unchanged}

NUMPY = {
    **HOST,
    **{name: getattr(chapters, name) for name in OPERATIONS},
    "conv2d_forward": forward_in_blocks(chapters.conv2d_forward),
    "conv2d_backward": backward_in_blocks(chapters.conv2d_backward),
}

LOOPS = {
    **HOST,
    **{name: getattr(chapters, f"{name}_loops") for name in OPERATIONS},
    "softmax_cross_entropy": with_checked_labels(chapters.softmax_cross_entropy_loops),
}

COMPILED = """
    relu_forward relu_backward im2col col2im avg_pool_forward avg_pool_backward
    adaptive_avg_pool_forward adaptive_avg_pool_backward lrn_within_forward lrn_within_backward
    batchnorm_statistics batchnorm_forward batchnorm_backward dropout_forward dropout_backward
    sgd_update sgd_update_torch
""".split()


def numba_row():
    """Compiled definitions where memory is the limit, hot texts where there are such, else NumPy."""
    return {
        **NUMPY,
        **{name: jit(LOOPS[name]) for name in COMPILED},
        "dense_forward": "npnet.fast.dense:dense_forward",
        "dense_backward": "npnet.fast.dense:dense_backward",
        "conv2d_forward": "npnet.fast.conv:conv2d_forward",
        "conv2d_backward": "npnet.fast.conv:conv2d_backward",
        "max_pool_forward": "npnet.fast.pool:max_pool_forward",
        "max_pool_backward": "npnet.fast.pool:max_pool_backward",
        "lrn_forward": "npnet.fast.lrn:lrn_forward",
        "lrn_backward": "npnet.fast.lrn:lrn_backward",
    }


def cupy_row():
    """The array texts; CuPy runs them because its arrays answer NumPy's functions themselves."""
    cupy = wanted("cupy", "cupy", "install the extra cuda12 or cuda13: pip install '.[cuda12]' in npnet's folder")
    return {**NUMPY, "device": "cuda", "to_device": cupy.asarray, "to_host": cupy.asnumpy}


BACKENDS = {"loops": lambda: LOOPS, "numpy": lambda: NUMPY, "numba": numba_row, "cupy": cupy_row}

ops = SimpleNamespace(name=None, **NUMPY)      # what layers call; name is None until a backend was chosen


def use(name):
    """Choose the backend that every layer calls from now on: "loops", "numpy", "numba" or "cupy".

    Raises ValueError for a name that is not in BACKENDS, ImportError when its package is missing.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
    row = {key: resolved(name, value) for key, value in BACKENDS[name]().items()}
    vars(ops).update(row, name=name)


def choose():
    """Choose the default backend, unless one was chosen: NPNET_BACKEND, else numba, else numpy."""
    if ops.name is not None:
        return
    if os.environ.get("NPNET_BACKEND"):
        return use(os.environ["NPNET_BACKEND"])
    if not (present("numba") and present("npnet.fast.conv")):
        return use("numpy")
    try:
        use("numba")
    except ImportError as error:
        warnings.warn(f"numba is installed but does not work ({error}); npnet goes on with numpy, "
                      f"which is slower", stacklevel=3)
        use("numpy")


def present(module):
    """Whether a module can be found; it is not imported, only the packages that it is in."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:                             # the package that it would be in is not there
        return False


def resolved(backend, value):
    """The function that a string "module:function" names; anything else as it is."""
    if not isinstance(value, str) or ":" not in value:
        return value
    module, function = value.split(":")
    if not present(module):
        raise ImportError(f"backend {backend} needs {module}, which this copy of npnet does not have; "
                          f"use loops or numpy")
    return getattr(importlib.import_module(module), function)


def wanted(backend, package, how):
    """The package that a backend needs, or an ImportError that says how to get it."""
    try:
        return importlib.import_module(package)
    except (ImportError, AttributeError, OSError, SystemError) as error:       # how packages that do not fit fail
        raise ImportError(f"backend {backend} needs the package {package}, which does not import ({error}); "
                          f"{how}, or choose numpy") from None


@functools.cache
def jit(function):
    """Compiles a loops text, on its first call, and keeps the result in the folder of kernels.

    Without the global lock (nogil), so that Python threads can share the work; division by 0 gives
    infinity or NaN, as NumPy's does; never fastmath.
    """
    numba = wanted("numba", "numba", "pip install numba")
    folder, others = kernels(), numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder or others)          # for this function only, not for the user's own
    try:
        return numba.njit(function, nogil=True, cache=bool(folder), error_model="numpy")
    finally:
        numba.config.CACHE_DIR = others


def kernels():
    """The folder of compiled kernels, or None where none can be written (then nothing is kept)."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or home() / "kernels")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def home():
    """The folder of everything npnet keeps: NPNET_HOME, else "npnet" in the platform's cache folder."""
    if os.environ.get("NPNET_HOME"):
        return Path(os.environ["NPNET_HOME"]).expanduser()
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "npnet"
