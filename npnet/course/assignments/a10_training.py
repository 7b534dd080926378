# HANDOUT(en)
"""# A10. Train, read, ablate

All parts are there; now a network learns. It is a small one, convolution, ReLU, pooling, dense, so that a run takes a
second. You write its way back and the loop that trains it, you read what its filters have become, and you take things
away to see what they were good for.

## What you write

| region | function: result | points |
|---|---|---|
| `a10.train` | `dense_backward`, `small_backward`, `shuffled`, `train`: see below | 3 |
| `a10.maps` | `match_maps(image, filters, maps)`: which map comes from which filter | 1 |
| answers | four questions at the end of the file, answered in comments; read by a person | 4 |

Write in `a10_training.py`, between the lines `BEGIN YOUR CODE` and `END YOUR CODE`. The functions of A3 to A9 come from
`parts`, and they are right ones. Given in the file: `pictures`, `first_weights`, `small_forward`, `accuracy`, `show`,
`experiments`.

## The network

`small_forward(x, weights)` is given; read it first. x is (N, C, H, W), and `weights` a dictionary:

| name | shape | |
|---|---|---|
| `conv.w`, `conv.b` | (K, C, 3, 3), (K,) | K filters of 3 x 3, stride 1, pad 1 |
| `fc.w`, `fc.b` | (D, M), (M,) | from the D pooled numbers to M classes |

Between the two: ReLU, and max pooling with windows of 3 and stride 2. It gives `logits` and `saved`, a dictionary of
what backward needs: `x`, `active` (after ReLU), `argmax` and `pooled` (of the pooling), `flat` (what the dense layer
saw).

## Backward

`dense_backward(dy, x, w)` gives `dx, dw, db` for `y = x w + b`, with dy (N, M), x (N, D), w (D, M). Each gradient has
the shape of the thing itself, and nothing is divided by N: the mean is in the loss.

`small_backward(dlogits, saved, weights)` gives a dictionary with the gradients of the four weights, under the same
names. Go through `small_forward` from its last line to its first. `parts` has

    max_pool_backward(dy, x, argmax, R, S, stride, pad)             gives dx; x is what went into the pooling
    relu_backward(dy, y)                                            gives dx
    conv2d_backward_w(dy, x, R, S, stride, pad, groups)             gives dw
    conv2d_backward_b(dy)                                           gives db

The gradient of the pictures themselves is not needed.

## Training

`shuffled(x, labels, rng)` gives the images and the labels in another order, the same for both: draw once,
`rng.permutation(len(x))`, which gives the numbers 0 to N - 1 in random order; image i of the result is image
`order[i]` of x. x and labels stay as they were.

`train(x, labels, weights, lr, momentum, epochs, batch, rng)` gives `losses, trained`.

- Begin with copies of the weights; those that came in stay as they were. All velocities begin at 0.
- Every epoch begins with `shuffled(x, labels, rng)` of the x and labels that came in. It then takes the images in
  pieces of `batch`; the last piece is as short as what is left.
- A step: forward; the loss (`cross_entropy_loss`) of this piece, *before* the update, to the end of the list `losses`;
  the gradient (`cross_entropy_gradient`); backward; the update of every weight and bias

      v = momentum * v - lr * gradient            w = w + v

  There is no weight decay here.
- `losses` is a list with one number per step, `trained` a dictionary like `weights`.

The first loss is near log(M): the network knows nothing yet, and gives every class about 1/M. With 20 pictures the last
one must be below 0.05 after at most 200 steps: so few can be learned by heart. If yours cannot do even that,
something is wrong.

## Maps

Five filters of 3 x 3 are slid over one image (stride 1, pad 1, no bias), and the results go through ReLU. The five
maps that come out are then each divided by their largest number, as one does to show them as pictures, and shuffled.
`match_maps(image, filters, maps)` is given the image (C, H, W), the filters (5, C, 3, 3) and the maps (5, H, W), and
gives a list of five numbers: entry i is the number of the filter that made map i. `conv2d_forward` and `relu_forward`
are in `parts`.

## By hand

    >>> dy, x = np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    >>> dx, dw, db = dense_backward(dy, x, np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    >>> dx.tolist()
    [[1.0, 0.0, 1.0], [2.0, 1.0, 3.0]]
    >>> dw.tolist()
    [[1.0, 0.0], [4.0, 1.0], [6.0, 3.0]]
    >>> db.tolist()
    [3.0, 1.0]

dw[1, 0] is 2 x 1 from the first image and 1 x 2 from the second. Shuffling, with a generator that we know:

    >>> class Known:
    ...     def permutation(self, number):
    ...         return np.array([2, 0, 1])
    >>> images, right = shuffled(np.array([[10.0], [20.0], [30.0]]), np.array([1, 2, 3]), Known())
    >>> images.tolist(), right.tolist()
    ([[30.0], [10.0], [20.0]], [3, 1, 2])

Twenty pictures, learned by heart:

    >>> x, labels = pictures(20, 0)
    >>> losses, trained = train(x, labels, first_weights(6, 4, 0), 0.1, 0.9, 60, 20, np.random.default_rng(0))
    >>> print(len(losses), abs(losses[0] - np.log(4)) < 0.3, losses[-1] < 0.05)
    60 True True

## Read and ablate

`python a10_training.py` runs the experiments of the file with your functions and prints what they give: losses, how
many pictures are named rightly, of those trained on and of others, and the filters and maps of a trained network. At
the end of the file stand four questions. Write the answers below them, in lines that begin with `#`; two to five
sentences each. They are read by a person, for one point each.

## Check

`npnet course check a10` runs the public tests: both backward functions, the shuffling, two epochs of three steps number
by number, and that 20 pictures are learned by heart; the maps of five filters. The hidden tests ask the same for
pictures, labels, filters and settings of your own.

Stuck? `npnet course hint a10.train` goes in three steps from a nudge to pseudo-code.
"""
# HANDOUT(ko)
"""# A10. 학습하고, 읽고, 빼 보기

부품이 모두 모였습니다. 이제 신경망이 배웁니다. 합성곱, ReLU, 풀링, Dense만 있는 작은 신경망이어서 한 번 학습하는 데 1초쯤
걸립니다. 역전파와 학습 루프를 작성하고, 필터가 무엇이 되었는지 읽고, 하나씩 빼 보면서 그것이 무슨 일을 했는지 알아봅니다.

## 작성할 것

| 구역 | 함수: 결과 | 점수 |
|---|---|---|
| `a10.train` | `dense_backward`, `small_backward`, `shuffled`, `train`: 아래 설명 참고 | 3 |
| `a10.maps` | `match_maps(image, filters, maps)`: 어느 맵이 어느 필터에서 나왔는지 | 1 |
| 답 | 파일 끝의 질문 네 개에 주석으로 답합니다. 사람이 읽습니다 | 4 |

`a10_training.py`의 `BEGIN YOUR CODE`와 `END YOUR CODE` 사이에 작성합니다. A3 ~ A9의 함수는 `parts`에서 가져오며, 모두 올바른
함수입니다. 파일에 주어진 것은 `pictures`, `first_weights`, `small_forward`, `accuracy`, `show`, `experiments`입니다.

## 신경망

`small_forward(x, weights)`는 주어집니다. 먼저 읽어 보십시오. x는 (N, C, H, W)이고 `weights`는 딕셔너리입니다.

| 이름 | 형상 | |
|---|---|---|
| `conv.w`, `conv.b` | (K, C, 3, 3), (K,) | 3 x 3 필터 K개, 스트라이드 1, 패딩 1 |
| `fc.w`, `fc.b` | (D, M), (M,) | 풀링에서 나온 숫자 D개에서 클래스 M개로 |

둘 사이에는 ReLU와, 윈도 3 스트라이드 2인 최대 풀링이 있습니다. 반환하는 것은 `logits`와, 역전파에 필요한 것을 담은 딕셔너리
`saved`입니다. `saved`에는 `x`, `active`(ReLU를 지난 것), `argmax`와 `pooled`(풀링의 결과), `flat`(Dense 층의 입력)이 있습니다.

## 역전파

`dense_backward(dy, x, w)`는 `y = x w + b`에 대한 `dx, dw, db`를 반환합니다. dy (N, M), x (N, D), w (D, M)입니다. 기울기는 각각
원래 것과 같은 형상이고 N으로 나누지 않습니다. 평균은 손실에 들어 있습니다.

`small_backward(dlogits, saved, weights)`는 가중치 네 개의 기울기를 같은 이름으로 담은 딕셔너리를 반환합니다. `small_forward`를
마지막 줄에서 첫 줄로 거슬러 올라가십시오. `parts`에는 다음 함수가 있습니다.

    max_pool_backward(dy, x, argmax, R, S, stride, pad)             dx를 반환. x는 풀링에 들어간 것
    relu_backward(dy, y)                                            dx를 반환
    conv2d_backward_w(dy, x, R, S, stride, pad, groups)             dw를 반환
    conv2d_backward_b(dy)                                           db를 반환

그림 자체의 기울기는 필요하지 않습니다.

## 학습

`shuffled(x, labels, rng)`는 이미지와 레이블을 다른 순서로 반환합니다. 순서는 둘이 같습니다. `rng.permutation(len(x))`로 한 번만
뽑으면 0 ~ N - 1이 무작위 순서로 나옵니다. 결과의 i번째 이미지는 x의 `order[i]`번째 이미지입니다. x와 labels는 그대로
두어야 합니다.

`train(x, labels, weights, lr, momentum, epochs, batch, rng)`은 `losses, trained`를 반환합니다.

- 가중치의 복사본으로 시작합니다. 받은 가중치는 그대로 두어야 합니다. 속도(velocity)는 모두 0에서 시작합니다.
- 에폭마다 처음 받은 x와 labels로 `shuffled(x, labels, rng)`를 부릅니다. 그다음 이미지를 `batch`개씩 차례로 가져옵니다. 마지막
  조각은 남은 만큼 짧습니다.
- 한 단계: 순전파, 이 조각의 손실(`cross_entropy_loss`)을 *갱신하기 전에* 리스트 `losses` 끝에 넣기, 기울기
  (`cross_entropy_gradient`), 역전파, 그리고 모든 가중치와 편향의 갱신

      v = momentum * v - lr * 기울기              w = w + v

  여기에서는 가중치 감소를 쓰지 않습니다.
- `losses`는 단계마다 숫자가 하나씩 있는 리스트이고, `trained`는 `weights`와 같은 모양의 딕셔너리입니다.

첫 손실은 log(M)에 가깝습니다. 신경망은 아직 아무것도 몰라서 모든 클래스에 1/M쯤을 줍니다. 그림이 20장이면 많아야 200단계 뒤에
마지막 손실이 0.05보다 작아야 합니다. 그 정도는 외울 수 있기 때문입니다. 그것조차 안 된다면 어딘가 잘못된 것입니다.

## 맵

3 x 3 필터 다섯 개를 이미지 한 장 위로 움직이고(스트라이드 1, 패딩 1, 편향 없음) 결과를 ReLU에 통과시킵니다. 그렇게 나온 특징 맵
다섯 개를, 그림으로 보여 줄 때처럼 각각 자기의 가장 큰 수로 나눈 다음 섞었습니다. `match_maps(image, filters, maps)`는 이미지
(C, H, W), 필터 (5, C, 3, 3), 맵 (5, H, W)을 받아 숫자 다섯 개의 리스트를 반환합니다. i번째 숫자는 맵 i를 만든 필터의
번호입니다. `conv2d_forward`와 `relu_forward`는 `parts`에 있습니다.

## 손으로 계산하기

    >>> dy, x = np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    >>> dx, dw, db = dense_backward(dy, x, np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    >>> dx.tolist()
    [[1.0, 0.0, 1.0], [2.0, 1.0, 3.0]]
    >>> dw.tolist()
    [[1.0, 0.0], [4.0, 1.0], [6.0, 3.0]]
    >>> db.tolist()
    [3.0, 1.0]

dw[1, 0]은 첫 이미지의 2 x 1과 둘째 이미지의 1 x 2를 더한 것입니다. 어떤 순서가 나오는지 아는 생성기로 섞어 봅니다.

    >>> class Known:
    ...     def permutation(self, number):
    ...         return np.array([2, 0, 1])
    >>> images, right = shuffled(np.array([[10.0], [20.0], [30.0]]), np.array([1, 2, 3]), Known())
    >>> images.tolist(), right.tolist()
    ([[30.0], [10.0], [20.0]], [3, 1, 2])

그림 스무 장을 외우게 합니다.

    >>> x, labels = pictures(20, 0)
    >>> losses, trained = train(x, labels, first_weights(6, 4, 0), 0.1, 0.9, 60, 20, np.random.default_rng(0))
    >>> print(len(losses), abs(losses[0] - np.log(4)) < 0.3, losses[-1] < 0.05)
    60 True True

## 읽고 빼 보기

`python a10_training.py`는 여러분의 함수로 파일에 있는 실험을 실행하고 결과를 출력합니다. 손실, 학습한 그림과 처음 보는 그림을
얼마나 맞혔는지, 학습된 신경망의 필터와 맵이 나옵니다. 파일 끝에 질문이 네 개 있습니다. 그 아래에 `#`으로 시작하는 줄로 답을
쓰십시오. 답 하나는 두 문장에서 다섯 문장입니다. 사람이 읽고 하나에 1점씩 줍니다.

## 확인하기

`npnet course check a10`은 공개 테스트를 실행합니다. 두 역전파 함수, 섞기, 세 단계씩 두 에폭의 숫자 하나하나, 그림 20장을 외우는지,
필터 다섯 개의 맵을 봅니다. 비공개 테스트는 여러분만의 그림, 레이블, 필터, 설정으로 같은 것을 봅니다.

막히면 `npnet course hint a10.train`을 실행하십시오. 가벼운 힌트에서 의사 코드까지 세 단계로 알려 줍니다.
"""
# END HANDOUT
# TEXT(en)
"""A10: the way back through a small network, its training, and what can be read in it. Experiments: run this file."""
# TEXT(ko)
"""A10: 작은 신경망의 역전파와 학습, 그리고 그 안에서 읽을 수 있는 것. 이 파일을 실행하면 실험을 합니다."""
# END TEXT
import numpy as np

