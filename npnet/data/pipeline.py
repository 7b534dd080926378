"""The pipeline: how a picture becomes what a network reads, in training and at test.

    pipeline = Pipeline.for_training(flowers.train, (3, 227, 227), normalise="mean-picture", colour="paper")
    pipeline.train(picture, rng(seed, "augment", epoch, index))     # float32 (3, 227, 227), a different one each epoch
    pipeline.test(picture)                                          # float32 (3, 227, 227), the middle
    pipeline.ten(picture)                                           # float32 (10, 3, 227, 227), to average over
    print(pipeline)                                                 # the same in words

What is needed to repeat this on another picture is saved with the network: settings() and arrays().
"""
from dataclasses import dataclass, fields, replace

import numpy as np

from . import augment
from .pictures import GREY, check_cut, check_picture, shorter_for
from .statistics import of_channels, statistics

IMAGENET_MEAN = (123.68, 116.779, 103.939)      # red, green, blue over the training set, 0 to 255
LARGEST = 1024                  # pixels, to which a picture may be enlarged for any input
NORMALISE = ("standard", "mean", "mean-picture", "none")
ARRAYS = ("mean", "deviation", "vectors", "values")


# ---------------------------------------------------------------------------- pictures into numbers

def to_input(picture, mean=IMAGENET_MEAN, deviation=1.0, scale="0-255", order="RGB", channels=3):
    """(pixels - mean) / deviation as a network reads it: uint8 (H, W, C) -> float32 (1, channels, H, W).

    scale      "0-255" or "0-1": what black and white are before the mean is subtracted
    mean       one number, or three for red, green, blue (in this order whatever `order` is), in `scale`
    deviation  likewise
    order      "RGB" or "BGR": the order of the channels in the result
    channels   3, or 1 for grey; then mean and deviation are one number each

    Who expects what is in npnet.weights.prepared: a network that was trained on numbers from 0 to 255 and is shown
    numbers from 0 to 1 sees a black picture and names the same class every time, without any error. ValueError if
    mean or deviation belong to the other scale.
    """
    check_picture(picture)
    pipeline = Pipeline(1, 1, channels, order, scale, mean, deviation)          # 1 x 1 stands for any size
    return finished(pipeline.part(picture, (slice(None), slice(None))), pipeline.deviation, order)[None]


def centred(picture, mean, scale, channels):
    """A picture as numbers, minus the mean: uint8 (H, W, C) -> float32 (channels, H, W), contiguous."""
    x = picture.transpose(2, 0, 1).astype(np.float32, order="C")
    if channels < len(x):
        red, green, blue = GREY
        x = (red * x[0] + green * x[1] + blue * x[2])[None]
    elif channels > len(x):
        x = np.repeat(x, 3, axis=0)
    if scale == "0-1":
        x /= 255
    x -= mean
    return x


def finished(x, deviation, order):
    """Over the deviation, in the network's order of channels, contiguous: (..., channels, H, W)."""
    x = x / deviation[:, None, None]
    return np.ascontiguousarray(x[..., ::-1, :, :] if order == "BGR" else x)


# ---------------------------------------------------------------------------- the pipeline

