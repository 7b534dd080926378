"""Explain in a terminal: what the blocks say, and the keys."""
import io
import os
import re
from contextlib import nullcontext

import numpy as np
import pytest
from rich.cells import cell_len

import npnet
from networks import small, walked
from npnet.explain import terminal
from npnet.explain.by_hand import ByHand
from npnet.explain.walk import Explain


@pytest.mark.long
@pytest.mark.parametrize("name", npnet.MODELS)
def test_every_block_of_every_version(name, random):
    npnet.use("numpy")
    net = npnet.model(name)
    explain = Explain(net, (60 * random.standard_normal((1, *net.input_shape))).astype(np.float32))
    for step in explain:
        block = terminal.block(step)
        assert block[0].split()[-len(step.facts.expression.split()):] == step.facts.expression.split()
        assert step.by_hand.agrees, (name, step.facts.name, step.by_hand)
        for text in (block, terminal.why(step), terminal.values(step)):
            assert len(text) <= 10 + 2 * len(step.facts.paths) and all(cell_len(line) <= 80 for line in text), text
            assert all(line.isascii() and not line.endswith("...") for line in text), text
        for sentence, number in zip(step.size, step.facts.shape_out[1:]):
            if sentence.startswith("("):
                assert sentence.endswith(f" = {number}")
    assert all(len(line) <= 80 for line in terminal.answers(explain))


def test_the_block_of_conv2(random):
    npnet.use("numpy")
    net = npnet.model("krizhevsky2012")
    step = walked(net, random)["conv2"]
    step.seconds, step.minimum, step.maximum, step.mean, step.zeros = 0.0052, -3.125, 4.5, 0.25, 0
    step.by_hand = ByHand((0, 0, 13, 13), "1200 products + b[0]", 1200, 0.8125, 0.8125, 1e-6)
    assert terminal.block(step) == """\
[ 5/23] conv2   Conv2D(256, 5, pad=2, groups=2, bias=1)
  shape       96x27x27 -> 256x27x27
  size        (27 + 2*2 - 5)/1 + 1 = 27
  sees        48 of 96 channels, 51x51 pixels of the picture, 8 apart
  parameters  256 x 48 x 5 x 5 + 256 = 307,456 (0.5 % of all)
  work        223,948,800 multiply-adds (30.9 % of all), im2col 6.7 MB, 5.2 ms
  values      -3.125 to 4.5, mean 0.25, no zeros
  by hand     y[0,0,13,13] = 1200 products + b[0]
              = 0.8125000 by a loop, 0.8125000 in the array: they agree""".split("\n")
    assert "  of which 204,484,608 meet a number, the others padding" in terminal.why(step)
    net.freeze("conv2")
    assert "307,456 (0.5 % of all, frozen)" in terminal.block(walked(net, random)["conv2"])[4]


def test_names_from_users_stay_inside_80_columns(random):
    names = ["고양이" * 40, "a\x1b[2Jb\tc", "x" * 300, "\u0301" * 9, "e"]
    lines = terminal.answers(walked(small(), random, names=names))
    assert all(cell_len(line) <= 80 for line in lines) and not any("\x1b" in line for line in lines)


