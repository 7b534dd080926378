"""results.json, as Gradescope's autograder contract documents it.

    book = Book("results.json", planned)        # writes the file at once: "the grading did not finish"
    book.add(rows)                              # after each region: the file is written again, with its rows
    book.finish(text)                           # the same file, now complete

A grader that is killed, for time or for memory, so leaves a file that is right as far as it goes.
`problems(document)` holds a document against the schema; the tests and build-autograder ask it.
"""
import json
import math
import os
import time

from .words import say

LONGEST = 4000                      # characters of one text; Gradescope cuts long ones by itself, in bad places
LARGEST = 1_000_000                 # bytes of the whole file
FORMATS = ("text", "html", "simple_format", "md", "ansi")
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")
STATUSES = ("passed", "failed")
KNOWN = {                           # key: kind, of the whole document
    "score": "number", "execution_time": "number", "output": "text", "output_format": FORMATS,
    "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": VISIBILITIES,
    "stdout_visibility": VISIBILITIES, "extra_data": "object", "tests": "list", "leaderboard": "list"}
KNOWN_OF_TEST = {
    "score": "number", "max_score": "number", "status": STATUSES, "name": "text", "name_format": FORMATS,
    "number": "text", "output": "text", "output_format": FORMATS, "tags": "texts", "visibility": VISIBILITIES,
    "extra_data": "object"}
KNOWN_OF_LEADERBOARD = {"name": "text", "value": "number or text", "order": ("asc", "desc")}


# ---------------------------------------------------------------------------- what is written

def test(number, name, score, most, output="", visibility="visible", tags=(), mistakes=(), **extra):
    """One row. number: "3.2"; most: the points that it can give; tags: concepts; mistakes: their ids."""
    most = finite(most)
    score = min(finite(score), most) if most > 0 else finite(score)
    return {"number": number, "name": plain(name), "score": score, "max_score": most,
            "status": "passed" if score >= most else "failed", "visibility": visibility,
            "output": cut(output), "output_format": "text", "tags": sorted(set(tags)),
            "extra_data": {"mistakes": list(mistakes), **extra}}


def document(tests, output, seconds=0.0, **extra):
    """The whole document. extra: what Gradescope keeps and gives back with the next submission."""
    return {"tests": list(tests), "output": cut(output), "output_format": "text", "test_output_format": "text",
            "visibility": "visible", "stdout_visibility": "hidden", "execution_time": round(finite(seconds), 2),
            "extra_data": extra}


def finite(number):
    """A float with four decimals; what is not finite counts as 0 (JSON has no NaN)."""
    number = float(number)
    return round(number, 4) if math.isfinite(number) else 0.0


def cut(text, most=LONGEST):
    """A text that is not too long, and says so where something was left out."""
    text = plain(text)
    if len(text) <= most:
        return text
    end = f"\n... ({len(text):,} characters; the rest is left out)"
    return text[:most - len(end)] + end


def plain(text):
    """A text without what cannot be written as UTF-8, and without control characters: escape codes of a terminal."""
    text = str(text).encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in text if c in "\n\t" or c.isprintable() or c == "\u3000")


