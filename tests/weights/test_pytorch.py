"""weights.readers.pytorch: files of PyTorch's are read without it, and nothing in them is run."""
import hashlib
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import small_torch as small

import npnet
from npnet.weights.readers.pytorch import read

FORMATS = {"zip": small.zipped, "legacy": small.legacy}
both = pytest.mark.parametrize("format", FORMATS)


@pytest.fixture
def given(tmp_path):
    """given(bytes) reads them from a file."""
    def reads(content):
        (tmp_path / "net.pth").write_bytes(content)
        return read(tmp_path / "net.pth")
    return reads


@pytest.fixture
def refused(given, tmp_path):
    """refused(bytes, message): they are refused with one such line, which begins with the path."""
    def holds(content, message):
        with pytest.raises(ValueError, match=message) as caught:
            given(content)
        assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{tmp_path / 'net.pth'} ")
    return holds


def described(format, arrays):
    return small.state_dict(arrays, legacy=format == "legacy")


# ---------------------------------------------------------------------------- files of others

@pytest.mark.reference
def test_every_tensor_of_real_files(reference):
    golden, seen = json.loads((reference / "pth" / "golden.json").read_text()), 0
    for name, wanted in golden.items():
        if "tensors" not in wanted:
            continue
        arrays = read(reference / "pth" / name).arrays
        assert set(arrays) == {tensor.removeprefix("module.") for tensor in wanted["tensors"]}
        for tensor, facts in wanted["tensors"].items():
            array = arrays[tensor.removeprefix("module.")]
            content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
            assert [list(array.shape), str(array.dtype)] == [facts["shape"], facts["dtype"]]
            assert hashlib.sha256(content).hexdigest().startswith(facts["sha256_le"])
            assert np.isclose(array.sum(dtype=np.float64), facts["sum"], rtol=1e-9)
            seen += 1
    assert seen == 112


@pytest.mark.reference
def test_a_whole_module_is_refused_and_named(reference):
    with pytest.raises(ValueError) as caught:
        read(reference / "pth" / "legacy_whole_module_lenet.pth")
    assert "asks for core.model.lenet.LeNet; npnet runs nothing" in str(caught.value)
    assert "torch.save(net.state_dict()" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.reference
def test_what_else_a_real_file_holds(reference):
    stored = read(reference / "pth" / "legacy_resnet20-12fca82f.th")
    assert (stored.format, stored.layout) == ("PyTorch (legacy)", "torch")
    assert "'state_dict'; also in the file: best_prec1 (91.78" in stored.notes[0] and "'module.'" in stored.notes[1]


# ---------------------------------------------------------------------------- made by PyTorch

TYPES = """float16 float32 float64 bfloat16 uint8 uint16 uint32 uint64 int8 int16 int32 int64 bool complex64
           complex128""".split()