from parts import (conv2d_backward_b, conv2d_backward_w, conv2d_forward, cross_entropy_gradient, cross_entropy_loss,
                   dense_forward, flatten_forward, max_pool_backward, max_pool_forward, relu_backward, relu_forward)


def pictures(number, seed):
    # TEXT(en)
    """Pictures (number, 1, 8, 8) of noisy stripes, and their labels: lying, standing, rising, falling. Given."""
    # TEXT(ko)
    """잡음 섞인 줄무늬 그림 (number, 1, 8, 8)과 레이블: 가로, 세로, 오르막, 내리막. 주어진 함수입니다."""
    # END TEXT
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, number)
    x = rng.normal(0, 0.7, (number, 1, 8, 8))
    row, column = np.mgrid[0:8, 0:8]
    for image, label in zip(x, labels):
        across = [row, column, row + column, row - column][label] + rng.integers(0, 4)
        image += np.where(across % 4 < 2, 1, -1)
    return x, labels


def first_weights(K, M, seed):
    # TEXT(en)
    """Weights for pictures of 1 x 8 x 8: K filters, M classes; small random numbers, biases 0. Given."""
    # TEXT(ko)
    """1 x 8 x 8 그림에 쓸 가중치: 필터 K개, 클래스 M개. 작은 난수이고 편향은 0입니다. 주어진 함수입니다."""
    # END TEXT
    rng = np.random.default_rng(seed)
    D = K * 3 * 3                                                   # 8 pixels, pooled 3/2, are 3
    return {"conv.w": rng.normal(0, 0.3, (K, 1, 3, 3)), "conv.b": np.zeros(K),
            "fc.w": rng.normal(0, 0.02, (D, M)), "fc.b": np.zeros(M)}


