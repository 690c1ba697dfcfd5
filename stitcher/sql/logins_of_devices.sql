-- The logins on some devices in (device, time, event id) order, without those that repeat the person before.
-- Binds workspace, nodes.
SELECT node, node_type, other, other_type, at_ms, stamp_ms, event_id, source
FROM (
    SELECT
        node, node_type, other, other_type, source, event_id,
        toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(stamp) AS stamp_ms,
        lagInFrame(other) OVER (PARTITION BY node ORDER BY at, event_id, other) AS before
    FROM links
    WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND kind = 'login' AND forward
)
WHERE other != before
ORDER BY node, at_ms, event_id
