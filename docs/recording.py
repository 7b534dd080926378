"""Records the output of commands that take too long for a build of the site.

    python docs/recording.py NAME [NAME...]

The commands stand in docs/recorded/commands.toml, one table for each name:

    [train_shapes]
    command = "npnet train"                 # one or more lines; each begins with npnet, python or mpiexec -n N
    picture = "runs/shapes-cifar_alexnet/curves.png"                    # optional: shown as docs/recorded/NAME.png
    drawn = "parallel.towers"               # optional: a function of docs/pictures that draws that picture
    files = ["flowers17_128.npz"]           # optional: reference data that must lie there (NPNET_REFERENCE)

They run one after the other in an empty folder in which `examples` and `tests` lead to those of npnet. What they print
is written to docs/recorded/NAME.txt, below a head that says what ran, when, on what, and how long it took. Names of
folders of this machine are replaced by plain words. A page shows it with the directive {recorded}
(extensions/recorded.py).
"""
import datetime
import io
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "recorded"
sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]

from npnet import __version__                               # noqa: E402
from npnet.fast.machine import processor_model              # noqa: E402
from npnet.files import writing                             # noqa: E402
from npnet.screen.words import duration                     # noqa: E402

MOST = 120_000                  # bytes of a picture
KEYS = {"command", "picture", "drawn", "files"}


@dataclass(frozen=True)
class Recording:
    """What was recorded: the command's lines, the day, the machine and the versions in words, and the output."""

    command: str
    date: datetime.date
    machine: str
    versions: str
    seconds: float
    output: str


def commands(folder=FOLDER):
    """{name: what commands.toml says of it}. ValueError for a table that is not as it must be."""
    tables = tomllib.loads((Path(folder) / "commands.toml").read_text("utf-8"))
    for name, table in tables.items():
        if "command" not in table or not set(table) <= KEYS:
            raise ValueError(f"commands.toml: [{name}] must have a command, and may have {' and '.join(sorted(KEYS))}; "
                             f"it has {', '.join(table) or 'nothing'}")
    return tables


# ---------------------------------------------------------------------------- the file

def read(name, folder=FOLDER):
    """The Recording of that name. FileNotFoundError if there is none, ValueError if it is not of today's command."""
    path, tables = Path(folder) / f"{name}.txt", commands(folder)
    if name not in tables:
        raise ValueError(f"{name} is not in docs/recorded/commands.toml; add its command there")
    if not path.exists():
        raise FileNotFoundError(f"{name} was not recorded yet; run: python docs/recording.py {name}")
    head, _, output = path.read_text("utf-8").partition("\n\n")
    fields = re.findall(r"^(\w+): (.*)$", head, re.MULTILINE)
    if [key for key, _ in fields if key != "command"] != ["date", "machine", "versions", "seconds"]:
        raise ValueError(f"{path.name} is damaged: its head is not what docs/recording.py writes; "
                         f"run: python docs/recording.py {name}")
    command = "\n".join(value for key, value in fields if key == "command")
    if command != lines_of(tables[name]["command"]):
        raise ValueError(f"{name} was recorded with another command than commands.toml has now; "
                         f"run: python docs/recording.py {name}")
    said = dict(fields)
    return Recording(command, datetime.date.fromisoformat(said["date"]), said["machine"], said["versions"],
                     float(said["seconds"]), output)


def write(name, recording, folder=FOLDER):
    """Writes a Recording as NAME.txt."""
    head = [f"command: {line}" for line in recording.command.splitlines()]
    head += [f"{key}: {getattr(recording, key)}" for key in ("date", "machine", "versions", "seconds")]
    with writing(Path(folder) / f"{name}.txt") as path:
        path.write_text("\n".join(head) + "\n\n" + recording.output.strip("\n") + "\n", "utf-8")


def lines_of(command):
    """The command's lines without what is around them."""
    return "\n".join(line.strip() for line in command.strip().splitlines())


# ---------------------------------------------------------------------------- running

def run(command, folder, files=()):
    """Runs the lines of a command in a folder; returns what they print, cleaned. RuntimeError if one fails."""
    folder = Path(folder)
    for name in ("examples", "tests"):
        link(folder / name, ROOT / name)
    for name in files:
        link(folder / Path(name).name, Path(os.environ.get("NPNET_REFERENCE") or "NPNET_REFERENCE") / name)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    said = []
    for line in lines_of(command).splitlines():
        # bytes, not text=True, which would make the end of a line that is written over the end of a line
        done = subprocess.run(program(line), cwd=folder, env=environment, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"'{line}' ended with exit code {done.returncode}:\n{done.stderr.decode()[-2000:]}")
        said.append(done.stdout.decode())
    return cleaned("".join(said), folder)


