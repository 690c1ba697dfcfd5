-- The spares of some events.
-- Binds workspace, events (the 128-bit event ids read as little-endian integers).
SELECT DISTINCT partition, position, key, value, toUnixTimestamp64Milli(stamp)
FROM spares
WHERE workspace = {workspace:String}
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
ORDER BY partition, position
