"""What must be the same on all ranks: versions, settings, pictures, weights, and what each is doing. A difference is
named: at the start, and in every step.

Ranks that differ would not fail: they would add the gradients of two trainings, and learn something of neither.
"""
import json
import zlib

import numpy as np

from ..backend import ops
from ..data.fingerprints import different
from ..network import plain
from ..weights.checkpoint import versions
from .faults import exchanged, from_first, wait


# settings that a rank may have of its own: the pictures and the weights themselves are compared
OWN = ("command", "data", "origin", "weights", "workers", "save_every")

# what all ranks do at the same time, by the number that stands before what they tell each other meanwhile
DOING = {0x6e706e6574: "agrees on a number", 0x6e706e6575: "trains on a batch", 0x6e706e6576: "evaluates a batch"}
NUMBER, TRAINS, EVALUATES = DOING
FACTS = 4                               # whole numbers that a rank tells


def in_step(comm, doing, *facts):
    """The facts (ranks, FACTS), whole numbers, of all ranks, which do the same: NUMBER, TRAINS or EVALUATES.

    ValueError where one does something else: MPI does not know what a message is for, and takes it for this one.
    """
    own = np.array([doing, *facts, *[0] * (FACTS - len(facts)), 0], np.int64)
    own[-1] = checksum(own[:-1])
    every = np.zeros((comm.size, FACTS + 2), np.int64)
    wait([comm.Iallgather(own, every)])
    does = [DOING.get(row[0] if row[-1] == checksum(row[:-1]) else None, "does something else") for row in every]
    if set(does) != {DOING[doing]}:
        odd = next((rank for rank in range(comm.size) if does[rank] != does[0]), None)
        said = f"rank {comm.rank} {DOING[doing]} while the others do something else"     # not even its own row
        said = said if odd is None else f"rank {odd} {does[odd]} while rank 0 {does[0]}"
        raise ValueError(f"{said}: all ranks must do the same steps, on the same number of batches")
    return every[:, 1:-1]


def compare(comm, what, net=None, settings=None, pictures=None):
    """Raises ValueError, on every rank, where one has other versions, settings, pictures or arrays than rank 0."""
    if settings is not None:
        check_same(comm, f"the versions {what}", versions())
        check_same(comm, f"the settings {what}", {key: settings[key] for key in settings if key not in OWN})
    if pictures is not None:
        check_pictures(comm, pictures)
    if net is not None:
        check_same(comm, f"the checksums of the arrays {what}", checksums(net.params() | net.state()))


def check_same(comm, what, facts):
    """Raises ValueError unless every rank's facts, {name: plain data}, are those of rank 0.

    what: whose facts these are, as the beginning of a sentence: "the settings".
    """
    everyone = exchanged(comm, json.dumps(facts, default=plain))        # as text: NaN is then like NaN
    for rank, text in enumerate(everyone):
        first, own = json.loads(everyone[0]), json.loads(text)
        odd = [name for name in first | own if text != everyone[0] and str(first.get(name)) != str(own.get(name))]
        if odd:
            raise ValueError(f"{what} differ: {odd[0]} is {first.get(odd[0], 'not there')!r} on rank 0 and "
                             f"{own.get(odd[0], 'not there')!r} on rank {rank}; start all ranks with the same")


def check_pictures(comm, pictures):
    """Raises ValueError unless every rank has the pictures of rank 0, {part: Identity}; says which are others."""
    for part in sorted(set().union(*exchanged(comm, list(pictures)))):
        digests = exchanged(comm, pictures[part].digest if part in pictures else None)
        if len(set(digests)) > 1:
            first, own = from_first(comm, pictures.get(part)), pictures.get(part)
            said = different(first, own, part) if first and own else [f"there are no {part} pictures"]
            sentences = exchanged(comm, said)
            rank = next(number for number, digest in enumerate(digests) if digest != digests[0])
            raise ValueError(f"rank {rank} has other {part} pictures than rank 0: {'; '.join(sentences[rank][:3])}; "
                             f"give all ranks the same")


def checksums(arrays):
    """{name: checksum} of arrays, whose bits must agree."""
    return {name: checksum(ops.to_host(array)) for name, array in arrays.items()}


def checksum(numbers):
    """A whole number that tells arrays, lists of numbers or bytes with other bits apart."""
    return zlib.crc32(numbers if isinstance(numbers, bytes) else np.ascontiguousarray(numbers))
