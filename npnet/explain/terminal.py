"""Explain in a terminal: one block per layer, of ten lines or few more, moved through by single keys.

    Enter next   b back   w why   v values   p picture   q quit

Where the output is no terminal (a file, a pipe) everything is printed, one block after the other.
A page is a list of lines: a block for every layer, then the answers, then the way back. Its sentences
are in words/, in the language of the walk. In English what is printed is plain ASCII but for names that
the user gave; a terminal also gets colours.
"""
import math
import os
import re
import sys
from contextlib import closing
from functools import lru_cache
from importlib.util import find_spec
from shutil import get_terminal_size

from ..layers import pair
from ..ops.lrn import lrn_constants
from ..screen import duration, echo, fold, percent, size
from ..screen.output import columns_of, cut, padded, width
from .counts import times
from .sentences import parameters, paths, seen
from .words import LANGUAGES, Listed, Said, within

WIDTH = 80                  # columns; no line is longer
LABEL = 12                  # of which the label takes so many, with two spaces before it
KEYS = {"\r": "next", "\n": "next", " ": "next", "n": "next", "\x1b[C": "next", "b": "back", "\x1b[D": "back",
        "w": "why", "v": "values", "p": "picture", "q": "quit", "\x04": "quit", "\x1b": "quit"}
CHAPTERS = {                # class: where it is derived
    "Conv2D": "ops/conv.py", "Dense": "ops/dense.py", "ReLU": "ops/activation.py", "Tanh": "ops/activation.py",
    "Sigmoid": "ops/activation.py", "Softmax": "ops/softmax.py", "MaxPool": "ops/pool.py", "AvgPool": "ops/pool.py",
    "AdaptiveAvgPool": "ops/pool.py", "LRN": "ops/lrn.py", "LRNWithin": "ops/lrn.py", "BatchNorm": "ops/batchnorm.py",
    "Dropout": "ops/dropout.py", "Flatten": "layers.py", "Concat": "layers.py",
}
LABELS = "shape size paths sees parameters work time values by_hand".split()


# ---------------------------------------------------------------------------- the lines of a page

def block(step):
    """What one layer was given, made and cost: at most ten lines, and of a Concat those of its paths."""
    facts, language = step.facts, step.language

    def labelled(name, *texts):
        """Lines of a block, the first with a label before it; none without texts."""
        label = padded(Said(f"label.{name}").within(language), LABEL - 1)
        return [f"  {' ' * (LABEL - 1) if i else label} {within(text, language)}" for i, text in enumerate(texts)]

    return fitted([
        f"[{step.number:2}/{step.count}] {facts.name}   {facts.expression}",
        *labelled("shape", f"{times(facts.shape_in)} -> {times(facts.shape_out)}"),
        *labelled("size", *step.size),
        *labelled("paths", *(line for path in paths(step.facts)
                             for line in fold(within(path, language), WIDTH - LABEL - 2, rest="  "))),
        *labelled("sees", *seen(step)),
        *labelled("parameters", *parameters(step)),
        *labelled("work" if facts.multiply_adds else "time", work(step)),
        *labelled("values", spread(step)),
        *labelled("by_hand", *by_hand(step.by_hand, language))])


def spread(step):
    """From where to where the numbers of the output go, their mean, and how many of them are 0."""
    numbers = {"least": step.minimum, "most": step.maximum, "mean": step.mean}
    return Said("block.values", **numbers, zeros=percent(step.zeros)) if step.zeros else Said(
        "block.no_zeros", **numbers)


def by_hand(hand, language):
    """What was computed by a plain loop, and what came out of it and of the layer."""
    if hand is None:
        return []
    return [*fold(f"{hand.place} = {within(hand.words, language)}", WIDTH - LABEL - 2),
            Said("block.compared", value=hand.value, array=hand.array,
                 verdict=Said("block.agree" if hand.agrees else "block.differ"))]


def work(step):
    """The multiply-adds with their share, the memory of im2col and the time; what is 0 is left out."""
    words = []
    if step.facts.multiply_adds:
        words.append(Said("block.multiply_adds", count=step.facts.multiply_adds, share=percent(step.share)))
    if step.column_bytes:
        words.append(f"im2col {size(step.column_bytes, 1024)}")
    return Listed([*words, duration(step.seconds)])


def why(step):
    """The formula of a layer, and its numbers."""
    facts, layer, language = step.facts, step.layer, step.language
    if facts.kind not in CHAPTERS:
        return fitted([Said("why.own", name=facts.name, kind=facts.kind).within(language)])
    lines = formula(facts.kind, language)
    if facts.kind in ("Conv2D", "MaxPool", "AvgPool"):
        lines.append(Said("why.rows", rounded="ceil" if layer.ceil_mode else "floor"))
        lines += [f"  {within(sentence, language)}" for sentence in step.size]
    if facts.kind == "Conv2D":
        lines += convolution_costs(step)
    if facts.kind == "LRN":
        k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
        lines.append(Said("why.lrn_groups" if layer.groups > 1 else "why.lrn", n=layer.n, k=k, alpha=alpha,
                          beta=layer.beta, convention=layer.convention, groups=layer.groups))
    if facts.kind == "Dense":
        lines.append(Said("why.dense", inputs=facts.shape_in[0], outputs=facts.shape_out[0],
                          multiply_adds=facts.multiply_adds))
    lines.append(Said("why.chapter", chapter=CHAPTERS[facts.kind]))
    head = Said("why.is", name=facts.name, what=Said(f"what.{facts.kind}"))
    return fitted([head.within(language), *(f"  {within(line, language)}" for line in lines)])


