"""Do the tests notice? Breaks one line at a time and runs the tests that are there for it.

    python tests/mutate.py                  all mutants; exit code 1 if a test suite noticed nothing
    python tests/mutate.py conv fit/answers     those of some files
    python tests/mutate.py --some 120       so many of them, others every day; --seed N chooses
    python tests/mutate.py --list           only print them

NUMPY breaks the array texts, NUMBA what the numba row runs: the compiled definitions and the hot
texts, with an empty folder of kernels each time. REST breaks what is no operation; TESTS names the
tests of each of its files. Every mutant must be killed. EQUIVALENT lists changes that mean the same,
with the reason; they must survive, or the reason is wrong.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOO_LONG = 240          # seconds for the tests of one mutant

# (file, line as it is, line as it becomes; a number where the line occurs more than once)
NUMPY = [
    ("shapes", "room // stride) + 1", "room // stride)"),
    ("shapes", "size + 2 * pad - window", "size + pad - window"),
    ("shapes", "(-(-room // stride) if ceil_mode", "(room // stride if ceil_mode"),
    ("shapes", "windows -= 1", "windows -= 0"),
    ("shapes", ">= size + pad:", "> size + pad:"),
    ("shapes", ">= size + pad:", ">= size:"),
    ("shapes", "max(size + 2 * pad, (windows", "max(size + pad, (windows"),
    ("shapes", "frame[:, :, pad:pad + H, pad:pad + W] = x", "frame[:, :, :H, :W] = x"),
    ("dense", "return x @ w + b", "return x @ w"),
    ("dense", "return x @ w + b", "return x @ w + b[::-1]"),
    ("dense", "dw = x.T @ dy", "dw = x.T @ dy / len(x)"),
    ("dense", "dw = x.T @ dy", "dw = x.T @ dy[::-1]"),
    ("dense", "db = dy.sum(axis=0, dtype", "db = dy.mean(axis=0, dtype"),
    ("dense", "dx = dy @ w.T", "dx = -dy @ w.T"),
    ("dense", "dx = dy @ w.T", "dx = dy[::-1] @ w.T"),
    ("activation", "return np.maximum(x, 0)", "return np.abs(x)"),
    ("activation", "return np.maximum(x, 0)", "x[x < 0] = 0; return x"),
    ("activation", "return np.where(y > 0, dy, 0)", "return np.where(y >= 0, dy, 0)"),
    ("activation", "return np.where(y > 0, dy, 0)", "return np.where(dy > 0, dy, 0)"),
    ("activation", "return np.where(y > 0, dy, 0)", "return np.where(y > 0, y, 0)"),
    ("activation", "return dy * (1 - y * y)", "return dy * (1 - y)"),
    ("activation", "return (1 + np.tanh(x / 2)) / 2", "return (1 + np.tanh(x)) / 2"),
    ("activation", "return (1 + np.tanh(x / 2)) / 2", "return 1 / (1 + np.exp(-x))"),
    ("activation", "return dy * y * (1 - y)", "return y * (1 - y)"),
    ("softmax", "y = np.exp(x - x.max(axis=-1, keepdims=True))", "y = np.exp(x)"),
    ("softmax", "return y / y.sum(axis=-1, keepdims=True)", "return y / y.sum(axis=0, keepdims=True)"),
    ("softmax", "return y * (dy - (dy * y).sum(axis=-1, keepdims=True))", "return y * dy"),
    ("softmax", "return y * (dy - (dy * y).sum(axis=-1, keepdims=True))", "return y * (1 - y) * dy"),
    ("softmax", "y = x - x.max(axis=-1, keepdims=True)", "y = x"),
    ("softmax", "return y - np.log(np.exp(y).sum(", "return y - np.log(1e-7 + np.exp(y).sum("),
    ("softmax", "return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)", "return dy - np.exp(y)"),
    ("softmax", "loss = -log_p[rows, labels].mean(", "loss = -log_p[rows, labels].sum("),
    ("softmax", "loss = -log_p[rows, labels].mean(", "loss = -log_p.max(axis=1).mean("),
    ("softmax", "dlogits[rows, labels] -= 1", "dlogits[:, labels] -= 1"),
    ("softmax", "dlogits[rows, labels] -= 1", "pass"),
    ("softmax", "return loss, dlogits / len(logits)", "return loss, dlogits"),
    ("softmax", "return loss, dlogits / len(logits)", "return loss, dlogits / len(logits) ** 2"),
    ("softmax", "return loss, dlogits / len(logits)", "return loss, -dlogits / len(logits)"),
    ("softmax", "labels.min() < 0 or", "labels.min() < -1 or"),
    ("softmax", "labels.max() >= M", "labels.max() > M"),
    ("conv", "cols[:, :, r, s] = frame", "cols[:, :, R - 1 - r, S - 1 - s] = frame"),
    ("conv", "cols[:, :, r, s] = frame", "cols[:, :, R - 1 - r, s] = frame"),
    ("conv", "cols[:, :, r, s] = frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]",
     "cols[:, :, r, s] = frame[:, :, r:r + P, s:s + Q]"),
    ("conv", "cols[:, :, r, s] = frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]",
     "cols[:, :, r, s] = frame[:, :, :stride * P:stride, :stride * Q:stride]"),
    ("conv", "frame = framed(x, pad, rows, columns, 0)", "frame = framed(x, 0, rows, columns, 0)"),
    ("conv", "frame = framed(x, pad, rows, columns, 0)", "frame = framed(x, pad, rows, columns, 1)"),
    ("conv", "s:s + stride * Q:stride] += cols[:, :, r, s]", "s:s + stride * Q:stride] = cols[:, :, r, s]"),
    ("conv", "frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += cols",
     "frame[:, :, r:r + P, s:s + Q] += cols"),
    ("conv", "return frame[:, :, pad:pad + H, pad:pad + W]", "return frame[:, :, :H, :W]"),
    ("conv", "return frame[:, :, pad:pad + H, pad:pad + W]", "return frame[:, :, pad:-pad, pad:-pad]"),
    ("conv", "return y.reshape(N, K, P, Q) + b.reshape(1, K, 1, 1)", "return y.reshape(N, K, P, Q)"),
    ("conv", "return y.reshape(N, K, P, Q) + b.reshape(1, K, 1, 1)",
     "return y.reshape(N, K, P, Q) + x.shape[1] * b.reshape(1, K, 1, 1)"),
    ("conv", "@ cols.reshape(N, G, D, P * Q) ", "@ cols.reshape(N, D, G, P * Q).swapaxes(1, 2) "),
    ("conv", "@ cols.reshape(N, G, D, P * Q) ", "@ cols.reshape(N, G, D, P * Q)[:, :1] "),
    ("conv", "@ cols.reshape(N, G, D, P * Q) ", "@ cols.reshape(N, G, D, P * Q)[:1] "),
    ("conv", "db = dy.sum(axis=(0, 2, 3), dtype", "db = dy.mean(axis=(0, 2, 3), dtype"),
    ("conv", "db = dy.sum(axis=(0, 2, 3), dtype", "db = 1 / len(x) * dy.sum(axis=(0, 2, 3), dtype"),
    ("conv", "dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0)", "dw = (dy_mat @ cols.swapaxes(2, 3))[-1]"),
    ("conv", "dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0)", "dw = (dy_mat @ cols.swapaxes(2, 3)).mean(axis=0)"),
    ("conv", "dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0)", "dw = (dy_mat[::-1] @ cols.swapaxes(2, 3)).sum(axis=0)"),
    ("conv", "dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0).reshape(w.shape)",
     "dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0).reshape(w.shape)[:, :, ::-1, ::-1]"),
    ("conv", "dcols = w_mat.swapaxes(1, 2) @ dy_mat", "dcols = w_mat[::-1].swapaxes(1, 2) @ dy_mat"),
    ("conv", "dcols = w_mat.swapaxes(1, 2) @ dy_mat", "dcols = w_mat.swapaxes(1, 2) @ dy_mat / N"),
    ("conv", "dcols = w_mat.swapaxes(1, 2) @ dy_mat", "dcols = -w_mat.swapaxes(1, 2) @ dy_mat"),
    ("conv", "return col2im(dcols.reshape(N, C, R, S, P, Q), H, W, stride, pad)",
     "return col2im(dcols.reshape(N, C, R, S, P, Q)[:, :, ::-1, ::-1], H, W, stride, pad)"),
    ("pool", "reach(W, S, stride, pad, Q), -np.inf)", "reach(W, S, stride, pad, Q), 0)"),
    ("pool", "y = np.full_like(x, -np.inf, shape=(N, C, P, Q))", "y = np.full_like(x, 0, shape=(N, C, P, Q))"),
    ("pool", "better = (pixels > y) | (pixels != pixels)", "better = (pixels >= y) | (pixels != pixels)"),
    ("pool", "better = (pixels > y) | (pixels != pixels)", "better = pixels > y"),
    ("pool", "better = (pixels > y) | (pixels != pixels)", "better = (abs(pixels) > y) | (pixels != pixels)"),
    ("pool", "argmax = np.where(better, place, argmax)", "argmax = np.where(better, 0, argmax)"),
    ("pool", "pixels += np.where(argmax == place, dy, 0)", "pixels[...] = np.where(argmax == place, dy, 0)"),
    ("pool", "pixels += np.where(argmax == place, dy, 0)", "pixels += dy"),
    ("pool", "pixels += np.where(argmax == place, dy, 0)", "pixels += np.where(argmax == place, 1.0, 0)"),
    ("pool", "pixels += np.where(argmax == place, dy, 0)", "pixels += np.where(argmax == place, dy, 0) / len(dy)"),
    ("pool", "yield r * S + s, frame", "yield s * R + r, frame"),
    ("pool", "frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]", "frame[:, :, r:r + P, s:s + Q]"),
    ("pool", "edge = pad if count_include_pad else 0                  # how", "edge = 0  #", 2),
    ("pool", "edge = pad if count_include_pad else 0                  # how", "edge = pad  #", 2),
    ("pool", "share = dy / window_areas(dy", "share = dy / (R * S) + 0 * window_areas(dy"),
    ("pool", "pixels += share", "pixels[...] = share"),
    ("pool", "x[:, :, rows, columns].mean(axis=(2, 3), dtype=wide(x))", "x[:, :, rows, columns].max(axis=(2, 3))"),
    ("pool", "rows = slice(p * H // P, -(-(p + 1) * H // P))", "rows = slice(p * H // P, (p + 1) * H // P)"),
    ("pool", "pixels += dy[:, :, p:p + 1, q:q + 1] /", "pixels[...] = dy[:, :, p:p + 1, q:q + 1] /"),
    ("lrn", "(alpha / n if of_the_mean else alpha)", "alpha"),
    ("lrn", '"original": (2, True)', '"original": (1, True)'),
    ("lrn", '"paper": (2, False)', '"paper": (2, True)'),
    ("lrn", "min(n // 2 + 1, len(ahead))", "min(n // 2 + 2, len(ahead))"),
    ("lrn", "min(n // 2 + 1, len(ahead))", "min(n // 2, len(ahead))"),
    ("lrn", "behind[offset:] += ahead[:-offset]", "pass"),
    ("lrn", "behind[:-offset] += ahead[offset:]", "behind[:-offset] += ahead[:-offset]"),
    ("lrn", "total = x.copy()", "total = np.zeros_like(x)"),
    ("lrn", "total = x.copy()", "total = x"),
    ("lrn", "window_sums(x.reshape(N, groups, C // groups, H, W), n, axis=2)",
     "window_sums(x.reshape(N, 1, C, H, W), n, axis=2)"),
    ("lrn", "window_sums(x.reshape(N, groups, C // groups, H, W), n, axis=2)",
     "window_sums(x.reshape(N, groups, C // groups, H, W), n, axis=0)"),
    ("lrn", "scale = k + alpha * channel_sums(x * x, n, groups)", "scale = k + alpha * channel_sums(abs(x), n, groups)"),
    ("lrn", "scale = k + alpha * channel_sums(x * x, n, groups)", "scale = 1 + alpha * channel_sums(x * x, n, groups)"),
    ("lrn", "scale = k + alpha * channel_sums(x * x, n, groups)", "scale = k + alpha / n * channel_sums(x * x, n, groups)"),
    ("lrn", "return x * scale ** -beta, scale", "return x * scale ** beta, scale", 0),
    ("lrn", "return damped - 2 * alpha * beta * x * channel_sums", "return damped + 0 * channel_sums"),
    ("lrn", "return damped - 2 * alpha * beta * x * channel_sums", "return damped + 2 * alpha * beta * x * channel_sums"),
    ("lrn", "return damped - 2 * alpha * beta * x * channel_sums", "return damped - alpha * beta * x * channel_sums"),
    ("lrn", "return damped - 2 * alpha * beta * x * channel_sums", "return damped - 2 * alpha * x * channel_sums"),
    ("lrn", "channel_sums(damped * x / scale, n, groups)", "channel_sums(damped * x, n, groups)"),
    ("lrn", "channel_sums(damped * x / scale, n, groups)", "channel_sums(scale ** -beta * x / scale, n, groups)"),
    ("lrn", "channel_sums(damped * x / scale, n, groups)", "(damped * x / scale)"),
    ("lrn", "window_sums(window_sums(x.astype(wide(x)), n, axis=2), n, axis=3)", "window_sums(x, n, axis=3)"),
    ("lrn", "x * square_sums(damped * x / scale, n)", "x * square_sums(damped / scale, n)"),
    ("batchnorm", "for f in (x.mean, x.var))", "for f in (x.mean, lambda **o: x.var(ddof=1, **o)))"),
    ("batchnorm", "each(w / np.sqrt(var + eps)) + each(b)", "each(w / np.sqrt(var)) + each(b)"),
    ("batchnorm", "each(w / np.sqrt(var + eps)) + each(b)", "each(w / (np.sqrt(var) + eps)) + each(b)"),
    ("batchnorm", "dy = dy - each(db / m) - xhat * each(dw / m)", "dy = dy - xhat * each(dw / m)"),
    ("batchnorm", "dy = dy - each(db / m) - xhat * each(dw / m)", "dy = dy - each(db / m)"),
    ("batchnorm", "    if train:\n        dy = dy", "    if not train:\n        dy = dy"),
    ("batchnorm", "return dy * each(w / deviation), dw, db", "return dy * each(1 / deviation), dw, db"),
    ("batchnorm", "m = x.size // len(w)", "m = len(x)"),
    ("dropout", "return np.where(mask, x / (1 - p_drop), 0)", "return np.where(mask, x, 0)"),
    ("dropout", "return np.where(mask, x / (1 - p_drop), 0)", "return np.where(mask, x / p_drop, 0)"),
    ("dropout", "return np.where(mask, x / (1 - p_drop), 0)", "return np.where(mask, 0, x / (1 - p_drop))"),
    ("dropout", "return np.where(mask, x / (1 - p_drop), 0)", "return x * mask / (1 - p_drop)"),
    ("dropout", "return np.where(mask, dy / (1 - p_drop), 0)", "return dy / (1 - p_drop)"),
    ("dropout", "return np.where(mask, dy / (1 - p_drop), 0)", "return np.where(mask, dy * (1 - p_drop), 0)"),
    ("update", "v -= weight_decay * lr * w + lr * dw", "v -= weight_decay * w + lr * dw"),
    ("update", "v -= weight_decay * lr * w + lr * dw", "v -= lr * dw - weight_decay * lr * w"),
    ("update", "v -= weight_decay * lr * w + lr * dw", "v += weight_decay * lr * w + lr * dw"),
    ("update", "v *= momentum", "v *= 0", 0),
    ("update", "v *= momentum", "v *= momentum * lr", 1),
    ("update", "    w += v", "    w = w + v"),
    ("update", "    w += v", "    w -= v"),
    ("update", "v += weight_decay * w + dw", "v += dw"),
    ("update", "w -= lr * v", "w -= v"),
]

NUMBA = [
    ("activation", "y.flat[i] = x.dtype.type(0) if value <= 0 else value", "y.flat[i] = value"),
    ("activation", "        if y.flat[i] > 0:", "        if y.flat[i] >= 0:"),
    ("pool", "y[n, c, p, q] = total / area", "y[n, c, p, q] = total / (R * S)"),
    ("pool", "edge = pad if count_include_pad else 0                  # how", "edge = 0  #", 0),
    ("pool", "edge = pad if count_include_pad else 0                  # how", "edge = pad  #", 1),
    ("pool", "P -= (P - 1) * stride >= H + pad", "P -= 0", 1),
    ("pool", "dx[n, c, h, v] += dy[n, c, p, q] / area", "dx[n, c, h, v] = dy[n, c, p, q] / area"),
    ("pool", "total / ((bottom - top) * (right - left))", "total / (bottom - top)"),
    ("pool", "dx[n, c, h, v] += dy[n, c, p, q] / ((bottom", "dx[n, c, h, v] = dy[n, c, p, q] / ((bottom"),
    ("lrn", "for i in range(max(0, h - n // 2), min(H, h + n // 2 + 1))", "for i in range(max(0, h - n // 2), h + 1)", 0),
    ("lrn", "total += x[image, c, i, j] * x[image, c, i, j]", "total += x[image, c, i, j]"),
    ("lrn", "dx[image, c, h, v] -= 2 * alpha * beta * x[image, c, h, v] * total", "pass"),
    ("lrn", "total += dy[image, c, i, j] * x[image, c, i, j] * s ** -beta / s",
     "total += dy[image, c, i, j] * x[image, c, i, j] * s ** -beta"),
    ("batchnorm", "        var[c] /= N * H * W", "        var[c] /= N * H * W - 1"),
    ("batchnorm", "np.sqrt(var[c] + x.dtype.type(eps)) + b[c]", "np.sqrt(var[c]) + b[c]"),
    ("batchnorm", "dx[n, c, h, v] -= w[c] * (db[c] + xhat * dw[c]) / m / deviation",
     "dx[n, c, h, v] -= w[c] * db[c] / m / deviation"),
    ("batchnorm", "                    if train:", "                    if not train:"),
    ("dropout", "y.flat[i] = x.flat[i] / x.dtype.type(1 - p_drop)", "y.flat[i] = x.flat[i] / x.dtype.type(p_drop)"),
    ("dropout", "dx.flat[i] = dy.flat[i] / dy.dtype.type(1 - p_drop)", "dx.flat[i] = dy.flat[i]"),
    ("dropout", "        if mask.flat[i]:\n            dx", "        if not mask.flat[i]:\n            dx"),
    ("update", "v.flat[i] = momentum * v.flat[i] - weight_decay * lr * w.flat[i] - lr * dw.flat[i]",
     "v.flat[i] = momentum * v.flat[i] - weight_decay * w.flat[i] - lr * dw.flat[i]"),
    ("update", "w.flat[i] += v.flat[i]", "w.flat[i] = v.flat[i]"),
    ("update", "w.flat[i] -= lr * v.flat[i]", "w.flat[i] -= v.flat[i]"),
    ("conv", "cols[n, c, r, s, p, q] = x[n, c, h, v]", "cols[n, c, s, r, p, q] = x[n, c, h, v]"),
    ("conv", "x[n, c, h, v] += cols[n, c, r, s, p, q]", "x[n, c, h, v] = cols[n, c, r, s, p, q]"),
    ("fast/conv", "padded[c, 0, row, pad + v] = pixels[v]", "padded[c, 0, row, v] = pixels[v]"),
    ("fast/conv", "= pixels[i * stride + phase - pad]", "= pixels[i * stride + phase]"),
    ("fast/conv", "if phase < phases else 0", "if phase < phases else 1"),
    ("fast/conv", "pixels = x[c, top + row - pad]", "pixels = x[c, row - pad]"),
    ("fast/conv", "for row in range(max(0, pad - top),", "for row in range(max(0, pad - top + 1),"),
    ("fast/conv", "windows[p, q] = seen[p * stride, skip + q]", "windows[p, q] = seen[p, skip + q]"),
    ("fast/conv", "padded[c, phase, r:]", "padded[c, phase]"),
    ("fast/conv", "cols[c, r, skip * stride + phase, at:at + p1 - p0]", "cols[c, r, skip * stride + phase, :p1 - p0]"),
    ("fast/conv", "seen[p * stride, skip + q] += windows[p, q]", "seen[p * stride, skip + q] = windows[p, q]"),
    ("fast/conv", "x[c, h, v] = padded[phase, h + pad,", "x[c, h, v] = padded[phase, h,"),
    ("fast/conv", "y[k, p0 + p, q] = band[k, at + p, q] + b[k]", "y[k, p0 + p, q] = band[k, at + p, q]"),
    ("fast/conv", "y[k, p0 + p, q] = band[k, at + p, q] + b[k]", "y[k, p0 + p, q] = band[k, p, q] + b[k]"),
    ("fast/conv", "total[q] += dy[n, k, p, q]", "total[q] = dy[n, k, p, q]"),
    ("fast/conv", "p1 = min(P, p0 + stop - row)", "p1 = P"),
    ("fast/conv", "band.append((n, p0, p1, row - start))", "band.append((n, p0, p1, 0))"),
    ("fast/conv", "taken[:, at:at + p1 - p0] = dy[n, :, p0:p1]", "taken[:, :p1 - p0] = dy[n, :, p0:p1]"),
    ("fast/conv", "dw += taken_mat", "dw[:] = taken_mat"),
    ("fast/conv", "w_mat[part % groups, :, c0:c1]", "w_mat[0, :, c0:c1]"),
    ("fast/conv", "dx[part, c0:c1], stride", "dx[part, :c1 - c0], stride"),
    ("fast/dense", "row[m] += x[n, d] * dy[n, m]", "row[m] = x[n, d] * dy[n, m]"),
    ("fast/dense", "row[m] = x[0, d] * dy[0, m]", "row[m] = x[0, d]"),
    ("fast/dense", "first += other", "pass"),
    ("fast/dense", "first += b", "pass"),
    ("fast/dense", "np.matmul(x[:, first:last].T, dy, out=dw[first:last])", "np.matmul(x[:, first:last].T, dy * 2, out=dw[first:last])"),
    ("fast/dense", "np.matmul(dy, w[first:last].T", "np.matmul(dy, -w[first:last].T"),
    ("fast/dense", "return [task(0, len(w))]", "return [task(0, len(w) - 1)]"),
    ("fast/winograd", "G[i] = point ** np.arange(r) / np.prod(point - others)", "G[i] = point ** np.arange(r)"),
    ("fast/winograd", "np.poly(others)[::-1] ", "np.poly(others) "),
    ("fast/winograd", "A[-1, -1] = G[-1, -1] = 1", "A[-1, -1] = 1"),
    ("fast/winograd", "B[-1] = np.poly(points)[::-1]", "B[-1, -1] = 1"),
    ("fast/winograd", "row[c] += matrix[i, a] * long[a, c]", "row[c] += matrix[a, i] * long[a, c]"),
    ("fast/winograd", "row[c] += matrix[j, b] * half[i, b, c]", "row[c] = matrix[j, b] * half[i, b, c]"),
    ("fast/winograd", "picture[h + pad, v + pad, c] = maps[c, h, v]", "picture[h, v, c] = maps[c, h, v]"),
    ("fast/winograd", "tile[a, b, c] = picture[p * step + a, q * step + b, c]",
     "tile[a, b, c] = picture[p * step + b, q * step + a, c]"),
    ("fast/winograd", "c0, c1 = C * part // parts, C * (part + 1) // parts", "c0, c1 = C * part // parts, C * part // parts + 1", 1),
    ("fast/winograd", "picture[p * step + i, q * step + j, c] += out[i, j, c]", "picture[p * step + i, q * step + j, c] = out[i, j, c]"),
    ("fast/winograd", "maps[c, h, v] = picture[h + pad, v + pad, c] + bias[c0 + c]", "maps[c, h, v] = picture[h + pad, v + pad, c]"),
    ("fast/winograd", "maps[c, h, v] = picture[h + pad, v + pad, c] +", "maps[c, h, v] = picture[h, v, c] +"),
    ("fast/winograd", "n, part = number // parts, number % parts", "n, part = number // parts, 0", 0),
    ("fast/winograd", "y[n:n + images, k0:k1] = maps", "y[:images, k0:k1] = maps"),
    ("fast/winograd", "places(x_tiles, groups)[group], places(own)", "places(x_tiles, groups)[0], places(own)"),
    ("fast/winograd", "total += left[place] @ right[place]", "total[:] = left[place] @ right[place]"),
    ("fast/winograd", "else w_tiles[k0:k1]", "else w_tiles[:k1 - k0]"),
    ("fast/winograd", "dx[n:n + block], B.T, TILE, pad)", "dx[n:n + block], B.T, TILE, 0)"),
    ("fast/winograd", "join(dw_tiles[k0:k1], dw[k0:k1], G.T)", "join(dw_tiles[k0:k1], dw[:k1 - k0], G.T)"),
    ("fast/winograd", "cut(dy[n:n + block], A, TILE, 0, TP, TQ)", "cut(dy[:block], A, TILE, 0, TP, TQ)"),
    ("fast/winograd", "x.dtype != np.float32 or stride != 1", "x.dtype != np.float32"),
    ("fast/winograd", "if x.dtype != np.float32 or", "if"),
    ("fast/winograd", "min(K // groups, Cg) <", "K // groups <"),
    ("fast/winograd", "return 2 * tiles_over(P)", "return tiles_over(P)"),
    ("fast/activation", "y[i] = zero if value <= zero else value", "y[i] = value if value > zero else zero"),
    ("fast/activation", "dx[i] = value if y[i] > zero else zero", "dx[i] = value if y[i] >= zero else zero"),
    ("fast/activation", "dx[i] = value if y[i] > zero else zero", "dx[i] = value * (y[i] > zero)"),
    ("fast/activation", "dx[i] = dy[i] * (one - y[i] * y[i])", "dx[i] = dy[i] * (one - y[i])"),
    ("fast/activation", "dx[i] = dy[i] * y[i] * (one - y[i])", "dx[i] = y[i] * (one - y[i])"),
    ("fast/dropout", "value = x[i] / kept", "value = x[i]"),
    ("fast/dropout", "y[i] = value if mask[i] else zero", "y[i] = value * mask[i]"),
    ("fast/dropout", "x.dtype.type(1 - p_drop)", "x.dtype.type(p_drop)"),
    ("fast/update", "momentum * v[i] - decay * w[i] - lr * dw[i]", "momentum * v[i] - lr * dw[i]"),
    ("fast/update", "momentum * v[i] - decay * w[i] - lr * dw[i]", "momentum * v[i] + decay * w[i] - lr * dw[i]"),
    ("fast/update", "        v[i] = velocity", "        pass", 0),
    ("fast/update", "        v[i] = velocity", "        pass", 1),
    ("fast/update", "w[i] -= lr * velocity", "w[i] -= velocity"),
    ("fast/update", "weight_decay * lr)))", "weight_decay)))"),
    ("fast/batchnorm", "for i in range(0, pixels, TOTALS):\n                add(x", "for i in range(0, 1, TOTALS):\n                add(x"),
    ("fast/batchnorm", "total[i] += (x[i] - mean) * (x[i] - mean)", "total[i] += x[i] * x[i] - mean * mean"),
    ("fast/batchnorm", "total[i] += dy[i] * (x[i] - mean)", "total[i] += dy[i] * x[i]"),
    ("fast/batchnorm", "squares.sum() / (N * pixels)", "squares.sum() / (N * pixels - 1)"),
    ("fast/batchnorm", "y[i] = (x[i] - mean) * slope + b", "y[i] = (x[i] - mean) * slope"),
    ("fast/batchnorm", "n, c = m // C, m % C", "n, c = m // C, 0"),
    ("fast/batchnorm", "dx[i] = slope * (dy[i] - dy_mean -", "dx[i] = slope * (dy[i] -"),
    ("fast/batchnorm", "(dy[i] - dy_mean - (x[i] - mean) * x_mean)", "(dy[i] - dy_mean)"),
    ("fast/batchnorm", "/ deviation[c] / deviation[c])", "/ deviation[c])"),
    ("fast/batchnorm", "            if train:", "            if not train:"),
    ("fast/batchnorm", "np.sqrt(var + x.dtype.type(eps))", "np.sqrt(var)", 0),
    ("fast/batchnorm", "np.sqrt(var + x.dtype.type(eps))", "np.sqrt(var)", 1),
    ("fast/pieces", "[array[first:last] for array in flat]", "flat"),
    ("fast/pieces", "end = min(begin + CHUNK, last)", "end = begin + CHUNK - 1"),
    ("fast/pieces", "[array[first:last] for array in maps]", "[array[:last] for array in maps]"),
    ("fast/pieces", "if numbers < (FLAT if cheap else MANY)", "if numbers < FLAT"),
    ("fast/pieces", "if numbers < (FLAT if cheap else MANY)", "if numbers <= (FLAT if cheap else MANY)"),
    ("fast/pieces", "flat[0].size, flat[0].size, cheap=True)", "flat[0].size, flat[0].size)"),
    ("fast/pool", "better = (value > old) | (value != value)", "better = (value >= old) | (value != value)"),
    ("fast/pool", "better = (value > old) | (value != value)", "better = value > old"),
    ("fast/pool", "new_place[i] = number if better else before", "new_place[i] = number"),
    ("fast/pool", "lines[phase, i] = -np.inf", "lines[phase, i] = 0"),
    ("fast/pool", "best[old, i], place[old, i] = -np.inf, 0", "pass"),
    ("fast/pool", "return (pad - phase + stride - 1) // stride, min", "return (pad - phase + stride) // stride, min"),
    ("fast/pool", "min(places, (size + pad - phase + stride - 1) // stride)", "min(places, (size + pad - phase) // stride)"),
    ("fast/pool", "odd[i] = row[2 * i + 1]", "odd[i] = row[2 * i]"),
    ("fast/pool", "range(both, min(even.size, (row.size + 1) // 2))", "range(both, min(even.size, row.size // 2))"),
    ("fast/pool", "line[i] = row[stride * i]", "line[i] = row[i]", 1),
    ("fast/pool", "begin = r // stride * columns + s // stride", "begin = r // stride * columns"),
    ("fast/pool", "np.int32(r * S + s)", "np.int32(r * R + s)"),
    ("fast/pool", "maps = min(together, x.shape[0] - first)", "maps = min(together, x.shape[0] - first - 1)"),
    ("fast/pool", "dx[m, h, v] += dy[m, p, q]", "dx[m, h, v] = dy[m, p, q]"),
    ("fast/pool", "        dx[m] = 0", "        pass", 0),
    ("fast/pool", "        dx[m] = 0", "        pass", 1),
    ("fast/pool", "        dx[m] = 0", "        pass", 2),
    ("fast/pool", "rows[place], q * stride - pad + columns[place]", "columns[place], q * stride - pad + rows[place]"),
    ("fast/pool", "if 0 <= place < R * S:", "if 0 <= place < R * S - 1:"),
    ("fast/pool", "min(start + window, size + edge) - max(start, -edge)", "min(start + window, size) - max(start, 0)"),
    ("fast/pool", "min(start + window, size + edge) - max(start, -edge)", "window"),
    ("fast/pool", "for v in range(max(0, left), min(W, left + S)):\n                        total", "for v in range(max(0, left), min(W, left + R)):\n                        total"),
    ("fast/pool", "        total += x[m, h, v]\n                y[m, p, q] = total / (o", "        total = max(total, x[m, h, v])\n                y[m, p, q] = total / (o"),
    ("fast/pool", "dx[m, h, v] += share", "dx[m, h, v] = share", 0),
    ("fast/pool", "dx[m, h, v] += share", "dx[m, h, v] = share", 1),
    ("fast/pool", "-(-(p + 1) * size // parts)", "(p + 1) * size // parts"),
    ("fast/pool", "pad if count_include_pad else 0", "0", 0),
    ("fast/pool", "pad if count_include_pad else 0", "pad", 1),
    ("fast/lrn", "max(0, h - half), min(H, h + half + 1)", "max(0, h - half), min(H, h + half)"),
    ("fast/lrn", "add(column[offset:], total[h, :W - offset])", "pass"),
    ("fast/lrn", "range(1, min(half + 1, W))", "range(1, min(half, W))"),
    ("fast/lrn", "        squares[:] = 0", "        pass"),
    ("fast/lrn", "out[i] = one / (root * np.sqrt(root))", "out[i] = one / root"),
    ("fast/lrn", "out[i] = scale[i] ** -beta", "out[i] = scale[i] ** beta"),
    ("fast/lrn", "        column[:] = 0", "        pass"),
    ("fast/lrn", "        total[:] = 0", "        pass", 0),
    ("fast/lrn", "        total[:] = 0", "        pass", 1),
    ("fast/lrn", "total[i] += x[i] * x[i]", "total[i] = (total[i] + np.float32(1e8) + x[i] * x[i]) - np.float32(1e8)"),
    ("fast/lrn", "min(first + size, i + n // 2 + 1)", "i + n // 2 + 1"),
    ("fast/lrn", "return max(first, i - n // 2)", "return max(0, i - n // 2)"),
    ("fast/lrn", "through[i] = dx[i] * x[i] / scale[i]", "through[i] = dx[i] * x[i]"),
    ("fast/lrn", "dx[i] -= factor * x[i] * total[i]", "dx[i] += factor * x[i] * total[i]"),
    ("fast/lrn", "dx[i] -= factor * x[i] * total[i]", "dx[i] -= factor * total[i]"),
    ("fast/lrn", "first += end - begin", "first += size"),
]

# sums in float32, noticed by tests/ops/test_sums.py
NUMPY += [(f"sums/{chapter}", *lines) for chapter, *lines in [
    ("shapes", "np.result_type(x.dtype, np.float64)", "x.dtype"),
    ("batchnorm", "f(axis=(0, 2, 3), dtype=wide(x))", "f(axis=(0, 2, 3))"),
    ("batchnorm", "terms.sum(axis=(0, 2, 3), dtype=wide(x))", "terms.sum(axis=(0, 2, 3))"),
    ("dense", "dy.sum(axis=0, dtype=wide(dy))", "dy.sum(axis=0)"),
    ("conv", "dy.sum(axis=(0, 2, 3), dtype=wide(dy))", "dy.cumsum()[-1:]"),
    ("pool", "framed(x.astype(wide(x)), pad", "framed(x, pad"),
    ("lrn", "window_sums(x.astype(wide(x)), n, axis=2)", "window_sums(x, n, axis=2)"),
]]
NUMBA += [(f"sums/{chapter}", *lines) for chapter, *lines in [
    ("fast/batchnorm", "return np.zeros(max(1, min(pixels, TOTALS)))", "return np.zeros(max(1, min(pixels, TOTALS)), np.float32)"),
    ("fast/pool", "left, total = q * stride - pad, np.float64(0)", "left, total = q * stride - pad, np.float32(0)"),
    ("fast/pool", "                total = np.float64(0)", "                total = np.float32(0)"),
    ("fast/lrn", "half, column = n // 2, np.empty(W)", "half, column = n // 2, np.empty(W, np.float32)"),
    ("fast/lrn", "    total = np.empty(x.shape[1:])", "    total = np.empty(x.shape[1:], np.float32)"),
]]
# the guard's table and checks
NUMBA += [("backend", *lines) for lines in [
    ("relu_backward: dy(*) y(*)", "relu_backward: dy(*)"),
    ("dense_forward: x(N,D) w(D,M) b(M)", "dense_forward: x(N,D) w(D,M) b(K)"),
    ("conv2d_backward: dy(N,K,P,Q)", "conv2d_backward: dy(N,K,A,B)"),
    ("x(N,C,H,W) w(K,C/G,R,S) b(K)", "x(N,C,H,W) w(K,Z,R,S) b(K)"),
    ("lrn_backward: dy(N,C,H,W) x(N,C,H,W) scale(N,C,H,W)", "lrn_backward: dy(N,C,H,W) x(N,C,H,W) scale(N,C,H,V)"),
    ("dropout_forward: x(*) mask(*)", "dropout_forward: x(*)"),
    ('"groups", "n", "threads"), 1)', '"groups", "n", "threads"), 0)'),
    ('"pad": 0}', '"pad": -1}'),
    ("if got not in FLOATS:", "if False:"),
    ("if others is not None and got != others:", "if False:"),
    ("if size.get(outputs, possible[0]) not in possible:", "if False:"),
    ('if key == "n" and value % 2 == 0:', "if False:"),
]]

TESTS = {
    "gradcheck": "tests/test_gradcheck.py", "diagnose/evidence": "tests/diagnose/test_evidence.py",
    "diagnose/check": "tests/diagnose/test_check.py", "backend": "tests/test_guard.py", "optim": "tests/test_optim.py", "data/loader": "tests/data/test_loader.py",
    "fit/answers": "tests/fit/test_answers.py", "data/fingerprints": "tests/data/test_fingerprints.py",
    "weights/checkpoint": "tests/weights/test_edited_checkpoints.py tests/weights/test_checkpoint.py",
    **{f"fit/{name}": "tests/fit/test_recipe_objects.py" for name in ("recipe", "pictures", "beginning")},
    **dict.fromkeys(("cli/evaluate", "fit/unseen"), "tests/cli/test_evaluate.py"),
    **{f"course/grader/{name}": "tests/course/test_source.py tests/course/test_properties.py"
       for name in ("properties", "source", "mistakes", "draws", "perform", "results")},
    "course/selftest": "tests/course/test_source.py",
    **{f"parallel/{name}": "tests/parallel/test_shards.py tests/parallel/test_team.py tests/parallel/test_equal.py"
       for name in ("shards", "network", "batchnorm", "gradients", "ranks")},
    "fast/threads": "tests/fast/test_threads.py", "fast/memory": "tests/fast/test_memory_that_stays.py",
    "fast/winograd": "tests/ops/test_winograd.py", "fast/kernels": "tests/fast/test_kernels.py tests/test_backend.py", "fast/warmup": "tests/fast/test_warmup.py"}

REST = [
    ("parallel/shards", "return [total * shard // shards for", "return [shard * (total // shards) for"),
    ("parallel/shards", "range(shards * rank // size, shards * (rank + 1) // size)", "range(rank, rank + 1)"),
    ("parallel/shards", "indices[first:last])\n        return x, self.pictures.labels[indices]",
     "indices[first:last])\n        return x, self.pictures.labels[indices[first:last]]"),
    ("parallel/network", "(rows[0], self.total)", "(0, self.total)"),
    ("parallel/network", "dys = [dy[begin:end] for begin, end in self.bounds]", "dys = [dy[:end - begin] for begin, end in self.bounds]"),
    ("parallel/network", "dxs, first = [dx + back for dx, back in zip(dxs, backs)], last", "dxs, first = backs, last"),
    ("parallel/network", "copy.deepcopy(layer, dict(known))", "copy.copy(layer)"),
    ("parallel/network", "train and name not in self.net.frozen", "train"),
    ("parallel/batchnorm", "m = numbers([layer.x for layer in layers], team)", "m = layers[0].x.size // len(layers[0].w)"),
    ("parallel/batchnorm", "(var * (m / (m - 1)) - one.var)", "(var - one.var)"),
    ("parallel/batchnorm", "(each(db / m) + xhat * each(dw / m))", "(each(db / m) - xhat * each(dw / m))"),
    ("parallel/gradients", "self.grads[f\"{layer}.{key}\"] += array", "self.grads[f\"{layer}.{key}\"][...] = array"),
    ("parallel/ranks", "for one in every[1:]:\n            total = total + one", "for one in every[2:]:\n            total = total + one"),
    ("parallel/ranks", "if type(loader) is Loader else", "if isinstance(loader, Loader) else"),
    ("gradcheck", "(right + left) / 2     # on", "right     # on"),
    ("gradcheck", "(line(step) - point.y)) / step", "(line(step) - point.y)) / (2 * step)"),
    ("gradcheck", "(point.y - line(-step))) / step", "(point.y - line(step))) / step"),
    ("gradcheck", "array[place] = saved + t * direction", "array[place] = saved + t"),
    ("gradcheck", "        finally:\n            array[place] = saved", "        finally:\n            pass"),
    ("gradcheck", "kinks[i] = gap > limit and not curved", "kinks[i] = gap > limit"),
    ("gradcheck", "kinks[i] = gap > limit and not curved", "kinks[i] = False"),
    ("gradcheck", "MAX_KINKS = 0.05", "MAX_KINKS = 0.9"),
    ("gradcheck", "row.error = float(norm(difference) / size)", "row.error = 0.0", 0),
    ("gradcheck", "size = norm(analytic[checked]) + norm(numeric[checked])", "size = norm(analytic[checked])"),
    ("gradcheck", "\"look\" if row.error < LOOK else \"wrong\"", "\"look\""),
    ("gradcheck", "return bool(self.rows) and all(", "return all("),
    ("gradcheck", "        self.written_not_added()\n", ""),
    ("gradcheck", "                    found += [name] if not np.array_equal(self.forward(), self.y) else []", "                    pass"),
    ("gradcheck", "                    array[...] = saved\n        return found", "                    pass\n        return found"),
    ("gradcheck", "(*self.params.values(), *self.state)", "self.params.values()"),
    ("gradcheck", "self.rounding = 8 * precision", "self.rounding = 8 * EPSILON"),
    ("gradcheck", "if not row.parameter:                   # a bias", "if False:                   # a bias"),
    ("gradcheck", "norm(point.y - line(-2.0) - 2 * change) > 1e-9", "norm(point.y - line(-2.0) - 2 * change) > 1e9"),
    ("gradcheck", "np.sort(point.rng.permutation(array.size)[:entries])", "np.arange(array.size)[:entries]"),
    ("diagnose/evidence", "dy[k] = 1", "dy[k] = 2"),
    ("diagnose/evidence", "return (self.sides[0] + self.sides[1]) / 2", "return self.sides[0]"),
    ("diagnose/evidence", "np.argsort(~wrong.ravel()[order], kind=\"stable\")", "np.argsort(wrong.ravel()[order], kind=\"stable\")"),
    ("diagnose/evidence", "            for name, array in saved.items():\n                self.point.arrays[name][...] = array", "            pass"),
    ("course/grader/properties", "if not fits(a.dtype.kind, b.dtype.kind):", "if False:"),
    ("course/grader/properties", "if a.shape != b.shape:", "if a.size != b.size:"),
    ("course/grader/properties", "share = max(tolerance, FLOAT32 if single(a) else 0)", "share = FLOAT32"),
    ("course/grader/properties", "if len(theirs) != len(ours):", "if len(theirs) < len(ours):"),
    ("course/grader/source", "region.points += ", "region.points = "),
    ("course/grader/source", "if begins == bool(open_at) or not begins and open_at[0] != id:", "if begins == bool(open_at):"),
    ("course/grader/mistakes", "if sum(counts) != 1:", "if sum(counts) > 1:"),
    ("course/grader/draws", "self.count += blocks", "self.count += 0"),
    ("course/grader/draws", "return Draw(self.key + b\"/\" + str(name).encode())", "return Draw(self.key)"),
    ("course/grader/perform", "b is not None and not alike(a, b)]", "b is not None and a.shape != b.shape]"),
    ("course/grader/results", "HIDDEN_SHARE = 0.4", "HIDDEN_SHARE = 0.5"),
    ("course/selftest", "if failure:\n", "if False:\n"),
    ("optim", "if momentum >= 1:", "if momentum > 1:"),
    ("optim", "if w.ndim > 1:", "if w.ndim > 2:"),
    ("optim", "lr * float(self.bias_lr), float(self.momentum), 0.0)", "lr, float(self.momentum), 0.0)"),
    ("optim", "        self.steps += 1", "        pass"),
    ("optim", "1 if length <= clip else float(clip) / length", "float(clip) / length"),
    ("optim", "self.factor ** (step // self.every)", "self.factor ** ((step + 1) // self.every)"),
    ("optim", "sum(step >= place for place in self.at)", "sum(step > place for place in self.at)"),
    ("optim", "(1 - min(step, self.steps) / self.steps)", "(1 - step / self.steps)"),
    ("optim", "math.cos(math.pi * min(step, self.steps) / self.steps)", "math.cos(math.pi * step / self.steps)"),
    ("optim", "self.then(0) * (step + 1) / self.steps", "self.then(0) * step / self.steps"),
    ("optim", "self.then(step - self.steps)", "self.then(step)"),
    ("optim", "if error < self.best:", "if error <= self.best:"),
    ("optim", "if self.waited > self.patience:", "if self.waited >= self.patience:"),
    ("optim", "self.finished = self.drops == self.times", "self.finished = self.drops > self.times"),
    ("optim", "min(self.drops + 1, self.times), 0", "min(self.drops + 1, self.times), self.waited"),
    ("data/loader", '"shuffle", number', '"shuffle", 0'),
    ("data/loader", '"augment", number, i', '"augment", number, 0'),
    ("data/loader", '"augment", number, i', '"augment", 0, i'),
    ("data/loader", "if not self.train:\n            return np.arange", "if False:\n            return np.arange"),
    ("data/loader", "first * self.batch, len(order)", "first, len(order)"),
    ("data/loader", "self.pictures.labels[indices]", "self.pictures.labels[np.sort(indices)]"),
    ("data/loader", "-(-len(self.pictures) // self.batch)", "len(self.pictures) // self.batch"),
    ("data/loader", "            while waiting:\n                yield waiting.popleft().result()\n", ""),
    ("data/loader", "self.pipeline.test(self.pictures[i])", "self.pipeline.test(self.pictures[indices[0]])"),
    ("data/loader", "waiting.popleft()", "waiting.pop()", 0),
    ("data/loader", "pool.shutdown(wait=True, cancel_futures=True)", "pool.shutdown(wait=False)"),
    ("data/loader", "        self.next_epoch += 1\n", ""),
    ("data/loader", "self.epoch(self.next_epoch - 1)", "self.epoch(self.next_epoch)"),
    ("data/loader", "[:len(self) * self.batch]", ""),
    ("fit/answers", "labels].mean()", "labels].max()"),
    ("fit/answers", "float(-log_p[", "float(log_p["),
    ("fit/answers", "(best[:, 0] == labels)", "(best[:, 1] == labels)"),
    ("fit/answers", "kind=\"stable\")[:, :5]", "kind=\"stable\")[:, :4]"),
    ("fit/answers", "(labels, best[:, 0])", "(best[:, 0], labels)"),
    ("fit/answers", "(labels, best[:, 0]), 1)", "(labels, best[:, 0]), 2)"),
    ("fit/answers", "np.logaddexp.reduce(log_p, axis=0) - np.log(len(log_p))", "log_p.mean(axis=0)"),
    ("fit/answers", " - np.log(len(log_p))", ""),
    ("fit/answers", "if isinstance(net[last], Softmax) else net", "if False else net"),
    ("fit/answers", "log_softmax_forward(logits.astype(np.float64))", "np.log(np.exp(logits))"),
    ("fit/answers", "views.swapaxes(0, 1)", "views[:, :1].swapaxes(0, 1)"),
    ("fit/answers", "if len(sizes) != 1:", "if False:"),
    ("fit/answers", "if log_p.max(initial=0) > 1e-9:", "if False:"),
    ("fit/answers", "if not np.isfinite(logits).all():", "if False:"),
    ("data/fingerprints", "content = str(image.shape).encode() + image.tobytes()", "content = image.tobytes()"),
    ("data/fingerprints", "content += file.read(PIECE)", "pass"),
    ("data/fingerprints", "content = file.read(PIECE)\n", "content = b''\n"),
    ("data/fingerprints", 'content = b"%d:" % size + content', "pass"),
    ("data/fingerprints", 'replace(os.sep, "/")', 'replace("/", os.sep + os.sep)'),
    ("data/fingerprints", "summed.update(b\"%d:\" % array.nbytes + array.tobytes())", "summed.update(array.tobytes()[:9])"),
    ("data/fingerprints", "renamed.get(kind, kind), print_)", "kind, print_)"),
    ("data/fingerprints", "    sentences += changed_pictures(before, after, what)\n", ""),
    ("data/fingerprints", "np.isin(first, second)", "np.isin(second, first)"),
    ("data/fingerprints", "if then.digest == now.digest:", "if True:"),
    ("data/fingerprints", "if (labels.dtype == np.int64", "if (True or labels.dtype == np.int64"),
    ("weights/checkpoint", "optimizer.steps = steps", "optimizer.steps = 0"),
    ("weights/checkpoint", "ops.to_device(v.copy()) for", "ops.to_device(0 * v) for"),
    ("weights/checkpoint", "schedule_of(value) if name == \"then\" else value for name, value in values.items()})",
     "value for name, value in values.items()})"),
    ("weights/checkpoint", "optim.SGD(schedule, *(", "optim.SGD(schedule.lr, *("),
    ("weights/checkpoint", "if made != self.architecture[\"input_shape\"]:", "if False:"),
    ("weights/checkpoint", "        check_finite(kept)\n", ""),
    ("weights/checkpoint", "        check_velocity(checkpoint.velocity, arrays)\n", ""),
    ("weights/checkpoint", "v.shape != arrays[name].shape", "False"),
    ("weights/checkpoint", "if steps and missing:", "if False:"),
    ("weights/checkpoint", "        check_steps(about, losses, rates)\n", ""),
    ("weights/checkpoint", "        check(\"training/about\", about, RECORD)", "        pass"),
    ("weights/checkpoint", "if ours[key] != self.architecture[key]:", "if False:"),
    ("weights/checkpoint", "if digests.get(name) != found[name].digest:", "if False:"),
    ("weights/checkpoint", "<= MANY:", "< 0:"),
    ("weights/checkpoint", "if name == \"NaN\":", "if False:"),
    ("weights/checkpoint", "with writing(path) as beside, open(beside, \"wb\") as file:",
     "with open(path, \"wb\") as file:"),
    ("fit/recipe", "batches = min(batches, self.limit_batches or batches)", "pass"),
    ("fit/recipe", "self.epochs * batches - warm)", "self.epochs * batches)"),
    ("fit/recipe", "round(epoch * batches) - warm for", "round(epoch * batches) for"),
    ("fit/recipe", "round(self.every * batches))", "round(self.every) * batches)"),
    ("fit/recipe", "optim.WarmUp(warm, schedule) if warm else schedule", "schedule"),
    ("fit/recipe", "optim.Constant(self.lr)", "optim.Constant(self.lr / 10)"),
    ("fit/recipe", "len(training) // 10 if", "len(training) // 5 if"),
    ("fit/recipe", "held_out(training, count, self.seed)", "held_out(training, count, 0)"),
    ("fit/pictures", "len(data.train) // 5, seed=0)", "len(data.train) // 4, seed=0)"),
    ("fit/recipe", "train=name == \"train\"", "train=True"),
    ("fit/recipe", "order=order_for(self.net)", "order=\"RGB\""),
    ("fit/recipe", "(\"crop\" if grey else \"yes\")", "\"yes\""),
    ("fit/recipe", "        net.freeze(*self.freeze)\n", ""),
    ("fit/pictures", "np.arange(count) * len(pictures) // max(count, 1)", "np.arange(count)"),
    ("fit/beginning", "theirs[name].shape == array.shape", "theirs[name].size == array.size"),
    ("fit/recipe", "least <= value < below and value > above", "least <= value and value > above"),
    ("fit/recipe", "least <= value < below", "least < value < below"),
    ("fit/recipe", "if self.warm_up >= self.epochs:", "if False:"),
    ("fit/unseen", "(pictures.take(np.flatnonzero(~seen))", "(pictures.take(np.flatnonzero(seen))"),
    ("fit/unseen", "if not seen.any():", "if True:"),
    ("fit/unseen", "if seen.all():", "if False:"),
    ("cli/evaluate", "labels=numbers[pictures.labels]", "labels=pictures.labels"),
    ("fit/unseen", "cut(data)[part == \"test\"]", "cut(data)[part != \"test\"]"),
    ("cli/evaluate", "if other.classes != networks[0].classes:", "if False:"),
    ("fast/threads", "[total * piece // pieces for piece", "[(total // pieces) * piece for piece"),
    ("fast/threads", "for piece in self.waiting:", "for piece in range(len(self.results)):"),
    ("fast/threads", "self.task, self.cuts[piece], self.cuts[piece + 1])", "self.task, self.cuts[piece], self.cuts[-1])"),
    ("fast/threads", "self.errors[piece] = error", "pass"),
    ("fast/threads", "            inside.piece = True", "            pass"),
    ("fast/threads", "            inside.piece = False", "            pass"),
    ("fast/threads", "if work.run(work.context.copy()):", "if work.run(contextvars.Context()):"),
    ("fast/threads", "            work = None ", "            pass "),
    ("fast/threads", "raise work.errors[min(work.errors)]", "raise work.errors[max(work.errors)]"),
    ("fast/threads", "        work.errors.clear()", "        pass"),
    ("fast/threads", "min(helpers, self.threads)", "helpers"),
    ("fast/threads", "                except RuntimeError:", "                except ValueError:"),
    ("fast/threads", "while len(work.returned) < work.offered:", "while False:"),
    ("fast/threads", "        for _ in work.waiting: ", "        for _ in (): "),
    ("fast/threads", "limit([1] * len(self.before))", "pass"),
    ("fast/threads", "            if not self.users and self.before is not None:", "            if self.before is not None:"),
    ("fast/threads", "                limit(self.before)", "                pass"),
    ("fast/threads", "            if self.before is None:", "            if True:"),
    ("fast/threads", "        self.users.clear()", "        pass"),
    ("fast/threads", "        self.lock = threading.Lock()\n        self.users", "        self.users"),
    ("fast/threads", "    pool = Pool()\n    single_blas", "    single_blas"),
    ("fast/threads", "    if by_use:", "    if by_use and not by_environment:"),
    ("fast/threads", "    by_use = number\n    count.cache_clear()", "    by_use = number"),
    ("fast/memory", "if not switched_on(\"NPNET_KEEP_MEMORY\"):", "if False:"),
    ("fast/memory", "\"M_MMAP_MAX\": (-4, 0)", "\"M_MMAP_MAX\": (-4, 65536)"),
    ("fast/memory", "\"M_TRIM_THRESHOLD\": (-1, -1)", "\"M_TRIM_THRESHOLD\": (-1, 131072)"),
    ("fast/memory", "\"M_ARENA_MAX\": (-8, 1)", "\"M_ARENA_MAX\": (-8, 8)"),
    ("fast/memory", "if not library().mallopt(number, value)]", "if library().mallopt(number, value)]"),
    ("fast/memory", "bool(library().malloc_trim(0))", "True"),
    ("fast/kernels", "files.add(text.__code__", "files.add(function.__code__"),
    ("fast/kernels", "                waiting.append(value.py_func)", "                pass"),
    ("fast/kernels", "                constants[text.__name__, name] =", "                constants["),
    ("fast/kernels", "                announce()", "                pass"),
    ("fast/kernels", "@functools.cache\ndef announce", "def announce"),
    ("fast/kernels", "if (sys.stderr and sys.stderr.isatty()) or", "if True or"),
    ("fast/kernels", "                os.replace(beside, path)", "                os.rename(path, beside)"),
    ("fast/warmup", "for images in (3, 1)]", "for images in (3,)]"),
    ("fast/warmup", "return kernels.had[before:]", "return kernels.had"),
    ("fast/warmup", "    cols = ops.im2col(dy, 3, 3, 1, 1)\n    ops.col2im(cols, *dy.shape[2:], 1, 1)\n", ""),
    ("fast/warmup", "    use(\"numba\")\n", ""),
]

EQUIVALENT = [
    ("numpy", ("activation", "return np.where(y > 0, dy, 0)", "return np.where(y != 0, dy, 0)"),
     "the output of a ReLU is never negative"),
    ("numpy", ("conv", "cols = np.empty_like(x, shape", "cols = np.zeros_like(x, shape"),
     "every element is written before it is read"),
    ("numpy", ("softmax", "y = np.exp(x - x.max(axis=-1, keepdims=True))",
               "y = np.exp(x - x.max(axis=-1, keepdims=True) + 1)"), "a shift of all logits changes no probability"),
    ("numpy", ("lrn", "window_sums(window_sums(x.astype(wide(x)), n, axis=2), n, axis=3)",
              "window_sums(window_sums(x.astype(wide(x)), n, axis=3), n, axis=2)"),
     "rows then columns or columns then rows: the same squares"),
    ("numba", ("fast/conv", "y = w.reshape(groups, K // groups, Cg * R * S), np.empty(", "y = w.reshape(groups, K // groups, Cg * R * S), np.zeros("),
     "every element is written before it is read"),
]


def everything():
    """All mutants, each as (backend, mutant, why it is equivalent or None)."""
    work = [("numpy", mutant, None) for mutant in NUMPY] + [("numba", mutant, None) for mutant in NUMBA]
    return work + [("rest", mutant, None) for mutant in REST] + EQUIVALENT


def place(mutant):
    """The file that a mutant changes, and the tests that must notice."""
    name = mutant[0]
    if name in TESTS:
        return f"npnet/{name}.py", TESTS[name]
    if name.startswith("sums/"):
        file = name.removeprefix("sums/")
        return f"npnet/{file}.py" if "/" in file else f"npnet/ops/{file}.py", "tests/ops/test_sums.py"
    file = f"npnet/{name}.py" if "/" in name else f"npnet/ops/{name}.py"
    return file, f"tests/ops/test_{name.split('/')[-1]}.py"


def broken(text, mutant):
    """The file's text with one line changed; ValueError when the line is not there, or not alone."""
    name, old, new, *number = mutant
    parts = text.split(old)
    if len(parts) < 2 or (len(parts) > 2 and not number):
        raise ValueError(f"{name}: {old!r} occurs {len(parts) - 1} times; name one line")
    which = number[0] if number else 0
    return old.join(parts[:which + 1]) + new + old.join(parts[which + 1:])


