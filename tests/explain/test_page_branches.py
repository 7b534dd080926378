"""The page of networks with paths side by side, of networks that leave convolutions to it, and what it lays over the photograph."""
import numpy as np
import pytest

import npnet
from networks import branched, moved, small, walked
from npnet import Conv2D, Flatten, Network, Softmax
from npnet.data import read_picture, sample_picture
from npnet.explain import insight
from npnet.explain.page import back, data, write
from npnet.explain.page.data import page_data
from npnet.explain.page.rows import rows_of
from npnet.explain.walk import Explain
from npnet.weights.prepared import pipeline_for
from test_page import Opened, chromium, numpy_row                       # noqa: F401
from test_page_data import unpacked


@pytest.fixture(autouse=True)
def numpy_only(numpy_row):                                              # noqa: F811
    """Nothing here needs to be compiled."""
    npnet.use("numpy")


@pytest.fixture
def left_to_page(monkeypatch):
    """Every network is as one whose outputs have no room in the page."""
    monkeypatch.setattr(data, "OUTPUTS", 0)
    monkeypatch.setattr(back, "SMALL", 100)


def photographed(net, random):
    """A walk of the sample photograph through a network with filters of few values, as Deep Compression has them."""
    for name, array in moved(net, random).params().items():
        array[...] = np.round(array * 8) / 8 if name.endswith(".w") else array
    picture = read_picture(sample_picture())
    x = pipeline_for(None, net.input_shape).test(picture)[None] / 100
    return Explain(net, x.astype(net.dtype), list("abcde"), "few.npz", picture)


# ------------------------------------------------------------------------------- what goes in

def test_layers_know_whose_outputs_they_get(random):
    explain = walked(branched(), random)
    rows = rows_of(explain)
    names = {row.step.facts.name: place for place, row in enumerate(rows)}
    assert rows[names["conv1"]].sources == [-1] and rows[names["fire2.one"]].sources == [names["relu2"]]
    assert rows[names["fire2"]].sources == [names["fire2.relu_one"], names["fire2.tanh"], names["relu2"]]
    assert rows[names["fire3.most"]].sources == [names["fire2"]] and rows[names["drop4"]].sources == [names["fire3"]]
    three = rows[names["fire3.three"]]
    assert eval(three.call, {"net": explain.net}) is three.step.layer and three.inside == (("fire3", 1),)


def test_gradients_inside_are_those_of_the_paths(random):
    explain = walked(branched(), random)
    sent = back.with_inside(explain, insight.gradients(explain, explain.best(1)[0].label))
    whole = sent.outputs["fire3"]
    np.testing.assert_array_equal(sent.outputs["fire3.relu_one"], whole[:, :4])
    np.testing.assert_array_equal(sent.outputs["fire3.tanh"], whole[:, 4:12])
    step = explain["fire3.three"]
    assert sent.outputs["fire3.three"].shape == step.y.shape and np.abs(sent.outputs["fire3.three"]).max() > 0


def test_filters_of_few_values_are_exact(random):
    net = Network((3, 20, 20), conv1=Conv2D(40, 5), flatten=Flatten())
    net["conv1"].w[...] = random.integers(-3, 4, net["conv1"].w.shape) / 7
    facts, texts = page_data(walked(net, random))
    layer = facts["layers"][0]
    assert layer["bits"] == 32 and layer["off"] == 0 and layer["w"]["kind"] == "u1"
    values = np.array(layer["w"]["table"])[unpacked(layer["w"], texts)]
    np.testing.assert_array_equal(values.astype(np.float32), net["conv1"].w)


def test_outputs_without_room_are_left_to_the_page(random, left_to_page):
    explain = walked(branched(), random)
    facts, texts = page_data(explain)
    layers = {layer["name"]: layer for layer in facts["layers"]}
    assert "array" not in layers["conv1"] and layers["conv1"]["bits"] == 32 and not facts["left_out"]
    assert layers["conv1"].get("back") is None and layers["relu4"]["back"] is not None
    np.testing.assert_array_equal(unpacked(layers["conv1"]["w"], texts), explain.net["conv1"].w)


def test_what_is_laid_over_the_photograph(random):
    explain = walked(branched(), random)
    facts, texts = page_data(explain)
    views = {view["name"]: view for view in facts["attention"]["views"]}
    assert list(views) == ["saliency", "gradcam"]
    for name, function in (("saliency", insight.saliency), ("gradcam", insight.grad_cam)):
        view, label = views[name], explain.best(1)[0].label
        expected = function(explain.net, explain.x, label)
        kept = unpacked(view["maps"], texts)[0] * view["maps"]["scales"][0]
        np.testing.assert_allclose(kept, expected, atol=expected.max() / 500)
        assert "does not show" in view["hides"]["en"][0] and view["hides"]["ko"][0]


