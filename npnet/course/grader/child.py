"""A student's code, run in a process of its own.

    with Child({"a3_conv_backward.py": text}, answers(assignment), **asked(assignment)) as child:
        child.loaded                                        an Outcome: what running the file gave
        child.run(Call("col2im", [cols, 6, 5, 2, 1]), own={"col2im"})       an Outcome

The child holds no solution: functions of earlier assignments (the module `parts`) and those of other regions ask us,
over the same pipe, and we answer. A call that takes too long, or ends its process, costs that call alone: the process
is ended with all that it started, and the next call gets a new one. What comes back is untrue until it has been
looked at.
"""
import math
import time
from dataclasses import dataclass
from pathlib import Path

from .bounds import bounded
from .calls import Outcome, Raised, packed
from .process import Process, Stopped
from .results import Note

PERFORM = Path(__file__).with_name("perform.py")
WAIT_FOR_START = 60                     # seconds until a new process must have answered: reading NumPy from a slow disk


@dataclass
class Limits:
    """What a submission may use.

    seconds: of one call. loading: seconds for running the file. memory: bytes, beside what Python and NumPy use. file:
    bytes of a file. output: bytes of what a call returns. printed: letters that are kept. processes: at one time.
    wasted: seconds of calls of one region that took too long; then its calls are not tried any more. After the first of
    them a call gets a fifth of its time. cpu: seconds of computing after which the system itself ends a process,
    whatever became of us.
    """

    seconds: float = 5.0
    loading: float = 10.0
    memory: int = 1 << 30
    file: int = 1 << 20
    output: int = 1 << 26
    printed: int = 2000
    processes: int = 4
    wasted: float = 10.0
    cpu: int = 600


def asked(assignment):
    """What an assignment's submission may ask: arguments for Child.

    A function that is given and calls those of several regions is not among the others: asked in a region's call, the
    solution's one would answer with what that region is to find.
    """
    source = assignment.source
    written = [name for region in source.regions.values() for name in region.functions]
    return {"parts": {name: arguments_of(function) for name, function in assignment.imported.items()},
            "others": {name: source.functions[name] for name in written if source.functions[name] is not None}}


def arguments_of(function):
    """The names of a function's arguments; [] where they cannot be read."""
    code = getattr(function, "__code__", None)
    return list(code.co_varnames[:code.co_argcount]) if code else []


def answers(assignment):
    """provide(name, arguments) for Child: the solution's functions answer."""
    return lambda name, arguments: assignment.parts[name](*arguments)


