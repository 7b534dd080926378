"""The command line: `npnet COMMAND ...`, the same as `python -m npnet COMMAND ...`.

A command is a module of this folder with two functions: add(commands) adds its parser and calls
set_defaults(run=run), and several="pictures" where words after an option belong to that list, too;
run(options) builds objects, calls the library, prints, and returns an exit code (None is 0). Only the
module of the command that was asked for is imported.

What the user can mend is one line on stderr and exit code 2; NPNET_DEBUG=1 shows the traceback, which the
line names where the mistake may be npnet's own.
Ctrl-C ends every command with 130, SIGTERM with 143, a reader of its output who leaves with 141.
"""
import argparse
import dis
import importlib
import os
import re
import signal
import sys
import threading
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from .. import __version__
from ..screen.output import forgiving, told
from ..screen.progress import hushed
from ..screen.words import nearest, sentence

COMMANDS = {
    "info": "this machine: versions, backends, threads, folders",
    "summary": "every layer of a network: shapes, counts, memory",
    "gradcheck": "is every backward right? npnet's layers, or yours",
    "train": "train a network, resume a run",
    "evaluate": "how right trained networks are",
    "predict": "what a picture shows",
    "plot": "curves and filters of runs",
    "weights": "trained weights: list, get, info, convert",
    "data": "data sets: list, get, show, info, augment",
    "explain": "one picture, walked through a network layer by layer",
    "see": "what a trained network sees: saliency, Grad-CAM, patches",
    "warmup": "compile now, so that nothing waits later",
    "course": "the assignments: start, check, hand in; and grading",
    "bench": "how fast, beside PyTorch and the machine's limits",
    "plan": "a training step on several machines, predicted",
}
DEFAULT = "krizhevsky2012"          # the network of a command that was not given --net
OVERVIEW = """npnet {version}: AlexNet to be read, run and taken apart

{commands}

npnet COMMAND --help says what a command can do. For instance:

    npnet summary --net krizhevsky2012
    npnet summary --net single_tower --classes 10 --style torchsummary
    npnet gradcheck "my_layer.py:MyLRN(n=5)" --shape 2,7,5,4"""
OF_THE_MACHINE = (OSError, ImportError, FloatingPointError, MemoryError)
MENDED_BY_USER = (ValueError, TypeError, KeyError, *OF_THE_MACHINE)
PACKAGE = Path(__file__).parents[1]
TOGETHER = ("train", "evaluate", "plan")                        # commands of several ranks
RANKS = {"PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"}       # one of them is set where mpiexec started this process


def main(arguments=None):
    """Runs one command; returns the exit code. arguments is a list of words, by default those of the process."""
    forgiving()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is None and words and words[0] in TOGETHER and not RANKS.isdisjoint(os.environ):
        from ..parallel import watch
        own = watch.place()
        if own:
            watch.watched()                     # before there is anything that must not be divided
            from ..parallel import faults
            return faults.together(lambda: outcome(words, shows=own.rank == 0), words[0])
    said, code, _ = outcome(words)
    if said:
        said = f"npnet: {said}"
        print(told(said) if sys.stderr.isatty() else said, file=sys.stderr)         # a file or a pipe gets one line
    return code


def outcome(words, shows=True):
    """Runs one command; (what is to be said where it failed, else None; its exit code; the error, else None). shows:
    whether it prints anything but errors."""
    try:
        with stopped_by_signals(), plain_warnings(), hushed(not shows):
            code = run(words)
            tell_of_letters()
            sys.stdout.flush()                  # here, so that a closed pipe is noticed below
        return None, code or 0, None
    except KeyboardInterrupt as stop:
        unfinished()
        return "", 128 + (stop.args[0] if stop.args else signal.SIGINT), stop
    except BrokenPipeError as error:            # the reader, head for instance, has seen enough
        unfinished()
        return "", 141, error
    except MENDED_BY_USER as error:
        if os.environ.get("NPNET_DEBUG", "") not in ("", "0"):
            raise
        unfinished()
        strange = f" (a {type(error).__name__} that npnet did not expect; NPNET_DEBUG=1 shows where it happened)"
        return f"{sentence(error)}{'' if meant(error) else strange}", 2, error


def tell_of_letters():
    """Says which letters of this command's pictures no font of this computer has."""
    plots = sys.modules.get("npnet.plots")                      # loaded where something was drawn
    said = plots and plots.letters_without_a_font()
    if said:
        print(f"npnet: {said}", file=sys.stderr)


@contextmanager
def stopped_by_signals():
    """SIGTERM and SIGHUP, a cluster's stop and a closed terminal, interrupt a command as Ctrl-C does."""
    def stop(number, frame):
        raise KeyboardInterrupt(number)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()   # only there
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers if signal.getsignal(number) == signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def plain_warnings():
    """A warning is a sentence on a line of its own, without the line of code that gave it."""
    def plain(message, category, *where, **more):
        return f"npnet: {message}\n" if category is UserWarning else usual(message, category, *where, **more)

    usual, warnings.formatwarning = warnings.formatwarning, plain
    try:
        yield
    finally:
        warnings.formatwarning = usual


