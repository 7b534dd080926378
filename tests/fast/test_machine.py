"""What is known of this machine: its processor, and the memory that is free."""
import sys

import pytest

from npnet.fast import machine
from npnet.fast.machine import available, free_memory, group_room, own_groups, processor_model


def test_the_processor_has_a_name():
    assert processor_model()


def test_free_memory_is_some():
    free = free_memory()
    assert free is None or 2 ** 20 < free < 2 ** 50
    if sys.platform.startswith("linux"):
        assert free is not None


def test_memory_of_the_computer(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:    3000 kB\n")
    assert available(tmp_path / "meminfo") == 3000 * 1024
    assert available(tmp_path / "nothing") is None


def group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_control_groups_of_version_2(tmp_path):
    group(tmp_path, memory__stat="inactive_file 5\n")
    group(tmp_path / "batch", memory__max="1000\n", memory__current="900\n", memory__stat="anon 1\ninactive_file 50\n")
    group(tmp_path / "batch" / "job", memory__max="max\n", memory__current="300\n")
    assert list(group_room(tmp_path, [("", "/batch/job")])) == [150]            # of the group above
    assert list(group_room(tmp_path, [("", "/elsewhere")])) == []               # a path of another computer
    group(tmp_path, memory__max="100\n", memory__current="700\n")
    assert list(group_room(tmp_path, [("", "/batch/job")])) == [150, 0]         # never below 0


def test_control_groups_of_version_1(tmp_path):
    group(tmp_path / "memory" / "docker", memory__limit_in_bytes="4096\n", memory__usage_in_bytes="1000\n",
          memory__stat="total_inactive_file 24\n")
    groups = [("cpu,cpuacct", "/docker"), ("memory", "/docker")]
    assert list(group_room(tmp_path, groups)) == [3120]
    (tmp_path / "cgroup").write_text("4:memory:/docker\n3:cpu,cpuacct:/a:b\n0::/user\nodd\n")
    assert own_groups(tmp_path / "cgroup") == [("memory", "/docker"), ("cpu,cpuacct", "/a:b"), ("", "/user")]


@pytest.mark.parametrize("value, on", [(None, True), ("", True), ("1", True), ("0", False)])
def test_a_switch_in_the_environment(monkeypatch, value, on):
    if value is None:
        monkeypatch.delenv("NPNET_WINOGRAD", raising=False)
    else:
        monkeypatch.setenv("NPNET_WINOGRAD", value)
    assert machine.switched_on("NPNET_WINOGRAD") is on


@pytest.mark.parametrize("value", ["off", "false", "00", "maybe"])
def test_a_switch_that_cannot_be_read(monkeypatch, value):
    """Taken for "on" it would give other numbers than were asked for, without a word."""
    monkeypatch.setenv("NPNET_WINOGRAD", value)
    with pytest.raises(ValueError, match=f"NPNET_WINOGRAD must be 0 .off. or 1 .on., got '{value}'"):
        machine.switched_on("NPNET_WINOGRAD")
