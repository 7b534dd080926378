"""Small files for the page on weights: a network as other programs would have written it, made here without them, with
what the tests of the readers use."""
import sys
from pathlib import Path

import numpy as np

from npnet.weights.readers.arrays import state_dict

TESTS = Path(__file__).resolve().parents[2] / "tests" / "weights"
sys.path[:0] = [] if str(TESTS) in sys.path else [str(TESTS)]

import small_onnx                                               # noqa: E402
import small_torch                                              # noqa: E402

KINDS = {4: "Convolution", 2: "InnerProduct"}


def write_files(net):
    """Writes a network as net.pth, net.onnx, net.caffemodel and net.caffemodel.h5 into this folder."""
    arrays = state_dict(net)
    Path("net.pth").write_bytes(small_torch.zipped(small_torch.state_dict(arrays)))
    Path("net.onnx").write_bytes(small_onnx.model([small_onnx.tensor(name, array) for name, array in arrays.items()]))
    Path("net.caffemodel").write_bytes(caffemodel(arrays))
    write_h5(arrays)


def layers_of(arrays):
    """{layer: (weights, biases)}."""
    return {name.removesuffix(".weight"): (array, arrays[f"{name.removesuffix('.weight')}.bias"])
            for name, array in arrays.items() if name.endswith(".weight")}


def caffemodel(arrays):
    """The bytes of a .caffemodel: layers with blobs, and nothing that says how they hang together."""
    field = small_onnx.field
    layers = []
    for name, blobs in layers_of(arrays).items():
        parts = [field(1, name), field(2, KINDS[blobs[0].ndim])]
        for blob in blobs:
            shape = b"".join(map(small_onnx.varint, blob.shape))
            parts.append(field(7, field(7, field(1, shape)) + field(5, blob.astype("<f4").tobytes())))
        layers.append(field(100, b"".join(parts)))
    return field(1, "net") + b"".join(layers)


def write_h5(arrays):
    """Writes net.caffemodel.h5."""
    import h5py
    with h5py.File("net.caffemodel.h5", "w") as file:
        for name, blobs in layers_of(arrays).items():
            for number, blob in enumerate(blobs):
                file[f"data/{name}/{number}"] = np.asarray(blob)
