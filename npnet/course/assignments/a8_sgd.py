# HANDOUT(en)
"""# A8. SGD, momentum, weight decay

The gradients are there; now the parameters move. You write one step of stochastic gradient descent as AlexNet took it:
with a velocity that remembers past steps, and with weights that decay.

## What you write

| region | class | points |
|---|---|---|
| `a8.step` | `SGD(lr, momentum, weight_decay)` with `step(params, grads)` | 6 |

The region has two places: in `__init__` you make what the optimiser remembers, in `step` you use it.

## The rule

Section 5 of the paper, for a parameter w with gradient dw and velocity v:

    v <- momentum * v - weight_decay * lr * w - lr * dw
    w <- w + v

* v is 0 before the first step. It carries the minus sign and the learning rate: w moves *by* v.
* The w in the first line is the w before this step.
* `lr` may change between two steps: the training loop writes `optimizer.lr = 0.01`. Read `self.lr` anew in every step.
  What v holds already stays as it is. (PyTorch keeps lr outside of v. That is the same as long as lr does not change.)
* Biases do not decay: for a parameter whose name ends in `.b` the term with weight_decay is left out. Momentum holds
  for biases, too.
* momentum or weight_decay can be 0. The rule is the same.

## What params and grads are

Two dictionaries, name -> array: `{"conv1.w": ..., "conv1.b": ..., "fc8.w": ...}`. `grads` has the same names, perhaps
in another order. Several parameters may have the same shape. Every parameter has a velocity of its own, and so has
every optimiser: two networks are often trained side by side.

`step` changes the arrays **in place**, because the network's layers hold the same arrays: after `w = w + v` the name w
means a new array, and the network still has the old one. The gradients are not changed. `step` returns nothing.

## By hand

One weight, w = 1, gradient 0.5 at every step, lr = 0.1, momentum = 0.9, weight_decay = 0.01:

    step 1   v = 0.9 * 0       - 0.01 * 0.1 * 1     - 0.1 * 0.5 = -0.051       w = 0.949
    step 2   v = 0.9 * -0.051  - 0.01 * 0.1 * 0.949 - 0.1 * 0.5 = -0.096849    w = 0.852151
    step 3   v = 0.9 * -0.096849 - 0.01 * 0.1 * 0.852151 - 0.05 = -0.138016    w = 0.714135

The same for a bias, which does not decay: 0.95, 0.855, 0.7195.

And with a drop of lr after the second step, from 0.1 to 0.01: v = 0.9 * -0.096849 - 0.01 * 0.01 * 0.852151
- 0.01 * 0.5 = -0.092249, so the weight goes to 0.759902. The old, longer steps live on in v.

## How to check

    npnet course check a8
    npnet course check a8 --watch           again, whenever you save the file
    npnet course hint a8.step               three hints: a nudge, the formula, the steps
    npnet course show a8.step               your steps beside the right ones

## What is tested

In public (60 % of the points): the three steps above; several weights and biases at once; an lr that changes; arrays
changed in place and gradients left alone; two optimisers side by side. Hidden (40 %): the same with other numbers, and
momentum 0.
"""
# HANDOUT(ko)
"""# A8. SGD, 모멘텀, 가중치 감소

기울기를 구했으니 이제 매개변수를 움직입니다. AlexNet이 쓴 확률적 경사 하강법(SGD)의 한 단계를 작성합니다. 지난 걸음을
기억하는 속도(velocity)와 가중치 감소(weight decay)가 있습니다.

## 작성할 것

| 구역 | 클래스 | 점수 |
|---|---|---|
| `a8.step` | `SGD(lr, momentum, weight_decay)`와 그 `step(params, grads)` | 6 |

구역은 두 곳에 나뉘어 있습니다. `__init__`에서 옵티마이저가 기억할 것을 만들고, `step`에서 그것을 씁니다.

## 규칙

논문 5절의 식입니다. 매개변수 w, 기울기 dw, 속도 v에 대해

    v <- momentum * v - weight_decay * lr * w - lr * dw
    w <- w + v

* 첫 단계 전의 v는 0입니다. 빼기 부호와 학습률은 v 안에 들어 있습니다. w는 v*만큼* 움직입니다.
* 첫 줄의 w는 이번 단계 전의 w입니다.
* `lr`은 단계 사이에 바뀔 수 있습니다. 학습 루프가 `optimizer.lr = 0.01`이라고 씁니다. 단계마다 `self.lr`을 새로
  읽으십시오. v에 이미 들어 있는 값은 그대로 둡니다. (PyTorch는 lr을 v 밖에 둡니다. lr이 바뀌지 않는 동안에는 같습니다.)
* 편향에는 가중치 감소가 없습니다. 이름이 `.b`로 끝나는 매개변수에서는 weight_decay 항을 뺍니다. 모멘텀은 편향에도
  적용합니다.
* momentum이나 weight_decay가 0일 수 있습니다. 규칙은 같습니다.

## params와 grads

둘 다 이름 -> 배열 사전입니다. `{"conv1.w": ..., "conv1.b": ..., "fc8.w": ...}`. `grads`의 이름은 같지만 순서는 다를 수
있습니다. 형상이 같은 매개변수가 여럿 있을 수 있습니다. 속도는 매개변수마다 따로 있고, 옵티마이저마다 따로 있습니다. 두
신경망을 나란히 학습시키는 일은 흔합니다.

`step`은 배열을 **제자리에서** 바꿉니다. 신경망의 층이 같은 배열을 들고 있기 때문입니다. `w = w + v`라고 쓰면 이름 w는
새 배열을 가리키고, 신경망에는 옛 배열이 남습니다. 기울기는 바꾸지 않습니다. `step`은 아무것도 반환하지 않습니다.

## 손으로 계산하기

가중치 하나, w = 1, 단계마다 기울기 0.5, lr = 0.1, momentum = 0.9, weight_decay = 0.01:

    1단계   v = 0.9 * 0       - 0.01 * 0.1 * 1     - 0.1 * 0.5 = -0.051       w = 0.949
    2단계   v = 0.9 * -0.051  - 0.01 * 0.1 * 0.949 - 0.1 * 0.5 = -0.096849    w = 0.852151
    3단계   v = 0.9 * -0.096849 - 0.01 * 0.1 * 0.852151 - 0.05 = -0.138016    w = 0.714135

감소가 없는 편향이라면 0.95, 0.855, 0.7195입니다.

2단계 뒤에 lr을 0.1에서 0.01로 낮추면 v = 0.9 * -0.096849 - 0.01 * 0.01 * 0.852151 - 0.01 * 0.5 = -0.092249이므로
가중치는 0.759902가 됩니다. 예전의 긴 걸음이 v에 남아 있습니다.

## 확인하는 방법

    npnet course check a8
    npnet course check a8 --watch           파일을 저장할 때마다 다시
    npnet course hint a8.step               힌트 세 단계: 실마리, 식, 순서
    npnet course show a8.step               내 단계와 올바른 단계를 나란히

## 무엇을 검사합니까

공개 검사(점수의 60 %): 위의 세 단계, 여러 가중치와 편향을 한꺼번에, 도중에 바뀌는 lr, 제자리에서 바뀐 배열과 그대로인
기울기, 나란히 쓰는 두 옵티마이저. 비공개 검사(40 %): 다른 숫자로 같은 검사, 그리고 momentum 0.
"""
# END HANDOUT
# TEXT(en)
"""A8. The update: stochastic gradient descent with momentum and weight decay, as in section 5 of the paper."""
# TEXT(ko)
"""A8. 갱신: 모멘텀과 가중치 감소를 쓰는 확률적 경사 하강법(SGD). 논문 5절의 식입니다."""
# END TEXT
import numpy as np


