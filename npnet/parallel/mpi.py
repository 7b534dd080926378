"""MPI as npnet finds it: mpi4py, what mpiexec has said in the environment, and memory that MPI can read.

mpi4py is imported where it is first used: npnet works without it.
"""
import os

from ..backend import ops
from .watch import place

AWARE = ("MPIR_CVAR_ENABLE_GPU", "MPICH_GPU_SUPPORT_ENABLED", "OMPI_MCA_opal_cuda_support")     # of device memory


def mpi():
    """mpi4py's MPI. ImportError that names the extra without it."""
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(f"several processes need mpi4py and an MPI: pip install npnet[mpi] ({error})") from None
    return MPI


def started():
    """How many processes mpiexec started with this one, as it says in the environment; 1 without mpiexec."""
    own = place()
    return own.size if own else 1


def staged():
    """Whether arrays must pass through the host on their way to MPI: they are on a device whose memory it cannot
    read, as far as its environment tells. What is handed to an MPI that can must be at_rest."""
    return ops.device != "host" and not any(os.environ.get(name, "").lower() in ("1", "true") for name in AWARE)


def at_rest(array):
    """The same array, when nothing that was asked before still reads or writes it.

    A device does what it is asked one after the other, and later than Python asks; MPI, which reads device memory at
    once, would find numbers that are not computed yet. One number that comes to the host has to wait for all of that,
    in any row of the backend, so that no device's own library is needed here.
    """
    if ops.device != "host" and array.size:
        ops.to_host(array[:1])
    return array
