"""Small sound files of every format that npnet.weights reads, and how they are read: what fuzzed.py damages.

    KINDS["onnx"].files()           [bytes, ...]
    KINDS["onnx"].reads             functions of a path
"""
import functools
import io
import json
import struct
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import small_onnx
import small_torch
from wire import field, packed

import npnet
from npnet import weights
from npnet.data import Pipeline
from npnet.weights.readers import arrays as arrays_reader
from npnet.weights import reading
from npnet.weights.readers import caffe, caffe_network, compression, onnx, prototxt, pytorch
from npnet.weights.readers import caffe_h5 as caffe_h5_reader


@dataclass
class Kind:
    """A format: the ending of its files, what makes small ones, who reads them, bytes of arrays to bytes of file."""

    suffix: str
    files: object
    reads: list
    factor: int = 64
    damage: str = "bytes"


def network():
    """A small network with one layer of most kinds."""
    return npnet.Network((3, 16, 16), conv1=npnet.Conv2D(4, 3, pad=1), relu1=npnet.ReLU(), norm1=npnet.BatchNorm(),
                         pool1=npnet.MaxPool(4, 4), flatten=npnet.Flatten(), fc2=npnet.Dense(3))


def state():
    """{name: array} as PyTorch would have it."""
    random = np.random.default_rng(0)
    shapes = {"conv1.weight": (4, 3, 3, 3), "conv1.bias": (4,), "norm1.weight": (4,), "norm1.bias": (4,),
              "norm1.running_mean": (4,), "norm1.running_var": (4,), "fc2.weight": (3, 64), "fc2.bias": (3,)}
    made = {name: random.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    return made | {"norm1.num_batches_tracked": np.array(7)}


def from_path(write, suffix):
    """The bytes that write(path) leaves."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, f"a{suffix}"))
        return Path(folder, f"a{suffix}").read_bytes()


# ---------------------------------------------------------------------------- Caffe

PROTOTXT = """name: "small"
input: "data"
input_shape { dim: 1 dim: 3 dim: 16 dim: 16 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 1 group: 1 } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }  # a remark
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 5e-05 beta: 0.75 norm_region: WITHIN_CHANNEL } }
layer { name: "pool1" type: "Pooling" bottom: "norm1" top: "pool1" pooling_param { pool: MAX kernel_size: 4 stride: 4 } }
layer { name: "drop1" type: "Dropout" bottom: "pool1" top: "pool1" dropout_param { dropout_ratio: 0.5 } }
layer { name: "ip2" type: "InnerProduct" bottom: "pool1" top: "ip2" inner_product_param { num_output: 3 } }
layer { name: "prob" type: "Softmax" bottom: "ip2" top: "prob" }
"""
V1_PROTOTXT = """name: 'old' input: 'data' input_dim: 1 input_dim: 3 input_dim: 16 input_dim: 16
layers { name: 'conv1' type: CONVOLUTION bottom: 'data' top: 'conv1' blobs_lr: 1 convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layers { name: 'pool1' type: POOLING bottom: 'conv1' top: 'pool1' pooling_param { pool: AVE kernel_size: 4 stride: 4 } }
layers { name: 'ip2' type: INNER_PRODUCT bottom: 'pool1' top: 'ip2' inner_product_param { num_output: 3 } }
"""


def blob(array, old=False, raw=False):
    axes = [1] * (4 - array.ndim) + list(array.shape)
    head = b"".join(field(k + 1, size) for k, size in enumerate(axes)) if old else field(7, packed(1, array.shape))
    return head + (field(10, 1) + field(12, array.tobytes()) if raw else field(5, array.tobytes()))


def caffe_layer(name, kind, bottom, top, *blobs, options=b"", raw=False):
    return field(100, field(1, name) + field(2, kind) + field(3, bottom) + field(4, top) + options
                 + b"".join(field(7, blob(each, raw=raw)) for each in blobs))


def caffemodels():
    """A network of today, one with raw data, and one of 2014."""
    s, made = state(), []
    conv, dense = (s["conv1.weight"], s["conv1.bias"]), (s["fc2.weight"], s["fc2.bias"])
    conv_options = field(106, field(1, 4) + packed(3, [1]) + packed(4, [3]))
    pool = field(121, field(2, 4) + field(3, 4))
    for raw in (False, True):
        made.append(field(1, "small") + field(3, "data") + field(8, packed(1, [1, 3, 16, 16]))
                    + caffe_layer("conv1", "Convolution", "data", "conv1", *conv, options=conv_options, raw=raw)
                    + caffe_layer("relu1", "ReLU", "conv1", "conv1")
                    + caffe_layer("pool1", "Pooling", "conv1", "pool1", options=pool)
                    + caffe_layer("ip2", "InnerProduct", "pool1", "ip2", *dense, options=field(117, field(1, 3)), raw=raw)
                    + caffe_layer("prob", "Softmax", "ip2", "prob"))
    old = field(1, "old") + field(3, "data") + b"".join(field(4, size) for size in (1, 3, 16, 16))
    for name, kind, bottom, top, blobs, options in (
            ("conv1", 4, "data", "conv1", conv, field(10, field(1, 4) + field(3, 1) + field(4, 3))),
            ("pool1", 17, "conv1", "pool1", (), field(19, field(2, 4) + field(3, 4))),
            ("ip2", 14, "pool1", "ip2", dense, field(17, field(1, 3)))):
        old += field(2, field(2, bottom) + field(3, top) + field(4, name) + field(5, kind) + options
                     + b"".join(field(6, blob(each, old=True)) for each in blobs))
    return [*made, old]


def binaryproto():
    return [blob(np.random.default_rng(0).random((1, 3, 16, 16), "f4"), old=True), blob(np.ones((3, 4, 4), "f4"))]


def caffe_h5():
    """What Caffe writes: /data/LAYER/NUMBER."""
    import h5py
    made = []
    for options in ({}, {"compression": "gzip", "chunks": True}):
        file = io.BytesIO()
        with h5py.File(file, "w") as written:
            for name, array in (("conv1/0", state()["conv1.weight"]), ("conv1/1", state()["conv1.bias"]),
                                ("ip2/0", state()["fc2.weight"]), ("ip2/1", state()["fc2.bias"])):
                written.create_dataset(f"data/{name}", data=array, **options)
            written.create_group("data/relu1")
        made.append(file.getvalue())
    return made


# ---------------------------------------------------------------------------- the others

def deep_compression():
    """One of tiny layers, with the shapes that read_tiny gives, and one of cifar_alexnet."""
    random, made = np.random.default_rng(0), []
    for shapes in (TINY, compression.NETWORKS["cifar_alexnet"]):
        arrays = {}
        for name, shape in shapes.items():
            w = np.zeros(shape, "f4")
            w.reshape(-1)[::40] = random.integers(1, 8, w.size)[::40] / 4
            arrays |= {f"{name}.w": w, f"{name}.b": random.random(shape[0], "f4")}
        made.append(from_path(lambda path: compression.write(path, arrays), ".net"))
    return made


TINY = {"conv1": (4, 3, 3, 3), "fc2": (3, 64)}


def read_compressed(path):
    """By the shapes that it was made with: the short ones have those of TINY."""
    return compression.read(path, TINY if path.stat().st_size < 10_000 else None)


def pytorch_zip():
    nested = small_torch.state_dict({f"module.{name}": array for name, array in state().items()})
    return [small_torch.zipped(small_torch.state_dict(state())), small_torch.zipped(nested, order=">"),
            small_torch.zipped((small_torch.dictionary({"epoch": b"K\x03", "state_dict": nested[0]}), nested[1]))]


def pytorch_legacy():
    described = small_torch.state_dict(state(), legacy=True)
    view = small_torch.tensor("0", "f4", 10, (2, 2), view=("1", 3, 5), offset=1, legacy=True)
    return [small_torch.legacy(described),
            small_torch.legacy((small_torch.dictionary({"w": view}), {"0": np.arange(10, dtype="f4")}))]


def safetensors():
    """The bytes of the format, without the library: 8 bytes of length, JSON, the numbers."""
    header, place, content = {"__metadata__": {"format": "pt"}}, 0, b""
    for name, array in state().items():
        kind = {"f4": "F32", "i8": "I64"}[array.dtype.str[1:]]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place, content = place + array.nbytes, content + array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)) + text + content]


def npz():
    made = []
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, **state())
        made.append(file.getvalue())
    return made


def npnet_npz():
    return [from_path(lambda path: network().save(path), ".npz")]


def onnx_files():
    s = state()
    nodes = [small_onnx.node("Conv", ["x", "conv1.weight", "conv1.bias"]), small_onnx.node("MatMul", ["y", "fc2.weight"])]
    listed = [small_onnx.tensor(name, array, listed=4) for name, array in s.items() if array.dtype == np.float32]
    return [small_onnx.model([small_onnx.tensor(name, array) for name, array in s.items()], nodes),
            small_onnx.model(listed, nodes)]


def saved_trained():
    """What save_trained writes."""
    net = network()
    pipeline = Pipeline(16, 16, mean=np.full((3, 16, 16), 120, "f4"), deviation=np.full(3, 60, "f4"))
    known = weights.Trained("small", net, pipeline, ("a", "b", "c"), {"net": "small", "classes": ["a", "b", "c"]})
    return [from_path(lambda path: weights.save_trained(path, known), ".npz")]


def as_network(path):
    npnet.load(path)


def as_trained(path):
    weights.trained(path)


def with_description(path):
    """The network of a file that describes one."""
    stored = caffe.read(path)
    named(path, lambda: caffe_network.network_of(stored.layers))
    return stored


def text_built(path):
    description = prototxt.read(path).layers
    named(path, lambda: caffe_network.network_of(description))


def by_text(path):
    """Weights whose description is damaged."""
    named(path, lambda: weights.trained(beside(path), prototxt=path))


def by_mean(path):
    """Weights whose mean picture is damaged."""
    weights.trained(beside(path), mean=path)


def beside(path):
    """Sound weights beside a damaged file; put_beside makes them."""
    return path.parent / "sound.caffemodel"


def put_beside(path):
    if not beside(path).exists():
        beside(path).write_bytes(caffemodels()[0])


def named(path, call):
    """Calls; what two files say together may name the other file, or none."""
    try:
        call()
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


# The first reader of each gives what is in its sound files; the others may refuse those in a sentence, too.
KINDS = {
    "compression": Kind(".net", deep_compression, [read_compressed], 256),
    "caffemodel": Kind(".caffemodel", caffemodels, [caffe.read, with_description], damage="protobuf"),
    "binaryproto": Kind(".binaryproto", binaryproto, [caffe.read, by_mean], damage="protobuf"),
    "prototxt": Kind(".prototxt", lambda: [PROTOTXT.encode(), V1_PROTOTXT.encode()], [text_built, by_text], damage="text"),
    "caffe_h5": Kind(".h5", caffe_h5, [caffe_h5_reader.read], damage="hdf5"),
    "pytorch_zip": Kind(".pth", pytorch_zip, [pytorch.read], damage="zip"),
    "pytorch_legacy": Kind(".pth", pytorch_legacy, [pytorch.read], damage="pickle"),
    "safetensors": Kind(".safetensors", safetensors, [arrays_reader.read], damage="header"),
    "npz": Kind(".npz", npz, [arrays_reader.read], damage="zip"),
    "npnet": Kind(".npz", npnet_npz, [as_network], damage="zip"),
    "trained": Kind(".npz", saved_trained, [as_trained], damage="zip"),
    "onnx": Kind(".onnx", onnx_files, [onnx.read], damage="protobuf"),
}
for name, kind in KINDS.items():
    kind.reads += [reading.stored] * (name not in ("prototxt", "npnet", "trained")) + [as_trained] * (name not in ("prototxt", "binaryproto"))
for name, package in (("caffe_h5", "h5py"), ("safetensors", "safetensors")):
    if not find_spec(package):
        del KINDS[name]


@functools.cache
def files_of(kind):
    """The sound files of a kind, made once."""
    return KINDS[kind].files()
