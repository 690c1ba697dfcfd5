-- Imports: what each brought is marked with its id, so that it can be taken back; and what was taken back.

ALTER TABLE touchpoints ADD COLUMN IF NOT EXISTS import_id LowCardinality(String) COMMENT 'the import that brought it; empty: none';

ALTER TABLE links ADD COLUMN IF NOT EXISTS import_id LowCardinality(String) COMMENT 'the import that brought it; empty: none';

CREATE TABLE IF NOT EXISTS undone_imports (
    workspace LowCardinality(String),
    import_id String,
    asked DateTime64(3, 'UTC') COMMENT 'what the collector got of the import until then is undone',
    touchpoints UInt64 COMMENT 'how many there were',
    first DateTime64(3, 'UTC') COMMENT 'their first receipt',
    last DateTime64(3, 'UTC') COMMENT 'their last receipt'
) ENGINE = ReplacingMergeTree(touchpoints)
ORDER BY (workspace, import_id, asked)
SETTINGS old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS undoing (
    workspace LowCardinality(String),
    import_id String,
    identifier UInt64 COMMENT 'whose identity or journey the undoing concerns; the row goes when that is done'
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, import_id, identifier)
SETTINGS index_granularity = 1024, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS spares (
    workspace LowCardinality(String),
    event_id FixedString(16),
    partition UInt16,
    position UInt64 COMMENT 'epoch of the log * 2^40 + offset',
    key String,
    value String CODEC(ZSTD) COMMENT 'a copy of a touchpoint that an import brought, as it stood in the log',
    stamp DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, event_id, partition, position)
SETTINGS index_granularity = 1024, old_parts_lifetime = 480;
