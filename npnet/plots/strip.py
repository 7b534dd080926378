"""A network as a strip of boxes, one per layer."""
import math

from .figure import INK, finish, new_axes, new_figure

PER_LINE = 14                   # boxes side by side at most; longer networks are broken into lines
TALLEST, WIDEST, LOWEST = 2.2, 0.95, 0.07       # of the boxes, in inches
TEXT_LINE = 0.17                # inches


def shape_strip(rows, title=None):
    """Boxes as high as the maps are, whose areas are to each other as the numbers of activations.
    A box that would be too low to be seen, as that of a flat layer, is as high as LOWEST.

    rows: a list of (name, shape, parameters), shape (C, H, W) or (D,), as the shape table of a
    network has them. A layer that keeps the shape and has no parameters (ReLU, LRN, dropout) is
    named beneath the box before it. The more parameters, the darker a box; the number says how many.
    """
    boxes = merged(rows)
    sizes = sizes_of([box["shape"] for box in boxes])
    slot = max(1.1, WIDEST + 0.15, max(0.085 * len(line) for box in boxes for line in label_of(box)))
    each = math.ceil(len(boxes) / math.ceil(len(boxes) / PER_LINE))         # lines of about equal length
    lines = [range(start, min(start + each, len(boxes))) for start in range(0, len(boxes), each)]
    depths = [TEXT_LINE * (0.8 + max(len(label_of(boxes[i])) for i in line)) for line in lines]
    heights = [max(sizes[i][1] for i in line) + depth for line, depth in zip(lines, depths)]
    width, height = slot * len(lines[0]), sum(heights) + 0.25 * (len(lines) - 1)
    figure = new_figure(max(6, width + 0.2), height + 0.9)
    axes = new_axes(figure)
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")             # the axes count inches
    most = max(box["parameters"] for box in boxes)
    ground = height
    for line, line_height, depth in zip(lines, heights, depths):
        ground -= line_height
        for place, i in enumerate(line):
            draw_box(axes, boxes[i], sizes[i], (place + 0.5) * slot, ground + depth, most)
        ground -= 0.25
    total = sum(box["parameters"] for box in boxes)
    return finish(figure, title, f"Height: size of the maps. Area: number of activations. "
                                 f"Darker: more parameters (the last number; {total:,} in all).")


def merged(rows):
    """One box per row, but rows that keep the shape and have no parameters join the box before."""
    boxes = []
    for name, shape, parameters in rows:
        shape = tuple(shape)
        if len(shape) not in (1, 3) or min(shape) < 1:
            raise ValueError(f"{name}: a shape must be (C, H, W) or (D,) without zeros, got {shape}")
        if boxes and parameters == 0 and boxes[-1]["shape"] == shape:
            boxes[-1]["also"].append(str(name))
        else:
            boxes.append({"name": str(name), "shape": shape, "parameters": parameters, "also": []})
    if not boxes:
        raise ValueError("a shape strip needs at least one row (name, shape, parameters)")
    return boxes


def sizes_of(shapes):
    """(width, height) of every box in inches. Heights are those of the maps, but at least LOWEST."""
    highest = max(map_height(shape) for shape in shapes)
    heights = [max(LOWEST, TALLEST * map_height(shape) / highest) for shape in shapes]
    widths = [math.prod(shape) / height for shape, height in zip(shapes, heights)]
    return [(WIDEST * width / max(widths), height) for width, height in zip(widths, heights)]


def map_height(shape):
    return shape[1] if len(shape) == 3 else 1


def label_of(box):
    """The lines beneath a box: its name, the layers that share it two to a line, shape, parameters."""
    pairs = [", ".join(box["also"][start:start + 2]) for start in range(0, len(box["also"]), 2)]
    return [box["name"], *pairs, " x ".join(map(str, box["shape"])), f"{box['parameters']:,}"]


def draw_box(axes, box, size, middle, ground, most):
    """One box that stands on `ground`, with its label beneath."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle
    width, height = size
    shade = math.log1p(box["parameters"]) / math.log1p(most) if box["parameters"] else 0
    axes.add_patch(Rectangle((middle - width / 2, ground), width, height, linewidth=0.5, edgecolor=INK,
                             facecolor=colormaps["Blues"](0.95 * shade ** 3)))
    for number, line in enumerate(label_of(box)):
        axes.text(middle, ground - TEXT_LINE * (number + 0.4), line, ha="center", va="top",
                  fontsize=9 if number == 0 else 8, fontweight="bold" if number == 0 else "normal")
