"""fit: a ready training loop around npnet.train.

    run = fit(net, SGD(0.01), Loader(train, 128, pipeline), Loader(validation, 128, pipeline, train=False),
              epochs=10, out="runs/first")

It shows progress, evaluates after every epoch, keeps checkpoints and a history in the run's folder, lets
the doctor look, and ends early when asked to. Ctrl-C finishes the step and saves; a run that was
interrupted, or killed, goes on with resume and ends as if it had never stopped:

    checkpoint = read_checkpoint("runs/first/last.npz")
    run = fit(resume=checkpoint, loader=Loader(train, 128, checkpoint.pipeline()), ...)
"""
import math
import os
import signal
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

from ..layers import BatchNorm
from ..network import every_layer
from ..optim import Plateau
from ..screen import clock, counted, display, percent
from ..train import evaluate, train
from ..weights import Checkpoint, read_checkpoint
from . import folder as folders
from .doctor import Doctor, Remark
from .measures import every_shape, finite, unwarned
from .memory import memory_sentence
from .run import Run
from .team import ALONE


def fit(net=None, optimizer=None, loader=None, validation=None, epochs=10, out=None, resume=False, patience=None,
        chooses=True, save_every=300, limit_batches=None, settings=None, quiet=False, probe=True, team=ALONE):
    """Trains for `epochs` epochs (in all, also of a run that is resumed); returns the Run.

    loader, validation: Loaders; validation may be None. out: the run's folder, or None to write nothing.
    resume: a Checkpoint, from which network, optimizer and pipeline are taken (net and optimizer are not given then,
    and out is its folder); or True: go on from out/last.npz, net and optimizer become what they were.
    patience: end when the validation error has not improved for more than so many epochs. chooses: whether
    `validation` may choose the best checkpoint, the rate and the end; False if those are the test pictures. save_every:
    seconds between two checkpoints within an epoch. limit_batches: train on only so many in each epoch. settings:
    plain data that is kept with the run. probe: whether the doctor may try small steps along the gradient when
    something is wrong. team: the processes that train together (npnet.parallel.here()); each calls fit with the same
    arguments, but for out and resume, which count on the first one alone; there a checkpoint is given, not True. Two
    towers (here(towers=True)) leave the network that is given as it is; what they have trained is the Run's, on the
    first one.

    A loss or weights that are NaN or infinite end the run, and last.npz stays what it was. FileExistsError for a
    folder that holds a run, unless it is resumed, or files of the user's with a run's names; BlockingIOError where
    another process trains in it; OSError where it cannot be written; ValueError for what does not fit. With several
    processes all raise what the first one meets in its folder, and ValueError where they differ at the start. What one
    of them raises alone is its own: the others wait for it, so begin with npnet.parallel.guarded(), which then ends
    all; a process that does not answer for NPNET_MPI_TIMEOUT seconds is named, and the run ends.
    """
    if resume is True and team.size > 1:
        raise ValueError("several processes go on from a checkpoint that all of them have: give resume="
                         "team.shared(lambda: read_checkpoint(...))")
    folder = team.shared(lambda: folder_of(out, resume))
    if isinstance(resume, Checkpoint):
        net, optimizer, pipeline = resume.network(), resume.optimizer(), resume.pipeline()
        for part in filter(None, (loader, validation)):
            part.pipeline = pipeline
    check_choosing(optimizer.schedule, patience, chooses and validation)
    check_last_batch(net, loader, limit_batches)
    settings = {"classes": list(loader.pictures.classes), **(settings or {})}
    run = Run(folder if team.first else None, settings, chooses=chooses, net=net)
    training = Training(net, optimizer, loader, validation, run, patience, limit_batches, probe, team)
    quiet = quiet or not team.first
    with reserved(team, run.folder, not resume), display(epochs, quiet) as training.screen, unwarned():
        with interrupts(team.first) as training.interrupted:
            training.begin(resume)
            training.go(epochs, save_every)
        run.net, _ = team.whole(training.net, training.optimizer)
        folders.draw(run, run.net, training.screen.say)
    return run


