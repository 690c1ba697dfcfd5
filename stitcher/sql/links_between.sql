-- The links that name any of some identifiers, once per kind and pair with the earliest receipt; aliases once
-- per event, because the two readings of one event belong together.
-- Logins are left out: logins_of_devices reads those.
-- Binds workspace, nodes, known_until (ms), banned.
SELECT
    toString(kind) AS kind_name,
    if(forward, node, other) AS a,
    any(if(forward, node_type, other_type)) AS a_type,
    if(forward, other, node) AS b,
    any(if(forward, other_type, node_type)) AS b_type,
    toUnixTimestamp64Milli(argMin(at, (stamp, event_id))) AS at_ms,
    toUnixTimestamp64Milli(min(stamp)) AS stamp_ms,
    argMin(event_id, (stamp, event_id)) AS event,
    argMin(source, (stamp, event_id)) AS source_name,
    argMin(import_id, (stamp, event_id)) AS import_name
FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND kind != 'login'
    AND toUnixTimestamp64Milli(stamp) <= {known_until:Int64} AND (bypass = 0 OR bypass IN {banned:Array(UInt64)})
GROUP BY kind, a, b, if(kind = 'alias', event_id, toFixedString('', 16))
