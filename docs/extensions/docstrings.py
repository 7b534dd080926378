"""The reference: a page for each room with its public names, from the docstrings of the code.

Our docstrings are plain text: paragraphs, and indented blocks for formulas and tables. Sphinx would read them as
reStructuredText, in which a * or a _ means something. Here each becomes what it looks like: prose is escaped,
indented blocks are literal, doctests stay as they are.

The pages are written into docs/api/rooms, which git does not keep, when a build begins.
"""
import ast
import importlib
import inspect
import os
import re
from fnmatch import fnmatch
from pathlib import Path

ROOMS = Path(__file__).parents[1] / "api" / "rooms"
CHAPTERS = "shapes dense activation softmax conv pool lrn batchnorm dropout update".split()
BOOK = "backend layers network models optim train gradcheck".split()
ANNEXES = "data weights diagnose explain plots fit bench parallel course files screen".split()
SPECIAL = re.compile(r"([\\*`|_:<>\[\]+\-=#~^\"'])")        # a backslash before any of them is safe


# ---------------------------------------------------------------------------- plain text as reStructuredText

def prose(line):
    """A line that means nothing but its words."""
    line = SPECIAL.sub(r"\\\1", line)
    line = re.sub(r"\\`(\S[^`]*?)\\`", lambda found: f"``{found[1].replace(chr(92), '')}``", line)    # `x` is code
    return re.sub(r"^(\(?\w{1,3})([.)]) ", r"\1\\\2 ", line)            # 1. and (a) begin no list


def as_text(lines):
    """The lines of a docstring as reStructuredText."""
    shown, block = [], False
    for i, line in enumerate(lines):
        indented = line.startswith("    ")
        if not line.strip():
            shown.append("")
        elif line.lstrip().startswith((">>>", "...")) or (block == "doctest" and not indented):
            if block != "doctest":
                shown.append("")
            block = "doctest"
            shown.append(line)
            continue
        elif indented:
            if block != "literal":
                shown += ["", ".. code-block:: text", ""]
            block = "literal"
            shown.append(line)
            continue
        else:
            if block:
                shown.append("")
            shown.append(prose(line.strip()))
        if line.strip() or block == "doctest" or (block == "literal" and not continues(lines, i)):
            block = False
    return shown + [""]


def continues(lines, i):
    """Whether the next line that is not empty is indented, too."""
    return next((line.startswith("    ") for line in lines[i + 1:] if line.strip()), False)


def rewrite(app, what, name, thing, options, lines):
    """Of every docstring that autodoc reads."""
    lines[:] = as_text(lines)


def skip(app, what, name, thing, left_out, options):
    """Leaves out what Python itself says of a named tuple's fields."""
    return True if str(getattr(thing, "__doc__", "")).startswith("Alias for field number") else None


# ---------------------------------------------------------------------------- the pages

def public(module):
    """The names of a room: those in its __all__, else the functions and classes that it defines, in their order."""
    said = getattr(module, "__all__", None)
    names = said or [name for name, thing in vars(module).items()
                     if getattr(thing, "__module__", None) == module.__name__ and not name.startswith("_")]
    return [name for name in names if callable(getattr(module, name, None)) and getattr(module, name).__doc__
            and not inspect.ismodule(getattr(module, name))]


def entry(module, name):
    """The directive that describes one name."""
    thing = getattr(importlib.import_module(module), name)
    if inspect.isclass(thing):
        return f".. autoclass:: {module}.{name}\n   :members:\n   :member-order: bysource\n"
    return f".. autofunction:: {module}.{name}\n"


def page(module):
    """A room's page: what its file says, and its public names."""
    room = importlib.import_module(module)
    text = (room.__doc__ or "").strip()
    body = "\n".join([*as_text(text.splitlines()), "", *(entry(module, name) for name in public(room))])
    return f"# {module}\n\n````{{eval-rst}}\n{body}\n````\n"


def make_pages(app):
    """Writes the pages that are not as they must be."""
    ROOMS.mkdir(parents=True, exist_ok=True)
    part = os.environ.get("NPNET_DOCS", "").split()
    modules = [f"npnet.ops.{name}" for name in CHAPTERS] + [f"npnet.{name}" for name in BOOK + ANNEXES]
    for module in modules:
        name = module.removeprefix("npnet.").replace(".", "-")
        if part and not any(fnmatch(f"api/rooms/{name}", pattern.removesuffix(".md")) for pattern in part):
            continue
        text, path = page(module), ROOMS / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def code_lines(path):
    """Lines of a Python file that are neither empty, nor comments, nor docstrings."""
    text = Path(path).read_text("utf-8")
    said = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            said.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(1 for number, line in enumerate(text.splitlines(), 1)
               if line.strip() and not line.strip().startswith("#") and number not in said)


def setup(app):
    app.connect("builder-inited", make_pages)
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