def small_forward(x, weights):
    # TEXT(en)
    """logits (N, M), and what backward needs. x (N, C, H, W). Given."""
    # TEXT(ko)
    """logits (N, M)과 역전파에 필요한 것. x (N, C, H, W). 주어진 함수입니다."""
    # END TEXT
    maps = conv2d_forward(x, weights["conv.w"], weights["conv.b"], 1, 1, 1)         # (N, K, H, W)
    active = relu_forward(maps)
    pooled, argmax = max_pool_forward(active, 3, 3, 2, 0, False)                    # (N, K, P, Q)
    flat = flatten_forward(pooled)                                                  # (N, D)
    logits = dense_forward(flat, weights["fc.w"], weights["fc.b"])
    return logits, {"x": x, "active": active, "argmax": argmax, "pooled": pooled, "flat": flat}


def dense_backward(dy, x, w):
    # TEXT(en)
    """The gradients dx (N, D), dw (D, M), db (M,) of y = x w + b. dy (N, M), x (N, D), w (D, M)."""
    # TEXT(ko)
    """y = x w + b의 기울기 dx (N, D), dw (D, M), db (M,). dy (N, M), x (N, D), w (D, M)."""
    # END TEXT
    # BEGIN SOLUTION(a10.train, points=3)
    dx = dy @ w.T
    dw = x.T @ dy
    db = dy.sum(axis=0)
    # END SOLUTION(a10.train)
    return dx, dw, db


