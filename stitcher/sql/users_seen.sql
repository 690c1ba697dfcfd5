-- Which of some user ids have touchpoints (a touchpoint with a user id always belongs to it).
-- Binds workspace, nodes, known_until (ms).
SELECT DISTINCT identifier
FROM touchpoints
WHERE workspace = {workspace:String} AND identifier IN {nodes:Array(UInt64)}
    AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
