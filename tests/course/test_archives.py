"""Zip files from strangers."""
import io
import struct
import zipfile

import pytest

from npnet.course import archives
from npnet.course.archives import flattened, members


def zipped(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def test_a_plain_zip_and_what_is_left_out():
    files = members(zipped({"kim/a3.py": "x = 1", "kim/__pycache__/a3.pyc": b"0", "__MACOSX/._a3.py": b"0",
                            ".ipynb_checkpoints/a.ipynb": "{}"}))
    assert files == {"kim/a3.py": b"x = 1"}


@pytest.mark.parametrize("name", ["../a3.py", "/etc/passwd", "a/../../b.py", "..\\a3.py", "C:\\a3.py", "C:/a3.py"])
def test_a_name_that_leads_out_is_refused(name):
    with pytest.raises(ValueError, match="leads out of its folder; it is not unpacked"):
        members(zipped({name: "x"}))


def test_a_link_is_refused():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        entry = zipfile.ZipInfo("a3.py")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ValueError, match="holds a link, a3.py"):
        members(held.getvalue())


def test_a_bomb_is_not_unpacked():
    bomb = zipped({"a3.py": b"\0" * 3_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(ValueError, match="unpacks to more than 50 MB"):
        members(bomb, most_bytes=1_000_000)


def test_a_bomb_that_lies_about_its_size():
    """The size that a zip states is 1 in the file; what comes out is more."""
    bomb = bytearray(zipped({"a3.py": b"\0" * 3_000_000}))
    directory = bomb.rindex(b"PK\x01\x02")
    bomb[directory + 24:directory + 28] = struct.pack("<I", 1)
    with pytest.raises(ValueError, match="the zip is not a zip, or it is damaged"):
        members(bytes(bomb), most_bytes=1_000_000)


def test_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    with pytest.raises(ValueError, match="holds 4 files; 3 is the most"):
        members(zipped({f"{i}.py": "x" for i in range(4)}))


@pytest.mark.parametrize("content, said", [(b"not a zip", "is not a zip, or it is damaged"), (b"", "is not a zip"),
                                           (zipped({"a.py": "x" * 500})[:60], "is not a zip")],
                         ids=["words", "nothing", "a piece of a zip"])          # the bytes hold the time
def test_what_is_no_zip(content, said, tmp_path):
    path = tmp_path / "kim.zip"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"kim.zip {said}"):
        members(path)


def test_a_damaged_zip():
    content = bytearray(zipped({"a.py": bytes(range(256)) * 10}))
    content[40:60] = b"\xff" * 20
    with pytest.raises(ValueError, match="the zip (is not a zip|cannot be unpacked)"):
        members(bytes(content))


def test_korean_names_of_windows():
    """Windows writes the name in its own code, without the flag that says UTF-8."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("PLACE.py", "x = 1")
    content = held.getvalue().replace(b"PLACE", "김민".encode("cp949") + b"1")
    assert members(content) == {"김민1.py": b"x = 1"}


def test_zips_within_zips():
    inner = zipped({"a3.py": "x = 1"})
    files = flattened(members(zipped({"kim.zip": inner, "lee.zip": b"broken", "park/a3.py": "y"})))
    assert files == {"kim/a3.py": b"x = 1", "park/a3.py": b"y"}
    nested = zipped({"d.zip": zipped({"c.zip": zipped({"b.zip": inner})})})
    assert list(flattened(members(nested))) == ["d/c/b.zip"]
