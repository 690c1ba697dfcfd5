-- Refused events: one row per event, replaced by its latest refusal or by its replay.

CREATE TABLE IF NOT EXISTS rejects (
    workspace LowCardinality(String),
    id String,
    stage Enum8('door' = 1, 'log' = 2) COMMENT 'refused by the collector, or found unreadable in the log after a 2xx',
    version UInt64 COMMENT 'one more than of the row that it replaces',
    position UInt64 COMMENT 'epoch of the log * 2^40 + offset of the latest record of topic rejects in it; 0: none',
    log_position UInt64 COMMENT 'the same of topic touchpoints',
    reason LowCardinality(String),
    detail String,
    state Enum8('open' = 1, 'replayed' = 2),
    stamp DateTime64(3, 'UTC') COMMENT 'latest receipt by the collector',
    first DateTime64(3, 'UTC') COMMENT 'first receipt',
    times UInt32 COMMENT 'how often it was refused',
    replayed_at Nullable(DateTime64(3, 'UTC')),
    replayed_by String COMMENT 'id of the admin token',
    source LowCardinality(String) COMMENT 'the protocol it came by',
    path LowCardinality(String) COMMENT 'where it was sent: which of the protocol''s calls it is',
    caller LowCardinality(String) COMMENT 'kind of the key it came with',
    agent String COMMENT 'of the request''s head, where a browser sent it',
    country LowCardinality(String) COMMENT 'of the request''s head',
    import_id String,
    body String CODEC(ZSTD) COMMENT 'as it was sent, personal values excepted; empty: not kept',
    encoding LowCardinality(String) COMMENT 'base64 where the body is not UTF-8',
    outer String CODEC(ZSTD) COMMENT 'what its request said for all of its events, with their list left empty',
    marks Array(String) COMMENT 'the texts in body and outer that stand for a personal identifier',
    size UInt32 COMMENT 'bytes of body and outer'
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, id, stage)
SETTINGS index_granularity = 1024, min_age_to_force_merge_seconds = 60, old_parts_lifetime = 480;
