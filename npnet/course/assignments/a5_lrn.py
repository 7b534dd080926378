# HANDOUT(en)
"""# A5. Local response normalisation

AlexNet damps a pixel whose neighbours **in other channels** are large: local response normalisation, LRN. Nothing
looks at neighbours in the picture; at one pixel of one image there is a row of C numbers, one for each channel, and the
window moves along this row. Forward is short. Backward is where several libraries once had a mistake: a number is in
its own output, and also, through the sum of squares, in the outputs of its neighbours.

## What you write

| region | function | points |
|---|---|---|
| `a5.forward` | `lrn_forward(x, n, k, alpha, beta)` -> `y, scale` | 4 |
| `a5.backward` | `lrn_backward(dy, x, scale, n, alpha, beta)` -> `dx` | 8 |

Write between the marks `BEGIN YOUR CODE` and `END YOUR CODE`, and delete the line with `raise`. The other lines stay:
your lines make the arrays that the `return` below them names. The two functions are graded apart: `lrn_backward` gets
the right `scale`, whatever your forward does.

## Conventions

All arrays have the shape (N, C, H, W): N images, C channels, H rows, W columns. With i and j counting the channels of
one pixel of one image,

    scale[i] = k + alpha * (sum of x[j]^2 over the n channels around i)
    y[i]     = x[i] * scale[i]^(-beta)

- **The window.** `n` is the whole width and is odd: n = 5 means channel i itself and 2 on each side, so j goes from
  i - 2 to i + 2.
- **The ends.** Channels that do not exist count nothing: channel 0 with n = 5 sees the channels 0, 1 and 2. The window
  may be wider than there are channels (n > C); then it simply holds fewer.
- **Alpha** multiplies the sum, as in the paper. Caffe and PyTorch multiply it by alpha/n. We do not.
- The paper's values are n = 5, k = 2, alpha = 0.0001, beta = 0.75, but the function gets any others too: use the
  arguments.
- `scale` is the sum before it is raised to a power. Backward gets it as it is.
- `dy` and `dx` are the gradients of the loss with respect to `y` and to `x`.
- Do not change the arguments: the caller still needs them.

## Backward

x[j] is in y[j] directly, and through `scale` in every y[i] whose window holds j. Two paths, two terms:

    dy[j] gives   dx[j] += dy[j] * scale[j]^(-beta)                                     the direct path
    dy[i] gives   dx[j] += dy[i] * x[i] * (derivative of scale[i]^(-beta) by x[j])      for every i whose window has j

Do the derivative by the chain rule: the power first, then the sum of squares inside. One of those i is j itself. And
because n is odd, the window of i holds j exactly when the window of j holds i.

## A worked example

One pixel, five channels, n = 3, k = 2, alpha = 0.5, beta = 0.75:

    x      = 1        2        3        2        1
    scale  = 4.5      9        10.5     9        4.5             4.5 = 2 + 0.5 * (1 + 4): two channels at the end
    y      = 0.3237   0.3849   0.5143   0.3849   0.3237          10.5 = 2 + 0.5 * (4 + 9 + 4): three in the middle

    dy     = 0        0        1        0        0
    dx     = 0       -0.0735   0.0612  -0.0735   0

Only channel 2 got a gradient, and yet the channels 1 and 3 must pass one on: were they larger, channel 2 would be
damped more, so theirs is negative. With the direct path alone channel 2 would get 0.1714, and the others nothing.

One more, exact: with n = 5, k = 2, alpha = 1, beta = 0.75 channel 0 has scale 2 + 1 + 4 + 9 = 16, and y[0] = 1/8.

## How to check

    npnet course check a5                 both regions
    npnet course check a5.backward        one of them
    npnet course hint a5.backward         a hint, three levels
    npnet course show a5.backward         a picture, with your output beside the right one

Checked here, with numbers that are the same for everybody: the example above; channels in the middle alone, and
at both ends; k = 1 with alpha = 0, which must give back x; several images and maps that are not square; other n, k,
alpha and beta; windows wider than the channels; in backward the direct path alone (alpha = 0), one dy at a time, and
everything together. When your work is graded, the same is checked again with other shapes and other numbers. Answers
must agree to one part in a thousand million, so compute in float64, as the inputs are.

At the paper's alpha = 0.0001 the second path changes dx by less than a thousandth, and a loose test would not notice
that it is missing. That is why alpha is near 0.7 in the checks.

## Advice

- A loop over the channels i and a loop over the channels j of its window are enough; images and pixels go along as
  arrays.
- Write backward as two arrays, one for each path, and print them for the worked example.
"""
# HANDOUT(ko)
"""# A5. 국소 응답 정규화

AlexNet은 **다른 채널**의 이웃이 크면 그 픽셀의 값을 줄입니다. 이것이 국소 응답 정규화(local response normalisation, LRN)입니다.
이미지 안에서 옆에 있는 픽셀은 보지 않습니다. 한 이미지의 한 픽셀에는 채널마다 하나씩 수 C개가 한 줄로 있고, 윈도는 이 줄을 따라
움직입니다. 순전파는 짧습니다. 역전파는 여러 라이브러리가 한 번쯤 틀렸던 곳입니다. 한 수는 자기 출력에 들어 있을 뿐 아니라, 제곱의 합을
통해 이웃 채널의 출력에도 들어 있기 때문입니다.

## 작성할 것

| 구역 | 함수 | 점수 |
|---|---|---|
| `a5.forward` | `lrn_forward(x, n, k, alpha, beta)` -> `y, scale` | 4 |
| `a5.backward` | `lrn_backward(dy, x, scale, n, alpha, beta)` -> `dx` | 8 |

`BEGIN YOUR CODE`와 `END YOUR CODE` 표시 사이에 작성하고, `raise`가 있는 줄은 지우십시오. 다른 줄은 그대로 두십시오.
아래의 `return`이 돌려주는 배열을 그 사이에서 만들면 됩니다. 두 함수는 따로 채점합니다.
순전파가 틀려도 `lrn_backward`에는 올바른 `scale`이 들어갑니다.

## 약속

모든 배열의 형상은 (N, C, H, W)입니다. 이미지 N개, 채널 C개, 행 H개, 열 W개입니다. 한 이미지의 한 픽셀에서 채널의 번호를 i와 j라고 하면

    scale[i] = k + alpha * (i 둘레의 채널 n개에 대한 x[j]^2의 합)
    y[i]     = x[i] * scale[i]^(-beta)

- **윈도.** `n`은 윈도 전체의 너비이고 홀수입니다. n = 5이면 채널 i 자신과 양쪽으로 2개씩, 곧 j는 i - 2부터 i + 2까지입니다.
- **양 끝.** 없는 채널은 세지 않습니다. n = 5일 때 채널 0은 채널 0, 1, 2를 봅니다. 윈도가 채널 수보다 넓을 수도 있습니다(n > C).
  그때는 있는 채널만 셉니다.
- **alpha**는 논문처럼 합에 곱합니다. Caffe와 PyTorch는 alpha/n을 곱하지만, 여기서는 n으로 나누지 않습니다.
- 논문의 값은 n = 5, k = 2, alpha = 0.0001, beta = 0.75이지만 함수는 다른 값도 받습니다. 인수를 사용하십시오.
- `scale`은 거듭제곱하기 전의 값입니다. 역전파가 이 값을 그대로 받습니다.
- `dy`와 `dx`는 손실을 `y`와 `x`로 미분한 기울기입니다.
- 인수로 받은 배열을 바꾸지 마십시오. 함수를 부른 쪽에서 계속 사용합니다.

## 역전파

x[j]는 y[j]에 직접 들어 있고, 윈도에 j가 있는 모든 y[i]에 `scale`을 통해 들어 있습니다. 길이 둘이므로 항도 둘입니다.

    dy[j]에서   dx[j] += dy[j] * scale[j]^(-beta)                                      직접 가는 길
    dy[i]에서   dx[j] += dy[i] * x[i] * (scale[i]^(-beta)를 x[j]로 미분한 것)          윈도에 j가 있는 모든 i에 대해

미분은 연쇄 법칙으로 하십시오. 먼저 거듭제곱을, 다음에 그 안의 제곱의 합을 미분합니다. 이 i 가운데 하나는 j 자신입니다. 그리고 n이 홀수이므로
j가 i의 윈도에 있으면 i도 j의 윈도에 있고, 없으면 서로 없습니다.

## 손으로 풀어 보는 예

픽셀 하나, 채널 다섯 개, n = 3, k = 2, alpha = 0.5, beta = 0.75입니다.

    x      = 1        2        3        2        1
    scale  = 4.5      9        10.5     9        4.5             4.5 = 2 + 0.5 * (1 + 4): 끝에서는 채널 두 개
    y      = 0.3237   0.3849   0.5143   0.3849   0.3237          10.5 = 2 + 0.5 * (4 + 9 + 4): 가운데에서는 세 개

    dy     = 0        0        1        0        0
    dx     = 0       -0.0735   0.0612  -0.0735   0

기울기를 받은 것은 채널 2뿐인데 채널 1과 3도 기울기를 전해야 합니다. 두 채널이 커지면 채널 2가 더 줄어들기 때문이고, 그래서 부호가
음수입니다. 직접 가는 길만 계산하면 채널 2가 0.1714를 받고 다른 채널은 아무것도 받지 못합니다.

정확히 떨어지는 예도 하나 있습니다. n = 5, k = 2, alpha = 1, beta = 0.75이면 채널 0의 scale은 2 + 1 + 4 + 9 = 16이고 y[0] = 1/8입니다.

## 확인하는 방법

    npnet course check a5                 두 구역 모두
    npnet course check a5.backward        한 구역만
    npnet course hint a5.backward         힌트, 세 단계
    npnet course show a5.backward         그림, 올바른 출력과 나란히

여기서는 모두에게 같은 수로 다음을 확인합니다. 위의 예, 가운데의 채널만 있는 경우, 양 끝의 채널, x가 그대로 나와야 하는 k = 1과
alpha = 0, 이미지 여러 장과 정사각형이 아닌 맵, 다른 n, k, alpha, beta, 채널 수보다 넓은 윈도, 그리고 역전파에서는 직접 가는
길만 있는 경우(alpha = 0), dy를 하나씩 넣은 경우, 두 길이 모두 있는 경우입니다. 채점할 때는 같은 것을 다른 형상과 다른 수로 다시
확인합니다. 답은 십억 분의 일까지 맞아야 하므로, 입력과 같이 float64로 계산하십시오.

논문의 alpha = 0.0001에서는 두 번째 길이 dx를 천 분의 일도 바꾸지 않습니다. 느슨한 검사로는 빠뜨려도 드러나지 않습니다. 그래서
확인할 때는 alpha를 0.7 근처로 둡니다.

## 조언

- 채널 i에 대한 반복문과 그 윈도의 채널 j에 대한 반복문이면 충분합니다. 이미지와 픽셀은 배열로 한꺼번에 계산됩니다.
- 역전파는 길마다 하나씩 배열 두 개로 작성하고, 손으로 푼 예에서 두 배열을 출력해 보십시오.
"""
# END HANDOUT
# TEXT(en)
"""A5. Local response normalisation: a pixel is damped by its neighbours in other channels."""
# TEXT(ko)
"""A5. 국소 응답 정규화: 다른 채널의 이웃이 크면 픽셀의 값이 줄어듭니다."""
# END TEXT
import numpy as np


