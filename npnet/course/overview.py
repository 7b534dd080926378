"""How far a student is: the list of assignments, the points so far, what comes next."""
from ..screen.output import cut, width
from .grader import assignment as assignments
from .grader.report import short
from .titles import points, title
from .workspace import known, known_region, meant, shown

BAR = 20                        # letters of a bar of points


def rows(work):
    """The rows of the table of assignments, heads first."""
    found = [work.say("head").split("|")]
    for id in assignments.ids():
        assignment = known(id, work.language)
        found.append([f"{id}  {title(id, work.language)}", short(points(assignment)),
                      in_short([other.id for other in assignment.builds_on]) or "-", state(work, id)])
    return found


def in_short(found):
    """"a2-a4 a6" of a2, a3, a4, a6: three or more in a row are written as a range."""
    rows = []
    for id in found:
        letter, place = assignments.number(id)
        if rows and assignments.number(rows[-1][-1]) == (letter, place - 1):
            rows[-1].append(id)
        else:
            rows.append([id])
    return " ".join(f"{row[0]}-{row[-1]}" if len(row) > 2 else " ".join(row) for row in rows)


def sum_of_points(work):
    """How many points there are."""
    every = {id: points(known(id, work.language)) for id in assignments.ids()}
    bonus = sum(some for id, some in every.items() if id.startswith("b"))
    plain = sum(some for id, some in every.items() if not id.startswith("b"))
    if bonus:
        return work.say("sum", points=short(plain), bonus=short(bonus))
    return work.say("sum_plain", points=short(plain))


def state(work, id):
    """Where an assignment stands, in words."""
    if not work.path(id).is_file():
        return work.say("state_none")
    got, most = public(work, id)
    if not most:
        return work.say("state_started")
    return work.say("state_done" if got == most else "state_points", got=short(got), most=short(most))


def public(work, id):
    """(points, of how many) that the last check gave; (0, 0) if there was none."""
    last = work.remembered("last", id, {})
    return sum(region["got"] for region in last.values()), sum(region["most"] for region in last.values())


def status(work):
    """Sentences: a bar for each assignment that was started, the points, what comes next."""
    started = work.started()
    if not started:
        return [work.say("none_started", folder=work.folder.resolve())]
    lines, sums = [], [0, 0]
    for id in started:
        got, most = public(work, id)
        most = most or points(known(id, work.language))
        sums = [sums[0] + got, sums[1] + most]
        line = f"  {id:4} {bar(got, most)} {short(got):>5} / {short(most):5} {title(id, work.language)}"
        lines.append(cut(line, width()))
    lines += ["", work.say("so_far", got=short(sums[0]), most=short(sums[1]))]
    seen = sum(work.state.get("hints", {}).values())
    if seen:
        lines.append(work.say("hints_seen", count=seen))
    return [*lines, next_step(work, started)]


def bar(got, most):
    """[#########...........]"""
    full = int(BAR * got / most + 1e-9) if most else 0
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def next_step(work, started):
    """What to do next: the first region that is not right yet, else another assignment, else to hand in."""
    region = first_open(work, started)
    if region:
        return work.say("next_region", region=region, title=title(region, work.language))
    for id in assignments.ids():
        if id not in started:
            return work.say("next_start", id=id)
    return work.say("all_done", id=started[-1])


def first_open(work, started):
    """The first region of these assignments that the last check did not find right; None if there is none."""
    for id in started:
        last = work.remembered("last", id, {})
        for region in known(id, work.language).source.regions:
            if last.get(region, {}).get("state") != "right":
                return region
    return None


def region_of(work, word=None):
    """The region that a word names: "a3.dx"; for "a3", or none, the first one that is not right yet.

    ValueError in one sentence: there is no such region, the assignment is not started, all is right.
    """
    word = meant(word or "")
    id, _, rest = word.partition(".")
    started = [id] if id else work.started()
    if not started:
        raise ValueError(work.say("none_started", folder=shown(work.folder)))
    for each in started:
        regions = list(known(each, work.language).source.regions)
        work.read(each)
    if rest:
        known_region(known(id, work.language), word, work.language)
        return word
    region = first_open(work, started)
    if region is None:
        raise ValueError(work.say("which_region", id=started[-1], known=", ".join(regions)))
    return region
