"""What `npnet train --explain-remarks` prints: the table of the doctor's remarks, or some of them with their runs."""
import inspect
import textwrap

from .. import backend
from ..fit.doctor.kinds import GROUPS, KINDS
from ..screen import counted, curve, echo, fold, line, nearest
from ..screen.output import width

SAID = 3                        # remarks of one run that are shown


def explain(names):
    """Prints all remarks by group, or those of these names, each with its smallest run. ValueError for other names."""
    for name in names:
        if name not in KINDS:
            raise ValueError(f"no remark is called {name!r}; {nearest(name, KINDS, 3, 0.5)}npnet train "
                             f"--explain-remarks lists all")
    if names:
        with_runs(dict.fromkeys(names))
    else:
        table()


def table():
    """All remarks: a heading for each group, and under it names and explanations."""
    echo("\n".join(fold(f"What the doctor can say, {counted(len(KINDS), 'remark')}. npnet train --explain-remarks NAME "
                        f"shows the smallest training that earns one.", width())))
    for group, heading in GROUPS.items():
        echo(f"\n{heading}", "bold")
        for name, kind in KINDS.items():
            if kind.group == group:
                echo(line(name, kind.explanation))


def with_runs(names):
    """Some remarks: what each means, the run that earns it, how the loss went, and what the doctor said."""
    from ..fit.doctor.runs import RUNS
    backend.use("numpy")                                        # quicker than a compiler for networks as small as these
    for name in names:
        echo(name, "bold")
        echo("\n".join(fold(KINDS[name].explanation, width())))
        echo("\n" + textwrap.indent(inspect.getsource(RUNS[name]).rstrip(), "    ") + "\n")
        watched = RUNS[name]()
        first, last = watched.losses[0], watched.losses[-1] + 0.0
        echo(f"the loss: {first:.3g} {curve(watched.losses, 40)} {last:.3g}, {counted(len(watched.losses), 'step')}")
        for when, remark in watched.said[:SAID]:
            echo("\n".join(fold(f"{when}: {remark}", width(), rest="  ")))
        echo()
    echo("pictures, small, watch and the others: npnet/fit/doctor/watching.py")
