"""plots: what is drawn is what was given, no text lies on another, and a file is complete or not there."""
import os
import subprocess
import sys
import threading
import warnings
from unicodedata import normalize

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")
Image = pytest.importorskip("PIL.Image", reason="the tests read the pictures again with Pillow")

from matplotlib.text import Text  # noqa: E402

from npnet import plots  # noqa: E402
from npnet.plots import letters  # noqa: E402
from npnet.plots.figure import shortened, told_apart  # noqa: E402

ALEXNET = [("input", (3, 227, 227), 0), ("conv1", (96, 55, 55), 34944), ("relu1", (96, 55, 55), 0),
           ("norm1", (96, 55, 55), 0), ("pool1", (96, 27, 27), 0), ("conv2", (256, 27, 27), 307456),
           ("relu2", (256, 27, 27), 0), ("norm2", (256, 27, 27), 0), ("pool2", (256, 13, 13), 0),
           ("conv3", (384, 13, 13), 885120), ("relu3", (384, 13, 13), 0), ("conv4", (384, 13, 13), 663936),
           ("relu4", (384, 13, 13), 0), ("conv5", (256, 13, 13), 442624), ("relu5", (256, 13, 13), 0),
           ("pool5", (256, 6, 6), 0), ("flatten", (9216,), 0), ("fc6", (4096,), 37752832),
           ("relu6", (4096,), 0), ("drop6", (4096,), 0), ("fc7", (4096,), 16781312),
           ("relu7", (4096,), 0), ("drop7", (4096,), 0), ("fc8", (1000,), 4097000)]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


def photograph(height=60, width=80):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def texts(figure):
    """All that can be read in the figure, title and caption included."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def drawn_images(figure):
    """What the axes of the figure show, as arrays."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def bars(axes):
    return [patch.get_width() for patch in axes.containers[0]]


def check_layout(figure, drawn=False):
    """Every text lies within the figure, and no two texts lie on each other. drawn: it was saved a moment ago."""
    if not drawn:
        figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.findobj(Text)
             if text.get_text().strip() and text.get_visible()]
    assert boxes
    for i, (words, box) in enumerate(boxes):
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1, words
        assert box.height >= 7 * figure.dpi / 72, f"{words!r} is too small to read"
        for other_words, other in boxes[i + 1:]:
            apart = (box.x1 <= other.x0 + 1 or other.x1 <= box.x0 + 1
                     or box.y1 <= other.y0 + 1 or other.y1 <= box.y0 + 1)
            assert apart, f"{words!r} lies on {other_words!r}"


