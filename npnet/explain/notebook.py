"""Explain as a notebook: a section per layer, which runs it and computes one of its outputs again by a plain loop.

    write(explain, "walk.ipynb", from_model("lenet5"), pipeline, "cat.jpg")

    from_model(name, classes, seed)     a network with random weights
    from_trained(name_or_path, layers)  one that npnet ships, or a run
    from_file(path, version, layers)    a network that save() wrote; layers: a file that defines layers of one's own

The notebook runs from top to bottom on the backend numpy. It holds the photograph, as the square that the pipeline
makes of it; only weights that are in a file stay there. It is JSON (nbformat 4.5), so that writing it needs no package.
"""
import base64
import json
import textwrap
import zlib
from pathlib import Path

from .. import __version__
from ..files.beside import writing
from .counts import times
from .loops import loop
from .prepared import in_words
from .sentences import parameters, paths, seen
from .terminal import why
from .words import Said, table, within

MAPS = ("Conv2D", "MaxPool", "AvgPool", "AdaptiveAvgPool", "Concat")
INPUT = "the input"                 # no layer can have this name
OWN = "from npnet.diagnose import layers_of\n"


# ---------------------------------------------------------------------------- where the network comes from

def from_model(name, classes=None, seed=0):
    """Code that makes the version called `name` with the random weights of a seed."""
    given = f"{name!r}{'' if classes is None else f', {classes}'}, seed={seed}"
    return f"net = npnet.model({given})\npipeline = pipeline_for({name!r}, net.input_shape)"


def from_trained(name_or_path, layers=None, given=None):
    """Code that reads a network by its name, or a run or a file of weights by its path. given: {what weights.trained
    takes beside it: a name, or a file's path}; what is None is left out."""
    known, given = absolute(name_or_path), given or {}
    own = f", layers_of({str(Path(layers).resolve())!r})" if layers else ""
    own += "".join(f", {name}={absolute(value)!r}" for name, value in given.items() if value is not None)
    return (f"{OWN if layers else ''}known = npnet.weights.trained({known!r}{own})\n"
            f"net, pipeline = known.net, known.pipeline")


def absolute(name_or_path):
    """A path that is there as one that holds in every folder; a name as it is."""
    path = Path(name_or_path)
    return str(path.resolve()) if path.exists() else str(name_or_path)


def from_file(path, version=None, layers=None):
    """Code that reads a network that save() wrote; its pictures are prepared as the version's."""
    own = f", layers_of({str(Path(layers).resolve())!r})" if layers else ""
    return (f"{OWN if layers else ''}net = npnet.load({str(Path(path).resolve())!r}{own})\n"
            f"pipeline = pipeline_for({version!r}, net.input_shape)")


# ---------------------------------------------------------------------------- the notebook

def write(explain, path, network, pipeline, photo="photo", title=None):
    """Writes the notebook and returns its path. Runs all layers.

    network: the code that makes `net` and `pipeline` again, from one of the functions above. pipeline: how the
    photograph, explain.picture, became the input. photo, title: what the photograph and the network are called.
    FileExistsError for a file that npnet did not write.
    """
    path = Path(path)
    if path.suffix != ".ipynb":
        raise ValueError(explain.say("notebook.ending", path=path))
    if path.exists() and not written_by_npnet(path):
        raise FileExistsError(explain.say("notebook.not_ours", path=path))
    text = json.dumps(notebook(explain, network, pipeline, photo, title), ensure_ascii=False, indent=1) + "\n"
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def written_by_npnet(path):
    """Whether a file is a notebook of ours."""
    try:
        return "npnet" in json.loads(Path(path).read_text("utf-8"))["metadata"]
    except (ValueError, KeyError, TypeError, OSError):
        return False


def notebook(explain, network, pipeline, photo, title=None):
    """The notebook as JSON's dictionaries, without outputs."""
    say, cells = explain.say, Cells()
    start(cells, explain, network, say("notebook.title", photo=photo, network=title or explain.weights or "network"))
    photograph(cells, explain, pipeline)
    for step in explain:
        section(cells, explain, step)
    if explain.classes:
        answer(cells, explain)
        way_back(cells, explain)
    else:
        cells.text(say("notebook.maps"))
    return {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {
        "npnet": {"version": __version__}, "language_info": {"name": "python"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}}


class Cells(list):
    """The cells of a notebook, numbered."""

    def text(self, *paragraphs):
        self.add("markdown", "\n\n".join(paragraphs))

    def code(self, *parts, hidden=False):
        self.add("code", "\n".join(parts), execution_count=None, outputs=[])
        if hidden:
            self[-1]["metadata"] = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}

    def add(self, kind, text, **more):
        self.append({"cell_type": kind, "id": f"npnet-{len(self):03}", "metadata": {},
                     "source": text.splitlines(keepends=True), **more})


# ---------------------------------------------------------------------------- its parts

def start(cells, explain, network, title):
    """The title, what the code needs, and the network."""
    say, words = explain.say, {name: table()[f"notebook.{name}"][explain.language] for name in ("agrees", "differs")}
    cells.text(f"# {title}", say("notebook.intro"), *([say("notebook.random")] if explain.random else []),
               say("notebook.command"), say("notebook.backend"))
    cells.code(HEAD.format(show=say("notebook.show"), check=say("notebook.check"), **words))
    cells.text(f"## {say('notebook.network')}", *([] if "npnet.model(" in network else [say("notebook.needs")]))
    names = "names = None" if explain.names is None else listing("names", list(map(str, explain.names)))
    cells.code(network, names, "net")


