"""Explain in a terminal: one block of at most ten lines per layer, moved through by single keys.

    Enter next   b back   w why   v values   p picture   q quit

Where the output is no terminal (a file, a pipe) everything is printed, one block after the other.
A page is a list of lines: a block for every layer, then the answers, then the way back. What is
printed is plain ASCII but for names that the user gave; a terminal also gets colours.
"""
import math
import os
import sys
from contextlib import closing
from importlib.util import find_spec
from shutil import get_terminal_size

from ..layers import pair
from ..ops.lrn import lrn_constants
from ..screen import duration, echo, fold, percent, size
from ..screen.output import cut, width
from .counts import times

WIDTH = 80                  # columns; no line is longer
LABEL = 12                  # of which the label takes so many, with two spaces before it
KEYS = {"\r": "next", "\n": "next", " ": "next", "n": "next", "\x1b[C": "next", "b": "back", "\x1b[D": "back",
        "w": "why", "v": "values", "p": "picture", "q": "quit", "\x04": "quit", "\x1b": "quit"}
MARKS = [("^  (shape|size|sees|parameters|work|time|values|by hand) ", "cyan"), ("they agree", "green"),
         ("THEY DIFFER|mean nothing", "bold red")]
HELP = "Enter next  b back  w why  v values  p picture  q quit"

WHAT = {                    # class: what it is, its formula, its chapter
    "Conv2D": ("a convolution: every filter slides over the maps", "ops/conv.py",
               "y[k,p,q] = b[k] + sum over c,r,s of x[c, p*stride+r-pad, q*stride+s-pad]",
               "                                    * w[k,c,r,s]"),
    "Dense": ("fully connected: every output sees every input", "ops/dense.py",
              "y[m] = b[m] + sum over d of x[d] * w[d,m]"),
    "ReLU": ("the activation of AlexNet: negative numbers become 0", "ops/activation.py", "y = max(x, 0)"),
    "Tanh": ("an activation: every number comes between -1 and 1", "ops/activation.py", "y = tanh(x)"),
    "Sigmoid": ("an activation: every number comes between 0 and 1", "ops/activation.py", "y = 1 / (1 + exp(-x))"),
    "Softmax": ("numbers become probabilities, which add up to 1", "ops/softmax.py",
                "y[m] = exp(x[m]) / sum over j of exp(x[j])"),
    "MaxPool": ("pooling: of every window only the largest number stays", "ops/pool.py",
                "y[c,p,q] = max over r,s of x[c, p*stride+r-pad, q*stride+s-pad]"),
    "AvgPool": ("pooling: every window becomes its mean", "ops/pool.py",
                "y[c,p,q] = mean over r,s of x[c, p*stride+r-pad, q*stride+s-pad]"),
    "AdaptiveAvgPool": ("pooling: as many parts as asked for, each becomes its mean", "ops/pool.py",
                        "part p: rows floor(p*H/P) up to, without, ceil((p+1)*H/P)"),
    "LRN": ("response normalisation: neighbouring maps damp each other", "ops/lrn.py",
            "y[i] = x[i] * (k + alpha * sum of x[j]^2 over n maps around i)^-beta"),
    "LRNWithin": ("response normalisation by the neighbours in the same map", "ops/lrn.py",
                  "y = x * (k + alpha/(n*n) * sum of x^2 over n x n pixels around)^-beta"),
    "BatchNorm": ("every map is brought to mean 0 and variance 1, then scaled", "ops/batchnorm.py",
                  "y = w * (x - mean) / sqrt(var + eps) + b"),
    "Dropout": ("throws numbers away in training; at test it does nothing", "ops/dropout.py", "y = x"),
    "Flatten": ("maps become one row of numbers, for the dense layers", "layers.py",
                "y[(c*H + h)*W + v] = x[c,h,v]"),
}


# ---------------------------------------------------------------------------- the lines of a page

