"""Real weights: torchvision's AlexNet, trained on ImageNet, as a file that npnet loads.

    python examples/weights_from_torch.py                                       # these two names are the default
    python examples/weights_from_torch.py alexnet-owt-7be5be79.pth alexnet.npz

Needs PyTorch (npnet's extra torch) to read its file; weights_only=True lets it read arrays and
nothing else. The README says where the file is.
"""

# %% Settings
import sys
from pathlib import Path


import npnet

try:
    import torch
except ModuleNotFoundError:
    sys.exit("this example reads its file with PyTorch: .venv/bin/pip install -e '.[torch]' in npnet's folder")

ADDRESS = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
SOURCE = sys.argv[1] if len(sys.argv) > 1 else "alexnet-owt-7be5be79.pth"
TARGET = sys.argv[2] if len(sys.argv) > 2 else "alexnet.npz"
LAYERS = {                              # npnet's name: torchvision's
    "conv1": "features.0", "conv2": "features.3", "conv3": "features.6", "conv4": "features.8", "conv5": "features.10",
    "fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}

if not Path(SOURCE).is_file():
    sys.exit(f"there is no file {SOURCE}; download it from {ADDRESS}")

# %% Copy: filters are (K, C, R, S) in both, but a dense weight is (M, D) there and (D, M) here
state = torch.load(SOURCE, weights_only=True)
net = npnet.model("torchvision", classes=len(state["classifier.6.bias"]))
for name, there in LAYERS.items():
    weight = state[f"{there}.weight"].numpy()
    net[name].w[...] = weight.T if weight.ndim == 2 else weight
    net[name].b[...] = state[f"{there}.bias"].numpy()

# %% Save
net.save(TARGET)
print(f"{TARGET}: {sum(array.size for array in net.params().values()):,} parameters from {SOURCE}")
