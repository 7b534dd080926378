"""What a handout has of earlier assignments: parts.py, with the functions that this one builds on, right ones.

    text = parts_text(load("a3"), "ko")         # conv_size, im2col and what these need, as one file; "" if none

A student whose own im2col is wrong can so write col2im all the same.
"""
import ast

from .grader.assignment import ids, load, number
from .grader.source import MARKER
from .grader.words import say


def parts_text(assignment, language="en"):
    """The text of parts.py; "" for an assignment that imports nothing from it.

    It also has what the earlier ones import: a student who unpacks all handouts into one folder has only the last one.
    """
    if not assignment.source.parts:
        return ""
    pieces, imports = {}, {}
    for each in [assignment, *reversed(before(assignment))]:
        for name in each.source.parts:
            collect(name, home_of(name, each), language, pieces, imports)
    head = f'"""{say("grading.parts", language, assignment=assignment.id.upper())}"""'
    return "\n".join([head, *imports]) + "".join(f"\n\n\n{piece}" for piece in pieces.values()) + "\n"


def before(assignment):
    """The earlier assignments of the same course, in their order."""
    own = assignment.folders[0] if len(assignment.folders) > 1 else None
    return [load(id, own) for id in ids(assignment.folders) if number(id) < number(assignment.id)]


def home_of(name, assignment):
    """The nearest earlier assignment that has a function. ValueError: none has it."""
    for other in reversed(before(assignment)):
        if name in other.source.functions:
            return other
    raise ValueError(f"{assignment.filename} imports {name} from parts, and no earlier assignment has it")


def homes_of(assignment):
    """The earlier assignments that its parts come from, and those that these build on, in their order."""
    found = {}
    for name in assignment.source.parts:
        other = home_of(name, assignment)
        found.update({each.id: each for each in homes_of(other)})
        found[other.id] = other
    return [found[id] for id in sorted(found, key=number)]


def collect(name, home, language, pieces, imports):
    """Adds a function or a constant of an assignment to the pieces, after what it uses."""
    if name in pieces:
        return
    text = unmarked(home.source.written(language))
    tops = definitions(text)
    for used in sorted({node.id for node in ast.walk(tops[name]) if isinstance(node, ast.Name)} - {name}):
        if used in tops:
            collect(used, home, language, pieces, imports)
        elif used in home.source.parts:
            collect(used, home_of(used, home), language, pieces, imports)
    imports.update(dict.fromkeys(imports_of(text, tops[name])))
    pieces[name] = lines_of(text, tops[name])


def unmarked(text):
    """The text without the markers of regions."""
    return "\n".join(line for line in text.splitlines() if not MARKER.match(line)) + "\n"


def definitions(text):
    """{name: node} of the functions, classes and constants at the top of a file."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
    return found


def imports_of(text, node):
    """The import lines of a file that give names which a node uses."""
    used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found = []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Import) or isinstance(statement, ast.ImportFrom) and statement.module != "parts":
            if {alias.asname or alias.name.partition(".")[0] for alias in statement.names} & used:
                found.append(ast.unparse(statement))
    return found


def lines_of(text, node):
    """The lines of a definition."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1:node.end_lineno])
