-- What a list of journeys shows: channels, contacts and sentiment of every touchpoint, in order; counted when asked.

ALTER TABLE journeys
    ADD COLUMN IF NOT EXISTS channels Array(LowCardinality(String)) COMMENT 'of all touchpoints by (time, seq, event id)',
    ADD COLUMN IF NOT EXISTS contacts Array(UInt8) COMMENT 'in the same order: 1 interactive, 2 static, 3 human, 0 not said; 4 more where offline',
    ADD COLUMN IF NOT EXISTS sentiment_at Array(Int64) COMMENT 'ms of the touchpoints that carry a sentiment, in the same order',
    ADD COLUMN IF NOT EXISTS sentiments Array(Float64) COMMENT 'their sentiments';
