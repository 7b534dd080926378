"""Reads Caffe's binary files: networks with weights (.caffemodel) and mean pictures (.binaryproto).

    stored = read("bvlc_alexnet.caffemodel")
    stored.arrays           {"conv1/0": (96, 3, 11, 11), "conv1/1": (96,), ..., "fc8/0": (1000, 4096), "fc8/1": (1000,)}
    stored.layers           the NetParameter as plain data; each layer's "blobs" are its shapes; "file" is the path

Arrays are called LAYER/NUMBER, as in Caffe's HDF5 files: the layer's name there (it may have slashes itself), then 0
for the weights and 1 for the bias. `our_name` is what npnet calls the layer, whose names have no slash.

The tables below say which fields of caffe.proto are read, in the form of protobuf.py; prototxt.py reads text by the
same tables. Networks of 2014 (V1: `layers`, types as an enum, blobs of four axes) come out as they lie there, but for
the blobs' shapes, which are made those of today; NVIDIA's half precision comes out as float16.
"""
import io
import math

import numpy as np

from ...network import DAMAGE
from ...screen.words import printable
from .protobuf import fields_of, read_message
from ..stored import Stored

FORMAT = "Caffe (protobuf)"
PHASES, AXES = ("TRAIN", "TEST"), 32
RAW = ("DOUBLE", "FLOAT", "FLOAT16", "INT", "UINT")
RAW_TYPES = {"DOUBLE": "<f8", "FLOAT": "<f4", "FLOAT16": "<f2", "INT": "<i4", "UINT": "<u4"}

SHAPE = {1: ("dim", ["int"])}
BLOB = {
    1: ("num", "int"), 2: ("channels", "int"), 3: ("height", "int"), 4: ("width", "int"),       # until 2014
    5: ("data", ["float"]), 7: ("shape", SHAPE), 8: ("double_data", ["double"]),
    10: ("raw_data_type", RAW), 12: ("raw_data", "bytes"),                                      # NVIDIA's
}
RULE = {1: ("phase", PHASES), 2: ("min_level", "int"), 3: ("max_level", "int"), 4: ("stage", ["text"]),
        5: ("not_stage", ["text"])}
TRANSFORM = {1: ("scale", "float"), 2: ("mirror", "bool"), 3: ("crop_size", "int"), 4: ("mean_file", "text"),
             5: ("mean_value", ["float"]), 6: ("force_color", "bool"), 7: ("force_gray", "bool")}
CONVOLUTION = {
    1: ("num_output", "int"), 2: ("bias_term", "bool"), 3: ("pad", ["int"]), 4: ("kernel_size", ["int"]),
    5: ("group", "int"), 6: ("stride", ["int"]), 9: ("pad_h", "int"), 10: ("pad_w", "int"), 11: ("kernel_h", "int"),
    12: ("kernel_w", "int"), 13: ("stride_h", "int"), 14: ("stride_w", "int"), 16: ("axis", "int"),
    18: ("dilation", ["int"]),
}
POOLING = {
    1: ("pool", ("MAX", "AVE", "STOCHASTIC")), 2: ("kernel_size", "int"), 3: ("stride", "int"), 4: ("pad", "int"),
    5: ("kernel_h", "int"), 6: ("kernel_w", "int"), 7: ("stride_h", "int"), 8: ("stride_w", "int"),
    9: ("pad_h", "int"), 10: ("pad_w", "int"), 12: ("global_pooling", "bool"), 13: ("round_mode", ("CEIL", "FLOOR")),
}
DENSE = {1: ("num_output", "int"), 2: ("bias_term", "bool"), 5: ("axis", "int"), 6: ("transpose", "bool")}
LRN = {1: ("local_size", "int"), 2: ("alpha", "float"), 3: ("beta", "float"),
       4: ("norm_region", ("ACROSS_CHANNELS", "WITHIN_CHANNEL")), 5: ("k", "float")}
DROPOUT = {1: ("dropout_ratio", "float")}
CONCAT = {1: ("concat_dim", "int"), 2: ("axis", "int")}
RELU = {1: ("negative_slope", "float")}
SOFTMAX = {2: ("axis", "int")}
FLATTEN = {1: ("axis", "int"), 2: ("end_axis", "int")}
INPUT = {1: ("shape", [SHAPE])}

