"""data.pictures: every kind of picture file becomes the same array, every other file one sentence."""
import os
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow")

from npnet.data.pictures import pieces, read_picture, resize_and_crop, sample_picture, stretched  # noqa: E402
from npnet.data.pipeline import to_input  # noqa: E402
from npnet.models import MODELS  # noqa: E402
from npnet.weights.prepared import PREPARED, prepare  # noqa: E402

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def two_halves(width=20, height=10, left=RED, right=BLUE):
    """A Pillow picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", (width, height), right)
    picture.paste(left, (0, 0, width // 2, height))
    return picture


def read(path):
    """The array, checked for what always holds, and the notes."""
    notes = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")                          # nothing is said but in the notes
        array = read_picture(path, notes)
    assert array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3
    assert array.flags.writeable and array.flags.c_contiguous
    return array, notes


def png(width, height, depth, colour, row, extra=b""):
    """A PNG file made by hand: every row has the bytes `row`; no rows at all if row is empty."""
    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress((b"\0" + row) * height if row else b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# ---------------------------------------------------------------------------- kinds of picture

def test_rgb_png_is_exact(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert np.array_equal(array, pixels) and notes == []
    assert np.array_equal(read_picture(str(tmp_path / "a.png")), pixels)


@pytest.mark.parametrize("ending", ["bmp", "tif", "ppm", "gif", "webp", "jpg", "jp2", "avif"])
def test_every_format_gives_red_left_and_blue_right(tmp_path, ending):
    try:
        two_halves(40, 20).save(tmp_path / f"a.{ending}", quality=95)
    except (KeyError, ValueError, OSError):
        pytest.skip(f"this Pillow does not write {ending}")
    array, _ = read(tmp_path / f"a.{ending}")
    assert array.shape == (20, 40, 3)
    assert np.abs(array[10, 5].astype(int) - RED).max() <= 12
    assert np.abs(array[10, 35].astype(int) - BLUE).max() <= 12


@pytest.mark.parametrize("orientation, top_left, bottom_right, turned", [
    (1, RED, BLUE, False), (2, BLUE, RED, False), (3, BLUE, RED, False), (4, RED, BLUE, False),
    (5, RED, BLUE, True), (6, RED, BLUE, True), (7, BLUE, RED, True), (8, BLUE, RED, True)])
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp"])
def test_camera_orientation_turns_the_pixels(tmp_path, ending, orientation, top_left, bottom_right, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if ending == "webp" else {"quality": 100, "subsampling": 0}
    two_halves(32, 16).save(tmp_path / f"a.{ending}", exif=exif, **options)
    array, notes = read(tmp_path / f"a.{ending}")
    assert array.shape == ((32, 16, 3) if turned else (16, 32, 3))
    assert np.abs(array[0, 0].astype(int) - top_left).max() <= 3
    assert np.abs(array[-1, -1].astype(int) - bottom_right).max() <= 3
    if turned:                                                  # the halves lie above each other now
        assert np.abs(array[0, -1].astype(int) - top_left).max() <= 3
    if ending != "tif":                                         # Pillow turns TIFF files by itself
        assert notes == ([f"a.{ending} was turned upright, as the camera noted"] if orientation > 1 else [])


def test_orientation_6_is_a_quarter_turn_clockwise(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read(tmp_path / "a.png")[0], np.rot90(pixels, -1))


def test_damaged_camera_data_do_not_spoil_the_picture(tmp_path):
    two_halves().save(tmp_path / "a.jpg", exif=b"Exif\0\0" + b"nonsense" * 5, quality=100, subsampling=0)
    array, notes = read(tmp_path / "a.jpg")
    assert array.shape == (10, 20, 3)
    assert all("camera" in note for note in notes)


def test_grey(tmp_path):
    Image.fromarray(np.full((9, 9), 77, np.uint8)).save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert (array == 77).all()
    assert notes == ["a.png is grey: its three channels are equal"]


def test_one_bit(tmp_path):
    picture = Image.new("1", (16, 16), 0)
    picture.paste(1, (0, 0, 8, 16))
    picture.save(tmp_path / "a.png")
    array, _ = read(tmp_path / "a.png")
    assert (array[:, :8] == 255).all() and (array[:, 8:] == 0).all()


def test_palette(tmp_path):
    two_halves().convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert (array[:, :10] == RED).all() and (array[:, 10:] == BLUE).all() and notes == []


@pytest.mark.parametrize("transparency, first", [(0, WHITE), (bytes([128, 255]), (255, 127, 127))])
def test_palette_with_transparency_lies_on_white(tmp_path, transparency, first):
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([*RED, *GREEN])
    picture.paste(1, (5, 0, 10, 10))
    picture.save(tmp_path / "a.png", transparency=transparency)
    array, notes = read(tmp_path / "a.png")
    assert np.abs(array[0, 0].astype(int) - first).max() <= 1
    assert (array[0, 9] == GREEN).all()
    assert notes == ["a.png has transparent parts: they are laid on white"]


def test_rgba_lies_on_white(tmp_path):
    pixels = np.zeros((9, 9, 4), np.uint8)                      # transparent black
    pixels[:3] = (10, 20, 30, 255)
    pixels[3:6] = (200, 0, 100, 51)                             # a fifth of the colour, four of white
    Image.fromarray(pixels).save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert (array[0] == (10, 20, 30)).all() and (array[8] == 255).all()
    assert np.abs(array[4].astype(int) - (244, 204, 224)).max() <= 1
    assert notes == ["a.png has transparent parts: they are laid on white"]


def test_an_alpha_channel_without_transparency_is_not_worth_a_note(tmp_path):
    two_halves().convert("RGBA").save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert (array[0, 0] == RED).all() and notes == []


def test_grey_with_alpha(tmp_path):
    Image.new("LA", (9, 9), (100, 0)).save(tmp_path / "a.png")
    array, notes = read(tmp_path / "a.png")
    assert (array == 255).all() and len(notes) == 2


def test_transparent_colour_of_a_png_without_alpha(tmp_path):
    (tmp_path / "a.png").write_bytes(png(9, 9, 8, 2, bytes([1, 2, 3]) * 8 + bytes([4, 5, 6]), extra=(
        struct.pack(">I", 6) + b"tRNS" + struct.pack(">HHH", 1, 2, 3)
        + struct.pack(">I", zlib.crc32(b"tRNS" + struct.pack(">HHH", 1, 2, 3))))))
    array, _ = read(tmp_path / "a.png")
    assert (array[:, :8] == 255).all() and (array[:, 8] == (4, 5, 6)).all()


def test_cmyk_jpeg_inverted_as_adobe_does(tmp_path):
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))     # no cyan: red
    picture.save(tmp_path / "a.jpg", quality=100)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    array, notes = read(tmp_path / "a.jpg")
    assert np.abs(array.astype(int) - RED).max() <= 3
    assert notes == ["a.jpg is in the printing colours CMYK: its colours as RGB are approximate"]


def test_cmyk_tiff(tmp_path):
    Image.new("CMYK", (16, 16), (255, 255, 0, 0)).save(tmp_path / "a.tif")
    assert (read(tmp_path / "a.tif")[0] == BLUE).all()


@pytest.mark.parametrize("ending", ["png", "tif", "ppm"])
def test_16_bits_are_scaled_not_clipped(tmp_path, ending):
    values = np.array([[0, 128, 129, 257, 1000, 32768, 65407, 65535]] * 8, np.uint16)
    if ending == "ppm":                                         # not every Pillow writes this one
        (tmp_path / "a.ppm").write_bytes(b"P5 8 8 65535\n" + values.astype(">u2").tobytes())
    else:
        Image.fromarray(values).save(tmp_path / f"a.{ending}")
    array, notes = read(tmp_path / f"a.{ending}")
    assert array[0, :, 0].tolist() == [0, 0, 1, 1, 4, 128, 255, 255]
    assert (array[..., :1] == array).all()
    assert notes == [f"a.{ending} is grey with more than 8 bits: 0 to 65535 become 0 to 255"]


def test_16_bits_in_the_other_byte_order(tmp_path):
    values = np.full((9, 9), 32768, ">u2")
    Image.frombytes("I;16B", (9, 9), values.tobytes()).save(tmp_path / "a.tif")
    assert np.abs(read(tmp_path / "a.tif")[0].astype(int) - 128).max() <= 1


def test_16_bits_per_channel_in_colour(tmp_path):
    (tmp_path / "a.png").write_bytes(png(9, 9, 16, 2, struct.pack(">HHH", 65535, 32768, 0) * 9))
    assert np.abs(read(tmp_path / "a.png")[0].astype(int) - (255, 128, 0)).max() <= 1


def test_a_dark_16_bit_picture_stays_dark(tmp_path):
    Image.fromarray(np.full((9, 9), 200, np.uint16)).save(tmp_path / "a.png")
    assert (read(tmp_path / "a.png")[0] == 1).all()


@pytest.mark.parametrize("values, grey, said", [
    ((0, 0.5, 1), (0, 128, 255), "0 to 1 become"),
    ((0, 127.6, 255), (0, 128, 255), "0 to 255 become"),
    ((0, 32768, 65535), (0, 128, 255), "0 to 65535 become"),
    ((-1, 0, 3), (0, 64, 255), "-1 to 3 become"),
    ((1e6, 1e6, 1e6), (0, 0, 0), "1e+06 to 1e+06 become")])
def test_floats(tmp_path, values, grey, said):
    pixels = np.repeat(np.array([values], np.float32), 9, axis=0).repeat(3, axis=1)      # (9, 9)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    array, notes = read(tmp_path / "a.tif")
    assert array[4, ::3, 1].tolist() == list(grey)
    assert said in notes[0]


def test_32_bit_integers(tmp_path):
    pixels = np.array([[-1000, 0, 1000] * 3] * 9, np.int32)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    assert read(tmp_path / "a.tif")[0][0, :3, 0].tolist() == [0, 128, 255]


def test_floats_that_are_not_numbers(tmp_path):
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="a.tif holds values that are NaN or infinite"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_animations_give_their_first_frame(tmp_path, ending):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if ending == "webp" else {}
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], **options)
    array, notes = read(tmp_path / f"a.{ending}")
    assert (array == RED).all()
    assert notes == [f"a.{ending} is animated: the first of 3 frames is used"]


def test_pages_give_the_first(tmp_path):
    two_halves().save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", (20, 10))])
    array, notes = read(tmp_path / "a.tif")
    assert (array[0, 0] == RED).all() and notes == ["a.tif holds 2 pictures: the first is used"]


# ---------------------------------------------------------------------------- files that are no pictures

def refused(path, kind=ValueError):
    """The sentence with which a path is refused: one line, no cause behind it, no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind) as caught:
            read_picture(path)
    sentence = str(caught.value)
    assert "\n" not in sentence and caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return sentence


