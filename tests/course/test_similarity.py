"""Alike submissions are found under other names; what the starter and everybody has does not count."""
from small_course import FIRST

from npnet.course.grader.source import Source, replaced
from npnet.course.similarity import fingerprints, pairs, tokens, written_by

SOURCE = Source(FIRST)
LOOPS = """
    out = np.zeros(x.shape)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            value = x[i, j]
            out[i, j] = value + value
            if out[i, j] != 2 * value:
                raise ValueError(i, j)
    return out
"""
RENAMED = (LOOPS.replace("out", "result").replace("value", "number").replace("[i, j]", "[a, b]").replace("for i", "for a")
           .replace("for j", "for b").replace("(i, j)", "(a, b)").replace("    return", "    # done\n    return"))
OTHER = """
    height, width = x.shape
    flat = [2.0 * float(number) for row in x for number in row]
    return np.array(flat).reshape(height, width) if flat else np.empty((height, width))
"""


def student(code):
    return replaced(SOURCE.starter(), "a1.twice", [code.strip("\n")])


def test_the_same_with_other_names_and_comments():
    found = pairs({"ann": student(LOOPS), "bob": student(RENAMED), "cat": student(OTHER)}, SOURCE)
    assert [(pair.first, pair.second) for pair in found] == [("ann", "bob")]
    assert found[0].share == 1.0 and found[0].common >= 4
    first, second = found[0].lines[0]
    assert student(LOOPS).splitlines()[first - 1].strip() and student(RENAMED).splitlines()[second - 1].strip()


def test_a_part_that_was_taken_over():
    added = LOOPS.replace("    return out", "    total = sum(float(row.sum()) for row in out)\n    assert total == 2 * x.sum()\n"
                          "    print(total, x.shape, out.dtype)\n    return out")
    pair, = pairs({"ann": student(LOOPS), "bob": student(added)}, SOURCE)
    assert pair.share > 0.8 and pair.common >= 4


def test_untouched_starters_are_not_alike():
    assert pairs({"ann": SOURCE.starter(), "bob": SOURCE.starter()}, SOURCE, least=0) == []


def test_what_everybody_wrote_does_not_count():
    many = {f"student {i}": student(LOOPS) for i in range(6)}
    assert pairs(many, SOURCE) == []
    assert pairs({"student 0": many["student 0"], "student 1": many["student 1"]}, SOURCE)[0].share == 1.0


def test_a_file_that_python_cannot_read_is_read_as_far_as_it_goes():
    broken = student(LOOPS + "    print('no end\n    (((\n")
    pair, = pairs({"ann": student(LOOPS), "bob": broken}, SOURCE)
    assert pair.share > 0.6
    assert pairs({"ann": student(LOOPS), "bob": ""}, SOURCE) == []


def test_lines_are_those_of_the_file():
    text = student(LOOPS)
    numbers = [number for number, line in written_by(text) if "range(x.shape[0])" in line]
    assert text.splitlines()[numbers[0] - 1].strip() == "for i in range(x.shape[0]):"
    assert tokens([(7, "y = np.zeros(x)  # why")]) == [("v", 7), ("=", 7), ("np", 7), (".", 7), ("zeros", 7), ("(", 7), ("v", 7), (")", 7)]
    assert fingerprints([(1, "y = 1")]) == {}
