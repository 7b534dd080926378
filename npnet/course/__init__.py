"""The course: assignments with a grader that says what is wrong.

    assignments/    one file per assignment: handout, starter, solution, points
    catalogue/      the mistakes that are known, as patches to the solutions
    checks/         what must hold of each region
    words/          every sentence, in English and Korean
    grader/         the engine; it runs without the rest of npnet
"""
