"""The house: imports point backwards, the book stands alone, and nothing says what it should not."""
import ast
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import mutate
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "npnet"
CHAPTERS = "shapes dense activation softmax conv pool lrn batchnorm dropout update".split()
BOOK = "ops backend layers network models optim train gradcheck".split()
ANNEXES = "screen files fast data weights diagnose explain plots fit bench parallel course cli".split()
ALLOWED = {                                             # room: the rooms of the book and annexes that it may import
    "ops": "", "gradcheck": "", "backend": "ops", "layers": "ops backend", "network": "ops backend layers",
    "models": "ops backend layers network", "optim": "ops backend", "train": "ops backend layers network",
    "screen": "", "plots": "screen files", "fast": " ".join(BOOK), "files": " ".join(BOOK) + " screen",
    "data": " ".join(BOOK) + " screen files", "weights": " ".join(BOOK) + " screen files data",
    "diagnose": " ".join(BOOK) + " screen plots files", "explain": " ".join(BOOK) + " screen plots fast weights files data",
    "fit": " ".join(BOOK) + " screen fast weights plots files data", "bench": " ".join(BOOK) + " screen plots fast",
    "parallel": " ".join(BOOK) + " screen fit bench fast weights plots files data",
    "course": " ".join(BOOK) + " screen plots diagnose files", "cli": " ".join(BOOK + ANNEXES)}


def files(room):
    """The Python files of a room: one of the book's chapters, or an annex's folder."""
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def existing(rooms):
    return [room for room in rooms if files(room) and files(room)[0].exists()]


@cache
def text_of(path):
    return path.read_text("utf-8")


@cache
def tree(path):
    return ast.parse(text_of(path))


@cache
def imported(path):
    """[(module, line)] of every import in a file, wherever it stands, with npnet's own made absolute."""
    found = []
    package = ("npnet",) + path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return found


@pytest.mark.parametrize("room", existing(BOOK + ANNEXES))
def test_imports_point_backwards(room):
    for path in files(room):
        for module, line in imported(path):
            if module.split(".")[0] == "npnet":
                other = module.split(".")[1]
                assert other in [room, "__version__", *ALLOWED[room].split()], f"{path.name}:{line} imports {module}"


def test_every_file_belongs_to_a_room():
    assert {path.name for path in PACKAGE.glob("*.py")} <= {f"{room}.py" for room in BOOK} | {"__init__.py", "__main__.py"}
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"} <= {"ops", *ANNEXES}
    assert {path.stem for path in (PACKAGE / "ops").glob("*.py")} == {*CHAPTERS, "__init__"}


