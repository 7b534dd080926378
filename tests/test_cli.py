"""The command line: its screens, its exit codes, and one sentence for whatever the user can mend."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import backend as backends
from npnet.backend import NUMPY
from npnet.cli import COMMANDS, gradcheck, info, main
from npnet.screen import echo, sentence
from npnet.layers import LAYERS

FOLDER = Path(npnet.__file__).parents[1]
COUNT = len(gradcheck.CASES) + 1            # the layers' cases, and the loss

STUDENT = '''
import numpy as np
from npnet.layers import Layer


def sums(a, n):
    out = np.zeros_like(a)
    for i in range(a.shape[1]):
        out[:, i] = a[:, max(0, i - n // 2):i + n // 2 + 1].sum(axis=1)
    return out


class MyLRN:
    def __init__(self, n=5, k=2, alpha=0.7, beta=0.75):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, x, train=False):
        self.x = x
        self.s = self.k + self.alpha * sums(x * x, self.n)
        return x * self.s ** -self.beta

    def backward(self, dy):
        damped = dy * self.s ** -self.beta
        return damped - 2 * self.alpha * self.beta * self.x * sums(damped * self.x / self.s, self.n)


class NoCrossTerm(MyLRN):
    def backward(self, dy):
        return dy * self.s ** -self.beta


class MyDense(Layer):
    def __init__(self, units, promised=None):
        self.units, self.promised = units, promised or (units,)

    def build(self, shape, rng, dtype=np.float32):
        self.w, self.b = rng.standard_normal((*shape, self.units)).astype(dtype), np.zeros(self.units, dtype)
        return self.promised

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}

    def forward(self, x, train=False):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy):
        self.dw, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.w.T


class TwiceTheBias(MyDense):
    def backward(self, dy):
        dx = super().backward(dy)
        self.db = 2 * self.db
        return dx


class ScaleWithoutW:
    """Right as long as w is 1."""
    def build(self, shape, rng, dtype=np.float32):
        self.w = np.ones(shape[0], dtype)
        return shape

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": (self.dy * self.x).sum(axis=0)}

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy):
        self.dy = dy
        return dy.copy()


class ListOfParams(MyDense):
    def params(self):
        return [self.w, self.b]


class NothingBuilt(MyDense):
    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)


class OnlyInTraining:
    def forward(self, x, train=False):
        return x * (3 if train else 2)

    def backward(self, dy):
        return 3 * dy


class Raises(MyLRN):
    def backward(self, dy):
        return dy[9]


class NoBackward:
    def forward(self, x):
        return x


class Unfinished(Layer):
    def forward(self, x, train=False):
        return x


def forward(x, w):
    return x @ w


def backward(dy, x, w):
    return dy @ w.T, x.T @ dy


def upside_down(dy, x, w):
    return dy @ w.T, (x.T @ dy)[::-1]
'''


def line_of(text):
    """The number of a line of the student's file."""
    return 1 + STUDENT.splitlines().index(text)


@pytest.fixture
def npnet_(capsys):
    """npnet_("info", "--json") runs a command here and gives its exit code, output and errors."""
    def run(*words):
        code = main(words)
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return code, streams.out, streams.err
    return run


