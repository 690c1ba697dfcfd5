-- The lowest position at which each of some events was stored (or stored and erased since).
-- Binds events (hex of the 128-bit event ids) and workspaces.
SELECT workspace, event_id, min(position)
FROM receipts
WHERE workspace IN {workspaces:Array(String)} AND outcome IN ('stored', 'erased')
    AND event_id IN (SELECT toFixedString(unhex(arrayJoin({events:Array(String)})), 16))
GROUP BY workspace, event_id
