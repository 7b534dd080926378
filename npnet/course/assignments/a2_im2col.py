# HANDOUT(en)
"""# A2. im2col: convolution as a matrix product

The loops of A1 are clear and slow: Python touches every product. A library copies every window of
the image into a column of a matrix, once, and leaves the products to one matrix product, which
NumPy does hundreds of times faster. You write the copying (`im2col`), then the convolution that uses
it, and count what it costs in memory.

## What you write

In `a2_im2col.py`:

| region | function | points |
|---|---|---|
| `a2.im2col` | `im2col(x, R, S, stride, pad)` | 6 |
| `a2.conv_im2col` | `conv2d_forward(x, w, b, stride, pad, groups)` | 5 |
| `a2.count` | `columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number)` | 1 |

The conventions are those of A1. `conv_size` and `pad_image` come from `parts`, the module in which
the course keeps right versions of earlier functions; use them or not.

## im2col

    columns = im2col(x, R, S, stride, pad)          x (N, C, H, W) -> columns (N, C, R, S, P, Q)
    columns[n, c, r, s, p, q] = frame[n, c, p*stride + r, q*stride + s]

where `frame` is x with `pad` zeros on all sides. Read it so: `columns[n, :, :, :, p, q]` is the window
that output (p, q) of image n sees, with all its channels. Pixels that lie in several windows
are copied several times. The order of the six axes matters: the functions that follow rely on it.
The result is a new array, of the kind of x.

**Without a loop over positions.** Loops over r and s are fine: a filter has few places. Loops over
p or q are not: there are thousands of positions. So for one (r, s) take all positions at once:
which rows of the frame does place (r, s) of the filter see, if p runs over all its values? They
begin at r, and they are `stride` apart. That is a slice with a step. No line may run more often
when the image is larger: no loop, no list comprehension, no `np.vectorize`, no `np.ndindex`. A test
counts, in both functions. (Loops over groups and over images are allowed.)

An image of one channel, a window of 2 x 2, stride 1, no padding:

    x =  1  2  3  4       windows:  1 2    2 3    3 4    5 6     6  7     7  8
         5  6  7  8                 5 6    6 7    7 8    9 10    10 11    11 12
         9 10 11 12

    >>> x = np.arange(1., 13).reshape(1, 1, 3, 4)
    >>> columns = im2col(x, 2, 2, 1, 0)
    >>> columns.shape
    (1, 1, 2, 2, 2, 3)
    >>> columns[0, 0, :, :, 0, 1]               # the window of output (0, 1)
    array([[2., 3.],
           [6., 7.]])
    >>> columns[0, 0, 0, 1]                     # what place (0, 1) of the filter sees, at all outputs
    array([[2., 3., 4.],
           [6., 7., 8.]])
    >>> columns.reshape(1, 4, 6)[0]             # as a matrix: one column for every window
    array([[ 1.,  2.,  3.,  5.,  6.,  7.],
           [ 2.,  3.,  4.,  6.,  7.,  8.],
           [ 5.,  6.,  7.,  9., 10., 11.],
           [ 6.,  7.,  8., 10., 11., 12.]])

## Convolution

Because of the order of the axes, `columns.reshape(N, C*R*S, P*Q)` is one matrix for every image, with
one window in every column, and `w.reshape(K, C*R*S)` has one filter in every row. Row times column is
the sum over c, r and s, so that with one group

    y[n] = w.reshape(K, C*R*S) @ columns.reshape(N, C*R*S, P*Q)[n]          (K, P*Q), then (K, P, Q), plus b

`@` does this for all n at once: (K, D) @ (N, D, P*Q) is (N, K, P*Q). With G groups, group g of the
filters, K/G of them, meets group g of the channels: the rows of the matrix that belong to the
channels g*C/G up to (g+1)*C/G. The result must be what the loops of A1 give, number for number.

With the image above, a filter [[1, 0], [0, -1]] and bias 0.5 every window gives top left less
bottom right, 1 - 6 = 2 - 7 = ... = -5, plus 0.5:

    >>> w = np.array([[1., 0], [0, -1]]).reshape(1, 1, 2, 2)
    >>> conv2d_forward(x, w, np.array([0.5]), 1, 0, 1)[0, 0]
    array([[-4.5, -4.5, -4.5],
           [-4.5, -4.5, -4.5]])

A reshape keeps the numbers in the order in which they lie in memory; it cannot exchange two axes.
Where the axes come in another order than you need, `transpose` first and reshape then.

## Memory

Columns are larger than the image. `columns_bytes` says how many bytes the whole array
`im2col(x, R, S, stride, pad)` takes, if a number takes `bytes_per_number` (float32: 4), as an `int`.
Count it from the sizes; make no array. Conv2 of AlexNet with a batch of 128 and float32:

    >>> columns_bytes(128, 96, 27, 27, 5, 5, 1, 2, 4)
    895795200

That is 896 MB, 25 times the size of its input. This is why the library builds columns again in the
backward pass and does not keep them.

## How to check

    npnet course check a2                   everything
    npnet course check a2.im2col            one region
    npnet course hint a2.im2col             a hint; three levels
    npnet course show a2.im2col             a picture, with your own output

The public tests: the example above; every column is its window; padding; strides; the convolution
equals A1's, with and without groups; the bias; memory; no loop over positions; the arguments are as
they were. The hidden tests: all sizes different; `pad=0`; a filter of 1 x 1; strides larger than the
filter, and divisions with a remainder; three groups; other images, other sizes for the memory.
Numbers must be exactly equal.
"""
# HANDOUT(ko)
"""# A2. im2col: 행렬 곱으로 하는 합성곱

A1의 반복문은 알기 쉽지만 느립니다. 곱셈 하나하나를 파이썬이 처리하기 때문입니다. 라이브러리는 이미지의 모든 윈도를 행렬의 열로
한 번 복사해 두고, 곱셈은 행렬 곱 한 번에 맡깁니다. NumPy는 이것을 수백 배 빠르게 합니다. 이 과제에서는 복사하는
함수(`im2col`)를 작성하고, 그것을 쓰는 합성곱을 작성하고, 메모리가 얼마나 드는지 셉니다.

## 작성할 것

`a2_im2col.py`에서 작성합니다.

| 구역 | 함수 | 점수 |
|---|---|---|
| `a2.im2col` | `im2col(x, R, S, stride, pad)` | 6 |
| `a2.conv_im2col` | `conv2d_forward(x, w, b, stride, pad, groups)` | 5 |
| `a2.count` | `columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number)` | 1 |

약속은 A1과 같습니다. `conv_size`와 `pad_image`는 `parts`에서 가져옵니다. `parts`는 앞 과제의 함수를 올바르게 작성해 둔
모듈입니다. 쓰지 않아도 됩니다.

## im2col

    columns = im2col(x, R, S, stride, pad)          x (N, C, H, W) -> columns (N, C, R, S, P, Q)
    columns[n, c, r, s, p, q] = frame[n, c, p*stride + r, q*stride + s]

`frame`은 x의 네 변에 0을 `pad`줄씩 두른 것입니다. 이렇게 읽습니다. `columns[n, :, :, :, p, q]`는 이미지 n의 출력 (p, q)가 보는
윈도이며 채널을 모두 담고 있습니다. 여러 윈도에 들어가는 픽셀은 여러 번 복사됩니다. 축 여섯 개의 순서가 중요합니다. 뒤에 오는
함수들이 이 순서에 맞추어 있습니다. 결과는 새 배열이고 종류는 x와 같습니다.

**위치에 대한 반복문 없이 작성합니다.** r과 s에 대한 반복문은 괜찮습니다. 필터 안의 자리는 몇 개 되지 않습니다. p, q에 대한
반복문은 안 됩니다. 위치는 수천 개입니다. 그러므로 (r, s) 하나에 대해 모든 위치를 한꺼번에 가져옵니다. p가 모든 값을 지날 때
필터의 자리 (r, s)는 테두리를 두른 이미지의 어느 행을 봅니까? r에서 시작하고 `stride`씩 떨어져 있습니다. 간격이 있는 슬라이스가
바로 그것입니다. 이미지가 커질 때 더 자주 실행되는 줄이 있으면 안 됩니다. 반복문, 리스트 컴프리헨션, `np.vectorize`,
`np.ndindex`가 모두 그렇습니다. 두 함수에서 실행 횟수를 셉니다. (그룹과 이미지에 대한 반복문은 괜찮습니다.)

채널 하나인 이미지, 2 x 2 윈도, 스트라이드 1, 패딩 없음입니다.

    x =  1  2  3  4       윈도:     1 2    2 3    3 4    5 6     6  7     7  8
         5  6  7  8                 5 6    6 7    7 8    9 10    10 11    11 12
         9 10 11 12

    >>> x = np.arange(1., 13).reshape(1, 1, 3, 4)
    >>> columns = im2col(x, 2, 2, 1, 0)
    >>> columns.shape
    (1, 1, 2, 2, 2, 3)
    >>> columns[0, 0, :, :, 0, 1]               # 출력 (0, 1)의 윈도
    array([[2., 3.],
           [6., 7.]])
    >>> columns[0, 0, 0, 1]                     # 필터의 자리 (0, 1)이 모든 출력에서 보는 값
    array([[2., 3., 4.],
           [6., 7., 8.]])
    >>> columns.reshape(1, 4, 6)[0]             # 행렬로 보면 열 하나가 윈도 하나입니다
    array([[ 1.,  2.,  3.,  5.,  6.,  7.],
           [ 2.,  3.,  4.,  6.,  7.,  8.],
           [ 5.,  6.,  7.,  9., 10., 11.],
           [ 6.,  7.,  8., 10., 11., 12.]])

## 합성곱

축의 순서 덕분에 `columns.reshape(N, C*R*S, P*Q)`는 이미지마다 행렬 하나이고 열마다 윈도 하나입니다. `w.reshape(K, C*R*S)`는
행마다 필터 하나입니다. 행과 열의 곱이 바로 c, r, s에 대한 합이므로, 그룹이 하나이면 다음과 같습니다.

    y[n] = w.reshape(K, C*R*S) @ columns.reshape(N, C*R*S, P*Q)[n]          (K, P*Q), 다음에 (K, P, Q), 더하기 b

`@`는 모든 n을 한꺼번에 계산합니다. (K, D) @ (N, D, P*Q)는 (N, K, P*Q)입니다. 그룹이 G개이면 필터의 g번째 묶음 K/G개가
채널의 g번째 묶음과 만납니다. 곧 행렬에서 채널 g*C/G부터 (g+1)*C/G 앞까지에 해당하는 행들입니다. 결과는 A1의 반복문이 내는
값과 수 하나하나가 같아야 합니다.

위의 이미지에 필터 [[1, 0], [0, -1]]과 편향 0.5를 쓰면, 모든 윈도에서 왼쪽 위에서 오른쪽 아래를 뺀 값 1 - 6 = 2 - 7 = ... = -5에
0.5를 더한 값이 나옵니다.

    >>> w = np.array([[1., 0], [0, -1]]).reshape(1, 1, 2, 2)
    >>> conv2d_forward(x, w, np.array([0.5]), 1, 0, 1)[0, 0]
    array([[-4.5, -4.5, -4.5],
           [-4.5, -4.5, -4.5]])

reshape는 메모리에 놓인 순서를 그대로 둡니다. 두 축을 맞바꾸지 못합니다. 축의 순서가 필요한 것과 다르면 먼저 `transpose`를 하고
그다음에 reshape를 합니다.

## 메모리

열은 이미지보다 큽니다. `columns_bytes`는 수 하나가 `bytes_per_number`바이트(float32는 4)일 때 배열
`im2col(x, R, S, stride, pad)` 전체가 차지하는 바이트 수를 `int`로 돌려줍니다. 배열을 만들지 말고 크기만으로 셉니다. AlexNet의
conv2에서 미니배치 128, float32이면 다음과 같습니다.

    >>> columns_bytes(128, 96, 27, 27, 5, 5, 1, 2, 4)
    895795200

896 MB이고 입력의 25배입니다. 그래서 라이브러리는 열을 보관하지 않고 역전파에서 다시 만듭니다.

## 검사하는 방법

    npnet course check a2                   전체
    npnet course check a2.im2col            한 구역
    npnet course hint a2.im2col             힌트, 세 단계
    npnet course show a2.im2col             그림과 내 출력

공개 검사: 위의 예, 열마다 그 윈도인지, 패딩, 스트라이드, 그룹이 있을 때와 없을 때 A1의 합성곱과 같은지, 편향, 메모리, 위치에 대한
반복문이 없는지, 인자가 그대로인지 봅니다. 비공개 검사: 크기가 모두 다른 경우, `pad=0`, 1 x 1 필터, 필터보다 큰 스트라이드와 나머지가
있는 나눗셈, 그룹 세 개, 다른 이미지, 메모리의 다른 크기를 봅니다. 수는 정확히 같아야 합니다.
"""
# END HANDOUT
# TEXT(en)
"""A2. im2col: every window a column, and convolution as a matrix product. a2_im2col.md says what each must do."""
# TEXT(ko)
"""A2. im2col: 윈도마다 열 하나, 그리고 행렬 곱으로 하는 합성곱. 할 일은 a2_im2col.md에 있습니다."""
# END TEXT
import numpy as np

