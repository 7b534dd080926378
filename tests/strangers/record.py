"""The record of the checker, counted: what does it say of other people's layers, right and wrong?

    python tests/strangers/record.py                            every case
    python tests/strangers/record.py --some 0.5 --seed 3        a seeded half of the wrong ones
    python tests/strangers/record.py --style course_notes --kind conv --show
    python tests/strangers/record.py --markdown                 the table for the docs

How it is counted. A case is a text (texts/), with no mistake, one, or two; its label (planted/) was written from the
mistake, not from what the checker says of it.

right ones      passed; accused, if an array is called wrong or a cause is given; not called, if the checker asks for
                something or leaves an array unchecked.
visible ones    that a gradient check can see. flagged: the check does not pass, though the same text without the
                mistake does. A checker that raises an error has flagged only a mistake that makes the text itself
                raise, and only if its sentence names the text's file.
                cause named: flagged, and the kind of a cause that it gives is an accepted one, with its detail where
                the label has one; for an array with the mistake, where the label names arrays.
                cause or place named: that, or an accepted kind with no detail or another, or an accepted place word.
                misleading: it gives a cause, for whatever array, whose kind is not among the accepted ones.
                Of two mistakes at once, either one's labels are accepted.
others          no gradient check can see them (forward and backward are wrong together, or the input never meets
                the mistake); they are in no share, and it is said how many were noticed, by --like for instance.
"""
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import textwrap  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from multiprocessing import get_context  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from strangers_record import Case, cases  # noqa: E402

from npnet.diagnose import check_file  # noqa: E402

TARGETS = {"flagged": 98, "cause": 55, "cause or place": 75, "misleading": 1}       # %; the last is the most allowed
ALLOWED = {"accused": 0, "not called": 0}           # so many right ones at most
ANSWERS = {"accused": ("wrong",), "not called": ("refused", "unchecked")}


@dataclass
class Result:
    """What the checker said of a case. answer: passed, wrong, unchecked or refused.

    causes: {array: "kind" or "kind:detail"}; an array that is left unchecked is such a cause. places: {array: word}.
    """
    case: Case
    answer: str
    said: str
    seconds: float
    causes: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    trusted: bool = True                        # the text without the mistake passes

    @property
    def flagged(self):
        if self.answer == "refused":
            return f"{self.case.style}.py" in self.said and "raised" in {k for p in self.case.planted for k in p.kinds}
        return self.trusted and self.answer != "passed"

    @property
    def named(self):
        return self.flagged and (self.answer == "refused" or any(
            self.fits(planted, array, cause) for planted in self.case.planted for array, cause in self.causes.items()))

    @property
    def placed(self):
        return self.named or self.flagged and any(
            self.concerns(planted, array) and plain(cause).split(":")[0] in bases(planted)
            for planted in self.case.planted for array, cause in self.causes.items()) or self.flagged and any(
            self.concerns(planted, array) and word in planted.places
            for planted in self.case.planted for array, word in self.places.items())

    @property
    def misleading(self):
        accepted = {kind for planted in self.case.planted for kind in bases(planted)}
        if len(self.case.planted) == 2 and accepted & {"sign", "factor"}:
            accepted |= {"sign", "factor"}      # twice a factor is one factor
        return any(plain(cause).split(":")[0] not in accepted for cause in self.causes.values())

    def fits(self, planted, array, cause):
        """Whether a cause for an array is an accepted one, detail and all."""
        kinds = [plain(kind) for kind in planted.accepted]
        return self.concerns(planted, array) and (plain(cause) in kinds or plain(cause).split(":")[0] in kinds)

    def concerns(self, planted, array):
        """Whether an array, as the checker calls it, is one that the label names; "" is the whole layer."""
        names = [letters(name) for name in planted.arrays]
        return not names or not array or any(letters(array).endswith(name) for name in names)


def letters(name):
    return "".join(letter for letter in name if letter.isalnum() or letter == "_")


def plain(cause):
    """'factor:1/N*P*Q' of 'factor:1/(N*P*Q)': without brackets and blanks."""
    kind, _, detail = cause.partition(":")
    detail = "".join(letter for letter in detail if letter not in " ()")
    return f"{kind}:{detail}" if detail else kind