def folder_of(out, resume):
    """The Path of a run's folder, or None. ValueError where a run that goes on is to do so elsewhere, or nowhere."""
    if not isinstance(resume, Checkpoint):
        if resume and out is None:
            raise ValueError("resume needs out, the folder of the run")
        return out and Path(out)
    folder = Path(resume.path).parent
    if out is not None and Path(out).resolve() != folder.resolve():
        raise ValueError(f"the run of {resume.path} goes on in its own folder, not in {out}; copy the folder first "
                         f"to keep the old one")
    return folder


class Interrupted(Exception):
    """Somebody pressed Ctrl-C, or the system wants the process to end."""


class Failed(Exception):
    """The numbers of a run have become useless."""


class Training:
    """One call of fit: what takes part in it, and its steps in their order.

    Every process of a team goes through the same steps; what decides their course (a signal, the clock, what the
    first one's disk says) is agreed upon, and all else is the same numbers everywhere.
    """

    def __init__(self, net, optimizer, loader, validation, run, patience, limit, probe, team):
        self.net, self.optimizer, self.loader, self.validation, self.run = net, optimizer, loader, validation, run
        self.patience, self.limit, self.doctor = patience, limit, Doctor(net, loader.pictures.classes, probe)
        self.team = team
        self.pictures = {}                                              # {part: Identity}

    def begin(self, resume):
        """Goes on from a checkpoint, or leaves a first one in the folder: what cannot be written is noticed now."""
        run = self.run
        if run.folder is not None or self.team.size > 1:
            whose = "validation" if run.chooses else "test"
            self.pictures = folders.identity_of(training=self.loader, **{whose: self.validation})
        if resume:
            self.go_on(resume)
        self.team.compare("of the run", None, run.settings | folders.facts(self.loader), self.pictures)
        self.net = self.team.network(self.net)
        self.optimizer = self.team.optimizer(self.net, self.optimizer)
        if not resume:
            if self.team.first:
                self.tell(*self.doctor.before(self.loader, self.validation, self.pictures))
            self.save("last.npz")
        self.team.keeps(run.folder)
        folders.write_pictures(run, self.pictures, self.screen.say)
        folders.write_history(run, self.screen.say)
        if self.team.size > self.loader.batch and not self.team.halves:
            self.screen.say(f"a batch of {counted(self.loader.batch, 'picture')} leaves "
                            f"{self.team.size - self.loader.batch} of {self.team.size} ranks without work")
        first, last = self.team.rows(min(self.loader.batch, len(self.loader.pictures)))
        self.tell(memory_sentence(self.net, max(1, last - first)))

    def go_on(self, resume):
        """Takes up what a Checkpoint, or (True) the folder's last.npz, has kept. ValueError where that does not fit."""
        run, checkpoint = self.run, resume
        if resume is True:
            checkpoint = read_checkpoint(run.folder / "last.npz")
            pipeline = getattr(self.loader, "pipeline", None)
            if pipeline is not None and pipeline != checkpoint.pipeline():
                raise ValueError(f"{checkpoint.path} cannot go on with pictures that are prepared in another way; its "
                                 f"own is npnet.weights.read_checkpoint(...).pipeline()")
        warning = folders.check_pictures(checkpoint, self.pictures, self.loader)
        run.restore(checkpoint)
        if resume is True:
            checkpoint.fill(self.net)
            vars(self.optimizer).update(vars(checkpoint.optimizer()))
        if "doctor" in checkpoint.about:
            self.doctor.restore(checkpoint.about["doctor"], self.net, lambda: self.loader.epoch(0))
        self.screen.say(f"going on after {counted(run.epoch, 'epoch')} and {counted(run.sums['batches'], 'step')} "
                        f"of the next" + (f"; the run has ended: {run.stopped}" if run.stopped else ""))
        self.tell(warning, folders.differences(checkpoint.about))

    def go(self, epochs, save_every):
        """Epoch after epoch, until the last one or until something ends the run."""
        run = self.run
        try:
            try:
                while run.epoch < epochs and not run.stopped:
                    self.steps(epochs, save_every)
                    self.after_epoch()
                return
            except Interrupted:
                self.save("last.npz")
                run.stopped = "interrupted"                             # not in the checkpoint: it goes on
                run.signal = self.team.agreed(self.interrupted())
                said = f"interrupted after {counted(run.epoch, 'epoch')} and " \
                       f"{counted(run.sums['batches'], 'step')}; {folders.go_on(run)}"
        except Failed as why:
            run.stopped, run.failed, said = str(why), True, f"ended: {why}"
        folders.write_history(run, self.screen.say)
        self.screen.say(said)

    def steps(self, epochs, save_every):
        """The training steps of one epoch, or what is left of them."""
        run, total = self.run, min(len(self.loader), self.limit or len(self.loader))
        first, began = run.sums["batches"], time.monotonic()
        clock = saved = began
        with closing(self.team.loader(self.loader).epoch(run.epoch, first)) as batches:
            for step in train(self.net, self.optimizer, self.watched(islice(batches, max(0, total - first)))):
                now = time.monotonic()
                run.saw(step, now - clock, self.waited)
                clock = now
                done = run.sums["batches"] - first
                if done == 1:
                    began = now                                         # a first step may have waited for a compiler
                else:
                    self.show(total, epochs, (now - began) / (done - 1))
                self.tell(*self.ask(self.doctor.step, step))
                if not math.isfinite(step.loss):
                    raise Failed(f"the loss is {step.loss}; the last checkpoint is from before")
                if self.team.shared(lambda: now - saved > save_every):
                    saved = now
                    self.save("last.npz")

    def ask(self, question, seen):
        """What the doctor answers, who is on the first process alone, and asked of no half of a network."""
        return question(seen, self.net, self.optimizer) if self.team.first and not self.team.halves else []

    def watched(self, batches):
        """The same batches; raises Interrupted as soon as somebody has pressed Ctrl-C. self.waited: how many seconds
        the last one kept its taker waiting."""
        while not self.team.agreed(self.interrupted()):
            began = time.monotonic()
            batch = next(batches, None)
            if batch is None:
                return
            self.waited = time.monotonic() - began
            yield batch
        raise Interrupted

    def show(self, total, epochs, seconds):
        """The line of progress; seconds: of one step."""
        run, (loss, accuracy) = self.run, self.run.means()
        left = seconds * ((epochs - run.epoch) * total - run.sums["batches"])
        speed = self.loader.batch / max(seconds, 1e-9)
        self.screen.step(run.epoch + 1, run.sums["batches"], total, f"loss {loss:.3f}, {percent(accuracy)} right  "
                         f"{speed:.0f} pictures/s  {clock(left)} left")

    def after_epoch(self):
        """Evaluation and checkpoints: last.npz once before, as evaluation may fail; then best.npz before last.npz, so
        that a kill between the two loses neither."""
        run = self.run
        self.team.compare(f"of the network after epoch {run.epoch + 1}", self.net)
        self.save("last.npz")
        began = time.monotonic()
        row = run.complete(self.evaluated(), time.monotonic() - began)
        self.screen.say(words(row, "validation" if run.chooses else "test"))
        held = {} if self.validation is None else {"pictures": len(self.validation.pictures)}
        self.tell(*self.ask(self.doctor.epoch, row | held), waiting(row))
        if row["loss"] is not None:
            if not math.isfinite(row["loss"]):
                raise Failed(f"the validation loss is {row['loss']}; the last checkpoint is from before")
            if run.chooses and self.choose(row):
                self.save("best.npz")
        self.save("last.npz")
        folders.write_history(run, self.screen.say)
        if run.stopped:
            self.screen.say(f"ended after epoch {row['epoch']}: {run.stopped}")

    def evaluated(self):
        """The Result on the validation pictures, or None without such; Interrupted, if nobody wants to wait for it."""
        if self.validation is None:
            return None
        with closing(self.team.loader(self.validation).epoch(0)) as batches:
            return evaluate(self.net, self.watched(batches))

    def choose(self, row):
        """What the validation error decides: the rate, the end, and the best epoch; whether it is this one."""
        run, schedule = self.run, self.optimizer.schedule
        better = run.is_best(row)
        if hasattr(schedule, "saw"):                                    # a schedule of one's own need not have it
            schedule.saw(1 - row["top1"])
        if self.patience is not None and run.waited > self.patience:
            run.stopped = f"the error has not improved for {run.waited} epochs"
        if getattr(schedule, "finished", False):
            run.stopped = "the error stopped improving after the last drop of the rate"
        return better

    def save(self, name):
        """Writes a checkpoint of the run. Raises Failed instead if a step has made weights that are NaN or infinite."""
        net, optimizer = self.team.whole(self.net, self.optimizer)
        self.team.shared(lambda: self.write(name, net, optimizer))

    def write(self, name, net, optimizer):
        """The same, on the first process, with the network and the optimizer of all of them."""
        broken = [key for key, array in (net.params() | net.state()).items() if not finite(array)]
        if broken and self.run.losses:
            raise Failed(f"{broken[0]} holds NaN or infinity after the last step; the last checkpoint is from before")
        folders.save(self.run, name, net, optimizer, self.loader, self.doctor, self.pictures)

    def tell(self, *remarks):
        """Shows and keeps what there is to say."""
        for remark in filter(None, remarks):
            text = "\n".join(remark.lines) if isinstance(remark, Remark) else remark
            self.run.remarks.append(text)
            self.screen.tell(text)


