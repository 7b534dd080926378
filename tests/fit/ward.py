"""The ward: trainings with one planted fault and healthy ones, and what the doctor says of each, counted.

    python tests/fit/ward.py                        all, three seeds each
    python tests/fit/ward.py --only dw-sign --all   one training (or all whose name holds this), with its remarks
    python tests/fit/ward.py --some 20 --seed 7     a share drawn by a seed
    python tests/fit/ward.py --seeds 1 --course     how the losses went: is it ill at all?

Verdicts of an ill training: first (the leading cause of the first remark is the planted one), named (the planted
one is among the causes of a remark), symptom (remarks that say what is seen, and not why), nothing, other (causes,
none of them the planted one), ERROR (the doctor raised it). FALSE is counted beside these, for a leading cause that
is neither planted nor true beside it, or advice that is the opposite of the remedy. Of a healthy training any remark
is an alarm.
"""
import argparse
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

SYMPTOMS = ("", "stuck", "grows", "nan-overflow", "class-never", "one-answer")      # say what is seen, and not why
AT_MOST = 3                                 # causes of one remark that count


class Seen(NamedTuple):
    """One training and what was heard of it."""

    patient: object
    seed: int
    verdict: str
    false: str              # the name that was false, or ""
    placed: object          # whether the finding points at the right layer; None where that is not asked
    names: list
    seconds: float
    heard: list


def names_of(remark):
    """The names of a remark's causes, the leading one first; its own name where there are none."""
    names = [cause.name for cause in getattr(remark, "causes", ())][:AT_MOST]
    return names or [getattr(remark, "name", "")]


def judged(patient, seed, heard, seconds=0.0):
    """What a script that knows the planted fault says of the remarks."""
    if isinstance(heard, Exception):
        return Seen(patient, seed, "ERROR", "", None, [f"{type(heard).__name__}: {heard}"], seconds, [])
    lists = [names_of(remark) for _, remark in heard]
    names = list(dict.fromkeys(name for some in lists for name in some))
    if not getattr(patient, "planted", None):
        return Seen(patient, seed, "ALARM" if heard else "silent", "", None, names, seconds, heard)
    right = {*patient.planted, *patient.also, *SYMPTOMS}
    wrong = [some[0] for some in lists if some[0] not in right]
    wrong += [name for name in names if name in patient.against]
    return Seen(patient, seed, verdict(patient, lists, names), wrong[0] if wrong else "", placed(patient, heard), names,
                seconds, heard)


def verdict(patient, lists, names):
    """first, named, other, symptom or nothing."""
    if not lists:
        return "nothing"
    if lists[0][0] in patient.planted:
        return "first"
    if set(names) & set(patient.planted):
        return "named"
    return "other" if set(names) - set(SYMPTOMS) else "symptom"


def placed(patient, heard):
    """Whether the planted cause was found at the right layer; None where that is not asked, or it was not found."""
    found = [cause.where for _, remark in heard for cause in getattr(remark, "causes", ())
             if cause.name in patient.planted]
    if not patient.where or not found:
        return None
    return any(name in str(where).replace(",", " ").split() for where in found for name in patient.where)


def taken(patient, seed):
    """Trains one, and judges it. What the doctor raises is an error of his, and is counted."""
    start = time.perf_counter()
    try:
        heard = patient.run(seed)
    except Exception as error:
        heard = error
    return judged(patient, seed, heard, time.perf_counter() - start)


# ------------------------------------------------------------------------ which

def ill():
    """All with a planted fault; those that need the reference data only where these are."""
    from ward_sick import SICK
    return [patient for patient in SICK if os.environ.get("NPNET_REFERENCE") or not patient.reference]


def healthy():
    """All healthy ones: ward_healthy.HEALTHY."""
    try:
        from ward_healthy import HEALTHY
    except ModuleNotFoundError:
        return []
    return list(HEALTHY)


def others():
    """Those through fit, a recipe and the command line, ill and healthy, the public complaints, and those that were
    planted by another."""
    from ward_fit import FIT
    from ward_public import PUBLIC
    from ward_unseen import UNSEEN
    return [*FIT, *PUBLIC, *UNSEEN]


def drawn(pairs, some, seed):
    """So many (patient, seed) of these, drawn by a seed; all where `some` is None."""
    if some is None or some >= len(pairs):
        return pairs
    chosen = np.random.default_rng(seed).choice(len(pairs), some, replace=False)
    return [pairs[index] for index in sorted(chosen)]


