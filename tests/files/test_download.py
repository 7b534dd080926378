"""files.download and data.catalogue: what a server may do to a file, and what then lies on the disk."""
import errno
import gzip
import io
import json
import os
import pickle
import socket
import tarfile
import time

import numpy as np
import pytest
from loopback import (CONTENT, PAGE, archive, dripping, hangs_up, md5_of, moved, moved_to_a_file, moved_to_a_page,
                      silent, stalled, too_long, truncated, without_length)

import npnet.files.fetch
from npnet.data import catalogue
from npnet.data.catalogue import Entry, Part, fetch, folder
from npnet.data.readers.cifar import cifar
from npnet.data.readers.mnist import mnist
from npnet.files.download import digest, download, right
from npnet.files.fetch import damaged, unpack

MD5 = md5_of(CONTENT)


def names(path):
    return sorted(os.listdir(path))


def fails(message, addresses, path, **options):
    """The download fails with one sentence, and nothing is left."""
    before = names(path.parent)
    with pytest.raises(ConnectionError, match=message) as caught:
        download(addresses, path, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"; try again later, or get the file in another way and put it at {path}")
    assert names(path.parent) == before


# ---------------------------------------------------------------------------- one address

@pytest.mark.parametrize("answer", [CONTENT, without_length, moved])
def test_a_good_file(server, tmp_path, answer):
    server.files.update({"/a.gz": answer, "/good": CONTENT})
    seen = []
    path = download(f"{server.address}/a.gz", tmp_path / "new" / "a.gz", len(CONTENT), MD5, lambda *now: seen.append(now))
    assert path == tmp_path / "new" / "a.gz" and path.read_bytes() == CONTENT
    assert names(path.parent) == ["a.gz"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_without_size_and_checksum_the_length_is_the_servers(server, tmp_path):
    server.files.update({"/known": CONTENT, "/unknown": without_length})
    for name, total in (("known", len(CONTENT)), ("unknown", None)):
        seen = []
        download(f"{server.address}/{name}", tmp_path / name, progress=lambda *now: seen.append(now))
        assert (tmp_path / name).read_bytes() == CONTENT and seen[-1] == (len(CONTENT), total)


@pytest.mark.parametrize("answer, message", [
    (truncated, "broke off after 1,000 of 76,800 bytes"),
    (CONTENT[:-1], "offers 76,799 bytes where the file has 76,800"),
    (CONTENT[:-1] + b"\0", f"sent 76,800 bytes with the md5 [0-9a-f]{{32}}, where {MD5[4:]} is right"),
    (too_long, "sends more than the 76,800 bytes of the file"),
    (PAGE, "offers a web page, 56 bytes where the file has 76,800"),
    (moved_to_a_page, "offers a web page, 56 bytes where the file has 76,800"),
    (None, r"answers 404 \(Not Found\)"),
    (lambda handler: handler.send_error(503), r"answers 503 \(Service Unavailable\)"),
    (moved_to_a_file, r"answers 302 \(Found - Redirection to url 'file:///etc/passwd' is not allowed\)"),
    (hangs_up, r"failed \(Remote end closed connection without response\)")])
def test_a_bad_answer(server, tmp_path, answer, message):
    server.files.update({"/a.gz": answer, "/page": PAGE})
    address = f"{server.address}/a.gz"
    fails(f"a.gz could not be downloaded: {address} {message}; ", address, tmp_path / "a.gz", size=len(CONTENT),
          checksum=MD5)
    (tmp_path / "a.gz").write_text("old")
    fails(message, address, tmp_path / "a.gz", size=len(CONTENT), checksum=MD5)
    assert (tmp_path / "a.gz").read_text() == "old"


@pytest.mark.parametrize("answer, checksum, message", [
    (PAGE, MD5, "sent a web page, 56 bytes with the md5 [0-9a-f]{32}, where"),
    (PAGE, None, "sent a web page in place of the file"),
    (truncated, None, "broke off after 1,000 of 76,800 bytes"),
    (b"", None, "sent an empty file")])
def test_a_bad_answer_where_the_size_is_not_known(server, tmp_path, answer, checksum, message):
    server.files["/a.gz"] = answer
    fails(message, f"{server.address}/a.gz", tmp_path / "a.gz", checksum=checksum)


@pytest.mark.parametrize("answer, message", [
    (stalled, "did not answer for 0.2 seconds"), (silent, "did not answer for 0.2 seconds"),
    (dripping, "sends only [0-9]+ bytes per second")])
def test_a_slow_server_is_given_up(server, tmp_path, answer, message):
    server.files["/a.gz"] = answer
    began = time.monotonic()
    fails(message, f"{server.address}/a.gz", tmp_path / "a.gz", timeout=0.2)
    assert time.monotonic() - began < 5


def test_nobody_there(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))                            # not listening: connections are refused
        fails("refuses connections", f"http://127.0.0.1:{taken.getsockname()[1]}/a.gz", tmp_path / "a.gz", timeout=2)


