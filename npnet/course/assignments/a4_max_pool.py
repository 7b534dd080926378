# HANDOUT(en)
"""# A4. Overlapping max-pool

Max-pooling makes a map smaller: a window slides over it, and of every window only the largest number stays.
AlexNet's windows are 3 pixels wide and 2 pixels apart, so neighbouring windows **overlap**, and one pixel can win
several of them. Going backwards, that pixel must collect the gradient of every window that it won.

## What you write

| region | function | points |
|---|---|---|
| `a4.forward` | `max_pool_forward(x, R, S, stride, pad, ceil_mode)` -> `y, argmax` | 4 |
| `a4.backward` | `max_pool_backward(dy, x, argmax, R, S, stride, pad)` -> `dx` | 6 |

Write between the marks `BEGIN YOUR CODE` and `END YOUR CODE`, and delete the line with `raise`. The other lines stay:
your lines make the arrays that the `return` below them names. The two functions are graded apart: `max_pool_backward`
gets the right `argmax`, whatever your forward does.

## Conventions

| name | shape | meaning |
|---|---|---|
| `x` | (N, C, H, W) | N images, C channels, H rows, W columns; every channel of every image is pooled alone |
| `R`, `S` | numbers | the window has R rows and S columns; they may differ |
| `y` | (N, C, P, Q) | the largest number of each window, of the dtype of `x` |
| `argmax` | (N, C, P, Q) | where in its window that number stands: the whole number `r*S + s`, dtype `np.int32` |
| `dy`, `dx` | as `y`, as `x` | the gradient of the loss with respect to `y`, and to `x` |

- **Place.** Row r and column s of window (p, q) are row `p*stride + r - pad` and column `q*stride + s - pad` of `x`.
- **Size.** `P` is `(H + 2*pad - R) / stride`, rounded **down**, plus 1; Q likewise, with W and S.
  With `ceil_mode=True` the division is rounded **up**: the last window may hang over the edge. But a window that would
  start beyond the picture, in the padding (at row `H` of `x` or later), is dropped: then P is one less.
- **Padding.** Pixels outside the picture never win: they count as minus infinity, `-np.inf`. With 0, a window of
  negative numbers would give 0, which is in no pixel. Windows that hang over the edge see the same minus infinity.
- **Ties.** Where several pixels of a window are equally large, the **first in reading order** wins (row by row, from
  the left). `argmax` names it, and it alone gets the gradient.
- `ceil_mode` is `True` or `False`. `pad` is smaller than the window, so every window sees at least one pixel.
- Do not change the arguments: the caller still needs them.

## A worked example

    x =  1 2 0 1 3       R = S = 3, stride = 2, pad = 0
         0 1 2 0 1
         2 0 9 1 0       P = Q = (5 - 3) / 2 + 1 = 2
         1 3 0 2 1
         0 1 2 0 4

The 9 in the middle lies in all four windows and wins them all. In the first window it stands at r = 2, s = 2, so
`argmax` is 2*3 + 2 = 8; in the last one it stands at r = 0, s = 0.

    y = 9 9      argmax = 8 6      dy =   1   10       dx = 0 0    0 0 0
        9 9               2 0           100 1000            0 0    0 0 0
                                                            0 0 1111 0 0
                                                            0 0    0 0 0
                                                            0 0    0 0 0

Each digit of 1111 is one window: a number like 1000 tells you which windows were lost. Now put a second 9 at row 0,
column 2. It wins the two upper windows, because it comes first: `dx` is 11 there, and 1100 in the middle.

Padding, with negative numbers (R = S = 2, stride = 2, pad = 1): every window sees one pixel and three outside.

    x = -3 -1      y = -3 -1      argmax = 3 2
        -2 -4          -2 -4               1 0

Rounding up, with windows of 3 and stride 2: 6 rows give (6 - 3)/2 = 1.5, so P = 2, or P = 3 with `ceil_mode`; the third
window has rows 4 and 5 and hangs over by one. With windows of 2, stride 3 and pad 1, 5 rows give 5/3: P = 2; rounded up
it would be 3, but the third window would start at row 2*3 - 1 = 5, beyond the picture, so P is 2 here too.

## How to check

    npnet course check a4                 both regions
    npnet course check a4.backward        one of them
    npnet course hint a4.backward         a hint, three levels
    npnet course show a4.backward         a picture, with your output beside the right one

Checked here, with numbers that are the same for everybody: the examples above; windows of 3 x 2 and of other sizes on
maps that are not square; ties; maps of negative numbers with padding; rounding up; in backward also that the sum of
`dx` equals the sum of `dy`. When your work is graded, the same is checked again with other shapes and other numbers.
The numbers are such that no sum is ever rounded: your answers must be equal, not close.

## Advice

- Loops over n, c, p and q are fine here; the maps are small.
- Draw the windows of the example on paper before you write backward, and follow one pixel through all of them.
- Choose the maximum without padding first, then add padding, then `ceil_mode`.
"""
# HANDOUT(ko)
"""# A4. 겹치는 최대 풀링

최대 풀링(max-pooling)은 맵을 작게 만듭니다. 윈도가 맵 위를 이동하고, 윈도마다 가장 큰 수 하나만 남깁니다. AlexNet의 윈도는
크기가 3이고 2픽셀씩 이동합니다. 그래서 이웃한 윈도가 **겹치고**, 한 픽셀이 여러 윈도의 최댓값이 될 수 있습니다. 역전파에서 그 픽셀은
자신이 최댓값이었던 모든 윈도의 기울기를 모아야 합니다.

## 작성할 것

| 구역 | 함수 | 점수 |
|---|---|---|
| `a4.forward` | `max_pool_forward(x, R, S, stride, pad, ceil_mode)` -> `y, argmax` | 4 |
| `a4.backward` | `max_pool_backward(dy, x, argmax, R, S, stride, pad)` -> `dx` | 6 |

`BEGIN YOUR CODE`와 `END YOUR CODE` 표시 사이에 작성하고, `raise`가 있는 줄은 지우십시오. 다른 줄은 그대로 두십시오.
아래의 `return`이 돌려주는 배열을 그 사이에서 만들면 됩니다. 두 함수는 따로 채점합니다.
순전파가 틀려도 `max_pool_backward`에는 올바른 `argmax`가 들어갑니다.

## 약속

| 이름 | 형상 | 뜻 |
|---|---|---|
| `x` | (N, C, H, W) | 이미지 N개, 채널 C개, 행 H개, 열 W개. 이미지와 채널마다 따로 풀링합니다 |
| `R`, `S` | 수 | 윈도는 R행 S열입니다. 둘은 다를 수 있습니다 |
| `y` | (N, C, P, Q) | 각 윈도의 가장 큰 수. dtype은 `x`와 같습니다 |
| `argmax` | (N, C, P, Q) | 그 수가 윈도 안에서 있는 자리: 정수 `r*S + s`, dtype은 `np.int32` |
| `dy`, `dx` | `y`, `x`와 같음 | 손실을 `y`로 미분한 기울기와 `x`로 미분한 기울기 |

- **자리.** 윈도 (p, q)의 r행 s열은 `x`의 `p*stride + r - pad`행, `q*stride + s - pad`열입니다.
- **크기.** `P`는 `(H + 2*pad - R) / stride`를 **내림**한 값에 1을 더한 것입니다. Q도 W와 S로 똑같이 계산합니다.
  `ceil_mode=True`이면 나눗셈을 **올림**하므로 마지막 윈도가 가장자리 밖으로 나갈 수 있습니다. 다만 이미지를 지나 패딩에서
  시작하게 되는 윈도(`x`의 `H`행이나 그 뒤에서 시작하는 윈도)는 버립니다. 이때 P는 하나 줄어듭니다.
- **패딩.** 이미지 밖의 픽셀은 결코 최댓값이 되지 않습니다. 음의 무한대 `-np.inf`로 봅니다. 0으로 채우면 음수만 있는 윈도에서
  어느 픽셀에도 없는 0이 나옵니다. 가장자리 밖으로 나간 윈도가 보는 곳도 음의 무한대입니다.
- **동점.** 한 윈도에서 여러 픽셀이 똑같이 가장 크면 **읽는 순서로 첫 번째**(위 행부터, 행 안에서는 왼쪽부터)가 최댓값입니다.
  `argmax`가 그 자리를 나타내고, 기울기도 그 픽셀만 받습니다.
- `ceil_mode`는 `True` 또는 `False`입니다. `pad`는 윈도보다 작으므로 모든 윈도에 이미지의 픽셀이 하나는 있습니다.
- 인수로 받은 배열을 바꾸지 마십시오. 함수를 부른 쪽에서 계속 사용합니다.

## 손으로 풀어 보는 예

    x =  1 2 0 1 3       R = S = 3, stride = 2, pad = 0
         0 1 2 0 1
         2 0 9 1 0       P = Q = (5 - 3) / 2 + 1 = 2
         1 3 0 2 1
         0 1 2 0 4

가운데의 9는 네 윈도 모두에 들어 있고 모두에서 최댓값입니다. 첫 윈도에서는 r = 2, s = 2에 있으므로 `argmax`는 2*3 + 2 = 8이고,
마지막 윈도에서는 r = 0, s = 0에 있습니다.

    y = 9 9      argmax = 8 6      dy =   1   10       dx = 0 0    0 0 0
        9 9               2 0           100 1000            0 0    0 0 0
                                                            0 0 1111 0 0
                                                            0 0    0 0 0
                                                            0 0    0 0 0

1111의 자릿수 하나가 윈도 하나입니다. 1000 같은 값이 나오면 어느 윈도를 잃어버렸는지 바로 읽을 수 있습니다. 이제 0행 2열에 9를 하나
더 놓아 봅시다. 먼저 나오는 이 9가 위쪽 두 윈도의 최댓값이 됩니다. 그래서 `dx`는 그곳에서 11, 가운데에서 1100입니다.

음수와 패딩의 예입니다(R = S = 2, stride = 2, pad = 1). 윈도마다 이미지의 픽셀 하나와 바깥 세 곳이 보입니다.

    x = -3 -1      y = -3 -1      argmax = 3 2
        -2 -4          -2 -4               1 0

올림의 예입니다. 윈도 3, stride 2에서 6행이면 (6 - 3)/2 = 1.5이므로 P = 2이고, `ceil_mode`이면 P = 3입니다. 세 번째 윈도는
4행과 5행을 보고 한 행이 밖으로 나갑니다. 윈도 2, stride 3, pad 1에서 5행이면 5/3이므로 P = 2입니다. 올림하면 3이 되지만,
세 번째 윈도는 2*3 - 1 = 5행, 곧 이미지를 지난 곳에서 시작하므로 여기서도 P는 2입니다.

## 확인하는 방법

    npnet course check a4                 두 구역 모두
    npnet course check a4.backward        한 구역만
    npnet course hint a4.backward         힌트, 세 단계
    npnet course show a4.backward         그림, 올바른 출력과 나란히

여기서는 모두에게 같은 수로 다음을 확인합니다. 위의 예, 정사각형이 아닌 맵에서 3 x 2를 비롯한 여러 윈도, 동점, 음수만 있는 맵과
패딩, 올림, 그리고 역전파에서는 `dx`의 합이 `dy`의 합과 같은지도 확인합니다. 채점할 때는 같은 것을 다른 형상과 다른 수로 다시
확인합니다. 반올림 오차가 생기지 않는 수만 쓰므로, 답은 비슷한 것이 아니라 같아야 합니다.

## 조언

- n, c, p, q에 대한 반복문으로 충분합니다. 맵이 작습니다.
- 역전파를 작성하기 전에 예의 윈도를 종이에 그리고, 픽셀 하나를 골라 모든 윈도에서 따라가 보십시오.
- 먼저 패딩 없이 최댓값을 구하고, 다음에 패딩을, 그다음에 `ceil_mode`를 더하십시오.
"""
# END HANDOUT
# TEXT(en)
"""A4. Overlapping max-pool: forward keeps where each maximum stood, backward sends the gradient there."""
# TEXT(ko)
"""A4. 겹치는 최대 풀링: 순전파는 최댓값이 있던 자리를 기억하고, 역전파는 그 자리로 기울기를 보냅니다."""
# END TEXT
import numpy as np


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    # TEXT(en)
    """The largest number of every window, and where in the window it stands.

    x (N, C, H, W). R, S: rows and columns of the window. ceil_mode: round the number of windows up, not down; a window
    that would start beyond the picture is dropped. Pixels outside the picture count as minus infinity.
    Returns y (N, C, P, Q) and argmax (N, C, P, Q), np.int32: the place r*S + s in the window; of equals, the first.
    """
    # TEXT(ko)
    """각 윈도의 가장 큰 수와, 그 수가 윈도 안에서 있는 자리.

    x (N, C, H, W). R, S: 윈도의 행 수와 열 수. ceil_mode: 윈도의 수를 내림하지 않고 올림합니다. 이미지를 지난 곳에서
    시작하게 되는 윈도는 버립니다. 이미지 밖의 픽셀은 음의 무한대로 봅니다.
    y (N, C, P, Q)와 argmax (N, C, P, Q), np.int32를 돌려줍니다. argmax는 윈도 안의 자리 r*S + s이고, 동점이면 첫 번째입니다.
    """
    # END TEXT
    N, C, H, W = x.shape
    # BEGIN SOLUTION(a4.forward, points=4)
    up = stride - 1 if ceil_mode else 0
    P = (H + 2 * pad - R + up) // stride + 1
    Q = (W + 2 * pad - S + up) // stride + 1
    if (P - 1) * stride - pad >= H:             # the last window would start below the picture
        P = P - 1
    if (Q - 1) * stride - pad >= W:             # or to the right of it
        Q = Q - 1
    # the picture in a frame of minus infinity, with room for windows that hang over
    frame = np.full((N, C, H + 2 * pad + R, W + 2 * pad + S), -np.inf, x.dtype)
    frame[:, :, pad:pad + H, pad:pad + W] = x
    y = np.zeros((N, C, P, Q), x.dtype)
    argmax = np.zeros((N, C, P, Q), np.int32)
    for p in range(P):
        for q in range(Q):
            top, left = p * stride, q * stride
            window = frame[:, :, top:top + R, left:left + S].reshape(N, C, R * S)
            argmax[:, :, p, q] = window.argmax(axis=2)      # of equals, NumPy names the first
            y[:, :, p, q] = window.max(axis=2)
    # END SOLUTION(a4.forward)
    return y, argmax


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    # TEXT(en)
    """The gradient of the input: each window's dy goes, whole, to the pixel that won the window.

    dy (N, C, P, Q), x (N, C, H, W), argmax (N, C, P, Q): what max_pool_forward gave for x.
    Returns dx (N, C, H, W). x is here for those who want to look at the pixels again; it can be done without.
    """
    # TEXT(ko)
    """입력의 기울기: 윈도마다 dy가 통째로 그 윈도의 최댓값이었던 픽셀로 갑니다.

    dy (N, C, P, Q), x (N, C, H, W), argmax (N, C, P, Q): x에 대해 max_pool_forward가 돌려준 것.
    dx (N, C, H, W)를 돌려줍니다. x는 픽셀을 다시 보고 싶을 때 쓰십시오. 쓰지 않고도 풀 수 있습니다.
    """
    # END TEXT
    N, C, H, W = x.shape
    P, Q = dy.shape[2:]
    # BEGIN SOLUTION(a4.backward, points=6)
    dx = np.zeros((N, C, H, W), dy.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    r = argmax[n, c, p, q] // S
                    s = argmax[n, c, p, q] % S
                    h = p * stride + r - pad
                    v = q * stride + s - pad
                    dx[n, c, h, v] += dy[n, c, p, q]
    # END SOLUTION(a4.backward)
    return dx
