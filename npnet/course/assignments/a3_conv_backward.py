# HANDOUT(en)
"""# A3. Convolution, backward

The forward pass asks: what does this window say? The backward pass asks, for every number of x, w and b: which outputs
did it touch, and what do they want of it? You write the three gradients of a convolution, and `col2im`, the way back
from columns to pixels.

## What you write

| region | function | returns | points |
|---|---|---|---|
| `a3.col2im` | `col2im(cols, H, W, stride, pad)` | x (N, C, H, W) | 6 |
| `a3.dw` | `conv2d_backward_w(dy, x, R, S, stride, pad, groups)` | dw (K, C/G, R, S) | 4 |
| `a3.db` | `conv2d_backward_b(dy)` | db (K,) | 2 |
| `a3.dx` | `conv2d_backward_x(dy, w, H, W, stride, pad, groups)` | dx (N, C, H, W) | 4 |

Two functions are given: `conv2d_backward`, which calls the last three, and `loss`, for checks of your own. `im2col` and
`conv2d_forward` of A2 come from `parts`. Each region is graded on its own, with everything else right: a wrong `col2im`
costs nothing in `a3.dx`.

## The letters, and what is agreed

    input    x   (N, C, H, W)          n image, c channel, h row, v column
    filters  w   (K, C/G, R, S)        k filter, r row and s column inside the filter
    output   y   (N, K, P, Q)          p row, q column of the output
    columns      (N, C, R, S, P, Q)    cols[n, c, r, s, p, q] is what place (r, s) of the filter sees at output (p, q)
    h = p*stride + r - pad             v = q*stride + s - pad
    dy, dx, dw, db                     the gradients of the loss; each has the shape of y, x, w, b

* P and Q are rounded down, as in A1. So the last rows and columns of the picture may be seen by no window: they get 0.
  Therefore H and W are arguments of `col2im`: pictures of several sizes have the same P and Q.
* The padding is zeros on all four sides. `pad` can be 0, `stride` can be larger than the window.
* Groups (G of them) are contiguous blocks. Filter k belongs to group k // (K/G); it sees the C/G channels that begin
  with channel k // (K/G) * (C/G).
* Gradients are *sums*: over the images, over the positions, over the filters. Nothing is averaged here: the mean over
  the batch is taken once, in the loss, and is in dy already.
* Results have the dtype of what came in. No argument is changed. Two calls with the same arguments give the same.

## Which outputs did it touch?

The forward pass is

    y[n, k, p, q] = b[k] + sum over c, r, s of x[n, c, h, v] * w[k, c, r, s]

where a term is 0 if (h, v) lies in the padding. Read each term backwards: it tells which y a number touches, and with
which factor. The gradient of a number is the sum, over all y that it touches, of dy times that factor:

    db[k]          = sum over n, p, q of dy[n, k, p, q]
    dw[k, c, r, s] = sum over n, p, q of dy[n, k, p, q] * x[n, c, h, v]
    dx[n, c, h, v] = sum over k, and over all (p, q, r, s) that hit (h, v), of dy[n, k, p, q] * w[k, c, r, s]

(With groups, c counts the channels of the filter's own group in w and dw.)

The third sum has two halves. First *within* a window: what does window (p, q) want of its place (c, r, s)?

    dcols[n, c, r, s, p, q] = sum over k of dy[n, k, p, q] * w[k, c, r, s]          k: the filters that see channel c

Then `col2im` carries the places of all windows back to the pixels that they were copied from. Windows overlap, so a
pixel is hit many times: its shares must *add up*.

## By hand

**col2im.** Four windows of 2 x 2, stride 1, no padding, lie on a picture of 3 x 3:

    window (0,0)    window (0,1)    window (1,0)    window (1,1)
       1  2            5  6            9 10           13 14
       3  4            7  8           11 12           15 16

    col2im -> [[1, 7, 6], [12, 34, 22], [11, 27, 16]]

The middle lies in all four windows: 4 + 7 + 10 + 13 = 34.

**Read the digits.** A picture of 5 x 5, windows of 3 x 3, stride 2: again four windows. Fill the first with 1, the
second with 10, the third with 100, the fourth with 1000. Each digit of the result is a window that arrived:

    [[1, 1, 11, 10, 10], [1, 1, 11, 10, 10], [101, 101, 1111, 1010, 1010], [100, 100, 1100, 1000, 1000],
     [100, 100, 1100, 1000, 1000]]

**The three gradients.** One image, one channel, one filter, stride 1, no padding:

    x = [[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]        w = [[1, 0], [2, -1]]        b = [1]
    y = [[1, 2, 6], [4, 4, 4], [5, 1, 1]]

With dy = 1 everywhere:

    dx = [[1, 1, 1, 0], [3, 2, 2, -1], [3, 2, 2, -1], [2, 1, 1, -1]]
    dw = [[10, 9], [9, 9]]
    db = [9]

dx[1, 1] = 2: this pixel is the lower right corner of window (0, 0), which gives -1; the lower left of (0, 1): 2; the
upper right of (1, 0): 0; the upper left of (1, 1): 1.

## How to check

    npnet course check a3                   all four regions; a3.dx alone: npnet course check a3.dx
    npnet course check a3 --watch           again, whenever you save the file
    npnet course hint a3.col2im             three hints: a nudge, the formula, the steps
    npnet course show a3.dx                 your output beside the right one

Without the command you can check `col2im` yourself, exactly, in one line. It is the *transpose* of `im2col`, so for
every x and every v of the shape of im2col(x)

    (im2col(x, R, S, stride, pad) * v).sum()  ==  (x * col2im(v, H, W, stride, pad)).sum()

Take multiples of 1/4 for x and v: their sums are exact, and the two sides are equal to the last bit.

And every gradient can be measured. Add h = 1/4 to one number of x (or of w, or b) and see how much `loss` moved:
(loss with h - loss without h) / h is the gradient of that number. A convolution is linear, so this is exact, too.

## What is tested

In public (60 % of the points): the examples of this page; how often each pixel is covered (`col2im` of ones); the
digits; the line above; a single 1 in dy; two images; stride 2, pad 1, two groups. Hidden (40 %): the same on other
shapes, where no two sizes are equal; pad 0; windows with gaps between them; slopes measured with the forward pass.
"""
# HANDOUT(ko)
"""# A3. 합성곱의 역전파

순전파는 "이 윈도의 값은 얼마인가?"를 묻습니다. 역전파는 x, w, b의 숫자 하나하나에 대해 "이 숫자는 어느 출력에
쓰였고, 그 출력들은 이 숫자가 얼마나 달라지기를 원하는가?"를 묻습니다. 이 과제에서는 합성곱의 기울기 세 가지와,
열(columns)을 픽셀로 되돌리는 `col2im`을 작성합니다.

## 작성할 것

| 구역 | 함수 | 반환값 | 점수 |
|---|---|---|---|
| `a3.col2im` | `col2im(cols, H, W, stride, pad)` | x (N, C, H, W) | 6 |
| `a3.dw` | `conv2d_backward_w(dy, x, R, S, stride, pad, groups)` | dw (K, C/G, R, S) | 4 |
| `a3.db` | `conv2d_backward_b(dy)` | db (K,) | 2 |
| `a3.dx` | `conv2d_backward_x(dy, w, H, W, stride, pad, groups)` | dx (N, C, H, W) | 4 |

두 함수는 이미 주어져 있습니다. 뒤의 세 함수를 호출하는 `conv2d_backward`와, 스스로 확인할 때 쓰는 `loss`입니다. A2의
`im2col`과 `conv2d_forward`는 `parts`에서 가져옵니다. 구역마다 따로 채점하며 나머지 부분은 모두 맞는 것으로 둡니다.
`col2im`이 틀려도 `a3.dx`의 점수는 깎이지 않습니다.

## 기호와 약속

    입력     x   (N, C, H, W)          n 이미지, c 채널, h 행, v 열
    필터     w   (K, C/G, R, S)        k 필터, 필터 안의 r 행과 s 열
    출력     y   (N, K, P, Q)          출력의 p 행, q 열
    열       cols (N, C, R, S, P, Q)   cols[n, c, r, s, p, q]: 출력 (p, q)에서 필터의 자리 (r, s)가 보는 값
    h = p*stride + r - pad             v = q*stride + s - pad
    dy, dx, dw, db                     손실의 기울기. 형상은 각각 y, x, w, b와 같습니다

* P와 Q는 A1처럼 내림합니다. 그래서 이미지의 마지막 행과 열은 어느 윈도에도 들어가지 않을 수 있고, 그 값은 0입니다.
  크기가 다른 이미지도 P와 Q가 같을 수 있으므로 H와 W를 `col2im`의 인수로 받습니다.
* 패딩은 네 방향 모두 0으로 채웁니다. `pad`는 0일 수 있고, `stride`는 윈도보다 클 수 있습니다.
* 그룹(G개)은 이어진 덩어리입니다. 필터 k는 그룹 k // (K/G)에 속하며, 채널 k // (K/G) * (C/G)부터 C/G개의 채널을
  봅니다.
* 기울기는 *합*입니다. 이미지, 위치, 필터에 대해 모두 더합니다. 여기서는 어떤 평균도 내지 않습니다. 배치에 대한 평균은
  손실에서 한 번 내며, 이미 dy에 들어 있습니다.
* 결과의 dtype은 입력의 dtype과 같습니다. 인수는 바꾸지 않습니다. 같은 인수로 두 번 호출하면 결과도 같습니다.

## 이 숫자는 어느 출력에 쓰였습니까?

순전파는 다음과 같습니다.

    y[n, k, p, q] = b[k] + (c, r, s에 대한 합) x[n, c, h, v] * w[k, c, r, s]

(h, v)가 패딩에 있으면 그 항은 0입니다. 이제 각 항을 거꾸로 읽습니다. 어떤 숫자가 어느 y에, 어떤 계수로 쓰였는지가
보입니다. 한 숫자의 기울기는 그 숫자가 쓰인 모든 y에 대해 dy에 그 계수를 곱해 더한 것입니다.

    db[k]          = (n, p, q에 대한 합) dy[n, k, p, q]
    dw[k, c, r, s] = (n, p, q에 대한 합) dy[n, k, p, q] * x[n, c, h, v]
    dx[n, c, h, v] = (k와, (h, v)에 닿는 모든 (p, q, r, s)에 대한 합) dy[n, k, p, q] * w[k, c, r, s]

(그룹이 있으면 w와 dw의 c는 그 필터가 속한 그룹 안에서 센 채널 번호입니다.)

세 번째 합은 두 단계로 나뉩니다. 먼저 윈도 *안*입니다. 윈도 (p, q)의 자리 (c, r, s)가 받을 기울기는 얼마입니까?

    dcols[n, c, r, s, p, q] = (k에 대한 합) dy[n, k, p, q] * w[k, c, r, s]          k: 채널 c를 보는 필터들

그다음 `col2im`이 모든 윈도의 자리를, 값을 복사해 왔던 픽셀로 되돌립니다. 윈도는 서로 겹치므로 한 픽셀에 여러 번
닿습니다. 그 몫을 모두 *더해야* 합니다.

## 손으로 계산하기

**col2im.** 3 x 3 이미지 위에 2 x 2 윈도 네 개가 있습니다. 스트라이드는 1이고 패딩은 없습니다.

    윈도 (0,0)      윈도 (0,1)      윈도 (1,0)      윈도 (1,1)
       1  2            5  6            9 10           13 14
       3  4            7  8           11 12           15 16

    col2im -> [[1, 7, 6], [12, 34, 22], [11, 27, 16]]

가운데 픽셀은 네 윈도에 모두 들어 있습니다. 4 + 7 + 10 + 13 = 34.

**자릿수 읽기.** 5 x 5 이미지, 3 x 3 윈도, 스트라이드 2. 이번에도 윈도는 네 개입니다. 첫 윈도를 1, 둘째를 10, 셋째를
100, 넷째를 1000으로 채웁니다. 결과의 자릿수 하나하나가 그 픽셀에 도착한 윈도입니다.

    [[1, 1, 11, 10, 10], [1, 1, 11, 10, 10], [101, 101, 1111, 1010, 1010], [100, 100, 1100, 1000, 1000],
     [100, 100, 1100, 1000, 1000]]

**세 가지 기울기.** 이미지 하나, 채널 하나, 필터 하나이고 스트라이드는 1, 패딩은 없습니다.

    x = [[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]        w = [[1, 0], [2, -1]]        b = [1]
    y = [[1, 2, 6], [4, 4, 4], [5, 1, 1]]

dy가 모두 1이면

    dx = [[1, 1, 1, 0], [3, 2, 2, -1], [3, 2, 2, -1], [2, 1, 1, -1]]
    dw = [[10, 9], [9, 9]]
    db = [9]

dx[1, 1] = 2입니다. 이 픽셀은 윈도 (0, 0)의 오른쪽 아래라서 -1을, (0, 1)의 왼쪽 아래라서 2를, (1, 0)의 오른쪽 위라서
0을, (1, 1)의 왼쪽 위라서 1을 받습니다.

## 확인하는 방법

    npnet course check a3                   네 구역 모두. a3.dx만 보려면: npnet course check a3.dx
    npnet course check a3 --watch           파일을 저장할 때마다 다시
    npnet course hint a3.col2im             힌트 세 단계: 실마리, 식, 순서
    npnet course show a3.dx                 내 출력과 올바른 출력을 나란히

명령 없이도 `col2im`은 한 줄로, 오차 없이 확인할 수 있습니다. `col2im`은 `im2col`의 *전치*이므로, 모든 x와 im2col(x)와
형상이 같은 모든 v에 대해 다음이 성립합니다.

    (im2col(x, R, S, stride, pad) * v).sum()  ==  (x * col2im(v, H, W, stride, pad)).sum()

x와 v로 1/4의 배수를 쓰십시오. 합에 반올림이 없으므로 양쪽이 마지막 비트까지 같습니다.

모든 기울기는 직접 잴 수도 있습니다. x(또는 w, b)의 숫자 하나에 h = 1/4을 더했을 때 `loss`가 얼마나 변하는지 보십시오.
(h를 더한 손실 - 더하지 않은 손실) / h가 그 숫자의 기울기입니다. 합성곱은 선형이므로 근삿값이 아닙니다.

## 무엇을 검사합니까

공개 검사(점수의 60 %): 이 페이지의 예, 픽셀마다 몇 번 덮이는지(1로 채운 열의 `col2im`), 자릿수, 위의 한 줄, dy에 1이
하나뿐인 경우, 이미지 두 장, 스트라이드 2와 패딩 1과 그룹 2. 비공개 검사(40 %): 어떤 두 크기도 같지 않은 다른 형상에서
같은 검사, 패딩 0, 사이가 벌어진 윈도, 순전파로 잰 기울기.
"""
# END HANDOUT
# TEXT(en)
"""A3. Convolution, backward: what did every number of x, w and b contribute?

Every gradient is a sum over all outputs that a number has touched. Windows overlap, so a pixel is touched many times.
"""
# TEXT(ko)
"""A3. 합성곱의 역전파: x, w, b의 숫자 하나하나는 출력에 얼마나 이바지했습니까?

모든 기울기는 그 숫자가 쓰인 모든 출력에 대한 합입니다. 윈도가 겹치므로 한 픽셀은 여러 번 쓰입니다.
"""
# END TEXT
import numpy as np

