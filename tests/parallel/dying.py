"""`npnet train` in which one rank comes to its end at a given moment: python dying.py MOMENT RANK HOW train ...

python dying.py other RANK WHAT train ... gives one rank another version, setting or command, or other pictures.

Each rank leaves the numbers of its process and of its watcher in the folder "processes" where it was started.
"""
import errno
import importlib
import os
import signal
import sys
import time
from pathlib import Path

# moment: (what is called then, which of its calls by this rank it is)
MOMENTS = {
    "before MPI": ("npnet.parallel.faults:mpi", 1),
    "joining": ("npnet.parallel.faults:hosts", 1),
    "start": ("npnet.cli.train:here", 1),
    "reading": ("npnet.fit.recipe:Recipe.parts", 1),
    "first words": ("npnet.parallel.ranks:Ranks.compare", 1),
    "batch": ("npnet.parallel.shards:Shard.prepared", 3),
    "forward": ("npnet.parallel.network:DataParallel.forward", 2),
    "between": ("npnet.parallel.network:DataParallel.backward", 2),
    "backward": ("npnet.parallel.gradients:Summed.start", 7),
    "waiting": ("npnet.parallel.gradients:Summed.finish", 2),
    "exchange": ("npnet.parallel.towers.exchange:Partner.swap", 9),     # of two towers
    "update": ("npnet.optim:SGD.update", 2),
    "saving": ("npnet.fit.folder:save_checkpoint", 2),              # rank 0 alone saves
    "half saved": ("npnet.files.beside:finish", 6),                 # last.npz is written, and not yet renamed
    "others save": ("npnet.fit.loop:Training.save", 2),
    "evaluating": ("npnet.fit.loop:Training.evaluated", 1),
    "history": ("npnet.fit.folder:write_history", 2),
    "testing": ("npnet.fit.answers:of_networks", 1),
    "report": ("npnet.fit.finish:tell", 1),
    "end": ("npnet.cli:tell_of_letters", 1),
}


def die(how):
    """Ends this process, or at least tries to."""
    if how == "raise":
        raise ValueError("a picture is not there")
    if how == "bug":
        raise ZeroDivisionError("a mistake of npnet's own")
    if how == "full disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if how.startswith("exit"):
        os._exit(int(how.split()[1]))
    if how == "SIGINT":
        signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's background job ignores it
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(1)                                                   # SIGTERM: the handler takes note


def other(what):
    """Gives this rank something else than the others have."""
    if what == "version":
        from npnet.parallel import same
        same.versions = lambda usual=same.versions: usual() | {"numpy": "1.0"}
    elif what == "command":
        sys.argv[1:] = ["evaluate", "run"]
    elif what == "setting":
        sys.argv += ["--lr", "0.5"]
    else:
        sys.argv[sys.argv.index("--data") + 1] = what


def dies(moment, how):
    """Lets this process die at a moment."""
    (module, _, name), at = MOMENTS[moment][0].partition(":"), MOMENTS[moment][1]
    place = importlib.import_module(module)
    *kinds, name = name.split(".")
    for kind in kinds:
        place = getattr(place, kind)
    original, calls = getattr(place, name), []

    def instead(*given, **named):
        calls.append(1)
        if len(calls) == at:
            die(how)
        return original(*given, **named)
    setattr(place, name, instead)


def main(moment, rank, how):
    from npnet import cli
    from npnet.parallel import faults, watch
    usual = faults.join

    def join():
        folder = Path("processes")
        folder.mkdir(exist_ok=True)
        (folder / str(watch.place().rank)).write_text(f"{os.getpid()} {os.getppid()}")
        if watch.place().rank == rank and moment != "other":
            dies(moment, how)
        usual()
    faults.join = join
    if watch.place().rank == rank and moment == "other":
        other(how)
    return cli.main()


if __name__ == "__main__":
    from npnet.parallel.watch import watched
    moment, rank, how, *sys.argv[1:] = sys.argv[1:]
    watched()                                                       # before NumPy is there, as cli.main does it
    sys.exit(main(moment, int(rank), how))
