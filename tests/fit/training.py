"""A small training for the tests of fit: three classes of 8 x 8 pixels, and what a run has left, compared."""
import csv
import json

import numpy as np

from squares import PIPELINE, pictures

import npnet
from npnet.data import Loader
from npnet.fit import fit


def small(seed=0):
    return npnet.Network((3, 8, 8), seed=seed, conv1=npnet.Conv2D(4, 3, pad=1, init="he"), relu1=npnet.ReLU(),
                         pool1=npnet.MaxPool(3, 2, ceil_mode=True), flatten=npnet.Flatten(), drop2=npnet.Dropout(0.2),
                         fc2=npnet.Dense(3, std=0.1))


def loaders(batch=10, train=60, held=20):
    return (Loader(pictures(train), batch, PIPELINE, workers=0),
            Loader(pictures(held, seed=1), batch, PIPELINE, train=False, workers=0))


SETTINGS = {"classes": ["top", "middle", "bottom"], "command": "npnet train"}


def run(out=None, epochs=3, lr=0.02, net=None, optimizer=None, **options):
    training, validation = loaders()
    net = net or small()
    options = {"quiet": True, "settings": SETTINGS, **options}
    return net, fit(net, optimizer or npnet.SGD(lr), training, validation, epochs, out, **options)


def arrays(path):
    """Everything in a checkpoint but the clock's times."""
    with np.load(path) as file:
        kept = {name: file[name].tobytes() for name in file.files if name != "training/about"}
        about = json.loads(str(file["training/about"]))
    for row in [*about["rows"], about["best"] or {}, about["sums"]]:
        row.pop("seconds", None), row.pop("waiting", None)
    return kept, about


def history(folder):
    """history.csv without the clock's times."""
    with open(folder / "history.csv", newline="") as file:
        return [{key: value for key, value in row.items() if key not in ("seconds", "waiting")} for row in csv.DictReader(file)]


def ends_as(folder, other):
    assert arrays(folder / "last.npz") == arrays(other / "last.npz")
    assert arrays(folder / "best.npz") == arrays(other / "best.npz")
    assert history(folder) == history(other)
    assert (folder / "losses.csv").read_text() == (other / "losses.csv").read_text()
