"""The functions of the assignments' solutions, by name: what a student's file finds in `parts` when it runs by itself.

    from npnet.course.parts import im2col

Of several assignments that have a function of this name, the last one's is taken.
"""
from .grader import assignment as assignments


def __getattr__(name):
    if not name.startswith("_"):
        for id in reversed(assignments.ids()):
            assignment = assignments.load(id)
            if name in assignment.source.functions:
                return assignment.reference.names[name]
    raise AttributeError(f"no assignment of the course defines {name!r}")
