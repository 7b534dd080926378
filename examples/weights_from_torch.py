"""Real weights: torchvision's AlexNet, trained on ImageNet, as a file that npnet loads.

    python examples/weights_from_torch.py alexnet-owt-7be5be79.pth alexnet.npz

Needs PyTorch (pip install 'npnet[torch]') to read its file; weights_only=True lets it read arrays and
nothing else. The README says where the file is.
"""

# %% Settings
import sys

import torch

import npnet

SOURCE, TARGET = sys.argv[1:] if len(sys.argv) == 3 else ("alexnet-owt-7be5be79.pth", "alexnet.npz")
LAYERS = {                              # npnet's name: torchvision's
    "conv1": "features.0", "conv2": "features.3", "conv3": "features.6", "conv4": "features.8", "conv5": "features.10",
    "fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}

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
