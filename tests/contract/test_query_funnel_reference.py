"""The funnel that SQL counts is the funnel of the definition, in every mode, for random histories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asking.world import DAY, NOON, World, model_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.journeys import Touch, journeys_of
from reference.phase_funnel import Asked, funnel

from etappe.clock import iso
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
