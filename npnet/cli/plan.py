"""`npnet plan`: how long a training step would take on several processes or machines, before they are there.

    npnet plan                                              1 to 64 ranks, 10 Gbit/s: this machine's layers are measured
    npnet plan --ranks 8 --bandwidth 1Gbit --latency 100us --save plan.png
    npnet plan --rate speed.json --batch 256                rates that npnet bench --json speed.json wrote
    npnet plan --rate 150 --per-rank 128 --json             150 Gflop/s a rank; all numbers
    npnet plan --compare --ranks 2 --per-rank 16            steps of two ranks, here: predicted beside measured
    mpiexec -n 2 npnet plan --measure                       the plan for the link and the rates of these two ranks
"""
import itertools
import json
import math
import os
from pathlib import Path

from .. import backend, plots
from ..models import model
from ..parallel import here
from ..parallel.planner import conclusions, rates, units
from ..parallel.planner.compare import compare, measured_link, measured_rates
from ..parallel.planner.costs import KINDS, Link
from ..parallel.launcher import launch
from ..parallel.planner.predictions import BATCH, RANKS, batch_of, plan
from ..screen import bar, counted, duration, echo, print_table, size, tell
from . import add_backend, add_json, add_version, choose_backend, write_json
from .plot import place_of

BANDWIDTH, LATENCY = "10Gbit", "50us"
HEADS = ("ranks", "pictures", "compute", "send", "step", "at best", "bytes", "weak", "strong")


def add(commands):
    parser = commands.add_parser("plan")
    parser.description = ("Predicts a training step on several ranks (processes, on one machine or many): its time, "
                          "the bytes that each rank sends, efficiency, for data-parallel training, the two towers of "
                          "2012, and \"one weird trick\" of 2014.")
    add_version(parser)
    parser.add_argument("--ranks", metavar="N,N", help="numbers of ranks, such as 1,2,3; one number N means 1, 2, "
                        "4 ... up to N (default: 64)")
    parser.add_argument("--batch", type=int, metavar="N", help=f"pictures of a step, of all ranks together (default: "
                        f"{BATCH})")
    parser.add_argument("--per-rank", type=int, metavar="N", help="instead of --batch: pictures of each rank")
    parser.add_argument("--bandwidth", metavar="RATE", help="of every rank's link, each way: 1Gbit, "
                        f"100MB/s (default: {BANDWIDTH})")
    parser.add_argument("--latency", metavar="TIME", help=f"of one message (default: {LATENCY})")
    parser.add_argument("--rate", metavar="RATE", help="what a rank computes: Gflop/s of matrix products, or a file "
                        "that npnet bench --json wrote (default: its layers are measured now)")
    parser.add_argument("--memory", metavar="RATE", default="10GB/s", help="with --rate in Gflop/s: bytes a second "
                        "that a rank moves in all other layers (default: 10GB/s)")
    parser.add_argument("--threads", type=int, metavar="N", help="of each rank, where layers are measured (default: as "
                        "npnet has here)")
    parser.add_argument("--allreduce", choices=KINDS, default=KINDS[0], help="how gradients are summed (default: "
                        f"{KINDS[0]})")
    parser.add_argument("--measure", action="store_true", help="under mpiexec: the link and the rates are those of "
                        "these ranks, measured now")
    parser.add_argument("--compare", action="store_true", help="instead: predicted beside measured, for as many "
                        "processes as --ranks says or mpiexec has started (default: 1)")
    add_json(parser)
    parser.add_argument("--save", metavar="FILE", help="also draw times, bytes and efficiency over the ranks: plan.png")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    check(options)
    if options.compare:
        return compared(options)
    link = Link(units.seconds(options.latency or LATENCY), units.bandwidth(options.bandwidth or BANDWIDTH))
    ranks = numbers_of(options.ranks)
    batches = {number: batch_of(number, options.batch, options.per_rank) for number in ranks}
    team = of_several(options) if options.measure else None
    if backend.ops.name is None and options.backend is None:
        backend.use("numpy")                                # here nothing is computed; what is measured has a process
    net = model(options.net, size=options.size)
    if team:
        link = measured_link(team, net)
    found = plan(net, ranks, rates_of(net, options, batches, team), link, options.batch, options.per_rank,
                 kind=options.allreduce, name=options.net)
    if team is None or team.first:
        give(found, show, options)


