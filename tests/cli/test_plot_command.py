"""npnet plot: curves of runs, published ones beside them, and where the picture goes."""
import shutil

import pytest
from colours import width

from npnet.cli import main

pytestmark = pytest.mark.usefixtures("here")


def test_plot(runs, capsys, tmp_path):
    assert main(["plot", str(runs / "a"), str(runs / "b"), "--save", "both.png", "--filters"]) == 0
    said = capsys.readouterr().out

    assert "2 runs in both.png" in said and width("both.png") > 600
    assert (runs / "b" / "filters.png").exists()


def test_the_picture_of_one_run_goes_into_its_folder(runs, capsys, here):
    shutil.copytree(runs / "a", "a")
    assert main(["plot", "a"]) == 0
    assert "1 run in a/comparison.png" in capsys.readouterr().out and [path.name for path in here.iterdir()] == ["a"]
    assert main(["plot", "a", str(runs / "b")]) == 2
    assert "several runs need --save FILE" in capsys.readouterr().err

    (here / "a" / "comparison.png").write_bytes(b"mine")
    assert main(["plot", "a"]) == 2
    assert "a/comparison.png is there and was not drawn by npnet" in capsys.readouterr().err
    assert main(["plot", "a", "--save", "a/comparison.png"]) == 0 and width("a/comparison.png") > 600


def test_plot_beside_published_curves(runs, tmp_path):
    (tmp_path / "paper.csv").write_text("name,epoch,train_loss,loss\nnote,1,1.426,1.074\nnote,2,0.939,0.848\n")

    assert main(["plot", str(runs / "a"), "--reference", "paper.csv"]) == 0
    (tmp_path / "bad.csv").write_text("name,epoch\nnote,1\n")
    assert main(["plot", str(runs / "a"), "--reference", "bad.csv"]) == 2


@pytest.mark.parametrize("content, message", [
    (None, "is not the folder of a run: it has no history.csv"),
    ("epoch,loss\n", "no epoch is complete yet"),
    ("epoch,loss\nx,y\n", "is not a table of numbers"),
    ("epoch,loss\n1," + 200_000 * "1", "is not a table of numbers"),
])
def test_plot_what_is_no_run(content, message, capsys, tmp_path):
    (tmp_path / "run").mkdir()
    if content:
        (tmp_path / "run" / "history.csv").write_text(content)

    assert main(["plot", "run"]) == 2
    assert message in capsys.readouterr().err