def chosen(only=None, seeds=3, some=None, seed=0):
    """The (patient, seed) to take."""
    every = [patient for patient in [*ill(), *healthy(), *others()] if only is None or only in patient.name]
    return drawn([(patient, number) for patient in every for number in range(seeds)], some, seed)


# ------------------------------------------------------------------------ what is printed

def line(seen):
    """One line of at most 80 columns."""
    name = f"{seen.patient.name} {seen.seed}"
    place = {None: "", True: "", False: " (elsewhere)"}[seen.placed]
    false = f" FALSE: {seen.false}" if seen.false else ""
    heard = ", ".join(name or "?" for name in seen.names)
    return f"{name:31.31} {seen.verdict + place + false:24} {heard}"[:80].rstrip()


def share(count, of):
    return f"{count} of {of} ({count / max(of, 1):.1%})"


def sums(every):
    """The figures of all, as lines."""
    sick = [seen for seen in every if getattr(seen.patient, "planted", None)]
    well = [seen for seen in every if not getattr(seen.patient, "planted", None)]
    counts = {what: sum(seen.verdict == what for seen in sick)
              for what in ("first", "named", "other", "symptom", "nothing", "ERROR")}
    places = [seen.placed for seen in sick if seen.placed is not None]
    return [f"named   {share(counts['first'] + counts['named'], len(sick))}",
            f"first   {share(counts['first'], len(sick))}",
            f"false   {share(sum(bool(seen.false) for seen in sick), len(sick))}",
            f"alarms  {share(sum(seen.verdict == 'ALARM' for seen in well), len(well))}",
            f"layers  {share(sum(places), len(places))} point at the right layer",
            "else    " + ", ".join(f"{what} {counts[what]}" for what in ("other", "symptom", "nothing", "ERROR")),
            f"errors in healthy ones: {sum(seen.verdict == 'ERROR' for seen in well)}; "
            f"{sum(seen.seconds for seen in every):.0f} s"]


def by_kind(every):
    """One line for each kind: named, first, false."""
    lines = []
    for kind in dict.fromkeys(getattr(seen.patient, "kind", None) for seen in every):
        some = [seen for seen in every if getattr(seen.patient, "kind", None) == kind and
                getattr(seen.patient, "planted", None)]
        if some:
            named = sum(seen.verdict in ("first", "named") for seen in some)
            first, false = sum(seen.verdict == "first" for seen in some), sum(bool(seen.false) for seen in some)
            lines.append(f"kind {kind!s:8} named {named:3} of {len(some):3}   first {first:3}   false {false:3}")
    return lines


def course(seen):
    """How the losses went, a line."""
    rows = getattr(seen.heard, "course", [])
    if not rows:
        return f"{seen.patient.name} {seen.seed}: no course"
    held = "" if rows[-1][2] is None else f"  held out {rows[-1][2]:.3g} {rows[-1][3]:.0%}"
    return (f"{seen.patient.name + ' ' + str(seen.seed):31} first {rows[0][4]:.3g}, epochs "
            + " ".join(f"{row[0]:.3g}" for row in rows[:: max(1, len(rows) // 4)])
            + f"  right {rows[-1][1]:.0%}{held}  {seen.seconds:.2f} s")


def shown(seen, remarks=False, losses=False):
    """Prints one training."""
    print(course(seen) if losses else line(seen), flush=True)
    for when, remark in seen.heard if remarks else ():
        print(f"    {when}: {remark}")


def main():
    options = argparse.ArgumentParser(description="what the doctor says of trainings whose fault is known")
    options.add_argument("--only", help="trainings whose name holds this")
    options.add_argument("--seeds", type=int, default=3, help="how many of each (3)")
    options.add_argument("--some", type=int, help="so many of all, drawn")
    options.add_argument("--seed", type=int, default=0, help="of that draw (0)")
    options.add_argument("--all", action="store_true", help="print the remarks, too")
    options.add_argument("--course", action="store_true", help="print how the losses went")
    options.add_argument("--ill", action="store_true", help="only those with a planted fault")
    options.add_argument("--failing", action="store_true", help="print only those that are not as they should be")
    given = options.parse_args()

    import npnet
    npnet.use("numpy")
    every = []
    for patient, seed in chosen(given.only, given.seeds, given.some, given.seed):
        if given.ill and not getattr(patient, "planted", None):
            continue
        every.append(taken(patient, seed))
        good = every[-1].verdict in ("first", "named", "silent") and not every[-1].false
        if not (given.failing and good):
            shown(every[-1], given.all, given.course)
    print("\n".join([""] + by_kind(every) + sums(every)))


if __name__ == "__main__":
    main()
