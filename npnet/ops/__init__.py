"""The operations: pure functions on arrays, one chapter per file, each forward beside its backward.

Every chapter says what the operation is, derives its gradients, gives the definition as plain loops
(names ending in _loops) and then the array text that NumPy runs. The letters, everywhere:

    input    x   (N, C, H, W)          n image, c channel, h row, v column (w is taken by the weights)
    filters  w   (K, C/G, R, S)        k filter, r row and s column inside the filter, G groups
    output   y   (N, K, P, Q)          p row, q column of the output
    columns      (N, C, R, S, P, Q)    every patch of x, before it becomes a matrix (N, C*R*S, P*Q)
    dense    x   (N, D)   w (D, M)   y (N, M)          labels (N,) integers
    d<name>      the gradient of the loss with respect to <name>; always the shape of <name>
    h = p*stride + r - pad             v = q*stride + s - pad

Arguments come in one order: the gradient, then what forward saved, then options. Nothing here
modifies its arguments (but for update.py). Shapes are not checked here but once, when a network is
built; labels, which come with every batch, are. Numbers are float32 or float64, all of one dtype.
For other arguments the array texts do what NumPy does: broadcast, compute whole numbers in float64,
or raise. What would read outside its arrays or cut fractions off (compiled texts, loops that divide)
is called through a guard, which answers in one sentence (backend.py).

Sums over more than a few hundred numbers are added up in float64: in float32 the mean of a million
numbers near 100 would be wrong in its fifth digit.

The chapters in reading order: shapes, dense, activation, softmax, conv, pool, lrn, batchnorm,
dropout, update.
"""
from .activation import (relu_backward, relu_backward_loops, relu_forward, relu_forward_loops, sigmoid_backward,
                         sigmoid_backward_loops, sigmoid_forward, sigmoid_forward_loops, tanh_backward,
                         tanh_backward_loops, tanh_forward, tanh_forward_loops)
from .batchnorm import (batchnorm_backward, batchnorm_backward_loops, batchnorm_forward, batchnorm_forward_loops,
                        batchnorm_statistics, batchnorm_statistics_loops)
from .conv import (col2im, col2im_loops, conv2d_backward, conv2d_backward_loops, conv2d_forward,
                   conv2d_forward_loops, im2col, im2col_loops)
from .dense import dense_backward, dense_backward_loops, dense_forward, dense_forward_loops
from .dropout import dropout_backward, dropout_backward_loops, dropout_forward, dropout_forward_loops
from .lrn import (CONVENTIONS, lrn_backward, lrn_backward_loops, lrn_constants, lrn_forward, lrn_forward_loops,
                  lrn_within_backward, lrn_within_backward_loops, lrn_within_forward, lrn_within_forward_loops)
from .pool import (adaptive_avg_pool_backward, adaptive_avg_pool_backward_loops, adaptive_avg_pool_forward,
                   adaptive_avg_pool_forward_loops, avg_pool_backward, avg_pool_backward_loops, avg_pool_forward,
                   avg_pool_forward_loops, max_pool_backward, max_pool_backward_loops, max_pool_forward,
                   max_pool_forward_loops)
from .shapes import conv_size, pool_size
from .softmax import (check_labels, log_softmax_backward, log_softmax_backward_loops, log_softmax_forward,
                      log_softmax_forward_loops, softmax_backward, softmax_backward_loops, softmax_cross_entropy,
                      softmax_cross_entropy_loops, softmax_forward, softmax_forward_loops)
from .update import sgd_update, sgd_update_loops, sgd_update_torch, sgd_update_torch_loops
