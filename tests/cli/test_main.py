"""The command line: its exit codes, and one sentence for whatever the user can mend."""
import json
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import npnet
from commands import environment, one_line, process
from npnet.cli import COMMANDS, info, main
from npnet.screen import echo, sentence


def test_npnet_alone_is_an_overview(npnet_):
    code, out, err = npnet_()
    assert code == 0 and not err
    for command in ("info", "summary", "gradcheck"):
        assert f"    npnet {command} " in out
    assert max(map(len, out.splitlines())) <= 79
    assert npnet_("--help") == npnet_("help") == (0, out, "")


def test_version(npnet_):
    assert npnet_("--version") == (0, f"npnet {npnet.__version__}\n", "")


@pytest.mark.parametrize("word, hint", [("sumary", "did you mean summary? "), ("grad", "did you mean gradcheck? "),
                                        ("xyzzy", "")])
def test_an_unknown_command(npnet_, word, hint):
    assert one_line(npnet_(word)).startswith(f"no command is called {word!r}; {hint}npnet has info, summary")


def test_a_command_whose_file_is_missing(npnet_, monkeypatch):
    monkeypatch.setitem(COMMANDS, "juggle", "a command of an annex that was deleted")
    assert "this copy of npnet does not have the command juggle; it has info" in one_line(npnet_("juggle"))
    assert "juggle" not in npnet_()[1]


@pytest.mark.parametrize("words, text", [
    (["info", "--loud"], "unrecognized arguments: --loud; see npnet info --help"),
    (["summary", "--classes", "ten"], "argument --classes: invalid int value: 'ten'; see npnet summary --help"),
    (["summary", "--net"], "argument --net: expected one argument; see npnet summary --help"),
    (["summary", "--net", "alexnet"], "no network is called 'alexnet'"),
    (["summary", "--weights", "nowhere.npz"], "there is no file nowhere.npz; give the path of a network"),
    (["summary", "--weights", "a.npz", "--net", "lenet5"],
     "a.npz holds a whole network; leave --net, --classes and --size out"),
    (["summary", "--net", "krizhevsky2012", "--size", "8"], "conv1: a window of 11 x 11 does not fit into 8 x 8"),
    (["gradcheck", "--backend", "abacus"], "backend must be one of loops, numpy, numba, cupy, got 'abacus'"),
    (["gradcheck", "LRN", "--train", "--entries", "3"], "--train and --entries are for a layer of your own"),
    (["summary", "--classses", "3"], "unrecognized arguments: --classses 3; did you mean --classes? See npnet summary --help"),
    (["summary", "--net", "lenet5", "--classes", "0"], "fc5: units must be"),
    (["summary", "--net", "lenet5", "--size", "0"], "every size in input_shape must be"),
    (["summary", "--weights", "a.npz", "--size", "0"], "a.npz holds a whole network"),
    (["summary", "--net", "lenet5", "--classes", "1000000000000"], "not enough memory for"),
])
def test_mistakes_are_one_sentence(npnet_, words, text):
    assert text in one_line(npnet_(*words))


@pytest.mark.parametrize("words, name", [
    (["summary", "--net", ""], "--net"), (["explain", "--save="], "--save"), (["gradcheck", ""], "the word after gradcheck"),
    (["predict", "a.png", "--weights", ""], "--weights"), (["train", "--data", "", "--out", "a"], "--data"),
    (["evaluate", "a", ""], "the word after a")])
def test_an_empty_word_is_named(npnet_, words, name):
    assert one_line(npnet_(*words)) == f"{name} is empty; perhaps a variable of your shell is not set"


def test_exceptions_become_sentences():
    assert sentence(KeyError("no layer is called 'conv9'")) == "no layer is called 'conv9'"
    assert sentence(FileNotFoundError(2, "No such file or directory", "a.npz")) == "a.npz: No such file or directory"
    assert sentence(OSError("the disk is full;\n   free some")) == "the disk is full; free some"
    assert sentence(ValueError()) == "ValueError"
    assert sentence(MemoryError()) == "there is not enough memory for that"
    assert sentence(MemoryError("Unable to allocate 611. TiB for an array")) == "not enough memory for 611. TiB for an array"


@pytest.mark.parametrize("kind", [OSError, ImportError, FloatingPointError, MemoryError])
def test_what_the_machine_lacks_is_one_sentence(npnet_, monkeypatch, kind):
    def fail():
        raise kind("it is Monday")
    monkeypatch.setattr(info, "found", fail)
    assert one_line(npnet_("info")) == "it is Monday"
    monkeypatch.setenv("NPNET_DEBUG", "1")
    with pytest.raises(kind, match="it is Monday"):
        main(["info"])


