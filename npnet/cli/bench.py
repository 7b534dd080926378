"""`npnet bench`: how fast npnet is here, layer by layer, beside PyTorch and beside the limits of the machine.

    npnet bench                                             everything, at 1, 16 and 128 pictures
    npnet bench --layers conv1,norm1 --batch 16             two layers
"""
from .. import bench
from ..models import MODELS, model
from ..screen import bar, echo
from . import DEFAULT, add_backend

BATCHES = "1,16,128"
HOW = "PyTorch is not installed, so nothing is compared with it: pip install torch, or npnet's extra torch"


def add(commands):
    parser = commands.add_parser("bench")
    parser.description = ("How fast npnet is on this machine: every layer forward and backward, whole passes, memory, "
                          "beside PyTorch where it is installed and beside what the machine allows.")
    parser.add_argument("--net", metavar="NAME", default=DEFAULT,
                        help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the input's side (default: the version's own)")
    parser.add_argument("--layers", metavar="NAMES", help="these layers alone, such as conv1,norm1; update is the "
                        "optimizer's")
    parser.add_argument("--batch", metavar="N,N", default=BATCHES, help=f"numbers of pictures (default: {BATCHES})")
    parser.add_argument("--threads", type=int, metavar="N", help="of every side (default: all processors)")
    parser.add_argument("--rounds", type=int, metavar="N", default=3, help="turns of each side (default: 3)")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    batches = whole_numbers(options.batch, "--batch")
    settings = bench.Settings(threads_of(options), options.rounds, options.backend or "",
                              bench.torch_present() and not options.no_torch)
    net = model(options.net, size=options.size)
    names = options.layers.split(",") if options.layers else None
    bench.check(net, names)
    limits = bench.limits(settings)
    bench.print_limits(limits, settings.threads)
    for batch in batches:
        found = with_bar(net, options.net, batch, settings, names)
        title = f"{options.net}, batch {batch}, {settings.threads} threads"
        bench.print_layers(bench.rows(net, found, settings, limits), title)
        bench.print_whole(found, settings)
    if not settings.torch and not options.no_torch:
        echo(f"\n{HOW}")


def with_bar(net, name, batch, settings, names):
    """What `measured` finds, with a bar while it works."""
    total = bench.ticks(settings, True, names is None)
    done = 0
    with bar(f"{name}, batch {batch}", "turns") as progress:
        def tick():
            nonlocal done
            done += 1
            progress(done, total)
        return bench.measured(net, batch, settings, names, names is None, tick)


def threads_of(options):
    """The number of --threads; 0 without it."""
    if options.threads is not None and options.threads < 1:
        raise ValueError(f"--threads must be at least 1, got {options.threads}")
    return options.threads or 0


def whole_numbers(text, option):
    """[1, 16, 128] from '1,16,128'."""
    words = text.replace(" ", "").split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"{option} must be whole numbers of at least 1 with commas between them, like 1,16,128; got "
                         f"{text!r}")
    return sorted(set(map(int, words)))
