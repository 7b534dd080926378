# HANDOUT(en)
"""# A1. Convolution by hand

A filter slides over an image. At every place it multiplies what it sees by its own weights, adds
the products up, and writes one number. You write this operation as plain loops: no tricks, no
matrix product, every number visible. Everything later in the course is held against these loops.

## What you write

In `a1_convolution.py`, between the marks `BEGIN YOUR CODE` and `END YOUR CODE`:

| region | function | points |
|---|---|---|
| `a1.size` | `conv_size(size, window, stride, pad)` | 2 |
| `a1.pad` | `pad_image(x, pad)` | 2 |
| `a1.conv_naive` | `conv2d_forward(x, w, b, stride, pad, groups)` | 8 |

Leave the marks, the names and the arguments as they are, and delete the line
`raise NotImplementedError(...)`. Every region is checked alone: if `conv_size` is wrong,
`conv2d_forward` is still checked with a right one.

## Conventions of the whole course

They hold from here to the last assignment. Other libraries choose differently in places; here the
paper on AlexNet decides, and where it is silent, this list.

| letters | shape | meaning |
|---|---|---|
| `x` | (N, C, H, W) | N images with C channels, H rows, W columns |
| `w` | (K, C/G, R, S) | K filters; each sees C/G channels, R rows, S columns |
| `b` | (K,) | one bias for every filter |
| `y` | (N, K, P, Q) | the output: one map of P rows and Q columns for every filter |
| `n k c p q r s` | | a small letter counts what the large one numbers: `p` is a row of the output |
| `d...` | as the array | `dw` is the gradient of the loss with respect to `w` |

1. Convolution does **not** turn the filter round. (Mathematicians call this correlation.)
2. The image is framed with `pad` rows and columns of **zeros** on all four sides.
3. Sizes are rounded **down**: pixels that are left over at the end are seen by no window.
4. Groups are contiguous blocks: with 6 channels and `groups=2`, the first half of the filters sees
   the channels 0, 1, 2 and the second half sees 3, 4, 5.
5. Functions return new arrays and **never change their arguments**.
6. Results have the kind of the input: decimals stay decimals, never whole numbers.
7. Later: of several equal maxima in a pooling window the first one wins, row by row; LRN is the
   paper's, `k + alpha * sum`, where alpha is not divided by n; dropout scales while it trains and
   does nothing in a test; the loss is the mean over the batch; the update is the paper's,
   `v = 0.9 v - decay * lr * w - lr * dw`, then `w = w + v`, with no decay on biases; gradients are
   returned in the order of the arguments that they belong to.

## The operation

**How many windows fit?** A window of `window` pixels starts at 0, then at `stride`, at `2*stride`
and so on, as long as it ends inside the padded row. `conv_size` answers with a whole number (an
`int`). It is called once for the rows and once for the columns. A window that fits nowhere is not
asked for. Count with a pencil: a row of 8 pixels, a window of 3, stride 2, no padding.

    0 1 2 3 4 5 6 7
    [---]                   starts at 0
        [---]               starts at 2
            [---]           starts at 4; the next would start at 6 and end at 8: outside

Three windows, and pixel 7 is seen by none.

**The frame.** `pad_image` returns a new array (N, C, H + 2*pad, W + 2*pad) with the images in its
middle and zeros around them. Only rows and columns are padded, not images and not channels. With
`pad=0` the new array holds the same numbers as `x`.

**The sum.** Write `frame` for the padded images, and `first` for the first channel that filter k
sees. Then, for every n, k, p and q,

    y[n, k, p, q] = b[k] + sum over c, r, s of  frame[n, first + c, p*stride + r, q*stride + s] * w[k, c, r, s]

where c runs over the C/G channels of the filter, r over its R rows and s over its S columns. With
`groups=1` every filter sees all channels, and `first` is 0. Both C and K can be divided by `groups`.
R and S may differ, and so may H and W.

## An example in numbers

One image, one channel, one filter of 2 x 2, bias 1, stride 1, no padding:

    x =  1  2  0  1        w =  1   0        y =  1  2  6
         0  1  3  1             2  -1             4  4  4
         2  1  0  0                               5  1  1
         1  0  1  2

The first number: 1*1 + 2*0 + 0*2 + 1*(-1) = 0, and 0 + 1 = 1. The number to its right comes from the
window that starts one column further: 2*1 + 0*0 + 1*2 + 3*(-1) = 1, and 1 + 1 = 2. (With the filter
turned round, the first row would be 5 2 4.)

    >>> x = np.array([[1., 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]).reshape(1, 1, 4, 4)
    >>> w = np.array([[1., 0], [2, -1]]).reshape(1, 1, 2, 2)
    >>> conv2d_forward(x, w, np.array([1.]), 1, 0, 1)[0, 0]
    array([[1., 2., 6.],
           [4., 4., 4.],
           [5., 1., 1.]])
    >>> conv_size(8, 3, 2, 0), conv_size(227, 11, 4, 0), conv_size(27, 5, 1, 2)
    (3, 55, 27)
    >>> pad_image(x[:, :, :1, :2], 1)[0, 0]
    array([[0., 0., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 0., 0.]])

Stride 2 keeps every second number of every second row: 1, 6, 5, 1. A filter of ones on an image of
ones with `pad=1` counts the pixels in the window: 4 in the corners, 6 at the edges, 9 inside for a
filter of 3 x 3.

## How to check

    npnet course check a1                   everything
    npnet course check a1.conv_naive        one region
    npnet course hint a1.conv_naive         a hint; three levels
    npnet course show a1.conv_naive         a picture, with your own output

The public tests, which you see: numbers of windows, also AlexNet's; the frame; the example above;
the bias; an image that is 0 but for one pixel, in its middle and in its corner; counts at the
border; the sum over channels; strides; groups. The hidden tests ask for the same rules in other
shapes: images and filters that are not square, divisions with a remainder, a batch in another
order, three groups; and that the arguments are as they were. Numbers must be exactly equal: all
inputs are quarters, so every sum is exact and the order of adding does not matter.

Arrays are tiny. Seven nested loops are fine and are done in some thousandths of a second.
"""
# HANDOUT(ko)
"""# A1. 손으로 하는 합성곱

필터가 이미지 위를 한 칸씩 움직입니다. 자리마다 필터가 보는 값에 자기 가중치를 곱하고, 그 곱을 모두 더해서 수 하나를
씁니다. 이 과제에서는 이 연산을 반복문만으로 작성합니다. 기교도 행렬 곱도 쓰지 않으므로 모든 수가 눈에 보입니다. 이후의
모든 과제는 이 반복문과 비교합니다.

## 작성할 것

`a1_convolution.py`에서 `BEGIN YOUR CODE`와 `END YOUR CODE` 사이를 채웁니다.

| 구역 | 함수 | 점수 |
|---|---|---|
| `a1.size` | `conv_size(size, window, stride, pad)` | 2 |
| `a1.pad` | `pad_image(x, pad)` | 2 |
| `a1.conv_naive` | `conv2d_forward(x, w, b, stride, pad, groups)` | 8 |

표시 줄과 함수 이름, 인자는 그대로 두고 `raise NotImplementedError(...)` 줄은 지웁니다. 구역은 하나씩 따로 검사합니다.
`conv_size`가 틀려도 `conv2d_forward`는 올바른 `conv_size`를 써서 검사합니다.

## 강의 전체에서 쓰는 약속

마지막 과제까지 그대로 쓰는 약속입니다. 다른 라이브러리는 곳에 따라 다르게 정합니다. 여기서는 AlexNet 논문을 따르고,
논문에 없는 것은 아래 목록을 따릅니다.

| 기호 | 형상 | 뜻 |
|---|---|---|
| `x` | (N, C, H, W) | 채널 C개, 행 H개, 열 W개인 이미지 N장 |
| `w` | (K, C/G, R, S) | 필터 K개, 필터마다 채널 C/G개, 행 R개, 열 S개를 봅니다 |
| `b` | (K,) | 필터마다 하나씩 있는 편향 |
| `y` | (N, K, P, Q) | 출력. 필터마다 행 P개, 열 Q개인 맵 하나 |
| `n k c p q r s` | | 작은 글자는 큰 글자가 세는 것의 번호입니다. `p`는 출력의 행 번호입니다 |
| `d...` | 그 배열과 같음 | `dw`는 `w`에 대한 손실의 기울기입니다 |

1. 합성곱(convolution)은 필터를 **뒤집지 않습니다**. (수학에서는 이것을 상호상관이라고 부릅니다.)
2. 패딩(padding)은 이미지의 네 변에 **0**을 `pad`줄씩 두르는 것입니다.
3. 크기는 **내림**합니다. 끝에 남는 픽셀은 어느 윈도에도 들어가지 않습니다.
4. 그룹은 이어진 묶음입니다. 채널이 6개이고 `groups=2`이면 필터의 앞쪽 절반은 채널 0, 1, 2를 보고 뒤쪽 절반은
   채널 3, 4, 5를 봅니다.
5. 함수는 새 배열을 돌려주며 **인자를 절대로 바꾸지 않습니다**.
6. 결과의 종류는 입력과 같습니다. 소수는 소수로 남고 정수가 되지 않습니다.
7. 나중에 쓸 약속: 풀링 윈도에 최댓값이 여럿이면(동점) 행 순서로 처음 나오는 것을 고릅니다. LRN은 논문의
   식 `k + alpha * sum`이며 alpha를 n으로 나누지 않습니다. 드롭아웃은 학습할 때 크기를 맞추고 시험할 때는 아무것도 하지
   않습니다. 손실은 미니배치의 평균입니다. 가중치는 논문대로
   `v = 0.9 v - decay * lr * w - lr * dw`, 그다음 `w = w + v`로 갱신하며 편향에는 가중치 감소를 쓰지 않습니다.
   기울기는 해당하는 인자의 순서대로 돌려줍니다.

## 연산

**윈도가 몇 개 들어갑니까?** 픽셀 `window`개짜리 윈도는 0에서 시작하고, 다음에는 `stride`, `2*stride`에서 시작합니다.
패딩까지 더한 줄 안에서 끝나는 동안 계속합니다. `conv_size`는 그 개수를 정수(`int`)로 돌려줍니다. 행에 한 번, 열에 한 번
부릅니다. 윈도가 한 번도 들어가지 않는 경우는 묻지 않습니다. 연필로 세어 봅시다. 픽셀 8개, 윈도 3, 스트라이드(stride) 2,
패딩 없음입니다.

    0 1 2 3 4 5 6 7
    [---]                   0에서 시작
        [---]               2에서 시작
            [---]           4에서 시작. 다음은 6에서 시작해 8에서 끝나므로 밖으로 나갑니다

윈도는 세 개이고, 픽셀 7은 어느 윈도에도 들어가지 않습니다.

**테두리.** `pad_image`는 형상이 (N, C, H + 2*pad, W + 2*pad)인 새 배열을 돌려줍니다. 가운데에 이미지가 있고 둘레는 0입니다.
행과 열에만 두르며 이미지 축과 채널 축에는 두르지 않습니다. `pad=0`이면 새 배열에 `x`와 같은 수가 들어 있습니다.

**합.** 패딩한 이미지를 `frame`, 필터 k가 보는 첫 채널을 `first`라고 쓰면 모든 n, k, p, q에 대해 다음과 같습니다.

    y[n, k, p, q] = b[k] + 모든 c, r, s에 대한 합  frame[n, first + c, p*stride + r, q*stride + s] * w[k, c, r, s]

c는 필터의 채널 C/G개, r은 행 R개, s는 열 S개를 모두 지납니다. `groups=1`이면 모든 필터가 모든 채널을 보고 `first`는 0입니다.
C와 K는 모두 `groups`로 나누어떨어집니다. R과 S는 다를 수 있고 H와 W도 다를 수 있습니다.

## 숫자로 보는 예

이미지 하나, 채널 하나, 2 x 2 필터 하나, 편향 1, 스트라이드 1, 패딩 없음입니다.

    x =  1  2  0  1        w =  1   0        y =  1  2  6
         0  1  3  1             2  -1             4  4  4
         2  1  0  0                               5  1  1
         1  0  1  2

첫 수는 1*1 + 2*0 + 0*2 + 1*(-1) = 0에 편향을 더해 0 + 1 = 1입니다. 그 오른쪽 수는 한 열 옆에서 시작하는 윈도에서 나옵니다.
2*1 + 0*0 + 1*2 + 3*(-1) = 1이고 1 + 1 = 2입니다. (필터를 뒤집었다면 첫 행은 5 2 4가 됩니다.)

    >>> x = np.array([[1., 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]).reshape(1, 1, 4, 4)
    >>> w = np.array([[1., 0], [2, -1]]).reshape(1, 1, 2, 2)
    >>> conv2d_forward(x, w, np.array([1.]), 1, 0, 1)[0, 0]
    array([[1., 2., 6.],
           [4., 4., 4.],
           [5., 1., 1.]])
    >>> conv_size(8, 3, 2, 0), conv_size(227, 11, 4, 0), conv_size(27, 5, 1, 2)
    (3, 55, 27)
    >>> pad_image(x[:, :, :1, :2], 1)[0, 0]
    array([[0., 0., 0., 0.],
           [0., 1., 2., 0.],
           [0., 0., 0., 0.]])

스트라이드가 2이면 한 행 건너 한 수씩, 곧 1, 6, 5, 1만 남습니다. 1로 채운 이미지에 1로 채운 3 x 3 필터를 `pad=1`로 적용하면
윈도에 들어온 픽셀의 개수가 나옵니다. 모서리는 4, 변은 6, 안쪽은 9입니다.

## 검사하는 방법

    npnet course check a1                   전체
    npnet course check a1.conv_naive        한 구역
    npnet course hint a1.conv_naive         힌트, 세 단계
    npnet course show a1.conv_naive         그림과 내 출력

공개 검사에서 보는 것: 윈도의 개수(AlexNet의 것 포함), 테두리, 위의 예, 편향, 한 픽셀만 0이 아닌 이미지(가운데와 모서리),
경계에서 세는 개수, 채널에 대한 합, 스트라이드, 그룹입니다. 비공개 검사는 같은 규칙을 다른 형상에서 봅니다. 정사각형이 아닌
이미지와 필터, 나머지가 있는 나눗셈, 순서를 바꾼 미니배치, 그룹 세 개, 그리고 인자가 그대로인지 봅니다. 수는 정확히 같아야
합니다. 입력은 모두 1/4의 배수이므로 합에 오차가 없고 더하는 순서도 상관없습니다.

배열은 아주 작습니다. 반복문을 일곱 겹으로 써도 천분의 몇 초면 끝납니다.
"""
# END HANDOUT
# TEXT(en)
"""A1. Convolution by hand: three functions, written as plain loops. a1_convolution.md says what each must do."""
# TEXT(ko)
"""A1. 손으로 하는 합성곱: 함수 세 개를 반복문으로 작성합니다. 할 일은 a1_convolution.md에 있습니다."""
# END TEXT
import numpy as np


