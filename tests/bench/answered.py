"""Data of a bench that was never run, for tables and drawings."""
from npnet import model
from npnet.bench.measure import rows, works

LIMITS = {"matrix": {"one": 150e9, "all": 300e9}, "copy": {"one": 21e9, "all": 33e9}, "read": {"one": 25e9, "all": 50e9}}
SUMS = {"forward_b1": (22.5, 21.4), "forward_b16": (213, 186), "forward_b128": (1483, 1939), "step_b1": (214, 223),
        "step_b16": (520, 800), "step_b128": (3759, 5261), "step_b128_torchvision": (3046, 2378), "lrn": (400, 1300)}


def data(name="krizhevsky2012", torch=True, batches=(1, 16, 128)):
    """A whole bench, with times between 1 and 3 times what the limits allow."""
    net = model(name)
    found = {"npnet": "0.2.0", "network": name, "input_shape": list(net.input_shape), "threads": 2, "rounds": 3,
             "machine": {"processor": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"}, "limits": LIMITS, "layers": [],
             "memory": {}, "times": {}, "idle": {}, "notes": [],
             "versions": {"npnet": {"backend": "numba"}},
             "backends": {"step_b1": {"backend": 214.0, "numpy": 240.0, "ratio": 214 / 240, "unit": "ms", "name": "numba"}}}
    for batch in batches:
        ways = {}
        for i, ((layer, way), work) in enumerate(works(net, batch).items()):
            ways.setdefault(layer, {})[way] = (1e-6 + work.operations / 300e9 + work.moved / 33e9) * (1 + i % 5 / 2)
        theirs = {layer: {way: 1.4 * time for way, time in times.items()} for layer, times in ways.items()}
        sides = {"npnet": [[ways]]} | ({"torch": [[theirs]]} if torch else {})
        found["layers"] += rows(net, {"batch": batch, "layers": sides}, LIMITS)
        memory = {"peak": 2 ** 31, "minor": 140_000, "major": 0}
        found["memory"][str(batch)] = {"npnet": memory} | ({"torch": memory} if torch else {})
        found[f"memory_b{batch}"] = comparison(2191.0, 3051.0, torch, "MB")
    for key, (ours, theirs) in SUMS.items():
        found[key] = comparison(ours, theirs, torch)
    found["lrn"]["batch"] = 128
    return found


def comparison(ours, theirs, torch, unit="ms"):
    return {"npnet": ours, "torch": theirs if torch else None, "ratio": ours / theirs if torch else None, "unit": unit}


def scaling_data():
    """Cost against size; at one place memory was too little, at one numpy is quicker."""
    at = {"batch": [1, 2, 4, 256], "threads": [1, 2], "pixels": [32, 64, 512]}
    panels = []
    for what, places in at.items():
        times = [100.0 / (i + 1) for i in range(len(places))]
        sides = {"npnet": times, "numpy": [2 * time for time in times]}
        panels.append({"what": what, "title": f"krizhevsky2012 by {what}", "at": places, "backend": "numba",
                       "forward": sides, "step": {side: [3 * time for time in times] for side, times in sides.items()}})
    panels[2]["step"] = {side: [*times[:-1], None] for side, times in panels[2]["step"].items()}
    panels[0]["step"]["npnet"][0] = 612.0
    slower = [{"what": "batch", "at": 1, "pass": "step", "ratio": 1.02}]
    return {"network": "krizhevsky2012", "threads": 2, "rounds": 3, "backend": "numba", "panels": panels, "slower": slower}