def small_backward(dlogits, saved, weights):
    # TEXT(en)
    """The gradients of the four weights, a dictionary. dlogits (N, M); saved: from small_forward."""
    # TEXT(ko)
    """가중치 네 개의 기울기를 담은 딕셔너리. dlogits (N, M). saved는 small_forward의 결과입니다."""
    # END TEXT
    # BEGIN SOLUTION(a10.train)
    dflat, dw, db = dense_backward(dlogits, saved["flat"], weights["fc.w"])
    dpooled = dflat.reshape(saved["pooled"].shape)
    dactive = max_pool_backward(dpooled, saved["active"], saved["argmax"], 3, 3, 2, 0)
    dmaps = relu_backward(dactive, saved["active"])
    grads = {"conv.w": conv2d_backward_w(dmaps, saved["x"], 3, 3, 1, 1, 1), "conv.b": conv2d_backward_b(dmaps),
             "fc.w": dw, "fc.b": db}
    # END SOLUTION(a10.train)
    return grads


def shuffled(x, labels, rng):
    # TEXT(en)
    """The images and their labels in one other order, drawn once by rng.permutation(len(x))."""
    # TEXT(ko)
    """이미지와 레이블을 같은 다른 순서로. 순서는 rng.permutation(len(x))로 한 번 뽑습니다."""
    # END TEXT
    # BEGIN SOLUTION(a10.train)
    order = rng.permutation(len(x))
    images, right = x[order], labels[order]
    # END SOLUTION(a10.train)
    return images, right


