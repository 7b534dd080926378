"""A stranger's file is run, a notebook too: its neighbours at hand, nothing printed, asked or drawn, and all put back.

    with at_home("hw2/layers.py"):                          # also while what the file made is called
        names = run("hw2/layers.py")
"""
import ast
import builtins
import importlib
import io
import linecache
import os
import random
import sys
import sysconfig
import traceback
import types
import warnings
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from .notebooks import cells_to_run, defining_cells, magic_names, python_cells
from .stand_ins import stand_in, with_stand_in

PACKAGE = Path(__file__).resolve().parents[2]
INSTALLED = [PACKAGE, *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib"))]
EXPRESSION = "<expression>"                     # the name under which an expression is compiled


class Unanswered(io.TextIOBase):
    """Standard input while a stranger's file runs: nobody is there to answer."""

    def readline(self, size=-1):
        raise EOFError("the code asks for input; while it is checked there is nobody to answer: put that under if "
                       "__name__ == '__main__':")

    read = readline


class Unshown(io.StringIO):
    """Standard output while a stranger's code runs: lines are counted, not shown."""

    lines = 0

    def write(self, text):
        self.lines += text.count("\n")
        return len(text)


# ------------------------------------------------------------------------------- at home, and back

@contextmanager
def at_home(path, seed=0):
    """While this lasts, what the file at `path` imports is found and what it prints is not shown; gives the Unshown.

    Its folder, the present one and those above it that it may mean come first on sys.path; a neighbour's name is not
    taken by a module of another folder. Random numbers are those of `seed`. Afterwards sys.path, sys.modules, the
    present folder, standard streams, random numbers, warnings, os.environ, the recursion limit, how NumPy prints and
    matplotlib are as they were. path None: nothing.
    """
    if path is None:
        yield Unshown()
        return
    folders, unshown = search_path(path), Unshown()
    with ExitStack() as stack:
        for context in (settings_of_python(), changed(sys, "path", folders + sys.path),
                        changed(sys, "argv", [str(path)]), changed(sys, "stdin", Unanswered()), present_folder(),
                        own_modules(folders), redirect_stdout(unshown), redirect_stderr(unshown),
                        own_random_numbers(seed), warnings.catch_warnings(), np.errstate(), no_windows()):
            stack.enter_context(context)
        warnings.simplefilter("ignore")
        yield unshown


def aloud(say, stream=None):
    """say(sentence), which is heard although a stranger's output is not shown."""
    output, errors = sys.stdout, sys.stderr

    def speak(*sentence):
        with redirect_stdout(output), redirect_stderr(errors):
            return say(*sentence)
    return speak


@contextmanager
def changed(owner, name, value):
    """Another value of an attribute, for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def settings_of_python():
    """os.environ, the recursion limit and the way NumPy prints arrays come back."""
    environment, limit, printed = dict(os.environ), sys.getrecursionlimit(), np.get_printoptions()
    try:
        yield
    finally:
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update((name, value) for name, value in environment.items() if os.environ.get(name) != value)
        sys.setrecursionlimit(limit)
        np.set_printoptions(**printed)


@contextmanager
def present_folder():
    """Comes back to the present folder."""
    before = os.getcwd()
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def own_random_numbers(seed):
    """The global generators of NumPy and of Python, seeded for a while."""
    state, other = np.random.get_state(), random.getstate()
    np.random.seed(seed % 2 ** 32)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
        random.setstate(other)


@contextmanager
def no_windows():
    """matplotlib draws into memory; its settings come back, and figures that were not there before are closed."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"            # for a matplotlib that is imported only now
    loaded = sys.modules.get("matplotlib")
    settings, open_figures = loaded and dict(dict.items(loaded.rcParams)), figures()
    if loaded and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].switch_backend("agg")
    try:
        yield
    finally:
        os.environ.pop("MPLBACKEND") if before is None else os.environ.update(MPLBACKEND=before)
        for number in set(figures()) - set(open_figures):
            sys.modules["matplotlib.pyplot"].close(number)
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib and settings:
            dict.update(matplotlib.rcParams, settings)
        elif matplotlib:
            matplotlib.rcdefaults()


