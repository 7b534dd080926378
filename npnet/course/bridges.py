"""The properties of an assignment for those who grade with otter or nbgrader. npnet is installed where they run.

    for name, text in otter_tests(load("a3")).items(): ...      # tests/a3_dx.py: exception-based test files of otter
    notebook = nbgrader_notebook(load("a3"))                    # with a cell of tests after every region's functions

Both run the student's functions in their own process, in a container of theirs; there is no time limit of ours.
"""
import contextlib
import io
import json
import warnings

from .grader.assignment import PUBLIC, load
from .grader.calls import Direct
from .grader.notebooks import notebook_of
from .grader.properties import Failure
from .grader.report import titled
from .grader.source import block_indent, blocks_of, regions_of, replaced

OTTER = '''"""{title}"""
from npnet.course.bridges import must_hold
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
'''
CASE = '''

@test_case(name="{property}", points={points}, hidden={hidden}, failure_message={said})
def test_{number}(env):
    must_hold("{property}", env{key})
'''
NBGRADER = '''from npnet.course.bridges import points
points("{region}", globals(){key})'''


# ---------------------------------------------------------------------------- what runs beside the student's functions

def must_hold(property_id, env, key=PUBLIC, folder=None):
    """AssertionError unless a property holds for the functions in env {name: object}. For a test of otter."""
    assignment = load(property_id.partition(".")[0], folder)
    wanted = next(property for property in assignment.properties if property.id == property_id)
    failure = failed(wanted, assignment, env, key)
    if failure:
        raise AssertionError(f"{titled(property_id, 'en')}: {failure.kind}"
                             + (f" of {failure.output}" if failure.output else ""))


def points(region, env, key=PUBLIC, folder=None):
    """The points of a region for the functions in env, as a float. For a cell of nbgrader: nothing goes to stderr."""
    assignment = load(region.partition(".")[0], folder)
    earned = 0.0
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for property, most in assignment.worth(region):
            failure = failed(property, assignment, env, key)
            earned += 0.0 if failure else most
            if failure and not property.hidden:
                print(f"{titled(property.id, 'en')}: {failure.kind}")
    return float(round(earned, 4))


def failed(property, assignment, env, key):
    """The Failure of a property for functions in env, or None. All other functions of the assignment are right ones."""
    own = set(assignment.source.regions[property.region].functions)
    calls = assignment.calls(property, key)
    expected = [assignment.reference.run(call) for call in calls]
    with right_ones(env, assignment, own):
        runner = Direct(env, "", "")
        outcomes = [runner.run(call) for call in calls]
    names = assignment.outputs.get(calls[0].function, ()) if calls else ()
    failure = property.judge(outcomes, expected, calls, property.tolerance, names)
    return failure if failure is None or isinstance(failure, Failure) else Failure("property")


@contextlib.contextmanager
def right_ones(env, assignment, own):
    """The solution's functions in the place of those that are not the region's own, for as long as the block runs."""
    others = {name: function for name, function in assignment.parts.items()
              if name in assignment.source.functions and name not in own}
    missing = object()
    before = {name: env.get(name, missing) for name in others}
    env.update(others)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is missing:
                env.pop(name, None)
            else:
                env[name] = value


# ---------------------------------------------------------------------------- what is built

def otter_tests(assignment, language="en", key=PUBLIC):
    """{"tests/a3_dx.py": text}: a test file for every region, with a case for every property."""
    given = "" if key == PUBLIC else f", key={key!r}"
    found = {}
    for region in assignment.source.regions:
        name = region.replace(".", "_")
        text = OTTER.format(title=titled(region, language).replace('"', "'"), name=name)
        for number, (property, most) in enumerate(assignment.worth(region), 1):
            text += CASE.format(property=property.id, points=round(most, 4), hidden=property.hidden, number=number,
                                said=json.dumps(titled(property.id, language), ensure_ascii=False), key=given)
        found[f"tests/{name}.py"] = text
    return found


def nbgrader_notebook(assignment, language="en", key=PUBLIC):
    """The assignment as a teacher's notebook for nbgrader, as JSON's dictionaries: with the solution, which
    `nbgrader generate_assignment` takes out, and with cells that give points."""
    notebook = notebook_of(assignment.source, assignment.id, language, for_teachers(assignment.source, language))
    cells = []
    for place, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"])
        regions = [region for region in assignment.source.regions if f"# BEGIN YOUR CODE({region})" in text]
        cell["metadata"] = {"nbgrader": nbgrader_data(f"{assignment.id}-{place}", cell["cell_type"], bool(regions))}
        cells.append(cell)
        cells += [test_cell(assignment, region, key) for region in regions]
    return {**notebook, "cells": cells}


def for_teachers(source, language):
    """The starter with the solution between nbgrader's marks, inside ours: signatures and docstrings stay."""
    text = source.starter(language)
    for id in source.regions:
        indent = [block_indent(text, block) for block in regions_of(text)[id].blocks]
        blocks = [f"{before}### BEGIN SOLUTION\n{block}\n{before}### END SOLUTION"
                  for before, block in zip(indent, blocks_of(source.solution, id))]
        text = replaced(text, id, blocks)
    return text


def nbgrader_data(grade_id, kind, solution=False, points=None):
    """What nbgrader (schema 3) knows of a cell. points: of a cell of tests."""
    grade = points is not None
    data = {"schema_version": 3, "grade": grade, "solution": solution, "locked": not solution, "task": False,
            "grade_id": grade_id, "cell_type": kind}
    return {**data, "points": points} if grade else data


def test_cell(assignment, region, key):
    """The cell that gives a region's points: its last line is a number, which nbgrader takes as the score."""
    name = region.replace(".", "-")
    text = NBGRADER.format(region=region, key="" if key == PUBLIC else f", key={key!r}")
    worth = assignment.source.regions[region].points
    return {"cell_type": "code", "id": f"test-{name}", "execution_count": None, "outputs": [],
            "metadata": {"nbgrader": nbgrader_data(f"test-{name}", "code", points=worth)},
            "source": text.splitlines(keepends=True)}
