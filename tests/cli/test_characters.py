"""Names in any language on terminals and pipes of any encoding: what cannot be shown is replaced, nothing ends."""
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from commands import environment

CLASSES = ["장미", "ひまわり", "crème brûlée"]
ENCODINGS = {"cp1252": "brûlée", "cp949": "장미", "latin-1": "brûlée", "ascii": "br?l?e"}
SEVERAL = """
import json, sys
from npnet.cli import main
for words in json.loads(sys.argv[1]):
    print("$", *words, flush=True)
    assert main(words) == 0, words
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set whose classes have such names, a photograph, a file of names, and a run."""
    folder = tmp_path_factory.mktemp("하늘")
    random = np.random.default_rng(0)
    labels = np.arange(30) % 3
    images = (80 * labels[:, None, None, None] + random.integers(0, 60, (30, 12, 12, 3))).astype(np.uint8)
    np.savez(folder / "꽃.npz", train_x=images[:21], train_y=labels[:21], test_x=images[21:], test_y=labels[21:],
             classes=np.array(CLASSES))
    Image.fromarray(images[0]).resize((40, 30)).save(folder / "사진.jpg")
    (folder / "이름.txt").write_text("\n".join(CLASSES), encoding="utf-8")
    trained(folder, "달리기", PYTHONUTF8="1")
    return folder


def trained(folder, name, **variables):
    """Trains in a child, for one epoch."""
    words = ["train", "--data", "꽃.npz", "--net", "caffe_lenet", "--size", "16", "--batch", "7", "--epochs", "1",
             "--workers", "0", "--out", name]
    done = subprocess.run([sys.executable, "-m", "npnet", *words], capture_output=True, cwd=folder,
                          env=environment(NPNET_BACKEND="numpy", **variables))
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")


def several(folder, encoding, *commands):
    """What a child prints that runs commands one after the other, its output a pipe of that encoding; and its errors."""
    done = subprocess.run([sys.executable, "-c", SEVERAL, json.dumps(commands)], cwd=folder, capture_output=True,
                          env=environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0", NPNET_BACKEND="numpy"))
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 0 and "Traceback" not in err, err
    return out, err


@pytest.mark.parametrize("encoding", [pytest.param(name, marks=[] if name == "ascii" else pytest.mark.long)
                                      for name in ENCODINGS])
def test_every_command_prints_in_every_encoding(folder, encoding):
    out, err = several(
        folder, encoding, ["info"], ["summary", "--net", "lenet5"], ["gradcheck", "Flatten"], ["data", "info", "꽃.npz"],
        ["predict", "사진.jpg", "--weights", "달리기"], ["evaluate", "달리기"],
        ["explain", "사진.jpg", "--net", "lenet5", "--classes", "3", "--names", "이름.txt"])

    assert out.count(ENCODINGS[encoding]) > 3 and ENCODINGS[encoding] in out.rpartition("The classes")[2]


def test_json_stays_json(folder):
    out, _ = several(folder, "ascii", ["summary", "--net", "lenet5", "--json"], ["info", "--json"])
    first, second = out.split("$")[1:]
    assert json.loads(first.partition("\n")[2])["version"] == "lenet5"
    assert json.loads(second.partition("\n")[2])["npnet"]


def test_a_mistake_is_said_in_ascii():
    done = subprocess.run([sys.executable, "-m", "npnet", "explain", "장미.jpg"], capture_output=True,
                          env=environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0"))
    assert done.returncode == 2 and done.stderr.startswith(b"npnet: ") and done.stderr.count(b"\n") == 1


@pytest.mark.long
def test_a_training_where_only_ascii_is_known(folder):
    """Without UTF-8 in the locale, the names of the data set and the run hold bytes that are not letters."""
    trained(folder, "둘째", LC_ALL="C", PYTHONUTF8="0")
    assert (folder / "둘째" / "last.npz").exists() and (folder / "둘째" / "report.html").exists()
