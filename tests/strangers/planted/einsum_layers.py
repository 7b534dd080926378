"""Convolution by views and einsum, and normalisation with gamma and beta."""
from glue import layer
from strangers_record import Planted, Subject


def learned(expression, shapes, *names):
    return layer(expression, shapes, {name: (name, f"d{name}") for name in names})


CONV = "EinConv(4, 4, 3, 3, stride=2, pad=1, groups=2)", [(3, 4, 5, 5)]
BARE = "EinConv(2, 3, 2, 3)", [(2, 2, 4, 5)]
BATCH = "BatchNorm(3)", [(3, 3, 2, 4)]
LAYER = "LayerNorm(5)", [(4, 5)]
GROUP = "GroupNorm(2, 4)", [(3, 4, 3, 2)]
RMS = "RMSNorm(5)", [(4, 5)]
BAND = "BandLRN()", [(2, 7, 3, 2)]
SCATTER = "dxpad[:, :, r:r + st * P:st, s:s + st * Q:st] += dwin[..., r, s]"

SUBJECTS = [
    Subject(*CONV, "conv", glue=learned(*CONV, "W", "b"), mistakes=[
        Planted("the kernel's rows and columns are exchanged in dW", "ngcpqrs->gkcrs", "ngcpqrs->gkcsr", "W",
                ("transposed",)),
        Planted("the output's rows and columns are exchanged in dW", "ngkpq,ngcpqrs->gkcrs", "ngkpq,ngcqprs->gkcrs", "W",
                ("transposed",)),
        Planted("the output's rows and columns are exchanged in dx", "ngkpq,gkcrs->ngcpqrs", "ngkpq,gkcrs->ngcqprs", "x",
                ("transposed",)),
        Planted("windows overwrite each other", SCATTER, SCATTER.replace("+=", "="), "x", ("overwritten",)),
        Planted("dx without the stride", SCATTER, "dxpad[:, :, r:r + P, s:s + Q] += dwin[..., r, s]", "x", ("stride",)),
        Planted("the rotated kernel", SCATTER, SCATTER.replace("dwin[..., r, s]", "dwin[..., R - 1 - r, S - 1 - s]"), "x",
                ("rotated",)),
        Planted("the groups are dealt out in turn", "d = dout.reshape(N, G, K // G, P, Q)",
                "d = dout.reshape(N, K // G, G, P, Q).transpose(0, 2, 1, 3, 4)", ("x", "W"), ("groups", "reshaped")),
        Planted("the first image's dW for all", '"ngkpq,ngcpqrs->gkcrs", d, self.win,',
                '"ngkpq,ngcpqrs->gkcrs", d[:1], self.win[:1],', "W", ("part:image",)),
        Planted("db is summed over positions of the last image", '"nkpq->k", dout)', '"kpq->k", dout[-1])', "b",
                ("part:image",)),
        Planted("dx loses its first channel of each group", "dwin = dwin.reshape", "dwin[:, :, 0] = 0\n        dwin = dwin.reshape",
                "x", ("part:channel",), ("channel",)),
    ]),
    Subject(*BARE, "conv", glue=learned(*BARE, "W", "b"), mistakes=[
        Planted("dW by a reshape for a transpose", '"ngkpq,ngcpqrs->gkcrs"', '"ngkpq,ngcpqrs->grsck"', "W",
                ("reshaped", "transposed")),
        Planted("an empty crop", "dxpad[:, :, p:H - p, p:W - p]", "dxpad[:, :, p:-p, p:-p]", "x", ("shape",)),
        Planted("dW is added to itself in every call", "self.dW = np.einsum", 'self.dW = getattr(self, "dW", 0) + np.einsum',
                "W", ("added",)),
    ]),
    Subject(*BATCH, "batchnorm", glue=learned(*BATCH, "gamma", "beta"), mistakes=[
        Planted("the mean's term is missing", "dout - self.dbeta[:, None, None] / M - ", "dout - ", "x", ("missing term",)),
        Planted("the sums are not divided", "M = dout.size // dout.shape[1]", "M = 1", "x", ("wrong term",)),
        Planted("M counts the images alone", "M = dout.size // dout.shape[1]", "M = dout.shape[0]", "x", ("wrong term",)),
        Planted("the variance's term has a plus", " - np.einsum(\"nchw,c->nchw\", self.xhat, self.dgamma) / M",
                " + np.einsum(\"nchw,c->nchw\", self.xhat, self.dgamma) / M", "x", ("wrong term",)),
        Planted("gamma and beta change their gradients", "self.dbeta = np.einsum(\"nchw->c\", dout)\n        self.dgamma",
                "self.dgamma = np.einsum(\"nchw->c\", dout)\n        self.dbeta", ("gamma", "beta", "x"), ("order", "wrong term", "other array")),
    ]),
    Subject(*LAYER, "batchnorm", glue=learned(*LAYER, "gamma", "beta"), mistakes=[
        Planted("the mean is over the images", "dxhat.mean(-1, keepdims=True)", "dxhat.mean(0, keepdims=True)", "x",
                ("axis", "wrong term")),
        Planted("the projection is missing", " - self.xhat * along)", ")", "x", ("missing term",)),
        Planted("gamma is left out of dx", 'np.einsum("nd,d->nd", dout, self.gamma)', "dout", "x",
                ("factor", "other array", "wrong term")),
        Planted("divided by the number of images", "[:, None] / dout.shape[1]", "[:, None] / dout.shape[0]", "x",
                ("wrong term",)),
        Planted("dgamma is a mean over the images", 'np.einsum("nd,nd->d", dout, self.xhat)',
                'np.einsum("nd,nd->d", dout, self.xhat) / len(dout)', "gamma", ("factor:1/N",)),
    ]),
    Subject(*GROUP, "batchnorm", glue=learned(*GROUP, "gamma", "beta"), mistakes=[
        Planted("backward's means are over all channels", "dflat.mean(axis=2, keepdims=True)",
                "dflat.mean(axis=(1, 2), keepdims=True)", "x", ("axis", "groups", "wrong term")),
        Planted("the projection is a sum", "proj = (dflat * xflat).mean", "proj = (dflat * xflat).sum", "x", ("wrong term",)),
        Planted("divided by the variance", "xflat * proj) / self.sd)", "xflat * proj) / self.sd ** 2)", "x",
                ("factor", "wrong term")),
    ]),
    Subject(*RMS, "batchnorm", glue=learned(*RMS, "gamma"), mistakes=[
        Planted("the power is 2", "(D * self.r ** 3)", "(D * self.r ** 2)", "x", ("wrong term",)),
        Planted("the own term alone", " - self.x * (g * self.x).sum(-1, keepdims=True) / (D * self.r ** 3)", "", "x",
                ("missing term",)),
        Planted("dgamma with x as it came in", "(dout * self.x / self.r).sum(0)", "(dout * self.x).sum(0)", "gamma",
                ("other array",)),
    ]),
    Subject(*BAND, "lrn", glue=learned(*BAND), mistakes=[
        Planted("the power of the own term", "(-self.power - 1)", "(-self.power)", "x", ("wrong term",)),
        Planted("no band in backward", "self.band(dout.shape[1]), inner)", "np.eye(dout.shape[1]), inner)", "x",
                ("missing term",)),
        Planted("dout is missing across", "inner = dout * self.x", "inner = self.x", "x", ("term lacks dy",)),
        Planted("all channels in backward", "self.band(dout.shape[1]), inner)", "np.ones((dout.shape[1],) * 2), inner)",
                "x", ("wrong term", "axis", "groups")),
        Planted("the channels see those before them alone", "(np.abs(i - j) <= self.n // 2)",
                "((i >= j) & (i - j <= self.n // 2))", "x", ("forward",), visible=False, like="LRN(5, 2, 0.5, 0.75)"),
        Planted("plus", "self.power - 2 * self.alpha", "self.power + 2 * self.alpha", "x", ("wrong term",)),
    ]),
]
