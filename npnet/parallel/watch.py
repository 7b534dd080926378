"""Watch: a process beside every rank, which says how the rank ended where that one could not.

    mpiexec -n 2 npnet train
      +- watcher of rank 0  -  rank 0           the rank computes, and is a member of MPI
      +- watcher of rank 1  -  rank 1           its watcher sleeps until it ends

A rank that is killed, or crashes in compiled code, can say nothing, and what mpiexec prints then names no rank. Its
watcher is its parent, so the system tells it how the rank ended. It prints a sentence and ends with an exit code of
its own, whereupon mpiexec ends all other ranks. A watcher hands on the signals that it gets, and a rank never
outlives its watcher.

This module imports nothing but a little of Python's library: processes are divided before there is anything else.
"""
import ctypes
import io
import os
import signal
import sys
import time
from typing import NamedTuple

# what mpiexec says in the environment: MPICH, Intel MPI and Slurm (pmi2); Open MPI; PMIx under Slurm
PLACES = (("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
          ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
          ("PMIX_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"))
PASSED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, name)]
DIE_WITH_PARENT = 1             # Linux's prctl: the signal that comes when the parent ends
HEARD = 0.2                     # seconds in which mpiexec takes up a last line, before it is told to end
MOST = 65536                    # bytes of notes that a pipe holds
notes = None                    # where this process, a rank, writes notes for its watcher
left = {}                       # what it has written, {first word: the rest}


class Place(NamedTuple):
    """Which rank this process is, of how many, and which on its own machine."""

    rank: int
    size: int
    local: int


def place(environment=os.environ):
    """The Place of this process as mpiexec gave it in the environment, or None for a process alone."""
    for rank, size, local in PLACES:
        if environment.get(rank, "").isdecimal() and environment.get(size, "").isdecimal():
            number = int(environment[rank])
            own = environment.get(local, "")
            found = Place(number, int(environment[size]), int(own) if own.isdecimal() else number)
            return found if found.size > 1 else None
    return None


def note(*words):
    """Leaves a note for the watcher: "joined" (MPI has begun), "told" (why this rank ends has been said; "told alone":
    the others do not end by themselves), or "folder" and its path (where the last checkpoint is). Does nothing in a
    process that is not watched."""
    text = " ".join(map(str, words))
    left.update(read(text))
    if notes is not None:
        os.write(notes, text.encode(errors="surrogateescape") + b"\n")


def read(text):
    """{first word: the rest} of notes, a line for each."""
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in text.splitlines()}


def watched():
    """Divides this process in two: returns in the rank, which is deaf to signals until heard(), and never in its
    watcher. Elsewhere than on Linux, which lets no rank outlive its watcher, there is none, and the launcher's signals
    go to rank 0 itself."""
    global notes
    if notes is not None:
        return
    if not sys.platform.startswith("linux"):
        return begun()
    heard, notes = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED)                # those that come now are dealt with below
    watcher, rank = os.getpid(), os.fork()
    on_terminal(place().rank == 0)
    if rank:
        os.close(notes)
        os._exit(Watcher(rank, heard).code())
    os.close(heard)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != watcher:                                     # it ended before the line above
        os._exit(1)
    os.setpgid(0, 0)                                                # no signal comes twice


def heard():
    """From now on this process takes the signals that its watcher hands on. Those that came while MPI began come now:
    MPI_Init would not return for them, and the others would wait for a rank that ended after it."""
    if notes is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED)


def on_terminal(first):
    """Rank 0 of `npnet train --ranks N` writes on the terminal itself, as far as the output goes there: through
    mpiexec's pipes it would show no bar. All other output goes through mpiexec, into a file perhaps."""
    machine, *paths = os.environ.get("NPNET_TERMINAL", "").split() or [""]
    for number, name, path in zip((1, 2), ("stdout", "stderr"), [*paths, "-", "-"]):
        try:
            if first and machine == os.uname().nodename and path != "-":
                os.dup2(os.open(path, os.O_RDWR | os.O_NOCTTY), number)
                continue
        except OSError:                                             # it goes through mpiexec then
            pass
        stream = getattr(sys, name)
        if stream is not None and stream.isatty():
            letters = stream.encoding
            setattr(sys, name, Piped(stream.detach(), letters, "replace", line_buffering=True))


class Piped(io.TextIOWrapper):
    """A rank's output that goes through mpiexec. Open MPI reads it from a terminal that it makes for each rank, and on
    which nobody looks at a bar."""

    def isatty(self):
        return False