def test_a_narrow_terminal_cuts_no_words(random, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream, lines = io.StringIO(), terminal.block(walked(small(), random)["conv1"])
    terminal.show(lines, stream)
    shown = stream.getvalue()
    assert max(map(len, shown.splitlines())) < 40 and shown.split() == " ".join(lines).split()


@pytest.mark.parametrize("columns, numbers", [(40, 3), (60, 4), (80, 6), (200, 6)])
def test_a_narrow_terminal_shows_fewer_numbers_in_a_row(columns, numbers, random, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, lines = io.StringIO(), terminal.values(walked(small(), random)["conv1"])
    terminal.show(lines, stream)
    assert stream.getvalue().splitlines()[-6:] == [*lines[1:], ""] and len(lines[1].split()) == numbers


def test_random_weights_are_said_to_be_random(random):
    assert "mean nothing" in " ".join(terminal.answers(walked(small(), random)))
    assert "mean nothing" not in " ".join(terminal.answers(walked(small(), random, weights="a.npz")))


# ------------------------------------------------------------------------------- the keys

def driven(explain, keys, folder="walk", backward=False):
    """What the interactive face prints for these keys."""
    stream = io.StringIO()
    terminal.walk(explain, backward, folder, iter(keys), stream)
    return stream.getvalue()


def headings(text):
    return re.findall(r"(?:^|[\r\n])\[ ?\d+/\d+\] (\w+)", text)


def test_enter_back_and_quit(random):
    explain = walked(small(), random)
    assert headings(driven(explain, "\r\r\x1b")) == ["conv1", "relu1", "flatten"]
    assert headings(driven(explain, ["\n", "b", "b", " ", "q", "\r"])) == ["conv1", "relu1", "conv1", "conv1", "relu1"]
    assert headings(driven(explain, ["\x1b[C", "\x1b[D", "?", "x", "q"])) == ["conv1", "relu1", "conv1"]
    assert headings(driven(explain, "q")) == ["conv1"]


def test_the_last_pages(random):
    explain = walked(small(), random)
    text = driven(explain, "\r" * 99, backward=True)
    assert headings(text) == ["conv1", "relu1", "flatten", "fc2"]
    assert text.index("The classes") < text.index("One backward pass: loss")
    assert text.count("Enter next") == 6
    assert text.rstrip().endswith("quit") and text.endswith("\r")           # the last prompt is wiped


def test_only_what_was_seen_is_computed(random):
    explain = walked(small(), random)
    driven(explain, "\rq")
    assert len(explain.steps) == 2


def test_why_and_values(random):
    explain = walked(small(), random)
    text = driven(explain, "wv\r\r\rwv\rwvq")
    assert "conv1 is a convolution: every filter slides over the maps" in text
    assert "4x7x7 outputs, 3x3x3 = 27 products each = 5,292 multiply-adds" in text
    assert "y[0,0], rows 1 to 5, columns 1 to 6 of 7 x 7:" in text
    assert "196 products for each of 5 outputs = 980 multiply-adds" in text
    assert "the largest of 5 numbers:" in text
    assert "w is for layers; b leads back to them" in text and "v is for layers" in text


def test_a_picture_of_each_page(random, tmp_path):
    explain = walked(small(), random)
    text = driven(explain, "p\r\rp\r\rp\rpq", tmp_path / "new", backward=True)
    names = ["00-input.png", "01-conv1-filters.png", "01-conv1.png", "03-flatten.png", "05-probabilities.png",
             "06-gradients.png"]
    assert sorted(os.listdir(tmp_path / "new")) == names
    assert all(f"saved {tmp_path / 'new' / name}" in text for name in names)


def test_a_picture_that_cannot_be_saved(random, tmp_path):
    (tmp_path / "file").write_text("")
    text = driven(walked(small(), random), "pq", tmp_path / "file")
    assert "no picture: " in text and "cannot be written" in text


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_interrupts_wipe_the_prompt(random, error):
    def keys():
        yield "\r"
        raise error
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt) if error is KeyboardInterrupt else nullcontext():     # main makes it 130
        terminal.walk(walked(small(), random), keys=keys(), stream=stream)
    assert headings(stream.getvalue()) == ["conv1", "relu1"] and stream.getvalue().endswith(" \r")


@pytest.fixture
def typed(monkeypatch):
    """typed(b"w") types on the terminal that is standard input; typed.modes() is how that one is set."""
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty()

    def type_(keys):
        os.write(ours, keys)
    type_.modes = lambda: [mode & ~getattr(termios, "PENDIN", 0) if place == 3 else mode        # the kernel's own flag
                           for place, mode in enumerate(termios.tcgetattr(theirs))]
    type_.echoes = lambda: bool(termios.tcgetattr(theirs)[3] & termios.ECHO)
    with open(theirs, closefd=False) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield type_
    os.close(ours)
    os.close(theirs)


def test_keys_of_a_real_terminal(typed):
    before = typed.modes()
    keys = terminal.keyboard()
    typed(b"w")
    assert next(keys) == "w" and not typed.echoes()             # nor are keys shown while something is computed
    typed(b"\x1b[C")
    assert next(keys) == "\x1b[C"
    typed(b"vq")
    assert [next(keys), next(keys)] == ["v", "q"]
    keys.close()
    assert typed.modes() == before


def test_a_walk_leaves_the_terminal_as_it_was(typed, random):
    before = typed.modes()
    typed(b"wq")
    terminal.walk(walked(small(), random), stream=io.StringIO())
    assert typed.modes() == before


def test_drawing_is_said_and_keys_typed_meanwhile_are_forgotten(typed, random, monkeypatch):
    seen, stream = [], io.StringIO()

    def slow(explain, place, folder):
        seen.append(stream.getvalue()[-11:])
        typed(b"ppp")                                           # an impatient reader
        return ["saved it"]
    monkeypatch.setattr(terminal, "saved", slow)
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    explain, keys = walked(small(), random), terminal.keyboard()

    def answering():
        typed(b"p")
        yield next(keys)
        typed(b"q")
        yield next(keys)
    terminal.walk(explain, keys=answering(), stream=stream)
    keys.close()
    assert seen == ["drawing ..."] and stream.getvalue().count("saved it") == 1


def test_keys_line_by_line(monkeypatch):
    lines = iter(["", " back ", "Q"])
    monkeypatch.setattr("builtins.input", lambda: next(lines))
    keys = terminal.line_keys()
    assert [next(keys), next(keys), next(keys)] == ["\n", "b", "Q"]


def test_colours_do_not_change_the_text(random):
    class Screen(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    screen, explain = Screen(), walked(small(), random)
    lines = terminal.block(explain["conv1"])
    terminal.show(lines, screen)
    assert re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue()).split("\n") == [*lines, "", ""]
