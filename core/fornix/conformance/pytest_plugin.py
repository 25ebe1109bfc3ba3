"""pytest's side of ``fornix test``: which plugin is tested, its packages importable, and no silent skips in CI."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fornix.registry.discovery import Registry, discover
from fornix.registry.distribution import Distribution
from fornix.registry.load import use_registry


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fornix-plugin", type=Path, help="the folder of the plugin that is tested")


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "mirror: needs files of the mirror (or the network)",
        "torch: needs torch",
        "slow: takes more than some seconds",
    ):
        config.addinivalue_line("markers", marker)
    root = config.getoption("--fornix-plugin")
    if root is not None:  # its own tests import its package by name
        sys.path.insert(0, str(root))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Where the mirror is there and CI runs, a skipped test that needs it is a failure: it hides a gap.

    Unless the mirror is sound and merely lacks the file: some files are not to be had anywhere but at their source.
    """
    outcome: Any = yield
    report = outcome.get_result()
    why = str(report.longrepr)
    needs = item.get_closest_marker("mirror") is not None or "cannot be had" in why
    lacks = "does not hold it" in why
    if report.skipped and needs and not lacks and os.environ.get("CI") and os.environ.get("FORNIX_MIRROR"):
        report.outcome = "failed"
        report.longrepr = f"skipped although FORNIX_MIRROR is set: {report.longrepr}"


@cache
def _in_reach() -> Registry:
    return discover()


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """All plugins in reach, in use for the tests of a module: those of another may use their own."""
    with use_registry(_in_reach()) as found:
        yield found


@cache
def tested(root: Path) -> tuple[Registry, Distribution]:
    """The registry, and the distribution at this folder; every test of the suite asks."""
    found = discover([root])
    return found, next(d for d in found.distributions if d.root is not None and d.root.resolve() == root)


@cache
def _devices() -> list[str]:
    """NumPy, torch on the CPU (skipped where it is not installed), and the GPU that torch finds."""
    if importlib.util.find_spec("torch") is None:
        return ["numpy", "cpu"]
    import torch

    return ["numpy", "cpu", *["cuda"] * torch.cuda.is_available()]


@pytest.fixture(scope="module")
def scoring_device(request: pytest.FixtureRequest) -> Iterator[str]:
    """A test that asks for it runs on every backend that is there; ``FORNIX_SCORING_DEVICE`` names it meanwhile."""
    if request.param != "numpy":
        pytest.importorskip("torch", reason="torch is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORNIX_SCORING_DEVICE", request.param)
        yield request.param


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each backend; one for each card of the plugin, of the kind that the test's module is about."""
    if "scoring_device" in metafunc.fixturenames:
        metafunc.parametrize("scoring_device", _devices(), indirect=True, scope="module")
    if "card" not in metafunc.fixturenames or metafunc.config.getoption("--fornix-plugin") is None:
        return
    found, distribution = tested(metafunc.config.getoption("--fornix-plugin").resolve())
    kind = metafunc.module.__name__.rpartition("test_")[2]
    cards = [card for card in found.cards() if found.distribution(card) == distribution and kind in ("card", card.kind)]
    if kind == "benchmark":
        cards = [card for card in cards if card.aggregate is None]
    # a model whose card requires an option cannot be loaded without knowing it: its own tests do that
    cards = [card for card in cards if kind != "model" or all(o.default is not None for o in card.options.values())]
    # one card after the other: what its tests share is loaded once, and no two cards' at a time
    metafunc.parametrize("card", cards, ids=[card.identifier for card in cards], scope="module")


@pytest.fixture(scope="session")
def given_by_plugin(pytestconfig: pytest.Config) -> ModuleType | None:
    """The plugin's ``tests/conformance.py``, if it has one."""
    path = pytestconfig.getoption("--fornix-plugin") / "tests" / "conformance.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("given_by_plugin", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["given_by_plugin"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def parity_folder() -> Path:
    """The inputs of Brain-Score's metrics and the values it gave: FORNIX_PARITY, else ``tests/parity`` of the checkout."""
    place = Path(os.environ.get("FORNIX_PARITY") or Path(__file__).parents[3] / "tests" / "parity")
    if not (place / "expected.json").exists():
        pytest.skip("the parity inputs are in no checkout around this fornix; name their folder in FORNIX_PARITY")
    return place
