-- Retention: up to when the touchpoints of a workspace have left.

CREATE TABLE IF NOT EXISTS retentions (
    workspace LowCardinality(String),
    before Int64 COMMENT 'ms: touchpoints of before then have left',
    asked Int64 COMMENT 'ms'
) ENGINE = ReplacingMergeTree(asked)
ORDER BY (workspace, before)
SETTINGS old_parts_lifetime = 480;
