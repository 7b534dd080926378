"""The page of a walk in a browser: clicked, pointed at, read, in both languages, by keyboard, small and dark."""
import re

import numpy as np
import pytest

import npnet
from networks import every_class, moved, walked
from npnet.data import read_picture, sample_picture
from npnet.explain.insight import gradients
from npnet.explain.page import back, write
from npnet.explain.walk import Explain
from npnet.weights.prepared import prepare

pytestmark = pytest.mark.browser
EXACT = ["relu1", "norm1", "norm2", "pool1", "within1", "tanh2", "batchnorm2", "paths2.relu_one", "paths2.most",
         "paths2.tanh", "paths2", "pool2", "pool3", "sigmoid3", "avgpool", "flatten", "batchnorm4", "drop4", "softmax"]


@pytest.fixture(scope="module")
def chromium(chromium_path):
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def numpy_row():
    """Chooses the numpy row while the pages are written: nothing need be compiled."""
    before = dict(vars(npnet.backend.ops))
    npnet.use("numpy")
    yield
    vars(npnet.backend.ops).clear()
    vars(npnet.backend.ops).update(before)


class Opened:
    """A page that is open, what it complained about and whom it asked."""

    def __init__(self, chromium, path, width=1280, **options):
        self.page = chromium.new_page(viewport={"width": width, "height": 900}, **options)
        self.complaints, self.asked = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#layer-name:not(:empty)")

    def layer(self, name):
        index = self.page.evaluate("name => LAYERS.findIndex(layer => layer.name === name)", name)
        self.page.locator(f"#strip [data-layer='{index}']").click()
        self.until(f"document.getElementById('layer-name').textContent === '{name}'")

    def until(self, condition):
        """Waits until a condition in JavaScript holds. As a function: a text would be evaluated again and again by the
        page, whose policy forbids that, so it could only hold at once."""
        self.page.wait_for_function(f"() => {condition}")

    def point(self, row, column):
        """Moves the mouse over a pixel of the large map."""
        box = self.page.locator("#map").bounding_box()
        rows, columns = self.page.evaluate("[shown.rows, shown.columns]")
        self.page.locator("#map").hover(position={"x": box["width"] * (column + 0.5) / columns,
                                                  "y": box["height"] * (row + 0.5) / rows})

    def number(self, name):
        return float(self.page.locator(f"#{name}").get_attribute("data-value"))

    def close(self):
        self.page.wait_for_timeout(400)
        self.page.close()
        assert self.complaints == []
        assert all(re.match("file:|data:", url) for url in self.asked) and self.asked


@pytest.fixture(scope="module")
def walk(tmp_path_factory, numpy_row):
    """A network with every class of layer, and its page."""
    random = np.random.default_rng(0)
    explain = walked(moved(every_class(), random), random)
    path = tmp_path_factory.mktemp("page") / "every.html"
    write(explain, path)
    return explain, path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory, numpy_row):
    """The shipped network with a photograph, and its page."""
    picture, known = read_picture(sample_picture()), npnet.weights.trained("cifar_alexnet")
    x = known.pipeline.test(picture)[None]
    path = tmp_path_factory.mktemp("page") / "shipped.html"
    write(Explain(known.net, x, known.classes, known.name, picture), path, "cifar_alexnet")
    return path


def test_sums_of_convolutions_beside_the_array(walk, chromium):
    explain, path = walk
    opened = Opened(chromium, path)
    for name in ("conv1", "conv2"):
        opened.layer(name)
        y = explain[name].y[0]
        for p, q in [(0, 0), (y.shape[1] - 1, y.shape[2] - 1), (2, 3)]:
            opened.point(p, q)
            k = opened.page.evaluate("state.k")
            assert opened.page.evaluate("[state.p, state.q]") == [p, q]
            np.testing.assert_allclose(opened.number("exact"), y[k, p, q], rtol=1e-6)
            assert abs(opened.number("computed") - y[k, p, q]) <= 2e-2 * np.abs(y).max()
    opened.close()