@pytest.mark.parametrize("net", [lambda: Network((3, 9, 9), conv1=Conv2D(4, 3)), lambda: Network((7,), fc1=npnet.Dense(3))],
                         ids=["maps", "numbers"])
def test_nothing_is_laid_over_where_there_is_no_picture_or_no_class(net, random):
    assert page_data(walked(net(), random))[0]["attention"] is None


def test_a_softmax_at_the_end_takes_nothing_away(random):
    net = Network((3, 9, 9), conv1=Conv2D(4, 3, init="he"), flatten=Flatten(), fc2=npnet.Dense(5), softmax=Softmax())
    facts, _ = page_data(walked(net, random))
    assert len(facts["attention"]["views"]) == 2 and facts["backward"]["classes"]


# ------------------------------------------------------------------------------- in the browser

@pytest.mark.browser
def test_a_page_computes_convolutions_and_gradients(chromium, tmp_path, random, left_to_page):      # noqa: F811
    explain = photographed(branched(), random)
    write(explain, tmp_path / "a.html")
    sent = back.with_inside(explain, insight.gradients(explain, explain.best(1)[0].label))
    assert np.abs(sent.outputs["conv1"]).max() > 0
    opened = Opened(chromium, tmp_path / "a.html")
    for index, row in enumerate(rows_of(explain)):
        name, y = row.step.facts.name, row.step.y.reshape(-1)
        shown = opened.page.evaluate("async index => Array.from((await outputOf(index)).data)", index)
        np.testing.assert_allclose(shown, y, rtol=1e-4, atol=1e-5 * np.abs(y).max(), err_msg=name)
        dy = sent.outputs[name].reshape(-1)
        made = opened.page.evaluate("async ([index, size]) => { const dy = await gradientOf(index);"
                                    " return dy && Array.from({length: size}, (_, i) => dy(i)); }", [index, dy.size])
        if name not in ("fire2.most", "fire3.most"):                    # what is read by a tanh has no room and no way
            assert made is not None, name
        if made is not None:
            np.testing.assert_allclose(made, dy, atol=2e-2 * np.abs(dy).max() + 1e-12, err_msg=name)
    opened.layer("fire2.three")
    opened.point(2, 3)
    assert opened.page.locator("#exact").count() == 0
    expected = explain["fire2.three"].y[0, opened.page.evaluate("state.k"), 2, 3]
    np.testing.assert_allclose(opened.number("computed"), expected, rtol=1e-4)
    opened.close()


@pytest.mark.browser
def test_a_concat_leads_to_its_path(chromium, tmp_path, random):        # noqa: F811
    write(photographed(branched(), random), tmp_path / "a.html")
    opened = Opened(chromium, tmp_path / "a.html")
    opened.layer("fire3")
    opened.page.evaluate("chooseMap(6)")
    assert "channel 6 is channel 2 of its last layer, tanh" in opened.page.locator("#window").inner_text()
    opened.page.locator("#follow").click()
    opened.page.locator("#window", has_text="y[0,2,").wait_for()
    assert opened.page.locator("#layer-name").inner_text() == "fire3.tanh"
    assert "path 2 of the 3 of fire3" in opened.page.locator("#layer-what").inner_text()
    assert 'net["fire3"].paths[1]["tanh"].forward(x)' in opened.page.locator("#code").inner_text()
    opened.layer("fire3")
    opened.page.evaluate("chooseMap(15)")
    assert "which has no layer" in opened.page.locator("#window").inner_text()
    opened.close()


