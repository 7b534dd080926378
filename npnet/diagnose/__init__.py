"""What is wrong with a layer: npnet's own ones, and those in a file of yours.

    for case in cases():                                    # every layer of npnet, and the loss
        print(case.expression, case.check().ok)
    print(check_file("my_layer.py", "MyLRN(n=5)", (2, 7, 5, 4)))
    print(check_file("my_ops.py", "forward,backward", [(4, 6), (6, 3)]))

The method is npnet/gradcheck.py's. This room knows where to apply it (cases.py), how to make a layer ready
for it (ready.py), and how a stranger's file is run and called (own.py).
"""
from .cases import cases
from .own import check_file, layers_of

__all__ = ["cases", "check_file", "layers_of"]