def lrn_forward(x, n, k, alpha, beta):
    # TEXT(en)
    """x divided by a power of its neighbourhood's size.

    x (N, C, H, W). n: width of the window in channels, odd. With the sum over the channels around i that exist:
    scale[i] = k + alpha * sum of x[j]^2        y[i] = x[i] * scale[i]^(-beta)
    Returns y and scale, both (N, C, H, W).
    """
    # TEXT(ko)
    """x를 이웃의 크기의 거듭제곱으로 나눈 값.

    x (N, C, H, W). n: 윈도의 너비(채널 수), 홀수. 합은 i 둘레의 채널 가운데 있는 것만 더합니다.
    scale[i] = k + alpha * (x[j]^2의 합)        y[i] = x[i] * scale[i]^(-beta)
    y와 scale을 돌려줍니다. 둘 다 (N, C, H, W)입니다.
    """
    # END TEXT
    N, C, H, W = x.shape
    # BEGIN SOLUTION(a5.forward, points=4)
    squares = np.zeros_like(x)
    for i in range(C):
        for j in range(max(0, i - n // 2), min(C, i + n // 2 + 1)):     # the channels around i that exist
            squares[:, i] += x[:, j] ** 2
    scale = k + alpha * squares
    y = x * scale ** -beta
    # END SOLUTION(a5.forward)
    return y, scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    # TEXT(en)
    """The gradient of the input: the direct path, and the one through the scales of the channels around.

    dy, x, scale (N, C, H, W), scale as lrn_forward gave it. Returns dx (N, C, H, W).
    """
    # TEXT(ko)
    """입력의 기울기: 직접 가는 길과, 둘레 채널의 scale을 지나는 길.

    dy, x, scale (N, C, H, W). scale은 lrn_forward가 돌려준 그대로입니다. dx (N, C, H, W)를 돌려줍니다.
    """
    # END TEXT
    N, C, H, W = x.shape
    # BEGIN SOLUTION(a5.backward, points=8)
    direct = dy * scale ** -beta
    through = np.zeros_like(x)
    for j in range(C):
        for i in range(max(0, j - n // 2), min(C, j + n // 2 + 1)):     # the channels i whose window holds j
            through[:, j] += dy[:, i] * x[:, i] * scale[:, i] ** (-beta - 1)
    dx = direct - 2 * alpha * beta * x * through
    # END SOLUTION(a5.backward)
    return dx
