"""Photographs: reads any picture file, and cuts out the middle.

    picture = read_picture("cat.jpg")             # uint8 (H, W, 3), RGB, 0 to 255
    picture = resize_and_crop(picture, 227)       # uint8 (227, 227, 3)

What a network makes of these numbers is in npnet.data.pipeline. Pillow decodes the files. It is imported when a
picture is read, so that `import npnet` stays fast.
"""
import os
import re
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..layers import rng
from ..screen.words import nearest

MOST_PIXELS = 100_000_000       # a file of a few kilobytes may claim more than the memory holds
SMALLEST_SIDE = 8               # pixels; below it there is nothing to recognise
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM", "JPEG2000")
GREY = (0.299, 0.587, 0.114)    # how bright red, green and blue look to the eye (ITU-R 601)

PICTURE_STARTS = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
OTHER_STARTS = {                # what a file often is that is not a picture, by its first bytes
    (b"<!doctype html", b"<html"): "a web page: save the picture itself, not the page that shows it",
    b"<svg": "a drawing in SVG: export it as PNG",
    b"<?xml": "XML, perhaps a drawing in SVG: export it as PNG",
    b"%pdf": "a PDF document: export the page as PNG",
    b"version https://git-lfs": "a placeholder for a file that is kept in Git LFS: run git lfs pull",
}
OPENING = threading.Lock()      # warnings.catch_warnings, used while opening, is not safe in threads


# ---------------------------------------------------------------------------- reading

def read_picture(path, notes=None):
    """The picture in the file `path` as uint8 (H, W, 3), red green blue, upright, 0 to 255.

    What is lost on the way is appended to the list `notes`, if given, one sentence each.

        camera orientation (EXIF)    the picture is turned upright
        grey, 1 bit, palette         three channels; the grey ones are equal
        transparent                  laid on white
        CMYK                         Pillow's conversion, without the colour profile
        grey with 16 bits            0 to 65535 become 0 to 255
        floats, 32-bit integers      0 to 1, 0 to 255 or 0 to 65535, the first of these ranges that holds
                                     all values, becomes 0 to 255; if none does, smallest to largest
        animation, several pages     the first

    OSError for a file that is not there or may not be read, ValueError for one that is empty, not a picture, damaged,
    smaller than 8 pixels on a side or larger than 100 million pixels (refused before it is unpacked).
    """
    path, wanted = Path(path), notes is not None
    notes = notes if wanted else []
    check_file(path)
    with decoding(path):
        opened = open_header(path)
    with opened:
        check_size(path.name, *opened.size)
        with decoding(path):
            picture = opened.copy()                 # decodes the first frame
        if wanted:
            note_frames(opened, path.name, notes)
        kind = opened.format
    picture = upright_picture(picture, path.name, notes)
    if picture.mode == "F" or picture.mode.startswith("I"):
        return from_wide_numbers(picture, kind, path.name, notes)
    return from_colours(picture, path.name, notes)


def sample_picture():
    """The path of a photograph that is on this computer already: Grace Hopper in uniform, 512 x 600
    pixels, public domain, which matplotlib ships. FileNotFoundError if matplotlib does not have it."""
    from importlib.util import find_spec                        # finds the package, does not import it
    package = find_spec("matplotlib")
    path = Path(package.origin).parent / "mpl-data/sample_data/grace_hopper.jpg" if package else None
    if path is None or not path.is_file():
        raise FileNotFoundError("the sample photograph comes with matplotlib, which is missing or has no "
                                "sample data: pip install matplotlib, or use a picture of yours")
    return path


def is_grey(path):
    """Whether the header of a picture file says that it has no colours; None where it cannot be read."""
    try:
        with open_header(Path(path)) as opened:
            if opened.mode == "P":
                palette = np.array(opened.getpalette("RGB")).reshape(-1, 3)
                return bool((palette == palette[:, :1]).all())
            return opened.mode in ("1", "L", "LA", "La", "F") or opened.mode.startswith("I")
    except Exception:                                               # decoding it says what is wrong
        return None


def as_grey(picture):
    """uint8 (H, W, 3) -> (H, W, 1), as bright as the colours look; three equal channels become one, exactly."""
    return np.rint(picture @ np.array(GREY)).astype(np.uint8)[:, :, None]


# ---------------------------------------------------------------------------- size

