"""npnet weights: what can be fetched, what is here, and the sentence for what is wrong."""
import hashlib
import json
import re

import numpy as np
import pytest
from colours import picture
from commands import one_line
from loopback import CONTENT, archive, truncated
from shaped import alexnet_shaped

import npnet
from npnet.files.download import digest
from npnet.files.fetch import Part
from npnet.weights import fetching, trained
from npnet.weights.readers import compression
from npnet.weights.readers.arrays import write_npz
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


def test_the_list_says_what_lies_there_by_hand(npnet_, home):
    for name, file, content in (("ilsvrc12", "synset_words.txt", NAMES), ("tiny", "tiny.net", b"x" * 300)):
        (home / name).mkdir(parents=True)
        (home / name / file).write_bytes(content)
    out = npnet_("weights", "list")[1]
    lines = {line.split()[0]: line for line in out.splitlines() if line[:1].strip()}
    assert "unverified" not in out and re.search(rf"ilsvrc12 +{len(NAMES)} B +yes ", lines["ilsvrc12"])
    assert "no, damaged" in lines["tiny"] and "damaged: a file lies there, but with other bytes" in out
    assert "here the file at" in (said := " ".join(npnet_("weights", "info", "tiny")[1].split())) and "has 300 bytes with" in said
    assert f"ilsvrc12 is complete: {home}/ilsvrc12" in "".join(npnet_("weights", "get", "ilsvrc12")[1].splitlines())


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


# ---------------------------------------------------------------------------- info

@pytest.fixture
def digits(here):
    """A LeNet for three digits, as arrays under PyTorch's names in digits.npz; names.txt has their names."""
    net = npnet.model("lenet5", classes=3, seed=1)
    write_npz(here / "digits.npz", net)
    (here / "names.txt").write_text("n00000001 zero, nought\nn00000002 one\nn00000003 two\n")
    return net


def test_info_of_a_file(npnet_, digits):
    code, out, err = npnet_("weights", "info", "digits.npz", "--names", "names.txt")
    said = " ".join(out.split())
    assert code == 0 and err == "" and out.startswith("digits.npz\n")
    assert "format NumPy (.npz)" in said and "network lenet5" in said and "pictures 28 x 28 pixels, grey, 0 to 1" in said
    assert "classes 3 classes: zero, one, two" in said
    assert re.search(r"\n  conv1.w +conv1.weight +\(6, 1, 5, 5\)", out) and "6x1x5x5" not in out     # one table, not two
    assert re.search(r"\n  fc5.w +fc5.weight +\(84, 3\)", out)            # the mapping report


def test_info_as_json(npnet_, digits):
    code, out, err = npnet_("weights", "info", "digits.npz", "--json")
    told = json.loads(out)
    assert told["format"] == "NumPy (.npz)" and told["network"] == "lenet5" and told["classes"] == ["class 0", "class 1", "class 2"]
    assert told["arrays"][0] == {"name": "conv1.weight", "shape": [6, 1, 5, 5], "dtype": "float32"}
    assert told["numbers"] == sum(array.size for array in digits.params().values()) and "fc5.weight" in told["report"]


def test_info_of_what_fits_no_network_shows_the_arrays_all_the_same(npnet_, here):
    np.savez(here / "strange.npz", **{"a.weight": np.ones((2, 3), np.float32)})
    code, out, err = npnet_("weights", "info", "strange.npz")
    assert code == 0 and re.search(r"network +not known\n", out) and "problem" in out and re.search(r"\na.weight +2x3 +float32", out)
    assert "there is no file nowhere.npz" in one_line(npnet_("weights", "info", "nowhere.npz"))
    (here / "empty.net").touch()
    assert "empty.net is empty (0 bytes)" in one_line(npnet_("weights", "info", "empty.net"))
    assert "/dev/null is a device, not a file" in one_line(npnet_("weights", "info", "/dev/null"))


def test_info_refuses_what_was_given_and_does_not_fit(npnet_, here, digits):
    """No table of arrays and exit code 0, as if all were well."""
    assert "no network is called 'nosuch'" in one_line(npnet_("weights", "info", "digits.npz", "--net", "nosuch"))
    (here / "wrong.prototxt").write_text('layer { name: "a" type: "Elephant" bottom: "data" top: "a" }')
    assert "wrong.prototxt: " in one_line(npnet_("weights", "info", "digits.npz", "--prototxt", "wrong.prototxt"))
    (here / "one.txt").write_text("zero\n")
    assert "one.txt has 1 name for 3 classes" in one_line(npnet_("weights", "info", "digits.npz", "--names", "one.txt"))


