"""weights.fetching: what `npnet weights get` fetches, from where, and what then counts as being there."""
import hashlib
import json

import pytest
from loopback import CONTENT, PAGE, archive, stalled, truncated

from npnet.files import download, fetch as fetching_parts
from npnet.files.fetch import Part
from npnet.weights import fetching
from npnet.weights.fetching import Entry, entry, fetch, located, wanted

MEAN = b"mean" * 100
NAMES = b"n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"
AUX = [("det_synset_words.txt", b"others"), ("synset_words.txt", NAMES), ("imagenet.bet.pickle", b"cos\nsystem\n"),
       ("imagenet_mean.binaryproto", MEAN), ("train.txt", b"n01440764/n01440764_10026.JPEG 0\n" * 1000)]


@pytest.fixture
def home(server, tmp_path, monkeypatch):
    """NPNET_HOME's folder of weights, empty; every entry's address is the server's, tiny is a network of CONTENT."""
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    server.files = {"/tiny.net": CONTENT, "/aux.tar.gz": archive(*AUX, top="")}
    sha1 = "sha1:" + hashlib.sha1(CONTENT).hexdigest()
    known = Entry("tiny", "a tiny network", "lenet5", len(CONTENT), (Part("tiny.net", (f"{server.address}/tiny.net",), sha1),), "free")
    monkeypatch.setitem(fetching.KNOWN, "tiny", known)
    names = entry("ilsvrc12")
    part = Part("aux.tar.gz", (f"{server.address}/aux.tar.gz",), only=names.parts[0].only)
    monkeypatch.setitem(fetching.KNOWN, "ilsvrc12", Entry(**{**vars(names), "parts": (part,)}))
    return tmp_path / "home" / "weights"


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_addresses_and_checksums_of_the_table():
    """Typed in a second time, so that a slip of the finger is noticed."""
    table = {known.name: (part.addresses, part.checksum, part.size) for known in fetching.ENTRIES for part in known.parts}
    berkeley, pytorch = "http://dl.caffe.berkeleyvision.org/", "https://download.pytorch.org/models/"
    assert table == {
        "squeezenet": (("https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/compressed_SqueezeNet.net",),
                       "sha256:e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261", 675_763),
        "alexnet": (("https://github.com/songhan/Deep-Compression-AlexNet/raw/master/AlexNet_compressed.net",),
                    "git:ea0d14e98edfbcbfba995003c94d7259fa23b6cc", None),
        "bvlc_alexnet": ((berkeley + "bvlc_alexnet.caffemodel",), "sha1:9116a64c0fbe4459d18f4bb6b56d647b63920377", None),
        "caffenet": ((berkeley + "bvlc_reference_caffenet.caffemodel",), "sha1:4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46", None),
        "torchvision_alexnet": ((pytorch + "alexnet-owt-7be5be79.pth",), "sha256:7be5be79", None),
        "torchvision_squeezenet1_1": ((pytorch + "squeezenet1_1-b8a52dc0.pth",), "sha256:b8a52dc0", None),
        "ilsvrc12": ((berkeley + "caffe_ilsvrc12.tar.gz",), None, None)}
    assert [known.name for known in fetching.ENTRIES if known.unverified] == ["ilsvrc12"]
    for _, checksum, _ in table.values():
        assert checksum is None or download.digits_of(checksum)


@pytest.mark.reference
def test_the_published_squeezenet_passes_its_own_checksum(server, home, reference, monkeypatch):
    content = (reference / "squeezenet" / "compressed_SqueezeNet.net").read_bytes()
    server.files["/s.net"] = content
    known = entry("squeezenet")
    part = Part(known.file, (f"{server.address}/s.net",), known.parts[0].checksum, known.parts[0].size)
    monkeypatch.setitem(fetching.KNOWN, "squeezenet", Entry(**{**vars(known), "parts": (part,)}))
    assert fetch("squeezenet").read_bytes() == content
    assert located("squeezenet") == home / "squeezenet" / "compressed_SqueezeNet.net"


def test_a_network_is_fetched_once(server, home):
    assert located("tiny") is None
    with pytest.raises(FileNotFoundError, match="tiny is not on this computer yet: npnet weights get tiny"):
        wanted("tiny")
    seen = []
    path = fetch("tiny", progress=lambda *now: seen.append(now))
    assert path == home / "tiny" / "tiny.net" == located("tiny") == wanted("tiny") and path.read_bytes() == CONTENT
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert files(home / "tiny") == ["contents.json", "tiny.net"]
    assert json.loads((home / "tiny" / "contents.json").read_text())["files"]["tiny.net"][0] == len(CONTENT)
    assert fetch("tiny") == path and server.asked == ["/tiny.net"]


@pytest.mark.parametrize("answer, message", [
    (None, r"answers 404 \(Not Found\)"), (truncated, "broke off after 1,000 of 76,800 bytes"),
    (PAGE, "sent a web page, 56 bytes with the sha1 "), (CONTENT[:-1] + b"x", "sent 76,800 bytes with the sha1 "),
    (stalled, "did not answer for 0.2 seconds")])
def test_a_bad_server_is_one_sentence_with_the_file_the_address_and_the_place(server, home, answer, message, monkeypatch):
    monkeypatch.setattr(download.download, "__defaults__", (None, None, None, 0.2))     # of timeout
    server.files["/tiny.net"] = answer
    with pytest.raises(ConnectionError, match=message) as caught:
        fetch("tiny")
    said = str(caught.value)
    assert said.startswith(f"tiny.net could not be downloaded: {server.address}/tiny.net ") and "\n" not in said
    assert f"get the file in another way and put it at {home / 'tiny' / 'tiny.net'}, then repeat the command" in said
    assert said.endswith("; offline, the network cifar_alexnet comes with npnet")
    assert files(home / "tiny") == [] and located("tiny") is None