@contextmanager
def reserved(team, out, new):
    """Holds the folder of a run; the first process does, and all learn whether it could."""
    with ExitStack() as stack:
        team.shared(lambda: stack.enter_context(folders.reserved(out, new)))
        yield


def check_choosing(schedule, patience, validation):
    """Raises ValueError where validation pictures decide the rate or the end, and there are none that may."""
    plateau = isinstance(getattr(schedule, "then", schedule), Plateau)
    if (patience is not None or plateau) and not validation:
        raise ValueError("patience and Plateau need validation pictures that may choose; hold some out")


def check_last_batch(net, loader, limit):
    """Raises ValueError where batch normalisation would meet a last batch of one picture."""
    pictures, batch = len(loader.pictures), loader.batch
    whole = getattr(loader, "drop_last", False) or limit and limit * batch <= pictures
    if (batch if whole else pictures % batch or min(batch, pictures)) > 1:
        return
    shapes = every_shape(net)
    for name, layer in every_layer(net.layers).items():
        frozen = name.partition(".")[0] in net.frozen
        if isinstance(layer, BatchNorm) and not frozen and math.prod(shapes[name][1:]) == 1:
            way_out = "give a larger batch" if batch == 1 else "give Loader(..., drop_last=True), or another batch"
            raise ValueError(f"{name}: batch normalisation compares the pictures of a batch, but the last batch of "
                             f"each epoch has only one ({pictures:,} pictures, {batch:,} at a time); {way_out}")