def test_what_the_page_computes_exactly(walk, chromium):
    explain, path = walk
    opened = Opened(chromium, path)
    for name in EXACT:
        opened.layer(name)
        y = explain[name].y[0]
        if y.ndim == 3:
            for p, q in [(0, 0), (y.shape[1] - 1, y.shape[2] - 1)]:
                opened.point(p, q)
                expected = y[opened.page.evaluate("state.k"), p, q]
                np.testing.assert_allclose(opened.number("computed"), expected, rtol=1e-4, atol=1e-7, err_msg=name)
        else:
            expected = y[opened.page.evaluate("state.k")]
            np.testing.assert_allclose(opened.number("computed"), expected, rtol=1e-4, atol=1e-7, err_msg=name)
        assert opened.page.evaluate(f"LAYERS.find(layer => layer.name === '{name}').apart") < 1e-5
    opened.close()


def test_contributions_of_a_dense_layer(walk, chromium):
    explain, path = walk
    opened = Opened(chromium, path)
    opened.layer("fc5")
    opened.page.locator("#window .outputs button").nth(1).click()
    k = opened.page.evaluate("state.k")
    np.testing.assert_allclose([opened.number("computed"), opened.number("exact")], [explain["fc5"].y[0, k]] * 2, rtol=1e-4)
    opened.close()


def test_windows_lead_back_to_the_photograph(shipped, chromium):
    opened = Opened(chromium, shipped)
    opened.layer("conv3")
    opened.until("document.querySelectorAll('#trail canvas').length >= 10")
    names = opened.page.locator("#trail figcaption").all_inner_texts()
    assert names[0].startswith("conv3") and names[-2].startswith("input") and names[-1].startswith("photograph")
    assert "pixels of the input" in opened.page.locator("#trail-note").inner_text()
    opened.close()


def test_the_way_back_of_the_five_best_classes(shipped, chromium):
    opened = Opened(chromium, shipped)
    opened.page.wait_for_selector("#class-4")
    opened.page.locator("#class-4").click()
    opened.page.wait_for_selector("#class-4[aria-pressed=true]")
    assert opened.page.locator("#backward .row canvas").count() >= 14
    assert "gradient times input" in opened.page.locator("#backward").inner_text()
    opened.close()


def test_gradients_that_are_not_in_the_page_are_computed(chromium, tmp_path, random, monkeypatch, numpy_row):
    monkeypatch.setattr(back, "SMALL", 0)
    net = npnet.Network((4, 13, 11), conv1=npnet.Conv2D(6, 3, init="he"), tanh1=npnet.Tanh(), batchnorm1=npnet.BatchNorm(), relu1=npnet.ReLU(), norm1=npnet.LRN(alpha=0.7, groups=2),
                        pool1=npnet.MaxPool(3, 2, pad=1, ceil_mode=True), conv2=npnet.Conv2D(8, 3, stride=2, pad=1, groups=2, init="he"),
                        relu2=npnet.ReLU(), flatten=npnet.Flatten(), fc3=npnet.Dense(5, init="he"))
    explain = walked(moved(net, random), random)
    sent = gradients(explain, explain.best(1)[0].label)
    write(explain, tmp_path / "a.html", wanted=0)                           # in full only those of the convolutions
    opened = Opened(chromium, tmp_path / "a.html")
    for index, name in enumerate(["tanh1", "batchnorm1", "relu1", "norm1", "pool1", "conv2"], 1):
        dy = sent.outputs[name].reshape(-1)
        shown = opened.page.evaluate("async ([index, size]) => { const dy = await gradientOf(index); return Array.from({length: size}, (_, i) => dy(i)); }",
                                     [index, dy.size])
        np.testing.assert_allclose(shown, dy, atol=2e-2 * np.abs(dy).max(), err_msg=name)
    opened.layer("norm1")
    opened.page.locator("#backward-panel").scroll_into_view_if_needed()
    opened.page.locator("#back-one", has_text="computed in the page from the gradients").wait_for()
    opened.close()


