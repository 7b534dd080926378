"""How an array of a file becomes one of npnet's: every way in which its shape could be meant.

    ways((1000, 4096), (4096, 1000))    {"last": ("transposed", a function that returns a view)}
"""
import math


def same(array):
    """The array as it is."""
    return array


def ways(theirs, ours):
    """{name of a layout: (words, function)} of all ways to make an array of shape `theirs` one of shape `ours`."""
    ours, plain = tuple(ours), tuple(theirs)
    if math.prod(plain) != math.prod(ours):
        return {}
    while len(plain) > len(ours) and plain[0] == 1:                 # Caffe's old files: (1, 1, M, D), (1, 1, 1, K)
        plain = plain[1:]
    short = (lambda array: array.reshape(plain)) if plain != tuple(theirs) else same
    if len(ours) == 4:
        return ways_of_filters(plain, ours, short)
    if len(ours) == 2:
        return ways_of_dense(plain, ours, short)
    return {"last": ("", short)} if plain == ours else {}


def ways_of_filters(theirs, ours, short):
    """Filters (K, C, R, S): as they are, from (R, S, C, K), or from a matrix (K, C*R*S)."""
    found = {}
    K, C, R, S = ours
    if theirs == ours:
        found["last"] = found["first"] = ("", short)
    if theirs == (R, S, C, K):
        found["keras"] = ("from (R, S, C, K)", lambda w: short(w).transpose(3, 2, 0, 1))
    if theirs == (K, C * R * S):
        found["matrix"] = ("from a matrix", lambda w: short(w).reshape(ours))
    return found


def ways_of_dense(theirs, ours, short):
    """A dense weight (D, M): as it is, transposed, or from filters (M, C, R, S) over the whole map."""
    found = {}
    D, M = ours
    if theirs == (M, D):
        found["last"] = ("transposed", lambda w: short(w).T)
    if theirs == (D, M):
        found["first"] = ("", short)
    if len(theirs) == 4 and theirs[0] == M:
        found["filters"] = ("from filters over the whole map", lambda w: short(w).reshape(M, D).T)
    return found
