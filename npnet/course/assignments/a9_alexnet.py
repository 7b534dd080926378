# HANDOUT(en)
"""# A9. AlexNet, assembled and counted

You have written all of its parts. Now put them together in the paper's order, run the network forward, and count, from
shapes alone, what it costs. Nothing large is computed here: AlexNet has 61 million parameters, and you will know where
each of them is without making one.

## What you write

| region | function: result | points |
|---|---|---|
| `a9.layers` | `alexnet_layers`, `flatten_forward`, `dense_forward`, `network_forward`: see below | 4 |
| `a9.shapes` | `output_shapes(layers, shape)`: the shape after every layer | 2 |
| `a9.params` | `layer_parameters(layers, shape)`: the number of parameters of every layer | 2 |
| `a9.flops` | `layer_multiply_adds(layers, shape)`: the number of multiply-adds of every layer | 2 |

Write in `a9_alexnet.py`, between the lines `BEGIN YOUR CODE` and `END YOUR CODE`. The functions of A1 to A6 come from
`parts`, and they are right ones.

## The list of layers

A layer is a dictionary: its name, its kind, its settings. Seven small functions at the top of the file make them; use
these:

| call | kind | settings |
|---|---|---|
| `conv("conv2", 256, 5, pad=2, groups=2)` | `"conv"` | `filters window stride pad groups` |
| `relu("relu1")` | `"relu"` | |
| `lrn("norm1")` | `"lrn"` | `n k alpha beta`, the paper's: 5, 2, 0.0001, 0.75 |
| `max_pool("pool1", 3, 2)` | `"max_pool"` | `window stride` |
| `flatten("flatten")` | `"flatten"` | |
| `dense("fc6", 4096)` | `"dense"` | `units` |
| `dropout("drop6", 0.5)` | `"dropout"` | `p_drop` |

`alexnet_layers(filters, groups, units, classes)` gives the network of the paper with widths of your choice: `filters`
and `groups` have one number for each of the five convolutions, `units` one for each of the two hidden dense layers, and
`classes` is the number of outputs. The paper's own are `[96, 256, 384, 384, 256]`, `[1, 2, 1, 2, 2]`, `[4096, 4096]`
and 1000. All other numbers are fixed:

| convolution | window | stride | pad |
|---|---|---|---|
| conv1 | 11 | 4 | 0 |
| conv2 | 5 | 1 | 2 |
| conv3, conv4, conv5 | 3 | 1 | 1 |

- Every convolution and every hidden dense layer is followed by ReLU: relu1 after conv1, ..., relu5 after conv5, relu6
  after fc6, relu7 after fc7. Nothing follows fc8: the network ends in logits.
- norm1 and norm2, local response normalisation, come right after relu1 and relu2. There is no other.
- pool1, pool2 and pool5 have windows of 3 and stride 2: they overlap. pool1 and pool2 come right after norm1 and norm2
  (the paper normalises first and pools then), pool5 after relu5.
- After pool5 comes the layer `flatten`, then the dense layers fc6, fc7, fc8.
- drop6 and drop7, with `p_drop` of 0.5, come right after relu6 and relu7.

So the list begins with conv1, relu1, norm1, pool1, conv2 and has 23 layers.

## Forward

`flatten_forward(x)` makes (N, C*H*W) of (N, C, H, W). Channel comes first, then row, then column, as
the numbers already lie in memory. `dense_forward(x, w, b)` is `y[n, m] = sum over d of x[n, d] * w[d, m] + b[m]`,
with x (N, D), w (D, M), b (M,).

`network_forward(x, layers, weights, masks)` sends x (N, C, H, W) through the layers, in their order, and gives what
comes out of the last.

- `weights` is a dictionary: a convolution or dense layer called conv2 has `weights["conv2.w"]` and
  `weights["conv2.b"]`.
- `parts` has `conv2d_forward(x, w, b, stride, pad, groups)`, `relu_forward(x)`,
  `lrn_forward(x, n, k, alpha, beta)`, which gives `y, scale`, and
  `max_pool_forward(x, R, S, stride, pad, ceil_mode)`, which gives `y, argmax`; pad is 0 and ceil_mode False.
- `masks` says which numbers dropout keeps. In training, `masks["drop6"]` is an array of booleans: what is kept is
  divided by `1 - p_drop`, the rest is 0. At test, `masks` is `{}`: a dropout layer without a mask changes nothing.

## Count

A shape is that of one image, without N: `(C, H, W)`, or `(D,)` after `flatten`. `output_shapes(layers, shape)` gives a
list, one shape (a tuple) per layer: the shape of its *output*; `shape` is that of the network's input. Sizes are
rounded down, as `conv_size(size, window, stride, pad)` of `parts` does it, for pooling with pad 0. Height and width may
differ.

`layer_parameters` and `layer_multiply_adds` give a list, one whole number per layer, 0 for layers that have none. Use
`output_shapes` in both.

- A convolution with K filters, windows of R x R, C channels in and G groups has weights of (K, C/G, R, R) and K biases.
  A dense layer from D to M numbers has weights of (D, M) and M biases.
- A multiply-add is one product, added to a sum: it counts as one, not as two. Every number of the output of a
  convolution or dense layer costs one for each weight that it is made with. Those that meet padding count; adding the
  bias does not.

The sum of all parameters is not enough to find a mistake: with groups in conv3 instead of conv5 it is the same
60,965,224. So the check looks at every layer.

## By hand

    >>> layers = alexnet_layers([96, 256, 384, 384, 256], [1, 2, 1, 2, 2], [4096, 4096], 1000)
    >>> shapes = output_shapes(layers, (3, 227, 227))
    >>> shapes[0], shapes[3], shapes[14], shapes[15]
    ((96, 55, 55), (96, 27, 27), (256, 6, 6), (9216,))

(227 - 11)/4 + 1 = 55, and (55 - 3)/2 + 1 = 27. conv1 has 96 x 3 x 11 x 11 weights and 96 biases; every one of its
96 x 55 x 55 outputs costs 3 x 11 x 11 multiply-adds:

    >>> layer_parameters(layers, (3, 227, 227))[0], 96 * 3 * 11 * 11 + 96
    (34944, 34944)
    >>> layer_multiply_adds(layers, (3, 227, 227))[0], 96 * 55 * 55 * 3 * 11 * 11
    (105415200, 105415200)
    >>> f"{sum(layer_parameters(layers, (3, 227, 227))):,}"
    '60,965,224'
    >>> f"{sum(layer_multiply_adds(layers, (3, 227, 227))):,}"
    '724,406,816'

Flattened, a picture of 2 channels, 1 row and 3 columns is one channel after the other:

    >>> flatten_forward(np.array([[[[1, 2, 3]], [[4, 5, 6]]]])).tolist()
    [[1, 2, 3, 4, 5, 6]]
    >>> w, b = np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.5]]), np.array([0.0, 10.0, 1.0])
    >>> dense_forward(np.array([[1.0, 2.0]]), w, b).tolist()
    [[7.0, 12.0, 4.0]]

## Check

`npnet course check a9` runs the public tests: the list for the paper's widths and for small ones, layer by layer;
`flatten_forward` and `dense_forward`; a network of a sixteenth of the width, forward, with and without masks;
shapes, parameters and multiply-adds of the paper's network and of a small one with a picture that is not square. The
hidden tests ask the same for a variant of your own: its widths, groups, classes and input size are drawn from your
name.

Stuck? `npnet course hint a9.layers` goes in three steps from a nudge to pseudo-code.
"""
# HANDOUT(ko)
"""# A9. AlexNet 조립하고 세기

AlexNet의 부품은 이미 모두 작성했습니다. 이제 논문의 순서대로 조립하고, 순전파를 실행하고, 형상만으로 비용을 셉니다. 큰 계산은
하지 않습니다. AlexNet의 매개변수는 6100만 개이지만, 하나도 만들지 않고 어디에 몇 개가 있는지 알게 됩니다.

## 작성할 것

| 구역 | 함수: 결과 | 점수 |
|---|---|---|
| `a9.layers` | `alexnet_layers`, `flatten_forward`, `dense_forward`, `network_forward`: 아래 설명 참고 | 4 |
| `a9.shapes` | `output_shapes(layers, shape)`: 각 층을 지난 뒤의 형상 | 2 |
| `a9.params` | `layer_parameters(layers, shape)`: 각 층의 매개변수 수 | 2 |
| `a9.flops` | `layer_multiply_adds(layers, shape)`: 각 층의 곱셈-덧셈 수 | 2 |

`a9_alexnet.py`의 `BEGIN YOUR CODE`와 `END YOUR CODE` 사이에 작성합니다. A1 ~ A6의 함수는 `parts`에서 가져오며, 모두
올바른 함수입니다.

## 층의 리스트

층은 이름, 종류, 설정이 담긴 딕셔너리입니다. 파일 위쪽의 작은 함수 일곱 개가 층을 만듭니다. 이 함수들을 사용하십시오.

| 호출 | 종류 | 설정 |
|---|---|---|
| `conv("conv2", 256, 5, pad=2, groups=2)` | `"conv"` | `filters window stride pad groups` |
| `relu("relu1")` | `"relu"` | |
| `lrn("norm1")` | `"lrn"` | `n k alpha beta`. 논문의 값: 5, 2, 0.0001, 0.75 |
| `max_pool("pool1", 3, 2)` | `"max_pool"` | `window stride` |
| `flatten("flatten")` | `"flatten"` | |
| `dense("fc6", 4096)` | `"dense"` | `units` |
| `dropout("drop6", 0.5)` | `"dropout"` | `p_drop` |

`alexnet_layers(filters, groups, units, classes)`는 너비를 마음대로 정한 논문의 신경망을 반환합니다. `filters`와 `groups`에는
다섯 합성곱마다 숫자가 하나씩, `units`에는 두 은닉 Dense 층마다 하나씩 들어 있고, `classes`는 출력의 개수입니다. 논문의
값은 `[96, 256, 384, 384, 256]`, `[1, 2, 1, 2, 2]`, `[4096, 4096]`, 1000입니다. 나머지 숫자는 모두 정해져 있습니다.

| 합성곱 | 윈도 | 스트라이드 | 패딩 |
|---|---|---|---|
| conv1 | 11 | 4 | 0 |
| conv2 | 5 | 1 | 2 |
| conv3, conv4, conv5 | 3 | 1 | 1 |

- 모든 합성곱과 모든 은닉 Dense 층 뒤에는 ReLU가 옵니다. conv1 뒤에 relu1, ..., conv5 뒤에 relu5, fc6 뒤에 relu6, fc7 뒤에
  relu7입니다. fc8 뒤에는 아무것도 없습니다. 신경망은 로짓으로 끝납니다.
- 국소 응답 정규화 norm1과 norm2는 relu1과 relu2 바로 뒤에 옵니다. 다른 곳에는 없습니다.
- pool1, pool2, pool5는 윈도가 3이고 스트라이드가 2이므로 서로 겹칩니다. pool1과 pool2는 norm1과 norm2 바로 뒤에 오고
  (논문은 정규화한 다음에 풀링합니다) pool5는 relu5 뒤에 옵니다.
- pool5 뒤에 `flatten` 층이 오고, 그다음이 Dense 층 fc6, fc7, fc8입니다.
- `p_drop`이 0.5인 drop6과 drop7은 relu6과 relu7 바로 뒤에 옵니다.

따라서 리스트는 conv1, relu1, norm1, pool1, conv2로 시작하고 층은 모두 23개입니다.

## 순전파

`flatten_forward(x)`는 (N, C, H, W)를 (N, C*H*W)로 만듭니다(평탄화). 메모리에 놓인 순서대로 채널, 행, 열 순입니다.
`dense_forward(x, w, b)`는 `y[n, m] = (모든 d에 대한 x[n, d] * w[d, m]의 합) + b[m]`이고 형상은 x (N, D), w (D, M), b (M,)입니다.

`network_forward(x, layers, weights, masks)`는 x (N, C, H, W)를 층의 순서대로 보내고 마지막 층에서 나온 것을 반환합니다.

- `weights`는 딕셔너리입니다. 이름이 conv2인 합성곱이나 Dense 층의 가중치는 `weights["conv2.w"]`와 `weights["conv2.b"]`입니다.
- `parts`에는 `conv2d_forward(x, w, b, stride, pad, groups)`, `relu_forward(x)`, `y, scale`을 반환하는
  `lrn_forward(x, n, k, alpha, beta)`, `y, argmax`를 반환하는 `max_pool_forward(x, R, S, stride, pad, ceil_mode)`가 있습니다.
  풀링에서 pad는 0, ceil_mode는 False입니다.
- `masks`는 드롭아웃이 남기는 숫자를 말합니다. 학습할 때 `masks["drop6"]`은 불리언 배열입니다. 남긴 것은 `1 - p_drop`으로
  나누고 나머지는 0입니다. 테스트할 때 `masks`는 `{}`입니다. mask가 없는 드롭아웃 층은 아무것도 바꾸지 않습니다.

## 세기

형상은 N을 뺀 이미지 한 장의 형상으로 `(C, H, W)`이고, `flatten` 뒤에는 `(D,)`입니다. `output_shapes(layers, shape)`는 층마다
형상(튜플)을 하나씩 담은 리스트를 반환합니다. 그 층의 *출력* 형상입니다. `shape`는 신경망의 입력 형상입니다. 크기는 `parts`의
`conv_size(size, window, stride, pad)`처럼 내림합니다. 풀링은 pad가 0입니다. 높이와 너비는 다를 수 있습니다.

`layer_parameters`와 `layer_multiply_adds`는 층마다 정수를 하나씩 담은 리스트를 반환합니다. 셀 것이 없는 층은 0입니다. 둘 다
`output_shapes`를 사용하십시오.

- 필터 K개, 윈도 R x R, 입력 채널 C개, 그룹 G개인 합성곱에는 (K, C/G, R, R) 형상의 가중치와 편향 K개가 있습니다. 숫자 D개를
  M개로 만드는 Dense 층에는 (D, M) 형상의 가중치와 편향 M개가 있습니다.
- 곱셈-덧셈(multiply-add)은 곱 하나를 합에 더하는 것이며 둘이 아니라 하나로 셉니다. 합성곱이나 Dense 층의 출력에 있는 숫자
  하나는 그 숫자를 만드는 데 쓰인 가중치마다 하나씩 듭니다. 패딩과 곱하는 것도 셉니다. 편향을 더하는 것은 세지 않습니다.

매개변수의 총합만으로는 실수를 찾을 수 없습니다. conv5 대신 conv3에 그룹을 두어도 총합은 똑같이 60,965,224입니다. 그래서
층마다 확인합니다.

## 손으로 계산하기

    >>> layers = alexnet_layers([96, 256, 384, 384, 256], [1, 2, 1, 2, 2], [4096, 4096], 1000)
    >>> shapes = output_shapes(layers, (3, 227, 227))
    >>> shapes[0], shapes[3], shapes[14], shapes[15]
    ((96, 55, 55), (96, 27, 27), (256, 6, 6), (9216,))

(227 - 11)/4 + 1 = 55이고 (55 - 3)/2 + 1 = 27입니다. conv1에는 가중치 96 x 3 x 11 x 11개와 편향 96개가 있습니다. 출력
96 x 55 x 55개는 하나에 곱셈-덧셈이 3 x 11 x 11번씩 듭니다.

    >>> layer_parameters(layers, (3, 227, 227))[0], 96 * 3 * 11 * 11 + 96
    (34944, 34944)
    >>> layer_multiply_adds(layers, (3, 227, 227))[0], 96 * 55 * 55 * 3 * 11 * 11
    (105415200, 105415200)
    >>> f"{sum(layer_parameters(layers, (3, 227, 227))):,}"
    '60,965,224'
    >>> f"{sum(layer_multiply_adds(layers, (3, 227, 227))):,}"
    '724,406,816'

채널 2개, 행 1개, 열 3개인 그림을 평탄화하면 채널이 차례로 이어집니다.

    >>> flatten_forward(np.array([[[[1, 2, 3]], [[4, 5, 6]]]])).tolist()
    [[1, 2, 3, 4, 5, 6]]
    >>> w, b = np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.5]]), np.array([0.0, 10.0, 1.0])
    >>> dense_forward(np.array([[1.0, 2.0]]), w, b).tolist()
    [[7.0, 12.0, 4.0]]

## 확인하기

`npnet course check a9`은 공개 테스트를 실행합니다. 논문의 너비와 작은 너비로 만든 리스트를 층마다 보고, `flatten_forward`와
`dense_forward`, 너비가 16분의 1인 신경망의 순전파(mask가 있을 때와 없을 때), 논문의 신경망과 정사각형이 아닌 그림을 받는 작은
신경망의 형상, 매개변수, 곱셈-덧셈을 봅니다. 비공개 테스트는 여러분만의 신경망으로 같은 것을 봅니다. 너비, 그룹, 클래스 수,
입력 크기를 여러분의 이름에서 뽑습니다.

막히면 `npnet course hint a9.layers`를 실행하십시오. 가벼운 힌트에서 의사 코드까지 세 단계로 알려 줍니다.
"""
# END HANDOUT
# TEXT(en)
"""A9: AlexNet from its parts, forward, and counted from shapes alone. The handout has the conventions."""
# TEXT(ko)
"""A9: 부품으로 조립한 AlexNet, 그 순전파, 형상만으로 세기. 약속은 과제 안내문에 있습니다."""
# END TEXT
import numpy as np

