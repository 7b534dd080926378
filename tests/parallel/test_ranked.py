"""The tests' own means: functions run on several ranks, and nothing stays of what fails or hangs."""
import os
import time

import pytest
from ranked import launched, on_ranks


def see_each_other(word):
    """The rank, how many there are, what all of them say, and the process."""
    from mpi4py import MPI
    team = MPI.COMM_WORLD
    return team.rank, team.size, team.allgather(f"{word} {team.rank}"), os.getpid(), os.environ["NPNET_THREADS"]


@pytest.mark.mpi
def test_three_ranks_see_each_other():
    returned = on_ranks(3, see_each_other, word="hello")

    assert [rank for rank, *_ in returned] == [0, 1, 2]
    assert {(size, threads) for _, size, _, _, threads in returned} == {(3, "1")}
    assert all(said == ["hello 0", "hello 1", "hello 2"] for _, _, said, _, _ in returned)
    assert len({process for *_, process, _ in returned}) == 3


def one_raises():
    """Rank 1 raises while the others wait for it."""
    from mpi4py import MPI
    if MPI.COMM_WORLD.rank == 1:
        raise ZeroDivisionError("a mistake in the function")
    MPI.COMM_WORLD.barrier()


@pytest.mark.mpi
def test_a_rank_that_raises_fails_the_call_and_says_why():
    with pytest.raises(AssertionError, match="(?s)one_raises on 2 ranks.*rank 1: .*ZeroDivisionError: a mistake in the function"):
        on_ranks(2, one_raises)


def one_waits_for_ever(folder):
    """Rank 0 waits for a rank that never comes."""
    from mpi4py import MPI
    (folder / str(MPI.COMM_WORLD.rank)).write_text(str(os.getpid()))
    if MPI.COMM_WORLD.rank == 0:
        MPI.COMM_WORLD.barrier()
    time.sleep(600)


@pytest.mark.mpi
def test_a_hang_ends_at_the_timeout_and_nothing_stays(tmp_path):
    with pytest.raises(AssertionError, match="(?s)mpiexec took too long.*in one_waits_for_ever"):
        on_ranks(2, one_waits_for_ever, tmp_path, timeout=8)

    processes = [int(path.read_text()) for path in tmp_path.iterdir()]
    assert len(processes) == 2 and not any(map(alive, processes))


def alive(process):
    """Whether a process is there and no zombie that nobody has asked for yet."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.mpi
def test_a_command_is_launched(tmp_path):
    done = launched(2, ["-c", "import os, sys; line = ' '.join([os.getcwd(), os.environ['COLOUR']]); "
                        "os.write(1, line.encode() + bytes([10])); sys.exit(3)"],           # in one piece: two write at once
                    environment={"COLOUR": "red"}, folder=tmp_path)

    assert done.code == 3 and done.stdout.split("\n")[:2] == [f"{tmp_path} red"] * 2
