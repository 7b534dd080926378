# HANDOUT(en)
"""# B1. Find the bug

Twenty layers are wrong. Each has a bug that a well-known library or course really shipped, some of
them for years: their tests used square images, or windows that do not overlap, or compared an input
with itself. You write better tests. Six bonus points: 0.3 for every wrong layer that you catch.

## What you write

In `b1_find_the_bug.py`, one test for every operation. A test is a function that is given a layer. It
raises `AssertionError` if the layer is wrong, and returns in peace if the layer is right.

| region | tests | points |
|---|---|---|
| `b1.columns` | `test_im2col`, `test_col2im`, `test_conv2d_backward` | 1.5 |
| `b1.pool` | `test_max_pool_forward`, `test_max_pool_backward` | 1.5 |
| `b1.lrn` | `test_lrn_forward`, `test_lrn_backward` | 1.5 |
| `b1.training` | `test_dropout`, `test_relu_backward`, `test_cross_entropy`, `test_sgd` | 1.5 |

Your test is called with several right layers and with one wrong layer at a time. **A test that
accuses a right layer earns nothing**, whatever it catches. The right layers are written in different
styles: loops, slices, matrix products. So compare with what the layer must do, and not with how you
would do it: with exact equality only where the numbers are exact (whole numbers and quarters in sums
and products), else to about 1e-9. An error other than an assertion counts as caught, if the wrong layer leads to it.

A region is looked at when none of its tests holds the line `raise NotImplementedError(...)` any
more. If you leave a test for later, write `pass` into it.

## The layers

Names, arguments and conventions are those of the assignments, and results have the dtype of their
input, float64 or float32.

| layer | returns | assignment |
|---|---|---|
| `im2col(x, R, S, stride, pad)` | columns (N, C, R, S, P, Q) | A2 |
| `col2im(cols, H, W, stride, pad)` | x (N, C, H, W) | A3 |
| `conv2d_backward(dy, x, w, stride, pad, groups)` | dx, dw, db | A3 |
| `max_pool_forward(x, R, S, stride, pad, ceil_mode)` | y, argmax: place r*S + s, of equals the first | A4 |
| `max_pool_backward(dy, x, argmax, R, S, stride, pad)` | dx | A4 |
| `lrn_forward(x, n, k, alpha, beta)` | y, scale = k + alpha * sum | A5 |
| `lrn_backward(dy, x, scale, n, alpha, beta)` | dx | A5 |
| `dropout_forward(x, p_drop, rng, train)` | y, mask (True: kept); `rng.random(x.shape)` is drawn once | A6 |
| `dropout_backward(dy, mask, p_drop)` | dx | A6 |
| `relu_backward(dy, y)` | dx | A6 |
| `cross_entropy_loss(logits, labels)` | loss, the mean over the images | A7 |
| `cross_entropy_gradient(logits, labels)` | dlogits | A7 |
| `SGD(lr, momentum, weight_decay)` | an object with `step(params, grads)`, which changes params | A8 |

`test_dropout` and `test_cross_entropy` are given two layers that belong together.

## How to test a layer

There is no right layer at hand to compare with. There are three other ways.

1. **An example worked out by hand**, like those of the handouts. Choose numbers from which the
   answer can be read: powers of ten show which windows a gradient came from.
2. **A property.** im2col only copies, so <im2col(x), c> = <x, col2im(c)> for all x and c. Gradients
   agree with differences: (f(x + h) - f(x - h)) / 2h, as in `npnet gradcheck`.
3. **Your own function** of an earlier assignment, copied into the file as a helper.

What a test does not try, it cannot catch. Ask of every layer: are all sizes different? Do windows
overlap, and do they leave pixels over? Is `pad` 0, and is it not? Are there equal maxima, and only
negative numbers? More channels than images, and a window of more channels than there are? float32 as
well? Numbers of very different size, very sure and very wrong predictions? Is the argument as it was
afterwards? Does it hold for p other than 0.5, for momentum 0, for a second call?

An example, for a function that is not asked for:

    def test_relu_forward(relu_forward):
        x = np.array([[-1.0, 0.0, 2.5]])
        y = relu_forward(x)
        assert np.array_equal(y, [[0, 0, 2.5]])
        assert np.array_equal(x, [[-1.0, 0.0, 2.5]])      # x is as it was

## How to check

    npnet course check b1                   all tests
    npnet course check b1.pool              those of one region
    npnet course hint b1.pool               a hint; three levels

The check names the wrong layers that got away, of the twelve public ones. Eight more are hidden. Nothing else is
imported than NumPy, and a test should be done within a second.
"""
# HANDOUT(ko)
"""# B1. 버그를 찾아라

층 스무 개가 틀렸습니다. 모두 잘 알려진 라이브러리나 강의가 실제로 배포했던 버그입니다. 몇 년 동안 남아 있던 것도 있습니다.
그쪽 테스트가 정사각형 이미지만 썼거나, 겹치지 않는 윈도만 썼거나, 입력을 자기 자신과 비교했기 때문입니다. 여러분이 더 나은
테스트를 작성합니다. 보너스 6점이며, 잡아낸 틀린 층 하나에 0.3점입니다.

## 작성할 것

`b1_find_the_bug.py`에 연산마다 테스트 하나를 작성합니다. 테스트는 층을 받는 함수입니다. 층이 틀렸으면 `AssertionError`를 내고,
맞으면 조용히 끝납니다.

| 구역 | 테스트 | 점수 |
|---|---|---|
| `b1.columns` | `test_im2col`, `test_col2im`, `test_conv2d_backward` | 1.5 |
| `b1.pool` | `test_max_pool_forward`, `test_max_pool_backward` | 1.5 |
| `b1.lrn` | `test_lrn_forward`, `test_lrn_backward` | 1.5 |
| `b1.training` | `test_dropout`, `test_relu_backward`, `test_cross_entropy`, `test_sgd` | 1.5 |

테스트는 맞는 층 여러 개와 틀린 층 하나로 불립니다. **맞는 층을 틀렸다고 한 테스트는** 무엇을 잡아내든 **점수가 없습니다**.
맞는 층은 반복문, 슬라이스, 행렬 곱 등 여러 방식으로 작성되어 있습니다. 그러므로 내가 작성하는 방식이 아니라 층이 해야 하는 일과
비교합니다. 수가 정확한 곳(정수와 1/4 배수의 합과 곱)에서만 똑같은지 보고, 다른 곳에서는 1e-9 정도까지 비교합니다. 틀린 층 때문에
AssertionError가 아닌 오류가 나도 잡아낸 것으로 봅니다.

구역은 그 안의 테스트에 `raise NotImplementedError(...)` 줄이 하나도 남아 있지 않을 때 검사합니다. 나중에 쓸 테스트에는 `pass`를
적어 둡니다.

## 층

이름과 인자, 약속은 앞의 과제와 같습니다. 결과의 dtype은 입력의 dtype(float64 또는 float32)과 같습니다.

| 층 | 돌려주는 것 | 과제 |
|---|---|---|
| `im2col(x, R, S, stride, pad)` | columns (N, C, R, S, P, Q) | A2 |
| `col2im(cols, H, W, stride, pad)` | x (N, C, H, W) | A3 |
| `conv2d_backward(dy, x, w, stride, pad, groups)` | dx, dw, db | A3 |
| `max_pool_forward(x, R, S, stride, pad, ceil_mode)` | y, argmax: 자리 r*S + s, 동점이면 처음 것 | A4 |
| `max_pool_backward(dy, x, argmax, R, S, stride, pad)` | dx | A4 |
| `lrn_forward(x, n, k, alpha, beta)` | y, scale = k + alpha * sum | A5 |
| `lrn_backward(dy, x, scale, n, alpha, beta)` | dx | A5 |
| `dropout_forward(x, p_drop, rng, train)` | y, mask(True이면 남김). `rng.random(x.shape)`를 한 번 뽑습니다 | A6 |
| `dropout_backward(dy, mask, p_drop)` | dx | A6 |
| `relu_backward(dy, y)` | dx | A6 |
| `cross_entropy_loss(logits, labels)` | loss, 이미지에 대한 평균 | A7 |
| `cross_entropy_gradient(logits, labels)` | dlogits | A7 |
| `SGD(lr, momentum, weight_decay)` | `step(params, grads)`가 있는 객체. params를 바꿉니다 | A8 |

`test_dropout`과 `test_cross_entropy`는 서로 짝이 되는 층 두 개를 받습니다.

## 층을 테스트하는 방법

비교할 맞는 층은 없습니다. 다른 방법이 세 가지 있습니다.

1. **손으로 계산한 예.** 안내문의 예와 같은 것입니다. 답을 읽을 수 있는 수를 고릅니다. 10의 거듭제곱을 쓰면 기울기가 어느
   윈도에서 왔는지 보입니다.
2. **성질.** im2col은 복사만 하므로 모든 x와 c에 대해 <im2col(x), c> = <x, col2im(c)>입니다. 기울기는 차분
   (f(x + h) - f(x - h)) / 2h와 맞습니다. `npnet gradcheck`가 하는 일입니다.
3. **내 함수.** 앞 과제에서 작성한 함수를 파일에 도우미로 복사해 씁니다.

테스트가 해 보지 않은 것은 잡을 수 없습니다. 층마다 물어봅니다. 크기가 모두 다릅니까? 윈도가 겹치고, 남는 픽셀이 있습니까?
`pad`가 0인 경우와 아닌 경우가 있습니까? 최댓값이 같은 것이 있고, 음수뿐인 이미지가 있습니까? 이미지보다 채널이 많고, 채널 수보다
넓은 윈도가 있습니까? float32도 있습니까? 크기가 매우 다른 수, 매우 확신하면서 매우 틀린 예측이 있습니까? 끝난 뒤에도 인자가
그대로입니까? p가 0.5가 아닐 때, 모멘텀이 0일 때, 두 번째로 불렀을 때에도 성립합니까?

문제에 없는 함수로 보인 예입니다.

    def test_relu_forward(relu_forward):
        x = np.array([[-1.0, 0.0, 2.5]])
        y = relu_forward(x)
        assert np.array_equal(y, [[0, 0, 2.5]])
        assert np.array_equal(x, [[-1.0, 0.0, 2.5]])      # x가 그대로인지

## 검사하는 방법

    npnet course check b1                   모든 테스트
    npnet course check b1.pool              한 구역의 테스트
    npnet course hint b1.pool               힌트, 세 단계

검사는 공개된 틀린 층 열두 개 가운데 놓친 것을 알려 줍니다. 여덟 개는 비공개입니다. NumPy만 가져올 수 있고, 테스트 하나는 1초 안에
끝나야 합니다.
"""
# END HANDOUT
# TEXT(en)
"""B1. Find the bug: a test for every operation, which stops at a wrong layer and lets a right one pass."""
# TEXT(ko)
"""B1. 버그를 찾아라: 틀린 층에서는 멈추고 맞는 층은 통과시키는 테스트를 연산마다 작성합니다."""
# END TEXT
import numpy as np