def block(step):
    """What one layer was given, made and cost: at most ten lines."""
    facts = step.facts
    return fitted([
        f"[{step.number:2}/{step.count}] {facts.name}   {facts.expression}",
        *labelled("shape", f"{times(facts.shape_in)} -> {times(facts.shape_out)}"),
        *labelled("size", *step.size),
        *labelled("sees", *seen(step)),
        *labelled("parameters", *parameters(step)),
        *labelled("work" if facts.multiply_adds else "time", work(step)),
        *labelled("values", f"{step.minimum:.4g} to {step.maximum:.4g}, mean {step.mean:.4g}, "
                            f"{percent(step.zeros) if step.zeros else 'no'} zeros"),
        *labelled("by hand", *by_hand(step.by_hand))])


def labelled(name, *texts):
    """Lines of a block, the first with a label before it; none without texts."""
    return [f"  {'' if i else name:{LABEL - 1}} {text}" for i, text in enumerate(texts)]


def by_hand(hand):
    """What was computed by a plain loop, and what came out of it and of the layer."""
    if hand is None:
        return []
    return [*fold(f"{hand.place} = {hand.words}", WIDTH - LABEL - 2),
            f"= {hand.value:#.7g} by a loop, {hand.array:#.7g} in the array: "
            f"{'they agree' if hand.agrees else 'THEY DIFFER'}"]


def seen(step):
    """How much of its input, and of the picture, one output sees; of interest where there is a window."""
    facts, words = step.facts, []
    if facts.kind == "Conv2D":
        own, all_of_them = facts.shape_in[0] // step.layer.groups, facts.shape_in[0]
        words.append(f"{own} of {all_of_them} channels" if own < all_of_them else "all channels")
    if facts.field and facts.stride and (facts.kind == "Conv2D" or facts.kind.endswith("Pool")):
        words.append(f"{times(facts.field)} pixels of the picture, {facts.stride} apart")
    return [", ".join(words)] if words else []


def parameters(step):
    """256 x 48 x 5 x 5 + 256 = 307,456 and their share of the network's."""
    terms = " + ".join(" x ".join(map(str, array.shape)) for array in step.layer.params().values())
    frozen = "" if step.facts.trained else ", frozen"
    return [f"{terms} = {step.facts.parameters:,} ({percent(step.parameter_share)} of all{frozen})"] if terms else []


def work(step):
    """The multiply-adds with their share, the memory of im2col and the time; what is 0 is left out."""
    words = []
    if step.facts.multiply_adds:
        words.append(f"{step.facts.multiply_adds:,} multiply-adds ({percent(step.share)} of all)")
    if step.column_bytes:
        words.append(f"im2col {size(step.column_bytes, 1024)}")
    return ", ".join([*words, duration(step.seconds)])


def why(step):
    """The formula of a layer, and its numbers."""
    facts, layer = step.facts, step.layer
    if facts.kind not in WHAT:
        return fitted([f"{facts.name} is a {facts.kind}, a layer of your own"])
    what, chapter, *lines = WHAT[facts.kind]
    if facts.kind in ("Conv2D", "MaxPool", "AvgPool"):
        lines.append(f"rows P = {'ceil' if layer.ceil_mode else 'floor'}((H + 2*pad - R) / stride) + 1, columns alike:")
        lines += [f"  {sentence}" for sentence in step.size]
    if facts.kind == "Conv2D":
        lines += convolution_costs(step)
    if facts.kind == "LRN":
        k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
        lines.append(f"here n={layer.n}, k={k:g}, alpha={alpha:g}, beta={layer.beta:g} ({layer.convention})"
                     f"{f', inside each of {layer.groups} groups' if layer.groups > 1 else ''}")
    if facts.kind == "Dense":
        lines.append(f"{facts.shape_in[0]} products for each of {facts.shape_out[0]} outputs = "
                     f"{facts.multiply_adds:,} multiply-adds")
    lines.append(f"derivation, loops and array text: npnet/{chapter}")
    return fitted([f"{facts.name} is {what}", *(f"  {line}" for line in lines)])


def convolution_costs(step):
    """Where the multiply-adds and the columns of a convolution come from."""
    facts, groups = step.facts, step.layer.groups
    (R, S), (K, P, Q), D = pair(step.layer.size), facts.shape_out, facts.shape_in[0] // groups
    lines = [f"{K}x{P}x{Q} outputs, {D}x{R}x{S} = {D * R * S} products each = {facts.multiply_adds:,} multiply-adds"]
    if facts.connections < facts.multiply_adds:
        lines.append(f"of which {facts.connections:,} meet a number, the others padding")
    return [*lines, f"im2col writes {groups} x ({D * R * S} x {P * Q}) numbers, {size(step.column_bytes, 1024)} "
                    f"(MB = 2^20 bytes)"]