def give(found, show, options):
    """Prints what was found, as tables or JSON, writes files and draws."""
    text = json.dumps(found.as_data(), indent=1)
    if options.json == "-":
        print(text)
    else:
        show(found)
    if options.json not in (None, "-"):
        write_json(text, options.json)
    if options.save is not None:
        plots.save(drawing(found), options.save)
        if options.json != "-":
            echo(f"the drawing is {options.save}")


def check(options):
    """Raises ValueError for options that do not go together."""
    if options.rate is not None and (options.threads is not None or options.backend is not None):
        option = "--threads" if options.threads is not None else "--backend"
        raise ValueError(f"{option} is for layers that are measured now; leave it or --rate out")
    if options.measure and (options.bandwidth is not None or options.latency is not None):
        raise ValueError("--measure measures the link; leave --bandwidth and --latency out")
    if options.compare:
        check_compare(options)
    if options.threads is not None and options.threads < 1:
        raise ValueError(f"--threads must be at least 1, got {options.threads}")
    if options.json not in (None, "-") and Path(options.json).is_dir():
        raise ValueError(f"{options.json} is a folder; give --json the name of a file in it")
    if options.save is not None:
        plots.check_name(place_of(options.save))


def check_compare(options):
    """Raises ValueError for options that do not go with --compare."""
    for name in ("measure", "rate", "bandwidth", "latency", "save"):
        if getattr(options, name):
            raise ValueError(f"--compare measures rates and link and draws nothing; leave --{name} out")
    if options.ranks is not None and not (options.ranks.isdecimal() and int(options.ranks) >= 1):
        raise ValueError(f"--compare is for one number of ranks, such as --ranks 2, got {options.ranks!r}")


def numbers_of(text):
    """The numbers of ranks that --ranks asks for."""
    if text is None:
        return list(RANKS)
    words = text.replace(" ", "").split(",")
    if not all(word.isdecimal() and 1 <= int(word) <= 10 ** 5 for word in words):
        raise ValueError(f"--ranks must be whole numbers from 1 to 100000 with commas between them, like 1,2,3; got "
                         f"{text!r}")
    most = int(words[0])
    if len(words) > 1:
        return sorted(set(map(int, words)))
    return sorted({*(2 ** power for power in range(int(math.log2(most)) + 1)), most})


def rates_of(net, options, batches, team=None):
    """The Rates of --rate, or those of this machine, or of all ranks of a team."""
    if options.rate is None:
        return measured(net, options, batches, team)
    if options.rate[:1].isdigit() and not options.rate.endswith(".json"):
        return rates.assumed(net, units.flops(options.rate), units.bandwidth(options.memory, "--memory"))
    return rates.from_bench(net, options.rate)


def measured(net, options, batches, team=None):
    """The Rates of this machine, with a bar."""
    needed = {number for ranks, whole in batches.items() for number in (whole, math.ceil(whole / ranks))}
    pictures = rates.sizes(net, needed)
    done, total = itertools.count(1), len(pictures) if team else rates.ticks(pictures)
    with bar(f"measuring {options.net}", "turns") as progress:
        if team:
            return measured_rates(net, team, pictures, tick=lambda: progress(next(done), total))
        return rates.measure(net, pictures, options.threads or 0, options.backend or "",
                             tick=lambda: progress(next(done), total))


def of_several(options):
    """The team of these processes, which compute here. ValueError where mpiexec has started only this one."""
    team = here()
    if team.size == 1 and not options.compare:
        raise ValueError("--measure measures the link between processes, and there is one alone; start several: "
                         "mpiexec -n 2 npnet plan --measure")
    name = choose_backend(options)
    if options.threads is not None:
        backend.use(name, threads=options.threads)
    return team


