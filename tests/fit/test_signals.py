"""Signals that end a training: it finishes the step, saves, and goes on later as if nothing had been."""
import os
import signal
import subprocess
import sys
import time

import pytest
from training import PIPELINE, SETTINGS, ends_as, loaders, run, small

import npnet
from npnet.data import Loader
from npnet.fit import fit
from npnet.weights import read_checkpoint

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")


class Sending(Loader):
    """A loader during whose batch number `at` a signal comes."""

    at, number = 4, signal.SIGINT

    def prepared(self, number, indices):
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked == self.at:
            os.kill(os.getpid(), self.number)
            time.sleep(0.01)
        return super().prepared(number, indices)


def sending(pictures, number, at, train=True):
    loader = Sending(pictures, 10, PIPELINE, train=train, workers=0)
    loader.number, loader.at = number, at
    return loader


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_clusters_stop_and_a_closed_terminal_save_as_ctrl_c_does(tmp_path, name):
    number = getattr(signal, name)
    training, validation = loaders()
    before = signal.getsignal(number)
    done = fit(small(), npnet.SGD(0.02), sending(training.pictures, number, 4), validation, 2, tmp_path / "parts", settings=SETTINGS, quiet=True)

    assert done.stopped == "interrupted" and done.signal == number and len(done.losses) == 4
    assert signal.getsignal(number) == before
    run(tmp_path / "whole", 2)
    run(tmp_path / "parts", 2, resume=True)
    ends_as(tmp_path / "parts", tmp_path / "whole")


def test_an_ignored_signal_stays_ignored():
    """nohup ignores SIGHUP, so that the training goes on without its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        training = loaders()[0]
        done = fit(small(), npnet.SGD(0.02), sending(training.pictures, signal.SIGHUP, 2), epochs=1, quiet=True)
        assert not done.stopped and done.epoch == 1
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nobody_waits_for_the_evaluation(tmp_path):
    """Ctrl-C in an epoch's last step, or while it is evaluated: the epoch's row is written when the run goes on."""
    run(tmp_path / "whole", 2)
    training, validation = loaders()
    for folder, loader, held in [("step", sending(training.pictures, signal.SIGINT, 6), validation),
                                 ("evaluation", training, sending(validation.pictures, signal.SIGINT, 1, train=False))]:
        done = fit(small(), npnet.SGD(0.02), loader, held, 2, tmp_path / folder, settings=SETTINGS, quiet=True)
        assert done.stopped == "interrupted" and len(done.losses) == 6 and done.epoch == 0
        run(tmp_path / folder, 2, resume=True)
        ends_as(tmp_path / folder, tmp_path / "whole")


CLOSED = """
import os, signal, sys, time
sys.path[:0] = {tests}
import npnet
npnet.use("numpy")
from test_signals import Sending, PIPELINE
from training import SETTINGS, loaders, small
from npnet.fit import fit

class Waiting(Sending):
    number = signal.SIGHUP
    def prepared(self, number, indices):
        while getattr(self, "asked", 0) == 3 and os.isatty(1):
            time.sleep(0.01)
        return super().prepared(number, indices)

fit(small(), npnet.SGD(0.02), Waiting(loaders()[0].pictures, 10, PIPELINE, workers=0), None, 2, {folder!r}, settings=SETTINGS)
"""


def test_a_terminal_that_is_gone_loses_nothing(tmp_path):
    """Writing to it fails, and the checkpoint is there all the same."""
    import pty
    master, slave = pty.openpty()
    script = CLOSED.format(tests=[os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))], folder=str(tmp_path / "a"))
    child = subprocess.Popen([sys.executable, "-c", script], stdin=slave, stdout=slave, stderr=slave)
    while not (tmp_path / "a" / "last.npz").exists() and child.poll() is None:
        time.sleep(0.01)
    os.close(slave), os.close(master)

    assert child.wait(timeout=120) == 0
    assert len(read_checkpoint(tmp_path / "a" / "last.npz").losses) == 4
