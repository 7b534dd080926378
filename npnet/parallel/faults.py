"""Faults: what becomes of all ranks when one fails."""
from .mpi import mpi


def wait(requests):
    """Waits until MPI has done what was asked."""
    mpi().Request.Waitall(requests)