def test_no_network(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    fails(r"http://data.example/a.gz cannot be reached \(no network[?]\)", "http://data.example/a.gz", tmp_path / "a.gz")
    fails("https://data.example/a.gz cannot be reached", "https://data.example/a.gz", tmp_path / "a.gz")


# ---------------------------------------------------------------------------- several addresses

def test_the_second_address_is_asked_when_the_first_fails(server, tmp_path):
    for name, answer in {"gone": None, "bad": PAGE, "cut": truncated, "slow": stalled}.items():
        server.asked.clear()
        server.files = {f"/{name}": answer, "/good": CONTENT, "/never": CONTENT}
        addresses = [f"{server.address}/{each}" for each in (name, "good", "never")]
        download(addresses, tmp_path / name, checksum=MD5, timeout=0.3)
        assert (tmp_path / name).read_bytes() == CONTENT and server.asked == [f"/{name}", "/good"]


def test_all_that_happened_is_said(server, tmp_path):
    server.files = {"/cut": truncated, "/bad": PAGE}
    fails(r"/gone answers 404 \(Not Found\); http://\S+/cut broke off after 1,000 of 76,800 bytes; http://\S+/bad sent a web page, 56",
          [f"{server.address}/{name}" for name in ("gone", "cut", "bad")], tmp_path / "a.gz", checksum=MD5)


# ---------------------------------------------------------------------------- our side

def test_a_full_disk_is_not_blamed_on_the_server(server, tmp_path, monkeypatch):
    server.files["/a.gz"] = CONTENT
    def full(file, mode):
        class Full(io.FileIO):
            def write(self, piece):
                raise OSError(errno.ENOSPC, "No space left on device")
        return Full(file, "w")
    monkeypatch.setitem(download.__globals__, "open", full)
    with pytest.raises(OSError, match="there is no room left to write .*a.gz; free some space") as caught:
        download([f"{server.address}/a.gz"] * 2, tmp_path / "a.gz")
    assert not isinstance(caught.value, ConnectionError)
    assert names(tmp_path) == [] and server.asked == ["/a.gz"]


def test_a_folder_that_refuses_is_said_before_anything_is_asked(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match="cannot be written: part of .* is a file, not a folder"):
        download(f"{server.address}/a.gz", tmp_path / "file" / "a.gz")
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(PermissionError, match=r"refuses new files \(Permission denied\); choose another folder"):
        download(f"{server.address}/a.gz", tmp_path / "a.gz")
    assert server.asked == []


def test_stopped_by_the_user(server, tmp_path):
    server.files["/a.gz"] = CONTENT
    (tmp_path / "a.gz").write_text("old")
    def stop(done, total):
        if done:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        download([f"{server.address}/a.gz"] * 2, tmp_path / "a.gz", progress=stop)
    assert (tmp_path / "a.gz").read_text() == "old" and names(tmp_path) == ["a.gz"]


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://one.org/a", "/a.gz", "https:///a.gz", ""])
def test_addresses_that_are_not_of_the_web(tmp_path, address):
    with pytest.raises(ValueError, match="must begin with http:// or https://"):
        download(address, tmp_path / "a.gz")


@pytest.mark.parametrize("checksum", ["", "md5:", "md5:12", "md5:" + 33 * "a", "crc32:12345678", "md5:xyzxyzxyz", "12345678"])
def test_what_is_no_checksum(tmp_path, checksum):
    with pytest.raises(ValueError, match="a checksum must be one of md5, sha1, sha256, git, a colon and 8 or more"):
        download("http://127.0.0.1:1/a", tmp_path / "a", checksum=checksum)
    with pytest.raises(ValueError, match="needs at least one address"):
        download([], tmp_path / "a")


def test_checksums_of_known_bytes(tmp_path):
    """Of "hello\\n": what md5sum, sha1sum, sha256sum and git hash-object print."""
    path = tmp_path / "hello.txt"
    path.write_bytes(b"hello\n")
    known = {"md5": "b1946ac92492d2347c6235b4d2611184", "sha1": "f572d396fae9206628714fb2ce00f72e94f2258f",
             "sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
             "git": "ce013625030ba8dba906f756967f9e9ca394464a"}
    for kind, digits in known.items():
        assert digest(path, kind) == digits
        for checksum in (f"{kind}:{digits}", f"{kind}:{digits[:8]}", f"{kind}:{digits.upper()}".replace(kind.upper(), kind)):
            assert right(path, 6, checksum) and right(path, None, checksum)
        wrong = digits[:-1] + ("0" if digits[-1] != "0" else "1")
        assert not right(path, 6, f"{kind}:{wrong}") and not right(path, 7, f"{kind}:{digits}")
    assert right(path) and right(path, 6) and not right(path, 5) and not right(tmp_path / "none") and not right(tmp_path)


# ---------------------------------------------------------------------------- the catalogue

def test_the_addresses_and_checksums_of_the_table():
    """Typed in a second time, so that a slip of the finger in the catalogue is noticed."""
    table = {part.name if entry.name != "fashion-mnist" else f"fashion {part.name}": part.checksum
             for entry in catalogue.ENTRIES for part in entry.parts}
    assert table == {
        "cifar-10-python.tar.gz": "md5:c58f30108f718f92721af3b95e74349a",
        "cifar-10-binary.tar.gz": "md5:c32a1d4ab5d03f1284b67883e8d87530",
        "cifar-100-python.tar.gz": "md5:eb9058c3a382ffc7106e4002c42a8d85",
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
        "fashion train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "fashion train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "fashion t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "fashion t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310"}
    cifar = catalogue.CATALOGUE["cifar10"].parts[0]
    assert cifar.addresses == ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",) and cifar.size == 170_498_071
    assert catalogue.CATALOGUE["mnist"].parts[1].addresses == (
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
        "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz")
    for entry in catalogue.ENTRIES:
        for part in entry.parts:
            assert all(address.startswith("http") and address.endswith("/" + part.name) for address in part.addresses)
            assert part.checksum is None or len(part.checksum) == 4 + 32
    assert [entry.name for entry in catalogue.ENTRIES if entry.unverified] == []


BATCHES = [("data_batch_1", b"one" * 1000), ("test_batch", b"two" * 500), ("batches.meta", b"names")]
TINY, IDX = archive(*BATCHES), {name: gzip.compress(name.encode() * 50) for name in ("a-images.gz", "a-labels.gz")}


@pytest.fixture
def sets(server, tmp_path, monkeypatch):
    """A catalogue of three small sets on the server: tiny (an archive), idx (two files), unknown (without checksum)."""
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    facts = {"about": "tiny", "train": 1, "test": 1, "classes": 1, "picture": "", "room": 0, "citation": "c", "licence": "l"}
    for name, parts in {
            "tiny": [Part("tiny.tar.gz", (f"{server.address}/gone", f"{server.address}/tiny"), md5_of(TINY), len(TINY))],
            "idx": [Part(file, (f"{server.address}/{file}",), md5_of(content)) for file, content in IDX.items()],
            "unknown": [Part("unknown.tar.gz", (f"{server.address}/tiny",))]}.items():
        monkeypatch.setitem(catalogue.CATALOGUE, name, Entry(name=name, parts=tuple(parts), **facts))
    server.files = {"/tiny": TINY, **{f"/{name}": content for name, content in IDX.items()}}
    return tmp_path / "home" / "data"


def test_an_archive_is_fetched_once_and_unpacked(server, sets):
    seen = []
    assert fetch("tiny", progress=lambda *now: seen.append(now)) == sets / "tiny" == folder("tiny")
    assert names(sets / "tiny") == ["batches.meta", "contents.json", "data_batch_1", "test_batch"]
    for name, content in BATCHES:
        assert (sets / "tiny" / name).read_bytes() == content
    assert seen[-1] == (len(TINY), len(TINY)) and server.asked == ["/gone", "/tiny"]
    assert fetch("tiny") == sets / "tiny" and server.asked == ["/gone", "/tiny"]        # nothing more was asked for
    assert damaged(sets / "tiny") == []


def test_files_are_fetched_as_they_are(server, sets):
    fetch("idx")
    assert names(sets / "idx") == ["a-images.gz", "a-labels.gz", "contents.json"]
    assert (sets / "idx" / "a-labels.gz").read_bytes() == IDX["a-labels.gz"]
    (sets / "idx" / "a-labels.gz").write_bytes(b"damaged")
    server.asked.clear()
    fetch("idx")
    assert (sets / "idx" / "a-labels.gz").read_bytes() == IDX["a-labels.gz"] and server.asked == ["/a-labels.gz"]


def test_damage_is_found_and_mended(server, sets):
    fetch("tiny")
    batch = sets / "tiny" / "data_batch_1"
    batch.write_bytes(b"onE" * 1000)                            # of the same length
    assert damaged(sets / "tiny") == ["data_batch_1"] and folder("tiny")
    batch.write_bytes(b"one")
    with pytest.raises(FileNotFoundError, match="lacks data_batch_1 or holds it damaged: npnet data get tiny"):
        folder("tiny")
    batch.unlink()
    with pytest.raises(FileNotFoundError, match="lacks data_batch_1"):
        folder("tiny")
    fetch("tiny")
    assert batch.read_bytes() == b"one" * 1000


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 3}', '{"files": {}}', '{"files": {"a": 1}}'])
def test_a_folder_without_its_list_of_contents_is_fetched_again(server, sets, content):
    fetch("tiny")
    (sets / "tiny" / "contents.json").write_text(content)
    with pytest.raises(FileNotFoundError, match="tiny is not on this computer yet: npnet data get tiny"):
        folder("tiny")
    fetch("tiny")
    assert set(json.loads((sets / "tiny" / "contents.json").read_text())["files"]) == {name for name, _ in BATCHES}


def test_what_a_killed_download_left_is_removed_after_a_day(server, sets):
    for place in (fetch("tiny"), sets / "idx"):
        place.mkdir(exist_ok=True)
        for name, age in (("old", 90_000), ("young", 60)):      # the young one may be another download, still running
            (place / f".writing-{name}.gz").write_bytes(b"half")
            os.utime(place / f".writing-{name}.gz", (time.time() - age,) * 2)
    fetch("tiny")                                               # is here already
    fetch("idx")
    for name in ("tiny", "idx"):
        assert [file for file in names(sets / name) if file.startswith(".")] == [".writing-young.gz"]


def test_a_file_put_there_by_hand_is_used_and_kept(server, sets):
    server.files.clear()
    (sets / "tiny").mkdir(parents=True)
    (sets / "tiny" / "tiny.tar.gz").write_bytes(TINY)
    fetch("tiny")
    assert names(sets / "tiny") == ["batches.meta", "contents.json", "data_batch_1", "test_batch", "tiny.tar.gz"]
    assert server.asked == []


def test_offline(server, sets):
    server.files.clear()
    message = (r"tiny.tar.gz could not be downloaded: http://\S+/gone answers 404 \(Not Found\); http://\S+/tiny answers 404 .*; "
               r"try again later, or get the file in another way and put it at \S+tiny.tar.gz, then repeat the command; "
               r"offline, the data set shapes needs no download")
    with pytest.raises(ConnectionError, match=message):
        fetch("tiny")
    with pytest.raises(FileNotFoundError, match="tiny is not on this computer yet: npnet data get tiny"):
        folder("tiny")


def test_a_set_without_checksum_needs_trust(server, sets):
    with pytest.raises(ValueError, match="unknown is unverified: npnet knows no checksum of unknown.tar.gz .* --trust takes it"):
        fetch("unknown")
    assert server.asked == []
    assert (fetch("unknown", trust=True) / "test_batch").read_bytes() == b"two" * 500
    assert fetch("unknown") == sets / "unknown"                 # what is there needs no trust again
    assert server.asked == ["/tiny"]


def test_names_that_are_not_in_the_catalogue(sets):
    with pytest.raises(ValueError, match="no data set is called 'cifar-10'; did you mean cifar10? npnet knows shapes, cifar10,".replace("?", r"\?")):
        fetch("cifar-10")
    for name in ("ilsvrc", "ImageNet", "imagenet2012"):
        with pytest.raises(ValueError, match="only to registered users, so npnet cannot download it: register at image-net.org"):
            fetch(name)
    with pytest.raises(ValueError, match="shapes is drawn when it is needed, it has no folder"):
        folder("shapes")
    assert fetch("shapes") == sets / "shapes" and not sets.exists()


def test_a_disk_that_is_too_full_is_said_first(server, sets, monkeypatch):
    roomy = catalogue.CATALOGUE["tiny"]
    monkeypatch.setitem(catalogue.CATALOGUE, "tiny", Entry(**{**vars(roomy), "room": 357_000_000}))
    usage = lambda path: type("Usage", (), {"free": 12_000_000})            # noqa: E731
    monkeypatch.setattr("shutil.disk_usage", usage)
    with pytest.raises(OSError, match="tiny needs 357 MB in .*tiny, where 12 MB are free; free some space, or name another"):
        fetch("tiny")
    assert server.asked == []


def test_a_home_that_cannot_be_made(server, sets, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "file"))
    with pytest.raises(NotADirectoryError, match="cannot be written: part of .* is a file, not a folder"):
        fetch("tiny")
    assert server.asked == []


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("members, shown", [
    ([link("batches/data_batch_1", "/etc/passwd")], "batches/data_batch_1"),
    ([link("batches/a", "../../b", tarfile.LNKTYPE)], "batches/a"),
    ([link("batches/a", "", tarfile.FIFOTYPE)], "batches/a"),
    ([link("batches/a", "", tarfile.CHRTYPE)], "batches/a"),
    ([BATCHES[0], BATCHES[0]], "batches/data_batch_1"),
    ([("deeper/data_batch_1", b"x")], "batches/deeper/data_batch_1"),
    ([("../data_batch_1", b"x")], "batches/../data_batch_1"),
    ([("..", b"x")], "batches/.."),
    ([("contents.json", b"x")], "batches/contents.json"),
    ([("unknown.tar.gz", b"x")], "batches/unknown.tar.gz"),
    ([(".hidden", b"x")], "batches/.hidden"),
    ([("C:evil", b"x")], "batches/C:evil"),
    ([("a\\b", b"x")], "batches/a\\\\b")])
