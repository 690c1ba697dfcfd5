-- Answers: when the oldest record of some partitions was received that not every answer includes.
-- Gives: stamp (ms, 0: none).
-- Binds: workspace String, partitions Array(UInt16), included Array(UInt64) (in their order: the position up to which
-- the answers reach), least UInt64 (the lowest of these: quickly compared).
SELECT toUnixTimestamp64Milli(min(stamp))
FROM receipts
WHERE workspace = {workspace:String} AND position >= {least:UInt64}
    AND position >= transform(
        partition, {partitions:Array(UInt16)}, {included:Array(UInt64)}, 18446744073709551615::UInt64)
