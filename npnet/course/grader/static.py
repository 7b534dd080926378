"""What can be seen in a student's file without running it.

    looked = look(content, assignment.source)       # a results.Looked
    looked.blockers                                 # Notes: nothing can be run (missing, encoding, syntax, an import)
    looked.faults                                   # {region: Note}: this region alone cannot be graded
    looked.untouched, looked.warnings
    deepest(text, "im2col")                         # how deep its loops are nested, and where
"""
import ast
import difflib
import io
import tokenize
import warnings
from collections import Counter
from dataclasses import dataclass

from .results import Looked, Note
from .source import Source, damaged_marks, regions_of
from .worker import HARMLESS, WHOLE

LARGEST = 1_000_000                                                         # bytes of a file
STARTS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK\x03\x04": "zip", b"%PDF": "PDF", b"\x89PNG": "PNG"}
DEFINITIONS = ast.FunctionDef, ast.ClassDef


def look(content, source, others=()):
    """The Looked of a student's file.

    content: its bytes, or its text, or None if it is missing. source: the assignment's Source. others: names of the
    other files of the submission.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                                     # "\d" in a string, "is" with a number
        return seen(content, source, others)


def seen(content, source, others):
    """The Looked; Python's reader may warn meanwhile."""
    text, note = decoded(content, source.filename, others)
    if note:
        return Looked(blockers=[note])
    looked = Looked(text)
    tree, note = parsed(text)
    if note:
        looked.blockers.append(note)
        return looked
    allowed = {*WHOLE, *HARMLESS, *(name.removesuffix(".py") for name in others)}
    for found in imports(tree):
        note = refused(found, allowed, source.parts)
        if note and found.runs:                                             # the others are refused when they run
            looked.blockers.append(note)
    marked, note = regions(text, source)
    looked.warnings += note
    looked.faults = faults(tree, source)
    look_at_regions(looked, text, tree, source, marked)
    again = twice(tree, source)
    looked.warnings += again + renamed(tree, source)
    if len(marked) == len(source.regions):
        known = [each.values["function"] for each in [*again, *looked.faults.values()] if "function" in each.values]
        looked.warnings += [each for each in outside(text, source) if each.values["name"] not in known]
    return looked


# ------------------------------------------------------------------------------- bytes, text, Python

def decoded(content, filename, others=()):
    """(text, None) of a file, or ("", Note)."""
    if content is None:
        near = nearest(filename, others)
        return "", Note(*suggesting("child.missing", near, {"file": filename}))
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    if len(content) > LARGEST:
        return "", Note("child.large", {"file": filename, "size": f"{len(content):,}", "most": f"{LARGEST:,}"})
    for start, kind in STARTS.items():
        if content.startswith(start):
            known = "encoding" if kind.startswith("UTF") else "kind"
            return "", Note(f"child.{known}", {"file": filename, "encoding": kind, "kind": kind}, 1)
    if content.lstrip().startswith(b"{") and b'"cells"' in content:
        return "", Note("child.kind", {"file": filename, "kind": "Jupyter notebook"}, 1)
    if b"\0" in content:
        return "", Note("child.zero", {"file": filename}, content[:content.index(b"\0")].count(b"\n") + 1)
    text, note = as_python_reads(content, filename)
    if not note and not text.strip():
        return "", Note("child.empty", {"file": filename})
    return text, note


