"""A library that the environment lacks is named with the extra that brings it, for oneself and for a plugin."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fornix.errors import FornixError
from fornix.extraction.images import decode
from fornix.extraction.readout import choice_probabilities
from fornix.extraction.weights import load_state_dict
from fornix.interfaces import OnDisk


def read_an_image(folder: Path) -> None:
    (folder / "image.png").write_bytes(b"any")
    decode(OnDisk(folder / "image.png"))


def learn_a_label(folder: Path) -> None:
    choice_probabilities(np.eye(2), ["a", "b"], np.eye(2), ["a", "b"])


def load_a_network(folder: Path) -> None:
    load_state_dict(folder / "weights.safetensors")


@pytest.mark.parametrize(
    ("use", "module", "library", "extra"),
    [
        (read_an_image, "PIL", "pillow", "image"),
        (learn_a_label, "sklearn.linear_model", "scikit-learn", "sklearn"),
        (load_a_network, "torch", "torch", "torch"),
    ],
)
def test_what_is_lacking_is_said_with_what_to_write_where(
    use: Callable[[Path], None], module: str, library: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FornixError, match=f"needs {library}") as refused:
        use(tmp_path)
    said = str(refused.value)
    assert f"pip install 'fornix[{extra}]'" in said
    assert f'"fornix[{extra}]" among the dependencies of its pyproject.toml' in said
