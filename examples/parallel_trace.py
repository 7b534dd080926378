"""Where the time of a data-parallel step goes: what each rank computes, what it sends, and whether the two overlap.

    mpiexec -n 2 python examples/parallel_trace.py

A few training steps on made-up pictures are recorded on every rank and drawn in parallel_trace.png. The last line
says what share of the communication was hidden behind computing. With a fast link between the ranks there is little
to hide; with a slow one, or many ranks, it decides how well the training scales. NPNET_THREADS=1 gives each rank one
thread, when they share the cores of one machine.
"""
import numpy as np

import npnet
from npnet import plots
from npnet.parallel import here, tracing
from npnet.train import train

NET = "cifar_alexnet"
PICTURES = 64                           # a rank, in each step
STEPS = 4
TESTS = False                           # True: ask MPI after each layer how far it is; it may work only when asked

team = here()
net = npnet.model(NET)
random = np.random.default_rng(0)
x = random.standard_normal((PICTURES * team.size, *net.input_shape), dtype=np.float32)
labels = random.integers(0, net.shapes[list(net.layers)[-1]][0], len(x))
first, last = team.rows(len(x))
batches = [(x[first:last], labels)] * STEPS

net, optimizer = team.network(net), npnet.SGD(lr=0.01)
if team.size == 1:
    raise SystemExit("one process has nobody to send to: mpiexec -n 2 python examples/parallel_trace.py")
for step in train(net, optimizer, batches[:1]):
    pass                                # the first step makes connections, and compiles
with tracing(net, TESTS) as trace:
    for step in train(net, optimizer, batches):
        if team.first:
            print(f"step {step.number}: loss {step.loss:.3f}")

if team.first:
    share = f"{100 * trace.hidden:.0f} % of the communication was hidden"
    plots.save(plots.trace(trace.rows, title=f"{NET} on {team.size} ranks: {share}"), "parallel_trace.png")
    print(f"alone, the Allreduces take {trace.alone:.1f} ms; the ranks waited {trace.waited:.1f} ms for them: "
          f"{share} behind computing. The drawing is parallel_trace.png.")
