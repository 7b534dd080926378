"""The reader of MATLAB's files."""
import struct

import numpy as np
from made import DEVKIT, META, refused, write

from npnet.data.readers.matlab import read_table


def test_meta_mat(tmp_path):
    table = read_table(write(tmp_path, {"meta.mat": META}) / "meta.mat")
    assert [(row["ILSVRC2012_ID"], row["WNID"], row["words"]) for row in table[:6]] == DEVKIT
    assert table[6] == {"ILSVRC2012_ID": 7, "WNID": "n02083346", "words": "canine, canid", "gloss": "a gloss", "num_children": 3,
                        "children": [1, 2, 3], "wordnet_height": 0, "num_train_images": 1300}
    assert table[0]["children"] == []


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(kind, shape, *parts):
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, b"")
    return element(14, head + b"".join(parts))


def test_a_table_written_by_hand(tmp_path):
    """Uncompressed, a small element, 16-bit characters: as MATLAB writes it."""
    fields = element(5, struct.pack("<i", 8)) + element(1, b"WNID\0\0\0\0number\0\0")
    cells = matrix(4, (1, 2), element(4, "né".encode("utf-16-le"))) + matrix(6, (1, 1), struct.pack("<HHBxxx", 2, 1, 200))
    content = b"MATLAB 5.0".ljust(124) + b"\0\1IM" + matrix(2, (1, 1), fields, cells)
    assert read_table(write(tmp_path, {"a.mat": content}) / "a.mat") == [{"WNID": "né", "number": 200}]


def test_damaged_tables(tmp_path, random):
    path = tmp_path / "meta.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    assert "is not a MATLAB file of version 5" in refused(ValueError, read_table, path)
    path.write_bytes(META[:300])
    assert "is damaged or was cut off" in refused(ValueError, read_table, path)
    path.write_bytes(META[:128] + matrix(6, (1, 1), element(9, struct.pack("<d", 1))))
    assert "holds no table" in refused(ValueError, read_table, path)
    for _ in range(200):
        broken = np.frombuffer(META, np.uint8).copy()
        broken[random.integers(128, len(META), 3)] = random.integers(0, 256, 3)
        path.write_bytes(broken.tobytes())
        assert "meta.mat" in refused(ValueError, read_table, path)      # zlib's checksum finds every change
