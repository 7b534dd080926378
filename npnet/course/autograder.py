"""The autograder of an assignment: a zip that Gradescope takes, with a grader that needs Python 3.10 and NumPy alone.

    build_autograder("a3", "a3-autograder.zip", secret="secret.txt", wheelhouse="wheels", language="ko")

    setup.sh                run once, when the image is built: a user for the students' code, a Python with NumPy
    run_autograder          run for every submission
    unfinished.json         the results as long as there are none
    secret.txt              what the students' hidden probes are drawn from
    wheelhouse/             wheels of NumPy and pip, if a folder with them was given: then no network is needed
    npnet/                  the grader: copies of its files, data compiled from TOML to JSON
"""
import ast
import hashlib
import json
import os
import secrets
from pathlib import Path

from .. import __version__
from ..files.beside import writing
from .grader import gradescope
from .grader.assignment import HOME, first, load
from .grader.data import read
from .grader.rows import planned
from .grader.words import say, table
from .handout import zip_of
from .package import closure
from .scripts import RUN_AUTOGRADER, SETUP

NUMPY = "numpy==2.2.6"                      # the last one for Python 3.10, and it runs on 3.13 too
TAKEN = ("numpy-*.whl", "pip-*.whl")        # of a folder of wheels
OLDEST = (3, 10)                            # the Python of Ubuntu 22.04
PROGRAMS = ("setup.sh", "run_autograder")
PACKAGE = '"""npnet\'s grader, without npnet: the files that are needed to grade, and nothing else."""\n'


def build_autograder(id, out, secret, language="en", folder=None, wheelhouse=None):
    """Writes the zip; returns the names in it.

    secret: the course's, as text. folder: an own course. wheelhouse: a folder with wheels of NumPy for the Python of
    the image. ValueError: a file that Python 3.10 cannot read, no wheel of NumPy, results that break the schema.
    """
    files = autograder_files(id, secret, language, folder, wheelhouse)
    with writing(out) as temporary:
        Path(temporary).write_bytes(zip_of(files, PROGRAMS))
    return sorted(files)


def new_secret(path):
    """Writes a new secret of a course into a file that nobody else can read; returns the path."""
    with writing(path) as temporary:
        Path(temporary).write_text(secrets.token_hex(32) + "\n", "utf-8")
    os.chmod(path, 0o600)
    return path


def autograder_files(id, secret, language="en", folder=None, wheelhouse=None):
    """{name: bytes} of the zip."""
    assignment = load(id, folder)
    assignment.refuse_misfits()
    files = {**package_files(assignment), **data_files(assignment), **wheels(wheelhouse)}
    files["setup.sh"] = SETUP.replace("NUMPY", NUMPY).encode()
    files["run_autograder"] = filled(RUN_AUTOGRADER, ASSIGNMENT=id, LANGUAGE=language, VERSIONS=versions(files, id))
    files["secret.txt"] = f"{secret}\n".encode()
    files["unfinished.json"] = unfinished(assignment, language)
    refuse_unreadable(files)
    return files


def filled(text, **words):
    """The bytes of a program with words in the places that are named."""
    for name, word in words.items():
        text = text.replace(name, word)
    return text.encode()


def versions(files, id):
    """Which grader this is: "npnet 0.2.0, a3 1f2e3d4c". The digits change with every file but the wheels."""
    digest = hashlib.sha256()
    for name in sorted(files):
        if not name.startswith("wheelhouse/"):
            digest.update(name.encode() + b"\0" + files[name])
    return f"npnet {__version__}, {id} {digest.hexdigest()[:8]}"


def package_files(assignment):
    """The Python files of the grader: all of grader/, the assignment's checks, and what these import of npnet."""
    files = {"npnet/__init__.py": PACKAGE.encode(), "npnet/diagnose/__init__.py": PACKAGE.encode(),
             "npnet/course/__init__.py": PACKAGE.encode()}
    checks = first(assignment.folders, f"checks/{assignment.id}.py")
    if not checks.is_file():
        raise ValueError(f"{assignment.id} cannot be graded: there is no checks/{assignment.id}.py")
    starts = [*sorted((HOME / "grader").rglob("*.py")), HOME / "checks" / "__init__.py"]
    if checks.parent.parent == HOME:
        starts.append(checks)
    else:                                                   # of an own course: it imports npnet.course.grader...
        files[f"npnet/course/checks/{assignment.id}.py"] = checks.read_bytes()
    for path in closure(starts):
        files.setdefault(path.relative_to(HOME.parents[1]).as_posix(), path.read_bytes())
    return files


def data_files(assignment):
    """The assignment and those that it builds on, its catalogue and the words, as JSON."""
    files = {f"npnet/course/assignments/{each.filename}": each.path.read_bytes()
             for each in [*assignment.needs, assignment]}
    catalogue = read(first(assignment.folders, f"catalogue/{assignment.id}.toml").with_suffix(""))
    files[f"npnet/course/catalogue/{assignment.id}.json"] = compiled(catalogue)
    files["npnet/course/words/words.json"] = compiled(sentences(assignment))
    return files


def sentences(assignment):
    """{id: {"en": ..., "ko": ...}} of all words; those of an own course go before ours."""
    found = {}
    for folder in reversed(assignment.folders):
        if (folder / "words").is_dir():
            found.update(table(folder / "words"))
    return found


def compiled(tables):
    """A table of TOML as JSON."""
    return (json.dumps(tables, ensure_ascii=False, indent=1) + "\n").encode()


def wheels(folder):
    """{name: bytes} of the wheels that are needed. ValueError: the folder has none of NumPy."""
    if folder is None:
        return {}
    found = {path.name: path.read_bytes() for pattern in TAKEN for path in sorted(Path(folder).glob(pattern))}
    if not any(name.startswith("numpy-") for name in found):
        raise ValueError(f"{folder} has no wheel of NumPy; fill it with: pip download --only-binary :all: "
                         f"--python-version 3.10 --dest {folder} {NUMPY} pip")
    return {f"wheelhouse/{name}": content for name, content in found.items()}


def unfinished(assignment, language):
    """The results that stand until there are others. ValueError: they break the documented schema."""
    content = gradescope.document(planned(assignment, language), say("grading.unfinished", language))
    found = gradescope.problems(content)
    if found:
        raise ValueError(f"the results of {assignment.id} would break Gradescope's schema: {'; '.join(found)}")
    return gradescope.encoded(content)


def refuse_unreadable(files):
    """ValueError where the oldest Python could not read a file."""
    for name, content in files.items():
        if name.endswith(".py"):
            try:
                ast.parse(content.decode("utf-8"), name, feature_version=OLDEST)
            except SyntaxError as error:
                raise ValueError(f"{name}:{error.lineno} needs a Python that is younger than "
                                 f"{'.'.join(map(str, OLDEST))}: {error.msg}") from None
