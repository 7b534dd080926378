"""The gate: are the tests of the course good tests?

Every property must fail on the untouched starter and hold for the solution, and every mistake of the catalogue must be
caught by at least one public and one hidden property, for every student.

    npnet course selftest a3 --seeds 50
"""
from .grader.assignment import PUBLIC, load
from .grader.report import short
from .grader.source import LANGUAGES


def holds(assignment, property, runner, calls, expected):
    """The Failure of a property for what a runner gives, or None."""
    outcomes = [runner.run(call) for call in calls]
    names = assignment.outputs.get(calls[0].function, ()) if calls else ()
    return property.judge(outcomes, expected, calls, property.tolerance, names)


def selftest(id, keys, folder=None):
    """The problems of an assignment as sentences: none if all is as it must be. keys: of students.

    A mistake that was caught for a student is not tried on that student's other properties.
    """
    assignment = load(id, folder)
    problems = [*assignment.misfits.values(), *ids_of_properties(assignment), *points_in_handouts(assignment)]
    starter = assignment.run(assignment.source.starter())
    mistakes = [mistake for mistake in assignment.mistakes if mistake.id not in assignment.misfits]
    mistaken = {mistake.id: assignment.mistaken(mistake) for mistake in mistakes}
    caught = {mistake.id: set() for mistake in mistakes}
    for property in assignment.properties:
        for key in keys if property.hidden else [PUBLIC]:
            calls = assignment.calls(property, key)
            expected = [assignment.reference.run(call) for call in calls]
            failure = holds(assignment, property, assignment.reference, calls, expected)
            if failure:
                problems.append(f"{property.id} fails on the solution ({key}): {failure}")
            if not holds(assignment, property, starter, calls, expected):
                problems.append(f"{property.id} holds for the starter ({key})")
            for mistake in mistakes:
                if mistake.region == property.region and key_of(property, key) not in caught[mistake.id]:
                    if holds(assignment, property, mistaken[mistake.id], calls, expected):
                        caught[mistake.id].add(key_of(property, key))
    for id, by in caught.items():
        problems += [f"{id} is caught by no {'public' if key == PUBLIC else 'hidden'} property ({key})"
                     for key in [PUBLIC, *keys] if key not in by]
    return problems


def key_of(property, key):
    """Whose numbers a property uses: a student's, or everybody's."""
    return key if property.hidden else PUBLIC


def ids_of_properties(assignment):
    """What is wrong with the table of properties itself."""
    problems = []
    for id, region in assignment.source.regions.items():
        kinds = {property.hidden for property in assignment.of(id)}
        problems += [f"{id} has no {'hidden' if hidden else 'public'} property" for hidden in (False, True)
                     if hidden not in kinds]
        if not region.points:
            problems.append(f"{id} has no points")
    problems += [f"{property.id} is of {property.region}, which {assignment.filename} does not have"
                 for property in assignment.properties if property.region not in assignment.source.regions]
    problems += [f"{mistake.id} has no {name}.{language}" for mistake in assignment.mistakes
                 for name, texts in (("if", mistake.when), ("ask", mistake.ask))
                 for language in ("en", "ko") if not texts.get(language)]
    return problems


def points_in_handouts(assignment):
    """Where the table of a handout gives a region other points than its marker does."""
    problems = []
    for language in LANGUAGES:
        for line in assignment.source.handout(language).splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            region = assignment.source.regions.get(cells[0].strip("`"))
            if line.startswith("| `") and region and cells[-1] != short(region.points):
                problems.append(f"{region.id} has {short(region.points)} points at its marker and {cells[-1]} in the "
                                f"handout ({language})")
    return problems
