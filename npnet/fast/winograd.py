"""Winograd's convolution: 4 x 4 outputs of a 3 x 3 filter with 36 multiplications in place of 144.

Start with polynomials. The product of a, with 4 coefficients, and w, with r, has n = 4 + r - 1 of them:

    s[i] = sum over j of w[i - j] a[j]                                  4 r multiplications

A polynomial with n coefficients is known from its values at n points, and the values of a product are the
products of the values: n multiplications. "At infinity" is a point too; the value there is the highest
coefficient. So write A (n, 4) and G (n, r) for the matrices that take the values of a and of w at the
points, E (n, n) for the one that takes those of s, and o for the product of two vectors, number by number:

    E s = (G w) o (A a)         hence         s = E^-1 [(G w) o (A a)]

For a given w that is a matrix times a: s = T a with T = E^-1 diag(G w) A, whose column j holds w from row j on.
A convolution with 4 outputs is that matrix transposed, y[j] = sum over i of w[i] x[i + j] = (T^T x)[j], and a product
is transposed factor by factor, in the opposite order:

    y = A^T [(G w) o (B x)]         with B = (E^-1)^T

n multiplications where the definition has 4 r: 6 for 12. In two dimensions the rows are treated so, and then the
columns: y = A^T [(G w G^T) o (B x B^T)] A, 36 multiplications for 144 (r = 3), or 64 for 400 (r = 5).

E^-1 makes a polynomial from its values, so its columns are Lagrange's polynomials: 1 at one point, 0 at the
others. `matrices` leaves their denominators to G: then A and B hold few digits and are exact in float32.

A, G and B cost additions, not multiplications, and are the same for all channels. Tiles of 4 x 4 outputs cover
the picture; the products at one of the n*n places, over all channels, filters and tiles, are one matrix product:

    cut         x, in overlapping tiles of n x n, times B on both sides         (the filters: times G)
    product     one for each of the n*n places: tiles x channels times channels x filters
    join        the results, times A^T on both sides, into tiles of 4 x 4

Backward is the same, transposed: dy is cut and multiplied by A, a product gives the tiles of dx, which B^T
turns into overlapping tiles that add up, and another gives those of dw, which G^T turns into r x r numbers.

What it costs is digits. Values at -2 are up to 2^(n-1) times the coefficients, and sums of large numbers that cancel
keep fewer digits. With these points every number is right to 1e-5 of the largest, and of the gradient of 5 x 5
filters to 3e-5 (tests/ops/test_winograd.py; columns: 3e-7). So float64, of which more is expected, never comes
here. A NaN or an infinity spoils its tile, not only the windows that see it. It is chosen by the layer's shape,
never by the batch, so that a network is as exact for one picture as for many. NPNET_WINOGRAD=0 turns it off.
Lavin and Gray 2016 (the method), Barabasz et al. 2020 (points that keep more digits).
"""
import functools

import numpy as np

from .kernels import jit
from .machine import switched_on
from .threads import count, spread

POINTS = (0, 1, -1, 0.5, -2, 2, -0.5)       # and infinity: the first 5 for 3 x 3 filters, all 7 for 5 x 5
TILE = 4                                    # outputs of a tile, in each direction
CHANNELS = 128                              # that are transformed at once: their tiles stay in the cache
TILES = 256                                 # of a block of images: a product of fewer rows is slow
FILTERS = 128                               # of one piece of work, at most

# size of the filters: the fewest channels, and filters, of a group with which it is quicker than columns
LEAST = {3: 64, 5: 32} if switched_on("NPNET_WINOGRAD") else {}


