-- Answers: the person, device and alias links between some identifiers, once per pair with the earliest receipt; aliases
-- once per event, because its two readings belong together.
-- Gives: kind, a, a_type, b, b_type, at, stamp (ms), event_id, source.
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64), known_until Int64 (ms).
SELECT
    toString(kind) AS kind_name, node AS a, any(node_type) AS a_type, other AS b, any(other_type) AS b_type,
    toUnixTimestamp64Milli(argMin(at, (stamp, event_id))) AS at_ms,
    toUnixTimestamp64Milli(min(stamp)) AS stamp_ms,
    argMin(event_id, (stamp, event_id)) AS event,
    argMin(source, (stamp, event_id)) AS source_name
FROM links
WHERE workspace = {workspace:String} AND node IN {identifiers:Array(UInt64)} AND other IN {identifiers:Array(UInt64)}
    AND kind != 'login' AND forward AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
    AND (bypass = 0 OR bypass IN (
        SELECT identifier FROM banned FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held))
GROUP BY kind, a, b, if(kind = 'alias', event_id, toFixedString('', 16))
ORDER BY stamp_ms, event, kind_name, a, b
