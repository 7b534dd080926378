"""Any file of weights becomes a Trained, with its pictures and its classes, and is saved as one."""
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from small_files import caffe_layer, caffemodels
from wire import field

import npnet
from npnet.data import read_picture, sample_picture
from npnet.data.pipeline import Pipeline
from npnet.files.fetch import Part
from npnet.weights import fetching, save_trained, trained
from npnet.weights.readers import arrays, prototxt
from npnet.weights.readers.caffe_network import network_of
from npnet.weights.mapping import mapped
from npnet.weights.plans import plan_of_version
from npnet.weights.prepared import PREPARED, version_of
from npnet.weights.reading import format_of, network_for, pipeline_of, stored
from npnet.weights.stored import Stored
from npnet.weights.trained import SHIPPED


def filled(version, seed=1):
    """A version with weights that are all different."""
    net = npnet.model(version, seed=seed)
    for number, array in enumerate(net.params().values()):
        array += 0.01 * number
    return net


@pytest.fixture
def squeeze(tmp_path):
    """SqueezeNet 1.1 with torchvision's names in a .npz, and the network."""
    net = filled("squeezenet1_1")
    arrays.write_npz(tmp_path / "squeeze.npz", net)
    return tmp_path / "squeeze.npz", net


def test_arrays_alone_become_a_trained_network(squeeze):
    path, net = squeeze
    known = trained(path)
    x = np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32)

    assert (known.settings["net"], known.pipeline) == ("squeezenet1_1", PREPARED["squeezenet1_1"])
    assert known.classes[:2] == ("class 0", "class 1") and len(known.classes) == 1000
    assert len(known.report.rows) == 52 and known.report.fits
    np.testing.assert_array_equal(known.net.forward(x), net.forward(x))


def test_saved_as_npnets_own_and_read_again(squeeze, tmp_path):
    path, net = squeeze
    names = [f"thing {k}" for k in range(1000)]
    known = trained(path, names=names)
    odd = Pipeline(224, 240, order="BGR", mean=np.arange(3 * 240 * 240, dtype=np.float32).reshape(3, 240, 240))
    save_trained(tmp_path / "own.npz", replace(known, pipeline=odd))
    again = trained(tmp_path / "own.npz")

    assert (again.classes, again.pipeline, str(again.net)) == (tuple(names), odd, str(net))
    assert again.settings["file"] == "squeeze.npz" and again.report is None
    for name, array in net.params().items():
        np.testing.assert_array_equal(again.net.params()[name], array)


def test_names_from_a_file(squeeze, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(f"n{k:08d} thing {k}" for k in range(1000)))
    assert trained(squeeze[0], names=tmp_path / "names.txt").classes[7] == "thing 7"
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    with pytest.raises(ValueError, match="few.txt has 2 names for 1,000 classes; give one on each line"):
        trained(squeeze[0], names=tmp_path / "few.txt")
    with pytest.raises(FileNotFoundError, match="there is no file .*none.txt; give a text file"):
        trained(squeeze[0], names=tmp_path / "none.txt")


def test_a_batch_that_was_prepared_otherwise_is_named():
    """A photograph from 0 to 255, for a network that expects it minus a mean, over a deviation; noise says nothing."""
    known = trained("cifar_alexnet")
    x = known.pipeline.test(read_picture(sample_picture()))[None]
    right = known.net.probabilities(x)

    np.testing.assert_array_equal(known.probabilities(x), right)       # warnings are errors here
    known.probabilities(np.random.default_rng(0).standard_normal(x.shape).astype(np.float32))
    pixels = x * known.pipeline.deviation[:, None, None] + known.pipeline.mean[:, None, None]
    with pytest.warns(UserWarning, match="expects"):
        known.probabilities(pixels.astype(np.float32))


def test_names_of_a_shipped_network_can_be_others():
    known = trained("cifar_alexnet", names=list("abcdefghij"))
    assert known.classes == tuple("abcdefghij") == tuple(known.settings["classes"])


