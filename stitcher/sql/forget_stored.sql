-- Removes touchpoints that were stored while their person was being erased.
-- Binds workspace, identifiers (that they are stored under), events (128-bit event ids as little-endian integers).
DELETE FROM touchpoints
WHERE workspace = {workspace:String} AND identifier IN {identifiers:Array(UInt64)}
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
