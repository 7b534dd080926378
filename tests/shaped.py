"""Arrays in the shapes of a published network, where its file is not at hand: for tests of what is fetched."""
import numpy as np

from npnet.weights.readers import compression


def alexnet_shaped():
    """{name: array} of AlexNet in the shapes of its file: few weights that are not 0, of 15 values, as dense as AlexNet's."""
    random, arrays = np.random.default_rng(0), {}
    for name, shape in compression.NETWORKS["caffe"].items():
        weights = np.zeros(np.prod(shape), np.float32)
        values = np.linspace(-1, 1, 15, dtype=np.float32) / np.sqrt(len(weights) / shape[0] / 40)
        weights[::40] = random.choice(values, len(weights[::40]))
        arrays |= {f"{name}.w": weights.reshape(shape), f"{name}.b": np.zeros(shape[0], np.float32)}
    return arrays