from parts import conv_size, pad_image


def im2col(x, R, S, stride, pad):
    # TEXT(en)
    """Every window of x (N, C, H, W), laid out. Returns a new array columns (N, C, R, S, P, Q).

    columns[n, c, r, s, p, q] is what place (r, s) of a filter sees at output (p, q) of image n, in
    channel c. No loop over p or q.
    """
    # TEXT(ko)
    """x (N, C, H, W)의 모든 윈도를 펼쳐 놓습니다. 새 배열 columns (N, C, R, S, P, Q)를 돌려줍니다.

    columns[n, c, r, s, p, q]는 이미지 n의 출력 (p, q)에서 필터의 자리 (r, s)가 채널 c에서 보는 값입니다. p, q에 대한
    반복문을 쓰지 않습니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a2.im2col, points=6)
    N, C, H, W = x.shape
    P = conv_size(H, R, stride, pad)
    Q = conv_size(W, S, stride, pad)
    frame = pad_image(x, pad)                               # (N, C, H + 2*pad, W + 2*pad)
    columns = np.zeros((N, C, R, S, P, Q), x.dtype)
    for r in range(R):
        for s in range(S):
            rows = slice(r, r + stride * P, stride)         # the rows that place r sees, one for every p
            places = slice(s, s + stride * Q, stride)
            columns[:, :, r, s] = frame[:, :, rows, places]
    return columns
    # END SOLUTION(a2.im2col)


def conv2d_forward(x, w, b, stride, pad, groups):
    # TEXT(en)
    """Convolution as a matrix product per group. Returns y (N, K, P, Q), the numbers of A1's.

    x (N, C, H, W) images, w (K, C/groups, R, S) filters, b (K,) biases. No loop over p or q.
    """
    # TEXT(ko)
    """그룹마다 행렬 곱 한 번으로 합성곱을 계산합니다. A1과 같은 수인 y (N, K, P, Q)를 돌려줍니다.

    x (N, C, H, W)는 이미지, w (K, C/groups, R, S)는 필터, b (K,)는 편향입니다. p, q에 대한 반복문을 쓰지 않습니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a2.conv_im2col, points=5)
    N = len(x)
    K, channels, R, S = w.shape                             # a filter sees channels = C / groups
    D = channels * R * S                                    # how many products make one output
    columns = im2col(x, R, S, stride, pad)                  # (N, C, R, S, P, Q)
    P, Q = columns.shape[4:]
    matrix = columns.reshape(N, groups * D, P * Q)
    share = K // groups                                     # filters in a group
    y = np.zeros((N, K, P * Q), x.dtype)
    for g in range(groups):
        filters = w[g * share:(g + 1) * share].reshape(share, D)
        seen = matrix[:, g * D:(g + 1) * D]                 # (N, D, P*Q)
        y[:, g * share:(g + 1) * share] = filters @ seen
    y = y.reshape(N, K, P, Q)
    return y + b.reshape(1, K, 1, 1)
    # END SOLUTION(a2.conv_im2col)


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    # TEXT(en)
    """How many bytes im2col's columns of N images (C, H, W) take: an int, counted without making them."""
    # TEXT(ko)
    """이미지 (C, H, W) N장의 im2col 결과가 차지하는 바이트 수를 배열을 만들지 않고 세어 int로 돌려줍니다."""
    # END TEXT
    # BEGIN SOLUTION(a2.count, points=1)
    P = conv_size(H, R, stride, pad)
    Q = conv_size(W, S, stride, pad)
    return N * C * R * S * P * Q * bytes_per_number
    # END SOLUTION(a2.count)