def test_im2col(im2col):
    # TEXT(en)
    """AssertionError if im2col(x, R, S, stride, pad) is wrong."""
    # TEXT(ko)
    """im2col(x, R, S, stride, pad)이 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.columns, points=1.5)
    x = np.arange(2 * 3 * 6 * 8).reshape(2, 3, 6, 8).astype(np.float32) + 1
    columns = im2col(x, 3, 2, 2, 1)                         # (2, 3, 3, 2, 3, 5), a row left over
    frame = np.zeros((2, 3, 8, 10))
    frame[:, :, 1:7, 1:9] = x
    assert columns.shape == (2, 3, 3, 2, 3, 5)
    for p in range(3):
        for q in range(5):
            window = frame[:, :, 2 * p:2 * p + 3, 2 * q:2 * q + 2]
            assert np.array_equal(columns[..., p, q], window)
    assert columns.dtype == np.float32
    # END SOLUTION(b1.columns)


def test_col2im(col2im):
    # TEXT(en)
    """AssertionError if col2im(cols, H, W, stride, pad) is wrong."""
    # TEXT(ko)
    """col2im(cols, H, W, stride, pad)이 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.columns)
    counts = col2im(np.ones((1, 1, 3, 3, 2, 2)), 5, 5, 2, 0)[0, 0]
    assert np.array_equal(counts, np.outer([1, 1, 2, 1, 1], [1, 1, 2, 1, 1]))
    counts = col2im(np.ones((2, 1, 2, 3, 3, 2)), 4, 3, 2, 1)[1, 0]
    assert np.array_equal(counts, np.outer([1, 1, 1, 1], [1, 2, 1]))
    # END SOLUTION(b1.columns)


