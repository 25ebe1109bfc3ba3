"""From the responses of several subjects, neuroid beside neuroid, to the dissimilarities of each."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from fornix.interfaces import AssemblyError, check_assembly
from fornix.numerics.similarity.dissimilarity import dissimilarities

Distance = Literal["correlation", "euclidean"]


def dissimilarities_by_subject(responses: xr.DataArray, distance: Distance) -> xr.DataArray:
    """Dissimilarities (subject, pair), subjects sorted.

    Parameters
    ----------
    responses : DataArray, dims (presentation, neuroid)
        One row for each stimulus, ``subject`` on neuroid.
    distance : {"correlation", "euclidean"}

    Raises
    ------
    AssemblyError
        If the neuroids do not say whose they are, or a stimulus is there twice.
    """
    check_assembly(responses, dims=("presentation", "neuroid"), finite=True, what="the responses of the subjects")
    if "subject" not in responses.coords or responses["subject"].dims != ("neuroid",):
        raise AssemblyError("the responses have no coordinate 'subject' on neuroid, which an RSA ceiling compares")
    of = responses["subject"].values.astype(np.str_)
    subjects = np.unique(of)
    rows = [dissimilarities(responses.isel(neuroid=np.flatnonzero(of == subject)), distance) for subject in subjects]
    return xr.concat(rows, dim="subject").assign_coords(subject=subjects)
