"""The kinds of mistakes that this room can name, each with what it means. The record (tests/strangers) counts them."""

KINDS = {
    # what the code does, before any number is compared
    "raised": "forward or backward raised an error",
    "nothing": "forward or backward returned nothing: a return is missing",
    "shape": "a gradient has another shape than its array",
    "order": "the gradients are returned in another order",
    "not finite": "a gradient is NaN or infinite",
    "overflow": "forward overflows, or divides 0 by 0, at numbers that are not large",
    "replaced": "backward changes a parameter, or puts a new array in its place",
    "added": "backward adds to the gradients of the call before",
    "kept": "what was returned changes with the next call: one buffer for all",
    "integers": "decimals are cut off: an array of integers",
    "random": "backward, or forward, draws other random numbers the second time",
    "memory": "numbers are read from memory that nobody wrote",
    "unchecked": "an array that moves y has no gradient that could be found",
    # how the gradient depends on dy
    "ignores dy": "the gradient is the same whatever dy is",
    "term lacks dy": "a part of the gradient does not depend on dy",
    "not linear": "twice the dy does not give twice the gradient, nor two halves of it the whole",
    # its size
    "sign": "the gradient, everywhere, has the wrong sign",
    "factor": "the gradient is a constant times the right one; detail: the constant's name (N, 1/N, 2, P*Q, 1-p ...)",
    "zero": "the gradient is 0 everywhere",
    "offset": "a constant is added to the gradient",
    "decay": "a multiple of the array itself is added, as weight decay does",
    # its parts
    "part": "only some contribute; detail: image, channel, filter, row, column, position, feature",
    "overwritten": "contributions of several outputs overwrite each other where they must be added",
    "averaged": "contributions of several outputs are averaged where they must be added",
    "counted twice": "some contributions are added more often than they should be",
    "missing term": "a term of the derivative is missing: the own term, or the cross terms",
    "wrong term": "a term of the derivative has a wrong factor or sign; the other terms are right",
    "axis": "the sum runs over a wrong axis, or one axis too many or too few",
    # its places
    "transposed": "two axes are exchanged",
    "reshaped": "the right numbers in other places: a reshape where a transpose must be, or another order of axes",
    "rotated": "the kernel's, or the gradient's, rows and columns are both reversed",
    "flipped": "one axis is reversed",
    "shifted": "the right numbers some rows or columns away: a crop or an offset (padding)",
    "border": "wrong only at the border: padding",
    "groups": "another group's channels or filters",
    "stride": "backward steps through the array with another stride than forward",
    # number by number
    "mask": "another mask than forward's: from another array, or drawn anew",
    "ties": "several entries of one window get the gradient of one",
    "slope": "the slope of another function, or at another point (tanh's in place of sigmoid's; y where x belongs)",
    "eps": "a small constant, such as eps, stands in another place",
    "other array": "another array was multiplied: x, w, y, dy exchanged",
    # forward, beside a reference
    "forward": "forward computes something else than the reference; detail: what",
}
