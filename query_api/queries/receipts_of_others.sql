-- Answers: how many of the present log's committed records are those of other workspaces.
-- Gives: records.
-- Binds: workspace String, start UInt64 (position at which the present log begins), partitions Array(UInt16),
-- below Array(UInt64) (in their order: the position up to which is committed).
SELECT count()
FROM receipts FINAL
WHERE workspace != {workspace:String} AND position >= {start:UInt64}
    AND position < transform(partition, {partitions:Array(UInt16)}, {below:Array(UInt64)}, 0)
