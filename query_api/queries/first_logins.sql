-- Answers: the first login of each of some persons on each of some devices, by receipt.
-- Gives: kind, a (device), a_type, b (person), b_type, at, stamp (ms), event_id, source.
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64) (persons and devices), known_until Int64 (ms).
SELECT
    'login' AS kind_name, node, any(node_type), other, any(other_type),
    toUnixTimestamp64Milli(argMin(at, (stamp, event_id))) AS at_ms,
    toUnixTimestamp64Milli(min(stamp)) AS stamp_ms,
    argMin(event_id, (stamp, event_id)) AS event,
    argMin(source, (stamp, event_id)) AS source_name
FROM links
WHERE workspace = {workspace:String} AND node IN {identifiers:Array(UInt64)} AND other IN {identifiers:Array(UInt64)}
    AND kind = 'login' AND forward AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
    AND (bypass = 0 OR bypass IN (
        SELECT identifier FROM banned FINAL
        WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held))
GROUP BY node, other
ORDER BY stamp_ms, event, node, other
