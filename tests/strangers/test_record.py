"""The record of the checker: labels that can be counted, and a share of the cases, counted."""
import pytest
import record
from strangers_record import cases, styles, subjects

from npnet.diagnose.kinds import KINDS

QUICK = "dense", "activation", "batchnorm", "dropout", "loss", "lrn", "pool"      # a convolution takes longer
PLACES = {"image", "channel", "filter", "row", "column", "border", "group", "feature", "entry", "position"}


@pytest.mark.parametrize("style", styles())
def test_every_edit_can_be_made_and_every_label_counted(style):
    for case in cases([style], pairs=0):
        compile(case.text(), style, "exec")
    for subject in subjects(style):
        for planted in subject.mistakes:
            kinds = {kind.split(":")[0] for kind in planted.kinds}
            assert planted.kinds and kinds <= KINDS.keys(), planted
            assert set(planted.places) <= PLACES, planted


def test_pairs_are_drawn_by_a_seed():
    style = styles()[0]
    pairs = [case.address for case in cases([style], pairs=5, seed=1) if len(case.planted) == 2]
    assert len(pairs) == len(set(pairs)) == 5
    assert pairs == [case.address for case in cases([style], pairs=5, seed=1) if len(case.planted) == 2]
    assert pairs != [case.address for case in cases([style], pairs=5, seed=2) if len(case.planted) == 2]


def test_a_sentence_is_counted_by_its_kind_its_detail_and_its_array():
    case = next(case for case in cases(["course_notes"], pairs=0) if "dw is averaged over the batch" in case.name)
    def answer(causes=None, places=None):
        return record.Result(case, "wrong", "", 0.0, causes or {}, places or {})
    right = answer({"w": "factor:1/N"})
    assert right.flagged and right.named and right.placed and not right.misleading
    unnamed = answer({"w": "factor:1/3"})
    assert unnamed.placed and not unnamed.named and not unnamed.misleading
    assert not answer({"x": "factor:1/N"}).named                # another array than the label's
    wrong = answer({"w": "sign"})
    assert wrong.flagged and wrong.misleading and not wrong.placed
    assert not record.Result(case, "refused", "", 0.0).flagged
    assert not record.Result(case, "wrong", "", 0.0, trusted=False).flagged


@pytest.mark.parametrize("answer, missed", [("passed", 0), ("wrong", 1), ("refused", 1), ("unchecked", 1)])
def test_a_right_one_must_be_called_and_must_pass(answer, missed):
    case = next(case for case in cases(["course_notes"], pairs=0) if case.right)
    assert len(record.missed([record.Result(case, answer, "", 0.0)])) == missed


@pytest.mark.long
def test_a_few_cases(capsys):
    """A dozen mistakes and the texts without them: nothing is missed, nobody accused."""
    kinds = [word for kind in QUICK for word in ("--kind", kind)]
    assert record.main(["--some", "12", "--seed", "1", "--show", *kinds]) == 0, capsys.readouterr().out


@pytest.mark.long
def test_half_of_the_record(capsys):
    """The targets hold for a seeded half of all cases."""
    assert record.main(["--some", "0.5", "--seed", "1", "--jobs", "2", "--show"]) == 0, capsys.readouterr().out
