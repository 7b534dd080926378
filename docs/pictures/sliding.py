"""A window that slides over a picture, step by step: what it covers, the products, and the output that fills.

    sliding(x, w, b)                    for the last line of a cell: nine steps, a button that plays them, a slider

The steps are drawings in the page itself, so nothing is loaded. Where nothing may move (readers who ask for less
motion, printers, browsers without scripts) they stand beside each other as a strip.
"""
import html

import numpy as np

from npnet.plots.course import written

from .cells import BOXES, TINTS

SIDE, WIDE, LINE = 32, 58, 26                           # a cell of the grids; a cell of the table: width and height
EMPTY = "#eef0f2"
HALO = 'stroke="#fff" stroke-width="4" paint-order="stroke"'
WORDS = {"en": ("Play", "Pause", "Step", "A window of 2 x 2 slides over x. Step {step}: {sum}."),
         "ko": ("재생", "멈춤", "단계", "2 x 2 윈도가 x 위를 움직입니다. {step}단계: {sum}.")}
STYLE = """
.sliding ol { list-style: none; margin: 0; padding: 0;
  display: flex; flex-wrap: wrap; justify-content: center; gap: .75rem; }
.sliding li { flex: 1 1 15rem; max-width: 22.75rem; margin: 0; break-inside: avoid; }
.sliding svg { display: block; width: 100%; height: auto; background: #fff; border-radius: 6px; }
.sliding .controls { display: none; }
@media screen and (prefers-reduced-motion: no-preference) {
  .sliding.plays li { display: none; }
  .sliding.plays li.now { display: block; flex-basis: 22.75rem; }
  .sliding.plays .controls { display: flex; justify-content: center; align-items: center; gap: 1rem;
    margin-top: .5rem; }
  .sliding button { min-width: 5.5rem; padding: .3rem .8rem; font: inherit; border: 1px solid currentColor;
    border-radius: 4px; color: inherit; background: transparent; }
  .sliding input { width: 10rem; }
}
@media print { .sliding li { flex-basis: 31%; } }
"""
SCRIPT = """
{
  const whole = document.currentScript.parentElement, steps = whole.querySelectorAll("li");
  const button = whole.querySelector("button"), slider = whole.querySelector("input");
  let timer = 0;
  const show = step => {
    slider.value = step;
    slider.setAttribute("aria-valuetext", steps[step - 1].querySelector("title").textContent);
    steps.forEach((each, number) => each.classList.toggle("now", number === step - 1));
  };
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = button.dataset.play; };
  const next = () => Number(slider.value) < steps.length ? show(Number(slider.value) + 1) : stop();
  button.addEventListener("click", () => {
    if (timer) return stop();
    show(Number(slider.value) < steps.length ? Number(slider.value) : 1);
    timer = setInterval(next, 1200);
    button.textContent = button.dataset.pause;
  });
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  whole.classList.add("plays");
  show(1);
}
"""