def figures():
    """The numbers of pyplot's open figures."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot.get_fignums() if pyplot else []


# ------------------------------------------------------------------------------- neighbours

def search_path(path):
    """The folders in which a file's imports are looked for: its own, the present one, those above it that it means."""
    file = Path(path).resolve()
    root = [file.parent, *file.parent.parents][packages_above(file)]        # above the package that it is part of
    return list(dict.fromkeys(map(str, (file.parent, Path.cwd(), root, file.parent.parent))))


def packages_above(file):
    """How many folders above a file are packages: they have an __init__.py, or it imports from them by dots."""
    level = max(relative_levels(file), default=0)
    count, folder = 0, file.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        count, folder = count + 1, folder.parent
    return min(max(count, level), len(file.parents) - 1)


def relative_levels(file):
    """The numbers of dots in a file's relative imports."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    return [node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


@contextmanager
def own_modules(folders):
    """For a while, neighbours' names mean the neighbours; what was imported of them is forgotten afterwards."""
    before = dict(sys.modules)
    names = {entry.name.removesuffix(".py") for folder in folders for entry in entries(folder)}
    for name in [name for name, module in before.items() if name.split(".")[0] in names and not installed(module)]:
        if name != "__main__":
            del sys.modules[name]
    try:
        yield
    finally:
        new = [name for name, module in sys.modules.items() if before.get(name) is not module and not installed(module)]
        for name in new:
            del sys.modules[name]
        sys.modules.update((name, module) for name, module in before.items() if name not in sys.modules)


def entries(folder):
    """The files and folders in a folder, as far as they can be read."""
    try:
        return [entry for entry in os.scandir(folder) if entry.name.endswith(".py") or entry.is_dir()]
    except OSError:
        return []


def installed(module):
    """Whether a module belongs to npnet, to Python or to a package that is installed: it has no file, or one there."""
    places = [getattr(module, "__file__", None), *list(getattr(module, "__path__", None) or [])[:1]]
    files = [place for place in places if isinstance(place, str)]
    return not files or of_the_machine(files[0])


def of_the_machine(file):
    """Whether a file belongs to npnet, to Python or to an installed package."""
    path = Path(file).resolve()
    return any(path.is_relative_to(folder) for folder in INSTALLED) or \
        any(part in ("site-packages", "dist-packages") for part in path.parts)


# ------------------------------------------------------------------------------- the file is run