def test_missing_file_names_what_comes_close(tmp_path):
    for name in ("cat.jpg", "Cats.jpg", "dog.jpg"):
        (tmp_path / name).write_bytes(b"x")
    sentence = refused(tmp_path / "cat.jpeg", FileNotFoundError)
    assert sentence.endswith("; did you mean cat.jpg or Cats.jpg?")
    assert refused(tmp_path / "DOG.JPG2", FileNotFoundError).endswith("; did you mean dog.jpg?")
    assert refused(tmp_path / "zebra.png", FileNotFoundError) == f"there is no file {tmp_path / 'zebra.png'}"


def test_missing_folder(tmp_path):
    assert "there is no folder" in refused(tmp_path / "nowhere" / "cat.jpg", FileNotFoundError)
    (tmp_path / "file").write_bytes(b"x")
    assert "there is no folder" in refused(tmp_path / "file" / "cat.jpg", FileNotFoundError)
    assert "there is no file" in refused(tmp_path / ("x" * 5000), FileNotFoundError)


def test_folder(tmp_path):
    assert "is a folder; give the name of a picture in it" in refused(tmp_path, IsADirectoryError)


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    two_halves().save(tmp_path / "a.png")
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "may not be read by this user" in refused(tmp_path / "a.png", PermissionError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a matter of POSIX")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert "is not an ordinary file" in refused(tmp_path / "a.png")


def test_empty(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    assert refused(tmp_path / "a.jpg") == "a.jpg is empty (0 bytes); copy or download it again"


@pytest.mark.parametrize("content, said", [
    (b"hello, this is my homework\n" * 20, "is not a picture that can be read; use JPEG, PNG"),
    (b"\n <!DOCTYPE html><html>not found</html>", "is not a picture but a web page"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture but a drawing in SVG"),
    (b"%PDF-1.7 ...", "is not a picture but a PDF document"),
    (b"version https://git-lfs.github.com/spec/v1\n", "kept in Git LFS"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "export it as JPEG"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "is not a picture that can be read"),
    (b"\xff\xd8\xff\xe0" + b"\0" * 30, "begins like a picture but is damaged or was cut off"),
    (bytes(range(256)), "is not a picture that can be read")])
def test_not_a_picture(tmp_path, content, said):
    (tmp_path / "homework.jpg").write_bytes(content)
    sentence = refused(tmp_path / "homework.jpg")
    assert sentence.startswith("homework.jpg ") and said in sentence


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "tif", "bmp"])
@pytest.mark.parametrize("part", [0.9, 0.5, 0.1])
def test_cut_off(tmp_path, ending, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a.{ending}")
    content = (tmp_path / f"a.{ending}").read_bytes()
    (tmp_path / f"a.{ending}").write_bytes(content[:int(part * len(content))])
    assert "copy or download it again" in refused(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "tif", "bmp", "ppm"])
def test_damage_gives_an_array_or_a_sentence(tmp_path, ending):
    rng = np.random.default_rng(0)
    two_halves(24, 24).save(tmp_path / f"a.{ending}")
    sound = np.frombuffer((tmp_path / f"a.{ending}").read_bytes(), np.uint8)
    for _ in range(60):
        broken = sound.copy()
        broken[rng.integers(0, len(sound), 4)] = rng.integers(0, 256, 4)
        (tmp_path / f"a.{ending}").write_bytes(broken.tobytes())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert read_picture(tmp_path / f"a.{ending}").dtype == np.uint8
        except ValueError as error:
            assert str(error).startswith(f"a.{ending} ") and "\n" not in str(error)


def test_too_small(tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert refused(tmp_path / "dot.png").startswith("dot.png is 1 x 1 pixels; a side must have at least 8")
    Image.new("RGB", (100, 7)).save(tmp_path / "line.png")
    assert refused(tmp_path / "line.png").startswith("line.png is 100 x 7 pixels; ")
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    assert read(tmp_path / "small.png")[0].shape == (8, 8, 3)


@pytest.mark.parametrize("side, pixels", [
    (10_001, "100,020,001"), (12_000, "144,000,000"), (40_000, "1,600,000,000")])
def test_too_large_is_refused_before_it_is_unpacked(tmp_path, side, pixels):
    (tmp_path / "bomb.png").write_bytes(png(side, side, 8, 2, b""))         # a header and no pixels
    assert refused(tmp_path / "bomb.png") == (f"bomb.png has {pixels} pixels, more than the 100,000,000 that "
                                              f"are unpacked; make it smaller first")


def test_large_but_allowed_is_unpacked_without_a_warning(tmp_path):
    (tmp_path / "large.png").write_bytes(png(9_500, 9_500, 8, 2, b""))      # Pillow itself would warn
    assert "large.png is damaged or was cut off" in refused(tmp_path / "large.png")


def test_frames_are_counted_only_for_the_notes(tmp_path, monkeypatch):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    asked = []
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(lambda self: asked.append(1) or 2))
    assert read_picture(tmp_path / "a.gif").shape == (16, 16, 3) and asked == []
    notes = []
    read_picture(tmp_path / "a.gif", notes)
    assert asked == [1] and notes == ["a.gif is animated: the first of 2 frames is used"]


def test_without_pillow(tmp_path, monkeypatch):
    two_halves().save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pillow"):
        read_picture(tmp_path / "a.png")


def test_importing_the_room_imports_neither_pillow_nor_matplotlib():
    import npnet.data
    root = os.path.dirname(os.path.dirname(os.path.dirname(npnet.data.__file__)))
    program = "import sys, npnet.data.pictures; print('PIL' in sys.modules, 'matplotlib' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    answer = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert answer.stdout.split() == ["False", "False"], answer.stderr


def test_sample_picture():
    pytest.importorskip("matplotlib")
    array, notes = read(sample_picture())
    assert array.shape == (600, 512, 3) and notes == []
    assert 60 < array.mean() < 160 and array.std() > 40


def test_sample_picture_without_matplotlib(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install matplotlib, or use a picture of yours"):
        sample_picture()


# ---------------------------------------------------------------------------- size

def test_crop_is_the_middle():
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = RED
    picture[:, :20], picture[:, 40:] = GREEN, BLUE
    assert (resize_and_crop(picture, 20, shorter=20) == RED).all()
    assert (resize_and_crop(picture.transpose(1, 0, 2), 20, shorter=20) == RED).all()
    assert (resize_and_crop(picture, 10, shorter=40) == RED).all()


def test_no_change_is_exact():
    picture = np.random.default_rng(0).integers(0, 256, (33, 33, 3), dtype=np.uint8)
    result = resize_and_crop(picture, 33)
    assert np.array_equal(result, picture) and result is not picture
    assert np.array_equal(resize_and_crop(picture, 31, shorter=33), picture[1:32, 1:32])


def test_shrinking_averages():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[::2] = 255                                          # every other row
    assert np.abs(resize_and_crop(picture, 8).astype(int) - 128).max() <= 8


@pytest.mark.parametrize("size, shorter", [(227, 256), (224, 256), (64, 64), (28, 28), (32, 32), (128, 144)])
def test_default_of_the_shorter_side(size, shorter):
    picture = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    assert np.array_equal(resize_and_crop(picture, size), resize_and_crop(picture, size, shorter))


@pytest.mark.parametrize("height, width", [(600, 512), (333, 500), (61, 300), (8, 900), (257, 256)])
@pytest.mark.parametrize("size, shorter", [(227, 256), (224, 256), (28, 28), (32, 40)])
def test_same_pixels_as_resizing_first_and_cutting_later(height, width, size, shorter):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    tall, wide = height * shorter // min(height, width), width * shorter // min(height, width)
    resized = Image.fromarray(picture).resize((wide, tall), Image.Resampling.BILINEAR)
    top, left = round((tall - size) / 2), round((wide - size) / 2)
    expected = np.asarray(resized)[top:top + size, left:left + size]
    result = resize_and_crop(picture, size, shorter)
    assert result.shape == (size, size, 3) and result.dtype == np.uint8
    assert np.abs(result.astype(int) - expected).max() <= 1


def test_a_long_strip_needs_no_memory():
    assert resize_and_crop(np.zeros((8, 1_000_000, 3), np.uint8), 227).shape == (227, 227, 3)


def test_size_errors():
    picture = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(ValueError, match="size=227 cannot be cut out .* shorter=200"):
        resize_and_crop(picture, 227, shorter=200)
    with pytest.raises(ValueError, match="size=0"):
        resize_and_crop(picture, 0)
    for wrong, said in ((picture / 255, r"got float64 \(9, 9, 3\)"), (picture[..., 0], r"got uint8 \(9, 9\)"),
                        ([[1]], "got list"), (np.zeros((9, 9, 4), np.uint8), r"\(9, 9, 4\)")):
        with pytest.raises(ValueError, match="a picture must be uint8 .*" + said):
            resize_and_crop(wrong, 8)
        with pytest.raises(ValueError, match="a picture must be uint8 .*" + said):
            to_input(wrong)


# ---------------------------------------------------------------------------- scale

ONE = np.array([[[255, 0, 51], [10, 20, 30]]], np.uint8)        # (1, 2, 3)


def test_default_is_rgb_minus_the_mean():
    x = to_input(ONE)
    assert x.shape == (1, 3, 1, 2) and x.dtype == np.float32 and x.flags.c_contiguous
    assert x[0, :, 0, 0] == pytest.approx([131.32, -116.779, -52.939], abs=1e-4)
    assert x[0, :, 0, 1] == pytest.approx([-113.68, -96.779, -73.939], abs=1e-4)


def test_caffe():
    x = to_input(ONE, mean=(123, 117, 104), order="BGR")
    assert x[0, :, 0, 0].tolist() == [51 - 104, 0 - 117, 255 - 123]
    assert x.flags.c_contiguous


def test_torchvision():
    x = to_input(ONE, (.485, .456, .406), (.229, .224, .225), scale="0-1")
    assert x[0, :, 0, 0] == pytest.approx([.515 / .229, -.456 / .224, -.206 / .225], rel=1e-6)


def test_lenet_grey():
    x = to_input(ONE, mean=0, deviation=256, channels=1)
    assert x.shape == (1, 1, 1, 2) and x.dtype == np.float32
    assert x[0, 0, 0] == pytest.approx([(76.245 + 5.814) / 256, (2.99 + 11.74 + 3.42) / 256], rel=1e-6)


def test_the_picture_is_not_changed():
    before = ONE.copy()
    to_input(ONE, scale="0-1", mean=0.5)
    resize_and_crop(ONE.repeat(9, 0).repeat(9, 1), 8)
    assert np.array_equal(ONE, before)


@pytest.mark.parametrize("options, said", [
    ({"scale": "0-1"}, 'is meant for pixels from 0 to 255, but scale is "0-1"'),
    ({"mean": (.485, .456, .406)}, 'is meant for pixels from 0 to 1, but scale is "0-255"'),
    ({"mean": 0, "deviation": (.229, .224, .225)}, "deviation=.* is meant for pixels from 0 to 1"),
    ({"mean": 0, "deviation": 58, "scale": "0-1"}, "deviation=58 is meant for pixels from 0 to 255"),
    ({"mean": 0, "deviation": 0}, "deviation must be above 0"),
    ({"mean": (1, 2)}, "mean must be one number or three for channels=3"),
    ({"channels": 1}, "mean must be one number for channels=1"),
    ({"channels": 4}, "channels must be 3, or 1 for grey, got 4"),
    ({"order": "GBR"}, 'order must be "RGB" or "BGR"'),
    ({"scale": "0..1"}, 'scale must be "0-255" or "0-1"')])
def test_scale_errors(options, said):
    with pytest.raises(ValueError, match=said):
        to_input(ONE, **options)


# ---------------------------------------------------------------------------- prepare

def test_every_version_is_in_the_table():
    assert list(PREPARED) == list(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_prepared_for_every_version(name):
    picture = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    input_shape = MODELS[name]()[0]
    x, order, words = prepare(picture, name, input_shape)
    assert x.shape == (1, *input_shape) and x.dtype == np.float32
    assert order == ("BGR" if name in ("caffe", "squeezenet1_0") else "RGB")
    assert words.startswith("grey" if input_shape[0] == 1 else order)
    low, high = {"lenet5": (0, 1), "caffe_lenet": (0, 1), "torchvision": (-2.2, 2.7), "single_tower": (-2.2, 2.7),
                 "squeezenet1_1": (-2.2, 2.7)}.get(name, (-126, 152))
    assert low <= x.min() < x.max() <= high


def test_prepared_is_cut_out_and_turned_into_numbers():
    picture = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    x, order, words = prepare(picture, "caffe", (3, 24, 24))
    np.testing.assert_array_equal(x, to_input(stretched(picture, 24), mean=(123, 117, 104), order="BGR"))
    paper, _, _ = prepare(picture, "krizhevsky2012", (3, 24, 24))
    np.testing.assert_array_equal(paper, to_input(resize_and_crop(picture, 24)))
    assert (order, words) == ("BGR", "BGR, 0 to 255, minus the mean (104.0, 117.0, 123.0)")


@pytest.mark.parametrize("shape, version", [((1, 9, 9), "lenet5"), ((3, 9, 9), "krizhevsky2012")])
def test_prepared_where_nobody_knows_the_version(shape, version):
    picture = np.full((9, 9, 3), 200, np.uint8)
    np.testing.assert_array_equal(prepare(picture, None, shape)[0], prepare(picture, version, shape)[0])


@pytest.mark.parametrize("version, shape, said", [
    ("caffe", (8,), r"prepared for square inputs, grey or in colour; this network takes \(8,\)"),
    ("caffe", (3, 8, 9), "prepared for square inputs"),
    (None, (4, 8, 8), "prepared for square inputs"),
    ("lenet5", (3, 8, 8), r"lenet5 takes pictures of 1 channels, but this network takes \(3, 8, 8\); name the version"),
    ("caffe", (1, 8, 8), "caffe takes pictures of 3 channels"),
    ("", (3, 8, 8), "no version is called ''; there are krizhevsky2012, original"),
    ("lenet", (1, 8, 8), "no version is called 'lenet'")])
def test_what_cannot_be_prepared(version, shape, said):
    with pytest.raises(ValueError, match=said):
        prepare(np.zeros((20, 20, 3), np.uint8), version, shape)


def test_an_odd_tag_that_pillow_warns_of_says_nothing(tmp_path):
    """The pixels are sound: tag 284 of the TIFF claims more numbers than the file has."""
    import io
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(stream, "TIFF")
    content = bytearray(stream.getvalue())
    place = content.index(b"\x1c\x01\x03\x00")
    content[place + 4:place + 8] = b"\xff\xff\xff\x0f"
    (tmp_path / "a.tiff").write_bytes(content)
    assert (read_picture(tmp_path / "a.tiff") == (255, 0, 0)).all()


def test_pieces_of_a_photograph():
    photograph = read_picture(sample_picture())
    cut = pieces(photograph, 20, size=32)
    assert [piece.shape for piece in cut] == [(32, 32, 3)] * 20
    assert len({piece.tobytes() for piece in cut}) == 20
    np.testing.assert_array_equal(cut, pieces(photograph, 20, size=32))
    assert np.any(np.stack(cut) != np.stack(pieces(photograph, 20, size=32, seed=1)))
    with pytest.raises(ValueError, match="a picture with sides above 60 pixels, got 60 x 200"):
        pieces(photograph[:60, :200], 1, size=32)
