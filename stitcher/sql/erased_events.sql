-- Which of some events are erased with their person.
-- Binds workspace, events (the 128-bit event ids read as little-endian integers).
SELECT DISTINCT event_id
FROM receipts
WHERE workspace = {workspace:String} AND outcome = 'erased' AND reason = 'erased'
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
