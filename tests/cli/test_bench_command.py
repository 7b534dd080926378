"""npnet bench, as it is typed."""
import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import environment, one_line
from npnet import bench
from npnet.bench import measure, scaling, sides
from npnet.layers import LRN, Conv2D, Dense, Flatten, MaxPool, ReLU
from npnet.models import MODELS
from npnet.plots import drawn_by_npnet

QUICK = ["--rounds", "1", "--threads", "1", "--backend", "numpy", "--no-torch"]


def speck(classes=4, size=9):
    """A version of a network that is measured in no time."""
    return (3, size, size), dict(conv1=Conv2D(4, 3), relu1=ReLU(), norm1=LRN(), pool1=MaxPool(3, 2), flatten=Flatten(),
                                 fc2=Dense(classes))


@pytest.fixture
def quick(monkeypatch, here):
    """A small network called speck, an imagined machine, turns of no length; in a folder of its own."""
    limits = {name: {"one": 1e9, "all": 2e9} for name in ("matrix", "copy", "read")}
    monkeypatch.setitem(MODELS, "speck", speck)
    monkeypatch.setattr(measure, "measured_limits", lambda settings: limits)
    monkeypatch.setattr(bench, "Settings", functools.partial(measure.Settings, seconds=0.0))
    monkeypatch.setattr(sides, "SETTLE", 0)
    return here


def test_a_table_for_every_batch(npnet_, quick):
    code, out, err = npnet_("bench", "--net", "speck", "--batch", "2,1", *QUICK)
    assert code == 0 and "Traceback" not in err and max(map(len, out.splitlines())) <= 80
    assert out.startswith("speck, 3 x 9 x 9, float32, 1 thread, on ") and "limits of this machine" in out
    titles = [line for line in out.splitlines() if line.endswith((", batch 1", ", batch 2")) or "whole" in line]
    assert [title.split("  ")[0] for title in titles] == [
        "forward, batch 1", "backward, batch 1", "whole, batch 1", "forward, batch 2", "backward, batch 2", "whole, batch 2"]
    assert "PyTorch is not installed" not in out


def test_a_file_in_place_of_a_folder_and_far_too_many_threads(npnet_, quick):
    """Refused before anything is measured."""
    Path("afile").write_text("mine")
    assert "afile is a file; give --save a folder" in one_line(npnet_("bench", "--net", "speck", "--save", "afile"))
    assert "--threads must be at most" in one_line(npnet_("bench", "--net", "speck", "--threads", "9999"))


def test_some_layers(npnet_, quick):
    code, out, _ = npnet_("bench", "--net", "speck", "--layers", "norm1, conv1,update", "--batch", "1", *QUICK)
    names = [line.split()[0] for line in out.partition("forward, batch 1")[2].splitlines() if line.endswith("%")]
    assert code == 0 and names == ["conv1", "norm1", "sum", "conv1", "norm1", "update", "sum"] and "whole" not in out


def test_json_in_place_of_the_tables(npnet_, quick):
    code, out, _ = npnet_("bench", "--net", "speck", "--batch", "1", "--json", *QUICK)
    found = json.loads(out)
    assert code == 0 and found["network"] == "speck"
    for key in ("forward_b1", "step_b1", "memory_b1", "lrn"):
        assert set(found[key]) >= {"npnet", "torch", "ratio", "unit"} and found[key]["ratio"] is None


def test_json_and_drawings_in_files(npnet_, quick):
    words = ["bench", "--net", "speck", "--batch", "1", "--json", "a.json", "--save", "drawn", *QUICK]
    code, out, _ = npnet_(*words)
    assert code == 0 and json.loads(Path("a.json").read_text())["layers"] and "all numbers are in a.json" in out
    assert sorted(os.listdir("drawn")) == ["layers_b1.png", "roofline_b1.png"]
    assert all(drawn_by_npnet(path) for path in Path("drawn").iterdir())
    Path("drawn/roofline_b1.png").write_bytes(b"mine")
    assert "was not drawn by npnet" in one_line(npnet_(*words))
    assert Path("drawn/roofline_b1.png").read_bytes() == b"mine"


def test_without_pytorch_it_says_how_to_get_it(npnet_, quick, monkeypatch):
    monkeypatch.setattr(measure, "find_spec", {"torch": None}.get)
    _, out, _ = npnet_("bench", "--net", "speck", "--layers", "conv1", "--batch", "1", *QUICK[:-1])
    assert "PyTorch is not installed, so there is nothing to compare with: pip install torch" in " ".join(out.split())


def test_cost_against_size(npnet_, quick, monkeypatch):
    monkeypatch.setattr(scaling, "point_times", lambda *point, **settings: {
        "backend": "numpy", "forward": {"npnet": 1.0, "numpy": 2.0}, "step": {"npnet": 3.0, "numpy": 2.9}})
    code, out, _ = npnet_("bench", "--scaling", "--net", "speck", "--batch", "1,8", "--save", "drawn", *QUICK)
    assert code == 0 and "step, pixels 512: 1.03 times its time" in out and "speck, 1 thread\n" in out
    assert drawn_by_npnet("drawn/scaling.png")


def test_peers(npnet_, quick):
    code, out, _ = npnet_("bench", "--peers", "--net", "speck", "--layers", "conv1,pool1", "--batch", "2", *QUICK)
    assert code == 0 and "textbook" in out and len([line for line in out.splitlines() if line.startswith("pool1")]) == 2


@pytest.mark.parametrize("words, text", [
    (["--batch", "1,x"], "--batch must be whole numbers of at least 1 with commas between them, like 1,16,128; got '1,x'"),
    (["--batch", "0"], "got '0'"), (["--threads", "0"], "--threads must be at least 1, got 0"),
    (["--rounds", "0"], "--rounds must be at least 1, got 0"),
    (["--net", "alexnet"], "no network is called 'alexnet'"),
    (["--net", "lenet5", "--layers", "conv9"], "no layer is called 'conv9'; did you mean"),
    (["--net", "lenet5", "--backend", "abacus"], "backend must be one of loops, numpy, numba, cupy"),
    (["--peers", "--scaling"], "--scaling and --peers are two different measurements"),
    (["--scaling", "--layers", "conv1"], "--layers does not go with --scaling"),
    (["--peers", "--size", "64"], "--size does not go with --peers"),
    (["--peers", "--net", "lenet5", "--layers", "tanh1"], "peers are measured on convolutions and pooling, but tanh1 is Tanh()"),
    (["--peers", "--save", "a"], "--peers draws nothing"),
    (["--json", "."], ". is a folder; give --json the name of a file in it"),
])
def test_mistakes_are_one_sentence(npnet_, here, words, text):
    assert text in one_line(npnet_("bench", "--no-torch", *words))


def children(process):
    """The processes that it has started."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(folder.name))
        except OSError:
            pass                                            # it has ended meanwhile
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_ctrl_c_ends_all_processes():
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("this shell's children do not hear Ctrl-C")
    words = [sys.executable, "-m", "npnet", "bench", "--net", "lenet5", "--rounds", "99", *QUICK[2:]]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    try:
        until = time.monotonic() + 60
        while not (workers := children(run.pid)) and time.monotonic() < until:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert workers and run.returncode == 130 and b"Traceback" not in err
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