@dataclass(frozen=True, eq=False)
class Pipeline:
    """How pictures become a network's input: the steps, in this order.

    1. The picture, uint8 (H, W, 3) or grey (H, W, 1), is resized until its shorter side is `shorter`, and its
       central square is cut out (section 2 of the paper: 256); with `stretch`, the whole picture becomes that square,
       as Caffe's tools make it. A square of that size is left as it is.
    2. In training, with `crop`, a random square of `size` is cut out of that one; else the middle.
    3. It becomes float32: three equal channels from grey or one grey channel from colour where the network's
       `channels` ask for it; from 0 to 255, or from 0 to 1 if `scale` is "0-1".
    4. Minus `mean`: one number, one per channel, or a mean picture (channels, shorter, shorter), of which the same
       square is taken; always in the order red, green, blue.
    5. In training: moved by up to `pad` pixels, zeros (the mean colour) coming in; mirrored half of the
       time, with `mirror`; its colours shifted, with `colour` "paper" or "original" (augment.pca_colour with
       the basis `vectors`, `values` and `std`).
    6. Over `deviation`, one number or one per channel; channels in the `order` "RGB" or "BGR".

    counted: of how many pictures the mean and all that follows from it are, if not of all.
    """

    size: int
    shorter: int
    channels: int = 3
    order: str = "RGB"
    scale: str = "0-255"
    mean: object = 0.0
    deviation: object = 1.0
    crop: bool = False
    pad: int = 0
    mirror: bool = False
    colour: str | None = None
    vectors: object = None
    values: object = None
    std: float = 0.1
    counted: int | None = None
    stretch: bool = False

    def __post_init__(self):
        for name, value in checked(self).items():
            object.__setattr__(self, name, value)                   # the class is frozen

    def __eq__(self, other):
        return isinstance(other, Pipeline) and self.settings() == other.settings() and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in ARRAYS)

    # ------------------------------------------------------------------------ pictures

    def train(self, picture, draw):
        """The picture as training sees it, with what `draw` draws: float32 (channels, size, size)."""
        square = self.square(picture)
        sides = self.shorter, self.shorter, self.size
        places = augment.window(*sides, draw) if self.crop else augment.middle(*sides)
        x = self.part(square, places).transpose(1, 2, 0)        # (size, size, channels), as a picture
        if self.pad:
            x = augment.pad_and_crop(x, self.pad, draw)
        if self.mirror:
            x = augment.mirrored(x, draw)
        if self.colour:
            x = augment.pca_colour(x, self.vectors, self.values, draw, self.colour, self.std, self.scale)
        return finished(x.transpose(2, 0, 1), self.deviation, self.order)

    def test(self, picture):
        """The picture as a test sees it, the middle, nothing random: float32 (channels, size, size)."""
        middle = augment.middle(self.shorter, self.shorter, self.size)
        return finished(self.part(self.square(picture), middle), self.deviation, self.order)

    def ten(self, picture):
        """Ten views of the picture: float32 (10, channels, size, size), in the order of augment.ten_crops.

        Four corners and the middle, then their mirror images. With `pad` they are cut from the picture with
        its border of zeros; where there is neither a larger square nor a border, the five are equal.
        Average the softmax outputs of the ten, not the logits.
        """
        x = self.part(self.square(picture), (slice(None), slice(None)))
        x = np.pad(x, [(0, 0), (self.pad, self.pad), (self.pad, self.pad)])
        views = augment.ten_crops(x.transpose(1, 2, 0), self.size)  # (10, size, size, channels)
        return finished(views.transpose(0, 3, 1, 2), self.deviation, self.order)

    def square(self, picture):
        """The square of `shorter` pixels that the picture becomes before anything else: uint8."""
        return augment.square(picture, self.shorter, self.stretch)

    def part(self, square, places):
        """The part `places` of the square as numbers, minus the mean: float32 (channels, rows, columns)."""
        mean = self.mean[:, *places] if self.mean.ndim == 3 else self.mean[:, None, None]
        return centred(square[places], mean, self.scale, self.channels)

    def __str__(self):
        test, added = ", ".join(cut_words(self) + number_words(self)), ", ".join(training_words(self))
        return f"{test}; in training: {added or 'the same'}"

    # ------------------------------------------------------------------------ making, saving

    @classmethod
    def for_training(cls, pictures, input_shape, normalise="standard", crop=None, pad=None, mirror=True, colour=None,
                     order="RGB", shorter=None, most=None, progress=None):
        """The pipeline for training a network of input_shape (C, H, W) on these pictures; computes what it needs.

        normalise   "standard": minus the mean and over the deviation of each channel; "mean": minus the mean of each
                    channel; "mean-picture": minus the mean picture, as the paper does; "none": pixels from 0 to 1
        crop, pad   by default: for sides up to 64, moved by up to size // 8 pixels; for larger ones, random
                    crops of a square of `shorter` (default: 256 for 227 and 224, others in proportion; the
                    size itself with a pad)
        mirror      False for pictures whose left and right mean something, such as digits and letters
        most        of how many pictures the statistics are, at most (default: 10,000 files; all of an array)
        """
        channels, size = square_input(input_shape)
        if normalise not in NORMALISE:
            raise ValueError(f"normalise must be one of {', '.join(NORMALISE)}, got {normalise!r}")
        if shorter is None:
            shorter = size if pad else shorter_for(size)
        crop = shorter > size if crop is None else crop
        pad = size // 8 if pad is None and shorter == size else pad or 0
        # made once with any mean and basis, so that what does not fit is said before the pictures are read
        plain = cls(size, shorter, channels, order, scale="0-1" if normalise == "none" else "0-255",
                    mean=float(normalise != "none"), crop=crop, pad=pad, mirror=mirror, colour=colour,
                    vectors=np.eye(3), values=np.ones(3))
        if normalise == "none" and colour is None:
            return plain
        found = of_channels(statistics(pictures, shorter, progress, most), channels)
        counted = int(found["pictures"]) if found["pictures"] < len(pictures) else None
        return replace(plain, counted=counted, **kept_of(found, normalise, colour))

    def settings(self):
        """Everything but the arrays, as plain data for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in ARRAYS}

    def arrays(self):
        """The arrays by name: mean, deviation (float32) and, with colours, vectors, values (float64)."""
        return {name: getattr(self, name) for name in ARRAYS if getattr(self, name) is not None}

    @classmethod
    def restored(cls, settings, arrays):
        """The pipeline of these settings() and arrays(), exactly."""
        known = {field.name for field in fields(cls)}
        given = {**settings, **arrays} if isinstance(settings, dict) else {}
        if not {"size", "shorter"} <= set(given) <= known:
            wrong = sorted(set(given) - known) or ["no size or no shorter"]
            raise ValueError(f"these are not the settings of a pipeline: they have {', '.join(wrong)}; "
                             f"were they saved by a newer npnet?")
        return cls(**given)


def square_input(input_shape):
    """(channels, side) of a network's input. ValueError if it is not a square, grey or in colour."""
    channels, *sides = input_shape
    if len(sides) != 2 or sides[0] != sides[1] or channels not in (1, 3):
        raise ValueError(f"pictures are prepared for square inputs, grey or in colour; "
                         f"this network takes {input_shape}")
    return channels, sides[0]


