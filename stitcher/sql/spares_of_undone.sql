-- The spares of the events that undone imports had brought.
-- Binds workspace.
SELECT DISTINCT partition, position, key, value, toUnixTimestamp64Milli(stamp)
FROM spares
WHERE workspace = {workspace:String} AND event_id IN (
    SELECT event_id FROM receipts
    WHERE workspace = {workspace:String} AND outcome = 'erased' AND reason = 'undone'
)
ORDER BY partition, position