def program(line):
    """A command's line as a list of words, run by this Python, and by the mpiexec beside it."""
    first, *words = shlex.split(line)
    start = {"npnet": ["-m", "npnet"], "python": []}
    if first == "mpiexec" and words[:1] == ["-n"] and len(words) > 2:
        return [str(Path(sys.executable).with_name("mpiexec")), *words[:2], *program(shlex.join(words[2:]))]
    if first not in start:
        raise ValueError(f"a recorded command begins with npnet, python or mpiexec -n N, got '{line}'")
    return [sys.executable, *start[first], *words]


def link(place, source):
    """Makes `place` lead to `source`. FileNotFoundError if that is missing."""
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}; set NPNET_REFERENCE to the folder of the reference data")
    if not place.exists():
        place.symlink_to(source)


def cleaned(text, folder):
    """The text without lines that were written over, without colours, and without the names of this machine."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    text = "\n".join(line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    home = os.environ.get("NPNET_HOME")
    for place, word in ((folder, ""), (ROOT, ""), (home, "NPNET_HOME"), (tempfile.gettempdir(), "a temporary folder"),
                        (Path.home(), "~")):
        for spelt in {str(place), os.path.realpath(place)} if place else ():
            text = text.replace(spelt + os.sep, word + "/" if word else "").replace(spelt, word or "the folder")
    return text.replace(platform.node() or "\0", "this computer")


def record(name, folder=FOLDER):
    """Runs the commands of a name and writes its Recording, and its picture if it has one."""
    tables = commands(folder)
    if name not in tables:
        raise ValueError(f"{name} is not in docs/recorded/commands.toml; it has {', '.join(tables)}")
    table = tables[name]
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        output = run(table["command"], place, table.get("files", ()))
        seconds = round(time.monotonic() - began, 1)
        if "picture" in table:
            with writing(Path(folder) / f"{name}.png") as path:
                path.write_bytes(small(Path(place) / table["picture"]))
        if "drawn" in table:
            with writing(Path(folder) / f"{name}.png") as path:
                path.write_bytes(small(draw(table["drawn"], Path(place) / "drawn.png")))
    recording = Recording(lines_of(table["command"]), datetime.date.today(), machine(), versions(), seconds, output)
    write(name, recording, folder)
    return recording


def draw(function, path):
    """Saves what a function of docs/pictures draws, "parallel.towers"; returns the path."""
    import importlib
    sys.path[:0] = [] if str(ROOT / "docs") in sys.path else [str(ROOT / "docs")]
    module, _, name = function.partition(".")
    getattr(importlib.import_module(f"pictures.{module}"), name)().savefig(path, dpi=192)
    return path


# ---------------------------------------------------------------------------- what is said about it

def machine():
    """The machine in words: its processor and how many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = re.sub(r"\((R|TM)\)|\bCPU\b|@.*", "", processor_model())
    return f"{' '.join(name.split())}, {cores} core{'s' if cores > 1 else ''}, {platform.system()}"


def versions():
    """npnet's version, Python's, and those of what computes."""
    found = [f"npnet {__version__}", f"Python {platform.python_version()}"]
    for package, name in (("numpy", "NumPy"), ("numba", "numba")):
        try:
            found.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            pass
    return ", ".join(found)


def small(path, most=MOST, width=1100):
    """A picture as the bytes of a PNG of at most so many bytes: in fewer colours, then with fewer pixels."""
    from PIL import Image
    with Image.open(path) as image:
        image = image.convert("RGB")
    while True:
        if image.width > width:
            image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
        for colours in (256, 64):
            buffer = io.BytesIO()
            image.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= most:
                return buffer.getvalue()
        width = image.width * 4 // 5


def main(names):
    if not names or names[0].startswith("-"):
        raise SystemExit(f"usage: python docs/recording.py NAME [NAME...]; names: {', '.join(commands())}")
    for name in names:
        try:
            recording = record(name)
        except (OSError, ValueError, RuntimeError) as error:
            raise SystemExit(f"{name}: {error}")
        print(f"{name}: {len(recording.output.splitlines())} lines, {duration(recording.seconds)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