@pytest.mark.browser
def test_the_trail_follows_the_path_that_sees_most(chromium, tmp_path, random):                     # noqa: F811
    write(photographed(branched(), random), tmp_path / "a.html")
    opened = Opened(chromium, tmp_path / "a.html")
    opened.layer("conv4")
    opened.page.wait_for_selector("#trail li:nth-child(12) canvas")
    names = [text.split("\n")[0] for text in opened.page.locator("#trail figcaption").all_inner_texts()]
    assert names[:4] == ["conv4", "drop4", "fire3", "fire3.tanh"] and "fire2.three" in names and names[-1] == "photograph"
    assert "follows the one that sees most" in opened.page.locator("#trail-note").inner_text()
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1280])
def test_saliency_and_grad_cam_are_switched(width, chromium, tmp_path, random):                     # noqa: F811
    write(photographed(branched(), random), tmp_path / "a.html")
    opened = Opened(chromium, tmp_path / "a.html", width=width)
    opened.page.wait_for_selector("#view-gradcam[aria-pressed=true]")
    pixels = "document.querySelector('#attention canvas').toDataURL()"
    seen = {opened.page.evaluate(pixels)}
    for button, text in (("view-saliency", "Saliency: how much"), ("looks-1", "Saliency: how much"),
                         ("view-photograph", "The photograph, as it is.")):
        opened.page.locator(f"#{button}").click()
        opened.page.wait_for_selector(f"#{button}[aria-pressed=true]")
        assert text in opened.page.locator("#attention").inner_text()
        seen.add(opened.page.evaluate(pixels))
    assert len(seen) == 4 and opened.page.locator("#class-1[aria-pressed=true]").count() == 1
    opened.page.locator("#view-gradcam").click()
    opened.page.locator("#language-ko").click()
    opened.page.locator("#attention", has_text="로짓을 키우는 곳").wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


@pytest.mark.browser
def test_the_input_stands_for_a_photograph_that_is_not_there(chromium, tmp_path, random):           # noqa: F811
    write(walked(small(), random), tmp_path / "a.html")
    opened = Opened(chromium, tmp_path / "a.html")
    opened.page.wait_for_selector("#attention canvas")
    assert opened.page.locator("#attention canvas").bounding_box()["width"] > 100
    opened.close()


@pytest.mark.browser
def test_maps_that_are_classes_have_their_names(chromium, tmp_path, random):                        # noqa: F811
    explain = photographed(branched(), random)
    write(explain, tmp_path / "a.html")
    opened, best = Opened(chromium, tmp_path / "a.html"), explain.best(1)[0]
    for name in ("conv4", "relu4", "flatten"):
        opened.layer(name)
        assert opened.page.evaluate("state.k") == best.label
        assert f"({best.name})" in opened.page.locator("#window .output").inner_text()
    y = explain["conv4"].y[0, best.label]
    opened.layer("conv4")
    assert y[tuple(opened.page.evaluate("[state.p, state.q]"))] == y.max()
    opened.layer("fire3")
    assert "(" not in opened.page.locator("#window .output").inner_text()
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_paths(scheme, chromium, tmp_path, random):                   # noqa: F811
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    write(photographed(branched(), random), tmp_path / "a.html")
    opened = Opened(chromium, tmp_path / "a.html", color_scheme=scheme, reduced_motion="reduce")
    for name in ("fire2", "fire3.three"):
        opened.layer(name)
        opened.page.wait_for_timeout(500)
        found = axe.run(opened.page).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found
                if fault["impact"] in ("serious", "critical")] == [], name
    opened.close()


@pytest.mark.browser
@pytest.mark.reference
@pytest.mark.long
def test_the_page_computes_all_of_squeezenet(reference, chromium, tmp_path):                        # noqa: F811
    known = npnet.weights.trained(reference / "squeezenet" / "compressed_SqueezeNet.net")
    picture = read_picture(sample_picture())
    explain = Explain(known.net, known.pipeline.test(picture)[None], known.classes, "squeezenet", picture,
                      known.pipeline.order)
    assert write(explain, tmp_path / "a.html") < 4_000_000
    dy = back.with_inside(explain, insight.gradients(explain, explain.best(1)[0].label)).outputs
    opened = Opened(chromium, tmp_path / "a.html")
    assert opened.page.locator("#left-out").is_hidden()
    apart = opened.page.evaluate("async () => { await outputOf(LAYERS.length - 1); return LAYERS.map(each => each.apart); }")
    computed = [each for each in apart if each is not None]
    assert max(computed) < 1e-5 and len(computed) > 60
    for name in ("conv1", "expand4.expand1x1", "squeeze8"):
        index = opened.page.evaluate("name => LAYERS.findIndex(layer => layer.name === name)", name)
        places = np.abs(dy[name].reshape(-1)).argsort()[-50:].tolist()
        made = opened.page.evaluate("async ([index, places]) => { const dy = await gradientOf(index); return places.map(dy); }",
                                    [index, places])
        np.testing.assert_allclose(made, dy[name].reshape(-1)[places], atol=2e-2 * np.abs(dy[name]).max(), err_msg=name)
    opened.close()
