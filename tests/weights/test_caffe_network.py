"""Networks from Caffe's descriptions: what each layer becomes, branches, and what is refused in one sentence."""
import numpy as np
import pytest

from npnet import Network, model
from npnet.layers import AdaptiveAvgPool, AvgPool, Concat, Conv2D, Dense, Dropout, Flatten, LRN, LRNWithin, MaxPool, ReLU
from npnet.weights.readers.caffe_network import network_of
from npnet.weights.readers.caffe_pictures import pipeline_of
from npnet.weights.readers.prototxt import parsed

INPUT = 'input: "data" input_shape { dim: 1 dim: 3 dim: 32 dim: 32 }'


def conv(name, bottom, filters=4, size=3, more="", top=None):
    return (f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{top or name}" '
            f'convolution_param {{ num_output: {filters} kernel_size: {size} {more} }} }}')


def layer(name, kind, bottom, more="", top=None):
    bottoms = " ".join(f'bottom: "{one}"' for one in bottom.split())
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{top or name}" {more} }}'


def built(*texts, given=INPUT, input_shape=None):
    return network_of(parsed("\n".join([given, *texts])), input_shape)


def expressions(net):
    return {name: repr(one) for name, one in net.layers.items()}


def test_every_layer():
    net, notes = built(
        conv("conv1", "data", 6, 5, "stride: 2 pad: 2 group: 3"), layer("relu1", "ReLU", "conv1", top="conv1"),
        layer("norm1", "LRN", "conv1", "lrn_param { local_size: 3 alpha: 0.0001 }"),
        layer("pool1", "Pooling", "norm1", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }"),
        layer("norm2", "LRN", "pool1", "lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 alpha: 5e-05 k: 2 }"),
        layer("pool2", "Pooling", "norm2", "pooling_param { pool: AVE kernel_h: 3 kernel_w: 2 stride: 1 pad: 1 }"),
        layer("pool3", "Pooling", "pool2", "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"),
        layer("norm3", "LRN", "pool3", "lrn_param { k: 2 }"),
        layer("tanh", "TanH", "norm3"), layer("sigmoid", "Sigmoid", "tanh"),
        conv("strip", "sigmoid", 5, 1, "").replace("kernel_size: 1", "kernel_h: 1 kernel_w: 3"),
        layer("fc", "InnerProduct", "strip", "inner_product_param { num_output: 7 }"),
        layer("drop", "Dropout", "fc", "dropout_param { dropout_ratio: 0.3 }", top="fc"),
        layer("fc_again", "InnerProduct", "fc", "inner_product_param { num_output: 2 }"), layer("prob", "Softmax", "fc_again"))
    wanted = dict(
        conv1=Conv2D(6, 5, stride=2, pad=2, groups=3), relu1=ReLU(), norm1=LRN(3, None, 1e-4, 0.75, "caffe"),
        pool1=MaxPool(3, 2, ceil_mode=True), norm2=LRNWithin(3, alpha=5e-5), pool2=AvgPool((3, 2), 1, 1, ceil_mode=True),
        pool3=MaxPool(2, 2), norm3=LRN(5, 2.0, 1.0, 0.75, "caffe"))
    found = expressions(net)
    assert {name: found[name] for name in wanted} == {name: repr(one) for name, one in wanted.items()}
    assert list(found)[8:] == ["tanh", "sigmoid", "strip", "flatten", "fc", "drop", "fc_again"]
    assert found["strip"] == "Conv2D(5, (1, 3))" and found["drop"] == repr(Dropout(0.3)) and net.shapes["fc_again"] == (2,)
    assert notes == ["prob (Softmax) is left out: the network ends in logits, and net.probabilities applies the softmax."]
    assert net.forward(np.ones((2, 3, 32, 32), np.float32)).shape == (2, 2)


def test_layers_of_2014_and_of_today_are_the_same_network():
    today = [conv("conv1", "data"), layer("relu1", "ReLU", "conv1", top="conv1"),
             layer("ip", "InnerProduct", "conv1", "inner_product_param { num_output: 5 }"), layer("loss", "SoftmaxWithLoss", "ip label")]
    old = "\n".join(today).replace("layer {", "layers {")
    for kind, enum in (("Convolution", "CONVOLUTION"), ("ReLU", "RELU"), ("InnerProduct", "INNER_PRODUCT"),
                       ("SoftmaxWithLoss", "SOFTMAX_LOSS")):
        old = old.replace(f'type: "{kind}"', f"type: {enum}")
    assert "layers {" in old and '"ReLU"' not in old
    labelled = INPUT + ' input: "label"'
    one, notes = built(*today, given=labelled)
    other, old_notes = built(old, given=labelled)
    assert one.architecture() == other.architecture() and notes == old_notes
    assert notes == ["loss (SoftmaxWithLoss) is left out: the network ends in logits."]


