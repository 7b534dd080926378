"""AlexNet and SqueezeNet 1.1 as torchvision builds them, made with PyTorch: the same probabilities in npnet through
every file that both read, and back in the module."""
import importlib

import numpy as np
import pytest

import npnet
from npnet.weights.readers import arrays
from npnet.weights.candidates import candidates, model_for
from npnet.weights.mapping import mapped

pytestmark = pytest.mark.torch
CLOSE = 1e-5                            # of a probability
CLASSES = {"torchvision": 12, "squeezenet1_0": 20, "squeezenet1_1": 20}
ENDINGS = ("pth", "safetensors", "npz")
VERSIONS = pytest.mark.parametrize("version", ["squeezenet1_1", "squeezenet1_0",
                                               pytest.param("torchvision", marks=pytest.mark.long)])


def alexnet(classes):
    """torchvision's alexnet."""
    from torch import nn
    features = nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2))
    classifier = nn.Sequential(
        nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, classes))
    return module(features=features, pool=nn.AdaptiveAvgPool2d(6), flatten=nn.Flatten(), classifier=classifier)


def module(**parts):
    """A module of named parts, one after the other."""
    from torch import nn

    class Whole(nn.Module):
        def forward(self, x):
            for part in self.children():
                x = part(x)
            return x

    whole = Whole()
    for name, part in parts.items():
        whole.add_module(name, part)
    return whole


def fire(channels, squeeze, each):
    """torchvision's fire module."""
    import torch
    from torch import nn

    class Fire(nn.Module):
        def __init__(self):
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeeze, 1)
            self.expand1x1 = nn.Conv2d(squeeze, each, 1)
            self.expand3x3 = nn.Conv2d(squeeze, each, 3, padding=1)

        def forward(self, x):
            x = self.squeeze(x).relu()
            return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)

    return Fire()


def squeezenet(classes, first, pools):
    """torchvision's squeezenet. first: conv1; pools: the fire modules that a pooling follows."""
    from torch import nn
    layers, channels = [first, nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)], first.out_channels
    for number, (squeeze, each) in enumerate([(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192),
                                              (64, 256), (64, 256)], 2):
        layers.append(fire(channels, squeeze, each))
        channels = 2 * each
        layers += [nn.MaxPool2d(3, 2, ceil_mode=True)] if number in pools else []
    classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    return module(features=nn.Sequential(*layers), classifier=classifier, flatten=nn.Flatten())


def built(version):
    """The module that npnet's version stands for, with random weights, in which no class is ever alone."""
    import torch
    from torch import nn
    torch.manual_seed(0)
    classes = CLASSES[version]
    made = {"torchvision": lambda: alexnet(classes),
            "squeezenet1_0": lambda: squeezenet(classes, nn.Conv2d(3, 96, 7, 2), (4, 8)),
            "squeezenet1_1": lambda: squeezenet(classes, nn.Conv2d(3, 64, 3, 2), (3, 5))}[version]()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter)
    return made.eval()


def probabilities(whole, x):
    """What a module says of a batch."""
    import torch
    with torch.no_grad():
        return whole(torch.from_numpy(x)).softmax(1).numpy()


def saved(whole, path):
    """The module's state_dict in a file."""
    import torch
    state = whole.state_dict()
    if path.suffix == ".pth":
        torch.save(state, path)
    elif path.suffix == ".safetensors":
        pytest.importorskip("safetensors")
        from safetensors.torch import save_file
        save_file(state, path)
    else:
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    return path


def reader(path):
    """The reader of a file's format."""
    return importlib.import_module(f"npnet.weights.readers.{'pytorch' if path.suffix == '.pth' else 'arrays'}").read


def picture(version):
    """A batch of two pictures of noise."""
    size = 227 if version == "squeezenet1_0" else 224
    return np.random.default_rng(0).standard_normal((2, 3, size, size), np.float32)


@pytest.fixture(scope="module")
def made():
    """{version: (module, batch, its probabilities)}, each made once."""
    kept = {}

    def of(version):
        if version not in kept:
            whole, x = built(version), picture(version)
            kept[version] = whole, x, probabilities(whole, x)
        return kept[version]
    return of


