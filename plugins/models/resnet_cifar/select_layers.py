"""Choose the V4 layer of each trained network on the commitment data, and write the layer commitments.

The layer with the highest ``V4-ridge`` score on session 210224 (Cowley2023), which is no benchmark; IT and behaviour are
declared. Run it with ``python select_layers.py`` (or ``python select_layers.py 20`` for one network) where fornix is
installed and the data can be had.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import fornix
from fornix.extraction.responder import FeatureModel
from fornix.interfaces import Experiment, Recording

DATASET = "Cowley2023.210224"
#: The penalties of V4-ridge, in units of the mean diagonal of the centred training Gram.
ALPHAS = np.logspace(-6, 6, 25).tolist()
DEPTHS = (20, 32, 56)
PACKAGE = Path(__file__).parent / "fornix_model_resnet_cifar"

COMMITMENT = """\
# Written by select_layers.py. Scores on {dataset} (V4-ridge, raw r):
{table}

[regions.V4]
layers = ["{layer}"]
how = "selected on {dataset}"

[regions.IT]
layers = ["layer3"]
how = "declared"

[behaviour]
layer = "pool"
"""


def candidates(model: FeatureModel) -> list[str]:
    """The stem, every residual block and the pooled features, in the order of the forward pass."""
    return [
        layer for layer in model.layers() if layer in ("relu", "pool") or (layer.startswith("layer") and layer.count(".") == 1)
    ]


def scores(model: FeatureModel) -> dict[str, float]:
    """V4-ridge score of each candidate, all recorded in one pass."""
    dataset = fornix.load_dataset(DATASET)
    ridge = fornix.load_metric("ridge", alphas=ALPHAS, alpha_scale="mean_diagonal", replicates=False)
    recordings = {layer: Recording(f"layer:{layer}", form="gram") for layer in candidates(model)}
    responses = model.respond(Experiment(dataset.stimuli(), tuple(recordings.values())))
    target = dataset.recordings()["V4"]
    return {layer: ridge(responses[recording], target).value for layer, recording in recordings.items()}


def main() -> None:
    for depth in map(int, sys.argv[1:] or DEPTHS):
        model = fornix.load_model(f"resnet{depth}-cifar10")
        assert isinstance(model, FeatureModel)
        found = scores(model)
        table = "\n".join(f"#   {layer:<10} {score:.4f}" for layer, score in found.items())
        best = max(found, key=lambda layer: found[layer])
        (PACKAGE / f"resnet{depth}.toml").write_text(
            COMMITMENT.format(dataset=DATASET, table=table, layer=best), encoding="utf-8"
        )
        print(f"resnet{depth}: {best}, r = {found[best]:.4f}\n{table}")


if __name__ == "__main__":
    main()