@pytest.mark.reference
def test_info_says_how_pictures_are_cut(npnet_, reference):
    said = " ".join(npnet_("weights", "info", str(reference / "squeezenet" / "compressed_SqueezeNet.net"))[1].split())
    assert "pictures the whole picture stretched to 256 x 256 pixels, the middle 227 x 227 of 256 x 256 pixels, BGR" in said
    folder = reference / "caffe_cifar10"
    for mean, words in ((reference / "caffe" / "imagenet_mean.binaryproto", "it is 256 x 256, but the network reads 32 x 32"),
                        (reference / "alexnet_conv" / "input_s8.npy", "lie from 0 to 255")):
        assert words in one_line(npnet_("weights", "info", str(folder / "cifar10_full_iter_70000.caffemodel"), "--mean", str(mean)))


def test_info_of_a_name(npnet_, home):
    said = " ".join(npnet_("weights", "info", "alexnet")[1].split())
    assert "belongs to caffe" in said and "checksum git ea0d14e98edfbcbfba995003c94d7259fa23b6cc" in said
    assert "57.07 / 80.25 % of ImageNet's validation pictures right" in said
    assert "here not on this computer yet: npnet weights get alexnet" in said and "array" not in said
    said = " ".join(npnet_("weights", "info", "ilsvrc12")[1].split())
    assert "checksum unverified: none is known" in said
    npnet_("weights", "get", "ilsvrc12", "--trust")
    said = " ".join(npnet_("weights", "info", "ilsvrc12")[1].split())
    assert "ilsvrc12 are the names of ImageNet's classes, not a network" in one_line(npnet_("weights", "convert", "ilsvrc12", "a.npz"))
    assert f"here {home}/ilsvrc12/synset_words.txt" in said and f"mean picture {home}/ilsvrc12/imagenet_mean.binaryproto" in said


# ---------------------------------------------------------------------------- used by name

def test_a_fetched_network_answers_by_its_name(npnet_, home, here, server, digits, monkeypatch):
    """predict, evaluate and explain; not before it was fetched."""
    server.files["/tiny.net"] = content = (here / "digits.npz").read_bytes()
    known = fetching.KNOWN["tiny"]
    part = Part("tiny.net", known.parts[0].addresses, "sha1:" + hashlib.sha1(content).hexdigest())
    monkeypatch.setitem(fetching.KNOWN, "tiny", Entry(**{**vars(known), "parts": (part,)}))
    path = picture("red", here / "red.png")
    assert "tiny is not on this computer yet: npnet weights get tiny" in one_line(npnet_("predict", path, "--weights", "tiny"))
    assert npnet_("weights", "get", "tiny")[0] == 0
    code, out, err = npnet_("predict", path, "--weights", "tiny", "--names", "names.txt")
    assert code == 0 and "tiny knows 3 classes: zero, one, two." in " ".join((out + err).split())
    assert {line.split()[0] for line in out.splitlines() if "%" in line} == {"zero", "one", "two"}
    code, out, err = npnet_("predict", path, "--weights", "tiny", "--json")
    assert {answer["class"] for answer in json.loads(out)["answers"]} == {"class 0", "class 1", "class 2"}
    (here / "tiny").mkdir()                                      # a folder of that name is ./tiny
    assert "tiny holds no run" in one_line(npnet_("predict", path, "--weights", "./tiny"))
    code, out, err = npnet_("explain", path, "--weights", "tiny", "--layer", "conv1")
    assert code == 0 and "through tiny" in out and "network lenet5" in " ".join(npnet_("weights", "info", "tiny")[1].split())


