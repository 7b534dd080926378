"""Weak scaling: a step of one rank alone beside a step of two ranks with as many pictures each, in turns.

    python tests/parallel/scaling.py                    cifar_alexnet, 64 pictures a rank, one thread each
    python tests/parallel/scaling.py --net krizhevsky2012 --pictures 16 --rounds 3

1.00 is a step that takes as long on two ranks as on one, with twice the pictures. Two ranks on one machine share its
memory and caches, so the second table row says what is lost without any message: both compute at once, and send nothing.
Nothing else should run meanwhile.
"""
import argparse
import json
import time
from statistics import median

import numpy as np
from ranked import launched

import npnet
from npnet.fit.team import ALONE
from npnet.parallel import here
from npnet.train import train

WAYS = {"one rank": 1, "two, no messages": 2, "two, data-parallel": 2}


def steps(net, pictures, number, way):
    """What each rank runs: prints the seconds of so many steps, on rank 0."""
    team = here() if way == "two, data-parallel" else ALONE
    net = npnet.model(net)
    random = np.random.default_rng(0)
    x = random.standard_normal((pictures * team.size, *net.input_shape), dtype=np.float32)
    labels = random.integers(0, 10, len(x))
    first, last = team.rows(len(x))
    times = []
    for _ in train(team.network(net), npnet.SGD(lr=1e-4), [(x[first:last], labels)] * (number + 3)):
        times.append(time.perf_counter())
    if here().first:
        print(json.dumps(np.diff(times)[2:].tolist()))          # without those that compile and make connections


def main():
    parser = argparse.ArgumentParser(description="Weak scaling of two ranks, measured in turns with one.")
    parser.add_argument("--net", default="cifar_alexnet")
    parser.add_argument("--pictures", type=int, default=64, help="of a rank (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=6, help="of each turn (default: %(default)s)")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        return steps(given.net, given.pictures, given.steps, given.way)
    times = {way: [] for way in WAYS}
    words = [__file__, "--net", given.net, "--pictures", given.pictures, "--steps", given.steps, "--way"]
    for _ in range(given.rounds):
        for way, ranks in WAYS.items():
            done = launched(ranks, [*words, way], timeout=300)
            if done.code:
                raise SystemExit(str(done))
            times[way] += json.loads(done.stdout)
    one = times["one rank"]
    print(f"{given.net}, {given.pictures} pictures a rank, one thread each: {len(one)} steps of each, in turns")
    print(f"{'':20}  median ms  efficiency  fastest ms  efficiency")
    for way, some in times.items():
        print(f"{way:20}  {1000 * median(some):9.1f}  {median(one) / median(some):10.2f}  {1000 * min(some):10.1f}  "
              f"{min(one) / min(some):10.2f}")


if __name__ == "__main__":
    main()