def bases(planted):
    return {kind.split(":")[0] for kind in planted.accepted}


# ------------------------------------------------------------------------------- asking the checker

def examine(case):
    """The Result of a case. Its file is written, run and checked as the command line would."""
    subject = case.subject
    options = {"param": subject.param, "train": subject.train, "labels": subject.labels, "like": case.like,
               "entries": subject.entries}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.random.seed(0)
        try:
            found = check_file(str(case.write(folder)), subject.expression, subject.shapes, **options)
        except Exception as error:              # whatever it is, it goes into the record
            said = f"{type(error).__name__}: {error}".replace(folder, "")
            return Result(case, "refused", said, time.perf_counter() - start)
        return told(case, found, time.perf_counter() - start)


def told(case, examination, seconds):
    """The Result of an Examination (or of a plain Report)."""
    causes = {name: f"{cause.kind}:{cause.detail}" if cause.detail else cause.kind
              for name, cause in getattr(examination, "causes", {}).items()}
    places = {name: place if isinstance(place, str) else place[1]
              for name, place in getattr(examination, "places", {}).items()}
    unchecked = getattr(examination, "unchecked", {})
    rows = getattr(examination, "rows", None) or []
    if examination.ok:
        answer = "passed"
    elif causes or any(row.verdict == "wrong" or row.verdict == "look" and row.checked for row in rows):
        answer = "wrong"
    else:
        answer = "unchecked" if unchecked else "wrong"
    if answer != "passed":
        causes |= {name: "unchecked" for name in unchecked if name not in causes}
    return Result(case, answer, str(examination), seconds, causes, places)


def run(chosen, jobs=1, say=lambda result: None):
    """The Results of cases, in their order; those without a mistake decide whether the others are trusted."""
    chosen = with_the_right_ones(chosen)
    if jobs == 1:
        results = [said_aloud(examine(case), say) for case in chosen]
    else:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            results = [said_aloud(result, say) for result in pool.map(examine, chosen, chunksize=4)]
    passed = {result.case.address[:2] for result in results if result.case.right and result.answer == "passed"}
    for result in results:
        result.trusted = result.case.address[:2] in passed
    return results


def said_aloud(result, say):
    say(result)
    return result


def with_the_right_ones(chosen):
    """The cases, and for each subject the text without a mistake."""
    needed = {case.address[:2]: None for case in chosen}
    have = {case.address for case in chosen}
    return [Case((*address, ())) for address in needed if (*address, ()) not in have] + list(chosen)


# ------------------------------------------------------------------------------- counting

@dataclass
class Count:
    """The numbers of a group of results."""
    results: list

    def __post_init__(self):
        self.right = [result for result in self.results if result.case.right]
        self.seen = [result for result in self.results if result.case.visible]
        self.others = [result for result in self.results if not result.case.right and not result.case.visible]

    def answers(self, *words):
        return sum(result.answer in words for result in self.right)

    def shares(self):
        """{"flagged": %, ...} of the visible mistakes."""
        counts = {"flagged": "flagged", "cause": "named", "cause or place": "placed", "misleading": "misleading"}
        return {name: 100 * sum(getattr(result, word) for result in self.seen) / max(1, len(self.seen))
                for name, word in counts.items()}

    def cells(self):
        seconds = sorted(result.seconds for result in self.results)
        shares = [f"{share:.0f} %" if self.seen else "" for share in self.shares().values()]
        return [len(self.right), self.answers("wrong"), self.answers("refused", "unchecked"), len(self.seen), *shares,
                f"{seconds[len(seconds) // 2]:.1f}", f"{seconds[-1]:.1f}"]


HEAD = ["", "right", "accused", "not called", "mistakes", "flagged", "cause", "cause or place", "misleading",
        "median s", "longest s"]


def table(results):
    """Rows of cells: all, each kind of layer, each style, and pairs."""
    rows = [["all", *Count(results).cells()]]
    for title, key in (("layer", lambda result: result.case.subject.kind), ("style", lambda result: result.case.style)):
        for name in sorted({key(result) for result in results}):
            rows.append([f"{title}: {name}", *Count([result for result in results if key(result) == name]).cells()])
    pairs = [result for result in results if len(result.case.planted) == 2]
    return rows + ([["two mistakes", *Count(pairs).cells()]] if pairs else [])


