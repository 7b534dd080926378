"""The loader: batches for training or testing, decoded and augmented by threads ahead of the step.

    loader = Loader(pictures, 128, pipeline, seed=0)
    for epoch in range(90):
        for x, labels in loader:                        # each pass is the next epoch
            ...                                         # x float32 (128, C, H, W), labels int64 (128,)

The order is shuffled without replacement by rng(seed, "shuffle", epoch), and picture i is augmented by
rng(seed, "augment", epoch, i). So every epoch can be had again, as loader.epoch(3), from any batch on, and nothing
depends on how many threads work. The last batch is as short as what is left, or left out.
"""
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..layers import check_whole, rng


class Loader:
    """Batches of pictures as a pipeline prepares them.

    pictures: a Pictures. train: shuffled and augmented; otherwise in their order and as they are. workers: threads
    that prepare batches ahead of their use; 0 prepares each when it is asked for. drop_last: the last batch is left
    out if it is shorter than the others. The first error of a worker is raised in its place in the order.
    """

    def __init__(self, pictures, batch, pipeline, seed=0, train=True, workers=2, drop_last=False):
        check_whole(batch=batch)
        if not hasattr(pictures, "labels"):
            raise TypeError(f"a Loader takes Pictures, got {type(pictures).__name__}; "
                            f"npnet.data.arrays((x, labels)).train makes them of arrays, tensor.numpy() of a tensor")
        if not isinstance(seed, (int, np.integer)):
            raise TypeError(f"seed must be a whole number, got {seed!r}")
        if not isinstance(workers, (int, np.integer)) or workers < 0:
            raise ValueError(f"workers must be a whole number of at least 0, got {workers!r}")
        if not len(pictures):
            raise ValueError("a Loader needs pictures, got none; is the folder empty?")
        if drop_last and len(pictures) < batch:
            raise ValueError(f"with drop_last a batch of {batch} leaves nothing of {len(pictures)} pictures; make it "
                             f"smaller")
        self.pictures, self.batch, self.pipeline, self.seed = pictures, batch, pipeline, seed
        self.train, self.workers, self.drop_last = train, workers, drop_last
        self.next_epoch = 0

    def __len__(self):
        """The number of batches in an epoch."""
        return len(self.pictures) // self.batch if self.drop_last else -(-len(self.pictures) // self.batch)

    def __iter__(self):
        self.next_epoch += 1
        return self.epoch(self.next_epoch - 1)

    def order(self, number):
        """The indices of the pictures in epoch `number`, each of them once."""
        if not self.train:
            return np.arange(len(self.pictures))
        return rng(self.seed, "shuffle", number).permutation(len(self.pictures))

    def epoch(self, number, first=0):
        """The batches of epoch `number`, from batch `first` on; which epoch the next pass takes stays as it is."""
        order = self.order(number)[:len(self) * self.batch]
        cuts = [order[start:start + self.batch] for start in range(first * self.batch, len(order), self.batch)]
        if not self.workers:
            yield from (self.prepared(number, indices) for indices in cuts)
            return
        pool, waiting = ThreadPoolExecutor(self.workers, thread_name_prefix="npnet-loader"), deque()
        try:
            for indices in cuts:
                waiting.append(pool.submit(self.prepared, number, indices))
                if len(waiting) > self.workers + 1:                     # as many batches are kept in memory
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:                                                        # also when the caller stops in the middle
            pool.shutdown(wait=True, cancel_futures=True)

    def prepared(self, number, indices):
        """One batch: x (n, C, H, W) and labels (n,)."""
        if self.train:
            x = [self.pipeline.train(self.pictures[i], rng(self.seed, "augment", number, i)) for i in indices]
        else:
            x = [self.pipeline.test(self.pictures[i]) for i in indices]
        return np.stack(x), self.pictures.labels[indices]
