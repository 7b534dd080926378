"""fit: a ready training loop around npnet.train.

    run = fit(net, SGD(0.01), Loader(train, 128, pipeline), Loader(validation, 128, pipeline, train=False),
              epochs=10, out="runs/first")

It shows progress, evaluates after every epoch, keeps checkpoints and a history in the run's folder, lets
the doctor look, and ends early when asked to. Ctrl-C finishes the step and saves; a run that was
interrupted, or killed, goes on with resume=True and ends as if it had never stopped.
"""
import math
import os
import shlex
import signal
import threading
import time
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from ..optim import Plateau
from ..screen import clock, counted, display
from ..train import evaluate, train
from .doctor import Doctor
from .measures import finite
from .memory import memory_sentence
from .run import Run


def fit(net, optimizer, loader, validation=None, epochs=10, out=None, resume=False, patience=None, chooses=True,
        save_every=300, limit_batches=None, settings=None, quiet=False):
    """Trains for `epochs` epochs (in all, also of a run that is resumed); returns the Run.

    loader, validation: Loaders; validation may be None. out: the run's folder, or None to write nothing.
    resume: go on from out/last.npz; the network and the optimizer become what they were, settings included.
    patience: end when the validation error has not improved for more than so many epochs. chooses: whether
    `validation` may choose the best checkpoint, the rate and the end; False if those are the test pictures. save_every:
    seconds between two checkpoints within an epoch. limit_batches: train on only so many in each epoch. settings:
    plain data that is kept with the run.

    A loss or weights that are no numbers end the run, and last.npz stays what it was. Raises FileExistsError for a
    folder that holds a run, unless it is resumed, or files of the user's with a run's names; OSError where it cannot
    be written; ValueError for settings that do not fit.
    """
    plateau = isinstance(getattr(optimizer.schedule, "then", optimizer.schedule), Plateau)
    if (patience is not None or plateau) and not (chooses and validation):
        raise ValueError("patience and Plateau need validation pictures that may choose; hold some out")
    settings = {"classes": list(loader.pictures.classes), **(settings or {})}
    training = Training(net, optimizer, loader, validation, Run(out and Path(out), settings, chooses=chooses))
    training.patience, training.limit = patience, limit_batches
    with display(epochs, quiet) as training.screen, interrupts() as interrupted:
        training.begin(resume)
        training.go(epochs, save_every, interrupted)
    training.run.draw(net)
    return training.run


