"""What a training shows while it runs: a bar in a terminal, plain lines elsewhere."""
import sys
import time
from importlib.util import find_spec

OFTEN = 30          # seconds between two plain lines


class Lines:
    """Plain lines: one now and then, one after each epoch."""

    def __init__(self, epochs):
        self.epochs, self.said = epochs, time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Lines leave nothing that would have to be put away."""

    def step(self, epoch, done, total, words):
        if time.monotonic() - self.said > OFTEN:
            self.say(f"epoch {epoch}/{self.epochs}  {100 * done // total:3d} %  {words}")

    def say(self, text):
        print(text, flush=True)
        self.said = time.monotonic()


class Bar(Lines):
    """rich's bar, for the epoch that is under way."""

    def __enter__(self):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        self.console = Console(highlight=False, markup=False, emoji=False)
        self.progress = Progress(TextColumn("{task.description}", markup=False), BarColumn(bar_width=12),
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
        self.console.print(text, soft_wrap=True)


class Silence(Lines):
    """Nothing."""

    def step(self, epoch, done, total, words):
        """Shows nothing."""

    def say(self, text):
        """Says nothing."""


def display(epochs, quiet=False):
    """The display that fits where the output goes."""
    if quiet:
        return Silence(epochs)
    return Bar(epochs) if sys.stdout.isatty() and find_spec("rich") else Lines(epochs)
