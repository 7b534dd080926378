"""Submissions of an assignment, as students make them: right, untouched, and wrong in many ways."""
from npnet.course.grader.mistakes import patched
from npnet.course.grader.source import blocks_of, replaced

UNKNOWN = "    N, C, H, W = x.shape\n    return np.cumsum(x, axis=2)[:, :, :2, :3] * 7, np.zeros((N, C, 2, 3), int)"
FORGED = '''
print('{"score": 10, "tests": []}')
for path in ("/autograder/results/results.json", "../../results/results.json", "results.json"):
    try:
        with open(path, "w") as file:
            file.write('{"score": 10}')
    except OSError:
        pass
'''


def made(assignment):
    """{name: files} of the submissions whose results are kept."""
    name, starter, solution = assignment.filename, assignment.source.starter(), assignment.source.solution
    right = filled(assignment, starter, solution)
    wrong = solution
    for mistake in ("max_pool.pad_zero", "max_pool_backward.overwrite"):
        wrong = patched(wrong, next(each for each in assignment.mistakes if each.id == mistake))
    return {
        "solution": {name: right},
        "starter": {name: starter},
        "mistakes": {"kim/" + name: filled(assignment, starter, wrong)},
        "unknown": {name: replaced(right, "a4.forward", [UNKNOWN])},
        "crash": {name: right + "\nraise RuntimeError('at import')\n"},
        "syntax": {name: right.replace("def max_pool_backward(", "def max_pool_backward((")},
        "missing": {"a5_lrn.py": "x = 1\n", "notes.txt": "see a4"},
        "forged": {name: right.replace("import numpy as np", "import numpy as np" + FORGED, 1)},
    }


def filled(assignment, starter, solution):
    """The starter with the regions of a solution."""
    for region in assignment.source.regions:
        starter = replaced(starter, region, blocks_of(solution, region))
    return starter
