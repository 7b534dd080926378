"""A student's layer: its file is run, the layer is checked, and what is wrong with either is one sentence."""
import json
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import diagnose
from npnet.diagnose import check_file

STUDENTS = Path(__file__).with_name("students.py").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with my_layer.py, which is also the current one; a backend that needs no compiler."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_layer.py").write_text(STUDENTS)
    npnet.use("numpy")
    return tmp_path


def check(expression, *shapes, **options):
    return check_file("my_layer.py", expression, list(shapes), **options)


def verdicts(report):
    return {row.name: row.verdict for row in report.rows}


def line_of(text):
    """The number of a line of the student's file."""
    return 1 + STUDENTS.splitlines().index(text)


# ------------------------------------------------------------------------------- layers and functions

def test_a_right_layer():
    heard = []
    assert check("MyLRN(n=5)", (2, 7, 5, 4), say=heard.append).ok
    assert heard[:2] == ["running my_layer.py", "checking MyLRN(n=5) with 2x7x5x4"]


def test_the_shape_of_one_input_needs_no_list(folder):
    assert check_file(folder / "my_layer.py", "MyLRN", (2, 7, 5, 4)).ok
    assert check_file(None, "LRN(n=3, alpha=0.7)", (2, 7, 3, 3)).ok


def test_a_layer_without_the_cross_term():
    report = check("NoCrossTerm(n=5)", (2, 7, 5, 4))
    assert not report.ok and verdicts(report) == {"x": "wrong"} and report.rows[0].worst != ()


def test_a_layer_with_parameters_is_built():
    assert verdicts(check("MyDense(4)", (3, 5))) == {"x": "ok", "w": "ok", "b": "ok"}
    report = check("TwiceTheBias(4)", (3, 5))
    assert verdicts(report) == {"x": "ok", "w": "ok", "b": "wrong"} and report.causes["b"].kind == "factor"


def test_a_weight_of_1_hides_nothing():
    assert verdicts(check("ScaleWithoutW()", (3, 5))) == {"x": "wrong", "w": "ok"}


def test_train():
    assert not check("OnlyInTraining", (2, 3)).ok
    assert check("OnlyInTraining", (2, 3), train=True).ok


