"""Layers of images (batch, height, width, channels) with kernels (height, width, in, out), built at the first call."""
from glue import layer
from strangers_record import Planted, Subject


def built(expression, shapes, *names, **call):
    return layer(expression, shapes, {name: (name, f"{name}_gradient") for name in names}, inputs=("inputs",),
                 call=lambda made, x: made(x, **call), back=lambda made, dy: made.gradient(dy))


CONV = 'Conv2D(4, (3, 3), strides=(2, 1), padding="same")', [(3, 6, 5, 2)]
DEPTH = "DepthwiseConv2D((3, 2))", [(2, 5, 4, 3)]
POOL = "MaxPooling2D((3, 2), strides=(2, 2))", [(2, 7, 5, 3)]
MEAN = "AveragePooling2D((2, 3), strides=(1, 2))", [(2, 5, 7, 2)]
GLOBAL = "GlobalAveragePooling2D()", [(3, 2, 4, 5)]
NORM = "BatchNormalization()", [(3, 2, 3, 4)]
SCATTER = "dxp[:, i:i + oh * sh:sh, j:j + ow * sw:sw, :] +="
TENSORDOT = "np.tensordot(patch, dy, axes=([0, 1, 2], [0, 1, 2]))"

SUBJECTS = [
    Subject(*CONV, "conv", glue=built(*CONV, "kernel", "bias"), mistakes=[
        Planted("what windows share is overwritten", SCATTER, SCATTER.replace("+=", "="), "inputs", ("overwritten",)),
        Planted("dx is cropped at its corner", "dxp[:, top:top + h, left:left + w, :]", "dxp[:, :h, :w, :]", "inputs",
                ("shifted",)),
        Planted("dx is cropped by the padding after", "top, left = self.before", "top, left = self.after", "inputs",
                ("shifted",)),
        Planted("dx without strides", SCATTER, "dxp[:, i:i + oh, j:j + ow, :] +=", "inputs", ("stride",)),
        Planted("the kernel's gradient has rows and columns exchanged", "self.kernel_gradient[i, j] = np.tensordot",
                "self.kernel_gradient[j, i] = np.tensordot", "kernel", ("transposed",)),
        Planted("dx by the kernel turned round", "dy @ self.kernel[i, j].T", "dy @ self.kernel[kh - 1 - i, kw - 1 - j].T",
                "inputs", ("rotated",)),
        Planted("the kernel's in and out are mixed by a reshape", TENSORDOT,
                "np.tensordot(dy, patch, axes=([0, 1, 2], [0, 1, 2])).reshape(self.kernel.shape[2:])", "kernel",
                ("reshaped", "transposed")),
        Planted("the bias gets a mean over the images", "dy.sum(axis=(0, 1, 2))", "dy.sum(axis=(1, 2)).mean(axis=0)",
                "bias", ("factor:1/N",)),
        Planted("the bias is summed over images and rows alone", "dy.sum(axis=(0, 1, 2))", "dy.sum(axis=(0, 1))", "bias",
                ("axis", "shape")),
        Planted("the kernel's gradient from the last row of outputs", TENSORDOT,
                "np.tensordot(patch[:, -1:], dy[:, -1:], axes=([0, 1, 2], [0, 1, 2]))", "kernel",
                ("part:row", "part:position"), ("row",)),
        Planted("dx has its channels reversed", "return dxp[:, top:top + h, left:left + w, :]",
                "return dxp[:, top:top + h, left:left + w, ::-1]", "inputs", ("flipped",)),
        Planted("the kernel's gradient for a dy of its own sum", "(patch, dy, axes=", "(patch, dy / dy.sum(), axes=",
                "kernel", ("not linear", "factor")),
    ]),
    Subject(*DEPTH, "conv", glue=built(*DEPTH, "kernel"), mistakes=[
        Planted("the kernel's gradient is summed over channels too", "* dy).sum(axis=(0, 1, 2))", "* dy).sum()", "kernel",
                ("axis",)),
        Planted("every channel's gradient by the first kernel", "dy * self.kernel[i, j]", "dy * self.kernel[i, j, 0]",
                "inputs", ("groups",), ("channel", "group")),
        Planted("the kernel's gradient keeps the first image", "* dy).sum(axis=(0, 1, 2))", "* dy)[0].sum(axis=(0, 1))",
                "kernel", ("part:image",)),
    ]),
    Subject(*POOL, "pool", glue=built(*POOL), mistakes=[
        Planted("a winner of two windows gets one share", "+= winners * dy", "= winners * dy", "inputs", ("overwritten",)),
        Planted("everything above 0 wins", "winners = window == self.out[:, i, j][:, None, None, :]",
                "winners = window > 0", "inputs", ("mask", "ties")),
        Planted("the windows do not move on", "window = self.inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw]\n",
                "window = self.inputs[:, i:i + ph, j:j + pw]\n", "inputs", ("stride", "mask")),
        Planted("forward keeps the mean", "j * sw:j * sw + pw].max(axis=(1, 2))", "j * sw:j * sw + pw].mean(axis=(1, 2))",
                "inputs", ("forward", "zero", "mask")),
    ]),
    Subject(*MEAN, "pool", glue=built(*MEAN), mistakes=[
        Planted("the share is divided once more", "share = dy / float(ph * pw)", "share = dy / float(ph * pw) ** 2", "inputs",
                ("factor:1/(R*S)", "factor:1/6")),
        Planted("shares overwrite each other", "j:j + ow * sw:sw] += share", "j:j + ow * sw:sw] = share", "inputs",
                ("overwritten",)),
        Planted("the lower row of each window is left out", "        dx = np.zeros(self.shape)\n        for i in range(ph):",
                "        dx = np.zeros(self.shape)\n        for i in range(ph - 1):", "inputs", ("part:row", "part", "part:position")),
    ]),
    Subject(*GLOBAL, "pool", glue=built(*GLOBAL), mistakes=[
        Planted("not divided by the size of the image", " / (h * w)", "", "inputs", ("factor:H*W",)),
        Planted("divided by the number of images too", " / (h * w)", " / (n * h * w)", "inputs", ("factor:1/N",)),
    ]),
    Subject(*NORM, "batchnorm", train=True, glue=built(*NORM, "gamma", "beta", training=True), mistakes=[
        Planted("means over the images alone", "mean_d = dx_hat.mean(axis=self.axes)", "mean_d = dx_hat.mean(axis=0)", "inputs",
                ("axis", "wrong term")),
        Planted("the variance's term is missing", "(dx_hat - mean_d - self.x_hat * mean_dx)", "(dx_hat - mean_d)", "inputs",
                ("missing term",)),
        Planted("a sum for a mean", "mean_dx = (dx_hat * self.x_hat).mean", "mean_dx = (dx_hat * self.x_hat).sum", "inputs",
                ("wrong term",)),
        Planted("the gamma of dx is missing", "dx_hat = dy * self.gamma", "dx_hat = dy", "inputs", ("factor", "other array")),
        Planted("gamma's gradient over images and rows", "(dy * self.x_hat).sum(axis=self.axes)",
                "(dy * self.x_hat).sum(axis=(0, 1)).mean(axis=0)", "gamma", ("factor:1/W", "factor")),
    ]),
]
