"""What a reader of weights gives: arrays under the names that their file has, before the network is known."""
from dataclasses import dataclass, field

from ..screen.words import counted

LAYOUTS = ("npnet", "torch", "caffe", "onnx")       # whose conventions the arrays follow


@dataclass
class Stored:
    """The content of a file of weights.

    format: in words, "Caffe (protobuf)". arrays: {name in the file: array} in the file's order, as they lie there.
    layout: one of LAYOUTS; in npnet's, dense weights are (D, M), in all others (M, D).
    layers: where the file describes its network, Caffe's NetParameter as plain data, else None.
    notes: sentences on what was converted or passed over.
    """

    path: str
    format: str
    arrays: dict
    layout: str
    layers: dict | None = None
    notes: list = field(default_factory=list)


def from_bfloat16(bits):
    """float32 of bfloat16's 16 bits, which are the upper half of a float32's."""
    return (bits.astype("u4") << 16).view("f4")


def bfloat16_words(count):
    """The note on so many arrays of bfloat16."""
    return f"{counted(count, 'array')} of bfloat16 became float32, which has room for every number of theirs"