def values(step):
    """Some numbers of the output: around the one by hand, or the largest of a row."""
    y = step.y[0]
    if y.ndim == 3:
        k, p, q = step.by_hand.index[1:] if step.by_hand else (0, y.shape[1] // 2, y.shape[2] // 2)
        wide = max(1, min(6, (get_terminal_size().columns - 2) // 12))      # a row of them is never folded
        top, left = max(0, min(p - 2, y.shape[1] - 5)), max(0, min(q - (wide - 1) // 2, y.shape[2] - wide))
        part = y[k, top:top + 5, left:left + wide]
        return [f"y[0,{k}], rows {top} to {top + len(part) - 1}, columns {left} to {left + part.shape[1] - 1} "
                f"of {y.shape[1]} x {y.shape[2]}:",
                *("  " + " ".join(f"{number:>11.4g}" for number in row) for row in part)]
    y = y.ravel()
    best = sorted(range(y.size), key=lambda i: -y[i])[:6]
    return [f"the largest of {y.size} numbers:", *(f"  y[0,{i}] = {y[i]:.6g}" for i in best)]


def answers(explain, count=5):
    """The page after the last layer: the most probable classes."""
    lines = ["The five best classes" if explain.classes > 5 else "The classes"]
    for answer in explain.best(count):
        bar = "#" * round(30 * answer.probability) if math.isfinite(answer.probability) else ""
        number = "" if explain.names is None else f"{answer.label:>4}  "          # else its name says the number
        lines.append(f"  {percent(answer.probability):>7}  {bar:30}  {number}{answer.name}")
    return fitted(lines + [f"  {line}" for line in warning(explain)])


def way_back(explain):
    """The page of the backward pass: one line per layer, as long as the network."""
    back = explain.gradients or explain.backward()
    lines = [f"One backward pass: loss {back.loss:.5g} for {explain.name(back.label)}",
             "  (Euclidean) lengths of the gradients, on their way back to the picture:",
             f"  {'layer':10} {'of its output':>14} {'of its input':>14} {'of w':>12} {'of b':>12}"]
    for each in back.gradients:
        own = "".join(f" {each.parameters[name]:>12.4g}" for name in ("w", "b") if name in each.parameters)
        lines.append(f"  {each.name:10} {each.dy:>14.4g} {each.dx:>14.4g}{own}")
    return fitted(lines)


def warning(explain):
    """What must be said of random weights, first and last."""
    if not explain.random:
        return []
    return ["The weights are random: the answers mean nothing yet.", "The README tells how to get real ones."]


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
            echo(part, style=None if number else "bold", stream=stream, marks=MARKS if number else ())


def prompt(text, stream):
    """Prints what waits for a key, at most as wide as the terminal; gives a function that wipes it away."""
    text = text[:width()]
    echo(text, end="", stream=stream)
    return lambda: echo(f"\r{' ' * len(text)}\r", end="", stream=stream)


def pages(explain, backward=False, layer=None):
    """Functions that give the lines of each page: a layer each, or only one, the answers, the way back.

    With one layer only, the answers and the way back come if there is a backward pass.
    """
    numbers = range(len(explain)) if layer is None else [list(explain.net.layers).index(explain.net.known(layer))]
    made = [lambda number=number: block(explain.step(number)) for number in numbers]
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
            wipe = prompt(f"> {HELP} ", stream)
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
        wipe = prompt("drawing ...", stream)
        lines = saved(explain, place, folder)
        wipe()
        swallow()
        return lines
    if place >= len(explain):
        return [f"{action[0]} is for layers; b leads back to them"]
    return (why if action == "why" else values)(explain.step(place))


def saved(explain, place, folder):
    """Saves the pictures of a page; says where they are, or why they could not be saved."""
    try:
        from .pictures import save
        paths = save(explain, folder, place)
    except (OSError, ImportError, ValueError) as error:
        return [f"no picture: {error}"]
    return [f"saved {path}" for path in paths] or ["there is nothing to draw here"]


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
