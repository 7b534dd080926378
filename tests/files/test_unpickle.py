"""files.unpickled: CIFAR's pickles are read, and nothing that a pickle asks for is ever run."""
import io
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

import npnet.files
from npnet.files.unpickle import unpickled


def batch(pictures=20):
    """What a python batch of CIFAR-10 holds."""
    random = np.random.default_rng(0)
    return {b"batch_label": b"training batch 1 of 5", b"labels": random.integers(0, 10, pictures).tolist(),
            b"data": random.integers(0, 256, (pictures, 3072), dtype=np.uint8),
            b"filenames": [b"leptodactylus_s_%06d.png" % i for i in range(pictures)]}


def text(letters):
    """A short string as Python 2 writes it: the letter U, the length, the bytes."""
    return b"U" + bytes([len(letters)]) + letters


def number(value):
    return b"K" + bytes([value])


def by_python_2(dtype=b"u1", order=b"|", shape=(2, 3), content=bytes(range(6)), state=b"NNN"):
    """{"data": array, "labels": [3, 1]} as Python 2 and NumPy 1 wrote it, protocol 2, instruction by instruction."""
    shapes = b"(" + b"".join(b"J" + struct.pack("<i", side) for side in shape) + b"t"
    array = (b"cnumpy.core.multiarray\n_reconstruct\n" + b"(cnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"tR"
             + b"(" + number(1) + shapes
             + b"cnumpy\ndtype\n(" + text(dtype) + number(0) + number(1) + b"tR"
             + b"(" + number(3) + text(order) + state + b"J\xff\xff\xff\xffJ\xff\xff\xff\xff" + number(0) + b"tb"
             + b"\x89" + b"T" + struct.pack("<i", len(content)) + content + b"tb")
    return b"\x80\x02}q\x01(" + text(b"data") + array + text(b"labels") + b"](" + number(3) + number(1) + b"eu."


class Calls:
    """An object whose pickle is a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(content, message):
    with pytest.raises(ValueError, match=message) as caught:
        unpickled(content, "data_batch_1")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("data_batch_1 ")


# ---------------------------------------------------------------------------- what is read

def test_python_2_by_hand():
    read = unpickled(by_python_2())
    assert list(read) == [b"data", b"labels"] and read[b"labels"] == [3, 1]
    assert type(read[b"data"]) is np.ndarray and read[b"data"].dtype == np.uint8
    assert read[b"data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    big = unpickled(by_python_2(b"i2", b">", (2,), bytes([1, 2, 0, 7])))
    assert big[b"data"].tolist() == [258, 7]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_batch_written_by_python_3(protocol):
    wanted, read = batch(), unpickled(pickle.dumps(batch(), protocol))
    assert np.array_equal(read[b"data"], wanted[b"data"]) and read[b"data"].dtype == np.uint8
    assert read[b"data"].flags.writeable and read[b"data"].flags.owndata
    for key in (b"batch_label", b"labels", b"filenames"):
        assert read[key] == wanted[key]


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "<i4", ">i4", "i8", "f2", "<f4", ">f8"])
def test_numbers_of_every_kind(protocol, dtype):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    for wanted in (array, np.asfortranarray(array), array[:0], array[1, 1], array[1]):
        read = unpickled(pickle.dumps(wanted, protocol))
        assert np.array_equal(read, wanted) and np.asarray(read).dtype == wanted.dtype and read.shape == wanted.shape


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_data_keep_their_shape(protocol):
    array = np.arange(3)
    shared = [array, 1.5]
    value = {"a": (shared, shared, None, True), 2: [b"", "x", -2**70, array, ()], b"k": {"deep": [(array,)]}}
    read = unpickled(pickle.dumps(value, protocol))
    assert read["a"][0] is read["a"][1] and read["a"][0][1] == 1.5 and read["a"][2:] == (None, True)
    assert read[2][:3] == [b"", "x", -2**70] and read[2][3] is read["a"][0][0] and read[2][4] == ()
    assert read[b"k"]["deep"][0][0].tolist() == [0, 1, 2]


def test_a_list_that_holds_itself():
    value = []
    value.append(value)
    read = unpickled(pickle.dumps(value))
    assert read[0] is read and len(read) == 1


def test_a_list_in_very_many_places_is_looked_at_once():
    value = []
    for _ in range(200):                                        # 2**200 ways lead to the innermost
        value = [value, value]
    read = unpickled(pickle.dumps(value))
    assert read[0] is read[1]


def test_a_file_and_bytes_are_the_same(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch(), 2))
    with open(tmp_path / "data_batch_1", "rb") as file:
        assert np.array_equal(unpickled(file)[b"data"], batch()[b"data"])


# ---------------------------------------------------------------------------- what is refused

@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_command_is_named_and_not_run(tmp_path, protocol):
    content = pickle.dumps({b"data": Calls(os.system, f"touch {tmp_path / 'run'}")}, protocol)
    refused(content, rf"asks for {os.system.__module__}\.system; npnet reads only plain data .* can run any program")
    assert os.listdir(tmp_path) == []
    pickle.loads(content)                                       # it is a weapon: Python's own runs it
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("content, name", [
    (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
    (b"(S'true'\nios\nsystem\n.", "os.system"),                 # INST
    (b"(cos\nsystem\nS'true'\no.", "os.system"),                # OBJ
    (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"),
    (b"\x80\x04\x8c\x05numpy\x8c\x10__class__.__init\x93.", "numpy.__class__.__init"),
    (b"cnumpy\nload\n.", "numpy.load"),
    (b"cnumpy.core.multiarray\nfromstring\n.", "numpy.core.multiarray.fromstring"),
    (b"ccopyreg\n_reconstructor\n.", "copyreg._reconstructor"),
    (b"cnpnet.files.unpickle\n_StandIn\n.", "npnet.files.unpickle._StandIn")])
def test_names_that_are_not_in_the_table(content, name):
    refused(content, f"asks for {name};")


def test_objects_of_python_and_of_others_are_named():
    refused(pickle.dumps({b"data": Calls(np.random.default_rng, 0)}), "asks for numpy.random")
    refused(pickle.dumps(np.ma.masked_array([1])), "asks for numpy.ma")
    refused(pickle.dumps({b"labels": {1, 2}}, 4), "holds a set where plain data must be")
    refused(pickle.dumps(np.dtype("u1"), 4), "holds a dtype where plain data must be")
    refused(b"cnumpy\nndarray\n.", "holds a standin where plain data must be")


@pytest.mark.parametrize("protocol", [2, 4])
def test_arrays_of_objects_texts_and_records_are_refused(protocol):
    refused(pickle.dumps(np.array([None, 1], object), protocol), "holds an array of (type 'O8'|objects)")
    refused(pickle.dumps(np.array(["ab"]), protocol), "holds an array of type 'U2'")
    refused(pickle.dumps(np.zeros(2, [("a", "u1")]), protocol), "holds an array of (records|type 'V1')")
    refused(pickle.dumps(np.zeros(2, "M8[s]"), protocol), "holds an array of type 'M8'")
    refused(pickle.dumps(np.str_("a"), protocol), "holds an array of type 'U1'")


def test_bytes_must_not_pass_for_addresses():
    """A dtype that says 8 plain bytes but holds an object was NumPy's way to read any place in memory."""
    refused(by_python_2(b"O8", b"|", (1,), bytes(8)), "holds an array of type 'O8'")
    refused(by_python_2(b"V8", b"|", (1,), bytes(8)), "holds an array of type 'V8'")
    fields = b"N(" + text(b"f") + b"t" + b"}" + text(b"f") + text(b"O") + b"s"
    refused(by_python_2(b"u1", b"|", (1,), b"\0", fields), "holds an array of records")


