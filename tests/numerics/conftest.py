"""References that are asked while tests run."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def rsatoolbox() -> ModuleType:
    """The package; a test is skipped where it is not installed, or beside a scikit-learn that it cannot import."""
    pytest.importorskip("sklearn", minversion="1.6")  # which rsatoolbox 0.3.2 needs, and does not say
    module: Any = pytest.importorskip("rsatoolbox", reason="rsatoolbox is the reference here: pip install rsatoolbox")
    return module  # type: ignore[no-any-return]
