"""The summary of a network: note 3's print line by line, the counts of the 2012 network, and odd networks."""
import json
import math

import numpy as np
import pytest

import npnet
from npnet import AvgPool, BatchNorm, Conv2D, Dense, Flatten, MaxPool, Network, ReLU
from npnet.explain.counts import Summary, summary, torchsummary
from npnet.layers import Layer

NOTE3 = """
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1           [-1, 96, 55, 55]          34,944
              ReLU-2           [-1, 96, 55, 55]               0
 LocalResponseNorm-3           [-1, 96, 55, 55]               0
         MaxPool2d-4           [-1, 96, 27, 27]               0
            Conv2d-5          [-1, 256, 27, 27]         614,656
              ReLU-6          [-1, 256, 27, 27]               0
 LocalResponseNorm-7          [-1, 256, 27, 27]               0
         MaxPool2d-8          [-1, 256, 13, 13]               0
            Conv2d-9          [-1, 384, 13, 13]         885,120
             ReLU-10          [-1, 384, 13, 13]               0
           Conv2d-11          [-1, 384, 13, 13]       1,327,488
             ReLU-12          [-1, 384, 13, 13]               0
           Conv2d-13          [-1, 256, 13, 13]         884,992
             ReLU-14          [-1, 256, 13, 13]               0
        MaxPool2d-15            [-1, 256, 6, 6]               0
AdaptiveAvgPool2d-16            [-1, 256, 6, 6]               0
           Linear-17                 [-1, 4096]      37,752,832
             ReLU-18                 [-1, 4096]               0
          Dropout-19                 [-1, 4096]               0
           Linear-20                 [-1, 4096]      16,781,312
             ReLU-21                 [-1, 4096]               0
          Dropout-22                 [-1, 4096]               0
           Linear-23                   [-1, 10]          40,970
================================================================
Total params: 58,322,314
Trainable params: 58,322,314
Non-trainable params: 0
----------------------------------------------------------------
Input size (MB): 0.59
Forward/backward pass size (MB): 14.75
Params size (MB): 222.48
Estimated Total Size (MB): 237.82
----------------------------------------------------------------
""".strip().splitlines()

PAPER = {   # layer: output, parameters, multiply-adds, connections, receptive field, its stride
    "conv1": ((96, 55, 55), 34_944, 105_415_200, 105_415_200, 11, 4),
    "pool1": ((96, 27, 27), 0, 0, 0, 19, 8),
    "conv2": ((256, 27, 27), 307_456, 223_948_800, 204_484_608, 51, 8),
    "pool2": ((256, 13, 13), 0, 0, 0, 67, 16),
    "conv3": ((384, 13, 13), 885_120, 149_520_384, 134_578_176, 99, 16),
    "conv4": ((384, 13, 13), 663_936, 112_140_288, 100_933_632, 131, 16),
    "conv5": ((256, 13, 13), 442_624, 74_760_192, 67_289_088, 163, 16),
    "pool5": ((256, 6, 6), 0, 0, 0, 195, 32),
    "fc6": ((4096,), 37_752_832, 37_748_736, 37_748_736, 227, None),
    "fc7": ((4096,), 16_781_312, 16_777_216, 16_777_216, 227, None),
    "fc8": ((1000,), 4_097_000, 4_096_000, 4_096_000, 227, None),
}


def made(*given, **options):
    """The Summary of a version; the network itself is let go."""
    npnet.use("numpy")
    return summary(npnet.model(*given, **options))


@pytest.fixture(scope="module")
def paper():
    return made("krizhevsky2012")


@pytest.fixture(scope="module")
def paper224():
    return made("krizhevsky2012", size=224)


@pytest.fixture(scope="module")
def note3():
    return made("single_tower", classes=10)


@pytest.fixture(autouse=True)
def on_numpy():
    npnet.use("numpy")


def by_name(counts):
    return {facts.name: facts for facts in counts.layers}


def words(text):
    """The text on one line, so that sentences are found wherever they were wrapped."""
    return " ".join(str(text).split())


# ------------------------------------------------------------------------------- note 3

def test_note_3_is_printed_line_by_line(note3):
    assert note3.as_torchsummary().splitlines() == NOTE3


def test_torchsummary_is_the_same_text():
    net = npnet.model("lenet5")
    text = torchsummary(net)
    assert text == summary(net).as_torchsummary()
    assert "Total params: 61,706\n" in text and "Flatten" not in text
    assert "            Conv2d-1            [-1, 6, 28, 28]             156" in text.splitlines()


def test_the_four_memory_figures_are_computed(note3):
    assert [round(size, 2) for size in note3.as_data()["torchsummary_mb"].values()] == [0.59, 14.75, 222.48, 237.82]


def test_single_tower_counts(note3):
    assert note3.total("parameters") == 58_322_314
    facts = by_name(note3)
    assert {name: facts[name].parameters for name in ("conv2", "conv4", "conv5", "fc8")} == {
        "conv2": 614_656, "conv4": 1_327_488, "conv5": 884_992, "fc8": 40_970}
    assert facts["conv2"].multiply_adds == 447_897_600 and facts["conv2"].connections == 408_969_216


