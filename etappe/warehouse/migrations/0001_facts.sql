-- Facts: touchpoints, receipts, links, names of identifiers. Append-only; a replay writes the same rows again.

CREATE TABLE IF NOT EXISTS touchpoints (
    workspace LowCardinality(String),
    identifier UInt64 COMMENT 'the best-ranked identifier of the event: what the touchpoint belongs to',
    at DateTime64(3, 'UTC'),
    seq Int64,
    event_id FixedString(16) COMMENT '128-bit hash of id',
    id String,
    stamp DateTime64(3, 'UTC') COMMENT 'receipt by the collector',
    event LowCardinality(String),
    channel LowCardinality(String),
    contact LowCardinality(String),
    offline Bool,
    account String,
    page_url String,
    page_path String,
    page_title String,
    page_referrer String,
    campaign_source LowCardinality(String),
    campaign_medium LowCardinality(String),
    campaign_name LowCardinality(String),
    campaign_term LowCardinality(String),
    campaign_content LowCardinality(String),
    value Nullable(Float64),
    currency LowCardinality(String),
    sentiment Nullable(Float64),
    device_type LowCardinality(String),
    device_browser LowCardinality(String),
    device_os LowCardinality(String),
    country LowCardinality(String),
    bot Bool,
    consent_analytics Bool,
    consent_linking Bool,
    experiments Map(LowCardinality(String), String),
    identifiers Array(UInt64) COMMENT 'all of the event, best-ranked first',
    traits String COMMENT 'JSON object or empty',
    properties String COMMENT 'JSON object or empty',
    source LowCardinality(String) COMMENT 'the protocol it came by'
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, identifier, at, event_id)
SETTINGS index_granularity = 256, min_age_to_force_merge_seconds = 60, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS receipts (
    workspace LowCardinality(String),
    event_id FixedString(16),
    partition UInt16,
    position UInt64 COMMENT 'epoch of the log * 2^40 + offset',
    outcome Enum8('stored' = 1, 'duplicate' = 2, 'rejected' = 3, 'erased' = 4),
    reason LowCardinality(String),
    stamp DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, event_id, partition, position)
SETTINGS index_granularity = 256, min_age_to_force_merge_seconds = 60, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS links (
    workspace LowCardinality(String),
    node UInt64 COMMENT 'each link stands twice, once from either end',
    kind Enum8('person' = 1, 'login' = 2, 'device' = 3, 'alias' = 4),
    other UInt64,
    at DateTime64(3, 'UTC'),
    event_id FixedString(16),
    forward Bool COMMENT 'node is the end named first by the event',
    node_type LowCardinality(String),
    other_type LowCardinality(String),
    stamp DateTime64(3, 'UTC'),
    source LowCardinality(String)
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, node, kind, other, at, event_id, forward)
SETTINGS index_granularity = 256, min_age_to_force_merge_seconds = 60, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS identifiers (
    workspace LowCardinality(String),
    identifier UInt64,
    type LowCardinality(String),
    value String COMMENT 'empty for personal types, which are kept as hashes only'
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, identifier)
SETTINGS index_granularity = 256, min_age_to_force_merge_seconds = 60, old_parts_lifetime = 480;