def test_seed():
    first, again, other = (str(check("NoCrossTerm", (2, 3, 2, 2), seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_pair_of_functions():
    heard = []
    assert check("forward,backward", (4, 6), (6, 3), say=heard.append).ok
    assert heard[1] == "checking forward,backward with 4x6 and 6x3"
    assert verdicts(check("forward,upside_down", (4, 6), (6, 3))) == {"x": "ok", "w": "wrong"}


def test_a_large_layer_is_checked_in_part():
    heard = []
    report = check("MyLRN", (1, 8, 20, 20), say=heard.append)
    assert report.ok and (report.rows[0].checked, report.rows[0].size) == (300, 3200)
    assert heard[2] == "of each array, 300 numbers are checked, drawn at random; a smaller shape checks all"


def test_a_file_may_import_its_neighbours_and_is_not_the_main_program(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "npnet_test_neighbour.py").write_text("two = 2\n")
    (folder / "sub" / "twice.py").write_text(
        "from npnet_test_neighbour import two\n\n"
        "class Twice:\n    def forward(self, x): return two * x\n    def backward(self, dy): return two * dy\n\n"
        "if __name__ == '__main__':\n    raise SystemExit('this is not to be run')\n")
    before = list(sys.path)
    assert check_file(str(folder / "sub" / "twice.py"), "Twice", [(2, 3)]).ok
    assert sys.path == before


def test_the_layers_of_a_file():
    assert set(diagnose.layers_of("my_layer.py")) == {
        "MyLRN", "NoCrossTerm", "MyDense", "TwiceTheBias", "ScaleWithoutW", "ListOfParams", "NothingBuilt",
        "OnlyInTraining", "Raises", "NoBackward", "Unfinished"}


# ------------------------------------------------------------------------------- files and their neighbours

RIGHT = "class Twice:\n    def forward(self, x): return two * x\n    def backward(self, dy): return two * dy\n"


def written(folder, **files):
    """Files in a folder: written(folder, a__b="two = 2") is a/b.py."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_pair_of_lambdas(folder):
    written(folder, scale="def f(x, by): return by * x\ndef g(dy, x, by): return by * dy\n")
    assert check_file("scale.py", "lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)", (2, 3)).ok
    assert not check_file("scale.py", "lambda x: f(x, 2), lambda dy, x: g(dy, x, 3)", (2, 3)).ok
    assert check_file("scale.py", "lambda x: f(x, np.pi), lambda dy, x: np.pi * dy", (2, 3)).ok


def test_the_only_layer_of_a_file_needs_no_name(folder):
    written(folder, one="two = 2\n" + RIGHT)
    assert check_file("one.py", "", (2, 3)).ok
    assert diagnose.subjects_of("my_layer.py")["forward,backward"] == "forward(x, w), backward(dy, x, w)"
    written(folder, many="from my_layer import MyLRN\ndef conv_forward(x): pass\ndef conv_backward(dy): pass\n"
            "def softmax_loss(x, y): pass\ndef help_forward(x): pass\nclass A:\n    def __call__(self, x): pass\n"
            "    def backprop(self, dy): pass\nclass B:\n    def forward(self, x): pass\n")
    assert diagnose.subjects_of("many.py") == {
        "A": "A()", "conv_forward,conv_backward": "conv_forward(x), conv_backward(dy)", "softmax_loss": "softmax_loss(x, y)"}


def test_a_setting_that_is_missing(folder):
    written(folder, scale="def f_forward(x, f_param):\n    return f_param['by'] * x, f_param\n"
            "def f_backward(dy, cache):\n    return cache['by'] * dy\n")
    with pytest.raises(ValueError, match="scale.py, line 2 in f_forward: KeyError: 'by'; if this is a setting, give it: --param by=..."):
        check_file("scale.py", "", (2, 3))
    assert check_file("scale.py", "", (2, 3), param={"by": 3}).ok


@pytest.mark.parametrize("files, path", [
    ({"pack__common": "two = 2", "pack__twice": "from .common import *\n" + RIGHT}, "pack/twice.py"),
    ({"pack____init__": "from .twice import Twice", "pack__common": "two = 2",
      "pack__twice": "from .common import two\n" + RIGHT}, "pack/twice.py"),
    ({"pack____init__": "import no_such_package", "pack__common": "two = 2",
      "pack__twice": "from .common import two\n" + RIGHT}, "pack/twice.py"),
    ({"pack__layers": "two = 2", "pack__sub__twice": "from ..layers import two\n" + RIGHT}, "pack/sub/twice.py"),
    ({"common__layers": "two = 2", "chapter__twice": "from common.layers import *\n" + RIGHT}, "chapter/twice.py"),
    ({"common__layers": "two = 2", "common__twice": "from common.layers import *\n" + RIGHT}, "common/twice.py"),
    ({"two": "two = 2", "a__b__twice": "from two import two\n" + RIGHT}, "a/b/twice.py"),
    ({"a____init__": "", "a__b____init__": "", "a__c": "two = 2", "a__b__twice": "from a.c import two\n" + RIGHT},
     "a/b/twice.py"),
    ({"random": "import numpy as np\nnp.random.rand()\ntwo = 2\n" + RIGHT}, "random.py"),
])
def test_a_file_finds_what_it_imports(folder, files, path):
    written(folder, **files)
    before, modules = list(sys.path), dict(sys.modules)
    assert check_file(path, "Twice", (2, 3)).ok and "Twice" in diagnose.layers_of(folder / path)
    assert sys.path == before and not {"common", "pack", "twice", "two", "a"} & set(sys.modules)
    assert all(sys.modules[name] is module for name, module in modules.items())


def test_what_is_imported_late_is_found_too(folder):
    written(folder, sub__npnet_test_late="two = 2", sub__twice=RIGHT.replace(
        "return two * x", "\n        from npnet_test_late import two\n        self.two = two\n        return two * x"
    ).replace("return two * dy", "return self.two * dy"))
    assert check_file("sub/twice.py", "Twice", (2, 3)).ok and "npnet_test_late" not in sys.modules


def test_two_files_with_neighbours_of_one_name(folder):
    for where, number in (("a", 2), ("b", 3)):
        written(folder, **{f"{where}__npnet_test_common": f"two = {number}\n",
                           f"{where}__twice": "from npnet_test_common import two\n" + RIGHT})
        assert check_file(f"{where}/twice.py", "Twice", (2, 3)).ok
        assert check_file(f"{where}/twice.py", f"lambda x: {number} * x, lambda dy, x: two * dy", (2, 3)).ok


def test_all_is_put_back(folder):
    written(folder, untidy="import os, sys, warnings, random\nimport numpy as np\nos.chdir('..')\nsys.path.append('x')\n"
            "sys.argv.append('y')\nnp.random.seed(1)\nrandom.seed(1)\nnp.seterr(all='raise')\n"
            "warnings.simplefilter('error')\nnp.set_printoptions(precision=2, legacy='1.13')\nos.environ['NPNET_X'] = 'y'\n"
            "os.environ.pop('HOME', None)\nsys.setrecursionlimit(5000)\nprint('loud')\nprint('loud', file=sys.stderr)\ntwo = 2\n" + RIGHT)
    def state():
        return (os.getcwd(), list(sys.path), list(sys.argv), np.random.get_state()[1].tolist(), random.getstate(),
                np.geterr(), list(warnings.filters), sys.stdin, sys.stdout, np.get_printoptions(), dict(os.environ),
                sys.getrecursionlimit())
    before = state()
    assert check_file("untidy.py", "Twice", (2, 3)).ok and state() == before


def test_nothing_is_shown_but_what_npnet_says(folder, capsys):
    written(folder, loud="print('loud')\ntwo = 2\n" + RIGHT.replace("return two * x", "print(x); return two * x"))
    assert check_file("loud.py", "Twice", (2, 3), say=print).ok
    assert capsys.readouterr() == ("running loud.py\nchecking Twice with 2x3\n", "")


def test_plots_are_not_shown_and_matplotlib_is_as_before(folder):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    written(folder, drawn="import matplotlib.pyplot as plt\nplt.rcParams['lines.linewidth'] = 9\nplt.plot([1, 2])\n"
            "plt.show()\ntwo = 2\n" + RIGHT)
    before, drawn = pyplot.rcParams["lines.linewidth"], pyplot.get_fignums()
    assert check_file("drawn.py", "Twice", (2, 3)).ok
    assert (pyplot.rcParams["lines.linewidth"], pyplot.get_fignums()) == (before, drawn)


def test_a_package_that_is_missing_and_not_needed(folder):
    written(folder, lacks="import no_such_package\nfrom no_such_other import mnist as data, f\ntwo = 2\n" + RIGHT,
            needs="from no_such_package import nn\nclass Twice(nn.Module):\n    pass\n")
    assert check_file("lacks.py", "Twice", (2, 3)).ok
    with pytest.raises(ValueError, match="needs.py, line 2: ModuleNotFoundError: No module named 'no_such_package'"):
        check_file("needs.py", "Twice", (2, 3))


def test_a_mistake_in_a_neighbour_is_named_there(folder):
    written(folder, sub__neighbour="\n\n1 / 0\n", sub__twice="from neighbour import *\n" + RIGHT)
    with pytest.raises(ValueError, match=r"^sub.neighbour.py, line 3: ZeroDivisionError: division by zero"):
        check_file("sub/twice.py", "Twice", (2, 3))


# ------------------------------------------------------------------------------- notebooks

def notebook(path, *cells):
    """A notebook of a text and these cells of code."""
    kinds = ["markdown", *["code"] * len(cells)]
    path.write_text(json.dumps({"nbformat": 4, "cells": [
        {"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in zip(kinds, ["# hw2", *cells])]}))


def test_a_notebook(folder):
    notebook(folder / "hw2.ipynb", "%matplotlib inline\nimport numpy as np\n!pip install x \\\n   y\nfiles = !ls\n",
             "%%bash\nls | wc", "import google.colab\nget_ipython().run_line_magic('cd', 'x')\ndisplay(1)",
             "open('cifar10')", "%%time\ndef helper(): return two\n", RIGHT.replace("two", "helper()"), "two = 2",
             "raise MemoryError('training for hours')")
    heard = []
    assert check_file("hw2.ipynb", "Twice", (2, 3), say=heard.append).ok
    assert heard == ["running hw2.ipynb, cells 1 to 8 of 9",
                     "hw2.ipynb, cell 5, line 1: FileNotFoundError: [Errno 2] No such file or directory: 'cifar10'; this "
                     "cell is left out", "checking Twice with 2x3"]


def test_the_training_below_is_not_run(folder):
    notebook(folder / "hw2.ipynb", "two = 2\nn = 0", "for x in range(3): n += 1", RIGHT, "for x in [0]:\n    open('cifar10')")
    heard = []
    assert check_file("hw2.ipynb", "Twice", (2, 3), say=heard.append).ok        # forward's own x is not the loop's
    assert heard[0] == "running hw2.ipynb, cells 1 to 4 of 5"
    assert list(diagnose.subjects_of("hw2.ipynb")) == ["Twice"]


@pytest.mark.parametrize("cells, text", [
    (["two = 2\nthree = four\n" + RIGHT], "hw2.ipynb, cell 2, line 2: NameError: name 'four' is not defined"),
    (["def f(:", "class Twice:\n    x = f("], "hw2.ipynb, cell 3, line 2: SyntaxError: "),
    (["a = 1"], "hw2.ipynb has no Twice; "),
])
def test_what_is_wrong_with_a_cell_has_its_number(folder, cells, text):
    notebook(folder / "hw2.ipynb", *cells)
    with pytest.raises(ValueError, match=text):
        check_file("hw2.ipynb", "Twice", (2, 3))


def test_what_a_layer_raises_is_its_cause(folder):
    notebook(folder / "hw2.ipynb", RIGHT.replace("two * dy", "dy[7]"), "two = 2")
    for found, where in ((check_file("hw2.ipynb", "Twice", (2, 3)), "cell 2"), (check("Raises()", (2, 7, 5, 4)), "my_layer.py")):
        assert not found.ok and found.causes[""].kind == "raised" and where in str(found)


def test_a_notebook_that_is_none(folder):
    (folder / "hw2.ipynb").write_text("no json")
    with pytest.raises(ValueError, match="hw2.ipynb is not a notebook: JSONDecodeError: "):
        check_file("hw2.ipynb", "Twice", (2, 3))


# ------------------------------------------------------------------------------- mistakes

@pytest.mark.parametrize("expression, shapes, text", [
    ("MyLRN()", [], "the shape of the input is missing: the number of pictures first"),
    ("MyLRN()", [(2, 0)], r"a shape must be whole numbers of at least 1, like \(2, 7, 5, 4\); got \[\(2, 0\)\]"),
    ("MyLRN()", [(2, 3), (4,)], r"MyLRN\(\) has 1 input, x, but there are 2 shapes"),
    ("MyLNR(n=5)", [(2, 3)], "my_layer.py has no MyLNR; did you mean MyLRN"),
    ("qqq", [(2, 3)], "my_layer.py has no qqq; a layer of your own is"),
    ("MyLRN(m=5)", [(2, 3)], r"MyLRN\(m=5\) cannot be made: .*; its form is MyLRN\(n=5, k=2, alpha=0.7, beta=0.75\)"),
    ("MyDense", [(2, 3)], r"MyDense cannot be made: .*'units'; its form is MyDense\(units, promised=None\)"),
    ("MyDense", [(2, 3)], r'; give units, for instance npnet gradcheck "my_layer.py:MyDense\(5\)" --shape 4,5$'),
    ("lambda x: nothing(x), lambda dy, x: dy", [(2, 3)], "my_layer.py has no nothing; "),
    ("MyLRN(n=", [(2, 3)], r"'MyLRN\(n=' is not Python; write MyLRN\(n=5\)"),
    ("np.nothing", [(2, 3)], "np.nothing cannot be made: module 'numpy' has no attribute 'nothing'"),
    ("NoBackward()", [(2, 3)], "there is a forward, but no backward under a usual name"),
    ("MyDense(4, (4, 1))", [(3, 5)], r"build returned \(4, 1\), but forward makes \(4,\) for each picture of"),
    ("NothingBuilt(4)", [(3, 5)], r"build must return the shape of one output, like \(7, 5, 4\), but returned"),
    ("ListOfParams(4)", [(3, 5)], r"params\(\) must return a dictionary of arrays"),
    ("forward,backward", [], "the shape of the input is missing, one for each of x, w; for instance npnet gradcheck "
                             '"my_layer.py:forward,backward" --shape 4,5 --shape 5,3'),
    ("forward,backward", [(3, 5)], "forward needs w, and nothing tells what it is"),
    ("forward,backward,forward", [(3, 5)], "functions are checked in pairs"),
])
def test_what_is_wrong_with_a_layer_is_one_sentence(expression, shapes, text):
    with pytest.raises((ValueError, TypeError), match=text):
        check(expression, *shapes)


@pytest.mark.parametrize("name, lines, text", [
    ("broken.py", "import sys\n\nanswer = nothing\n", "broken.py, line 3: NameError: name 'nothing' is not defined"),
    ("syntax.py", "def f(:\n    pass\n", "syntax.py, line 1: SyntaxError: "),
    ("words.py", "import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\nprint(p.parse_args())\n",
     "words.py, line 4, reads a command line .argparse. that is not there; put what does so under if __name__"),
    ("asks.py", "n = 1\nsize = int(input('how many? '))\n", "asks.py, line 2: EOFError: the code asks for input"),
    ("lacks.py", "from no_such_package import f\n\nf()\n",
     "lacks.py, line 3: ModuleNotFoundError: No module named 'no_such_package'; it is not installed, and not in /"),
    ("two.py", "def f_forward(x): return x\ndef f_backward(dy, x): return dy\nclass A:\n  def __call__(self, x): return x\n"
     "  def backprop(self, dy): return dy\n", "two.py holds 2 subjects: A, f_forward,f_backward; say which: 'two.py:A'"),
    ("none.py", "from two import A\n", "none.py holds no class with forward and backward and no pair of functions"),
    ("leaves.py", "import sys\nsys.exit(3)\n", "leaves.py, line 2, ends the program; put what does so under if __name__"),
])
def test_what_is_wrong_with_a_file_is_one_sentence(folder, name, lines, text):
    (folder / name).write_text(lines)
    (folder / "two.py").write_text("class A: pass") if name == "none.py" else None
    with pytest.raises(ValueError, match=text):
        check_file(name, "", [(2, 3)])


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="there is no file nowhere.py; the folder here is "):
        check_file("nowhere.py", "MyLRN()", [(2, 3)])


def test_mistakes_with_a_layer_of_npnet():
    with pytest.raises(ValueError, match="npnet has no LRM; did you mean LRN"):
        check_file(None, "LRM", [])
    with pytest.raises(ValueError, match="n=4 must be odd"):
        check_file(None, "LRN(n=4)", [(2, 7, 3, 3)])


@pytest.mark.parametrize("expression, shape, line", [
    ("Raises()", (2, 7, 5, 4), "        return dy[9]"), ("MyDense(4)", (3, 5, 5), "        return x @ self.w + self.b")])
def test_what_the_layer_raises_is_a_cause(expression, shape, line):
    cause = check(expression, shape).causes[""]
    assert cause.kind == "raised" and f"in my_layer.py, line {line_of(line)}: " in cause.sentence
    assert "NotImplementedError" in check("Unfinished()", (2, 3)).causes[""].sentence


def test_labels(folder):
    written(folder, loss="import numpy as np\ndef softmax_loss(x, y):\n    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)\n"
            "    rows = np.arange(len(y))\n    seen.append(y.tolist())\n    dx = p.copy()\n    dx[rows, y] -= 1\n"
            "    return -np.log(p[rows, y]).mean(), dx / len(y)\nseen = []\n"
            "def check_labels(dy): assert False\n")
    assert check_file("loss.py", "softmax_loss", (4, 3)).ok and check_file("loss.py", "softmax_loss", (4, 3), labels=[2, 0, 1, 1]).ok
    with pytest.raises(ValueError, match=r"labels must be 4 whole numbers, one for each picture of the shape \(4, 3\); got \[1\]"):
        check_file("loss.py", "softmax_loss", (4, 3), labels=[1])


# ------------------------------------------------------------------------------- thorough

POOL = """import numpy as np
class Pool:
    def __init__(self, size=2, stride=2):
        self.size, self.stride = size, stride
    def forward(self, x):
        self.x, n, s = x, self.size, self.stride
        N, C, H, W = x.shape
        y = np.zeros((N, C, (H - n) // s + 1, (W - n) // s + 1))
        for p in range(y.shape[2]):
            for q in range(y.shape[3]):
                y[:, :, p, q] = x[:, :, p * s:p * s + n, q * s:q * s + n].sum(axis=(2, 3))
        return y
    def backward(self, dy):
        dx, n, s = np.zeros_like(self.x), self.size, self.stride
        for p in range(dy.shape[2]):
            for q in range(dy.shape[3]):
                dx[:, :, p * s:p * s + n, q * s:q * s + n] += dy[:, :, p:p + 1, q:q + 1]
        return dx
"""


def test_thorough_tries_what_the_shapes_did_not(folder):
    written(folder, right=POOL, wrong=POOL.replace("return dx", "return dx * (1 + (len(dx) == 1))"))
    found = check_file("right.py", "Pool", (2, 2, 4, 6), thorough=True)
    assert found.ok and "one image" in found.others and len(found.others) > 2 and "also right: " in str(found)
    assert check_file("wrong.py", "Pool", (2, 2, 4, 6)).ok
    found = check_file("wrong.py", "Pool", (2, 2, 4, 6), thorough=True)
    assert not found.ok and [words for words, other in found.others.items() if not other.ok] == ["one image"]
    assert "  One image: x is wrong.\n" in str(found) and found.json()["others"]["one image"]["ok"] is False


def test_the_command_that_tests_more(folder):
    written(folder, right=POOL)
    found = check_file("right.py", "Pool(2, stride=2)", (2, 2, 4, 6))
    assert found.command == 'npnet gradcheck "right.py:Pool(2, stride=2)" --shape 2,2,4,6 --thorough'
    found.uncovered = "one image"
    assert str(found).endswith(f"\n  not covered by these shapes: one image\n    {found.command}")


def test_thorough_tries_training(folder):
    norm = """
import numpy as np

class Centre:
    def forward(self, x, train=False):
        self.train = train
        return x - x.mean(axis=0) if train else x

    def backward(self, dy):
        return dy
"""
    written(folder, wrong=norm, right=norm.replace("return dy", "return dy - dy.mean(axis=0) if self.train else dy"))
    assert check_file("wrong.py", "Centre", (3, 4)).uncovered.startswith("training (--train)")
    found = check_file("wrong.py", "Centre", (3, 4), thorough=True)
    assert not found.ok and not found.others["in training"].ok and "In training: x is wrong." in str(found)
    assert check_file("right.py", "Centre", (3, 4), thorough=True).ok


def test_thorough_slides_over_time_and_leaves_channels_as_they_are(folder):
    conv = """
import numpy as np

class Conv1d:
    def __init__(self, cin, cout, k, stride=1):
        self.w, self.stride = np.random.randn(cout, cin, k), stride

    def forward(self, x):
        self.x, k = x, self.w.shape[2]
        self.v = np.lib.stride_tricks.sliding_window_view(x, k, 2)[:, :, ::self.stride]
        return np.einsum('nctk,fck->nft', self.v, self.w)

    def backward(self, dy):
        self.dw = np.einsum('nctk,nft->fck', self.v, dy)
        dx, k, s = np.zeros_like(self.x), self.w.shape[2], self.stride
        for t in range(dy.shape[2]):
            dx[:, :, t * s:t * s + k] += np.einsum('nf,fck->nck', dy[:, :, t], self.w)
        return dx
"""
    written(folder, right=conv)
    found = check_file("right.py", "Conv1d(3, 2, 3, 2)", (2, 3, 7), thorough=True)
    assert found.ok and "stride 2 with a remainder" in found.others
    found = check_file("right.py", "Conv1d(3, 2, 3)", (2, 3, 3), thorough=True)     # which axis slides is unseen
    assert found.ok and "could not be tried: stride 2 with a remainder (" in str(found)


def test_thorough_of_parameters_alone_says_that_no_other_shapes_were_tried(folder):
    written(folder, net="""
import numpy as np

class Net:
    def __init__(self):
        self.params = {"W": np.random.randn(5, 3)}

    def loss(self, x, y):
        s = x @ self.params["W"]
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(x)), y]).sum()
        p[np.arange(len(x)), y] -= 1
        return loss, {"W": x.T @ p}
""")
    found = check_file("net.py", "Net()", (4, 5), thorough=True)
    assert found.ok and "no other shapes were tried" in str(found)


EMBEDDING = """
import numpy as np

class Embedding:
    def __init__(self, rows):
        self.W = np.random.randn(rows, 3)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)

class Assigns(Embedding):
    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.dW[self.idx] += dout

class Slips(Embedding):
    def forward(self, x):
        return self.W[np.linspace(0, 1, len(x))]
"""


@pytest.mark.parametrize("rows", [7, 2])
def test_a_layer_that_takes_indices_gets_whole_numbers(folder, rows):
    (folder / "rows.py").write_text(EMBEDDING)
    found = check_file("rows.py", f"Embedding({rows})", [(4, 5)])
    assert found.ok and verdicts(found) == {"W": "ok"}
    assert any("forward takes whole numbers" in word for word in found.assumed)
    assert not check_file("rows.py", f"Assigns({rows})", [(4, 5)]).ok
    slip = check_file("rows.py", f"Slips({rows})", [(4, 5)])
    assert not slip.ok and "forward raised IndexError" in slip.causes[""].sentence
