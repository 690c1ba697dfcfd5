-- Answers: what became of a workspace's records, and how many of them not every answer includes. Read from projection
-- positions_by_outcome: a record is a position, so one received twice counts once, copies merged or not. Where a
-- replay came to another outcome, the record counts under one of them, an erased one as erased.
-- Gives: per partition: partition, stored, duplicate, rejected, erased, before (of these, records of logs before the
-- present one), waiting (that not every answer includes).
-- Binds: workspace String, start UInt64 (position at which the present log begins), partitions Array(UInt16),
-- included Array(UInt64) (in their order: the position up to which the answers reach).
SELECT
    partition,
    bitmapAndnotCardinality(all_stored, all_erased) AS stored,
    bitmapAndnotCardinality(all_duplicates, bitmapOr(all_stored, all_erased)) AS duplicates,
    bitmapAndnotCardinality(all_rejected, bitmapOr(all_duplicates, bitmapOr(all_stored, all_erased))) AS rejected,
    bitmapCardinality(all_erased) AS erased,
    bitmapCardinality(bitmapSubsetInRange(all_positions, 0::UInt64, {start:UInt64})) AS before,
    bitmapCardinality(bitmapSubsetInRange(all_positions,
        transform(partition, {partitions:Array(UInt16)}, {included:Array(UInt64)}, 0::UInt64),
        18446744073709551615::UInt64)) AS waiting
FROM
(
    SELECT
        partition,
        groupBitmapOrStateIf(positions, outcome = 'stored') AS all_stored,
        groupBitmapOrStateIf(positions, outcome = 'duplicate') AS all_duplicates,
        groupBitmapOrStateIf(positions, outcome = 'rejected') AS all_rejected,
        groupBitmapOrStateIf(positions, outcome = 'erased') AS all_erased,
        groupBitmapOrState(positions) AS all_positions
    FROM
    (
        SELECT outcome, partition, groupBitmapState(position) AS positions
        FROM receipts
        WHERE workspace = {workspace:String}
        GROUP BY outcome, partition
    )
    GROUP BY partition
)
