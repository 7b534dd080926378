"""The rooms of npnet: which may import which, by the table that tests/test_rooms.py holds the code to."""
import ast
from pathlib import Path

from npnet.plots.figure import BAR, INK, TRACK, finish, new_figure

ROOT = Path(__file__).resolve().parents[2]
CELL, LABEL = 0.163, 0.98                           # inches: the side of a square, the room for a name


def table():
    """(rooms of the book, annexes, {room: the rooms that it may import}) as tests/test_rooms.py has them."""
    text = (ROOT / "tests" / "test_rooms.py").read_text("utf-8")
    said = [node for node in ast.parse(text).body
            if isinstance(node, ast.Assign) and node.targets[0].id in ("BOOK", "ANNEXES", "ALLOWED")]
    names = {}
    exec(compile(ast.Module(said, []), "tests/test_rooms.py", "exec"), names)
    may = {room: [other for other in others.split() if other != room] for room, others in names["ALLOWED"].items()}
    there = [room for room in names["ANNEXES"] if (ROOT / "npnet" / room).is_dir()]
    return names["BOOK"], there, {room: [other for other in may[room] if other in names["BOOK"] + there]
                                  for room in names["BOOK"] + there}


def in_order(rooms, may):
    """The rooms in such an order that each may import only earlier ones. ValueError if there is none."""
    rooms, placed = list(rooms), []
    while rooms:
        room = next((room for room in rooms if set(may[room]) <= set(placed)), None)
        if room is None:
            raise ValueError(f"these rooms may import each other in a circle: {', '.join(rooms)}")
        placed.append(room)
        rooms.remove(room)
    return placed


def imports(room, folder=ROOT / "npnet"):
    """The rooms that the files of a room import, read from them."""
    paths = sorted((folder / room).rglob("*.py")) if (folder / room).is_dir() else [folder / f"{room}.py"]
    found = set()
    for path in paths:
        depth = len(path.relative_to(folder).parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == depth:
                found.update([node.module.split(".")[0]] if node.module else [name.name for name in node.names])
    return found - {room}


def who_may_import_whom():
    """A square for every pair: the room of the row may import the room of the column; full if it does."""
    from matplotlib.patches import Rectangle
    book, annexes, may = table()
    rooms = in_order([*book, *annexes], may)
    side = CELL * len(rooms)
    figure = new_figure(LABEL + side + 0.1, LABEL + side + 0.1)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), frame_on=False)
    axes.set(xticks=[], yticks=[], xlim=(-LABEL / CELL, len(rooms) + 0.1 / CELL),
             ylim=(len(rooms) + 0.1 / CELL, -LABEL / CELL))
    for row, room in enumerate(rooms):
        axes.text(-0.4, row + 0.5, room, ha="right", va="center", fontsize=9)
        axes.text(row + 0.55, -0.4, room, ha="center", va="bottom", fontsize=9, rotation=90)
        axes.add_patch(Rectangle((row, row), 1, 1, facecolor=INK, linewidth=0))
        does = imports(room)
        for other in may[room]:
            axes.add_patch(Rectangle((rooms.index(other) + 0.14, row + 0.14), 0.72, 0.72, linewidth=0.9, edgecolor=BAR,
                                     facecolor=BAR if other in does else "white"))
    for place in range(len(rooms) + 1):
        axes.plot([0, len(rooms)], [place, place], color=TRACK, linewidth=0.5, zorder=0)
        axes.plot([place, place], [0, len(rooms)], color=TRACK, linewidth=0.5, zorder=0)
    axes.add_patch(Rectangle((0, 0), len(book), len(book), fill=False, edgecolor=INK, linewidth=1.6))
    return finish(figure, None)
