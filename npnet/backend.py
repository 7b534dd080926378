"""Backends: who executes the operations.

A backend is a row, a dictionary from the names of operations to functions. `use(name)` copies one
row into `ops`, the namespace that all layers call, so `ops.conv2d_forward` *is* the chosen function
and stepping into it lands in its text. No layer asks which backend is in use.

    loops     the definitions, run by Python: slow, and every line can be watched
    numpy     the array texts of the chapters, run by NumPy
    numba     the hot texts of npnet.fast, on all cores, most of them compiled
    cupy      the array texts run by CuPy, on an NVIDIA graphics card

A row of one's own: BACKENDS["mine"] = lambda: {**NUMPY, "conv2d_forward": my_convolution}.
Operations that such a row lacks are NUMPY's. The hot texts are named by strings, "module:function",
and found when a row is chosen; this table is the only place where the book knows of them.

Compiled and hot texts would read outside their arrays, so `guarded` checks their arguments first: one
step into ops.conv2d_forward of the numba row is the guard, the next the text.
"""
import difflib
import importlib
import inspect
import numbers
import os
import re
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from . import ops as chapters

# What the operations take, in the letters of ops/__init__: arrays and their shapes, * for any shape that all share.
# Whole numbers of at least 1 are named as their letter is; all other arguments are options.
SIGNATURES = """
    dense_forward: x(N,D) w(D,M) b(M)               dense_backward: dy(N,M) x(N,D) w(D,M)
    relu_forward: x(*)                              relu_backward: dy(*) y(*)
    tanh_forward: x(*)                              tanh_backward: dy(*) y(*)
    sigmoid_forward: x(*)                           sigmoid_backward: dy(*) y(*)
    softmax_forward: x(N,M)                         softmax_backward: dy(N,M) y(N,M)
    log_softmax_forward: x(N,M)                     log_softmax_backward: dy(N,M) y(N,M)
    softmax_cross_entropy: logits(*)
    im2col: x(N,C,H,W)                              col2im: cols(N,C,R,S,P,Q)
    conv2d_forward: x(N,C,H,W) w(K,C/G,R,S) b(K)    conv2d_backward: dy(N,K,P,Q) x(N,C,H,W) w(K,C/G,R,S)
    max_pool_forward: x(N,C,H,W)                    max_pool_backward: dy(N,C,P,Q) argmax(N,C,P,Q)
    avg_pool_forward: x(N,C,H,W)                    avg_pool_backward: dy(N,C,P,Q)
    adaptive_avg_pool_forward: x(N,C,H,W)           adaptive_avg_pool_backward: dy(N,C,P,Q)
    lrn_forward: x(N,C,H,W)                         lrn_backward: dy(N,C,H,W) x(N,C,H,W) scale(N,C,H,W)
    lrn_within_forward: x(N,C,H,W)                  lrn_within_backward: dy(N,C,H,W) x(N,C,H,W) scale(N,C,H,W)
    batchnorm_statistics: x(N,C,H,W)                batchnorm_forward: x(N,C,H,W) w(C) b(C) mean(C) var(C)
                                                    batchnorm_backward: dy(N,C,H,W) x(N,C,H,W) w(C) mean(C) var(C)
    dropout_forward: x(*) mask(*)                   dropout_backward: dy(*) mask(*)
    sgd_update: w(*) dw(*) v(*)                     sgd_update_torch: w(*) dw(*) v(*)
"""
SIGNATURES = {name: dict(re.findall(r"(\w+)\((\S+)\)", arrays))
              for name, arrays in re.findall(r"(\w+):((?: \w+\S+)+)", SIGNATURES)}
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
DTYPES = {"mask": bool, "argmax": np.int32}                                          # of arrays that are not FLOATS
LEAST = {**dict.fromkeys(("H", "W", "P", "Q", "R", "S", "stride", "groups", "n", "threads"), 1), "pad": 0}      # whole
MOST = 2 ** 31      # of such numbers: a compiled text would take a larger one for another
CHOICES = ("ceil_mode", "count_include_pad", "train", "to_input")


OPERATIONS = list(SIGNATURES)

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


