"""Two imitated machines with a slow link: the sum of the ranks crosses it, and nothing of it stays."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ranked import ROOT
from two_machines import TwoMachines, ip, why_not

import npnet
from npnet.parallel.planner.costs import Link
from npnet.parallel.planner.rates import Rates
from npnet.parallel.planner.ways import data_parallel

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


@pytest.mark.mpi
@pytest.mark.parametrize("latency", [0, 5])
def test_a_sum_of_two_ranks_crosses_the_link_as_fast_as_it_is(link, tmp_path, latency):
    (tmp_path / "script.py").write_text(SCRIPT)
    with TwoMachines("200Mbit", f"{latency}ms") as machines:
        before = machines.sent()
        done = machines.launched([tmp_path / "script.py"])
        sent = [after - one for one, after in zip(before, machines.sent())]

    assert done.code == 0, done
    ranks = json.loads(done.stdout)
    assert [numbers for *numbers, took in ranks] == [[0, 3, 3], [1, 3, 3]]
    assert max(took for *_, took in ranks) > 0.9 * 4 * NUMBERS / (200e6 / 8) + latency / 1000
    for bytes_sent in sent:                                     # 2(N-1)/N times the numbers, N = 2; packets' heads; the start
        assert 4 * NUMBERS < bytes_sent < 1.1 * 4 * NUMBERS + 50_000


STEPS = 3
TRAIN = f"""
import sys
import numpy as np
import npnet
from npnet.parallel import here
from npnet.train import train

npnet.use("numpy")
net = npnet.Network((1, 16, 16), conv1=npnet.Conv2D(8, 3), relu1=npnet.ReLU(), flatten=npnet.Flatten(),
                    drop1=npnet.Dropout(0.2), fc2=npnet.Dense(100))
random = np.random.default_rng(0)
x, labels = random.standard_normal((10, 1, 16, 16), dtype=np.float32), random.integers(0, 100, 10)
team = here()
first, last = team.rows(len(x))
for step in train(team.network(net), npnet.SGD(lr=0.05), [(x[first:last], labels)] * {STEPS}):
    pass
if team.first:
    net.save(sys.argv[1])
"""


@pytest.mark.mpi
def test_data_parallel_training_over_the_link_equals_one_process_and_sends_what_the_formula_says(link, tmp_path):
    (tmp_path / "script.py").write_text(TRAIN)
    with TwoMachines("200Mbit", "1ms") as machines:
        before = machines.sent()
        done = machines.launched([tmp_path / "script.py", tmp_path / "two.npz"])
        sent = [after - one for one, after in zip(before, machines.sent())]
    assert done.code == 0, done
    subprocess.run([sys.executable, tmp_path / "script.py", tmp_path / "one.npz"], check=True, timeout=60,
                   env={**os.environ, "PYTHONPATH": str(ROOT)})

    one, two = npnet.load(tmp_path / "one.npz"), npnet.load(tmp_path / "two.npz")
    for name, array in one.params().items():
        np.testing.assert_allclose(two.params()[name], array, rtol=1e-5, atol=1e-7)
    computed = data_parallel(one, 2, 10, Rates({}, 0.0, ""), Link())
    formula = STEPS * sum(event.sent for event in computed)
    assert formula == STEPS * (4 * sum(array.size for array in one.params().values()) + 4 * 10 * 100 / 2)
    for bytes_sent in sent:
        assert formula < bytes_sent < 1.1 * formula + 50_000


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