def copy_of_the_project(folder):
    """The package, its tests and their settings, in a folder of their own."""
    for name in ("npnet", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", folder)
    return folder


def tests_fail(folder, backend, tests):
    """Whether these tests fail in a copy, on a backend, with no compiled kernels at hand."""
    with tempfile.TemporaryDirectory() as kernels:
        chosen = ["-k", f"{backend} or test_conventions or test_winograd"]
        if backend == "rest":
            chosen = ["-m", "not torch and not long and not mpi", "-k", "not numba"]
        elif tests.endswith("test_shapes.py"):
            chosen = []
        done = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", *tests.split(), *chosen], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": kernels,
                 "OPENBLAS_NUM_THREADS": "1", "NPNET_THREADS": "2", "NPNET_BACKEND": "numpy" if backend == "rest" else ""})
        try:
            said = done.communicate(timeout=TOO_LONG)[0]
        except subprocess.TimeoutExpired:                   # it hangs: nobody could overlook that
            os.killpg(done.pid, signal.SIGKILL)             # with the children of its tests
            done.communicate()
            return True
    if done.returncode > 2:                                 # below 0: a signal, of a text that wrote outside its arrays
        raise RuntimeError(f"pytest did not run: {said[-4000:]}")
    return done.returncode != 0


def noticed(folder, backend, mutant):
    """Whether the tests notice one mutant, made and mended in a copy of the project."""
    file, tests = place(mutant)
    original = (folder / file).read_text()
    (folder / file).write_text(broken(original, mutant))
    try:
        return tests_fail(folder, backend, tests)
    finally:
        (folder / file).write_text(original)