def encoded(content):
    """The bytes of the file. Korean stays readable; NaN is an error and not a word that JSON does not have."""
    return (json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8")


def write(path, content):
    """Writes a document so that a reader finds the old one or the new one, never half of one."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".results-{os.getpid()}.json")
    try:
        with open(temporary, "wb") as file:
            file.write(encoded(content))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


class Book:
    """The rows of a grading that is under way, and the file that they are in.

    planned: the rows as they are before anything is graded (0 points, "not graded"), each with its number; a
    row that is added takes the place of the planned one with the same number.
    """

    def __init__(self, path, planned, language="en", **extra):
        self.path, self.language, self.extra = path, language, extra
        self.began = time.monotonic()
        self.rows = {row["number"]: row for row in planned}
        self.write(say("grading.unfinished", language))

    def add(self, rows):
        """Takes the rows of a region, and writes the file."""
        self.rows.update({row["number"]: row for row in rows})
        self.write(say("grading.unfinished", self.language))

    def finish(self, output):
        """Writes the file for the last time. Returns the document."""
        return self.write(output)

    def write(self, output):
        """Writes the file as things stand. Returns the document."""
        content = document(self.rows.values(), output, time.monotonic() - self.began, **self.extra)
        write(self.path, content)
        return content


# ---------------------------------------------------------------------------- what is documented

def problems(content, points=None):
    """Sentences on what in a document breaks the documented schema; [] for a good one.

    points: the sum of all max_score, where it is known.
    """
    if not isinstance(content, dict):
        return ["the document is not an object"]
    found = keys_and_kinds("the document", content, KNOWN)
    tests = content.get("tests", [])
    if isinstance(tests, list):
        for place, row in enumerate(tests):
            found += problems_of_test(f"tests[{place}]", row, "score" in content)
        if not tests and "score" not in content:
            found.append("the document has neither a score nor tests")
        found += problems_of_sum(tests, points)
    for place, entry in enumerate(content["leaderboard"] if isinstance(content.get("leaderboard"), list) else []):
        found += keys_and_kinds(f"leaderboard[{place}]", entry, KNOWN_OF_LEADERBOARD, needed=("name", "value"))
    return found + problems_of_bytes(content)


def problems_of_test(place, row, score_given):
    """Sentences on one row. score_given: the whole document has a score, and rows need none."""
    needed = ("name",) if score_given or isinstance(row, dict) and "status" in row else ("name", "score")
    found = keys_and_kinds(place, row, KNOWN_OF_TEST, needed=needed)
    if found:
        return found
    if not score_given and "score" not in row:
        found.append(f"{place} has no score, and neither has the document")
    score, most = row.get("score", 0), row.get("max_score")
    if most is not None and score > most and not row.get("extra_data", {}).get("bonus"):
        found.append(f"{place} has a score of {score}, above its max_score of {most}")
    if score < 0:
        found.append(f"{place} has a score below 0: {score}")
    if most is not None and row.get("status") == "passed" and score < most:
        found.append(f"{place} is called passed with {score} of {most} points")
    if len(row.get("output", "")) > LONGEST:
        found.append(f"{place} has an output of {len(row['output'])} characters; {LONGEST} is the most")
    return found


def problems_of_sum(tests, points):
    """Sentences on the numbers of the rows, and on what they add up to."""
    rows = [row for row in tests if isinstance(row, dict)]
    numbers = [str(row["number"]) for row in rows if "number" in row]
    found = [f"two tests have the number {number}" for number in sorted(set(numbers)) if numbers.count(number) > 1]
    total = sum(row["max_score"] for row in rows if is_number(row.get("max_score")))
    if points is not None and abs(total - points) > 1e-6:
        found.append(f"the tests have {total:g} points in all; the assignment has {points:g}")
    return found


def problems_of_bytes(content):
    """Sentences on what only shows when the document is written."""
    try:
        size = len(encoded(content))
    except (ValueError, TypeError, UnicodeError) as error:
        return [f"the document cannot be written as JSON: {error}"]
    return [f"the document has {size} bytes; {LARGEST} is the most"] if size > LARGEST else []


def keys_and_kinds(place, content, known, needed=()):
    """Sentences on keys that are unknown, missing, or have a value of the wrong kind."""
    if not isinstance(content, dict):
        return [f"{place} is not an object"]
    found = [f"{place} has a key that is not documented: {key!r}" for key in content if key not in known]
    found += [f"{place} has no {key}" for key in needed if key not in content]
    for key, value in content.items():
        if key in known and not is_of(value, known[key]):
            kind = known[key] if isinstance(known[key], str) else "one of " + ", ".join(known[key])
            found.append(f"{place} has {key} = {value!r}; it must be {kind}")
    return found


def is_number(value):
    """Whether it is a finite number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_of(value, kind):
    """Whether a value is of a kind of the tables above."""
    if isinstance(kind, tuple):
        return value in kind
    return {"number": is_number(value), "text": isinstance(value, str), "object": isinstance(value, dict),
            "list": isinstance(value, list), "number or text": is_number(value) or isinstance(value, str),
            "texts": isinstance(value, list) and all(isinstance(each, str) for each in value)}[kind]
