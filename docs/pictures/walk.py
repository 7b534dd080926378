"""The pictures of the walk: one photograph on its way through AlexNet, from pixels to probabilities and back."""
import numpy as np

from npnet.plots.bars import draw_answers
from npnet.plots.course import Grid, draw_grid
from npnet.plots.figure import BAR, INK, TRACK, colour_bar, new_axes, new_figure, show_image
from npnet.plots.gradients import OTHER
from npnet.plots.grids import COLOURS, SIGNED, grid
from npnet.plots.photograph import as_image

from .network import WIDTH, done, inches

BOX = "#b04a00"                 # of windows and of what is pointed at


# ------------------------------------------------------------------------------- what goes in

def photograph(picture, square, x, shorter=256):
    """The photograph with the square that is cut out, the square, and its three colours minus their means."""
    from matplotlib.patches import Rectangle
    figure = new_figure(WIDTH, 4.3)
    whole = figure.add_gridspec(2, 1, height_ratios=(2.6, 1.5))
    above, below = whole[0].subgridspec(1, 2), whole[1].subgridspec(1, 3)
    H, W = picture.shape[:2]
    side = len(square) / shorter * min(H, W)
    axes = new_axes(figure, above[0])
    show_image(axes, picture[::2, ::2], f"{W} x {H}")
    axes.add_patch(Rectangle(((W - side) / 4, (H - side) / 4), side / 2, side / 2, fill=False, edgecolor="white",
                             linewidth=3))
    axes.add_patch(Rectangle(((W - side) / 4, (H - side) / 4), side / 2, side / 2, fill=False, edgecolor=BOX,
                             linewidth=1.4, linestyle="--"))
    show_image(new_axes(figure, above[1]), square, f"{square.shape[1]} x {square.shape[0]}")
    most = np.abs(x).max()
    for c in range(3):
        axes = new_axes(figure, below[c])
        image = axes.imshow(x[0, c, ::2, ::2], cmap=SIGNED, vmin=-most, vmax=most, interpolation="nearest")
        axes.set_title(f"x[0,{c}]", fontsize=10)
    ticks = {-most: f"{-most:.0f}", 0: "0", most: f"{most:.0f}"}
    colour_bar(figure, figure.axes[-3:], image, ticks, fraction=0.04)
    return done(figure)


# ------------------------------------------------------------------------------- numbers and maps

def numbers(*panels, columns=2):
    """Small tables of numbers, every one written: each panel is (title, table) or (title, table, boxes)."""
    rows = -(-len(panels) // columns)
    high = max(np.atleast_2d(panel[1]).shape[0] for panel in panels)
    wide = max(np.atleast_2d(panel[1]).shape[1] for panel in panels)
    cell = min(0.5, (WIDTH - 0.2) / columns / (wide + 0.4))
    figure = new_figure(WIDTH, rows * (high * cell + 0.5))
    for number, (title, table, *boxes) in enumerate(panels):
        axes = new_axes(figure, rows, columns, number + 1)
        draw_grid(axes, Grid(table, boxes=boxes[0] if boxes else []))
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=10)
        for text in axes.texts:
            text.set_fontsize(9)
    return done(figure)


def maps(y, most=16, columns=8):
    """The first maps of an output (C, H, W) on one scale: dark for 0, or blue and red where signs differ."""
    drawn = np.asarray(y)[:most].astype(float)
    figure, axes, image = grid(drawn, columns, white=np.nan)
    canvas = image.get_array()
    figure.set_size_inches(WIDTH, (WIDTH - 1.1) * len(canvas) / canvas.shape[1] + 0.3)
    high = float(np.quantile(np.abs(drawn), 0.995)) or 1.0
    low = -high if drawn.min() < 0 else 0.0
    image.set_cmap(SIGNED if low else COLOURS)
    image.set_clim(low, high)
    ticks = {low: f"{low:.2g}", 0.0: "0", high: f"{high:.2g}"}
    colour_bar(figure, axes, image, ticks, fraction=0.04)
    axes.tick_params(labelsize=9)
    return done(figure)


