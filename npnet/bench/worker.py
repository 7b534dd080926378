"""One side of a comparison, in a process of its own: python -m npnet.bench.worker

Questions come as lines of JSON on standard input, each with an answer as a line on what was standard output; between
them the process sleeps. It ends when there are no more questions, as when the process that asks has died.
"""
import gc
import json
import os
import signal
import sys
import time

from ..screen.words import sentence


QUICK = 0.5         # seconds


class Worker:
    """Answers questions: {"do": the name of a method, its arguments}."""

    side = None
    ready, key = None, None     # the piece of work that is prepared, and what it is
    quick = False

    def open(self, plan, kind, threads):
        """Builds the network of a side: "torch", or one of npnet's backends, "" for the default one."""
        if kind == "torch":
            from .theirs import Theirs
            self.side = Theirs(plan, threads)
        else:
            from . import textbook
            from .ours import Ours
            textbook.known()
            self.side = Ours(plan, kind)
        return self.side.versions()

    def made(self, batch):
        """Some numbers of every array that the network makes."""
        return self.side.made(batch)

    def limits(self):
        """The limits of this machine."""
        from .limits import limits
        return limits()

    def warm(self, what, batch, names=None):
        """Prepares a piece of work and does it once: what is compiled and read for the first time is not counted. What
        was prepared last is ready."""
        if self.key == (what, batch, names):
            return
        self.key, self.ready = None, None                   # what the last one held is free before the next is made
        gc.collect()
        self.ready = self.side.layers(batch, names) if what == "layers" else getattr(self.side, what)(batch)
        self.key = what, batch, names
        start = time.perf_counter()
        self.once()
        self.quick = time.perf_counter() - start < QUICK

    def once(self):
        """Seconds of the piece of work, or those of its parts."""
        start = time.perf_counter()
        parts = self.ready()
        return parts if self.key[0] == "layers" else time.perf_counter() - start

    def measure(self, what, batch, names=None, seconds=0.5, most=15):
        """Times of one turn: at least once, as often as `seconds` and `most` allow. Quick work is done once more before
        that, not counted, as threads that have slept need a moment."""
        self.warm(what, batch, names)
        if self.quick:
            self.once()
        times, began = [], time.perf_counter()
        while not times or len(times) < most and time.perf_counter() - began < seconds:
            times.append(self.once())
        return times

    def memory(self, what, batch):
        """Peak and page faults of one more piece of work: of the kind that was warmed up before."""
        from . import memory
        self.warm(what, batch)
        return memory.during(self.ready)


def serve(questions, answers):
    """Answers every line until there are no more."""
    worker, ended = Worker(), time.process_time()
    for line in questions:
        question = json.loads(line)
        idle = time.process_time() - ended                  # what this process computed while it should have slept
        try:
            answer = {"answer": getattr(worker, question.pop("do"))(**question)}
        except Exception as error:
            answer = {"error": sentence(error), "kind": type(error).__name__}
        answers.write(json.dumps(answer | {"idle": idle}) + "\n")
        answers.flush()
        ended = time.process_time()


def main():
    """Whatever a library prints goes to standard error, so that standard output holds answers alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)            # Ctrl-C is for the process that asks, which ends this one
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
