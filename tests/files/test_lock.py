"""Locks of the system's: held once, gone with their process."""
import os

import pytest

from npnet.files.lock import locked


def test_a_lock_is_held_once(tmp_path):
    with locked(tmp_path / "lock", "this"):
        with pytest.raises(BlockingIOError, match=f"this is being written by process {os.getpid()} on "):
            with locked(tmp_path / "lock", "this"):
                pass
    with locked(tmp_path / "lock", "this"):
        assert (tmp_path / "lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_without_locks_one_works_on(tmp_path):
    with locked(tmp_path / "nowhere" / "lock", "this"):
        assert list(tmp_path.iterdir()) == []
