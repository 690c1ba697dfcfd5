-- Answers: how many of the present log's committed records are those of other workspaces. Read from projection
-- positions_by_outcome: a record received twice counts once.
-- Gives: records.
-- Binds: workspace String, start UInt64 (position at which the present log begins), partitions Array(UInt16),
-- below Array(UInt64) (in their order: the position up to which is committed).
SELECT sum(bitmapCardinality(bitmapSubsetInRange(positions, {start:UInt64},
    transform(partition, {partitions:Array(UInt16)}, {below:Array(UInt64)}, 0::UInt64))))
FROM
(
    SELECT partition, groupBitmapState(position) AS positions
    FROM receipts
    WHERE workspace != {workspace:String}
    GROUP BY partition
)
