"""Launch: `npnet train --ranks N`, which runs mpiexec for those who do not type it.

    code = launch(2, ["train", "--data", "cifar10"])        # as `npnet train --data cifar10 --ranks 2`

The line that it runs is printed, so that it can be typed where this cannot run it: on a cluster, or with several
machines. Rank 0 draws its progress on the terminal itself. Signals go to rank 0, with whom all end after the same
step.
"""
import os
import shlex
import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ..screen import counted, echo
from .watch import DIE_WITH_PARENT, called, place, speak

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# Open MPI binds each rank to one core, refuses to start more ranks than cores, and explains each exit code in a box of
# its own, unless it is told otherwise
OPEN_MPI = {"OMPI_MCA_hwloc_base_binding_policy": "none", "PRTE_MCA_hwloc_default_binding_policy": "none",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
            "OMPI_MCA_orte_execute_quiet": "1"}
PATIENCE = 3                    # signals: the first ends the step, the second rank 0, the third mpiexec
MOMENT = 0.05                   # seconds between two looks for rank 0


def launch(ranks, words):
    """Runs `npnet WORDS` in so many processes on this machine, under mpiexec; returns the exit code.

    They share out the cores among themselves, unless NPNET_THREADS says how many threads each has. ImportError
    without mpi4py, FileNotFoundError without an mpiexec, ValueError for words and ranks that cannot be.
    """
    if not isinstance(ranks, int) or ranks < 1 or isinstance(words, str):
        raise ValueError(f"launch takes a whole number of ranks of at least 1 and a list of words, such as launch(2, "
                         f"['train', '--data', 'cifar10']), got launch({ranks!r}, {words!r})")
    line = f"mpiexec -n {ranks} {shlex.join(['npnet', *words])}"
    if place() is not None:
        raise ValueError("--ranks starts mpiexec, but mpiexec has started this process already; leave one of them "
                         "out")
    if not find_spec("mpi4py"):
        raise ImportError(f"several ranks need mpi4py and an MPI: pip install npnet[mpi]; then this works, too: {line}")
    program, cores = mpiexec(line), usable()
    echo(f"{ranks} ranks: {line}")
    if ranks > cores:
        echo(f"{ranks} ranks share {counted(cores, 'core')}: this shows how it works, not how fast it can be")
    safe = ["-P"] * (not {"", os.getcwd()} & set(sys.path))         # a folder's own numpy.py is not taken for NumPy
    command = [*program, "-n", str(ranks), sys.executable, *safe, "-m", "npnet", *words]
    return run(command, OPEN_MPI | os.environ | {"NPNET_RANKS": str(ranks)}, line)


def mpiexec(line):
    """The mpiexec that fits this Python, as words: NPNET_MPIEXEC, else that beside Python, else the first on the
    PATH. FileNotFoundError where there is none; line: what to type elsewhere."""
    if os.environ.get("NPNET_MPIEXEC"):
        return shlex.split(os.environ["NPNET_MPIEXEC"])
    beside = str(Path(sys.executable).parent)
    for name in ("mpiexec", "mpirun"):
        found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
        if found:
            return [found]
    raise FileNotFoundError(f"there is no mpiexec beside {sys.executable} or on the PATH; pip install npnet[mpi] "
                            f"brings one, and NPNET_MPIEXEC names another. Where there is one, this works, too: {line}")


def usable():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(command, environment, line):
    """Runs mpiexec, hands signals on, and says how it ended where no rank could; the exit code."""
    import subprocess
    import tempfile
    with tempfile.TemporaryDirectory(prefix="npnet-ranks-") as notes:
        environment = {**environment, "NPNET_NOTES": notes, "NPNET_TERMINAL": terminals()}
        try:
            with passed_on(Path(notes)) as mpi:
                mpi.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                               start_new_session=True, preexec_fn=dies_with_us())
                code = mpi.process.wait()
        except OSError as error:
            raise OSError(f"{command[0]} does not run ({error.strerror}). Where an mpiexec does: {line}") from None
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream.isatty():
                    echo("\x1b[?25h", end="", stream=stream)        # a rank that was killed has left the cursor hidden
        begun, ended = left(notes, "begun"), left(notes, "ended")
    if ended is not None:                                           # what a watcher says counts: mpiexec mixes codes
        return ended
    if code < 0:
        speak(f"npnet: mpiexec ended ({called(-code)}), and all ranks with it; the last checkpoint is whole")
    elif code and not begun:
        speak(f"npnet: {command[0]} started no rank (exit code {code}). Where an mpiexec does: {line}")
    return 128 - code if code < 0 else code


def left(notes, name):
    """The number that a watcher left (watch.tell_launcher), or None."""
    path = Path(notes) / name
    text = path.read_text() if path.exists() else ""
    return int(text) if text else None


def terminals():
    """The terminals on which standard output and error end, as a text for rank 0; "-" where they do not."""
    if not hasattr(os, "ttyname"):                                  # Windows
        return ""
    return " ".join([os.uname().nodename, *(os.ttyname(number) if os.isatty(number) else "-" for number in (1, 2))])


def dies_with_us():
    """What mpiexec's process does first on Linux: it asks to be told to end when this process ends, even by kill -9."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(DIE_WITH_PARENT, signal.SIGTERM)


class Mpiexec:
    """The mpiexec that runs, and the signals that came meanwhile. notes: the folder where rank 0 leaves the number of
    its process."""

    def __init__(self, notes):
        self.notes, self.process, self.came = notes, None, []

    def pass_on(self, number, frame):
        """Hands a signal on; mpiexec is killed at the third."""
        self.came.append(number)
        if len(self.came) >= PATIENCE and self.process is not None:
            self.process.kill()
        else:
            self.hand_on(number)

    def hand_on(self, number):
        """To rank 0, as soon as there is one: an mpiexec that is told to end before that says more than it should."""
        begun = left(self.notes, "begun")
        if self.process is not None and self.process.poll() is not None:
            return
        if begun is None:
            later = threading.Timer(MOMENT, self.hand_on, [number])
            later.daemon = True
            later.start()
        elif os.name != "nt":                                       # kill would end it; a console tells rank 0 itself
            os.kill(begun, number)


@contextmanager
def passed_on(notes):
    """Yields an Mpiexec, to which signals are handed on; where signals can be caught, in the main thread alone."""
    mpi = Mpiexec(notes)
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if main}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, mpi.pass_on)
    try:
        yield mpi
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
