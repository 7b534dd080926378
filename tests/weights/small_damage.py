"""Ways to damage a file: bytes anywhere, and those that keep a format's outer form so that its inside is reached.

    content, way = damaged(content, "zip", rng)
"""
import io
import json
import pickle
import re
import struct
import warnings
import zipfile
import zlib

import numpy as np
from wire import varint

ODD = (0, 1, 2, 3, 127, 128, 255, 256, 65535, 10**6, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1, 2**63,
       2**64 - 1, -1)
NUMBERS = ("0", "-1", "1", "3", "100000", "2147483647", "4294967296", "99999999999999999999", "1e308", "1e999", "nan", "inf",
           "0x10", "-0", "1.5", "9" * 5000)
PATHS = ("../../outside", "/tmp/outside", "C:\\outside", "a/../../outside", "\\\\host\\outside", "", ".", "a\0b", "\x1b[2J", "a\n",
         "x" * 50_000, "고양이", "~/outside")
ATTACK = b"cposix\nsystem\n(X\x0c\x00\x00\x00touch RANNOWtR"          # calls os.system("touch RANNOW")
CODE = [ATTACK, b"(X\x0c\x00\x00\x00touch RANNOWiposix\nsystem\n", b"cbuiltins\neval\n(X\x01\x00\x00\x001tR",
        b"c__main__\nobject\n)\x81", b"cnumpy\nload\n(X\x01\x00\x00\x00atR", b"\x82\x01", b"ctorch.hub\nload\n)R",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tX\x01\x00\x00\x00btR(K\x01(J\xff\xff\xff\x7ftcnumpy\n"
        b"dtype\n(X\x02\x00\x00\x00O8K\x00K\x01tR(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C\x08"
        b"AAAAAAAAtb"]
BOMB = zlib.compress(bytes(40_000_000), 9)                              # 40 MB of zeros in 39 kB

# ---------------------------------------------------------------------------- bytes


def place(content, rng):
    return int(rng.integers(0, len(content) + 1))


def cut_off(content, rng):
    return content[:place(content, rng)]


def bits_flipped(content, rng):
    changed = bytearray(content)
    for _ in range(rng.integers(1, 9)):
        if changed:
            changed[rng.integers(len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def head_flipped(content, rng):
    """Bits of the first part alone, where headers are."""
    share = max(64, len(content) // 8)
    return bits_flipped(content[:share], rng) + content[share:]


def tail_flipped(content, rng):
    """Bits of the last part alone, where a zip's directory is."""
    share = max(64, len(content) // 8)
    return content[:-share] + bits_flipped(content[-share:], rng)


def number_changed(content, rng):
    """A whole number of 1 to 8 bytes somewhere is an odd one."""
    size, order = int(rng.choice([1, 2, 4, 8])), rng.choice(["little", "big"])
    start = place(content[:-size], rng)
    number = ODD[rng.integers(len(ODD))] % 256**size
    return content[:start] + number.to_bytes(size, str(order)) + content[start + size:]


def overwritten(content, rng):
    start, length = place(content, rng), int(rng.integers(1, 300))
    filling = rng.bytes(length) if rng.random() < 0.3 else bytes([rng.choice([0, 255, 0x28, 0x5d])]) * length
    return content[:start] + filling[:len(content) - start] + content[start + length:]


def stretch_moved(content, rng):
    """A stretch is missing, there twice, or somewhere else."""
    start, length = place(content, rng), int(rng.integers(1, 200))
    stretch, rest = content[start:start + length], content[:start] + content[start + length:]
    other = place(rest, rng)
    return [rest, content[:start] + stretch + content[start:], rest[:other] + stretch + rest[other:]][rng.integers(3)]


def lengthened(content, rng):
    return content + rng.bytes(int(rng.integers(1, 300)))


OTHERS = [b"", b"PK\3\4", b"PK\5\6" + bytes(18), b"\x80\x02}q\x00.", b"\x89HDF\r\n\x1a\n", b"<!DOCTYPE html><html></html>",
          bytes(1000), b"\xff" * 1000, b"\x08\x08", b"[" * 100_000, b"{" * 100_000, b"layer {" * 20_000, "가,나\n".encode(),
          pickle.dumps({"a": 1}), struct.pack("<Q", 2**63) + b"{}", b"\x1f\x8b\x08"]


def another_file(content, rng):
    return OTHERS[rng.integers(len(OTHERS))]


ANYHOW = [cut_off, bits_flipped, bits_flipped, head_flipped, tail_flipped, number_changed, number_changed, overwritten, stretch_moved,
          lengthened]

# ---------------------------------------------------------------------------- zip archives, with what is in them


def members_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()], archive.infolist()[0].compress_type


def archive_of(members, compression):
    """A zip of these members, also with names that zipfile would change."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")                         # two of one name
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name[:60_000]
            archive.writestr(info, content, compression)
    return file.getvalue()


def member_damaged(content, rng):
    """The bytes of one member are damaged, its checksum is right."""
    members, compression = members_of(content)
    which = int(rng.integers(len(members)))
    name, inside = members[which]
    members[which] = name, inner(name)(inside, rng)
    return archive_of(members, compression)


def inner(name):
    """What is done to the content of a member of this name."""
    if name.endswith(".pkl"):
        return pickle_damaged
    if name.endswith(".npy"):
        return lambda content, rng: (array_header if rng.random() < 0.6 else anyhow)(content, rng)
    return anyhow


def anyhow(content, rng):
    return ANYHOW[rng.integers(len(ANYHOW))](content, rng)


def array_header(content, rng):
    """An .npy whose header says something else; JSON in texts of npnet's own is edited."""
    if content[10:60].find(b"'<U") >= 0 and rng.random() < 0.7:
        array = np.load(io.BytesIO(content))
        file = io.BytesIO()
        np.save(file, np.array(json_edited(str(array), rng)))
        return file.getvalue()
    shape = [(10**9,), (10**5, 10**5), (2**62,), (2**31,) * 3, (0, 10**12), (-1,), (1,) * 40, "(", {}, 3, (1.5,), (True,)][rng.integers(12)]
    kind = ["<f4", "|u1", "<U1000000", "<f8", "|O", "<M8[s]", "|V8", [("a", "<f4")], "object", "float", "<f4" * 2000, 3][rng.integers(12)]
    header = {"descr": kind, "fortran_order": bool(rng.random() < 0.5), "shape": shape}
    if rng.random() < 0.3:
        header = [{**header, "more": 1}, {}, [], 0, "(" * 5000, "[" * 90_000][rng.integers(6)]
    text = (header if isinstance(header, str) else repr(header)).encode().ljust(117) + b"\n"
    size = struct.pack("<H", len(text) % 65536)
    start = content.index(b"\n") + 1 if b"\n" in content else 128
    return b"\x93NUMPY\x01\x00" + size + text + content[start:]


def members_changed(content, rng):
    """Members are missing, twice there, of other names, or there are very many more."""
    members, compression = members_of(content)
    which = int(rng.integers(len(members)))
    name, inside = members[which]
    match rng.integers(7):
        case 0:
            del members[which]
        case 1:
            members.append((name, inside))
        case 2:
            members[which] = PATHS[rng.integers(len(PATHS))], inside
        case 3:
            other = PATHS[rng.integers(len(PATHS))]
            members[which] = f"{other}/{name.rpartition('/')[2]}", inside
        case 4:
            members += [(f"{name}{number}", b"") for number in range(3000)]
        case 5:
            members[which] = name, members[rng.integers(len(members))][1]
        case _:
            compression = zipfile.ZIP_DEFLATED if compression == zipfile.ZIP_STORED else zipfile.ZIP_STORED
    return archive_of(members, compression)


def zip_bomb(content, rng):
    """A member is 40 MB of zeros in 39 kB: in place of one, with all the sizes right, or hidden behind false ones."""
    members, _ = members_of(content)
    name = members[rng.integers(len(members))][0]
    small = archive_of([(other, inside) for other, inside in members if other != name] + [(name, b"\0" * 37)], zipfile.ZIP_DEFLATED)
    data = BOMB[2:-4]                                           # without zlib's header and checksum
    claimed = [40_000_000, 1000, 4, 2**32 - 2][rng.integers(4)]
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        info = archive.infolist()[-1]
        start = info.header_offset + 30 + len(info.orig_filename.encode())
        directory = archive.start_dir
    head = bytearray(small[:start])
    entry = bytearray(small[directory:])
    at = entry.rindex(b"PK\1\2")
    facts = struct.pack("<III", zlib.crc32(bytes(40_000_000)), len(data), claimed)
    head[info.header_offset + 14:info.header_offset + 26] = facts
    entry[at + 16:at + 28] = facts
    end = entry.rindex(b"PK\5\6")
    entry[end + 16:end + 20] = struct.pack("<I", start + len(data))
    return bytes(head) + data + bytes(entry)


def overlapping(content, rng):
    """Entries of the directory that begin at one place."""
    changed, starts = bytearray(content), []
    at = content.find(b"PK\1\2")
    while at >= 0:
        starts.append(at)
        at = content.find(b"PK\1\2", at + 4)
    for start in starts[1:] if rng.random() < 0.5 else rng.choice(starts, 2):
        other = starts[rng.integers(len(starts))]
        changed[start + 42:start + 46] = changed[other + 42:other + 46]
        if rng.random() < 0.5:
            changed[start + 16:start + 28] = changed[other + 16:other + 28]
    return bytes(changed)


# ---------------------------------------------------------------------------- pickles

def pickle_damaged(content, rng):
    """Code, deep or endless things put between two instructions; numbers that are others; or bytes anywhere."""
    choice = rng.random()
    if choice < 0.35:
        return anyhow(content, rng)
    start = place(content, rng)
    keys = [m.start() for m in re.finditer(rb"[KJMX(}\]t]", content)]
    if keys and choice < 0.9:
        start = keys[rng.integers(len(keys))]
    if choice < 0.55:
        return content[:start] + CODE[rng.integers(len(CODE))] + content[start:]
    if choice < 0.75:
        number = ODD[rng.integers(len(ODD))]
        return content[:start] + pickle.dumps(number, 2)[2:-1] + content[start:] if rng.random() < 0.3 else \
            re.sub(rb"J(....)", lambda found: pickle.dumps(number, 2)[2:-1] if rng.random() < 0.1 else found[0], content, flags=re.DOTALL)
    deep = [b"]" * 50_000 + b"a" * 49_999, b"K\x01" + b"\x85" * 50_000, b"}" * 50_000, b"(" * 50_000, b"K\x012" + b"\x86" * 40,
            b"K\x01" + b"".join(b"q%ch%c\x86" % (n, n) for n in range(60)), b"\x8f", b"\x8b\xff\xff\xff\x7f" + b"1" * 100,
            b"\x8e" + struct.pack("<Q", 2**45), b"\x96" + struct.pack("<Q", 2**40), b"Nr\xff\xff\xff\x7f", b"I" + b"9" * 4000 + b"\n",
            b"\x8d" + struct.pack("<Q", 2**62), b"}q\x01" + b"(h\x01h\x01" * 2000 + b"u", b"h\x01" * 20_000]
    return content[:start] + deep[rng.integers(len(deep))] + content[start:]


# ---------------------------------------------------------------------------- protobuf

def parsed(data, level=0):
    """[[number, wire type, value], ...] where messages in it are such lists, or None where it is no message."""
    fields, at = [], 0
    try:
        while at < len(data):
            key, at = read_varint(data, at)
            number, wire = key >> 3, key & 7
            if wire == 0:
                value, at = read_varint(data, at)
            else:
                size, at = {1: (8, at), 5: (4, at)}.get(wire) or read_varint(data, at)
                if wire not in (1, 2, 5) or at + size > len(data) or not number:
                    return None
                value, at = data[at:at + size], at + size
                if wire == 2 and level < 5 and 1 < size < 10**6:
                    value = parsed(value, level + 1) or value
            fields.append([number, wire, value])
    except IndexError:
        return None
    return fields


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128 or shift > 63:
            return number, at


def encoded(fields):
    out = []
    for number, wire, value in fields:
        value = encoded(value) if isinstance(value, list) else varint(value) if isinstance(value, int) else value
        out.append(varint(number << 3 | wire) + (varint(len(value)) if wire == 2 else b"") + value)
    return b"".join(out)


def all_fields(fields):
    """(list, place in it) of every field."""
    for at, (_, _, value) in enumerate(fields):
        yield fields, at
        if isinstance(value, list):
            yield from all_fields(value)


def fields_changed(content, rng):
    """One field is another, with all the lengths around it right."""
    fields = parsed(content) or []
    places = list(all_fields(fields))
    if not places:
        return anyhow(content, rng)
    holder, at = places[rng.integers(len(places))]
    number, wire, value = holder[at]
    match rng.integers(9):
        case 0:
            del holder[at]
        case 1:
            holder[at:at] = [holder[at]] * int(rng.choice([1, 2, 50, 3000]))
        case 2 if wire == 0:
            holder[at][2] = ODD[rng.integers(len(ODD))]
        case 2 if not isinstance(value, list):
            holder[at][2] = anyhow(value, rng)[:len(value) if wire != 2 else None].ljust(len(value) if wire != 2 else 0, b"\0")
        case 3:
            holder[at][0] = int(rng.choice([1, 2, 3, 5, 7, 8, 12, 100, 117, 2**29 - 1]))
        case 4:
            holder[at] = [number, 2, [[number, 2, b""]]]
        case 5:
            inside = b""
            for _ in range(3000):
                inside = varint(number << 3 | 2) + varint(len(inside)) + inside
            holder[at] = [number, 2, inside]
        case 6:
            other, there = places[rng.integers(len(places))]
            holder[at] = list(other[there])
            if contains(holder[at], holder):
                holder[at] = [number, 0, 1]
        case 7:
            holder[at] = [number, int(rng.choice([0, 1, 2, 5])), b"\x80" * int(rng.choice([1, 4, 8, 11, 30]))]
        case _:
            holder.insert(at, [number, 0, ODD[rng.integers(len(ODD))]])
    return encoded(fields)


def contains(field, holder):
    """Whether a field is around a list of fields: it must not be put into it."""
    return isinstance(field[2], list) and (field[2] is holder or any(contains(each, holder) for each in field[2]))


# ---------------------------------------------------------------------------- texts and JSON

def text_edited(content, rng):
    """A token of a text is another, a line is missing or there twice, brackets are deep."""
    tokens = re.findall(r'"[^"]*"|[\w.+-]+|\s+|.', content.decode("utf-8", "replace"))
    at = int(rng.integers(len(tokens)))
    words = [token for token in tokens if token.strip()]
    match rng.integers(8):
        case 0:
            del tokens[at]
        case 1:
            tokens[at] = words[rng.integers(len(words))]
        case 2:
            numbers = [k for k, token in enumerate(tokens) if re.fullmatch(r"[\d.e+-]+", token)] or [at]
            tokens[numbers[rng.integers(len(numbers))]] = NUMBERS[rng.integers(len(NUMBERS))]
        case 3:
            tokens.insert(at, ["{", "}", '"', "'", "#", ":", "<", "[", "\\", "\0", "\x1b[2J", "고", "\ufeff", ";"][rng.integers(14)])
        case 4:
            tokens.insert(at, [" layer { " * 3000, "a: " * 20_000, '"' + "x" * 200_000, "{" * 50_000, "a { " * 20_000 + "}" * 20_000][rng.integers(5)])
        case 5:
            start = int(rng.integers(len(tokens)))
            tokens[at:at] = tokens[start:start + int(rng.integers(1, 60))] * int(rng.choice([1, 3, 200]))
        case 6:
            texts = [k for k, token in enumerate(tokens) if token[:1] in "\"'"] or [at]
            tokens[texts[rng.integers(len(texts))]] = f'"{PATHS[rng.integers(len(PATHS))]}"'
        case _:
            del tokens[at:at + int(rng.integers(1, 40))]
    return "".join(tokens).encode("utf-8", "replace")


JSON = (None, True, -1, 0, 1.5, 1e308, float("nan"), 10**6, 10**9, 2**53, 10**30, "", "a", "고", "9" * 50, [], {}, [[]], [None], {"a": 1},
        "../../a", "\0", "F32", "Conv2D", [2**31, 2**31], [0, 10**18], [-1])


def json_edited(text, rng):
    """JSON with one value replaced, removed, doubled or renamed, or brackets without an end."""
    if rng.random() < 0.05:
        return ["[" * 100_000, "{\"a\":" * 50_000, "9" * 6000, text * 2, text[:-1], "\x1b" + text][rng.integers(6)]
    try:
        data = json.loads(text)
    except ValueError:
        return text
    places = list(nodes(data))
    holder, key = places[rng.integers(len(places))] if places else ([data], 0)
    match rng.integers(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[PATHS[rng.integers(len(PATHS) - 3)] or "more"] = holder.pop(key)
        case 1:
            holder += [holder[key]] * int(rng.choice([1, 40]))
        case 2 if type(holder[key]) in (int, float):
            holder[key] = holder[key] * [-1, 10, 1e6, 1000003][rng.integers(4)]
        case _:
            holder[key] = JSON[rng.integers(len(JSON))]
    return json.dumps(data)


def nodes(data):
    if isinstance(data, (dict, list)):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from nodes(data[key])


def header_edited(content, rng):
    """safetensors: the JSON in front is edited, its length is right (or nearly)."""
    size, = struct.unpack("<Q", content[:8])
    text = json_edited(content[8:8 + size].decode(), rng).encode("utf-8", "surrogatepass")
    claimed = len(text) if rng.random() < 0.9 else ODD[rng.integers(len(ODD))] % 2**64
    return struct.pack("<Q", claimed) + text + content[8 + size:]


# ---------------------------------------------------------------------------- HDF5

def hdf5_made(content, rng):
    """An HDF5 file of the library's own making that no Caffe would write."""
    import h5py
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        group = made.create_group("data/conv1")
        match rng.integers(12):
            case 0:                                             # promises numbers that are not there
                group.create_dataset("0", shape=(10**5, 10**5), dtype="f4", chunks=(10, 10))
            case 1:
                group.create_dataset("0", data=np.zeros(10**7, "f4"), compression="gzip", compression_opts=9)
            case 2:
                group["0"] = h5py.ExternalLink("/etc/hostname", "/")
            case 3:
                group["0"] = h5py.SoftLink("/data")
            case 4:
                group["0"] = made["data"]                       # a folder that is in itself
            case 5:
                group.create_dataset("0", shape=(10,), dtype="u1", external=[("/etc/hostname", 0, 10)])
            case 6:
                layout = h5py.VirtualLayout((10,), "f4")
                layout[:] = h5py.VirtualSource("/etc/hostname", "x", (10,))
                group.create_virtual_dataset("0", layout)
            case 7:
                group.create_dataset("0", data=["a", "b"])
            case 8:
                group.create_dataset("0", data=np.zeros(3, [("a", "f4"), ("b", "i8")]))
            case 9:
                for _ in range(400):
                    group = group.create_group("0")
            case 10:
                group.create_dataset("0", data=h5py.Empty("f4"))
            case _:
                for name in ("\x1b[2J", "x" * 1000, "9" * 30, "-1"):
                    group.create_dataset(name, data=np.zeros(3, "f4"))
    return file.getvalue()


# ---------------------------------------------------------------------------- which for which

WAYS = {"bytes": [], "protobuf": [fields_changed] * 12, "pickle": [pickle_damaged] * 8, "text": [text_edited] * 14,
        "zip": [member_damaged] * 10 + [members_changed] * 4 + [zip_bomb, overlapping], "header": [header_edited] * 12,
        "hdf5": [hdf5_made] + [head_flipped, number_changed, bits_flipped] * 2}


def damaged(content, damage, rng):
    """(the damaged content, the name of what was done)."""
    ways = ANYHOW + WAYS[damage]
    way = another_file if rng.random() < 0.02 else ways[rng.integers(len(ways))]
    changed = way(content, rng)
    if rng.random() < 0.1 and way is not zip_bomb:
        changed = anyhow(changed, rng)
    return changed, way.__name__
