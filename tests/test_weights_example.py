"""examples/weights_from_torch.py, on a file laid out like torchvision's."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "weights_from_torch.py"


def run(folder, *words):
    """The example with these arguments, run in a folder."""
    return subprocess.run([sys.executable, str(EXAMPLE), *words], cwd=folder, text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1])})


@pytest.mark.torch
def test_same_answer_as_pytorch(tmp_path):
    import torch
    from torch import nn

    torch.manual_seed(0)
    features = nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2))
    classifier = nn.Sequential(nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096),
                               nn.ReLU(), nn.Linear(4096, 12))
    model = nn.ModuleDict({"features": features, "classifier": classifier}).eval()
    torch.save(model.state_dict(), tmp_path / "alexnet.pth")
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected = classifier(features(x).flatten(1)).numpy()

    done = run(tmp_path, "alexnet.pth", "alexnet.npz")
    net = npnet.load(tmp_path / "alexnet.npz")

    assert done.stdout == "alexnet.npz: 57,053,004 parameters from alexnet.pth\n", done.stderr
    np.testing.assert_allclose(net.forward(x.numpy()), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.torch
@pytest.mark.parametrize("words, source", [([], "alexnet-owt-7be5be79.pth"), (["mine.pth"], "mine.pth"),
                                           (["mine.pth", "mine.npz"], "mine.pth")])
def test_a_file_that_is_not_there(tmp_path, words, source):
    done = run(tmp_path, *words)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"there is no file {source}; download it from "
                           f"https://download.pytorch.org/models/alexnet-owt-7be5be79.pth\n")
