"""npnet explain --notebook: it runs from top to bottom, and its numbers are those of the walk."""
import json
import math
import re
import sys
import types

import numpy as np
import pytest

import npnet
from networks import branched, every_class, moved, small, walked
from npnet.cli import main
from npnet.explain import notebook
from npnet.explain.loops import LOOPS, loop
from npnet.explain.walk import Explain
from npnet.weights import trained
from npnet.weights.prepared import pipeline_for


def sources(path):
    """The code of a notebook's cells."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code")
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def run(monkeypatch):
    """run(path) runs the code of a notebook here, without Jupyter; gives its names, and how many pictures it showed."""
    shown = []
    display = types.ModuleType("IPython.display")
    display.Image, display.display = bytes, shown.append
    monkeypatch.setitem(sys.modules, "IPython.display", display)

    def run_(path):
        names = {"__name__": "notebook"}
        for source in sources(path):
            exec(compile(source, str(path), "exec"), names)
        assert all(picture.startswith(b"\x89PNG") for picture in shown)
        return names, len(shown)
    return run_


def check_numbers(names, explain):
    """Every output, the probabilities and the gradients of a notebook against those of a walk."""
    for step in explain:
        np.testing.assert_allclose(names["outputs"][step.facts.name], step.y, rtol=1e-4, atol=1e-5 * abs(step.y).max())
    np.testing.assert_allclose(names["p"], explain.probabilities(), rtol=1e-4, atol=1e-6)
    assert list(names["best"]) == [answer.label for answer in explain.best(5)]
    back = explain.backward()
    assert names["label"] == back.label and math.isclose(names["loss"], back.loss, rel_tol=1e-4)
    lengths = {f"{each.name}.{key}": value for each in back.gradients for key, value in each.parameters.items()}
    assert names["norms"] == pytest.approx(lengths, rel=1e-3)


def test_every_loop_computes_what_the_walk_computed(random):
    npnet.use("numpy")
    explain = walked(moved(every_class(), random), random)
    seen = set()
    for step in explain:
        names = {"layer": step.layer, "x": step.x, "math": math}
        exec(loop(step), names)
        assert names["value"] == pytest.approx(step.by_hand.value, rel=1e-9), step.facts.name
        assert max(map(len, loop(step).split("\n"))) <= 120
        seen.add(step.facts.kind)
    assert seen == set(LOOPS)


def test_loops_where_a_window_meets_the_edge(random):
    npnet.use("numpy")
    from npnet import AvgPool, Conv2D, LRNWithin, MaxPool, Network
    net = Network((2, 4, 4), dtype=np.float64, pool=AvgPool(3, 2, pad=1, ceil_mode=True, count_include_pad=True),
                  conv=Conv2D(4, 3, pad=2, groups=2, init="torch"), most=MaxPool(3, 1, pad=1), within=LRNWithin(n=5))
    for step in walked(net, random):
        names = {"layer": step.layer, "x": step.x, "math": math}
        exec(loop(step), names)
        assert names["value"] == pytest.approx(step.by_hand.value, rel=1e-9), step.facts.name


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_notebook_of_a_random_network(language, run, tmp_path, capsys):
    path = tmp_path / f"{language}.ipynb"
    assert main(["explain", "--net", "lenet5", "--notebook", str(path), "--lang", language, "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert str(path) in "".join(out.split()) and "[ 1/12]" not in out
    names, pictures = run(path)
    assert pictures == 1 + 1 + 5 + 2                            # input, filters, maps, answers, gradients
    net, pipeline = npnet.model("lenet5"), pipeline_for("lenet5", (1, 28, 28))
    from npnet.data import read_picture, sample_picture
    picture = read_picture(sample_picture())
    check_numbers(names, Explain(net, pipeline.test(picture)[None], picture=picture))
    said = capsys.readouterr().out
    assert said.count("they agree" if language == "en" else "일치합니다") == 12
    text = path.read_text("utf-8")
    assert ("역전파" in text and "가중치가 무작위" in text) if language == "ko" else text.isascii()


@pytest.mark.long
def test_the_notebook_of_a_trained_network(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "--net", "cifar_alexnet", "--notebook", "walk.ipynb", "--backend", "numpy"]) == 0
    names, pictures = run(tmp_path / "walk.ipynb")
    known = trained("cifar_alexnet")
    assert names["names"] == list(known.classes)
    explain = Explain(known.net, names["outputs"]["the input"],
                      known.classes, known.name)
    check_numbers(names, explain)


def test_the_notebook_of_a_saved_network_with_names_and_own_layers(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("from npnet import ReLU\n\n\nclass MyReLU(ReLU):\n    pass\n")
    from npnet.diagnose import layers_of
    net = npnet.Network((3, 9, 9), conv1=npnet.Conv2D(4, 3, init="torch"), mine=layers_of("mine.py")["MyReLU"](),
                        flatten=npnet.Flatten(), fc2=npnet.Dense(3, init="torch"), softmax=npnet.Softmax())
    net.save("mine.npz")
    (tmp_path / "names.txt").write_text("a 'quoted' name\n고양이\n" + "long " * 40 + "\n", "utf-8")
    assert main(["explain", "--weights", "mine.npz", "--layers", "mine.py", "--names", "names.txt", "--net", "single_tower",
                 "--notebook", "out.ipynb", "--backend", "numpy"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")                   # the notebook names its weights by their whole path
    names, _ = run(tmp_path / "out.ipynb")
    assert names["names"] == ["a 'quoted' name", "고양이", ("long " * 40).strip()]
    check_numbers(names, Explain(net, names["outputs"]["the input"], weights="mine.npz"))
    assert "A layer of your own: no loop is known for it." in (tmp_path / "out.ipynb").read_text("utf-8")


def test_a_network_that_ends_in_maps(run, tmp_path):
    npnet.use("numpy")
    net = npnet.Network((3, 16, 16), conv1=npnet.Conv2D(4, 3, init="torch"), relu1=npnet.ReLU())
    net.save(tmp_path / "maps.npz")
    picture = np.random.default_rng(0).integers(0, 255, (30, 20, 3), dtype=np.uint8)
    pipeline = pipeline_for(None, net.input_shape)
    explain = Explain(net, pipeline.test(picture)[None], picture=picture, weights="maps.npz")
    path = notebook.write(explain, tmp_path / "maps.ipynb", notebook.from_file(tmp_path / "maps.npz"), pipeline)
    names, pictures = run(path)
    assert pictures == 3 and names["y"].shape == (1, 4, 14, 14) and "best" not in names


def test_a_loop_that_differs_stops_the_notebook(run, tmp_path):
    assert main(["explain", "--net", "lenet5", "--notebook", str(tmp_path / "a.ipynb"), "--backend", "numpy"]) == 0
    text = (tmp_path / "a.ipynb").read_text("utf-8")
    changed = text.replace("value = float(layer.b[k])", "value = float(layer.b[k]) + 1", 1)
    assert changed != text
    (tmp_path / "a.ipynb").write_text(changed, "utf-8")
    with pytest.raises(AssertionError, match="THEY DIFFER"):
        run(tmp_path / "a.ipynb")


def test_files_of_others_are_never_replaced(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["explain", "--net", "lenet5", "--backend", "numpy", "--notebook"]
    for name, text in (("thesis.ipynb", json.dumps({"cells": [], "metadata": {}, "nbformat": 4})), ("empty.ipynb", ""),
                       ("list.ipynb", "[1]"), ("half.ipynb", '{"cells"')):
        (tmp_path / name).write_text(text)
        assert main([*words, name]) == 2
        assert f"{name} is there, and npnet did not write it; give another name" in capsys.readouterr().err
        assert (tmp_path / name).read_text() == text
    assert main([*words, "mine.ipynb"]) == 0
    first = (tmp_path / "mine.ipynb").read_bytes()
    assert main([*words, "mine.ipynb"]) == 0 and (tmp_path / "mine.ipynb").read_bytes() == first
    for wrong, sentence in (("mine.py", "a notebook's name ends in .ipynb, got mine.py"),
                            ("list.ipynb/a.ipynb", "cannot be written")):
        assert main([*words, wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert main([*words, "new.ipynb", "--layer", "conv1"]) == 2
    assert "--notebook shows all layers; leave --layer out" in capsys.readouterr().err
    assert not (tmp_path / "new.ipynb").exists()


def test_lines_of_names_stay_whole():
    names = [f"a name with blanks, and a 'quote' {i}" for i in range(40)]
    text = notebook.listing("names", names)
    found = {}
    exec(text, found)
    assert found["names"] == names and max(map(len, text.split("\n"))) <= 120


@pytest.mark.long
@pytest.mark.notebook
@pytest.mark.parametrize("net, language", [("lenet5", "en"), ("cifar_alexnet", "ko")])
def test_jupyter_runs_it(net, language, tmp_path):
    import nbclient
    import nbformat
    path = tmp_path / "walk.ipynb"
    assert main(["explain", "--net", net, "--notebook", str(path), "--lang", language]) == 0
    ran = nbformat.read(path, 4)
    nbformat.validate(ran)
    nbclient.NotebookClient(ran, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    texts = "".join(output.get("text", "") for cell in ran.cells for output in cell.get("outputs", []))
    pictures = [output for cell in ran.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    known = npnet.model(net) if net == "lenet5" else trained(net).net
    assert texts.count("they agree" if language == "en" else "일치합니다") == len(known.layers)
    assert len(pictures) >= 4 and re.search(r"^ *\d+\.\d\d %  ", texts, re.M)


def test_the_smallest_walk_can_be_written_from_python(tmp_path, run):
    npnet.use("numpy")
    net = small()
    net.save(tmp_path / "net.npz")
    picture = np.full((9, 9, 3), 50, np.uint8)
    pipeline = pipeline_for(None, net.input_shape)
    explain = Explain(net, pipeline.test(picture)[None], names=list("abcde"), weights="net.npz", picture=picture)
    names, _ = run(notebook.write(explain, tmp_path / "a.ipynb", notebook.from_file(tmp_path / "net.npz"), pipeline))
    check_numbers(names, explain)


def test_the_notebook_of_a_network_with_paths(run, tmp_path):
    npnet.use("numpy")
    net = branched()
    net.save(tmp_path / "paths.npz")
    picture = np.random.default_rng(0).integers(0, 255, (30, 20, 3), dtype=np.uint8)
    pipeline = pipeline_for(None, net.input_shape)
    explain = Explain(net, pipeline.test(picture)[None], picture=picture, weights="paths.npz")
    path = notebook.write(explain, tmp_path / "paths.ipynb", notebook.from_file(tmp_path / "paths.npz"), pipeline)
    names, _ = run(path)
    check_numbers(names, explain)


def test_the_code_that_reads_a_file_of_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.caffemodel").write_text("")
    (tmp_path / "a.prototxt").write_text("")
    code = notebook.from_trained("a.caffemodel", given=dict(net=None, prototxt="a.prototxt", mean=None))
    weights, prototxt = str(tmp_path / "a.caffemodel"), str(tmp_path / "a.prototxt")
    assert code.startswith(f"known = npnet.weights.trained({weights!r}, prototxt={prototxt!r})\n")
    assert notebook.from_trained("squeezenet").startswith("known = npnet.weights.trained('squeezenet')\n")
