"""Written answers in a student's file: what stands between # ANSWER(a10.q1) and # END ANSWER(a10.q1)."""
from .grader.source import answer_places


def answer(text, id):
    """The lines of one answer, its question among them; [] where the file has none."""
    place = answer_places(text).get(id)
    return text.splitlines()[slice(*place)] if place else []


def unanswered(text, starter):
    """The ids of the questions whose lines are as in the starter, or gone."""
    return [id for id in answer_places(starter) if plain(answer(text, id)) in ([], plain(answer(starter, id)))]


def plain(lines):
    """Lines without blanks at their ends, without empty ones and bare #."""
    return [line.rstrip() for line in lines if line.strip(" #")]


def with_answers(new, text, given):
    """A new version of a file with the answers that a student wrote; untouched questions are the new ones."""
    lines = new.splitlines()
    for id, (first, end) in sorted(answer_places(new).items(), key=lambda item: -item[1][0]):
        written = answer(text, id)
        if written and plain(written) != plain(answer(given, id)):
            lines[first:end] = written
    return "\n".join(lines) + "\n"
