"""Watching: a file is checked again whenever it is saved; single keys do the rest.

    n next   r run again   h hint   l list   x reset   q quit

The files' times are looked at twice a second, which works on every disk, also where no news of changes come (shared
folders, containers). Where there is no keyboard everything is printed again, until Ctrl-C.
"""
import os
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec

from ..screen import echo
from ..screen.output import fold, width
from .check import asked_for, check
from .grader.report import padded
from .grader.report import width as cells
from .hints import hint
from .overview import rows

PAUSE = 0.5                     # seconds between two looks


class Watch:
    """Checks what a word means, again and again. keys(pause) waits for a key: "" if none was pressed."""

    def __init__(self, work, word=None, mine=False, keys=None, say=echo):
        self.work, self.word, self.mine, self.say = work, word, mine, say
        self.keys, self.region, self.wrong, self.code = keys, None, [], 0

    def run(self):
        """Until q; the exit code of the last check."""
        with keyboard() if self.keys is None else given(self.keys) as keys:
            self.paths = [target.path for target in asked_for(self.work, self.word)]
            self.again()
            for event in events(self.paths, keys):
                if event == "q":
                    break
                self.do(event, keys)
        return self.code

    def do(self, event, keys):
        """What one key, or a change, does."""
        if event in ("changed", "r"):
            self.again()
        elif event == "n":
            self.next()
        elif event == "h":
            self.tell(hint(self.work, self.region) if self.region else [self.work.say_of("watch.all_right")])
        elif event == "l":
            table = rows(self.work)[1:]
            wide = [max(cells(row[place]) for row in table) for place in range(3)]
            for row in table:
                self.say("  " + "  ".join([*map(padded, row[:3], wide), row[3]]))
        elif event == "x" and self.region:
            self.reset(keys)
        else:
            self.say(self.work.say_of("watch.all_right" if event == "x" else "watch.keys"))

    def again(self):
        """Checks, prints the report, and says what comes now."""
        self.say(time.strftime("%H:%M:%S"))
        try:
            found = check(self.work, self.word, mine=self.mine)
        except (ValueError, OSError) as error:              # the file is gone, or is no text just now
            self.tell([str(error)])
            return
        self.code = found.code
        self.tell(self.work.notes)
        self.work.notes.clear()
        for line in found.lines():
            self.say(line)
        self.wrong = [graded.id for _, result in found.results for graded in result.regions if graded.state != "right"]
        if self.region not in self.wrong:
            self.region = self.wrong[0] if self.wrong else None
        self.waiting()

    def waiting(self):
        """Which files are watched, what is worked on, which keys there are."""
        self.tell([self.work.say_of("watch.waiting", files=", ".join(path.name for path in self.paths))])
        if self.region:
            self.say(self.work.say_of("watch.focus", region=self.region))
        if self.keys is not None or interactive():
            self.say(self.work.say_of("watch.keys"))

    def next(self):
        """The next region that is not right."""
        if self.wrong:
            place = self.wrong.index(self.region) + 1 if self.region in self.wrong else 0
            self.region = self.wrong[place % len(self.wrong)]
            self.say(self.work.say_of("watch.focus", region=self.region))
        else:
            self.say(self.work.say_of("watch.all_right"))

    def reset(self, keys):
        """Puts the stub back, if y is answered."""
        self.tell([self.work.say_of("watch.reset", region=self.region)])
        answer = ""
        while not answer:
            answer = keys(PAUSE)
        if answer == "y":
            self.tell(self.work.reset(self.region.partition(".")[0], self.region))
        else:
            self.say(self.work.say_of("watch.left"))

    def tell(self, lines):
        """Prints sentences in lines that fit; lines that were made to fit stay as they are."""
        for line in lines:
            for part in [line] if line.startswith(" ") else fold(line, width()) or [""]:
                self.say(part)


def events(paths, keys):
    """Keys as they are pressed, and "changed" when one of the files was saved. Ends when the keys end."""
    before = stamps(paths)
    while True:
        try:
            key = keys(PAUSE)
        except EOFError:
            return
        if key:
            yield key
        now = stamps(paths)
        if now != before:
            before = now
            if any(stamp is not None for stamp in now):     # none is there while an editor replaces it
                yield "changed"


def stamps(paths):
    """When each file was last written, and its size; None for one that is not there."""
    found = []
    for path in paths:
        try:
            status = os.stat(path)
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append(None)
    return found


# ---------------------------------------------------------------------------- keys

def interactive():
    """Whether somebody sits at a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


@contextmanager
def given(keys):
    yield keys


@contextmanager
def keyboard():
    """A function that waits so many seconds for a key and returns it, or "". Without a terminal it only waits."""
    if not interactive():
        yield waited
    elif find_spec("termios"):
        with posix_keys() as keys:
            yield keys
    elif find_spec("msvcrt"):
        yield windows_key
    else:
        yield waited


def waited(pause):
    time.sleep(pause)
    return ""


@contextmanager
def posix_keys():
    """Keys on Linux and macOS come at once and are not shown, until the end."""
    import select
    import termios
    import tty
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)

    def key(pause):
        ready, _, _ = select.select([file], [], [], pause)
        if not ready:
            return ""
        typed = os.read(file, 64).decode(errors="replace")
        if not typed or typed == "\x04":
            raise EOFError
        return typed[0].lower()

    try:
        tty.setcbreak(file, termios.TCSADRAIN)
        yield key
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def windows_key(pause):
    """The same on Windows."""
    import msvcrt
    until = time.monotonic() + pause
    while time.monotonic() < until:
        if msvcrt.kbhit():
            key = msvcrt.getwch()
            if key == "\x03":
                raise KeyboardInterrupt
            return key.lower()
        time.sleep(0.02)
    return ""
