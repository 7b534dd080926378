"""What is wrong with a layer: npnet's own ones, and anybody else's, as they are.

    print(check_layer(MyLRN(n=5), x))                       # an array x; or a pair of functions and their arrays
    for case in cases():                                    # every layer of npnet, and the loss
        print(case.expression, case.check().ok)
    print(check_file("my_layer.py", "MyLRN(n=5)", (2, 7, 5, 4)))
    print(check_file("my_ops.py", "forward,backward", [(4, 6), (6, 3)]))

The method is npnet/gradcheck.py's. This room knows how a stranger's file is run (files.py) and a layer in it called,
and tells the cause of a wrong gradient from forward's own Jacobian (evidence.py).
"""
from .cases import cases
from .check import MANY, Examination, assert_gradients, check_layer
from .files import check_file, layers_of, subjects_and_line, subjects_of
from .pictures import draw
from .whole import check_network

__all__ = ["MANY", "Examination", "assert_gradients", "cases", "check_file", "check_layer", "check_network", "draw",
           "layers_of", "subjects_and_line", "subjects_of"]
