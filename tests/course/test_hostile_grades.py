"""Submissions that mean harm, graded as a whole: each has its row and its reason, and the other regions their points."""
import json

import pytest
from hostile_made import A1, GOLDEN, graded, made, told

from npnet.course.grader.gradescope import document, problems
from npnet.course.grader.report import lines, width
from npnet.course.grader.rows import planned, rows_of

pytestmark = pytest.mark.long              # processes are started

KEPT = json.loads(GOLDEN.read_text("utf-8"))
MADE = made()


def test_every_submission_has_its_row():
    assert set(KEPT) == set(MADE) and len(KEPT) > 40


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_submission_that_means_harm(name):
    result = graded(MADE[name])

    assert told(result) == KEPT[name]
    for language in ("en", "ko"):
        said = lines(result, A1, language)
        assert all(width(line) <= 80 and line.isprintable() for line in said) and len(said) < 30
        rows = [row for region in result.regions for row in rows_of(region, A1, language, result.blockers)]
        assert not problems(document(rows, "\n".join(said)), sum(row["max_score"] for row in planned(A1)))


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_kept_is_as_it_should_be(name):
    """The regions beside the wrong one have their points; a file that cannot be run has one reason."""
    points, said = KEPT[name]["points"], KEPT[name]["said"]
    if any(points.values()):
        assert (points["a1.size"], points["a1.conv_naive"]) == (2, 8)
    else:
        assert len(set(said)) == 1
    assert said or points["a1.pad"] == 2
