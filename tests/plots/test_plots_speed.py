"""plots of speed: points below their roof, bars as long as times, lines through the numbers given."""
import numpy as np
import pytest
from matplotlib.text import Annotation
from test_plots import check_layout, no_warnings, texts  # noqa: F401

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")

from npnet import plots  # noqa: E402

NAMES = [f"{kind}{number}" for kind, count in (("conv", 5), ("relu", 7), ("norm", 2), ("pool", 3), ("fc", 3)) for number in range(1, count + 1)]


def points(seed=0):
    """Twenty layers, some of them with the same number of operations for each byte."""
    random = np.random.default_rng(seed)
    return [(name, {"conv": 120.0 + 9 * i, "relu": 0.125, "norm": 1.17, "pool": 0.4, "fc": 7.0}[name[:-1]],
             {"npnet": float(random.uniform(1e9, 2e9) * (100 if name[0] in "cf" else 1)),
              "PyTorch": float(random.uniform(1e9, 2e9) * (100 if name[0] in "cf" else 1))}) for i, name in enumerate(NAMES)]


def test_a_roofline_is_legible_and_names_every_layer(tmp_path):
    figure = plots.roofline({"forward": points(), "backward": points(1)}, 3e11, 3e10, "krizhevsky2012, batch 16")
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    assert all(texts(figure).count(name) == 2 for name in NAMES)
    assert {"npnet", "PyTorch", "forward", "backward", "krizhevsky2012, batch 16"} <= set(texts(figure))


def test_the_roof_and_the_points_are_where_they_should_be():
    figure = plots.roofline({"forward": [("fc6", 0.5, {"npnet": 4e9}), ("conv1", 200.0, {"npnet": 1e11})]}, 3e11, 3e10)
    axes, = figure.axes
    roof = axes.lines[0]
    x, y = roof.get_data()
    assert np.interp(10.0, x, y) == pytest.approx(300) and y[0] == pytest.approx(30 * x[0]) and y[-1] == 300
    marks = {tuple(float(part[0]) for part in line.get_data()) for line in axes.lines if line.get_marker() == "o"}
    assert marks == {(0.5, 4.0), (200.0, 100.0)}
    assert {text.get_text(): text.xy for text in axes.texts if isinstance(text, Annotation) and text.get_text()} == {"fc6": (0.5, 4.0), "conv1": (200.0, 100.0)}


def test_a_roofline_leaves_out_what_moves_nothing():
    figure = plots.roofline({"forward": [("flatten", 0.0, {"npnet": 0.0}), ("relu1", 0.1, {"npnet": 1e9})]}, 3e11, 3e10)
    assert "flatten" not in texts(figure) and "relu1" in texts(figure)
    with pytest.raises(ValueError, match="there is no layer to draw"):
        plots.roofline({"forward": [("flatten", 0.0, {"npnet": 0.0})]}, 3e11, 3e10)


def test_bars_are_as_long_as_the_times(tmp_path):
    times = {"forward": {"npnet": [1.0, 0.002, None], "PyTorch": [2.5, 30.0, None]}, "backward": {"npnet": [3.0, 1234.0, 5.0], "PyTorch": [4.0, 5.0, 6.0]}}
    figure = plots.layer_times(["conv1", "relu1", "update"], times, {"forward": [0.5, 0.0, None], "backward": [1.0, 1.0, 1.0]}, "a title")
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    left, right = figure.axes
    assert [[bar.get_width() for bar in bars] for bars in left.containers] == [[1.0, 0.002, 0], [2.5, 30.0, 0]]
    assert {"1", "0.002", "2.5", "30"} <= set(texts(figure)) and "1234" in texts(figure)
    assert [line.get_xdata()[0] for line in left.lines] == [0.5] and len(right.lines) == 3
    assert [label.get_text() for label in left.get_yticklabels()] == ["conv1", "relu1", "update"]


def test_bars_of_many_layers_are_legible():
    times = {way: {side: np.linspace(0.01, 300, len(NAMES)) for side in ("npnet", "PyTorch")} for way in ("forward", "backward")}
    check_layout(plots.layer_times(NAMES, times))
    check_layout(plots.layer_times(NAMES[:2], {"forward": {"npnet": [1.0, 2.0]}}, title="one side"))


def test_bars_need_a_time_for_every_layer():
    with pytest.raises(ValueError, match="every side needs one time for each layer, got 1 for 2"):
        plots.layer_times(["a", "b"], {"forward": {"npnet": [1.0]}})


PANELS = [("pictures in a batch", "krizhevsky2012, 2 threads",
           {name: ((1, 2, 4, 8, 16, 32, 64, 128, 256), np.linspace(20, 9, 9) * scale)
            for name, scale in (("forward, numba", 1), ("step, numba", 3), ("forward, numpy", 2), ("step, numpy", 6))}),
          ("threads", "krizhevsky2012, batch 16", {"forward, numba": ((1, 2), (20.0, 11.0)), "step, numba": ((1,), (60.0,))}),
          ("pixels on a side", "cifar_alexnet, batch 4",
           {"forward, numba": ((32, 48, 64, 96, 128, 192, 256, 384, 512), np.geomspace(3, 900, 9))})]


def test_growth_is_legible_and_goes_through_the_numbers(tmp_path):
    figure = plots.growth(PANELS, "ms for each picture", "Cost against size")
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    first, second, third = figure.axes
    assert [line.get_data()[0].tolist() for line in second.lines] == [[1, 2], [1]]
    assert first.lines[3].get_ydata().tolist() == (np.linspace(20, 9, 9) * 6).tolist()
    assert {"forward, numba", "step, numpy", "ms for each picture", "threads"} <= set(texts(figure))
    assert first.get_xscale() == first.get_yscale() == "log"


def test_growth_needs_as_many_times_as_places():
    with pytest.raises(ValueError, match="numba needs as many times as places, and at least one, got 1 for 2 places of threads"):
        plots.growth([("threads", "", {"numba": ((1, 2), (3.0,))})], "ms")


def test_a_ladder_is_legible_and_as_long_as_its_rates(tmp_path):
    rates = [0.002, 0.36, 1.2, 57.0, 67.0, 183.0]
    figure = plots.ladder([f"{number} a text with a long name" for number in range(6)], rates, 137.0, "One convolution")
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    axes, = figure.axes
    assert axes.get_xscale() == "log" and axes.lines[0].get_xdata().tolist() == [137, 137]
    np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in axes.patches], rates)
    assert {"0.002", "0.36", "180 times quicker", "183", "2.73 times quicker"} <= set(texts(figure))
    check_layout(plots.ladder(["alone"], [3.0]))


@pytest.mark.parametrize("rates", [[1.0], [1.0, 0.0], [1.0, -2.0]])
def test_a_ladder_needs_a_positive_rate_for_each_name(rates):
    with pytest.raises(ValueError, match=f"a ladder needs one positive rate for each name, got {len(rates)} for 2 names"):
        plots.ladder(["a", "b"], rates)
