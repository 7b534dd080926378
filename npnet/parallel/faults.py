"""Faults: what becomes of all ranks when one fails. The whole run ends within seconds, and says why once.

    rank 1 raises                   it says so with its rank, and ends; mpiexec ends the others
    all raise the same              rank 0 says it, as if it were alone
    rank 1 is killed, or crashes    its watcher says so (watch.py), and ends
    rank 1 hangs, its machine dies  the others wait so many seconds for it, name it, and end

`npnet train` does all that by itself. In a script of one's own:

    with guarded():
        team = npnet.parallel.here()
        ...
"""
import atexit
import functools
import hashlib
import os
import pickle
import platform
import signal
import sys
import time
import traceback
import warnings
from contextlib import contextmanager, suppress

import numpy as np

from . import watch
from .mpi import mpi
from .watch import note, place, speak

MOST_PAUSE = 0.05           # seconds between two looks of a rank that has waited long
TOGETHER = 2.0              # seconds within which ranks that fail alike have all failed
LONGER = 24                 # times as long as within a step, where others have much to do
LOOK = 1.0                  # seconds after which a rank that waits looks whether others have finished
SOON = 0.1                  # seconds in which most waits are over
ANSWER = 3.0                # seconds in which a rank answers that only waits
LETTERS = 64                # bytes of a machine's name
ASKED, FINISHED = 14, 15    # the tags of a question, and of a rank's last word
joined = False              # whether this rank is guarded: its end is told by together or guarded
kept = []                   # errors: what they interrupted has the arrays into which MPI still writes


# ------------------------------------------------------------------------ the beginning

def join():
    """Joins the other ranks: MPI begins. Raises ImportError without mpi4py, RuntimeError where mpiexec is that of
    another MPI."""
    global joined
    own, joined = place(), True
    clock = getattr(signal, "alarm", lambda seconds: None)      # MPI's beginning holds Python, so the system ends it
    clock(limit())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)     # mpi4py's, of what is said below
            size = mpi().COMM_WORLD.size
    finally:
        clock(0)
    note("joined")
    if size != own.size:
        raise RuntimeError(f"mpiexec started {own.size} processes, but mpi4py's MPI knows of {size}: they belong to "
                           f"two different MPIs. Take the mpiexec of {library()}")
    hosts()


def library():
    """The MPI that mpi4py uses, in a few words: "MPICH Version: 5.0.2"."""
    return " ".join(mpi().Get_library_version().splitlines()[0].split(",")[0].split())


@functools.cache
def apart():
    """A communicator for faults alone, so that no message is taken for one of the training's. All ranks make it when
    they begin."""
    comm, request = mpi().COMM_WORLD.Idup()
    request.Wait()
    return comm


@functools.cache
def hosts():
    """The names of the machines of all ranks."""
    own = platform.node()
    every = bytearray(LETTERS * apart().size)
    wait([apart().Iallgather(own.encode()[:LETTERS].ljust(LETTERS), every)])
    return [every[begin:begin + LETTERS].decode(errors="replace").strip() for begin in range(0, len(every), LETTERS)]


# ------------------------------------------------------------------------ waiting

def limit():
    """How many seconds a rank waits for the others within a step: NPNET_MPI_TIMEOUT, else 600."""
    wanted = os.environ.get("NPNET_MPI_TIMEOUT") or "600"
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ValueError(f"NPNET_MPI_TIMEOUT must be a whole number of seconds of at least 1, got {wanted!r}")
    return int(wanted)


def wait(requests, seconds=None, pause=0):
    """Waits until MPI has done what was asked. Where a rank has finished that will never answer, or after so many
    seconds (default: limit()), it says who does not answer, and ends the whole run: an error could be caught, and then
    nobody knows what the others would do.

    pause: seconds between two looks, where the wait may be long and the message is short.
    """
    seconds = limit() if seconds is None else seconds
    began, look = time.monotonic(), LOOK
    while not done(requests, min(look, seconds), pause, began):
        gone, look = who_finished(), look + LOOK
        if gone is not None and not done(requests, look + TOGETHER, pause, began):      # not even a last message comes
            speak(f"npnet: {named()} waits for rank {gone}, which has finished: all ranks must do the same steps, on "
                  f"the same number of batches{watch.go_on(watch.left)}")
            leave(2)
        if time.monotonic() - began >= seconds:
            speak(f"npnet: {named()} waited {seconds:g} s for {silent()} (NPNET_MPI_TIMEOUT=SECONDS sets how long it "
                  f"waits){watch.go_on(watch.left)}")
            leave(2)


