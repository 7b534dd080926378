"""Progress: how far a long piece of work has come; a bar on a terminal, a line now and then elsewhere.

    with bar("Downloading cifar10", "B") as progress:
        download(address, path, progress=progress)          # which calls progress(done, total)

    with display(epochs=3) as screen:                       # a training
        screen.step(1, 20, 100, "train loss 1.234")
        screen.say("epoch 1 ...")

A bar goes to stderr, so that what a command prints can be piped on; what a training shows is what it prints.
"""
import os
import sys
import time
from contextlib import contextmanager, nullcontext, redirect_stdout

from .output import console, told
from .words import clock, scale, size

QUICK = 0.5                     # seconds; what is done sooner shows nothing
STEADY = 21                     # columns for "117.3 MB/s, 0:12 left", so that the bar does not jump
EVERY, RARELY = 5, 30           # seconds from line to line, where the output is not a terminal: of a bar, of a training


silent = False


@contextmanager
def hushed(when=True):
    """Shows nothing meanwhile but errors, if `when`: where several processes do the same, one of them shows it."""
    global silent
    if not when:
        yield
        return
    before, silent = silent, True
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        silent = before


# ---------------------------------------------------------------------------- one piece of work

def bar(text, unit=""):
    """A context that gives progress(done, total), to be called as often as one likes; total may be None. Work of
    less than half a second shows nothing.

    text: what is being done. unit: "B" for bytes, else a word such as "pictures", or nothing.
    """
    if silent:
        return nullcontext(lambda done, total: None)
    return drawn(text, unit) if sys.stderr.isatty() else lines(text, unit)


@contextmanager
def drawn(text, unit):
    """rich's bar."""
    from rich.progress import BarColumn, Progress, TextColumn
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=None),
               TextColumn("{task.fields[amount]}", markup=False), TextColumn("{task.fields[speed]}", markup=False))
    with Progress(*columns, console=console(sys.stderr), expand=True) as progress:
        task = progress.add_task(text, total=None, amount="", speed="", visible=False)
        began = time.monotonic()

        def update(done, total):
            seconds = time.monotonic() - began
            progress.update(task, completed=done, total=total, amount=amount(done, total, unit),
                            speed=speed(done, total, seconds, unit).ljust(STEADY), visible=seconds > QUICK)
        yield update


@contextmanager
def lines(text, unit):
    """The same as plain lines: one every EVERY seconds and one at the end."""
    began = printed = time.monotonic()
    last = None

    def update(done, total):
        nonlocal printed, last
        now, last = time.monotonic(), done
        if now - printed >= EVERY and done != total:        # the end has a line of its own
            printed = now
            words = filter(None, [amount(done, total, unit), speed(done, total, now - began, unit)])
            print(f"{text}: {', '.join(words)}", file=sys.stderr, flush=True)
    yield update
    seconds = time.monotonic() - began                      # not after an error: its sentence comes next
    if last is not None and seconds > QUICK:
        print(f"{text}: {amount(last, last, unit)}, in {clock(seconds)}", file=sys.stderr, flush=True)


def amount(done, total, unit):
    """"85.3 of 170.5 MB", "1,200 of 6,000 pictures", "1 picture" """
    whole = total is None or done == total
    if unit != "B":
        word = unit.removesuffix("s") if (done if whole else total) == 1 else unit
        return f"{done:,}{'' if whole else f' of {total:,}'} {word}".rstrip()
    if whole:
        return size(done)
    power, name = scale(max(done, total))
    digits = 1 if power > 1000 else 0
    return f"{done / power:.{digits}f} of {total / power:.{digits}f} {name}"


def speed(done, total, seconds, unit):
    """"12.3 MB/s, 0:07 left", as far as it can be said."""
    if done <= 0 or seconds < QUICK:
        return ""
    pace = done / seconds
    left = f"{clock((total - done) / pace)} left" if total and done < total else ""
    each = size(pace) if unit == "B" else f"{pace:,.3g}" if pace < 100 else f"{pace:,.0f}"
    return ", ".join(filter(None, [f"{each}/s", left]))


# ---------------------------------------------------------------------------- a training

def display(epochs, quiet=False):
    """What a training of so many epochs shows, as it fits where the output goes: `with display(3) as screen`."""
    if quiet:
        return Silent(epochs)
    return Drawn(epochs) if sys.stdout.isatty() else Plain(epochs)


class Silent:
    """A training that shows nothing; what the others are made of."""

    def __init__(self, epochs):
        self.epochs = epochs

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Nothing to put away."""

    def step(self, epoch, done, total, words):
        """After a training step: the epoch from 1, how many of its `total` steps are done, and words about them."""

    def say(self, text):
        """A line that stays."""

    def tell(self, text):
        """A text that stays and may be long, in lines that fit."""


class Plain(Silent):
    """Lines: one now and then, one after each epoch."""

    def __enter__(self):
        self.said = time.monotonic()
        return self

    def step(self, epoch, done, total, words):
        if time.monotonic() - self.said > RARELY:
            self.say(f"epoch {epoch}/{self.epochs}  {100 * done // total:3d} %  {words}")

    def say(self, text):
        print(text, flush=True)
        self.said = time.monotonic()

    def tell(self, text):
        self.say(told(text))


class Drawn(Silent):
    """rich's bar, for the epoch that is under way."""

    def __enter__(self):
        from rich.progress import BarColumn, Progress, TextColumn
        self.console = console(sys.stdout)
        bar = [BarColumn(bar_width=12)] * (self.console.width >= 70)        # words come first
        self.progress = Progress(TextColumn("{task.description}", markup=False), *bar,
                                 TextColumn("{task.fields[words]}", markup=False), console=self.console,
                                 transient=True)
        self.task = self.progress.add_task("the first step", words="may wait for a compiler")
        self.progress.start()
        return self

    def __exit__(self, *error):
        self.progress.stop()

    def step(self, epoch, done, total, words):
        self.progress.update(self.task, description=f"epoch {epoch}/{self.epochs}", completed=done, total=total,
                             words=words)

    def say(self, text):
        self.console.print(told(text), soft_wrap=True)

    def tell(self, text):
        self.say(text)
