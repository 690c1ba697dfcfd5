-- Where each of some events is stored (or was, and its person was erased): the lowest (position, partition). What an
-- undone import had brought is not there any more, so it may come again. And whether its person was erased.
-- Binds events (the 128-bit event ids read as little-endian integers) and workspaces.
SELECT workspace, event_id, min((position, partition)), argMin(is_erased, (position, partition))
FROM (
    SELECT
        workspace, event_id, position, partition,
        max(outcome = 'erased' AND reason = 'undone') AS is_undone,
        max(outcome = 'erased' AND reason = 'erased') AS is_erased
    FROM receipts
    WHERE workspace IN {workspaces:Array(String)} AND outcome IN ('stored', 'erased')
        AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
    GROUP BY workspace, event_id, position, partition
)
WHERE NOT is_undone
GROUP BY workspace, event_id
