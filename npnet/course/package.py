"""Which files of npnet a few files need: the closure of their imports, wherever these stand."""
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]              # npnet
OWN = ("npnet", "npnet.diagnose", "npnet.course")       # packages whose __init__ a builder writes anew
MAY = ("npnet.course.grader", "npnet.course.checks", "npnet.gradcheck", "npnet.diagnose")


def closure(starts):
    """All files that are imported from some, themselves too, sorted.

    ValueError: one needs more than the standard library, NumPy, and what a grader may have of npnet.
    """
    found, left = set(), list(starts)
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        for module in modules_of(path):
            left += files_of(module, path)
    return sorted(found)


def modules_of(path):
    """The full names of what a file imports: for "from .a import b" both npnet...a and npnet...a.b."""
    package = ("npnet", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files_of(module, path):
    """The files that importing a module of npnet reads: itself, and the packages it lies in."""
    top = module.split(".")[0]
    if top != "npnet":
        if top != "numpy" and top not in sys.stdlib_module_names:
            raise ValueError(f"{path.name} imports {module}; a grader has the standard library and NumPy alone")
        return []
    found, names = [], module.split(".")
    for length in range(2, len(names) + 1):
        name, place = ".".join(names[:length]), ROOT.joinpath(*names[1:length])
        if name in OWN:
            continue
        if place.is_dir() and (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
        elif place.with_suffix(".py").is_file():
            found.append(place.with_suffix(".py"))
        else:
            break                                           # a name within the module
        if not name.startswith(MAY):
            raise ValueError(f"{path.name} imports {module}, which a grader does not have; it may use {', '.join(MAY)}")
    return found