class SGD:
    # TEXT(en)
    """Moves parameters along their velocities.

    lr, momentum, weight_decay: numbers. lr may be changed from outside between two steps.
    """
    # TEXT(ko)
    """매개변수를 속도만큼 움직입니다.

    lr, momentum, weight_decay: 숫자. lr은 단계 사이에 밖에서 바꿀 수 있습니다.
    """
    # END TEXT

    def __init__(self, lr, momentum, weight_decay):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        # BEGIN SOLUTION(a8.step, points=6)
        self.velocity = {}                                      # {name: array}
        # END SOLUTION(a8.step)

    def step(self, params, grads):
        # TEXT(en)
        """One step: params {name: array} are changed in place, grads {name: array} are only read.

        v <- momentum * v - weight_decay * lr * w - lr * dw, then w <- w + v; no decay for names that end in ".b".
        """
        # TEXT(ko)
        """한 단계입니다. params {이름: 배열}는 제자리에서 바꾸고, grads {이름: 배열}는 읽기만 합니다.

        v <- momentum * v - weight_decay * lr * w - lr * dw, 그다음 w <- w + v. 이름이 ".b"로 끝나면 감소가 없습니다.
        """
        # END TEXT
        # BEGIN SOLUTION(a8.step)
        for name, w in params.items():
            dw = grads[name]
            if name not in self.velocity:
                self.velocity[name] = np.zeros_like(w)
            v = self.velocity[name]
            decay = 0.0 if name.endswith(".b") else self.weight_decay
            v *= self.momentum
            v -= decay * self.lr * w + self.lr * dw
            w += v
        # END SOLUTION(a8.step)