from parts import conv2d_forward, conv_size, lrn_forward, max_pool_forward, relu_forward


# TEXT(en)
# One layer each: a dictionary of its name, its kind and its settings. Given.
# TEXT(ko)
# 함수마다 층 하나를 만듭니다. 이름, 종류, 설정이 담긴 딕셔너리입니다. 주어진 함수입니다.
# END TEXT
def conv(name, filters, window, stride=1, pad=0, groups=1):
    return {"name": name, "kind": "conv", "filters": filters, "window": window, "stride": stride, "pad": pad,
            "groups": groups}


def relu(name):
    return {"name": name, "kind": "relu"}


def lrn(name, n=5, k=2.0, alpha=1e-4, beta=0.75):
    return {"name": name, "kind": "lrn", "n": n, "k": k, "alpha": alpha, "beta": beta}


def max_pool(name, window, stride):
    return {"name": name, "kind": "max_pool", "window": window, "stride": stride}


def flatten(name):
    return {"name": name, "kind": "flatten"}


def dense(name, units):
    return {"name": name, "kind": "dense", "units": units}


def dropout(name, p_drop):
    return {"name": name, "kind": "dropout", "p_drop": p_drop}


def alexnet_layers(filters, groups, units, classes):
    # TEXT(en)
    """The list of AlexNet's layers. filters, groups: five numbers each; units: two; classes: one number."""
    # TEXT(ko)
    """AlexNet 층의 리스트. filters와 groups는 다섯 개씩, units는 두 개, classes는 숫자 하나입니다."""
    # END TEXT
    # BEGIN SOLUTION(a9.layers, points=4)
    layers = [
        conv("conv1", filters[0], 11, stride=4, groups=groups[0]),
        relu("relu1"),
        lrn("norm1"),
        max_pool("pool1", 3, 2),
        conv("conv2", filters[1], 5, pad=2, groups=groups[1]),
        relu("relu2"),
        lrn("norm2"),
        max_pool("pool2", 3, 2),
        conv("conv3", filters[2], 3, pad=1, groups=groups[2]),
        relu("relu3"),
        conv("conv4", filters[3], 3, pad=1, groups=groups[3]),
        relu("relu4"),
        conv("conv5", filters[4], 3, pad=1, groups=groups[4]),
        relu("relu5"),
        max_pool("pool5", 3, 2),
        flatten("flatten"),
        dense("fc6", units[0]),
        relu("relu6"),
        dropout("drop6", 0.5),
        dense("fc7", units[1]),
        relu("relu7"),
        dropout("drop7", 0.5),
        dense("fc8", classes),
    ]
    # END SOLUTION(a9.layers)
    return layers


