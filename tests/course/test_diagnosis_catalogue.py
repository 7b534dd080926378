"""Every mistake of the catalogues plays a student, and is named: all probes, and after rounding to float32."""
import pytest
from identification import Probes, pairs, rounded, singles

from npnet.course.grader.assignment import ids, load

CATALOGUED = [id for id in ids() if load(id).mistakes]


def test_ten_assignments_have_catalogues_of_mistakes():
    assert CATALOGUED == [f"a{number}" for number in range(1, 11)]
    assert sum(len(load(id).mistakes) for id in CATALOGUED) > 500


@pytest.mark.long
@pytest.mark.parametrize("id", CATALOGUED)
def test_mistakes_are_named_uniquely_or_within_their_equals(id):
    assignment = load(id)
    probes = {region: Probes(assignment, region) for region in assignment.source.regions}
    for change in (lambda run: run, rounded):
        good, count, misses = singles(assignment, probes, change)
        assert good >= 0.95 * count, misses


@pytest.mark.long
@pytest.mark.parametrize("id", ["a3", "a4", "a6"])
def test_of_two_mistakes_at_once_one_is_named(id):
    assignment = load(id)
    probes = {region: Probes(assignment, region) for region in assignment.source.regions}
    one, _, count, misses = pairs(assignment, probes, 12)
    assert one >= 0.75 * count, misses