@pytest.mark.long
def test_a_file_in_alexnets_shape_from_the_server_to_the_answers(npnet_, home, here, server, monkeypatch):
    """get, info, predict and explain, which takes it without being asked; the real one has the same shapes and other bytes."""
    arrays = alexnet_shaped()
    compression.write(here / "made.net", arrays)
    content = server.files["/made.net"] = (here / "made.net").read_bytes()
    known = fetching.KNOWN["alexnet"]
    part = Part(known.file, (f"{server.address}/made.net",), "git:" + digest(here / "made.net", "git"))
    monkeypatch.setitem(fetching.KNOWN, "alexnet", Entry(**{**vars(known), "parts": (part,)}))
    server.files["/aux.tar.gz"] = archive(("synset_words.txt", b"".join(b"n%08d thing %d, word\n" % (k, k) for k in range(1000))),
                                          ("imagenet_mean.binaryproto", b"mean"), top="")
    assert npnet_("weights", "get", "alexnet", "--trust")[0] == 0
    assert (home / "alexnet" / "AlexNet_compressed.net").read_bytes() == content
    told = json.loads(npnet_("weights", "info", "alexnet", "--json")[1])
    assert told["format"] == "Deep Compression" and told["network"] == "caffe" and told["numbers"] == 60_965_224
    assert told["pictures"] == ("the whole picture stretched to 256 x 256 pixels, the middle 227 x 227 of 256 x 256 pixels, BGR, "
                                "0 to 255, minus the mean (104.0, 117.0, 123.0)") and told["classes"][7] == "thing 7, word"
    path = picture("red", here / "red.png")
    code, out, err = npnet_("predict", path, "--weights", "alexnet")
    assert code == 0 and len(re.findall(r"^  thing \d+ +[\d.]+ %", out, re.MULTILINE)) == 5
    net = trained("alexnet").net
    assert np.array_equal(net["fc8"].w, arrays["fc8.w"].T) and np.array_equal(net["conv2"].w, arrays["conv2.w"])
    code, out, err = npnet_("explain", "--layer", "conv1")
    said = " ".join(out.split())
    assert code == 0 and "The weights are real: alexnet, which npnet weights get has fetched, on the version caffe" in said
    assert "alexnet knows 1,000 classes: thing 0, thing 1, " in said
    assert npnet_("explain", "--layer", "conv1", "--net", "krizhevsky2012")[1].count("The weights are random") == 1


def test_evaluate_knows_that_classes_without_names_are_the_same(npnet_, here, digits, pack):
    """By their numbers, which is said; other names are other classes."""
    code, out, err = npnet_("evaluate", "--weights", "digits.npz", "--data", str(pack), "--workers", "0")
    said = " ".join((out + err).split())
    assert code == 0 and "of 15 pictures right" in said
    assert "digits.npz has no names for its classes: they are taken to be those of" in said
    assert "digits.npz was trained on zero, nought, one, two" in one_line(npnet_(
        "evaluate", "digits.npz", "--names", "names.txt", "--data", str(pack)))
    assert "evaluate needs a network" in one_line(npnet_("evaluate", "--data", str(pack)))


@pytest.mark.long
@pytest.mark.reference
def test_squeezenet_on_photographs_of_imagenet(npnet_, reference):
    code, out, err = npnet_("evaluate", str(reference / "squeezenet" / "compressed_SqueezeNet.net"), "--json", "--names",
                            str(reference / "caffe" / "synset_words.txt"), "--data", str(reference / "imagenet_samples"))
    told = json.loads(out)
    assert code == 0 and told["pictures"] == 50 and round(50 * told["top1"]) == 33 and round(50 * told["top5"]) == 41


# ---------------------------------------------------------------------------- convert

def test_convert_to_npnets_own_and_back(npnet_, here, digits):
    code, out, err = npnet_("weights", "convert", "digits.npz", "ours.npz", "--names", "names.txt")
    assert code == 0 and "ours.npz holds a network with its preparation and its classes: 10 arrays, " in out
    assert re.search(r"  fc5.w +fc5.weight +\(84, 3\)", out)
    known = trained("ours.npz")
    assert known.classes == ("zero, nought", "one", "two") and known.pipeline.size == 28
    for name, array in digits.params().items():
        assert np.array_equal(known.net.params()[name], array), name
    assert npnet_("weights", "convert", "ours.npz", "theirs.npz", "--state-dict")[0] == 0
    with np.load("theirs.npz") as theirs, np.load("digits.npz") as before:
        assert set(theirs) == set(before) and all(np.array_equal(theirs[name], before[name]) for name in theirs)


def test_convert_to_safetensors(npnet_, here, digits):
    pytest.importorskip("safetensors")
    code, out, err = npnet_("weights", "convert", "digits.npz", "theirs.safetensors")
    assert code == 0 and "theirs.safetensors holds PyTorch's state_dict, without preparation and classes: 10 arrays" in out
    assert np.array_equal(trained("theirs.safetensors").net["fc5"].w, digits["fc5"].w)


def test_convert_replaces_nothing_without_being_asked(npnet_, here, digits):
    (here / "ours.npz").write_bytes(b"mine")
    assert "ours.npz is there already; choose another name, or add --replace" in one_line(
        npnet_("weights", "convert", "digits.npz", "ours.npz"))
    assert (here / "ours.npz").read_bytes() == b"mine"
    assert npnet_("weights", "convert", "digits.npz", "ours.npz", "--replace")[0] == 0
    assert trained("ours.npz").net.shapes["fc5"] == (3,)
    (here / "folder.npz").mkdir()
    for out, said in (("ours.pth", "OUT must end in .npz or .safetensors, got ours.pth"), ("folder.npz", "folder.npz is a folder")):
        assert said in one_line(npnet_("weights", "convert", "digits.npz", out))
