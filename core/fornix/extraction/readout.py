"""Choices from a model's readout features, learned from fitting stimuli."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.errors import lacks


def choice_probabilities(
    fitting: ArrayLike, labels: Sequence[str], features: ArrayLike, choices: Sequence[str]
) -> NDArray[np.float64]:
    """Multinomial logistic regression (L2 penalty 1, intercept) on features standardised by the fitting stimuli.

    Parameters
    ----------
    fitting : (m, p) array
    labels : sequence of str, length m
        Out of the choices.
    features : (n, p) array
    choices : sequence of str, length k
        A choice that no fitting stimulus carries has probability 0.

    Returns
    -------
    (n, k) float64, rows sum to 1

    Raises
    ------
    ValueError
        If all labels are equal.
    FornixError
        If scikit-learn is not there.
    """
    if len(set(labels)) < 2:
        raise ValueError("the fitting stimuli carry one label only; a choice is learned from at least two")
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise lacks("learning a task from fitting stimuli", "scikit-learn", "sklearn") from None
    train, test = np.array(fitting, dtype=np.float64), np.array(features, dtype=np.float64)
    # The deviation of equal numbers can come out as rounding, which would blow up the test stimuli: compare them instead.
    scale = np.where(np.ptp(train, axis=0) > 0, train.std(axis=0), 1.0)
    mean = train.mean(axis=0)
    train, test = (train - mean) / scale, (test - mean) / scale
    if train.shape[1] > train.shape[0]:
        # An L2-penalised fit lies in the span of its rows: rotating onto them changes no probability and saves the columns.
        basis = np.linalg.svd(train, full_matrices=False)[2]
        train, test = train @ basis.T, test @ basis.T
    classifier = LogisticRegression(max_iter=2000)
    classifier.fit(train, np.asarray(labels, dtype=np.str_))
    answer = np.zeros((len(test), len(choices)))
    columns = [list(choices).index(str(name)) for name in classifier.classes_]
    answer[:, columns] = classifier.predict_proba(test)
    return answer
