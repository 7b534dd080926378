"""Units as they are typed: "10Gbit", "100MB/s", "50us", "150 Gflop/s". Each function returns a plain number.

    bandwidth("10Gbit") == 1.25e9       bytes a second: a byte is 8 bits, k M G T are powers of 1000
    seconds("50us") == 5e-05
    flops("150") == 1.5e11              operations a second; a number alone counts thousands of millions
"""
import math
import re

KILOS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2 ** 10, "mi": 2 ** 20, "gi": 2 ** 30}
TIMES = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}     # two letters that look like one


def bandwidth(text, whose="the bandwidth"):
    """Bytes a second of "10Gbit", "1 Gbit/s", "100MB/s", "1.5GiB". ValueError for what cannot be read: b alone might
    be bits or bytes. whose: what it is called there."""
    advice = "write bits as 10Gbit or 100Mbit/s, and bytes as 100MB or 1.25GB/s"
    number, unit = parts(text, whose, advice)
    found = re.fullmatch(r"(|[kmgt]i?)(bits?|bps|B|bytes?)(/s)?", unit, re.I)
    if not found or found[2] == "b":
        raise ValueError(f"{whose} {text!r} has no unit that is known; {advice}")
    bits = found[2].lower() in ("bit", "bits", "bps")
    return positive(number * KILOS[found[1].lower()] / (8 if bits else 1), text, whose)


def seconds(text):
    """Seconds of "50us", "0.2 ms", "0s". ValueError for what cannot be read."""
    advice = "write it as 50us, 0.2ms or 1s"
    number, unit = parts(text, "the latency", advice)
    if unit not in TIMES:
        raise ValueError(f"the latency {text!r} has no unit that is known; {advice}")
    return number * TIMES[unit]


def flops(text):
    """Operations a second of "150", "150Gflop/s", "1.2 Tflops". ValueError for what cannot be read."""
    advice = "write it as 150 or 150Gflop/s"
    number, unit = parts(text, "the rate", advice)
    found = re.fullmatch(r"([mgt])flops?(/s)?", unit or "Gflop", re.I)
    if not found:
        raise ValueError(f"the rate {text!r} has no unit that is known; {advice}")
    return positive(number * KILOS[found[1].lower()], text, "the rate")


def parts(text, what, advice):
    """(number, unit) of a text. ValueError where it does not begin with a number."""
    found = re.fullmatch(r"\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*(\D.*?)?\s*", str(text), re.I)
    if not found or not math.isfinite(float(found[1])):
        raise ValueError(f"{what} must be a number and a unit, got {text!r}; {advice}")
    return float(found[1]), found[2] or ""


def positive(number, text, what):
    """The number. ValueError for 0."""
    if number <= 0:
        raise ValueError(f"{what} must be above 0, got {text!r}")
    return number


def bandwidth_words(number):
    """"10 Gbit/s" of bytes a second."""
    bits = 8 * number
    for name in ("T", "G", "M", "k"):
        if bits >= KILOS[name.lower()]:
            return f"{bits / KILOS[name.lower()]:.3g} {name}bit/s" if math.isfinite(bits) else "unlimited"
    return f"{bits:.3g} bit/s"


def latency_words(number):
    """"50 us" of seconds."""
    return f"{1e6 * number:.3g} us" if number < 1e-3 else f"{1e3 * number:.3g} ms"


def time_words(number):
    """"2.06 s", "18.1 ms" of seconds: three digits, so that a row of a table can be added up."""
    shown, unit = (number, "s") if number >= 0.9995 else (1e3 * number, "ms")
    return f"{shown:#.3g}".rstrip(".") + f" {unit}" if number else "0"
