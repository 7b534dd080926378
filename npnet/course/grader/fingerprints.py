"""Fingerprints: what the diagnosis needs of solution and mistakes, in numbers from which no solution can be read.

An output is replaced by its shape, its norm and 12 sums of its numbers with signs + and - drawn once and for ever. Two
outputs with equal sums are equal, for all practical purposes; a multiple has the same multiple of the sums. For a
handout without solution (a teacher's private one) a file aN.fp.json holds the fingerprints of all public probes:

    write(assignment, "a3.fp.json")
    prints = read("a3.fp.json")
    calls = prints.calls(property)                  # with the arguments that come from the solution
    prints.right(region, calls, outcomes)           # which of its properties hold
    prints.diagnose(region, calls, outcomes)        # D1, D2, D3 (factors), D4

13 equations do not tell 500 numbers, but they do tell 12. Small outputs of one function are therefore joined over all
probes of a region. Where even that is little, they are sealed: a slow hash of their first 4 digits (of whole numbers,
all digits) can be compared, and not be turned round. Three numbers or fewer are not kept at all; their shape is, and
nobody is judged by it.
"""
import base64
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from types import SimpleNamespace

import numpy as np

from .draws import Draw
from .mistakes import Mistake
from .properties import compares, single

MARKS = 12
SMALL = 2 * MARKS               # an output with so many numbers, or fewer, is not kept by itself
FEW = 3                         # so few numbers could be guessed one by one, even behind a hash
TURNS = 50_000                  # of the hash: about 20 milliseconds
PAIRS = 3                       # marks that are kept of two mistakes at once
VERSION = 1


