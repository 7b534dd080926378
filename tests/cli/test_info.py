"""npnet info: what it finds, and what it says where nothing can be found out."""
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import backend as backends
from npnet.cli import info
from npnet.fast import machine


def facts(npnet_):
    code, out, err = npnet_("info", "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_info(npnet_):
    code, out, err = npnet_("info")
    assert (code, err) == (0, "") and max(map(len, out.partition("\nfolders")[0].splitlines())) <= 79
    assert f"  version           {npnet.__version__}\n" in out and f"  numpy             {np.__version__}\n" in out
    titles = [line for line in out.splitlines() if line[0] != " "]
    assert titles == ["npnet", "packages", "backend", "processor", "output", "folders"]


def test_info_names_what_is_not_installed(npnet_, monkeypatch):
    monkeypatch.setattr(info, "installed", {"numpy": "2.1", "cupy-cuda13x": "14.0"}.get)
    packages = facts(npnet_)["packages"]
    assert packages["numpy"] == "2.1" and packages["cupy"] == "14.0"
    assert packages["numba"] == "not installed; pip install numba"
    assert packages["torch"] == "not installed; pip install torch (npnet's extra torch)"


def without_packages(monkeypatch, *names):
    """Make npnet.backend blind to these packages and to what is inside them."""
    real = backends.present
    monkeypatch.setattr(backends, "present", lambda module: not module.startswith(names) and real(module))


@pytest.mark.parametrize("missing", [[], ["numba"], ["npnet.fast"]])
def test_info_says_which_backend_would_be_chosen(npnet_, monkeypatch, missing):
    monkeypatch.delenv("NPNET_BACKEND", raising=False)
    monkeypatch.setattr(backends.ops, "name", None)
    without_packages(monkeypatch, *missing)
    said = facts(npnet_)["backend"]
    backends.choose()
    assert said["chosen"] == backends.ops.name
    if missing:
        assert said["chosen"] == "numpy" and missing[0] in said["because"].replace("/", ".")
        assert "numba" not in said["available"]


@pytest.mark.parametrize("wish, because", [("loops", "NPNET_BACKEND says so"),
                                           ("abacus", "NPNET_BACKEND says so, but there are only loops, numpy"),
                                           ("cupy", "NPNET_BACKEND says so, but the package cupy is not installed")])
def test_info_and_npnet_backend(npnet_, monkeypatch, wish, because):
    monkeypatch.setenv("NPNET_BACKEND", wish)
    without_packages(monkeypatch, "cupy")
    said = facts(npnet_)["backend"]
    assert said["chosen"] == wish and said["because"].startswith(because)


def test_info_about_folders(npnet_, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("NPNET_HOME", str(home))
    folders = facts(npnet_)["folders"]
    assert folders["home"] == f"{home} (NPNET_HOME; will be made when needed)"
    assert folders["kernels"] == f"{home / 'kernels'} (will be made when needed)"
    assert not home.exists()                                            # looking makes nothing
    home.mkdir()
    assert facts(npnet_)["folders"]["home"] == f"{home} (NPNET_HOME; writable)"


def test_info_about_a_home_below_a_file(npnet_, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "file" / "home"))
    folders = facts(npnet_)["folders"]
    for name in ("home", "kernels"):
        assert folders[name].endswith(f"cannot be made: {tmp_path / 'file'} is a file)")


def test_info_about_a_folder_without_permission(npnet_, tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)         # root may write everywhere
    assert f"cannot be made: {tmp_path} is not writable" in facts(npnet_)["folders"]["home"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("script, cards", [
    ("echo 'NVIDIA H200, 143771 MiB, 570.86'\necho 'NVIDIA T4, 15360 MiB, 570.86'",
     ["NVIDIA H200, 143771 MiB, driver 570.86", "NVIDIA T4, 15360 MiB, driver 570.86"]),
    ("echo 'no devices were found'; exit 6", "none found")])
def test_info_asks_nvidia_smi(npnet_, tmp_path, monkeypatch, script, cards):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    without_packages(monkeypatch, "cupy")
    assert facts(npnet_)["processor"]["graphics card"] == cards


def test_info_where_nothing_can_be_found_out(npnet_, monkeypatch):
    read = Path.read_text

    def no_proc(path, *given, **options):
        if path.parts[1:2] == ("proc",):
            raise FileNotFoundError
        return read(path, *given, **options)
    monkeypatch.setattr(Path, "read_text", no_proc)
    for module in (info, machine):
        monkeypatch.setattr(module, "output_of", lambda *command: "")
    monkeypatch.setattr("threadpoolctl.threadpool_info", list)
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setattr(sys, "platform", "plan9")
    processor = facts(npnet_)["processor"]
    assert processor["memory"] == "unknown" and processor["blas threads"] == "unknown to threadpoolctl"
    assert processor["model"] and processor["blas"]


def test_info_shows_settings_from_outside(npnet_, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS=3" in facts(npnet_)["processor"]["set outside"]


def test_info_about_threads(npnet_, monkeypatch):
    monkeypatch.setattr(info.threads, "by_use", None)
    monkeypatch.setattr(info.threads, "by_environment", 3)
    assert facts(npnet_)["processor"]["npnet threads"] == "3 (NPNET_THREADS)"


@pytest.mark.parametrize("hindrance, said", [("", "yes, by the numba backend"), ("NPNET_KEEP_MEMORY=0", "no: NPNET_KEEP_MEMORY=0")])
def test_info_about_memory_that_stays(npnet_, monkeypatch, hindrance, said):
    monkeypatch.setattr(info, "keep", lambda: hindrance)
    assert facts(npnet_)["processor"]["memory kept"] == said


@pytest.mark.parametrize("value, said", [("0", "off: NPNET_WINOGRAD=0"), ("1", "on"), (None, "on"), ("without", None)])
def test_info_about_winograd(npnet_, monkeypatch, value, said):
    real = backends.present
    monkeypatch.setattr(backends, "present",
                        lambda module: value != "without" if module == "npnet.fast.winograd" else real(module))
    monkeypatch.setenv("NPNET_WINOGRAD", value or "1")
    assert facts(npnet_)["processor"].get("winograd") == said


def test_info_counts_the_kernels_that_are_kept(npnet_, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert facts(npnet_)["folders"]["kernels"] == f"{tmp_path} (writable)"
    for name in ("a.nbc", "b.nbc", "c.part"):
        (tmp_path / name).write_bytes(bytes(1000))
    assert facts(npnet_)["folders"]["kernels"] == f"{tmp_path} (writable; 2 kernels, 2 kB)"


def test_info_about_memory_and_output(npnet_, monkeypatch):
    monkeypatch.setattr(info, "free_memory", lambda: 3 * 2 ** 30)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 2 ** 20, "SC_PAGE_SIZE": 2 ** 13}.get, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    found = facts(npnet_)
    assert found["processor"]["memory"] == "8.0 GB, of which npnet may still take 3.0 GB"
    assert found["output"] == {"encoding": sys.stdout.encoding, "is": "a file or a pipe, 59 columns for sentences"}