# ------------------------------------------------------------------------------- the network of 2012

def test_every_layer_of_the_paper(paper):
    facts = by_name(paper)
    for name, expected in PAPER.items():
        f = facts[name]
        assert (f.shape_out, f.parameters, f.multiply_adds, f.connections, f.field[0], f.stride) == expected, name
        assert f.field[0] == f.field[1]


def test_receptive_fields_and_strides(paper):
    facts = by_name(paper)
    names = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    assert [facts[name].field[0] for name in names] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [facts[name].stride for name in names] == [4, 8, 8, 16, 16, 16, 16, 32]


def test_totals_of_the_paper(paper, paper224):
    assert paper.total("parameters") == paper224.total("parameters") == 60_965_224
    assert paper.total("multiply_adds") == paper224.total("multiply_adds") == 724_406_816
    assert paper.total("connections") == 671_322_656 and paper224.total("connections") == 670_279_808
    assert paper.neurons == 659_272


def test_published_counts_stand_beside_ours(paper):
    text = words(paper)
    for part in ("published ours", "parameters 60 million 60,965,224", "neurons 650,000 659,272",
                 "connections 630 million 671,322,656",
                 "253440-186624-64896-64896-43264-4096-4096-1000, has 253,440 for conv1, but 55x55x96 is 290,400",
                 "The list adds up to 622,312, ours to 659,272; our five convolutions alone have 650,080.",
                 "no count of ours gives 630 million", "724,406,816 multiply-adds, 665,784,864 in the convolutions "
                 "and 58,621,952 in the dense layers", "which leaves 671,322,656."):
        assert part in text


def test_at_224_windows_hang_over_the_edge(paper224):
    assert "connections 630 million 670,279,808" in words(paper224)
    assert "beyond the picture's edge, where the last windows of conv1 hang, which leaves 670,279,808." in (
        words(paper224))


def test_published_counts_are_for_the_paper_alone(note3):
    assert "published" not in str(note3)
    assert "published" not in str(made("krizhevsky2012", classes=10))


