"""Every path that takes writes, with its protocols."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.collector import Collector
from ingest.http import App
from ingest.protocols import WireProtocol
from ingest.protocols.beacon import BEACON_PATHS, PIXEL_PATHS, Beacon, Pixel
from ingest.protocols.native import Native
from ingest.protocols.posthog import paths as posthog_paths
from ingest.protocols.segment import BATCH_PATHS, PATHS, Segment
from ingest.protocols.segment.pixel import PIXEL_CALLS, SegmentPixel
from ingest.protocols.snowplow import paths as snowplow_paths
from ingest.replay import PATH as REPLAY_PATH
from ingest.replay import ReplayRoute
from ingest.validate import PATH as VALIDATE_PATH
from ingest.validate import ValidateRoute
from ingest.writes import WriteRoute


def protocols(snowplow_pairs: Sequence[str] = ()) -> dict[str, tuple[WireProtocol, ...]]:
    """By path; several protocols share one where each takes another method."""
    found: dict[str, tuple[WireProtocol, ...]] = {"/v1/touchpoints": (Native(),)}
    found |= {path: (Segment(call),) for path, call in PATHS.items()}
    found |= {path: (Segment(),) for path in BATCH_PATHS}
    found |= {path: (SegmentPixel(call),) for path, call in PIXEL_CALLS.items()}
    found |= {path: (Beacon(),) for path in BEACON_PATHS}
    found |= {path: (Pixel(),) for path in PIXEL_PATHS}
    found |= posthog_paths()
    found |= snowplow_paths(snowplow_pairs, taken=found.keys())
    return found


def hot_routes(collector: Collector, snowplow_pairs: Sequence[str] = ()) -> dict[str, App]:
    """What the dispatcher looks up before it asks FastAPI."""
    known = protocols(snowplow_pairs)
    routes: dict[str, App] = {path: WriteRoute(collector, *each) for path, each in known.items()}
    return routes | {
        REPLAY_PATH: ReplayRoute(collector, known),
        VALIDATE_PATH: ValidateRoute(collector, known),
    }