def test_global_pooling_ends_in_a_row():
    for pool, wanted in (("AVE", AdaptiveAvgPool(1)), ("MAX", MaxPool((30, 30), 1))):
        net, _ = built(conv("conv10", "data", 9), layer("pool10", "Pooling", "conv10", f"pooling_param {{ pool: {pool} global_pooling: true }}"),
                       layer("prob", "Softmax", "pool10"))
        assert expressions(net)["pool10"] == repr(wanted) and list(net.layers)[-1] == "flatten"
        assert net.shapes["flatten"] == (9,)


def fire(name, bottom, squeeze, expand):
    """A fire module as SqueezeNet's prototxt has it, its ReLUs in place."""
    return "\n".join([
        conv(f"{name}/squeeze1x1", bottom, squeeze, 1), layer(f"{name}/relu_s", "ReLU", f"{name}/squeeze1x1", top=f"{name}/squeeze1x1"),
        conv(f"{name}/expand1x1", f"{name}/squeeze1x1", expand, 1), layer(f"{name}/relu_1", "ReLU", f"{name}/expand1x1", top=f"{name}/expand1x1"),
        conv(f"{name}/expand3x3", f"{name}/squeeze1x1", expand, 3, "pad: 1"), layer(f"{name}/relu_3", "ReLU", f"{name}/expand3x3", top=f"{name}/expand3x3"),
        layer(f"{name}/concat", "Concat", f"{name}/expand1x1 {name}/expand3x3")])


def test_fire_modules():
    net, _ = built(fire("fire2", "data", 3, 8), fire("fire3", "fire2/concat", 4, 5))
    assert list(net.layers) == ["fire2_squeeze1x1", "fire2_relu_s", "fire2_concat", "fire3_squeeze1x1", "fire3_relu_s", "fire3_concat"]
    paths = net["fire2_concat"].paths
    assert isinstance(net["fire2_concat"], Concat) and [list(path) for path in paths] == [
        ["fire2_expand1x1", "fire2_relu_1"], ["fire2_expand3x3", "fire2_relu_3"]]
    assert net.shapes["fire2_concat"] == (16, 32, 32) and net.shapes["fire3_concat"] == (10, 32, 32)
    assert "fire2_concat.fire2_expand3x3.w" in net.params()
    by_hand = Network((3, 32, 32), a=Conv2D(3, 1), b=ReLU(), c=Concat([
        dict(one=Conv2D(8, 1), r=ReLU()), dict(three=Conv2D(8, 3, pad=1), s=ReLU())]))
    for ours, theirs in zip(by_hand.params().values(), net[:"fire3_squeeze1x1"].params().values(), strict=True):
        ours[...] = theirs
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    assert np.array_equal(by_hand.forward(x), net[:"fire3_squeeze1x1"].forward(x))


def pool(name, bottom, more="pool: MAX kernel_size: 3 stride: 2"):
    return layer(name, "Pooling", bottom, f"pooling_param {{ {more} }}")


def squeezenet():
    """SqueezeNet 1.0 as its authors describe it, squeezed in eight fire modules."""
    text = [conv("conv1", "data", 96, 7, "stride: 2"), layer("relu_conv1", "ReLU", "conv1", top="conv1"), pool("pool1", "conv1")]
    last = "pool1"
    for number, (squeeze, expand) in enumerate(((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)), 2):
        text.append(fire(f"fire{number}", last, squeeze, expand))
        last = f"fire{number}/concat"
        if number in (4, 8):
            text.append(pool(f"pool{number}", last))
            last = f"pool{number}"
    text += [layer("drop9", "Dropout", last, top=last), conv("conv10", last, 1000, 1, "pad: 1"), layer("relu_conv10", "ReLU", "conv10", top="conv10"),
             pool("pool10", "conv10", "pool: AVE global_pooling: true"), layer("prob", "Softmax", "pool10")]
    return text


def test_squeezenet():
    """The description builds the network of `models`: with the same arrays, in their order, it gives the same numbers."""
    net, _ = built(*squeezenet(), input_shape=(3, 63, 63))
    known = model("squeezenet1_0", size=63)
    for ours, theirs in zip(net.params().values(), known.params().values(), strict=True):
        ours[...] = theirs
    assert sum(array.size for array in net.params().values()) == 1_248_424
    x = np.random.default_rng(0).standard_normal((2, 3, 63, 63)).astype(np.float32)
    assert np.array_equal(net.forward(x), known.forward(x)) and net.shapes["flatten"] == (1000,)


