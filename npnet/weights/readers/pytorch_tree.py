"""Finds the weights in what a checkpoint of PyTorch's holds: a state_dict, alone or among an optimiser's state, the
number of the epoch and whatever else was saved with it.

    {"epoch": 12, "state_dict": {"module.conv1.weight": ...}, "optimizer": {...}}
    ->  {"conv1.weight": ...}, ["the weights are those of 'state_dict'; also in the file: epoch (12), ...", ...]
"""
import numpy as np

from ...files.unpickle import Array, Refused
from ...screen.words import counted, listed, printable
from .pytorch_names import Tensor, Unread

NAMES = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params", "module",
         "state_dict_ema", "model_ema", "ema")          # under which a state_dict is saved, the likeliest first
PREFIXES = ("module.", "_orig_mod.")                    # which DataParallel and torch.compile put before every name
MOST_DEEP, MOST_THINGS, LONGEST = 10, 2**20, 1000        # levels, entries of dicts and lists, letters of a name
TENSORS = (Tensor, Unread, Array, np.ndarray)


def weights_in(value):
    """({name: Tensor or Unread}, notes). Refused if there is no tensor but an optimiser's."""
    chosen, path, notes = value, [], []
    while isinstance(chosen, dict) and len(path) < MOST_DEEP:
        name = next((name for name in NAMES if is_weights(chosen.get(name))), None)
        if name is None:
            break
        rest = [f"{said(key)}{kind_of(item)}" for key, item in chosen.items() if key != name]
        notes.append(f"the weights are those of '{name}'" + (f"; also in the file: {some(rest)}" if rest else ""))
        chosen = chosen[name]
        path.append(name)
    weights, others = {}, []
    flatten(chosen, "", weights, others)
    if not weights:
        raise Refused("holds no weights: no tensor is in it, or only an optimiser's; save net.state_dict()")
    if others:
        notes.append(f"passed over, since they are no tensors: {some(others)}")
    return without_prefixes(weights, notes), notes


def without_prefixes(weights, notes):
    """The weights without what DataParallel and torch.compile put before all names."""
    for prefix in PREFIXES * 2:
        if all(name.startswith(prefix) and len(name) > len(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
            notes.append(f"'{prefix}' before every name was taken away")
    return weights


def flatten(value, name, weights, others):
    """Puts all tensors under a value into `weights`, with the names of the dicts and lists around them and dots."""
    work, looked = [(value, name, 0)], 0
    while work:
        value, name, depth = work.pop()
        if len(name) > LONGEST or not name.isprintable():
            raise Refused(f"has a name of more than {LONGEST} letters, or one that is no text")
        if isinstance(value, Array):
            value = value.array                                 # None without content
        if isinstance(value, TENSORS):
            if name in weights:
                raise Refused(f"has two tensors of the name {name}")
            weights[name or "tensor"] = value
        elif isinstance(value, dict) and is_optimiser(value):
            others.append(f"{said(name)} (an optimiser's state of {counted(len(value['state']), 'parameter')})")
        elif depth <= MOST_DEEP and isinstance(value, (dict, list, tuple)):
            looked += len(value)
            if looked > MOST_THINGS:
                raise Refused(f"holds more than {MOST_THINGS:,} things")
            items = list(value.items() if isinstance(value, dict) else enumerate(value))
            work += [(item, f"{name}.{said(key)}" if name else said(key), depth + 1) for key, item in items[::-1]]
        else:
            others.append(f"{said(name)}{kind_of(value)}")


def is_weights(value):
    """Whether this is a dict with tensors in it, or in the dicts in it, that is no optimiser's state."""
    return isinstance(value, dict) and not is_optimiser(value) and (
        has_tensor(value) or any(map(has_tensor, {id(item): item for item in value.values()
                                                  if isinstance(item, dict)}.values())))


def has_tensor(value):
    return any(isinstance(item, TENSORS) for item in value.values())


def is_optimiser(value):
    """torch.optim's state_dicts have these two keys."""
    return isinstance(value.get("state"), dict) and isinstance(value.get("param_groups"), list)


# ---------------------------------------------------------------------------- words for notes

def said(key):
    """A key of the file's as a text."""
    if isinstance(key, bytes):
        key = key.decode("latin1")
    return key[:LONGEST + 1] if isinstance(key, str) else repr(key)


def kind_of(value):
    """A short value in brackets, or what it is."""
    if isinstance(value, (bool, int, float)) and -2**63 < value < 2**63 or value is None:
        return f" ({value})"
    if isinstance(value, str) and len(value) <= 20:
        return f" ('{printable(value)}')"
    if isinstance(value, dict) and is_optimiser(value):
        return f" (an optimiser's state of {counted(len(value['state']), 'parameter')})"
    if isinstance(value, TENSORS):
        return " (an array)" if isinstance(value, (Array, np.ndarray)) else " (a tensor)"
    if isinstance(value, dict):
        return f" ({counted(len(value), 'entry', 'entries')})"
    return f" ({counted(len(value), 'value')})" if isinstance(value, (list, tuple)) else ""


def some(texts):
    """The first ten, and how many more."""
    return listed([printable(text) for text in texts], 10)
