"""Whatever fails in the conformance suite says what to change: no assertion there is without a sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fornix.conformance

MODULES = sorted(Path(fornix.conformance.__file__).parent.glob("test_*.py"))


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_no_assertion_is_without_a_sentence(module: Path) -> None:
    asserted = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)]
    assert asserted
    assert [node.lineno for node in asserted if node.msg is None] == []
