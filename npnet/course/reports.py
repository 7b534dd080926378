"""Reports to look at: one HTML file for a submission, one for the class. No scripts, nothing from the network.

    write_report("kim.html", grade, "ko")
    write_reports("reports", grades, "ko")          # class.html, and one for each student
"""
import re
from html import escape
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from ..files.beside import writing
from .clusters import clusters, counted_mistakes
from .gradebook import number
from .grader.assignment import load
from .grader.words import say
from .titles import title

STYLE = """
body { font: 16px/1.5 system-ui, "Noto Sans KR", "Malgun Gothic", sans-serif; color: #222; background: #fff;
       max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 2em 0 .4em; }
table { border-collapse: collapse; } th, td { padding: .25em .8em .25em 0; text-align: left; vertical-align: top;
       border-bottom: 1px solid #ddd; } td.number, th.number { text-align: right; white-space: nowrap; }
pre { background: #f5f5f2; padding: .7em 1em; overflow-x: auto; font: 14px/1.4 ui-monospace, "D2Coding", monospace;
      white-space: pre-wrap; }
.full { color: #17603a; } .none { color: #8c1d18; } .part { color: #6b4e00; }
.scroll { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } pre { white-space: pre-wrap; } }
"""


def write_report(path, grade, language="en"):
    """Writes the report of one Grade."""
    write(path, submission_page(grade, language))


def write_class(path, grades, language="en", links=()):
    """Writes the report of a list of Grades of one assignment. links: to the students' own reports, in this order."""
    write(path, class_page(grades, language, links))


def write_reports(folder, grades, language="en"):
    """Writes class.html and one report for each Grade, named after its student; returns the path of class.html."""
    every, links = Path(folder) / "class.html", []
    for grade in grades:
        links.append(f"{free_name(grade.student, ['class', *links])}.html")
        write_report(Path(folder) / links[-1], grade, language)
    write_class(every, grades, language, links)
    return every


def free_name(student, taken):
    """A file's name for a student; two names may differ in what a file's name cannot hold, or in capitals."""
    name = re.sub(r"[^-@.\w]", "_", student)
    while name.lower() in [other.removesuffix(".html").lower() for other in taken]:
        name += "_"
    return name


def write(path, text):
    with writing(path) as temporary:
        Path(temporary).write_text(text, "utf-8")


# ---------------------------------------------------------------------------- one submission

def submission_page(grade, language):
    """The HTML of one submission: points, what the grader said, what the student wrote."""
    name = title(grade.assignment, language)
    parts = [tag("h1", say("grading.html.title", language, title=f"{grade.assignment.upper()}. {name}")),
             tag("p", " · ".join(filter(None, [grade.student, grade.name]))),
             tag("p", say("grading.summary", language, title=grade.assignment, got=number(grade.earned),
                          most=number(grade.points)))]
    if grade.problem:
        parts.append(tag("p", grade.problem))
    rows = [[tag("td", f"{region} {title(region, language)}"), points_cell(*points)]
            for region, points in grade.regions.items()]
    parts.append(table([say("grading.table.region", language), say("grading.table.points", language)], rows))
    for heading, text in grade.texts:
        parts += [tag("h2", heading), tag("pre", text)]
    if grade.codes:
        parts.append(tag("h2", say("grading.html.code", language)))
        parts += [tag("h3", region) + tag("pre", code) for region, code in grade.codes.items()]
    return page(grade.assignment, parts, language)


# ---------------------------------------------------------------------------- the class

def class_page(grades, language, links=()):
    """The HTML of a class: everybody's points, mistakes that were recognised, wrong answers that several share."""
    assignment = grades[0].assignment
    graded = [grade for grade in grades if not grade.problem]
    name = f"{assignment.upper()}. {title(assignment, language)}"
    parts = [tag("h1", say("grading.html.class", language, title=name))]
    if graded:
        scores = [grade.earned for grade in graded]
        parts.append(tag("p", say("grading.html.students", language, number=len(graded),
                                  mean=number(round(mean(scores), 2)),
                                  median=number(median(scores)), most=number(max(g.points for g in graded)))))
    if len(graded) < len(grades):
        parts.append(tag("p", say("grading.html.failed", language, number=len(grades) - len(graded))))
    parts += [everybody(grades, language, links), mistakes_of(grades, language), unknown_of(grades, language)]
    return page(assignment, parts, language)


def everybody(grades, language, links=()):
    """The table of all students and regions; a student's id leads to the student's own report."""
    regions = list(dict.fromkeys(region for grade in grades for region in grade.regions))
    links = dict(zip((id(grade) for grade in grades), links))
    rows = [[linked(grade.student, links.get(id(grade))), tag("td", grade.name),
             points_cell(grade.earned, grade.points),
             *(points_cell(*grade.regions[region]) if region in grade.regions else "<td></td>" for region in regions),
             tag("td", remark(grade, language))] for grade in grades]
    heads = [say(f"grading.table.{name}", language) for name in ("student", "name", "points", "remark")]
    return f'<div class="scroll">{table([*heads[:3], *regions, heads[3]], rows)}</div>'


def linked(student, link):
    """A cell with a student's id, which leads to a page if there is one."""
    return f'<td><a href="{escape(quote(link))}">{escape(student)}</a></td>' if link else tag("td", student)


def remark(grade, language):
    """That a submission came late, and what was wrong with it."""
    return "; ".join(filter(None, [say("grading.table.late", language) if grade.late else "", grade.problem]))


def mistakes_of(grades, language):
    """The table of mistakes that were recognised, with how many students made them."""
    says = {mistake.id: mistake.when.get(language, "") for mistake in load(grades[0].assignment).mistakes}
    rows = [[tag("td", region), f"<td>{tag('div', mistake)}{tag('div', says.get(mistake, ''))}</td>",
             tag("td", count, "number")] for region, mistake, count in counted_mistakes(grades)]
    return section("grading.html.mistakes", rows, language)


def unknown_of(grades, language):
    """The table of wrong answers that are in no catalogue and that several students gave."""
    rows = [[tag("td", cluster.region), tag("td", cluster.hash), tag("td", len(cluster.students), "number"),
             tag("td", ", ".join(cluster.students))] for cluster in clusters(grades)]
    return section("grading.html.unknown", rows, language)


def section(heading, rows, language):
    """A heading and a table; nothing where the table is empty."""
    if not rows:
        return ""
    return tag("h2", say(heading, language)) + table([say("grading.table.region", language), "",
                                                      say("grading.html.count", language)], rows)


# ---------------------------------------------------------------------------- HTML

def page(name, parts, language):
    """A whole page. Everything in it has been escaped."""
    return (f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width">\n<title>{escape(name)}</title>\n'
            f"<style>{STYLE}</style>\n" + "\n".join(filter(None, parts)) + "\n</html>\n")


def tag(name, text, kind=""):
    """An element with a text in it, which is escaped."""
    marked = f' class="{kind}"' if kind else ""
    return f"<{name}{marked}>{escape(str(text))}</{name}>"


def table(heads, rows):
    """A table of cells that are HTML already; heads are texts."""
    head = "".join(tag("th", text) for text in heads)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}\n</table>"


def points_cell(earned, points):
    """"3 / 4", with a colour that says no more than the numbers do."""
    kind = "full" if earned >= points else "part" if earned else "none"
    return f'<td class="number {kind}">{number(earned)} / {number(points)}</td>'