def test_an_inception_module():
    """GoogLeNet's: four branches of one, two, two and two layers, the last of which pools."""
    net, _ = built(
        conv("1x1", "data", 4, 1), conv("3x3_reduce", "data", 2, 1), conv("3x3", "3x3_reduce", 5, 3, "pad: 1"),
        conv("5x5_reduce", "data", 2, 1), conv("5x5", "5x5_reduce", 6, 5, "pad: 2"), pool("pool", "data", "kernel_size: 3 stride: 1 pad: 1"),
        conv("pool_proj", "pool", 7, 1), layer("inception/output", "Concat", "1x1 3x3 5x5 pool_proj"))
    inception = net["inception_output"]
    assert [list(path) for path in inception.paths] == [["1x1"], ["3x3_reduce", "3x3"], ["5x5_reduce", "5x5"], ["pool", "pool_proj"]]
    assert repr(inception.paths[3]["pool"]) == repr(MaxPool(3, 1, 1, ceil_mode=True)) and net.shapes["inception_output"] == (22, 32, 32)


def test_branches_in_branches_and_an_empty_one():
    """in -> (a -> (b | c) ; in), the last branch being the input itself."""
    net, _ = built(conv("a", "data", 2, 1), conv("b", "a", 3, 1), conv("c", "a", 4, 1), layer("inner", "Concat", "b c"),
                   layer("outer", "Concat", "inner data"), layer("last", "ReLU", "outer"))
    outer = net["outer"]
    assert list(outer.paths[0]) == ["a", "inner"] and outer.paths[1] == {} and net.shapes["last"] == (10, 32, 32)
    assert [list(path) for path in outer.paths[0]["inner"].paths] == [["b"], ["c"]]
    x = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    assert np.array_equal(net.forward(x)[:, 7:], np.maximum(x, 0))


def test_split_and_a_concat_of_one_only_hand_on():
    text = ('layer { name: "split" type: "Split" bottom: "data" top: "one" top: "two" }', conv("a", "one"), conv("b", "two"),
            layer("join", "Concat", "a b"), layer("alone", "Concat", "join"), conv("end", "alone"))
    net, _ = built(*text)
    assert list(net.layers) == ["join", "end"] and net.shapes["join"] == (8, 30, 30)


def test_training_alone_is_left_out():
    text = ('layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { crop_size: 32 } }',
            'layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { crop_size: 24 } }',
            conv("conv1", "data"),
            layer("noise", "Dropout", "conv1", "include { phase: TRAIN }", top="conv1"),
            layer("stage", "ReLU", "conv1", 'include { stage: "deploy" }', top="conv1"),
            layer("relu", "ReLU", "conv1", "include { phase: TEST min_level: 0 } exclude { phase: TRAIN }", top="conv1"),
            layer("ip", "InnerProduct", "conv1", "inner_product_param { num_output: 5 }"),
            layer("accuracy", "Accuracy", "ip label", "include { phase: TEST }"), layer("loss", "SoftmaxWithLoss", "ip label"))
    net, _ = built(*text, given="")
    assert list(net.layers) == ["conv1", "relu", "flatten", "ip"] and net.input_shape == (3, 24, 24)
    assert built(*text, given="", input_shape=(1, 16, 20))[0].input_shape == (1, 16, 20)


def test_other_answers_are_left_out_with_a_note():
    text = [conv("a", "data"), layer("side", "InnerProduct", "a", "inner_product_param { num_output: 5 }"), layer("loss1", "SoftmaxWithLoss", "side label"),
            conv("b", "a"), layer("ip", "InnerProduct", "b", "inner_product_param { num_output: 5 }"), layer("loss2", "SoftmaxWithLoss", "ip label")]
    net, notes = built(*text, given=INPUT + ' input: "label"')
    assert list(net.layers) == ["a", "b", "flatten", "ip"]
    assert "The answer is taken to be that of ip; 1 layers that lead to other outputs are left out, side" in notes[-1]


@pytest.mark.parametrize("given", [
    'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 9', 'input: "data" input_shape { dim: [1, 3, 8, 9] }',
    'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 9 } } }'])
def test_input_shapes(given):
    assert built(conv("a", "data"), given=given)[0].input_shape == (3, 8, 9)


def test_rows_of_numbers():
    net, _ = built(layer("ip", "InnerProduct", "data", "inner_product_param { num_output: 5 }"), given='input: "data" input_dim: 1 input_dim: 20')
    assert net.input_shape == (20,) and list(net.layers) == ["ip"]
    assert repr(net["ip"]) == repr(Dense(5))


