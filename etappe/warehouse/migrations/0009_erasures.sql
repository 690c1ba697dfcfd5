-- Erasing a person: what an erased identifier named then, and whom an erasure that is not done concerns.

ALTER TABLE erasures
    ADD COLUMN IF NOT EXISTS names Enum8('person' = 1, 'device' = 2) COMMENT 'by the rules of then: a touchpoint that names a person is theirs, one of a device if it belongs to it in that time';

CREATE TABLE IF NOT EXISTS erasing (
    workspace LowCardinality(String),
    id String,
    identifier UInt64 COMMENT 'whose identity or journey the erasure concerns; the row goes when that is done'
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, id, identifier)
SETTINGS index_granularity = 1024, old_parts_lifetime = 480;