def test_a_network_alone_is_known_by_its_layers(tmp_path):
    net = filled("lenet5")
    net.save(tmp_path / "lenet.npz")
    known = trained(tmp_path / "lenet.npz")
    assert (known.settings["net"], known.pipeline) == ("lenet5", PREPARED["lenet5"])

    other = npnet.without(net, "tanh1")
    other.save(tmp_path / "other.npz")
    with pytest.raises(ValueError, match="other.npz holds a network alone, .* name the version that it was trained as"):
        trained(tmp_path / "other.npz")
    assert trained(tmp_path / "other.npz", net="lenet5").pipeline == PREPARED["lenet5"]


def test_arrays_that_fit_several_versions_need_a_name():
    """The paper's network, Caffe's and two others have the same arrays, and differ in LRN, pooling and pictures."""
    shapes = plan_of_version("krizhevsky2012", 2).modules
    nothing = {f"{module}.{role}": np.broadcast_to(np.float32(0), shape) for module, roles in shapes.items()
               for role, shape in roles.items()}
    with pytest.raises(ValueError, match="alex.npz fit krizhevsky2012, original, pool_first, caffe, .* say which one"):
        network_for(Stored("alex.npz", "NumPy (.npz)", nothing, "npnet"), None, None)


def test_a_network_that_is_no_version_is_built_and_filled(tmp_path):
    net, other = (npnet.Network((3, 9, 9), seed, conv1=npnet.Conv2D(2, 3), flatten=npnet.Flatten(), fc=npnet.Dense(4))
                  for seed in (1, 2))
    arrays.write_npz(tmp_path / "own.npz", net)
    with pytest.raises(ValueError, match="no network of npnet has the arrays of .*own.npz .*; build the network of npnet's layers"):
        trained(tmp_path / "own.npz")
    mapped(stored(tmp_path / "own.npz"), other).fill(other)
    np.testing.assert_array_equal(other["fc"].w, net["fc"].w)


@pytest.mark.parametrize("content, words", [
    (b"<!DOCTYPE html><html>no such file", "is a web page, which a server sent in place of the file"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab", "is a pointer of Git LFS"),
    (b"\x1f\x8b" + bytes(300), "is an archive; unpack it"),
    (b'name: "x"\nlayer {\n name: "conv1"\n}\n', "describes a network and holds no weights; give the weights, and this"),
    (b"hello", "is no file of weights that npnet knows"), (b"hell", "is no file of weights that npnet knows")])
def test_what_is_no_file_of_weights(tmp_path, content, words):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"weights.pth {words}.*npnet reads .npz, .safetensors, .pth"):
        stored(path)