def compared(options):
    """Predicted beside measured: on the ranks that mpiexec started, or that --ranks asks for."""
    if options.ranks not in (None, "1") and not os.environ.get("NPNET_RANKS"):
        from .train import without_ranks
        return launch(int(options.ranks), without_ranks(options.words))
    team = of_several(options)
    batch = batch_of(team.size, options.batch, options.per_rank)
    if batch % team.size:
        raise ValueError(f"--compare needs as many pictures on each rank: {team.size} ranks cannot share {batch} "
                         f"equally; give --per-rank")
    done = itertools.count(1)
    with bar(f"measuring {options.net}", "rounds") as progress:
        found = compare(model(options.net, size=options.size), team, batch // team.size,
                        tick=lambda: progress(next(done), None))
    if team.first:
        give(found, lambda found: show_compared(found, options.net), options)


# ---------------------------------------------------------------------------- what is printed

def show(found):
    """The tables and the sentences of a plan."""
    whole = sorted({one.batch for one in found.predictions})
    pictures = f"{counted(whole[0], 'picture')} a step" if found.fixed == "batch" else \
        f"{counted(found.predictions[0].pictures, 'picture')} a rank"
    echo(f"{found.net}, {pictures}, {found.parameters:,} parameters", "bold")
    for way in dict.fromkeys(one.way for one in found.predictions):
        echo()
        echo(way, "bold")
        print_table([HEADS, *map(cells, found.column(way))], "r" * len(HEADS))
    echo()
    for way, reason in found.left_out.items():
        tell(f"No {way}: {reason}.")
    for sentence in conclusions.conclusions(found) + conclusions.assumptions(found):
        tell(sentence)


def show_compared(found, name):
    """The table and the sentences of a comparison."""
    echo(f"{name}, {counted(found.pictures, 'picture')} a rank, {counted(found.ranks, 'rank')}: a step", "bold")
    heads = ("", "predicted", "at best", "measured", "ratio")
    print_table([heads, *([row.what, *map(duration, (row.step, row.at_best, row.measured)), f"{row.ratio:.2f}"]
                          for row in found.rows)], "lrrrr")
    echo()
    tell("ratio: measured over predicted. predicted: nothing overlaps; at best: gradients travel while earlier layers "
         f"are still computed. Rates {found.rates}.")
    if found.ranks > 1:
        alone, *others = found.rows
        shares = [f"{row.what} {alone.measured / row.measured:.2f} measured, {alone.step / row.step:.2f} predicted"
                  for row in others]
        tell(f"Link measured here: {conclusions.link_words(found.link)}, sums at {size(found.link.adding)}/s.")
        tell(f"Efficiency (weak: one rank with its share, over {counted(found.ranks, 'rank')}): {'; '.join(shares)}.")


def cells(one):
    """The cells of one prediction."""
    times = map(units.time_words, (one.computing, one.sending, one.step, one.at_best))
    return (str(one.ranks), str(one.pictures), *times, size(one.sent), f"{one.weak:.2f}", f"{one.strong:.2f}")


def drawing(found):
    """A Figure of a plan: the time of a step, bytes and efficiency of every way."""
    ways = {way: {"ranks": [one.ranks for one in column], "step": [1000 * one.step for one in column],
                  "at_best": [1000 * one.at_best for one in column], "sent": [one.sent / 1e6 for one in column],
                  "efficiency": [one.strong for one in column]}
            for way in dict.fromkeys(one.way for one in found.predictions) for column in [found.column(way)]}
    first = found.predictions[0]
    ideal = (found.ranks, [1000 * first.strong * first.step * first.ranks / ranks for ranks in found.ranks])
    pictures = f"{counted(first.batch, 'picture')} in all"
    if found.fixed == "per rank":
        ideal, pictures = None, f"{counted(first.pictures, 'picture')} a rank"
    link = conclusions.link_words(found.link)
    return plots.ranks(ways, f"{found.net}, {pictures}: a training step, predicted ({link})",
                       f"Bands: from messages that hide behind computing as well as they can to those that do not "
                       f"(the line). Efficiency: strong, beside one rank with the pictures of all. Rates "
                       f"{found.rates}.", ideal)
