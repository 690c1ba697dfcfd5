-- Views: identities and journeys, with the builds that say which journeys answer, and how far they are.

CREATE TABLE IF NOT EXISTS identities (
    workspace LowCardinality(String),
    identifier UInt64,
    type LowCardinality(String),
    since Array(Int64) COMMENT 'ms; spans of the timeline, ascending; a person has one, from the beginning of time',
    customer Array(UInt64) COMMENT 'to whom the identifier belongs from since[i] on',
    members Array(UInt64) COMMENT 'on the row of the customer id itself: every identifier that belongs to it at some time',
    refused_other Array(UInt64) COMMENT 'the other ends of links that a rule refused',
    refused_rule Array(String),
    refused_event Array(FixedString(16)),
    version UInt64 COMMENT 'epoch of the writer * 2^40 + offset in changes'
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, identifier)
SETTINGS index_granularity = 256, min_age_to_force_merge_seconds = 20, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS journeys (
    workspace LowCardinality(String),
    build UInt32,
    customer UInt64,
    version UInt64 COMMENT 'epoch of the writer * 2^40 + offset in changes',
    gone Bool COMMENT 'tombstone: this id is a member of another customer now',

    first_at Int64 COMMENT 'ms, of all journeys',
    last_at Int64,
    touchpoints UInt32,
    value Float64,
    furthest UInt8 COMMENT 'furthest phase position over all journeys; 0: nothing mapped',
    reached_1 Int64 COMMENT 'ms when phase position 1 was first reached over all journeys; -1: never',
    reached_2 Int64, reached_3 Int64, reached_4 Int64, reached_5 Int64, reached_6 Int64, reached_7 Int64,
    reached_8 Int64, reached_9 Int64, reached_10 Int64, reached_11 Int64, reached_12 Int64, reached_13 Int64,
    reached_14 Int64, reached_15 Int64,
    accounts Array(String),

    started Array(Int64) COMMENT 'ms; from here on one element a journey, in time order',
    ended Array(Int64),
    sizes Array(UInt32) COMMENT 'touchpoints in each journey',
    values Array(Float64),
    furthests Array(UInt8),
    ordered_depths Array(UInt8) COMMENT 'k: phases 1..k were first reached in this order (equal times: either)',
    strict_depths Array(UInt8) COMMENT 'k: as ordered, and no step back to an earlier phase before k',
    milestones Array(Array(Int64)) COMMENT 'per journey, per phase position: ms when first reached, -1: never',
    first_channel Array(String), last_channel Array(String),
    first_campaign Array(String), last_campaign Array(String),
    first_source Array(String), last_source Array(String),
    first_contact Array(String), last_contact Array(String),
    first_device Array(String), last_device Array(String),
    first_country Array(String), last_country Array(String),

    sequence Array(Int64) CODEC(Delta, ZSTD) COMMENT 'all touchpoints in order: ms * 16 + phase position'
) ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (workspace, build, customer)
SETTINGS index_granularity = 1024, min_bytes_for_wide_part = 67108864, min_age_to_force_merge_seconds = 20, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS builds (
    workspace LowCardinality(String),
    model LowCardinality(String),
    build UInt32,
    model_version String COMMENT 'hash of the definition, so that an edit is a new version',
    definition String COMMENT 'the phase model as YAML',
    state Enum8('filling' = 1, 'active' = 2, 'retired' = 3),
    filled_through UInt64 COMMENT 'while filling: customers up to this id are done',
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, model, build)
SETTINGS old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS progress (
    workspace LowCardinality(String),
    partition UInt16 COMMENT 'of the topic touchpoints',
    position UInt64 COMMENT 'epoch of the log * 2^40 + offset: everything before it is in every answer',
    stamp DateTime64(3, 'UTC') COMMENT 'latest receipt included',
    identity_version UInt64
) ENGINE = ReplacingMergeTree(position)
ORDER BY (workspace, partition)
SETTINGS min_age_to_force_merge_seconds = 20, old_parts_lifetime = 480;

CREATE TABLE IF NOT EXISTS spans (
    batch UInt64 COMMENT 'random: the fold that reads it; staging, not kept',
    identifier UInt64,
    since Int64 COMMENT 'ms, included',
    until Int64 COMMENT 'ms, excluded',
    customer UInt64,
    made DateTime DEFAULT now()
) ENGINE = MergeTree()
ORDER BY (batch, identifier, since)
TTL made + INTERVAL 10 MINUTE
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, merge_with_ttl_timeout = 60, old_parts_lifetime = 10;

CREATE TABLE IF NOT EXISTS epochs (
    name String COMMENT 'log:<id of a log> or writer:<workspace or partition>',
    epoch UInt64,
    taken DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = MergeTree()
ORDER BY (name, epoch)
SETTINGS old_parts_lifetime = 480;
