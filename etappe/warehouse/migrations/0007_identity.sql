-- Identity under rules: operators' decisions, the rules themselves, and one identities view per definition.

ALTER TABLE links
    ADD COLUMN IF NOT EXISTS bypass UInt64 COMMENT 'a link that holds only while this identifier is banned: what its events say without it',
    MODIFY ORDER BY (workspace, node, kind, other, at, event_id, forward, bypass);

ALTER TABLE identities
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'one complete view per definition',
    ADD COLUMN IF NOT EXISTS claimed Int64 COMMENT 'on the row of the customer id itself: ms, receipt of the earliest link that gave it its name; 0: not known',
    MODIFY ORDER BY (workspace, identifier, generation);

ALTER TABLE builds
    ADD COLUMN IF NOT EXISTS generation UInt32 COMMENT 'the identities that it was folded with',
    MODIFY COLUMN state Enum8('filling' = 1, 'active' = 2, 'retired' = 3, 'as_of' = 4);

CREATE TABLE IF NOT EXISTS generations (
    workspace LowCardinality(String),
    generation UInt32,
    purpose Enum8('rules' = 1, 'as_of' = 2, 'preview' = 3),
    name String COMMENT 'of a preview its id',
    rules String COMMENT 'the identity rules as YAML; empty: the default ones',
    known_until Int64 COMMENT 'ms: links and decisions received later are left out; 2^62: none are',
    state Enum8('filling' = 1, 'active' = 2, 'retired' = 3),
    resolved_through UInt64 COMMENT 'identifiers up to this one are resolved; 2^64 - 1: all',
    asked Int64 COMMENT 'ms',
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, generation)
SETTINGS old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS decisions (
    workspace LowCardinality(String),
    id String,
    kind Enum8('apart' = 1, 'ban' = 2) COMMENT 'two identifiers are held apart, or one value links nothing',
    a UInt64,
    a_type LowCardinality(String),
    b UInt64 COMMENT '0 for a ban',
    b_type LowCardinality(String),
    asked Int64 COMMENT 'ms',
    asked_by String COMMENT 'the id of the key, or what bound it was',
    note String,
    taken_back Int64 COMMENT 'ms; 0: it holds',
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, id)
SETTINGS old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS identity_rules (
    workspace LowCardinality(String),
    asked Int64 COMMENT 'ms: they hold from then on, until others do',
    rules String COMMENT 'YAML; empty: the default ones',
    asked_by String
) ENGINE = ReplacingMergeTree()
ORDER BY (workspace, asked)
SETTINGS old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS banned (
    workspace LowCardinality(String),
    generation UInt32,
    identifier UInt64,
    held Bool,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, generation, identifier)
SETTINGS index_granularity = 256, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS erasures (
    workspace LowCardinality(String),
    id String,
    identifier UInt64,
    since Int64 COMMENT 'ms, included',
    until Int64 COMMENT 'ms, excluded',
    asked Int64 COMMENT 'ms: what was received until then is gone',
    asked_by String,
    done Bool,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, identifier, id, since)
SETTINGS index_granularity = 256, old_parts_lifetime = 480;