def done(requests, seconds, pause=0, began=None):
    """Whether MPI does all that was asked within so many seconds, from now or from when the wait began. It works while
    it is looked at, so only a short message leaves time for a pause."""
    if not requests:                                            # one process without MPI, too
        return True
    test, others_first = mpi().Request.Testall, getattr(os, "sched_yield", lambda: None)
    began = time.monotonic() if began is None else began
    while not test(requests):
        waited = time.monotonic() - began
        if waited > seconds:
            return False
        if pause and waited > SOON:
            time.sleep(max(pause, min(waited / 100, MOST_PAUSE)))       # a hundred such ranks leave the cores to rank 0
        else:
            others_first()                                      # there may be more ranks than cores
    return True


def patient(requests):
    """The same where others may have much to do meanwhile, such as rank 0 alone before the first step."""
    wait(requests, LONGER * limit(), pause=0.001)


def exchanged(comm, value):
    """[the value of every rank], plain data or errors: mpi4py's allgather, which would wait for ever."""
    own = pickle.dumps(value)
    sizes = np.empty(comm.size, np.int64)
    patient([comm.Iallgather(np.array([len(own)]), sizes)])
    every, ends = bytearray(sizes.sum()), sizes.cumsum()
    patient([comm.Iallgatherv(own, [every, sizes, ends - sizes, mpi().BYTE])])
    return [pickle.loads(every[end - size:end]) for size, end in zip(sizes, ends)]


def from_first(comm, value):
    """Rank 0's value, for all: mpi4py's bcast, which would wait for ever."""
    own = pickle.dumps(value) if comm.rank == 0 else b""
    size = np.array([len(own)])
    patient([comm.Ibcast(size)])
    text = bytearray(own) if comm.rank == 0 else bytearray(int(size[0]))
    patient([comm.Ibcast(text)])
    return value if comm.rank == 0 else pickle.loads(text)


def who_finished():
    """A rank that has finished, or None."""
    if not apart.cache_info().currsize:
        return None
    status = mpi().Status()
    return status.Get_source() if apart().Iprobe(mpi().ANY_SOURCE, FINISHED, status) else None


def silent():
    """In words, the ranks that do not answer: those that wait in vain, too, ask each other."""
    if not apart.cache_info().currsize:                         # it is too late to make one
        return "the other ranks"
    comm = apart()
    others = [rank for rank in range(comm.size) if rank != comm.rank]
    answers = {rank: comm.Irecv(bytearray(1), rank, ASKED) for rank in others}
    asked = [comm.Isend(b"?", rank, ASKED) for rank in others]
    done([*answers.values(), *asked], ANSWER)
    missing = [f"rank {rank} on {hosts()[rank]}" for rank, answer in answers.items() if not answer.Test()]
    if not missing:
        return "the other ranks, which wait as well, for different messages"
    them = "it hangs" if len(missing) == 1 else "they hang"
    return f"{', '.join(missing)}: {them}, or the network is broken"


# ------------------------------------------------------------------------ the end

def finished():
    """This rank has nothing more to do: tells the others, one of which may still wait for it (wait), and waits until
    all of them have finished."""
    if mpi().Is_finalized():                                    # by the script itself, which waits for all
        return
    comm = apart()
    others = [rank for rank in range(comm.size) if rank != comm.rank]
    kept.append([comm.Isend(b".", rank, FINISHED) for rank in others])
    done([comm.Irecv(bytearray(1), rank, FINISHED) for rank in others], LONGER * limit(), pause=0.001)


def has_joined():
    """Joins the other ranks; where that fails, says why, once on each machine. Whether it did not fail."""
    own = place()
    try:
        join()
    except Exception as error:
        watch.heard()
        time.sleep(TOGETHER * (own.local > 0))                  # the first one of a machine ends the others
        if own.rank == 0 or not isinstance(error, RuntimeError):
            whose = f"rank {own.rank} of {own.size} on {platform.node()}: " if own.rank else ""
            speak(f"npnet: {whose}{error}")
        note("told")
        return False
    return True


