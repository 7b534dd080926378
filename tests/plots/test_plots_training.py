"""plots of data and training: pictures as they are, curves through the numbers given, counts in their cells."""
import numpy as np
import pytest
from test_plots import check_layout, no_warnings, photograph, texts  # noqa: F401

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")
Image = pytest.importorskip("PIL.Image", reason="the tests read the pictures again with Pillow")

from npnet import plots  # noqa: E402


def row(epoch, train_loss=1.0, loss=2.0, train_top1=0.75, top1=0.5, lr=0.01):
    return {"epoch": epoch, "steps": 100 * epoch, "lr": lr, "train_loss": train_loss, "train_top1": train_top1,
            "loss": loss, "top1": top1, "top5": 0.9, "seconds": 3.0}


def run(epochs, shift=0.0):
    return [row(e, 2 / e + shift, 2.2 / e + shift, 1 - 0.8 / e, 1 - 0.9 / e) for e in range(1, epochs + 1)]


def picture(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def counts(K, seed=0):
    return np.random.default_rng(seed).integers(0, 9, (K, K)) + np.diag(np.full(K, 80))


def caption(figure):
    return figure.get_supxlabel().replace("\n", " ")


MIXED = [picture(*shape) for shape in ((30, 20), (10, 50), (40, 40, 1), (333, 500), (8, 8))]
EVERY = {
    "samples": lambda: plots.samples(np.stack([picture(32, 32, 3, k) for k in range(12)]), ["crescent"] * 12, "shapes"),
    "one sample": lambda: plots.samples([picture(28, 28, 1)], ["7"]),
    "samples of all sizes": lambda: plots.samples(
        MIXED, ["W" * 60, "a name of a great many words", "c", "German shepherd, German police dog", ""], "mixed"),
    "samples with a long title": lambda: plots.samples(picture(32, 32)[None], ["a"], "a long title " * 8),
    "before and after": lambda: plots.before_after(
        photograph(), [("random crops", [photograph(40, 40)] * 6), ("mirror", [photograph()]), ("a long title " * 20, MIXED)],
        "what augmentation makes of it"),
    "one row": lambda: plots.before_after(picture(300, 40, 1), [("crop", [picture(32, 32, 1)])]),
    "one run": lambda: plots.curves({"shapes-1": run(30)}),
    "one epoch": lambda: plots.curves({"quick": run(1)}, "one epoch"),
    "eight runs": lambda: plots.curves({f"run {k} with a name that is long": run(30 - 3 * k, 0.1 * k) for k in range(8)}, "eight"),
    "a published curve": lambda: plots.curves({"ours": run(4)}, "CIFAR-10", {"note 3": [(1, 1.426, None), (2, .939, None)]}),
    "an overfitted run": lambda: plots.curves({"a": [row(e, 10.0 ** -e, 2, None, None) for e in range(1, 9)]}),
    "losses": lambda: plots.losses(2 / np.arange(1, 2001) ** 0.3, "each step"),
    "three losses": lambda: plots.losses([2.3, 2.2, 2.1]),
    "wide losses": lambda: plots.losses(10.0 ** -np.linspace(0, 6, 500)),
    "confusion": lambda: plots.confusion(counts(7) * 50, [f"class {k}" for k in range(7)], "shapes"),
    "confusion of two": lambda: plots.confusion([[900, 100], [50, 4000]], ["cat", "dog"]),
    "confusion of twenty": lambda: plots.confusion(counts(20) * 100, [f"a long name of class {k}" for k in range(20)]),
    "confusion of twenty-four": lambda: plots.confusion(counts(24), [f"class {k}" for k in range(24)]),
    "confusion of a thousand": lambda: plots.confusion(counts(1000), [f"class {k}" for k in range(1000)], "ImageNet"),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_figure_is_legible_and_can_be_saved(name, tmp_path):
    figure = EVERY[name]()
    assert isinstance(figure, matplotlib.figure.Figure)
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    if len(texts(figure)) < 80:                                 # beyond, too many pairs to compare
        check_layout(figure, drawn=True)
    with Image.open(tmp_path / "a.png") as opened:
        pixels = np.asarray(opened.convert("RGB"))
    assert (pixels[0, 0] == 255).all() and 0.0005 < (pixels != 255).mean() < 0.98


@pytest.mark.parametrize("name", ["samples of all sizes", "eight runs", "confusion of two"])
def test_the_settings_of_the_user_do_not_matter(name):
    plain = EVERY[name]()
    plain.canvas.draw()
    with matplotlib.rc_context({"text.color": "white", "axes.facecolor": "black", "figure.facecolor": "black",
                                "font.family": "monospace", "xtick.color": "white", "font.size": 20, "lines.linewidth": 7,
                                "image.cmap": "jet", "legend.facecolor": "red", "axes.grid": True, "lines.marker": "x"}):
        styled = EVERY[name]()
        styled.canvas.draw()
    assert np.array_equal(plain.canvas.buffer_rgba(), styled.canvas.buffer_rgba())


# ---------------------------------------------------------------------------- sheets

def shown(figure):
    """The pictures on the sheet, each with its left, right, bottom and top in inches."""
    return [(np.asarray(image.get_array()), image.get_extent()) for image in figure.axes[0].images]


def test_samples_show_the_pictures_as_they_are():
    grey, colour = picture(9, 9, 1), picture(9, 9)
    figure = plots.samples([grey // 4, colour], ["one", "two"])
    (first, _), (second, _) = shown(figure)
    assert np.array_equal(first, grey[:, :, 0] // 4) and np.array_equal(second, colour)
    assert figure.axes[0].images[0].get_clim() == (0, 255)      # a dark picture stays dark
    assert [text for text in texts(figure) if text in ("one", "two")] == ["one", "two"]


def test_samples_are_in_rows_and_keep_their_shapes():
    figure = plots.samples([picture(20, 10), picture(10, 20), picture(10, 10)], ["tall", "wide", "next row"], columns=2)
    (_, tall), (_, wide), (_, third) = shown(figure)
    assert (tall[2] - tall[3]) / (tall[1] - tall[0]) == pytest.approx(2)
    assert (wide[2] - wide[3]) / (wide[1] - wide[0]) == pytest.approx(0.5)
    assert tall[1] < wide[0] and third[3] > wide[2] and third[0] < wide[0]


@pytest.mark.parametrize("side, count, columns", [(32, 25, 10), (224, 25, 6), (32, 3, 3)])
def test_samples_side_by_side(side, count, columns):
    figure = plots.samples(np.zeros((count, side, side, 3), np.uint8), ["a"] * count)
    assert len({round(extent[0], 6) for _, extent in shown(figure)}) == columns


def test_long_labels_have_two_lines_and_are_cut_and_short_ones_are_not():
    found = texts(plots.samples([picture(9, 9)] * 3, ["crescent? hourglass", "cat", "German shepherd, German police dog"]))
    assert {"crescent?", "hourglass", "cat", "German"} <= set(found)
    cut, = [text for text in found if text.startswith("shepherd")]
    assert cut.endswith(" ...") and len(cut) > 8


def test_a_mistake_says_how_sure_the_answer_was_and_what_is_the_truth():
    found = texts(plots.mistakes([picture(9, 9)] * 2, ["daisy", "W" * 60], [0.987, 0.5], ["tulip", "a"]))
    assert {"99 % daisy", "truth: tulip", "truth: a"} <= set(found)
    assert any(text.startswith("50 % WW") and text.endswith(" ...") for text in found)      # the number is not cut off
    assert {"99 % automobile", "truth: automobile"} <= set(
        texts(plots.mistakes([picture(9, 9)], ["automobile"], [0.987], ["automobile"])))


def test_labels_need_not_be_strings():
    assert "7" in texts(plots.samples([picture(9, 9)], np.array([7])))


def test_before_and_after_shows_all():
    original, crops, mirror = photograph(), [photograph(40, 40), photograph(41, 40)], photograph()[:, ::-1]
    figure = plots.before_after(original, [("crops", crops), ("mirror", [mirror])], "title")
    pictures = shown(figure)
    assert [image.shape for image, _ in pictures] == [(60, 80, 3), (40, 40, 3), (41, 40, 3), (60, 80, 3)]
    assert np.array_equal(pictures[0][0], original) and np.array_equal(pictures[3][0], mirror)
    assert all(extent[0] > pictures[0][1][1] for _, extent in pictures[1:])                 # right of the original
    assert pictures[3][1][3] > pictures[2][1][2]                                            # the next row
    assert {"crops", "mirror", "title", "the picture, 80 x 60"} <= set(texts(figure))


def test_sheets_change_nothing():
    image = picture(9, 9)
    before = image.copy()
    plots.samples([image], ["a"])
    plots.before_after(image, [("a", [image])])
    assert np.array_equal(image, before)


# ---------------------------------------------------------------------------- curves

def lines(axes):
    """(x, y) of every line that is no grid: two for each run, training first."""
    return [(line.get_xdata(), line.get_ydata()) for line in axes.lines]


def test_curves_go_through_the_numbers():
    figure = plots.curves({"a": [row(1, 2.0, 2.5, 0.25, 0.125), row(2, 1.0, 1.5, 0.5, 0.75)]})
    left, right = figure.axes
    (epochs, training), (_, held_out) = lines(left)
    assert epochs.tolist() == [1, 2] and training.tolist() == [2, 1] and held_out.tolist() == [2.5, 1.5]
    (_, training), (_, held_out) = lines(right)
    assert training.tolist() == [25, 50] and held_out.tolist() == [12.5, 75]
    assert left.lines[0].get_linestyle() == "--" and left.lines[1].get_linestyle() == "-"
    assert 0 in left.get_yticks() and right.get_yticks()[[0, -1]].tolist() == [0, 100]
    assert {"a", "loss", "right, %", "epoch"} <= set(texts(figure))


@pytest.mark.parametrize("share", [0, 0.5, 0.98, 1])
def test_no_point_lies_on_the_edge(share):
    left, right = plots.curves({"a": [row(1, 1, 1, share, share), row(2, 0, 0, 1, share)]}).axes
    for axes in (left, right):
        low, high = axes.get_ylim()
        for _, values in lines(axes):
            assert ((values > low + 0.02 * (high - low)) & (values < high - 0.02 * (high - low))).all()


def test_what_is_missing_leaves_a_gap():
    rows = run(5)
    rows[1]["loss"], rows[2]["loss"], rows[3]["loss"] = None, float("nan"), float("inf")
    del rows[4]["top1"]
    rows[0]["train_loss"] = ""                                  # an empty field of the file
    left, right = plots.curves({"a": rows}).axes
    assert np.isnan(lines(left)[1][1]).tolist() == [False, True, True, True, False]
    assert np.isnan(lines(right)[1][1]).tolist() == [False] * 4 + [True]
    assert np.isnan(lines(left)[0][1]).tolist() == [True] + [False] * 4


def test_numbers_may_come_as_text():
    rows = [{"epoch": "1", "loss": "0.5", "top1": "0.9"}]
    left, right = plots.curves({"a": rows}).axes
    assert lines(left)[1][1].tolist() == [0.5] and lines(right)[1][1] == pytest.approx([90])


def test_runs_have_colours_of_their_own_and_a_legend():
    figure = plots.curves({f"run {k}": run(3 + k) for k in range(8)})
    left, right = figure.axes
    assert len({line.get_color() for line in left.lines}) == 8
    assert [line.get_color() for line in left.lines] == [line.get_color() for line in right.lines]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"run {k}" for k in range(8)]
    assert not plots.curves({"one": run(3)}).legends


def test_runs_beyond_the_colours_have_other_marks():
    figure = plots.curves({f"run {k}": run(2) for k in range(9)})
    first, last = figure.axes[0].lines[1], figure.axes[0].lines[17]
    assert first.get_color() == last.get_color() and first.get_marker() != last.get_marker()


def test_long_names_are_told_apart():
    figure = plots.curves({"runs/" + "x" * 40 + end: run(2) for end in ("first", "second")})
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[0].endswith("first") and names[1].endswith("second") and max(map(len, names)) <= 28


def test_an_empty_run_among_others():
    figure = plots.curves({"a": run(3), "just begun": []})
    figure.canvas.draw()
    assert len(figure.legends[0].get_texts()) == 2 and len(lines(figure.axes[0])) == 4


def test_one_epoch_has_one_tick():
    left, right = plots.curves({"a": run(1)}).axes
    assert left.get_xticks().tolist() == [1] and right.get_xticks().tolist() == [1]


def test_no_accuracy_is_said():
    figure = plots.curves({"a": [{"epoch": 1, "loss": 2.0}]})
    assert texts(figure).count("no numbers") == 1


def test_very_different_losses_have_a_logarithmic_scale():
    assert EVERY["an overfitted run"]().axes[0].get_yscale() == "log"
    assert EVERY["one run"]().axes[0].get_yscale() == "linear"


def test_a_fall_of_the_learning_rate_is_marked():
    rates = [0.1, 0.1, 0.1, 0.01, 0.01, 0.001]
    figure = plots.curves({"a": [row(e, lr=rate) for e, rate in enumerate(rates, 1)]})
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [3.5, 5.5]
    assert caption(figure).endswith("Dotted: the learning rate falls to 0.01, 0.001.")
    smooth = [row(e, lr=0.1 * 0.4 ** e) for e in range(1, 6)]       # falls at every epoch: no steps
    assert "Dotted" not in caption(plots.curves({"a": smooth}))


def test_a_published_curve_is_grey():
    figure = plots.curves({"ours": run(3)}, reference={"note 3": [(1, 1.426, None), (2, 0.939, 1.1)]})
    grey = figure.axes[0].lines[2:]
    assert {line.get_color() for line in grey} == {"#8a8f94"}
    assert grey[0].get_ydata().tolist() == [1.426, 0.939]
    assert np.isnan(grey[1].get_ydata()).tolist() == [True, False]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ours", "note 3"]
    assert "Grey: published" in caption(figure)
    alone = plots.curves({}, reference={"note 3": [(1, 1.426, None)]})
    assert "note 3" in texts(alone)


# ---------------------------------------------------------------------------- losses

def test_losses_and_their_mean():
    values = np.arange(200.0)                                       # the mean is over 200 // 50 = 4 steps
    figure = plots.losses(values)
    (steps, pale), (_, dark) = lines(figure.axes[0])
    assert steps[0] == 1 and steps[-1] == 200 and pale.tolist() == values.tolist()
    assert dark[:6].tolist() == [0, 0.5, 1, 1.5, 2.5, 3.5]
    assert "the mean of the last 4 steps" in caption(figure)


def test_losses_that_are_not_finite_are_left_out_and_counted():
    values = np.ones(100)
    values[[3, 50]] = np.nan, np.inf
    figure = plots.losses(values)
    (_, pale), (_, dark) = lines(figure.axes[0])
    assert np.isnan(pale).sum() == 2 and (dark == 1).all()          # the mean of the finite ones
    assert caption(figure).endswith("Left out: 2 that are NaN or infinite.")
    plots.losses([np.nan]).canvas.draw()


@pytest.mark.parametrize("steps", [2, 31, 60, 99])
def test_the_loss_of_a_short_run_is_drawn_in_full_colour(steps):
    line, = plots.losses(np.ones(steps)).axes[0].lines
    assert line.get_alpha() == 1 and line.get_linewidth() >= 1.5


def test_few_losses_are_points():
    figure = plots.losses([2.0, 1.0])
    assert len(figure.axes[0].lines) == 1 and figure.axes[0].lines[0].get_marker() == "o"
    assert caption(figure) == "One number per step."


# ---------------------------------------------------------------------------- confusion

MATRIX = [[8, 2, 0], [5, 5, 10], [0, 0, 0]]
CLASSES = ["cat", "dog", "고양이"]


@pytest.fixture
def matrix():
    return plots.confusion(MATRIX, ["cat", "dog", "fox"], "three")


def test_confusion_counts_and_shares(matrix):
    axes = matrix.axes[0]
    assert np.asarray(axes.images[0].get_array()).tolist() == [[80, 20, 0], [25, 25, 50], [0, 0, 0]]
    cells = {tuple(map(int, text.get_position()[::-1])): text.get_text() for text in axes.texts}
    assert cells[0, 1] == "2" and cells[1, 0] == "5" and cells[1, 2] == "10" and cells[2, 2] == ""
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog", "fox"]
    assert axes.get_ylabel() == "truth" and axes.get_xlabel() == "answer"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]                  # the first class is at the top


def test_confusion_numbers_can_be_read_on_dark_and_on_light(matrix):
    colours = {text.get_text(): text.get_color() for text in matrix.axes[0].texts}
    assert colours["8"] == colours["10"] == "white" and colours["2"] == "#222222"


def test_confusion_names_the_most_frequent(matrix):
    assert caption(matrix) == ("13 of 30 right (43.3 %). Most often confused: dog taken for fox, 10 of 20; "
                               "dog taken for cat, 5 of 20; cat taken for dog, 2 of 10.")


def test_confusion_where_nothing_is_confused():
    assert caption(plots.confusion(np.eye(3, dtype=int) * 4, list("abc"))) == "12 of 12 right (100.0 %). Nothing was confused."
    assert caption(plots.confusion(np.zeros((2, 2)), list("ab"))) == "No pictures."


def test_many_classes_have_no_numbers():
    figure = plots.confusion(counts(100), [f"class {k}" for k in range(100)])
    assert not figure.axes[0].texts
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [str(k) for k in range(0, 100, 10)]


# ---------------------------------------------------------------------------- errors

@pytest.mark.parametrize("draw, said", [
    (lambda: plots.samples([], []), "at least one picture and as many labels, got 0 pictures and 0 labels"),
    (lambda: plots.samples([picture(9, 9)], ["a", "b"]), "got 1 picture and 2 labels"),
    (lambda: plots.samples([picture(9, 9)], ["a"], columns=-1), "columns must be at least 1, got -1"),
    (lambda: plots.samples([picture(9, 9), picture(9, 9) / 255], ["a", "b"]),
     r"picture 1 must be uint8 \(H, W, 3\) or \(H, W, 1\), got float64 \(9, 9, 3\)"),
    (lambda: plots.samples([picture(9, 9)[:, :, 0]], ["a"]), r"picture 0 must be .* got uint8 \(9, 9\)"),
    (lambda: plots.before_after(picture(9, 9), []), "at least one row"),
    (lambda: plots.before_after(picture(9, 9), [("crop", [])]), "a picture in every row"),
    (lambda: plots.before_after(picture(9, 9), [("crop", [picture(9, 9, 2)])]), "crop: picture 0 must be uint8"),
    (lambda: plots.before_after(picture(9, 9)[0], [("crop", [picture(9, 9)])]), "the picture must be uint8"),
    (lambda: plots.curves({}), "no epoch to draw"),
    (lambda: plots.curves({"a": []}), "no epoch to draw"),
    (lambda: plots.losses([]), r"losses must be \(N,\).* got \(0,\)"),
    (lambda: plots.losses(np.ones((2, 2))), r"got \(2, 2\)"),
    (lambda: plots.confusion(np.ones((2, 3)), ["a", "b"]), r"must be \(K, K\) with K names, got \(2, 3\) and 2 names"),
    (lambda: plots.confusion(np.ones((2, 2)), ["a"]), "and 1 names"),
    (lambda: plots.confusion([[0.5, 0.5], [0, 1]], ["a", "b"]), "whole numbers from 0; give counts, not shares"),
    (lambda: plots.confusion([[-1, 0], [0, 1]], ["a", "b"]), "whole numbers from 0"),
    (lambda: plots.confusion([[np.nan, 0], [0, 1]], ["a", "b"]), "whole numbers from 0")])
def test_arguments_that_cannot_be_drawn(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()