def formula(kind, language="en"):
    """The lines of the formula of a class of layers."""
    return Said(f"formula.{kind}").within(language).split("\n")


def convolution_costs(step):
    """Where the multiply-adds and the columns of a convolution come from."""
    facts, groups = step.facts, step.layer.groups
    (R, S), (K, P, Q), D = pair(step.layer.size), facts.shape_out, facts.shape_in[0] // groups
    lines = [Said("why.products", outputs=f"{K}x{P}x{Q}", window=f"{D}x{R}x{S}", count=D * R * S,
                  multiply_adds=facts.multiply_adds)]
    if facts.connections < facts.multiply_adds:
        lines.append(Said("why.padding", count=facts.connections))
    return [*lines, Said("why.im2col", groups=groups, rows=D * R * S, columns=P * Q,
                         memory=size(step.column_bytes, 1024))]


def values(step):
    """Some numbers of the output: around the one by hand, or the largest of a row."""
    y = step.y[0]
    if y.ndim == 3:
        k, p, q = step.by_hand.index[1:] if step.by_hand else (0, y.shape[1] // 2, y.shape[2] // 2)
        wide = max(1, min(6, (get_terminal_size().columns - 2) // 12))      # a row of them is never folded
        top, left = max(0, min(p - 2, y.shape[1] - 5)), max(0, min(q - (wide - 1) // 2, y.shape[2] - wide))
        part = y[k, top:top + 5, left:left + wide]
        head = Said("values.window", map=k, top=top, bottom=top + len(part) - 1, left=left,
                    right=left + part.shape[1] - 1, rows=y.shape[1], columns=y.shape[2])
        return [head.within(step.language), *("  " + " ".join(f"{number:>11.4g}" for number in row) for row in part)]
    y = y.ravel()
    best = sorted(range(y.size), key=lambda i: -y[i])[:6]
    return [Said("values.largest", count=y.size).within(step.language), *(f"  y[0,{i}] = {y[i]:.6g}" for i in best)]


def answers(explain, count=5):
    """The page after the last layer: the most probable classes."""
    lines = [explain.say("answers.five" if explain.classes > 5 else "answers.all")]
    for answer in explain.best(count):
        bar = "#" * round(30 * answer.probability) if math.isfinite(answer.probability) else ""
        number = "" if explain.names is None else f"{answer.label:>4}  "          # else its name says the number
        lines.append(f"  {percent(answer.probability):>7}  {bar:30}  {number}{answer.name}")
    return fitted(lines + [f"  {line}" for line in warning(explain)])


def way_back(explain):
    """The page of the backward pass: one line per layer, as long as the network."""
    back, say = explain.gradients or explain.backward(), explain.say
    own = [say("back.parameter", name=name) for name in "wb"]
    heads = zip([say("back.output"), say("back.input"), *own], (15, 15, 13, 13))
    heads = "".join(padded(head, columns, right=True) for head, columns in heads)
    inside = [name for each in back.gradients for name in owners(each)]
    wide = max(10, *(min(20, columns_of(name)) for name in [*inside, *(each.name for each in back.gradients)]))
    lines = [say("back.title", loss=back.loss, name=explain.name(back.label)), f"  {say('back.lengths')}",
             f"  {padded(say('back.layer'), wide)}{heads}"]
    for each in back.gradients:
        lines.append(f"  {padded(each.name, wide)} {each.dy:>14.4g} {each.dx:>14.4g}{lengths(each)}")
        lines += [f"  {padded(name, wide)}{' ' * 30}{lengths(each, f'{name.strip()}.')}" for name in owners(each)]
    return fitted(lines)


def owners(gradient):
    """The names of the layers inside a Concat that have parameters, indented."""
    return [f"  {name}" for name in dict.fromkeys(key.rpartition(".")[0] for key in gradient.parameters) if name]


def lengths(gradient, owner=""):
    """The lengths of the gradients of w and b, where a layer has them."""
    own = [gradient.parameters.get(f"{owner}{name}") for name in "wb"]
    return "".join(f" {length:>12.4g}" for length in own if length is not None)


def warning(explain):
    """What must be said of random weights, first and last."""
    return [explain.say("answers.random"), explain.say("answers.how")] if explain.random else []


def fitted(lines):
    """The lines, cut to WIDTH columns."""
    return [cut(line, WIDTH) for line in lines]


# ---------------------------------------------------------------------------- printing

def show(lines, stream=None):
    """Prints the lines, the first as a heading, and an empty one; in a narrow terminal a line goes on below."""
    columns = get_terminal_size().columns
    for number, line in enumerate([*lines, ""]):
        parts = [line] if columns >= WIDTH else fold(line, columns - 1, rest=" " * (LABEL + 2))
        for part in parts or [""]:
            echo(part, style=None if number else "bold", stream=stream, marks=marks() if number else ())


@lru_cache(maxsize=None)
def marks():
    """What of a block is shown in colours, in any language."""
    def either(*names):
        return "|".join(re.escape(Said(name).within(language)) for name in names for language in LANGUAGES)

    return [(f"^  ({either(*(f'label.{name}' for name in LABELS))}) ", "cyan"), (either("block.agree"), "green"),
            (either("block.differ", "answers.random"), "bold red")]


def prompt(text, stream):
    """Prints what waits for a key, at most as wide as the terminal; gives a function that wipes it away."""
    columns = min(columns_of(text), width())
    echo(padded(text, columns), end="", stream=stream)
    return lambda: echo(f"\r{' ' * columns}\r", end="", stream=stream)


def pages(explain, backward=False, layer=None):
    """Functions that give the lines of each page: a layer each, or only one, the answers, the way back.

    With one layer only, also one inside a Concat, the answers and the way back come if there is a backward pass.
    """
    made = [lambda number=number: block(explain.step(number)) for number in range(len(explain))]
    if layer is not None:
        made = [lambda: block(explain[layer])]
    if explain.classes and (backward or layer is None):
        made.append(lambda: answers(explain))
    if explain.classes and backward:
        made.append(lambda: way_back(explain))
    return made


def print_all(explain, backward=False, layer=None, stream=None):
    """Prints all pages, or those of one layer."""
    for lines in pages(explain, backward, layer):
        show(lines(), stream)


# ---------------------------------------------------------------------------- keys

def interactive():
    """Whether somebody sits at a terminal: then keys are asked for."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def walk(explain, backward=False, folder="walk", keys=None, stream=None):
    """The interactive face: a page, a key, a page. Ends with q, after the last page, or when the keys end.

    folder: where `p` saves pictures. keys: single keys, one after the other; by default those of the keyboard.
    """
    made, place = pages(explain, backward), 0
    show(made[0](), stream)
    with closing(keyboard() if keys is None else (key for key in keys)) as typed:
        while True:
            wipe = prompt(f"> {explain.say('keys.help')} ", stream)
            try:
                action = KEYS.get(next(typed, "q"))         # None for a key that means nothing
            except EOFError:
                action = "quit"
            finally:
                wipe()
            if action == "quit" or action == "next" and place == len(made) - 1:
                return
            if action in ("next", "back"):
                place = max(0, place + (1 if action == "next" else -1))
                show(made[place](), stream)
            elif action:
                show(aside(action, explain, place, folder, stream), stream)


def aside(action, explain, place, folder, stream):
    """What w, v and p show of the page that one is on."""
    if action == "picture":
        wipe = prompt(explain.say("keys.drawing"), stream)
        lines = saved(explain, place, folder)
        wipe()
        swallow()
        return lines
    if place >= len(explain):
        return [explain.say("keys.for_layers", key=action[0])]
    return (why if action == "why" else values)(explain.step(place))


def saved(explain, place, folder):
    """Saves the pictures of a page; says where they are, or why they could not be saved."""
    try:
        from .pictures import save
        paths = save(explain, folder, place)
    except (OSError, ImportError, ValueError) as error:
        return [explain.say("keys.no_picture", error=error)]
    return [explain.say("keys.saved", path=path) for path in paths] or [explain.say("keys.nothing_to_draw")]


def keyboard():
    """Single keys, as they are pressed; line by line where the system knows no single keys."""
    return posix_keys() if find_spec("termios") else windows_keys() if find_spec("msvcrt") else line_keys()


def posix_keys():
    """Keys on Linux and macOS: they come at once and are not shown, until the generator is closed."""
    import termios
    import tty
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    try:
        tty.setcbreak(file, termios.TCSADRAIN)
        while typed := os.read(file, 64).decode(errors="replace"):
            yield from [typed] if typed.startswith("\x1b") else typed      # an arrow is one key of three letters
            tty.setcbreak(file, termios.TCSADRAIN)                          # again: Ctrl-Z and fg may have undone it
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def windows_keys():
    """Keys on Windows; an arrow is two, the first of them 0 or 224."""
    import msvcrt
    while True:
        key = msvcrt.getwch()
        if key in "\x00\xe0":
            key = {"M": "\x1b[C", "K": "\x1b[D"}.get(msvcrt.getwch(), "")
        if key == "\x03":
            raise KeyboardInterrupt
        yield key


def swallow():
    """Forgets the keys that were typed while something was drawn."""
    if interactive() and find_spec("termios"):
        import termios
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    elif interactive() and find_spec("msvcrt"):
        import msvcrt
        while msvcrt.kbhit():
            msvcrt.getwch()


def line_keys():
    """The first letter of each line that is typed; an empty line is Enter."""
    while True:
        yield (input().strip() or "\n")[0]