def flatten_forward(x):
    # TEXT(en)
    """x (N, C, H, W) -> y (N, C*H*W): channel, row, column."""
    # TEXT(ko)
    """x (N, C, H, W) -> y (N, C*H*W). 채널, 행, 열 순입니다."""
    # END TEXT
    # BEGIN SOLUTION(a9.layers)
    N, C, H, W = x.shape
    y = x.reshape(N, C * H * W)
    # END SOLUTION(a9.layers)
    return y


def dense_forward(x, w, b):
    # TEXT(en)
    """y[n, m] = sum over d of x[n, d] * w[d, m] + b[m]. x (N, D), w (D, M), b (M,) -> y (N, M)."""
    # TEXT(ko)
    """y[n, m] = (모든 d에 대한 x[n, d] * w[d, m]의 합) + b[m]. x (N, D), w (D, M), b (M,) -> y (N, M)."""
    # END TEXT
    # BEGIN SOLUTION(a9.layers)
    y = x @ w + b
    # END SOLUTION(a9.layers)
    return y


def network_forward(x, layers, weights, masks):
    # TEXT(en)
    """What comes out of the last layer. x (N, C, H, W).

    weights: {"conv1.w": array, "conv1.b": array, ...}. masks: {"drop6": booleans (N, units), ...} or {}.
    """
    # TEXT(ko)
    """마지막 층에서 나온 것. x (N, C, H, W).

    weights: {"conv1.w": 배열, "conv1.b": 배열, ...}. masks: {"drop6": 불리언 배열 (N, units), ...} 또는 {}.
    """
    # END TEXT
    for layer in layers:
        name, kind = layer["name"], layer["kind"]
        # BEGIN SOLUTION(a9.layers)
        if kind == "conv":
            w, b = weights[name + ".w"], weights[name + ".b"]
            x = conv2d_forward(x, w, b, layer["stride"], layer["pad"], layer["groups"])
        elif kind == "relu":
            x = relu_forward(x)
        elif kind == "lrn":
            x, scale = lrn_forward(x, layer["n"], layer["k"], layer["alpha"], layer["beta"])
        elif kind == "max_pool":
            x, argmax = max_pool_forward(x, layer["window"], layer["window"], layer["stride"], 0, False)
        elif kind == "flatten":
            x = flatten_forward(x)
        elif kind == "dense":
            x = dense_forward(x, weights[name + ".w"], weights[name + ".b"])
        elif name in masks:
            x = np.where(masks[name], x / (1 - layer["p_drop"]), 0)
        # END SOLUTION(a9.layers)
    return x


