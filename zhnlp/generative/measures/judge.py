"""A classifier that never saw the model looks at its samples: which class, how sure, and by which features."""

from __future__ import annotations

from typing import Any

import numpy as np


class Judge:
    """A support vector machine for what is asked of labels, and a small network for features.

    Args:
        seed: of the network.

    Example:
        >>> from zhnlp.generative.datasets import digits
        >>> x, y, x_test, y_test = digits()
        >>> judge = Judge().fit(x, y)
        >>> judge.accuracy(x_test, y_test) > 0.97, judge.features(x_test).shape
        (True, (360, 16))
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, x: Any, y: Any) -> Judge:
        """Learn from labelled examples (N, *shape)."""
        from sklearn.neural_network import MLPClassifier
        from sklearn.svm import SVC

        rows, labels = _flat(x), np.asarray(y)
        self.machine = SVC(gamma="scale", C=10).fit(rows, labels)
        self.network = MLPClassifier((64, 16), max_iter=200, early_stopping=True, random_state=self.seed).fit(
            rows, labels
        )
        self.classes = len(self.machine.classes_)
        return self

    def predict(self, x: Any) -> np.ndarray:
        """The class of each example, (n,)."""
        return self.machine.predict(_flat(x))

    def accuracy(self, x: Any, y: Any) -> float:
        """The share of examples whose class is the given one."""
        return float((self.predict(x) == np.asarray(y)).mean())

    def features(self, x: Any) -> np.ndarray:
        """The 16 values before the network's last layer, (n, 16), for `frechet_distance`."""
        values = _flat(x)
        for weights, bias in list(zip(self.network.coefs_, self.network.intercepts_))[:-1]:
            values = np.maximum(values @ weights + bias, 0)
        return values

    def class_entropy(self, x: Any) -> float:
        """The entropy of the classes of many examples, in nats; ln K says that all K are drawn equally often."""
        return class_entropy(self.predict(x))


def class_entropy(labels: Any) -> float:
    """The entropy of labels (n,), in nats.

    Example:
        >>> round(class_entropy([0, 1, 0, 1]), 4)
        0.6931
    """
    counts = np.unique(np.asarray(labels), return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _flat(rows: Any) -> np.ndarray:
    rows = np.asarray(rows.detach().cpu() if hasattr(rows, "detach") else rows, dtype=float)
    return rows.reshape(len(rows), -1)
