-- Removes what else some events said, but not the nameless logins.
-- Binds workspace, nodes (the links' ends), events (the 128-bit event ids read as little-endian integers).
DELETE FROM links
WHERE workspace = {workspace:String} AND node IN {nodes:Array(UInt64)} AND other != 0
    AND event_id IN (SELECT reinterpretAsFixedString(arrayJoin({events:Array(UInt128)})))
