-- Removes spares that are not needed any more.
-- Binds workspace, places (partition and position of each), events (their 128-bit ids as little-endian integers).
DELETE FROM spares
WHERE workspace = {workspace:String} AND (partition, position) IN {places:Array(Tuple(UInt16, UInt64))}
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
