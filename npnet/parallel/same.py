"""What must be the same on all ranks: versions, settings, pictures, weights. A difference is named at the start.

Ranks that differ would not fail: they would add the gradients of two trainings, and learn something of neither.
"""
import zlib

import numpy as np

from ..backend import ops
from ..data.fingerprints import different


def check_same(what, everyone):
    """Raises ValueError unless every rank's facts, {name: plain data}, are those of rank 0.

    what: whose facts these are, as the beginning of a sentence: "the settings".
    """
    for rank, facts in enumerate(everyone):
        for name in everyone[0] | facts:
            first, own = (one.get(name, "nothing") for one in (everyone[0], facts))
            if first != own and first == first:                         # NaN is like NaN
                raise ValueError(f"{what} differ between the ranks: {name} is {first!r} on rank 0 and {own!r} on rank "
                                 f"{rank}; start all of them with the same")


def check_pictures(comm, pictures):
    """Raises ValueError unless every rank has the pictures of rank 0, {part: Identity}; says which are others."""
    for part in comm.bcast(list(pictures)):
        digests = comm.allgather(pictures[part].digest if part in pictures else None)
        if len(set(digests)) > 1:
            first, own = comm.bcast(pictures.get(part)), pictures.get(part)
            said = different(first, own, part) if first and own else [f"there are no {part} pictures"]
            sentences = comm.allgather(said)
            rank = next(number for number, digest in enumerate(digests) if digest != digests[0])
            raise ValueError(f"rank {rank} has other {part} pictures than rank 0: {'; '.join(sentences[rank][:3])}; "
                             f"give all ranks the same")


def checksums(arrays):
    """{name: checksum} of arrays, whose bits must agree."""
    return {name: zlib.crc32(np.ascontiguousarray(ops.to_host(array))) for name, array in arrays.items()}