@pytest.mark.parametrize("ending", ENDINGS)
@VERSIONS
def test_what_pytorch_saved_gives_the_same_probabilities(tmp_path, made, version, ending, without_winograd):
    whole, x, expected = made(version)
    path = saved(whole, tmp_path / f"weights.{ending}")
    stored = reader(path)(path)
    assert candidates(stored) == [(version, CLASSES[version])]

    net, _ = model_for(stored, version)
    mapping = mapped(stored, net)
    mapping.fill(net)
    found = net.probabilities(x)

    assert mapping.fits and not mapping.left_over
    assert 0.01 < expected.std() and np.abs(found - expected).max() < CLOSE


@pytest.mark.parametrize("ending", ENDINGS[1:])
@VERSIONS
def test_what_npnet_writes_goes_into_the_module(tmp_path, version, ending, without_winograd):
    import torch
    net = npnet.model(version, classes=CLASSES[version], seed=3, init="he")
    if version == "squeezenet1_0":                                  # npnet's is Caffe's, which pads conv10
        net = npnet.replace(net, "conv10", npnet.Conv2D(CLASSES[version], 1, init="he"))
    path, x = tmp_path / f"weights.{ending}", picture(version)
    if ending == "safetensors":
        pytest.importorskip("safetensors")
        from safetensors.torch import load_file
        arrays.write_safetensors(path, net)
        state = load_file(path)
    else:
        arrays.write_npz(path, net)
        with np.load(path) as file:
            state = {name: torch.from_numpy(file[name]) for name in file}
    whole = built(version)
    whole.load_state_dict(state)                                    # strict: every name, no other

    found, expected = probabilities(whole, x), net.probabilities(x)
    assert 0.01 < expected.std() and np.abs(found - expected).max() < CLOSE


def test_batch_normalisation_goes_into_the_module_and_back(tmp_path):
    import torch
    from torch import nn
    from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, ReLU
    net = npnet.Network((3, 8, 8), conv1=Conv2D(4, 3, init="he"), norm1=BatchNorm(), relu1=ReLU(), flatten=Flatten(),
                        fc2=Dense(5, init="he"))
    x = np.random.default_rng(1).standard_normal((6, 3, 8, 8), np.float32)
    net.forward(3 * x + 1, train=True)                              # running statistics of their own
    arrays.write_npz(tmp_path / "a.npz", net)

    whole = module(conv1=nn.Conv2d(3, 4, 3), norm1=nn.BatchNorm2d(4), relu=nn.ReLU(), flatten=nn.Flatten(),
                   fc2=nn.Linear(144, 5)).eval()
    with np.load(tmp_path / "a.npz") as file:
        whole.load_state_dict({name: torch.from_numpy(file[name]) for name in file})
    expected = probabilities(whole, x)
    assert np.abs(net.probabilities(x) - expected).max() < CLOSE

    again = npnet.Network((3, 8, 8), seed=5, conv1=Conv2D(4, 3), norm1=BatchNorm(), relu1=ReLU(), flatten=Flatten(),
                          fc2=Dense(5))
    np.savez(tmp_path / "b.npz", **{name: tensor.numpy() for name, tensor in whole.state_dict().items()})
    mapped(arrays.read(tmp_path / "b.npz"), again).fill(again)
    assert np.abs(again.probabilities(x) - expected).max() < CLOSE


def test_the_file_becomes_a_network_that_knows_its_pictures(tmp_path, made):
    from npnet.weights import trained
    whole, x, expected = made("squeezenet1_1")
    known = trained(saved(whole, tmp_path / "weights.pth"))

    assert known.settings["net"] == "squeezenet1_1" and len(known.classes) == CLASSES["squeezenet1_1"]
    assert known.pipeline.scale == "0-1" and known.pipeline.order == "RGB" and known.report.fits
    assert np.abs(known.probabilities(x) - expected).max() < CLOSE