def resize_and_crop(picture, size, shorter=None):
    """The middle of a picture, uint8 (H, W, C) -> uint8 (size, size, C), C 3 or, for grey, 1.

    The picture is shrunk or enlarged until its shorter side has `shorter` pixels (bilinear, averaged
    over all pixels that fall together), then the middle square is cut out. `shorter` is by default
    256 for a size of 227 or 224 and in proportion for others, in multiples of 8; a size of up to 64
    has nothing to spare, and `shorter` is `size`. Pixel for pixel as torchvision's Resize(shorter)
    and CenterCrop(size), up to one step of rounding.
    """
    Image = pillow().Image
    check_picture(picture)
    if shorter is None:
        shorter = shorter_for(size)
    check_cut(size, shorter)
    top, bottom, left, right = *middle_of(picture, 0, size, shorter), *middle_of(picture, 1, size, shorter)
    source = Image.fromarray(picture if picture.shape[2] == 3 else picture[:, :, 0])
    resized = source.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return np.array(resized).reshape(size, size, -1)


def pieces(picture, count, size, seed=0):
    """Squares from all over one picture, each made size x size: a list of uint8 (size, size, 3).

    Their sides are 60 to 400 pixels before, or what the picture has. ValueError for one with a side of 60 or less.
    """
    height, width = picture.shape[:2]
    if min(height, width) <= 60:
        raise ValueError(f"pieces are cut from a picture with sides above 60 pixels, got {height} x {width}")
    draw, found = rng(seed, "pieces"), []
    for _ in range(count):
        side = draw.integers(60, min(400, height, width))
        top, left = draw.integers(0, height - side), draw.integers(0, width - side)
        found.append(resize_and_crop(picture[top:top + side, left:left + side], size))
    return found


def stretched(picture, size):
    """The whole picture made square, whatever its proportions: uint8 (H, W, C) -> uint8 (size, size, C), bilinear.

    So do Caffe's tools, and networks that were trained with them saw wide pictures squeezed.
    """
    Image = pillow().Image
    check_picture(picture)
    source = Image.fromarray(picture if picture.shape[2] == 3 else picture[:, :, 0])
    return np.array(source.resize((size, size), Image.Resampling.BILINEAR)).reshape(size, size, -1)


def shorter_for(size):
    """How long the shorter side of a picture becomes before a square of `size` is cut out, as resize_and_crop says."""
    return size if size <= 64 else 8 * round(size * 256 / 227 / 8)


# ---------------------------------------------------------------------------- the file

def pillow():
    """The package PIL with the modules that are used in npnet.data."""
    try:
        import PIL
        import PIL.Image
        import PIL.ImageDraw
        import PIL.ImageOps
    except ModuleNotFoundError:
        raise ModuleNotFoundError("pictures need Pillow, which is missing: pip install pillow") from None
    warnings.filterwarnings("ignore", module=r"PIL\.")              # of odd tags: what matters is said by read_picture
    return PIL


def check_file(path):
    """Raises one sentence unless `path` is a file with something in it."""
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a folder; give the name of a picture in it")
    if not os.path.exists(path):
        raise FileNotFoundError(missing_file(path))
    if not os.path.isfile(path):
        raise ValueError(f"{path} is not an ordinary file; give the name of a picture")
    if os.path.getsize(path) == 0:
        raise ValueError(f"{path.name} is empty (0 bytes); copy or download it again")
    try:
        path.open("rb").close()
    except PermissionError:
        raise PermissionError(f"{path} may not be read by this user; change its permissions") from None


def missing_file(path):
    """The sentence for a file that is not there, with the names in its folder that come close."""
    if not os.path.isdir(path.parent):
        return f"there is no file {path}, because there is no folder {path.parent}"
    try:
        hint = nearest(path.name, sorted(os.listdir(path.parent))[:10_000], most=3).strip()
    except OSError:                                                 # a folder that may not be listed
        hint = ""
    return f"there is no file {path}" + ("; " + hint if hint else "")


def open_header(path):
    """Pillow's picture, not yet decoded: only the first bytes of the file are looked at."""
    Image = pillow().Image
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]      # Pillow may be built without some
    with OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore")                             # we count the pixels ourselves
        return Image.open(path, formats=formats)


@contextmanager
def decoding(path):
    """Whatever Pillow raises in this block becomes one ValueError with one sentence."""
    Image = pillow().Image
    try:
        yield
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:                   # "Image size (400000000 pixels) exceeds ..."
        raise ValueError(too_large(path.name, int(re.search(r"\d+", str(error))[0]))) from None
    except Exception as error:              # OSError, SyntaxError, EOFError, struct.error, zlib.error ...
        raise ValueError(unreadable(path, error)) from None


def unreadable(path, error):
    """The sentence for a file that Pillow does not read, from what Pillow said and its first bytes."""
    with path.open("rb") as file:
        start = file.read(64)
    if not isinstance(error, pillow().UnidentifiedImageError):
        return f"{path.name} is damaged or was cut off ({error}); copy or download it again"
    if start.startswith(PICTURE_STARTS):
        return f"{path.name} begins like a picture but is damaged or was cut off; copy or download it again"
    if start[4:8] == b"ftyp":
        return f"{path.name} is a HEIC or AVIF photograph or a film, which we do not read; export it as JPEG"
    for beginning, kind in OTHER_STARTS.items():
        if start.lstrip().lower().startswith(beginning):
            return f"{path.name} is not a picture but {kind}"
    return f"{path.name} is not a picture that can be read; use JPEG, PNG, GIF, WebP, BMP or TIFF"