def test_forged_archives_are_refused(server, sets, members, shown):
    server.files["/tiny"] = archive(*members)
    with pytest.raises(ValueError, match="unknown.tar.gz holds '(.*)', which is not a plain file in one folder") as caught:
        fetch("unknown", trust=True)
    assert f"'{shown}'" in str(caught.value)
    assert names(sets / "unknown") == [] and names(sets) == ["unknown"]
    with pytest.raises(FileNotFoundError):
        folder("unknown")


@pytest.mark.parametrize("name", ["../evil", "/evil", "../../evil", "./evil", "a/../evil"])
def test_names_that_lead_elsewhere(server, sets, tmp_path, name):
    server.files["/tiny"] = archive((name, b"x"), top="")
    with pytest.raises(ValueError, match=f"unknown.tar.gz holds '{name}', which is not a plain file in one folder"):
        fetch("unknown", trust=True)
    assert not list(tmp_path.rglob("evil")) and not os.path.exists("/evil")


def test_archives_that_swell_are_refused(server, sets, monkeypatch):
    monkeypatch.setattr(npnet.files.fetch, "MOST_BYTES", 10_000)
    server.files["/tiny"] = archive(("a", bytes(6_000)), ("b", bytes(6_000)))
    with pytest.raises(ValueError, match="holds more than 100 files or 10,000 bytes, which nothing that npnet fetches does"):
        fetch("unknown", trust=True)
    server.files["/tiny"] = archive(*[(f"{number}", b"x") for number in range(101)])
    with pytest.raises(ValueError, match="holds more than 100 files"):
        fetch("unknown", trust=True)


