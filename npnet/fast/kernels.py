"""Compiled texts, and the folder in which they are kept from one process to the next.

numba's own cache believes every file that it finds: an empty one, after a full disk or a power cut, ends every
command for ever, and one with a flipped bit is machine code all the same. So a kernel is kept in one file,
headed by its checksum; what is damaged is compiled again and replaced, and where nothing can be written
nothing is kept. Several processes may start at once: each that finds nothing compiles, writes beside, and
renames, so that none ever reads half a kernel.

Compiling takes a quarter of a second for plain loops over numbers, one second for an expression of whole arrays
(y = k + a * x) and six for the assignment of a block (y[:, 1:h, 1:v] = x): in a compiled text, write the loop.
"""
import functools
import hashlib
import os
import pickle
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..backend import home, wanted

CHECKSUM = 32           # bytes of a SHA-256


class Had(NamedTuple):
    """How this process came to a compiled kernel."""
    name: str               # fast.pool.largest
    compiled: bool          # or else read from its file
    seconds: float


had = []                    # in order


@functools.cache
def jit(function):
    """Compiles a loops text, on its first call, and keeps the result in the folder of kernels.

    Without the global lock (nogil), so that Python threads can share the work; division by 0 gives
    infinity or NaN, as NumPy's does; never fastmath. Without an entry for C programs (no_cfunc_wrapper), which
    takes a tenth of the time to compile.
    """
    numba = wanted("numba", "numba", "pip install numba")
    compiled = numba.njit(function, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    folder = kernels()
    if folder and os.path.isfile(function.__code__.co_filename):
        compiled._cache = kept(function, folder)
    return compiled


def kernels():
    """The folder of compiled kernels, or None, after a warning, where it cannot be made."""
    path = Path(os.environ.get("NUMBA_CACHE_DIR") or home() / "kernels")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        not_kept(path, error)
        return None
    return path


def kept(function, folder):
    """numba's cache for one function, with files of ours: see above."""
    import numba
    from numba.core.caching import NullCache
    from numba.core.compiler import CompileResult

    class Kept(NullCache):
        def path(self, signature, codegen):
            """The file for one signature; another text, numba, Python or processor has another."""
            key = source(function), numba.__version__, sys.version, str(signature), codegen.magic_tuple()
            digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
            return folder / f"{function.__module__}.{function.__name__}.{digest}.nbc"

        def load_overload(self, signature, target_context):
            """The compiled function, or None: then numba compiles, and saves."""
            self.started = time.perf_counter()
            target_context.refresh()
            path = self.path(signature, target_context.codegen())
            try:
                data = path.read_bytes()
                if hashlib.sha256(data[CHECKSUM:]).digest() != data[:CHECKSUM]:
                    raise ValueError("its checksum is wrong")
                compiled = CompileResult._rebuild(target_context, *pickle.loads(data[CHECKSUM:]))
                self.note(False)
                return compiled
            except FileNotFoundError:
                announce()
            except Exception as error:                      # whatever pickle and LLVM say
                warnings.warn(f"the compiled kernel {path} cannot be used ({error}); it is compiled again")

        def save_overload(self, signature, compiled):
            """Writes beside the old file, then renames: no other process sees half a file."""
            self.note(True)
            path = self.path(signature, compiled.codegen)
            beside = path.with_name(f"{path.name}.{os.getpid()}.part")
            data = numba.core.serialize.dumps(compiled._reduce())
            try:
                beside.write_bytes(hashlib.sha256(data).digest() + data)
                os.replace(beside, path)
            except OSError as error:
                not_kept(folder, error)
            finally:
                if os.path.exists(beside):
                    beside.unlink()

        def note(self, compiled):
            name = f"{function.__module__}.{function.__name__}".removeprefix("npnet.")
            had.append(Had(name, compiled, time.perf_counter() - self.started))

    return Kept()


def source(function):
    """All that a kernel is compiled from: its file, those of the kernels that it calls, constants from elsewhere."""
    files, constants, waiting, seen = set(), {}, [function], set()
    while waiting:
        text = waiting.pop()
        seen.add(text)
        files.add(text.__code__.co_filename)
        for name in text.__code__.co_names:
            value = text.__globals__.get(name)
            if hasattr(value, "py_func") and value.py_func not in seen:
                waiting.append(value.py_func)
            elif isinstance(value, (bool, int, float, tuple, np.ndarray)):
                constants[text.__name__, name] = value.tolist() if isinstance(value, np.ndarray) else value
    return [Path(file).read_bytes() for file in sorted(files)], sorted(constants.items())


@functools.cache
def announce():
    """Says, once, why nothing seems to happen, where somebody looks: in a terminal or a notebook."""
    if (sys.stderr and sys.stderr.isatty()) or "ipykernel" in sys.modules:
        print("npnet compiles what it needs for this processor, once: some seconds, up to half a minute in all "
              "(npnet warmup does all of it beforehand)", file=sys.stderr)


def not_kept(folder, error):
    """Says why every process compiles its own kernels."""
    warnings.warn(f"compiled kernels cannot be kept in {folder} ({error.strerror or error}), so every process compiles "
                  f"its own; make room there, or set NPNET_HOME to another folder", stacklevel=3)
