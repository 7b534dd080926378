"""Right solutions of A1 to A5 in five other styles: every property holds, and no diagnosis is made of them."""
from pathlib import Path

import numpy as np
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Direct
from npnet.course.grader.diagnosis import Case, diagnose
from npnet.course.grader.perform import namespace
from npnet.course.grader.properties import equal

pytestmark = pytest.mark.long              # processes are started, or many probes run

STYLES = sorted(path.stem for path in (Path(__file__).parent / "styles").glob("*.py"))


def student(style):
    text = (Path(__file__).parent / "styles" / f"{style}.py").read_text("utf-8")
    return Direct(namespace(text, f"{style}.py", {}), f"{style}.py", text)


@pytest.mark.parametrize("id", ["a1", "a2", "a3", "a4", "a5"])
@pytest.mark.parametrize("style", STYLES)
def test_no_false_diagnosis(style, id):
    assignment, direct = load(id), student(style)
    for region in assignment.source.regions:
        calls, tolerances = [], []
        for property in assignment.of(region):
            made = assignment.calls(property, "a student")
            if all(call.function in direct.names or call.program for call in made) and property.judge is equal:
                calls, tolerances = calls + list(made), tolerances + [property.tolerance] * len(made)
        assert calls, region
        case = Case(assignment, region, calls, [direct.run(call) for call in calls],
                    [assignment.reference.run(call) for call in calls], tolerances=tolerances, run=direct.run)
        odd = [case.failures[i].output for i in case.wrong]
        if id == "a2" and style in ("loops", "layout") and odd:         # A2 asks for code without loops over positions
            assert set(odd) == {"loops over positions"}
            assert all("loop" in mistake for mistake in diagnose(case).mistakes)
        else:
            assert odd == [] and diagnose(case) is None, (region, odd)


def test_there_are_five_styles_and_they_differ():
    assert STYLES == ["einsum", "indices", "layout", "loops", "strided"]
    texts = {(Path(__file__).parent / "styles" / f"{style}.py").read_text("utf-8") for style in STYLES}
    assert len(texts) == 5


@pytest.mark.parametrize("style", STYLES)
def test_a_wrong_solution_in_another_style_is_named_by_its_concept(style):
    """The same mistake, dw divided by the number of images, in code that shares no line with the catalogue's."""
    assignment, direct = load("a3"), student(style)
    right = direct.names["conv2d_backward_w"]
    direct.names["conv2d_backward_w"] = lambda dy, x, *rest: right(dy, x, *rest) / np.float64(len(x))
    calls = [call for property in assignment.of("a3.dw") if property.judge is equal
             for call in assignment.calls(property, "a student")]
    found = diagnose(Case(assignment, "a3.dw", calls, [direct.run(call) for call in calls],
                          [assignment.reference.run(call) for call in calls], run=direct.run))
    assert (found.mistakes, found.certainty) == (["dw.divided"], "exact")
