"""Fixtures of the tests of audit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty.foundation.audit import api
from loyalty.foundation.audit.operations import sealing
from tests.foundation.audit import tampering


@pytest.fixture(autouse=True)
def anchors(tmp_path: Path, settings: Any) -> Path:
    """Keep the anchors of a test in a file of its own, and anchor as often as is asked."""
    path = tmp_path / "anchors.jsonl"
    settings.LOYALTY_AUDIT_ANCHOR_FILE, settings.LOYALTY_AUDIT_ANCHOR_SECONDS = str(path), 1
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal a few rows into each block."""
    monkeypatch.setattr(sealing, "ROWS_PER_BLOCK", tampering.ROWS_PER_BLOCK)


@pytest.fixture
def sealed(db: None, small_blocks: None) -> Iterator[None]:
    """Give a log of a dozen blocks, anchored half-way and at its end."""
    tampering.fill()
    assert api.seal(now=tampering.NOW, blocks_max=6) == 6
    assert api.anchor(now=tampering.NOW) is not None
    assert api.seal(now=tampering.NOW) == 6
    assert api.anchor(now=tampering.NOW) is not None
    yield
