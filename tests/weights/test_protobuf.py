"""The reader of protobuf's wire format, on bytes that are written here by hand."""
import numpy as np
import pytest
from wire import double, field, packed, varint

from npnet.weights.readers.protobuf import LEVELS, read_message

SHAPE = {1: ("dim", ["int"])}
TABLE = {
    1: ("name", "text"), 2: ("count", "int"), 3: ("on", "bool"), 4: ("rate", "float"), 5: ("data", ["float"]),
    6: ("exact", ["double"]), 7: ("shape", SHAPE), 8: ("raw", "bytes"), 9: ("pool", ("MAX", "AVE")),
    10: ("half", "double"), 100: ("layer", [{1: ("name", "text")}]), 101: ("tops", ["text"]),
    102: ("kinds", [("NONE", "RELU")]),
}


def test_every_kind():
    data = (field(1, "conv1") + field(2, -3) + field(3, 1) + field(4, 0.5) + field(7, packed(1, [96, 3, 11, 11]))
            + field(8, b"\0\1\2") + field(9, 1) + double(10, 0.25) + field(100, field(1, "a")) + field(101, "x")
            + field(100, b"") + field(101, "y") + field(102, 1) + field(102, 7))
    found = read_message(data, TABLE)
    assert found.pop("shape")["dim"].tolist() == [96, 3, 11, 11] and bytes(found.pop("raw")) == b"\0\1\2"
    assert found == {"name": "conv1", "count": -3, "on": True, "rate": 0.5, "pool": "AVE", "half": 0.25,
                     "layer": [{"name": "a"}, {}], "tops": ["x", "y"], "kinds": ["RELU", 7]}


def test_repeated_numbers_packed_or_not_or_both():
    values = np.array([1.5, -2, 3e-8], np.float32)
    one_by_one = b"".join(field(5, float(value)) for value in values)
    for data, wanted in ((field(5, values.tobytes()), values), (one_by_one, values), (field(5, b""), values[:0]),
                         (field(5, values.tobytes()) + one_by_one + field(5, values.tobytes()), np.tile(values, 3))):
        found = read_message(data, TABLE)["data"]
        assert found.dtype == np.float32 and np.array_equal(found, wanted)
    exact = np.array([0.1, np.pi])
    assert np.array_equal(read_message(field(6, exact.tobytes()) + double(6, 7.0), TABLE)["exact"], [*exact, 7])
    dims = [0, 1, 127, 128, 300, 2 ** 31, -1, -2 ** 63, 2 ** 63 - 1]
    found = read_message(packed(1, dims) + field(1, 5) + packed(1, []), SHAPE)["dim"]
    assert found.dtype == np.int64 and found.tolist() == dims + [5]


def test_other_fields_are_skipped():
    unknown = field(11, 5) + field(12, "text") + field(13, 1.0) + double(14, 2.0) + field(2 ** 29 - 1, b"abc")
    assert read_message(unknown + field(1, "here") + unknown, TABLE) == {"name": "here"}
    assert read_message(field(1, "first") + field(1, "last"), TABLE) == {"name": "last"}
    assert read_message(b"", TABLE) == {}


@pytest.mark.parametrize("data, words", [
    (field(1, "conv1")[:-1], "field 1 says 5 bytes, but 4 are left"),
    (varint(5 << 3 | 2) + varint(2 ** 60) + b"abcd", "says 1,152,921,504,606,846,976 bytes, but 4 are left"),
    (varint(4 << 3 | 5) + b"abc", "field 4 says 4 bytes, but 3 are left"),
    (varint(2 << 3) + b"\x80\x80", "ends in the middle of a number"),
    (varint(2 << 3) + b"\xff" * 10, "more than 64 bits"),
    (field(7, field(1, b"\x80" * 10 + b"\1")), "more than 64 bits"),
    (field(7, field(1, b"\1\x80")), "ends in the middle of a number"),
    (field(5, b"abc"), "data does not hold numbers of type float"),
    (field(5, 7), "data does not hold numbers of type float"),
    (field(1, 7), "name is of another type"),
    (field(7, 7), "shape is of another type"),
    (field(2, "seven"), "count is of another type"),
    (b"\x0b" + b"\x0c", "no field of protobuf"),
    (b"\x00\x01", "no field of protobuf"),
    (b"\x89PNG\r\n", "are left"),
])
def test_damage_is_one_sentence(data, words):
    with pytest.raises(ValueError, match=words):
        read_message(data, TABLE)


def test_levels_and_entries_have_a_limit(monkeypatch):
    nested = {}
    nested[1] = ("inner", nested)
    data = b""
    for _ in range(LEVELS):
        data = field(1, data)
    assert read_message(data, nested)
    with pytest.raises(ValueError, match="levels of messages"):
        read_message(field(1, data), nested)
    monkeypatch.setattr("npnet.weights.readers.protobuf.MOST", 2000)
    many = {1: ("layer", [{1: ("top", ["text"])}])}
    assert len(read_message(field(1, field(1, "")) * 1000, many)["layer"]) == 1000
    with pytest.raises(ValueError, match="more than 2,000 entries in its lists"):
        read_message(field(1, field(1, "")) * 1000 + field(1, b""), many)


def test_every_cut_and_every_changed_byte_ends_in_a_value_error_or_a_message():
    data = field(1, "conv1") + field(5, bytes(8)) + field(100, field(1, "a")) + packed(1, [1, 300])
    ended = 0
    for place in range(len(data)):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 128]) + data[place + 1:]):
            try:
                assert isinstance(read_message(changed, TABLE), dict)
            except ValueError:
                ended += 1
    assert ended > len(data) / 2