def test_conv2d_backward(conv2d_backward):
    # TEXT(en)
    """AssertionError if conv2d_backward(dy, x, w, stride, pad, groups) -> dx, dw, db is wrong."""
    # TEXT(ko)
    """conv2d_backward(dy, x, w, stride, pad, groups) -> dx, dw, db가 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.columns)
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    w = np.array([[1.0, 10], [100, 1000]]).reshape(1, 1, 2, 2)
    dx, dw, db = conv2d_backward(np.array([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2), x, w, 1, 0, 1)
    assert np.array_equal(dw[0, 0], [[1 + 4 + 12 + 20, 2 + 6 + 15 + 24], [4 + 10 + 21 + 32, 5 + 12 + 24 + 36]])
    assert np.array_equal(dx[0, 0], [[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]])
    assert np.array_equal(db, [10])
    # END SOLUTION(b1.columns)


def test_max_pool_forward(max_pool_forward):
    # TEXT(en)
    """AssertionError if max_pool_forward(x, R, S, stride, pad, ceil_mode) -> y, argmax is wrong."""
    # TEXT(ko)
    """max_pool_forward(x, R, S, stride, pad, ceil_mode) -> y, argmax가 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.pool, points=1.5)
    x = -np.arange(1.0, 26).reshape(1, 1, 5, 5)             # all negative, the largest at the top left
    y, argmax = max_pool_forward(x, 3, 3, 2, 0, False)
    assert np.array_equal(y[0, 0], [[-1, -3], [-11, -13]]) and np.array_equal(argmax[0, 0], [[0, 0], [0, 0]])
    y, argmax = max_pool_forward(x, 3, 3, 2, 1, False)
    assert np.array_equal(y[0, 0], [[-1, -2, -4], [-6, -7, -9], [-16, -17, -19]])
    assert np.array_equal(argmax[0, 0], [[4, 3, 3], [1, 0, 0], [1, 0, 0]])
    # END SOLUTION(b1.pool)


