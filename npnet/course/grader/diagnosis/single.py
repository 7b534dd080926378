"""D2: is the answer, on all probes, what one mistake of the catalogue gives?

Every mistake of the region is played: the solution is patched with it, and does the same calls. A mistake explains the
student's answers if its own are the same on every probe: the wrong ones, and the right ones too.
"""
import re
import time
from functools import cached_property

import numpy as np

from ..mistakes import edited
from ..source import blocks_of, regions_of
from .trial import MATCH, alike, gap, leaves, rounded

QUICK = 4                       # probes on which something is tried first
SECONDS = 3.0                   # for all mistakes of a region
CLOSER = 100                    # a mistake that is so many times further off than the best one is no explanation


class Played:
    """The catalogue's mistakes of a region, played on the calls of a case; every call at most once."""

    def __init__(self, case):
        self.case = case
        self.mistakes = [m for m in case.assignment.mistakes if m.region == case.region]
        self.runners, self.outcomes = {}, {}
        cost = [getattr(want, "seconds", 0) for want in case.expected]
        self.order = [*sorted(case.wrong, key=lambda i: cost[i]),               # the quick ones first
                      *(i for i in range(len(case.calls)) if i not in case.wrong)]

    @cached_property
    def blocks(self):
        """The blocks of the region in the solution."""
        return blocks_of(self.case.assignment.source.solution, self.case.region)

    @cached_property
    def around(self):
        """The lines of the solution, and where the blocks of the region stand in them."""
        text = self.case.assignment.source.solution
        return text.splitlines(), regions_of(text)[self.case.region].blocks

    def text(self, blocks):
        """The solution's text with other blocks in the region."""
        lines, places = self.around
        lines = list(lines)
        for (first, end), block in reversed(list(zip(places, blocks))):
            lines[first:end] = block.splitlines()
        return "\n".join(lines) + "\n"

    def runner(self, *mistakes):
        """The solution with these mistakes; None where their patches do not go together."""
        key = tuple(mistake.id for mistake in mistakes)
        if key not in self.runners:
            try:
                blocks = self.blocks
                for mistake in mistakes:
                    blocks = edited(blocks, mistake)
                self.runners[key] = self.case.assignment.run(self.text(blocks))
            except (ValueError, SyntaxError):
                self.runners[key] = None
        return self.runners[key]

    def outcome(self, i, *mistakes):
        """What these mistakes give for call i; None where they do not go together."""
        key = i, *(mistake.id for mistake in mistakes)
        if key not in self.outcomes:
            runner = self.runner(*mistakes)
            with np.errstate(all="ignore"):
                self.outcomes[key] = runner and runner.run(self.case.calls[i])
        return self.outcomes[key]

    def explains(self, i, *mistakes):
        """Whether these mistakes give what the student gave for call i. One that gives the right value explains no
        wrong one, however close the two are."""
        made = self.outcome(i, *mistakes)
        if made is None or not same_outcome(self.case.outcomes[i], made, self.case.outputs(i)):
            return False
        failure = self.case.failures[i]
        return failure is None or failure.kind == "dtype" or self.nearer(i, made)     # 55.0 where 55 must come

    def nearer(self, i, made):
        """Whether the answer to a wrong call is much nearer to the mistake's than to the right one."""
        got, want = self.case.outcomes[i], self.case.expected[i]
        if not (got.came and want.came) or got.value is None:
            return True
        names = self.case.outputs(i)
        theirs, ours, right = (leaves(outcome.value, names) for outcome in (got, made, want))
        if len(theirs) != len(right):
            return True
        if all(isinstance(a, np.ndarray) and rounded(a) and alike(a, b) for (_, a), (_, b) in zip(theirs, right)):
            return True                                 # right, as far as float32 can be
        gaps = [(gap(a, m), gap(a, b)) for (_, a), (_, m), (_, b) in zip(theirs, ours, right)]
        return max((far for far, _ in gaps), default=0) * 10 < max((far for _, far in gaps), default=0)


def same_outcome(got, made, names=()):
    """Whether two outcomes are the same: the same values, or the same exception."""
    if got.error is not None or made.error is not None:
        return same_error(got.error, made.error) and not got.stopped
    if got.stopped or made.stopped or (got.value is None) != (made.value is None):
        return bool(got.stopped) and got.stopped == made.stopped
    a, b = leaves(got.value, names), leaves(made.value, names)
    return len(a) == len(b) and all(alike(x, y) for (_, x), (_, y) in zip(a, b))


def same_error(a, b):
    """Whether two exceptions are of one kind, and tell of the same numbers."""
    if a is None or b is None or a.kind != b.kind:
        return False
    return re.findall(r"\d+", a.text) == re.findall(r"\d+", b.text)


