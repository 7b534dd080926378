"""Damaged files of weights, of every format: each is read, or refused with one clear sentence.

    python tests/weights/fuzzed.py                              1,000 files
    python tests/weights/fuzzed.py --files 20000 --seed 7
    python tests/weights/fuzzed.py --seed 7 --only 123          one file again, with the whole traceback
    python tests/weights/fuzzed.py --kinds onnx npz             files of these kinds alone

small_files.py makes sound files, small_damage.py damages them: cut off, bits flipped, lengths changed, zip bombs, path
names in archives, commands in pickles, brackets in brackets, huge counts. What must hold of every file:

    it gives arrays, or a ValueError of one line that names the file, without control characters and without the words
    that Python, NumPy and HDF5 have for their own insides
    it takes less than SECONDS of the processor, less than BYTES of memory, and no more numbers than its size allows
    it warns of nothing, and the process survives
    no file is opened for writing, no program started, no address opened, no name of a pickle looked up: an audit hook
    of Python's sees each of these, wherever the file or the program is

Files are tried in processes of their own, many in each; where one dies, it is the fault of the file that was being read.
"""
import argparse
import contextlib
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from pathlib import Path

if __name__ == "__main__":                                      # before NumPy is imported
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "NPNET_BACKEND": "numpy", "NPNET_THREADS": "1"}
    sys.path.insert(1, str(Path(__file__).resolve().parents[1]))        # for wire.py

import numpy as np  # noqa: E402
from small_damage import damaged  # noqa: E402
from small_files import KINDS, files_of, put_beside  # noqa: E402

from npnet.screen.progress import bar  # noqa: E402
from npnet.screen.tables import print_table  # noqa: E402

SECONDS, BYTES, LONGEST, TOGETHER = 2, 250e6, 1000, 250
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "subprocess.Popen", "socket.", "pickle.find_class",
             "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate", "shutil.", "ctypes.",
             "urllib.")
RAW = re.compile(r"codec can't|unpack requires|cannot reshape|broadcast|Unable to|Can't |has no attribute|index out of|not subscriptable"
                 r"|opcode|parse header|EOF in|invalid literal|unsupported operand|buffer is|Errno|NoneType|unhashable")

# ---------------------------------------------------------------------------- one file


class Case:
    """A damaged file and what is done with it, all drawn from (seed, number)."""

    def __init__(self, seed, number, kinds):
        rng = np.random.default_rng([seed, number])
        self.kind = kinds[number % len(kinds)]
        sound = files_of(self.kind)
        self.content, self.way = damaged(sound[rng.integers(len(sound))], KINDS[self.kind].damage, rng)
        reads = KINDS[self.kind].reads
        self.reads = reads[0 if rng.random() < 0.6 else rng.integers(len(reads))]

    def outcome(self, folder, seen, show=False):
        """("read" or "refused", None), or ("fault", a sentence about what was wrong)."""
        path = folder / f"{self.kind}{KINDS[self.kind].suffix}"
        path.write_bytes(self.content)
        put_beside(path)
        seen.clear()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                stored, error = self.reads(path), None
            except Exception as raised:                         # whatever it is, it is told
                stored, error = None, raised
                if show:
                    traceback.print_exc()
        fault = (f"did {seen[0]}" if seen else None) or (wrong_refusal(error, path) if error else self.wrong_arrays(stored))
        fault = fault or (f"warned: {warned[0].message}" if warned else None)
        return ("fault", fault) if fault else ("refused" if error else "read", None)

    def wrong_arrays(self, stored):
        """What is wrong with what came out, or None."""
        if stored is None:
            return None                                         # a network that was built
        if not stored.arrays or not all(isinstance(array, np.ndarray) for array in stored.arrays.values()):
            return "gives no arrays"
        most = KINDS[self.kind].factor * len(self.content) + 2**20
        if sum(array.nbytes for array in stored.arrays.values()) > most:
            return f"gives more than {most:,} bytes of a file of {len(self.content):,}"
        for array in stored.arrays.values():
            array.reshape(-1)[:1000].tobytes()                  # they are there
        return None if all(note.isprintable() for note in stored.notes) else "has a note with control characters"


def wrong_refusal(error, path):
    """What is wrong with an exception, or None."""
    text, where = str(error), traceback.extract_tb(error.__traceback__)[-1]
    place = f"({Path(where.filename).name}:{where.lineno})"
    if not isinstance(error, ValueError):
        return f"{type(error).__name__}: {text[:200]!r} {place}"
    if not text.isprintable() or len(text) > LONGEST + len(str(path)):
        return f"a sentence of {len(text)} letters, or one with control characters: {text[:200]!r} {place}"
    if RAW.search(text):
        return f"words of Python's, NumPy's or HDF5's own: {text[:200]!r} {place}"
    return None if path.name in text else f"does not name the file: {text[:200]!r} {place}"


# ---------------------------------------------------------------------------- many files in a process

def watch(seen):
    """Puts what must not be done into the list `seen`; for good, as audit hooks are."""
    def hook(event, arguments):
        if event == "open":
            name, mode, flags = arguments
            if isinstance(mode, str) and set(mode) & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                seen.append(f"open {name!r} for writing")
        elif event.startswith(FORBIDDEN):
            seen.append(f"{event} {arguments!r}"[:200])
    sys.addaudithook(hook)


