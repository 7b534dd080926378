"""Layers with windows, in loops and with im2col, each right and with mistakes: Conv(mistake="last wins")."""
from itertools import product

import numpy as np


class Conv:
    """A convolution (N,C,H,W) * (K,C/groups,R,S), a loop over windows; `mistake` is made in backward."""

    def __init__(self, w, b, stride=1, pad=0, groups=1, mistake=""):
        self.w, self.b, self.stride, self.pad, self.groups, self.mistake = w, b, stride, pad, groups, mistake

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}

    def channels(self, k):
        per = self.w.shape[1]
        g = k // (len(self.w) // self.groups)
        return slice(g * per, (g + 1) * per)

    def padded(self, x):
        p = self.pad
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="edge" if self.mistake == "edge" else "constant")

    def forward(self, x):
        self.x, K, (R, S) = x, len(self.w), self.w.shape[2:]
        xp, s = self.padded(x), self.stride
        windows = np.lib.stride_tricks.sliding_window_view(xp, (R, S), axis=(2, 3))[:, :, ::s, ::s]      # N,C,P,Q,R,S
        y = [np.einsum("ncpqrs,crs->npq", windows[:, self.channels(k)], self.w[k]) + self.b[k] for k in range(K)]
        return np.stack(y, axis=1)

    def kernel(self, k):
        w = self.w[k]
        if self.mistake == "rotated":
            return w[:, ::-1, ::-1]
        if self.mistake == "transposed":
            return w.swapaxes(1, 2)
        if self.mistake == "upside down":
            return w[:, ::-1]
        return w

    def backward(self, dy):
        x, s, m = self.x, self.stride, self.mistake
        (N, K, P, Q), (_, Cg, R, S), (H, W) = dy.shape, self.w.shape, x.shape[2:]
        xp = np.pad(x, ((0, 0), (0, 0), (self.pad,) * 2, (self.pad,) * 2))
        source = np.pad(x, ((0, 0), (0, 0), (0, 2 * self.pad), (0, 2 * self.pad))) if m == "unpadded x" else xp
        dxp, self.dw, self.db, count = np.zeros_like(xp), np.zeros_like(self.w), np.zeros_like(self.b), np.zeros_like(xp)
        order = list(product(range(N), range(P), range(Q)))
        for n, p, q in order[::-1] if m == "first wins" else order:
            t = {"stride 1": 1, "first window": 0}.get(m, s)
            at, dat = ((slice(p * a, p * a + R), slice(q * a, q * a + S)) for a in (s, t))
            patch = np.zeros_like(dxp[n, :, :R, :S])
            for k in range(K):
                c = self.channels(k)
                if m == "group 0":
                    c = slice(0, Cg)
                if m == "interleaved":
                    c = slice(k // (K // self.groups), None, self.groups)
                if m == "last filter wins":
                    patch[c] = 0
                patch[c] += self.kernel(k % 2 if m == "filters of group 0" else k) * dy[n, k, p, q]
                dw = source[n, self.channels(k) if m != "dw group 0" else slice(0, Cg)][(slice(None), *dat)] * dy[n, k, p, q]
                if m == "dw rotated":
                    dw = dw[:, ::-1, ::-1]
                if m == "dw last":
                    self.dw[k] = dw
                else:
                    self.dw[k] += dw
                self.db[k] += dy[n, k, p, q]
            if m in ("last wins", "first wins"):
                dxp[(n, slice(None), *at)] = patch
            else:
                dxp[(n, slice(None), *dat)] += patch
            if m == "twice" and p == 0:
                dxp[(n, slice(None), *dat)] += patch
            count[(n, slice(None), *at)] += 1
        if m == "averaged":
            dxp /= np.maximum(count, 1)
        if m == "counted":
            dxp *= count
        p = 0 if m == "crop" else self.pad
        return dxp[:, :, p:p + H, p:p + W]


class Im2colConv(Conv):
    """The same with columns: (C*R*S, N*P*Q)."""

    def indices(self, P, Q):
        C, (R, S) = self.x.shape[1], self.w.shape[2:]
        i = np.repeat(np.arange(R), S)
        i, j = np.tile(i, C), np.tile(np.arange(S), R * C)
        h = self.stride * np.repeat(np.arange(P), Q) + i[:, None]
        v = self.stride * np.tile(np.arange(Q), P) + j[:, None]
        return np.repeat(np.arange(C), R * S)[:, None], h, v

    def backward(self, dy):
        N, K, P, Q = dy.shape
        xp = self.padded(self.x)
        c, h, v = self.indices(P, Q)
        columns = xp[:, c, h, v]                                            # (N, C*R*S, P*Q)
        flat = dy.reshape(N, K, P * Q)
        if self.mistake == "dealt out":
            flat = flat.reshape(N, K // 2, 2, P * Q).swapaxes(1, 2).reshape(flat.shape)
        if self.mistake == "first image":
            columns = np.broadcast_to(columns[:1], columns.shape)
        self.dw, self.db = np.einsum("nkp,ndp->kd", flat, columns).reshape(self.w.shape), dy.sum(axis=(0, 2, 3))
        dcolumns = self.w.reshape(K, -1).T @ flat
        dxp = np.zeros_like(xp)
        if self.mistake == "fancy":
            dxp[:, c, h, v] += dcolumns
        else:
            np.add.at(dxp, (slice(None), c, h, v), dcolumns)
        p = self.pad
        return dxp[:, :, p:p + self.x.shape[2], p:p + self.x.shape[3]]


class ChannelsLast:
    """A layer whose pictures are (N,H,W,C)."""

    def __init__(self, inside):
        self.inside, self.params, self.grads = inside, inside.params, inside.grads

    def forward(self, x):
        return self.inside.forward(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)

    def backward(self, dy):
        return self.inside.backward(dy.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)


class Im2col:
    """x (N,C,H,W) -> columns (N*P*Q, C*R*S)."""

    def __init__(self, size, stride=1, mistake=""):
        self.size, self.stride, self.mistake = size, stride, mistake

    def forward(self, x):
        self.x, (R, S), s = x, self.size, self.stride
        P, Q = (x.shape[2] - R) // s + 1, (x.shape[3] - S) // s + 1
        return np.array([x[n, :, p * s:p * s + R, q * s:q * s + S].ravel()
                         for n, p, q in product(range(len(x)), range(P), range(Q))])

    def backward(self, dy):
        (N, C, H, W), (R, S), s = self.x.shape, self.size, self.stride
        P, Q = (H - R) // s + 1, (W - S) // s + 1
        dx, d = np.zeros_like(self.x), dy.reshape(N, P, Q, C, R, S)
        if self.mistake == "offsets overwrite":
            for r, t in product(range(R), range(S)):
                dx[:, :, r:r + s * P:s, t:t + s * Q:s] = d[..., r, t].transpose(0, 3, 1, 2)
            return dx
        for p, q in product(range(P), range(Q)):
            if self.mistake == "last wins":
                dx[:, :, p * s:p * s + R, q * s:q * s + S] = d[:, p, q]
            else:
                dx[:, :, p * s:p * s + R, q * s:q * s + S] += d[:, p, q]
        return dx


class Pool:
    """Pooling, maximum or mean, by windows (R, S), which may overlap; padded with -inf, or with 0 and counted."""

    def __init__(self, size, stride, kind="max", pad=0, mistake=""):
        self.size, self.stride, self.kind, self.pad, self.mistake = size, stride, kind, pad, mistake

    def forward(self, x):
        (R, S), s, p = self.size, self.stride, self.pad
        self.x = x
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-np.inf if self.kind == "max" else 0)
        N, C, H, W = self.xp.shape
        P, Q = (H - R) // s + 1, (W - S) // s + 1
        y = np.zeros((N, C, P, Q))
        for n, c, i, j in product(range(N), range(C), range(P), range(Q)):
            window = self.xp[n, c, i * s:i * s + R, j * s:j * s + S]
            y[n, c, i, j] = window.max() if self.kind == "max" else window.mean()
        self.y = y
        return y

    def backward(self, dy):
        (R, S), s, m = self.size, self.stride, self.mistake
        dx = np.zeros_like(self.xp)
        s_back = R if m in ("stride is size", "looks elsewhere") else s
        s_look = s_back if m == "looks elsewhere" else s
        t, mean = 0 if m == "place forgotten" else s_back, np.zeros_like(dx)
        for n, c, i, j in np.ndindex(dy.shape):
            window = self.xp[n, c, i * s_look:i * s_look + R, j * s_look:j * s_look + S]
            into = dx[n, c, i * t:i * t + R, j * t:j * t + S]
            mean[n, c, i * s:i * s + R, j * s:j * s + S] += 1
            if not window.size or m == "all channels" and window.max() < self.y[n, :, i, j].max():
                continue
            share = self.share(window, dy[n, c, i, j])[:into.shape[0], :into.shape[1]]
            if m == "overwrite":
                into[...] = share
            elif m == "overwrite winners":
                into[share != 0] = share[share != 0]
            elif m == "skip zeros":
                if dy[n, c, i, j]:
                    into[share != 0] = share[share != 0]
            else:
                into += share
        if m == "averaged":
            dx /= np.maximum(mean, 1)
        p = 0 if m == "crop" else self.pad
        return dx[:, :, p:p + self.x.shape[2], p:p + self.x.shape[3]]

    def share(self, window, dy):
        m = self.mistake
        if self.kind == "mean":
            inside = np.isfinite(window).sum() if m != "border" else (window != 0).sum()
            share = np.full(window.shape, dy / inside)
            if m == "lower row":
                share[-1] = 0
            if m == "one gets all":
                share[...] = 0
                share[0, 0] = dy
            return share
        mask = np.zeros(window.shape)
        if m == "spread":
            return np.full(window.shape, dy / window.size)
        if m == "all":
            return np.full(window.shape, dy)
        if m == "ties":
            return (window == window.max()) * dy
        index = {"corner": 0, "smallest": np.where(np.isfinite(window), window, np.inf).argmin(),
                 "absolute": np.where(np.isfinite(window), np.abs(window), 0).argmax()}.get(m, window.argmax())
        mask.flat[index] = dy
        if m == "transposed index":
            mask = np.zeros(window.shape)
            mask[index % window.shape[0], index // window.shape[0] % window.shape[1]] = dy
        return mask
