-- Answers: what became of the log's records: those of one workspace, and how many the others have.
-- `below` bounds the others' records to what is committed; `included` is how far the workspace's answers reach.
-- Gives: outcome, own, own_before (records of logs before the present one), others (in the present log, below
-- `below`), waiting (own that not every answer includes), oldest (ms: receipt of the oldest of these).
-- Binds: workspace String, start UInt64 (position at which the present log begins), partitions Array(UInt16), and
-- in their order below Array(UInt64), included Array(UInt64) (positions; 0 ends both, for unknown partitions).
SELECT
    toString(outcome) AS outcome,
    countIf(mine) AS own,
    countIf(mine AND position < {start:UInt64}) AS own_before,
    countIf(NOT mine AND position >= {start:UInt64} AND position < below) AS others,
    countIf(mine AND position >= included) AS waiting,
    toUnixTimestamp64Milli(minIf(stamp, mine AND position >= included)) AS oldest
FROM
(
    SELECT
        workspace = {workspace:String} AS mine, outcome, position, stamp,
        indexOf({partitions:Array(UInt16)}, partition) AS place,
        {below:Array(UInt64)}[place] AS below,
        {included:Array(UInt64)}[place] AS included
    FROM receipts FINAL
)
GROUP BY outcome