def test_a_file_put_there_by_hand_counts_if_its_checksum_is_right(server, home):
    (home / "tiny").mkdir(parents=True)
    path = home / "tiny" / "tiny.net"
    path.write_bytes(CONTENT[:-1] + b"x")
    assert located("tiny") is None
    said = f"the file at {path} has 76,800 bytes with the sha1 [0-9a-f]{{40}}, where [0-9a-f]{{40}} is right"
    with pytest.raises(FileNotFoundError, match=f"^{said}: npnet weights get tiny fetches another$"):
        wanted("tiny")
    server.files["/tiny.net"] = None
    with pytest.raises(ConnectionError, match=f"^{said}; tiny.net could not be downloaded: .* put it at"):
        fetch("tiny")                                           # not in a circle: what is there, then where to put it
    path.write_bytes(CONTENT)
    assert fetching.damage("tiny") == ""
    server.asked.clear()
    assert located("tiny") == path and files(home / "tiny") == ["tiny.net"]     # without npnet weights get
    assert fetch("tiny") == path and server.asked == [] and files(home / "tiny") == ["contents.json", "tiny.net"]


def test_a_damaged_file_is_fetched_again(server, home):
    path = fetch("tiny")
    path.write_bytes(CONTENT[:-1])
    assert located("tiny") is None
    with pytest.raises(FileNotFoundError, match="has 76,799 bytes, where 76,800 are right: npnet weights get tiny"):
        wanted("tiny")
    path.write_bytes(CONTENT[:-1] + b"x")                       # of the right size: get looks closer
    assert located("tiny") == path
    assert fetch("tiny").read_bytes() == CONTENT and server.asked == ["/tiny.net"] * 2
    path.unlink()
    assert located("tiny") is None
    (home / "tiny" / "contents.json").write_text('{"files": {"other": [0, "sha256:0"]}}')
    assert located("tiny") is None


def test_a_disk_that_is_too_full_is_said_first(server, home, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(OSError, match="tiny needs 0 MB in .*tiny, where 0 MB are free"):
        fetch("tiny")
    assert server.asked == []


# ---------------------------------------------------------------------------- the names of the classes

@pytest.mark.parametrize("top", ["", "./", "caffe/"])
def test_the_names_need_trust_and_come_without_the_rest_of_the_archive(server, home, top):
    server.files["/aux.tar.gz"] = archive(*AUX, top=top)
    with pytest.raises(ValueError, match="ilsvrc12 is unverified: npnet knows no checksum of aux.tar.gz and .* npnet "
                       "weights get ilsvrc12 --trust takes it as it comes"):
        fetch("ilsvrc12")
    assert server.asked == [] and fetching.class_names() is None is fetching.mean_picture()
    assert fetch("ilsvrc12", trust=True) == home / "ilsvrc12" / "synset_words.txt" == fetching.class_names()
    assert fetching.class_names().read_bytes() == NAMES and fetching.mean_picture().read_bytes() == MEAN
    assert files(home / "ilsvrc12") == ["contents.json", "imagenet_mean.binaryproto", "synset_words.txt"]
    assert fetch("ilsvrc12") == fetching.class_names() and server.asked == ["/aux.tar.gz"]      # trusted once


def test_names_put_there_by_hand(home):
    (home / "ilsvrc12").mkdir(parents=True)
    (home / "ilsvrc12" / "synset_words.txt").write_bytes(NAMES)
    assert fetching.class_names() == home / "ilsvrc12" / "synset_words.txt" and fetching.mean_picture() is None
    assert fetch("ilsvrc12") == fetching.class_names()          # no trust is asked for: nothing is downloaded
    assert fetching.room("ilsvrc12") == len(NAMES)


def test_an_archive_without_the_names_is_refused(server, home, monkeypatch):
    server.files["/aux.tar.gz"] = archive(*AUX[2:], top="")
    with pytest.raises(ValueError, match="aux.tar.gz holds no synset_words.txt; remove it and fetch it again"):
        fetch("ilsvrc12", trust=True)
    server.files["/aux.tar.gz"] = archive(("../synset_words.txt", NAMES), *AUX[3:], top="")
    with pytest.raises(ValueError, match="holds no synset_words.txt"):
        fetch("ilsvrc12", trust=True)
    assert files(home / "ilsvrc12") == [] and files(home) == ["ilsvrc12"]
    server.files["/aux.tar.gz"] = archive(*AUX, ("synset_words.txt", b"twice"), top="")
    with pytest.raises(ValueError, match="which is not a plain file in one folder"):
        fetch("ilsvrc12", trust=True)
    monkeypatch.setattr(fetching_parts, "MOST_BYTES", 10_000)   # what is passed over counts, too
    server.files["/aux.tar.gz"] = archive(*AUX, top="")
    with pytest.raises(ValueError, match="more than 100 files or 10,000 bytes"):
        fetch("ilsvrc12", trust=True)
    assert files(home / "ilsvrc12") == []


def test_names_that_are_not_known():
    with pytest.raises(ValueError, match="no weights are called 'alexnett'; did you mean alexnet[?] npnet can fetch squeezenet, "):
        fetch("alexnett")
    assert located("alexnett") is None and located("cifar_alexnet") is None