def filters(w, columns=16):
    """The filters of a first convolution (K, 3, R, S) as coloured squares, each on its own scale, grey for 0."""
    images = np.asarray(w, float).transpose(0, 2, 3, 1)
    largest = np.abs(images).max(axis=(1, 2, 3), keepdims=True)
    figure, axes, image = grid(0.5 + 0.5 * images / np.where(largest > 0, largest, 1), columns, white=1.0)
    canvas = image.get_array()
    figure.set_size_inches(WIDTH, (WIDTH - 0.6) * canvas.shape[0] / canvas.shape[1] + 0.2)
    return done(figure)


def row(values, width, title=""):
    """A long row of numbers as lines of `width` below each other, so that it can be seen at all."""
    table = np.asarray(values, float).reshape(-1, width)
    figure = new_figure(WIDTH, min(3.2, (WIDTH - 0.9) * len(table) / width + 0.5))
    axes = new_axes(figure)
    high = float(np.abs(table).max()) or 1.0
    low = -high if table.min() < 0 else 0.0
    image = axes.imshow(table, cmap=SIGNED if low else COLOURS, vmin=low, vmax=high, interpolation="nearest")
    colour_bar(figure, axes, image, {low: f"{low:.2g}", 0.0: "0", high: f"{high:.2g}"}, fraction=0.04)
    axes.set_title(title, fontsize=10)
    axes.set_yticks([0, len(table) - 1], ["0", str((len(table) - 1) * width)], fontsize=9)
    return done(figure)


# ------------------------------------------------------------------------------- single layers

def window(x, w, place, stride):
    """A window on the photograph, what is in it, and the filter that it is multiplied by: x (C, H, W), w (C, R, S)."""
    from matplotlib.patches import Rectangle
    (p, q), (R, S) = place, w.shape[1:]
    figure = new_figure(WIDTH, 2.2)
    parts = figure.add_gridspec(1, 3, width_ratios=(2, 1, 1))
    axes = new_axes(figure, parts[0])
    show_image(axes, as_image(x, "RGB"), "x")
    for colour, width in (("white", 3), (BOX, 1.4)):
        axes.add_patch(Rectangle((q * stride - 0.5, p * stride - 0.5), S, R, fill=False, edgecolor=colour,
                                 linewidth=width))
    part = x[:, p * stride:p * stride + R, q * stride:q * stride + S]
    low, high = x.min(), x.max()
    show_image(new_axes(figure, parts[1]), ((part - low) / (high - low)).transpose(1, 2, 0), f"{R} x {S} x {len(x)}")
    show_image(new_axes(figure, parts[2]), 0.5 + 0.5 * (w / np.abs(w).max()).transpose(1, 2, 0), "w")
    return done(figure)