def run(folder, work, report):
    """One worker: takes mutants until there are none left."""
    while work:
        backend, mutant, reason = work.pop(0)
        report(backend, mutant, reason, noticed(folder, backend, mutant))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="conv, fast/conv, optim ...; default: all")
    parser.add_argument("--some", type=int, metavar="N", help="only so many, drawn by the seed")
    parser.add_argument("--seed", type=int, default=date.today().toordinal(), help="default: another one every day")
    parser.add_argument("--list", action="store_true", help="print the mutants and run none")
    options = parser.parse_args()
    work = [item for item in everything() if not options.chapters or item[1][0] in options.chapters]
    if options.some is not None and options.some < len(work):
        print(f"{options.some} of {len(work)} mutants, those of --seed {options.seed}")
        work = random.Random(options.seed).sample(work, options.some)
    if options.list:
        for backend, mutant, reason in work:
            print(f"{backend:6} {mutant[0]:17} {mutant[2].strip()}{f'   ({reason})' if reason else ''}")
        return 0
    return hunt(work)


def hunt(work):
    """Runs all mutants, two at a time, and prints what was not noticed; returns the exit code."""
    started, total, wrong, done = time.time(), len(work), [], []
    for backend, mutant, reason in work:
        broken((ROOT / place(mutant)[0]).read_text(), mutant)          # before the first run: all lines are there

    def report(backend, mutant, reason, killed):
        done.append(mutant)
        if len(done) % 20 == 0:
            print(f"{len(done)} of {total}, {time.time() - started:.0f} s", flush=True)
        if killed == bool(reason):
            wrong.append((backend, mutant))
            print(f"{'KILLED, THOUGH EQUIVALENT' if reason else 'NOT NOTICED'}: {backend} {mutant[0]}: {mutant[2].strip()}",
                  flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folders = [copy_of_the_project(Path(scratch) / name) for name in "ab"]
        for backend in ("numpy", "numba", "rest"):
            for tests in sorted({place(mutant)[1] for other, mutant, reason in work if other == backend}):
                if tests_fail(folders[0], backend, tests):
                    print(f"{tests} fails on {backend} before anything is broken", flush=True)
                    return 1
        with ThreadPoolExecutor(2) as workers:
            for worker in [workers.submit(run, folder, work, report) for folder in folders]:
                worker.result()
    print(f"{total - len(wrong)} of {total} mutants as they should be ({len(EQUIVALENT)} of all listed as equivalent), "
          f"in {time.time() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
