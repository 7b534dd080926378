"""The table of the doctor's remarks: each is explained, used by an examiner, and earned by a run; the command prints it."""
import ast
import inspect
import re
from pathlib import Path

import pytest

import npnet
from npnet.cli import main
from npnet.fit import doctor
from npnet.fit.doctor.kinds import GROUPS, KINDS
from npnet.fit.doctor.runs import RUNS

FOLDER = Path(doctor.__file__).parent
TABLES = ("kinds.py", "runs.py", "runs_inside.py", "watching.py")


def nodes():
    """All nodes of the syntax trees of the examiners."""
    for path in sorted(FOLDER.glob("*.py")):
        if path.name not in TABLES:
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def used():
    """The names of remarks that stand in the text of an examiner."""
    return {node.value for node in nodes() if isinstance(node, ast.Constant) and node.value in KINDS}


def found():
    """The names that Findings are given."""
    calls = [node for node in nodes() if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"]
    return {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


@pytest.fixture(autouse=True)
def no_compiler():
    npnet.use("numpy")


# ------------------------------------------------------------------------ the table

def test_the_table_has_what_examiners_find_and_nothing_else():
    assert found() and not found() - set(KINDS) and not set(KINDS) - used()
    assert set(RUNS) == set(KINDS)


def test_each_remark_is_explained_in_plain_sentences():
    assert len({kind.explanation for kind in KINDS.values()}) == len(KINDS)
    for name, kind in KINDS.items():
        assert kind.group in GROUPS and re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert kind.explanation[0].isupper() and kind.explanation.endswith(".") and len(kind.explanation) < 320, name
    assert list(dict.fromkeys(kind.group for kind in KINDS.values())) == list(GROUPS)


# ------------------------------------------------------------------------ the runs

@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in KINDS if name in used()])
def test_a_run_earns_its_remark_first(name):
    watched = RUNS[name]()
    assert watched.said and watched.said[0][1].name == name, [str(remark) for _, remark in watched.said]
    assert 8 <= len(watched.losses) <= 500


def test_the_texts_of_runs_fit_a_terminal_and_are_short():
    for name, run in RUNS.items():
        lines = inspect.getsource(run).splitlines()
        assert len(lines) <= 12 and max(map(len, lines)) <= 76, name


# ------------------------------------------------------------------------ the command

@pytest.fixture
def explained(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def explained(*names):
        code = main(["train", "--explain-remarks", *names])
        streams = capsys.readouterr()
        assert max(map(len, streams.out.splitlines()), default=0) <= 80
        return code, streams
    return explained


def test_the_command_prints_the_table(explained):
    code, streams = explained()
    said = " ".join(streams.out.split())
    assert code == 0 and streams.out.startswith(f"What the doctor can say, {len(KINDS)} remarks.")
    for name, kind in KINDS.items():
        assert f"{name} {kind.explanation}" in said
    assert all(f"\n{heading}\n" in streams.out for heading in GROUPS.values())


def test_the_command_shows_a_run_with_its_curve_and_what_the_doctor_said(explained):
    code, streams = explained("softmax-twice", "rate-high", "softmax-twice")
    out = streams.out
    assert code == 0 and out.count("    def softmax_twice():\n        return watch(") == 1
    assert out.index("def softmax_twice") < out.index("\nrate-high\n") < out.index("def rate_high")
    assert re.search(r"^the loss: 1\.\d+ [▁▂▃▄▅▆▇█]{40} 0\.\d+, \d+ steps$", out, re.MULTILINE)
    assert "step 0: prob: the outputs are probabilities" in out


def test_an_unknown_name_gets_the_nearest_ones(explained):
    code, streams = explained("softmax-once")
    assert code == 2 and streams.out == "" and streams.err.count("\n") == 1
    assert "no remark is called 'softmax-once'; did you mean softmax-twice" in streams.err