IP = "inner_product_param { num_output: 5"


@pytest.mark.parametrize("texts, words", [
    ([conv("conv1", "data", more="dilation: 2")], r"layer conv1 \(Convolution\): its dilation is 2; npnet builds it with dilation=1"),
    ([conv("conv1", "data", more="stride_h: 2 stride_w: 1")], "its stride is 2 for rows and 1 for columns; npnet has one stride"),
    ([conv("conv1", "data", more="pad: 1 pad: 0")], "its pad is 1 for rows and 0 for columns"),
    ([conv("conv1", "data", more="group: 2")], "its 2 groups must divide 3 channels and 4 filters"),
    ([conv("conv1", "data", filters=0)], "its num_output must be at least 1, got 0"),
    ([conv("conv1", "data", filters=10 ** 12)], r"parameters and makes .* npnet builds up to 200,000,000"),
    ([conv("conv1", "data", more="pad: 1000000000")], "npnet builds up to 200,000,000"),
    ([conv("conv1", "data", size=40)], r"layer conv1 \(Convolution\): a window of 40 x 40 does not fit into 32 x 32"),
    ([conv("conv1", "data", more="stride: 0")], "stride must be a whole number of at least 1"),
    ([conv("conv1", "data", size="3 kernel_size: 3 kernel_size: 3")], "its kernel_size must be one number or two"),
    ([layer("up", "Deconvolution", "data")], r"layer up \(Deconvolution\): npnet builds no such layer, only Convolution, Pooling"),
    ([layer("bn", "BatchNorm", "data")], r"layer bn \(BatchNorm\): npnet builds no such layer"),
    ([conv("a", "data"), conv("b", "data"), layer("sum", "Eltwise", "a b")], r"layer sum \(Eltwise\): it reads 2 blobs; in npnet, branches meet in a Concat"),
    ([layer("relu", "ReLU", "data", "relu_param { negative_slope: 0.1 }")], "its negative_slope is 0.1; npnet builds it with negative_slope=0"),
    ([layer("pool", "Pooling", "data", "pooling_param { pool: STOCHASTIC kernel_size: 2 }")], "it pools by STOCHASTIC"),
    ([layer("pool", "Pooling", "data", "pooling_param { kernel_size: 1 stride: 2 }")], "its windows of 1 with stride 2 go beyond 32 pixels"),
    ([layer("ip", "InnerProduct", "data", IP + " axis: 2 }")], "its axis is 2"),
    ([layer("ip", "InnerProduct", "data", IP + " transpose: true }")], "its transpose is True"),
    ([layer("ip", "InnerProduct", "data", IP + " }"), conv("late", "ip")], r"layer late \(Convolution\): it needs maps \(C, H, W\), but its input is \(5,\)"),
    ([conv("a", "data"), conv("b", "data"), layer("join", "Concat", "a b", "concat_param { axis: 2 }")], "it joins along axis 2; npnet's Concat joins channels"),
    ([conv("a", "data"), conv("b", "data", size=5), layer("join", "Concat", "a b")], r"layer join \(Concat\): its branches make maps of 2 sizes, 4 x 30 x 30 and 4 x 28 x 28"),
    ([conv("a", "data"), conv("b", "a"), conv("c", "a"), conv("d", "data"), layer("one", "Concat", "b d"), layer("two", "Concat", "one c")],
     r"layer a \(Convolution\): it feeds branches that do not all meet in the same Concat"),
    ([conv("a/b", "data"), conv("a_b", "a/b")], r"layer a_b \(Convolution\): another layer is called a_b in npnet, too"),
    ([conv("a", "elsewhere")], r"layer a \(Convolution\): it reads elsewhere, which no layer before it makes"),
    ([layer("loss", "SoftmaxWithLoss", "data data")], "no layer that npnet could build, only data and losses"),
    ([layer("norm", "LRN", "data", "lrn_param { local_size: 4 }")], "norm: n=4 must be odd"),
    ([layer("drop", "Dropout", "data", "dropout_param { dropout_ratio: 1 }")], "drop: p_drop must lie between 0 and 1"),
    (['layers { layer { name: "conv1" } }'], "written by Caffe of 2013"),
])
def test_what_npnet_cannot_build_is_one_sentence(texts, words):
    with pytest.raises(ValueError, match=words) as error:
        built(*texts)
    assert "\n" not in str(error.value)


