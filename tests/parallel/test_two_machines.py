"""Two imitated machines with a slow link: the sum of the ranks crosses it, and nothing of it stays."""
import json
import subprocess
import sys
from pathlib import Path

import pytest
from two_machines import TwoMachines, ip, quantity, why_not

NUMBERS = 250_000                                               # float32: a megabyte
SCRIPT = f"""
import json
import time
import numpy as np
from mpi4py import MPI
team = MPI.COMM_WORLD
numbers = np.full({NUMBERS}, team.rank + 1, np.float32)
team.Barrier()
start = time.perf_counter()
team.Allreduce(MPI.IN_PLACE, numbers)
took = time.perf_counter() - start
shown = team.gather((team.rank, float(numbers.min()), float(numbers.max()), took))
if team.rank == 0:
    print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def link():
    """Skips where two machines cannot be imitated."""
    reason = why_not()
    if reason:
        pytest.skip(reason)


def test_quantities_have_units():
    assert (quantity("200mbit"), quantity("1gbit"), quantity("1.5ms"), quantity("0ms")) == (2e8, 1e9, 0.0015, 0)
    for wrong in ("200", "200 MB", "fast"):
        with pytest.raises(ValueError, match="a bandwidth is like 200mbit"):
            quantity(wrong)


@pytest.mark.mpi
@pytest.mark.parametrize("latency", ["0ms", "5ms"])
def test_a_sum_of_two_ranks_crosses_the_link_as_fast_as_it_is(link, tmp_path, latency):
    (tmp_path / "script.py").write_text(SCRIPT)
    with TwoMachines("200mbit", latency) as machines:
        before = machines.sent()
        done = machines.launched([tmp_path / "script.py"])
        sent = [after - one for one, after in zip(before, machines.sent())]

    assert done.code == 0, done
    ranks = json.loads(done.stdout)
    assert [numbers for *numbers, took in ranks] == [[0, 3, 3], [1, 3, 3]]
    assert max(took for *_, took in ranks) > 0.9 * 4 * NUMBERS / (200e6 / 8) + quantity(latency)
    for bytes_sent in sent:                                     # 2(N-1)/N times the numbers, N = 2; packets' heads; the start
        assert 4 * NUMBERS < bytes_sent < 1.1 * 4 * NUMBERS + 50_000


@pytest.mark.mpi
def test_nothing_stays_after_a_failure_or_of_a_process_that_was_killed(link):
    with pytest.raises(ZeroDivisionError):
        with TwoMachines(latency="1ms") as machines:
            relay = machines.relay
            assert all(name in ip("netns", "list") for name in machines.names)
            1 / 0
    assert not any(name in ip("netns", "list") for name in machines.names) and relay.poll() is not None

    text = "import sys, os, signal; sys.path.insert(0, sys.argv[1]); from two_machines import TwoMachines\n" \
           "with TwoMachines(latency='1ms'): os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.Popen([sys.executable, "-c", text, str(Path(__file__).parent)])
    assert killed.wait(30) == -9
    assert f"npnet-{killed.pid}-a" in ip("netns", "list")
    with TwoMachines():
        assert f"npnet-{killed.pid}-" not in ip("netns", "list")
