"""files.writing: the new file or the old one, never half a file."""
import errno
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from npnet.files import tidy, writing


def names(folder):
    return sorted(os.listdir(folder))


def test_success_leaves_the_file_and_nothing_else(tmp_path):
    with writing(tmp_path / "a.txt") as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".txt"
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_numpy_writes_to_the_temporary_name_as_it_is(tmp_path):
    with writing(tmp_path / "a.npz") as temporary:
        np.savez(temporary, w=np.arange(3))
    with np.load(tmp_path / "a.npz") as saved:
        assert saved["w"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_failure_keeps_the_old_file(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(type(error)), writing(target) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_killed_program_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    program = ("import os, sys\nfrom npnet.files import writing\n"
               "with writing(sys.argv[1]) as temporary:\n"
               "    temporary.write_text('half'); os._exit(9)\n")
    assert subprocess.run([sys.executable, "-c", program, str(target)], env=environment()).returncode == 9
    assert target.read_text() == "old"


def environment():
    """The environment of this process, with the folder that holds npnet on the path."""
    import npnet.files
    root = os.path.dirname(os.path.dirname(os.path.dirname(npnet.files.__file__)))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}


def test_missing_folders_are_made(tmp_path):
    with writing(tmp_path / "one" / "two" / "a.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "one" / "two" / "a.txt").read_text() == "new"


def test_a_path_may_be_a_string_relative_and_without_ending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with writing("plain") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["plain"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "large disk").mkdir()
    try:
        (tmp_path / "a.txt").symlink_to(tmp_path / "large disk" / "a.txt")
    except OSError:
        pytest.skip("this system does not let us make links")
    with writing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "large disk" / "a.txt").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="permission bits of files are a matter of POSIX")
def test_others_may_read_the_file_as_any_other(tmp_path):
    with writing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    (tmp_path / "b.txt").write_text("b")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_two_writers_do_not_meet(tmp_path):
    with writing(tmp_path / "a.txt") as first, writing(tmp_path / "a.txt") as second:
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a.txt").read_text() == "first"          # the outer block ends last
    assert names(tmp_path) == ["a.txt"]


def test_writing_beside_the_temporary_path_is_noticed(tmp_path):
    target = tmp_path / "a.model"
    target.write_text("old")
    with pytest.raises(OSError, match="nothing was written for .*a.model, so it is left as it was"):
        with writing(target) as temporary:
            np.savez(temporary, w=np.arange(3))                 # appends .npz to the name
    assert target.read_text() == "old"


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file in it"):
        with writing(tmp_path):
            pass


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for below in ("file/a.txt", "file/folder/a.txt"):
        with pytest.raises(NotADirectoryError, match="cannot be written: part of .* is a file, not a folder"):
            with writing(tmp_path / below):
                pass


def test_a_folder_that_refuses_is_said(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(PermissionError, match=r"refuses new files \(Permission denied\); choose"):
        with writing(tmp_path / "a.txt"):
            pass


def test_a_protected_file_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="a.txt is write-protected"):
        with writing(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_full_disk_is_said_and_keeps_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OSError, match="there is no room left to write .*a.txt; free some space"):
        with writing(tmp_path / "a.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_other_errors_of_the_block_pass_as_they_are(tmp_path):
    with pytest.raises(OSError, match="the line is dead"), writing(tmp_path / "a.txt"):
        raise OSError(errno.EIO, "the line is dead")


def test_a_file_held_by_another_program_is_said(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(errno.EACCES, "Access is denied")
    monkeypatch.setattr("os.replace", held)
    with pytest.raises(PermissionError, match="cannot be replaced; is it open in another program"):
        with writing(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
    assert names(tmp_path) == []


def left(folder, **ages):
    """Files that killed programs left, {name: seconds since they were written}."""
    for name, age in ages.items():
        path = folder / f".writing-{name}.gz"
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)


def test_tidy_removes_what_killed_programs_left(tmp_path):
    left(tmp_path, old=90_000, young=10)
    (tmp_path / "whole.gz").write_text("whole")
    os.utime(tmp_path / "whole.gz", (0, 0))
    tidy(tmp_path, older_than=86_400)
    assert names(tmp_path) == [".writing-young.gz", "whole.gz"]
    tidy(tmp_path)
    assert names(tmp_path) == ["whole.gz"]
    tidy(tmp_path / "none")


def test_tidy_leaves_what_it_may_not_remove(tmp_path):
    left(tmp_path, a=10)
    (tmp_path / ".writing-folder").mkdir()                      # unlink refuses a folder
    tidy(tmp_path)
    assert names(tmp_path) == [".writing-folder"]
