"""How a network of Caffe's wants its pictures: the Pipeline from its description and its mean picture.

    mean = mean_picture("mean.binaryproto")                     # (3, 32, 32), channels as they lie there
    pipeline, notes = pipeline_of(description, (3, 32, 32), mean)

Caffe subtracts the mean picture, or a mean for each channel, then multiplies by `scale`; from a mean picture larger
than the network's input the middle is cut out, where the picture's own middle is. Its tools stretch a photograph to
that square, whatever its proportions. No file says whether blue or red comes first. Caffe's tools read photographs
blue first (BGR), so that is supposed, but for networks of CIFAR-10, whose own files are red first; the notes say what
was.
"""
import numpy as np

from ...data.pictures import shorter_for
from ...data.pipeline import Pipeline, square_input
from ...screen.words import counted, printable
from .caffe_network import short, transforms

TOO_LARGE = 2                       # times the input's side: a mean picture of other pictures; Caffe's is 256 for 227


def pipeline_of(description, input_shape, mean=None, order=None):
    """The Pipeline for a network of input_shape (C, H, W), and notes: (Pipeline, [sentence, ...]).

    mean: what mean_picture(path) gave, its channels in the network's order. order: "RGB" or "BGR", where it is known.
    ValueError for an input that is not square, for a mean of other channels, and for a mean picture that is more than
    twice as large as the input, of which the network would see a small part.
    """
    channels, side = square_input(input_shape)
    notes, given = [], (transforms(description) or [{}])[0]
    if order is None:
        order = order_supposed(description, channels, notes)
    if mean is not None:
        shorter, values = from_picture(np.asarray(mean, np.float32), channels, side, notes)
    else:
        shorter, values = shorter_for(side), np.array([short(value) for value in given.get("mean_value", [0])])
        if given.get("mean_file"):
            file = printable(given["mean_file"][-100:], 100)
            notes.append(f"In training its pictures were minus the mean picture {file}, which is missing; give mean=, "
                         f"or its answers are poor.")
    if values.shape[0] not in (1, channels):
        raise ValueError(f"the mean has {values.shape[0]} channels, the network's pictures have {channels}")
    values = values[::-1] if order == "BGR" else values         # a Pipeline's mean is red, green, blue
    scale = short(given.get("scale", 1.0))
    if not scale > 0:
        raise ValueError(f"its pictures are multiplied by {scale}, which must be above 0")
    return Pipeline(side, shorter, channels, order, mean=values, deviation=short(1 / scale),
                    stretch=order == "BGR"), notes


def order_supposed(description, channels, notes):
    """The order of channels, by the network's name, with a note."""
    if channels == 1:
        return "RGB"                                            # one grey channel has no order
    if "cifar" in str(description.get("name", "")).lower():
        notes.append("Red is supposed to come first (RGB), as in the files of CIFAR-10.")
        return "RGB"
    notes.append("Blue is supposed to come first (BGR), as in Caffe's tools that read photographs.")
    return "BGR"


def from_picture(mean, channels, side, notes):
    """How large pictures are before the middle is cut out, and the mean: (shorter, picture or a mean per channel)."""
    if mean.ndim != 3 or len(mean) != channels:
        raise ValueError(f"the mean picture must be (C, H, W) with the {counted(channels, 'channel')} of the network's "
                         f"pictures, got {mean.shape}")
    if max(mean.shape[1:]) > TOO_LARGE * side:
        raise ValueError(f"it is {mean.shape[1]} x {mean.shape[2]}, but the network reads {side} x {side}: pictures "
                         f"would be brought to the mean's size, and the network get their middle alone; give the mean "
                         f"picture of this network's training")
    if mean.shape[1] == mean.shape[2] >= side:
        if mean.shape[1] > side:
            notes.append(f"Pictures are brought to {mean.shape[1]} x {mean.shape[1]}, the size of the mean picture; "
                         f"the network gets the middle {side} x {side} of them.")
        return mean.shape[1], mean
    notes.append(f"The mean picture of {mean.shape[1]} x {mean.shape[2]} does not cover pictures of {side} x {side}; "
                 f"the mean of each channel is subtracted.")
    return shorter_for(side), mean.mean(axis=(1, 2))