class Training:
    """One call of fit: what takes part in it, and its steps in their order."""

    def __init__(self, net, optimizer, loader, validation, run):
        self.net, self.optimizer, self.loader, self.validation, self.run = net, optimizer, loader, validation, run
        self.doctor = Doctor(net, loader.pictures.classes)
        self.patience = self.limit = self.screen = None

    def begin(self, resume):
        """Goes on from the folder's checkpoint, or leaves a first one there: what cannot be written is noticed now."""
        run = self.run
        if resume and run.folder is None:
            raise ValueError("resume needs out, the folder of the run")
        if not resume:
            run.check_folder()
        warning = run.restore(self.net, self.optimizer, self.loader) if resume else None
        if resume:
            self.doctor.said = {(where, what): level for where, what, level in run.said}
            self.screen.say(f"going on after {counted(run.epoch, 'epoch')} and {counted(run.sums['batches'], 'step')} "
                            f"of the next" + (f"; the run has ended: {run.stopped}" if run.stopped else ""))
        else:
            self.save("last.npz")
        run.write_history()
        self.tell(warning, memory_sentence(self.net, min(self.loader.batch, len(self.loader.pictures))))

    def go(self, epochs, save_every, interrupted):
        """Epoch after epoch, until the last one or until something ends the run."""
        run = self.run
        while run.epoch < epochs and not run.stopped:
            self.steps(epochs, save_every, interrupted)
            if not run.stopped:
                self.after_epoch()
            if interrupted() and run.epoch < epochs and not run.stopped:
                self.interrupted()

    def steps(self, epochs, save_every, interrupted):
        """The training steps of one epoch, or what is left of them."""
        run, total = self.run, min(len(self.loader), self.limit or len(self.loader))
        first, began = run.sums["batches"], time.monotonic()
        clock = saved = began
        with closing(self.loader.epoch(run.epoch, first)) as batches:
            waited = Waited(islice(batches, max(0, total - first)))
            for step in train(self.net, self.optimizer, waited):
                now = time.monotonic()
                run.saw(step, now - clock, waited.seconds)
                clock = now
                done = run.sums["batches"] - first
                if done == 1:
                    began = now                                         # a first step may have waited for a compiler
                else:
                    self.show(total, epochs, (now - began) / (done - 1))
                self.tell(*self.doctor.step(step, self.net, self.optimizer))
                if not math.isfinite(step.loss):
                    return self.end(f"the loss is {step.loss}; the last checkpoint is from before")
                if interrupted() and run.sums["batches"] < total:
                    return self.interrupted()
                if now - saved > save_every:
                    saved = now
                    if not self.save("last.npz"):
                        return None

    def show(self, total, epochs, seconds):
        """The line of progress; seconds: of one step."""
        run, (loss, accuracy) = self.run, self.run.means()
        left = seconds * ((epochs - run.epoch) * total - run.sums["batches"])
        speed = self.loader.batch / max(seconds, 1e-9)
        self.screen.step(run.epoch + 1, run.sums["batches"], total, f"loss {loss:.3f}  {100 * accuracy:.1f} %  "
                         f"{speed:.0f} pictures/s  {clock(left)} left")

    def after_epoch(self):
        """Evaluation and checkpoints: last.npz once before, as evaluation may fail; then best.npz before last.npz, so
        that a kill between the two loses neither."""
        run = self.run
        if not self.save("last.npz"):
            return
        began = time.monotonic()
        row = run.complete(self.evaluated(), time.monotonic() - began)
        self.screen.say(words(row, "validation" if run.chooses else "test"))
        self.tell(*self.doctor.epoch(row, self.net, self.optimizer), waiting(row))
        if row["loss"] is not None and not math.isfinite(row["loss"]):
            return self.end(f"the validation loss is {row['loss']}; the last checkpoint is from before")
        better = row["loss"] is not None and run.chooses and self.choose(row)
        if better:
            self.save("best.npz")
        self.save("last.npz")
        run.write_history()
        if run.stopped:
            self.screen.say(f"ended after epoch {row['epoch']}: {run.stopped}")

    def evaluated(self):
        """The Result on the validation pictures, or None without such."""
        if self.validation is None:
            return None
        with closing(self.validation.epoch(0)) as batches:
            return evaluate(self.net, batches)

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

    def interrupted(self):
        """Saves, and says how to go on."""
        run = self.run
        if not self.save("last.npz"):
            return
        run.write_history()
        self.screen.say(f"interrupted after {counted(run.epoch, 'epoch')} and {counted(run.sums['batches'], 'step')}; "
                        f"{go_on(run)}")
        run.stopped = "interrupted"                                     # not in the checkpoint: it goes on

    def end(self, why):
        """Ends a run whose numbers have become useless; its last checkpoint stays."""
        self.run.stopped, self.run.failed = why, True
        self.run.write_history()
        self.screen.say(f"ended: {why}")

    def save(self, name):
        """Writes a checkpoint of the run, and returns True; ends the run instead if a step has made weights that are
        no numbers."""
        broken = [key for key, array in (self.net.params() | self.net.state()).items() if not finite(array)]
        if broken and self.run.losses:
            self.end(f"{broken[0]} holds NaN or infinity after the last step; the last checkpoint is from before")
            return False
        self.run.said = [[*key, level] for key, level in self.doctor.said.items()]
        self.run.save(name, self.net, self.optimizer, self.loader)
        return True

    def tell(self, *remarks):
        """Shows and keeps what there is to say."""
        for remark in map(str, filter(None, remarks)):
            self.run.remarks.append(remark)
            self.screen.say(remark)


class Waited:
    """The same batches; seconds is how long the last one kept its taker waiting."""

    def __init__(self, batches):
        self.batches, self.seconds = iter(batches), 0.0

    def __iter__(self):
        return self

    def __next__(self):
        began = time.monotonic()
        batch = next(self.batches)
        self.seconds = time.monotonic() - began
        return batch


def words(row, whose):
    """One line about an epoch."""
    text = f"epoch {row['epoch']}  train loss {row['train_loss']:.3f}, error {100 * (1 - row['train_top1']):4.1f} %"
    if row["loss"] is not None:
        text += f"  {whose} {row['loss']:.3f}, {100 * (1 - row['top1']):4.1f} %"
    return text + f"  {row['seconds']:.0f} s"


def waiting(row):
    """A sentence if the steps waited long for their pictures, else None."""
    if row["waiting"] > max(1, 0.1 * row["seconds"]):
        return (f"the loader: the steps waited {row['waiting']:.0f} of {row['seconds']:.0f} s for pictures; "
                f"more workers may help, or pictures that are already small")


def go_on(run):
    """How an interrupted run goes on."""
    if run.folder is None:
        return "nothing was saved, because the run has no folder"
    if "command" in run.settings:
        return f"saved. Go on with: npnet train --resume {shlex.quote(str(run.folder))}"
    return f"saved in {run.folder}. Go on with: fit(..., resume=True)"


@contextmanager
def interrupts():
    """Ctrl-C is remembered, for the step to be finished; pressed again, it interrupts as usual."""
    pressed = []

    def remember(*signal_and_frame):
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)
        os.write(2, b"\nfinishing the step ...\n")                      # print may be under way already

    if threading.current_thread() is not threading.main_thread():       # only there can signals be caught
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