def words(row, whose):
    text = f"epoch {row['epoch']}  train loss {row['train_loss']:.3f}, {percent(row['train_top1'])} right"
    if row["loss"] is not None:
        text += f"  {whose} {row['loss']:.3f}, {percent(row['top1'])} right"
    return text + f"  {row['seconds']:.0f} s"


def waiting(row):
    """A sentence if the steps waited long for their pictures, else None."""
    if row["waiting"] > max(1, 0.1 * row["seconds"]):
        return (f"the loader: the steps waited {row['waiting']:.0f} of {row['seconds']:.0f} s for pictures; "
                f"more workers may help, or pictures that are already small")


# ------------------------------------------------------------------------ signals

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@contextmanager
def interrupts(says=True):
    """Gives a function that says which signal wants the training to end (0: none), so that the step is finished first.

    They are Ctrl-C, a cluster's stop and a terminal that was closed; what the process ignores (nohup) stays ignored.
    The second one interrupts as Ctrl-C does usually. says: whether this process says that it finishes the step.
    """
    came, terminals = [], [stream for stream in (1, 2) if os.isatty(stream)]

    def remember(number, frame):
        if came:
            raise KeyboardInterrupt
        came.append(number)
        if number == getattr(signal, "SIGHUP", None):                   # nobody is there to read: writing would fail
            for stream in terminals:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        with suppress(OSError):
            os.write(2, b"\nfinishing the step ...\n" * says)           # print may be under way already

    if threading.current_thread() is not threading.main_thread():       # only there can signals be caught
        yield lambda: 0
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, remember)
    try:
        yield lambda: came[0] if came else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
