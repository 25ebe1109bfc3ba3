"""One SyntaxGym suite: sentences cut into regions, and the inequalities that their surprisals should satisfy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fornix.interfaces import StimulusSet


class Suite:
    """The items of one suite.

    Parameters
    ----------
    path : Path
        JSON in the format of SyntaxGym (https://cpllab.github.io/syntaxgym-core/suite_json.html): items have conditions,
        conditions have regions, regions have content.

    Raises
    ------
    ValueError
        If the suite sums surprisals in another way than over the tokens of a region, or predicts other than by formula.
    """

    def __init__(self, path: Path) -> None:
        self._suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        metric = self._suite["meta"]["metric"]
        if metric != "sum":
            raise ValueError(f"suite {self.name} asks for the {metric} of a region's surprisals; only 'sum' is known")
        kinds = {prediction["type"] for prediction in self._suite["predictions"]}
        if kinds != {"formula"}:
            raise ValueError(f"suite {self.name} has predictions of type {sorted(kinds)}; only 'formula' is known")

    @property
    def name(self) -> str:
        return str(self._suite["meta"]["name"])

    def stimuli(self) -> StimulusSet:
        """Each region that has words, as text; the context is the sentence (one condition of one item).

        Contexts are named by a hash and sorted by it, so that neither names nor order say which sentence is which
        condition. White space before punctuation is removed, as in written English; regions without words are left out.
        """
        rows = []
        for item in self._suite["items"]:
            for condition in item["conditions"]:
                context = self._context(item["item_number"], condition["condition_name"])
                rows += [
                    (context, number, _written(region["content"]))
                    for region in condition["regions"]
                    if region["content"].strip() and (number := int(region["region_number"]))
                ]
        rows.sort(key=lambda row: row[:2])
        return StimulusSet(
            [f"{context}.{number}" for context, number, _ in rows],
            text=[text for _, _, text in rows],
            context=[context for context, _, _ in rows],
            order=[number for _, number, _ in rows],
        )

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``regions``: dims (presentation,), the region number of each stimulus, with the coordinates ``item`` and
        ``condition``; the attribute ``predictions`` holds the formulas (an item is right if all of them hold) and
        ``n_regions`` how many regions a sentence has, those without words included. Nothing was measured."""
        rows = [
            (item["item_number"], condition["condition_name"], region["region_number"])
            for item in self._suite["items"]
            for condition in item["conditions"]
            for region in condition["regions"]
            if region["content"].strip()
        ]
        items, conditions, numbers = (np.array(column) for column in zip(*rows, strict=True))
        names = np.array([f"{self._context(item, condition)}.{number}" for item, condition, number in rows])
        regions = xr.DataArray(
            numbers,
            dims=("presentation",),
            coords={
                "stimulus_id": ("presentation", names),
                "item": ("presentation", items),
                "condition": ("presentation", conditions),
            },
            attrs={
                "predictions": [prediction["formula"] for prediction in self._suite["predictions"]],
                "n_regions": len(self._suite["region_meta"]),
            },
        )
        return {"regions": regions}

    def _context(self, item: int, condition: str) -> str:
        return hashlib.sha256(f"{self.name}\0{item}\0{condition}".encode()).hexdigest()[:12]


def _written(content: str) -> str:
    return re.sub(r"\s+([.,!?;:])", r"\1", content.strip())
