-- The devices that some persons logged in on or claimed.
-- Binds workspace, nodes, known_until (ms).
SELECT DISTINCT other
FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)}
    AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
    AND (kind = 'login' AND NOT forward OR kind = 'alias' AND forward AND other_type = 'anonymous_id')
