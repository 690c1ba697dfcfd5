"""A broken folder of phase models ends the start with the reason; without it the same data folder starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Etappe, wait_until

BROKEN = "name: bad\nconversion: a\nphases:\n  - {name: a, rules: [{evnt: X}]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    models.mkdir()
    (models / "bad.yaml").write_text(BROKEN)
    return models


@pytest.mark.parametrize(("missing", "said"), [(False, "bad.yaml line 4"), (True, "existing folder")])
def test_a_start_with_broken_models_ends_with_1_and_says_why_and_harms_nothing(
    start_etappe: Callable[..., Etappe], folder: Path, missing: bool, said: str
) -> None:
    given = folder / "nowhere" if missing else folder
    broken = start_etappe(wait=False, environment={"ETAPPE_MODELS_DIR": str(given)})
    wait_until(lambda: broken.process.poll() is not None, 60)
    assert broken.process.returncode == 1
    assert "ETAPPE_MODELS_DIR" in broken.printed()
    assert said in broken.printed()
    assert "is ready" not in broken.printed()

    mended = start_etappe()
    mended.ask("/v1/funnel", after=mended.send({"event": "Order Paid", "identifiers": {"user_id": "u"}}))
