"""The ward counts as it should, and a share of it: the doctor names what was planted, and is not false."""
import math
import os
from types import SimpleNamespace

import pytest

import npnet
import ward
from ward_tools import Heard, Patient

SHARE = 90 if os.environ.get("NPNET_DRAW") == "all" else 30             # trainings; python tests/fit/ward.py runs them all
SEED = 13                                   # draws them
PLANTED = Patient("planted", 1, ("loss-sums",), None, also=("dead",), against=("rate-low",), where=("fc2",))
HEALTHY = SimpleNamespace(name="healthy", run=None)


@pytest.fixture(autouse=True)
def one_thread():
    npnet.use("numpy")


def remark(*names, where="the loss", own=""):
    return 0, SimpleNamespace(name=own, causes=[SimpleNamespace(name=name, where=where) for name in names])


def judged(*remarks, patient=PLANTED):
    return ward.judged(patient, 0, Heard(remarks))


def test_the_first_cause_of_the_first_remark():
    assert judged(remark("loss-sums", "rate-high")).verdict == "first"
    assert judged(remark(own="loss-sums")).verdict == "first"
    assert judged(remark("dead"), remark("loss-sums")).verdict == "named"
    assert judged(remark("dead", "loss-sums")).verdict == "named"
    assert judged(remark("dead", "saturated", "ascent", "loss-sums")).verdict == "other"       # three at most
    assert judged(remark(own="stuck")).verdict == judged(remark()).verdict == "symptom"
    assert judged().verdict == "nothing"


def test_what_is_false():
    assert not judged(remark("loss-sums", "rate-high"), remark("dead")).false
    assert not judged(remark(own="grows"), remark("loss-sums")).false
    assert judged(remark("loss-sums"), remark("rate-high")).false == "rate-high"
    assert judged(remark("loss-sums", "rate-low")).false == "rate-low"                      # the opposite advice
    assert ward.judged(PLANTED, 0, ValueError("no")).verdict == "ERROR"


def test_the_layer_that_is_pointed_at():
    assert judged(remark("loss-sums", where="fc2")).placed is True
    assert judged(remark("loss-sums", where="fc3")).placed is False
    assert judged(remark("dead", where="fc2")).placed is None


def test_any_remark_on_a_healthy_training_is_an_alarm():
    assert judged(remark("dead"), patient=HEALTHY).verdict == "ALARM"
    assert judged(patient=HEALTHY).verdict == "silent"


def test_the_figures_are_printed_within_80_columns():
    every = [judged(remark("loss-sums", where="fc3")), judged(remark("rate-high")), judged(),
             judged(remark("dead"), patient=HEALTHY)]
    lines = [ward.line(seen) for seen in every] + ward.sums(every) + ward.by_kind(every)
    assert max(map(len, lines)) <= 80
    assert "named   1 of 3 (33.3%)" in lines and "false   1 of 3 (33.3%)" in lines and "alarms  1 of 1 (100.0%)" in lines
    assert "kind 1        named   1 of   3   first   1   false   1" in lines


def test_the_same_seed_draws_the_same_share():
    pairs = ward.chosen(seeds=3)
    assert ward.drawn(pairs, 9, 4) == ward.drawn(pairs, 9, 4) != ward.drawn(pairs, 9, 5)
    assert ward.drawn(pairs, None, 4) == pairs and len(ward.drawn(pairs, 9, 4)) == 9


def test_there_are_trainings_of_every_kind():
    sick = ward.ill()
    assert {patient.kind for patient in sick} == {*range(1, 11), "brother"} and len(sick) >= 75
    assert len({patient.name for patient in sick}) == len(sick)
    assert all(1 <= len(patient.planted) <= 2 for patient in sick)


@pytest.mark.long
def test_a_training_is_the_same_each_time():
    patient = next(patient for patient in ward.ill() if patient.name == "rate-zero")
    first, again = patient.run(0), patient.run(0)
    assert [str(remark) for _, remark in first] == [str(remark) for _, remark in again] and len(first.course) == 10
    assert first.course == again.course


@pytest.mark.long
def test_a_share_of_the_ward():
    every = [ward.taken(patient, seed) for patient, seed in ward.drawn(ward.chosen(seeds=3), SHARE, SEED)]
    print("\n".join(ward.line(seen) for seen in every))
    ill = [seen for seen in every if getattr(seen.patient, "planted", None)]
    assert len(every) == SHARE and len(ill) >= SHARE // 3
    assert not [ward.line(seen) for seen in every if seen.verdict in ("ERROR", "ALARM")]
    assert sum(seen.verdict in ("first", "named") for seen in ill) >= 0.85 * len(ill)
    assert sum(bool(seen.false) for seen in ill) <= math.ceil(0.02 * len(ill))