def photograph(cells, explain, pipeline):
    """The photograph, embedded, and the input that the pipeline makes of it."""
    say, part = explain.say, pipeline.square(explain.picture)
    cells.text(f"## {say('notebook.photo')}", say("notebook.cut", size=pipeline.shorter))
    text = "\n".join(textwrap.wrap(base64.b64encode(zlib.compress(part.tobytes(), 9)).decode(), 118))
    cells.code(f'data = """\n{text}\n"""', f"photo = np.frombuffer(zlib.decompress(base64.b64decode(data)), "
               f"np.uint8).reshape{part.shape}", hidden=True)
    cells.text(say("notebook.input", shape=times(explain.net.input_shape), prepared=in_words(pipeline)
                   .within(explain.language)))
    cells.code("x = pipeline.test(photo)[None].astype(net.dtype)", "print(x.shape, x.dtype)",
               "show(plots.picture_and_input(photo, x, pipeline.order))",
               f"outputs = {{{INPUT!r}: x}}")


def section(cells, explain, step):
    """One layer: what it is, why its output has its size, its code, a loop, a picture."""
    facts, language = step.facts, explain.language
    rows = {"shape": [f"{times(facts.shape_in)} -> {times(facts.shape_out)}"], "size": step.size,
            "paths": paths(facts), "sees": seen(step), "parameters": parameters(step)}
    head, *reasons = why(step)
    cells.text(f"## {facts.name}: `{facts.expression}`", head,
               "\n".join(f"- {Said(f'label.{name}').within(language)}: `{within(line, language)}`"
                         for name, lines in rows.items() for line in lines),
               *(["```text\n" + textwrap.dedent("\n".join(reasons)) + "\n```"] if reasons else []))
    before = explain.facts[step.number - 2].name if step.number > 1 else INPUT
    cells.code(f"layer, x = net[{facts.name!r}], outputs[{before!r}]",
               f"y = outputs[{facts.name!r}] = layer.forward(x)", "print(x.shape, '->', y.shape)")
    text = loop(step)
    if text is None:
        cells.text(explain.say("notebook.own"))
    else:
        index = ", ".join(map(str, step.by_hand.index))
        cells.code(text, f"check({step.by_hand.place!r}, value, y[{index}], {step.by_hand.allowed:.3g})")
    title = f"{facts.name}: {facts.expression}"
    if facts.kind == "Conv2D" and facts.shape_in == explain.net.input_shape:
        order = "[:, ::-1]" if explain.order == "BGR" and step.layer.w.shape[1] == 3 else ""
        cells.code(f"show(plots.filters(layer.w{order}, {title!r}))")
    if facts.kind in MAPS:
        cells.code(f"show(plots.feature_maps(y[0], {title!r}))")


def answer(cells, explain):
    """The most probable classes."""
    cells.text(f"## {explain.say('notebook.classes')}", explain.say("notebook.best"))
    names = [INPUT, *(facts.name for facts in explain.facts)]
    logits = names[-2 if explain.facts[-1].kind == "Softmax" else -1]
    weights = explain.say("picture.random") if explain.random else ""
    title = explain.say("picture.five" if explain.classes > 5 else "picture.classes", weights=weights)
    cells.code(f"logits = outputs[{logits!r}]", "p = ops.softmax_forward(logits)[0]",
               f"names = names or [{explain.say('answers.class', label=-1).replace('-1', '%d')!r} % k "
               f"for k in range(len(p))]",
               "best = np.argsort(-p, kind='stable')[:5]", "for k in best:",
               "    print(f'{100 * p[k]:6.2f} %  {k:4}  {names[k]}')",
               f"show(plots.probabilities(p, names, {title!r}, photo))")


def way_back(cells, explain):
    """One backward pass, a line for every layer."""
    cells.text(f"## {explain.say('notebook.back')}", explain.say("notebook.back_text"))
    title = table()["picture.gradients"][explain.language]
    title = title.replace("{weights}", "").replace("{name}", "{names[label]}")
    last = "[:-1]" if explain.facts[-1].kind == "Softmax" else ""              # a Softmax is taken into the loss
    cells.code(BACK.format(steps=f"list(net.layers){last}", title=title))


def listing(name, values):
    """Code that gives a name to a list of texts, in lines that are not too long."""
    lines = [""]
    for value in values:
        if len(lines[-1]) + len(repr(value)) > 112:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else '    '}{value!r},"
    return "\n".join([f"{name} = [", *lines, "]"])


HEAD = '''\
import base64
import io
import math
import zlib

import numpy as np
from IPython.display import Image, display

import npnet
from npnet import plots
from npnet.backend import ops
from npnet.weights.prepared import pipeline_for

npnet.use("numpy")


def show(figure):
    """{show}"""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    display(Image(file.getvalue()))


def check(place, value, array, allowed):
    """{check}"""
    array = float(array)
    if abs(value - array) > allowed:
        raise AssertionError(f"{{place}} {differs}")
    print(f"{{place}} {agrees}")'''

BACK = '''\
label = int(best[0])
loss, dy = ops.softmax_cross_entropy(logits, np.array([label]))
print(f"loss {{loss:.5g}}: {{names[label]}}")
norms = {{}}
for name in reversed({steps}):
    dx = net[name].backward(dy)
    own = {{key: float(np.linalg.norm(gradient)) for key, gradient in net[name].grads().items()}}
    print(f"{{name:10}} {{np.linalg.norm(dy):12.4g}} {{np.linalg.norm(dx):12.4g}}",
          *(f" {{key}} {{value:.4g}}" for key, value in own.items()))
    norms = {{f"{{name}}.{{key}}": value for key, value in own.items()}} | norms
    dy = dx
if norms:
    show(plots.gradient_norms([*norms], np.array([*norms.values()]), f"{title}"))'''
