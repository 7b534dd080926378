"""A notebook read as Python: its code cells, without what only Jupyter understands. Only json is needed."""
import ast
import json
import re
import symtable

from .stand_ins import Silent

MAGIC = re.compile(r"^(\s*)(?:[%!?]|(?:[\w.]+\s*(?:,\s*[\w.]+\s*)*=\s*)[%!]|[\w.]+\?{1,2}\s*$)")  # %x, !x, a = !x, a?
RUN_AS_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")               # of a cell; what follows is Python


def python_cells(path):
    """{number: text} of the code cells of a notebook, counted from 1 among all cells, as Python can run them.

    ValueError if the file is no notebook.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            book = json.load(file)
        sheets = [book] if "cells" in book else book["worksheets"]          # version 3 of the format had sheets
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        texts = {number: "".join(cell["source"] if "source" in cell else cell["input"])
                 for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook: {type(error).__name__}: {error}") from None
    return {number: as_python(text) for number, text in texts.items()}


def as_python(text):
    """The text of a cell with pass in the place of magic and shell lines, so that lines keep their numbers."""
    lines = text.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(RUN_AS_PYTHON):
        return ""                               # another language, or a text for a file
    kept, goes_on = [], False
    for line in lines:
        magic = MAGIC.match(line)
        kept.append("" if goes_on else f"{magic.group(1)}pass" if magic else line)
        goes_on = bool(magic or goes_on) and line.rstrip().endswith("\\")  # a shell's command that has a second line
    return "\n".join(kept)


def cells_to_run(cells, wanted):
    """The number of the last cell that must be run to have the wanted names (0: all of them), and the cells, a set,
    that define them or what they use."""
    binds, uses = {}, {}
    for number, text in cells.items():
        binds[number], uses[number] = names_of(text)
    needed, open_names, seen = set(), set(wanted), set()
    while open_names:
        name = open_names.pop()
        seen.add(name)
        for number in cells:
            if name in binds[number] and number not in needed:
                needed.add(number)
                open_names |= uses[number] - seen
    found = set().union(*binds.values()) if binds else set()
    return (max(needed) if wanted and wanted <= found else 0), needed


def names_of(text):
    """The names that a cell binds at its top level, and the global names that it reads."""
    try:
        tree, table = ast.parse(text), symtable.symtable(text, "cell", "exec")
    except SyntaxError:                         # found again where the cell is run
        return set(re.findall(r"^(?:class|def)\s+(\w+)", text, re.MULTILINE)), set()
    binds = set()
    for node in outside_functions(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            binds.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            binds.add(node.id)
        elif isinstance(node, ast.alias):
            binds.add((node.asname or node.name).split(".")[0])
    return binds, global_reads(table)


def global_reads(table):
    """The names that a symbol table, and those inside it, read and that are no function's own."""
    names = {symbol.get_name() for symbol in table.get_symbols()
             if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")}
    return names.union(*map(global_reads, table.get_children()))


def defining_cells(cells):
    """The names of the classes and functions that cells define: what there is to check in a notebook."""
    return {name for text in cells.values() for name in re.findall(r"^(?:class|def)\s+(\w+)", text, re.MULTILINE)}


def outside_functions(tree):
    """The nodes of a tree that lie in no function and no class, these themselves included."""
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)


def magic_names():
    """The names that Jupyter gives every notebook."""
    return {"display": Silent(), "get_ipython": Silent()}
