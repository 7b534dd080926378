"""Written answers in a student's file: what stands between # ANSWER(a10.q1) and # END ANSWER(a10.q1)."""
import re

MARK = re.compile(r"^\s*# (END )?ANSWER\(([\w.]+)(?:, *points=[\d.]+)?\)\s*$")


def answers_of(text):
    """{id: (first line, line after the last)}, counted from 0, without the marks; a mark alone is not counted."""
    found, begun = {}, {}
    for number, line in enumerate(text.splitlines()):
        mark = MARK.match(line)
        if mark and not mark[1]:
            begun[mark[2]] = number + 1
        elif mark and mark[2] in begun:
            found[mark[2]] = (begun.pop(mark[2]), number)
    return found


def answer(text, id):
    """The lines of one answer, its question among them; [] where the file has none."""
    place = answers_of(text).get(id)
    return text.splitlines()[slice(*place)] if place else []


def unanswered(text, starter):
    """The ids of the questions whose lines are as in the starter, or gone."""
    return [id for id in answers_of(starter) if plain(answer(text, id)) in ([], plain(answer(starter, id)))]


def plain(lines):
    """Lines without blanks at their ends, without empty ones and bare #."""
    return [line.rstrip() for line in lines if line.strip(" #")]


def with_answers(new, text, given):
    """A new version of a file with the answers that a student wrote; untouched questions are the new ones."""
    lines = new.splitlines()
    for id, (first, end) in sorted(answers_of(new).items(), key=lambda item: -item[1][0]):
        written = answer(text, id)
        if written and plain(written) != plain(answer(given, id)):
            lines[first:end] = written
    return "\n".join(lines) + "\n"
