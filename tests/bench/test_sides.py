"""Sides: processes that take turns, answer, and end."""
import io
import json
import os
import sys

import numpy as np
import pytest

import npnet
from npnet import backend
from npnet.bench import sides, worker
from npnet.bench.ours import Ours
from npnet.bench.plan import built, pictures, plan_of
from npnet.bench.sides import Side, started, turns
from small import tiny


class Asked:
    """A side that writes down what it was asked for."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def ask(self, do, **work):
        self.log.append((self.name, do, work["what"]))
        return [0.1, 0.3, 0.2]


def test_turns_alternate_and_the_first_is_not_counted(monkeypatch):
    monkeypatch.setattr(sides, "SETTLE", 0)
    log, ticks = [], []
    pair = {name: Asked(name, log) for name in ("a", "b")}
    times = turns(pair, 3, lambda: ticks.append(1), what="step", batch=1)
    assert times == {"a": [[0.1, 0.3, 0.2]] * 3, "b": [[0.1, 0.3, 0.2]] * 3}
    assert [who for who, do, _ in log if do == "warm"] == ["a", "b"]
    assert [who for who, do, _ in log if do == "measure"] == ["a", "b", "b", "a", "a", "b"]         # neither is always first
    assert len(ticks) == 8


def test_what_is_slow_has_one_round(monkeypatch):
    monkeypatch.setattr(sides, "SETTLE", 0)
    times = turns({"a": Asked("a", [])}, 3, patience=-1, what="step")
    assert len(times["a"]) == 1


@pytest.mark.long
def test_a_process_measures_its_network():
    """Memory, times of whole passes and of layers, and the same arrays as here; it ends with the block."""
    net = tiny()
    with started(plan_of(net), {"npnet": "numpy"}, 1) as found:
        side = found["npnet"]
        assert side.versions["backend"] == "numpy" and side.words == "npnet (numpy)"
        memory = side.ask("memory", what="step", batch=2)
        assert set(memory) == {"peak", "minor", "major"}
        seconds = side.ask("measure", what="forward", batch=2, seconds=0.01, most=3)
        assert 1 <= len(seconds) <= 3 and min(seconds) > 0
        layers, = side.ask("measure", what="layers", batch=2, names=["conv1", "fc3", "update"], most=1)
        assert {name: sorted(ways) for name, ways in layers.items()} == {
            "conv1": ["backward", "forward"], "fc3": ["backward", "forward"], "update": ["backward"]}
        made = side.ask("made", batch=2)
        assert made["output of fc3"] == pytest.approx(built(plan_of(net)).forward(pictures(plan_of(net), 2)[0]).ravel().tolist(), abs=1e-6)
        with pytest.raises(ValueError, match="npnet .numpy.: .*nothing"):
            side.ask("nothing")
    assert side.process.poll() is not None


def test_a_plan_may_hold_numbers_of_numpys():
    net = tiny(fc3=npnet.Dense(np.int64(3)))
    with started(plan_of(net), {"npnet": "numpy"}, 1) as found:
        assert len(found["npnet"].ask("made", batch=1)["output of fc3"]) == 3


def test_processes_end_when_the_block_fails():
    with pytest.raises(KeyboardInterrupt):
        with started(plan_of(tiny()), {"npnet": "numpy", "other": "loops"}, 1) as found:
            kept = list(found.values())
            raise KeyboardInterrupt
    assert all(side.process.poll() is not None for side in kept)


def test_a_process_that_has_died_is_said():
    side = Side("numpy", 1)
    side.process.kill()
    with pytest.raises(OSError, match="the process of npnet .numpy. ended .*when it was asked for limits; was there too little"):
        side.ask("limits")
    side.close()


def test_a_backend_on_a_graphics_card_is_refused(monkeypatch):
    monkeypatch.setitem(backend.BACKENDS, "card", lambda: {**backend.NUMPY, "device": "cuda"})
    with pytest.raises(ValueError, match="bench measures processors, and the backend card computes on a graphics card; choose"):
        Ours(plan_of(tiny()), "card")


def test_a_backend_that_is_missing_is_said():
    with pytest.raises(ValueError, match="backend must be one of loops, numpy, numba, cupy"):
        with started(plan_of(tiny()), {"npnet": "abacus"}, 1):
            pass


def test_every_side_has_the_same_threads(monkeypatch):
    given = {}
    monkeypatch.setattr(sides.subprocess, "Popen", lambda words, env, **more: given.update(env, words=words))
    Side("numpy", 3)
    assert {given[name] for name in ("NPNET_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"3"}
    assert given["words"][0] == sys.executable and given["NPNET_CHECK"] == ""


def test_questions_are_answered_line_by_line(monkeypatch):
    monkeypatch.setattr(worker.Worker, "made", lambda self, batch: {"loss": [batch]})
    answers = io.StringIO()
    worker.serve(['{"do": "made", "batch": 3}\n', '{"do": "fly"}\n'], answers)
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert first["answer"] == {"loss": [3]} and first["idle"] >= 0
    assert "fly" in second["error"] and second["kind"] == "AttributeError"


def test_what_is_printed_does_not_mix_with_the_answers():
    """A library that writes to standard output writes to standard error there."""
    code = ("import os, sys; from npnet.bench import worker\n"
            "worker.Worker.made = lambda self, batch: os.write(1, b'hello') and print('hello') or {}\n"
            "worker.main()")
    done = sides.subprocess.run([sys.executable, "-c", code], input='{"do": "made", "batch": 1}\n', text=True,
                                capture_output=True, env={**os.environ, "PYTHONPATH": str(sides.Path(sides.__file__).parents[2])})
    assert json.loads(done.stdout)["answer"] == {} and "hello" in done.stderr
