-- A table like touchpoints without anything that is kept beside it.
-- Binds nothing.
CREATE TABLE plain AS touchpoints
ENGINE = MergeTree ORDER BY (workspace, identifier, at, event_id)
SETTINGS index_granularity = 1024