@pytest.mark.torch
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("zipped", [True, False])
def test_every_type_strided_shared_empty_and_single(tmp_path, dtype, zipped):
    import torch
    t = (torch.arange(24) % 5 - (0 if "u" in dtype else 2)).to(getattr(torch, dtype)).reshape(2, 3, 4)
    tensors = {"whole": t, "turned": t.transpose(0, 2), "strided": t[:, ::2, 1], "single": t[1, 2, 3], "empty": t[:0],
               "shared": t.view(-1)[5:9], "wide": t[:, :1].expand(2, 3, 4)}
    if t.is_floating_point():
        tensors["parameter"] = torch.nn.Parameter(t)
    torch.save(tensors, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    stored = read(tmp_path / "a.pt")
    assert stored.format == ("PyTorch (zip)" if zipped else "PyTorch (legacy)") and list(stored.arrays) == list(tensors)
    for name, tensor in tensors.items():
        wanted = (tensor.detach().float() if dtype == "bfloat16" else tensor.detach()).numpy()
        assert stored.arrays[name].dtype == wanted.dtype and stored.arrays[name].shape == wanted.shape
        assert np.array_equal(stored.arrays[name], wanted)
    assert bool(stored.notes) == (dtype == "bfloat16")


@pytest.mark.torch
@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_of_a_training(tmp_path, zipped):
    import torch
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam([{"params": net[0].parameters()}, {"params": net[1].parameters(), "lr": 1e-4}])
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    net(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    torch.save({"epoch": 3, "best": torch.tensor(0.5), "accuracy": np.float64(0.25), "optimizer": optimizer.state_dict(),
                "device": torch.device("cuda:0"), "scheduler": schedule.state_dict(), "random": torch.get_rng_state(),
                "state_dict": {f"module.{name}": tensor for name, tensor in net.state_dict().items()}},
               tmp_path / "last.pth.tar", _use_new_zipfile_serialization=zipped)
    stored = read(tmp_path / "last.pth.tar")
    assert list(stored.arrays) == list(net.state_dict())
    for name, tensor in net.state_dict().items():
        assert np.array_equal(stored.arrays[name], tensor.numpy())
    assert "epoch (3)" in stored.notes[0] and "optimizer (an optimiser's state of 4 parameters)" in stored.notes[0]


@pytest.mark.torch
def test_tensors_of_other_kinds_are_left_out_with_a_note(tmp_path):
    import torch
    torch.save({"w": torch.ones(2), "conj": torch.tensor([1 + 2j]).conj(), "eighth": torch.ones(3).to(torch.float8_e5m2),
                "sparse": torch.ones(3).to_sparse()}, tmp_path / "a.pt")
    stored = read(tmp_path / "a.pt")
    assert list(stored.arrays) == ["w", "conj"] and stored.arrays["conj"][0] == 1 - 2j
    assert [note.split(",")[0] for note in stored.notes] == ["eighth is left out: it is float8_e5m2", "sparse is left out: it is sparse"]


@pytest.mark.torch
def test_modules_and_programs_of_pytorch_itself(tmp_path):
    import torch
    net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    for zipped in (True, False):
        torch.save(net, tmp_path / "net.pt", _use_new_zipfile_serialization=zipped)
        with pytest.raises(ValueError, match=r"asks for torch\.nn\.modules\.container\.Sequential; .* save the weights"):
            read(tmp_path / "net.pt")
    program = zipfile.ZipFile(tmp_path / "program.pt", "w")     # torch.jit.save is deprecated; its members are these
    for name in ("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"):
        program.writestr(name, b"\x80\x02N.")
    program.close()
    with pytest.raises(ValueError, match=r"is a TorchScript archive, which holds a program beside its weights; "):
        read(tmp_path / "program.pt")


@pytest.mark.torch
def test_without_checksums(tmp_path):
    import torch
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.arange(3)}, tmp_path / "a.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert read(tmp_path / "a.pt").arrays["w"].tolist() == [0, 1, 2]


# ---------------------------------------------------------------------------- made by hand

@both
@pytest.mark.parametrize("dtype", small.NAMES)
def test_numbers_of_a_file_made_by_hand(given, format, dtype):
    array = (np.arange(12) % 3).astype(dtype).reshape(3, 4)
    stored = given(FORMATS[format](described(format, {"fc.weight": array, "fc.bias": array[0]})))
    assert list(stored.arrays) == ["fc.weight", "fc.bias"] and stored.arrays["fc.weight"].dtype == array.dtype
    assert np.array_equal(stored.arrays["fc.weight"], array) and np.array_equal(stored.arrays["fc.bias"], array[0])


def test_a_file_of_a_machine_with_the_high_byte_first(given):
    array = np.arange(6, dtype="f4")
    assert given(small.zipped(small.state_dict({"w": array}), order=">")).arrays["w"].tolist() == array.tolist()


def test_a_view_of_an_old_file(given):
    tensor = small.tensor("0", "f4", 10, (2, 2), view=("1", 3, 5), offset=1, legacy=True)
    stored = given(small.legacy((small.dictionary({"w": tensor}), {"0": np.arange(10, dtype="f4")})))
    assert stored.arrays["w"].tolist() == [[4, 5], [6, 7]]


def test_names_share_memory_and_cannot_be_written_to(given):
    tensors = {f"w{i}": small.tensor("0", "f4", 10, (10 - i,), offset=i) for i in range(2)}
    arrays = given(small.zipped((small.dictionary(tensors), {"0": np.arange(10, dtype="f4")}))).arrays
    assert np.shares_memory(arrays["w0"], arrays["w1"]) and not arrays["w0"].flags.writeable


@pytest.mark.parametrize("names, path", [(("model", "w"), ["w"]), (("generator", "w"), ["generator.w"]),
                                         (("state_dict", "_orig_mod", "module"), None), (("a", "b", "c"), ["a.b.c"])])
def test_dicts_in_dicts(given, names, path):
    described = small.tensor("0", "f4", 1, (1,))
    for name in names[::-1]:
        described = small.dictionary({name: described})
    arrays = given(small.zipped((described, {"0": np.ones(1, "f4")}))).arrays
    assert len(arrays) == 1 and (path is None or list(arrays) == path)


# ---------------------------------------------------------------------------- what is refused

@pytest.mark.parametrize("call", [b"cposix\nsystem\n" + small.text("touch ran") + b"\x85R", b"(" + small.text("touch ran") + b"iposix\nsystem\n",
                                  small.text("builtins") + small.text("eval") + b"\x93" + small.text("1") + b"\x85R",
                                  b"ctorch.hub\nload\n" + small.text("a") + b"\x85R"])
@both
def test_a_command_is_not_run(refused, tmp_path, monkeypatch, format, call):
    monkeypatch.chdir(tmp_path)
    refused(FORMATS[format]((small.dictionary({"w": call}), {})), "asks for |has the instruction INST")
    assert os.listdir(tmp_path) == ["net.pth"]


def test_sizes_are_believed_only_as_far_as_there_are_numbers(refused):
    def of(key="0", count=4, **given):
        return small.zipped((small.dictionary({"w": small.tensor(key, "f4", count, **given)}), {"0": np.ones(4, "f4")}))
    refused(of(count=5, shape=(4,)), "has fewer than 5 numbers")
    refused(of(count=2**40, shape=(2**40,)), "has fewer than")
    refused(of(shape=(5,)), "a tensor ends at number 5 of a storage of 4")
    refused(of(shape=(4,), offset=1), "a tensor ends at number 5")
    refused(of(shape=(2,), strides=(2**59,)), "a tensor ends at number")
    refused(of(shape=(2**30, 2**20), strides=(0, 0)), "repeats a few numbers very often")
    refused(of(shape=(-1,)), "are not whole numbers")
    refused(of(shape=(0, 2**59, 2**59)), "an empty tensor is too large")
    refused(of(shape=(1,) * 33), "more than 32 axes")
    refused(of(key="../../version", shape=(4,)), "missing")


def test_storages_of_the_legacy_format_have_the_length_that_tensors_say(refused):
    described = small.state_dict({"w": np.ones(4, "f4")}, legacy=True)
    for count in (-1, 3, 5, 2**60):
        refused(small.legacy(described, {"0": count}), "a storage of 4 numbers is cut off or has another length")
    for end in range(0, len(small.legacy(described)), 3):
        refused(small.legacy(described)[:end], "is damaged, was cut off")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*net.pth; give the path"):
        read(tmp_path / "net.pth")


@both
def test_a_storage_has_one_type_and_one_length(refused, format):
    legacy = format == "legacy"
    for other in (small.tensor("0", "f4", 3, (1,), legacy=legacy), small.tensor("0", "i4", 4, (1,), legacy=legacy)):
        tensors = {"a": small.tensor("0", "f4", 4, (4,), legacy=legacy), "b": other}
        refused(FORMATS[format]((small.dictionary(tensors), {"0": np.ones(4, "f4")})), "a storage has two lengths or types")


def test_the_keys_of_an_old_file_are_texts(refused):
    described, rows = small.state_dict({"w": np.ones(4, "f4")}, legacy=True)
    nested = b"]q\x01" + b"](h\x01h\x01eq\x01" * 60 + b"."
    content = small.legacy((described, rows))
    keys = pickle.dumps(["0"], 2)
    refused(content.replace(keys, b"\x80\x02" + nested[:-1] + b"]h\x01a."), "do not fit together")


def test_archives_that_are_not_as_pytorch_writes_them(refused):
    described = small.state_dict({"w": np.ones(4, "f4")})
    refused(small.zipped(described, compression=zipfile.ZIP_DEFLATED), "is compressed, which PyTorch never does")
    content = small.zipped(described)
    refused(content.replace(np.ones(4, "f4").tobytes(), np.ones(4, "f4").tobytes()[:-1] + b"\x40"), "has another checksum")
    refused(content.replace(b"data.pkl", b"date.pkl"), "the archive has no data.pkl")
    same = bytearray(content)
    place = content.rindex(b"small/data/0") - 4                 # where the directory says that it begins
    same[place:place + 4] = bytes(4)
    refused(bytes(same), "lie in the same place")
    refused(content[:-1], "fetch it again")
    twice = small.zipped(described, extra=[("data/1", b"")]).replace(b"small/data/1", b"small/data/0")
    refused(twice, "two members of the archive have one name")


def test_what_would_take_all_the_memory_or_for_ever(refused):
    def of(described):
        return small.zipped((described, {"0": np.ones(1, "f4")}))
    refused(of(small.dictionary({"w": b"}" * 3 + b"K\x01" + b"\x85" * 100_000 + b"Ns"})), "has a tuple as the key of a dict")
    nested = b"}q\x01" + (b"}" + small.text("a") + b"h\x01s" + small.text("b") + b"h\x01sq\x01") * 60
    refused(of(nested), "holds no weights")                     # 2**60 ways lead to the innermost
    refused(of(b"Nr\xff\xff\xff\x7f"), "remembers something as number")
    refused(of(b"]" * 100_000 + b"a" * 99_999), "holds no weights")
    long = small.text("x" * 100_000) + b"q\x01"
    copies = b"c_codecs\nencode\n(h\x01" + small.text("latin1") + b"tR"
    refused(of(long + copies * 50), "makes far more of its bytes than it has")
    refused(of(small.dictionary({"w" * 2000: small.tensor("0", "f4", 1, (1,))})), "a name of more than 1000 letters")
    refused(of(small.dictionary({"w\x1b[2J": small.tensor("0", "f4", 1, (1,))})), "one that is no text")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\5\6" + bytes(18), b"<!doctype html>", pickle.dumps({"a": 1}), b"\x80\x02\x8a\x0a"])
def test_other_files(refused, content):
    refused(content, "is damaged, was cut off, or is no file of PyTorch's")


def test_no_weights(refused):
    refused(small.zipped((small.dictionary({"epoch": b"K\x03"}), {})), "holds no weights: .*; save net.state_dict")


def test_neither_torch_nor_caffe_is_imported():
    program = "import sys, npnet.weights.readers.pytorch; print(sorted({'torch', 'caffe'} & set(sys.modules)))"
    root = os.path.dirname(os.path.dirname(npnet.__file__))
    assert subprocess.check_output([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": root}) == b"[]\n"
