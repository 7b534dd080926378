"""Protobuf's text format, as Caffe's .prototxt files use it."""
import pytest

from npnet.weights.readers.prototxt import parsed, read


def test_a_network():
    text = '''
    # a comment { with a brace
    name: "LeNet"   # another
    input: "data" input_dim: 1 input_dim: 3; input_dim: 0x20, input_dim: 040
    layer {
      name: 'conv1' type: "Convo" 'lution' bottom: "data" top: "conv1"
      param { lr_mult: 1 } param { lr_mult: 2 }
      convolution_param: { num_output: 96 kernel_size: 11 stride: [4, 2] pad: [] bias_term: false
                           weight_filler { type: "gaussian" std: 0.01 } }
    }
    layer < name: "norm" type: "LRN" lrn_param < alpha: 5e-05 beta: .75f norm_region: WITHIN_CHANNEL > >
    layers { name: "pool" type: POOLING pooling_param { pool: 1 } include: { phase: TEST } }
    '''
    assert parsed(text) == {
        "name": "LeNet", "input": ["data"], "input_dim": [1, 3, 32, 32],
        "layer": [
            {"name": "conv1", "type": "Convolution", "bottom": ["data"], "top": ["conv1"],
             "convolution_param": {"num_output": 96, "kernel_size": [11], "stride": [4, 2], "pad": [], "bias_term": False}},
            {"name": "norm", "type": "LRN",
             "lrn_param": {"alpha": 5e-05, "beta": 0.75, "norm_region": "WITHIN_CHANNEL"}}],
        "layers": [{"name": "pool", "type": "POOLING", "pooling_param": {"pool": "AVE"}, "include": [{"phase": "TEST"}]}]}


@pytest.mark.parametrize("quoted, wanted", [
    (r'"a\"b"', 'a"b'), (r"'it\'s'", "it's"), (r'"\n\t\\"', "\n\t\\"), (r'"\x41\102\103"', "ABC"), ('"é"', "é"),
    (r'"\303\251"', "é"), ('"a" "b" \'c\'', "abc"), ('"# no comment {"', "# no comment {"), ('""', "")])
def test_texts_and_escapes(quoted, wanted):
    assert parsed(f"name: {quoted}") == {"name": wanted}


def test_fields_that_are_not_known_are_left_out():
    text = 'future: 3 future { a: [1, "b", { c: 2 }] d < e: x > } other: [ { f: 1 }, < g: 2 > ] name: "n" odd: -inf'
    assert parsed(text) == {"name": "n"}
    assert parsed("layer { blobs { data: 1.5 data: [2, -3e2] } }") == {"layer": [{"blobs": [{"data": [1.5, 2, -300]}]}]}
    assert parsed("") == parsed(" # nothing") == {}


@pytest.mark.parametrize("text, words", [
    ("layer {\n name: \"a\"\n", "line 3: the text ends where braces are still open"),
    ("layer {\n name: \"a\n }", "line 2: .* quotation marks that does not end"),
    ("name \"a\"", "line 1: a colon or braces must come here, got '\"a\"'"),
    ("name: }", "a value must come here, got '}'"), ("name:", "a value must come here, got ''"),
    ("layer: 3", "braces must come here, got '3'"), ("name { }", "braces stand where one value must"),
    ("\n\ninput_dim: many", "line 3: a number of type int must come here, got 'many'"),
    ("input_dim: 1.5", "a number of type int"), ("input_dim: 99999999999999999999", "a number of type int"),
    ("input_dim: " + "9" * 5000, "a number of type int must come here, got '99"),
    ("layer { lrn_param { alpha: nan } }", "a number of type float"), ("layer { lrn_param { alpha: 1e400 } }", "type float"),
    ("layer { convolution_param { bias_term: maybe } }", "true or false must come here, got 'maybe'"),
    ("name: \"a\" name: \"b\"", "name can be given once"), ("name: [\"a\", \"b\"]", "name can be given once"),
    ("input_dim: [1 2]", "a list needs commas"), ("input_dim: [1,", "a value must come here"),
    ("} name: \"a\"", "the name of a field must come here, got '}'"), ("$", "a character"),
    ("layer > name", "braces must come here, got '>'"), ("a {" * 40, "more than 32 levels of braces"),
    ("a: {" * 40, "more than 32 levels of braces"),
])
def test_errors_name_the_line(text, words):
    with pytest.raises(ValueError, match=words) as error:
        parsed(text)
    assert str(error.value).startswith("line ") and "\n" not in str(error.value) and len(str(error.value)) < 200


def test_files(tmp_path):
    path = tmp_path / "a.prototxt"
    path.write_bytes(b"\xef\xbb\xbfname: 'x'\r\nlayer { type: \"ReLU\" }\r\n")       # a mark at the start, line ends of Windows
    stored = read(path)
    assert (stored.arrays, stored.layout, stored.layers) == ({}, "caffe", {"name": "x", "layer": [{"type": "ReLU"}], "file": str(path)})
    for data, words in ((b"net: 'train_val.prototxt' base_lr: 0.01", "not that of a solver"), (b"\xff\xfe", "is no text"),
                        (b"layer {", f"{path}, line 1: "), (b" " * 10_000_001, "more than 10,000,000 bytes")):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=words):
            read(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "none.prototxt")


@pytest.mark.reference
def test_a_text_and_a_file_say_the_same(reference):
    """LeNet's layers in the prototxt and in its .caffemodel, but for what training needs."""
    from npnet.weights.readers import caffe
    text = read(reference / "caffe_lenet" / "lenet.prototxt").layers["layer"]
    binary = caffe.read(reference / "caffe_lenet" / "lenet_iter_10000.caffemodel").layers["layer"]
    for one, other in zip(text[1:-1], binary[1:-1]):
        assert one == {name: value for name, value in other.items() if name != "blobs"}
