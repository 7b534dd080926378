"""npnet weights: what can be fetched, what is here, and the sentence for what is wrong."""
import hashlib

import pytest
from commands import one_line
from loopback import CONTENT, archive, truncated

from npnet.files.fetch import Part
from npnet.weights import fetching
from npnet.weights.fetching import Entry, entry

NAMES = b"".join(b"n%08d thing %d\n" % (k, k) for k in range(10))


@pytest.fixture
def home(server, here, monkeypatch):
    """An empty NPNET_HOME; tiny is a network of lenet5's ten classes at the server's address, and so are the names."""
    monkeypatch.setenv("NPNET_HOME", str(here / "home"))
    server.files = {"/tiny.net": CONTENT,
                    "/aux.tar.gz": archive(("synset_words.txt", NAMES), ("imagenet_mean.binaryproto", b"mean"), top="")}
    part = Part("tiny.net", (f"{server.address}/tiny.net",), "sha1:" + hashlib.sha1(CONTENT).hexdigest())
    monkeypatch.setitem(fetching.KNOWN, "tiny", Entry("tiny", "a tiny network", "lenet5", len(CONTENT), (part,), "free"))
    names = entry("ilsvrc12")
    part = Part("aux.tar.gz", (f"{server.address}/aux.tar.gz",), only=names.parts[0].only)
    monkeypatch.setitem(fetching.KNOWN, "ilsvrc12", Entry(**{**vars(names), "parts": (part,)}))
    return here / "home" / "weights"


# ---------------------------------------------------------------------------- list and get

def test_the_list_has_a_line_for_each(npnet_, home):
    code, out, err = npnet_("weights", "list")
    assert code == 0 and err == "" and max(map(len, out.splitlines())) <= 80
    lines = {line.split()[0]: line for line in out.splitlines() if line[:1].strip()}
    assert {"cifar_alexnet", *fetching.KNOWN} <= set(lines)
    assert lines["alexnet"].split()[1:] == ["8.9", "MB", "no", "AlexNet,", "Deep", "Compression"]
    assert "yes, shipped" in lines["cifar_alexnet"] and "no, unverified" in lines["ilsvrc12"]


def test_get_says_where_it_is_and_how_to_have_the_names(npnet_, home, server):
    code, out, err = npnet_("weights", "get", "tiny")
    said = " ".join(out.split())
    assert code == 0 and err == "" and f"tiny is complete: {home}/tiny/tiny.net" in said
    assert "are numbers as long as their names are not here: npnet weights get ilsvrc12 --trust fetches them" in said
    assert f"or put synset_words.txt in {home}/ilsvrc12." in said
    code, out, err = npnet_("weights", "get", "tiny", "--trust")     # the names come with a network
    assert code == 0 and f"ilsvrc12 is complete: {home}/ilsvrc12/synset_words.txt" in out and "numbers" not in out
    assert server.asked == ["/tiny.net", "/aux.tar.gz"] and fetching.class_names().read_bytes() == NAMES
    code, out, err = npnet_("weights", "get", "tiny", "ilsvrc12")    # both are here: nothing is asked for
    assert code == 0 and len(out.splitlines()) == 2 and len(server.asked) == 2
    assert " yes " in next(line for line in npnet_("weights", "list")[1].splitlines() if line.startswith("ilsvrc12"))


def test_what_cannot_be_had(npnet_, home, server):
    server.files["/tiny.net"] = truncated
    said = one_line(npnet_("weights", "get", "tiny"))
    assert said.startswith(f"tiny.net could not be downloaded: {server.address}/tiny.net broke off after 1,000 of 76,800 bytes;")
    assert f"put it at {home}/tiny/tiny.net, then repeat the command" in said
    assert "npnet weights get ilsvrc12 --trust takes it as it comes" in one_line(npnet_("weights", "get", "ilsvrc12"))
    server.asked.clear()
    assert "did you mean alexnet?" in one_line(npnet_("weights", "get", "tiny", "alexnett")) and server.asked == []
    assert "required: ACTION; see npnet weights --help" in one_line(npnet_("weights"))