@pytest.fixture
def student(tmp_path, monkeypatch):
    """A folder with my_layer.py, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_layer.py").write_text(STUDENT)
    return tmp_path


def process(*words, **variables):
    """python -m npnet in a process of its own."""
    return subprocess.run([sys.executable, "-m", "npnet", *words], text=True, capture_output=True, timeout=300,
                          env=environment(**variables))


def environment(**variables):
    path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **variables}


def one_line(streams, code=2):
    """The sentence of a command that failed: one line on stderr, nothing else there."""
    got, _, err = streams
    assert got == code and err.startswith("npnet: ") and err.count("\n") == 1, err
    return err[len("npnet: "):-1]


# ------------------------------------------------------------------------------- main

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
    (["gradcheck", "LRN", "--shape", "2,3,4,4"], "--shape and --train are for a layer of your own"),
    (["summary", "--net", ""], "no network is called ''; npnet has krizhevsky2012"),
    (["summary", "--net", "lenet5", "--classes", "0"], "fc5: units must be"),
    (["summary", "--net", "lenet5", "--size", "0"], "every size in input_shape must be"),
    (["summary", "--weights", ""], "there is no file "),
    (["summary", "--weights", "a.npz", "--size", "0"], "a.npz holds a whole network"),
    (["summary", "--net", "lenet5", "--draw", ""], "; .png is the usual one"),
    (["summary", "--net", "lenet5", "--classes", "1000000000000"], "not enough memory for"),
    (["gradcheck", ""], "'' is not Python; write MyLRN(n=5), or for two functions forward,backward"),
    (["gradcheck", "--backend", ""], "backend must be one of loops, numpy, numba, cupy, got ''"),
])
def test_mistakes_are_one_sentence(npnet_, words, text):
    assert text in one_line(npnet_(*words))


def test_exceptions_become_sentences():
    assert sentence(KeyError("no layer is called 'conv9'")) == "no layer is called 'conv9'"
    assert sentence(FileNotFoundError(2, "No such file or directory", "a.npz")) == "a.npz: No such file or directory"
    assert sentence(OSError("the disk is full;\n   free some")) == "the disk is full; free some"
    assert sentence(ValueError()) == "ValueError"
    assert sentence(MemoryError()) == "there is not enough memory for that"
    assert sentence(MemoryError("Unable to allocate 611. TiB for an array")) == "not enough memory for 611. TiB for an array"


@pytest.mark.parametrize("kind", [ValueError, TypeError, OSError, ImportError, KeyError, FloatingPointError,
                                  MemoryError])
def test_what_a_command_raises(npnet_, monkeypatch, kind):
    def fail():
        raise kind("it is Monday")
    monkeypatch.setattr(info, "found", fail)
    assert one_line(npnet_("info")) == "it is Monday"
    monkeypatch.setenv("NPNET_DEBUG", "1")
    with pytest.raises(kind, match="it is Monday"):
        main(["info"])


def test_interrupted(npnet_, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt
    monkeypatch.setattr(info, "found", interrupt)
    assert npnet_("info") == (130, "", "")


def test_bugs_are_not_hidden(monkeypatch):
    monkeypatch.setattr(info, "found", lambda: None.facts)
    with pytest.raises(AttributeError):
        main(["info"])


def test_python_m_npnet():
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"npnet {npnet.__version__}\n", "")
    done = process("sumary")
    assert done.returncode == 2 and done.stderr.startswith("npnet: no command is called 'sumary'")
    done = process("gradcheck", "--backend", "abacus", NPNET_DEBUG="1")
    assert "Traceback" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")
@pytest.mark.parametrize("how", ["closed pipe", "interrupt"])
def test_a_reader_who_leaves(how):
    words = [sys.executable, "-m", "npnet", "gradcheck", "--backend", "loops"]
    if how == "interrupt" and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("this shell's children do not hear Ctrl-C")
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert run.stdout.readline().startswith(b"backend loops")
    if how == "interrupt":
        run.send_signal(signal.SIGINT)
    else:
        run.stdout.close()
    err = run.stderr.read()
    code = run.wait(timeout=60)
    run.stderr.close()
    run.stdout.close()
    assert (code, err) == (130 if how == "interrupt" else 141, b"")


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


# ------------------------------------------------------------------------------- info

def facts(npnet_):
    code, out, err = npnet_("info", "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_info(npnet_):
    code, out, err = npnet_("info")
    assert (code, err) == (0, "") and max(map(len, out.partition("\nfolders")[0].splitlines())) <= 79
    assert f"  version           {npnet.__version__}\n" in out and f"  numpy             {np.__version__}\n" in out
    titles = [line for line in out.splitlines() if line[0] != " "]
    assert titles == ["npnet", "packages", "backend", "processor", "folders"]


def test_info_names_what_is_not_installed(npnet_, monkeypatch):
    monkeypatch.setattr(info, "installed", {"numpy": "2.1", "cupy-cuda13x": "14.0"}.get)
    packages = facts(npnet_)["packages"]
    assert packages["numpy"] == "2.1" and packages["cupy"] == "14.0"
    assert packages["numba"] == "not installed; pip install numba"
    assert packages["torch"] == "not installed; pip install torch (npnet's extra torch)"


def without_packages(monkeypatch, *names):
    """Make npnet.backend blind to these packages and to what is inside them."""
    real = backends.present
    monkeypatch.setattr(backends, "present", lambda module: not module.startswith(names) and real(module))


@pytest.mark.parametrize("missing", [[], ["numba"], ["npnet.fast"]])
def test_info_says_which_backend_would_be_chosen(npnet_, monkeypatch, missing):
    monkeypatch.delenv("NPNET_BACKEND", raising=False)
    monkeypatch.setattr(backends.ops, "name", None)
    without_packages(monkeypatch, *missing)
    said = facts(npnet_)["backend"]
    backends.choose()
    assert said["chosen"] == backends.ops.name
    if missing:
        assert said["chosen"] == "numpy" and missing[0] in said["because"].replace("/", ".")
        assert "numba" not in said["available"]


@pytest.mark.parametrize("wish, because", [("loops", "NPNET_BACKEND says so"),
                                           ("abacus", "NPNET_BACKEND says so, but there are only loops, numpy"),
                                           ("cupy", "NPNET_BACKEND says so, but the package cupy is not installed")])
def test_info_and_npnet_backend(npnet_, monkeypatch, wish, because):
    monkeypatch.setenv("NPNET_BACKEND", wish)
    without_packages(monkeypatch, "cupy")
    said = facts(npnet_)["backend"]
    assert said["chosen"] == wish and said["because"].startswith(because)


def test_info_about_folders(npnet_, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("NPNET_HOME", str(home))
    folders = facts(npnet_)["folders"]
    assert folders["home"] == f"{home} (NPNET_HOME; will be made when needed)"
    assert folders["kernels"] == f"{home / 'kernels'} (will be made when needed)"
    assert not home.exists()                                            # looking makes nothing
    home.mkdir()
    assert facts(npnet_)["folders"]["home"] == f"{home} (NPNET_HOME; writable)"


def test_info_about_a_home_below_a_file(npnet_, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "file" / "home"))
    folders = facts(npnet_)["folders"]
    for name in ("home", "kernels"):
        assert folders[name].endswith(f"cannot be made: {tmp_path / 'file'} is a file)")


def test_info_about_a_folder_without_permission(npnet_, tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)         # root may write everywhere
    assert f"cannot be made: {tmp_path} is not writable" in facts(npnet_)["folders"]["home"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("script, cards", [
    ("echo 'NVIDIA H200, 143771 MiB, 570.86'\necho 'NVIDIA T4, 15360 MiB, 570.86'",
     ["NVIDIA H200, 143771 MiB, driver 570.86", "NVIDIA T4, 15360 MiB, driver 570.86"]),
    ("echo 'no devices were found'; exit 6", "none found")])
def test_info_asks_nvidia_smi(npnet_, tmp_path, monkeypatch, script, cards):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    without_packages(monkeypatch, "cupy")
    assert facts(npnet_)["processor"]["graphics card"] == cards


def test_info_where_nothing_can_be_found_out(npnet_, monkeypatch):
    read = Path.read_text

    def no_proc(path, *given, **options):
        if path.parts[1:2] == ("proc",):
            raise FileNotFoundError
        return read(path, *given, **options)
    monkeypatch.setattr(Path, "read_text", no_proc)
    monkeypatch.setattr(info, "output_of", lambda *command: "")
    monkeypatch.setattr("threadpoolctl.threadpool_info", list)
    monkeypatch.setattr(sys, "platform", "plan9")
    processor = facts(npnet_)["processor"]
    assert processor["memory"] == "unknown" and processor["blas threads"] == "unknown to threadpoolctl"
    assert processor["model"] and processor["blas"]


def test_info_shows_settings_from_outside(npnet_, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS=3" in facts(npnet_)["processor"]["set outside"]


# ------------------------------------------------------------------------------- summary

def test_summary(npnet_):
    code, out, err = npnet_("summary", "--net", "lenet5")
    assert (code, err) == (0, "") and out.startswith("lenet5: 1x28x28 in, 10 out, float32\n")
    assert "total                61,706   416,520     406,656" in out


def test_summary_of_the_paper_is_the_default(npnet_):
    code, out, _ = npnet_("summary")
    assert code == 0 and out.startswith("krizhevsky2012: 3x227x227 in, 1000 out")
    assert "650,000        659,272" in out


def test_summary_in_torchs_style(npnet_):
    code, out, _ = npnet_("summary", "--net", "caffe_lenet", "--classes", "7", "--style", "torchsummary")
    assert code == 0 and "            Linear-7                    [-1, 7]           3,507\n" in out


def test_summary_as_json(npnet_):
    data = json.loads(npnet_("summary", "--net", "lenet5", "--size", "32", "--json")[1])
    assert data["input_shape"] == [1, 32, 32] and data["parameters"] == 61_706


def test_summary_of_a_file(npnet_, tmp_path):
    npnet.use("numpy")
    net = npnet.model("lenet5", classes=4)
    net.freeze("conv1")
    net.save(tmp_path / "a.npz")
    code, out, _ = npnet_("summary", "--weights", str(tmp_path / "a.npz"))
    assert code == 0 and out.startswith("lenet5: 1x28x28 in, 4 out") and "conv1*" in out
    (tmp_path / "b.npz").write_bytes(b"nothing of the kind")
    assert "b.npz is damaged" in one_line(npnet_("summary", "--weights", str(tmp_path / "b.npz")))


# ------------------------------------------------------------------------------- gradcheck of npnet's layers

def test_gradcheck_checks_every_layer(npnet_):
    code, out, err = npnet_("gradcheck", "--backend", "numpy")
    assert (code, err) == (0, "") and "WRONG" not in out
    for name in LAYERS:
        assert f"\n{name}(" in out
    assert "\nsoftmax_cross_entropy " in out and f"{COUNT} of {COUNT} are right" in out
    assert max(map(len, out.splitlines())) <= 79


def test_the_cases_are_where_mistakes_show():
    cases = [layer for layer, shape, train in gradcheck.CASES]
    lrn = [layer for layer in cases if isinstance(layer, npnet.LRN)]
    assert {layer.convention for layer in lrn} == {"paper", "original", "caffe", "torch"}
    assert all(layer.alpha == 0.7 for layer in lrn) and {layer.groups for layer in lrn} == {1, 2}
    assert any(layer.p_drop == 0.2 and train for layer, _, train in gradcheck.CASES if isinstance(layer, npnet.Dropout))
    assert {train for layer, _, train in gradcheck.CASES if isinstance(layer, npnet.BatchNorm)} == {True, False}
    assert any(isinstance(layer, npnet.MaxPool) and (layer.size, layer.stride) == (3, 2) for layer in cases)


@pytest.mark.parametrize("name", ["LRN", "MaxPool", "Conv2D", "BatchNorm"])
def test_gradcheck_of_one_class_on_each_backend(npnet_, backend, name):
    code, out, _ = npnet_("gradcheck", name, "--backend", backend)
    rows = [line for line in out.splitlines() if line.startswith(f"{name}(")]
    assert code == 0 and f"backend {backend}" in out
    assert len(rows) == sum(type(layer).__name__ == name for layer, *_ in gradcheck.CASES)


def test_gradcheck_finds_a_wrong_operation(npnet_, monkeypatch):
    def without_cross_term(dy, x, scale, n, alpha, beta, groups):
        return dy * scale ** -beta
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**NUMPY, "lrn_backward": without_cross_term})
    code, out, _ = npnet_("gradcheck", "LRN", "--backend", "mine")
    assert code == 1 and out.count("WRONG") == 6 and "0 of 5 are right, 5 WRONG" in out
    assert out.count("  gradient check FAILED") == 5


def test_gradcheck_finds_a_wrong_loss(npnet_, monkeypatch):
    def not_the_mean(logits, labels):
        loss, dlogits = NUMPY["softmax_cross_entropy"](logits, labels)
        return loss, dlogits * len(logits)
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**NUMPY, "softmax_cross_entropy": not_the_mean})
    code, out, _ = npnet_("gradcheck", "--backend", "mine")
    assert code == 1 and f"{COUNT - 1} of {COUNT} are right, 1 WRONG" in out


def test_gradcheck_with_arrays_on_a_device(npnet_, monkeypatch):
    """Copies to and fro, as a graphics card needs them: parameters that are moved here must arrive there."""
    row = {**NUMPY, "device": "card", "to_device": np.copy, "to_host": np.copy}
    monkeypatch.setitem(backends.BACKENDS, "card", lambda: row)
    code, out, _ = npnet_("gradcheck", "--backend", "card")
    assert code == 0 and f"{COUNT} of {COUNT} are right" in out


# ------------------------------------------------------------------------------- gradcheck of a student's layer

def test_a_right_layer(npnet_, student):
    code, out, err = npnet_("gradcheck", "my_layer.py:MyLRN(n=5)", "--shape", "2,7,5,4", "--backend", "numpy")
    assert (code, err) == (0, "")
    assert out.startswith("running my_layer.py\nchecking MyLRN(n=5) with 2x7x5x4\ngradient check passed\n")


def test_a_layer_without_the_cross_term(npnet_, student):
    code, out, _ = npnet_("gradcheck", "my_layer.py:NoCrossTerm(n=5)", "--shape", "2,7,5,4", "--backend", "numpy")
    assert code == 1 and "gradient check FAILED" in out and "x: wrong" in out and "worst at [" in out


def test_a_layer_with_parameters_is_built(npnet_, student):
    words = ["--shape", "3,5", "--backend", "numpy"]
    code, out, _ = npnet_("gradcheck", "my_layer.py:MyDense(4)", *words)
    assert code == 0 and all(f"  {name}: ok" in out for name in "xwb")
    code, out, _ = npnet_("gradcheck", "my_layer.py:TwiceTheBias(4)", *words)
    assert code == 1 and "  w: ok" in out and "  b: wrong" in out and "2 x numeric" in out


def test_a_weight_of_1_hides_nothing(npnet_, student):
    code, out, _ = npnet_("gradcheck", "my_layer.py:ScaleWithoutW()", "--shape", "3,5", "--backend", "numpy")
    assert code == 1 and "  x: wrong" in out and "  w: ok" in out


def test_train(npnet_, student):
    words = ["gradcheck", "my_layer.py:OnlyInTraining", "--shape", "2,3", "--backend", "numpy"]
    assert npnet_(*words)[0] == 1 and npnet_(*words, "--train")[0] == 0


def test_seed(npnet_, student):
    words = ["gradcheck", "my_layer.py:NoCrossTerm", "--shape", "2,3,2,2", "--backend", "numpy", "--seed"]
    assert npnet_(*words, "1") == npnet_(*words, "1") != npnet_(*words, "2")


def test_a_layer_of_npnet_with_a_shape(npnet_):
    code, out, _ = npnet_("gradcheck", "LRN(n=3, alpha=0.7)", "--shape", "2,7,3,3", "--backend", "numpy")
    assert code == 0 and "running" not in out and "gradient check passed" in out


def test_a_pair_of_functions(npnet_, student):
    shapes = ["--shape", "4,6", "--shape", "6,3", "--backend", "numpy"]
    code, out, _ = npnet_("gradcheck", "my_layer.py:forward,backward", *shapes)
    assert code == 0 and "checking forward,backward with 4x6 and 6x3" in out and "  w: ok" in out
    code, out, _ = npnet_("gradcheck", "my_layer.py:forward,upside_down", *shapes)
    assert code == 1 and "  x: ok" in out and "  w: wrong" in out


def test_a_large_layer_is_checked_in_part(npnet_, student):
    code, out, _ = npnet_("gradcheck", "my_layer.py:MyLRN", "--shape", "1,8,20,20", "--backend", "numpy")
    assert code == 0 and "of each array, 300 numbers are checked" in out and "300 of 3200" in out


def test_a_file_may_import_its_neighbours_and_is_no_main_program(npnet_, student):
    (student / "sub").mkdir()
    (student / "sub" / "npnet_test_neighbour.py").write_text("two = 2\n")
    (student / "sub" / "twice.py").write_text(
        "from npnet_test_neighbour import two\n\n"
        "class Twice:\n    def forward(self, x): return two * x\n    def backward(self, dy): return two * dy\n\n"
        "if __name__ == '__main__':\n    raise SystemExit('this is not to be run')\n")
    before = list(sys.path)
    assert npnet_("gradcheck", f"{student / 'sub' / 'twice.py'}:Twice", "--shape", "2,3", "--backend", "numpy")[0] == 0
    assert sys.path == before


@pytest.mark.parametrize("subject, parts", [
    ("my_layer.py:MyLRN(n=5)", ("my_layer.py", "MyLRN(n=5)")),
    (r"C:\work\my_layer.py:MyLRN(n=5)", (r"C:\work\my_layer.py", "MyLRN(n=5)")),
    ("a.py:dir/my_layer.py: f, g ", ("a.py:dir/my_layer.py", "f, g")),
    ("MyLRN(n=5)", (None, "MyLRN(n=5)"))])
def test_the_parts_of_a_subject(subject, parts):
    assert gradcheck.parts(subject) == parts


@pytest.mark.parametrize("subject, shapes, text", [
    ("my_layer.py:MyLRN()", [], "--shape is missing: give the shape of the input, the number of pictures first"),
    ("my_layer.py:MyLRN()", ["2,7,x,4"], "--shape must be whole numbers of at least 1 with commas between them, "
                                         "like 2,7,5,4; got '2,7,x,4'"),
    ("my_layer.py:MyLRN()", ["2,0"], "got '2,0'"),
    ("my_layer.py:MyLRN()", ["2,3", "4"], "MyLRN() is a layer and has one input, but --shape is there 2 times"),
    ("my_layer.py:MyLNR(n=5)", ["2,3"], "my_layer.py has no MyLNR; did you mean MyLRN"),
    ("my_layer.py:qqq", ["2,3"], "my_layer.py has no qqq; a layer of your own is"),
    ("my_layer.py:MyLRN(m=5)", ["2,3"], "MyLRN(m=5) cannot be made: "),
    ("my_layer.py:MyLRN(n=", ["2,3"], "'MyLRN(n=' is not Python; write MyLRN(n=5)"),
    ("my_layer.py:np.nothing", ["2,3"], "np.nothing cannot be made: module 'numpy' has no attribute 'nothing'"),
    ("my_layer.py:NoBackward()", ["2,3"], "NoBackward has no method backward; a layer needs backward(self, dy)"),
    ("my_layer.py:Unfinished()", ["2,3"], "Unfinished has no method backward"),
    ("my_layer.py:Raises()", ["2,7,5,4"],
     f"my_layer.py, line {line_of('        return dy[9]')} in backward: IndexError: index 9 is out of bounds"),
    ("my_layer.py:MyDense(4, (4, 1))", ["3,5"], "build returned (4, 1), but forward makes (4,) for each picture of"),
    ("my_layer.py:MyDense(4)", ["3,5,5"],
     f"my_layer.py, line {line_of('        return x @ self.w + self.b')} in forward: ValueError: "),
    ("my_layer.py:NothingBuilt(4)", ["3,5"], "build must return the shape of one output, like (7, 5, 4), but returned"),
    ("my_layer.py:ListOfParams(4)", ["3,5"], "params() must return a dictionary of arrays"),
    ("my_layer.py:forward", ["3,5"], "this is one function; name two"),
    ("my_layer.py:forward,backward", ["3,5"], "forward does not fit 1 --shape: missing a required argument: 'w'"),
    ("my_layer.py:forward,backward,forward", ["3,5"], "functions are checked in pairs"),
    ("my_layer.py", ["2,3"], "my_layer.py names a file but no layer in it; write 'my_layer.py:MyLayer()'"),
    ("nowhere.py:MyLRN()", ["2,3"], "there is no file nowhere.py; the folder here is "),
    ("broken.py:A", ["2,3"], "broken.py, line 3: NameError: name 'nothing' is not defined"),
    ("syntax.py:A", ["2,3"], "syntax.py, line 1: SyntaxError: "),
    ("leaves.py:A", ["2,3"], "leaves.py ends the program; put what does so under if __name__ == '__main__':"),
    ("LRM", [], "npnet has no LRM; did you mean LRN"),
    ("LRN(n=4)", ["2,7,3,3"], "n=4 must be odd"),
])
def test_mistakes_with_a_layer_of_ones_own(npnet_, student, subject, shapes, text):
    (student / "broken.py").write_text("import sys\n\nanswer = nothing\n")
    (student / "syntax.py").write_text("def f(:\n    pass\n")
    (student / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    words = [word for shape in shapes for word in ("--shape", shape)]
    assert text in one_line(npnet_("gradcheck", subject, *words, "--backend", "numpy"))


def test_train_is_not_for_functions(npnet_, student):
    words = ["--shape", "4,6", "--shape", "6,3", "--train", "--backend", "numpy"]
    assert "--train is for layers" in one_line(npnet_("gradcheck", "my_layer.py:forward,backward", *words))


def test_summary_draws_the_network(npnet_, tmp_path):
    from PIL import Image

    code, out, err = npnet_("summary", "--net", "lenet5", "--draw", str(tmp_path / "net.png"))
    assert (code, err) == (0, "") and "61,706" in out
    with Image.open(tmp_path / "net.png") as drawn:
        assert len(np.unique(np.asarray(drawn))) > 50


def test_summary_drawn_where_nothing_can_be_written(npnet_, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = npnet_("summary", "--net", "lenet5", "--draw", str(tmp_path / "file" / "net.png"))
    assert code == 2 and err.count("\n") == 1 and "cannot be written" in err
