# HANDOUT(en)
"""# A6. Dropout and ReLU

AlexNet throws half of the numbers of its first two dense layers away in every step of training, each time others.
This is dropout. ReLU throws all negative numbers away, always. Both remember what they threw away: the gradient passes
where the number passed, and nowhere else.

## What you write

| region | function: result | points |
|---|---|---|
| `a6.dropout` | `dropout_forward(x, p_drop, rng, train)`: `y, mask`; `dropout_backward(dy, mask, p_drop)`: `dx` | 4 |
| `a6.relu_backward` | `relu_backward(dy, y)`: `dx` | 2 |

Write in `a6_dropout.py`, between the lines `BEGIN YOUR CODE` and `END YOUR CODE`. `relu_forward` is given.
Only NumPy is needed.

## Dropout

`p_drop` is the probability to **drop** a number, at least 0 and below 1. In training (`train` is True):

    mask = True where a number is kept, False where it is dropped; the shape of x, booleans
    y    = x / (1 - p_drop) where mask is True, 0 elsewhere

Why divide? With `p_drop` = 0.75 one number in four survives. Made four times as large, the survivors have the same sum
as before, on average. So nothing is left to do at test: `y` equals `x`. (The paper does it the other way round:
it does not divide in training and multiplies by `1 - p_drop` at test. Do not mix the two.)

At test (`train` is False) nothing is dropped and nothing is drawn: `y` equals `x`, and `mask` is True everywhere.

**Random numbers.** Draw once, `rng.random(x.shape)`, which gives one number from 0 up to, not including, 1 for every
number of `x`. A number of `x` is kept where its random number is **at least** `p_drop`. Use the generator `rng` that
you are given, never `np.random`: only then can somebody repeat your run. Every image of the batch
has a mask of its own.

**Backward.** The mask that forward drew is all that backward needs; it draws nothing.
`y` was `x / (1 - p_drop)` or 0, so `dx` is `dy / (1 - p_drop)` or 0, at the same places. Backward is asked for only in
training.

## ReLU

    y = max(x, 0)            dx = dy where x > 0, 0 elsewhere; at exactly x = 0 it is 0

`relu_backward` is given the *output* `y`. That is enough: `y > 0` exactly where `x > 0`.

All functions work on arrays of any shape, such as (N, D) or (N, C, H, W), with float64 numbers, and
must not change their arguments.

## By hand

A generator whose numbers we know, so that you can follow with a pencil:

    >>> class Known:
    ...     def random(self, shape):
    ...         return np.array([[0.1, 0.9, 0.5], [0.75, 0.3, 0.8]])
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, -5.0, -6.0]])
    >>> y, mask = dropout_forward(x, 0.75, Known(), True)
    >>> mask.tolist()
    [[False, True, False], [True, False, True]]
    >>> y.tolist()
    [[0.0, 8.0, 0.0], [16.0, 0.0, -24.0]]

0.75 is at least 0.75, so 4 is kept. Three of the six survive and are divided by 0.25. Backward, with the same mask:

    >>> dy = np.array([[1.0, 1.0, 1.0], [0.5, 2.0, -1.0]])
    >>> dropout_backward(dy, mask, 0.75).tolist()
    [[0.0, 4.0, 0.0], [2.0, 0.0, -4.0]]

ReLU: the output was 3, 0, 2, 0, and so the gradient passes at the first and the third place, whatever its sign:

    >>> relu_backward(np.array([1.0, 2.0, -3.0, -4.0]), np.array([3.0, 0.0, 2.0, 0.0])).tolist()
    [1.0, 0.0, -3.0, 0.0]

## Check

`npnet course check a6` runs the public tests: the values in training with `p_drop` of 0.5 and 0.75; that `rng` was
asked once, for the shape of `x`; the identity at test; both backward functions on small arrays with positive and
negative gradients; that the arguments stay as they were. The hidden tests ask the same for other shapes and other
`p_drop`, for `p_drop` = 0, and whether the images have masks of their own.

Stuck? `npnet course hint a6.dropout` goes in three steps from a nudge to pseudo-code.
"""
# HANDOUT(ko)
"""# A6. 드롭아웃과 ReLU

AlexNet은 학습의 매 단계마다 처음 두 Dense 층에서 숫자의 절반을 버립니다. 버리는 자리는 매번 다릅니다.
이것이 드롭아웃(dropout)입니다. ReLU는 음수를 언제나 버립니다. 둘 다 무엇을 버렸는지 기억합니다.
기울기는 숫자가 지나간 자리로만 지나갑니다.

## 작성할 것

| 구역 | 함수: 결과 | 점수 |
|---|---|---|
| `a6.dropout` | `dropout_forward(x, p_drop, rng, train)`: `y, mask`; `dropout_backward(dy, mask, p_drop)`: `dx` | 4 |
| `a6.relu_backward` | `relu_backward(dy, y)`: `dx` | 2 |

`a6_dropout.py`의 `BEGIN YOUR CODE`와 `END YOUR CODE` 사이에 작성합니다. `relu_forward`는 이미 들어 있습니다.
NumPy만 있으면 됩니다.

## 드롭아웃

`p_drop`은 숫자를 **버릴** 확률이며 0 이상 1 미만입니다. 학습할 때(`train`이 True)는 다음과 같습니다.

    mask = 남긴 자리는 True, 버린 자리는 False. x와 같은 형상의 불리언 배열
    y    = mask가 True인 자리는 x / (1 - p_drop), 나머지는 0

왜 나눌까요? `p_drop`이 0.75이면 넷 중 하나만 남습니다. 남은 숫자를 네 배로 키우면 합이 평균적으로 전과 같습니다.
그래서 테스트할 때는 할 일이 없고 `y`는 `x`와 같습니다. (논문은 반대로 합니다. 학습할 때 나누지 않고 테스트할 때
`1 - p_drop`을 곱합니다. 두 방식을 섞지 마십시오.)

테스트할 때(`train`이 False)는 아무것도 버리지 않고 난수도 뽑지 않습니다. `y`는 `x`와 같고 `mask`는 모두 True입니다.

**난수.** `rng.random(x.shape)`로 한 번만 뽑습니다. `x`의 숫자마다 0 이상 1 미만의 난수가 하나씩 나옵니다.
난수가 `p_drop` **이상**인 자리의 숫자를 남깁니다. `np.random`이 아니라 주어진 생성기 `rng`를 사용하십시오. 그래야
다른 사람이 같은 실행을 되풀이할 수 있습니다. 배치의 이미지마다 자기 mask가 있습니다.

**역전파.** 순전파에서 뽑은 mask만 있으면 됩니다. 역전파는 난수를 뽑지 않습니다. `y`가 `x / (1 - p_drop)` 또는
0이었으므로, 같은 자리에서 `dx`는 `dy / (1 - p_drop)` 또는 0입니다. 역전파는 학습할 때에만 부릅니다.

## ReLU

    y = max(x, 0)            x > 0인 자리는 dx = dy, 나머지는 0. 정확히 x = 0일 때도 0

`relu_backward`는 *출력* `y`를 받습니다. 이것으로 충분합니다. `x > 0`인 자리와 `y > 0`인 자리는 똑같기 때문입니다.

모든 함수는 (N, D)나 (N, C, H, W)처럼 어떤 형상의 배열에도 쓸 수 있어야 합니다. 숫자는 float64이며 인수를 바꾸면
안 됩니다.

## 손으로 계산하기

연필로 따라갈 수 있도록 어떤 숫자가 나오는지 아는 생성기를 씁니다.

    >>> class Known:
    ...     def random(self, shape):
    ...         return np.array([[0.1, 0.9, 0.5], [0.75, 0.3, 0.8]])
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, -5.0, -6.0]])
    >>> y, mask = dropout_forward(x, 0.75, Known(), True)
    >>> mask.tolist()
    [[False, True, False], [True, False, True]]
    >>> y.tolist()
    [[0.0, 8.0, 0.0], [16.0, 0.0, -24.0]]

0.75는 0.75 이상이므로 4는 남습니다. 여섯 개 중 세 개가 남고 0.25로 나누어집니다. 역전파도 같은 mask를 씁니다.

    >>> dy = np.array([[1.0, 1.0, 1.0], [0.5, 2.0, -1.0]])
    >>> dropout_backward(dy, mask, 0.75).tolist()
    [[0.0, 4.0, 0.0], [2.0, 0.0, -4.0]]

ReLU의 출력이 3, 0, 2, 0이었다면 기울기는 부호와 관계없이 첫째와 셋째 자리로만 지나갑니다.

    >>> relu_backward(np.array([1.0, 2.0, -3.0, -4.0]), np.array([3.0, 0.0, 2.0, 0.0])).tolist()
    [1.0, 0.0, -3.0, 0.0]

## 확인하기

`npnet course check a6`은 공개 테스트를 실행합니다. `p_drop`이 0.5와 0.75일 때 학습 중의 값, `rng`에서 `x`의 형상으로
한 번 뽑았는지, 테스트할 때 값이 그대로인지, 양수와 음수 기울기가 섞인 작은 배열에서 두 역전파 함수가 맞는지, 인수가
그대로인지를 봅니다. 비공개 테스트는 다른 형상과 다른 `p_drop`, `p_drop` = 0, 이미지마다 mask가 따로 있는지를 봅니다.

막히면 `npnet course hint a6.dropout`을 실행하십시오. 가벼운 힌트에서 의사 코드까지 세 단계로 알려 줍니다.
"""
# END HANDOUT
# TEXT(en)
"""A6: dropout forward and backward, and the backward pass of ReLU. The handout has the conventions."""
# TEXT(ko)
"""A6: 드롭아웃의 순전파와 역전파, ReLU의 역전파. 약속은 과제 안내문에 있습니다."""
# END TEXT
import numpy as np


