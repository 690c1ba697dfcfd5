-- Phase models that operators saved: facts. Of each name the order asked for last holds; one may drop it again.

CREATE TABLE IF NOT EXISTS models (
    workspace LowCardinality(String),
    model LowCardinality(String),
    asked Int64 COMMENT 'ms',
    model_version String COMMENT 'hash of the definition; empty where it was dropped',
    definition String COMMENT 'YAML; empty where it was dropped',
    asked_by String COMMENT 'the id of the key',
    dropped Bool
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, model, asked)
SETTINGS old_parts_lifetime = 480;