def try_many(cases, folder, tell):
    """Tries cases one after the other; tells "number" before and "number outcome" after each. For a process of its own."""
    seen = []
    os.chdir(folder)
    start, most = memory(), int(BYTES) * 6
    resource.setrlimit(resource.RLIMIT_AS, (start[0] + most,) * 2)      # so that this machine lives
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watch(seen)
    for number, make in cases:
        case = make()
        tell(f"{number} {case.way}\n")
        began, before = time.process_time(), peak()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)           # of the processor: other programs may run beside this
        signal.setitimer(signal.ITIMER_REAL, 60)
        outcome, fault = case.outcome(folder, seen)
        signal.setitimer(signal.ITIMER_PROF, 0)
        took, grown = time.process_time() - began, peak() - before
        if not fault and peak() - start[1] > BYTES:
            outcome, fault = "fault", f"took {grown / 1e6:.0f} MB"
        tell(f"{number} {outcome} {took:.4f} {grown} {(fault or '').encode('unicode_escape').decode()}\n")
        if peak() - start[1] > BYTES / 2:
            return                                              # the rest in a process that has not seen so much


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory():
    """Bytes of address space, and of memory, that this process has."""
    return [int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2]]


def in_a_fork(cases, folder):
    """What try_many told: [(number, way, outcome, seconds, bytes, fault)], for all cases that were begun."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            try_many(cases, folder, lambda line: os.write(writing, line.encode("utf-8", "replace")[:4000]))
        except BaseException:
            traceback.print_exc()                               # a slip of the fuzzer's own
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        lines = pipe.read().decode("utf-8", "replace").splitlines()
    _, status, _ = os.wait4(child, 0)
    done = []
    for line in lines:
        number, _, rest = line.partition(" ")
        if rest.split(" ")[0] in ("read", "refused", "fault"):
            outcome, seconds, grown, fault = rest.split(" ", 3)
            done[-1] = (int(number), done[-1][1], outcome, float(seconds), int(grown), fault)
        else:
            done.append((int(number), rest, "fault", 0.0, 0, "ended the process"))
    if done and done[-1][-1] == "ended the process":
        died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        words = {signal.SIGPROF: f"took more than {SECONDS} s of the processor", signal.SIGALRM: "hangs", 0: "ended the process"}
        done[-1] = (*done[-1][:-1], words.get(died) or f"died of {signal.Signals(died).name}")
    return done


def tried(seed, numbers, kinds, progress=lambda done, total: None, say=print):
    """{kind: Counter of outcomes}, {kind: (slowest, most bytes)}, and the number of faults, each of which is said."""
    counts, worst, faults, at = defaultdict(Counter), defaultdict(lambda: (0.0, 0)), 0, 0
    sound(kinds)
    with tempfile.TemporaryDirectory(prefix="fuzzed-") as scratch:
        while at < len(numbers):
            folder = Path(scratch, "work")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            some = [(number, lambda number=number: Case(seed, number, kinds)) for number in numbers[at:at + TOGETHER]]
            done = in_a_fork(some, folder)
            if not done:
                raise RuntimeError(f"file {numbers[at]} could not be damaged; see above")
            for number, way, outcome, seconds, grown, fault in done:
                kind, at = kinds[number % len(kinds)], at + 1
                counts[kind][outcome] += 1
                worst[kind] = max(worst[kind][0], seconds), max(worst[kind][1], grown)
                if fault:
                    faults += 1
                    say(f"{number}: {kind}, {way}: {fault}")
                progress(at, len(numbers))
    return counts, worst, faults


def sound(kinds):
    """Reads the sound files once: all modules are imported then, and the kind's own reader may refuse none."""
    with tempfile.TemporaryDirectory(prefix="fuzzed-") as folder:
        for kind in kinds:
            for content in files_of(kind):
                path = Path(folder, f"{kind}{KINDS[kind].suffix}")
                path.write_bytes(content)
                put_beside(path)
                KINDS[kind].reads[0](path)
                for reads in KINDS[kind].reads[1:]:
                    with contextlib.suppress(ValueError):       # no network has these arrays, for example
                        reads(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one, to go on where another run ended")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", type=int, help="this file alone, in this process, with its traceback; it stays in fuzzed/")
    options = parser.parse_args()
    if options.only is not None:
        folder = Path("fuzzed")
        folder.mkdir(exist_ok=True)
        case = Case(options.seed, options.only, options.kinds)
        print(case.kind, case.way, case.reads, *case.outcome(folder.resolve(), [], show=True))
        return 0
    began = time.time()
    numbers = range(options.first, options.first + options.files)
    with bar("Damaged files", "files") as progress:
        counts, worst, faults = tried(options.seed, numbers, options.kinds, progress)
    rows = [["format", "files", "read", "refused", "faults", "slowest", "memory"]]
    for kind in options.kinds:
        count = counts[kind]
        rows.append([kind, f"{count.total():,}", f"{count['read']:,}", f"{count['refused']:,}", str(count["fault"]),
                     f"{worst[kind][0]:.2f} s", f"{worst[kind][1] / 1e6:.0f} MB"])
    total = sum(counts.values(), Counter())
    rows.append(["all", f"{total.total():,}", f"{total['read']:,}", f"{total['refused']:,}", str(faults), "", ""])
    print_table(rows, "lrrrrrr")
    print(f"seed {options.seed}, {time.time() - began:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