class Child:
    """A submission, ready to be called.

    files: {name: text}; the first is run, the others can be imported by it. provide(name, arguments) -> value answers
    the child's questions. parts: {name: [argument names]} of the functions of the module `parts`; others: the same, of
    functions of the first file that a call may leave to us. user: another user of this machine to run as (only root may
    ask for that; LookupError if there is none). OSError: no process can be started here.
    """

    def __init__(self, files, provide=None, limits=None, user=None, parts=None, others=None):
        self.files, self.provide, self.limits, self.user = dict(files), provide, limits or Limits(), user
        self.main = next(iter(files))
        self.parts, self.others = dict(parts or {}), dict(others or {})
        self.lines = self.files[self.main].splitlines()
        self.process, self.held, self.wasted, self.count, self.replaced = None, [], 0.0, 0, []
        self.loaded = self.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Ends the process and all that it started, and removes its folder."""
        if self.process:
            self.process.kill()
            self.process = None

    # --------------------------------------------------------------------------- calls

    def run(self, call, own=None, seconds=None):
        """The Outcome of one call.

        own: names of the functions of the file that are the student's own in this call; the other functions of
        `others` are answered by us. None: all are the student's. seconds: another limit for this call.
        """
        if not self.loaded.came:
            return self.loaded
        if self.wasted > self.limits.wasted:
            return Outcome(stopped="time", seconds=seconds or self.limits.seconds)
        if self.process is None:
            again = self.start()
            if not again.came:
                return again
        order = {"token": self.token(), "function": call.function, "program": call.program,
                 "arguments": [packed(argument) for argument in call.arguments],
                 "own": None if own is None else sorted(own)}
        allowed = {**self.parts, **({} if own is None else {name: 0 for name in self.others if name not in own})}
        return self.exchange(order, allowed, (seconds or self.limits.seconds) / (5 if self.wasted else 1))

    def start(self):
        """Begins a process and runs the file in it; the Outcome of that."""
        limits = self.limits
        self.process = Process(self.user, limits.output, limits.processes)
        order = {"token": self.token(), "main": self.main, "files": self.files, "perform": PERFORM.read_text("utf-8"),
                 "parts": self.parts, "others": self.others, "most": limits.output, "printed": limits.printed,
                 "memory": limits.memory, "file": limits.file, "cpu": limits.cpu}
        self.process.say(order)
        try:
            held = self.process.hear(time.monotonic() + WAIT_FOR_START)
            self.held = list(held["held"])
        except Stopped as stopped:
            said = self.process.printed()
            self.close()
            raise OSError(f"Python could not be started for the submission ({stopped.reason}): {said[-500:]}") from None
        return self.exchange(None, self.parts, limits.loading)

    def token(self):
        """A number that the answer to the next message must bear: what an earlier call left behind cannot answer."""
        self.count += 1
        return self.count

    def exchange(self, order, allowed, seconds):
        """Sends an order, answers questions, and waits for what came of it: an Outcome."""
        begin, spent = time.monotonic(), 0.0                                # spent: with our own answers
        if order is not None:
            self.process.say(order)
        try:
            while True:
                reply = self.process.hear(begin + seconds + min(spent, 2 * seconds))
                if not isinstance(reply, dict) or reply.get("token") != self.count:
                    raise Stopped("broken", "an answer to another question")
                if reply.get("is") != "question":
                    return self.found(reply)
                before = time.monotonic()
                self.process.say(self.answer(reply, allowed))
                spent += time.monotonic() - before
        except Stopped as stopped:
            return self.stop(stopped, seconds if stopped.reason == "time" else time.monotonic() - begin)

    def stop(self, stopped, seconds):
        """Ends the process; the Outcome of a call that was stopped."""
        printed = self.process.printed()
        self.close()
        self.wasted += seconds if stopped.reason == "time" else 0
        return Outcome(stopped=stopped.reason, seconds=seconds, printed=clean(printed, self.limits.printed))

    def answer(self, question, allowed):
        """What is said to a question of the child: a value, or the exception that our function raised."""
        name, arguments = question.get("name"), question.get("arguments")
        if name not in allowed or self.provide is None or not isinstance(arguments, (tuple, list)):
            return {"error": ["NameError", f"{str(name)[:80]} is not there to be asked"], "value": None}
        try:
            with bounded(2 * self.limits.seconds, self.limits.memory):
                return {"error": None, "value": self.provide(name, list(arguments))}
        except Exception as error:                                          # the student's arguments may be of any kind
            return {"error": [type(error).__name__, str(error)], "value": None}

    # --------------------------------------------------------------------------- what came

    def found(self, reply):
        """The Outcome of a reply, each of its parts looked at. The process ends if the call left something behind."""
        found = reply.get("found")
        if not isinstance(found, dict):
            raise Stopped("broken", "a reply without content")
        result = outcome(found, self.lines, self.limits.printed)
        result.printed = result.printed or clean(reply.get("printed"), self.limits.printed)
        if "unsent" in found:
            result.stopped = "output" if "too" in str(found["unsent"]) else "broken"
        left = "threads" if reply.get("threads") else self.process.left()
        result.stopped = result.stopped or left
        replaced = [clean(name, 40) for name in listed(reply.get("replaced"))][:5]
        self.replaced += [name for name in replaced if name not in self.replaced]
        if left:
            self.close()
        return result

    @property
    def holds(self):
        """{limit: whether it holds here, by itself or because we look: "system", "watch", "python" or ""}."""
        watched = "watch" if self.process is None or self.process.family() else ""
        return {"seconds": "watch", "memory": "system" if "AS" in self.held else "",
                "processes": "system" if "NPROC" in self.held else watched,
                "file": "system" if "FSIZE" in self.held else "python",
                "user": "system" if self.user else "", "reading": "python", "network": "python"}

    def notes(self):
        """Notes that say which limits hold here: the first one in short, then limit by limit."""
        sizes = {"seconds": f"{self.limits.seconds:g}", "megabytes": self.limits.memory >> 20, "user": self.user or ""}
        holds = self.holds
        short = Note("child.limits" if holds["memory"] else "child.limits.no_memory", sizes)
        return [short] + [Note(f"child.holds.{name}.{how or 'not'}", sizes) for name, how in holds.items()]


def outcome(found, lines, most):
    """An Outcome of what a child says, with nothing in it of another kind than calls.Outcome says."""
    error = found.get("error")
    return Outcome(
        value=found.get("value"), error=raised(error, lines) if isinstance(error, dict) else None,
        changed=[i for i in listed(found.get("changed")) if type(i) is int],
        drawn=[(clean(item[0], 40), tuple(item[1])) for item in listed(found.get("drawn"))
               if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], (tuple, list))],
        global_random=found.get("global_random") is True,
        warnings=[clean(text, 300) for text in listed(found.get("warnings"))][:5],
        printed=clean(found.get("printed"), most), seconds=number(found.get("seconds")))


def raised(error, lines):
    """A Raised of what a child says about an exception."""
    line = error.get("line") if type(error.get("line")) is int else 0
    shapes = error.get("shapes") if isinstance(error.get("shapes"), dict) else {}
    kind = clean(error.get("kind"), 60)
    return Raised(
        kind="MemoryError" if kind.endswith("MemoryError") else kind, text=clean(error.get("text"), 500), line=line,
        function=clean(error.get("function"), 80),
        shapes={clean(name, 60): [n for n in listed(shape) if type(n) is int] for name, shape in shapes.items()},
        code=lines[line - 1].strip() if 0 < line <= len(lines) else "")


def listed(value):
    """The value if it is a list or a tuple, else an empty list."""
    return list(value) if isinstance(value, (list, tuple)) else []


def number(value):
    """A finite float, or 0."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def clean(text, most):
    """A text that can be printed: no control characters, no halves of characters, not longer than `most`."""
    text = text[:most] if isinstance(text, str) else ""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())