def kept_of(found, normalise, colour):
    """What a pipeline keeps of the statistics of the training pictures."""
    kept = {}
    if normalise != "none":
        mean = found["mean_picture" if normalise == "mean-picture" else "channel_means"]
        kept["mean"] = mean if mean.max() >= 1 else 0.0                         # below: black but for a few pixels
    if normalise == "standard":
        kept["deviation"] = np.maximum(found["channel_deviations"], 1)          # 0 if all have one colour
    if colour is not None:
        if "colour_values" not in found:
            raise ValueError(f"colour={colour!r} needs pictures in colour, but these are grey")
        kept |= {"vectors": found["colour_vectors"], "values": found["colour_values"]}
    return kept


# ---------------------------------------------------------------------------- in words

def cut_words(pipeline):
    """Which part of the picture is seen."""
    size, shorter = pipeline.size, pipeline.shorter
    whole = [f"the whole picture stretched to {shorter} x {shorter} pixels"] if pipeline.stretch else []
    return whole + ([] if size == shorter else [f"the middle {size} x {size} of {shorter} x {shorter} pixels"])


def number_words(pipeline):
    """What the pixels become: "BGR", "0 to 255", "minus the mean (104.0, 117.0, 123.0)"."""
    words = ["grey" if pipeline.channels == 1 else pipeline.order, pipeline.scale.replace("-", " to ")]
    some = f" of {pipeline.counted:,} pictures" if pipeline.counted else ""
    if pipeline.mean.ndim == 3:
        words.append(f"minus the mean picture{some}")
    elif pipeline.mean.any():
        words.append(f"minus the mean {listed(pipeline.mean, pipeline.order)}{some}")
    if (pipeline.deviation != 1).any():
        words.append(f"over {listed(pipeline.deviation, pipeline.order)}")
    return words


def training_words(pipeline):
    """What is added in training."""
    words = [f"random crops of {pipeline.size} x {pipeline.size}"] if pipeline.crop else []
    if pipeline.pad:
        words.append(f"moved by up to {pipeline.pad} pixel{'s' * (pipeline.pad > 1)}")
    if pipeline.mirror:
        words.append("mirrored half of the time")
    if pipeline.colour:
        form = {"paper": "in the paper", "original": "the 2012 program"}[pipeline.colour]
        words.append(f"colours shifted as {form} ({pipeline.std:g})")
    return words


def listed(values, order):
    """(125.3, 123.0, 113.9), in the order of the network's channels; one number without brackets."""
    values = values[::-1] if order == "BGR" else values
    words = ", ".join(f"{value:.1f}" if abs(value) >= 1 else f"{value:.3g}" for value in values)
    return words if len(values) == 1 else f"({words})"