def test_the_parts_of_the_sums_are_right(paper):
    own_list = [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
    assert [facts.activations for facts in paper.layers if facts.multiply_adds] == own_list
    assert sum(own_list) == 659_272 and sum(own_list) - 290_400 + 253_440 == 622_312 and sum(own_list[:5]) == 650_080


def test_memory(paper):
    facts = by_name(paper)
    assert paper.memory()["im2col"] == facts["conv2"].columns * 4 == 96 * 25 * 27 * 27 * 4
    assert paper.memory()["parameters"] == 60_965_224 * 4
    assert paper.output_bytes(facts["flatten"]) == 0                    # a view
    assert paper.memory()["outputs"] == 4 * sum(f.activations for f in paper.layers if f.kind != "Flatten")


# ------------------------------------------------------------------------------- the table

def test_the_table_has_a_line_for_every_layer(paper):
    lines = {line.split()[0]: line.split() for line in str(paper).splitlines() if line}
    assert lines["conv2"] == "conv2 256x27x27 307,456 223,948,800 204,484,608 0.71 6.67 51 8".split()
    assert lines["norm1"] == "norm1 96x55x55 1.11 11 4".split()
    assert lines["fc8"] == "fc8 1000 4,097,000 4,096,000 4,096,000 <0.01 227".split()
    assert lines["flatten"] == "flatten 9216 227".split()
    assert lines["total"] == "total 60,965,224 724,406,816 671,322,656 7.34".split()
    assert set(by_name(paper)) <= set(lines)


@pytest.mark.parametrize("which", ["paper", "paper224", "note3"])
def test_the_screens_fit_80_columns(which, request):
    counts = request.getfixturevalue(which)
    for text in (str(counts), counts.as_torchsummary()):
        assert max(map(len, text.splitlines())) <= 80
        assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", ["lenet5", "caffe_lenet", "cifar_four_layer", "krizhevsky2012"])
def test_a_version_is_recognised_whatever_its_classes_and_first_weights(name, paper):
    if name == "krizhevsky2012":
        assert paper.version == name
        return
    assert made(name).version == made(name, classes=7, init="he").version == name
    assert str(made(name)).startswith(f"{name}: ")


def test_a_changed_network_is_no_version():
    net = npnet.model("cifar_four_layer")
    assert summary(npnet.without(net, "norm1")).version is None
    changed = npnet.replace(net, "norm1", npnet.LRN(n=3))
    assert summary(changed).version is None and str(summary(changed)).startswith("network: 3x32x32 in, 10 out, float32")


def test_data_for_json(note3):
    data = json.loads(json.dumps(note3.as_data()))
    assert data["version"] == "single_tower" and data["input_shape"] == [3, 227, 227]
    assert data["parameters"] == 58_322_314 and data["frozen"] == 0
    conv1 = data["layers"][0]
    assert (conv1["name"], conv1["shape_out"], conv1["parameters"]) == ("conv1", [96, 55, 55], 34_944)
    assert conv1["output_bytes"] == 96 * 55 * 55 * 4 and conv1["columns_bytes"] == 3 * 11 * 11 * 55 * 55 * 4


# ------------------------------------------------------------------------------- counts, counted otherwise

@pytest.mark.parametrize("layer", [Conv2D(4, 3), Conv2D(4, (3, 2), stride=2, pad=1, groups=2),
                                   Conv2D(6, 4, stride=3, ceil_mode=True), Conv2D(2, 3, pad=2)], ids=repr)
def test_connections_are_the_sum_of_a_convolution_of_ones(layer):
    net = Network((4, 8, 9), dtype=np.float64, conv=layer)
    layer.w[...], layer.b[...] = 1, 0
    facts = summary(net).layers[0]
    assert facts.connections == net.forward(np.ones((1, 4, 8, 9))).sum()
    assert facts.multiply_adds == math.prod(facts.shape_out) * layer.w[0].size


def test_receptive_field_is_where_the_gradient_arrives():
    net = Network((1, 41, 41), dtype=np.float64, conv1=Conv2D(2, 5, stride=2), pool1=AvgPool(3, 2),
                  conv2=Conv2D(2, 3, pad=1), relu2=ReLU(), pool2=AvgPool(2, 1))
    for array in net.params().values():
        array[...] = 1
    y = net.forward(np.ones((1, 1, 41, 41)))
    seen = []
    for p in (3, 4):
        dy = np.zeros_like(y)
        dy[0, 0, p, p] = 1
        rows = np.flatnonzero(net.backward(dy)[0, 0].any(axis=1))
        seen.append((rows[0], rows[-1] - rows[0] + 1))
    facts = summary(net).layers[-1]
    assert facts.field == (seen[0][1],) * 2 and seen[0][1] == seen[1][1]
    assert facts.stride == seen[1][0] - seen[0][0]


# ------------------------------------------------------------------------------- odd networks

class Doubled(Layer):
    """A student's layer that says nothing of its counts."""

    def build(self, shape, rng, dtype=np.float32):
        self.factor = np.full(shape[0], 2, dtype)
        return shape

    def forward(self, x, train=False):
        return x * self.factor.reshape(1, -1, 1, 1)

    def backward(self, dy):
        return dy * self.factor.reshape(1, -1, 1, 1)

    def params(self):
        return {"factor": self.factor}


def test_a_students_layer_without_counts():
    net = Network((3, 8, 8), conv=Conv2D(4, 3), mine=Doubled(), pool=MaxPool(2, 2), flatten=Flatten(), fc=Dense(5))
    counts = summary(net)
    mine = by_name(counts)["mine"]
    assert (mine.parameters, mine.multiply_adds, mine.connections, mine.columns) == (4, 0, 0, 0)
    assert mine.field == (3, 3) and by_name(counts)["pool"].field == (4, 4)
    assert counts.version is None and "mine    4x6x6" in str(counts)
    assert "           Doubled-2              [-1, 4, 6, 6]               4" in counts.as_torchsummary()


def test_frozen_layers_are_marked_and_counted():
    net = npnet.model("lenet5")
    net.freeze("conv1", "conv2")
    counts = summary(net)
    assert counts.frozen == 156 + 2416 and counts.total("parameters") == 61_706
    assert "conv1*" in str(counts) and "tanh1*" not in str(counts)
    assert "* frozen: 2,572 of the 61,706 parameters are not trained." in words(counts)
    assert "Trainable params: 59,134\nNon-trainable params: 2,572\n" in counts.as_torchsummary()


def test_a_network_that_sees_no_pictures():
    counts = summary(Network((12,), dtype=np.float64, fc1=Dense(8), norm1=BatchNorm(), relu1=ReLU(), fc2=Dense(3)))
    text = str(counts)
    assert text.startswith("network: 12 in, 3 out, float64\n")
    assert "im2col" not in text and "sees" not in text and "One input, 8 bytes a number" in text
    assert words(text).count("fc1 8 104 96 96 0.06") == 1                 # 64 bytes are 0.06 kB
    assert "       BatchNorm1d-2                    [-1, 8]              16" in counts.as_torchsummary()


def test_a_network_without_weights():
    counts = summary(Network((2, 4, 4), relu=ReLU(), flatten=Flatten()))
    assert isinstance(counts, Summary) and counts.total("parameters") == 0
    assert "parameters 0 B" in words(counts) and "multiply-adds" not in str(counts)
    assert "Total params: 0\n" in counts.as_torchsummary()


def test_windows_that_are_not_square():
    counts = summary(Network((1, 9, 9), conv=Conv2D(2, (3, 5))))
    assert counts.layers[0].field == (3, 5) and " 3x5 " in str(counts)