@pytest.mark.parametrize("head, module", [
    (b"\x89HDF\r\n\x1a\n", "caffe_h5"), (b"\x80\x02\x8a\nl\xfc\x9c", "pytorch"),
    (b"\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":", "arrays"), (b"PK\3\4" + bytes(22) + b"\x0c\0conv1.w.npy", "arrays"),
    (b"PK\3\4" + bytes(26) + b"alexnet/data.pkl", "pytorch"), (b"\x08\x07\x12\x07pytorch", "onnx")])
def test_a_format_is_known_by_its_first_bytes(tmp_path, head, module):
    path = tmp_path / "any.name"
    path.write_bytes(head)
    assert format_of(path, head) == module


def test_what_cannot_be_asked_for(squeeze, tmp_path):
    path, net = squeeze
    with pytest.raises(ValueError, match="no network is called 'squeezenet'; did you mean squeezenet1_0 or squeezenet1_1[?]"):
        trained(path, net="squeezenet")
    with pytest.raises(ValueError, match="give net or prototxt, not both"):
        trained(path, net="caffe", prototxt=tmp_path / "deploy.prototxt")
    np.save(tmp_path / "mean.npy", np.full((3, 256, 256), 110, np.float32))
    with pytest.raises(ValueError, match="mean.npy is subtracted from pixels from 0 to 255, and squeezenet1_1 reads .* leave mean out"):
        trained(path, mean=tmp_path / "mean.npy")
    with pytest.raises(ValueError, match="is a file of npnet's own, .* leave prototxt and mean out"):
        trained("cifar_alexnet", mean=tmp_path / "mean.binaryproto")
    with pytest.raises(ValueError, match="cifar_alexnet.npz says itself how its pictures are prepared; leave net out"):
        trained("cifar_alexnet", net="lenet5")
    arrays.write_npz(tmp_path / "quick.npz", filled("cifar10_quick"))
    with pytest.raises(ValueError, match="quick.npz holds weights that cifar10_full has no place for: ip2.weight; name"):
        trained(tmp_path / "quick.npz", net="cifar10_full")
    with pytest.raises(ValueError, match="squeeze.npz does not fit this network"):
        trained(path, net="lenet5")


def test_files_of_npnets_own_fill_other_networks_too(tmp_path):
    net, other = filled("lenet5"), npnet.model("lenet5", classes=7)
    net.save(tmp_path / "lenet.npz")
    found = stored(tmp_path / "lenet.npz")
    mapping = mapped(found, other)
    mapping.fill(other, partial=True)

    assert (found.format, found.layout, list(found.arrays)) == ("npnet", "npnet", list(net.params()))
    assert stored(SHIPPED / "cifar_alexnet.npz").format.startswith("npnet")
    assert "the file has 10 classes, this network 7" in str(mapping)
    np.testing.assert_array_equal(other["conv3"].w, net["conv3"].w)


def test_a_version_that_only_shapes_tell_is_a_note(tmp_path):
    """LeNet-5 of many people has ReLU and max-pooling; arrays do not say it."""
    own = arrays.state_dict(filled("lenet5"))
    modules = list(dict.fromkeys(name.partition(".")[0] for name in own))
    strange = {f"layer{modules.index(module)}.{role}": own[f"{module}.{role}"] for module in modules for role in ("weight", "bias")}
    for given, noted in ((own, False), (strange, True)):
        np.savez(tmp_path / "le.npz", **given)
        known = trained(tmp_path / "le.npz")

        assert known.settings["net"] == "lenet5"
        assert any("activations, pooling and pictures are supposed" in note for note in known.report.notes) == noted


def test_weights_for_training_alone_are_a_note(tmp_path):
    """A second output, which the description has and the network does not."""
    aux = caffe_layer("aux", "InnerProduct", "data", "aux", np.ones((2, 768), np.float32), options=field(117, field(1, 2)))
    (tmp_path / "two.caffemodel").write_bytes(aux + caffemodels()[0])
    known = trained(tmp_path / "two.caffemodel")

    assert "aux" not in known.net.layers and known.report.left_over == ["aux/0"]
    assert "weights of the file that the network has no place for: aux/0" in known.settings["notes"]


def test_a_name_that_was_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="squeezenet is not on this computer yet: npnet weights get squeezenet"):
        trained("squeezenet")
    with pytest.raises(FileNotFoundError, match="it ships cifar_alexnet, and fetches squeezenet, alexnet"):
        trained("nothing-of-the-kind")
    with pytest.raises(FileNotFoundError, match="there is no file sqeezenet, .* did you mean squeezenet"):
        trained("sqeezenet")


def test_a_fetched_file_of_caffe_s_describes_its_network_itself(monkeypatch, tmp_path):
    """CaffeNet pools first, as pool_first, but its LRN and its pictures are Caffe's: no version of npnet's is that."""
    monkeypatch.setenv("NPNET_HOME", str(tmp_path))
    content, entry = caffemodels()[0], fetching.KNOWN["caffenet"]
    part = Part(entry.file, ("http://localhost/",), "sha1:" + hashlib.sha1(content).hexdigest())
    monkeypatch.setitem(fetching.KNOWN, "caffenet", replace(entry, parts=(part,)))
    entry.folder.mkdir(parents=True)
    (entry.folder / entry.file).write_bytes(content)
    known = trained("caffenet")

    assert known.name == "caffenet" and list(known.net.layers) == ["conv1", "relu1", "pool1", "flatten", "ip2"]
    assert known.pipeline.order == "BGR"