def matching(played):
    """The mistakes that explain every probe; of those the closest, which may be several. Values come before manners."""
    case = played.case
    if not case.wrong:
        return mannered(played)
    found = [mistake for mistake in played.mistakes if all(played.explains(i, mistake) for i in played.order)]
    found = [mistake for mistake in found if any(case.outcomes[i].came for i in case.wrong)] or found
    return closest(played, found)


def closest(played, mistakes):
    """Of mistakes that all explain the answers up to rounding, those that do so best."""
    if len(mistakes) < 2:
        return mistakes
    gaps = [distance(played, mistake) for mistake in mistakes]
    limit = max(CLOSER * min(gaps), MATCH / 1000)
    return [mistake for mistake, far in zip(mistakes, gaps) if far <= limit]


def distance(played, mistake):
    """The largest distance of the student's outputs from the mistake's, as a share of their norm."""
    case, largest = played.case, 0.0
    for i in case.wrong:
        got, made = case.outcomes[i], played.outcome(i, mistake)
        if got.came and got.value is not None:
            pairs = zip(leaves(got.value), leaves(made.value))
            largest = max([largest, *(gap(a, b) for (_, a), (_, b) in pairs)])
    return largest


def unsteady(played):
    """The wrong calls that give another answer when they are done again: random numbers of the student's own."""
    case = played.case
    calls = [i for i in played.order if i in case.wrong and case.outcomes[i].came and case.run is not None]
    if not any(changes(case, i) for i in calls[:QUICK]):
        return []
    return [i for i in calls if changes(case, i)]


def changes(case, i):
    """Whether a call gives another answer when it is done again."""
    return not same_outcome(case.run(case.calls[i]), case.outcomes[i], case.outputs(i))


def as_unsteady(played, restless):
    """The mistakes that are unsteady on the same calls and explain all others; where there are none, those that are
    unsteady on the same calls. They do all calls, in the same order: what stays from one call to the next is part of
    such a mistake."""
    case, found, alone = played.case, [], []
    for mistake in played.mistakes:
        runner = case.assignment.mistaken(mistake)
        made = [runner.run(call) for call in case.calls]
        moved = [i for i in played.case.wrong if made[i].came and not same_outcome(runner.run(case.calls[i]), made[i])]
        if sorted(moved) != sorted(restless):
            continue
        alone.append(mistake)
        if all(i in moved or same_outcome(case.outcomes[i], made[i], case.outputs(i)) for i in range(len(made))):
            found.append(mistake)
    return found or alone


def mannered(played):
    """All values are right: the mistakes whose values are right too, and that do beside them what the student does."""
    case = played.case
    odd = [i for i, outcome in enumerate(case.outcomes) if manners(outcome) != manners(case.expected[i])]
    return [mistake for mistake in played.mistakes
            if odd and all(played.explains(i, mistake) and manners(played.outcome(i, mistake)) == manners(outcome)
                           for i, outcome in enumerate(case.outcomes))]


def manners(outcome):
    """What a call does beside giving a value: arguments changed, random numbers drawn."""
    return outcome.changed, outcome.global_random, outcome.drawn


def of_output(played, series):
    """The mistakes that give what the student gave for one output, on every probe, whatever the other outputs are."""
    found = []
    for mistake in played.mistakes:
        if all(gives(played, item, series, mistake) for item in series.items):
            found.append(mistake)
    return found


def gives(played, item, series, mistake):
    """Whether a mistake gives the student's answer for one output of one call, and not by being almost right."""
    made = played.outcome(item.call, mistake)
    if made is None or not made.came:
        return False
    value = dict(leaves(made.value, played.case.outputs(item.call))).get(series.name)
    if not alike(item.got, value):
        return False
    return not item.wrong or gap(item.got, value) * 10 < gap(item.got, item.want)


def partly(played):
    """[(mistake, [calls])] of mistakes that explain at least half of the wrong probes, and contradict no right one."""
    case, found, until = played.case, [], time.perf_counter() + SECONDS / 2
    for mistake in played.mistakes:
        if time.perf_counter() > until:
            break
        hits = [i for i in case.wrong if case.outcomes[i].came and telling(case.outcomes[i], case.outputs(i))
                and played.explains(i, mistake)]
        if 2 * len(hits) >= len(case.wrong) and all(
                played.explains(i, mistake) for i in range(len(case.calls)) if i not in case.wrong):
            found.append((mistake, hits))
    most = max((len(hits) for _, hits in found), default=0)
    return [(mistake, hits) for mistake, hits in found if len(hits) == most]


def telling(outcome, names=()):
    """Whether a value is large enough that two different mistakes hardly give it by accident."""
    return sum(np.size(leaf) for _, leaf in leaves(outcome.value, names) if isinstance(leaf, np.ndarray)) > 6