def conv_size(size, window, stride, pad):
    # TEXT(en)
    """How many windows fit: an int.

    A row of `size` pixels has `pad` more pixels on either side. A window of `window` pixels moves
    over it in steps of `stride`. The answer is rounded down.
    """
    # TEXT(ko)
    """윈도가 몇 개 들어가는지 정수로 돌려줍니다.

    픽셀이 `size`개인 줄의 양쪽에 픽셀이 `pad`개씩 더 있습니다. 픽셀 `window`개짜리 윈도가 그 위를 `stride`칸씩
    움직입니다. 결과는 내림합니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a1.size, points=2)
    room = size + 2 * pad - window                          # how far the window can move
    return room // stride + 1
    # END SOLUTION(a1.size)


def pad_image(x, pad):
    # TEXT(en)
    """The images x (N, C, H, W) with `pad` rows and columns of zeros on all four sides.

    Returns a new array (N, C, H + 2*pad, W + 2*pad); x stays as it is.
    """
    # TEXT(ko)
    """이미지 x (N, C, H, W)의 네 변에 0을 `pad`줄씩 두릅니다.

    새 배열 (N, C, H + 2*pad, W + 2*pad)를 돌려줍니다. x는 그대로 둡니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a1.pad, points=2)
    N, C, H, W = x.shape
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    frame[:, :, pad:pad + H, pad:pad + W] = x
    return frame
    # END SOLUTION(a1.pad)


