-- What else an erased person's events said, of others: the links of these events that name nothing of theirs.
-- Binds workspace, asked (ms), gone (the persons and the devices that were theirs alone).
SELECT toString(kind), node, other, event_id
FROM links
WHERE workspace = {workspace:String} AND forward AND node != 0 AND other != 0
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
    AND node NOT IN {gone:Array(UInt64)} AND other NOT IN {gone:Array(UInt64)}
    AND event_id IN (
        SELECT event_id FROM receipts
        WHERE workspace = {workspace:String} AND outcome = 'erased' AND reason = 'erased'
    )
