"""plots.trace: bars are where and as long as the times, and the picture is legible."""
import pytest
from matplotlib.text import Text
from test_plots import check_layout, no_warnings, texts  # noqa: F401

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")

from npnet import plots  # noqa: E402

ROWS = [(0, 3, "forward", "conv1", 100.0, 110.0), (0, 3, "forward", "relu1", 110.0, 110.1),
        (0, 3, "forward", "fc2", 111.0, 120.0), (0, 3, "gather", "logits", 120.0, 121.0),
        (0, 3, "backward", "fc2", 125.0, 140.0), (0, 3, "Allreduce", "fc2", 140.0, 150.0),
        (0, 3, "backward", "conv1", 142.0, 160.0), (0, 3, "Allreduce", "conv1", 160.0, 180.0),
        (0, 3, "wait", "", 160.0, 180.0), (0, 2, "forward", "conv1", 0.0, 50.0)]


def both(rows):
    """The same on a second rank, a little later."""
    return rows + [(1, *row[1:4], row[4] + 5, row[5] + 5) for row in rows]


def spans(figure):
    """(start, end) of every bar."""
    extents = [path.get_extents() for bars in figure.axes[0].collections for path in bars.get_paths()]
    return sorted((round(box.x0, 3), round(box.x1, 3)) for box in extents)


def test_the_bars_of_the_last_step_are_as_long_as_the_times():
    figure = plots.trace(ROWS)

    assert (0, 10) in spans(figure) and (25, 40) in spans(figure) and spans(figure).count((60, 80)) == 2
    assert len(spans(figure)) == len(ROWS) - 1
    assert "step 3" in texts(figure) and "rank 0: computing" in texts(figure)
    assert spans(plots.trace(ROWS, step=2)) == [(0, 50)]


def test_colours_are_those_of_layers_with_an_allreduce():
    figure = plots.trace(ROWS)
    legend = [text.get_text() for text in figure.legends[0].findobj(Text)]
    colours = [tuple(bars.get_facecolor()[0][:3]) for bars in figure.axes[0].collections]

    assert [name for name in legend if name] == ["conv1", "fc2", "others", "waiting"]
    assert colours[0] == colours[6] == colours[5 + 2] and colours[0] != colours[2]      # conv1 above and below
    assert colours[1] == colours[3]                                                     # grey


@pytest.mark.parametrize("rows", [ROWS, both(ROWS)])
def test_a_trace_is_legible(rows, tmp_path):
    figure = plots.trace(rows, title="two ranks, 1 gbit")
    plots.save(figure, tmp_path / "a.png", dpi=figure.dpi)
    check_layout(figure, drawn=True)
    assert "two ranks, 1 gbit" in texts(figure)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="there is no step None to draw"):
        plots.trace([])
    with pytest.raises(ValueError, match="there is no step 7 to draw"):
        plots.trace(ROWS, step=7)
