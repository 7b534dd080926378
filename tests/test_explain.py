"""The walk of one picture: what is computed by hand, what the blocks say, the keys, the pictures, the command."""
import io
import os
import re

import numpy as np
import pytest
from PIL import Image

import npnet
from npnet import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                   Network, ReLU, Sigmoid, Softmax, Tanh)
from npnet import network
from npnet.backend import BACKENDS, NUMPY
from npnet.cli import main
from npnet.cli import explain as command
from npnet.explain import by_hand, counts, pictures, terminal
from npnet.explain.by_hand import ByHand
from npnet.explain.walk import Explain, cost, size_sentences
from npnet.layers import Layer


def every_class(dtype=np.float64):
    """A network that has every class of layer at least once, odd in every way that a layer can be."""
    return Network((4, 23, 17), seed=3, dtype=dtype,
                   conv1=Conv2D(12, (5, 3), stride=2, pad=1, groups=2, ceil_mode=True, init="torch"), relu1=ReLU(),
                   norm1=LRN(n=5, alpha=0.7, groups=2), norm2=LRN(n=3, alpha=0.7, convention="caffe"),
                   pool1=MaxPool((3, 2), 2, pad=1, ceil_mode=True), within1=LRNWithin(n=3, alpha=0.7),
                   conv2=Conv2D(6, 3, pad=1, init="he"), tanh2=Tanh(), batchnorm2=BatchNorm(),
                   pool2=AvgPool(3, 2, pad=1, ceil_mode=True), pool3=AvgPool(2, 1, count_include_pad=False),
                   sigmoid3=Sigmoid(), avgpool=AdaptiveAvgPool((3, 2)), flatten=Flatten(), fc4=Dense(11, init="he"),
                   batchnorm4=BatchNorm(), drop4=Dropout(0.2), fc5=Dense(7, init="torch"), softmax=Softmax())


def small(last=Dense(5, init="torch")):
    """Four layers that a test may walk through in no time."""
    return Network((3, 9, 9), conv1=Conv2D(4, 3, init="torch"), relu1=ReLU(), flatten=Flatten(),
                   fc2=type(last)(**npnet.layers.arguments(last)))


def walked(net, random, **options):
    return Explain(net, random.standard_normal((1, *net.input_shape)).astype(net.dtype), **options)


def moved(net, random):
    """The network with statistics and parameters that are not 0 and 1 any more."""
    for array in (net.params() | net.state()).values():
        array += random.uniform(0.1, 0.5, array.shape)
    return net


# ------------------------------------------------------------------------------- by hand

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_class_by_hand(backend, random, dtype):
    steps = list(walked(moved(every_class(dtype), random), random))
    assert {step.facts.kind for step in steps} == set(npnet.layers.LAYERS)
    for step in steps:
        hand = step.by_hand
        assert hand.agrees and hand.allowed < 1e-3, (step.facts.name, hand)
        assert hand.array == step.y[hand.index]
        assert hand.value == pytest.approx(hand.array, rel=2e-4 if dtype == np.float32 else 1e-9)


def test_by_hand_at_every_place(random, monkeypatch):
    """Not only in the middle: at the edges padding, groups and what hangs over count."""
    net = moved(every_class(), random)
    for step in list(walked(net, random)):
        for place in list(np.ndindex(step.y.shape))[::3]:
            monkeypatch.setattr(by_hand, "telling_place", lambda y: place)
            hand = by_hand.by_hand(step.layer, step.x, step.y)
            assert hand.agrees and hand.index == place, (step.facts.name, hand)


def test_terms_and_words(random):
    npnet.use("numpy")
    explain = walked(npnet.model("cifar_four_layer"), random)
    hand = explain["conv1"].by_hand
    assert (hand.place, hand.words, hand.terms) == ("y[0,0,16,16]", "75 products + b[0]", 75)
    assert explain["pool1"].by_hand.words == "the largest of 9 numbers"
    assert "2 squares" not in explain["norm1"].by_hand.words and "squares)^-0.75" in explain["norm1"].by_hand.words
    assert explain["fc5"].by_hand.terms == 32 * 8 * 8