LAYER = {
    1: ("name", "text"), 2: ("type", "text"), 3: ("bottom", ["text"]), 4: ("top", ["text"]), 7: ("blobs", [BLOB]),
    8: ("include", [RULE]), 9: ("exclude", [RULE]), 100: ("transform_param", TRANSFORM), 104: ("concat_param", CONCAT),
    106: ("convolution_param", CONVOLUTION), 108: ("dropout_param", DROPOUT), 117: ("inner_product_param", DENSE),
    118: ("lrn_param", LRN), 121: ("pooling_param", POOLING), 123: ("relu_param", RELU),
    125: ("softmax_param", SOFTMAX), 135: ("flatten_param", FLATTEN), 143: ("input_param", INPUT),
}
V1_TYPES = (
    "NONE", "ACCURACY", "BNLL", "CONCAT", "CONVOLUTION", "DATA", "DROPOUT", "EUCLIDEAN_LOSS", "FLATTEN", "HDF5_DATA",
    "HDF5_OUTPUT", "IM2COL", "IMAGE_DATA", "INFOGAIN_LOSS", "INNER_PRODUCT", "LRN", "MULTINOMIAL_LOGISTIC_LOSS",
    "POOLING", "RELU", "SIGMOID", "SOFTMAX", "SOFTMAX_LOSS", "SPLIT", "TANH", "WINDOW_DATA", "ELTWISE", "POWER",
    "SIGMOID_CROSS_ENTROPY_LOSS", "HINGE_LOSS", "MEMORY_DATA", "ARGMAX", "THRESHOLD", "DUMMY_DATA", "SLICE", "MVN",
    "ABSVAL", "SILENCE", "CONTRASTIVE_LOSS", "EXP", "DECONVOLUTION")
V1_LAYER = {
    1: ("layer", {1: ("name", "text")}),                                                        # V0, of 2013
    2: ("bottom", ["text"]), 3: ("top", ["text"]), 4: ("name", "text"), 5: ("type", V1_TYPES), 6: ("blobs", [BLOB]),
    9: ("concat_param", CONCAT), 10: ("convolution_param", CONVOLUTION), 12: ("dropout_param", DROPOUT),
    17: ("inner_product_param", DENSE), 18: ("lrn_param", LRN), 19: ("pooling_param", POOLING),
    30: ("relu_param", RELU), 32: ("include", [RULE]), 33: ("exclude", [RULE]), 36: ("transform_param", TRANSFORM),
    39: ("softmax_param", SOFTMAX),
}
NET = {1: ("name", "text"), 2: ("layers", [V1_LAYER]), 3: ("input", ["text"]), 4: ("input_dim", ["int"]),
       8: ("input_shape", [SHAPE]), 100: ("layer", [LAYER])}


# ---------------------------------------------------------------------------- which file it is

def kind_of(data):
    """What Caffe's bytes are: "network" (.caffemodel), "mean" (.binaryproto), or None for another format.

    Only looks at the outermost fields; the file may still be damaged.
    """
    try:
        fields = {(number, wire) for number, wire, _ in fields_of(memoryview(data))}
    except ValueError:
        return None
    layers = {(2, 2), (100, 2)}
    if fields & layers and fields <= layers | {(1, 2), (3, 2), (4, 0), (4, 2), (5, 0), (6, 2), (7, 0), (8, 2)}:
        return "network"
    numbers, shape = {(5, 2), (5, 5), (8, 2), (8, 1), (12, 2)}, {(1, 0), (2, 0), (3, 0), (4, 0), (7, 2), (10, 0)}
    return "mean" if fields & numbers and fields <= numbers | shape else None


# ---------------------------------------------------------------------------- networks

