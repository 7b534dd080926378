"""Sides: processes that are measured in turn, each asleep while another works.

    with started(plan, {"npnet": "numba", "torch": "torch"}, threads=2) as sides:
        turns(sides, rounds=3, what="step", batch=16)       # {"npnet": [times of a turn, ...], "torch": [...]}

A process of its own for each, as two libraries in one would share their memory, their threads and their BLAS. A side
does a piece of work for half a second or once, whichever is longer; then the other has its turn, and in the next
round they begin in the other order, so that a machine that grows slower or quicker does so for both.
"""
import json
import math
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from ..network import plain

SETTLE = 0.25       # seconds; the threads of OpenMP and of BLAS stay awake for up to 0.2 after their last piece of work
VARIABLES = ("NPNET_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TORCH = "torch"


class Side:
    """A process that answers questions (worker.py).

    kind: "torch" or the name of one of npnet's backends, "" for the default one. idle: the seconds in which its
    processors worked although it was not asked for anything.
    """

    def __init__(self, kind, threads):
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, **dict.fromkeys(VARIABLES, str(threads)), "PYTHONPATH": path, "NPNET_CHECK": ""}
        self.kind, self.threads, self.versions, self.idle = kind, threads, {}, 0.0
        self.process = subprocess.Popen([sys.executable, "-P", "-m", "npnet.bench.worker"], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def ask(self, do, **arguments):
        """The answer to a question. ImportError or ValueError with the sentence of what went wrong there; OSError if
        the process has ended."""
        with suppress(BrokenPipeError):                     # a process that has ended is noticed below
            self.process.stdin.write(json.dumps({"do": do, **arguments}, default=plain) + "\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            raise OSError(f"the process of {self.words} ended ({how}) when it was asked for {do}; was there too little "
                          f"memory? A smaller --batch needs less")
        answer = json.loads(line)
        self.idle += answer["idle"]
        if "error" in answer:
            kind = {"ImportError": ImportError, "ModuleNotFoundError": ImportError}.get(answer["kind"], ValueError)
            raise kind(f"{self.words}: {answer['error']}")
        return answer["answer"]

    @property
    def words(self):
        """What messages call this side."""
        return "PyTorch" if self.kind == TORCH else f"npnet ({self.kind})" if self.kind else "npnet"

    def close(self):
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with suppress(BrokenPipeError):                     # the rest of a question that nobody heard
            self.process.stdin.close()


@contextmanager
def started(plan, kinds, threads, tick=lambda: None):
    """{name: Side} of these {name: kind}, each with the network built; they end with the block, also after Ctrl-C.

    tick is called when a side is ready.
    """
    sides = {}
    try:
        for name, kind in kinds.items():
            sides[name] = Side(kind, threads)
        for side in sides.values():
            side.versions = side.ask("open", plan=plan, kind=side.kind, threads=threads)
            tick()
        yield sides
    finally:
        for side in sides.values():
            side.close()


def turns(sides, rounds, tick=lambda: None, seconds=0.5, patience=math.inf, **work):
    """{side: [the times of a turn, ...]}, one turn of each side in every round, after one that is not counted.

    seconds: how long a turn lasts, if a call is not longer. patience: where a side's first call took more seconds than
    that, one round has to do. tick is called after every turn.
    """
    times, slowest = {name: [] for name in sides}, 0.0
    for side in sides.values():
        start = time.perf_counter()
        side.ask("warm", **work)
        slowest = max(slowest, time.perf_counter() - start)
        tick()
    for number in range(1 if slowest > patience else rounds):
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            time.sleep(SETTLE if len(sides) > 1 else 0)
            times[name].append(sides[name].ask("measure", seconds=seconds, **work))
            tick()
    return times