def train(x, labels, weights, lr, momentum, epochs, batch, rng):
    # TEXT(en)
    """Trains copies of the weights. Returns losses, one for each step before its update, and the trained weights."""
    # TEXT(ko)
    """가중치의 복사본을 학습합니다. 단계마다 갱신하기 전의 손실 losses와 학습된 가중치를 반환합니다."""
    # END TEXT
    # BEGIN SOLUTION(a10.train)
    trained = {name: weights[name].copy() for name in weights}
    velocity = {name: np.zeros_like(weights[name]) for name in weights}
    losses = []
    for epoch in range(epochs):
        images, right = shuffled(x, labels, rng)
        for first in range(0, len(x), batch):
            piece, wanted = images[first:first + batch], right[first:first + batch]
            logits, saved = small_forward(piece, trained)
            losses.append(cross_entropy_loss(logits, wanted))
            grads = small_backward(cross_entropy_gradient(logits, wanted), saved, trained)
            for name in trained:
                velocity[name] = momentum * velocity[name] - lr * grads[name]
                trained[name] = trained[name] + velocity[name]
    # END SOLUTION(a10.train)
    return losses, trained


def match_maps(image, filters, maps):
    # TEXT(en)
    """For every map the number of the filter that made it: a list.

    image (C, H, W), filters (5, C, 3, 3), maps (5, H, W). A map is what ReLU gives after the convolution (stride 1,
    pad 1, no bias), divided by its largest number.
    """
    # TEXT(ko)
    """맵마다 그것을 만든 필터의 번호: 리스트.

    image (C, H, W), filters (5, C, 3, 3), maps (5, H, W). 맵은 합성곱(스트라이드 1, 패딩 1, 편향 없음) 뒤 ReLU의 결과를 가장 큰 수로 나눈 것입니다.
    """
    # END TEXT
    # BEGIN SOLUTION(a10.maps, points=1)
    responses = relu_forward(conv2d_forward(image[np.newaxis], filters, np.zeros(len(filters)), 1, 1, 1))[0]
    numbers = []
    for shown in maps:
        distances = [np.abs(shown - response / response.max()).sum() for response in responses]
        numbers.append(int(np.argmin(distances)))
    # END SOLUTION(a10.maps)
    return numbers


def accuracy(x, labels, weights):
    # TEXT(en)
    """The share of the pictures whose largest logit is the right one. Given."""
    # TEXT(ko)
    """가장 큰 로짓이 정답인 그림의 비율. 주어진 함수입니다."""
    # END TEXT
    logits, _ = small_forward(x, weights)
    return (logits.argmax(axis=1) == labels).mean()


def show(array):
    # TEXT(en)
    """Prints a map or filter (H, W) as characters: a blank for its smallest number, # for its largest. Given."""
    # TEXT(ko)
    """맵이나 필터 (H, W)를 글자로 출력합니다. 가장 작은 수는 빈칸, 가장 큰 수는 #. 주어진 함수입니다."""
    # END TEXT
    grey = (array - array.min()) / max(array.max() - array.min(), 1e-12) * 5
    for row in grey.round().astype(int):
        print("   " + "".join(2 * " .:+*#"[value] for value in row))


