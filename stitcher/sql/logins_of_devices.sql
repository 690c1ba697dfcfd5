-- The logins on some devices in (time, event id) order, without those that repeat the person before on a timeline.
-- The stamp is that of the person's first login on the timeline, also where that one is left out.
-- Binds workspace, nodes, and for devices that share a timeline: grouped, groups (the timeline of each).
SELECT node, node_type, other, other_type, at_ms, stamp_ms, event_id, source, import_id
FROM (
    SELECT
        node, node_type, other, other_type, source, import_id, event_id, toUnixTimestamp64Milli(at) AS at_ms,
        transform(node, {grouped:Array(UInt64)}, {groups:Array(UInt64)}, node) AS timeline,
        toUnixTimestamp64Milli(min(stamp) OVER (PARTITION BY timeline, other)) AS stamp_ms,
        lagInFrame(other) OVER (PARTITION BY timeline ORDER BY at, event_id, other) AS before
    FROM links
    WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND kind = 'login' AND forward
)
WHERE other != before
ORDER BY node, at_ms, event_id
