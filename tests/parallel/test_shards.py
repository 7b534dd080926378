"""How a batch is cut: nothing is left out, nothing comes twice, and the pictures are those of the whole loader."""
from types import SimpleNamespace

import numpy as np
import pytest
from equal_networks import Doubles
from squares import PIPELINE, pictures

from npnet.data import Loader
from npnet.parallel.ranks import Ranks
from npnet.parallel.shards import cuts, shards_of

TEAMS = [(1, None), (2, None), (3, None), (4, None), (9, None), (1, 4), (2, 4), (3, 4), (4, 4), (3, 7), (2, 12)]     # ranks, shards


def teams(size, shards):
    """The team, as each of its ranks knows it."""
    return [Ranks(SimpleNamespace(rank=rank, size=size), shards) for rank in range(size)]


def test_cuts_by_hand():
    assert cuts(10, 4) == [0, 2, 5, 7, 10]
    assert cuts(2, 4) == [0, 0, 1, 1, 2] and cuts(0, 3) == [0, 0, 0, 0] and cuts(5, 1) == [0, 5]


def test_cuts_leave_nothing_out_and_are_even():
    for total in range(30):
        for shards in range(1, 12):
            sizes = np.diff(cuts(total, shards))
            assert cuts(total, shards)[0] == 0 and sizes.sum() == total and len(sizes) == shards
            assert sizes.min() >= 0 and sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("total", [-1, 2.5, "3"])
def test_batches_that_cannot_be(total):
    with pytest.raises(ValueError, match=f"a batch has a whole number of pictures of at least 0, got {total!r}"):
        Ranks(None, 2).rows(total)


def test_every_shard_has_one_rank_and_every_rank_a_shard():
    assert [list(shards_of(rank, 3, 4)) for rank in range(3)] == [[0], [1], [2, 3]]
    for size in range(1, 10):
        for shards in range(size, 20):
            each = [shards_of(rank, size, shards) for rank in range(size)]
            assert [shard for own in each for shard in own] == list(range(shards)) and all(map(len, each))


def test_rows_of_ranks_are_those_of_their_shards():
    assert [team.rows(10) for team in teams(2, 4)] == [(0, 5), (5, 10)]
    assert [team.rows(10) for team in teams(3, 4)] == [(0, 2), (2, 5), (5, 10)]
    assert [team.rows(10) for team in teams(3, None)] == [(0, 3), (3, 6), (6, 10)]
    assert [team.rows(2) for team in teams(4, None)] == [(0, 0), (0, 1), (1, 1), (1, 2)]


@pytest.mark.parametrize("shards", [2, 0, -1, 2.5, "4", True])
def test_shards_that_cannot_be(shards):
    with pytest.raises(ValueError, match=f"shards must be a whole number of at least that of the ranks, 3, got {shards!r}"):
        teams(3, shards)


# ---------------------------------------------------------------------------- the loader

def same(loader, ranks, number=0, first=0):
    """How many batches the whole loader and the ranks' loaders have given; all of them were equal."""
    whole, parts = list(loader.epoch(number, first)), [list(rank.epoch(number, first)) for rank in ranks]
    assert all(len(part) == len(whole) for part in parts)
    for (x, labels), *own in zip(whole, *parts):
        assert np.array_equal(np.concatenate([rows for rows, _ in own]), x)
        assert all(rows.dtype == x.dtype and rows.shape[1:] == x.shape[1:] for rows, _ in own)
        assert all(np.array_equal(all_labels, labels) for _, all_labels in own)
    return len(whole)


@pytest.mark.parametrize("size, shards", TEAMS)
@pytest.mark.parametrize("train", [True, False])
def test_ranks_see_the_pictures_of_the_whole_loader(size, shards, train):
    for count in range(15, 23):                                                     # the last batch has 1 to 7 pictures
        loader = Loader(pictures(count), 7, PIPELINE, train=train, workers=0)
        ranks = [team.loader(loader) for team in teams(size, shards)]

        assert same(loader, ranks, number=3) == len(ranks[0]) == -(-count // 7)
        assert same(loader, ranks, number=3, first=1) == -(-count // 7) - 1         # as a run goes on within an epoch


def test_threads_and_a_last_batch_that_is_left_out():
    loader = Loader(pictures(25), 7, PIPELINE, workers=2, drop_last=True)

    assert same(loader, [team.loader(loader) for team in teams(3, None)], number=1) == 3


def test_each_pass_is_the_next_epoch():
    loader = Loader(pictures(15), 7, PIPELINE, workers=0)
    ranks = [team.loader(loader) for team in teams(2, None)]
    for number in range(2):
        parts = [list(rank) for rank in ranks]
        for (x, _), *own in zip(loader.epoch(number), *parts):
            assert np.array_equal(np.concatenate([rows for rows, _ in own]), x)


def test_a_rank_prepares_its_own_pictures_alone(monkeypatch):
    asked, prepared = [], Loader.prepared
    monkeypatch.setattr(Loader, "prepared", lambda self, number, indices: asked.append(len(indices)) or prepared(self, number, indices))
    list(teams(4, None)[1].loader(Loader(pictures(20), 10, PIPELINE, workers=0)).epoch(0))

    assert asked == [3, 3]


def test_a_loader_with_an_order_and_pictures_of_its_own():
    """What a subclass changes counts on the ranks, too."""
    class Backwards(Loader):
        def order(self, number):
            return np.arange(len(self.pictures))[::-1]

        def prepared(self, number, indices):
            x, labels = super().prepared(number, indices)
            return x + 1000, labels

    loader = Backwards(pictures(16), 7, PIPELINE, workers=0)
    ranks = [team.loader(loader) for team in teams(3, None)]
    assert same(loader, ranks) == len(ranks[0]) == 3 and ranks[1].pictures is loader.pictures


def test_a_loader_that_is_not_npnets():
    loader = Doubles(Loader(pictures(15), 7, PIPELINE, workers=0))

    assert same(loader, [team.loader(loader) for team in teams(3, 4)], number=2) == 3


def test_another_pipeline_given_later_counts():
    """fit takes the pipeline of a run that goes on from its checkpoint."""
    from dataclasses import replace
    loader = Loader(pictures(15), 7, PIPELINE, workers=0)
    ranks = [team.loader(loader) for team in teams(2, None)]
    for one in [loader, *ranks]:
        one.pipeline = replace(PIPELINE, mean=0.0)

    assert same(loader, ranks) == 3 and next(loader.epoch(0))[0].min() >= 0
