"""The right numbers in the wrong places: two axes exchanged, a reshape where a transpose is due, an axis reversed, the
gradients in another order; of the gradient itself, of dy, or of an array that backward works with.
"""
import time
from itertools import combinations, permutations

import numpy as np
from numpy.linalg import norm

from ..evidence import Cause
from ..matrices import ENOUGH, alive, array_words, example, is_first, number, other_dy, output_words

SECONDS = 0.1               # for runs of forward with rearranged arrays


def rearranged(shape, words, rotations=False):
    """[(kind, sentence, map)]: what may have been done to an array of this shape; flat[map] is the array after it."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    found = [("transposed", f"its {words[a]}s and {words[b]}s are exchanged", index.swapaxes(a, b))
             for a, b in reversed(list(combinations(axes, 2))) if shape[a] == shape[b]]
    found += [("flipped", f"its {words[a]}s are in reverse order", np.flip(index, a)) for a in reversed(axes)]
    if rotations and len(axes) > 1:
        turn = "its last two axes are both reversed, a turn by 180 degrees"
        found.append(("rotated", turn, np.flip(index, axes[-2:])))
    for order in permutations(range(len(shape))):
        if [axis for axis in order if shape[axis] > 1] != axes:
            turned = index.transpose(order)
            back = index.reshape(turned.shape).transpose(np.argsort(order))
            named = ", ".join(words[axis] for axis in order)
            found.append(("reshaped", f"its numbers, taken in the order {named}, are reshaped to {shape}", turned))
            found.append(("reshaped", f"it is reshaped as if its axes were {named}", back))
    return different(found, index)


def different(found, index):
    """Without what changes nothing and what is said already, the maps flat."""
    seen, kept = {index.tobytes()}, []
    for kind, sentence, places in found:
        places = np.ascontiguousarray(places).ravel()
        if places.tobytes() not in seen:
            seen.add(places.tobytes())
            kept.append((kind, sentence, places))
    return kept


# ------------------------------------------------------------------------------- of the gradient, or of dy

def gradient_rearranged(evidence):
    """The right gradient with its numbers in other places."""
    if len(evidence.entries) != evidence.array.size or alive(evidence.right).sum() < ENOUGH:
        return None
    for kind, sentence, places in rearranged(evidence.array.shape, array_words(evidence)):
        well = ~evidence.kinks & ~evidence.kinks[places]
        if well.sum() < ENOUGH or not close(evidence, evidence.got[well], evidence.right[places][well]):
            continue
        other = other_dy(evidence)
        again = (other.ravel() @ evidence.J_all)[places]
        if close(evidence, evidence.ask(other).ravel()[well], again[well], wrong=False):
            return Cause(kind, f"The gradient of {evidence.name} has the right numbers in other places: {sentence}.",
                         example=example(evidence), look=question(kind), sure="exact")
    return None


def dy_rearranged(evidence):
    """The gradient is right for a dy with its numbers in other places."""
    if evidence.y.size < 2 or alive(evidence.right).sum() < 2:
        return None
    well, other, asked = ~evidence.kinks, other_dy(evidence), None
    for kind, sentence, places in rearranged(evidence.y.shape, output_words(evidence), rotations=True):
        if not close(evidence, evidence.got[well], (evidence.dy.ravel()[places] @ evidence.J_all)[well]):
            continue
        asked = evidence.ask(other).ravel()[evidence.entries] if asked is None else asked
        if not close(evidence, asked[well], (other.ravel()[places] @ evidence.J_all)[well], wrong=False):
            continue
        return Cause(kind, f"The gradient of {evidence.name} would be right for a dy rearranged: {sentence}.",
                     example=example(evidence), look=question(kind), sure="exact" if well.sum() >= ENOUGH else "likely")
    return None


def close(evidence, found, rebuilt, wrong=True):
    """Whether two gradients agree, and, of a wrong one, whether this explains its error."""
    if not evidence.same(found, rebuilt):
        return False
    return not wrong or norm(found - rebuilt) < 1e-3 * norm((evidence.got - evidence.right)[~evidence.kinks])


def question(kind):
    return {"transposed": "Which axes does each array have where it is multiplied? Write the shapes beside the line.",
            "flipped": "Is there a [::-1], or a loop that counts down, that forward does not have?",
            "rotated": "Is there a [::-1, ::-1], a rot90 or a flip that does not belong there, or one too few?",
            "reshaped": "A reshape keeps the order of the numbers and cannot exchange axes: transpose, then reshape."
            }[kind]


# ------------------------------------------------------------------------------- of another array

def slopes_along(evidence, name, direction, **arrays):
    """How each output moves as the array `name` moves along a direction, with other arrays in place of some."""
    base = arrays.get(name, evidence.arrays[name])
    step = evidence.step
    right = evidence.see(**arrays | {name: base + step * direction})
    left = evidence.see(**arrays | {name: base - step * direction})
    return ((right - left) / (2 * step)).ravel()[evidence.outputs]


def sent_along(evidence, seed=3):
    """(direction, what backward says of it for every output): B times a random direction."""
    direction = np.zeros(evidence.array.size)
    direction[evidence.entries] = np.random.default_rng(seed).standard_normal(len(evidence.entries))
    return direction.reshape(evidence.array.shape), evidence.B @ direction[evidence.entries]


def rearranged_partner(evidence):
    """The gradient is right for a layer in which another array (w, for the gradient of x) is rearranged."""
    if evidence.B.size < 2 * ENOUGH:
        return None
    end, right_for = time.perf_counter() + SECONDS, partner_test(evidence)
    for name, array in evidence.arrays.items():
        if name == evidence.name or array.ndim < 2 or array.size < 4:
            continue
        for kind, sentence, places in rearranged(array.shape, words_of(evidence, name), rotations=True):
            if time.perf_counter() + 4 * evidence.seconds[0] > end:
                return None
            if right_for(name, array.ravel()[places].reshape(array.shape)):
                return Cause(kind, f"The gradient of {evidence.name} is right for another {name}: {sentence}.",
                             example=example(evidence), look=f"How does backward arrange {name} before it multiplies? "
                             f"{question(kind)}", sure="exact")
    return None


def partner_test(evidence):
    """A function of (name, array): whether the gradient is right for a layer with this array in place of its own."""
    directions = [sent_along(evidence, seed) for seed in (3, 4)]
    right = [evidence.J @ direction.ravel()[evidence.entries] for direction, _ in directions]

    def right_for(name, array):
        for (direction, sent), true in zip(directions, right):
            expected = slopes_along(evidence, evidence.name, direction, **{name: array})
            if not evidence.same(sent, expected) or norm(sent - expected) >= 1e-3 * norm(sent - true):
                return False
        return True
    return right_for


def partner_replaced(evidence):
    """The gradient is right for a layer in which another array is replaced: by y, by a third one, or by 1."""
    if evidence.B.size < 2 * ENOUGH:
        return None
    end, right_for = time.perf_counter() + SECONDS, partner_test(evidence)
    for name, array in evidence.arrays.items():
        if name == evidence.name or not multiplies(evidence, name):
            continue
        known = {"y": evidence.y, **evidence.arrays}
        places = {other: values for other, values in known.items() if values.shape == array.shape and other != name}
        for other, values in {**places, "1": np.ones_like(array)}.items():
            if time.perf_counter() + 4 * evidence.seconds[0] > end:
                return None
            if not np.array_equal(values, array) and right_for(name, values):
                return replaced(evidence, name, other)
    return None


def other_matrix(evidence):
    """The gradient of x or w in y = x @ w, with an unknown matrix where the other one belongs."""
    x, shape, M = evidence.x, evidence.array.shape, evidence.y.shape[-1]
    if not (x.ndim == evidence.y.ndim == len(shape) == 2 and len(x) == len(evidence.y) and evidence.whole) or min(
            len(x), M) < 2:
        return None
    for turned in (False, True):
        right, found = (structured(matrix, evidence, turned) for matrix in (evidence.J, evidence.B))
        if right is not None and found is not None and found.size >= 2 * ENOUGH and norm(found) > 0:
            partner = "w" if is_first(evidence) else next(iter(evidence.point.inputs))
            i = np.unravel_index(np.abs(found - right).argmax(), right.shape)
            return Cause("other array", f"The gradient of {evidence.name} is right for another {partner}: where it "
                         f"must have {number(right[i])}, there is {number(found[i])}, {found.size} times.", "",
                         example(evidence), f"Which array does backward multiply with dy for {evidence.name}? It must "
                         f"be what forward multiplied, not something computed from it.", "exact")
    return None


def structured(matrix, evidence, turned):
    """The array a of which the matrix (outputs, entries) of a dense layer consists, or None if it is no such matrix."""
    N, M = evidence.y.shape
    D = evidence.x.shape[1]
    if is_first(evidence):
        blocks = matrix.reshape(N, M, N, D)                     # a[m, d] where the images are the same
        if turned or not evidence.same(blocks, blocks * np.eye(N)[:, None, :, None]):
            return None
        parts = blocks[np.arange(N), :, np.arange(N)]           # (N, M, D)
    else:
        if evidence.array.shape != ((M, D) if turned else (D, M)):
            return None
        blocks = matrix.reshape(N, M, M, D) if turned else matrix.reshape(N, M, D, M).swapaxes(2, 3)
        if not evidence.same(blocks, blocks * np.eye(M)[None, :, :, None]):
            return None
        parts = blocks[:, np.arange(M), np.arange(M)].swapaxes(0, 1)            # (M, N, D)
    return parts[0] if evidence.same(parts, np.broadcast_to(parts[0], parts.shape)) else None


def multiplies(evidence, name):
    """Whether the slopes by the array are proportional to this other array: it is a factor of them."""
    direction, _ = sent_along(evidence)
    twice = slopes_along(evidence, evidence.name, direction, **{name: 2 * evidence.arrays[name]})
    return evidence.same(twice, 2 * (evidence.J @ direction.ravel()[evidence.entries])) and twice.any()


def replaced(evidence, name, other):
    """The Cause for an array in whose place another one is in backward."""
    if other == "1":
        return Cause("other array", f"The gradient of {evidence.name} is right for {name} = 1: {name} is missing.",
                     f"1 for {name}", example(evidence),
                     f"By what does forward multiply {evidence.name}? The same factor is in its gradient.", "exact")
    return Cause("other array", f"In the gradient of {evidence.name}, {other} stands where {name} must; with {other} "
                 f"there it would be right.", other, example(evidence),
                 "Which arrays does backward multiply, and are they those that forward multiplied?", "exact")


def dy_given_back(evidence):
    """What comes in as dy is given back as it came, by a layer that mixes numbers."""
    if evidence.array.shape != evidence.y.shape or evidence.array.size < ENOUGH:
        return None
    mixed, other = alive(evidence.J).sum() > len(evidence.outputs), other_dy(evidence)
    if not mixed:                                               # number by number: other rules' matter
        return None
    if np.array_equal(evidence.gradient, evidence.dy) and np.array_equal(evidence.ask(other), other):
        return Cause("missing term", f"The gradient of {evidence.name} is dy, given back as it came; forward's slopes "
                     f"are not all 1.", example=example(evidence), sure="exact",
                     look="What does forward do to it? dy must be multiplied by the slope of that.")
    return None


def words_of(evidence, name):
    dims = evidence.arrays[name].ndim
    if name == next(iter(evidence.point.inputs)):
        words = {2: "image feature", 3: "channel row column", 4: "image channel row column"}
    else:
        words = {2: "row column", 4: "filter channel row column"}
    return words.get(dims, " ".join(f"axis-{axis}" for axis in range(dims))).split()


def gradient_of_another(evidence):
    """What is given for this array is the gradient of another one of its shape."""
    direction, sent = sent_along(evidence)
    if len(evidence.entries) != evidence.array.size or alive(sent).sum() < ENOUGH:
        return None
    right = evidence.J @ direction.ravel()[evidence.entries]
    for name, array in evidence.arrays.items():
        if name == evidence.name or array.shape != evidence.array.shape:
            continue
        expected = slopes_along(evidence, name, direction)
        if evidence.same(sent, expected) and norm(sent - expected) < 1e-3 * norm(sent - right):
            return exchanged(evidence, name)
    return None


def exchanged(evidence, name):
    """The Cause where the gradient of another array is given: the two are exchanged, or only this one is wrong."""
    other, well = evidence.point.gradients[name].ravel()[evidence.entries], ~evidence.kinks
    sentence = f"What backward gives for {evidence.name} is the gradient of {name}"
    if evidence.same(other[well], evidence.right[well]):
        return Cause("order", f"{sentence}, and the other way round.", example=example(evidence), sure="exact",
                     look="In which order does backward return its gradients, and under which names are they kept?")
    return Cause("other array", f"{sentence}, to which it belongs.", example=example(evidence), sure="exact",
                 look=f"By what does forward multiply {evidence.name}, and not {name}? The gradient has this factor.")


CAUSES = [gradient_of_another, gradient_rearranged, dy_rearranged, rearranged_partner, partner_replaced, dy_given_back,
          other_matrix]