class Sliding:
    """The steps of a convolution of one map with one filter, stride 1."""

    def __init__(self, x, w, b, language="en", caption=None):
        self.x, self.w, self.b, self.language, self.caption = x, w, b, language, caption
        (H, W), (R, S) = x.shape, w.shape
        self.places = [(p, q) for p in range(H - R + 1) for q in range(W - S + 1)]
        self.y = np.array([(self.seen(place) * w).sum() + b for place in self.places]).reshape(H - R + 1, W - S + 1)

    def seen(self, place):
        """The window at a place of the output."""
        p, q = place
        return self.x[p:p + self.w.shape[0], q:q + self.w.shape[1]]

    def said(self, step):
        """A step in words, for those who do not see it."""
        place = self.places[step]
        products = " + ".join(f"{number(a)} · {number(c)}" for a, c in zip(self.seen(place).flat, self.w.flat))
        words = WORDS[self.language][3]
        return words.format(step=step + 1, sum=f"y[{place[0]},{place[1]}] = {products} + {number(self.b)} = "
                                               f"{number(self.y[place])}")

    def step(self, step):
        """The drawing of a step, as SVG."""
        (p, q), (R, S), columns = self.places[step], self.w.shape, self.x.shape[1]
        inside = {(p + r, q + s) for r in range(R) for s in range(S)}
        left_w, left_y = columns * SIDE + 24, (columns + S) * SIDE + 48
        parts = [grid(self.x, "x", 2, inside, TINTS[0]), grid(self.w, "w", left_w, set(np.ndindex(R, S)), TINTS[3]),
                 grid(self.y, "y", left_y, {(p, q)}, TINTS[2], hidden=self.places[step + 1:]),
                 outline(2 + q * SIDE, 22 + p * SIDE, S * SIDE, R * SIDE),
                 outline(left_y + q * SIDE, 22 + p * SIDE, SIDE, SIDE)]
        top = 34 + max(self.x.shape[0], self.y.shape[0]) * SIDE
        words, width = html.escape(self.said(step)), 4 + WIDE * (self.w.size + 2)
        parts.append(self.products((p, q), top))
        return (f'<svg role="img" viewBox="0 0 {width} {top + 2 * LINE + 4}" font-family="sans-serif" font-size="14" '
                f'text-anchor="middle"><title>{words}</title>{"".join(parts)}</svg>')

    def products(self, place, top):
        """The table beneath: a column for each product, for the bias, and for the sum."""
        seen, last = self.seen(place), self.w.size + 1
        heads = [f"{number(a)} × {number(c)}" for a, c in zip(seen.flat, self.w.flat)]
        heads += ["b", "y[{},{}]".format(*place)]
        values = [*(seen * self.w).flat, self.b, self.y[place]]
        parts, signs = [], []
        for column, (head, value) in enumerate(zip(heads, values)):
            left, fill = 2 + column * WIDE, TINTS[2] if column == last else TINTS[0] if column < last - 1 else "#fff"
            parts.append(cell(left, top, WIDE, LINE, head, "#fff"))
            parts.append(cell(left, top + LINE, WIDE, LINE, number(value), fill))
            if column:
                signs.append(text(left, top + 1.5 * LINE, "=" if column == last else "+", HALO))
        return "".join(parts + signs)

    def _repr_html_(self):
        play, pause, name, _ = WORDS[self.language]
        steps = "".join(f"<li>{self.step(step)}</li>" for step in range(len(self.places)))
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return (f'<figure class="picture sliding"><style>{STYLE}</style><ol>{steps}</ol><div class="controls">'
                f'<button type="button" data-play="{play}" data-pause="{pause}">{play}</button><label>{name} '
                f'<input type="range" min="1" max="{len(self.places)}" value="1" step="1"></label></div>'
                f'{caption}<script>{SCRIPT}</script></figure>')

    def __repr__(self):
        return " ".join(self.said(step) for step in range(len(self.places)))


def number(value):
    """A number with a true minus sign."""
    return written(float(value)).replace("-", "−")


def grid(values, title, left, marked, fill, hidden=()):
    """Cells with their numbers; the marked ones have a fill, the hidden ones are still empty."""
    parts = [text(left + 6, 12, title)]
    for (row, column), value in np.ndenumerate(values):
        empty = (row, column) in hidden
        parts.append(cell(left + column * SIDE, 22 + row * SIDE, SIDE, SIDE, "" if empty else number(value),
                          fill if (row, column) in marked else EMPTY if empty else "#fff"))
    return "".join(parts)


def cell(left, top, width, height, words, fill):
    """One cell and what stands in it."""
    shape = (f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}" stroke="#222" '
             f'stroke-width=".6"/>')
    return shape + (text(left + width / 2, top + height / 2, words) if words else "")


def text(x, y, words, more=""):
    """Words around a point."""
    return f'<text x="{x:g}" y="{y + 5:g}" fill="#222" {more}>{html.escape(words)}</text>'


def outline(left, top, width, height):
    """The thick line around a window."""
    return (f'<rect x="{left + 1.5}" y="{top + 1.5}" width="{width - 3}" height="{height - 3}" fill="none" '
            f'stroke="{BOXES[0]}" stroke-width="3"/>')


def sliding(x, w, b, language="en", caption=None):
    """The steps of a convolution, for the last line of a cell."""
    return Sliding(np.asarray(x, float), np.asarray(w, float), float(b), language, caption)
