"""Drawings of a bench: one of each kind for every batch size."""
import pytest

from answered import data, scaling_data
from npnet import bench

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")
from matplotlib.text import Text  # noqa: E402

pytestmark = pytest.mark.usefixtures("weightless")


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("torch", [True, False])
def test_drawings_of_a_whole_bench(torch):
    figures = bench.drawings(data(torch=torch, batches=(16,)))
    assert sorted(figures) == ["layers_b16.png", "roofline_b16.png"]
    for name, figure in figures.items():
        found = texts(figure)
        assert ("PyTorch" in found) == torch and found.count("conv1") >= 2
        assert any("batch 16" in text for text in found)
        assert "update" in found and ("flatten" in found) == name.startswith("layers")


def test_a_layer_that_only_moves_memory_has_no_roofline():
    """A Flatten alone computes nothing."""
    found = data("lenet5", batches=(1,))
    found["layers"] = [row for row in found["layers"] if row["layer"] == "flatten"]
    assert list(bench.drawings(found)) == ["layers_b1.png"]


def test_cost_against_size_is_drawn_where_it_was_measured():
    figure = bench.scaling_drawing(scaling_data())
    last = figure.axes[2]
    assert sorted(len(line.get_xdata()) for line in last.lines) == [2, 2, 3, 3]
    assert {"forward, numba", "step, numpy", "pictures in a batch"} <= set(texts(figure))