def tell_launcher(name, number):
    """Leaves a number for `npnet train --ranks N` (launcher.py) on the same machine; the first one counts."""
    folder = os.environ.get("NPNET_NOTES", "")
    try:
        file = os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL | os.O_WRONLY) if folder else None
    except OSError:
        return
    if file is not None:
        os.write(file, str(number).encode())
        os.close(file)


def begun():
    """Tells `npnet train --ranks N` that its ranks have begun, and which process takes its signals."""
    if place().rank == 0:
        tell_launcher("begun", os.getpid())


class Watcher:
    """What the watcher of one rank does. rank: the number of its process; heard: where its notes arrive."""

    def __init__(self, rank, heard):
        self.rank, self.heard, self.passed, self.place = rank, heard, [], place()
        os.set_blocking(heard, False)
        for number in PASSED:
            if signal.getsignal(number) != signal.SIG_IGN:          # nohup's stays ignored
                signal.signal(number, self.pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED)
        begun()

    def pass_on(self, number, frame):
        self.passed.append(number)
        os.kill(self.rank, number)

    def code(self):
        """Waits until the rank ends, says how where it did not itself; the exit code for mpiexec."""
        ended, notes = self.end(), self.read()
        spoken = ended in [-number for number in self.passed] or ended >= 0 and "told" in notes
        if not spoken:
            speak(f"npnet: {self.named()} {how(ended, notes)}, and the whole run ends with it{then(ended, notes)}")
        code = 128 - ended if ended < 0 else ended or 2 * (not spoken)
        if code:
            tell_launcher("ended", code)
        if code and (not spoken or notes.get("told") == "alone" or "joined" not in notes):
            abort(code)
        return code

    def end(self):
        """How the rank ended: its exit code, or minus the signal. A rank that is stopped has not ended."""
        while True:
            status = os.waitpid(self.rank, os.WUNTRACED)[1]
            if not os.WIFSTOPPED(status):
                return os.waitstatus_to_exitcode(status)
            speak(f"npnet: {self.named()} is stopped ({called(os.WSTOPSIG(status))}), and the others wait for it; "
                  f"kill -CONT {self.rank} lets it go on")

    def read(self):
        """The rank's notes: {first word: the rest}."""
        try:
            return read(os.read(self.heard, MOST).decode(errors="surrogateescape"))
        except BlockingIOError:
            return {}

    def named(self):
        return f"rank {self.place.rank} of {self.place.size} (process {self.rank} on {os.uname().nodename})"


def how(ended, notes):
    """How a rank ended, in words."""
    if ended == -signal.SIGALRM and "joined" not in notes:
        return "waited in vain for the others to start (NPNET_MPI_TIMEOUT=SECONDS sets how long)"
    early = " before it had joined the others" * ("joined" not in notes)
    if ended >= 0:
        return f"ended and said nothing (exit code {ended}){early}"
    memory = "; the system does that where memory runs out" * (ended == -signal.SIGKILL)
    verb = "was killed" if ended in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT) else "crashed"
    return f"{verb} ({called(-ended)}{memory}){early}"


def called(number):
    """"signal 9, SIGKILL"."""
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:                                              # a signal without a name
        return f"signal {number}"


def then(ended, notes):
    """What to do now."""
    if ended > 0 and "joined" not in notes:
        return "; perhaps its MPI and this mpiexec do not belong together"
    return go_on(notes)


def go_on(notes):
    """How the run goes on, where there is a checkpoint."""
    if not notes.get("folder"):
        return ""
    import shlex
    return f". The last checkpoint is whole; go on with: npnet train --resume {shlex.quote(notes['folder'])}"


def abort(code):
    """Lets mpiexec end the others. MPICH's mpiexec takes a message for that: of an exit code alone it says more than
    anybody wants to read, and of a rank that never joined the others it would take no notice. Open MPI's needs none."""
    time.sleep(HEARD)
    try:
        os.write(int(os.environ.get("PMI_FD", "-1")), f"cmd=abort exitcode={code}\n".encode())
    except (OSError, ValueError):
        pass


def speak(line):
    """Prints one line on stderr, in one piece, so that it is not mixed with those of other ranks."""
    try:
        os.write(2, f"{line}\n".encode(errors="replace"))
    except OSError:                                                 # nobody is there to read
        pass
