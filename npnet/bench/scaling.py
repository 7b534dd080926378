"""Cost against size: time for each picture as batch, threads and picture grow, with the numpy backend beside.

    scaling()       {"panels": [...], "slower": [...]}: some minutes
"""
from ..fast.machine import free_memory
from ..screen import counted
from . import measure
from .measure import typical
from .plan import plan_of
from .sides import started, turns

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PIXELS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
SMALL = "cifar_alexnet"         # takes pictures of every size from 32 on; the paper's network needs 63
BATCH_OF_THREADS, BATCH_OF_PIXELS = 16, 4
PASSES = ("forward", "step")
BESIDE = "numpy"
PATIENCE = 4.0                  # seconds; what takes longer is timed in one round only


def scaling(net="krizhevsky2012", settings=None, batches=BATCHES, pixels=PIXELS, tick=lambda: None):
    """Milliseconds for each picture.

    {"panels": [{"what", "title", "at": [...], "forward": {side: [...]}, "step": {...}}, ...], "slower": [...]}, the
    sides being "npnet" and "numpy"; None where memory was too little. slower: {"what", "at", "pass", "ratio"} of every
    place where npnet's side took longer than numpy's. tick is called after every point, `ticks` times.
    """
    settings = settings or measure.Settings()
    name, net = net if isinstance(net, str) else "network", measure.network(net)
    pool = counted(settings.threads, "thread")
    threads = sorted({*(2 ** power for power in range(10) if 2 ** power <= settings.threads), settings.threads})
    panels = [
        panel("batch", f"{name}, {pool}", batches,
              [(net, batch, settings.threads) for batch in batches], settings, tick),
        panel("threads", f"{name}, batch {BATCH_OF_THREADS}", threads,
              [(net, BATCH_OF_THREADS, number) for number in threads], settings, tick),
        panel("pixels", f"{SMALL}, batch {BATCH_OF_PIXELS}, {pool}", pixels,
              [(SMALL, BATCH_OF_PIXELS, settings.threads, size) for size in pixels], settings, tick)]
    return {"network": name, "threads": settings.threads, "rounds": settings.rounds,
            "backend": panels[0]["backend"] or settings.backend or "npnet", "panels": panels, "slower": slower(panels)}


def ticks(settings, batches=BATCHES, pixels=PIXELS):
    """How often `scaling` calls its tick."""
    powers = {*(2 ** power for power in range(10) if 2 ** power <= settings.threads), settings.threads}
    return len(batches) + len(powers) + len(pixels)


def panel(what, title, places, points, settings, tick):
    """The times at all places of one panel."""
    found = {"what": what, "title": title, "at": list(places)}
    found |= {one: {side: [] for side in ("npnet", BESIDE)} for one in PASSES}
    for point in points:
        times = point_times(*point, settings=settings)
        for one in PASSES:
            for side, values in found[one].items():
                values.append(times and times[one][side])
        found["backend"] = times["backend"] if times else found.get("backend")
        tick()
    return found


def point_times(net, batch, threads, size=None, settings=None):
    """{pass: {side: milliseconds for a picture}} at one place, and the backend; None where memory is too little."""
    net = measure.network(net, size)
    if measure.too_little_memory(net, batch, measure.Settings(), free_memory()):
        return None
    with started(plan_of(net), {"npnet": settings.backend, BESIDE: BESIDE}, threads) as sides:
        found = {"backend": sides["npnet"].versions["backend"]}
        for one in PASSES:
            times = turns(sides, settings.rounds, seconds=settings.seconds, patience=PATIENCE, what=one, batch=batch)
            found[one] = {side: 1000 * typical(values) / batch for side, values in times.items()}
    return found


def slower(panels):
    """Every place where npnet's side took longer than numpy's."""
    found = []
    for panel in panels:
        for one in PASSES:
            for at, ours, theirs in zip(panel["at"], panel[one]["npnet"], panel[one][BESIDE]):
                if ours is not None and ours > theirs:
                    found.append({"what": panel["what"], "at": at, "pass": one, "ratio": ours / theirs})
    return found