@pytest.mark.parametrize("shape", [(2, 4), (1,), (-1, -6), (2**31 - 1, 2**31 - 1)])
def test_a_shape_that_is_not_that_of_the_bytes(shape):
    refused(by_python_2(shape=shape), r"must not have 6 bytes\); fetch it again")


def test_functions_in_the_file_cannot_be_changed():
    for name in (b"numpy.core.multiarray\n_reconstruct", b"numpy\ndtype", b"_codecs\nencode"):
        refused(b"\x80\x02c" + name + b"\n}" + text(b"call") + number(1) + b"sb.", "changes a function")
        refused(b"\x80\x02c" + name + b"\n)\x81.", "is damaged")                    # NEWOBJ wants a class
    assert unpickled(by_python_2())[b"labels"] == [3, 1]


def test_memory_is_not_taken_on_the_word_of_the_file():
    refused(b"\x80\x02Nr" + struct.pack("<I", 2**31 - 1) + b".", "remembers something as number 2,147,483,647")
    refused(b"\x80\x04\x8e" + struct.pack("<Q", 2**45) + b"x.", "is not a pickle, is damaged or was cut off")
    refused(b"\x80\x05\x96" + struct.pack("<Q", 2**45) + b"x.", "is not a pickle, is damaged or was cut off")
    refused(b"cnumpy\nndarray\n(I1000000000000\ntR.", "makes an array without content")


def test_a_few_instructions_do_not_copy_a_million_bytes_again_and_again():
    letters = b"X" + struct.pack("<I", 100_000) + b"a" * 100_000 + b"q\x01"
    call = b"c_codecs\nencode\nh\x01" + text(b"latin1") + b"\x86R"
    assert unpickled(b"\x80\x02(" + letters + call * 4 + b"l.")[4] == b"a" * 100_000
    refused(b"\x80\x02(" + letters + call * 50 + b"l.", "makes far more of its bytes than it has")
    content = bytes(100_000)
    whole = by_python_2(shape=(100_000,), content=content)
    array = whole[whole.index(b"cnumpy.core"):whole.index(b"T" + struct.pack("<i", 100_000))] + b"h\x05tb"
    shared = b"T" + struct.pack("<i", 100_000) + content + b"q\x05"
    assert len(unpickled(b"\x80\x02(" + shared + array * 4 + b"l.")) == 5
    refused(b"\x80\x02(" + shared + array * 50 + b"l.", "makes far more of its bytes than it has")