from parts import conv2d_forward, im2col


def col2im(cols, H, W, stride, pad):
    # TEXT(en)
    """Every column added back to the pixels that it came from: the transpose of im2col.

    cols (N, C, R, S, P, Q) -> x (N, C, H, W), of the dtype of cols. cols[n, c, r, s, p, q] belongs to the pixel
    h = p*stride + r - pad, v = q*stride + s - pad; what falls into the padding is dropped. A pixel that several
    windows cover gets the sum, a pixel that none covers gets 0.
    """
    # TEXT(ko)
    """모든 열을 원래 있던 픽셀로 되돌려 더합니다. im2col의 전치입니다.

    cols (N, C, R, S, P, Q) -> x (N, C, H, W), dtype은 cols와 같습니다. cols[n, c, r, s, p, q]는 픽셀
    h = p*stride + r - pad, v = q*stride + s - pad의 것입니다. 패딩에 떨어지는 값은 버립니다. 여러 윈도가 덮는
    픽셀은 합을, 어느 윈도도 덮지 않는 픽셀은 0을 받습니다.
    """
    # END TEXT
    N, C, R, S, P, Q = cols.shape
    # BEGIN SOLUTION(a3.col2im, points=6)
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad), cols.dtype)              # the picture with its padding
    for r in range(R):
        for s in range(S):                                                      # all windows at once, at place (r, s)
            frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += cols[:, :, r, s]
    x = frame[:, :, pad:pad + H, pad:pad + W]                                   # (N, C, H, W)
    # END SOLUTION(a3.col2im)
    return x


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    # TEXT(en)
    """The gradient of the filters.

    dy (N, K, P, Q), x (N, C, H, W) -> dw (K, C/G, R, S): dw[k, c, r, s] is the sum, over images and positions, of
    dy[n, k, p, q] times what filter k saw there at its place (c, r, s).
    """
    # TEXT(ko)
    """필터의 기울기입니다.

    dy (N, K, P, Q), x (N, C, H, W) -> dw (K, C/G, R, S). dw[k, c, r, s]는 dy[n, k, p, q]에 필터 k가 그 위치에서
    자리 (c, r, s)로 본 값을 곱해 모든 이미지와 위치에 대해 더한 것입니다.
    """
    # END TEXT
    N, C, H, W = x.shape
    K, P, Q = dy.shape[1:]
    # BEGIN SOLUTION(a3.dw, points=4)
    Cg = C // groups                                                            # channels that a filter sees
    cols = im2col(x, R, S, stride, pad)                                         # (N, C, R, S, P, Q)
    dw = np.zeros((K, Cg, R, S), dy.dtype)
    for k in range(K):
        first = k // (K // groups) * Cg                                         # the first of them
        seen = cols[:, first:first + Cg]                                        # (N, C/G, R, S, P, Q)
        share = dy[:, k].reshape(N, 1, 1, 1, P, Q) * seen
        dw[k] = share.sum(axis=(0, 4, 5))                                       # (C/G, R, S)
    # END SOLUTION(a3.dw)
    return dw