def channels(before, after, chosen, reach, groups=1):
    """The numbers at one pixel over all channels, before and after; the window around a chosen channel is marked."""
    figure = new_figure(WIDTH, 2.5)
    axes = new_axes(figure)
    places = np.arange(len(before))
    axes.axvspan(chosen - reach - 0.5, chosen + reach + 0.5, color="#f3dcc4", zorder=0)
    axes.bar(places, before, width=0.9, color=TRACK, edgecolor="#9aa5af", linewidth=0.6)
    axes.bar(places, after, width=0.9, color=[OTHER if place == chosen else BAR for place in places])
    for edge in range(1, groups):
        axes.axvline(edge * len(before) / groups - 0.5, color=INK, linestyle="--", linewidth=1)
    axes.axhline(0, color=INK, linewidth=0.6)
    ticks = sorted({0, len(before) // groups, chosen, len(before) - 1})
    axes.set_xticks(ticks, list(map(str, ticks)), fontsize=9)
    high = float(np.max(before))
    axes.set_yticks([0, high], ["0", f"{high:.3g}"], fontsize=9)
    axes.set(xlim=(-1, len(before)), ylim=(0, 1.08 * high))
    return done(figure)


def flattening(y, shown=(0, 1, 2)):
    """Maps (C, H, W) above, and below them the row that they become: which numbers of it are whose."""
    from matplotlib import colormaps
    from matplotlib.patches import ConnectionPatch, Rectangle
    C, H, W = y.shape
    chosen, size, gap = [*shown, C - 1], 0.86, 0.26
    figure, axes = inches(WIDTH, 2.25)
    colours, high = colormaps[COLOURS], float(np.quantile(y, 0.99)) or 1.0
    strip = WIDTH - 0.3
    each = strip / (len(chosen) + 0.5)
    for number, c in enumerate(chosen):
        last = number == len(chosen) - 1
        left = 0.15 + number * (size + gap) + (0.06 if last else 0)
        start = 0.15 + (number + (0.5 if last else 0)) * each
        for (h, v), value in np.ndenumerate(y[c]):
            face = colours(min(1.0, value / high))
            cell, width = size / W, each / (H * W)
            axes.add_patch(Rectangle((left + v * cell, 1.95 - (h + 1) * cell), cell, cell, facecolor=face))
            axes.add_patch(Rectangle((start + (h * W + v) * width, 0.32), width, 0.28, facecolor=face))
        axes.text(left + size / 2, 2.0, f"c = {c}", ha="center", va="bottom", fontsize=9)
        axes.add_patch(Rectangle((start, 0.32), each, 0.28, fill=False, edgecolor=INK))
        axes.add_patch(ConnectionPatch((left + size / 2, 1.95 - size * H / W - 0.04), (start + each / 2, 0.64),
                                       "data", "data", arrowstyle="-|>", color=INK, linewidth=1.2))
        axes.text(start + 0.02, 0.27, str(c * H * W), ha="left", va="top", fontsize=9)
    axes.text(0.15 + strip, 0.27, str(C * H * W - 1), ha="right", va="top", fontsize=9, fontweight="bold")
    axes.text(0.15 + (len(shown) + 0.25) * each, 0.46, "...", ha="center", va="center", fontsize=12)
    axes.text(0.15 + len(shown) * (size + gap) - gap / 2 + 0.03, 1.5, "...", ha="center", va="center", fontsize=12)
    return done(figure)


# ------------------------------------------------------------------------------- answers, and the way back

def answers(values, names, picture=None):
    """The five most probable classes as bars; the picture above them if there is one."""
    best = np.argsort(-np.asarray(values), kind="stable")[:5]
    figure = new_figure(WIDTH, 2.6 if picture is None else 4.4)
    parts = figure.add_gridspec(2, 1, height_ratios=(1.8, 2.6)) if picture is not None else None
    if picture is not None:
        show_image(new_axes(figure, parts[0]), picture)
    axes = new_axes(figure, parts[1]) if picture is not None else new_axes(figure)
    draw_answers(axes, np.asarray(values)[best], [names[k] for k in best])
    return done(figure)


def opinions(pictures, probabilities, names):
    """Several small pictures side by side, below each the two most probable classes."""
    figure = new_figure(WIDTH, 1.7)
    for number, (picture, values) in enumerate(zip(pictures, probabilities)):
        axes = new_axes(figure, 1, len(pictures), number + 1)
        show_image(axes, picture)
        best = np.argsort(-values)[:2]
        axes.set_xlabel("\n".join(f"{names[k]} {values[k]:.0%}" for k in best), fontsize=9)
    return done(figure)


def lengths(names, values):
    """One bar for each number above 0, on a logarithmic scale, with the number at its right."""
    values = np.asarray(values, float)
    figure = new_figure(WIDTH, 0.25 * len(names) + 0.5)
    axes = new_axes(figure)
    rows = np.arange(len(names))
    low = 10.0 ** np.floor(np.log10(values[values > 0].min()) - 0.2)
    axes.barh(rows, values, left=0, height=0.62, color=BAR)
    axes.set(xscale="log", xlim=(low, values.max() * 1.5), ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(rows, names, fontsize=9)
    axes.set_xticks([], minor=True)
    decades = np.arange(np.log10(low), np.log10(values.max()) + 0.2)
    axes.set_xticks(10.0 ** decades, [f"1e{int(k)}" if k else "1" for k in decades], fontsize=9)
    for row_number, value in zip(rows, values):
        axes.text(1.02, row_number, f"{value:.2g}", transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    return done(figure)


def influence(x, dx):
    """The input, and beside it how large the gradient of each pixel is: the largest of its channels."""
    figure = new_figure(WIDTH, 2.4)
    show_image(new_axes(figure, 1, 2, 1), as_image(x, "RGB"), "x")
    axes = new_axes(figure, 1, 2, 2)
    size = np.abs(dx).max(axis=0)
    high = float(np.quantile(size, 0.995))
    image = axes.imshow(size, cmap=COLOURS, vmin=0, vmax=high, interpolation="nearest")
    axes.set_title("max |dx|", fontsize=10)
    colour_bar(figure, axes, image, {0: "0", high: f"{high:.2g}"}, fraction=0.05)
    return done(figure)


# ------------------------------------------------------------------------------- three drawings for the trained network

def background(above, below, size=256):
    """A sky whose colour changes from top to bottom, and a pen to draw on it."""
    from PIL import Image, ImageDraw
    share = np.linspace(0, 1, size)[:, None, None]
    picture = Image.fromarray(np.broadcast_to((1 - share) * above + share * below, (size, size, 3)).astype(np.uint8))
    return picture, ImageDraw.Draw(picture)


def ship():
    """A ship on the sea, uint8 (256, 256, 3)."""
    picture, pen = background(np.array((120, 170, 220)), np.array((200, 220, 235)))
    pen.rectangle((0, 160, 256, 256), fill=(40, 80, 130))
    pen.polygon([(30, 150), (226, 150), (200, 185), (55, 185)], fill=(60, 40, 40))
    pen.rectangle((80, 115, 180, 150), fill=(235, 235, 235))
    pen.rectangle((120, 75, 145, 115), fill=(200, 60, 40))
    pen.rectangle((120, 75, 145, 85), fill=(30, 30, 30))
    return np.array(picture)


def airplane():
    """An airplane in the sky, uint8 (256, 256, 3)."""
    picture, pen = background(np.array((90, 150, 215)), np.array((190, 215, 235)))
    pen.polygon([(20, 140), (60, 125), (200, 120), (238, 130), (200, 146), (60, 150)], fill=(235, 235, 240))
    pen.polygon([(20, 140), (10, 95), (35, 95), (62, 128)], fill=(200, 40, 40))
    pen.polygon([(105, 135), (150, 130), (95, 185), (80, 185)], fill=(180, 185, 195))
    pen.polygon([(120, 122), (150, 121), (115, 90), (105, 90)], fill=(170, 175, 185))
    return np.array(picture)


def truck():
    """A truck on a road, uint8 (256, 256, 3)."""
    picture, pen = background(np.array((190, 200, 210)), np.array((225, 225, 225)))
    pen.rectangle((0, 185, 256, 256), fill=(110, 110, 110))
    pen.rectangle((25, 80, 165, 190), fill=(190, 40, 40))
    pen.polygon([(168, 110), (205, 110), (235, 145), (235, 190), (168, 190)], fill=(240, 240, 240))
    pen.polygon([(178, 118), (202, 118), (220, 145), (178, 145)], fill=(60, 80, 100))
    for x in (60, 110, 200):
        pen.ellipse((x - 20, 172, x + 20, 212), fill=(25, 25, 25))
        pen.ellipse((x - 8, 184, x + 8, 200), fill=(160, 160, 160))
    return np.array(picture)
