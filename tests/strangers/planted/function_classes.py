"""Classes with static methods forward(ctx, ...) and backward(ctx, grad_output), in the manner of autograd."""
from glue import functions
from strangers_record import Planted, Subject


def applied(name, shapes, *names, **settings):
    """The glue of a Function: what is no array has no gradient."""
    def run(file, *arrays):
        out, ctx = file[name].apply(*arrays, *settings.values())

        def back(dy):
            found = file[name].backward(ctx, dy)
            return found[:len(arrays)] if isinstance(found, tuple) else found
        return out, back
    return functions(run, names, shapes)


LINEAR = "LinearFunction", [(5, 4), (4, 4), (4,)]
CONV = "Conv2dFunction", [(3, 2, 5, 6), (4, 2, 3, 2), (4,)]
STEPS = {"stride": 2, "padding": 1}
BARE = "Conv2dFunction", [(2, 3, 5, 4), (2, 3, 2, 2), (2,)]
POOL = "MaxPoolFunction", [(2, 2, 7, 5)]
GATE = "MultiplyFunction", [(2, 3, 2, 4), (2, 3)]
WEIGHT = "correlate(xp.transpose(1, 0, 2, 3), spread.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3)"

SUBJECTS = [
    Subject(*LINEAR, "dense", glue=applied(*LINEAR, "x", "weight", "bias"), mistakes=[
        Planted("the weight is not turned for x", "grad_output.dot(weight)", "grad_output.dot(weight.T)", "x",
                ("transposed",)),
        Planted("the weight's gradient is transposed", "grad_output.T.dot(x)", "x.T.dot(grad_output)", "weight",
                ("transposed",)),
        Planted("the bias gets a mean", "grad_output.sum(0)\n", "grad_output.mean(0)\n", "bias", ("factor:1/N",)),
        Planted("the bias is summed over features", "grad_output.sum(0)\n", "grad_output.sum(1)[:4]\n", "bias", ("axis",)),
        Planted("bias and weight change places", "return grad_x, grad_weight, grad_bias\n\n\ndef",
                "return grad_x, grad_bias, grad_weight\n\n\ndef", ("weight", "bias"), ("order", "shape")),
        Planted("the gradient of x is also divided by the images", "grad_output.dot(weight)",
                "grad_output.dot(weight) / len(x)", "x", ("factor:1/N",)),
    ]),
    Subject(*CONV, "conv", param=STEPS, glue=applied(*CONV, "x", "weight", "bias", **STEPS), mistakes=[
        Planted("the kernels are not rotated", "rotated = weight[:, :, ::-1, ::-1]", "rotated = weight", "x",
                ("rotated",)),
        Planted("only the kernels' columns are reversed", "rotated = weight[:, :, ::-1, ::-1]",
                "rotated = weight[:, :, :, ::-1]", "x", ("flipped",)),
        Planted("the gradient is not spread", "spread[:, :, ::ctx.stride, ::ctx.stride] = grad_output",
                "spread[:, :, :grad_output.shape[2], :grad_output.shape[3]] = grad_output", ("x", "weight"), ("stride",)),
        Planted("the weight's gradient is upside down", WEIGHT, f"{WEIGHT}[:, :, ::-1, ::-1]", "weight", ("rotated",)),
        Planted("the crop starts at the corner", "grad_xp[:, :, p:H - p, p:W - p]", "grad_xp[:, :, :H - 2 * p, :W - 2 * p]",
                "x", ("shifted",)),
        Planted("the bias sums the first filter for all", "grad_output.sum((0, 2, 3))",
                "grad_output[:, :1].sum((0, 2, 3)) * np.ones(K)", "bias", ("part:filter", "other array", "axis"), ("filter", "feature", "entry")),
        Planted("the weight's gradient is a mean over images", WEIGHT, f"{WEIGHT} / N", "weight", ("factor:1/N",)),
        Planted("grad_output is squared", "::ctx.stride] = grad_output", "::ctx.stride] = grad_output ** 2",
                ("x", "weight"), ("not linear",)),
    ]),
    Subject(*BARE, "conv", glue=applied(*BARE, "x", "weight", "bias"), mistakes=[
        Planted("the padding is cut with negative numbers", "grad_xp[:, :, p:H - p, p:W - p]", "grad_xp[:, :, p:-p, p:-p]",
                "x", ("shape",)),
        Planted("backward returns nothing", "return grad_x, grad_weight, grad_bias, None, None",
                "grad_x, grad_weight, grad_bias, None, None", ("x", "weight", "bias"), ("nothing",)),
    ]),
    Subject(*POOL, "pool", param={"size": 3, "stride": 2}, glue=applied(*POOL, "x", size=3, stride=2), mistakes=[
        Planted("the index adds once for each place", "np.add.at(grad_x, ctx.where, grad_output)",
                "grad_x[ctx.where] += grad_output", "x", ("overwritten",)),
        Planted("row and column in the window are exchanged", "p * stride + best // size, q * stride + best % size",
                "p * stride + best % size, q * stride + best // size", "x", ("transposed", "mask")),
        Planted("the smallest wins in backward", "best = patches.argmax(axis=-1)", "best = patches.argmin(axis=-1)", "x",
                ("mask",)),
        Planted("the gradient goes to the corner", "p * stride + best // size, q * stride + best % size",
                "p * stride + 0 * best, q * stride + 0 * best", "x", ("mask", "shifted")),
    ]),
    Subject("LogSoftmaxFunction", [(4, 5)], "loss", glue=applied("LogSoftmaxFunction", [(4, 5)], "x"), mistakes=[
        Planted("the sum runs over the images", "grad_output.sum(1, keepdims=True)", "grad_output.sum(0, keepdims=True)",
                "x", ("axis",)),
        Planted("the logarithm in place of the probability", "np.exp(out) * grad_output", "out * grad_output", "x",
                ("wrong term", "other array")),
        Planted("grad_output is missing in the second term", " * grad_output.sum(1, keepdims=True)", "", "x",
                ("term lacks dy",)),
    ]),
    Subject("SigmoidFunction", [(4, 5)], "activation", glue=applied("SigmoidFunction", [(4, 5)], "x"), mistakes=[
        Planted("x for the output", "grad_output * out * (1 - out)", "grad_output * x * (1 - x)", "x",
                ("slope", "other array")),
        Planted("tanh's slope", "grad_output * out * (1 - out)", "grad_output * (1 - out ** 2)", "x", ("slope",)),
    ]),
    Subject("ClampFunction", [(4, 6)], "activation", glue=applied("ClampFunction", [(4, 6)], "x"), mistakes=[
        Planted("the lower limit is forgotten", "((x > ctx.low) & (x < ctx.high))", "(x < ctx.high)", "x", ("mask",)),
    ]),
    Subject(*GATE, "dense", glue=applied(*GATE, "x", "gate"), mistakes=[
        Planted("a mean over positions", "(grad_output * x).sum((2, 3))", "(grad_output * x).mean((2, 3))", "gate",
                ("factor:1/(H*W)", "factor:1/(P*Q)")),
        Planted("x is forgotten in the gate's gradient", "(grad_output * x).sum", "grad_output.sum", "gate",
                ("other array", "missing term")),
    ]),
]