def guarded(name, function):
    """The same function, whose arguments are first checked: compiled texts would read outside their arrays.

    name: the operation's. Raises TypeError for what is not an array of the right dtype (float32 or float64, the same
    for all), ValueError for other shapes than in SIGNATURES and for options that are not possible.
    """
    signature = inspect.signature(getattr(chapters, name))
    arrays = {key: letters if letters == "*" else letters.split(",") for key, letters in SIGNATURES[name].items()}
    changed = ("w", "v") if name.startswith("sgd") else ()
    size_of = chapters.pool_size if "pool" in name else chapters.conv_size

    def checked(*arguments, **named):
        given = dict(zip(signature.parameters, arguments))
        if named or len(given) != len(arguments) or len(given) < len(signature.parameters):
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            given = bound.arguments
        try:
            sizes, dtype = {}, None
            for key, value in given.items():
                if key in arrays:
                    given[key] = value = in_order(key, value, key in changed)
                    dtype = check_dtype(key, value.dtype, dtype)
                    check_shape(key, value.shape, arrays[key], sizes)
                elif key == "labels":
                    chapters.check_labels(given["logits"], value)
                else:
                    check_option(key, value)
                    sizes[key] = value
            if "stride" in given or "groups" in given:
                check_windows(sizes, size_of)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from None
        return function(*given.values())

    checked.__name__, checked.__doc__, checked.__wrapped__ = name, function.__doc__, function
    return checked


def in_order(key, array, changed):
    """The array, in order in memory: a copy where it is not. It must be NumPy's and, if it is changed, writeable."""
    if type(array) is np.ndarray and array.flags.carray:
        return array
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{key} must be an array of NumPy's, got a {type(array).__name__}")
    if not changed:
        return np.require(np.asarray(array), requirements="CAW")
    if not (array.flags.writeable and array.flags.aligned):
        raise ValueError(f"{key} is changed and cannot be written; use {key}.copy()")
    return array


def check_dtype(key, got, others):
    """The dtype that floating-point arrays share. TypeError for another than they must have."""
    if key in DTYPES:
        if got != DTYPES[key]:
            raise TypeError(f"{key} must be {np.dtype(DTYPES[key])}, got {got}")
        return others
    if got not in FLOATS:
        raise TypeError(f"{key} must be float32 or float64, got {got}; use {key}.astype(np.float32)")
    if others is not None and got != others:
        raise TypeError(f"{key} is {got}, but the arrays before it are {others}; all must have one dtype")
    return got


def check_shape(key, shape, letters, sizes):
    """Raises ValueError unless the shape has these letters, whose sizes are those that `sizes` knows or now learns."""
    if letters == "*":
        fits = shape == sizes.setdefault("*", shape)
    else:
        fits = len(shape) == len(letters) and all(
            size == sizes.setdefault(letter, size) for letter, size in zip(letters, shape))
    if not fits:
        known = ", ".join(f"{letter}={size}" for letter, size in sizes.items() if letter in letters)
        raise ValueError(f"{key} must have shape ({','.join(letters)}){known and f' with {known}'}, got {shape}")


def check_option(key, value):
    """Raises ValueError for a number or a choice that the operations do not have."""
    if key in LEAST:
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not LEAST[key] <= value < MOST:
            raise ValueError(f"{key} must be a whole number of at least {LEAST[key]}, got {value!r:.40}")
        if key == "n" and value % 2 == 0:
            raise ValueError(f"n={value} must be odd, so that the window has a middle")
    elif not isinstance(value, (bool, np.bool_) if key in CHOICES else numbers.Real):
        raise ValueError(f"{key} must be {'True or False' if key in CHOICES else 'a number'}, got {value!r}")
    elif key == "p_drop" and not 0 <= value < 1:
        raise ValueError(f"p_drop must lie between 0 and 1 (1 itself excluded), got {value!r}")