def run(path, expression="", say=lambda sentence: None):
    """{name: value} of all that a file of Python, or a notebook, defines. The file is run, as `python path` would,
    but it is not the main program. Call it in `at_home`.

    expression: what is wanted; of a notebook the cells after those that define it are not run. FileNotFoundError
    without a file, ValueError with the file's name and the line for what is wrong in it.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; the folder here is {Path.cwd()}")
    if Path(path).suffix == ".ipynb":
        return run_notebook(path, expression, say)
    say(f"running {path}")
    with blamed(path):
        return vars(run_python(path))


def run_python(path):
    """The module that a file of Python is; one of a package where it imports by dots."""
    file = Path(path).resolve()
    package = parent_package(file) if relative_levels(file) else ""
    name = f"{package}.{file.stem}" if package else module_name(file.stem)
    known = sys.modules.get(name)
    if package and getattr(known, "__file__", None) == str(file):           # the package's __init__ has imported it
        return known
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(path), package
    sys.modules[name] = module                  # dataclasses and pickle look there
    execute(file.read_bytes(), str(path), vars(module))
    return module


def execute(text, file, names):
    """Runs a text of Python with these names. Packages that it imports and that are not installed have stand-ins."""
    tree = ast.parse(text, file)
    tree.body = [with_stand_in(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else node for node in tree.body]
    names["stand_in"] = stand_in
    exec(compile(tree, file, "exec", dont_inherit=True), names)
    names.pop("stand_in", None)


def module_name(stem):
    """The name of a file as a module; another one where Python, or a package, has taken it."""
    taken = stem in sys.stdlib_module_names or installed_name(stem) or stem == "__main__"
    return f"file_{stem}" if taken else stem


def installed_name(name):
    """Whether a module of that name is loaded, and comes from no stranger."""
    return name in sys.modules and installed(sys.modules[name])


def parent_package(file):
    """Imports the package that a file belongs to; where that fails, an empty one in its place. Its name."""
    above = list(file.parents)[:packages_above(file)][::-1]                 # the outermost first
    name = ".".join(folder.name for folder in above)
    try:
        if str(file.parent) in map(str, importlib.import_module(name).__path__):
            return name
    except (Exception, SystemExit):             # of a neighbour that this file may not need
        pass
    for depth, folder in enumerate(above):
        name = ".".join(f"folder_{place.name.replace('.', '_')}" for place in above[:depth + 1])
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]
    return name


def run_notebook(path, expression, say):
    """{name: value} of a notebook's cells, which are run in their order. A cell that fails and is not needed is
    named with its number, and the next one follows."""
    with blamed(path):
        cells = python_cells(path)
    wanted = names_in(expression) if expression else defining_cells(cells)
    last, needed = cells_to_run(cells, wanted)
    say(f"running {path}, cells 1 to {last} of {max(cells, default=0)}" if last else f"running {path}")
    name = module_name(Path(path).stem)
    module = sys.modules[name] = types.ModuleType(name)
    module.__file__ = str(path)
    vars(module).update(magic_names())
    failed = []
    for number, text in cells.items():
        if number > last > 0:
            break
        file = f"{path}, cell {number}"
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        try:
            with blamed(path):
                execute(text, file, vars(module))
        except ValueError as error:
            if number in needed:
                raise
            failed.append(number)
            say(f"{error}; this cell is left out")
    return vars(module)


# ------------------------------------------------------------------------------- whose mistake it is

@contextmanager
def blamed(path):
    """Turns what goes wrong in a stranger's code into a ValueError that names the file and the line."""
    try:
        yield
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ValueError(f"{error.filename or path}{where}: {type(error).__name__}: {error.msg}") from error
    except SystemExit as error:
        raise ValueError(ends(error, path)) from None
    except Exception as error:
        frame = last_of_a_stranger(error, path)
        if frame is None:
            raise
        raise ValueError(f"{place(frame)}: {said(error, path)}") from error


def last_of_a_stranger(error, path):
    """The innermost line of a traceback that is the stranger's own; None where there is none."""
    if path is None:
        return None
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith((str(path), EXPRESSION)):
            return frame
        if not frame.filename.startswith("<") and not of_the_machine(frame.filename):      # <frozen ...> is Python's
            return frame
    return None


def place(frame):
    """'layers.py, line 7 in backward'."""
    if frame.filename == EXPRESSION:
        return "the expression"
    function = frame.name if frame.name != "<module>" else ""
    file = Path(frame.filename)
    shown = os.path.relpath(file) if file.is_absolute() and file.is_relative_to(Path.cwd()) else frame.filename
    return f"{shown}, line {frame.lineno}" + (f" in {function}" if function else "")


def said(error, path):
    """What an exception says, on one line; with the folders that were searched, where a module is missing, and how a
    setting is given, where a dictionary lacks one."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    if isinstance(error, ModuleNotFoundError):
        text += f"; it is not installed, and not in {' or '.join(search_path(path))}"
    if isinstance(error, KeyError) and error.args and str(error.args[0]).isidentifier():
        text += f"; if this is a setting, give it: --param {error.args[0]}=... (param={{{error.args[0]!r}: ...}})"
    return text


def ends(error, path):
    """The sentence about a file that ends the program, or reads its command line, where it is imported."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = last_of_a_stranger(error, path)
    where = f"{place(frame)}," if frame else str(path)
    if any(Path(each.filename).name == "argparse.py" for each in frames):
        return (f"{where} reads a command line (argparse) that is not there; put what does so under "
                f"if __name__ == '__main__':")
    return f"{where} ends the program; put what does so under if __name__ == '__main__':"


def names_in(expression):
    """The names that an expression needs: not those that it makes itself (of a lambda's arguments, of loops)."""
    tree = ast.parse(expression, mode="eval")
    made = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - made - set(dir(builtins))