EVERY = {
    "filters": lambda: plots.filters(random(96, 3, 11, 11), "conv1"),
    "filters of many channels": lambda: plots.filters(random(384, 256, 3, 3), "conv3"),
    "one filter": lambda: plots.filters(random(1, 1, 5, 5)),
    "feature maps": lambda: plots.feature_maps(random(96, 55, 55), "conv1"),
    "all feature maps": lambda: plots.feature_maps(random(256, 6, 6), "pool5", most=256),
    "one feature map": lambda: plots.feature_maps(random(1, 4, 9)),
    "probabilities": lambda: plots.probabilities([.5, .2, .1, .1, .05, .05], list("abcdef"), "a title"),
    "probabilities and picture": lambda: plots.probabilities(
        [.1, .9], ["x" * 60, "a class name of a great many words that goes on and on and on"],
        "a long title " * 12, photograph()),
    "picture and input": lambda: plots.picture_and_input(photograph(), random(1, 3, 32, 32)),
    "tall picture, grey input": lambda: plots.picture_and_input(photograph(300, 40), random(1, 28, 28)),
    "strip": lambda: plots.shape_strip(ALEXNET, "AlexNet"),
    "a long strip": lambda: plots.shape_strip([(f"fire{i}/squeeze1x1", (16, 55, 55), 1000 + i)
                                               for i in range(50)]),
    "one box": lambda: plots.shape_strip([("fc", (10,), 0)]),
    "gradients": lambda: plots.gradient_norms([f"layer{i}.w" for i in range(40)],
                                              10.0 ** np.linspace(-30, 5, 40), "step 1"),
    "one gradient": lambda: plots.gradient_norms(["conv1.w"], [0.0]),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_figure_is_legible_and_can_be_saved(name, tmp_path):
    figure = EVERY[name]()
    assert isinstance(figure, matplotlib.figure.Figure)
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    with Image.open(tmp_path / "a.png") as opened:
        pixels = np.asarray(opened.convert("RGB"))
    width, height = figure.get_size_inches() * figure.dpi
    assert abs(pixels.shape[0] - height) <= 1 and abs(pixels.shape[1] - width) <= 1
    assert (pixels[0, 0] == 255).all() and 0.0005 < (pixels != 255).mean() < 0.98


@pytest.mark.parametrize("name", ["feature maps", "probabilities and picture", "strip", "gradients"])
def test_a_figure_is_the_same_twice(name):
    first, second = EVERY[name](), EVERY[name]()
    for figure in (first, second):
        figure.canvas.draw()
    assert np.array_equal(first.canvas.buffer_rgba(), second.canvas.buffer_rgba())


# ---------------------------------------------------------------------------- grids

def test_filters_as_in_the_paper():
    """96 filters of 11 x 11 in 6 rows of 16, each on its own scale around grey."""
    w = random(96, 3, 11, 11)
    canvas, = drawn_images(plots.filters(w))
    zoom, gap = 5, 3
    cell = 11 * zoom + gap
    assert canvas.shape == (6 * cell - gap, 16 * cell - gap, 3)
    row, column = 2, 5                                          # filter 37
    image = canvas[row * cell:row * cell + 55:zoom, column * cell:column * cell + 55:zoom]
    expected = 0.5 + 0.5 * w[37] / np.abs(w[37]).max()
    assert image == pytest.approx(expected.transpose(1, 2, 0))
    assert (canvas[55:55 + gap] == 1).all() and (canvas[:, 55:55 + gap] == 1).all()


def test_filters_number_their_rows():
    figure = plots.filters(random(40, 3, 5, 5), columns=10)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0", "10", "20", "30"]


def test_filters_of_many_channels_show_the_first_in_grey():
    w = random(2, 48, 5, 5)
    figure = plots.filters(w)
    canvas, = drawn_images(figure)
    zoom = 60 // 5
    assert canvas[:60:zoom, :60:zoom, 0] == pytest.approx(0.5 + 0.5 * w[0, 0] / np.abs(w[0, 0]).max())
    assert (canvas[..., 0] == canvas[..., 2]).all()
    assert "channel 0 of 48" in "".join(texts(figure))


def test_a_filter_of_zeros_is_grey():
    canvas, = drawn_images(plots.filters(np.zeros((1, 3, 5, 5))))
    assert (canvas == 0.5).all()


def test_feature_maps_keep_their_values_and_share_a_scale():
    maps = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    figure = plots.feature_maps(maps)
    canvas = drawn_images(figure)[0]
    zoom, gap = 15, 3
    assert canvas.shape == (3 * zoom, 2 * 4 * zoom + gap)
    assert np.array_equal(canvas[::zoom, :4 * zoom:zoom], maps[0])
    assert np.array_equal(canvas[::zoom, 4 * zoom + gap::zoom], maps[1])
    low, high = figure.axes[0].images[0].get_clim()
    assert low == 0 and high == np.quantile(maps, 0.995)
    assert "22.9 and more" in texts(figure)


def test_feature_maps_say_how_many_are_left_out():
    figure = plots.feature_maps(random(256, 6, 6), most=10)
    assert any("10 of 256 maps, 6 high and 6 wide, all on one scale" in text for text in texts(figure))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0", "8"]


def test_feature_maps_that_are_constant_or_not_finite():
    assert "7" in texts(plots.feature_maps(np.full((2, 3, 3), 7)))
    maps = random(2, 3, 3)
    maps[0, 0, 0], maps[1, 0, 0] = np.nan, np.inf
    figure = plots.feature_maps(maps)
    assert "White: 2 numbers NaN or infinite" in " ".join(texts(figure)).replace("\n", " ")
    plots.feature_maps(np.full((2, 3, 3), np.nan)).canvas.draw()


def test_mostly_zero_maps_are_not_drawn_as_nothing():
    maps = np.zeros((1, 100, 100))
    maps[0, 3, 4] = 5                                           # fewer than 0.5 % of the numbers
    assert plots.feature_maps(maps).axes[0].images[0].get_clim() == (0, 5)


def test_signed_maps_have_a_scale_that_is_symmetric_about_0():
    maps = np.linspace(-0.5, 2, 256).reshape(4, 8, 8)
    figure = plots.feature_maps(maps)
    image = figure.axes[0].images[0]
    low, high = image.get_clim()
    assert -low == high == np.quantile(np.abs(maps), 0.995)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["-1.99", "0", "1.99 and more"]
    red, green, blue, _ = image.cmap(image.norm(0.0))
    assert max(red, green, blue) - min(red, green, blue) < 0.01                 # 0 is grey, and not white as the gaps
    assert red < 0.9
    assert image.cmap(image.norm(-1.5))[2] > image.cmap(image.norm(-1.5))[0]    # blue below, red above
    assert image.cmap(image.norm(1.5))[0] > image.cmap(image.norm(1.5))[2]


def test_one_signed_number_among_zeros_is_seen():
    maps = np.zeros((1, 100, 100))
    maps[0, 3, 4] = -5
    assert plots.feature_maps(maps).axes[0].images[0].get_clim() == (-5, 5)


def test_grids_change_nothing():
    w = random(4, 3, 5, 5)
    before = w.copy()
    plots.filters(w)
    plots.feature_maps(w[0])
    assert np.array_equal(w, before)


# ---------------------------------------------------------------------------- bars

def test_probabilities_are_the_lengths_of_the_bars():
    values = np.array([.02, .5, .03, .2, .15, .06, .04])
    figure = plots.probabilities(values, [f"class {k}" for k in range(7)])
    assert bars(figure.axes[0]) == [.5, .2, .15, .06, .04]
    assert figure.axes[0].get_xlim()[0] == 0
    found = texts(figure)
    assert [text for text in found if text.startswith("class")] == [f"class {k}" for k in (1, 3, 4, 5, 6)]
    assert [text for text in found if text.endswith("%")] == ["50.0 %", "20.0 %", "15.0 %", "6.0 %", "4.0 %"]


def test_probabilities_of_a_batch_of_one_and_few_classes():
    figure = plots.probabilities(np.array([[.25, .75]], np.float32), ("cat", "dog"))
    assert bars(figure.axes[0]) == [.75, .25]


def test_a_long_name_is_cut():
    found = texts(plots.probabilities([.4, .6], ["x" * 60, "a name of many words, " * 5]))
    assert "x" * 40 + " ..." in found and "a name of many words, a name of many wor ..." in found


def test_a_tiny_probability_is_not_called_zero():
    found = texts(plots.probabilities([.9999, .0001, 0], ["a", "b", "c"]))
    assert "< 0.1 %" in found and "0.0 %" in found and "100.0 %" in found


def test_probabilities_with_the_photograph():
    picture = photograph()
    figure = plots.probabilities([.4, .6], ["a", "b"], picture=picture)
    assert np.array_equal(drawn_images(figure)[0], picture)
    assert bars(figure.axes[1]) == [.6, .4]


def test_a_dollar_in_a_name_is_a_dollar():
    figure = plots.probabilities([.4, .6], ["a $5 or $\\frac bill", "b_{"], "from $1 to $2^")
    figure.canvas.draw()
    assert "a $5 or $\\frac bill" in texts(figure)


def test_gradient_norms_are_the_lengths_of_the_bars():
    norms = [1e-4, 0.02, 3.0]
    figure = plots.gradient_norms(["conv1.w", "conv2.w", "fc8.w"], norms, "step 7")
    axes = figure.axes[0]
    assert bars(axes) == norms and axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 1e-4 and axes.get_xlim()[1] > 3
    assert [label.get_text() for label in axes.get_yticklabels()] == ["conv1.w", "conv2.w", "fc8.w"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]              # the first layer is at the top
    assert {"0.0001", "0.02", "3", "step 7"} <= set(texts(figure))
    assert "from one line to the next 10 times as much" in " ".join(texts(figure))
    wide = plots.gradient_norms(["a", "b"], [1e-13, 1])
    assert "from one line to the next 100 times as much" in " ".join(texts(wide))


def test_gradient_norms_that_no_logarithm_can_show():
    figure = plots.gradient_norms(["a", "b", "c", "d"], [0, np.nan, np.inf, 0.5])
    assert bars(figure.axes[0]) == [0, 0, 0, 0.5]
    assert {"0", "nan", "inf", "0.5"} <= set(texts(figure))
    figure.canvas.draw()


# ---------------------------------------------------------------------------- photograph, strip

def test_picture_and_input_shows_both():
    picture = photograph()
    x = np.array([[[-2.0, 0]], [[1, 2]], [[0, 0]]], np.float32)             # (3, 1, 2)
    figure = plots.picture_and_input(picture, x)
    left, right = drawn_images(figure)
    assert np.array_equal(left, picture)
    assert right.tolist() == [[[0, .75, .5], [.5, 1, .5]]]
    assert any("from -2 (black) to 2 (white)" in text for text in texts(figure))
    assert "what the network sees: 3 x 1 x 2" in texts(figure)
    swapped = drawn_images(plots.picture_and_input(picture, x[None], order="BGR"))[1]
    assert np.array_equal(swapped, right[..., ::-1])


def test_picture_and_input_in_grey_or_constant():
    assert drawn_images(plots.picture_and_input(photograph(), random(1, 1, 28, 28)))[1].shape == (28, 28)
    assert (drawn_images(plots.picture_and_input(photograph(), np.full((3, 4, 4), 7)))[1] == 0).all()


def boxes(figure):
    """(x, y, width, height) of each box of a strip."""
    return [(*box.get_xy(), box.get_width(), box.get_height()) for box in figure.axes[0].patches]


def test_strip_areas_are_activations_and_heights_are_map_sizes():
    shapes = [(3, 100, 100), (8, 50, 50), (16, 25, 25), (64,)]
    drawn = boxes(plots.shape_strip([(f"layer{k}", shape, k) for k, shape in enumerate(shapes)]))
    areas = np.array([width * height for _, _, width, height in drawn])
    assert areas / areas[0] == pytest.approx([np.prod(shape) / 30000 for shape in shapes])
    heights = np.array([height for *_, height in drawn])
    assert (heights / heights[0])[:3] == pytest.approx([1, .5, .25])
    assert heights[3] > 0                                       # a flat layer can still be seen


def test_strip_of_alexnet_merges_what_keeps_the_shape():
    figure = plots.shape_strip(ALEXNET)
    assert len(boxes(figure)) == 13
    found = texts(figure)
    assert {"relu1, norm1", "relu6, drop6", "256 x 27 x 27", "37,752,832", "9216"} <= set(found)
    assert any("60,965,224 in all" in text.replace("\n", " ") for text in found)
    assert len({round(y, 6) for _, y, _, _ in boxes(figure)}) == 1          # on one line


def test_strip_shade_grows_with_the_parameters():
    figure = plots.shape_strip(ALEXNET)
    light = {box: sum(patch.get_facecolor()[:3]) for box, patch in zip(
        ["input", "conv1", "pool1", "conv2", "pool2", "conv3"], figure.axes[0].patches)}
    assert light["input"] == light["pool1"] > light["conv1"] > light["conv2"] > light["conv3"]


def test_a_long_strip_continues_on_the_next_line():
    drawn = boxes(plots.shape_strip([(f"conv{k}", (8, 9, 9), 10) for k in range(30)]))
    lines = [y for _, y, _, _ in drawn]
    assert [lines.count(y) for y in sorted(set(lines), reverse=True)] == [10, 10, 10]


# ---------------------------------------------------------------------------- errors

@pytest.mark.parametrize("draw, said", [
    (lambda: plots.filters(random(3, 11, 11)), r"filters must be w \(K, C, R, S\), got \(3, 11, 11\)"),
    (lambda: plots.filters(np.zeros((0, 3, 5, 5))), "filters must be"),
    (lambda: plots.feature_maps(random(1, 3, 5, 5)), r"maps must be \(C, H, W\).* got \(1, 3, 5, 5\) and 64"),
    (lambda: plots.feature_maps(random(3, 5, 5), most=0), "most at least 1"),
    (lambda: plots.probabilities([.5, .5], ["a"]), r"need K names, got \(2,\) and 1 names"),
    (lambda: plots.probabilities([3., -1], ["a", "b"]), "are these logits. softmax comes first"),
    (lambda: plots.probabilities([np.nan, 0], ["a", "b"]), "probabilities lie between 0 and 1"),
    (lambda: plots.picture_and_input(photograph(), random(2, 3, 8, 8)), "the input of one picture must be"),
    (lambda: plots.picture_and_input(photograph(), random(3, 8, 8), order="GBR"), 'must be "RGB" or "BGR"'),
    (lambda: plots.shape_strip([]), "at least one row"),
    (lambda: plots.shape_strip([("conv1", (3, 5), 0)]), r"conv1: a shape must be \(C, H, W\) or \(D,\)"),
    (lambda: plots.gradient_norms(["a"], [1., 2.]), "must be as many as names"),
    (lambda: plots.gradient_norms(["a"], [-1.]), "not negative")])
def test_arguments_that_cannot_be_drawn(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()


# ---------------------------------------------------------------------------- saving

def figure():
    return plots.gradient_norms(["a"], [1.0])


def test_save_makes_folders_and_leaves_only_the_picture(tmp_path):
    plots.save(figure(), tmp_path / "one" / "two" / "a.png")
    assert os.listdir(tmp_path / "one" / "two") == ["a.png"]
    with Image.open(tmp_path / "one" / "two" / "a.png") as opened:
        assert opened.format == "PNG" and opened.size[0] == 7 * 120


@pytest.mark.parametrize("ending, start", [
    ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG"), ("jpg", b"\xff\xd8")])
def test_the_ending_chooses_the_format(tmp_path, ending, start):
    plots.save(figure(), str(tmp_path / f"a.{ending}"))
    assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["a", "a.xyz"])
def test_an_ending_that_is_no_picture(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name} must end in .*\.png is the usual one"):
        plots.save(figure(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file.a.png cannot be written: part of .*file is a file, not a folder"):
        plots.save(figure(), tmp_path / "file" / "a.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OSError, match="folder.png is a folder; give the name of a file in it"):
        plots.save(figure(), tmp_path / "folder.png")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_a_failure_keeps_the_old_picture(tmp_path, monkeypatch):
    plots.save(figure(), tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    broken = figure()
    def half(path, **_):
        path.write_bytes(b"half")
        raise KeyboardInterrupt
    monkeypatch.setattr(broken, "savefig", half)
    with pytest.raises(KeyboardInterrupt):
        plots.save(broken, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == before and os.listdir(tmp_path) == ["a.png"]


# ---------------------------------------------------------------------------- the room

def test_the_settings_of_the_user_do_not_matter():
    plain = EVERY["probabilities"]()
    plain.canvas.draw()
    with matplotlib.rc_context({"text.color": "white", "axes.facecolor": "black", "figure.facecolor": "black",
                                "font.family": "monospace", "xtick.color": "white", "font.size": 20}):
        styled = EVERY["probabilities"]()
        styled.canvas.draw()
    assert np.array_equal(plain.canvas.buffer_rgba(), styled.canvas.buffer_rgba())


def test_threads_may_draw_at_the_same_time(tmp_path):
    failures = []

    def draw(number):
        try:
            plots.save(EVERY["feature maps"](), tmp_path / f"{number}.png", dpi=50)
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=draw, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({(tmp_path / f"{number}.png").read_bytes() for number in range(6)}) == 1


PROGRAM = """
import sys
import npnet.plots
assert "matplotlib" not in sys.modules, "importing the room imports matplotlib"
figure = npnet.plots.probabilities([.4, .6], ["a", "b"])
npnet.plots.save(figure, sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules, "drawing imports pyplot"
"""


def test_matplotlib_is_imported_when_drawing_and_pyplot_never(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(plots.__file__)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    environment.pop("DISPLAY", None)                            # no screen
    answer = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "a.png")], env=environment,
                            capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_without_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
        plots.filters(np.zeros((1, 3, 5, 5)))


# ---------------------------------------------------------------------------- letters

@pytest.fixture
def korean_font(tmp_path):
    """A font of this test's own, known to matplotlib for the length of a test, that has the letters of the words."""
    builder = pytest.importorskip("fontTools.fontBuilder", reason="the test makes a font with fontTools")
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.font_manager import fontManager

    def glyph(side):
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0)), pen.lineTo((0, side)), pen.lineTo((side, side)), pen.lineTo((side, 0)), pen.closePath()
        return pen.glyph()
    letters = {ord(letter): f"uni{ord(letter):04X}" for letter in "고양이개첫째둘혼동"}
    font = builder.FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", *letters.values()])
    font.setupCharacterMap(letters)
    font.setupGlyf({name: glyph(100 if name == ".notdef" else 800) for name in [".notdef", *letters.values()]})
    font.setupHorizontalMetrics({name: (1000, 0) for name in [".notdef", *letters.values()]})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Little Hangul", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "little.ttf")
    before = list(fontManager.ttflist)
    fontManager.addfont(tmp_path / "little.ttf")
    yield "Little Hangul"
    fontManager.ttflist[:] = before
    fontManager._findfont_cached.cache_clear()


HANGUL = {"bars": lambda: plots.probabilities([.4, .6], ["고양이", "개"], "고양이?"),
          "a sheet": lambda: plots.samples([photograph()] * 2, ["고양이", "고양이 고양이 고양이 고양이 고양이 고양이"]),
          "a matrix": lambda: plots.confusion([[8, 2], [5, 5]], ["고양이", "개"], "혼동"),
          "curves": lambda: plots.curves({"첫째": [{"epoch": 1, "loss": 2.0}], "둘째": [{"epoch": 1, "loss": 1.0}]}),
          "parts of letters": lambda: plots.confusion([[8, 2], [5, 5]], [normalize("NFD", "고양이"), "개"])}


@pytest.fixture
def shipped_font_alone(monkeypatch):
    """A computer on which no font is installed."""
    from matplotlib import font_manager
    alone = [font for font in font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", alone)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])


@pytest.fixture
def nothing_said():
    plots.letters_without_a_font()


@pytest.mark.parametrize("name", HANGUL)
def test_a_font_that_has_the_letters_is_chosen(name, shipped_font_alone, korean_font, nothing_said, tmp_path):
    figure = HANGUL[name]()
    check_layout(figure)                                        # draws: a missing glyph would be a warning
    found = texts(figure)
    assert any("고" in text or "첫" in text for text in found) and "□" not in "".join(found)
    assert all(korean_font in text.get_fontfamily() for text in figure.findobj(Text) if "고" in text.get_text())
    assert plots.letters_without_a_font() is None


@pytest.mark.parametrize("name", HANGUL)
def test_without_a_font_squares_are_said_and_no_warning_is_given(name, shipped_font_alone, nothing_said, tmp_path):
    figure = HANGUL[name]()
    check_layout(figure)
    plots.save(figure, tmp_path / "a.png")
    found = "".join(texts(figure)).replace("\n", " ")
    assert "□: a letter that no font on this computer has." in found and not set("고양이개첫째") & set(found)
    said = plots.letters_without_a_font()
    assert said.startswith("no font on this computer has the letters ") and "□" in said and "Noto Sans CJK" in said
    assert plots.letters_without_a_font() is None               # once


@pytest.mark.parametrize("name", ["\U0001f98a", "\U00012000", "\udcff", "a\x07b", "a\tb"])
def test_signs_that_no_font_has_are_squares(name, shipped_font_alone, nothing_said, tmp_path):
    figure = plots.probabilities([.4, .6], [name, "b"])
    plots.save(figure, tmp_path / "a.png")
    assert "□" in "".join(texts(figure)[:4])
    said = plots.letters_without_a_font()
    assert said.isprintable() and ("U+" in said or name in said)


def test_a_font_that_was_installed_after_matplotlib_made_its_list_is_found(korean_font, shipped_font_alone, monkeypatch, tmp_path):
    from matplotlib import font_manager
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    there = [str(tmp_path / name) for name in ("broken.ttf", "little.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: there)
    assert letters.families("a고") == (["DejaVu Sans", korean_font], set())
    assert letters.families("a쀍") == (["DejaVu Sans"], {"쀍"})


def test_a_font_of_boxes_is_no_font(monkeypatch, shipped_font_alone, nothing_said):
    from matplotlib.font_manager import FontEntry, findfont, fontManager
    shipped = findfont("DejaVu Sans")
    monkeypatch.setattr(letters, "has", lambda path, letter: path == "boxes" or letter.isascii())
    monkeypatch.setattr(fontManager, "ttflist", [FontEntry(fname="boxes", name=".LastResort"),
                                                 FontEntry(fname=shipped, name="DejaVu Sans")])
    assert letters.families("a고") == (["DejaVu Sans"], {"고"})


def test_names_that_are_cut_are_told_apart_and_korean_letters_count_as_two():
    cut = told_apart(["a long name of class 1", "a long name of class 2", "b"], 20)
    assert cut[2] == "b" and all(len(name) <= 20 and name.endswith(f"class {k}") for k, name in enumerate(cut[:2], 1))
    assert shortened("고" * 20, 20) == "고" * 8 + " ..." and shortened("고" * 10, 20) == "고" * 10


def test_a_command_says_once_which_letters_its_pictures_lack(tmp_path, capsys, monkeypatch, shipped_font_alone, nothing_said):
    from npnet.cli import main
    monkeypatch.chdir(tmp_path)
    np.savez("pack.npz", x=np.stack([photograph(9, 9)] * 4), y=[0, 1, 0, 1], classes=["고양이", "개"])
    for _ in range(2):
        assert main(["data", "show", "pack.npz", "--save", "a.png"]) == 0
        assert capsys.readouterr().err.count("no font on this computer has the letters 개, 고, 양, 이") == 1
