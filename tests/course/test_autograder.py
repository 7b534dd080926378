"""The zip for Gradescope: built, and run as its contract says, in a place where npnet is not."""
import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from gradescope_run import METADATA, compared, environment, graded, is_importable, unpacked
from small_course import course
from submissions_made import filled, made

from npnet.course import autograder
from npnet.course.autograder import autograder_files, build_autograder
from npnet.course.grader.assignment import load
from npnet.course.grader.gradescope import problems
from npnet.course.package import closure

pytestmark = pytest.mark.long              # processes are started, or pictures drawn

SECRET = "a secret of a course, long enough"
GOLDEN = Path(__file__).with_name("golden")
POINTS = 10
posix = pytest.mark.skipif(os.name != "posix", reason="run_autograder is for bash")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The place of Gradescope, with the zip of A4 unpacked in it."""
    folder = tmp_path_factory.mktemp("autograder")
    build_autograder("a4", folder / "a4.zip", SECRET)
    return unpacked(folder / "a4.zip", folder)


def test_the_zip_has_its_programs_at_the_root(base):
    with zipfile.ZipFile(base / "a4.zip") as archive:
        entries = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert entries["setup.sh"] == entries["run_autograder"] == 0o755 and entries["secret.txt"] == 0o644
    assert not [name for name in entries if name.endswith((".toml", ".pyc")) or "__pycache__" in name]
    for name in ("setup.sh", "run_autograder"):
        assert (base / "source" / name).read_text().startswith("#!/usr/bin/env bash\n")
        if os.name == "posix":
            assert subprocess.run(["bash", "-n", str(base / "source" / name)]).returncode == 0


def test_the_same_zip_every_time(base):
    build_autograder("a4", base / "again.zip", SECRET)
    assert (base / "again.zip").read_bytes() == (base / "a4.zip").read_bytes()


def test_every_file_is_read_by_python_310(base):
    files = sorted((base / "source").rglob("*.py"))
    assert len(files) > 30 and any("diagnose/causes" in path.as_posix() for path in files)
    for path in files:
        ast.parse(path.read_text("utf-8"), feature_version=(3, 10))


def test_results_that_stand_until_there_are_others(base):
    content = json.loads((base / "source" / "unfinished.json").read_text("utf-8"))
    assert problems(content, POINTS) == [] and sum(row["score"] for row in content["tests"]) == 0
    assert "did not finish" in content["output"]


@posix
def test_npnet_is_not_there(base):
    assert not is_importable(base, "npnet") and not is_importable(base, "rich") and is_importable(base, "numpy")


def run(base, name):
    """The results of a submission, held against the schema."""
    results, printed = graded(base, made(load("a4"))[name])
    assert problems(results, POINTS) == [], printed
    assert "Traceback" not in printed
    return results


def kept(name, results):
    """Holds the results against those that are kept; `python tests/course/golden/golden_results.py` writes them anew."""
    assert compared(results) == (GOLDEN / f"{name}.json").read_text("utf-8")


@posix
def test_the_solution_has_all_points_and_twice_the_same_results(base):
    results = run(base, "solution")
    assert sum(row["score"] for row in results["tests"]) == POINTS
    kept("solution", results)
    kept("solution", run(base, "solution"))


@posix
@pytest.mark.parametrize("name", [
    "mistakes", *(pytest.param(name, marks=pytest.mark.long)
                  for name in ("starter", "unknown", "crash", "syntax", "missing", "forged"))])
def test_results_are_those_that_are_kept(base, name):
    results = run(base, name)
    kept(name, results)
    if name in ("starter", "crash", "syntax", "missing"):
        assert sum(row["score"] for row in results["tests"]) == 0
    assert not (base / "submission" / "results.json").exists()


@posix
@pytest.mark.long
def test_what_cannot_be_graded_leaves_results_all_the_same(base):
    """The grader itself broken, and Python missing."""
    broken = base / "source" / "npnet" / "course" / "grader" / "grade.py"
    text = broken.read_text("utf-8")
    try:
        broken.write_text(text + "\n\ndef grade(*given, **more):\n    raise MemoryError\n", "utf-8")
        results, printed = graded(base, {})
        assert problems(results, POINTS) == [] and "The grader itself failed (MemoryError)" in results["output"]
        assert "Traceback" in printed
    finally:
        broken.write_text(text, "utf-8")
    (base / "venv").rename(base / "gone")
    try:
        results, _ = graded(base, {})
        assert problems(results, POINTS) == [] and "did not finish" in results["output"]
    finally:
        (base / "gone").rename(base / "venv")


@posix
@pytest.mark.long
def test_an_endless_loop_costs_its_region_alone(base):
    assignment = load("a4")
    text = filled(assignment, assignment.source.starter(), assignment.source.solution)
    endless = text.replace("def max_pool_forward(", "def max_pool_forward(*given):\n    while True:\n        pass\n\n\ndef unused(")
    results, printed = graded(base, {assignment.filename: endless})
    assert problems(results, POINTS) == [], printed
    scores = {row["number"]: row["score"] for row in results["tests"]}
    assert scores["4.1.1"] == 0 and scores["4.2.1"] == 3.6


@posix
@pytest.mark.long
def test_another_student_has_other_probes_and_the_same_public_points(base):
    other = {**METADATA, "users": [{"email": "lee@example.org", "id": 9, "name": "Lee"}]}
    first = run(base, "mistakes")
    second, _ = graded(base, made(load("a4"))["mistakes"], other)
    assert first["extra_data"]["variant"] != second["extra_data"]["variant"]
    public = [[row["score"] for row in each["tests"] if row["number"].endswith(".1")] for each in (first, second)]
    assert public[0] == public[1] and 0 < sum(public[0]) < 3
    assert "kim" not in json.dumps(first) and "lee" not in json.dumps(second)


def wheel_of_numpy(folder):
    """A wheel made of the NumPy that is installed, as far as its RECORD knows its files."""
    packages = Path(np.__path__[0]).parent
    info = next(packages.glob("numpy-*.dist-info"))
    tag = next(line.split(": ")[1] for line in (info / "WHEEL").read_text().splitlines() if line.startswith("Tag"))
    path = folder / f"{info.name.removesuffix('.dist-info')}-{tag}.whl"
    names = [line.split(",")[0] for line in (info / "RECORD").read_text().splitlines()]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            if not name.startswith("..") and (packages / name).is_file() and "__pycache__" not in name:
                archive.write(packages / name, name)
    return path


@posix
@pytest.mark.long
def test_setup_needs_no_network_with_a_wheelhouse(tmp_path):
    """As in an image without a network: pip may take nothing but the wheel of the zip."""
    (tmp_path / "wheels").mkdir()
    wheel_of_numpy(tmp_path / "wheels")
    build_autograder("a4", tmp_path / "a4.zip", SECRET, wheelhouse=tmp_path / "wheels")
    with zipfile.ZipFile(tmp_path / "a4.zip") as archive:
        archive.extractall(tmp_path / "source")
    clean = {"PATH": os.environ["PATH"], "AUTOGRADER": str(tmp_path), "PYTHON": sys.executable, "STUDENT": "",
             "LANG": "C.UTF-8",
             "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(["bash", str(tmp_path / "source" / "setup.sh")], env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"NumPy {np.__version__}" in done.stdout
    results, printed = graded(tmp_path, made(load("a4"))["solution"])
    assert sum(row["score"] for row in results["tests"]) == POINTS, printed


def setup_as_root(folder, **environment):
    """What setup.sh prints to stderr where it believes to be root, with commands that only write down their names."""
    build_autograder("a4", folder / "a4.zip", SECRET)
    with zipfile.ZipFile(folder / "a4.zip") as archive:
        archive.extractall(folder / "source")
    (folder / "bin").mkdir()
    for name, text in {"useradd": 'echo "$@" >> "$MADE"', "python3": "exit 0", "runuser": "exit 1",
                       "id": '[ "$1" = -u ] && echo 0 || { [ "$1" = -un ] && echo root; }'}.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "bin" / name).chmod(0o755)
    (folder / "venv" / "bin").mkdir(parents=True)
    clean = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "MADE": str(folder / "made"), "LANG": "C.UTF-8"}
    done = subprocess.run(["bash", str(folder / "source" / "setup.sh")], env={**clean, **environment},
                          capture_output=True, text=True)
    return done.stderr, (folder / "made").read_text() if (folder / "made").exists() else ""


@posix
def test_no_user_is_made_on_a_machine_where_it_is_tried_out(tmp_path):
    said, made_users = setup_as_root(tmp_path, AUTOGRADER=str(tmp_path))
    assert made_users == "" and "none is made outside of /autograder: students' code runs as root" in said
    assert "STUDENT= asks for none" in said


@posix
def test_a_user_is_made_where_one_is_asked_for(tmp_path):
    assert "helper" in setup_as_root(tmp_path, AUTOGRADER=str(tmp_path), STUDENT="helper")[1]


def test_a_folder_without_wheels_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no wheel of NumPy; fill it with: pip download"):
        build_autograder("a4", tmp_path / "a4.zip", SECRET, wheelhouse=tmp_path)
    assert not (tmp_path / "a4.zip").exists()


def test_an_own_course_brings_its_own_files(tmp_path):
    folder = course(tmp_path / "course")
    files = autograder_files("a1", SECRET, "ko", folder)
    assert b"Twice" in files["npnet/course/assignments/a1_twice.py"]
    assert b"a1.twice.open" in files["npnet/course/checks/a1.py"]
    assert json.loads(files["npnet/course/catalogue/a1.json"])["mistake"][0]["id"] == "twice.first"
    assert "채점이 끝나지 않았습니다" in json.loads(files["unfinished.json"])["output"]
    assert b"--assignment a1 --lang ko" in files["run_autograder"]


def test_what_an_old_python_cannot_read_is_refused(tmp_path):
    folder = course(tmp_path / "course")
    checks = folder / "checks" / "a1.py"
    checks.write_text(checks.read_text() + "\n\ntry:\n    pass\nexcept* ValueError:\n    pass\n")
    with pytest.raises(ValueError, match=r"checks/a1.py:\d+ needs a Python that is younger than 3.10"):
        autograder_files("a1", SECRET, folder=folder)


def test_a_grader_file_may_not_need_more_than_numpy(tmp_path, monkeypatch):
    from npnet.course import package
    monkeypatch.setattr(package, "ROOT", tmp_path / "npnet")
    room = tmp_path / "npnet" / "course" / "grader"
    room.mkdir(parents=True)
    (tmp_path / "npnet" / "layers.py").write_text("")
    for text, said in (("import rich", "imports rich; a grader has the standard library and NumPy alone"),
                       ("from ...layers import Conv2D", "imports npnet.layers, which a grader does not have")):
        (room / "a.py").write_text(text)
        with pytest.raises(ValueError, match=said):
            closure([room / "a.py"])


def test_an_assignment_without_checks(tmp_path):
    folder = course(tmp_path / "course")
    shutil.copy(folder / "assignments" / "a2_four.py", folder / "assignments" / "c7_four.py")
    with pytest.raises(ValueError, match="c7 cannot be graded: there is no checks/c7.py"):
        autograder_files("c7", SECRET, folder=folder)


def test_the_environment_of_the_tests_has_numpy_alone(tmp_path):
    environment(tmp_path / "venv")
    packages = next((tmp_path / "venv").rglob("site-packages"))
    assert all(path.name.startswith("numpy") for path in packages.iterdir())
    assert autograder.NUMPY.startswith("numpy==")


def test_nothing_is_imported_while_an_import_is_looked_up():
    """With NumPy 2.2 importlib.machinery is not there yet: looking it up would look itself up without end."""
    text = Path(autograder.__file__).with_name("grader").joinpath("worker.py").read_text("utf-8")
    importer = next(node for node in ast.parse(text).body if getattr(node, "name", "") == "Importer")
    assert not [node for node in ast.walk(importer) if isinstance(node, (ast.Import, ast.ImportFrom))]
