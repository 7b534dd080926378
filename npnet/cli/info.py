"""`npnet info`: what npnet finds on this machine, for a report of a bug or a question about speed.

Nothing heavy is imported and nothing is written; what cannot be found out is said to be unknown.
"""
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .. import __version__, backend
from ..fast.machine import free_memory, output_of, processor_model, switched_on
from ..fast import threads
from ..fast.memory import keep
from ..screen import counted, echo, line, size
from ..screen.output import width

PACKAGES = ("numpy", "numba", "pillow", "matplotlib", "threadpoolctl", "rich", "torch", "cupy", "h5py")
CUPY = ("cupy-cuda12x", "cupy-cuda13x", "cupy")                 # the names that it is installed under
HOW = {"torch": "torch (npnet's extra torch)",
       "cupy": "cupy-cuda12x or cupy-cuda13x (npnet's extras cuda12, cuda13)"}
THREAD_SETTINGS = ("NPNET_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def add(commands):
    parser = commands.add_parser("info")
    parser.description = "What npnet finds on this machine: versions, backends, threads, BLAS, folders."
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(options):
    facts = found()
    if options.json:
        print(json.dumps(facts, indent=2))
        return
    for title, group in facts.items():
        echo(title, "bold")
        for name, value in group.items():
            print(line(name, value))


def found():
    """All that info prints: {title: {name: text, number or list}}."""
    kind = "a terminal" if sys.stdout.isatty() else "a file or a pipe"
    return {
        "npnet": {"version": __version__, "python": f"{platform.python_version()} ({platform.python_implementation()})",
                  "platform": f"{platform.system()} {platform.release()}, {platform.machine()}"},
        "packages": packages(),
        "backend": backends(),
        "processor": processor(),
        "output": {"encoding": sys.stdout.encoding or "unknown",
                   "is": f"{kind}, {width()} columns for sentences"},
        "folders": folders(),
    }


def packages():
    """Versions of what npnet needs, and of what it can use besides."""
    versions = {name: installed(name) for name in PACKAGES}
    versions["cupy"] = next(filter(None, map(installed, CUPY)), None)
    return {name: found or f"not installed; pip install {HOW.get(name, name)}" for name, found in versions.items()}


def installed(name):
    """The version of a package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def backends():
    """Which backend a network would be built for and why, and which there are, judged by what is installed."""
    lacks = {name: f"the package {name} is not installed" for name in ("numba", "cupy") if not backend.present(name)}
    if not backend.present("npnet.fast.conv"):
        lacks.setdefault("numba", "this copy of npnet has no folder npnet/fast")
    name = os.environ.get("NPNET_BACKEND")
    if name:
        problem = lacks.get(name) if name in backend.BACKENDS else f"there are only {', '.join(backend.BACKENDS)}"
        reason = f"NPNET_BACKEND says so{f', but {problem}' if problem else ''}"
    elif "numba" in lacks:
        name, reason = "numpy", f"numba cannot be used: {lacks['numba']}"
    else:
        name, reason = "numba", "numba and npnet.fast were found"
    return {"chosen": name, "because": reason, "available": [each for each in backend.BACKENDS if each not in lacks],
            **{f"not {each}": problem for each, problem in lacks.items()}}


def processor():
    """Processor, threads, BLAS, memory and graphics card."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    number, said_by = threads.setting()
    settings = [f"{name}={os.environ[name]}" for name in THREAD_SETTINGS if os.environ.get(name)]
    return {"model": processor_model(), "cores": f"{os.cpu_count()}, of which this process may use {usable}",
            "npnet threads": f"{number} ({said_by})", **blas(), **({"set outside": settings} if settings else {}),
            "memory": memory(), "memory kept": kept(), **winograd(), "graphics card": graphics()}


def blas():
    """Who multiplies NumPy's matrices, and with how many threads."""
    from threadpoolctl import threadpool_info
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    if not pools:
        built_with = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return {"blas": f"{built_with.get('name', 'unknown')} {built_with.get('version', '')}".strip(),
                "blas threads": "unknown to threadpoolctl"}
    names = [f"{pool['internal_api']} {pool['version']}, {pool.get('architecture') or 'no'} kernels" for pool in pools]
    return {"blas": names, "blas threads": [pool["num_threads"] for pool in pools]}


def memory():
    """'62.8 GB, of which npnet may still take 51.2 GB', as far as it is known; GB = 2^30 bytes."""
    free = free_memory()
    try:
        total = size(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), 1024)
    except (AttributeError, OSError, ValueError):               # Windows says only what is free
        total = ""
    rest = "" if free is None else f"npnet may still take {size(free, 1024)}"
    return ", of which ".join(filter(None, [total, rest])) or "unknown"


def kept():
    """Whether the numba backend keeps the memory of freed arrays, else why not."""
    hindrance = keep()                              # this process asks its C library, and ends soon
    return f"no: {hindrance}" if hindrance else "yes, by the numba backend"


def winograd():
    """Whether 3x3 convolutions may multiply less."""
    if not backend.present("npnet.fast.winograd"):
        return {}
    return {"winograd": "on" if switched_on("NPNET_WINOGRAD") else "off: NPNET_WINOGRAD=0"}


def graphics():
    """NVIDIA's cards as nvidia-smi names them, else what CuPy sees, else "none found"."""
    cards = output_of("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    if cards:
        return [", driver ".join(card.rsplit(", ", 1)) for card in cards.splitlines()]
    if not backend.present("cupy"):
        return "none found"
    try:
        runtime = backend.wanted("cupy", "cupy", f"pip install {HOW['cupy']}").cuda.runtime
        return [runtime.getDeviceProperties(i)["name"].decode() for i in range(runtime.getDeviceCount())]
    except Exception as error:                  # whatever CuPy raises where there is no card or no driver
        return f"none that CuPy can use ({' '.join(str(error).split())})"


def folders():
    """Where npnet keeps data, weights and compiled kernels."""
    home = backend.home()
    kernels = Path(os.environ.get("NUMBA_CACHE_DIR") or home / "kernels")
    return {"home": f"{home} ({'NPNET_HOME' if os.environ.get('NPNET_HOME') else 'the default'}; {state(home)})",
            "kernels": f"{kernels} ({state(kernels)}{amount(kernels)})", "npnet": str(Path(__file__).parents[1])}


def amount(folder):
    """'; 31 kernels, 2.1 MB', or "" where there are none."""
    sizes = [path.stat().st_size for path in folder.glob("*.nbc")]
    return f"; {counted(len(sizes), 'kernel')}, {size(sum(sizes))}" if sizes else ""


def state(folder):
    """Whether a folder is there and can be written: a few words."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        return f"cannot be made: {there} is a file"
    if not os.access(there, os.W_OK):
        return "cannot be written" if there == folder else f"cannot be made: {there} is not writable"
    return "writable" if there == folder else "will be made when needed"
