"""`npnet bench`: how fast npnet is here, layer by layer, beside PyTorch and beside the limits of the machine.

    npnet bench                                             everything, at 1, 16 and 128 pictures: some minutes
    npnet bench --layers conv1,norm1 --batch 16             two layers
    npnet bench --json speed.json --save pictures           all numbers, every single time among them, and drawings
    npnet bench --scaling                                   time as batch, threads and pictures grow: longer
    npnet bench --peers                                     the same layers as others write them in NumPy
"""
import itertools
import json
import re
from contextlib import contextmanager
from pathlib import Path

from .. import bench, plots
from ..screen import bar, echo
from . import add_backend, add_json, add_version, write_json
from .plot import place_of

BATCHES = ",".join(map(str, bench.BATCHES))


def add(commands):
    parser = commands.add_parser("bench")
    parser.description = ("How fast npnet is on this machine: every layer forward and backward, whole passes, memory, "
                          "beside PyTorch where it is installed and beside what the machine allows.")
    add_version(parser)
    parser.add_argument("--layers", metavar="NAMES", help="these layers alone, such as conv1,norm1; update is the "
                        "optimizer's part")
    parser.add_argument("--batch", metavar="N,N", help=f"numbers of pictures (default: {BATCHES})")
    parser.add_argument("--threads", type=int, metavar="N", help="of every side (default: as npnet has)")
    parser.add_argument("--rounds", type=int, metavar="N", default=3, help="turns of every side (default: 3)")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--scaling", action="store_true", help="instead: time for each picture as batch, threads and "
                        "pictures grow, beside the backend numpy: a quarter of an hour")
    parser.add_argument("--peers", action="store_true", help="instead: convolution and pooling beside the im2col of "
                        "textbooks, and beside npnet's numpy and loops")
    add_json(parser)
    parser.add_argument("--save", metavar="FOLDER", help="also draw: a roofline and bars for each batch size, or the "
                        "curves of --scaling")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    check(options)
    settings = bench.Settings(options.threads or 0, options.rounds, options.backend or "", not options.no_torch)
    measure = scaling if options.scaling else peers if options.peers else everything
    data, figures = measure(options, settings, silent=options.json == "-")
    text = json.dumps(data, indent=1)
    if options.json == "-":
        print(text)
    elif options.json is not None:
        write_json(text, options.json)
    if options.save is not None:
        save(figures(data), Path(options.save), options.json != "-")


def everything(options, settings, silent):
    """A whole bench, printed as it goes: the data, and the function that draws it."""
    batches = whole_numbers(options.batch or BATCHES)
    one = bench.Bench(options.net, settings, names_of(options), options.size)
    show(silent, bench.print_machine, one.data)
    for batch in batches:
        with counting(f"batch {batch}", "turns", one.ticks(batch)) as tick:
            one.measure(batch, tick)
        if batch == batches[0]:
            show(silent, bench.print_limits, one.data)
        show(silent, bench.print_batch, one.data, batch)
    if one.has_torchvision:
        with counting(f"torchvision, batch {batches[-1]}", "turns", one.ticks_torchvision()) as tick:
            one.measure_torchvision(batches[-1], tick)
    show(silent, bench.print_summary, one.finish())
    return one.data, bench.drawings


def scaling(options, settings, silent):
    """Cost against size: the data, and the function that draws it."""
    batches = tuple(whole_numbers(options.batch)) if options.batch else bench.scaling.BATCHES
    with counting("cost against size", "places", bench.scaling.ticks(settings, batches)) as tick:
        data = bench.scaling.scaling(options.net, settings, batches, tick=tick)
    show(silent, bench.print_scaling, data)
    return data, lambda data: {"scaling.png": bench.scaling_drawing(data)}


def peers(options, settings, silent):
    """Beside other NumPy: the data, and a function that says that there is no drawing."""
    names, batch = names_of(options) or bench.peers.LAYERS, whole_numbers(options.batch or "16")[0]
    with counting(f"peers, batch {batch}", "turns", bench.peers.ticks(names, settings)) as tick:
        data = bench.peers.peers(options.net, names, batch, settings, tick)
    show(silent, bench.print_peers, data)
    return data, None


def show(silent, function, *arguments):
    """Prints a table, unless JSON takes its place."""
    if not silent:
        function(*arguments)


def save(figures, folder, say):
    """Writes the drawings into a folder; none replaces a file that npnet did not draw."""
    for name, figure in figures.items():
        path = place_of(None, folder / name)
        plots.save(figure, path)
        if say:
            echo(f"drawn: {path}")


@contextmanager
def counting(title, unit, total):
    """A bar up to `total`; gives the function that counts one more."""
    done = itertools.count(1)
    with bar(title, unit) as progress:
        yield lambda: progress(next(done), total)


def check(options):
    """Raises ValueError for options that do not go together, or numbers that cannot be."""
    if options.threads is not None and options.threads < 1:
        raise ValueError(f"--threads must be at least 1, got {options.threads}")
    if options.threads and options.threads > 8 * bench.processors():
        raise ValueError(f"--threads must be at most {8 * bench.processors()}, eight for each processor that this "
                         f"process may use, got {options.threads}")
    if options.rounds < 1:
        raise ValueError(f"--rounds must be at least 1, got {options.rounds}")
    if options.scaling and options.peers:
        raise ValueError("--scaling and --peers are two different measurements; give one of them")
    for option, given in (("--size", options.size), ("--layers", options.scaling and options.layers)):
        if given and (options.scaling or options.peers):
            raise ValueError(f"{option} does not go with {'--scaling' if options.scaling else '--peers'}")
    if options.peers and options.save:
        raise ValueError("--peers draws nothing; leave --save out")
    if options.json and Path(options.json).is_dir():
        raise ValueError(f"{options.json} is a folder; give --json the name of a file in it")
    if options.save:
        if Path(options.save).exists() and not Path(options.save).is_dir():
            raise ValueError(f"{options.save} is a file; give --save a folder")
        for path in Path(options.save).glob("*.png"):       # now, and not after minutes of measuring
            if re.fullmatch(r"(roofline|layers)_b\d+\.png|scaling\.png", path.name):
                place_of(None, path)


def names_of(options):
    """The names of --layers; None without it."""
    if options.layers is None:
        return None
    return [name for name in options.layers.replace(" ", "").split(",") if name]


def whole_numbers(text):
    """[1, 16, 128] from '1,16,128'."""
    words = text.replace(" ", "").split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"--batch must be whole numbers of at least 1 with commas between them, like 1,16,128; got "
                         f"{text!r}")
    return sorted(set(map(int, words)))