def unfinished():
    """Prints what is still to be printed; where that is impossible (a closed pipe, a full disk), forgets it."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def meant(error):
    """Whether an error is a sentence for the user: the machine's, or one that a line of npnet raised. All others,
    such as a KeyError of a dictionary or a ValueError of NumPy, are mistakes of ours."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raised = code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return isinstance(error, OF_THE_MACHINE) or raised and Path(code.co_filename).is_relative_to(PACKAGE)


def run(words):
    """Finds the command among the words and runs it."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"npnet {__version__}")
        return 0
    for before, word in zip(words, words[1:]):
        name = before if before.startswith("-") else f"the word after {before}"
        if not word or word.startswith("--") and word.endswith("="):
            raise ValueError(f"{word[:-1] or name} is empty; perhaps a variable of your shell is not set")
    parser = Parser(prog="npnet", allow_abbrev=False)
    commands = parser.add_subparsers()
    module(words[0]).add(commands)
    parser.prog = f"npnet {words[0]}"           # what messages about left-over words say
    options, left = parser.parse_known_args(words)
    options.words = words
    several = getattr(options, "several", None)
    if several and not any(word.startswith("-") for word in left):
        setattr(options, several, [*getattr(options, several), *left])
        left = []
    if left:
        known = re.findall(r"--[a-z][a-z-]*", commands.choices[words[0]].format_help())
        near = [nearest(word.partition("=")[0], known) for word in left if word.startswith("--")]
        unknown = f"unrecognized arguments: {' '.join(left)}; {''.join(near)}"
        raise ValueError(f"{unknown}{'See' if any(near) else 'see'} {parser.prog} --help")
    return options.run(options)


class Parser(argparse.ArgumentParser):
    """argparse's parser, which raises ValueError where that one prints its usage and leaves."""

    def error(self, message):
        raise ValueError(f"{message}; see {self.prog} --help")


def module(command):
    """The module of a command. ValueError with the nearest names if there is none."""
    if command not in COMMANDS:
        raise ValueError(f"no command is called {command!r}; {nearest(command, COMMANDS)}"
                         f"npnet has {', '.join(present())}")
    if command not in present():
        raise ImportError(f"this copy of npnet does not have the command {command}; it has {', '.join(present())}")
    return importlib.import_module(f"{__name__}.{command}")


def present():
    """The commands whose modules are there."""
    return [command for command in COMMANDS if find_spec(f"{__name__}.{command}")]


def overview():
    """What `npnet` alone prints."""
    commands = "\n".join(f"    npnet {command:12}{COMMANDS[command]}" for command in present())
    return OVERVIEW.format(version=__version__, commands=commands)


def add_backend(parser):
    """Adds the option --backend, for commands that compute."""
    parser.add_argument("--backend", metavar="NAME", help="loops, numpy, numba or cupy (default: the best one found)")


def add_version(parser):
    """Adds --net and --size, for commands that measure or plan a version of models.py."""
    from ..models import MODELS
    parser.add_argument("--net", metavar="NAME", default=DEFAULT,
                        help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the input's side (default: the version's own)")


def add_json(parser):
    """Adds --json, alone or with a FILE, for commands whose tables have more numbers behind them."""
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="all numbers as JSON, in a file or in "
                        "place of the tables")


def write_json(text, file):
    """Writes what --json FILE asks for, and says so."""
    from ..files import writing
    from ..screen import echo
    with writing(file) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    echo(f"all numbers are in {file}")


def add_layers(parser):
    """Adds the option --layers, for commands that read networks."""
    parser.add_argument("--layers", metavar="FILE.py", help="a file that defines layers of your own, which the saved "
                        "network has; it is run")


NETWORKS = ("a run's folder, a checkpoint, a file of Caffe, PyTorch, Deep Compression, safetensors, npz or ONNX, or a "
            "name of npnet weights list")


def add_reading(parser, net=True):
    """Adds --prototxt, --mean, --names and, if net is True, --net: what a file of weights does not say itself."""
    if net:
        parser.add_argument("--net", metavar="NAME", help="the version whose weights they are, where that is not found "
                            "from the file")
    parser.add_argument("--prototxt", metavar="FILE", help="Caffe's description of the network")
    parser.add_argument("--mean", metavar="FILE", help="Caffe's mean picture (.binaryproto), which is subtracted")
    parser.add_argument("--names", metavar="FILE", help="what the classes are called: a text file, one on each line")


def reading(options):
    """What weights.trained takes beside a file's name, from the options of add_reading and add_layers."""
    given = {name: getattr(options, name) for name in ("net", "prototxt", "mean", "names")}
    return {**given, "layers": own_layers(options)}


def own_layers(options):
    """{name: class} of the layers in the file of --layers; None without it."""
    if options.layers is None:
        return None
    if "weights" in options and options.weights is None:
        raise ValueError("--layers is for --weights: a file of a network with layers of your own")
    from ..diagnose import layers_of
    return layers_of(options.layers)


def choose_backend(options):
    """Uses the backend that --backend names, or the default one; returns its name."""
    from .. import backend
    if options.backend is not None:
        backend.use(options.backend)
    backend.choose()
    return backend.ops.name