def test_no_two_files_of_tests_have_one_name():
    """pytest imports them by name alone, and with them what tests of the site import of docs/. Texts of strangers and
    of students are no modules."""
    names = [path.name for path in [*(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").glob("*.py")]
             if not {"texts", "planted", "styles"} & set(path.parts) and path.name != "conftest.py"]
    assert sorted(set(names)) == sorted(names)


def test_chapters_refer_to_shapes_alone():
    for chapter in CHAPTERS:
        for module, line in imported(PACKAGE / "ops" / f"{chapter}.py"):
            assert module == "numpy" or module.startswith("npnet.ops.shapes."), f"{chapter}:{line} imports {module}"


@pytest.mark.parametrize("package, homes", [
    ("numba", {"fast"}), ("cupy", {"backend"}), ("matplotlib", {"plots"}), ("rich", {"screen"}),
    ("threadpoolctl", {"fast", "cli", "bench"}), ("PIL", {"data"}), ("torch", {"weights", "bench"}), ("mpi4py", {"parallel"})])
def test_packages_have_their_importers(package, homes):
    for room in existing(BOOK + ANNEXES):
        for path in files(room):
            for module, line in imported(path):
                assert module.split(".")[0] != package or room in homes, f"{path.name}:{line} imports {package}"


def test_the_book_knows_of_annexes_only_in_the_table_of_backends():
    for room in existing(BOOK):
        for path in files(room):
            text = text_of(path)
            for annex in ANNEXES:
                named = re.findall(rf"npnet\.{annex}\b", text)
                assert not named or (room, annex) == ("backend", "fast"), f"{path.name} names npnet.{annex}"


@pytest.mark.long
def test_the_book_alone(tmp_path):
    """Every annex deleted in a copy: the book's own tests pass, and numba says what it misses."""
    shutil.copytree(PACKAGE, tmp_path / "npnet", ignore=shutil.ignore_patterns("__pycache__", *ANNEXES))
    names = ["conftest.py", "standin.py", "test_device.py", "test_layers.py", "test_network.py", "test_backend.py",
             "test_gradcheck.py", "test_optim.py", "test_train.py"]
    shutil.copytree(ROOT / "tests" / "ops", tmp_path / "tests" / "ops")
    for name in names:
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    (tmp_path / "sitecustomize.py").write_text(         # an editable install would find the annexes in the checkout
        "import sys\nsys.meta_path[:] = [f for f in sys.meta_path if '__editable__' not in getattr(f, '__module__', '')]")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NPNET_BACKEND": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-x", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path, env=environment, capture_output=True, text=True)
    refused = subprocess.run([sys.executable, "-c", "import npnet; npnet.use('numba')"], cwd=tmp_path, env=environment,
                             capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 500
    assert "backend numba needs npnet.fast.kernels, which this copy of npnet does not have; use loops or numpy" in refused.stderr


def test_what_mutants_break_is_there():
    """CI tries thirty of them: who moves a line would not hear of the others."""
    for backend, mutant, reason in mutate.everything():
        file, tests = mutate.place(mutant)
        assert mutate.broken(text_of(ROOT / file), mutant) != text_of(ROOT / file)
        for path in tests.split():
            assert (ROOT / path).exists(), path


def test_every_name_of_the_table_of_contents_is_there():
    import npnet

    for name in npnet.__all__:
        assert getattr(npnet, name) is not None
    for room in npnet.ROOMS:
        assert getattr(npnet, room).__name__ == f"npnet.{room}"
    with pytest.raises(AttributeError, match="npnet has no 'nothing'; it has use, BACKENDS"):
        npnet.nothing
    assert not set(npnet.__all__) & set(npnet.ROOMS)


def test_no_name_of_ours_equals_a_rooms():
    import npnet

    assert not set(npnet.__all__) & set(BOOK + ANNEXES)


@cache
def tracked():
    """Every text file that belongs to the project."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if ours(name)]
        found += [Path(folder, name) for name in names if ours(name) and name != "LICENSE"
                  and Path(name).suffix in (".py", ".md", ".cfg", ".toml", "")]
    return found


def ours(name):
    """Whether a file or folder of this name belongs to the project: the others are made by tools."""
    made = name.startswith(".") and name != ".ci" or name.endswith(("__pycache__", ".egg-info"))
    return not made and name not in ("build", "dist", "walk")


def test_one_habit_in_all_rooms():
    """No function begins with an underscore, and rooms are imported by dots."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert not re.match("_[a-z]", node.name), f"{path.name}:{node.lineno} {node.name}"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert path.name == "__main__.py" or not any(re.match(r"npnet\b", name) for name in names), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("words", ["none any more", "that are none", "files are none", "cannot be meant", "how-manieth",
                                   "no numbers any more"])
def test_words_that_a_reader_from_elsewhere_would_not_understand(words):
    """Say NaN, invalid, not pictures, cannot be right."""
    for path in PACKAGE.rglob("*.py"):
        assert words not in " ".join(text_of(path).split()), path


@pytest.mark.parametrize("word", ["fastmath=True", "parallel=True", "prange"])
def test_never(word):
    """No infinities with fastmath; and numba's own threads have miscompiled sums (issues 3069, 7344, 8007, 8515)."""
    assert not [path for path in tracked() if word in text_of(path) and path.name != "test_rooms.py"]


def test_no_bare_prints_in_the_book():
    for room in existing(BOOK):
        for path in files(room):
            calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
            assert not [call for call in calls if getattr(call.func, "id", "") == "print"], path