def test_a_place_that_is_not_zero(random):
    explain = walked(small(), random)
    for step in explain:
        assert step.y[step.by_hand.index] != 0


def test_agreement():
    hand = ByHand((0, 1), "", 1, 1.0, 1.001, 0.01)
    assert hand.agrees and hand.place == "y[0,1]"
    for value, array, agrees in ((1, 1.1, False), (np.nan, np.nan, True), (np.nan, 1, False), (1, np.nan, False),
                                 (np.inf, np.inf, True), (np.inf, 1, False)):
        assert ByHand((0,), "", 1, value, array, 0.01).agrees == agrees


def test_a_wrong_layer_is_seen(random, monkeypatch):
    wrong = {**NUMPY, "relu_forward": lambda x: np.abs(x) + 1}
    monkeypatch.setitem(BACKENDS, "wrong", lambda: wrong)
    npnet.use("wrong")
    explain = walked(small(), random)
    assert not explain["relu1"].by_hand.agrees and explain["fc2"].by_hand.agrees
    assert "THEY DIFFER" in terminal.block(explain["relu1"])[-1]


def test_a_layer_of_ones_own(random):
    class Twice(Layer):
        def forward(self, x, train=False):
            return 2 * x

        def backward(self, dy, to_input=True):
            return 2 * dy

    class Squared(ReLU):
        """Derived from a layer of npnet's: what it ought to compute is its own affair."""

        def forward(self, x, train=False):
            return x * x

    net = Network((3, 4, 4), twice=Twice(), squared=Squared(), flatten=Flatten(), fc=Dense(2))
    explain = walked(net, random)
    for name in ("twice", "squared"):
        assert explain[name].by_hand is None and explain[name].size == []
        assert not any("by hand" in line for line in terminal.block(explain[name]))
        assert terminal.why(explain[name])[0].startswith(f"{name} is a ")
        assert len(terminal.values(explain[name])) == 5
    assert explain["twice"].mean == pytest.approx(2 * explain.x.mean())


def test_nan_and_infinity_are_explained(random):
    net = every_class(np.float32)
    x = np.full((1, *net.input_shape), np.nan, np.float32)
    for step in Explain(net, x):
        assert len(terminal.block(step)) <= 10
        assert step.by_hand.agrees, step.facts.name


def test_every_class_has_its_loop():
    assert set(by_hand.BY_HAND) == set(npnet.layers.LAYERS.values())


# ------------------------------------------------------------------------------- the walk

def test_layers_run_once_and_when_they_are_asked_for(random):
    net, ran = small(), []
    for name, layer in net.layers.items():
        layer.forward = lambda x, forward=layer.forward, name=name: (ran.append(name), forward(x))[1]
    explain = walked(net, random)
    assert ran == [] and len(explain) == 4
    assert explain["relu1"].facts.name == "relu1" and set(ran) == {"conv1", "relu1"}
    ran.clear()
    assert explain["relu1"] is explain.steps[1] and ran == []
    assert [step.number for step in explain] == [1, 2, 3, 4]


def test_what_a_step_holds(random):
    net = small()
    explain = walked(net, random)
    np.testing.assert_array_equal(explain["fc2"].y, net.forward(explain.x))
    assert explain["relu1"].zeros == (explain["relu1"].y == 0).mean() > 0
    assert explain["relu1"].minimum == 0 and explain["relu1"].maximum == explain["relu1"].y.max()
    assert sum(step.share for step in explain) == pytest.approx(1)
    assert sum(step.parameter_share for step in explain) == pytest.approx(1)
    assert explain["conv1"].column_bytes == 3 * 9 * 49 * 4 and explain["relu1"].column_bytes == 0
    assert all(step.seconds > 0 for step in explain)


def test_best_classes(random):
    explain = walked(small(), random, names=["a", "b", "c", "d", "e"])
    best = explain.best(3)
    p = explain.net.probabilities(explain.x)[0]
    assert [answer.label for answer in best] == list(np.argsort(-p)[:3])
    assert [answer.probability for answer in best] == sorted(p, reverse=True)[:3]
    assert best[0].name == "abcde"[best[0].label]
    assert len(explain.best()) == 5
    assert walked(small(), random).best(1)[0].name.startswith("class ")


