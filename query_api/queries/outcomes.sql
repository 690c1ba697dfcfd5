-- Answers: what became of a workspace's records, and which of them not every answer includes.
-- Gives: outcome, own, before (of these, records of logs before the present one), waiting (that not every answer
-- includes), oldest (ms: receipt of the oldest of these).
-- Binds: workspace String, start UInt64 (position at which the present log begins), partitions Array(UInt16),
-- included Array(UInt64) (in their order: the position up to which the answers reach).
SELECT
    toString(outcome) AS outcome,
    count() AS own,
    countIf(position < {start:UInt64}) AS before,
    countIf(position >= transform(partition, {partitions:Array(UInt16)}, {included:Array(UInt64)}, 0)) AS waiting,
    toUnixTimestamp64Milli(minIf(stamp, position
        >= transform(partition, {partitions:Array(UInt16)}, {included:Array(UInt64)}, 0))) AS oldest
FROM receipts FINAL
WHERE workspace = {workspace:String}
GROUP BY outcome
