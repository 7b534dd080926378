"""How far a long piece of work has come: a bar on a terminal, a line now and then elsewhere.

    with bar("Downloading cifar10", unit="B") as progress:
        download(address, path, progress=progress)              # which calls progress(done, total)

All of it goes to stderr, so that what a command prints can be piped on.
"""
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec

QUICK = 0.5                     # seconds; what is done sooner shows nothing
STEADY = 21                     # columns for "117.3 MB/s, 0:12 left", so that the bar does not jump
EVERY = 5                       # seconds from line to line, where the output is no terminal


@contextmanager
def bar(text, unit=""):
    """Yield progress(done, total), to be called as often as one likes; total may be None. Work of less than
    half a second shows nothing.

    text: what is being done. unit: "B" for bytes, else a word such as "pictures", or nothing.
    """
    if sys.stderr.isatty() and find_spec("rich"):
        from rich.console import Console
        with drawn(Console(stderr=True), text, unit) as progress:
            yield progress
    else:
        lines = Lines(text, unit, sys.stderr)
        yield lines.progress
        lines.end()                                             # not after an error: its sentence comes next


@contextmanager
def drawn(console, text, unit):
    """rich's bar on a console."""
    from rich.progress import BarColumn, Progress, TextColumn
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=None),
               TextColumn("{task.fields[amount]}", markup=False), TextColumn("{task.fields[speed]}", markup=False))
    with Progress(*columns, console=console, expand=True) as progress:
        task = progress.add_task(text, total=None, amount="", speed="", visible=False)
        began = time.monotonic()

        def update(done, total):
            seconds = time.monotonic() - began
            progress.update(task, completed=done, total=total, amount=amount(done, total, unit),
                            speed=speed(done, total, seconds, unit).ljust(STEADY), visible=seconds > QUICK)
        yield update


class Lines:
    """The same as plain lines: one every EVERY seconds and one at the end."""

    def __init__(self, text, unit, file):
        self.text, self.unit, self.file = text, unit, file
        self.began = self.printed = time.monotonic()
        self.done = self.total = None

    def progress(self, done, total):
        self.done, self.total = done, total
        now = time.monotonic()
        if now - self.printed >= EVERY and done != total:       # the end has a line of its own
            self.printed = now
            self.print(amount(done, total, self.unit), speed(done, total, now - self.began, self.unit))

    def end(self):
        """The last line, if there was any progress to speak of."""
        seconds = time.monotonic() - self.began
        if self.done is not None and seconds > QUICK:
            self.print(amount(self.done, self.done, self.unit), f"in {duration(seconds)}")

    def print(self, *parts):
        print(f"{self.text}: {', '.join(part for part in parts if part)}", file=self.file, flush=True)


# ---------------------------------------------------------------------------- in words

def amount(done, total, unit):
    """"85.3 of 170.5 MB", "1,200 of 6,000 pictures" """
    if unit == "B":
        scale, name = scaled(max(done, total or 0))
        of = "" if total is None or done == total else f" of {total / scale:.{digits(scale)}f}"
        return f"{done / scale:.{digits(scale)}f}{of} {name}"
    of = "" if total is None or done == total else f" of {total:,}"
    return f"{done:,}{of} {unit}".rstrip()


def speed(done, total, seconds, unit):
    """"12.3 MB/s, 0:07 left", as far as it can be said."""
    if done <= 0 or seconds < 0.5:
        return ""
    pace = done / seconds
    left = f"{duration((total - done) / pace)} left" if total and done < total else ""
    if unit == "B":
        scale, name = scaled(pace)
        return ", ".join(filter(None, [f"{pace / scale:.{digits(scale)}f} {name}/s", left]))
    return ", ".join(filter(None, [f"{pace:,.3g}/s" if pace < 100 else f"{pace:,.0f}/s", left]))


def scaled(number):
    """(1000000, "MB") for a number of bytes."""
    for scale, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= scale:
            return scale, name
    return 1, "B"


def digits(scale):
    return 1 if scale > 1000 else 0


def duration(seconds):
    """"0:07", "12:34", "1:02:03" """
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
