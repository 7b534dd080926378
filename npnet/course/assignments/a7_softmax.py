# HANDOUT(en)
"""# A7. Stable softmax and cross-entropy

The last layer of a network gives one number per class, the *logits*. Softmax makes probabilities of them, and
cross-entropy says with one number, the *loss*, how little probability the right class got. You write the loss and its
gradient so that they also work for logits of 1000, where `exp` alone overflows.

## What you write

| region | function | points |
|---|---|---|
| `a7.loss` | `cross_entropy_loss(logits, labels)` gives one number | 4 |
| `a7.grad` | `cross_entropy_gradient(logits, labels)` gives `dlogits`, of the shape of `logits` | 4 |

Write in `a7_softmax.py`, between the lines `BEGIN YOUR CODE` and `END YOUR CODE`. Only NumPy is needed.
The two functions do not call each other.

## The loss

`logits` is (N, M): N images, M classes. `labels` is (N,): for every image the number of its class, 0 to M - 1.
Row n belongs to image n, and no row looks at another one:

    p[n, m] = exp(logits[n, m]) / sum over j of exp(logits[n, j])
    loss    = mean over the N images of  -log p[n, labels[n]]

The logarithm is the natural one. The mean over the batch is taken here, once; no layer divides by N again.

**Large numbers.** In float64, `exp(710)` is already infinite, and infinite / infinite is NaN. Adding the same number to
all logits of a row does not change `p` (try it: it cancels). So subtract from every row its *own* largest logit first.
Then no `exp` is above 1, and the sum is at least 1. The row's largest logit then cancels by itself: both `logits[n, m]`
and the logarithm of the sum are counted from it,

    log p[n, m] = (logits[n, m] - largest[n]) - log(sum over j of exp(logits[n, j] - largest[n]))

Take the logarithm of the sum, as in this line, and not the logarithm of `p`: where `p` is rounded to 0, `log(p)` is
infinite. A small number such as `1e-7` inside the logarithm hides that and makes every loss a little wrong; it is not
needed.

With all logits 0, every class has probability 1/M, so the loss is `log(M)`. Every training should begin near there.

## The gradient

`dlogits[n, m]` says how the loss changes with `logits[n, m]`. The derivative of the logarithm and that of softmax
cancel to something short:

    dlogits[n, m] = (p[n, m] - 1) / N        where m is the label of image n
    dlogits[n, m] =  p[n, m]      / N        elsewhere

Every row adds up to 0: pushing all logits of a row up together changes nothing. Several images may have the same label.
The formula for `p` must be as careful with large logits as that of the loss.

Everything is float64, and the arguments must stay as they are. The result may differ from ours by rounding (1e-9 of
its size), so any order of the sums is fine.

## By hand

    >>> logits = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    >>> labels = np.array([0, 2])

Row 0: exp gives 7.389, 2.718, 1, together 11.107; so p is 0.665, 0.245, 0.090. Row 1: 1/3 each. The loss is the mean of
-log(0.665) = 0.408 and -log(1/3) = 1.099:

    >>> print(f"{cross_entropy_loss(logits, labels):.4f}")
    0.7531
    >>> cross_entropy_gradient(logits, labels).round(3).tolist()
    [[-0.167, 0.122, 0.045], [0.167, 0.167, -0.333]]

(0.665 - 1)/2 is -0.167, and 0.245/2 is 0.122. Large logits make no difference:

    >>> print(f"{cross_entropy_loss(logits + 1000, labels):.4f}")
    0.7531
    >>> print(cross_entropy_loss(np.array([[1000.0, -1000.0]]), np.array([1])))
    2000.0

## Check

`npnet course check a7` runs the public tests: the loss and the gradient of small logits, with N and M different and
labels that occur twice; logits of plus and minus 1000, in one row and in different rows; loss log(M) for equal logits.
The hidden tests ask the same for your own numbers and shapes, whether a number added to a row changes nothing, whether
the rows of the gradient add up to 0, and whether the arguments stay as they were.

Stuck? `npnet course hint a7.loss` goes in three steps from a nudge to pseudo-code.
"""
# HANDOUT(ko)
"""# A7. 안정적인 소프트맥스와 교차 엔트로피

신경망의 마지막 층은 클래스마다 숫자 하나를 내놓습니다. 이것이 *로짓*(logits)입니다. 소프트맥스(softmax)는 로짓을 확률로
바꾸고, 교차 엔트로피(cross-entropy)는 정답 클래스의 확률이 얼마나 낮은지를 숫자 하나, 곧 *손실*(loss)로 말해 줍니다.
`exp`만 쓰면 오버플로가 나는 1000 같은 로짓에서도 제대로 동작하도록 손실과 그 기울기를 작성합니다.

## 작성할 것

| 구역 | 함수 | 점수 |
|---|---|---|
| `a7.loss` | `cross_entropy_loss(logits, labels)`는 숫자 하나를 반환합니다 | 4 |
| `a7.grad` | `cross_entropy_gradient(logits, labels)`는 `logits`와 같은 형상의 `dlogits`를 반환합니다 | 4 |

`a7_softmax.py`의 `BEGIN YOUR CODE`와 `END YOUR CODE` 사이에 작성합니다. NumPy만 있으면 됩니다.
두 함수는 서로를 부르지 않습니다.

## 손실

`logits`는 (N, M)입니다. 이미지가 N개, 클래스가 M개입니다. `labels`는 (N,)이고 이미지마다 클래스 번호 0 ~ M - 1이 들어
있습니다. n번째 행은 n번째 이미지의 것이며, 어떤 행도 다른 행을 보지 않습니다.

    p[n, m] = exp(logits[n, m]) / (모든 j에 대한 exp(logits[n, j])의 합)
    loss    = -log p[n, labels[n]]를 N개의 이미지에 대해 평균한 값

로그는 자연로그입니다. 배치에 대한 평균은 여기에서 한 번만 냅니다. 다른 층은 N으로 다시 나누지 않습니다.

**큰 숫자.** float64에서 `exp(710)`은 이미 무한대이고, 무한대 / 무한대는 NaN입니다. 한 행의 모든 로짓에 같은 수를 더해도
`p`는 바뀌지 않습니다(직접 해 보십시오. 약분됩니다). 그러므로 먼저 각 행에서 *그 행의* 가장 큰 로짓을 뺍니다. 그러면
`exp`는 1을 넘지 않고 합은 1 이상입니다. 뺀 값은 저절로 사라집니다. `logits[n, m]`도, 합의 로그도 똑같이 그 값을 기준으로
재기 때문입니다.

    log p[n, m] = (logits[n, m] - largest[n]) - log(모든 j에 대한 exp(logits[n, j] - largest[n])의 합)

`p`의 로그가 아니라 이 식처럼 합의 로그를 구하십시오. `p`가 0으로 반올림되면 `log(p)`는 무한대가 됩니다. 로그 안에 `1e-7`
같은 작은 수를 더하면 이 문제가 가려지고 모든 손실이 조금씩 틀립니다. 그런 수는 필요하지 않습니다.

모든 로짓이 0이면 모든 클래스의 확률이 1/M이므로 손실은 `log(M)`입니다. 학습은 언제나 이 값 근처에서 시작해야 합니다.

## 기울기

`dlogits[n, m]`은 `logits[n, m]`이 변할 때 손실이 얼마나 변하는지를 말합니다. 로그의 미분과 소프트맥스의 미분이 약분되어
식이 짧아집니다.

    dlogits[n, m] = (p[n, m] - 1) / N        m이 n번째 이미지의 레이블일 때
    dlogits[n, m] =  p[n, m]      / N        그 밖의 경우

각 행의 합은 0입니다. 한 행의 로짓을 모두 함께 올려도 손실이 변하지 않기 때문입니다. 여러 이미지의 레이블이 같을 수
있습니다. `p`를 구할 때는 손실에서처럼 큰 로짓에 주의해야 합니다.

숫자는 모두 float64이며 인수를 바꾸면 안 됩니다. 결과는 반올림 오차(크기의 1e-9)만큼 달라도 되므로 더하는 순서는
자유입니다.

## 손으로 계산하기

    >>> logits = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    >>> labels = np.array([0, 2])

0행: exp는 7.389, 2.718, 1이고 합은 11.107이므로 p는 0.665, 0.245, 0.090입니다. 1행: 모두 1/3입니다. 손실은
-log(0.665) = 0.408과 -log(1/3) = 1.099의 평균입니다.

    >>> print(f"{cross_entropy_loss(logits, labels):.4f}")
    0.7531
    >>> cross_entropy_gradient(logits, labels).round(3).tolist()
    [[-0.167, 0.122, 0.045], [0.167, 0.167, -0.333]]

(0.665 - 1)/2는 -0.167이고 0.245/2는 0.122입니다. 로짓이 커도 달라지지 않습니다.

    >>> print(f"{cross_entropy_loss(logits + 1000, labels):.4f}")
    0.7531
    >>> print(cross_entropy_loss(np.array([[1000.0, -1000.0]]), np.array([1])))
    2000.0

## 확인하기

`npnet course check a7`은 공개 테스트를 실행합니다. N과 M이 다르고 같은 레이블이 두 번 나오는 작은 로짓의 손실과 기울기,
한 행 안에서 또는 서로 다른 행에서 ±1000인 로짓, 로짓이 모두 같을 때의 손실 log(M)을 봅니다.
비공개 테스트는 여러분만의 숫자와 형상으로 같은 것을 보고, 한 행에 같은 수를 더해도 변하지 않는지, 기울기의 각 행의 합이
0인지, 인수가 그대로인지를 봅니다.

막히면 `npnet course hint a7.loss`를 실행하십시오. 가벼운 힌트에서 의사 코드까지 세 단계로 알려 줍니다.
"""
# END HANDOUT
# TEXT(en)
"""A7: softmax with cross-entropy, the loss and its gradient. The handout has the formulas."""
# TEXT(ko)
"""A7: 소프트맥스와 교차 엔트로피의 손실과 기울기. 식은 과제 안내문에 있습니다."""
# END TEXT
import numpy as np