def test_language_theme_and_random_weights(walk, chromium):
    opened = Opened(chromium, walk[1])
    assert "learnt nothing" in opened.page.locator(".random").first.inner_text()
    opened.page.locator("#language-ko").click()
    assert opened.page.locator("html").get_attribute("lang") == "ko"
    assert "합성곱" in opened.page.locator("#layer-what").inner_text()
    assert "배우지 않았습니다" in opened.page.locator(".random").last.inner_text()
    before = opened.page.evaluate("getComputedStyle(document.body).color")
    opened.page.locator("#theme-dark").click()
    assert opened.page.evaluate("getComputedStyle(document.body).color") != before
    opened.page.locator("#language-en").click()
    assert "Convolution" in opened.page.locator("#layer-what").inner_text()
    opened.close()


def test_dark_pages_print_on_white(walk, chromium):
    opened = Opened(chromium, walk[1], color_scheme="dark")
    ground = "getComputedStyle(document.querySelector('.panel')).backgroundColor"
    assert opened.page.evaluate(ground) != "rgb(255, 255, 255)"
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.evaluate(ground) == "rgb(255, 255, 255)"
    opened.close()


def test_by_keyboard(shipped, chromium):
    opened = Opened(chromium, shipped)
    opened.page.keyboard.press("ArrowRight")
    opened.until("document.getElementById('layer-name').textContent === 'relu1'")
    opened.page.locator("#map").focus()
    p, q, k = opened.page.evaluate("[state.p, state.q, state.k]")
    for key in ("ArrowDown", "ArrowRight", "PageDown"):
        opened.page.keyboard.press(key)
    assert opened.page.evaluate("[state.p, state.q, state.k]") == [p + 1, q + 1, k + 1]
    assert opened.page.evaluate("document.activeElement.id") == "map"
    opened.until("document.getElementById('live').textContent.startsWith('y[0,')")
    opened.close()


@pytest.mark.parametrize("width", [375, 800])
def test_narrow_windows_do_not_scroll_sideways(width, shipped, chromium):
    opened = Opened(chromium, shipped, width=width, has_touch=True)
    for name in ("conv1", "norm1", "fc6"):
        opened.layer(name)
        opened.page.wait_for_timeout(300)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, name
    opened.layer("conv1")
    opened.page.locator("#map").tap(position={"x": 30, "y": 60})
    assert opened.page.evaluate("state.p") > opened.page.evaluate("state.q")
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(scheme, shipped, chromium):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened = Opened(chromium, shipped, color_scheme=scheme, reduced_motion="reduce")
    for name in ("norm2", "conv3", "fc7"):
        opened.layer(name)
        opened.page.wait_for_timeout(500)
        found = axe.run(opened.page).response["violations"]
        serious = [(fault["id"], [node["html"][:200] for node in fault["nodes"]][:3]) for fault in found
                   if fault["impact"] in ("serious", "critical")]
        assert serious == [], name
    opened.close()


def test_odd_networks_open(chromium, tmp_path, random, numpy_row):
    class Doubled(npnet.Layer):
        """Doubles."""

        def forward(self, x, train=False):
            return 2 * x

    nan = npnet.Network((1, 28, 28), conv1=npnet.Conv2D(2, 3, init="he"), relu1=npnet.ReLU())
    nan["conv1"].b[0] = np.nan
    own = npnet.Network((3, 9, 9), conv1=npnet.Conv2D(4, 3), own=Doubled(), relu=npnet.ReLU(), flatten=npnet.Flatten(), fc=npnet.Dense(3))
    with np.errstate(all="ignore"):
        for number, (net, names) in enumerate([(nan, None), (own, ["</script><b>", "b", "c"])]):
            path = tmp_path / f"{number}.html"
            write(walked(net, random, names=names), path)
            opened = Opened(chromium, path)
            for name in net.layers:
                opened.layer(name)
                opened.page.wait_for_timeout(250)
            opened.close()


def test_lenet_and_what_was_left_out(chromium, tmp_path, numpy_row):
    picture, net = read_picture(sample_picture()), npnet.model("lenet5")
    x, order, _ = prepare(picture, "lenet5", net.input_shape)
    write(Explain(net, x, picture=picture, order=order), tmp_path / "a.html", most=20_000)
    opened = Opened(chromium, tmp_path / "a.html")
    assert "left out" in opened.page.locator("#left-out").inner_text()
    for name in net.layers:
        opened.layer(name)
    opened.close()
