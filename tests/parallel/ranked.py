"""Functions of a test, run by several processes under mpiexec.

    def add_my_rank(number):                        # of the test's own file, at its top level
        from mpi4py import MPI
        return number + MPI.COMM_WORLD.rank

    assert on_ranks(3, add_my_rank, 10) == [10, 11, 12]         # what each rank returned, in order

A rank that raises ends the call with AssertionError, in which its traceback stands; so does a call that takes
longer than `timeout` seconds, with the place where each rank stood. No process stays in either case.

    done = launched(2, ["-m", "npnet", "train", ...], timeout=60)
    done.code, done.stdout, done.stderr             # what mpiexec left: for tests of the command line

Every rank computes with one thread. There may be more ranks than cores.
"""
import faulthandler
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from npnet.parallel import launcher

ROOT = Path(__file__).resolve().parents[2]
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
ONE_THREAD = {"NPNET_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
OPEN_MPI = {**launcher.OPEN_MPI, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}      # MPICH needs none
BOX = re.compile(r"-{70,}\n(?:Primary job|\S+ detected that one or more processes).*?-{70,}\n|\[\S+\] PMIX ERROR: [^\n]*\n",
                 re.DOTALL)                                     # what Open MPI says of an exit code


@dataclass
class Done:
    """How an mpiexec ended. code: its exit code, None where it took too long."""

    code: int
    stdout: str
    stderr: str

    def __str__(self):
        how = "took too long" if self.code is None else f"ended with exit code {self.code}"
        return f"mpiexec {how}\n{self.stdout[-2000:]}\n{self.stderr[-8000:]}"


def on_ranks(ranks, function, *given, timeout=60, environment=None, **named):
    """[what function(*given, **named) returned on rank 0, on rank 1, ...]. AssertionError where a rank failed.

    The function stands at the top level of a file in a folder of tests; what it is given and what it returns
    can be pickled. environment: variables for the ranks alone.
    """
    with tempfile.TemporaryDirectory(prefix="npnet-ranks-") as folder:
        path = Path(folder)
        (path / "path.pickle").write_bytes(pickle.dumps(sys.path))
        (path / "call.pickle").write_bytes(pickle.dumps((function, given, named)))
        done = launched(ranks, [__file__, folder, time.time() + 0.9 * timeout], timeout, environment)
        assert done.code == 0, f"{function.__name__} on {ranks} ranks: {done}"
        return [pickle.loads((path / f"{rank}.pickle").read_bytes()) for rank in range(ranks)]


def launched(ranks, words, timeout=60, environment=None, folder=None):
    """The Done of `mpiexec -n ranks python words...`, started in `folder`. It and its ranks are killed at the timeout."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **ONE_THREAD, **OPEN_MPI, **(environment or {})}
    process = subprocess.Popen([MPIEXEC, "-n", str(ranks), sys.executable, *map(str, words)], cwd=folder, env=variables,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    return waited(process, timeout)


def waited(process, timeout):
    """The Done of an mpiexec that runs; it and its ranks are killed at the timeout."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
        return Done(process.returncode, stdout, BOX.sub("", stderr))
    except subprocess.TimeoutExpired:
        return Done(None, *ended(process))
    finally:
        if process.poll() is None:
            ended(process)                                      # somebody pressed Ctrl-C


def ended(process):
    """Ends an mpiexec and its ranks; returns what they printed."""
    process.send_signal(signal.SIGTERM)                         # mpiexec ends its ranks, wherever they are
    try:
        return process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate(timeout=5)


def main(folder, deadline):
    """What each rank runs."""
    faulthandler.dump_traceback_later(max(1, float(deadline) - time.time()))       # a rank that hangs says where
    folder = Path(folder)
    sys.path[:] = pickle.loads((folder / "path.pickle").read_bytes())
    from mpi4py import MPI
    try:
        function, given, named = pickle.loads((folder / "call.pickle").read_bytes())
        (folder / f"{MPI.COMM_WORLD.rank}.pickle").write_bytes(pickle.dumps(function(*given, **named)))
    except BaseException:
        print(f"rank {MPI.COMM_WORLD.rank}: {traceback.format_exc()}", file=sys.stderr, flush=True)
        MPI.COMM_WORLD.Abort(1)                                 # the others may wait for this one
        os._exit(1)                                             # MPICH's Abort may return


if __name__ == "__main__":
    main(*sys.argv[1:])
