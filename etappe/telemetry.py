"""Metrics: one closed list of names, each saying what it counts and what to do when it moves."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

# Else each counter brings a metric that says when it was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped library
REGISTRY = CollectorRegistry()

# Events that a 2xx reply accepted. Falls to zero: senders are gone, or cannot reach the collector.
ACCEPTED = Counter("etappe_accepted_events", "Events accepted", ["workspace", "protocol"], registry=REGISTRY)

# Events refused at the door, by reason. Rises: a sender has changed; look at the rejects.
REFUSED = Counter("etappe_refused_events", "Events refused", ["workspace", "reason"], registry=REGISTRY)

# Requests by status. 503 rises: the log is full or away; 401 rises: somebody uses a dead key.
REQUESTS = Counter("etappe_requests", "HTTP requests", ["service", "status"], registry=REGISTRY)

# Seconds from a request's arrival to its reply. Rises on the collector: the disk or Kafka is slow.
REQUEST_SECONDS = Histogram(
    "etappe_request_seconds", "Seconds per HTTP request", ["service"], registry=REGISTRY
)

# Touchpoints normalised, by outcome. Duplicates rise: a sender retries a lot.
NORMALISED = Counter("etappe_normalised_events", "Touchpoints normalised", ["outcome"], registry=REGISTRY)

# Links refused by an identity rule. Rises: an identifier is shared; look at the customer's identity.
REFUSED_LINKS = Counter("etappe_refused_links", "Links refused", ["rule"], registry=REGISTRY)

# Records of topic changes that hold no change. Rises: somebody else writes to the topic, or a version is older.
UNREADABLE_CHANGES = Counter("etappe_unreadable_changes", "Unreadable records of changes", registry=REGISTRY)

# Customers folded again. Far above the touchpoints: merges touch large customers.
FOLDED = Counter("etappe_folded_customers", "Customers folded", registry=REGISTRY)

# Seconds that one batch spends in a step of the stitcher. Rises: the warehouse is slow.
STEP_SECONDS = Histogram("etappe_step_seconds", "Seconds per batch and step", ["step"], registry=REGISTRY)

# Seconds that the oldest touchpoint not yet in every answer has waited. Rises: the stitcher is behind or down.
LAG_SECONDS = Gauge("etappe_lag_seconds", "Seconds of lag", registry=REGISTRY)

# Share of the log's retention that the lag has used. Above 0.5: act before records are dropped (Kafka).
LAG_OF_RETENTION = Gauge("etappe_lag_of_retention_ratio", "Lag as a share of retention", registry=REGISTRY)

# Questions that hit a limit of time, memory or rows. Rises: narrow the questions or raise the limits.
LIMITED_QUERIES = Counter("etappe_limited_queries", "Questions stopped by a limit", registry=REGISTRY)

# Refused events no longer kept. room: a workspace's bound, look who sends rubbish; age; unreadable: of topic rejects.
DROPPED_REJECTS = Counter("etappe_dropped_rejects", "Refused events dropped", ["why"], registry=REGISTRY)

# Steps of the stitcher that stand still, since most records cannot be read (run the version that wrote them) or the
# log is damaged.
HALTED = Gauge("etappe_halted_steps", "Steps that stand still", registry=REGISTRY)

# Accepted events without an outcome while nothing is late (freshness). Not 0: read /v1/freshness, keep the log.
UNRECONCILED = Gauge(
    "etappe_unreconciled_events", "Events that do not add up", ["workspace"], registry=REGISTRY
)


def metrics_page() -> bytes:
    """The text of `/metrics`."""
    return generate_latest(REGISTRY)
