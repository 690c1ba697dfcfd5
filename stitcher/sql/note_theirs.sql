-- Notes the identifiers that an erased person's touchpoints and links name; theirs.sql is put into it.
-- Binds workspace, id, asked (ms), gone (the persons and the devices that were theirs alone), and as theirs.sql.
INSERT INTO erasing (workspace, id, identifier)
SELECT DISTINCT {workspace:String}, {id:String}, key
FROM (
    SELECT arrayJoin(identifiers) AS key FROM touchpoints WHERE workspace = {workspace:String} AND (/*theirs*/)
    UNION ALL
    SELECT node AS key FROM links
    WHERE workspace = {workspace:String} AND toUnixTimestamp64Milli(stamp) <= {asked:Int64} AND node != 0
        AND (node IN {gone:Array(UInt64)} OR other IN {gone:Array(UInt64)})
)
