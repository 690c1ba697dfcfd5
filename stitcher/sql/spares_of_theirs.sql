-- The copies that an erased person's events have among the spares, and those that name the person.
-- Binds workspace, asked (ms), gone (the persons and the devices that were theirs alone), and of each span of a device:
-- devices, sinces, untils (ms).
WITH
    JSONExtract(value, 'identifiers', 'Array(Tuple(String, UInt64, Nullable(String)))') AS named,
    JSONExtract(value, 'alias', 'Array(Tuple(String, UInt64, Nullable(String)))') AS former
SELECT partition, position, event_id
FROM spares
WHERE workspace = {workspace:String} AND (
    event_id IN (
        SELECT event_id FROM receipts
        WHERE workspace = {workspace:String} AND outcome = 'erased' AND reason = 'erased'
    )
    OR toUnixTimestamp64Milli(stamp) <= {asked:Int64} AND (
        arrayExists(each -> each.2 IN {gone:Array(UInt64)}, arrayConcat(named, former))
        OR arrayExists(
            (device, since, until) -> device = named[1].2 AND JSONExtractInt(value, 'at') >= since
                AND JSONExtractInt(value, 'at') < until,
            {devices:Array(UInt64)}, {sinces:Array(Int64)}, {untils:Array(Int64)}
        )
    )
)
