"""npnet: AlexNet to be read.

The table of contents. Each name is found in its room when it is first used, so that importing npnet
is quick and a room that is missing costs only its own names.

    ops backend layers network models optim train gradcheck     the book, in reading order
    screen files fast data weights diagnose explain plots       the annexes
    fit bench parallel course cli
"""
import importlib

__version__ = "0.2.0"

CONTENTS = {
    "backend": "use BACKENDS",
    "layers": "Layer Conv2D Dense ReLU Tanh Sigmoid Softmax MaxPool AvgPool AdaptiveAvgPool LRN LRNWithin BatchNorm "
              "Dropout Flatten Concat",
    "network": "Network load check",
    "models": "model MODELS without replace",
    "optim": "SGD",
    "gradcheck": "check_gradients",
    "diagnose": "check_layer assert_gradients",
}
ROOMS = ("ops backend layers network models optim train gradcheck "
         "screen files fast data weights diagnose explain plots fit bench parallel course cli").split()

__all__ = [name for names in CONTENTS.values() for name in names.split()]


def __getattr__(name):
    for room, names in CONTENTS.items():
        if name in names.split():
            return getattr(importlib.import_module(f"npnet.{room}"), name)
    if name in ROOMS:
        return importlib.import_module(f"npnet.{name}")
    raise AttributeError(f"npnet has no {name!r}; it has {', '.join(__all__ + ROOMS)}")


def __dir__():
    return sorted(__all__ + ROOMS + ["__version__"])
