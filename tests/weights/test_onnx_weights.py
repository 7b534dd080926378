"""weights.readers.onnx: the initialisers of ONNX files, made by hand and by the package onnx."""
import numpy as np
import pytest
import small_onnx as small

from npnet.weights.readers.onnx import read, recognised

LISTED = {"f4": 4, "f8": 10, "f2": 5, "i8": 7, "i4": 5, "u1": 5, "i1": 5, "b1": 5, "u4": 11, "u8": 11, "i2": 5, "u2": 5}


@pytest.fixture
def given(tmp_path):
    def reads(content):
        (tmp_path / "net.onnx").write_bytes(content)
        return read(tmp_path / "net.onnx")
    return reads


@pytest.fixture
def refused(given, tmp_path):
    def holds(content, message):
        with pytest.raises(ValueError, match=message) as caught:
            given(content)
        assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{tmp_path / 'net.onnx'} ")
    return holds


@pytest.mark.parametrize("dtype", LISTED)
@pytest.mark.parametrize("listed", [False, True])
def test_numbers_as_bytes_and_as_a_list(given, dtype, listed):
    array = (np.arange(12) % 3 - (dtype[0] in "if")).astype(dtype).reshape(3, 4)
    content = small.model([small.tensor("conv1.weight", array, listed=LISTED[dtype] if listed else None),
                           small.tensor("one", array[0, 0], listed=LISTED[dtype] if listed else None)])
    stored = given(content)
    assert (stored.format, stored.layout, list(stored.arrays)) == ("ONNX", "onnx", ["conv1.weight", "one"])
    assert stored.arrays["conv1.weight"].dtype == array.dtype and stored.arrays["one"] == array[0, 0]
    assert np.array_equal(stored.arrays["conv1.weight"], array) and recognised(content[:16])


def test_bfloat16_becomes_float32(given):
    half = np.array([1.0, -2.5, 0.0], np.float32).view(np.uint32) >> 16
    for listed in (None, 5):
        stored = given(small.model([small.tensor("w", half.astype(np.uint16), 16, listed)]))
        assert stored.arrays["w"].tolist() == [1.0, -2.5, 0.0] and "bfloat16 became float32" in stored.notes[0]


def test_dense_weights_lie_one_way(given):
    w = np.arange(6, dtype="f4").reshape(2, 3)
    nodes = [small.node("MatMul", ["x", "a"]), small.node("Gemm", ["x", "b", "c"], transB=1), small.node("Gemm", ["x", "d"])]
    stored = given(small.model([small.tensor(name, w) for name in "abd"], nodes))
    assert [stored.arrays[name].shape for name in "abd"] == [(3, 2), (2, 3), (3, 2)]
    assert np.array_equal(stored.arrays["a"], w.T) and len(stored.notes) == 2 and stored.notes[0].startswith("a was turned: MatMul")


def test_the_package_onnx(given):
    onnx = pytest.importorskip("onnx")
    arrays = {name: (np.arange(6) % 2).astype(name).reshape(2, 3) for name in
              ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")}
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    tensors.append(onnx.helper.make_tensor("listed", onnx.TensorProto.FLOAT, [2], [1.5, 2.5]))
    tensors.append(onnx.helper.make_tensor("half", onnx.TensorProto.FLOAT16, [2], [1.5, 2.5]))
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["float32"], ["y"])], "net", [], [], tensors)
    stored = given(onnx.helper.make_model(graph).SerializeToString())
    assert list(stored.arrays) == [*arrays, "listed", "half"]
    for name, array in arrays.items():
        assert np.array_equal(stored.arrays[name], array) and stored.arrays[name].dtype == array.dtype
    assert stored.arrays["listed"].tolist() == stored.arrays["half"].tolist() == [1.5, 2.5]


def test_what_is_refused(refused):
    w = np.ones((2, 3), "f4")
    good = small.tensor("w", w)
    refused(small.model([good + small.field(14, 1)]), r"in another file beside it \(external data\).*; save the model as one")
    refused(small.model([good + small.field(13, b"\n\1a")]), "external data")
    refused(small.model([good + small.field(1, 2)]), r"w has 6 numbers where its shape \(2, 3, 2\) asks for 12")
    refused(small.model([good + small.field(1, 2**62)]), "w has an invalid shape")
    refused(small.model([good + small.field(1, -1)]), "w has an invalid shape")
    refused(small.model([good, good]), r"an invalid name, or that of another \(w\)")
    refused(small.model([]), "has no initialisers of numbers; export the network with its weights")
    refused(small.model([small.tensor("w", w, kind=8)]), "has no initialisers")
    refused(b"\x08\x08", "it has no graph")
    refused(b"<!doctype html>", "is not read as ONNX")
    refused(small.model([good])[:-3], "the file is cut off or damaged")


def test_types_that_are_left_out(given):
    stored = given(small.model([small.tensor("w", np.ones(2, "f4")), small.tensor("text", np.ones(2, "u1"), kind=8)]))
    assert list(stored.arrays) == ["w"] and stored.notes == ["text is left out: it holds texts, which npnet does not read"]