def test_what_does_not_say_enough():
    with pytest.raises(ValueError, match="does not say how large its pictures are, .* give the deploy.prototxt"):
        built(conv("a", "data"), given='input: "data"')
    with pytest.raises(ValueError, match=r"its input has the shape \[1, 3, 8\]"):
        built(conv("a", "data"), given='input: "data" input_shape { dim: [1, 3, 8] }')
    with pytest.raises(TypeError, match="a description is the dictionary"):
        network_of("deploy.prototxt")


def test_many_layers_and_deep_branches_have_a_limit():
    with pytest.raises(ValueError, match="it has 2,001 layers, .* networks of up to 2,000 layers"):
        built(*[layer(f"r{n}", "ReLU", "data", top="data") for n in range(2001)])
    with pytest.raises(ValueError, match="it has 1 layers, which read 5,001 blobs"):
        built(layer("join", "Concat", "data " * 5001))
    deep, inner = [], "data"
    for n in range(20):
        deep.append(conv(f"c{n}", inner, 1, 1))
        inner = f"c{n}"
    for n in reversed(range(20)):
        deep.append(layer(f"j{n}", "Concat", f"{inner} {f'c{n - 1}' if n else 'data'}"))
        inner = f"j{n}"
    with pytest.raises(ValueError, match="more than 16 Concats in Concats"):
        built(*deep)


def test_the_weights_in_the_file_must_be_the_description_s():
    description = parsed("\n".join([INPUT, conv("conv1", "data")]))
    description["layer"][0]["blobs"] = [[4, 3, 3, 3], [4]]
    assert network_of(description)[0].params()["conv1.w"].shape == (4, 3, 3, 3)
    description["layer"][0]["convolution_param"]["num_output"] = 8
    with pytest.raises(ValueError, match="its weights in the file are 4 x 3 x 3 x 3, but .* must be 8 x 3 x 3 x 3"):
        network_of(description)


# ---------------------------------------------------------------------------- the pipeline

def data(transform):
    return parsed(f'name: "net" layer {{ name: "data" type: "Data" top: "data" transform_param {{ {transform} }} }}')


def test_means_by_channel_are_blue_first():
    pipeline, notes = pipeline_of(data("crop_size: 227 mean_value: 104 mean_value: 117 mean_value: 123"), (3, 227, 227))
    assert (pipeline.size, pipeline.shorter, pipeline.order) == (227, 256, "BGR")
    assert pipeline.mean.tolist() == [123, 117, 104] and notes == ["Blue is supposed to come first (BGR), as in Caffe's tools that read photographs."]
    picture = np.full((256, 256, 3), (10, 20, 30), np.uint8)
    assert pipeline.test(picture)[:, 0, 0].tolist() == [30 - 104, 20 - 117, 10 - 123]
    red, notes = pipeline_of(data("mean_value: 104 mean_value: 117 mean_value: 123"), (3, 227, 227), order="RGB")
    assert red.mean.tolist() == [104, 117, 123] and not notes
    assert pipeline_of(data("mean_value: 128"), (3, 64, 64))[0].mean.tolist() == [128]


def test_scale_and_mean_pictures():
    mean = np.arange(3 * 40 * 40, dtype=np.float32).reshape(3, 40, 40) / 50
    pipeline, notes = pipeline_of(data("scale: 0.0078125"), (3, 32, 32), mean, order="BGR")
    assert notes == ["Pictures are brought to 40 x 40, the size of the mean picture; the network gets the middle 32 x 32 of them."]
    assert pipeline.deviation == 128 and pipeline.shorter == 40 and np.array_equal(pipeline.mean, mean[::-1])
    small, notes = pipeline_of(data(""), (3, 48, 48), mean)
    assert np.allclose(small.mean, mean.mean(axis=(1, 2))[::-1]) and "40 x 40 does not cover pictures of 48 x 48" in notes[-1]
    for wrong, words in ((mean[:1], "with the 3 channels"), (mean[0], "must be .C, H, W."),
                         (np.zeros((3, 65, 65)), "it is 65 x 65, but the network reads 32 x 32")):
        with pytest.raises(ValueError, match=words):
            pipeline_of(data(""), (3, 32, 32), wrong)
    with pytest.raises(ValueError, match="multiplied by 0.0, which must be above 0"):
        pipeline_of(data("scale: 0"), (3, 32, 32))
    with pytest.raises(ValueError, match="square inputs"):
        pipeline_of(data(""), (3, 32, 40))


def test_flatten_s_name_is_not_taken_twice():
    net, _ = built(layer("flatten", "Flatten", "data"), layer("ip", "InnerProduct", "flatten", IP + " }"))
    assert list(net.layers) == ["flatten", "ip"] and isinstance(net["flatten"], Flatten)