def test_max_pool_backward(max_pool_backward):
    # TEXT(en)
    """AssertionError if max_pool_backward(dy, x, argmax, R, S, stride, pad) is wrong."""
    # TEXT(ko)
    """max_pool_backward(dy, x, argmax, R, S, stride, pad)이 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.pool)
    dy = np.array([[1.0, 10], [100, 1000]]).reshape(1, 1, 2, 2)
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 9                                       # it wins all four windows
    dx = max_pool_backward(dy, x, np.array([[8, 6], [2, 0]], np.int32).reshape(1, 1, 2, 2), 3, 3, 2, 0)
    expected = np.zeros((5, 5))
    expected[2, 2] = 1111
    assert np.array_equal(dx[0, 0], expected)
    dx = max_pool_backward(dy, x * 0, np.zeros((1, 1, 2, 2), np.int32), 3, 3, 2, 0)     # ties: the first wins
    expected[2, 2] = 0
    expected[:4:2, :4:2] = [[1, 10], [100, 1000]]
    assert np.array_equal(dx[0, 0], expected)
    # END SOLUTION(b1.pool)


def test_lrn_forward(lrn_forward):
    # TEXT(en)
    """AssertionError if lrn_forward(x, n, k, alpha, beta) -> y, scale is wrong."""
    # TEXT(ko)
    """lrn_forward(x, n, k, alpha, beta) -> y, scale이 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.lrn, points=1.5)
    x = np.array([1.0, 2, 3, 2, 1]).reshape(1, 5, 1, 1)     # more channels than images
    y, scale = lrn_forward(x, 3, 2.0, 0.5, 0.75)
    assert np.allclose(scale.ravel(), [4.5, 9, 10.5, 9, 4.5], rtol=1e-9)
    assert np.allclose(y.ravel(), x.ravel() / scale.ravel() ** 0.75, rtol=1e-9)
    x = np.array([1e4, 1, 1, 1, 1, 1], np.float32).reshape(1, 6, 1, 1)      # one channel is much larger
    scale = lrn_forward(x, 3, 2.0, 1.0, 0.75)[1]
    assert np.allclose(scale.ravel()[2:], [5, 5, 5, 4], rtol=1e-3)
    # END SOLUTION(b1.lrn)


