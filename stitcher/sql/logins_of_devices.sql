-- The logins on some devices in (time, event id) order, without those that repeat the one before on the timeline (same
-- person, same device), unless all are wanted. The stamp is that of the person's first login on the timeline, also where
-- that one is left out.
-- Binds workspace, nodes, known_until (ms), banned, whole (leave none out), and for devices that share a timeline:
-- grouped, groups (the timeline of each).
SELECT node, node_type, other, other_type, at_ms, stamp_ms, event_id, source, import_id
FROM (
    SELECT
        node, node_type, other, other_type, source, import_id, event_id, toUnixTimestamp64Milli(at) AS at_ms,
        transform(node, {grouped:Array(UInt64)}, {groups:Array(UInt64)}, node) AS timeline,
        toUnixTimestamp64Milli(min(stamp) OVER (PARTITION BY timeline, other)) AS stamp_ms,
        lagInFrame((other, node)) OVER earlier AS before,
        row_number() OVER earlier AS place  -- before the first one is nobody, and that is somebody too: who was erased
    FROM links
    WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND kind = 'login' AND forward
        AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64} AND (bypass = 0 OR bypass IN {banned:Array(UInt64)})
    WINDOW earlier AS (PARTITION BY timeline ORDER BY at, event_id, other)
)
WHERE {whole:Bool} OR (other, node) != before OR place = 1
ORDER BY node, at_ms, event_id
