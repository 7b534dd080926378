"""How far a student is: the list of assignments, the points so far, what comes next."""
from .grader import assignment as assignments
from .titles import builds_on, points, title
from .workspace import known

BAR = 20                        # letters of a bar of points


def rows(work):
    """The rows of the table of assignments, heads first."""
    found = [work.say("head").split("|")]
    for id in assignments.ids():
        assignment = known(id, work.language)
        found.append([f"{id}  {title(id, work.language)}", str(points(assignment)),
                      ", ".join(builds_on(assignment)) or "-", state(work, id)])
    return found


def sum_of_points(work):
    """How many points there are."""
    every = {id: points(known(id, work.language)) for id in assignments.ids()}
    bonus = sum(some for id, some in every.items() if id.startswith("b"))
    plain = sum(every.values()) - bonus
    return work.say("sum", points=plain, bonus=bonus) if bonus else work.say("sum_plain", points=plain)


def state(work, id):
    """Where an assignment stands, in words."""
    if not work.path(id).is_file():
        return work.say("state_none")
    got, most = public(work, id)
    if not most:
        return work.say("state_started")
    return work.say("state_done" if got == most else "state_points", got=short(got), most=short(most))


def public(work, id):
    """(points, of how many) that the last check gave for what is tested in public; (0, 0) if there was none."""
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
        most = most or sum(public_points(known(id, work.language)).values())
        sums = [sums[0] + got, sums[1] + most]
        lines.append(f"  {id:4} {bar(got, most)} {short(got):>5} / {short(most):5} {title(id, work.language)}")
    lines += ["", work.say("so_far", got=short(sums[0]), most=short(sums[1]))]
    seen = sum(work.state.get("hints", {}).values())
    if seen:
        lines.append(work.say("hints_seen", count=seen))
    return [*lines, next_step(work, started)]


def public_points(assignment):
    """{region: its points for what is tested in public}."""
    found = {}
    for id, region in assignment.source.regions.items():
        hidden = {property.hidden for property in assignment.of(id)}
        found[id] = region.points * (0.6 if hidden == {False, True} else 0.0 if hidden == {True} else 1.0)
    return found


def bar(got, most):
    """[#########...........]"""
    full = int(BAR * got / most + 1e-9) if most else 0
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def next_step(work, started):
    """What to do next: the first region that is not right yet, else another assignment, else to hand in."""
    for id in started:
        last = work.remembered("last", id, {})
        for region in known(id, work.language).source.regions:
            if last.get(region, {}).get("state") != "right":
                return work.say("next_region", region=region, title=title(region, work.language))
    for id in assignments.ids():
        if id not in started:
            return work.say("next_start", id=id)
    return work.say("all_done", id=started[-1])


def short(number):
    """Points without needless digits: 2.4, 6."""
    return f"{number:.1f}".removesuffix(".0")
