"""Damaged files: whatever is in a file that npnet reads, it works or says one sentence, and loses nothing.

    python tests/fuzz.py                            500 cases
    python tests/fuzz.py --files 5000 --seed 7
    python tests/fuzz.py --seed 7 --only 123        one case again, with the whole traceback
    python tests/fuzz.py --kinds run packs          files of these kinds alone

A case takes a folder of sound files, damages one of them, and does what a user would do with it. That must end
well, or with one exception that the user can mend: one line that names the file, of at most LONGEST letters. It
takes at most SECONDS of the processor and BYTES of memory, warns of nothing but the file, and changes no file but
npnet's own, and not the damaged one where that was refused. Every case runs in a process of its own, a fork of this one.
"""
import argparse
import contextlib
import gzip
import io
import json
import os
import pickle
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from hashlib import sha256
from pathlib import Path

if __name__ == "__main__":                                      # before NumPy is imported
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "NPNET_BACKEND": "numpy", "NPNET_DEBUG": "1", "NPNET_THREADS": "1"}

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

import npnet  # noqa: E402
from npnet import cli, plots, weights  # noqa: E402
from npnet.data import Loader, Pipeline, dataset, read_picture  # noqa: E402
from npnet.fast import kernels  # noqa: E402
from npnet.fit import fit  # noqa: E402
from npnet.ops import activation  # noqa: E402

SECONDS, BYTES, LONGEST = 2, 500e6, 400
MENDED_BY_USER = (ValueError, OSError, FloatingPointError)      # a TypeError or KeyError is a slip of ours
OWN = ("last.npz", "best.npz", "history.csv", "losses.csv", "settings.json", "pictures.npz", "report.html")

# ---------------------------------------------------------------------------- sound files