def relu_forward(x):
    # TEXT(en)
    """y = max(x, 0). Any shape. Given."""
    # TEXT(ko)
    """y = max(x, 0). 어떤 형상이든 됩니다. 주어진 함수입니다."""
    # END TEXT
    return np.maximum(x, 0)


def dropout_forward(x, p_drop, rng, train):
    # TEXT(en)
    """y and mask, both of the shape of x; mask is boolean, True where a number is kept.

    In training: one draw, rng.random(x.shape); kept where it is at least p_drop, and divided by 1 - p_drop.
    At test: y equals x, nothing is drawn, mask is True everywhere.
    """
    # TEXT(ko)
    """y와 mask. 둘 다 x와 같은 형상이며 mask는 남긴 자리가 True인 불리언 배열입니다.

    학습할 때: rng.random(x.shape)로 한 번 뽑고, p_drop 이상인 자리를 남겨 1 - p_drop으로 나눕니다.
    테스트할 때: y는 x와 같고, 난수를 뽑지 않으며, mask는 모두 True입니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a6.dropout, points=4)
    if train:
        mask = rng.random(x.shape) >= p_drop
        y = np.where(mask, x / (1 - p_drop), 0)
    else:
        mask = np.ones(x.shape, dtype=bool)
        y = x.copy()
    # END SOLUTION(a6.dropout)
    return y, mask


def dropout_backward(dy, mask, p_drop):
    # TEXT(en)
    """The gradient dx in training: it passes where the number passed, divided alike. All of one shape."""
    # TEXT(ko)
    """학습할 때의 기울기 dx: 숫자가 지나간 자리로만 지나가며 똑같이 나누어집니다. 형상은 모두 같습니다."""
    # END TEXT
    # BEGIN SOLUTION(a6.dropout)
    dx = np.where(mask, dy / (1 - p_drop), 0)
    # END SOLUTION(a6.dropout)
    return dx


def relu_backward(dy, y):
    # TEXT(en)
    """The gradient dx of ReLU: dy where the output y was positive, 0 elsewhere. All of one shape."""
    # TEXT(ko)
    """ReLU의 기울기 dx: 출력 y가 양수였던 자리는 dy, 나머지는 0. 형상은 모두 같습니다."""
    # END TEXT
    # BEGIN SOLUTION(a6.relu_backward, points=2)
    dx = np.where(y > 0, dy, 0)
    # END SOLUTION(a6.relu_backward)
    return dx