def suits(x, w, stride, pad, groups):
    """Whether a convolution is computed this way: decided by its shape and dtype alone, never by the batch."""
    K, Cg, R, S = w.shape
    if x.dtype != np.float32 or stride != 1 or R != S or min(K // groups, Cg) < LEAST.get(R, np.inf):
        return False
    P, Q = x.shape[2] + 2 * pad - R + 1, x.shape[3] + 2 * pad - S + 1
    return 2 * tiles_over(P) * tiles_over(Q) * (TILE + R - 1) ** 2 <= P * Q * R * R     # half as many multiplications


def tiles_over(pixels):
    """How many tiles cover them."""
    return -(-pixels // TILE)


@functools.cache
def matrices(r):
    """A (n, 4), G (n, r) and B (n, n) of the derivation, n = 4 + r - 1, in float32."""
    n = TILE + r - 1
    points = np.array(POINTS[:n - 1])
    A, G, B = np.zeros((n, TILE)), np.zeros((n, r)), np.zeros((n, n))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        A[i] = point ** np.arange(TILE)
        G[i] = point ** np.arange(r) / np.prod(point - others)
        B[i, :-1] = np.poly(others)[::-1]                   # 0 at the others; np.poly has the highest power first
    A[-1, -1] = G[-1, -1] = 1                               # infinity
    B[-1] = np.poly(points)[::-1]
    return tuple(matrix.astype(np.float32) for matrix in (A, G, B))


@jit
def transform(matrix, tile, half, out):
    """out = matrix tile matrix^T for every channel: tile (size, size, channels) -> out (rows, rows, channels)."""
    rows, size = matrix.shape
    channels = tile.shape[2]
    long = tile.reshape(size, size * channels)
    for i in range(rows):
        row = half[i].reshape(size * channels)
        for c in range(row.size):
            row[c] = 0
        for a in range(size):
            if matrix[i, a] != 0:
                for c in range(row.size):
                    row[c] += matrix[i, a] * long[a, c]
        for j in range(rows):
            row = out[i, j]
            for c in range(channels):
                row[c] = 0
            for b in range(size):
                if matrix[j, b] != 0:
                    for c in range(channels):
                        row[c] += matrix[j, b] * half[i, b, c]


@jit
def cut_parts(images, tiles, matrix, step, pad, parts, first, last):
    """Tiles of images (N, C, H, W), transformed -> tiles (N, TP, TQ, rows, rows, C). The channels of an image are cut
    into parts; those numbered first..last, of all images, are filled."""
    N, C, H, W = images.shape
    (TP, TQ), (rows, size) = tiles.shape[1:3], matrix.shape
    for number in range(first, last):
        n, part = number // parts, number % parts
        c0, c1 = C * part // parts, C * (part + 1) // parts
        channels, maps = c1 - c0, images[n, c0:c1]
        picture = np.zeros((TP * step + size - step, TQ * step + size - step, channels), images.dtype)
        tile, half = np.empty((size, size, channels), images.dtype), np.empty((rows, size, channels), images.dtype)
        out = np.empty((rows, rows, channels), images.dtype)
        for h in range(min(H, picture.shape[0] - pad)):
            for v in range(min(W, picture.shape[1] - pad)):
                for c in range(channels):                   # channels last: all of a pixel's side by side
                    picture[h + pad, v + pad, c] = maps[c, h, v]
        for p in range(TP):
            for q in range(TQ):
                for a in range(size):
                    for b in range(size):
                        for c in range(channels):
                            tile[a, b, c] = picture[p * step + a, q * step + b, c]
                transform(matrix, tile, half, out)
                for i in range(rows):
                    for j in range(rows):
                        row = tiles[n, p, q, i, j][c0:c1]
                        for c in range(channels):
                            row[c] = out[i, j, c]


@jit
def join_parts(tiles, images, bias, matrix, step, pad, parts, first, last):
    """The transpose: tiles (N, TP, TQ, size, size, C), transformed, that add up where they overlap -> images
    (N, C, H, W), and a bias (C,). Parts as above."""
    N, C, H, W = images.shape
    (TP, TQ), (rows, size) = tiles.shape[1:3], matrix.shape
    for number in range(first, last):
        n, part = number // parts, number % parts
        c0, c1 = C * part // parts, C * (part + 1) // parts
        channels, maps = c1 - c0, images[n, c0:c1]
        picture = np.zeros((TP * step + rows - step, TQ * step + rows - step, channels), images.dtype)
        tile, half = np.empty((size, size, channels), images.dtype), np.empty((rows, size, channels), images.dtype)
        out = np.empty((rows, rows, channels), images.dtype)
        for p in range(TP):
            for q in range(TQ):
                for a in range(size):
                    for b in range(size):
                        row = tiles[n, p, q, a, b][c0:c1]
                        for c in range(channels):
                            tile[a, b, c] = row[c]
                transform(matrix, tile, half, out)
                for i in range(rows):
                    for j in range(rows):
                        for c in range(channels):
                            picture[p * step + i, q * step + j, c] += out[i, j, c]
        for c in range(channels):
            for h in range(H):
                for v in range(W):
                    maps[c, h, v] = picture[h + pad, v + pad, c] + bias[c0 + c]


def parts_of(images, channels):
    """In how many parts an image's channels are cut, so that every thread has something to do."""
    parts = -(-channels // CHANNELS)
    return parts if images > 1 else -(-parts // count()) * count()


def cut(images, matrix, step=1, pad=0, TP=1, TQ=1):
    """Tiles of all images, transformed: (N, C, H, W) -> (N, TP, TQ, n, n, C)."""
    N, C, n = *images.shape[:2], len(matrix)
    made, parts = np.empty((N, TP, TQ, n, n, C), images.dtype), parts_of(N, C)
    spread(lambda first, last: cut_parts(images, made, matrix, step, pad, parts, first, last), N * parts)
    return made


def join(tiles, images, matrix, step=1, pad=0, bias=None):
    """Fills images (N, C, H, W) from tiles (N, TP, TQ, n, n, C), transformed."""
    N, C = images.shape[:2]
    matrix, parts = np.ascontiguousarray(matrix), parts_of(N, C)
    bias = np.zeros(C, images.dtype) if bias is None else bias
    spread(lambda first, last: join_parts(tiles, images, bias, matrix, step, pad, parts, first, last), N * parts)


def places(tiles, groups=1):
    """The same numbers as a matrix for each place: (N, TP, TQ, n, n, C) -> (groups, n*n, N*TP*TQ, C/groups), a view."""
    n, C = tiles.shape[4:]
    return tiles.reshape(-1, n * n, groups, C // groups).transpose(2, 1, 0, 3)


def blocks(N, P, Q):
    """Tiles in a column and in a row of an output, images of a block, and whether the N images are few: one block."""
    TP, TQ = tiles_over(P), tiles_over(Q)
    block = max(1, TILES // (TP * TQ))
    return TP, TQ, block, 0 < N <= block


def conv2d_forward(x, w, b, pad, groups):
    """y (N, K, P, Q), as in ops/conv.py, for stride 1."""
    N, K, R = len(x), len(w), w.shape[2]
    A, G, B = matrices(R)
    P, Q = x.shape[2] + 2 * pad - R + 1, x.shape[3] + 2 * pad - R + 1
    TP, TQ, block, few = blocks(N, P, Q)
    y, w_tiles = np.empty((N, K, P, Q), x.dtype), None if few else cut(w, G)
    for n in range(0, N, block):
        x_tiles = cut(x[n:n + block], B, TILE, pad, TP, TQ)
        images = len(x_tiles)

        def filters(group, k0, k1):
            own = cut(w[k0:k1], G) if few else w_tiles[k0:k1]
            y_tiles = np.empty((*x_tiles.shape[:5], k1 - k0), x.dtype)
            np.matmul(places(x_tiles, groups)[group], places(own)[0].swapaxes(1, 2), out=places(y_tiles)[0])
            maps = np.empty((images, k1 - k0, P, Q), x.dtype)
            join(y_tiles, maps, A.T, TILE, bias=b[k0:k1])
            y[n:n + images, k0:k1] = maps

        over_filters(filters, K, groups, few)
    return y


def conv2d_backward(dy, x, w, pad, groups, to_input=True):
    """dx (N, C, H, W) or None and dw (K, C/G, R, R), as in ops/conv.py, for stride 1."""
    N, (K, Cg, R) = len(x), w.shape[:3]
    A, G, B = matrices(R)
    TP, TQ, block, few = blocks(N, *dy.shape[2:])
    dx, dw = np.empty_like(x) if to_input else None, np.empty_like(w)
    w_tiles = cut(w, G) if to_input else None
    dw_tiles = np.zeros((K, 1, 1, len(G), len(G), Cg), w.dtype)        # the sum over blocks; tiles lose more digits
    for n in range(0, N, block):
        x_tiles, dy_tiles = cut(x[n:n + block], B, TILE, pad, TP, TQ), cut(dy[n:n + block], A, TILE, 0, TP, TQ)

        def filters(group, k0, k1):
            left, right = places(dy_tiles)[0][:, :, k0:k1].swapaxes(1, 2), places(x_tiles, groups)[group]
            if few:
                np.matmul(left, right, out=places(dw_tiles[k0:k1])[0])
                join(dw_tiles[k0:k1], dw[k0:k1], G.T)                   # at once: they are still in the cache
            else:
                for place, total in enumerate(places(dw_tiles[k0:k1])[0]):
                    total += left[place] @ right[place]

        over_filters(filters, K, groups, few)
        if to_input:
            back(dy_tiles, w_tiles, x_tiles, groups)
            join(x_tiles, dx[n:n + block], B.T, TILE, pad)              # x's tiles have become dx's
    if not few:
        join(dw_tiles, dw, G.T)
    return dx, dw


def back(dy_tiles, w_tiles, dx_tiles, groups):
    """Fills the tiles of dx: for all places, which are spread over the threads, tiles of dy times filters."""
    left, right, out = places(dy_tiles, groups), places(w_tiles)[0], places(dx_tiles, groups)
    right = right.reshape(len(right), groups, -1, right.shape[2]).swapaxes(0, 1)        # (groups, n*n, K/groups, C/G)
    spread(lambda first, last: np.matmul(left[:, first:last], right[:, first:last], out=out[:, first:last]),
           len(right[0]))


def over_filters(task, K, groups, few):
    """task(group, k0, k1) for all filters k0..k1, in shares that keep all threads busy; few: there are few images,
    and the shares are smaller, so that the tiles of a share's filters stay in the cache."""
    size = K // groups                                                  # filters of a group
    shares = -(-size // (FILTERS // 2 if few else FILTERS))             # of a group
    while shares * groups % count() and shares < size:
        shares += 1

    def some(first, last):
        for share in range(first, last):
            group, i = divmod(share, shares)
            task(group, group * size + size * i // shares, group * size + size * (i + 1) // shares)

    spread(some, groups * shares)