def check_windows(size, size_of):
    """Raises ValueError unless groups divide what they must, windows fit, and P and Q are the sizes that they give."""
    if "groups" in size and (size["C"] % size["groups"] or size.get("K", 0) % size["groups"]
                             or size.get("C/G", 0) * size["groups"] not in (0, size["C"])):
        raise ValueError(f"groups={size['groups']} must divide the {size['C']} channels of x and the filters of w, "
                         f"each of which sees {size['C'] // size['groups']} channels")
    if "stride" not in size:
        return
    modes = [size["ceil_mode"]] if "ceil_mode" in size else [False, True]
    for pixels, window, outputs in (("H", "R", "P"), ("W", "S", "Q")):
        possible = [size_of(size[pixels], size[window], size["stride"], size["pad"], mode) for mode in modes]
        if size.get(outputs, possible[0]) not in possible:
            raise ValueError(f"{outputs} must be {possible[0]} for {pixels}={size[pixels]}, {window}={size[window]}, "
                             f"stride={size['stride']} and pad={size['pad']}, got {size[outputs]}")


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

LOOPS = {**HOST, **{name: getattr(chapters, f"{name}_loops") for name in OPERATIONS}}
LOOPS |= {name: guarded(name, LOOPS[name]) for name in OPERATIONS       # of whole numbers they would make 6, not 6.25
          if re.search("tanh|sigmoid|softmax|avg|lrn|norm|dropout|sgd", name)}

COMPILED = ["im2col", "col2im"]

HOT = {                                     # file of npnet/fast: its operations
    "dense": "dense_forward dense_backward",
    "activation": "relu_forward relu_backward tanh_forward tanh_backward sigmoid_forward sigmoid_backward",
    "conv": "conv2d_forward conv2d_backward",
    "pool": "max_pool_forward max_pool_backward avg_pool_forward avg_pool_backward adaptive_avg_pool_forward "
            "adaptive_avg_pool_backward",
    "lrn": "lrn_forward lrn_backward lrn_within_forward lrn_within_backward",
    "batchnorm": "batchnorm_statistics batchnorm_forward batchnorm_backward",
    "dropout": "dropout_forward dropout_backward",
    "update": "sgd_update sgd_update_torch",
}


def numba_row():
    """Hot texts; im2col and col2im compiled; softmax by NumPy, being small; and memory that stays."""
    jit = found("numba", "npnet.fast.kernels:jit")
    found("numba", "npnet.fast.memory:keep")()
    return {
        **NUMPY,
        **{name: guarded(name, jit(getattr(chapters, f"{name}_loops"))) for name in COMPILED},
        **{name: f"npnet.fast.{file}:{name}" for file, names in HOT.items() for name in names.split()},
    }


def cupy_row():
    """The array texts; CuPy runs them because its arrays answer NumPy's functions themselves."""
    cupy = wanted("cupy", "cupy", "install the extra cuda12 or cuda13: pip install '.[cuda12]' in npnet's folder")
    return {**NUMPY, "device": "cuda", "to_device": cupy.asarray, "to_host": cupy.asnumpy}


BACKENDS = {"loops": lambda: LOOPS, "numpy": lambda: NUMPY, "numba": numba_row, "cupy": cupy_row}

ops = SimpleNamespace(name=None, **NUMPY)      # what layers call; name is None until a backend was chosen


def use(name, threads=None):
    """Choose the backend that every layer calls from now on: "loops", "numpy", "numba" or "cupy".

    threads: how many of npnet's own threads work, for numba alone; None leaves it as it is (at first NPNET_THREADS,
    else all processors). An operation that its row lacks is NUMPY's. Raises ValueError for a name that is not in
    BACKENDS, a row with unknown operations or threads that are not possible, ImportError when its package is missing.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
    if threads is not None:
        check_option("threads", threads)
        if name != "numba":
            raise ValueError(f"threads={threads} is for the backend numba, which has threads of npnet's own; backend "
                             f"{name} has none: leave it out")
    row = {**NUMPY, **BACKENDS[name]()}
    for key, value in row.items():
        if key not in NUMPY:
            near = difflib.get_close_matches(key, NUMPY, 1)
            raise ValueError(f"backend {name} has an operation {key!r}, which nothing calls; "
                             f"{f'did you mean {near[0]}?' if near else 'npnet.backend.OPERATIONS has them all'}")
        if isinstance(value, str) and ":" in value:
            row[key] = guarded(key, found(name, value))
    if threads is not None:
        found("numba", "npnet.fast.threads:choose")(threads)
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


def found(backend, place):
    """The function that a string "module:function" names."""
    module, function = place.split(":")
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
