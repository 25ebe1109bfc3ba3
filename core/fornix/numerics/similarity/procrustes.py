"""Procrustes similarity: how much of one set of responses an orthogonal map turns into the other."""

from __future__ import annotations

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from fornix.numerics.backends import AnyArray

Scale = Literal["angular", "cosine"]


def nuclear_norm(x: AnyArray, y: AnyArray) -> float:
    """The sum of singular values of ``X'Y`` of features (n, p) and (n, q): the largest ``tr(Q'X'Y)`` of an orthogonal Q."""
    return float(array_namespace(x).linalg.svdvals(x.T @ y).sum())


def nuclear_norm_of_products(k: AnyArray, y: AnyArray) -> float:
    """The same from products ``K = X X'`` (n, n), whatever the number of features: the roots of the eigenvalues of ``Y'K Y``.

    With ``Y = U S V'`` these are the eigenvalues of ``S U'K U S``, a matrix as wide as the smaller of n and q. Those below
    ``n eps`` times the largest are rounding and left out.

    Parameters
    ----------
    k : (n, n)
    y : (n, q)
    """
    linalg = array_namespace(y).linalg
    u, s, _ = linalg.svd(y, full_matrices=False)
    values = linalg.eigvalsh((u * s).T @ k @ (u * s))
    return float((values[values > len(k) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)] ** 0.5).sum())


def procrustes_similarity(norm: float, square_x: float, square_y: float, scale: Scale = "angular") -> float:
    """From the nuclear norm of ``X'Y`` and the sums of squares of centred X and Y to a similarity between 0 and 1.

    The cosine ``|X'Y|_* / (|X|_F |Y|_F)`` is 1 less half the squared orthogonal Procrustes distance of X and Y scaled to length
    1 (Schoenemann 1966, Psychometrika 31:1). ``angular``: ``1 - 2/pi arccos(cosine)``, whose complement is a metric (Williams
    et al. 2021, NeurIPS).

    Parameters
    ----------
    norm : float
        From :func:`nuclear_norm` or :func:`nuclear_norm_of_products`.
    square_x, square_y : float
    scale : {"angular", "cosine"}

    Returns
    -------
    float
        NaN where a side does not vary.
    """
    if not (square_x > 0 and square_y > 0):
        return float("nan")
    cosine = min(norm / float(np.sqrt(square_x * square_y)), 1.0)
    return cosine if scale == "cosine" else float(1 - 2 / np.pi * np.arccos(cosine))
