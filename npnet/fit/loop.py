"""fit: a ready training loop around npnet.train.

    run = fit(net, SGD(0.01), Loader(train, 128, pipeline), Loader(validation, 128, pipeline, train=False),
              epochs=10, out="runs/first")

It shows progress, evaluates after every epoch, keeps checkpoints and a history in the run's folder, lets
the doctor look, and ends early when asked to. Ctrl-C finishes the step and saves; a run that was
interrupted, or killed, goes on with resume=True and ends as if it had never stopped.
"""
import signal
import threading
import time
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from ..train import evaluate, train
from .display import display
from .doctor import Doctor
from .memory import memory_sentence
from .run import Run


def fit(net, optimizer, loader, validation=None, epochs=10, out=None, resume=False, patience=None, chooses=True,
        save_every=300, limit_batches=None, settings=None, quiet=False):
    """Trains for `epochs` epochs (in all, also of a run that is resumed); returns the Run.

    loader, validation: Loaders; validation may be None. out: the run's folder, or None to write nothing.
    resume: go on from out/last.npz; the network and the optimizer become what they were, settings included.
    patience: end when the validation error has not improved for more than so many epochs. chooses: whether
    `validation` may choose the best checkpoint, the rate and the end; False if those are the test pictures. save_every:
    seconds between two checkpoints within an epoch. limit_batches: only so many in each epoch. settings:
    plain data that is kept with the run.

    Raises FileExistsError for a folder with a run in it, unless it is resumed; OSError where it cannot be written.
    """
    if patience is not None and not (chooses and validation):
        raise ValueError("patience needs validation pictures that may choose; hold some out")
    run = begin(net, optimizer, out, resume, settings or {})
    doctor = Doctor(net, loader.pictures.classes)
    with display(epochs, quiet) as screen, interrupts() as interrupted:
        if resume:
            screen.say(f"going on after epoch {run.epoch} and {run.sums['batches']} steps of the next")
        tell(screen, run, run.warning, memory_sentence(net, loader.batch))
        while run.epoch < epochs and not run.stopped:
            if not one_epoch(run, net, optimizer, loader, screen, doctor, interrupted, save_every, limit_batches):
                break
            after_epoch(run, net, optimizer, loader, validation, screen, doctor, patience, chooses, limit_batches)
            if interrupted() and run.epoch < epochs and not run.stopped:
                run.stopped = "interrupted"
                screen.say(f"interrupted after epoch {run.epoch}; {go_on(run)}")
        run.draw(net)
    return run


def begin(net, optimizer, out, resume, settings):
    """A new Run, or the one in the folder."""
    run = Run(None if out is None else Path(out), settings)
    run.warning = None
    if resume:
        if out is None:
            raise ValueError("resume needs out, the folder of the run")
        run.warning = run.restore(net, optimizer)
    elif out is not None and (run.folder / "last.npz").exists():
        raise FileExistsError(f"{out} holds a run already; resume it, or choose another folder")
    run.write_history()                                         # an unwritable folder is noticed now, not in an hour
    return run


def one_epoch(run, net, optimizer, loader, screen, doctor, interrupted, save_every, limit_batches):
    """The steps of one epoch, or what is left of them; False if it was interrupted, then all is saved."""
    total = min(len(loader), limit_batches or len(loader))
    began = clock = saved = time.monotonic()
    first, here = run.sums["batches"], 0
    with closing(loader.epoch(run.epoch, first)) as batches:
        waited = Waited(islice(batches, total - first))
        for step in train(net, optimizer, waited):
            now = time.monotonic()
            run.saw(step, now - clock, waited.seconds)
            clock, here = now, here + len(step.labels)
            loss, accuracy = run.means()
            screen.step(run.epoch + 1, run.sums["batches"], total,
                        f"loss {loss:.3f}  {100 * accuracy:.1f} %  {here / (now - began):.0f} pictures/s")
            tell(screen, run, *doctor.step(step, net, optimizer))
            if interrupted() and run.sums["batches"] < total:
                run.stopped = "interrupted"
                run.save("last.npz", net, optimizer, loader.pipeline)
                run.write_history()
                screen.say(f"interrupted after step {optimizer.steps} of epoch {run.epoch + 1}; " + go_on(run))
                return False
            if run.folder is not None and now - saved > save_every:
                run.save("last.npz", net, optimizer, loader.pipeline)
                saved = time.monotonic()
    return True


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


def after_epoch(run, net, optimizer, loader, validation, screen, doctor, patience, chooses, limit_batches):
    """Evaluation, the row of the history, checkpoints: best first, so that a kill between the two loses neither."""
    clock = time.monotonic()
    lr = run.rates[-1]
    result = None
    if validation is not None:
        with closing(validation.epoch(0)) as batches:
            result = evaluate(net, islice(batches, limit_batches))
    row = run.complete(result, lr, time.monotonic() - clock)
    screen.say(words(row, "validation" if chooses else "test"))
    tell(screen, run, *doctor.epoch(row, net, optimizer), waiting(row))
    better = False
    if result is not None and chooses:
        better = run.is_best(row)
        if hasattr(optimizer.schedule, "saw"):                  # a schedule of one's own need not have it
            optimizer.schedule.saw(1 - result.top1)
        if patience is not None and run.waited > patience:
            run.stopped = f"the error has not improved for {run.waited} epochs"
    if getattr(optimizer.schedule, "finished", False):
        run.stopped = "the error stopped improving after the last drop of the rate"
    if better:
        run.save("best.npz", net, optimizer, loader.pipeline)
    run.save("last.npz", net, optimizer, loader.pipeline)
    run.write_history()
    if run.stopped:
        screen.say(f"ended after epoch {row['epoch']}: {run.stopped}")


def words(row, whose):
    """One line about an epoch."""
    text = f"epoch {row['epoch']:3d}  train loss {row['train_loss']:.3f}, error {100 * (1 - row['train_top1']):4.1f} %"
    if row["loss"] is not None:
        text += f"   {whose} loss {row['loss']:.3f}, error {100 * (1 - row['top1']):4.1f} %"
    return text + f"   {row['seconds']:.0f} s"


def waiting(row):
    """A sentence if the steps waited long for their pictures."""
    if row["waiting"] > max(1, 0.1 * row["seconds"]):
        return (f"the loader: the steps waited {row['waiting']:.0f} of {row['seconds']:.0f} s for pictures; "
                f"more workers may help, or pictures that are already small")


def tell(screen, run, *remarks):
    """Shows and keeps what there is to say."""
    for remark in map(str, filter(None, remarks)):
        if remark not in run.remarks:                           # a resumed run says nothing twice
            run.remarks.append(remark)
            screen.say(remark)


def go_on(run):
    """How an interrupted run goes on."""
    if run.folder is None:
        return "nothing was saved, because the run has no folder"
    return f"saved. Go on with: npnet train --resume {run.folder}"


@contextmanager
def interrupts():
    """Ctrl-C is remembered, for the step to be finished; pressed again, it interrupts as usual."""
    pressed = []

    def remember(*signal_and_frame):
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)
        print("\nfinishing the step ...", flush=True)

    if threading.current_thread() is not threading.main_thread():           # only there can signals be caught
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
