"""The healthy trainings of the ward are healthy, those of fit hear what fit tells, and the complaints are all there."""
import math

import pytest

import ward
from ward_fit import FIT
from ward_healthy import HEALTHY
from ward_healthy_tools import NotHealthy, learnt
from ward_public import PUBLIC
from ward_tools import Heard


def one(patients, name):
    return next(patient for patient in patients if patient.name == name)


def test_there_are_many_of_them_with_names_of_their_own():
    every = [*HEALTHY, *FIT, *PUBLIC, *ward.ill()]
    assert len({patient.name for patient in every}) == len(every) and max(len(patient.name) for patient in every) < 31
    assert len(HEALTHY) >= 100 and not any(patient.planted for patient in HEALTHY)
    assert len(FIT) >= 40 and sum(not patient.planted for patient in FIT) >= 12
    assert {"stuck", "nan", "held", "one class", "falls"} <= {patient.name.partition(":")[0] for patient in PUBLIC}
    assert all(patient.planted and patient.kind == "public" for patient in PUBLIC)


def test_what_has_not_learnt_is_not_healthy():
    row = (0.2, 0.95, None, None, 1.4)
    assert learnt(Heard(course=[(1.4, 0.25, None, None, 1.4), row]), math.log(4)).course[-1] == row
    for bad in [(0.8, 0.95, None, None, 1.4), (0.2, 0.7, None, None, 1.4), (math.nan, 0.95, None, None, 1.4)]:
        with pytest.raises(NotHealthy, match=f"loss {bad[0]:.3f}, that of guessing 1.386; {bad[1]:.0%} right"):
            learnt(Heard(course=[row, bad]), math.log(4))


@pytest.mark.parametrize("name", ["tanh", "hinge"])
def test_a_healthy_training_learns(name):
    rows = one(HEALTHY, name).run(0).course
    assert rows[-1][0] < rows[0][4] and rows[-1][1] > 0.9


def test_what_fit_tells_is_heard():
    """The remark on a rate of 0 comes from fit's own doctor, with the place where it was made."""
    heard = one(FIT, "recipe-rate-0").run(0)
    place, remark = heard[0]
    assert place.startswith("epoch ") and remark.where == "the rate" and len(heard.course) == 4
    assert not one(FIT, "fit, frozen front").planted


@pytest.mark.long
@pytest.mark.parametrize("name", ["batch 1", "own Adam", "95 to 5", "a slow start", "fifty classes", "float64", "squared error"])
def test_more_of_them_learn(name):
    for seed in (0, 1, 2):
        rows = one(HEALTHY, name).run(seed).course
        assert rows[-1][1] > 0.6 and rows[-1][0] < 0.6 * rows[0][4]
