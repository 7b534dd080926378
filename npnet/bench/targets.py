"""The targets that npnet has set itself: how long it may take, as a share of PyTorch's time.

They are for krizhevsky2012, the paper's network, with float32 on two cores of a server; on another machine they say
less. A target that is missed is printed as missed.
"""
NETWORK = "krizhevsky2012"
TARGETS = {
    "forward_b1": 0.70, "forward_b16": 0.60, "forward_b128": 0.42,
    "step_b1": 0.50, "step_b128": 0.42, "step_b128_torchvision": 0.90,
    "lrn": 0.12,                # forward and backward of norm1 and norm2, 128 pictures
    "memory_b128": 0.80,        # peak of a step
}
TEXTBOOK = 0.1                  # of the time of the im2col that is common in NumPy, for the same layer


def target(data, key):
    """The target for a key of a bench's data, or None."""
    if data["network"] != NETWORK or key == "lrn" and data["lrn"]["batch"] != 128:
        return None
    return TARGETS.get(key)


def verdict(ratio, target):
    """"0.42 met", "0.42 missed", "" without a target; "0.42" where there is nothing to compare."""
    if target is None:
        return ""
    return f"{target:.2f}" + ("" if ratio is None else " met" if ratio <= target else " missed")