def output_shapes(layers, shape):
    # TEXT(en)
    """The shape of every layer's output for one image: a list of tuples, (C, H, W) or (D,). shape: of the input."""
    # TEXT(ko)
    """이미지 한 장에 대한 각 층의 출력 형상: (C, H, W) 또는 (D,) 튜플의 리스트. shape는 입력의 형상입니다."""
    # END TEXT
    shapes = []
    for layer in layers:
        # BEGIN SOLUTION(a9.shapes, points=2)
        kind = layer["kind"]
        if kind == "conv":
            C, H, W = shape
            window, stride, pad = layer["window"], layer["stride"], layer["pad"]
            shape = (layer["filters"], conv_size(H, window, stride, pad), conv_size(W, window, stride, pad))
        elif kind == "max_pool":
            C, H, W = shape
            window, stride = layer["window"], layer["stride"]
            shape = (C, conv_size(H, window, stride, 0), conv_size(W, window, stride, 0))
        elif kind == "flatten":
            C, H, W = shape
            shape = (C * H * W,)
        elif kind == "dense":
            shape = (layer["units"],)
        shapes.append(shape)
        # END SOLUTION(a9.shapes)
    return shapes


def layer_parameters(layers, shape):
    # TEXT(en)
    """How many parameters every layer has, biases included: a list of whole numbers. shape: of the input."""
    # TEXT(ko)
    """편향을 포함한 각 층의 매개변수 수: 정수의 리스트. shape는 입력의 형상입니다."""
    # END TEXT
    inputs = [shape] + output_shapes(layers, shape)[:-1]            # the shape before every layer
    counts = []
    for layer, before in zip(layers, inputs):
        # BEGIN SOLUTION(a9.params, points=2)
        count = 0
        if layer["kind"] == "conv":
            weights_of_a_filter = before[0] // layer["groups"] * layer["window"] ** 2
            count = layer["filters"] * weights_of_a_filter + layer["filters"]
        elif layer["kind"] == "dense":
            count = before[0] * layer["units"] + layer["units"]
        counts.append(count)
        # END SOLUTION(a9.params)
    return counts


def layer_multiply_adds(layers, shape):
    # TEXT(en)
    """How many multiply-adds every layer makes for one image: a list of whole numbers. shape: of the input."""
    # TEXT(ko)
    """이미지 한 장에 대한 각 층의 곱셈-덧셈 수: 정수의 리스트. shape는 입력의 형상입니다."""
    # END TEXT
    outputs = output_shapes(layers, shape)
    inputs = [shape] + outputs[:-1]
    counts = []
    for layer, before, after in zip(layers, inputs, outputs):
        # BEGIN SOLUTION(a9.flops, points=2)
        count = 0
        if layer["kind"] == "conv":
            K, P, Q = after
            products = before[0] // layer["groups"] * layer["window"] ** 2          # for one output
            count = K * P * Q * products
        elif layer["kind"] == "dense":
            count = before[0] * layer["units"]
        counts.append(count)
        # END SOLUTION(a9.flops)
    return counts
