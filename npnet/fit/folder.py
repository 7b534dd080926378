"""The folder of a run: its names, who may write there, what is written and drawn.

    last.npz        the newest checkpoint, from which the training goes on
    best.npz        the one with the lowest validation error
    pictures.npz    the fingerprints of all pictures that take part
    history.csv     a line for every epoch
    losses.csv      a line for every step
    settings.json   what made the run
    curves.png, losses.png, filters.png     drawn from these
    report.html, confusion.png, confident-mistakes.png      when it has ended

What decides how a training goes on is in last.npz. The other files are made from it again, so what cannot be
written (a table that is open in another program) is said once, and the training goes on.
"""
import csv
import itertools
import json
import os
import re
import shlex
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from .. import plots
from ..backend import ops
from ..data.fingerprints import Identity, different, identity
from ..fast.threads import blas, count
from ..files import tidy, writing
from ..files.beside import begin
from ..files.lock import locked
from ..weights import found, is_trained, read_checkpoint, save_checkpoint
from ..weights.checkpoint import part, versions
from .run import COLUMNS

FILES = ("best.npz", "pictures.npz", "history.csv", "losses.csv", "settings.json", "curves.png", "losses.png",
         "filters.png", "report.html", "confusion.png", "confident-mistakes.png")      # written after last.npz

# ------------------------------------------------------------------------ names and locks


def new_folder(path):
    """Makes a folder for a run, PATH or the first of PATH-2, PATH-3, ... that is not there; returns its Path."""
    for number in itertools.count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder


@contextmanager
def reserved(folder, new):
    """Holds the folder of a run, so that no other process writes there; a new one is made, and must hold no run.

    Raises BlockingIOError if another process has it, FileExistsError for a new run in a folder that holds a run, or
    files whose names it would take. A folder in which nothing was written is removed.
    """
    if folder is None:
        yield
        return
    if new:
        with suppress(OSError):                             # said when last.npz is written
            folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / ".lock", f"the run in {folder}"):
            if new:
                check_new(folder)
            else:
                tidy(folder)
            yield
    finally:
        with suppress(OSError):
            folder.rmdir()                                  # only an empty one can be removed


def check_new(folder):
    """Raises FileExistsError for a folder that holds a run, or files whose names a new run would take."""
    if (folder / "last.npz").exists():
        raise FileExistsError(f"{folder} holds a run already; resume it, or choose another folder")
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise FileExistsError(f"{folder} has a file {taken[0]}, and the run would write over it; choose another folder")


def try_folder(folder, new):
    """Raises, before the pictures are read, what the first checkpoint would raise: what check_new raises for a new run,
    and OSError where the folder takes no files, or cannot be made. Leaves nothing behind."""
    if new:
        check_new(folder)
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    first = (folder / "last.npz").relative_to(there).parts[0]           # of what is not there yet
    begin(Path(os.path.realpath(there)) / first).unlink()


def go_on(run):
    """How an interrupted run goes on."""
    if run.folder is None:
        return "nothing was saved, because the run has no folder"
    if "command" in run.settings:
        return f"saved. Go on with: {command_line('npnet', 'train', '--resume', run.folder)}"
    return f"saved in {run.folder}. Go on with: fit(..., resume=True)"


def command_line(*words):
    """Words as one line for the shell of this system: cmd.exe knows no quotes but double ones."""
    words = [str(word) for word in words]
    if os.name != "nt":
        return shlex.join(words)
    return " ".join(word if re.fullmatch(r"[\w./\\:+=,-]+", word) else f'"{word}"' for word in words)


# ------------------------------------------------------------------------ checkpoints

def save(run, name, net, optimizer, loader, doctor, pictures):
    """Writes a checkpoint into the folder; does nothing without one."""
    if run.folder is not None:
        if run.losses and not run.folder.is_dir():
            raise FileNotFoundError(f"{run.folder} has gone while its run was under way; where the folder is now, its "
                                    f"last checkpoint goes on: npnet train --resume FOLDER")
        about = run.record() | {"doctor": doctor.state(), "threads": threads(), "loader": facts(loader)}
        save_checkpoint(run.folder / name, net, optimizer, getattr(loader, "pipeline", None), about, run.losses,
                        run.rates, pictures)


def facts(loader):
    """What decides the order of a loader's pictures, as plain data; nothing of one that is not npnet's."""
    if not all(hasattr(loader, name) for name in ("batch", "seed", "pictures")):
        return {}
    labels = loader.pictures.labels
    return {"batch": int(loader.batch), "seed": int(loader.seed), "pictures": len(labels),
            "labels": zlib.crc32(labels.tobytes()), "drop_last": int(getattr(loader, "drop_last", False))}


def identity_of(**loaders):
    """{part: Identity of its pictures}, of the loaders that are there and npnet's."""
    return {part: identity(loader.pictures) for part, loader in loaders.items()
            if hasattr(getattr(loader, "pictures", None), "images")}