def read(path):
    """The arrays of a .caffemodel, and its network as plain data. A .binaryproto gives one array, "mean".

    Raises FileNotFoundError, and ValueError in one sentence for a file that is damaged or not Caffe's.
    """
    data = bytes_of(path)
    kind = kind_of(data)
    if kind is None:
        raise ValueError(f"{path} is no network and no mean picture of Caffe, or it is cut off or damaged; give a "
                         f".caffemodel or .binaryproto")
    try:
        if kind == "mean":
            return Stored(str(path), FORMAT, {"mean": array_of(read_message(data, BLOB), "the mean")}, "caffe")
        description = read_message(data, NET)
        arrays = arrays_of(description)
        return Stored(str(path), FORMAT, arrays, "caffe", layers={**plain(description), "file": str(path)})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def bytes_of(path):
    """The bytes of a file. FileNotFoundError or OSError in one sentence, ValueError for an empty file."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    except OSError as error:
        raise OSError(f"cannot read {path} ({error.strerror or error})") from None
    if not data:
        raise ValueError(f"{path} is empty (0 bytes); get it again")
    return data


def our_name(layer):
    """What npnet calls a layer of Caffe: arrays are called LAYER.w here, so there are no slashes and no dots."""
    name = layer.replace("/", "_").replace(".", "_")
    return f"{name}_" if name in ("input_shape", "seed", "dtype") else name         # Network's own arguments


def arrays_of(description):
    """{LAYER/NUMBER: array} of a NetParameter; in the description, shapes take the place of the blobs."""
    arrays = {}
    for layer in [*description.get("layers", []), *description.get("layer", [])]:
        if "layer" in layer:
            raise ValueError("it was written by Caffe of 2013 (layers in layers); bring it up to date with Caffe's "
                             "tool upgrade_net_proto_binary first")
        for number, blob in enumerate(layer.get("blobs", [])):
            name = f"{layer.get('name', '')}/{number}"
            if name in arrays:
                raise ValueError(f"two layers with weights are called {printable(layer.get('name', ''))}")
            array = array_of(blob, printable(name))
            arrays[name] = today(array, number, layer.get("type")) if "shape" not in blob else array
        if "blobs" in layer:
            layer["blobs"] = [list(arrays[f"{layer.get('name', '')}/{n}"].shape) for n in range(len(layer["blobs"]))]
    return arrays


def array_of(blob, name):
    """A blob as an array of its shape: float32, or float64 and float16 where it lies there so."""
    raw = blob.get("raw_data_type", "DOUBLE")
    if "raw_data" in blob:
        if raw not in RAW_TYPES or len(blob["raw_data"]) % np.dtype(RAW_TYPES[raw]).itemsize:
            raise ValueError(f"{name} has raw data of a type that is not known ({raw}), or cut off")
        numbers = np.frombuffer(blob["raw_data"], RAW_TYPES[raw])
    else:
        numbers = blob.get("data", blob.get("double_data", np.zeros(0, np.float32)))
    shape = shape_of(blob, numbers.size)
    if len(shape) > AXES or min(shape, default=1) < 0 or math.prod(shape) != numbers.size:
        said = " x ".join(map(str, shape[:AXES])) or "that of a single number"
        raise ValueError(f"{name} says that its shape is {said}, but has {numbers.size:,} numbers; the file is damaged")
    return numbers.reshape(shape).copy()                    # aligned, and free of the file


def shape_of(blob, size):
    """The shape that a blob says it has: today's form, or the four axes of 2014, or flat."""
    if "shape" in blob:
        return blob["shape"].get("dim", np.zeros(0, np.int64)).tolist()
    axes = ("num", "channels", "height", "width")
    return [blob.get(axis, 0) for axis in axes] if any(axis in blob for axis in axes) else [size]


def today(array, number, kind):
    """A blob of four axes in the shape that Caffe gives it today: biases (K,), dense weights (M, D)."""
    if number:
        return array.reshape(-1)
    dense = kind in ("INNER_PRODUCT", "InnerProduct") and array.ndim == 4 and array.shape[:2] == (1, 1)
    return array.reshape(array.shape[2:]) if dense else array


def plain(value):
    """What read_message gave as plain data: arrays as lists."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


# ---------------------------------------------------------------------------- mean pictures

def mean_picture(path):
    """The mean picture of a .binaryproto or of an .npy, which Caffe ships too: float32 (C, H, W).

    The file does not say which channel is first, and they stay as they lie there. Caffe's tools that read photographs
    (ImageNet's mean) write blue, green, red; its mean of CIFAR-10 is red, green, blue, as that set's own files are.
    Raises FileNotFoundError, and ValueError for a file that holds no mean picture.
    """
    data = bytes_of(path)
    if data.startswith(b"\x93NUMPY"):
        array = npy_array(path, data)
    elif kind_of(data) == "mean":
        array = read(path).arrays["mean"]
    else:
        raise ValueError(f"{path} holds no mean picture; give Caffe's .binaryproto, or an .npy (C, H, W)")
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    if array.ndim != 3 or array.shape[0] not in (1, 3) or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{path}: a mean picture must be finite numbers (C, H, W) with 1 or 3 channels, got an array "
                         f"{array.shape}")
    if array.min() < 0 or array.max() > 255:
        raise ValueError(f"{path}: the numbers of a mean picture lie from 0 to 255, as pixels do, but here from "
                         f"{array.min():.4g} to {array.max():.4g}; give the mean picture of the training")
    return array.astype(np.float32)


def npy_array(path, data):
    """The array of an .npy file, whose header is compared with what is there; never a pickle."""
    stream = io.BytesIO(data)
    try:
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = header[np.lib.format.read_magic(stream)](stream)
        if dtype.kind not in "iuf" or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
            raise ValueError
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (*DAMAGE, SyntaxError, OverflowError):
        raise ValueError(f"{path} is damaged, or holds no numbers") from None
