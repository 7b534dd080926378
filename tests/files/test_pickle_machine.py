"""files.pickle_machine: pickles carried out instruction by instruction, with nothing but what a table allows."""
import io
import pickle
import struct

import pytest

from npnet.files.pickle_machine import Ordered, carried_out
from npnet.files.unpickle import Refused, StandIn

PLAIN = {"a": (1, 2.5, None, True, False, -2**70), 2: [b"bytes", "한", ()], "deep": {"e": [[[]]], None: 1, True: 2, b"k": bytearray(b"x")}}


def read(content, allowed=None, outside=None):
    return carried_out(io.BytesIO(content), allowed or {}, outside)


def refused(content, message, allowed=None):
    with pytest.raises(Refused, match=message):
        read(content, allowed)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_plain_data_of_every_protocol(protocol):
    plain = PLAIN if protocol >= 5 else {**PLAIN, 2: ["한", ()], "deep": {"e": [[[]]], None: 1, True: 2}}     # bytes are calls before
    assert read(pickle.dumps(plain, protocol)) == plain


def test_tuples_in_several_places_are_one():
    betas = (0.9, 0.999)
    found = read(pickle.dumps([{"betas": betas}, {"betas": betas}], 2))
    assert found[0]["betas"] is found[1]["betas"] and found[0]["betas"] == betas


def test_several_pickles_in_one_file():
    file = io.BytesIO(pickle.dumps(1) + pickle.dumps([2]) + b"rest")
    assert [carried_out(file, {}, None), carried_out(file, {}, None), file.read()] == [1, [2], b"rest"]


def test_sets_are_lists_and_texts_of_python_2_are_texts():
    assert sorted(read(pickle.dumps({3, 1}, 4))) == [1, 3]
    assert read(b"U\x03abcU\x01\xff\x86.") == ("abc", b"\xff")


def test_names_of_the_table_are_called_and_no_others():
    allowed = {("some", "thing"): StandIn(lambda *given: list(given)), ("some", "number"): 7}
    assert read(b"csome\nthing\n(K\x01K\x02tR.", allowed) == [1, 2] and read(b"csome\nnumber\n.", allowed) == 7
    refused(b"csome\nother\n.", "asks for some.other", allowed)
    refused(b"\x8c\x02os\x8c\x06system\x93.", "asks for os.system")
    refused(b"\x8c\x02o\x1b\x8c\x06system\x93.", r"asks for o\?\.system")
    with pytest.raises(TypeError, match="no function"):
        read(b"csome\nnumber\n)R.", allowed)


@pytest.mark.parametrize("content", [b"(K\x01ios\nsystem\n.", b"(cos\nsystem\no.", b")\x81.", b"\x82\x01.", b"K\x012.", b"K\x010."])
def test_other_instructions_are_refused(content):
    with pytest.raises((Refused, IndexError)):
        read(content)


def test_what_is_outside_is_the_callers():
    assert read(pickle.dumps(("storage", 1), 2)[:-1] + b"Q.", outside=lambda identity: identity[::-1]) == (1, "storage")


def test_attributes_of_an_ordered_dict_are_let_go():
    allowed = {("collections", "OrderedDict"): StandIn(Ordered)}
    assert read(b"ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x01sb.", allowed) == {}
    refused(b"}}b.", "gives a state to a dict")


def test_keys_are_texts_and_numbers():
    for key in (b"K\x01\x85", b"]", b"}", pickle.dumps(2**61, 2)[2:-1], b"G" + bytes(8)):
        refused(b"}" + key + b"Ns.", "as the key of a dict")


def test_what_would_take_memory_or_time(monkeypatch):
    refused(b"Nr\xff\xff\xff\xff.", "remembers something as number 4,294,967,295")
    with pytest.raises(ValueError, match="is cut off, or has invalid instructions"):
        read(b"\x8e" + struct.pack("<Q", 2**50) + b"x")
    assert read(b"]" * 200_000 + b"a" * 199_999 + b".")[0] != []            # deep, and nothing calls itself
    monkeypatch.setattr("npnet.files.pickle_machine.MOST_INSTRUCTIONS", 10)
    refused(b"N" * 11 + b".", "a pickle of more than 10 instructions")
