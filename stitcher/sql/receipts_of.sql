-- The lowest position at which each of some events was stored (or stored and erased since).
-- Binds events (the 128-bit event ids read as little-endian integers) and workspaces.
SELECT workspace, event_id, min(position)
FROM receipts
WHERE workspace IN {workspaces:Array(String)} AND outcome IN ('stored', 'erased')
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
GROUP BY workspace, event_id