def conv2d_backward_b(dy):
    # TEXT(en)
    """The gradient of the biases: dy (N, K, P, Q) -> db (K,). b[k] was added to every output of filter k."""
    # TEXT(ko)
    """편향의 기울기입니다. dy (N, K, P, Q) -> db (K,). b[k]는 필터 k의 모든 출력에 더해졌습니다."""
    # END TEXT
    N, K, P, Q = dy.shape
    # BEGIN SOLUTION(a3.db, points=2)
    db = dy.sum(axis=(0, 2, 3))                                                 # (K,)
    # END SOLUTION(a3.db)
    return db


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    # TEXT(en)
    """The gradient of the pictures.

    dy (N, K, P, Q), w (K, C/G, R, S) -> dx (N, C, H, W). Every window wants something of each of its places,
    dcols (N, C, R, S, P, Q); col2im adds these wishes up at the pixels.
    """
    # TEXT(ko)
    """이미지의 기울기입니다.

    dy (N, K, P, Q), w (K, C/G, R, S) -> dx (N, C, H, W). 먼저 윈도마다 자리마다의 기울기
    dcols (N, C, R, S, P, Q)를 구하고, col2im으로 픽셀마다 더합니다.
    """
    # END TEXT
    N, K, P, Q = dy.shape
    K, Cg, R, S = w.shape                                                       # Cg is C/G
    # BEGIN SOLUTION(a3.dx, points=4)
    dcols = np.zeros((N, groups * Cg, R, S, P, Q), dy.dtype)
    for k in range(K):
        first = k // (K // groups) * Cg                                         # the first channel that filter k sees
        dy_k, w_k = dy[:, k].reshape(N, 1, 1, 1, P, Q), w[k].reshape(1, Cg, R, S, 1, 1)
        dcols[:, first:first + Cg] += dy_k * w_k
    dx = col2im(dcols, H, W, stride, pad)                                       # (N, C, H, W)
    # END SOLUTION(a3.dx)
    return dx


def conv2d_backward(dy, x, w, stride, pad, groups):
    # TEXT(en)
    """All three gradients, dx, dw, db, in the order of the arguments x, w, b of conv2d_forward. Given."""
    # TEXT(ko)
    """세 기울기 dx, dw, db를 conv2d_forward의 인수 x, w, b의 순서로 반환합니다. 주어진 함수입니다."""
    # END TEXT
    H, W = x.shape[2:]
    R, S = w.shape[2:]
    dx = conv2d_backward_x(dy, w, H, W, stride, pad, groups)
    dw = conv2d_backward_w(dy, x, R, S, stride, pad, groups)
    return dx, dw, conv2d_backward_b(dy)


def loss(dy, x, w, b, stride, pad, groups):
    # TEXT(en)
    """A loss of which dy is the gradient with respect to y: a number, to measure gradients with. Given."""
    # TEXT(ko)
    """y에 대한 기울기가 dy인 손실입니다. 기울기를 잴 때 쓰는 숫자 하나입니다. 주어진 함수입니다."""
    # END TEXT
    return (dy * conv2d_forward(x, w, b, stride, pad, groups)).sum()
