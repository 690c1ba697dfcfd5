-- Removes what earlier attempts said became of records, which are put aside now.
-- Binds workspace, places (partition and position of each), events (their 128-bit ids as little-endian integers).
DELETE FROM receipts
WHERE workspace = {workspace:String} AND (partition, position) IN {places:Array(Tuple(UInt16, UInt64))}
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
