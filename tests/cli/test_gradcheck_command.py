"""npnet gradcheck, as it is typed."""
import json

import pytest
from commands import one_line

from npnet import backend as backends
from npnet.backend import NUMPY
from npnet.cli import gradcheck
from npnet.diagnose import cases
from npnet.layers import LAYERS

COUNT = len(cases())                        # the layers' cases, and the loss
MINE = """
class Twice:
    def __init__(self, slope=2):
        self.slope = slope

    def forward(self, x, train=False):
        return x * (3 if train else 2)

    def backward(self, dy):
        return self.slope * dy


def forward(x, w):
    return x @ w


def backward(dy, x, w):
    return dy @ w.T, x.T @ dy
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with mine.py, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)


def test_every_layer_and_the_loss(npnet_):
    code, out, err = npnet_("gradcheck", "--backend", "numpy")
    assert (code, err) == (0, "") and "WRONG" not in out
    for name in LAYERS:
        assert f"\n{name}(" in out
    assert "\nsoftmax_cross_entropy " in out and f"{COUNT} of {COUNT} are right" in out
    assert max(map(len, out.splitlines())) <= 79


def test_one_class(npnet_):
    code, out, _ = npnet_("gradcheck", "LRN", "--backend", "numpy")
    rows = [line for line in out.splitlines() if line.startswith("LRN(")]
    assert code == 0 and "backend numpy" in out and len(rows) == len(cases("LRN"))


def test_any_whole_number_is_a_seed(npnet_):
    for words in (["ReLU", "--seed", "-1"], ["ReLU()", "--shape", "2,3", "--seed", "-7"]):
        assert npnet_("gradcheck", *words, "--backend", "numpy")[0] == 0


def test_what_is_wrong_is_shown(npnet_, monkeypatch):
    def without_cross_term(dy, x, scale, n, alpha, beta, groups):
        return dy * scale ** -beta
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**NUMPY, "lrn_backward": without_cross_term})
    code, out, _ = npnet_("gradcheck", "LRN", "--backend", "mine")
    assert code == 1 and out.count("WRONG") == 6 and "0 of 5 are right, 5 WRONG" in out
    assert out.count("  gradient check FAILED") == 5


@pytest.mark.parametrize("subject, parts", [
    ("my_layer.py:MyLRN(n=5)", ("my_layer.py", "MyLRN(n=5)")),
    (r"C:\work\my_layer.py:MyLRN(n=5)", (r"C:\work\my_layer.py", "MyLRN(n=5)")),
    ("a.py:dir/my_layer.py: f, g ", ("a.py:dir/my_layer.py", "f, g")), ("hw2.ipynb:Conv", ("hw2.ipynb", "Conv")),
    ("my_layer.py", ("my_layer.py", "")), ("my_layer.py:", ("my_layer.py", "")), ("hw.2.ipynb", ("hw.2.ipynb", "")),
    ("f.py:lambda x: x, lambda dy, x: dy", ("f.py", "lambda x: x, lambda dy, x: dy")),
    ("MyLRN(n=5)", (None, "MyLRN(n=5)"))])
def test_the_parts_of_a_subject(subject, parts):
    assert gradcheck.parts(subject) == parts


def test_a_layer_of_ones_own(npnet_, mine):
    words = ["--shape", "2,7,5,4", "--backend", "numpy"]
    code, out, err = npnet_("gradcheck", "mine.py:Twice", *words)
    assert (code, err) == (0, "")
    assert out.startswith("running mine.py\nchecking Twice with 2x7x5x4\ngradient check passed\n")
    code, out, _ = npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)
    assert code == 1 and "gradient check FAILED" in out and "times the right one" in out
    assert npnet_("gradcheck", "mine.py:Twice(slope=3)", *words, "--train")[0] == 0


def test_a_pair_of_functions(npnet_, mine):
    shapes = ["--shape", "4,6", "--shape", "6,3", "--backend", "numpy"]
    code, out, _ = npnet_("gradcheck", "mine.py:forward,backward", *shapes)
    assert code == 0 and "checking forward,backward with 4x6 and 6x3" in out and "right: x and w, all 42 numbers" in out


def test_a_layer_of_npnet_with_a_shape(npnet_):
    code, out, _ = npnet_("gradcheck", "LRN(n=3, alpha=0.7)", "--shape", "2,7,3,3", "--backend", "numpy")
    assert code == 0 and "running" not in out and "gradient check passed" in out


@pytest.mark.parametrize("subject, shapes, text", [
    ("mine.py:Twice()", [], "the shape of the input is missing: the number of pictures first"),
    ("mine.py:Twice()", ["2,7,x,4"], "--shape must be whole numbers of at least 1 with commas between them, like "
                                     "2,7,5,4; got '2,7,x,4'"),
    ("mine.py:Twice()", ["2,0"], "got '2,0'"),
    ("mine.py:Twice()", ["2,3", "4"], "Twice() has 1 input, x, but there are 2 shapes"),
    ("LRM", [], "npnet has no LRM; did you mean LRN"),
    (".", [], ". is a folder; name a file in it, such as 'layers.py'"),
    ("mine:Twice(slope=3)", ["2,3"], "mine is no file; did you mean 'mine.py:Twice(slope=3)'?"),
    ("mine", [], "mine is no file; did you mean 'mine.py'?"),
])
def test_mistakes_are_one_sentence(npnet_, mine, subject, shapes, text):
    words = [word for shape in shapes for word in ("--shape", shape)]
    assert text in one_line(npnet_("gradcheck", subject, *words, "--backend", "numpy"))


# ------------------------------------------------------------------------------- options

def test_settings_of_a_forward(npnet_, mine, tmp_path):
    (tmp_path / "scale.py").write_text("def scale_forward(x, scale_param):\n    by = scale_param['by']\n    return by * x, by\n\n"
                                       "def scale_backward(dout, cache):\n    return cache * dout\n")
    words = ["--shape", "2,3", "--backend", "numpy"]
    for param in (["by=3"], ['{"by": 3}'], ["{'by': 3}"], ["by=2", "by=3"]):
        options = [word for text in param for word in ("--param", text)]
        code, out, _ = npnet_("gradcheck", "scale.py:scale_forward,scale_backward", *words, *options)
        assert code == 0 and "passed" in out
    assert "--param must be settings with their values, like stride=2,pad=1 or " in one_line(
        npnet_("gradcheck", "scale.py:scale_forward,scale_backward", *words, "--param", "3"))


@pytest.mark.parametrize("texts, found", [
    (["stride=2,pad=1"], {"stride": 2, "pad": 1}), (["size=(3, 2)"], {"size": (3, 2)}), (["mode=train"], {"mode": "train"}),
    (['{"bias": true, "mask": null}'], {"bias": True, "mask": None}), (["p=0.5", "p=0.25"], {"p": 0.25}), (None, None)])
def test_the_forms_of_settings(texts, found):
    assert gradcheck.settings(texts) == found


@pytest.mark.parametrize("text", ["2", "stride", "{1: 2}", "f(x)=3", "a=b()", "[1]"])
def test_what_is_no_setting(text):
    with pytest.raises(ValueError, match="--param must be settings"):
        gradcheck.settings([text])


def test_a_file_alone(npnet_, mine, tmp_path):
    code, out, _ = npnet_("gradcheck", "mine.py", "--backend", "numpy")
    assert code == 2 and out == ("mine.py holds\n    Twice(slope=2)\n    forward(x, w), backward(dy, x, w)\nsay which, and the shape of its input:\n"
                                 "    npnet gradcheck \"mine.py:Twice\" --shape 4,5\n")
    (tmp_path / "one.py").write_text(MINE[:MINE.index("def forward(x, w)")])
    assert "passed" in npnet_("gradcheck", "one.py", "--shape", "2,3", "--backend", "numpy")[1]
    assert 'for instance npnet gradcheck "one.py:Twice" --shape 4,5' in one_line(npnet_("gradcheck", "one.py:"))
    (tmp_path / "none.py").write_text("x = 1")
    assert "none.py holds no class with forward and backward" in one_line(npnet_("gradcheck", "none.py"))


def test_json(npnet_, mine):
    words = ["--shape", "2,3", "--backend", "numpy", "--json"]
    code, out, err = npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)
    found = json.loads(out)
    assert (code, err) == (1, "") and not found["ok"] and found["shapes"] == [[2, 3]]
    assert found["arrays"][0]["name"] == "x" and found["arrays"][0]["verdict"] == "wrong"
    assert json.loads(npnet_("gradcheck", "mine.py:Twice", *words)[1])["ok"] is True
    found = json.loads(npnet_("gradcheck", "ReLU", "--backend", "numpy", "--json")[1])
    assert found["ok"] and found["cases"][0]["layer"] == "ReLU()"


def test_pictures(npnet_, mine, tmp_path):
    pytest.importorskip("matplotlib")
    words = ["--shape", "2,3", "--backend", "numpy", "--draw"]
    assert "the drawing is gradient_x.png" in npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)[1]
    assert "the drawing is gradient_x.png" in npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)[1]      # npnet's own
    assert "the drawing is a.png" in npnet_("gradcheck", "mine.py:Twice(slope=3)", *words, "a.png")[1]
    assert (tmp_path / "a.png").stat().st_size > 1000
    (tmp_path / "gradient_x.png").write_text("mine")
    code, _, err = npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)
    assert code == 2 and "gradient_x.png is there and was not drawn by npnet" in err
    assert "nothing is drawn: no gradient is wrong" in npnet_("gradcheck", "mine.py:Twice", *words)[1]


@pytest.mark.parametrize("words, text", [
    (["mine.py:Twice", "--draw", "a.txt"], "a.txt must end in ."), (["mine.py:Twice", "--draw", "."], ". is a folder; name a picture in it"),
    (["--draw", "mine.py:Twice"], "--draw took 'mine.py:Twice' for the name of a picture; put --draw last")])
def test_what_is_no_picture_is_refused_before_the_check(npnet_, mine, monkeypatch, words, text):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(gradcheck, "check_file", None)              # would raise
    assert text in one_line(npnet_("gradcheck", *words, "--shape", "2,3"))


def test_what_could_not_be_checked_is_1(npnet_, mine, monkeypatch):
    real = gradcheck.check_file

    def with_a_hidden_array(*arguments, **options):
        found = real(*arguments, **options)
        found.unchecked["weights"] = "no gradient of its shape was found; looked in .grads"
        return found
    monkeypatch.setattr(gradcheck, "check_file", with_a_hidden_array)
    code, out, _ = npnet_("gradcheck", "mine.py:Twice", "--shape", "2,3", "--backend", "numpy")
    assert code == 1 and "FAILED: weights could not be checked" in out and "not checked: weights (" in out


def test_a_whole_network(npnet_):
    words = ["--net", "lenet5", "--classes", "3", "--seconds", "1", "--entries", "2", "--backend", "numpy"]
    code, out, _ = npnet_("gradcheck", *words)
    assert code == 0 and "checking lenet5, input 1 x 28 x 28, in float64" in out and "passed: " in out
    assert max(map(len, out.splitlines())) <= 79
    found = json.loads(npnet_("gradcheck", *words, "--json")[1])
    assert found["ok"] and {"conv1.w", "the network"} <= {array["name"] for array in found["arrays"]}
    assert "leave 'ReLU' out" in one_line(npnet_("gradcheck", "ReLU", *words))
    assert "--shape and --draw are for a layer of your own" in one_line(npnet_("gradcheck", *words, "--shape", "2", "--draw"))


@pytest.mark.parametrize("words, text", [
    (["--seconds", "3"], "--seconds is for --net"), (["ReLU", "--thorough"], "--thorough is for a layer of your own"),
    (["--shapes", "2,3"], "unrecognized arguments: --shapes; did you mean --shape? See npnet gradcheck --help"),
    (["mine.py:Twice", "--shape", "2,3", "--labels", "a"], "--labels must be whole numbers of at least 0"),
    (["mine.py:Twice", "--shape", "2,3", "--labels", "1"], "labels must be 2 whole numbers, one for each picture"),
    (["mine.py:Twice", "--shape", "2,3", "--like", "Conv3D(1)"], "npnet has no Conv3D; did you mean Conv2D"),
])
def test_options_that_mean_nothing(npnet_, mine, words, text):
    assert text in one_line(npnet_("gradcheck", *words, "--backend", "numpy"))