def test_softmax_at_the_end(random):
    net = every_class()
    explain = walked(net, random)
    np.testing.assert_array_equal(explain.probabilities(), net.probabilities(explain.x)[0])
    back = explain.backward(2)
    logits = net[:"softmax"].forward(explain.x)
    loss, dlogits = npnet.ops.softmax_cross_entropy(logits, np.array([2]))
    assert back.loss == pytest.approx(loss) and back.gradients[0].name == "fc5"
    assert back.gradients[0].dy == pytest.approx(np.linalg.norm(dlogits))


def test_gradients_are_those_of_the_network(random):
    net = moved(small(), random)
    explain = walked(net, random)
    back = explain.backward()
    assert back.label == explain.best(1)[0].label and explain.gradients is back
    loss, dlogits = npnet.ops.softmax_cross_entropy(net.forward(explain.x), np.array([back.label]))
    dx = net.backward(dlogits)
    assert [each.name for each in back.gradients] == ["fc2", "flatten", "relu1", "conv1"]
    assert back.loss == pytest.approx(float(loss))
    assert back.gradients[-1].dx == pytest.approx(np.linalg.norm(dx))
    found = {f"{each.name}.{name}": value for each in back.gradients for name, value in each.parameters.items()}
    assert found == {name: pytest.approx(np.linalg.norm(array)) for name, array in net.grads().items()}


def test_errors(random):
    net = small()
    with pytest.raises(ValueError, match="one picture walks at a time, got a batch of 2; give x\\[:1\\]"):
        Explain(net, np.zeros((2, 3, 9, 9), np.float32))
    with pytest.raises(ValueError, match="this network was built for \\(N, 3, 9, 9\\)"):
        Explain(net, np.zeros((1, 3, 8, 9), np.float32))
    with pytest.raises(ValueError, match="there are 2 names, but the network has 5 classes"):
        walked(net, random, names=["a", "b"])
    with pytest.raises(KeyError, match="no layer is called 'conv9'; did you mean conv1"):
        walked(net, random)["conv9"]
    maps = walked(net[:"flatten"], random)
    for answer in (maps.best, maps.backward):
        with pytest.raises(ValueError, match=r"ends in \(4, 7, 7\), and not in classes"):
            answer()
    assert len(terminal.pages(maps, backward=True)) == 2


def test_check_names_the_layer_and_the_walk_ends(random, monkeypatch):
    monkeypatch.setattr(network, "checking", True)
    net = small()
    explain = walked(net, random)
    net["fc2"].w[3, 1] = np.inf
    assert explain["flatten"].number == 3
    with pytest.raises(FloatingPointError, match="^fc2: its output holds 1 of 5 numbers that are NaN or infinite"):
        explain["fc2"]
    with pytest.raises(FloatingPointError, match="^the input holds 243 of 243 numbers that are NaN"):
        Explain(net, np.full_like(explain.x, np.nan))
    net["fc2"].w[3, 1] = 0
    monkeypatch.setattr(net["relu1"], "backward", lambda dy: np.full_like(dy, np.nan))
    with pytest.raises(FloatingPointError, match="^relu1: the gradient of its input holds 196 of 196"):
        explain.backward()
    monkeypatch.undo()
    explain.backward()


def test_check_looks_at_the_gradients_of_parameters(random, monkeypatch):
    monkeypatch.setattr(network, "checking", True)
    explain = walked(small(), random)
    monkeypatch.setattr(explain.net["conv1"], "grads", lambda: {"w": np.full((4, 3, 3, 3), np.nan)})
    with pytest.raises(FloatingPointError, match="^conv1: the gradient of w holds 108 of 108"):
        explain.backward()


def test_cost(random):
    npnet.use("loops")
    net = npnet.model("lenet5")
    assert cost(net)[0] == 416_520 and cost(net, "conv1")[0] == 117_600
    assert cost(net, backward=True)[0] == 3 * 416_520
    slow = cost(net)[1]
    npnet.use("numpy")
    assert slow > 5 * cost(net)[1] > 0


