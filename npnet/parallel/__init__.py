"""Parallel: one training on several processes and machines, over MPI (mpi4py, the extra `mpi`).

    mpiexec -n 4 npnet train --data cifar10             each batch is worked on by four ranks
    npnet train --data cifar10 --ranks 4                the same
    npnet train --towers --ranks 2                      two, each with half of every layer

    team = npnet.parallel.here()                        in a script of one's own, started by mpiexec
    net = team.network(net)
    for step in train(net, optimizer, team.loader(loader).epoch(0)):
        ...

    code = npnet.parallel.launch(4, ["train", "--data", "cifar10"])         what --ranks does

    with npnet.parallel.tracing(net) as trace:          # when each layer computes, and when its gradients are sent
        ...
"""
import importlib

CONTENTS = {"launch": "launcher", "DataParallel": "network", "Ranks": "ranks", "here": "ranks", "guarded": "faults",
            "tracing": "trace", "TwoTowers": "towers", "traffic": "towers", "plan": "planner", "Link": "planner"}
__all__ = list(CONTENTS)


def __dir__():
    return __all__


def __getattr__(name):
    """A name when it is first used: a rank is divided from its watcher (watch.py) before there is anything else."""
    if name in CONTENTS:
        return getattr(importlib.import_module(f"{__name__}.{CONTENTS[name]}"), name)
    raise AttributeError(f"npnet.parallel has no {name!r}; it has {', '.join(__all__)}")
