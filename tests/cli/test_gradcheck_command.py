"""npnet gradcheck, as it is typed."""
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
    ("a.py:dir/my_layer.py: f, g ", ("a.py:dir/my_layer.py", "f, g")),
    ("MyLRN(n=5)", (None, "MyLRN(n=5)"))])
def test_the_parts_of_a_subject(subject, parts):
    assert gradcheck.parts(subject) == parts


def test_a_layer_of_ones_own(npnet_, mine):
    words = ["--shape", "2,7,5,4", "--backend", "numpy"]
    code, out, err = npnet_("gradcheck", "mine.py:Twice", *words)
    assert (code, err) == (0, "")
    assert out.startswith("running mine.py\nchecking Twice with 2x7x5x4\ngradient check passed\n")
    code, out, _ = npnet_("gradcheck", "mine.py:Twice(slope=3)", *words)
    assert code == 1 and "gradient check FAILED" in out and "1.5 x numeric" in out
    assert npnet_("gradcheck", "mine.py:Twice(slope=3)", *words, "--train")[0] == 0


def test_a_pair_of_functions(npnet_, mine):
    shapes = ["--shape", "4,6", "--shape", "6,3", "--backend", "numpy"]
    code, out, _ = npnet_("gradcheck", "mine.py:forward,backward", *shapes)
    assert code == 0 and "checking forward,backward with 4x6 and 6x3" in out and "right: x and w, all 42 numbers" in out
    assert "train is for layers" in one_line(npnet_("gradcheck", "mine.py:forward,backward", *shapes, "--train"))


def test_a_layer_of_npnet_with_a_shape(npnet_):
    code, out, _ = npnet_("gradcheck", "LRN(n=3, alpha=0.7)", "--shape", "2,7,3,3", "--backend", "numpy")
    assert code == 0 and "running" not in out and "gradient check passed" in out


@pytest.mark.parametrize("subject, shapes, text", [
    ("mine.py:Twice()", [], "the shape of the input is missing: the number of pictures first"),
    ("mine.py:Twice()", ["2,7,x,4"], "--shape must be whole numbers of at least 1 with commas between them, like "
                                     "2,7,5,4; got '2,7,x,4'"),
    ("mine.py:Twice()", ["2,0"], "got '2,0'"),
    ("mine.py:Twice()", ["2,3", "4"], "Twice() is a layer and has one input, but there are 2 shapes"),
    ("mine.py", ["2,3"], "mine.py names a file but no layer in it; write 'mine.py:MyLayer()'"),
    ("LRM", [], "npnet has no LRM; did you mean LRN"),
])
def test_mistakes_are_one_sentence(npnet_, mine, subject, shapes, text):
    words = [word for shape in shapes for word in ("--shape", shape)]
    assert text in one_line(npnet_("gradcheck", subject, *words, "--backend", "numpy"))