def photographs(count, side=16, seed=0):
    """uint8 (count, side, side, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def encoded(picture, kind="JPEG"):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def written(folder, files):
    """Writes {name: bytes, text or array} into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def packed(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def small_network():
    return npnet.Network((3, 16, 16), conv1=npnet.Conv2D(2, 3), relu1=npnet.ReLU(), norm1=npnet.BatchNorm(),
                         pool1=npnet.MaxPool(4, 4), flatten=npnet.Flatten(), fc2=npnet.Dense(2))


def make_network(folder):
    small_network().save(folder / "network.npz")


def make_pack(folder):
    labels = np.arange(20) % 2
    written(folder, {"pack.npz": packed(x=photographs(20), y=labels, classes=np.array(["cat", "dog"]))})


def make_jpegs(folder):
    files = [encoded(picture) for picture in photographs(8)]
    written(folder, {"jpegs.npz": packed(jpeg=np.frombuffer(b"".join(files), np.uint8), label=np.arange(8) % 2,
                                         end=np.cumsum([len(file) for file in files]))})


def make_fitted(folder):
    """A run that fit() has made and that could go on."""
    net, loader = small_network(), loader_of(folder)
    fit(net, npnet.SGD(lr=0.01), loader, loader, 1, folder / "fitted", quiet=True)


def loader_of(folder):
    if not (folder / "pack.npz").exists():
        make_pack(folder)
    pictures = dataset(folder / "pack.npz").train
    return Loader(pictures, 10, Pipeline.for_training(pictures, (3, 16, 16)), workers=0)


def make_run(folder):
    """A run of `npnet train` of which one epoch of two is done."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 28, 28, 1), dtype=np.uint8), np.arange(60) % 10
    written(folder, {"digits.npz": packed(x=images, y=labels)})
    command = ["train", "--data", str(folder / "digits.npz"), "--net", "lenet5", "--batch", "20", "--schedule", "constant",
               "--out", str(folder / "run"), "--workers", "0"]
    silent(cli.main, [*command, "--epochs", "1"])
    written(folder, {"run/notes.txt": "the user's own"})


def make_folders(folder):
    pictures = photographs(4)
    written(folder, {f"pets/{name}/{k}.{kind.lower()}": encoded(pictures[k], kind)
                     for name in ("cat", "dog") for k, kind in enumerate(("JPEG", "PNG"))})


def make_labelled(folder):
    written(folder, {f"pets/{k}.png": encoded(picture, "PNG") for k, picture in enumerate(photographs(4))})
    written(folder, {"pets/labels.csv": "file,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"})


def make_pictures(folder):
    picture = photographs(1, 24)[0]
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"):
        written(folder, {f"photo.{kind.lower()}": encoded(picture, kind)})
    written(folder, {"wide.png": encoded(picture[..., 0].astype(np.uint16) * 257, "PNG")})


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def make_mnist(folder):
    images, labels = photographs(20, 28)[..., 0], (np.arange(20) % 10).astype(np.uint8)
    written(folder, {"train-images-idx3-ubyte": idx(images), "train-labels-idx1-ubyte": idx(labels),
                     "t10k-images-idx3-ubyte.gz": gzip.compress(idx(images)),
                     "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(labels))})


CIFAR = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def make_cifar_python(folder):
    batch = {b"data": np.random.default_rng(0).integers(0, 256, (2, 3072), dtype=np.uint8), b"labels": [3, 9],
             b"filenames": [b"a.png", b"b.png"], b"batch_label": b"a batch"}
    written(folder, {name: pickle.dumps(batch, 2) for name in CIFAR})
    written(folder, {"batches.meta": pickle.dumps({b"label_names": [b"class %d" % k for k in range(10)]}, 2)})


def make_cifar_binary(folder):
    record = np.random.default_rng(0).integers(0, 10, (2, 3073), dtype=np.uint8)
    written(folder, {f"{name}.bin": record.tobytes() for name in CIFAR})
    written(folder, {"batches.meta.txt": "\n".join(f"class{k}" for k in range(10))})


SYNSETS = {1: ("n02119789", "kit fox"), 2: ("n01440764", "tench")}


def element(kind, content):
    """An element of a MATLAB file."""
    return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(kind, shape, *parts):
    flags, sizes = element(6, struct.pack("<II", kind, 0)), element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + sizes + element(1, b"") + b"".join(parts))


def make_ilsvrc(folder):
    """Two synsets, flat validation pictures, and the devkit's table and ground truth."""
    names = ("ILSVRC2012_ID", "WNID", "words", "num_children")
    fields = element(5, struct.pack("<i", 16)) + element(1, b"".join(name.encode().ljust(16, b"\0") for name in names))
    cells = [cell for number, texts in SYNSETS.items() for cell in (
        matrix(6, (1, 1), element(9, struct.pack("<d", number))),
        *(matrix(4, (1, len(text)), element(4, text.encode("utf-16-le"))) for text in texts),
        matrix(6, (1, 1), element(9, struct.pack("<d", 0))))]
    table = b"MATLAB 5.0".ljust(124) + b"\0\1IM" + matrix(2, (2, 1), fields, *cells)
    jpeg = encoded(photographs(1)[0])
    written(folder, {"devkit/meta.mat": table, "devkit/ILSVRC2012_validation_ground_truth.txt": "1\n2\n2\n",
                     **{f"train/{synset}/{synset}_1.JPEG": jpeg for synset, _ in SYNSETS.values()},
                     **{f"val/ILSVRC2012_val_0000000{k}.JPEG": jpeg for k in (1, 2, 3)}})


def make_catalogue(folder):
    """NPNET_HOME with MNIST in it, as `npnet data get` leaves it."""
    make_mnist(folder / "data" / "mnist")
    files = {path.name: (path.stat().st_size, f"sha256:{sha256(path.read_bytes()).hexdigest()}")
             for path in (folder / "data" / "mnist").iterdir()}
    written(folder, {"data/mnist/contents.json": json.dumps({"name": "mnist", "files": files})})


def make_kernels(folder):
    """The folder of compiled kernels with one in it."""
    use_a_kernel(folder)


# ---------------------------------------------------------------------------- what a user does with them

def silent(call, *arguments):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return call(*arguments)


def command(*words):
    """An action: a command line in which {} is the folder."""
    def act(folder):
        code = silent(cli.main, [word.format(folder) for word in words])
        assert code in (None, 0, 1, 2), f"exit code {code}"
    return act


def all_of(checkpoint):
    """Everything that a checkpoint is asked for."""
    return checkpoint.network(), checkpoint.optimizer(), checkpoint.pipeline(), checkpoint.losses, checkpoint.about


def every_picture(data):
    """Every picture of a data set, as training and testing read them."""
    for part in (data.train, data.test):
        for k in range(0 if part is None else len(part)):
            part[k]


def go_on(folder):
    loader = loader_of(folder)
    fit(small_network(), npnet.SGD(lr=0.01), loader, loader, 2, folder / "fitted", resume=True, quiet=True)


def use_a_kernel(folder):
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "kernels")
    kernels.jit.cache_clear()
    relu = kernels.jit(activation.relu_forward_loops)
    assert relu(np.array([-1.0, 2.0])).tolist() == [0, 2]


