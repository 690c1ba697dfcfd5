-- What else an erased person's events said, of others: the links of these events that name nothing of theirs.
-- theirs.sql is put into it.
-- Binds workspace, asked (ms), gone (the persons and the devices that were theirs alone), and as theirs.sql.
SELECT toString(kind), node, other, event_id
FROM links
WHERE workspace = {workspace:String} AND forward AND node != 0 AND other != 0
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
    AND node NOT IN {gone:Array(UInt64)} AND other NOT IN {gone:Array(UInt64)}
    AND event_id IN (
        SELECT event_id FROM touchpoints WHERE workspace = {workspace:String} AND (/*theirs*/)
    )
