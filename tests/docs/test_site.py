"""The built site in a browser: every page, light and dark, wide and narrow; its search, its languages, its links.

Pages are those of the site that NPNET_SITE names, else a part of the site that is built here. All pages are visited
once, in `survey`; the tests ask what was seen. The site is served on this machine, as search and axe read files of it.
The browser has a thread of its own, where no other test's browser is.
"""
import csv
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PART = "start walk conventions ops/index ops/conv ops/im2col ops/max-pool ko/index ko/ops/conv explorer"
GRAVE = ("serious", "critical")
ALIKE = [".bd-header", ".bd-sidebar-primary", ".highlight pre", "mjx-container", "svg"]     # alike on all pages: looked
WHOLE = "index start ops/conv ko/index".split()                 # at on these alone, as axe is slow on formulas
PHONE = {"width": 375, "height": 740}
WIDE = {"width": 1280, "height": 800}
pytestmark = [pytest.mark.docs, pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a built site."""
    if os.environ.get("NPNET_SITE"):
        return Path(os.environ["NPNET_SITE"]).resolve()
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(folder)],
                          env={**os.environ, "NPNET_DOCS": PART}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and writes no lines about it."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(site):
    """address("ops/conv") is where that page is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield lambda name: f"http://127.0.0.1:{server.server_port}/{name}.html"
        server.shutdown()


def pages_of(site):
    """The pages that were written, not those that Sphinx adds, as names: "ops/conv"."""
    return sorted(str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html")
                  if (DOCS / path.relative_to(site)).with_suffix(".md").exists())


@pytest.fixture(scope="module")
def browser(chromium_path):
    """browser(function) calls function(chromium) in the browser's thread."""
    playwright = pytest.importorskip("playwright.sync_api")
    with ThreadPoolExecutor(1) as thread:
        play = thread.submit(lambda: playwright.sync_playwright().start()).result()
        chromium = thread.submit(lambda: play.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox"])).result()
        yield lambda function: thread.submit(function, chromium).result()
        thread.submit(chromium.close).result()
        thread.submit(play.stop).result()


def opened(chromium, **options):
    """A new page, and the lists of its faults and of its requests to other hosts."""
    page = chromium.new_context(viewport=WIDE, **options).new_page()
    faults, strangers = [], []
    page.on("console", lambda message: faults.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text else None)     # see response
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: strangers.append(request.url)
            if request.url.startswith(("http", "ws")) and not request.url.startswith("http://127.0.0.1:") else None)
    page.on("response", lambda reply: faults.append(f"{reply.status}: {reply.url}") if reply.status >= 400 else None)
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    return page, faults, strangers


SIDEWAYS = """() => {
    const wide = document.documentElement.clientWidth;
    const cut = [...document.querySelectorAll('main mjx-container[display=true]')].filter(formula =>
        formula.scrollWidth > formula.clientWidth + 1 && !/auto|scroll/.test(getComputedStyle(formula).overflowX) ||
        formula.getBoundingClientRect().right > wide + 1).map(formula => 'cut: ' + formula.outerHTML.slice(0, 120));
    if (document.documentElement.scrollWidth <= wide + 1) return cut;
    return [...document.querySelectorAll('main *')].filter(part => part.getBoundingClientRect().right > wide + 1)
        .slice(0, 3).map(part => part.outerHTML.slice(0, 120)).concat([String(document.documentElement.scrollWidth)], cut);
}"""
NO_WORDS = """() => [
    ...[...document.querySelectorAll('main img, main [role=img]')].filter(picture =>
        !picture.querySelector('title') &&
        !(picture.getAttribute('alt') || picture.getAttribute('aria-label') || '').trim()),
    ...[...document.querySelectorAll('main svg')].filter(picture => !picture.closest('mjx-container') &&
        picture.getAttribute('aria-hidden') != 'true' && !picture.closest('[role=img]') &&
        !picture.getAttribute('aria-label') && !picture.querySelector('title') && !picture.closest('button, a')),
].map(picture => picture.outerHTML.slice(0, 120))"""


# words in the colour of their ground, which axe takes for hidden ones
UNSEEN = """() => [...document.querySelectorAll('main figcaption, main .cell_output p, main .cell_output li')].filter(words => {
    let ground = words;
    while (ground && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    return ground && getComputedStyle(ground).backgroundColor == getComputedStyle(words).color;
}).map(words => words.outerHTML.slice(0, 120))"""


def settled(page, where):
    """Opens an address, and waits until formulas are drawn."""
    page.goto(where)
    page.wait_for_function("() => !window.MathJax || !MathJax.startup || !MathJax.startup.promise || "
                           "MathJax.startup.promise.then(() => true)")


def grave(axe, page, rules=None, without=()):
    """The faults that axe finds serious or critical: [(rule, count, the first place, why)]. rules: only these."""
    options = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    context = {"include": [["html"]], "exclude": [[part] for part in without]}
    found = axe.run(page, context, options).response["violations"]
    return [(fault["id"], len(fault["nodes"]), fault["nodes"][0]["html"][:160],
             fault["nodes"][0].get("failureSummary", "")[:240]) for fault in found if fault["impact"] in GRAVE]


@pytest.fixture(scope="module")
def survey(site, address, browser):
    """{page: what was seen of it}: faults, strangers, sideways, wordless, axe in light and dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def look(chromium):
        seen = {}
        for name in pages_of(site):
            page, faults, strangers = opened(chromium)
            without = () if name in WHOLE else ALIKE
            page.emulate_media(color_scheme="light", reduced_motion="reduce")     # axe looks at colours that stand still
            settled(page, address(name))
            seen[name] = {"faults": faults, "strangers": strangers, "wordless": page.evaluate(NO_WORDS),
                          "light": grave(axe, page, without=without)}
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            page.wait_for_function("() => document.documentElement.dataset.theme == 'dark'")
            korean = name.startswith("ko/") and name not in WHOLE       # of the same parts as the English page
            seen[name]["dark"] = [] if korean else grave(axe, page, ["color-contrast", "link-in-text-block"], without)
            seen[name]["dark"] += page.evaluate(UNSEEN)
            page.set_viewport_size(PHONE)
            seen[name]["sideways"] = page.evaluate(SIDEWAYS)
            page.context.close()
        return seen
    return browser(look)


@pytest.mark.parametrize("what", ["faults", "strangers", "wordless", "light", "dark", "sideways"])
def test_every_page(what, survey):
    """faults: of the console; strangers: requests to other hosts; wordless: pictures without a text alternative;
    light, dark: what axe finds; sideways: what makes the page scroll sideways on a phone, and formulas that are cut there."""
    assert len(survey) >= 5
    found = {name: seen[what] for name, seen in survey.items() if seen[what]}
    assert found == {}


def test_formulas_are_drawn(site, address, browser):
    def count(chromium):
        page, *_ = opened(chromium)
        settled(page, address("ops/conv"))
        page.wait_for_selector("mjx-container", timeout=20_000)
        return page.locator("mjx-container").count(), page.locator("mjx-merror").count()
    formulas, wrong = browser(count)
    assert formulas >= 3 and wrong == 0


@pytest.mark.parametrize("word, name", [("convolution", "ops/conv"), ("im2col", "ops/im2col"), ("합성곱", "ko/ops/conv")])
def test_search_finds(word, name, site, address, browser):
    if not (site / f"{name}.html").exists():
        pytest.skip(f"the page {name} is not in this site")

    def search(chromium):
        page, faults, strangers = opened(chromium)
        page.goto(address("index"))
        page.locator(".search-button__button:visible").first.click()
        page.locator("#pst-search-dialog input[type=search]").fill(word)
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a", timeout=20_000)
        page.wait_for_timeout(500)
        return page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)"), faults, strangers
    links, faults, strangers = browser(search)
    assert any(link.split("#")[0].split("?")[0] == address(name) for link in links), links
    assert (faults, strangers) == ([], [])


def test_the_language_link_leads_there_and_back(site, address, browser):
    names = [name for name in pages_of(site) if name.startswith("ko/") and name.removeprefix("ko/") in pages_of(site)]
    if not names:
        pytest.skip("this site has no page in two languages")

    def follow(chromium):
        page, *_ = opened(chromium)
        went = []
        for name in names:
            page.goto(address(name.removeprefix("ko/")))
            went.append([page.get_attribute("html", "lang")])
            for _ in range(2):
                page.locator("a.language:visible").first.click()
                page.wait_for_load_state()
                went[-1] += [page.url, page.get_attribute("html", "lang")]
        return went
    assert browser(follow) == [["en", address(name), "ko", address(name.removeprefix("ko/")), "en"]
                               for name in names]


def test_every_page_says_its_language(site):
    for name in pages_of(site):
        text = (site / f"{name}.html").read_text("utf-8")
        assert re.search(r"<html[^>]* lang=\"(\w+)\"", text)[1] == ("ko" if name.startswith("ko/") else "en"), name


def test_the_theme_switches_by_its_button(site, address, browser):
    def switch(chromium):
        page, *_ = opened(chromium, color_scheme="light")
        page.goto(address("index"))
        seen = []
        for mode in ("dark", "light", "auto", "dark"):
            page.locator(".theme-switch-button:visible").first.click()
            page.locator(f".dropdown-menu.show [data-mode={mode}]").first.click()
            shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
            seen.append((page.get_attribute("html", "data-theme"), shade))
        return seen
    seen = browser(switch)
    assert [theme for theme, _ in seen] == ["dark", "light", "light", "dark"] and len({shade for _, shade in seen}) == 2


def test_a_page_can_be_walked_by_keyboard(site, address, browser):
    """The first key leads to "skip to main content", and what has the focus can be seen."""
    def press(chromium):
        page, *_ = opened(chromium)
        page.goto(address("ops/conv"))
        seen = []
        for _ in range(12):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("""() => {
                const part = document.activeElement, style = getComputedStyle(part);
                return [part.tagName, part.innerText || part.getAttribute('aria-label') || part.title || '',
                        style.outlineStyle != 'none' || style.boxShadow != 'none']; }"""))
        return seen
    seen = browser(press)
    assert "main content" in seen[0][1].lower()
    assert len({text for _, text, _ in seen}) >= 6 and all(shown for *_, shown in seen), seen


def test_no_link_inside_the_site_is_broken(site, address, tmp_path):
    """LinkChecker; anchors are checked below, as it reads a page again for each of its anchors. In a part of the site, links to pages that were left out are no fault."""
    pytest.importorskip("linkcheck")
    (tmp_path / "settings").write_text("[checking]\nthreads=2\n[filtering]\ncheckextern=0\nnofollow=_static/\n")
    done = subprocess.run([sys.executable, "-m", "linkcheck", "-f", str(tmp_path / "settings"), "-o", "csv/utf-8",
                           "--no-status", *map(address, pages_of(site))], capture_output=True, timeout=600)
    lines = [line for line in done.stdout.decode().splitlines() if not line.startswith("#")]
    left_out = {path.stem for path in DOCS.rglob("*.md")} if len(pages_of(site)) < len(list(DOCS.rglob("*.md"))) else set()
    broken = [(row["urlname"], Path(row["parentname"]).name, row["result"], row["warningstring"][:80])
              for row in csv.DictReader(lines, delimiter=";")
              if Path(row["urlname"].split("#")[-1].removesuffix(".md")).name not in left_out]
    assert lines[0].startswith("urlname;") and broken == []


def lost_anchors(pages):
    """[(page, link)] of links to places that their page, one of these files, does not have."""
    texts = {path.resolve(): path.read_text("utf-8") for path in pages}
    places = {path: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for path, text in texts.items()}
    links = [(path, link) for path, text in texts.items() for link in re.findall(r'\bhref="([^":?]*#[^"]+)"', text)]
    return [(path.name, link) for path, link in links
            if unquote(link.split("#")[1]) not in places.get((path.parent / link.split("#")[0]).resolve()
                                                            if link[0] != "#" else path, {unquote(link.split("#")[1])})]


def test_links_lead_to_places_that_are_there(site, tmp_path):
    left_out = {path.name for path in DOCS.rglob("*.md")} | {          # in a part of a site: "#conv.md" is no place
        f"{path.stem}.md" for path in (DOCS.parent / "examples").glob("*.py")}      # of which the gallery's pages are made
    found = lost_anchors([site / f"{name}.html" for name in pages_of(site)])
    assert [each for each in found if Path(each[1].removeprefix("#")).name not in left_out] == []
    (tmp_path / "a.html").write_text('<a href="#b">b</a><a href="a.html#c">c</a><p id="c"></p>')
    assert lost_anchors([tmp_path / "a.html"]) == [("a.html", "#b")]


PLANTED = """<html lang="en"><head><title>t</title></head><body><main><h1>t</h1>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><svg width="9" height="9"></svg>
<svg role="img" width="9" height="9"><title>words</title></svg><img src="http://elsewhere.example/a.png" alt="words">
<p style="color: #bbb; background: #fff">pale</p><div style="width: 900px">wide</div>
<mjx-container display="true" style="display: block; overflow: hidden"><div style="width: 700px">cut</div></mjx-container>
<script>console.error("said"); undefinedFunction()</script></main></body></html>"""


def test_planted_faults_are_found(browser):
    """What these tests look for, they find where it is."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def look(chromium):
        page, faults, strangers = opened(chromium)
        page.context.route("http://elsewhere.example/**", lambda route: route.abort())
        page.set_content(PLANTED)
        page.set_viewport_size(PHONE)
        return faults, strangers, page.evaluate(NO_WORDS), page.evaluate(SIDEWAYS), grave(axe, page)
    faults, strangers, wordless, sideways, found = browser(look)
    assert "said" in faults and any("undefinedFunction" in fault for fault in faults)
    assert strangers == ["http://elsewhere.example/a.png"] and len(wordless) == 2
    assert "900px" in "".join(sideways) and any("cut: <mjx" in part for part in sideways)
    assert {rule for rule, *_ in found} >= {"image-alt", "color-contrast"}
