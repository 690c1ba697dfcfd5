"""The short form of faults: more than the stitcher takes."""

from __future__ import annotations

import pytest
from torture.short import assert_endured

pytestmark = pytest.mark.timeout(600)


def test_nothing_is_lost_and_nothing_counted_twice() -> None:
    assert_endured("floods, SQLite")