def as_python_reads(content, filename):
    """(text, None) with \\n at the ends of lines, decoded as Python does it (a first line may name an encoding)."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        text = content.decode(encoding)
    except (SyntaxError, LookupError):
        encoding = "utf-8"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            return "", not_utf8(content, filename, error.start)
        return "", Note("child.cookie", {"file": filename}, 1)
    except UnicodeDecodeError as error:
        return "", not_utf8(content, filename, error.start)
    return text.replace("\r\n", "\n").replace("\r", "\n"), None


def not_utf8(content, filename, start):
    """The Note of a file that is no UTF-8 from byte `start` on; the encoding that it may be in is a guess."""
    guess = "Latin-1"
    try:
        if any("가" <= letter <= "힣" for letter in content.decode("cp949")):
            guess = "CP949"
    except UnicodeDecodeError:
        pass
    return Note("child.encoding", {"file": filename, "encoding": guess}, content[:start].count(b"\n") + 1)


def parsed(text):
    """(tree, None), or (None, Note) with the line and what Python says."""
    try:
        return ast.parse(text), None
    except SyntaxError as error:
        line = error.lineno or 0
        lines = text.splitlines()
        code = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
        return None, Note("child.syntax", {"line": line, "says": error.msg, "code": code}, line)
    except (ValueError, RecursionError, MemoryError) as error:
        return None, Note("child.nested", {"says": type(error).__name__})


# ------------------------------------------------------------------------------- imports

@dataclass
class Import:
    """A module that is imported, the names taken from it, its line, and whether it happens while the file is loaded."""

    module: str
    names: list
    line: int
    level: int = 0
    runs: bool = True


def imports(tree):
    """Every Import of a file; one in a function, in try or under __name__ == "__main__" need not stop the file."""
    found = []

    def walk(node, runs):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend(Import(alias.name, [], child.lineno, 0, runs) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                names = [alias.name for alias in child.names]
                found.append(Import(child.module or "", names, child.lineno, child.level, runs))
            elif isinstance(child, ast.stmt) or isinstance(child, ast.ExceptHandler):
                soft = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try)) or is_main(child)
                walk(child, runs and not soft)
    walk(tree, True)
    return found


def is_main(node):
    """Whether a statement is `if __name__ == "__main__":`, which does not run here."""
    return isinstance(node, ast.If) and any(isinstance(each, ast.Name) and each.id == "__name__"
                                            for each in ast.walk(node.test))


def refused(found, allowed, parts):
    """The Note of an import that is not allowed, or None."""
    values = {"line": found.line, "module": found.module, "allowed": "numpy, math"}
    root = found.module.partition(".")[0]
    if found.level:
        return Note("child.import.dots", values, found.line)
    if root not in allowed:
        near = nearest(root, ["numpy", "math", *(["parts"] if parts else [])])
        return Note(*suggesting("child.import", near, {**values, "module": root}), found.line)
    missing = [name for name in found.names if name not in parts and name != "*"] if root == "parts" else []
    if missing:
        near = nearest(missing[0], parts)
        values = {**values, "name": missing[0], "parts": ", ".join(parts) or "-"}
        return Note(*suggesting("child.parts", near, values), found.line)
    return None


def nearest(name, names):
    """[the one of several names that may be a misspelt `name`], or []."""
    small = {each.lower(): each for each in names}
    return [small[each] for each in difflib.get_close_matches(name.lower(), list(small), 1, 0.6)]


def suggesting(id, near, values):
    """The id and the values of a sentence that asks "did you mean", if there is a name that is near."""
    return (f"{id}.near", {**values, "near": near[0]}) if near else (id, values)


# ------------------------------------------------------------------------------- functions and their arguments

def definitions(tree):
    """{name: node} of the functions and classes at the top of a file; of several with one name, the last."""
    return {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}


def names_at_top(tree):
    """Every name that the top of a file defines, assignments and imports too."""
    found = set(definitions(tree))
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found |= {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return found


def faults(tree, source):
    """{region: Note} where a function is missing, or cannot be called as the assignment calls it."""
    found, theirs = {}, definitions(tree)
    free = sorted(set(theirs) - set(source.functions))                      # one of them may be ours, misspelt
    for id, region in source.regions.items():
        for name in region.functions:
            if name not in names_at_top(tree):
                near = nearest(name, free)
                kind = "class" if source.functions[name] is None else "function"
                found[id] = Note(*suggesting(f"child.{kind}.missing", near, {"function": name, "region": id}),
                                 theirs[near[0]].lineno if near else 0)
            elif name in theirs and source.functions[name] is not None:
                note = arguments(theirs[name], source.functions[name])
                if note:
                    found[id] = note
            if id in found:
                break
    return found


def arguments(node, wanted):
    """The Note of a function that cannot be called with the `wanted` arguments in their order, or None."""
    values = {"function": node.name, "line": node.lineno, "wanted": ", ".join(wanted)}
    if not isinstance(node, ast.FunctionDef):
        return Note("child.function.class", values, node.lineno)
    given = [argument.arg for argument in node.args.posonlyargs + node.args.args]
    values["given"] = ", ".join(given)
    needed = len(given) - len(node.args.defaults)
    fits = needed <= len(wanted) and (len(wanted) <= len(given) or node.args.vararg)
    keywords = [each for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults) if default is None]
    if not fits or keywords:
        return Note("child.arguments", values, node.lineno)
    if given[:len(wanted)] != wanted and sorted(given[:len(wanted)]) == sorted(wanted):
        return Note("child.arguments.order", values, node.lineno)
    return None


def renamed(tree, source):
    """Warnings: arguments with other names, in functions that can be called all the same."""
    found = []
    for name, node in definitions(tree).items():
        wanted = source.functions.get(name)
        if wanted and isinstance(node, ast.FunctionDef) and not arguments(node, wanted):
            given = [argument.arg for argument in node.args.posonlyargs + node.args.args][:len(wanted)]
            if given != wanted and not node.args.vararg:
                values = {"function": name, "line": node.lineno, "wanted": ", ".join(wanted), "given": ", ".join(given)}
                found.append(Note("child.arguments.names", values, node.lineno))
    return found


def twice(tree, source):
    """Warnings: a function of the assignment that is defined twice, of which Python takes the last."""
    lines = {}
    for node in tree.body:
        if isinstance(node, DEFINITIONS) and node.name in source.functions:
            lines.setdefault(node.name, []).append(node.lineno)
    return [Note("child.twice", {"function": name, "lines": ", ".join(map(str, each[:-1])), "line": each[-1]}, each[-1])
            for name, each in lines.items() if len(each) > 1]


# ------------------------------------------------------------------------------- regions

def regions(text, source):
    """({id: Region} of the student's file, [warnings]): regions whose marks are gone or broken are not in it."""
    try:
        found = regions_of(text)
    except ValueError as error:
        damaged = damaged_marks(text, source.starter())
        missing = ", ".join(line for lines in damaged.values() for line in lines)
        says = missing or str(error).partition(": ")[2]
        return {}, [Note("child.marks.broken", {"region": ", ".join(damaged), "lines": says})]
    marked = {id: region for id, region in found.items() if id in source.regions
              and len(region.blocks) == len(source.regions[id].blocks)}
    gone = [id for id in source.regions if id not in marked]
    return marked, [Note("child.marks.gone", {"region": ", ".join(gone)})] if gone else []


def look_at_regions(looked, text, tree, source, marked):
    """Writes down which regions are as in the starter, and which still hold the line that raises an error."""
    starter = Source(source.starter())
    tops, theirs = definitions(tree), definitions(ast.parse(starter.text))
    for id, region in source.regions.items():
        nodes = [tops[name] for name in region.functions if name in tops]
        if id in marked:
            same = code_of(text, marked[id]) == code_of(starter.text, starter.regions[id])
        else:
            same = len(nodes) == len(region.functions) > 0 and all(bare(node) == bare(theirs[node.name])
                                                                   for node in nodes)
        if same:
            looked.untouched.append(id)
            looked.faults.pop(id, None)
        elif id not in looked.faults:
            left = [line for node in nodes for line in stub_lines(node, id)]
            if left:
                looked.faults[id] = Note("child.stub", {"region": id, "line": left[0]}, left[0])


def code_of(text, region):
    """The lines of a region's blocks, without blank ones and comments."""
    lines = text.splitlines()
    stripped = [line.partition("  #")[0].strip() for first, end in region.blocks for line in lines[first:end]]
    return [line for line in stripped if line and not line.startswith("#")]


def bare(node):
    """A function as text, without its docstrings."""
    copy = ast.parse(ast.unparse(node))
    for each in ast.walk(copy):
        if isinstance(each, DEFINITIONS) and ast.get_docstring(each) is not None:
            each.body = each.body[1:] or [ast.Pass()]
    return ast.unparse(copy)


def stub_lines(node, id):
    """The lines of a function's own `raise NotImplementedError("id")`, not under an if."""
    bodies = [node.body] + [each.body for each in node.body if isinstance(each, ast.FunctionDef)]
    return [each.lineno for body in bodies for each in body if isinstance(each, ast.Raise)
            and isinstance(each.exc, ast.Call) and getattr(each.exc.func, "id", "") == "NotImplementedError"
            and [getattr(argument, "value", None) for argument in each.exc.args] == [id]]


def outside(text, source):
    """Warnings: what the starter has outside the regions, and the file has no more, or has otherwise."""
    ours, theirs = skeleton(source.starter()), skeleton(text)
    if ours is None or theirs is None:
        return []
    missing = Counter(ours.values()) - Counter(theirs.values())
    names = [name for name, content in ours.items() if missing[content] > 0]
    lines = {node.name: node.lineno for node in ast.parse(text).body if isinstance(node, DEFINITIONS)}
    return [Note("child.outside", {"name": name.partition("\n")[0][:60]}, lines.get(name, 0)) for name in names]


def skeleton(text):
    """{name of a function, or text of a statement: text}, without docstrings and without what regions hold; None where
    that cannot be read."""
    lines = text.splitlines()
    for region in regions_of(text).values():
        for first, end in region.blocks:
            indent = lines[first - 1][:len(lines[first - 1]) - len(lines[first - 1].lstrip())]
            lines[first:end] = [f"{indent}pass", *[""] * (end - first - 1)] if end > first else []
    try:
        body = ast.parse("\n".join(lines)).body
    except SyntaxError:
        return None
    body = [node for node in body if not isinstance(node, ast.Expr)]
    return {getattr(node, "name", None) or ast.unparse(node): bare(node) for node in body}


# ------------------------------------------------------------------------------- loops and kinds of numbers

@dataclass
class Loop:
    """A loop: its line, how many loops it stands in (itself too), and the text of what it runs over."""

    line: int
    depth: int
    over: str


def loops(text, function):
    """Every Loop of a function: for, while, and the loops inside brackets. [] where there is no such function."""
    tree, _ = parsed(text)
    node = definitions(tree).get(function) if tree else None
    found = []

    def walk(node, depth):
        for child in ast.iter_child_nodes(node):
            inside = depth
            if isinstance(child, (ast.For, ast.While)):
                inside += 1
                over = child.iter if isinstance(child, ast.For) else child.test
                found.append(Loop(child.lineno, inside, ast.unparse(over)))
            elif isinstance(child, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                for generator in child.generators:
                    inside += 1
                    found.append(Loop(child.lineno, inside, ast.unparse(generator.iter)))
            walk(child, inside)
    if node is not None:
        walk(node, 0)
    return found


def deepest(text, function):
    """(how deep the loops of a function are nested, the line of the innermost); (0, 0) without a loop."""
    found = loops(text, function)
    last = max(found, key=lambda loop: loop.depth) if found else Loop(0, 0, "")
    return last.depth, last.line


def single_lines(text, function):
    """The lines of a function that name float32: where it leaves float64."""
    tree, _ = parsed(text)
    node = definitions(tree).get(function) if tree else None
    return sorted({each.lineno for each in ast.walk(node) if getattr(each, "attr", "") in ("float32", "single")
                   or getattr(each, "value", None) in ("float32", "f4", "single", "f")}) if node else []
