"""What a layer must compute and move, against numbers worked out by hand."""
import pytest

import npnet
from npnet.bench.work import BACKWARD, FORWARD, Work, backward_work, forward_work, update_work
from npnet.layers import LAYERS, Concat, Conv2D, Dense

PICTURE, MAPS = (2, 5, 5), (4, 3, 3)            # 50 numbers in, 36 out


def test_a_convolution_by_hand():
    """Two pictures, 4 filters of 2 x 3 x 3 in one group: 36 outputs of 18 multiply-adds; w has 72 numbers, b has 4."""
    layer = Conv2D(4, 3)
    assert forward_work(layer, PICTURE, MAPS, 2) == Work(2 * 2 * 36 * 18, 4 * (100 + 76), 4 * 72, True)
    assert backward_work(layer, PICTURE, MAPS, 2) == Work(2 * 2 * 2 * 36 * 18, 4 * (100 + 72 + 72), 4 * (76 + 100), True)
    assert backward_work(layer, PICTURE, MAPS, 2, to_input=False) == Work(2 * 2 * 36 * 18, 4 * (100 + 72), 4 * 76, True)


def test_groups_halve_the_products():
    assert forward_work(Conv2D(4, 3, groups=2), PICTURE, MAPS, 1).operations == 2 * 36 * 9


def test_a_dense_layer_by_hand():
    """Three inputs of 10 numbers to 7: 70 multiply-adds each; w has 70 numbers."""
    layer = Dense(7)
    assert forward_work(layer, (10,), (7,), 3) == Work(2 * 3 * 70, 4 * (30 + 77), 4 * 21, True)
    assert backward_work(layer, (10,), (7,), 3) == Work(4 * 3 * 70, 4 * (30 + 21 + 70), 4 * (77 + 30), True)


@pytest.mark.parametrize("layer, made, forward, backward", [
    ("ReLU()", (2, 5, 5), (50, 200, 200), (50, 400, 200)),
    ("MaxPool(3, 2)", (2, 2, 2), (72, 200, 64), (8, 64, 200)),              # 8 outputs of 9 numbers, 8 of argmax
    ("AvgPool(3, 2)", (2, 2, 2), (72, 200, 32), (72, 32, 200)),
    ("LRN(n=5)", (2, 5, 5), (50 * 14, 200, 400), (50 * 12, 600, 200)),      # y and scale; dy, x and scale
    ("BatchNorm()", (2, 5, 5), (400, 400, 200), (500, 800, 200)),           # x twice; x and dy twice
    ("Dropout()", (2, 5, 5), (100, 200, 250), (100, 250, 200)),             # 50 bytes of mask
    ("Flatten()", (50,), (0, 0, 0), (0, 0, 0)),
])
def test_layers_that_move_memory_by_hand(layer, made, forward, backward):
    layer = eval(layer, vars(npnet.layers))
    assert forward_work(layer, PICTURE, made, 1) == Work(*forward)
    assert backward_work(layer, PICTURE, made, 1) == Work(*backward)


def test_batches_and_larger_numbers():
    one, four = (forward_work(LAYERS["ReLU"](), PICTURE, PICTURE, batch) for batch in (1, 4))
    assert four == Work(*(4 * part for part in one[:3]))
    assert forward_work(LAYERS["ReLU"](), PICTURE, PICTURE, 1, itemsize=8).moved == 2 * one.moved


def test_every_layer_is_counted():
    assert {*FORWARD, Conv2D, Dense, Concat} == {*BACKWARD, Conv2D, Dense, Concat} == set(LAYERS.values())


def test_parallel_paths_are_the_sum_of_their_layers():
    """Two convolutions of 1 x 1 on 2 x 3 x 4, of 5 and 1 filters: 288 operations, and their outputs copied side by side."""
    paths = Concat([dict(one=Conv2D(5, 1)), dict(two=Conv2D(1, 1))])
    work = forward_work(paths, (2, 3, 4), (6, 3, 4), 1)
    assert (work.operations, work.products) == (2 * 12 * 12, True)
    assert (work.read, work.written) == (4 * (24 + 15 + 24 + 3 + 72), 4 * (60 + 12 + 72))


def test_the_update():
    """w, v and dw are read, w and v written."""
    work = update_work(1000)
    assert (work.read, work.written) == (12000, 8000) and work.intensity == 6000 / 20000


def test_alexnet_is_what_is_known_of_it():
    """One forward is 0.724 G multiply-adds, one step 2.07 G: conv1 needs no dx."""
    from npnet.bench.measure import works
    every = works(npnet.model("krizhevsky2012"), 1)
    forward, backward = (sum(work.operations for (name, way), work in every.items() if way == kind and work.products)
                         for kind in ("forward", "backward"))
    assert round(forward / 2e9, 3) == 0.724 and round((forward + backward) / 2e9, 2) == 2.07