def write(path, content):
    path.write_bytes(content)
    return path


def test_damaged_archives(server, sets):
    noise = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
    whole = archive(("a", noise), ("b", b""), ("c", noise))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for content in (whole[:1500], whole[:-9], bytes(flipped), b"no archive", gzip.compress(b"no tar" * 200)):
        server.files["/tiny"] = content
        with pytest.raises(ValueError, match="unknown.tar.gz is not a .tar.gz or is damaged .*; remove it and fetch it again"):
            fetch("unknown", trust=True)
        assert names(sets / "unknown") == []                    # so that the next try does not take it for one put by hand
    (sets / "unknown" / "a").write_bytes(b"mine")
    with pytest.raises(ValueError, match="damaged"):
        unpack(write(sets / "half.tar.gz", whole[:-9]), sets / "unknown")
    assert names(sets / "unknown") == ["a"]                     # it was there before
    server.files["/tiny"] = archive(("b", b""))
    with pytest.raises(ValueError, match="holds no files"):
        fetch("unknown", trust=True)
    server.files["/tiny"] = whole
    assert (fetch("unknown", trust=True) / "c").read_bytes() == noise


@pytest.mark.reference
def test_the_real_mnist_through_the_whole_way(server, reference, sets, monkeypatch):
    """The reference copy holds MNIST's bytes, compressed anew: under its own checksums it is fetched, under the
    published ones it is refused."""
    published = catalogue.CATALOGUE["mnist"]
    here, there = [], []
    for part in published.parts:
        content = (reference / "mnist" / part.name).read_bytes()
        server.files[f"/{part.name}"] = content
        address = (f"{server.address}/{part.name}",)
        here.append(Part(part.name, address, md5_of(content)))
        there.append(Part(part.name, address, part.checksum))
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", Entry(**{**vars(published), "parts": tuple(there)}))
    with pytest.raises(ConnectionError, match="where f68b3c2dcbeaaa9fbdd348bbdeb94873 is right"):
        fetch("mnist")
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", Entry(**{**vars(published), "parts": tuple(here)}))
    path = fetch("mnist")
    with gzip.open(path / "t10k-labels-idx1-ubyte.gz") as file:
        assert file.read(8) == bytes([0, 0, 8, 1, 0, 0, 0x27, 0x10]) and file.read(5) == bytes([7, 2, 1, 0, 4])
    assert damaged(path) == []


