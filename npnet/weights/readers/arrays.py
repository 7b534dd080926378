"""Arrays with names and nothing else: NumPy's .npz and .safetensors, read and written.

    stored = read("model.safetensors")
    write_safetensors("model.safetensors", net)     names and layout of PyTorch's state_dict
    write_npz("model.npz", net)

What is written goes into the equal module of PyTorch by load_state_dict. Networks that torchvision has get its names:
`torchvision` features.0.weight ... classifier.6.bias, `squeezenet1_1` features.3.squeeze.weight ...; all others get
npnet's own, conv1.weight, norm1.running_mean, expand2.expand1x1.weight. So does Caffe's squeezenet1_0: torchvision's,
under the same names, does not pad conv10, and would give other answers.
"""
import os
import re
import zipfile

import numpy as np

from ... import network
from ...backend import ops
from ...files import writing
from ...screen.words import printable
from .. import names
from ..plans import plan_of, plan_of_version
from ..stored import Stored, bfloat16_words, from_bfloat16

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
         "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}
PACKED = 50                             # how many times smaller than its arrays a compressed file may be
IN_TORCH = {"w": "weight", "b": "bias", "mean": "running_mean", "var": "running_var"}

# ---------------------------------------------------------------------------- reading


def read(path):
    """The Stored of a .npz of plain arrays or a .safetensors file, told apart by their first bytes.

    FileNotFoundError; ValueError for a file that is damaged, holds anything but arrays of numbers, or is too large in
    memory for its size; ImportError where the package safetensors is missing.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}; give the path of a .npz or .safetensors file")
    with open(path, "rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    return read_npz(path) if zipped else read_safetensors(path)


def read_npz(path):
    """The Stored of a .npz file."""
    try:
        with zipfile.ZipFile(path) as file:
            members = file.infolist()
            check_members(members, os.path.getsize(path))
            arrays = {member.filename.removesuffix(".npy"): array_in(file, member) for member in members}
    except network.DAMAGE as error:
        reason = short(error) if type(error) is ValueError else "it is no zip, or its list of contents is damaged"
        raise ValueError(f"{path} is damaged, or is not a .npz of plain arrays ({reason}); save arrays by name, with "
                         f"np.savez(path, **arrays)") from None
    if "architecture" in arrays:
        raise ValueError(f"{path} is a network that npnet saved, with its layers; npnet.load reads it")
    return Stored(str(path), "NumPy (.npz)", numbers_of(path, arrays), layout_of(arrays))


def array_in(file, member):
    """An array of a zip. ValueError of our own words where its bytes are none."""
    try:
        return network.array_of(file, member)
    except network.DAMAGE:
        raise ValueError(f"its array {printable(member.filename, 60)} is damaged, or holds no numbers") from None


def check_members(members, size):
    """Raises ValueError unless a zip holds arrays alone, each once, and no more than a file of this size can."""
    held = [member.filename for member in members]
    for name in held:
        if not name.endswith(".npy"):
            raise ValueError(f"it holds {name[:60]!r}, which is no array")
    if len(set(held)) < len(held):
        raise ValueError("it holds two arrays of the same name")
    if sum(member.file_size for member in members) > PACKED * size + 10 ** 6:
        raise ValueError("it is a zip that would fill the memory")


def read_safetensors(path):
    """The Stored of a .safetensors file; bfloat16 becomes float32, exactly. The format keeps no order, so the arrays
    come in that of their names, features.3 before features.10."""
    library = package()
    with open(path, "rb") as file:
        content = file.read()
    try:
        found = library.deserialize(content)
    except (library.SafetensorError, ValueError, MemoryError, OverflowError) as error:
        raise ValueError(f"{path} is damaged, or is no .safetensors file ({short(error)})") from None
    del content
    arrays, notes, widened, passed = {}, [], 0, []
    for name, tensor in sorted(found, key=natural):
        kind, shape = tensor["dtype"], tensor["shape"]
        if kind == "BF16":
            arrays[name] = from_bfloat16(np.frombuffer(tensor["data"], "<u2")).reshape(shape)
            widened += 1
        elif kind in TYPES:
            arrays[name] = np.frombuffer(tensor["data"], TYPES[kind]).reshape(shape)
        else:
            passed.append(f"{name} ({kind})")
    if widened:
        notes.append(bfloat16_words(widened))
    if passed:
        notes.append(f"passed over, of types that NumPy does not have: {', '.join(passed)}")
    return Stored(str(path), "safetensors", numbers_of(path, arrays), layout_of(arrays), notes=notes)


def natural(found):
    """The key by which names are sorted as people count."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", found[0])]


def package():
    """The package safetensors, or an ImportError that says how to get it."""
    try:
        import safetensors
    except ImportError as error:
        raise ImportError(f"files of safetensors need the package of that name, which does not import ({error}); "
                          f"install it: pip install 'npnet[safetensors]'") from None
    return safetensors


def numbers_of(path, arrays):
    """The arrays, if there are any and all hold numbers; else ValueError."""
    if not arrays:
        raise ValueError(f"{path} holds no arrays")
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{path}: {printable(name, 60)} holds {array.dtype}, not numbers")
    return arrays


def layout_of(arrays):
    """ "npnet" where the names are npnet's own (conv1.w), else "torch"; the mapping looks at the shapes as well."""
    own = sum(name.endswith((".w", ".b")) for name in arrays)
    return "npnet" if own * 2 > len(arrays) else "torch"


def short(error):
    """An error's text as part of a sentence."""
    text = printable(" ".join(str(error).split()), 160).rstrip(".")
    return text or type(error).__name__


# ---------------------------------------------------------------------------- writing

def state_dict(net):
    """{name: array} of a network as PyTorch's state_dict has it: its names, and dense weights (M, D).

    The arrays are copies that lie in C order.
    """
    own, theirs = net.params() | net.state(), torch_names(net)
    made = {}
    for module, roles in plan_of(net).modules.items():
        for role in roles:
            array = ops.to_host(own[f"{module}.{role}"])
            name = f"{theirs.get(module, module)}.{IN_TORCH.get(role, role)}"
            made[name] = np.array(array.T if array.ndim == 2 else array, order="C")
    return made


def torch_names(net):
    """{layer: torchvision's module} if the network has the arrays of one that torchvision has, else {}."""
    plan = plan_of(net)
    for version, table in names.TABLES.items():
        known = plan_of_version(version, net.shapes[list(net.layers)[-1]][0]).modules
        if plan.modules == known and not plan.padded_end:
            return {layer: module for module, layer in table.items()}
    return {}


def write_npz(path, net):
    """Writes a network's arrays as a .npz under the names of PyTorch's state_dict, uncompressed."""
    arrays = state_dict(net)
    with writing(path) as beside, open(beside, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def write_safetensors(path, net):
    """Writes a network's arrays as .safetensors under the names of PyTorch's state_dict. ImportError without the
    package safetensors."""
    package()
    from safetensors.numpy import save
    content = save(state_dict(net), metadata={"format": "pt"})
    with writing(path) as beside:
        beside.write_bytes(content)                 # its save_file would make a file that only its owner can read