def conv2d_forward(x, w, b, stride, pad, groups):
    # TEXT(en)
    """Convolution, one multiplication at a time. Returns y (N, K, P, Q).

    x (N, C, H, W) images, w (K, C/groups, R, S) filters, b (K,) biases. Filter k sees the C/groups
    channels of its group; groups are contiguous blocks. The filter is not turned round.
    """
    # TEXT(ko)
    """합성곱을 곱셈 하나씩 계산합니다. y (N, K, P, Q)를 돌려줍니다.

    x (N, C, H, W)는 이미지, w (K, C/groups, R, S)는 필터, b (K,)는 편향입니다. 필터 k는 자기 그룹의 채널 C/groups개를
    봅니다. 그룹은 이어진 묶음입니다. 필터는 뒤집지 않습니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a1.conv_naive, points=8)
    N, C, H, W = x.shape
    K, channels, R, S = w.shape                             # a filter sees channels = C / groups
    P = conv_size(H, R, stride, pad)
    Q = conv_size(W, S, stride, pad)
    frame = pad_image(x, pad)                               # (N, C, H + 2*pad, W + 2*pad)
    y = np.zeros((N, K, P, Q), x.dtype)
    for n in range(N):
        for k in range(K):
            group = k // (K // groups)
            first = group * channels                        # the first channel that filter k sees
            for p in range(P):
                for q in range(Q):
                    total = b[k]
                    for c in range(channels):
                        for r in range(R):
                            for s in range(S):
                                pixel = frame[n, first + c, p * stride + r, q * stride + s]
                                total += pixel * w[k, c, r, s]
                    y[n, k, p, q] = total
    return y
    # END SOLUTION(a1.conv_naive)