def at_home(act):
    """The action with NPNET_HOME in the folder."""
    def moved(folder):
        os.environ["NPNET_HOME"] = str(folder)
        act(folder)
    return moved


def picture_of(folder):
    for path in sorted(folder.glob("*")):
        read_picture(path, [])


READ_RUN = [lambda folder: all_of(weights.read_checkpoint(folder / "run" / "last.npz")),
            lambda folder: weights.trained(folder / "run")]
# kind: (its folder is made by, what may be damaged, what is done, how often among others)
KINDS = {
    "network": (make_network, "*.npz", [lambda folder: npnet.load(folder / "network.npz"),
                                        command("summary", "--weights", "{}/network.npz")], 3),
    "fitted": (make_fitted, "fitted/*.*[zv]", [go_on, go_on,
               lambda folder: all_of(weights.read_checkpoint(folder / "fitted" / "last.npz")),
               lambda folder: weights.trained(folder / "fitted")], 6),
    "run": (make_run, "run/*.*[zvn]", [*READ_RUN, command("train", "--resume", "{}/run", "--epochs", "2"),
            command("evaluate", "{}/run", "--save", "{}/matrix.png"), command("plot", "{}/run", "--save", "{}/curves.png")], 6),
    "pack": (make_pack, "*.npz", [lambda folder: every_picture(dataset(folder / "pack.npz"))], 3),
    "jpegs": (make_jpegs, "*.npz", [lambda folder: every_picture(dataset(folder / "jpegs.npz"))], 2),
    "folders": (make_folders, "pets/*/*", [lambda folder: every_picture(dataset(folder / "pets")),
                                           command("data", "info", "{}/pets")], 1),
    "labelled": (make_labelled, "pets/labels.csv", [lambda folder: every_picture(dataset(folder / "pets"))], 2),
    "pictures": (make_pictures, "*", [picture_of], 3),
    "mnist": (make_mnist, "*", [lambda folder: every_picture(dataset(folder))], 2),
    "cifar": (make_cifar_python, "*", [lambda folder: every_picture(dataset(folder))], 3),
    "cifar-binary": (make_cifar_binary, "*", [lambda folder: every_picture(dataset(folder))], 1),
    "ilsvrc": (make_ilsvrc, "devkit/*", [lambda folder: every_picture(dataset(folder))], 2),
    "catalogue": (make_catalogue, "data/mnist/*", [at_home(lambda folder: every_picture(dataset("mnist"))),
                                                   at_home(command("data", "list")), at_home(command("data", "info", "mnist"))], 2),
    "kernels": (make_kernels, "kernels/*", [use_a_kernel], 1),
}


# ---------------------------------------------------------------------------- damage

def cut_off(content, rng):
    return content[:rng.integers(0, len(content) + 1)]


def emptied(content, rng):
    return b""


