-- Where an erased person logged in on a device that others use too, somebody without a name did: so what follows is
-- given to nobody else.
-- Binds workspace, asked (ms), persons, whole (the devices that were theirs alone).
INSERT INTO links (
    workspace, node, node_type, other, other_type, forward, kind, at, stamp, event_id, source, import_id, bypass
)
SELECT
    workspace, if(forward, node, 0), if(forward, node_type, ''), if(forward, 0, other), if(forward, '', other_type),
    forward, kind, at, stamp, event_id, source, import_id, 0
FROM links
WHERE workspace = {workspace:String} AND kind = 'login' AND node != 0 AND other != 0
    AND toUnixTimestamp64Milli(stamp) <= {asked:Int64}
    AND if(forward, node, other) NOT IN {whole:Array(UInt64)}
    AND (
        if(forward, other, node) IN {persons:Array(UInt64)}
        OR event_id IN (
            SELECT event_id FROM receipts
            WHERE workspace = {workspace:String} AND outcome = 'erased' AND reason = 'erased'
        )
    )
