"""npnet summary, as it is typed."""
import json

import numpy as np

import npnet
from commands import one_line
from npnet.weights.readers.arrays import write_npz


def test_summary(npnet_):
    code, out, err = npnet_("summary", "--net", "lenet5")
    assert (code, err) == (0, "") and out.startswith("lenet5: 1x28x28 in, 10 out, float32\n")
    assert "total                61,706   416,520     406,656" in out


def test_summary_of_the_paper_is_the_default(npnet_):
    code, out, _ = npnet_("summary")
    assert code == 0 and out.startswith("krizhevsky2012: 3x227x227 in, 1000 out")
    assert "650,000        659,272" in out


def test_summary_in_torchs_style(npnet_):
    code, out, _ = npnet_("summary", "--net", "caffe_lenet", "--classes", "7", "--style", "torchsummary")
    assert code == 0 and "            Linear-7                    [-1, 7]           3,507\n" in out


def test_summary_as_json(npnet_):
    data = json.loads(npnet_("summary", "--net", "lenet5", "--size", "32", "--json")[1])
    assert data["input_shape"] == [1, 32, 32] and data["parameters"] == 61_706


def test_summary_of_a_file(npnet_, tmp_path):
    npnet.use("numpy")
    net = npnet.model("lenet5", classes=4)
    net.freeze("conv1")
    net.save(tmp_path / "a.npz")
    code, out, _ = npnet_("summary", "--weights", str(tmp_path / "a.npz"))
    assert code == 0 and out.startswith("lenet5: 1x28x28 in, 4 out") and "conv1*" in out
    (tmp_path / "b.npz").write_bytes(b"nothing of the kind")
    assert "b.npz is no file of weights that npnet knows" in one_line(npnet_("summary", "--weights", str(tmp_path / "b.npz")))
    write_npz(tmp_path / "c.npz", npnet.model("lenet5", classes=4))                         # of others, by any name
    assert npnet_("summary", "--weights", str(tmp_path / "c.npz"))[1].startswith("lenet5: 1x28x28 in, 4 out")
    assert npnet_("summary", "--weights", "cifar_alexnet")[1].startswith("cifar_alexnet: 3x32x32 in, 10 out")


def test_summary_of_a_run(npnet_, runs):
    code, out, _ = npnet_("summary", "--weights", str(runs / "a"))
    assert code == 0 and "x16x16 in, 3 out, float32" in out.splitlines()[0]


def test_summary_draws_the_network(npnet_, tmp_path):
    from PIL import Image

    code, out, err = npnet_("summary", "--net", "lenet5", "--draw", str(tmp_path / "net.png"))
    assert (code, err) == (0, "") and "61,706" in out and out.endswith(f"the drawing is {tmp_path / 'net.png'}\n")
    with Image.open(tmp_path / "net.png") as drawn:
        assert len(np.unique(np.asarray(drawn))) > 50


def test_summary_drawn_where_nothing_can_be_written(npnet_, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = npnet_("summary", "--net", "lenet5", "--draw", str(tmp_path / "file" / "net.png"))
    assert code == 2 and err.count("\n") == 1 and "cannot be written" in err
