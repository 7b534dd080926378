"""Which submissions are alike: what students wrote, compared by runs of tokens that do not depend on names.

    for pair in pairs({"kim": text, "lee": text, ...}, assignment.source):
        print(pair.first, pair.second, pair.share, pair.lines)

Each text is cut into tokens; names of variables become one token, comments and spaces vanish. Runs of RUN tokens are
hashed; of each WINDOW of hashes the smallest is kept (Schleimer, Wilkerson and Aiken, "Winnowing", 2003), so that
every common run of RUN + WINDOW - 1 tokens is found. What the starter has, and what many students have, does not count.

A high share is a reason to read both texts, and never a proof: short functions have few right forms.
"""
import builtins
import hashlib
import io
import keyword
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

from .grader.source import regions_of

RUN, WINDOW = 12, 8
COMMON = 0.5                        # what this share of the class has (of five students or more) is nobody's idea
FEW = 5
LEAST = 4                           # fingerprints in common, below which nothing is said
KEPT = {"np", "numpy", "range", "len", "zip", "enumerate", *dir(builtins)}        # names that say what is done


@dataclass
class Pair:
    """Two submissions: the share of the smaller one's fingerprints that both have, how many these are, and where:
    [(line of the first, line of the second)]."""

    first: str
    second: str
    share: float
    common: int
    lines: list = field(default_factory=list)


def pairs(texts, source, least=0.3):
    """The Pairs whose share is `least` or more, the most alike first. texts: {student: the student's file}."""
    base = set(fingerprints(written_by(source.starter())))
    prints = {student: {code: line for code, line in fingerprints(written_by(text)).items() if code not in base}
              for student, text in texts.items()}
    counts = Counter(code for found in prints.values() for code in found)
    if len(texts) >= FEW:
        often = {code for code, count in counts.items() if count > COMMON * len(texts)}
        prints = {student: {code: line for code, line in found.items() if code not in often}
                  for student, found in prints.items()}
    found = [compared(*two, prints) for two in combinations(sorted(prints), 2)]
    found = [pair for pair in found if pair.common >= LEAST and pair.share >= least]
    return sorted(found, key=lambda pair: (-pair.share, -pair.common, pair.first, pair.second))


def compared(first, second, prints):
    """The Pair of two students."""
    a, b = prints[first], prints[second]
    common = sorted(a.keys() & b.keys(), key=a.get)
    share = len(common) / max(min(len(a), len(b)), 1)
    return Pair(first, second, share, len(common), [(a[code], b[code]) for code in common])


def written_by(text):
    """[(line number, line)] of what stands between the markers; all lines of a text without markers."""
    lines = text.splitlines()
    try:
        blocks = [block for region in regions_of(text).values() for block in region.blocks]
    except ValueError:
        blocks = []
    if not blocks:
        return list(enumerate(lines, 1))
    return [(number + 1, lines[number]) for first, end in sorted(blocks) for number in range(first, end)]


def fingerprints(lines):
    """{hash: line number} of [(line number, line)], winnowed."""
    found = tokens(lines)
    hashes = [(hashed([token for token, _ in found[i:i + RUN]]), found[i][1]) for i in range(len(found) - RUN + 1)]
    kept = {}
    for i in range(max(len(hashes) - WINDOW + 1, min(len(hashes), 1))):
        code, line = min(hashes[i:i + WINDOW])
        kept.setdefault(code, line)
    return kept


def hashed(run):
    """A number for a run of tokens, the same in every process."""
    return int.from_bytes(hashlib.blake2b("\0".join(run).encode(), digest_size=8).digest(), "little")


def tokens(lines):
    """[(token, line number)]. Names of the student's choice are one token, "v"; numbers, words of the language, and
    methods (what follows a dot) stay. A text that cannot be cut is taken as far as it goes."""
    numbers = [number for number, _ in lines]
    text = "\n".join(line for _, line in lines) + "\n"
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(dedented(text)).readline):
            if token.type == tokenize.NAME:
                known = keyword.iskeyword(token.string) or token.string in KEPT or found[-1:] and found[-1][0] == "."
                found.append((token.string if known else "v", numbers[token.start[0] - 1]))
            elif token.type in (tokenize.OP, tokenize.NUMBER):
                found.append((token.string, numbers[token.start[0] - 1]))
            elif token.type == tokenize.STRING:
                found.append(("s", numbers[token.start[0] - 1]))
    except (tokenize.TokenError, IndentationError, SyntaxError, IndexError):
        pass
    return found


def dedented(text):
    """The text with every line at the margin: blocks of several functions would not fit together."""
    return "\n".join(line.strip() for line in text.splitlines()) + "\n"