def flipped(content, rng):
    """A few bits are others."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    if len(bits):
        bits[rng.integers(0, len(bits), rng.integers(1, 12))] ^= 1
    return np.packbits(bits).tobytes()


def overwritten(content, rng):
    """Zeros or ones over a stretch, as a bad sector leaves them."""
    start, length = rng.integers(0, len(content) + 1), int(rng.integers(1, 600))
    return content[:start] + bytes([rng.choice([0, 255])]) * len(content[start:start + length]) + content[start + length:]


def lengthened(content, rng):
    return content + rng.bytes(rng.integers(1, 300))


def another_kind(content, rng):
    """Another file under this name."""
    return [b"<!DOCTYPE html><html></html>", encoded(photographs(1)[0], "PNG"), packed(a=np.arange(3)), b"\x80\x02}q\x00.",
            "가,나\n".encode(), b"{}", b"[1, 2", b"\0" * 1000][rng.integers(8)]


ODD = (None, True, -1, 0, 1.5, 1e308, float("nan"), float("inf"), 10**6, 10**9, 10**30, "", "a", "고", "9" * 50, [], {}, [[]],
       [None], {"a": 1}, "../../a", "\0", "Conv2D")


def edited(data, rng):
    """JSON data with one value replaced, removed, doubled or renamed; its type often changes."""
    places = list(nodes(data))
    if not places:
        return ODD[rng.integers(len(ODD))]
    holder, key = places[rng.integers(len(places))]
    match rng.integers(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(holder[key])
        case 1:
            holder[f"{key}x"] = holder.pop(key)
        case 2 if isinstance(holder[key], (int, float)):
            holder[key] = holder[key] * [-1, 10, 1e6, 1000003][rng.integers(4)]
        case _:
            holder[key] = ODD[rng.integers(len(ODD))]
    return data


def nodes(data):
    """(list or dictionary, key) of every value in JSON data."""
    if isinstance(data, (dict, list)):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from nodes(data[key])


def edited_text(content, rng):
    """A text: JSON is edited as such, of others a cell or a line is."""
    text = content.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        return json.dumps(edited(json.loads(text), rng)).encode()
    lines = text.splitlines() or [""]
    line = rng.integers(len(lines))
    cells = lines[line].split(",")
    cells[rng.integers(len(cells))] = str(ODD[rng.integers(len(ODD))])
    lines[line] = "" if rng.random() < 0.2 else ",".join(cells)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def edited_arrays(content, rng):
    """An .npz with one array removed, renamed, of another shape or type, with odd numbers, or with edited JSON."""
    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name] for name in file}
    name = list(arrays)[rng.integers(len(arrays))]
    array = arrays.pop(name)
    if array.dtype.kind == "U" and array.ndim == 0 and rng.random() < 0.8:
        return packed(**arrays, **{name: np.array(json.dumps(edited(json.loads(str(array)), rng)))})
    if (choice := rng.integers(8)) == 0:
        return packed(**arrays)
    if choice == 1:
        return packed(**arrays, **{f"{name}x": array})
    return packed(**arrays, **{name: odd_array(array, rng)})


def odd_array(array, rng):
    """Another array in place of one."""
    number = array.dtype.kind in "iuf" and array.size
    match rng.integers(9):
        case 0:
            return array.reshape(-1)
        case 1:
            return array[None]
        case 2:
            return array[..., :0] if array.ndim else np.zeros(0)
        case 3:
            return array.reshape(-1)[0] if array.size else np.float64(1)
        case 4:
            return array.astype([np.float64, np.int8, np.complex64, "U3", bool][rng.integers(5)]) if number else array.astype("S")
        case 5 if number:
            array = array.astype(np.float32) if array.dtype.kind != "f" else array.copy()
            array.reshape(-1)[rng.integers(array.size)] = [np.nan, np.inf, -np.inf, 1e38][rng.integers(4)]
            return array
        case 6 if number:
            array = array.copy()
            array.reshape(-1)[rng.integers(array.size)] = [0, 1, 100, np.iinfo(np.int8).max][rng.integers(4)]
            return array
        case 7:
            return np.concatenate([array.reshape(-1)] * 2)
        case _:
            return np.zeros((3, 2), [("a", "i4"), ("b", "f8")])


def huge_header(content, rng):
    """An .npz of which one member claims to be enormous."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = list(members)[rng.integers(len(members))]
    shape = [(10**9,), (10**5, 10**5), (2**62,), (2**31, 2**31, 2**31), (0, 10**12), (-1,)][rng.integers(6)]
    kind = ["<f4", "|u1", "<U1000000", "<f8"][rng.integers(4)]
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    members[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + members[name][-100:]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as file:
        for name, member in members.items():
            file.writestr(name, member)
    return out.getvalue()


BYTES_DAMAGED = [cut_off, emptied, flipped, flipped, overwritten, lengthened, another_kind]


def damaged(path, rng):
    """Damages a file; the name of what was done to it."""
    ways = list(BYTES_DAMAGED)
    if path.suffix == ".npz":
        ways += [edited_arrays] * 14 + [huge_header] * 3
    elif path.suffix in (".json", ".csv", ".txt"):
        ways += [edited_text] * 12
    way = ways[rng.integers(len(ways))]
    path.write_bytes(way(path.read_bytes(), rng))
    return way.__name__


# ---------------------------------------------------------------------------- one case

class Case:
    """One case: what is damaged and how, and what is done with it, all drawn from (seed, number)."""

    def __init__(self, seed, number, kinds, sound, scratch):
        self.rng = np.random.default_rng([seed, number])
        weighted = [kind for kind in kinds for _ in range(KINDS[kind][3])]
        self.kind = weighted[self.rng.integers(len(weighted))]
        _, pattern, actions, _ = KINDS[self.kind]
        self.folder = scratch / self.kind                       # where the sound files were made: runs name their data
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(sound / self.kind, self.folder)
        files = sorted(path for path in self.folder.glob(pattern) if path.is_file())
        self.file = files[self.rng.integers(len(files))]
        self.which = int(self.rng.integers(len(actions)))
        self.act = actions[self.which]
        self.damage = damaged(self.file, self.rng)

    def __str__(self):
        return f"{self.kind}, {self.file.relative_to(self.folder)} {self.damage}, action {self.which}"

    def outcome(self, show=False):
        """None, or a sentence about what was wrong."""
        before = contents(self.folder)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                self.act(self.folder)
            refused = False
        except Exception as error:
            if show:
                traceback.print_exc()
            fault = self.wrong_refusal(error)
            if fault:
                return fault
            refused = True
        for each in warned:
            if issubclass(each.category, (UserWarning, RuntimeWarning)) and self.file.name not in str(each.message):
                return f"warned: {each.message}"
        return self.lost(before, contents(self.folder), refused)

    def wrong_refusal(self, error):
        """What is wrong with the exception, or None."""
        text, where = str(error), traceback.extract_tb(error.__traceback__)[-1]
        place = f"({Path(where.filename).name}:{where.lineno})"
        if isinstance(error, OSError) and error.strerror and error.filename:
            text = f"{error.filename}: {error.strerror}"
        if not isinstance(error, MENDED_BY_USER):
            return f"{type(error).__name__}: {text[:200]} {place}"
        if "\n" in text or len(text) > LONGEST + len(str(self.folder)) * text.count(str(self.folder)):
            return f"a sentence of {len(text)} letters and {text.count(chr(10)) + 1} lines: {text[:200]!r} {place}"
        if not any(name in text for name in (self.file.name, self.file.parent.name, self.kind)):
            return f"does not name the file: {text[:200]} {place}"

    def lost(self, before, after, refused):
        """Which file was lost or changed that should not have been, or None."""
        for name, content in before.items():
            own = self.kind in ("run", "fitted") and Path(name).name in OWN or self.kind == "kernels"
            if after.get(name) != content and not (own and (not refused or self.folder / name != self.file)):
                return f"{name} was {'changed' if name in after else 'lost'}{', though refused' * refused}"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def in_a_fork(work):
    """What a child process says about a case, or how it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, (limited(work) or "").encode("utf-8", "replace")[:4000])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status, usage = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return {signal.SIGPROF: f"took more than {SECONDS} s of the processor", signal.SIGALRM: "hangs"}.get(
            number, f"died of {signal.Signals(number).name}")
    if not said and usage.ru_maxrss * 1024 > memory()[1] + BYTES:
        return f"took {usage.ru_maxrss * 1024 / 1e6:.0f} MB"
    return said or None


def limited(work):
    """Does the work with little time and memory."""
    resource.setrlimit(resource.RLIMIT_AS, (memory()[0] + 8 * int(BYTES),) * 2)          # so that this machine lives
    signal.setitimer(signal.ITIMER_PROF, SECONDS)               # of the processor: other programs may run beside this
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        return work()
    except MemoryError:
        return f"asks for more than {8 * BYTES / 1e6:.0f} MB"


def tried(actions, folder):
    """What is wrong with sound files, or None."""
    for number, act in enumerate(actions):
        try:
            act(folder)
        except Exception:
            return f"action {number}: {traceback.format_exc()}"


def memory():
    """Bytes of address space, and of memory, that this process has."""
    return [int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=500, help="how many cases (default: 500)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", type=int, help="this case alone, with its traceback")
    options = parser.parse_args()
    started, faults = time.time(), 0
    plots.save = lambda figure, path, dpi=120: Path(path).write_bytes(b"drawn")          # drawing is not what is tried here
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        sound, work = Path(scratch, "sound"), Path(scratch, "work")
        for kind in options.kinds:
            (work / kind).mkdir(parents=True)
            KINDS[kind][0](work / kind)
            shutil.copytree(work / kind, sound / kind)
            broken = tried(KINDS[kind][2], work / kind)         # here, so that all is imported before the first fork
            if broken:
                raise SystemExit(f"sound files of the kind {kind} are not read: {broken}")
        numbers = range(options.files) if options.only is None else [options.only]
        for number in numbers:
            case = Case(options.seed, number, options.kinds, sound, work)
            fault = in_a_fork(lambda: case.outcome(show=options.only is not None))
            if fault:
                faults += 1
                print(f"case {number}: {case}: {fault}", flush=True)
        print(f"{len(numbers) - faults} of {len(numbers)} cases as they should be, in {time.time() - started:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