def cross_entropy_loss(logits, labels):
    # TEXT(en)
    """The mean over the images of -log p[label], one number. logits (N, M), labels (N,) from 0 to M - 1.

    p is the softmax of every row. Logits may be as large as 1000, of either sign.
    """
    # TEXT(ko)
    """-log p[레이블]을 이미지에 대해 평균한 숫자 하나. logits (N, M), labels (N,)은 0 ~ M - 1입니다.

    p는 행마다 구한 소프트맥스입니다. 로짓은 ±1000처럼 클 수 있습니다.
    """
    # END TEXT
    N, M = logits.shape
    # BEGIN SOLUTION(a7.loss, points=4)
    largest = logits.max(axis=1, keepdims=True)         # (N, 1): of every row its own
    shifted = logits - largest
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    log_p = shifted - np.log(total)                     # (N, M)
    loss = -log_p[np.arange(N), labels].mean()
    # END SOLUTION(a7.loss)
    return loss


def cross_entropy_gradient(logits, labels):
    # TEXT(en)
    """The gradient of cross_entropy_loss with respect to the logits: dlogits (N, M)."""
    # TEXT(ko)
    """로짓에 대한 cross_entropy_loss의 기울기: dlogits (N, M)."""
    # END TEXT
    N, M = logits.shape
    # BEGIN SOLUTION(a7.grad, points=4)
    largest = logits.max(axis=1, keepdims=True)
    exps = np.exp(logits - largest)
    p = exps / exps.sum(axis=1, keepdims=True)          # (N, M), every row sums to 1
    dlogits = p.copy()
    dlogits[np.arange(N), labels] -= 1
    dlogits = dlogits / N
    # END SOLUTION(a7.grad)
    return dlogits