@pytest.mark.parametrize("mistake, text", [
    (lambda: {}["mean"], "mean (a KeyError "), (lambda: len(3), "object of type 'int' has no len() (a TypeError "),
    (lambda: np.zeros(3).reshape(2), "cannot reshape array of size 3 into shape (2,) (a ValueError "),
    (lambda: np.stack([]), "need at least one array to stack (a ValueError "),
    (lambda: json.loads("{"), "Expecting property name enclosed in double quotes: line 1 column 2 (char 1) (a JSON")])
def test_mistakes_of_ours_keep_their_sentence_and_are_said_to_be_ours(npnet_, monkeypatch, mistake, text):
    monkeypatch.setattr(info, "found", mistake)
    code, _, err = npnet_("info")
    assert code == 2 and err.startswith(f"npnet: {text}") and err.count("\n") == 1
    assert err.endswith("that npnet did not expect; NPNET_DEBUG=1 shows where it happened)\n")
    monkeypatch.setenv("NPNET_DEBUG", "1")
    with pytest.raises((KeyError, TypeError, ValueError)):
        main(["info"])


def test_other_mistakes_of_ours_show_where_they_are(monkeypatch):
    monkeypatch.setattr(info, "found", lambda: None.facts)
    with pytest.raises(AttributeError):
        main(["info"])


def test_warnings_are_sentences(monkeypatch):
    monkeypatch.setattr(info, "found", lambda: warnings.warn("kernels cannot be kept") or {})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *given, file=None, line=None: shown.append(warnings.formatwarning(*given, line))
        shown, before = [], warnings.formatwarning
        assert main(["info"]) == 0
    assert shown == ["npnet: kernels cannot be kept\n"] and warnings.formatwarning is before


@pytest.mark.parametrize("number, code", [(None, 130), (signal.SIGTERM, 143)])
def test_stopped(npnet_, monkeypatch, number, code):
    def stop():
        if number is None:
            raise KeyboardInterrupt
        signal.raise_signal(number)
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(info, "found", stop)
    assert npnet_("info") == (code, "", "")
    assert signal.getsignal(signal.SIGTERM) == before


def test_python_m_npnet():
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"npnet {npnet.__version__}\n", "")
    done = process("sumary")
    assert done.returncode == 2 and done.stderr.startswith("npnet: no command is called 'sumary'")
    done = process("gradcheck", "--backend", "abacus", NPNET_DEBUG="1")
    assert "Traceback" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")
@pytest.mark.parametrize("how, expected", [("closed pipe", 141), ("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_reader_who_leaves(how, expected):
    words = [sys.executable, "-m", "npnet", "gradcheck", "--backend", "loops"]
    if how == "SIGINT" and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("this shell's children do not hear Ctrl-C")
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert run.stdout.readline().startswith(b"backend loops")
    if how == "closed pipe":
        run.stdout.close()
    else:
        run.send_signal(getattr(signal, how))
    err = run.stderr.read()
    code = run.wait(timeout=60)
    run.stderr.close()
    run.stdout.close()
    assert (code, err) == (expected, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("redirection, code, said", [
    (">&-", 0, ""), ("2>&-", 0, ""), ("<&- >&- 2>&-", 0, ""),
    pytest.param("> /dev/full", 2, "npnet: No space left on device\n", marks=pytest.mark.skipif(
        not os.path.exists("/dev/full"), reason="needs /dev/full"))])
def test_streams_that_are_closed_or_full(redirection, code, said):
    words = f'"{sys.executable}" -m npnet summary --net lenet5 {redirection}'
    done = subprocess.run(["sh", "-c", words], text=True, capture_output=True, env=environment())
    assert (done.returncode, done.stderr) == (code, said)
    assert ("total" in done.stdout) == (redirection == "2>&-")


def test_importing_npnet_is_light():
    heavy = "numba matplotlib cupy torch rich"
    code = ("import sys, npnet\n"
            "for name in ('Network', 'model', 'check_gradients', 'use'): getattr(npnet, name)\n"
            f"print([name for name in {heavy!r}.split() if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, env=environment())
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_info_and_summary_are_light():
    code = ("import sys; from npnet.cli import main\n"
            "assert main(['info']) == 0 and main(['summary', '--net', 'lenet5']) == 0\n"
            "print([name for name in 'numba matplotlib cupy torch rich'.split() if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True,
                          env=environment(NPNET_BACKEND=""))
    assert done.stdout.endswith("\n[]\n") and not done.stderr


def test_echo_leaves_piped_text_plain(capsys):
    echo("[bold]5 of 5[/] :smile:", "red", end=";")
    assert capsys.readouterr().out == "[bold]5 of 5[/] :smile:;"