@pytest.mark.parametrize("version", ["lenet5", "squeezenet1_1", "cifar10_quick", "cifar_alexnet"])
def test_versions_are_recognised_whatever_their_classes_and_first_weights(version):
    assert version_of(npnet.model(version, classes=3, init="he")) == version
    assert version_of(npnet.without(npnet.model(version), "pool1")) is None


def test_torchvisions_squeezenet1_0_reads_torchvisions_pictures(tmp_path):
    net = npnet.replace(npnet.model("squeezenet1_0"), "conv10", npnet.Conv2D(1000, 1))
    arrays.write_npz(tmp_path / "theirs.npz", net)
    known = trained(tmp_path / "theirs.npz")

    assert known.net["conv10"].pad == 0 and "does not pad conv10" in str(known.report)
    assert (known.pipeline.order, known.pipeline.scale, known.pipeline.size) == ("RGB", "0-1", 227)


@pytest.mark.reference
class TestRealFiles:
    def test_caffenet_without_a_mean_gets_caffes(self, reference):
        """It is no version of npnet's: its LRN is Caffe's, pool_first's is the paper's."""
        description = prototxt.read(reference / "caffe" / "bvlc_caffenet_deploy.prototxt").layers
        net, _ = network_of(description)
        pipeline, notes = pipeline_of(net, version_of(net), description, None)

        assert version_of(net) is None and pipeline == PREPARED["caffe"]
        assert notes == ["nobody says how its pictures are prepared; those of the version caffe are supposed, as of other "
                         "networks for ImageNet in Caffe"]

    def test_squeezenet_knows_a_photograph(self, reference):
        known = trained(reference / "squeezenet" / "compressed_SqueezeNet.net", names=reference / "caffe" / "synset_words.txt")
        x = known.pipeline.test(read_picture(sample_picture()))[None]

        assert (known.settings["net"], known.settings["format"]) == ("squeezenet1_0", "Deep Compression")
        assert known.pipeline == PREPARED["caffe"]
        assert known.classes[1] == "goldfish, Carassius auratus"
        assert known.classes[known.net.probabilities(x).argmax()].startswith("bow tie")

    def test_a_fetched_network_has_its_name(self, reference, monkeypatch, tmp_path):
        monkeypatch.setenv("NPNET_HOME", str(tmp_path))
        entry = fetching.KNOWN["squeezenet"]
        entry.folder.mkdir(parents=True)
        (entry.folder / entry.file).write_bytes((reference / "squeezenet" / entry.file).read_bytes())

        known = trained("squeezenet")
        assert (known.name, known.settings["net"], known.classes[1]) == ("squeezenet", "squeezenet1_0", "class 1")

    @pytest.mark.parametrize("file, version", [("cifar10_full_iter_70000.caffemodel", "cifar10_full"),
                                               ("cifar10_full_iter_100000.caffemodel.h5", "cifar10_full"),
                                               ("cifar10_quick_iter_4000.caffemodel", "cifar10_quick"),
                                               ("cifar10_quick_iter_5000.caffemodel.h5", "cifar10_quick")])
    def test_caffes_files_by_their_names_or_descriptions(self, reference, file, version):
        folder = reference / "caffe_cifar10"
        alone = trained(folder / file)
        whole = trained(folder / file, prototxt=folder / f"{version}.prototxt", mean=folder / "mean.binaryproto")

        assert alone.settings["net"] == whole.settings["net"] == version
        assert whole.pipeline.order == "RGB" and whole.pipeline.mean.shape == (3, 32, 32)
        assert whole.classes[3] == "cat"
        for name, array in alone.net.params().items():
            np.testing.assert_array_equal(array, whole.net.params()[name])

    @pytest.mark.parametrize("file", ["cifar10_full_iter_70000.caffemodel", "cifar10_full_iter_100000.caffemodel.h5"])
    def test_a_training_s_description_needs_no_size_of_pictures(self, reference, file):
        folder = reference / "caffe_cifar10"
        known = trained(folder / file, prototxt=folder / "cifar10_full_train_test.prototxt")
        assert known.settings["net"] == "cifar10_full" and "3 x 32 x 32 is supposed, which fits its weights" in str(known.report)

    def test_a_hidden_layer_is_not_taken_for_the_classes(self, reference):
        folder = reference / "caffe_cifar10"
        with pytest.raises(ValueError, match="layers that this network does not have .ip2., so it is of another network") as caught:
            trained(folder / "cifar10_quick_iter_5000.caffemodel.h5", prototxt=folder / "cifar10_full.prototxt")
        assert "classes" not in str(caught.value) and str(caught.value).count("another network") == 1
        with pytest.raises(ValueError) as caught:
            trained(folder / "cifar10_quick_iter_5000.caffemodel.h5", prototxt=folder / "cifar10_full_train_test.prototxt")
        assert str(caught.value).count("cifar10_full_train_test.prototxt") == 1

    def test_lenet_divides_by_256(self, reference):
        folder = reference / "caffe_lenet"
        known = trained(folder / "lenet_iter_10000.caffemodel", prototxt=folder / "lenet.prototxt")

        assert (known.settings["net"], known.pipeline) == ("caffe_lenet", PREPARED["caffe_lenet"])
        assert known.classes == tuple("0123456789")

    def test_a_mean_picture_is_no_network(self, reference):
        with pytest.raises(ValueError, match="mean.binaryproto is a mean picture; give the weights, and this file as mean"):
            trained(reference / "caffe_cifar10" / "mean.binaryproto")

    def test_layers_that_a_file_lacks_are_named(self, reference):
        with pytest.raises(ValueError, match="nearest is .*, but it has no array for fc6.w, fc6.b, fc7.w, fc7.b"):
            trained(reference / "alexnet_conv" / "alexnet_conv_float.npz")

    def test_what_a_training_begins_with(self, reference, tmp_path):
        """A Trained that was saved is a checkpoint without an optimizer, from which npnet train can begin."""
        known = trained(reference / "caffe_lenet" / "lenet_iter_10000.caffemodel")
        save_trained(tmp_path / "lenet.npz", known)
        checkpoint = npnet.weights.read_checkpoint(tmp_path / "lenet.npz")

        assert checkpoint.about["settings"]["format"] == "Caffe (protobuf)"
        assert json.dumps(checkpoint.about["settings"]["notes"])


