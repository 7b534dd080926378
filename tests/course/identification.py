"""How well the diagnosis knows mistakes: the record. A script, not a test.

    python tests/course/identification.py [a3 ...] [--pairs 300]

Every mistake of the catalogue plays a student. Named: the diagnosis names it, and nothing else but its stated equals.
Then the same with answers rounded to float32, with the public probes alone (what a student's own check sees), with
two mistakes at once, and from fingerprints, without the solution. Right solutions in five other styles must get no
diagnosis.
"""
import argparse
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from npnet.course.grader import fingerprints
from npnet.course.grader.assignment import ids, load
from npnet.course.grader.calls import Direct
from npnet.course.grader.diagnosis import Case, diagnose, single as plays
from npnet.course.grader.diagnosis.single import Played
from npnet.course.grader.perform import namespace
from npnet.course.grader.properties import compares

STYLES = Path(__file__).parent / "styles"
KEY = "identification"


class Probes:
    """The probes of a region and the solution's answers, as a grading has them. public: without the hidden ones."""

    def __init__(self, assignment, region, public=False):
        self.assignment, self.region = assignment, region
        self.calls, self.hidden, self.tolerances = [], [], []
        for property in assignment.of(region):
            if compares(property) and not (public and property.hidden):
                made = list(assignment.calls(property, KEY))
                self.calls += made
                self.hidden += [property.hidden] * len(made)
                self.tolerances += [property.tolerance] * len(made)
        self.expected = [assignment.reference.run(call) for call in self.calls]
        self.runners, self.outcomes = {}, {}

    def played(self, case):
        """The catalogue's mistakes on these probes: the same for every student, so each is played once for all."""
        played = Played(case)
        played.runners, played.outcomes = self.runners, self.outcomes
        return played

    def diagnosis(self, run):
        """(Diagnosis or None, whether anything is wrong) of a student, who is a function of a call."""
        with np.errstate(all="ignore"), mock.patch.object(plays, "Played", self.played):
            case = Case(self.assignment, self.region, self.calls, [run(call) for call in self.calls], self.expected,
                        self.hidden, self.tolerances, run=run)
            return diagnose(case), bool(case.wrong)


def rounded(run):
    """A student whose answers are float32."""
    def called(call):
        outcome = run(call)
        return replace(outcome, value=single(outcome.value))
    return called


def single(value):
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if isinstance(value, (tuple, list)):
        return type(value)(map(single, value))
    if isinstance(value, dict):
        return {name: single(part) for name, part in value.items()}
    return value


def named(found, mistake):
    """Whether a Diagnosis names a mistake, and nothing but its equals beside it."""
    return found is not None and mistake.id in found.mistakes and set(found.mistakes) <= {mistake.id, *mistake.same}


def singles(assignment, probes, change=lambda run: run):
    """(how many are named, how many, [what was said of the others])."""
    good, misses = 0, []
    for mistake in assignment.mistakes:
        found, wrong = probes[mistake.region].diagnosis(change(assignment.mistaken(mistake).run))
        if named(found, mistake):
            good += 1
        else:
            misses.append(f"{mistake.id}: {found.step + ' ' + found.id if found else 'accepted'} "
                          f"{found.mistakes if found else ''} {'' if wrong else '(values right)'}")
    return good, len(assignment.mistakes), misses


def pairs(assignment, probes, most):
    """(at least one is named and none wrongly, all that are named are right, how many, [misses]) of pairs of mistakes
    that go together, drawn at random."""
    rng, regions = random.Random(assignment.id), {}
    for mistake in assignment.mistakes:
        regions.setdefault(mistake.region, []).append(mistake)
    every = [(a, b) for group in regions.values() for i, a in enumerate(group) for b in group[i + 1:]]
    rng.shuffle(every)
    one = exact = count = 0
    misses = []
    for a, b in every:
        if count == most:
            break
        try:
            runner = assignment.mistaken(a, b)
        except (ValueError, SyntaxError):
            continue                                # the two change the same line
        found, wrong = probes[a.region].diagnosis(runner.run)
        if not wrong:
            continue                                # the two undo each other
        count += 1
        known = set(found.mistakes) if found else set()
        one += bool(known & {a.id, b.id})
        exact += found is not None and known == {a.id, b.id}
        if not known & {a.id, b.id}:
            misses.append(f"{a.id} + {b.id}: {found and (found.step, found.id, found.mistakes)}")
    return one, exact, count, misses