def test_lrn_backward(lrn_backward):
    # TEXT(en)
    """AssertionError if lrn_backward(dy, x, scale, n, alpha, beta) is wrong."""
    # TEXT(ko)
    """lrn_backward(dy, x, scale, n, alpha, beta)이 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.lrn)
    n, alpha, beta, h = 5, 0.7, 0.75, 1e-5
    x = np.array([1.0, -2, 3, 0.5, -1, 2, 1.5]).reshape(1, 7, 1, 1)
    dy = np.array([1.0, 0.5, -2, 1, 3, -1, 2]).reshape(1, 7, 1, 1)

    def forward(x):
        squares = np.array([(x[0, max(0, i - n // 2):i + n // 2 + 1] ** 2).sum() for i in range(7)])
        scale = (2 + alpha * squares).reshape(1, 7, 1, 1)
        return x * scale ** -beta, scale
    dx = lrn_backward(dy, x, forward(x)[1], n, alpha, beta)
    for i in range(7):
        step = np.zeros_like(x)
        step[0, i] = h
        slope = (dy * (forward(x + step)[0] - forward(x - step)[0])).sum() / (2 * h)
        assert abs(dx[0, i, 0, 0] - slope) < 1e-7
    # END SOLUTION(b1.lrn)


def test_dropout(dropout_forward, dropout_backward):
    # TEXT(en)
    """AssertionError if dropout_forward(x, p_drop, rng, train) -> y, mask or dropout_backward(dy, mask, p_drop) is
    wrong."""
    # TEXT(ko)
    """dropout_forward(x, p_drop, rng, train) -> y, mask나 dropout_backward(dy, mask, p_drop)이 틀렸으면 AssertionError를
    냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.training, points=1.5)
    x, p = np.full((40, 50), 3.0), 0.2
    y, mask = dropout_forward(x, p, np.random.default_rng(0), True)
    assert 0.1 < 1 - mask.mean() < 0.3                      # the share that is dropped
    assert np.allclose(y, np.where(mask, 3.0 / 0.8, 0))
    assert np.array_equal(dropout_forward(x, p, np.random.default_rng(0), False)[0], x)
    assert np.allclose(dropout_backward(x, mask, p), np.where(mask, 3.0 / 0.8, 0))
    # END SOLUTION(b1.training)


def test_relu_backward(relu_backward):
    # TEXT(en)
    """AssertionError if relu_backward(dy, y) is wrong."""
    # TEXT(ko)
    """relu_backward(dy, y)가 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.training)
    dy, y = np.array([5.0, 6, -7]), np.array([0.0, 2, 3])
    assert np.array_equal(relu_backward(dy, y), [0, 6, -7])
    assert np.array_equal(dy, [5, 6, -7]) and np.array_equal(y, [0, 2, 3])
    # END SOLUTION(b1.training)


def test_cross_entropy(cross_entropy_loss, cross_entropy_gradient):
    # TEXT(en)
    """AssertionError if cross_entropy_loss(logits, labels) or cross_entropy_gradient(logits, labels) is wrong."""
    # TEXT(ko)
    """cross_entropy_loss(logits, labels)나 cross_entropy_gradient(logits, labels)가 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.training)
    sure, labels = np.array([[0.0, 100, 0], [0, 0, 0]]), np.array([0, 2])
    assert abs(cross_entropy_loss(sure, labels) - (100 + np.log(3)) / 2) < 1e-9
    assert np.allclose(cross_entropy_gradient(sure, labels), [[-0.5, 0.5, 0], [1 / 6, 1 / 6, -1 / 3]])
    # END SOLUTION(b1.training)


def test_sgd(SGD):
    # TEXT(en)
    """AssertionError if the class SGD(lr, momentum, weight_decay), with step(params, grads), is wrong."""
    # TEXT(ko)
    """클래스 SGD(lr, momentum, weight_decay)와 step(params, grads)가 틀렸으면 AssertionError를 냅니다."""
    # END TEXT
    # BEGIN SOLUTION(b1.training)
    for momentum, expected in ((0.9, [0.949, 0.852151]), (0.0, [0.949, 0.898051])):
        params, optimizer = {"fc.w": np.array([1.0])}, SGD(0.1, momentum, 0.01)
        for w in expected:
            optimizer.step(params, {"fc.w": np.array([0.5])})
            assert abs(params["fc.w"][0] - w) < 1e-9
    # END SOLUTION(b1.training)