def test_a_very_large_file_is_not_read(monkeypatch):
    monkeypatch.setattr("npnet.files.unpickle.MOST_BYTES", 100)
    assert unpickled(pickle.dumps(bytes(60), 4)) == bytes(60)
    refused(io.BytesIO(bytes(200)), "has more than 100 bytes")


def test_every_way_to_be_cut_off():
    content = by_python_2()
    for end in range(len(content)):
        refused(content[:end], "is not a pickle, is damaged or was cut off .*; fetch it again")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_damage_anywhere_is_one_sentence_or_other_numbers():
    content, random = pickle.dumps(batch(2), 2)[:400] + pickle.dumps(batch(2), 2)[-200:], np.random.default_rng(0)
    for original in (by_python_2(), content):
        for _ in range(400):
            damaged = bytearray(original)
            damaged[random.integers(len(damaged))] = random.integers(256)
            try:
                unpickled(bytes(damaged), "data_batch_1")
            except ValueError as error:
                assert str(error).startswith("data_batch_1 ")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"<!doctype html>", b"\x1f\x8b\x08", b"\x80\x04.", b"\x80\x09N."])
def test_other_files(content):
    refused(content, "is not a pickle, is damaged or was cut off")


def test_deep_nesting_is_one_sentence():
    refused(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "is not a pickle, is damaged or was cut off .*recursion")
    refused(b"\x80\x04(K\x01Q.", "refers to something outside the file")


# ---------------------------------------------------------------------------- what would take for ever, or end Python

def doubled(times, twice, inside=b""):
    """A tuple of a tuple of ...; `twice` is what puts the last one there a second time."""
    return b"K\x01" + inside + b"".join(twice(number) + b"\x86" for number in range(times))


BY_NUMBER = {"BINPUT": lambda n: b"q%ch%c" % (n, n), "MEMOIZE": lambda n: b"\x94h%c" % n, "PUT": lambda n: b"p%d\ng%d\n" % (n, n),
             "PUT after POP": lambda n: b"K\x02" b"0q%ch%c" % (n, n), "PUT twice": lambda n: b"q\xffq%ch%c" % (n, n),
             "PUT after APPENDS": lambda n: b"(eq%ch%c" % (n, n), "PUT after BUILD": lambda n: b"Nbq%ch%c" % (n, n),
             "DUP": lambda n: b"2"}
PROGRAM = """
import sys
from npnet.files.unpickle import unpickled
try:
    unpickled(sys.stdin.buffer.read(), "data_batch_1")
except ValueError as error:
    print(error, end="")
"""


def refused_in_time(content, message):
    """In a process of its own, which is ended after half a minute and may crash."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(npnet.files.__file__)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    answer = subprocess.run([sys.executable, "-c", PROGRAM], input=content, capture_output=True, timeout=30, env=environment)
    assert answer.returncode == 0 and message in answer.stdout.decode(), (answer.returncode, answer.stderr[-300:])


def test_a_key_with_very_many_ways_in():
    nested = doubled(60, BY_NUMBER["BINPUT"])
    refused_in_time(b"\x80\x04}" + nested + b"Ns.", "data_batch_1 has one tuple in several places; npnet reads only plain data")


def test_a_key_that_is_very_deep():
    refused_in_time(b"\x80\x04}K\x01" + b"\x85" * 1_000_000 + b"Ns.", "data_batch_1 holds more than 1,000 tuples;")


@pytest.mark.parametrize("way", BY_NUMBER)
def test_no_tuple_twice_whatever_the_way(way):
    nested = doubled(3, BY_NUMBER[way], b"\x85")
    refused(b"\x80\x04" + nested + b".", "has one tuple in several places")


def test_lists_and_texts_may_be_in_many_places():
    shared, text = [1], "twice"
    read = unpickled(pickle.dumps([shared, text, {"a": shared, "b": text}] * 2))
    assert read[0] is read[2]["a"] is read[3] == [1] and read[2]["b"] == "twice"


def test_as_many_tuples_as_may_be():
    assert unpickled(pickle.dumps([(1, 2)[:1 + i % 2] + (i,) for i in range(1000)]))[999] == (1, 2, 999)
    refused(pickle.dumps([(i,) for i in range(1001)]), "holds more than 1,000 tuples")
    names = [b"%d" % i for i in range(3000)]                    # Python 3 writes each for Python 2 as a call with a tuple
    assert unpickled(pickle.dumps(names, 2)) == names


@pytest.mark.parametrize("protocol, items", [(0, []), (2, []), (4, [1, 2]), (5, [])])
def test_sets_are_refused_before_they_are_made(protocol, items):
    refused(pickle.dumps(set(items), protocol), "holds a set where plain data must be|asks for __builtin__.set")
    refused(b"\x80\x04(K\x01\x91.", "holds a set where plain data must be")


def test_what_must_be_a_text_and_is_none():
    refused(b"cnumpy\ndtype\n]\x85R.", "has a list where a text must be")