@lru_cache(maxsize=256)
def signs(size, number=MARKS):
    """(number, size) of +1 and -1: the same for ever."""
    bits = Draw(f"fingerprint/{size}").words(-(-number * size // 64)).astype("<u8").view(np.uint8)
    return np.unpackbits(bits)[:number * size].reshape(number, size) * 2.0 - 1


@dataclass
class Print:
    """The fingerprint of one output. odd: how many numbers are NaN, infinite, minus infinite; those count as 0.
    norm is None where nothing but the shape is kept, or a seal in the place of the numbers."""

    shape: tuple
    kind: str
    norm: float = None
    odd: tuple = (0, 0, 0)
    marks: list = field(default_factory=list)
    seal: str = ""
    single: bool = False        # computed in float32: compared less strictly

    def data(self, digits=9):
        """As it stands in the file."""
        if self.norm is None:
            return [list(self.shape), self.kind] + ([self.seal] if self.seal else [])
        return [list(self.shape), self.kind, short(self.norm, digits), list(self.odd),
                [short(mark, digits) for mark in self.marks]]


def short(number, digits):
    """A number with so many digits; whole numbers without a point."""
    rounded = float(f"{number:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def print_of(array):
    """The Print of an array; None for what is no array of numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        return None
    numbers = array.astype(np.float64).ravel()
    numbers = np.where(np.abs(numbers) > 1e150, np.copysign(np.inf, numbers), numbers)      # their squares would be
    odd = tuple(int(mask.sum()) for mask in (np.isnan(numbers), numbers == np.inf, numbers == -np.inf))
    numbers = np.where(np.isfinite(numbers), numbers, 0)
    with np.errstate(all="ignore"):
        return Print(array.shape, array.dtype.kind, float(np.linalg.norm(numbers)), odd,
                     (signs(numbers.size) @ numbers).tolist(), array.dtype.kind == "f" and single(array))


def sealed(numbers):
    """A Print of few numbers that can be compared with others, and not be turned round. Only shapes of fewer still."""
    if numbers.size <= FEW:
        return Print((), "f")
    digits = [str(int(number)) if number == np.floor(number) and abs(number) < 1e15 else f"{number:.4g}"
              for number in numbers.astype(np.float64)]
    return Print((), "f", seal=slow_hash(" ".join(digits)))


@lru_cache(maxsize=4096)
def slow_hash(text):
    """A hash that takes its time, so that nobody tries all texts."""
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"npnet course", TURNS)[:9].hex()


def like(a, b, tolerance=1e-6):
    """Whether two Prints are of the same output, up to rounding."""
    if a is None or b is None or tuple(a.shape) != tuple(b.shape):
        return False
    if a.norm is None or b.norm is None:
        return a.seal == b.seal                 # "" where only the shape is known
    tolerance = max(tolerance, 1e-5) if a.single else tolerance
    gaps = np.abs(np.subtract([a.norm, *a.marks], [b.norm, *b.marks]))
    return a.odd == tuple(b.odd) and bool((gaps <= 4 * tolerance * max(b.norm, 1e-300)).all())


# ---------------------------------------------------------------------------- of all calls of a region

@dataclass
class Prints:
    """Fingerprints of the answers to all calls of a region: for every call {output: Print}, or the kind of its
    exception; and of small outputs that were joined: {"function/output": Print}."""

    calls: list
    joined: dict = field(default_factory=dict)


def prints_of(calls, outcomes, names, small, seal=True):
    """The Prints of what came of the calls. names: {function: outputs}; small: of which outputs (number of the call,
    name) the numbers are joined; seal: whether those that are few even so are sealed."""
    from .diagnosis.trial import leaves
    found, numbers, texts = [], {}, {}
    for i, (call, outcome) in enumerate(zip(calls, outcomes)):
        if not outcome.came or outcome.value is None:
            found.append(outcome.stopped or (outcome.error.kind if outcome.error else "None"))
            continue
        table = {}
        for name, part in leaves(outcome.value, names.get(call.function, ())):
            made = print_of(part)
            if made is None:                                    # text, None
                texts.setdefault(f"{call.function}/text", []).append(f"{name}={part!r}")
                made = Print((), "text")
            elif (i, name) in small:
                numbers.setdefault(joint(call.function, name, names), []).append(np.asarray(part).ravel())
                made = Print(made.shape, made.kind)
            table[name] = made
        found.append(table)
    joined = {key: np.concatenate(parts) for key, parts in numbers.items()}
    return Prints(found, {
        **{key: print_of(part) if part.size > SMALL else sealed(part) if seal else Print((), "f")
           for key, part in joined.items()},
        **{key: Print((), "text", seal=slow_hash("; ".join(parts)) if seal else "") for key, parts in texts.items()}})


def joint(function, name, names):
    """Under which key small outputs of a function are joined: each output by itself, parts of a dictionary together."""
    return f"{function}/{name if name in names.get(function, ()) else ''}"


def small_outputs(calls, expected, names):
    """{(number of the call, output)} of answers of so few numbers that their fingerprints would tell them."""
    from .diagnosis.trial import leaves
    return {(i, name) for i, (call, outcome) in enumerate(zip(calls, expected))
            for name, part in leaves(outcome.value, names.get(call.function, ())) if np.size(part) <= SMALL}


def same(a, b, tolerance=1e-6):
    """Whether two Prints of a region are the same."""
    for x, y in zip(a.calls, b.calls):
        if isinstance(x, str) or isinstance(y, str):
            if x != y:
                return False
        elif x.keys() != y.keys() or not all(like(x[name], y[name], tolerance) for name in x):
            return False
    return a.joined.keys() == b.joined.keys() and all(like(a.joined[key], b.joined[key], tolerance) for key in a.joined)


def data_of(prints, right=None):
    """Prints as JSON; a call whose answer is the right one is 0."""
    calls = [0 if right and same(Prints([x]), Prints([y]), 1e-9) else
             x if isinstance(x, str) else {name: made.data(9 if right else 13) for name, made in x.items()}
             for x, y in zip(prints.calls, right.calls if right else prints.calls)]
    return {"calls": calls, "joined": {key: made.data(9 if right else 13) for key, made in prints.joined.items()}}


def prints_from(data, right=None):
    """Prints of what data_of made."""
    calls = [right.calls[i] if x == 0 else x if isinstance(x, str) else
             {name: print_from(made) for name, made in x.items()} for i, x in enumerate(data["calls"])]
    return Prints(calls, {key: print_from(made) for key, made in data["joined"].items()})


def print_from(data):
    """The Print of its data."""
    shape, kind, *rest = data
    if len(rest) < 2:
        return Print(tuple(shape), kind, seal="".join(rest))
    return Print(tuple(shape), kind, rest[0], tuple(rest[1]), rest[2])


# ---------------------------------------------------------------------------- the file

def fingerprinted(property):
    """Whether a property is told from fingerprints: a public one that compares with the solution."""
    return not property.hidden and compares(property)


def joints(function, table, names):
    """The keys under which outputs of a call were joined."""
    return {f"{function}/text" if part.kind == "text" else joint(function, name, names)
            for name, part in table.items() if part.norm is None}


class Recorder(dict):
    """The solution's functions, which write down what they give."""

    def __init__(self, parts):
        super().__init__(parts)
        self.given = []

    def __getitem__(self, name):
        function = super().__getitem__(name)

        def called(*arguments):
            value = function(*arguments)
            self.given.append(value)
            return value
        return called


class Replay:
    """What the solution's functions gave, in the same order, without the solution."""

    def __init__(self, given):
        self.given = iter(given)

    def __getitem__(self, name):
        return lambda *arguments: next(self.given)

    __getattr__ = __getitem__


def packed(value):
    """A value as JSON: arrays with their dtype."""
    if isinstance(value, np.ndarray):
        return {"array": base64.b64encode(zlib.compress(value.tobytes())).decode(), "dtype": value.dtype.str,
                "shape": list(value.shape)}
    if isinstance(value, (tuple, list)):
        return {"tuple": [packed(part) for part in value]}
    if isinstance(value, dict):
        return {"dict": {name: packed(part) for name, part in value.items()}}
    return value.item() if isinstance(value, np.generic) else value


def unpacked(value):
    """The value that packed made JSON of."""
    if isinstance(value, dict) and "array" in value:
        numbers = np.frombuffer(zlib.decompress(base64.b64decode(value["array"])), value["dtype"])
        return numbers.reshape(value["shape"]).copy()
    if isinstance(value, dict) and "tuple" in value:
        return tuple(unpacked(part) for part in value["tuple"])
    if isinstance(value, dict) and "dict" in value:
        return {name: unpacked(part) for name, part in value["dict"].items()}
    return value


def table_of(assignment, pairs=True):
    """The contents of an aN.fp.json."""
    given, regions = {}, {}
    for id in assignment.source.regions:
        calls, of = [], []
        for property in filter(fingerprinted, assignment.of(id)):
            recorder = Recorder(assignment.parts)
            made = property.calls(Draw("public").part(property.id), recorder)
            given[property.id] = [packed(value) for value in recorder.given]
            calls, of = calls + list(made), of + [property.id] * len(made)
        if calls:
            regions[id] = region_table(assignment, id, calls, of, pairs)
    return {"version": VERSION, "assignment": assignment.id, "outputs": {name: list(outputs) for name, outputs in
            assignment.outputs.items()}, "functions": assignment.source.functions, "given": given, "regions": regions}


def region_table(assignment, region, calls, of, pairs):
    """The fingerprints of one region: of the solution, of every mistake, of pairs of mistakes."""
    def answers(*mistakes):
        runner = assignment.mistaken(*mistakes)
        with np.errstate(all="ignore"):
            outcomes = [runner.run(call) for call in calls]
        return prints_of(calls, outcomes, assignment.outputs, small, seal=len(mistakes) < 2)

    expected = [assignment.reference.run(call) for call in calls]
    small = small_outputs(calls, expected, assignment.outputs)
    right = prints_of(calls, expected, assignment.outputs, small)
    mistakes = [mistake for mistake in assignment.mistakes if mistake.region == region]
    entries = [{"id": mistake.id, "concept": mistake.concept, "same": mistake.same, "when": mistake.when,
                "ask": mistake.ask, **data_of(answers(mistake), right)} for mistake in mistakes]
    return {"properties": of, "small": sorted(map(list, small)), "right": data_of(right), "mistakes": entries,
            "pairs": list(pair_entries(mistakes, answers, right)) if pairs else []}


def pair_entries(mistakes, answers, right):
    """[place of one mistake, place of the other, call, output, first marks ...] for pairs whose patches go together: of
    the first output that is wrong."""
    for i, j in combinations(range(len(mistakes)), 2):
        try:
            made = answers(mistakes[i], mistakes[j])
        except (ValueError, SyntaxError):
            continue
        for call, (x, y) in enumerate(zip(made.calls, right.calls)):
            if isinstance(x, dict) and isinstance(y, dict) and not same(Prints([x]), Prints([y])):
                name = next((name for name in x if name in y and not like(x[name], y[name])), None)
                if x.get(name) is not None and x[name].norm is not None:
                    yield [i, j, call, name, list(x[name].shape), *(short(mark, 8) for mark in x[name].marks[:PAIRS])]
                break


def write(assignment, path, pairs=True):
    """Writes the fingerprints of an assignment. Returns the number of bytes."""
    content = json.dumps(table_of(assignment, pairs), ensure_ascii=False, separators=(",", ":"))
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return len(content.encode())


def read(path):
    """The Fingerprints in a file. ValueError: a file of another version."""
    with open(path, encoding="utf-8") as file:
        table = json.load(file)
    if table.get("version") != VERSION:
        raise ValueError(f"{path} holds fingerprints of version {table.get('version')}; this npnet reads {VERSION}: "
                         f"build the handout again")
    return Fingerprints(table)


class Fingerprints:
    """An assignment without its solution, as far as public probes are concerned.

    It has what the diagnosis asks of an assignment: source.functions, outputs, parts.
    """

    def __init__(self, table):
        self.id, self.table, self.parts = table["assignment"], table, {}
        self.outputs = {name: tuple(names) for name, names in table["outputs"].items()}
        self.source = SimpleNamespace(functions=table["functions"])

    def calls(self, property):
        """The calls of a public property; ValueError for one that has no fingerprints."""
        if property.id not in self.table["given"]:
            raise ValueError(f"{property.id} has no fingerprints")
        given = [unpacked(value) for value in self.table["given"][property.id]]
        return list(property.calls(Draw("public").part(property.id), Replay(given)))

    def region(self, region):
        """(the Prints of the solution, [(Mistake, its Prints)]) of a region."""
        entry = self.table["regions"][region]
        right = prints_from(entry["right"])
        return right, [(Mistake(made["id"], region, [], made["concept"], [], made["same"], made["when"], made["ask"]),
                        prints_from(made, right)) for made in entry["mistakes"]]

    def prints(self, region, calls, outcomes):
        """The Prints of a student's answers."""
        small = {tuple(pair) for pair in self.table["regions"][region]["small"]}
        return prints_of(calls, outcomes, self.outputs, small)

    def right(self, region, calls, outcomes):
        """{property id: True, False or None} for answers to all fingerprinted calls of a region, in the file's order.
        None: small answers of several properties were joined, and cannot be told apart."""
        of = self.table["regions"][region]["properties"]
        made, (right, _) = self.prints(region, calls, outcomes), self.region(region)
        small_right = {key: like(made.joined.get(key), wanted, 1e-9) and (wanted.norm is not None or bool(wanted.seal))
                       for key, wanted in right.joined.items()}
        found = {}
        for i, (id, x, y) in enumerate(zip(of, made.calls, right.calls)):
            holds = same(Prints([x]), Prints([y]), 1e-9)
            if holds and not all(small_right[key] for key in joints(calls[i].function, y, self.outputs)):
                holds = None
            verdicts = {holds, found.get(id, True)}
            found[id] = False if False in verdicts else None if None in verdicts else True
        return found

    def diagnose(self, region, calls, outcomes):
        """The Diagnosis of answers to all fingerprinted calls of a region, in the file's order; None if all are right
        or nothing is recognised."""
        from .diagnosis.printed import diagnose
        return diagnose(self, region, calls, outcomes)


# ---------------------------------------------------------------------------- clusters

def cluster(case):
    """12 letters for the wrong answers to the public probes of a region: the same for all who share them, and nothing
    that could be read back. Answers are rounded to 3 digits of their norm, so that float32 hardly matters."""
    digest = hashlib.sha256(case.region.encode())
    for i, outcome in enumerate(case.outcomes):
        if not (case.hidden and case.hidden[i]):
            digest.update(repr(rough(outcome, case.outputs(i))).encode())
    return digest.hexdigest()[:12]


def rough(outcome, names):
    """What is left of an answer that small differences do not change."""
    from .diagnosis.trial import leaves
    if not outcome.came:
        return outcome.stopped or outcome.error.kind
    found = []
    for name, part in leaves(outcome.value, names):
        made = print_of(part)
        if made is None or not made.norm:
            found.append((name, str(part)[:40] if made is None else made.shape, made and made.odd))
        else:
            marks = [round(float(mark) / made.norm, 3) + 0.0 for mark in made.marks[:6]]
            found.append((name, made.shape, made.odd, f"{made.norm:.3g}", marks))
    return found
