-- Answers: the logins of some persons on some devices, without those that repeat the person before on that device, the
-- earliest of each device.
-- Gives: kind, a (device), a_type, b (person), b_type, at, stamp (ms), event_id, source, left_out (how many more there
-- are on the device).
-- Binds: workspace String, generation UInt32, identifiers Array(UInt64) (persons and devices), known_until Int64 (ms),
-- each UInt32 (at most so many a device).
SELECT
    'login' AS kind_name, node, node_type, other, other_type, at_ms, stamp_ms, event_id, source,
    greatest(count() OVER (PARTITION BY node), {each:UInt32}) - {each:UInt32} AS left_out
FROM
(
    SELECT
        node, node_type, other, other_type, source, event_id, toUnixTimestamp64Milli(at) AS at_ms,
        toUnixTimestamp64Milli(stamp) AS stamp_ms,
        lagInFrame(other) OVER (PARTITION BY node ORDER BY at, event_id, other) AS before
    FROM links
    WHERE workspace = {workspace:String} AND node IN {identifiers:Array(UInt64)} AND kind = 'login' AND forward
        AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64}
        AND (bypass = 0 OR bypass IN (
            SELECT identifier FROM banned FINAL
            WHERE workspace = {workspace:String} AND generation = {generation:UInt32} AND held))
)
WHERE other != before AND other IN {identifiers:Array(UInt64)}
ORDER BY stamp_ms, event_id, node, other
LIMIT {each:UInt32} BY node