# ---------------------------------------------------------------------------- checks

def checked(given):
    """What a pipeline keeps: its numbers as Python's, its arrays as float32 and float64. Raises ValueError."""
    sizes = {name: whole(name, getattr(given, name)) for name in ("size", "shorter", "channels", "pad")}
    size, shorter, channels, pad = sizes.values()
    check_cut(size, shorter)
    if shorter > max(LARGEST, 16 * size):
        raise ValueError(f"shorter={shorter} is too large for an input of size={size}: every picture would be made "
                         f"that large first; choose at most {max(LARGEST, 16 * size)}")
    if given.crop and size == shorter:
        raise ValueError(f"crop=True needs a square larger than the network's input, but size and shorter are both "
                         f"{size}; make shorter larger, or use pad")
    if pad < 0 or pad and shorter > size:
        raise ValueError(f"pad must be 0 unless size and shorter are equal (a larger square is cropped, not padded), "
                         f"got pad={pad} with size={size}, shorter={shorter}")
    augment.check_word("scale", given.scale, augment.SCALES)
    augment.check_word("order", given.order, ("RGB", "BGR"))
    if channels not in (1, 3):
        raise ValueError(f"channels must be 3, or 1 for grey, got {channels!r}")
    mean = per_channel("mean", given.mean, channels, given.scale, shorter)
    deviation = per_channel("deviation", given.deviation, channels, given.scale)
    counted = None if given.counted is None else whole("counted", given.counted)
    return {**sizes, **checked_colours(given, mean), "mean": mean, "deviation": deviation, "counted": counted,
            "crop": bool(given.crop), "mirror": bool(given.mirror), "stretch": bool(given.stretch)}


def whole(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    return int(value)


def finite(name, value):
    """The value as a float32 array. ValueError for what is not numbers, NaN and infinity."""
    try:
        array = np.array(value, np.float32)
    except (TypeError, ValueError):
        array = np.float32(np.nan)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, got {value!r:.60}")
    return array


def per_channel(name, value, channels, scale, shorter=None):
    """mean or deviation as a float32 array (1,) or (channels,), or, with shorter, a mean picture (channels, shorter,
    shorter). ValueError also if these numbers were computed over pixels of the other scale."""
    array = np.atleast_1d(finite(name, value))
    if shorter is not None and array.ndim > 1:
        if array.shape != (channels, shorter, shorter):
            raise ValueError(f"the mean picture must be {(channels, shorter, shorter)}, as channels={channels} and "
                             f"shorter={shorter}, got {array.shape}")
        value = array.max()
    elif array.shape not in ((1,), (channels,)):
        raise ValueError(f"{name} must be one number{' or three' if channels == 3 else ''} "
                         f"for channels={channels}, got {value}")
    if name == "deviation" and not (array > 0).all():
        raise ValueError(f"deviation must be above 0, got {value}")
    largest = np.abs(array).max()
    if largest > 1 if scale == "0-1" else 0 < largest < 1:
        other, change = ("0 to 255", "divide") if scale == "0-1" else ("0 to 1", "multiply")
        raise ValueError(f'{name}={value} is meant for pixels from {other}, but scale is "{scale}"; {change} it by 255 '
                         f"or change the scale")
    return array


def checked_colours(given, mean):
    """How colours are shifted: the word, the basis and the deviation of the draw."""
    finite("std", given.std)
    std = float(given.std)
    if std < 0:
        raise ValueError(f"std must be at least 0, the paper's is 0.1, got {std:g}")
    if given.colour is None:
        return {"vectors": None, "values": None, "std": std}
    if given.colour not in augment.FORMS:
        raise ValueError(f'colour must be None, "paper" or "original", got {given.colour!r}')
    if given.channels != 3:
        raise ValueError(f"colour={given.colour!r} needs pictures in colour, but channels={given.channels}")
    if given.vectors is None or given.values is None:
        raise ValueError(f"colour={given.colour!r} needs the eigenvectors and eigenvalues of the training colours, "
                         f"vectors and values; for_training computes them")
    if given.colour == "original" and not mean.any():
        raise ValueError('colour="original" makes pictures fainter, towards 0, which must be the mean colour; '
                         'subtract a mean, or use colour="paper"')
    vectors, values = augment.checked_basis(given.vectors, given.values)
    return {"vectors": vectors, "values": values, "std": std}
