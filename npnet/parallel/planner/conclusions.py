"""What a plan says in words: its assumptions, where the time goes, which way is quickest, where efficiency falls."""
import math

from ...screen import counted, duration, listed, percent, size
from .units import bandwidth_words, latency_words
from .ways import DATA, TRICK

LIMITS = (0.9, 0.5)
LITTLE = 0.05                   # of a step: what takes less is no bottleneck


def assumptions(plan):
    """Sentences: what was put in, and what is left out."""
    link, kind = plan.link, {"mpich": "as MPICH does (Rabenseifner)", "ring": "around a ring"}[plan.allreduce]
    adding = f"at {size(link.adding)}/s" if link.adding < math.inf else "in no time"
    return [f"Rates {plan.rates}.",
            f"Link of every rank: {link_words(link)}; gradients are summed {kind}, the sums {adding}.",
            "step: nothing overlaps; at best: gradients travel while earlier layers are still computed. weak: one "
            "rank with its share of the pictures, compared with this step; strong: one rank with the whole batch, "
            "compared with N such steps. Ranks are taken not to disturb each other."]


def link_words(link):
    """"10 Gbit/s each way, 50 us a message"."""
    return f"{bandwidth_words(link.bandwidth)} each way, {latency_words(link.latency)} a message"


def conclusions(plan):
    """Sentences: the bottleneck, the quickest way, where efficiency falls below 0.9 and 0.5."""
    said = [bottleneck(plan), *quickest(plan), *(falls(plan, way) for way in ways_of(plan)), scheme(plan)]
    return [sentence for sentence in said if sentence]


def ways_of(plan):
    """The ways that have predictions for more than one rank."""
    return list(dict.fromkeys(one.way for one in plan.predictions if one.ranks > 1))


def bottleneck(plan):
    """Where the time of data-parallel training goes on the most ranks."""
    found = [one for one in plan.column(DATA) if one.ranks > 1]
    if not found:
        return ""
    last = found[-1]
    others = sum(seconds for what, seconds, _ in last.messages if not what.startswith("gradient"))
    share = (last.sending - others) / last.step
    said = (f"Data-parallel on {counted(last.ranks, 'rank')}: {percent(share, 0)} of the step is the sum of the "
            f"gradients (each rank has {size(4 * plan.parameters)} of them")
    if plan.dense > plan.parameters / 2:
        said += f"; {plan.dense / 1e6:.3g} of {plan.parameters / 1e6:.3g} million are those of the dense layers"
    return said + (")." if share >= LITTLE else "), which hardly matters.")


def quickest(plan):
    """Which way has the shortest step on which ranks, runs of the same answer together."""
    runs = []
    for ranks in [one for one in plan.ranks if one > 1]:
        best = plan.quickest(ranks)
        if runs and runs[-1][-1].way == best.way:
            runs[-1].append(best)
        else:
            runs.append([best])
    for run in runs:
        places = f"{run[0].ranks} to {run[-1].ranks}" if len(run) > 1 else f"{run[0].ranks}"
        others = [one for one in plan.predictions if one.ranks == run[-1].ranks and one.way != run[-1].way]
        beside = "".join(f", {other.way} {duration(other.step)}" for other in others)
        yield (f"Quickest on {places} ranks: {run[-1].way}, {duration(run[-1].step)} a step on {run[-1].ranks}"
               f"{beside}.")


def falls(plan, way):
    """From how many ranks on the strong efficiency of one way is below 0.9 and below 0.5."""
    column = [one for one in plan.column(way) if one.ranks > 1]
    if len(column) == 1:
        return f"{start(way)}: efficiency {column[0].strong:.2f} on {counted(column[0].ranks, 'rank')}."
    places = [(limit, plan.below(way, limit)) for limit in LIMITS]
    if places[0][1] is None:
        return f"{start(way)}: efficiency stays at {LIMITS[0]} or above up to {column[-1].ranks} ranks."
    if places[0][1] == places[1][1]:
        places = places[1:]
    found = [f"below {limit} from {place} ranks on" for limit, place in places if place]
    if places[-1][1] is None:
        found.append(f"never below {LIMITS[1]}")
    return f"{start(way)}: efficiency (strong) is {' and '.join(found)}."


def start(way):
    """The name of a way at the start of a sentence."""
    return way[0].upper() + way[1:]


def scheme(plan):
    """Which of the paper's schemes is meant."""
    found = list(dict.fromkeys(one.scheme for one in plan.column(TRICK) if one.scheme))
    if not found:
        return ""
    return (f"One weird trick: of the paper's schemes (a), (b), (c), which send the same bytes, "
            f"({listed(found)}) is the shortest without overlap.")
