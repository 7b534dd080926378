"""Writes the results that are kept, after a change that is meant to change them: look at the difference.

    python tests/course/golden/golden_results.py
"""
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[2])]

from gradescope_run import compared, graded, unpacked  # noqa: E402
from submissions_made import made  # noqa: E402

from npnet.course.autograder import build_autograder  # noqa: E402
from npnet.course.grader.assignment import load  # noqa: E402

SECRET = "a secret of a course, long enough"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        build_autograder("a4", base / "a4.zip", SECRET)
        unpacked(base / "a4.zip", base)
        for name, files in made(load("a4")).items():
            results, printed = graded(base, files)
            (HERE / f"{name}.json").write_text(compared(results), "utf-8")
            print(name, sum(row["score"] for row in results["tests"]), f"{results['execution_time']} s", printed)