def without_solution(assignment):
    """(kilobytes, named, how many have probes) from fingerprints."""
    prints, good, count = fingerprints.Fingerprints(fingerprints.table_of(assignment)), 0, 0
    size = len(__import__("json").dumps(prints.table, separators=(",", ":"), ensure_ascii=False).encode()) / 1000
    for mistake in assignment.mistakes:
        calls = [call for property in assignment.of(mistake.region) if fingerprints.fingerprinted(property)
                 for call in prints.calls(property)]
        if calls:
            runner = assignment.mistaken(mistake)
            count += 1
            good += named(prints.diagnose(mistake.region, calls, [runner.run(call) for call in calls]), mistake)
    return size, good, count


def styles(assignment, probes):
    """(diagnoses that were made, regions that were looked at) of right solutions in other styles."""
    false = count = 0
    for path in sorted(STYLES.glob("*.py")):
        direct = Direct(namespace(path.read_text("utf-8"), path.name, {}), path.name)
        for region in assignment.source.regions:
            if all(name in direct.names for name in assignment.source.regions[region].functions):
                found, wrong = probes[region].diagnosis(direct.run)
                slow = found is not None and all("loop" in id for id in found.mistakes) and found.mistakes
                count += 1
                false += found is not None and not slow
    return false, count


def record(id, most, out):
    """Prints the row of one assignment, and what was missed; the numbers of the row."""
    assignment, start = load(id), time.perf_counter()
    probes = {region: Probes(assignment, region) for region in assignment.source.regions}
    public = {region: Probes(assignment, region, public=True) for region in assignment.source.regions}
    whole, took = singles(assignment, probes), time.perf_counter()
    seconds = (took - start) / max(1, len(assignment.mistakes))
    float32, own = singles(assignment, probes, rounded), singles(assignment, public)
    both, prints, false = pairs(assignment, probes, most), without_solution(assignment), styles(assignment, probes)
    row = [whole[1], whole[0], float32[0], own[0], both[2], both[0], both[1], prints[0], prints[1], prints[2], *false]
    print(f"{id:4}" + "".join(f"{number:9.0f}" for number in row) + f"{seconds:9.2f}", file=out, flush=True)
    for title, misses in (("", whole[2]), ("float32 ", float32[2]), ("public ", own[2]), ("pair ", both[3])):
        for miss in misses:
            print(f"       {title}{miss}", file=out)
    return row


HEADS = ("mistakes", "named", "float32", "public", "pairs", "one", "both", "KB", "named", "of", "false", "of", "s each")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", help="assignments (default: all that have a catalogue)")
    parser.add_argument("--pairs", type=int, default=60, help="pairs of mistakes per assignment")
    options = parser.parse_args(arguments)
    print("    " + "".join(f"{head:>9}" for head in HEADS))
    rows = [record(id, options.pairs, sys.stdout) for id in options.ids or ids() if load(id).mistakes]
    total = np.sum(rows, axis=0)
    print("all " + "".join(f"{number:9.0f}" for number in total))
    print(f"named {total[1] / total[0]:.1%}, after float32 {total[2] / total[0]:.1%}, public probes alone "
          f"{total[3] / total[0]:.1%}; of pairs at least one {total[5] / max(total[4], 1):.1%}, both "
          f"{total[6] / max(total[4], 1):.1%}; without the solution {total[8] / total[9]:.1%}; false {total[10]:.0f}")


if __name__ == "__main__":
    main()