def check_pictures(checkpoint, pictures, loader):
    """Raises ValueError unless a run goes on with the pictures and the loader that it began with; returns a sentence
    where its checkpoint does not know enough, or None."""
    for name, now in pictures.items():
        then = checkpoint.identity.get(name)
        if then is None or now.digest == getattr(then, "digest", then):
            continue
        then = then if isinstance(then, Identity) else kept(checkpoint).get(name)
        sentences = different(then, now, name) if then else [f"the {name} pictures are others"]
        raise ValueError(f"{checkpoint.path} cannot go on with other pictures: {'; '.join(sentences[:4])}. Give them "
                         f"as they were then, or begin a new run")
    then, now = checkpoint.about.get("loader") or {}, facts(loader)
    odd = [f"{key} {then[key]} then, {now[key]} now" for key in now if key in then and then[key] != now[key]]
    if odd:
        raise ValueError(f"{checkpoint.path} cannot go on with another batch, seed or other pictures "
                         f"({'; '.join(odd)}); give what it began with, or begin a new run")
    if pictures and not checkpoint.identity:
        return f"{checkpoint.path} does not know its pictures, as it is of npnet 0.1.0: only their number and their " \
               f"labels were compared"


def identities(path):
    """{part: Identity} of the pictures of a run, given by its folder or one of its checkpoints; of parts of which
    only the digest is known, that text; {} for a run that did not know its pictures, for a shipped network, and for
    weights of others."""
    path = found(path)
    if not is_trained(path):
        return {}
    checkpoint = read_checkpoint(path)
    return checkpoint.identity | kept(checkpoint)


def kept(checkpoint):
    """{part: Identity} from the pictures.npz beside a checkpoint, if these are of the run that wrote the checkpoint."""
    try:
        with np.load(Path(checkpoint.path).with_name("pictures.npz"), allow_pickle=False) as file:
            arrays = dict(file)
        pictures = {name: Identity.restored(part(arrays, name)) for name in {name.split("/")[0] for name in arrays}}
    except (OSError, ValueError, EOFError, zlib.error):     # none there, or damaged
        return {}
    return {name: one for name, one in pictures.items() if one.digest == checkpoint.about["pictures"].get(name)}


def threads():
    """How many threads compute: npnet's own with numba, else those of NumPy's BLAS."""
    if ops.name == "numba":
        return count()
    return max([library.num_threads for library in blas().lib_controllers], default=1)


def differences(about):
    """One sentence if this process computes otherwise than the one that wrote a checkpoint, or None."""
    now, then = versions() | {"threads": threads()}, about["versions"] | {"threads": about.get("threads")}
    odd = [f"{name} {then[name]} then, {now[name]} now" for name in now if name in then and now[name] != then[name]]
    return f"the run will not go on bit for bit as it would have: {'; '.join(odd)}" if odd else None


# ------------------------------------------------------------------------ what is made from them

def write_pictures(run, pictures, say):
    """Writes pictures.npz, once."""
    def write(path):
        with writing(path) as beside, open(beside, "wb") as file:
            np.savez(file, **{f"{name}/{key}": array for name, one in pictures.items()
                              for key, array in one.arrays().items()})
    if pictures and run.folder is not None and not (run.folder / "pictures.npz").exists():
        derived(run, "pictures.npz", write, say)


def write_history(run, say):
    """Writes settings.json, history.csv and losses.csv."""
    rows = [[row[name] for name in COLUMNS] for row in run.rows]
    steps = zip(range(len(run.losses)), run.losses, run.rates)
    derived(run, "settings.json", lambda path: write_text(path, json.dumps(run.settings, indent=2) + "\n"), say)
    derived(run, "history.csv", lambda path: write_table(path, COLUMNS, rows), say)
    derived(run, "losses.csv", lambda path: write_table(path, ("step", "loss", "lr"), steps), say)


def draw(run, net, say):
    """Draws the curves and the first filters; does nothing without a folder or before the first epoch ends."""
    if run.folder is None or not run.rows:
        return
    figures = {"curves.png": plots.curves({run.folder.name: run.rows}), "losses.png": plots.losses(run.losses)}
    name, w = first_filters(net)
    if name is not None:
        figures["filters.png"] = plots.filters(w, f"{name} after {run.epoch} epoch{'s' * (run.epoch > 1)}")
    for name, figure in figures.items():
        derived(run, name, lambda path: plots.save(figure, path), say)


def derived(run, name, write, say):
    """Lets write(path) write a file that is made from the record; where it cannot, that is said, once in a run. Does
    nothing for a run without a folder."""
    if run.folder is None:
        return
    try:
        write(run.folder / name)
    except OSError as error:
        if name not in run.unwritten:
            run.unwritten.add(name)
            say(f"{name} is left as it was: {error}")


def first_filters(net):
    """The name of the first convolution, frozen or not, and its filters (K, C, R, S); None and None without one."""
    return next(((name, ops.to_host(w)) for name, layer in net.layers.items() for w in layer.params().values()
                 if w.ndim == 4), (None, None))


def write_text(path, text):
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="replace")   # a name of bytes that are not letters


def write_table(path, columns, rows):
    with writing(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file).writerows([columns, *rows])
