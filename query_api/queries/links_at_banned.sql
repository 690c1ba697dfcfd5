-- Answers: the earliest link that was received between each of some identifiers and each banned one.
-- Gives: kind, a, a_type, b, b_type, at, stamp (ms), event_id, source.
-- Binds: workspace String, identifiers Array(UInt64), banned Array(UInt64), known_until Int64 (ms).
SELECT
    toString(kind) AS kind_name,
    if(forward, node, other) AS a, if(forward, node_type, other_type) AS a_type,
    if(forward, other, node) AS b, if(forward, other_type, node_type) AS b_type,
    toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(stamp) AS stamp_ms, event_id, source
FROM links
WHERE workspace = {workspace:String} AND node IN {identifiers:Array(UInt64)} AND other IN {banned:Array(UInt64)}
    AND bypass = 0 AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
ORDER BY stamp_ms, event_id, kind_name, a, b
LIMIT 1 BY node, other
