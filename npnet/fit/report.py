"""The report of a run: one page for the browser, with everything in it, that shows what was made and how.

    write_report(run, net, pipeline, test=score, sheets=[("Some mistakes", figure)])
"""
import base64
import html
import re

from .. import plots
from ..screen import clock, counted, echo
from .answers import CLASSES_FOR_FIVE
from .doctor import KINDS
from .folder import FILES, derived, write_text

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.6rem }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem;
         display: block; overflow-x: auto; white-space: nowrap }}
th, td {{ text-align: right; padding: 0.15rem 0.8rem; border-bottom: 1px solid #eee }}
th:first-child, td:first-child {{ text-align: left }}
pre {{ background: #f5f6f7; padding: 0.8rem; overflow-x: auto; font-size: 0.8rem; line-height: 1.35 }}
.remark {{ border-left: 3px solid #c80; padding-left: 1rem; margin: 1rem 0 }} .remark p {{ margin: 0.3rem 0 }}
ol {{ padding-left: 1.4rem }} li + li {{ margin-top: 0.8rem }} details {{ color: #555; font-size: 0.9rem }}
summary {{ font-family: ui-monospace, monospace; cursor: pointer }}
img {{ max-width: 100%; height: auto }} .figure {{ font-size: 2rem; font-weight: 600 }}
@media print {{ body {{ margin: 0 }} h2 {{ break-after: avoid }} img, pre, table {{ break-inside: avoid }} }}
</style></head><body>
{body}
</body></html>
"""


def write_report(run, net, pipeline, test=None, sheets=()):
    """Writes report.html into the run's folder; returns its path.

    test: the Score on pictures that chose nothing, or None. sheets: pairs (title, Figure), saved beside it under
    their titles; FileExistsError where such a file is the user's.
    """
    parts = [f"<h1>{escape(run.folder.name)}</h1>", *result_of(run, test), *remarks_of(run), *curves_of(run)]
    for title, figure in sheets:
        name = title.lower().replace(" ", "-") + ".png"
        if name not in FILES and (run.folder / name).exists() and not plots.drawn_by_npnet(run.folder / name):
            raise FileExistsError(f"{run.folder / name} is there and was not drawn by npnet; give the sheet {title!r} "
                                  f"another title")
        derived(run, name, lambda path: plots.save(figure, path), echo)
        if name not in run.unwritten:
            parts += [f"<h2>{escape(title)}</h2>", image(run.folder / name, title)]
    if (run.folder / "filters.png").exists():
        parts += ["<h2>Filters of the first layer</h2>", image(run.folder / "filters.png", "the filters")]
    parts += ["<h2>Network</h2>", f"<pre>{escape(net)}</pre>",
              "<h2>Pictures</h2>", f"<p>{escape(run.settings.get('origin', ''))}</p><p>{escape(pipeline)}</p>",
              "<h2>What made it</h2>", f"<pre>{escape(run.settings.get('command', 'npnet.fit.fit(...)'))}</pre>",
              settings_of(run)]
    path = run.folder / "report.html"
    write_text(path, PAGE.format(title=escape(run.folder.name), body="\n".join(parts)))
    return path


def escape(text):
    return html.escape(str(text))


def image(path, words):
    """A picture, put into the page itself."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(words)}" src="data:image/png;base64,{data}"></p>'


def table(columns, rows):
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def percent(share):
    return "" if share is None else f"{100 * share:.2f} %"


def number(value):
    return "" if value is None else f"{value:.4f}"


def result_of(run, test):
    """The figure that counts, and how the run ended."""
    yield "<h2>Result</h2>"
    if test is not None:
        five = f", {percent(test.top5)} in the best five" * (len(test.confusion) >= CLASSES_FOR_FIVE)
        yield (f'<p><span class="figure">{percent(test.top1)}</span> of {test.pictures:,} test pictures right{five}; '
               f"loss {test.loss:.4f}.</p>")
    if run.best is not None:
        yield (f"<p>Best epoch in validation: {run.best['epoch']}, {percent(run.best['top1'])} right, loss "
               f"{run.best['loss']:.4f}.</p>")
    seconds = sum(row["seconds"] for row in run.rows)
    yield f"<p>{counted(run.epoch, 'epoch')}, {counted(len(run.losses), 'step')}, in {clock(seconds)}."
    yield f" Ended because {escape(run.stopped)}.</p>" if run.stopped else "</p>"


def remarks_of(run):
    """What was said during the run: of the doctor's remarks the symptom, then each cause with its name, what to do and
    what the name means."""
    if run.remarks:
        yield "<h2>Remarks</h2>"
    for remark in run.remarks:
        first, *rest = remark.split("\n")
        yield f'<div class="remark">{cause_in_html(first)}'
        if rest:
            yield f"<ol>{''.join(f'<li>{cause_in_html(line)}</li>' for line in rest)}</ol>"
        yield "</div>"


def cause_in_html(line):
    """One line of a remark: "(1) fc2: what was measured; to do: one thing [dead]"."""
    text, name = re.fullmatch(r"(?:\(\d\) |Cause: )?(.*?)(?: \[([a-z-]+)\])?", line).groups()
    if name not in KINDS:
        return f"<p>{escape(line)}</p>"
    says, _, do = text.partition("; to do: ")
    do = f"<p><b>What to do:</b> {escape(do)}</p>" * bool(do)
    return f"<p>{escape(says)}</p>{do}<details><summary>{name}</summary>{escape(KINDS[name].explanation)}</details>"


def curves_of(run):
    """The curves, and the numbers behind them where an epoch is complete."""
    there = [name for name in ("curves.png", "losses.png") if (run.folder / name).exists()]
    if there or run.rows:
        yield "<h2>Curves</h2>"
    for name in there:
        yield image(run.folder / name, name)
    whose = "validation" if run.chooses else "test"
    columns = {"epoch": lambda row: row["epoch"], "rate": lambda row: f"{row['lr']:.2g}",
               "train loss": lambda row: number(row["train_loss"]),
               "train right": lambda row: percent(row["train_top1"]),
               f"{whose} loss": lambda row: number(row["loss"]), f"{whose} right": lambda row: percent(row["top1"]),
               "in the best five": lambda row: percent(row["top5"]), "seconds": lambda row: f"{row['seconds']:.0f}"}
    if len(run.settings["classes"]) < CLASSES_FOR_FIVE:
        del columns["in the best five"]
    if run.rows:
        yield table(columns, [[cell(row) for cell in columns.values()] for row in run.rows])


def settings_of(run):
    """All settings but those that were left to the network or the data."""
    shown = {key: value for key, value in run.settings.items()
             if key not in ("command", "origin", "classes") and not (value is None or value is False or value == [])}
    return table(("setting", "value"), shown.items())
