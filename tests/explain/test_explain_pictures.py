"""The pictures of a walk: which there are, and that none is blank."""
import numpy as np
import pytest
from PIL import Image

from networks import every_class, small, walked
from npnet import Conv2D, Network
from npnet.cli import main
from npnet.explain import pictures


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


def test_a_picture_of_the_users_is_not_written_over(random, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "00-input.png")
    before = (tmp_path / "00-input.png").read_bytes()
    with pytest.raises(FileExistsError, match="00-input.png is there, and npnet did not draw it; give another folder"):
        pictures.save(walked(small(), random), tmp_path, 0)
    assert (tmp_path / "00-input.png").read_bytes() == before
    for _ in range(2):                                          # npnet's own are drawn anew
        pictures.save(walked(small(), random), tmp_path / "others", 0)