def together(run, command):
    """Runs a command (its name) on this rank: run() gives a sentence, or None where nothing failed, an exit code, and
    the error. Returns the exit code; where this rank failed alone, it ends all of them instead."""
    if not has_joined():
        return 2
    try:
        watch.heard()
        said, code, error = other_command(command) or run()
    except KeyboardInterrupt as stop:                           # before the command began
        said, code, error = "", 130, stop
    except BaseException as stop:                               # not the user's to mend, or NPNET_DEBUG
        said, code, error = traceback.format_exc(), code_of(stop), stop
    if said is not None and (code or not isinstance(error, SystemExit)):           # --help ends with 0
        code = ended(said, code, error)
    else:
        finished()
    note("told")
    return code


def other_command(command):
    """What together is told where a rank has another command than rank 0, else None."""
    every = exchanged(mpi().COMM_WORLD, command)
    odd = next((rank for rank in range(len(every)) if every[rank] != every[0]), None)
    if odd is not None:
        said = f"rank {odd} runs npnet {every[odd]} while rank 0 runs npnet {every[0]}; give all ranks the same command"
        return said, 2, ValueError(said)


@contextmanager
def guarded():
    """What is raised within, on one rank or on all, ends the whole run, with the traceback and the rank; a rank that is
    killed is named. Does nothing in a process alone. Begin it before MPI begins, where a script begins."""
    if place() is None:
        yield
        return
    if "mpi4py.MPI" not in sys.modules:                         # which cannot be divided
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)     # Python's, of BLAS's threads: they are not used yet
            watch.watched()
    if not has_joined():
        sys.exit(2)
    try:
        watch.heard()
        yield
        finished()
    except BaseException as error:
        code = code_of(error)
        if code or not isinstance(error, SystemExit):
            code = ended(said_of(error), code, error)
        else:
            finished()
        note("told")
        sys.exit(code)
    note("told")


@functools.cache
def unguarded():
    """The same for a script without guarded(), as far as that is possible after its beginning: what it raises ends all
    ranks, and one that has finished says so. A rank that is killed is not named. Does nothing where it is guarded."""
    if joined:
        return

    def raised(kind, error, trace):
        sys.excepthook = usual
        ended(said_of(error), code_of(error), error)

    usual, sys.excepthook = sys.excepthook, raised
    atexit.register(finished)


def said_of(error):
    """What is said of an error that a script raised: the words that it gave sys.exit, nothing for Ctrl-C, else the
    traceback, from the script's own line on."""
    if isinstance(error, SystemExit) and isinstance(error.code, str):
        return error.code
    if isinstance(error, KeyboardInterrupt):
        return ""
    trace = error.__traceback__
    own = trace and trace.tb_frame.f_code.co_filename == __file__            # the line of guarded() that yields
    return "".join(traceback.format_exception(type(error), error, trace.tb_next if own else trace))


def code_of(error):
    """The exit code of a process that an error ends."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 1


def ended(said, code, error):
    """This rank has failed: says why, and ends all ranks. said: a sentence, or nothing for one that was interrupted.
    error: what was raised.

    Where all of them failed alike within TOGETHER seconds, rank 0 says the sentence as if it were alone, and the exit
    code is returned: each ends by itself.
    """
    kept.append(error)
    if mpi().Is_finalized():                                    # by the script itself: no rank can be told
        if said:
            speak(f"npnet: {said}")
        return code
    every = failed_too(said, code)
    if every == 1:
        if said and apart().rank == 0:
            speak(f"npnet: {said}")
        return code
    if said or code in (130, 143):
        words = said or f"it was told to end ({watch.called(code - 128)}), and the whole run ends with it"
        speak(f"npnet: {named()}: {words.rstrip()}{'' if every else watch.go_on(watch.left)}")
    if every:
        done([apart().Ibarrier()], TOGETHER)                    # each has said its own
    leave(code)


def named():
    """"rank 1 of 2"."""
    return f"rank {mpi().COMM_WORLD.rank} of {mpi().COMM_WORLD.size}"


def failed_too(said, code):
    """How many different ends there were, where all ranks have failed within so long; 0 where some have not."""
    comm, own = apart(), hashlib.sha256(f"{code} {said}".encode(errors="replace")).digest()
    every = bytearray(len(own) * comm.size)
    if not done([comm.Iallgather(own, every)], TOGETHER):
        return 0
    return len({bytes(every[begin:begin + len(own)]) for begin in range(0, len(every), len(own))})


def leave(code):
    """Ends this rank at once, and with it all others; where it is watched, by its watcher."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if watch.notes is not None:
        note("told", "alone")
        os._exit(code)
    mpi().COMM_WORLD.Abort(code)
