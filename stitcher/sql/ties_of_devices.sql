-- What devices are linked to, and which of them an alias names.
-- Binds workspace, nodes, known_until (ms).
SELECT DISTINCT node, toString(kind), other
FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND kind IN ('device', 'alias')
    AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