# ---------------------------------------------------------------------------- fetched, then read

def patched(monkeypatch, server, name, files):
    """The catalogue's entry of that name, with these files on the server: {file: content}."""
    known = catalogue.CATALOGUE[name]
    parts = tuple(Part(part.name, (f"{server.address}/{name}/{part.name}",), md5_of(files[part.name]))
                  for part in known.parts)
    server.files.update({f"/{name}/{file}": content for file, content in files.items()})
    monkeypatch.setitem(catalogue.CATALOGUE, name, Entry(**{**vars(known), "parts": parts}))


def test_a_fetched_cifar_is_read(server, sets, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 10, 3072), dtype=np.uint8)
    files = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    python = [(file, pickle.dumps({b"data": rows, b"labels": list(range(10))}, 2)) for file, rows in zip(files, pixels)]
    labels = np.arange(10, dtype=np.uint8)[:, None]
    binary = [(f"{file}.bin", np.hstack([labels, rows]).tobytes()) for file, rows in zip(files, pixels)]
    names = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
    meta = ("batches.meta", pickle.dumps({b"label_names": names}, 2)), ("batches.meta.txt", b"\n".join(names) + b"\n\n")
    patched(monkeypatch, server, "cifar10", {"cifar-10-python.tar.gz": archive(*python, meta[0])})
    patched(monkeypatch, server, "cifar10-binary", {"cifar-10-binary.tar.gz": archive(*binary, meta[1])})
    for name in ("cifar10", "cifar10-binary"):
        data = cifar(fetch(name))
        assert len(data.train) == 50 and len(data.test) == 10 and data.classes[3] == "cat"
        for i in (0, 13, 49):
            assert np.array_equal(data.train[i].transpose(2, 0, 1).ravel(), pixels[i // 10, i % 10])
        assert np.array_equal(data.test[4].transpose(2, 0, 1).ravel(), pixels[5, 4]) and data.test.labels[4] == 4


def test_a_fetched_mnist_is_read(server, sets, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    def idx(*sides):
        return bytes([0, 0, 8, len(sides)]) + np.array(sides, ">u4").tobytes()
    digits = np.arange(20, dtype=np.uint8) % 10
    patched(monkeypatch, server, "mnist", {
        "train-images-idx3-ubyte.gz": gzip.compress(idx(20, 28, 28) + pixels[:20].tobytes()),
        "train-labels-idx1-ubyte.gz": gzip.compress(idx(20) + digits.tobytes()),
        "t10k-images-idx3-ubyte.gz": gzip.compress(idx(10, 28, 28) + pixels[20:].tobytes()),
        "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(10) + digits[:10].tobytes())})
    seen = []
    data = mnist(fetch("mnist", progress=lambda *now: seen.append(now)))
    assert len(data.train) == 20 and np.array_equal(data.train[7][:, :, 0], pixels[7]) and data.train.labels[17] == 7
    assert np.array_equal(data.test[9][:, :, 0], pixels[29])
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)      # four files, counted as one
    assert seen[-1][0] == seen[-1][1] == sum((sets / "mnist" / part.name).stat().st_size
                                             for part in catalogue.CATALOGUE["mnist"].parts)
