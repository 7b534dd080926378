"""`npnet bench`: how fast npnet is here, layer by layer, beside PyTorch and beside the limits of the machine.

    npnet bench                                             everything, at 1, 16 and 128 pictures: some minutes
    npnet bench --layers conv1,norm1 --batch 16             two layers
    npnet bench --json speed.json                           all numbers, every single time among them
"""
import itertools
import json
from contextlib import contextmanager

from .. import bench
from ..files import writing
from ..models import MODELS
from ..screen import bar, echo
from . import DEFAULT, add_backend

BATCHES = ",".join(map(str, bench.BATCHES))


def add(commands):
    parser = commands.add_parser("bench")
    parser.description = ("How fast npnet is on this machine: every layer forward and backward, whole passes, memory, "
                          "beside PyTorch where it is installed and beside what the machine allows.")
    parser.add_argument("--net", metavar="NAME", default=DEFAULT,
                        help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the input's side (default: the version's own)")
    parser.add_argument("--layers", metavar="NAMES", help="these layers alone, such as conv1,norm1; update is the "
                        "optimizer's part")
    parser.add_argument("--batch", metavar="N,N", default=BATCHES, help=f"numbers of pictures (default: {BATCHES})")
    parser.add_argument("--threads", type=int, metavar="N", help="of every side (default: all processors)")
    parser.add_argument("--rounds", type=int, metavar="N", default=3, help="turns of every side (default: 3)")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="all numbers as JSON, in a file or in "
                        "place of the tables")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    batches, silent = whole_numbers(options.batch, "--batch"), options.json == "-"
    bench_ = bench.Bench(options.net, settings_of(options), names_of(options), options.size)
    show(silent, bench.print_machine, bench_.data)
    bench_.measure_limits()
    show(silent, bench.print_limits, bench_.data)
    for batch in batches:
        with turns(f"batch {batch}", bench_.ticks(batch)) as tick:
            bench_.measure(batch, tick)
        show(silent, bench.print_batch, bench_.data, batch)
    if options.net == DEFAULT and options.layers is None:
        with turns(f"torchvision, batch {batches[-1]}", bench_.ticks_torchvision()) as tick:
            bench_.measure_torchvision(batches[-1], tick)
    data = bench_.finish()
    show(silent, bench.print_summary, data)
    write(options.json, data)


def show(silent, function, *arguments):
    """Prints a table, unless JSON takes its place."""
    if not silent:
        function(*arguments)


def write(place, data):
    """Writes the numbers to a file, or prints them where the place is "-"."""
    text = json.dumps(data, indent=1)
    if place == "-":
        print(text)
    elif place is not None:
        with writing(place) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        echo(f"all numbers are in {place}")


@contextmanager
def turns(title, total):
    """A bar for so many turns; gives the function to be called after each of them."""
    done = itertools.count(1)
    with bar(title, "turns") as progress:
        yield lambda: progress(next(done), total)


def settings_of(options):
    """How to measure; ValueError for numbers that cannot be."""
    if options.threads is not None and options.threads < 1:
        raise ValueError(f"--threads must be at least 1, got {options.threads}")
    return bench.Settings(options.threads or 0, options.rounds, options.backend or "",
                          bench.torch_present() and not options.no_torch)


def names_of(options):
    """The names of --layers; None without it."""
    return [name for name in options.layers.replace(" ", "").split(",") if name] if options.layers else None


def whole_numbers(text, option):
    """[1, 16, 128] from '1,16,128'."""
    words = text.replace(" ", "").split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"{option} must be whole numbers of at least 1 with commas between them, like 1,16,128; got "
                         f"{text!r}")
    return sorted(set(map(int, words)))
