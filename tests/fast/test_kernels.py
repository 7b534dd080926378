"""Compiled kernels: what a file is named after, several processes at once, and what takes long to compile."""
import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet.fast import conv, kernels

PACKAGE = Path(npnet.__file__).parent
RELU = "import numpy as np, npnet; npnet.use('numba'); print(npnet.backend.ops.relu_forward(np.ones(1)))"


def start(code, folder, **streams):
    """A fresh Python that runs this code and keeps its kernels in this folder."""
    return subprocess.Popen([sys.executable, "-c", code], text=True, **streams, env={
        **os.environ, "PYTHONPATH": str(PACKAGE.parent), "NPNET_HOME": str(folder), "NUMBA_CACHE_DIR": ""})


def test_three_processes_at_once_on_an_empty_folder(tmp_path):
    together = [start(RELU, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]

    assert [process.communicate(timeout=60) for process in together] == [("[1.]\n", "")] * 3
    assert [path.suffix for path in (tmp_path / "kernels").iterdir()] == [".nbc"]


def test_a_package_that_cannot_be_written(tmp_path):
    """Nothing is put beside the texts, also where that is possible."""
    before = sorted(PACKAGE.rglob("*.nb?"))
    assert start(RELU, tmp_path, stdout=subprocess.PIPE).communicate(timeout=60)[0] == "[1.]\n"
    assert sorted(PACKAGE.rglob("*.nb?")) == before and list((tmp_path / "kernels").glob("*.nbc"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_it_says_once_what_it_waits_for_and_only_where_somebody_looks(tmp_path):
    import pty
    said = []
    for _ in range(2):
        ours, theirs = pty.openpty()
        process = start(RELU + "; npnet.backend.ops.relu_forward(np.ones((2, 2), 'f'))", tmp_path, stdout=subprocess.DEVNULL,
                        stderr=theirs)
        os.close(theirs)
        text = b""
        while True:
            try:
                part = os.read(ours, 1000)
            except OSError:                             # how Linux says that nobody writes any more
                break
            text += part
            if not part:
                break
        os.close(ours)
        assert process.wait(60) == 0
        said.append(text.decode())

    assert said[0].startswith("npnet compiles what it needs for this processor, once") and said[0].count("\n") == 1
    assert said[1] == ""                                # it was kept; and a pipe was told nothing, see above


def test_a_kernel_is_named_after_all_that_it_was_compiled_from(tmp_path):
    """Its own file, those of kernels that it calls, also through others, and constants from elsewhere."""
    def of(text, file, **names):
        scope = dict(names)
        (tmp_path / file).write_text(text)
        exec(compile(text, str(tmp_path / file), "exec"), scope)
        return scope["f"]

    def compiled(function):
        return type("Compiled", (), {"py_func": staticmethod(function)})

    inner = of("def f(x): return x", "inner.py")
    middle = of("def f(x): return inner(x)", "middle.py", inner=compiled(inner))
    outer = of("def f(x): return middle(x) + step + table[0] + f(x)", "outer.py", middle=compiled(middle), step=2,
               table=np.arange(3))
    first = kernels.source(outer)
    (tmp_path / "inner.py").write_text("def f(x): return -x")
    second = kernels.source(outer)
    outer.__globals__["step"] = 3
    third = kernels.source(outer)
    outer.__globals__["table"] = np.arange(4)

    assert len(first[0]) == 3 and b"def f(x): return x" in first[0]
    assert first != second != third != kernels.source(outer)


def test_what_was_compiled_and_what_was_read_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for compiled in (True, False):
        kernels.jit.cache_clear()
        monkeypatch.setattr(kernels, "had", [])
        kernels.jit(npnet.ops.relu_forward_loops)(np.ones(3))
        (had,) = kernels.had
        assert had[:2] == ("ops.activation.relu_forward_loops", compiled) and had.seconds > 0
    kernels.jit.cache_clear()


def blocks(path):
    """Lines of compiled texts that assign to a block, y[:, 1:3] = ..."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef) and any(getattr(each, "id", "") == "jit" for each in function.decorator_list):
            for node in ast.walk(function):
                for target in getattr(node, "targets", [getattr(node, "target", None)]):
                    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Tuple):
                        if sum(isinstance(each, ast.Slice) for each in target.slice.elts) > 1:
                            yield f"{path.name}:{node.lineno}"


def test_no_compiled_text_assigns_to_a_block(tmp_path):
    """numba needs six seconds for one; loops over the same numbers take a quarter, and run no slower."""
    (tmp_path / "one.py").write_text("@jit\ndef f(x, y):\n    y[:, 1:3] = x\n    y[0, 1:] = 0\n    y[0:2, 1:] += x\n")
    assert list(blocks(tmp_path / "one.py")) == ["one.py:3", "one.py:5"]
    assert [line for path in (PACKAGE / "fast").glob("*.py") for line in blocks(path)] == []
    assert hasattr(conv.gather, "py_func")
