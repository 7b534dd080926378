"""npnet warmup, as it is typed."""
import pytest

from npnet.cli import warmup
from npnet.fast.kernels import Had


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the library was asked for; it says that it has compiled one kernel, and that another was there."""
    asked = []

    def warm_up(dtypes, progress):
        asked.extend(dtypes)
        progress(1, 1)
        return [Had("fast.pool.largest", True, 1.234), Had("fast.lrn.damp", False, 0.01)]
    monkeypatch.setattr(warmup, "warm_up", warm_up)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return asked


def test_warmup(npnet_, asked, tmp_path):
    assert npnet_("warmup") == (0, f"1 kernel compiled, 1 was there, in 0:00: {tmp_path}\n", "")
    assert asked == ["float32"]


def test_warmup_for_gradient_checks_and_with_names(npnet_, asked):
    code, out, err = npnet_("warmup", "--float64", "--list")
    assert (code, err, asked) == (0, "", ["float32", "float64"])
    assert out.startswith("   1.23 s  compiled   fast.pool.largest\n   0.01 s  was there  fast.lrn.damp\n1 kernel compiled")


def test_warmup_where_nothing_can_be_kept(npnet_, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="compiled kernels cannot be kept in .*file.*; make room there, or set NPNET_HOME"):
        code, out, err = npnet_("warmup")
    assert (code, out) == (2, "") and "nothing to do beforehand" in err