def as_text(rows):
    widths = [max(len(str(row[i])) for row in [HEAD, *rows]) for i in range(len(HEAD))]
    return "\n".join("  ".join(str(cell).rjust(width) if i else str(cell).ljust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) for row in [HEAD, *rows])


def as_markdown(rows):
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def missed(results):
    """Sentences on the targets that are missed."""
    count, found = Count(results), []
    for word, most in ALLOWED.items():
        names = [result.case.name for result in count.right if result.answer in ANSWERS[word]]
        if len(names) > most:
            found.append(f"{len(names)} right ones are {word}, {most} are allowed: {'; '.join(names)}")
    for name, share in count.shares().items() if count.seen else ():
        bad = share > TARGETS[name] if name == "misleading" else share < TARGETS[name]
        if bad:
            found.append(f"{name}: {share:.1f} %, the target is {TARGETS[name]} %")
    return found


def notes(results):
    """What the checker said of right ones that did not pass, and of mistakes that it did not name."""
    for result in results:
        case = result.case
        if case.right and result.answer != "passed":
            head = "ACCUSED" if result.answer == "wrong" else "NOT CALLED"
        elif case.right or not case.visible:
            continue
        else:
            head = ("MISLEADING" if result.misleading else "NOT FLAGGED" if not result.flagged else "" if result.named
                    else "PLACE ONLY" if result.placed else "NOT NAMED")
        if head:
            kinds = "; ".join(", ".join([*planted.kinds, *planted.places]) for planted in case.planted)
            said = ", ".join(f"{name or 'layer'}: {word}" for name, word in {**result.places, **result.causes}.items())
            yield (f"{head}  {case.name}\n    truth: {kinds or 'right'}\n    given: {said or result.answer}\n"
                   + textwrap.indent(result.said, "        "))


# ------------------------------------------------------------------------------- the command

def options_of(arguments):
    parser = argparse.ArgumentParser(description="Counts what the checker says of right and wrong layers.")
    parser.add_argument("--some", type=float, default=1.0, metavar="0.5",
                        help="a seeded share of the wrong ones; how many, if it is more than 1")
    parser.add_argument("--seed", type=int, default=0, help="of the share and of the pairs")
    parser.add_argument("--pairs", type=int, default=8, help="of mistakes at once, for each style")
    parser.add_argument("--style", action="append", help="only this style; several times for several")
    parser.add_argument("--kind", action="append", help="only layers of this kind (conv, pool, lrn ...)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what was said where it was not the cause")
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    return parser.parse_args(arguments)


def chosen_cases(some=1.0, seed=0, pairs=8, style=None, kind=None):
    """The cases of some styles and kinds of layers; of the wrong ones a seeded share (or number, if above 1)."""
    found = [case for case in cases(style, pairs, seed) if not kind or case.subject.kind in kind]
    wrong = [case for case in found if not case.right]
    kept = {case.address for case in random.Random(seed).sample(wrong, round(some if some > 1 else some * len(wrong)))}
    return [case for case in found if case.right and some == 1 or case.address in kept]


def dot(result):
    """Shows on a terminal that work goes on."""
    print(".", end="", file=sys.stderr, flush=True)


def main(arguments=None):
    """Prints the table; 1 if a target is missed, or a right one is accused or not called."""
    options = options_of(arguments)
    chosen = chosen_cases(options.some, options.seed, options.pairs, options.style, options.kind)
    start = time.perf_counter()
    results = run(chosen, options.jobs, dot if sys.stderr.isatty() else lambda result: None)
    rows = table(results)
    if options.show:
        print("\n".join(notes(results)), end="\n\n")
    print(as_markdown(rows) if options.markdown else as_text(rows))
    others = Count(results).others
    print(f"\n{len(results)} cases in {time.perf_counter() - start:.0f} s; {len(others)} more mistakes no gradient check "
          f"can see, {sum(result.answer != 'passed' for result in others)} of them noticed")
    failures = missed(results)
    for sentence in failures:
        print(sentence)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