def too_large(name, pixels):
    return f"{name} has {pixels:,} pixels, more than the {MOST_PIXELS:,} that are unpacked; make it smaller first"


def check_size(name, width, height):
    if width * height > MOST_PIXELS:
        raise ValueError(too_large(name, width * height))
    if min(width, height) < SMALLEST_SIDE:
        raise ValueError(f"{name} is {width} x {height} pixels; a side must have at least "
                         f"{SMALLEST_SIDE}, below that there is nothing to recognise")


# ---------------------------------------------------------------------------- the kinds of picture

def note_frames(opened, name, notes):
    """Says how many frames there are. Pillow walks through the whole file to count them."""
    try:
        frames = getattr(opened, "n_frames", 1)
    except Exception:                           # a later frame is damaged; the first was read
        return
    if frames > 1 and opened.format in ("GIF", "PNG", "WEBP", "AVIF"):
        notes.append(f"{name} is animated: the first of {frames} frames is used")
    elif frames > 1:
        notes.append(f"{name} holds {frames} pictures: the first is used")


def upright_picture(picture, name, notes):
    """Turns the picture as the camera noted in its EXIF data (0x0112 is the orientation, 1 is upright)."""
    ImageOps = pillow().ImageOps
    try:
        turned = picture.getexif().get(0x0112, 1) != 1
        upright = ImageOps.exif_transpose(picture)
    except Exception:                           # damaged EXIF data; the pixels are sound
        notes.append(f"{name} has camera data that cannot be read: the picture is not turned")
        return picture
    if turned:
        notes.append(f"{name} was turned upright, as the camera noted")
    return upright


def from_colours(picture, name, notes):
    """Any picture with 8 bits per channel or fewer -> uint8 (H, W, 3)."""
    Image = pillow().Image
    if picture.mode == "CMYK":
        notes.append(f"{name} is in the printing colours CMYK: its colours as RGB are approximate")
    if picture.mode in ("1", "L", "LA"):
        notes.append(f"{name} is grey: its three channels are equal")
    try:
        if picture.mode.endswith(("A", "a")) or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            if picture.getextrema()[3][0] < 255:                    # the least opaque pixel
                notes.append(f"{name} has transparent parts: they are laid on white")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.array(picture.convert("RGB"))
    except ValueError:
        raise ValueError(f"{name} is stored as {picture.mode}, which cannot be turned into RGB; "
                         f"save it as JPEG or PNG") from None


def from_wide_numbers(picture, kind, name, notes):
    """A grey picture of 16-bit or 32-bit integers or floats -> uint8 (H, W, 3), scaled, not clipped."""
    values = np.asarray(picture).astype(np.float64)                 # (H, W)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds values that are NaN or infinite, which have no brightness")
    low, high = values.min(), values.max()
    if "16" in picture.mode or picture.mode == "I" and kind in ("PNG", "PPM"):
        low, high = 0, 65535
    elif low >= 0 and high <= 65535:
        low, high = 0, next(top for top in (1, 255, 65535) if high <= top)
    notes.append(f"{name} is grey with more than 8 bits: {low:g} to {high:g} become 0 to 255")
    grey = np.rint((values - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


# ---------------------------------------------------------------------------- arguments

def middle_of(picture, axis, size, shorter):
    """Where along `axis` the middle square begins and ends, in pixels of the original picture.

    Counted in pixels of the resized picture first, whole ones, and carried back: so Pillow computes
    only the pixels that are kept, and they are those that resizing first and cutting later gives."""
    original = picture.shape[axis]
    resized = original * shorter // min(picture.shape[:2])
    begin = round((resized - size) / 2)
    return begin * original / resized, (begin + size) * original / resized


def check_cut(size, shorter):
    if not 1 <= size <= shorter:
        raise ValueError(f"a square of size={size} cannot be cut out of a picture whose shorter side is "
                         f"shorter={shorter}; size must be at least 1 and at most shorter")


def check_picture(picture):
    """Raises ValueError unless this is a picture, uint8 (H, W, 3) or (H, W, 1)."""
    shape, dtype = getattr(picture, "shape", None), getattr(picture, "dtype", type(picture).__name__)
    if dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape:
        raise ValueError(f"a picture must be uint8 (H, W, 3), or (H, W, 1) if it is grey, got {dtype} "
                         f"{'' if shape is None else shape}".rstrip())
