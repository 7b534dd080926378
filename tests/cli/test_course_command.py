"""`npnet course`: what it prints, its exit codes, both languages, offline."""
import json
import subprocess
import sys
import zipfile

import pytest

from commands import environment, one_line
from npnet.cli import course
from npnet.course.grader.report import width
from pocket import RIGHT, pocket, solved  # noqa: F401


@pytest.fixture
def begun(pocket, npnet_):  # noqa: F811
    """A student's folder with the first assignment."""
    assert npnet_("course", "start", "a1")[0] == 0
    return pocket


def test_from_the_first_command_to_the_zip(pocket, npnet_):  # noqa: F811
    code, out, err = npnet_("course", "list")
    assert code == 0 and not err and "a1  Twice" in out and "not started" in out
    code, out, err = npnet_("course", "start", "a1", "내 폴더/a b")
    assert code == 0 and "a1_double.py" in out and "cd there first" in " ".join(out.split())
    assert (pocket / "내 폴더/a b/a1_double.py").is_file()
    assert npnet_("course", "start", "a1")[0] == 0
    assert npnet_("course", "check")[0] == 2                                # not started
    solved(pocket / "a1_double.py", "a1.double", "y = x * x")
    code, out, err = npnet_("course", "check", "a1")
    assert code == 1 and not err and "Your y is exactly what you get if x is multiplied by itself." in out
    assert npnet_("course", "hint")[1].startswith("a1.double, two times x: hint 1 of 3\n")
    assert "in brackets below" in npnet_("course", "why", "a1.double")[1]
    assert npnet_("course", "reset", "a1.double")[0] == 0
    for region in ("a1.double", "a1.total"):
        solved(pocket / "a1_double.py", region, RIGHT[region])
    assert npnet_("course", "check", "a1")[0] == 0
    assert "[####################]    10 / 10" in npnet_("course", "status")[1]
    assert npnet_("course", "update") == (0, "a1_double.py: up to date\n", "")
    assert "The last check of this file: 10 of 10 points" in npnet_("course", "submit", "a1")[1]
    with zipfile.ZipFile(pocket / "a1.zip") as archive:
        assert archive.namelist() == ["a1_double.py", "manifest.json"]


def test_exit_codes_of_check(begun, npnet_, monkeypatch):
    path = begun / "a1_double.py"
    assert npnet_("course", "check", "a1.double")[0] == 2
    good = path.read_text("utf-8")
    path.write_text("def broken(:\n", "utf-8")
    code, out, err = npnet_("course", "check")
    assert code == 3 and "Python cannot read line 1" in out and not err
    path.write_text(good, "utf-8")
    monkeypatch.setattr("npnet.course.check.grade", lambda *arguments, **options: {}["x"])
    code, out, err = npnet_("course", "check")
    assert code == 4 and err.startswith("npnet: the checker itself failed (KeyError: 'x'); that is not your fault.")


def test_mistakes_are_one_sentence(begun, npnet_):
    for words, said in ((["check", "a99"], "the course has no a99"), (["check", "a2"], "a2 is not started in"),
                        (["hint", "a1.x"], "a1 has no region a1.x; it has a1.double, a1.total"),
                        (["submit", "a2"], "a2 is not started"), (["list", "--lang", "fr"], "argument --lang"),
                        (["start"], "the following arguments are required"), (["dance"], "invalid choice"),
                        (["check", "--only", "a1.x"], "a1 has no region a1.x")):
        assert said in one_line(npnet_("course", *words)), words


def test_korean_by_option_by_variable_and_by_folder(pocket, npnet_, monkeypatch):  # noqa: F811
    assert "두 배" in npnet_("course", "list", "--lang", "ko")[1]
    monkeypatch.setenv("NPNET_LANG", "ko")
    assert npnet_("course", "start", "a1")[1].startswith("a1 두 배를 시작했습니다. 10점입니다.")
    monkeypatch.delenv("NPNET_LANG")
    assert "아직 시작하지 않았습니다" in npnet_("course", "check")[1]
    assert "not started" in npnet_("course", "check", "--lang", "en")[1]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_screen_fits_eighty_columns(begun, npnet_, language):
    solved(begun / "a1_double.py", "a1.double", "y = x * x")
    for words in (["list"], ["check"], ["hint"], ["why"], ["status"], ["update"], ["submit", "a1"], ["reset", "a1"]):
        code, out, err = npnet_("course", *words, "--lang", language)
        assert out and not err and code in (0, 1, 2)
        assert max(map(width, out.splitlines())) <= 80, words


def test_json_and_only(begun, npnet_):
    solved(begun / "a1_double.py", "a1.total", RIGHT["a1.total"])
    code, out, _ = npnet_("course", "check", "--only", "a1.total", "--json")
    (table,) = json.loads(out)
    assert code == 0 and [region["id"] for region in table["regions"]] == ["a1.total"] and table["earned"] == 4


def test_a_damaged_state_is_told_and_nothing_else_happens(begun, npnet_):
    (begun / ".npnet-course.json").write_text("{", "utf-8")
    code, out, err = npnet_("course", "list")
    assert code == 0 and ".npnet-course.json was damaged" in out and "a1  Twice" in out


def test_colours_are_for_terminals(begun, npnet_):
    assert "\x1b" not in npnet_("course", "check")[1]
    assert course.mouth(True) is print and course.mouth(False) is not print


def test_help_names_every_command(npnet_):
    done = subprocess.run([sys.executable, "-m", "npnet", "course", "--help"], text=True, capture_output=True,
                          env=environment())
    assert done.returncode == 0 and all(f"    {name} " in done.stdout for name in course.COMMANDS)


def test_listing_is_light():
    code = ("import sys; from npnet.cli import main\n"
            "assert main(['course', 'status']) in (0, 2)\n"
            "print([name for name in 'numba matplotlib cupy torch'.split() if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, env=environment())
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr
