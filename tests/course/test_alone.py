"""The grader runs without npnet: what it imports, and that Python 3.10 can read it."""
import ast
import sys
from pathlib import Path

import pytest

import npnet

COURSE = Path(npnet.__file__).parent / "course"
FILES = sorted([*(COURSE / "grader").rglob("*.py"), *(COURSE / "checks").glob("*.py")])
GRADER = ("npnet.course.grader", "npnet.course.checks", "npnet.gradcheck", "npnet.diagnose")


def imported(path):
    """The modules that a file imports, npnet's own in full."""
    package = ("npnet", *path.relative_to(COURSE.parent).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            yield ".".join([*base, *(node.module.split(".") if node.module else [])])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_python_310_reads_it(path):
    assert ast.parse(path.read_text("utf-8"), feature_version=(3, 10)).body


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_needs_the_standard_library_and_numpy_alone(path):
    for module in imported(path):
        top = module.split(".")[0]
        assert top == "numpy" or top in sys.stdlib_module_names or module.startswith(GRADER), f"{path.name}: {module}"
