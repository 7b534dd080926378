"""The texts are right, and the planted mistakes are mistakes: by slopes of our own, without the checker."""
import runpy
import warnings

import numpy as np
import pytest
from strangers_record import cases, styles


def wrong_arrays(case, folder, most=10 ** 6):
    """The names of the arrays whose gradient is not the slope; {"error", what} if the file cannot be run and called.

    most: of each array, how many numbers are moved at most, drawn at random.
    """
    names = runpy.run_path(str(case.write(folder)))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            forward, backward, arrays = case.subject.glue(names)
            dy = np.random.default_rng(1).uniform(0.5, 1.5, np.shape(forward(arrays)))
            gradients = {name: np.array(gradient) for name, gradient in backward(arrays, dy).items()}
            return {name for name, array in arrays.items()
                    if not agrees(gradients.get(name), array, *slopes(forward, arrays, array, dy, most))}
    except Exception as error:
        return {"error", repr(error)}


def slopes(forward, arrays, array, dy, most, step=1e-5):
    """Flat places of the array, and dL/d(array) there for L = sum(dy * y): a little more, a little less."""
    places = np.random.default_rng(2).permutation(array.size)[:most]
    found = []
    for place in zip(*np.unravel_index(places, array.shape)):
        before = array[place]
        array[place] = before + step
        more = np.array(forward(arrays))
        array[place] = before - step
        less = np.array(forward(arrays))
        array[place] = before
        found.append(np.sum(dy * (more - less)) / (2 * step))
    return places, np.array(found)


def agrees(gradient, array, places, slope):
    if gradient is None or gradient.dtype == object or gradient.shape != array.shape:
        return False
    gradient = gradient.ravel()[places]
    return np.linalg.norm(gradient - slope) <= 1e-7 * (np.linalg.norm(gradient) + np.linalg.norm(slope))


def glued(style):
    return [case for case in cases([style], pairs=0) if case.subject.glue]


@pytest.mark.parametrize("style", styles())
def test_the_text_is_right(style, tmp_path):
    for case in glued(style):
        if not case.planted:
            assert not wrong_arrays(case, tmp_path, most=30), case.name


@pytest.mark.long
@pytest.mark.parametrize("style", styles())
def test_the_labels_are_true(style, tmp_path):
    """A visible mistake shows in the arrays that its label names, and in no other; an invisible one in none."""
    for case in glued(style):
        for planted in case.planted:
            wrong = wrong_arrays(case, tmp_path)
            if not planted.visible:
                assert not wrong, case.name
            elif "error" not in wrong and planted.arrays:
                assert wrong == set(planted.arrays), case.name
            else:
                assert wrong, case.name
