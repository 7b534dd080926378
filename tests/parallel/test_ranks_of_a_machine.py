"""What the ranks of one machine share out: its processors and its graphics cards."""
import os
import platform

import pytest

from npnet.parallel import here, machine
from npnet.parallel.machine import share_cards, share_processors


def exchanged(others, own):
    """What this rank and others tell: their machines and the processors that they may use; None: the same as this one."""
    return [own, *(own if other is None else other for other in others)]


@pytest.fixture
def threads(monkeypatch):
    """npnet's number of threads, which the test may change."""
    from npnet.fast import threads
    monkeypatch.setattr(threads, "by_use", None)
    monkeypatch.setattr(threads, "by_environment", None)
    monkeypatch.setattr(machine, "ours", None)
    monkeypatch.setattr(machine, "exchanged", exchanged)
    threads.count.cache_clear()
    before = [number() for number, _ in threads.handles()]
    yield threads
    threads.count.cache_clear()
    threads.limit(before)


@pytest.mark.mpi
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say which processors a process may use")
def test_ranks_on_the_same_processors_divide_them(threads, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    share_processors([None, ("another machine", list(range(8)))])

    assert threads.count() == 4 and [number() for number, _ in threads.handles()] == [4] * len(threads.handles())


@pytest.mark.mpi
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say which processors a process may use")
def test_ranks_with_processors_of_their_own_keep_them(threads, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)))
    share_processors([(platform.node(), [4, 5, 6, 7])])

    assert threads.by_use is None


@pytest.mark.mpi
def test_a_number_of_threads_that_was_given_stays(threads, monkeypatch):
    monkeypatch.setattr(threads, "by_environment", 3)
    share_processors([None])
    here(shards=4)

    assert threads.count() == 3


@pytest.mark.mpi
def test_with_shards_a_process_computes_with_one_thread(threads, monkeypatch):
    """Whatever it may use: with another number of threads the last bits of the sums are others."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    share_processors([None])                                  # npnet train has a team before it has a recipe
    here(shards=4)

    assert threads.count() == 1 and [number() for number, _ in threads.handles()] == [1] * len(threads.handles())


def test_threads_that_were_chosen_in_a_program_stay(threads):
    threads.choose(2)
    here(shards=4)

    assert threads.count() == 2


@pytest.mark.parametrize("local, cards, given, wanted", [
    (0, 4, None, "0"), (3, 4, None, "3"), (5, 4, None, "1"), (1, 1, None, None), (1, 0, None, None), (1, 4, "2", "2")])
def test_each_rank_sees_a_card_of_its_own(tmp_path, monkeypatch, local, cards, given, wanted):
    for number in range(cards):
        (tmp_path / f"nvidia{number}").touch()
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setenv("PMI_RANK", str(local)), monkeypatch.setenv("PMI_SIZE", "8")
    monkeypatch.setenv("MPI_LOCALRANKID", str(local))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given or "")             # so that it is put back afterwards
    if not given:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    share_cards(tmp_path)

    assert os.environ.get("CUDA_VISIBLE_DEVICES") == wanted