# ------------------------------------------------------------------------------- sizes and blocks

@pytest.mark.parametrize("layer, shape, sentences", [
    (Conv2D(256, 5, pad=2), (96, 27, 27), ["(27 + 2*2 - 5)/1 + 1 = 27"]),
    (Conv2D(96, 11, stride=4), (3, 227, 227), ["(227 - 11)/4 + 1 = 55"]),
    (Conv2D(96, 11, stride=4), (3, 224, 224), ["(224 - 11)/4 = 53.25, rounded down to 53; + 1 = 54"]),
    (Conv2D(96, 11, stride=4, ceil_mode=True), (3, 224, 224),
     ["(224 - 11)/4 = 53.25, rounded up to 54 (the 2012 rule); + 1 = 55"]),
    (Conv2D(2, (5, 3), stride=2, pad=1), (1, 9, 9),
     ["(9 + 2*1 - 5)/2 + 1 = 4 rows", "(9 + 2*1 - 3)/2 + 1 = 5 columns"]),
    (MaxPool(3, 2), (96, 55, 55), ["(55 - 3)/2 + 1 = 27"]),
    (MaxPool(3, 2), (96, 6, 6), ["(6 - 3)/2 = 1.5, rounded down to 1; + 1 = 2"]),
    (MaxPool(3, 2, ceil_mode=True), (96, 6, 6), ["(6 - 3)/2 = 1.5, rounded up to 2 (Caffe's rule); + 1 = 3"]),
    (MaxPool(2, 3, pad=1, ceil_mode=True), (9, 5, 5),
     ["(5 + 2*1 - 2)/3 = 1.67, up to 2; + 1, - 1 that starts in the padding = 2"]),
    (Dense(4096), (9216,), ["4096 outputs, each of which sees all 9216 inputs"]),
    (Flatten(), (256, 6, 6), ["256 x 6 x 6 = 9216 numbers in a row, channel after channel"]),
    (AdaptiveAvgPool(6), (256, 6, 6), ["cut into 6 x 6 parts, whatever the size of what comes in"]),
    (LRN(), (96, 5, 5), ["as many numbers come out as go in"]),
    (Layer(), (96, 5, 5), []),
])
def test_why_that_size(layer, shape, sentences):
    made = tuple(layer.build(shape, npnet.layers.rng(0)))
    assert size_sentences(layer, shape, made) == sentences
    for sentence, number in zip(sentences, made[1:]):
        if sentence.startswith("("):
            assert re.search(r"= (\d+)( rows| columns)?$", sentence)[1] == str(number)


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
            assert len(text) <= 10 and all(terminal.columns(line) <= 80 for line in text), text
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
  work        223,948,800 multiply-adds (30.9 % of all), im2col 6.67 MB, 5.2 ms
  values      -3.125 to 4.5, mean 0.25, no zeros
  by hand     y[0,0,13,13] = 1200 products + b[0]
              = 0.8125000 by a loop, 0.8125000 in the array: they agree""".split("\n")
    assert "  of which 204,484,608 meet a number, the others padding" in terminal.why(step)
    net.freeze("conv2")
    assert "307,456 (0.5 % of all, frozen)" in terminal.block(walked(net, random)["conv2"])[4]


def test_numbers_in_words():
    assert [terminal.duration(s) for s in (0, 0.0002, 0.0125, 0.5, 3.21, 12.5, 700)] == [
        "< 0.01 ms", "0.20 ms", "12 ms", "500 ms", "3.2 s", "12 s", "12 min"]
    assert [terminal.percent(p) for p in (0, 0.0001, 0.5, 1)] == ["0.0 %", "< 0.1 %", "50.0 %", "100.0 %"]
    assert [counts.amount(b) for b in (0, 512, 2 ** 20)] == ["0 KB", "0.50 KB", "1.00 MB"]


def test_names_from_users_stay_inside_80_columns(random):
    names = ["고양이" * 40, "a\x1b[2Jb\tc", "x" * 300, "\u0301" * 9, "e"]
    lines = terminal.answers(walked(small(), random, names=names))
    assert all(terminal.columns(line) <= 80 for line in lines) and not any("\x1b" in line for line in lines)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.Page(stream).show(lines)                       # and an ASCII terminal gets question marks
    stream.seek(0)
    assert "???" in stream.read()


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
def test_interrupts_leave_quietly(random, error):
    def keys():
        yield "\r"
        raise error
    stream = io.StringIO()
    terminal.walk(walked(small(), random), keys=keys(), stream=stream)
    assert headings(stream.getvalue()) == ["conv1", "relu1"]


def test_keys_of_a_real_terminal(monkeypatch):
    pytest.importorskip("termios")
    import termios
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    with open(theirs, closefd=False) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        keys = terminal.keyboard()
        os.write(ours, b"w")
        assert next(keys) == "w"
        os.write(ours, b"\x1b[C")
        assert next(keys) == "\x1b[C"
        os.write(ours, b"vq")
        assert [next(keys), next(keys)] == ["v", "q"]
        after = termios.tcgetattr(theirs)
        after[3] &= ~getattr(termios, "PENDIN", 0)              # the kernel's own flag: typed ahead
        before[3] &= ~getattr(termios, "PENDIN", 0)
        assert after == before
    os.close(ours)
    os.close(theirs)


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

    pytest.importorskip("rich")
    screen, explain = Screen(), walked(small(), random)
    lines = terminal.block(explain["conv1"])
    terminal.Page(screen).show(lines)
    assert re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue()).split("\n") == [*lines, "", ""]


# ------------------------------------------------------------------------------- pictures

def seen_pictures(folder):
    """The names of the PNG files, after each was opened and found not to be blank."""
    for path in folder.iterdir():
        with Image.open(path) as picture:
            assert picture.format == "PNG" and min(picture.size) >= 150
            assert np.asarray(picture.convert("L")).std() > 5, path
    return sorted(path.name for path in folder.iterdir())


def test_pictures_of_a_whole_walk(tmp_path):
    assert main(["explain", "--net", "lenet5", "--save", str(tmp_path / "all"), "--backward"]) == 0
    assert seen_pictures(tmp_path / "all") == [
        "00-input.png", "01-conv1-filters.png", "01-conv1.png", "03-pool1.png", "04-conv2.png", "06-pool2.png",
        "07-conv3.png", "13-probabilities.png", "14-gradients.png"]


def test_pictures_of_what_has_run(random, tmp_path):
    explain = walked(every_class(), random)
    explain["pool1"]
    assert [path.name for path in pictures.save(explain, tmp_path)] == ["01-conv1-filters.png", "01-conv1.png",
                                                                        "05-pool1.png"]
    seen_pictures(tmp_path)


def test_names_of_layers_that_are_no_names_of_files(random, tmp_path):
    net = Network((1, 5, 5), **{"a/../b": Conv2D(2, 3, init="he")})
    assert [path.name for path in pictures.save(walked(net, random), tmp_path, 0)] == [
        "00-input.png", "01-a_.._b-filters.png", "01-a_.._b.png"]


def test_filters_of_a_network_that_sees_blue_first(random):
    explain = walked(small(), random, order="BGR")
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures.plots, "filters", lambda w, title: drawn.append(w))
        pictures.filters(explain, explain["conv1"])
    np.testing.assert_array_equal(drawn[0], explain.net["conv1"].w[:, ::-1])


def test_rows_are_drawn_as_maps():
    assert pictures.as_maps(np.zeros((3, 5, 4))).shape == (3, 5, 4)
    assert [pictures.as_maps(np.zeros(n)).shape for n in (4096, 1000, 7, 1)] == [
        (1, 64, 64), (1, 25, 40), (1, 1, 7), (1, 1, 1)]


# ------------------------------------------------------------------------------- the command

def test_everything_is_printed_where_nobody_sits(capsys):
    assert main(["explain", "--net", "lenet5", "--backward", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "Enter next" not in out and all(len(line) <= 80 for line in out.split("\n"))
    assert out.split("\n")[:5] == [
        "grace_hopper.jpg, 512 x 600 pixels, through lenet5", "The weights are random: the answers mean nothing yet.",
        "The README tells how to get real ones.", "input 1x28x28: grey, 0 to 1",
        "1,249,560 multiply-adds in both directions, less than a second with numpy"]
    assert headings(out) == list(npnet.model("lenet5").layers)
    assert out.count("they agree") == 12 and "DIFFER" not in out
    assert "The five best classes" in out and "One backward pass" in out


def test_one_layer(capsys):
    assert main(["explain", "--net", "cifar_four_layer", "--layer", "norm1"]) == 0
    out = capsys.readouterr().out
    assert headings(out) == ["norm1"] and "multiply-adds up to norm1" in out and "best classes" not in out
    assert main(["explain", "--net", "lenet5", "--layer", "fc4", "--backward"]) == 0
    out = capsys.readouterr().out
    assert headings(out) == ["fc4"] and "One backward pass" in out


def test_weights_and_names(capsys, tmp_path):
    net = npnet.model("lenet5", classes=3)
    net["fc5"].b[...] = (0, 9, 0)
    net.save(tmp_path / "digits.npz")
    (tmp_path / "names.txt").write_text("n01440764 one\n\ntwo\r\nthree\n", "utf-8-sig")
    words = ["explain", "--weights", str(tmp_path / "digits.npz"), "--names", str(tmp_path / "names.txt")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "random" not in out and "mean nothing" not in out
    assert "input 1x28x28: grey, 0 to 1\n" in out                           # recognised: no --net is needed
    assert re.search(r"The classes\n *\d+\.\d %  #+ +1  two\n", out) and re.search(r" 0  one\n", out)
    assert main([*words, "--net", "caffe_lenet"]) == 0
    assert "grey, 0 to 255, over 256" in capsys.readouterr().out


def test_a_network_that_nobody_knows(capsys, tmp_path):
    small().save(tmp_path / "mine.npz")
    assert main(["explain", "--weights", str(tmp_path / "mine.npz")]) == 0
    assert "(a guess: --net NAME says what the network was trained as)" in capsys.readouterr().out


@pytest.mark.parametrize("words, sentence", [
    (["missing.jpg"], "there is no file missing.jpg"),
    (["setup.txt"], "setup.txt is not a picture that can be read; use JPEG, PNG, GIF, WebP, BMP or TIFF"),
    (["--net", "lenet"], "no network is called 'lenet'; did you mean lenet5?"),
    (["--net", "lenet5", "--layer", "conv9"], "no layer is called 'conv9'; did you mean conv3, conv2, conv1?"),
    (["--net", "lenet5", "--names", "setup.txt", "--classes", "4"], "there are 2 names, but the network has 4 classes"),
    (["--weights", "missing.npz"], "there is no file missing.npz; give the path of a network that save() wrote"),
    (["--weights", "mine.npz", "--net", "lenet5"], "lenet5 takes pictures of 1 channels, but this network takes"),
    (["--weights", "mine.npz", "--net", "lenet6"], "no network is called 'lenet6'; npnet has krizhevsky2012"),
    (["--weights", "mine.npz", "--classes", "4"], "mine.npz holds a whole network; leave --classes out"),
    (["--weights", "row.npz"], "pictures are prepared for square inputs, grey or in colour; this network takes (8,)"),
    (["--weights", "mine.npz", "--classes", "0"], "mine.npz holds a whole network; leave --classes out"),
    (["--weights", "mine.npz", "--net", ""], "no network is called ''; npnet has krizhevsky2012"),
    (["--weights", ""], ". holds no run: there is neither best.npz nor last.npz in it"),
    (["--net", ""], "no network is called ''; npnet has krizhevsky2012"),
    (["--net", "lenet5", "--classes", "0"], "fc5: units must be"),
    (["--net", "lenet5", "--layer", ""], "no layer is called ''"),
    (["--net", "lenet5", "--names", ""], "Is a directory" if os.name == "posix" else ""),
    (["--net", "lenet5", "--backend", ""], "backend must be one of loops, numpy, numba, cupy, got ''"),
    ([""], ". is a folder; give the name of a picture in it"),
    (["--net", "lenet5", "--backend", "nimba"], "backend must be one of loops, numpy, numba, cupy, got 'nimba'"),
    (["--net", "lenet5", "--save", "setup.txt"], "setup.txt"),
])
def test_mistakes_are_one_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.txt").write_text("one\ntwo\n")
    small().save("mine.npz")
    Network((8,), fc=Dense(2)).save("row.npz")
    assert main(["explain", *words]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("npnet: ") and sentence in err and err.count("\n") == 1


def test_loops_say_what_they_will_cost(capsys):
    assert main(["explain", "--backend", "loops"]) == 2
    out, err = capsys.readouterr()
    assert re.search(r"\n724,406,816 multiply-adds, about [\d.]+ min with loops\n", out) and headings(out) == []
    assert re.fullmatch(r"npnet: all layers would take about [\d.]+ min; give --layer NAME for the first ones, --yes "
                        r"for all, or another --backend\n", err)
    assert main(["explain", "--backend", "loops", "--layer", "conv1", "--backward"]) == 2       # backward runs all
    assert main(["explain", "--net", "lenet5", "--backend", "loops"]) == 0
    assert "416,520 multiply-adds, " in capsys.readouterr().out


@pytest.mark.parametrize("answer, blocks", [("n", 0), ("", 0), (EOFError, 0), ("y", 12)])
def test_a_terminal_is_asked(answer, blocks, capsys, monkeypatch):
    def asked(question):
        assert question == "Go on? [y/N] "
        if answer is EOFError:
            raise EOFError
        return answer
    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr(command, "LONG", 0)
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setattr(command, "walk", lambda explain, backward, folder: terminal.print_all(explain))
    assert main(["explain", "--net", "lenet5"]) == 0
    assert len(headings(capsys.readouterr().out)) == blocks


@pytest.mark.parametrize("words", [["--yes"], ["--layer", "conv1"]])
def test_a_long_walk_that_was_asked_for(words, capsys, monkeypatch):
    monkeypatch.setattr(command, "LONG", 0)
    assert main(["explain", "--net", "lenet5"]) == 2
    assert main(["explain", "--net", "lenet5", *words]) == 0
    assert len(headings(capsys.readouterr().out)) == (12 if words == ["--yes"] else 1)


def test_in_a_terminal_it_walks(capsys, monkeypatch, tmp_path):
    walks = []
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setattr(command, "walk", lambda *arguments: walks.append(arguments))
    assert main(["explain", "--net", "lenet5", "--backward"]) == 0
    assert main(["explain", "--net", "lenet5", "--save", str(tmp_path / "p")]) == 0
    assert [rest for explain, *rest in walks] == [[True, "walk"], [False, str(tmp_path / "p")]]
    assert "00-input.png" in os.listdir(tmp_path / "p")                     # saved before the first key


@pytest.mark.reference
def test_a_photograph(reference, capsys):
    photo = reference / "caffe" / "cat.jpg"
    assert main(["explain", str(photo), "--net", "caffe", "--layer", "conv1", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "cat.jpg, 480 x 360 pixels, through caffe" in out and "input 3x227x227: BGR, 0 to 255" in out


def test_check_from_outside(capsys, monkeypatch, tmp_path):
    """NPNET_CHECK=1 and a network with a NaN in it: one sentence."""
    net = npnet.model("lenet5")
    net["conv2"].w[0, 0, 0, 0] = np.nan
    net.save(tmp_path / "bad.npz")
    assert main(["explain", "--weights", str(tmp_path / "bad.npz")]) == 0
    capsys.readouterr()
    monkeypatch.setattr(network, "checking", True)
    assert main(["explain", "--weights", str(tmp_path / "bad.npz")]) == 2
    out, err = capsys.readouterr()
    assert headings(out) == ["conv1", "tanh1", "pool1"]
    assert err.startswith("npnet: conv2: its output holds 100 of 1600 numbers that are NaN") and err.count("\n") == 1


def test_pictures_go_where_they_are_told(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "--net", "lenet5", "--layer", "conv1", "--save", ""]) == 0
    assert "3 pictures in ., 00-input.png to 01-conv1.png\n" in capsys.readouterr().out
    assert len(os.listdir(tmp_path)) == 3