def test_an_empty_file_is_called_so(tmp_path):
    (tmp_path / "net.pth").touch()
    with pytest.raises(ValueError, match="net.pth is empty .0 bytes."):
        trained(tmp_path / "net.pth")
    (tmp_path / "names.txt").write_text("\n \n")
    for names, words in ((tmp_path / "names.txt", "names.txt is empty; give a text file"), (tmp_path, "is a folder; give a text")):
        with pytest.raises(ValueError, match=words):
            trained("cifar_alexnet", names=names)
    with pytest.raises(ValueError, match="is a device, not a file"):
        trained("/dev/null")


def test_the_first_layers_alone_are_enough_where_that_is_asked(tmp_path):
    """Filters of the first convolution: without its weights it is an error nevertheless."""
    net = npnet.model("lenet5", seed=3)
    first = {name: array for name, array in net.params().items() if name.startswith("conv")}
    np.savez(tmp_path / "first.npz", **first)
    np.savez(tmp_path / "rest.npz", **{name: array for name, array in net.params().items() if name not in first})
    with pytest.raises(ValueError, match="it has no array for fc"):
        trained(tmp_path / "first.npz", net="lenet5")
    known = trained(tmp_path / "first.npz", net="lenet5", partial=True)
    assert np.array_equal(known.net["conv1"].w, first["conv1.w"]) and any(name.startswith("fc") for name in known.report.missing)
    with pytest.raises(ValueError, match="it has no array for conv1.w"):
        trained(tmp_path / "rest.npz", net="lenet5", partial=True)