def experiments():
    # TEXT(en)
    """Trains with settings that differ in one thing each, and prints what comes of it. Given: copy it to try more."""
    # TEXT(ko)
    """한 가지씩 다른 설정으로 학습하고 결과를 출력합니다. 주어진 함수이며, 더 해 보려면 복사해서 쓰십시오."""
    # END TEXT
    others = pictures(400, 1)
    print("                      first loss   last loss   trained on      others")
    runs = [("as it is", {}), ("no momentum", {"momentum": 0.0}), ("rate 10 x", {"lr": 1.0}),
            ("rate 1/10", {"lr": 0.01}), ("200 pictures", {"number": 200}), ("weights all 0", {"size": 0.0}),
            ("weights 20 x", {"size": 20.0}), ("labels at random", {"mix": True})]
    for name, changed in runs:
        settings = {"number": 20, "lr": 0.1, "momentum": 0.9, "size": 1.0, "mix": False, **changed}
        x, labels = pictures(settings["number"], 0)
        if settings["mix"]:
            labels = np.random.default_rng(2).permutation(labels)
        weights = {key: settings["size"] * w for key, w in first_weights(6, 4, 0).items()}
        rng, epochs = np.random.default_rng(3), 1200 // settings["number"]
        losses, trained = train(x, labels, weights, settings["lr"], settings["momentum"], epochs, 20, rng)
        print(f"{name:20} {losses[0]:11.4g} {losses[-1]:11.2g} {accuracy(x, labels, trained):11.0%} "
              f"{accuracy(*others, trained):11.0%}")
        if name == "200 pictures":
            read = trained
    logits, saved = small_forward(others[0][:1], read)
    print("\nA picture, label", others[1][0])
    show(others[0][0, 0])
    for k in range(6):
        print(f"filter {k} of the network trained on 200 pictures, and its map")
        show(read["conv.w"][k, 0])
        show(saved["active"][0, k])


if __name__ == "__main__":
    experiments()

# TEXT(en)
# The questions. Write every answer between its two lines, in lines that begin with #.
# TEXT(ko)
# 질문입니다. 답은 각 질문의 두 줄 사이에 #으로 시작하는 줄로 쓰십시오.
# END TEXT

# ANSWER(a10.q1, points=1)
# TEXT(en)
# 1. The first loss is near log(4) = 1.386 in some experiments and not in others. Why should it be near there, and
#    what is the reason where it is not?
# TEXT(ko)
# 1. 첫 손실이 log(4) = 1.386에 가까운 실험도 있고 그렇지 않은 실험도 있습니다. 왜 그 근처여야 하며, 그렇지 않은 경우의
#    까닭은 무엇입니까?
# END TEXT
#
# END ANSWER(a10.q1)

# ANSWER(a10.q2, points=1)
# TEXT(en)
# 2. Compare "as it is" with "no momentum", "rate 10 x" and "rate 1/10". What does each change do to the loss, and why?
# TEXT(ko)
# 2. "as it is"를 "no momentum", "rate 10 x", "rate 1/10"과 비교하십시오. 각 변화는 손실을 어떻게 바꾸며 그 까닭은 무엇입니까?
# END TEXT
#
# END ANSWER(a10.q2)

# ANSWER(a10.q3, points=1)
# TEXT(en)
# 3. With 20 pictures, with 200, and with labels at random: compare the pictures trained on with the others. What has
#    the network learned in each case? Name two things that AlexNet does against this.
# TEXT(ko)
# 3. 그림이 20장일 때, 200장일 때, 레이블이 무작위일 때 학습한 그림과 다른 그림의 결과를 비교하십시오. 각각 신경망은 무엇을
#    배웠습니까? AlexNet이 이에 맞서 하는 일을 두 가지 드십시오.
# END TEXT
#
# END ANSWER(a10.q3)

# ANSWER(a10.q4, points=1)
# TEXT(en)
# 4. Look at the filters and maps that are printed. Choose one filter: to which stripes does it answer, and how do you
#    see that in its map? And why do all filters stay alike when the weights begin at 0?
# TEXT(ko)
# 4. 출력된 필터와 맵을 보십시오. 필터 하나를 골라 어떤 줄무늬에 반응하는지, 그것이 맵에서 어떻게 보이는지 쓰십시오. 또 가중치가
#    0에서 시작하면 왜 모든 필터가 똑같이 남습니까?
# END TEXT
#
# END ANSWER(a10.q4)
