"""Dozens of seeds of the simulation; `make torture` runs thousands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from torture.simulation import engine, simulate

from etappe.warehouse import Session

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with engine() as session:
        yield session


@pytest.mark.parametrize("seed", range(24))
def test_whatever_happens_on_the_way_the_end_is_that_of_the_references(session: Session, seed: int) -> None:
    assert simulate(session, seed)


def test_the_same_seed_does_the_same(session: Session) -> None:
    assert simulate(session, 3) == simulate(session, 3) != simulate(session, 4)
