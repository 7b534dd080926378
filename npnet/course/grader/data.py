"""Data files: TOML as it is written, or the JSON that a builder made of it for a Python without tomllib (3.10)."""
import json
from pathlib import Path


def read(path):
    """The tables of path.toml or path.json; {} where there is neither. ValueError: a file that does not parse."""
    path = Path(path)
    compiled, written = path.with_name(path.name + ".json"), path.with_name(path.name + ".toml")
    if compiled.is_file():
        return json.loads(compiled.read_text("utf-8"))
    if not written.is_file():
        return {}
    import tomllib  # Python 3.11; where it is missing, the files are JSON
    try:
        return tomllib.loads(written.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{written}: {error}") from None
